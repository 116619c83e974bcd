/* SPDX-License-Identifier: MIT */
/*
 * The raw limit of a line: what two plain threads, atomics and an allocator do of it, without names, handles, waiting
 * lists or anybody who could be asked. No runtime can be expected to be there; it says how far away each one is.
 */
#define _GNU_SOURCE /* accept4 */
#include <linux/futex.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/harness.h"

enum { LINE = 64, TASK_BYTES = 192, RING = 1024 };

static void futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Run f on a second thread and g here; both see the bench. */
static int in_two_threads(struct bench *bench, void *(*f)(void *), void *(*g)(void *))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, f, bench) != 0)
        return 1;
    g(bench);
    return pthread_join(thread, NULL);
}

/* --- a bounded ring with a number per place: many producers, one consumer --------------------------------------------
 */

static struct {
    _Alignas(2 * LINE) _Atomic uint64_t tail;
    _Alignas(2 * LINE) uint64_t head;
    _Alignas(2 * LINE) struct {
        _Atomic uint64_t turn;
        uint64_t value;
    } places[RING];
} ring;

static void ring_reset(void)
{
    atomic_store(&ring.tail, 0);
    ring.head = 0;
    for (uint64_t i = 0; i < RING; i++)
        atomic_store(&ring.places[i].turn, i);
}

static int ring_push(uint64_t value)
{
    uint64_t tail = atomic_load_explicit(&ring.tail, memory_order_relaxed);
    for (;;) {
        const uint64_t turn = atomic_load_explicit(&ring.places[tail % RING].turn, memory_order_acquire);
        if (turn == tail) {
            if (atomic_compare_exchange_weak_explicit(&ring.tail, &tail, tail + 1, memory_order_relaxed,
                                                      memory_order_relaxed))
                break;
        } else if ((int64_t)(turn - tail) < 0) {
            return 0;
        } else {
            tail = atomic_load_explicit(&ring.tail, memory_order_relaxed);
        }
    }
    ring.places[tail % RING].value = value;
    atomic_store_explicit(&ring.places[tail % RING].turn, tail + 1, memory_order_release);
    return 1;
}

static int ring_pop(uint64_t *out_value)
{
    const uint64_t head = ring.head;
    if (atomic_load_explicit(&ring.places[head % RING].turn, memory_order_acquire) != head + 1)
        return 0;
    *out_value = ring.places[head % RING].value;
    atomic_store_explicit(&ring.places[head % RING].turn, head + RING, memory_order_release);
    ring.head = head + 1;
    return 1;
}

static int chan_begin(struct bench *bench)
{
    if (bench_param(bench, "bytes", 8) != 8)
        exit(3);
    return 0;
}

static int chan_pairs(struct bench *bench)
{
    ring_reset();
    for (long i = 0; i < bench->ops; i++) {
        uint64_t value;
        if (!ring_push((uint64_t)i) || !ring_pop(&value) || value != (uint64_t)i)
            return 1;
    }
    return 0;
}

static long producers;

static int mpsc_begin(struct bench *bench)
{
    producers = bench_param(bench, "producers", 1);
    if (bench_param(bench, "capacity", 1000) == 1)
        exit(3); /* a ring of one place has no turns to tell */
    bench_param(bench, "batch", 0);
    bench->ops = (bench->ops + producers - 1) / producers * producers;
    return 0;
}

static void *mpsc_produce(void *bench)
{
    const long share = ((struct bench *)bench)->ops / producers;
    for (long i = 0; i < share; i++)
        while (!ring_push((uint64_t)i))
            sched_yield();
    return NULL;
}

static int mpsc(struct bench *bench)
{
    pthread_t *threads = calloc((size_t)producers, sizeof *threads);
    uint64_t value;
    ring_reset();
    for (long i = 0; i < producers; i++)
        pthread_create(&threads[i], NULL, mpsc_produce, bench);
    for (long i = 0; i < bench->ops; i++)
        while (!ring_pop(&value))
            sched_yield();
    for (long i = 0; i < producers; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return 0;
}

/* --- pieces of work: allocated, queued, called, freed ----------------------------------------------------------------
 */

struct piece {
    void (*run)(struct piece *piece);
    struct piece *next;
    long left;
    char rest[TASK_BYTES - 3 * sizeof(void *)];
};

static struct piece *queue_first, **queue_last = &queue_first;
static long ran;

static void queue_put(struct piece *piece)
{
    piece->next = NULL;
    *queue_last = piece;
    queue_last = &piece->next;
}

static struct piece *queue_take(void)
{
    struct piece *piece = queue_first;
    if (piece && !(queue_first = piece->next))
        queue_last = &queue_first;
    return piece;
}

static __attribute__((noinline)) void run_empty(struct piece *piece)
{
    ran++;
    free(piece);
}

static struct piece *piece_new(void (*run)(struct piece *), long left)
{
    struct piece *piece = malloc(sizeof *piece);
    if (!piece)
        abort();
    piece->run = run;
    piece->left = left;
    return piece;
}

static void queue_run(void)
{
    for (struct piece *piece; (piece = queue_take());)
        piece->run(piece);
}

static long batch;

static int spawn_local_begin(struct bench *bench)
{
    batch = bench_param(bench, "batch", 10000);
    bench->ops = (bench->ops + batch - 1) / batch * batch;
    return 0;
}

static int spawn_local(struct bench *bench)
{
    ran = 0;
    for (long left = bench->ops; left > 0; left -= batch) {
        for (long i = 0; i < batch; i++)
            queue_put(piece_new(run_empty, 0));
        queue_run();
    }
    return ran != bench->ops;
}

static int spawn_await(struct bench *bench)
{
    ran = 0;
    for (long i = 0; i < bench->ops; i++) {
        queue_put(piece_new(run_empty, 0));
        queue_run();
    }
    return ran != bench->ops;
}

static __attribute__((noinline)) void run_link(struct piece *piece)
{
    if (piece->left > 0)
        queue_put(piece_new(run_link, piece->left - 1));
    free(piece);
}

static int chained_spawn(struct bench *bench)
{
    queue_put(piece_new(run_link, bench->ops));
    queue_run();
    return 0;
}

static long tasks;

static int yield_begin(struct bench *bench)
{
    tasks = bench_param(bench, "tasks", 200);
    bench->ops = (bench->ops + tasks - 1) / tasks * tasks;
    return 0;
}

static __attribute__((noinline)) void run_turn(struct piece *piece)
{
    if (--piece->left > 0)
        queue_put(piece);
    else
        free(piece);
}

static int yield_all(struct bench *bench)
{
    for (long i = 0; i < tasks; i++)
        queue_put(piece_new(run_turn, bench->ops / tasks));
    queue_run();
    return 0;
}

/* One thread allocates and hands over through the ring, the other calls and frees. */
static void *external_run(void *bench)
{
    for (long i = 0; i < ((struct bench *)bench)->ops; i++) {
        uint64_t value;
        while (!ring_pop(&value))
            sched_yield();
        struct piece *piece = (struct piece *)(uintptr_t)value;
        piece->run(piece);
    }
    return NULL;
}

static void *external_spawn(void *bench)
{
    for (long i = 0; i < ((struct bench *)bench)->ops; i++)
        while (!ring_push((uint64_t)(uintptr_t)piece_new(run_empty, 0)))
            sched_yield();
    return NULL;
}

static int spawn_external_begin(struct bench *bench)
{
    bench_param(bench, "threads", 1);
    return 0;
}

static int spawn_external(struct bench *bench)
{
    ring_reset();
    return in_two_threads(bench, external_run, external_spawn);
}

static long number;

static int fib_begin(struct bench *bench)
{
    number = bench_param(bench, "n", 27);
    bench->ops = bench_fib_calls(number);
    return 0;
}

static __attribute__((noinline)) uint64_t fib(long n)
{
    if (n < 2)
        return (uint64_t)n;
    struct piece *piece = piece_new(run_empty, n - 1);
    const uint64_t one = fib(piece->left), other = fib(n - 2);
    free(piece);
    return one + other;
}

static int fib_tree(struct bench *bench)
{
    (void)bench;
    return fib(number) == 0;
}

static int oneshot(struct bench *bench)
{
    for (long i = 0; i < bench->ops; i++) {
        struct piece *piece = piece_new(run_empty, i);
        __asm__ volatile("" : "+r"(piece) : : "memory");
        if (piece->left != i)
            return 1;
        free(piece);
    }
    return 0;
}

static uint64_t turns;
static atomic_long next;

static int skewed_begin(struct bench *bench)
{
    turns = bench_work_turns(bench_param(bench, "us", 10) * 1000);
    return 0;
}

static void *skewed_share(void *bench)
{
    while (atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) < ((struct bench *)bench)->ops)
        bench_work(turns);
    return NULL;
}

static int skewed_steal(struct bench *bench)
{
    atomic_store(&next, 0);
    return in_two_threads(bench, skewed_share, skewed_share);
}

/* --- two state machines and two places, on one thread
 * ----------------------------------------------------------------- */

static struct {
    uint64_t value;
    int full;
    struct piece *waiter;
} place[2];

static void place_put(int which, uint64_t value)
{
    place[which].value = value;
    place[which].full = 1;
    if (place[which].waiter)
        queue_put(place[which].waiter);
    place[which].waiter = NULL;
}

static __attribute__((noinline)) void run_ping(struct piece *piece)
{
    if (place[1].full) {
        place[1].full = 0;
        if (--piece->left == 0)
            return;
    }
    place[1].waiter = piece;
    place_put(0, (uint64_t)piece->left);
}

static __attribute__((noinline)) void run_pong(struct piece *piece)
{
    place[0].waiter = piece;
    if (place[0].full) {
        place[0].full = 0;
        place_put(1, place[0].value);
    }
}

static int capacity_begin(struct bench *bench)
{
    bench_param(bench, "capacity", 1);
    return 0;
}

static int ping_pong_chan(struct bench *bench)
{
    struct piece ping = {.run = run_ping, .left = bench->ops}, pong = {.run = run_pong};
    memset(place, 0, sizeof place);
    queue_put(&ping);
    queue_put(&pong);
    queue_run();
    return ping.left != 0;
}

/* --- a word that is taken and given back
 * ------------------------------------------------------------------------------- */

static _Alignas(2 * LINE) _Atomic uint32_t word;

static int enter_begin(struct bench *bench)
{
    bench_param(bench, "yield", 0);
    bench_param(bench, "permits", 1);
    bench_param(bench, "tasks", 64);
    return 0;
}

static int enter_all(struct bench *bench)
{
    atomic_store(&word, 0);
    for (long i = 0; i < bench->ops; i++) {
        uint32_t free_word = 0;
        if (!atomic_compare_exchange_strong_explicit(&word, &free_word, 1, memory_order_acquire, memory_order_relaxed))
            return 1;
        atomic_store_explicit(&word, 0, memory_order_release);
    }
    return 0;
}

/* --- time
 * -------------------------------------------------------------------------------------------------------------- */

/* The sleeps are counted by their millisecond, and the thread sleeps from one to the next: the floor. */
static int timer_fire(struct bench *bench)
{
    long due[101] = {0};
    uint64_t random = BENCH_SEED;
    const int64_t begin = bench_now();
    for (long i = 0; i < bench->ops; i++)
        due[1 + bench_random(&random) % 100]++;
    for (int ms = 1; ms <= 100; ms++) {
        const int64_t until = begin + ms * INT64_C(1000000);
        const struct timespec time = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
        if (due[ms] > 0)
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
    }
    return 0;
}

struct entry {
    struct entry *before, *after;
    int64_t deadline;
};

static int timer_cancel_begin(struct bench *bench)
{
    bench_param(bench, "yield", 0);
    return 0;
}

/* The clock, and a slot of a wheel: in and out of a list. */
static int timer_cancel(struct bench *bench)
{
    static struct entry wheel[1024];
    for (int i = 0; i < 1024; i++)
        wheel[i] = (struct entry){&wheel[i], &wheel[i], 0};
    for (long i = 0; i < bench->ops; i++) {
        struct entry entry = {.deadline = bench_now() + (30000 + i % 1000) * INT64_C(1000000)};
        struct entry *slot = &wheel[(uint64_t)entry.deadline / 1000000 % 1024];
        entry.after = slot->after;
        entry.before = slot;
        slot->after->before = &entry;
        slot->after = &entry;
        __asm__ volatile("" : : "r"(&entry) : "memory");
        entry.before->after = entry.after;
        entry.after->before = entry.before;
    }
    return 0;
}

/* --- threads that sleep
 * ------------------------------------------------------------------------------------------------ */

static _Atomic uint32_t there, back;
static _Atomic int64_t sent;
static int64_t *samples;

/* Answer each request in `there` by one in `back`. */
static void *answer_requests(void *bench)
{
    for (uint32_t i = 1; i <= (uint32_t)((struct bench *)bench)->ops; i++) {
        for (uint32_t seen; (seen = atomic_load(&there)) < i;)
            futex_wait(&there, seen);
        if (samples)
            samples[i - 1] = bench_now() - atomic_load(&sent);
        atomic_store(&back, i);
        futex_wake(&back);
    }
    return NULL;
}

static void request(uint32_t i)
{
    atomic_store(&there, i);
    futex_wake(&there);
}

static void *request_in_turn(void *bench)
{
    for (uint32_t i = 1; i <= (uint32_t)((struct bench *)bench)->ops; i++) {
        request(i);
        for (uint32_t seen; (seen = atomic_load(&back)) < i;)
            futex_wait(&back, seen);
    }
    return NULL;
}

static void *request_at_intervals(void *bench)
{
    const struct timespec gap = {.tv_nsec = 1000000};
    for (uint32_t i = 1; i <= (uint32_t)((struct bench *)bench)->ops; i++) {
        nanosleep(&gap, NULL);
        atomic_store(&sent, bench_now());
        request(i);
    }
    return NULL;
}

static int wake_latency(struct bench *bench)
{
    samples = calloc((size_t)bench->ops, sizeof *samples);
    atomic_store(&there, 0);
    const int failed = in_two_threads(bench, answer_requests, request_at_intervals);
    bench_take_samples(bench, samples, (size_t)bench->ops, 1000);
    free(samples);
    samples = NULL;
    return failed;
}

static int blocking_begin(struct bench *bench)
{
    bench_param(bench, "tasks", 1);
    batch = bench_param(bench, "batch", 1);
    return 0;
}

static int blocking(struct bench *bench)
{
    if (batch != 1)
        return spawn_external(bench);
    atomic_store(&there, 0);
    atomic_store(&back, 0);
    return in_two_threads(bench, answer_requests, request_in_turn);
}

/* --- an echo server of epoll and nothing else
 * ------------------------------------------------------------------------- */

static int echo_watch(int loop, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

static void echo_accept(int loop, int listener)
{
    const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        echo_watch(loop, fd);
}

/* What was read goes back; a reader that is too slow for that loses its connection. */
static void echo_answer(int fd)
{
    char bytes[4096];
    const ssize_t length = recv(fd, bytes, sizeof bytes, 0);
    if (length <= 0 || send(fd, bytes, (size_t)length, MSG_NOSIGNAL) != length)
        close(fd);
}

static int tcp_echo(struct bench *bench)
{
    enum { EVENTS = 1024 };
    static struct epoll_event events[EVENTS];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), loop = epoll_create1(EPOLL_CLOEXEC);
    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1024) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0 || echo_watch(loop, listener) != 0)
        return 1;
    bench_say_port(bench, ntohs(address.sin_port));
    for (;;) {
        const int count = epoll_wait(loop, events, EVENTS, -1);
        for (int i = 0; i < count; i++)
            if (events[i].data.fd == listener)
                echo_accept(loop, listener);
            else
                echo_answer(events[i].data.fd);
    }
}

static const struct bench_line lines[] = {
    {"spawn_external", "ns", 1000000, false, spawn_external_begin, spawn_external, NULL},
    {"spawn_local", "ns", 1000000, false, spawn_local_begin, spawn_local, NULL},
    {"spawn_await", "ns", 1000000, false, NULL, spawn_await, NULL},
    {"chained_spawn", "ns", 1000000, false, NULL, chained_spawn, NULL},
    {"fib", "ns", 1, false, fib_begin, fib_tree, NULL},
    {"skewed_steal", "ns", 10000, false, skewed_begin, skewed_steal, NULL},
    {"yield", "ns", 200000, false, yield_begin, yield_all, NULL},
    {"ping_pong_chan", "ns", 1000000, false, capacity_begin, ping_pong_chan, NULL},
    {"mpsc", "ns", 5000000, false, mpsc_begin, mpsc, NULL},
    {"chan_try", "ns", 10000000, false, NULL, chan_pairs, NULL},
    {"chan_ready", "ns", 10000000, false, chan_begin, chan_pairs, NULL},
    {"oneshot", "ns", 5000000, false, NULL, oneshot, NULL},
    {"timer_fire", "ns", 100000, false, NULL, timer_fire, NULL},
    {"timer_cancel", "ns", 1000000, false, timer_cancel_begin, timer_cancel, NULL},
    {"wake_latency", "us", 2000, false, NULL, wake_latency, NULL},
    {"mutex", "ns", 640000, false, enter_begin, enter_all, NULL},
    {"semaphore", "ns", 640000, false, enter_begin, enter_all, NULL},
    {"blocking", "ns", 100000, false, blocking_begin, blocking, NULL},
    {.name = "tcp_echo", .unit = "ns", .ops = 1, .serve = tcp_echo},
};

int main(int argc, char **argv)
{
    mallopt(M_TRIM_THRESHOLD, 1 << 30); /* a page that is given back between two batches costs more than the batch */
    return bench_main_of(argc, argv, "raw", "C11", lines, sizeof lines / sizeof *lines);
}
