/* SPDX-License-Identifier: MIT */
/*
 * The lines of bench/ in libuv: one loop, callbacks instead of tasks. It has timers, a pool for blocking work and a way
 * to be woken from another thread; the rest of the lines it cannot do.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

#include "lib/harness.h"

static uv_loop_t loop;
static long left;

static int begin(struct bench *bench)
{
    (void)bench;
    return uv_loop_init(&loop);
}

static void end(struct bench *bench)
{
    (void)bench;
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

static void timer_fired(uv_timer_t *timer)
{
    (void)timer;
    left--;
}

static int timer_fire(struct bench *bench)
{
    uv_timer_t *timers = malloc((size_t)bench->ops * sizeof *timers);
    uint64_t random = BENCH_SEED;
    left = bench->ops;
    uv_update_time(&loop); /* timers count from the loop's time, which is old */
    for (long i = 0; i < bench->ops; i++) {
        uv_timer_init(&loop, &timers[i]);
        uv_timer_start(&timers[i], timer_fired, 1 + bench_random(&random) % 100, 0);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    for (long i = 0; i < bench->ops; i++)
        uv_close((uv_handle_t *)&timers[i], NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    free(timers);
    return left != 0;
}

static void timer_free(uv_handle_t *timer)
{
    free(timer);
}

static int timer_cancel_begin(struct bench *bench)
{
    if (bench_param(bench, "yield", 0) != 0)
        exit(3); /* there is nobody to yield to */
    return begin(bench);
}

static int timer_cancel(struct bench *bench)
{
    enum { TURN = 1000 }; /* handles are closed in the loop: let it turn now and then */
    for (long i = 0; i < bench->ops; i++) {
        uv_timer_t *timer = malloc(sizeof *timer);
        uv_timer_init(&loop, timer);
        uv_timer_start(timer, timer_fired, 30000 + (uint64_t)i % 1000, 0);
        uv_timer_stop(timer);
        uv_close((uv_handle_t *)timer, timer_free);
        if (i % TURN == TURN - 1)
            uv_run(&loop, UV_RUN_NOWAIT);
    }
    return uv_run(&loop, UV_RUN_NOWAIT);
}

static long batch;
static uv_work_t *jobs;

static void job_work(uv_work_t *job)
{
    (void)job;
}

static void jobs_begin(void);

static void job_ended(uv_work_t *job, int status)
{
    (void)job, (void)status;
    if (--left % batch == 0 && left > 0)
        jobs_begin();
}

static void jobs_begin(void)
{
    for (long i = 0; i < batch; i++)
        uv_queue_work(&loop, &jobs[i], job_work, job_ended);
}

static int blocking_begin(struct bench *bench)
{
    if (bench_param(bench, "tasks", 1) != 1)
        exit(3);
    batch = bench_param(bench, "batch", 1);
    if (batch == 0)
        batch = bench->ops;
    bench->ops = (bench->ops + batch - 1) / batch * batch;
    jobs = calloc((size_t)batch, sizeof *jobs);
    return jobs ? begin(bench) : 1;
}

static int blocking(struct bench *bench)
{
    left = bench->ops;
    jobs_begin();
    uv_run(&loop, UV_RUN_DEFAULT);
    return left != 0;
}

static uv_async_t async;
static _Atomic int64_t sent;
static int64_t *samples;
static long taken;

static void async_told(uv_async_t *handle)
{
    const int64_t when = atomic_exchange(&sent, 0);
    if (when != 0)
        samples[taken++] = bench_now() - when;
    else
        uv_close((uv_handle_t *)handle, NULL);
}

static void *tell(void *bench)
{
    const struct timespec gap = {.tv_nsec = 1000000};
    for (long i = 0; i < ((struct bench *)bench)->ops; i++) {
        nanosleep(&gap, NULL);
        atomic_store(&sent, bench_now());
        uv_async_send(&async);
    }
    nanosleep(&gap, NULL);
    uv_async_send(&async); /* with no time: the end */
    return NULL;
}

static int wake_latency(struct bench *bench)
{
    pthread_t thread;
    taken = 0;
    samples = calloc((size_t)bench->ops, sizeof *samples);
    if (uv_async_init(&loop, &async, async_told) != 0 || pthread_create(&thread, NULL, tell, bench) != 0)
        return 1;
    uv_run(&loop, UV_RUN_DEFAULT);
    pthread_join(thread, NULL);
    if (taken > 0)
        bench_take_samples(bench, samples, (size_t)taken, 1000);
    free(samples);
    return taken == 0;
}

static const struct bench_line lines[] = {
    {"timer_fire", "ns", 100000, false, begin, timer_fire, end},
    {"timer_cancel", "ns", 1000000, false, timer_cancel_begin, timer_cancel, end},
    {"wake_latency", "us", 2000, false, begin, wake_latency, end},
    {"blocking", "ns", 100000, false, blocking_begin, blocking, end},
};

int main(int argc, char **argv)
{
    return bench_main_of(argc, argv, "libuv", uv_version_string(), lines, sizeof lines / sizeof *lines);
}
