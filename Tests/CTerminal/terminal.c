#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int upkeep_resize_terminal(int terminal, int columns, int rows) {
  struct winsize size;
  memset(&size, 0, sizeof size);
  size.ws_col = (unsigned short)columns;
  size.ws_row = (unsigned short)rows;
  return ioctl(terminal, TIOCSWINSZ, &size);
}

// Between fork and exec only what a signal's handler may do is done: other threads may have held any lock.
static void become(
    const char *program, char *const arguments[], char *const environment[], const char *folder, const char *name) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  if (setsid() < 0) _exit(126);
  int end = open(name, O_RDWR);
  if (end < 0) _exit(126);
  if (ioctl(end, TIOCSCTTY, 0) != 0) _exit(126);
  if (dup2(end, 0) < 0 || dup2(end, 1) < 0 || dup2(end, 2) < 0) _exit(126);
  if (end > 2) close(end);
  if (chdir(folder) != 0) _exit(126);
  execve(program, arguments, environment);
  _exit(127);
}

pid_t upkeep_run_at_terminal(
    const char *program, char *const arguments[], char *const environment[], const char *folder, int columns,
    int rows, int *terminal) {
  char name[128];
  int other = posix_openpt(O_RDWR | O_NOCTTY);
  if (other < 0) return -1;
  fcntl(other, F_SETFD, FD_CLOEXEC);
  const char *given = NULL;
  if (grantpt(other) == 0 && unlockpt(other) == 0) given = ptsname(other);
  if (given == NULL || strlen(given) >= sizeof name) {
    close(other);
    return -1;
  }
  strcpy(name, given);
  // The other end is held open, so that the terminal is not taken for closed before the program has it.
  int held = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  upkeep_resize_terminal(other, columns, rows);
  pid_t process = fork();
  if (process == 0) become(program, arguments, environment, folder, name);
  int error = errno;
  // From here the program's end is the terminal's end; a read of what it wrote last goes well before that.
  if (held >= 0) close(held);
  if (process < 0) {
    close(other);
    errno = error;
    return -1;
  }
  *terminal = other;
  return process;
}
