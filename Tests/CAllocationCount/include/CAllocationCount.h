#ifndef UPKEEP_ALLOCATION_COUNT_H
#define UPKEEP_ALLOCATION_COUNT_H

#include <stdbool.h>
#include <stdint.h>

/// Whether allocations are counted here: with the GNU C library, and not under a sanitizer, which has an
/// allocator of its own.
bool allocation_count_works(void);

/// How often the calling thread has asked for memory.
uint64_t allocation_count(void);

#endif
