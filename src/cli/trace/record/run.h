/* SPDX-License-Identifier: MIT */
/* Running a command to its end, as a shell's $(…) does. */
#ifndef WEFT_CLI_TRACE_RECORD_RUN_H
#define WEFT_CLI_TRACE_RECORD_RUN_H

#include <stddef.h>
#include <sys/types.h>

enum { RUN_ABSENT = -1, RUN_SILENT = -2 };

/*
 * Its exit code (128 and more: a signal's), RUN_ABSENT if there is no such program, RUN_SILENT if it did not end within
 * a minute and was killed; `said` has the end of what it printed to both outputs. It hears no signal of the terminal:
 * what was begun with Ctrl-C in the air is brought to an end.
 */
int run_command(const char *const argv[], char *said, size_t size);

/* The same with another patience than a minute. */
int run_within(int patience_ms, const char *const argv[], char *said, size_t size);

/*
 * Starts one that stays: `out_said` is where both its outputs go. 0, or RUN_ABSENT. run_end() asks it to end, waits for
 * some seconds, and does not ask any more then; run_said() is the end of what it has printed, in one line.
 */
int run_start(const char *const argv[], pid_t *out_pid, int *out_said);
void run_end(pid_t pid, int said);
void run_said(int said, char *text, size_t size);

/* A descriptor that is readable when the process has ended; negative: there is no such process, or no such call. */
int run_watch(pid_t pid);

#endif
