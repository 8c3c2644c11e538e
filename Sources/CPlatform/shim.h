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

// membarrier(2): a barrier on every thread of this process that runs, asked for by one of them; first it must register.
enum { upkeep_barrier_expedited = 1 << 3, upkeep_barrier_register = 1 << 4 };

// Whether the system did it.
static inline int upkeep_membarrier(int command) {
#if defined(__linux__) && defined(SYS_membarrier)
  return syscall(SYS_membarrier, command, 0, 0) == 0;
#else
  (void)command;
  return 0;
#endif
}

// Whether this process may call upkeep_barrier from now on. Costs a system call.
static inline int upkeep_register_barrier(void) { return upkeep_membarrier(upkeep_barrier_register); }

// A full barrier on all threads of this process; false if the system refused.
static inline int upkeep_barrier(void) { return upkeep_membarrier(upkeep_barrier_expedited); }

#endif
