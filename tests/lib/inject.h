/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail as planned: a body runs in a child process, on a thread whose calls, and those of all threads and
 * processes that it begins, are put before a supervisor by the kernel (seccomp's user notification). The supervisor, the
 * child's first thread, lets a call through or answers it with an error in the kernel's place. It sees the calls of the body
 * only, counts them over all threads, and is as fast as a switch of threads: strace -e inject counts from the start of the
 * program, each thread for itself.
 */
#ifndef WEFT_TESTS_LIB_INJECT_H
#define WEFT_TESTS_LIB_INJECT_H

#include <stdbool.h>
#include <stdint.h>

enum { INJECT_CALLS = 512, INJECT_WATCHED_MAX = 64, INJECT_UNAVAILABLE = 77, INJECT_SECONDS = 20 };

struct inject_plan {
    int watched[INJECT_WATCHED_MAX]; /* numbers of system calls: SYS_read, … */
    unsigned watched_count;
    int error;      /* an errno: the nth call of those watched, counted from 1, fails with it; 0: none does, they are counted */
    unsigned nth;
    bool sticky;    /* and all after it */
    bool interrupt; /* instead: each call is answered EINTR, and let through when it is made again */
};

struct inject_outcome {
    int signal; /* what ended the child, or 0; SIGALRM: it hung */
    int code;   /* what body returned; INJECT_UNAVAILABLE: the system gives no filter */
    unsigned failed;
    uint32_t counts[INJECT_CALLS]; /* of each watched call */
};

/* Run body in a child. `check` runs after it in the same process, its calls unwatched, is given the answer and gives the code.
 * What it prints goes nowhere, unless WEFT_FAULTS_LOUD is set. */
void inject_run(const struct inject_plan *plan, int (*body)(void *context), int (*check)(int code), void *context,
                struct inject_outcome *out);

#endif
