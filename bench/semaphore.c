/* SPDX-License-Identifier: MIT */
/*
 * What does a semaphore cost that more tasks want than it has permits? They take one and give it back.
 *
 *     tasks=N
 *     permits=N
 */
#include "lib/runtime.h"

static weft_semaphore semaphore;
static long tasks;

struct visitor {
    weft_frame weft;
    long left;
};

static weft_poll visitor(weft_context *cx, struct visitor *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left--) {
        WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &semaphore, 1));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
        weft_semaphore_release(&semaphore, 1);
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
    const uint32_t permits = (uint32_t)bench_param(bench, "permits", 4);
    tasks = bench_param(bench, "tasks", 64);
    if (tasks < 1 || bench_runtime_begin(bench) < 0)
        return 1;
    bench->ops = (bench->ops + tasks - 1) / tasks * tasks;
    return weft_semaphore_create(bench_runtime, WEFT_SEMAPHORE_OPTIONS(.name = "permits", .permits = permits),
                                 &semaphore);
}

static int visit_all(struct bench *bench)
{
    return bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .each = bench->ops / tasks));
}

static void end(struct bench *bench)
{
    weft_semaphore_destroy(&semaphore);
    bench_runtime_end(bench);
}

static const struct bench_line line = {
    .name = "semaphore", .unit = "ns", .ops = 640000, .begin = begin, .round = visit_all, .end = end};
BENCH_WEFT(line)
