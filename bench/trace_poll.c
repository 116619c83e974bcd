/* SPDX-License-Identifier: MIT */
/*
 * What does tracing cost a poll? One task on one worker yields over and over: the shortest poll there is, with two
 * events (poll_start, poll_end) and nothing else. Preload the provider, or do not; record, or do not:
 * bench/trace_cost.sh does.
 *
 *   bench-trace_poll [polls]      prints the best and the median of 9 rounds, in nanoseconds per poll
 */
#include <stdio.h>
#include <stdlib.h>
#include <weft.h>

enum { ROUNDS = 9 };

struct yielder {
    weft_frame weft;
    long left;
};

static weft_poll yielder(weft_context *cx, struct yielder *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left--)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

static int compare(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    const long polls = argc > 1 ? atol(argv[1]) : 100000;
    double ns[ROUNDS];
    weft_runtime *rt;
    if (polls <= 0 || weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "bench", .worker_threads = 1)) < 0)
        return 1;
    for (int i = 0; i < ROUNDS; i++) {
        const int64_t begin = weft_clock();
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), yielder, .left = polls);
        if (weft_task_join_blocking(&task, WEFT_FOREVER, NULL) < 0)
            return 1;
        ns[i] = (double)(weft_clock() - begin) / (double)polls;
    }
    qsort(ns, ROUNDS, sizeof *ns, compare);
    printf("best %.1f median %.1f ns per poll\n", ns[0], ns[ROUNDS / 2]);
    return weft_runtime_finish(rt);
}
