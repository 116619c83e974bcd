/* SPDX-License-Identifier: MIT */
#include "lib/child.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/verdict.h"
#include "lib/world.h"

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

/* What the other threads have done so far, as the number of their switches; false: one is not asleep. */
static bool others_sleep(uint64_t *switches)
{
    char path[64], line[128];
    bool sleep = true;
    DIR *threads = opendir("/proc/self/task");
    *switches = 0;
    for (const struct dirent *entry; threads && (entry = readdir(threads));) {
        unsigned long long times;
        char name;
        snprintf(path, sizeof path, "/proc/self/task/%.20s/status", entry->d_name);
        FILE *status = atoi(entry->d_name) > 0 && atoi(entry->d_name) != (int)syscall(SYS_gettid) ? fopen(path, "r") : NULL;
        while (status && fgets(line, sizeof line, status)) {
            if (sscanf(line, "State: %c", &name) == 1 && name != 'S')
                sleep = false;
            if (sscanf(line, "voluntary_ctxt_switches: %llu", &times) == 1 || sscanf(line, "nonvoluntary_ctxt_switches: %llu", &times) == 1)
                *switches += times;
        }
        if (status)
            fclose(status);
    }
    if (threads)
        closedir(threads);
    return sleep;
}

/*
 * AddressSanitizer of gcc 12 does not hold its allocator's locks across a fork: one that another thread holds just then (a thread
 * that begins takes them often) stays held in the child, which waits for ever. So all others sleep here, as two looks of the same
 * numbers say, before there is a child; who never sleeps is not waited for any longer.
 */
static void child_wait_for_others(void)
{
    enum { LOOKS = 400, STRICT = 50 }; /* then a thread that sleeps over and over, as in WORLD_UNTIL, will do */
    uint64_t before = UINT64_MAX, switches;
    unsigned turns = 0;
    for (unsigned look = 0; look < LOOKS; look++, before = switches) {
        if (!others_sleep(&switches))
            switches = UINT64_MAX;
        else if (switches == before || look > STRICT)
            return;
        pause_turn(&turns);
    }
}

pid_t child_fork_at_work(void)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        child_here = 1;
        alarm(CHILD_SECONDS);
    }
    return child;
}

pid_t child_fork(void)
{
    if (WORLD_SANITIZED && !WORLD_TSAN)
        child_wait_for_others();
    return child_fork_at_work();
}

int child_run(int (*body)(void *context), void *context)
{
    const pid_t child = child_fork();
    if (child == 0)
        exit(body(context));
    return child_join(child);
}

int child_join(pid_t child)
{
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
