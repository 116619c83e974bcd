/* SPDX-License-Identifier: MIT */
/*
 * How much memory does an idle worker take? Resident bytes per worker: what a runtime with `ops` workers more takes
 * more, after each has run a task.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "lib/runtime.h"

static atomic_long ran;

struct empty {
    weft_frame weft;
};

static weft_poll empty(weft_context *cx, struct empty *self)
{
    WEFT_BEGIN(cx, self);
    atomic_fetch_add(&ran, 1);
    WEFT_END(0);
}

/* The memory of a runtime that has run a task for each of its workers and is idle; 0: there was none. */
static int64_t runtime_bytes(long workers)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    weft_runtime *rt;
    const int64_t before = bench_resident();
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = (uint32_t)workers)) < 0)
        return 0;
    atomic_store(&ran, 0);
    for (long i = 0; i < workers; i++)
        weft_spawn(weft_runtime_scope(rt), empty);
    do
        nanosleep(&pause, NULL);
    while (atomic_load(&ran) < workers);
    const int64_t bytes = bench_resident() - before;
    weft_runtime_destroy(rt);
    return bytes;
}

static int compare(struct bench *bench)
{
    runtime_bytes(1); /* what is made once in a process */
    const int64_t one = runtime_bytes(1), many = runtime_bytes(1 + bench->ops);
    bench->value = (double)(many - one) / (double)bench->ops;
    return many == 0;
}

static const struct bench_line line = {
    .name = "worker_memory", .unit = "bytes", .ops = 64, .once = true, .round = compare};
BENCH_WEFT(line)
