/* SPDX-License-Identifier: MIT */
/*
 * The lines of bench/ as one writes them without any library: threads, a mutex, condition variables. A pool of as many
 * threads as there are workers runs what is spawned; a channel is a queue under a mutex, and each task that waits is a
 * thread of its own.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "lib/harness.h"

/* --- a bounded queue
 * ---------------------------------------------------------------------------------------------------- */

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t not_empty, not_full;
    size_t capacity, count, head;
    uint64_t *values;
};

static void queue_init(struct queue *queue, size_t capacity)
{
    *queue = (struct queue){.capacity = capacity, .values = calloc(capacity, sizeof *queue->values)};
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->not_empty, NULL);
    pthread_cond_init(&queue->not_full, NULL);
}

static void queue_fini(struct queue *queue)
{
    pthread_cond_destroy(&queue->not_full);
    pthread_cond_destroy(&queue->not_empty);
    pthread_mutex_destroy(&queue->mutex);
    free(queue->values);
}

static void queue_send(struct queue *queue, uint64_t value)
{
    pthread_mutex_lock(&queue->mutex);
    while (queue->count == queue->capacity)
        pthread_cond_wait(&queue->not_full, &queue->mutex);
    queue->values[(queue->head + queue->count++) % queue->capacity] = value;
    pthread_mutex_unlock(&queue->mutex);
    pthread_cond_signal(&queue->not_empty);
}

static uint64_t queue_recv(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    while (queue->count == 0)
        pthread_cond_wait(&queue->not_empty, &queue->mutex);
    const uint64_t value = queue->values[queue->head];
    queue->head = (queue->head + 1) % queue->capacity;
    queue->count--;
    pthread_mutex_unlock(&queue->mutex);
    pthread_cond_signal(&queue->not_full);
    return value;
}

static struct queue there, back;
static long capacity, producers;

static int ping_pong_begin(struct bench *bench)
{
    capacity = bench_param(bench, "capacity", 1);
    return 0;
}

static void *pong(void *bench)
{
    for (long i = 0; i < ((struct bench *)bench)->ops; i++)
        queue_send(&back, queue_recv(&there));
    return NULL;
}

static int ping_pong_chan(struct bench *bench)
{
    pthread_t partner;
    int wrong = 0;
    queue_init(&there, (size_t)capacity);
    queue_init(&back, (size_t)capacity);
    if (pthread_create(&partner, NULL, pong, bench) != 0)
        return 1;
    for (long i = 0; i < bench->ops; i++) {
        queue_send(&there, (uint64_t)i);
        wrong += queue_recv(&back) != (uint64_t)i;
    }
    pthread_join(partner, NULL);
    queue_fini(&there);
    queue_fini(&back);
    return wrong;
}

static int mpsc_begin(struct bench *bench)
{
    producers = bench_param(bench, "producers", 1);
    capacity = bench_param(bench, "capacity", 1000);
    if (bench_param(bench, "batch", 0) != 0)
        exit(3);
    bench->ops = (bench->ops + producers - 1) / producers * producers;
    return 0;
}

static void *produce(void *bench)
{
    for (long i = 0; i < ((struct bench *)bench)->ops / producers; i++)
        queue_send(&there, (uint64_t)i);
    return NULL;
}

static int mpsc(struct bench *bench)
{
    pthread_t *threads = calloc((size_t)producers, sizeof *threads);
    queue_init(&there, (size_t)capacity);
    for (long i = 0; i < producers; i++)
        pthread_create(&threads[i], NULL, produce, bench);
    for (long i = 0; i < bench->ops; i++)
        queue_recv(&there);
    for (long i = 0; i < producers; i++)
        pthread_join(threads[i], NULL);
    queue_fini(&there);
    free(threads);
    return 0;
}

static int chan_begin(struct bench *bench)
{
    if (bench_param(bench, "bytes", 8) != 8)
        exit(3);
    return 0;
}

static int chan_pairs(struct bench *bench)
{
    int wrong = 0;
    queue_init(&there, 1000);
    for (long i = 0; i < bench->ops; i++) {
        queue_send(&there, (uint64_t)i);
        wrong += queue_recv(&there) != (uint64_t)i;
    }
    queue_fini(&there);
    return wrong;
}

/* --- a pool
 * ------------------------------------------------------------------------------------------------------------- */

struct piece {
    void (*run)(struct piece *piece);
    struct piece *next;
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t not_empty;
    struct piece *first, **last;
    bool stopping;
    pthread_t *threads;
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .not_empty = PTHREAD_COND_INITIALIZER, .last = &pool.first};

static long left;
static sem_t ended;
static uint64_t turns;

static void pool_put(struct piece *piece)
{
    piece->next = NULL;
    pthread_mutex_lock(&pool.mutex);
    *pool.last = piece;
    pool.last = &piece->next;
    pthread_mutex_unlock(&pool.mutex);
    pthread_cond_signal(&pool.not_empty);
}

static struct piece *pool_take(void)
{
    pthread_mutex_lock(&pool.mutex);
    while (!pool.first && !pool.stopping)
        pthread_cond_wait(&pool.not_empty, &pool.mutex);
    struct piece *piece = pool.first;
    if (piece && !(pool.first = piece->next))
        pool.last = &pool.first;
    pthread_mutex_unlock(&pool.mutex);
    return piece;
}

static void *pool_thread(void *unused)
{
    for (struct piece *piece; (piece = pool_take());)
        piece->run(piece);
    return unused;
}

static int pool_begin(struct bench *bench)
{
    pool.threads = calloc((size_t)bench->workers, sizeof *pool.threads);
    for (long i = 0; i < bench->workers; i++)
        if (pthread_create(&pool.threads[i], NULL, pool_thread, NULL) != 0)
            return 1;
    return sem_init(&ended, 0, 0);
}

static void pool_end(struct bench *bench)
{
    pthread_mutex_lock(&pool.mutex);
    pool.stopping = true;
    pthread_mutex_unlock(&pool.mutex);
    pthread_cond_broadcast(&pool.not_empty);
    for (long i = 0; i < bench->workers; i++)
        pthread_join(pool.threads[i], NULL);
    free(pool.threads);
}

static void run_piece(struct piece *piece)
{
    if (turns > 0)
        bench_work(turns);
    free(piece);
    if (__atomic_sub_fetch(&left, 1, __ATOMIC_ACQ_REL) == 0)
        sem_post(&ended);
}

static void pool_spawn(void)
{
    struct piece *piece = malloc(sizeof *piece);
    if (!piece)
        abort();
    piece->run = run_piece;
    pool_put(piece);
}

static int spawn_external_begin(struct bench *bench)
{
    if (bench_param(bench, "threads", 1) != 1)
        exit(3);
    return pool_begin(bench);
}

static int skewed_begin(struct bench *bench)
{
    turns = bench_work_turns(bench_param(bench, "us", 10) * 1000);
    return pool_begin(bench);
}

static int spawn_all(struct bench *bench)
{
    __atomic_store_n(&left, bench->ops, __ATOMIC_RELEASE);
    for (long i = 0; i < bench->ops; i++)
        pool_spawn();
    return sem_wait(&ended);
}

static long batch;

static int blocking_begin(struct bench *bench)
{
    if (bench_param(bench, "tasks", 1) != 1)
        exit(3);
    batch = bench_param(bench, "batch", 1);
    if (batch == 0)
        batch = bench->ops;
    bench->ops = (bench->ops + batch - 1) / batch * batch;
    return pool_begin(bench);
}

static int blocking(struct bench *bench)
{
    for (long todo = bench->ops; todo > 0; todo -= batch) {
        __atomic_store_n(&left, batch, __ATOMIC_RELEASE);
        for (long i = 0; i < batch; i++)
            pool_spawn();
        sem_wait(&ended);
    }
    return 0;
}

/* --- locks: as many threads as workers share the work of the tasks
 * ------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t permits;
static long tasks, entered;

static int mutex_begin(struct bench *bench)
{
    tasks = bench_param(bench, "tasks", 64);
    bench->ops = (bench->ops + tasks - 1) / tasks * tasks;
    if (bench_param(bench, "yield", 0) != 0)
        exit(3);
    return 0;
}

static int semaphore_begin(struct bench *bench)
{
    tasks = bench_param(bench, "tasks", 64);
    bench->ops = (bench->ops + tasks - 1) / tasks * tasks;
    return sem_init(&permits, 0, (unsigned)bench_param(bench, "permits", 4));
}

static void *mutex_visit(void *bench)
{
    for (long i = 0; i < ((struct bench *)bench)->ops / tasks; i++) {
        pthread_mutex_lock(&mutex);
        entered++;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *semaphore_visit(void *bench)
{
    for (long i = 0; i < ((struct bench *)bench)->ops / tasks; i++) {
        sem_wait(&permits);
        sem_post(&permits);
    }
    return NULL;
}

static int visit_all(struct bench *bench, void *(*visit)(void *))
{
    pthread_t *threads = calloc((size_t)tasks, sizeof *threads);
    for (long i = 0; i < tasks; i++)
        pthread_create(&threads[i], NULL, visit, bench);
    for (long i = 0; i < tasks; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return 0;
}

static int mutex_all(struct bench *bench)
{
    return visit_all(bench, mutex_visit);
}

static int semaphore_all(struct bench *bench)
{
    return visit_all(bench, semaphore_visit);
}

/* --- wake
 * --------------------------------------------------------------------------------------------------------------- */

static int64_t *samples;

static void *listen_to_all(void *bench)
{
    for (long i = 0; i < ((struct bench *)bench)->ops; i++) {
        const int64_t sent = (int64_t)queue_recv(&there);
        samples[i] = bench_now() - sent;
    }
    return NULL;
}

static int wake_latency(struct bench *bench)
{
    const struct timespec gap = {.tv_nsec = 1000000};
    pthread_t listener;
    samples = calloc((size_t)bench->ops, sizeof *samples);
    queue_init(&there, 16);
    if (pthread_create(&listener, NULL, listen_to_all, bench) != 0)
        return 1;
    for (long i = 0; i < bench->ops; i++) {
        nanosleep(&gap, NULL);
        queue_send(&there, (uint64_t)bench_now());
    }
    pthread_join(listener, NULL);
    queue_fini(&there);
    bench_take_samples(bench, samples, (size_t)bench->ops, 1000);
    free(samples);
    return 0;
}

static const struct bench_line lines[] = {
    {"spawn_external", "ns", 1000000, false, spawn_external_begin, spawn_all, pool_end},
    {"skewed_steal", "ns", 10000, false, skewed_begin, spawn_all, pool_end},
    {"ping_pong_chan", "ns", 1000000, false, ping_pong_begin, ping_pong_chan, NULL},
    {"mpsc", "ns", 5000000, false, mpsc_begin, mpsc, NULL},
    {"chan_try", "ns", 10000000, false, NULL, chan_pairs, NULL},
    {"chan_ready", "ns", 10000000, false, chan_begin, chan_pairs, NULL},
    {"wake_latency", "us", 2000, false, NULL, wake_latency, NULL},
    {"mutex", "ns", 640000, false, mutex_begin, mutex_all, NULL},
    {"semaphore", "ns", 640000, false, semaphore_begin, semaphore_all, NULL},
    {"blocking", "ns", 100000, false, blocking_begin, blocking, pool_end},
};

int main(int argc, char **argv)
{
    return bench_main_of(argc, argv, "pthreads", "C11", lines, sizeof lines / sizeof *lines);
}
