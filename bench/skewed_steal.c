/* SPDX-License-Identifier: MIT */
/*
 * How well do workers share work that all comes from one of them? One task spawns tasks that each compute; two workers
 * at their best take half of that time, and what spawning costs.
 *
 *     us=N           of computation in each, measured at the start
 */
#include "lib/runtime.h"

static uint64_t turns;

struct computing {
    weft_frame weft;
};

static weft_poll computing(weft_context *cx, struct computing *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_END((int)(bench_work(turns) & 1));
}

struct driver {
    weft_frame weft;
    weft_scope scope;
    long count;
};

static weft_poll driver(weft_context *cx, struct driver *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    for (long i = 0; i < self->count; i++)
        weft_spawn(&self->scope, computing);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc);
}

static int begin(struct bench *bench)
{
    turns = bench_work_turns(bench_param(bench, "us", 10) * 1000);
    return bench_runtime_begin(bench);
}

static int compute_all(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .count = bench->ops));
}

static const struct bench_line line = {
    .name = "skewed_steal", .unit = "ns", .ops = 10000, .begin = begin, .round = compute_all, .end = bench_runtime_end};
BENCH_WEFT(line)
