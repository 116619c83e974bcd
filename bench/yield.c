/* SPDX-License-Identifier: MIT */
/*
 * What does the shortest turn through the scheduler cost? Tasks that yield, again and again: one alone, or many.
 *
 *     tasks=N
 */
#include "lib/runtime.h"

static long tasks;

struct yielder {
    weft_frame weft;
    long left;
};

static weft_poll yielder(weft_context *cx, struct yielder *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left--)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(self->weft.rc);
}

struct driver {
    weft_frame weft;
    weft_scope scope;
    long each;
};

static weft_poll driver(weft_context *cx, struct driver *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    for (long i = 0; i < tasks; i++)
        weft_spawn(&self->scope, yielder, .left = self->each);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc);
}

static int begin(struct bench *bench)
{
    tasks = bench_param(bench, "tasks", 200);
    if (tasks < 1)
        return 1;
    bench->ops = (bench->ops + tasks - 1) / tasks * tasks;
    return bench_runtime_begin(bench);
}

static int yield_all(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .each = bench->ops / tasks));
}

static const struct bench_line line = {
    .name = "yield", .unit = "ns", .ops = 200000, .begin = begin, .round = yield_all, .end = bench_runtime_end};
BENCH_WEFT(line)
