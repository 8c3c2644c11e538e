// How large blocks of memory are had from the system.

#include "CAllocationCount.h"

#if defined(__linux__) && defined(__GLIBC__)

#include <malloc.h>
#include <sys/prctl.h>

void take_large_memory_by_the_page(void) {
  // Else the threshold rises with the first block that is freed, and the next comes from the heap and is zeroed whole.
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

#else

void take_large_memory_by_the_page(void) {}

#endif
