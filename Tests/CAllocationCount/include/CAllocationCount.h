#ifndef UPKEEP_ALLOCATION_COUNT_H
#define UPKEEP_ALLOCATION_COUNT_H

#include <stdbool.h>
#include <stdint.h>

/// Whether allocations are counted here: with the GNU C library, and not under a sanitizer, which has an
/// allocator of its own.
bool allocation_count_works(void);

/// How often the calling thread has asked for memory.
uint64_t allocation_count(void);

/// How many bytes of it the calling thread has asked for, those counted that it gave back.
uint64_t allocated_byte_count(void);

/// From now on large blocks come from the system, which gives and zeroes a page of them when it is touched, and go back
/// to it when they are freed: for programs that open many stores and use little of each. Linux only.
void take_large_memory_by_the_page(void);

#endif
