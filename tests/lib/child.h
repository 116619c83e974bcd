/* SPDX-License-Identifier: MIT */
/*
 * What could end the program, or is about processes, runs in a child. cmocka asserts there end only the child: a body
 * answers with its exit code instead.
 */
#ifndef WEFT_TESTS_LIB_CHILD_H
#define WEFT_TESTS_LIB_CHILD_H

#include <sys/types.h>

/* fork(). No leak checker looks at the child: it may exit with what its parent has left it. Should it hang, a signal ends
 * it. */
pid_t child_fork(void);

/*
 * Run `body` in a forked child that then calls exit() with its answer, which is returned; a child that a signal ends
 * fails the test. The test's own thread.
 */
int child_run(int (*body)(void *context), void *context);

/* Entries of a folder of /proc, the two dots too: threads of /proc/self/task, descriptors of /proc/self/fd. */
unsigned child_count_entries(const char *path);

#endif
