/* SPDX-License-Identifier: MIT */
/* What does it cost to hand a piece of work to another task and wait for it? Spawn one, join it, over and over. */
#include "lib/runtime.h"

struct empty {
    weft_frame weft;
};

static weft_poll empty(weft_context *cx, struct empty *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_END(0);
}

struct driver {
    weft_frame weft;
    weft_task task;
    long left;
};

static weft_poll driver(weft_context *cx, struct driver *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left--) {
        self->task = weft_spawn_joinable(weft_runtime_scope(bench_runtime), empty);
        WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->task, NULL));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
    }
    WEFT_END(0);
}

static int spawn_and_await(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .left = bench->ops));
}

static const struct bench_line line = {.name = "spawn_await",
                                       .unit = "ns",
                                       .ops = 1000000,
                                       .begin = bench_runtime_begin,
                                       .round = spawn_and_await,
                                       .end = bench_runtime_end};
BENCH_WEFT(line)
