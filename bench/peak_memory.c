/* SPDX-License-Identifier: MIT */
/*
 * What is left of a peak? Tasks wait at the same time, all are let go, and after three seconds of rest (pages go when they
 * were empty for one to two) this is the resident memory that is still held, in bytes per task of the peak; the second
 * figure is that of the peak.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "lib/runtime.h"

static weft_notify go;
static atomic_long waiting;

struct waiter {
    weft_frame weft;
};

static weft_poll waiter(weft_context *cx, struct waiter *self)
{
    WEFT_BEGIN(cx, self);
    atomic_fetch_add_explicit(&waiting, 1, memory_order_relaxed);
    WEFT_AWAIT(self->weft.rc, weft_notify_wait(cx, &go));
    WEFT_END(0);
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
        weft_spawn(&self->scope, waiter);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(self->weft.rc);
}

static int begin(struct bench *bench)
{
    return bench_runtime_begin(bench) < 0 ? 1 : weft_notify_create(bench_runtime, NULL, &go);
}

static int rise_and_fall(struct bench *bench)
{
    const struct timespec pause = {.tv_nsec = 10000000}, rest = {.tv_sec = 3};
    const int64_t before = bench_resident();
    atomic_store(&waiting, 0);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .count = bench->ops);
    do
        nanosleep(&pause, NULL);
    while (atomic_load(&waiting) < bench->ops);
    const int64_t peak = bench_resident();
    weft_notify_all(&go);
    const int code = bench_join(task);
    nanosleep(&rest, NULL);
    const int64_t left = bench_resident() - before;
    bench->value = (double)(left > 0 ? left : 1) / (double)bench->ops;
    bench->p99 = (double)(peak - before) / (double)bench->ops;
    return code;
}

static void end(struct bench *bench)
{
    weft_notify_destroy(&go);
    bench_runtime_end(bench);
}

static const struct bench_line line = {.name = "peak_memory",
                                       .unit = "bytes",
                                       .ops = 1000000,
                                       .once = true,
                                       .begin = begin,
                                       .round = rise_and_fall,
                                       .end = end};
BENCH_WEFT(line)
