/* SPDX-License-Identifier: MIT */
/*
 * The lines of bench/ in libuv: one loop, callbacks instead of tasks. It has sockets, timers, a pool for blocking work and
 * a way to be woken from another thread; the rest of the lines it cannot do.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
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

/* --- an echo server: what cannot be written at once is copied into a request ----------------------------------------- */

struct leftover {
    uv_write_t request;
    char bytes[];
};

static void connection_free(uv_handle_t *connection)
{
    free(connection);
}

static void leftover_written(uv_write_t *request, int status)
{
    (void)status; /* a connection that is lost says so to its reader */
    free(request); /* the first member */
}

static void leftover_write(uv_stream_t *connection, const char *bytes, size_t length)
{
    struct leftover *leftover = malloc(sizeof *leftover + length);
    memcpy(leftover->bytes, bytes, length);
    const uv_buf_t buffer = uv_buf_init(leftover->bytes, (unsigned)length);
    if (uv_write(&leftover->request, connection, &buffer, 1, leftover_written) != 0)
        free(leftover);
}

/* One buffer is enough: what was read goes back before the next is read. */
static void buffer_give(uv_handle_t *connection, size_t suggested, uv_buf_t *out)
{
    static char bytes[65536];
    (void)connection, (void)suggested;
    *out = uv_buf_init(bytes, sizeof bytes);
}

static void bytes_read(uv_stream_t *connection, ssize_t length, const uv_buf_t *buffer)
{
    if (length < 0) {
        uv_close((uv_handle_t *)connection, connection_free);
        return;
    }
    const uv_buf_t answer = uv_buf_init(buffer->base, (unsigned)length);
    const int written = length > 0 ? uv_try_write(connection, &answer, 1) : 0;
    if (written < length)
        leftover_write(connection, buffer->base + (written > 0 ? written : 0), (size_t)(length - (written > 0 ? written : 0)));
}

static void connection_came(uv_stream_t *listener, int status)
{
    uv_tcp_t *connection = malloc(sizeof *connection);
    uv_tcp_init(&loop, connection);
    if (status == 0 && uv_accept(listener, (uv_stream_t *)connection) == 0)
        uv_read_start((uv_stream_t *)connection, buffer_give, bytes_read);
    else
        uv_close((uv_handle_t *)connection, connection_free);
}

static int tcp_echo(struct bench *bench)
{
    struct sockaddr_in address;
    int length = sizeof address;
    uv_tcp_t listener;
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_init(&loop, &listener);
    if (uv_tcp_bind(&listener, (struct sockaddr *)&address, 0) != 0 ||
        uv_listen((uv_stream_t *)&listener, 1024, connection_came) != 0 ||
        uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &length) != 0)
        return 1;
    bench_say_port(bench, ntohs(address.sin_port));
    return uv_run(&loop, UV_RUN_DEFAULT);
}

static const struct bench_line lines[] = {
    {"timer_fire", "ns", 100000, false, begin, timer_fire, end},
    {"timer_cancel", "ns", 1000000, false, timer_cancel_begin, timer_cancel, end},
    {"wake_latency", "us", 2000, false, begin, wake_latency, end},
    {"blocking", "ns", 100000, false, blocking_begin, blocking, end},
    {.name = "tcp_echo", .unit = "ns", .ops = 1, .begin = begin, .serve = tcp_echo},
};

int main(int argc, char **argv)
{
    return bench_main_of(argc, argv, "libuv", uv_version_string(), lines, sizeof lines / sizeof *lines);
}
