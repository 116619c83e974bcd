/* SPDX-License-Identifier: MIT */
/*
 * What do many timers cost that do fire? Tasks that each sleep 1 to 100 ms are created and waited for. The wall time
 * per operation has a floor, 100 ms divided by their number (1000 ns for 100,000); the processor time has not.
 */
#include "lib/runtime.h"

struct sleeper {
    weft_frame weft;
    int64_t ns;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->ns));
    WEFT_END(self->weft.rc);
}

struct driver {
    weft_frame weft;
    weft_scope scope;
    long count;
};

static weft_poll driver(weft_context *cx, struct driver *self)
{
    uint64_t random = BENCH_SEED;
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    for (long i = 0; i < self->count; i++)
        weft_spawn(&self->scope, sleeper, .ns = (int64_t)(1 + bench_random(&random) % 100) * 1000000);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc);
}

static int sleep_all(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .count = bench->ops));
}

static const struct bench_line line = {.name = "timer_fire",
                                       .unit = "ns",
                                       .ops = 100000,
                                       .begin = bench_runtime_begin,
                                       .round = sleep_all,
                                       .end = bench_runtime_end};
BENCH_WEFT(line)
