/* SPDX-License-Identifier: MIT */
/*
 * What does a deadline cost that does not strike? One task gives itself 30 s, by a scope with a deadline, and is done
 * at once; or yields in between, so that the timer has to be in force while others run.
 *
 *     yield=1
 */
#include "lib/runtime.h"

static bool yields;

struct driver {
    weft_frame weft;
    weft_scope scope;
    long left;
};

static weft_poll driver(weft_context *cx, struct driver *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left--) {
        self->weft.rc = weft_scope_open(
            cx, &self->scope,
            WEFT_SCOPE_OPTIONS(.deadline_ns = weft_deadline_in((30000 + self->left % 1000) * INT64_C(1000000))));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
        if (yields)
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
    }
    WEFT_END(0);
}

static int begin(struct bench *bench)
{
    yields = bench_param(bench, "yield", 0) != 0;
    return bench_runtime_begin(bench);
}

static int cancel_all(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .left = bench->ops));
}

static const struct bench_line line = {.name = "timer_cancel",
                                       .unit = "ns",
                                       .ops = 1000000,
                                       .begin = begin,
                                       .round = cancel_all,
                                       .end = bench_runtime_end};
BENCH_WEFT(line)
