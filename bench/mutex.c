/* SPDX-License-Identifier: MIT */
/*
 * What does a lock cost that tasks fight for? They enter and leave, each its share of times; or yield with it held.
 *
 *     tasks=N
 *     yield=1        inside
 */
#include "lib/runtime.h"

static weft_mutex mutex;
static long tasks;
static bool yields;
static long entered; /* the mutex's */

struct visitor {
    weft_frame weft;
    long left;
};

static weft_poll visitor(weft_context *cx, struct visitor *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left--) {
        WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &mutex));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
        entered++;
        if (yields)
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        weft_mutex_unlock(&mutex);
    }
    WEFT_END(0);
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
        weft_spawn(&self->scope, visitor, .left = self->each);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc);
}

static int begin(struct bench *bench)
{
    tasks = bench_param(bench, "tasks", 64);
    yields = bench_param(bench, "yield", 0) != 0;
    if (tasks < 1 || bench_runtime_begin(bench) < 0)
        return 1;
    bench->ops = (bench->ops + tasks - 1) / tasks * tasks;
    return weft_mutex_create(bench_runtime, NULL, &mutex);
}

static int visit_all(struct bench *bench)
{
    entered = 0;
    const int code =
        bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .each = bench->ops / tasks));
    return code < 0 ? code : entered != bench->ops;
}

static void end(struct bench *bench)
{
    weft_mutex_destroy(&mutex);
    bench_runtime_end(bench);
}

static const struct bench_line line = {
    .name = "mutex", .unit = "ns", .ops = 640000, .begin = begin, .round = visit_all, .end = end};
BENCH_WEFT(line)
