/* SPDX-License-Identifier: MIT */
/*
 * How much memory does a task take that waits? Resident bytes per task, of many that wait for one notify, or that
 * sleep.
 *
 *     sleep=1        each for an hour and a part of a second that is its own
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "lib/runtime.h"

static weft_notify stop;
static atomic_long waiting;
static bool sleeps;
static int64_t base;

struct waiter {
    weft_frame weft;
    const weft_notify *notify;
};

static weft_poll waiter(weft_context *cx, struct waiter *self)
{
    WEFT_BEGIN(cx, self);
    atomic_fetch_add_explicit(&waiting, 1, memory_order_relaxed);
    WEFT_AWAIT(self->weft.rc, weft_notify_wait(cx, self->notify));
    WEFT_END(0);
}

struct sleeper {
    weft_frame weft;
    int64_t until;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    atomic_fetch_add_explicit(&waiting, 1, memory_order_relaxed);
    WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, self->until));
    WEFT_END(0);
}

struct driver {
    weft_frame weft;
    long count;
};

static weft_poll driver(weft_context *cx, struct driver *self)
{
    WEFT_BEGIN(cx, self);
    for (long i = 0; i < self->count; i++) {
        weft_scope *root = weft_runtime_scope(bench_runtime);
        weft_task task = sleeps ? weft_spawn(root, sleeper, .until = base + (i * 7919 % 1000000) * 1000)
                                : weft_spawn(root, waiter, .notify = &stop);
        if (weft_task_error(task) < 0)
            WEFT_RETURN(WEFT_ENOMEM);
    }
    WEFT_END(0);
}

static int begin(struct bench *bench)
{
    sleeps = bench_param(bench, "sleep", 0) != 0;
    if (bench_runtime_begin(bench) < 0)
        return 1;
    base = weft_deadline_in(INT64_C(3600) * 1000000000);
    return weft_notify_create(bench_runtime, NULL, &stop);
}

static int park_all(struct bench *bench)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    const int64_t before = bench_resident();
    atomic_store(&waiting, 0);
    const int code = bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), driver, .count = bench->ops));
    do /* and once more: the last of them still has to wait */
        nanosleep(&pause, NULL);
    while (code == 0 && atomic_load(&waiting) < bench->ops);
    bench->value = (double)(bench_resident() - before) / (double)bench->ops;
    return code;
}

/* Sleepers end by cancellation. */
static void end(struct bench *bench)
{
    (void)bench;
    weft_notify_all(&stop);
    weft_notify_destroy(&stop);
    weft_runtime_destroy(bench_runtime);
}

static const struct bench_line line = {.name = "parked_task",
                                       .unit = "bytes",
                                       .ops = 1000000,
                                       .once = true,
                                       .begin = begin,
                                       .round = park_all,
                                       .end = end};
BENCH_WEFT(line)
