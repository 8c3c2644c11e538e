// What the engine asks of the processor and of the system that Swift has no words for.
#ifndef UPKEEP_PLATFORM_SHIM_H
#define UPKEEP_PLATFORM_SHIM_H

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
// Declared here because the system's header shows it only to programs that ask for extensions.
long syscall(long number, ...);
#endif

// Asks for the line of memory at an address. Never faults, whatever the address.
static inline void upkeep_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

// Keeps the compiler, and only it, from moving loads and stores across.
static inline void upkeep_compiler_barrier(void) { __asm__ __volatile__("" ::: "memory"); }

// membarrier(2): a barrier on every thread of this process that runs, asked for by one of them. The quick kind needs the
// process to have registered; the other kind does not, and takes some hundredths of a second.
enum {
  upkeep_barrier_query = 0,
  upkeep_barrier_global = 1 << 0,
  upkeep_barrier_expedited = 1 << 3,
  upkeep_barrier_register = 1 << 4
};

// What the system returns; negative if it refused.
static inline long upkeep_membarrier(int command) {
#if defined(__linux__) && defined(SYS_membarrier)
  return syscall(SYS_membarrier, command, 0, 0);
#else
  (void)command;
  return -1;
#endif
}

// Whether upkeep_barrier works here. A system call that does nothing.
static inline int upkeep_has_barrier(void) {
  long wanted = upkeep_barrier_global | upkeep_barrier_expedited | upkeep_barrier_register;
  long known = upkeep_membarrier(upkeep_barrier_query);
  return known > 0 && (known & wanted) == wanted;
}

// A full barrier on all threads of this process; false if the system refused. The first one registers: where there is more
// than one thread the system waits for all processors then, up to some hundredths of a second, which a process that never
// comes here does not pay.
static inline int upkeep_barrier(void) {
  if (upkeep_membarrier(upkeep_barrier_expedited) == 0) return 1;
  if (upkeep_membarrier(upkeep_barrier_register) == 0 && upkeep_membarrier(upkeep_barrier_expedited) == 0) return 1;
  return upkeep_membarrier(upkeep_barrier_global) == 0;
}

#endif
