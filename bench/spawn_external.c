/* SPDX-License-Identifier: MIT */
/*
 * What does a task cost that a thread of the host spawns? Threads that are no workers spawn empty tasks into the root
 * scope, and one of them waits for the last.
 *
 *     threads=N      that spawn at the same time, an equal share each
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "lib/runtime.h"

static atomic_long left;
static sem_t all_ended;
static long thread_count;
static pthread_t *threads;
static pthread_barrier_t start;
static atomic_bool stopping;
static long share;

struct empty {
    weft_frame weft;
};

static weft_poll empty(weft_context *cx, struct empty *self)
{
    WEFT_BEGIN(cx, self);
    if (atomic_fetch_sub_explicit(&left, 1, memory_order_acq_rel) == 1)
        sem_post(&all_ended);
    WEFT_END(0);
}

static void spawn_share(void)
{
    weft_scope *scope = weft_runtime_scope(bench_runtime);
    for (long i = 0; i < share; i++)
        if (weft_task_error(weft_spawn(scope, empty)) < 0)
            abort();
}

static void *thread_main(void *unused)
{
    for (;;) {
        pthread_barrier_wait(&start);
        if (atomic_load(&stopping))
            return unused;
        spawn_share();
    }
}

static int begin(struct bench *bench)
{
    thread_count = bench_param(bench, "threads", 1);
    if (thread_count < 1 || sem_init(&all_ended, 0, 0) != 0 || bench_runtime_begin(bench) < 0)
        return 1;
    share = bench->ops / thread_count;
    bench->ops = share * thread_count;
    threads = calloc((size_t)thread_count, sizeof *threads);
    pthread_barrier_init(&start, NULL, (unsigned)thread_count);
    for (long i = 1; i < thread_count; i++) /* this thread is the first of them */
        if (pthread_create(&threads[i], NULL, thread_main, NULL) != 0)
            return 1;
    return 0;
}

static int spawn_all(struct bench *bench)
{
    atomic_store(&left, bench->ops);
    pthread_barrier_wait(&start);
    spawn_share();
    return sem_wait(&all_ended);
}

static void end(struct bench *bench)
{
    atomic_store(&stopping, true);
    pthread_barrier_wait(&start);
    for (long i = 1; i < thread_count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    bench_runtime_end(bench);
}

static const struct bench_line line = {
    .name = "spawn_external", .unit = "ns", .ops = 1000000, .begin = begin, .round = spawn_all, .end = end};
BENCH_WEFT(line)
