// Runs a program at a terminal of its own, as a person would have it.
#ifndef UPKEEP_TEST_TERMINAL_H
#define UPKEEP_TEST_TERMINAL_H

#include <sys/types.h>

// Starts a program in a folder, at a new terminal of that size. Gives its process, and the terminal's other end, which
// is where its output comes from and keys go to; -1 with errno if that was not to be had.
pid_t upkeep_run_at_terminal(
    const char *program, char *const arguments[], char *const environment[], const char *folder, int columns,
    int rows, int *terminal);

// Makes the window another size, and tells the program.
int upkeep_resize_terminal(int terminal, int columns, int rows);

#endif
