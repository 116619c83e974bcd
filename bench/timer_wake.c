/* SPDX-License-Identifier: MIT */
/*
 * How late does an idle runtime wake for a time? One task sleeps for random lengths, on a runtime where nothing else runs.
 * Beside it, in turns, so that both have the same neighbours: a thread that sleeps on a futex with the slack of a worker
 * (1 ns), which is the floor of this machine, and one with the slack that Linux gives a thread.
 *
 *   bench-timer_wake [sleeps]      prints lateness in microseconds: median, 99th percentile, greatest
 *
 * A sleep ends at a tick of 65.536 us, so the median is half of that above the floor, and the rest is the scheduler's.
 */
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <weft.h>

#include "lib/harness.h"

enum { BLOCK = 50, LONGEST_NS = 4000000, SHORTEST_NS = 100000 };

/* Where one kind of sleeper writes how late it was. */
struct lateness {
    const char *name;
    int64_t *samples;
    long count;
};

static uint64_t choices = BENCH_SEED;

static int64_t next_length(void)
{
    return SHORTEST_NS + (int64_t)(bench_random(&choices) % (LONGEST_NS - SHORTEST_NS));
}

static void note(struct lateness *of, int64_t deadline)
{
    of->samples[of->count++] = bench_now() - deadline;
}

struct sleeper {
    weft_frame weft;
    struct lateness *lateness;
    int64_t deadline;
    int left;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left--) {
        self->deadline = bench_now() + next_length();
        WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, self->deadline));
        note(self->lateness, self->deadline);
    }
    WEFT_END(0);
}

static int sleep_in_task(weft_runtime *rt, struct lateness *lateness)
{
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), sleeper, .lateness = lateness, .left = BLOCK);
    return weft_task_join_blocking(&task, WEFT_FOREVER, NULL);
}

static void sleep_on_futex(struct lateness *lateness, unsigned long slack_ns)
{
    unsigned word = 0;
    prctl(PR_SET_TIMERSLACK, slack_ns, 0, 0, 0); /* 0: what the thread had when it began */
    for (int i = 0; i < BLOCK; i++) {
        const int64_t deadline = bench_now() + next_length();
        const struct timespec until = {(time_t)(deadline / 1000000000), (long)(deadline % 1000000000)};
        syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, NULL, FUTEX_BITSET_MATCH_ANY);
        note(lateness, deadline);
    }
}

static int compare(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void print(struct lateness *of)
{
    qsort(of->samples, (size_t)of->count, sizeof *of->samples, compare);
    printf("%-24s %8.1f %8.1f %8.1f\n", of->name, (double)of->samples[of->count / 2] / 1e3,
           (double)of->samples[of->count * 99 / 100] / 1e3, (double)of->samples[of->count - 1] / 1e3);
}

int main(int argc, char **argv)
{
    const long blocks = ((argc > 1 ? atol(argv[1]) : 2000) + BLOCK - 1) / BLOCK;
    struct lateness kinds[] = {{.name = "weft"}, {.name = "futex, slack 1 ns"}, {.name = "futex, slack as given"}};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    weft_runtime *rt;
    if (blocks <= 0 || weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "bench")) < 0)
        return 1;
    for (int i = 0; i < KINDS; i++)
        kinds[i].samples = malloc((size_t)blocks * BLOCK * sizeof *kinds[i].samples);
    for (long i = 0; i < blocks; i++) {
        if (sleep_in_task(rt, &kinds[0]) < 0)
            return 1;
        sleep_on_futex(&kinds[1], 1);
        sleep_on_futex(&kinds[2], 0);
    }
    printf("%-24s %8s %8s %8s\n", "us late", "p50", "p99", "max");
    for (int i = 0; i < KINDS; i++) {
        print(&kinds[i]);
        free(kinds[i].samples);
    }
    return weft_runtime_finish(rt);
}
