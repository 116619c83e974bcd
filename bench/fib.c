/* SPDX-License-Identifier: MIT */
/*
 * What does a tree of tasks cost? fib(n) by its definition: one of the two calls is a task that is joined, the other is
 * made in place, its frame on the heap; no cutoff. One operation is one spawn with its join.
 *
 *     n=N            ops= is not asked: it is the number of calls with n >= 2
 */
#include <stdlib.h>

#include "lib/runtime.h"

struct fib {
    weft_frame weft;
    int n;
    int other_result;
    weft_task one;
    struct fib *other;
};

static weft_poll fib(weft_context *cx, struct fib *self)
{
    WEFT_BEGIN(cx, self);
    if (self->n < 2)
        WEFT_RETURN(self->n);
    self->one = weft_spawn_joinable(weft_runtime_scope(bench_runtime), fib, .n = self->n - 1);
    self->other = calloc(1, sizeof *self->other);
    if (!self->other)
        WEFT_RETURN(WEFT_ENOMEM);
    self->other->n = self->n - 2;
    WEFT_CALL(self->other_result, fib, self->other);
    free(self->other);
    self->weft.rc = WEFT_EINVAL;
    WEFT_AWAIT(self->n, weft_task_join(cx, &self->one, &self->weft.rc));
    WEFT_END(self->weft.rc + self->other_result);
}

static long n;

static int begin(struct bench *bench)
{
    n = bench_param(bench, "n", 27);
    if (n < 2 || n > 40)
        return 1;
    bench->ops = bench_fib_calls(n);
    return bench_runtime_begin(bench);
}

static int fib_of(int number)
{
    return number < 2 ? number : fib_of(number - 1) + fib_of(number - 2);
}

static int compute(struct bench *bench)
{
    (void)bench;
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), fib, .n = (int)n)) == fib_of((int)n) ? 0
                                                                                                                  : 1;
}

static const struct bench_line line = {
    .name = "fib", .unit = "ns", .ops = 1, .begin = begin, .round = compute, .end = bench_runtime_end};
BENCH_WEFT(line)
