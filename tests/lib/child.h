/* SPDX-License-Identifier: MIT */
/*
 * What could end the program, or is about processes, runs in a child. cmocka asserts there end only the child: a body
 * answers with its exit code instead.
 */
#ifndef WEFT_TESTS_LIB_CHILD_H
#define WEFT_TESTS_LIB_CHILD_H

#include <sys/types.h>

/*
 * fork(). No leak checker looks at the child: it may exit with what its parent has left it. Should it hang, a signal ends it. Under
 * AddressSanitizer this waits for the other threads to sleep (child.c says why); those that have work all the time take the other.
 */
pid_t child_fork(void);
pid_t child_fork_at_work(void);

/*
 * Run `body` in a forked child that then calls exit() with its answer, which is returned; a child that a signal ends
 * fails the test. The test's own thread.
 */
int child_run(int (*body)(void *context), void *context);

/* What a child has exited with; one that a signal ends fails the test. The test's own thread. */
int child_join(pid_t child);

/* Entries of a folder of /proc, the two dots too: threads of /proc/self/task, descriptors of /proc/self/fd. */
unsigned child_count_entries(const char *path);

#endif
