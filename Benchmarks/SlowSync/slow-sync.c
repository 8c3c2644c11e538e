/*
 * Makes every sync of a file take longer, for all engines of a process alike: what group commit is worth on a
 * slow disk can then be measured on a fast one.
 *
 *   SLOW_SYNC_MICROSECONDS=8000 LD_PRELOAD=./slow-sync.so program
 *
 * A call syncs the file as ever and then sleeps. Delayed are fsync, fdatasync, msync with MS_SYNC, and writes to
 * files that were opened with O_DSYNC or O_SYNC, which are syncs by another name.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define LAST_DESCRIPTOR 65536
static atomic_uchar writes_are_synced[LAST_DESCRIPTOR];

static void delay(void) {
  static atomic_long known = -1;
  long microseconds = atomic_load(&known);
  if (microseconds < 0) {
    const char *text = getenv("SLOW_SYNC_MICROSECONDS");
    microseconds = text ? atol(text) : 0;
    atomic_store(&known, microseconds);
  }
  if (microseconds <= 0) return;
  struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
  while (nanosleep(&time, &time) != 0) {
  }
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int file) {
  static __typeof__(&fsync) next;
  if (!next) next = NEXT(fsync);
  int result = next(file);
  delay();
  return result;
}

int fdatasync(int file) {
  static __typeof__(&fdatasync) next;
  if (!next) next = NEXT(fdatasync);
  int result = next(file);
  delay();
  return result;
}

int msync(void *address, size_t length, int flags) {
  static __typeof__(&msync) next;
  if (!next) next = NEXT(msync);
  int result = next(address, length, flags);
  if (flags & MS_SYNC) delay();
  return result;
}

static int opened(int file, int flags) {
  if (file >= 0 && file < LAST_DESCRIPTOR) {
    atomic_store(&writes_are_synced[file], (flags & (O_DSYNC | O_SYNC)) != 0);
  }
  return file;
}

static mode_t mode_of(int flags, va_list arguments) {
  return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define OPENER(name)                                   \
  int name(const char *path, int flags, ...) {         \
    static __typeof__(&name) next;                     \
    if (!next) next = NEXT(name);                      \
    va_list arguments;                                 \
    va_start(arguments, flags);                        \
    mode_t mode = mode_of(flags, arguments);           \
    va_end(arguments);                                 \
    return opened(next(path, flags, mode), flags);     \
  }

OPENER(open)
OPENER(open64)

static int is_synced(int file) {
  return file >= 0 && file < LAST_DESCRIPTOR && atomic_load(&writes_are_synced[file]);
}

ssize_t write(int file, const void *bytes, size_t count) {
  static __typeof__(&write) next;
  if (!next) next = NEXT(write);
  ssize_t result = next(file, bytes, count);
  if (is_synced(file)) delay();
  return result;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  static __typeof__(&pwrite) next;
  if (!next) next = NEXT(pwrite);
  ssize_t result = next(file, bytes, count, offset);
  if (is_synced(file)) delay();
  return result;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
  static __typeof__(&pwrite64) next;
  if (!next) next = NEXT(pwrite64);
  ssize_t result = next(file, bytes, count, offset);
  if (is_synced(file)) delay();
  return result;
}
