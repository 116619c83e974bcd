/* SPDX-License-Identifier: MIT */
#include "lib/child.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/verdict.h"

/*
 * A child that exits with a live runtime leaves memory behind, on purpose; what pages that a leak checker does not scan
 * point to looks lost to it. It asks here.
 */
static int child_here;
__attribute__((visibility("default"))) int __lsan_is_turned_off(void); /* seen by the sanitizer's library */
int __lsan_is_turned_off(void)
{
    return child_here;
}

enum { CHILD_SECONDS = 100 }; /* before ctest ends the test */

pid_t child_fork(void)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        child_here = 1;
        alarm(CHILD_SECONDS);
    }
    return child;
}

int child_run(int (*body)(void *context), void *context)
{
    const pid_t child = child_fork();
    if (child == 0)
        exit(body(context));
    assert_true(child > 0);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        fail_msg("the child was killed by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

unsigned child_count_entries(const char *path)
{
    unsigned count = 0;
    DIR *folder = opendir(path);
    if (!folder)
        return 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}
