/* SPDX-License-Identifier: MIT */
#include "lib/pool.h"

/* What was reported, as a text. */
static pthread_mutex_t reported_lock = PTHREAD_MUTEX_INITIALIZER;
char reported[4096];

static void report(void *context, int code, const char *text)
{
    (void)context;
    (void)code;
    pthread_mutex_lock(&reported_lock);
    strncat(reported, text, sizeof reported - strlen(reported) - 1);
    pthread_mutex_unlock(&reported_lock);
}

void open_pool(uint32_t threads, uint32_t queue, uint32_t keep_alive_ms)
{
    reported[0] = '\0';
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "pool", .worker_threads = 2, .report = report,
                                                                   .blocking_threads_max = threads,
                                                                   .blocking_queue_max = queue,
                                                                   .blocking_keep_alive_ms = keep_alive_ms)),
                     0);
}

weft_blocking_stats stats(void)
{
    weft_blocking_stats now = {.size = sizeof now};
    assert_int_equal(weft_blocking_stats_get(rt, &now), 0);
    assert_true(now.submitted == now.completed + now.cancelled + now.queued + now.running);
    assert_true(now.threads <= now.threads_max && now.threads_idle <= now.threads);
    assert_true(now.queued <= now.queue_max);
    return now;
}

/* The books, and the end. */
void close_pool(void)
{
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    const weft_blocking_stats end = stats();
    assert_int_equal(end.threads, 0);
    assert_int_equal(end.threads_idle, 0);
    assert_int_equal(end.queued + end.running + end.waiting, 0);
    assert_int_equal(weft_runtime_destroy(rt), 0);
    rt = NULL;
    verdict_assert();
}

int close_after(void **state) /* what a failed test left */
{
    (void)state;
    if (rt && weft_runtime_shutdown(rt, weft_deadline_in(INT64_C(1000000000))) == 0)
        weft_runtime_destroy(rt);
    rt = NULL;
    return 0;
}

/* Jobs. */
int plus_one(void *argument) { return *(int *)argument + 1; }
int fails(void *argument)
{
    (void)argument;
    return -5;
}

int gate(void *argument)
{
    struct gate *self = argument;
    if (self->entered)
        latch_up(self->entered);
    latch_wait(self->leave, 1);
    return self->result;
}

atomic_uint ran, dropped;
int count_run(void *argument)
{
    (void)argument;
    atomic_fetch_add(&ran, 1);
    return 0;
}
void count_drop(void *argument)
{
    (void)argument;
    atomic_fetch_add(&dropped, 1);
}
int reset(void **state)
{
    (void)state;
    atomic_store(&ran, 0);
    atomic_store(&dropped, 0);
    return 0;
}

weft_job try_begin(const weft_job_options *options)
{
    weft_job job = {0};
    assert_int_equal(weft_job_try_begin(rt, &job, options), 0);
    assert_true(job.id != 0);
    return job;
}

int wait_for(weft_job *job)
{
    int result = -1000;
    const int rc = weft_job_wait_blocking(job, WEFT_FOREVER, &result);
    return rc == 0 ? result : rc;
}

void plug_pool(struct plugs *plugs, int count)
{
    *plugs = (struct plugs){.entered = LATCH, .leave = LATCH, .count = count};
    plugs->gate = (struct gate){&plugs->entered, &plugs->leave, 0};
    for (int i = 0; i < count; i++)
        plugs->jobs[i] = try_begin(WEFT_JOB(gate, &plugs->gate, .name = "plug"));
    latch_wait(&plugs->entered, (unsigned)count);
}
void unplug_pool(struct plugs *plugs)
{
    latch_up(&plugs->leave);
    for (int i = 0; i < plugs->count; i++)
        if (plugs->jobs[i].id != 0)
            assert_int_equal(wait_for(&plugs->jobs[i]), 0);
}

/* The options of a job that a task begins later; what WEFT_JOB makes ends with its block. */
const weft_job_options *keep(const weft_job_options *options)
{
    static weft_job_options kept[16];
    static unsigned next;
    weft_job_options *copy = &kept[next++ % 16];
    *copy = *options;
    return copy;
}

weft_poll waits(weft_context *cx, struct waits *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_job_run(cx, &self->job, self->options, &self->result));
    if (self->out)
        atomic_store(self->out, self->result);
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}
