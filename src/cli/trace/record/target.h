/* SPDX-License-Identifier: MIT */
/* What is recorded: a program that is started for it, or a process that runs already. And why nothing came of it. */
#ifndef WEFT_CLI_TRACE_RECORD_TARGET_H
#define WEFT_CLI_TRACE_RECORD_TARGET_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The provider library beside this program, or where it was installed; false: `path` says where it was looked for. */
bool target_find_provider(char *path, size_t size);

/*
 * Starts the program with the provider in LD_PRELOAD (NULL: without), with the signal mask `mask`. 0, or an errno: the
 * program was not started.
 */
int target_start(char *const argv[], const char *provider, const sigset_t *mask, pid_t *out_pid);

/* Can the process be recorded? 0 and its number as itself sees it, or -1 and `text` says why not. */
int target_check(pid_t pid, const char *provider, pid_t *out_vpid, char *text, size_t size);

/* Is weft in the program, as far as its file tells? `name` is looked up as a shell does. */
enum target_linked {
    TARGET_LINKED,
    TARGET_NOT_LINKED,
    TARGET_IS_SCRIPT,
    TARGET_UNKNOWN
} target_linked(const char *name);

#endif
