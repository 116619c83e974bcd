/* SPDX-License-Identifier: MIT */
/* Loops of workers: opened on demand, stood in for while their worker is stuck, roused when something comes. ctest-cost: 5 */
#define _GNU_SOURCE
#include "lib/world.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/sockets.h"
#include "lib/vclock.h"
#include "task/env.h"

/* Waits for a byte, but not before all of its kind are at it. */
struct first {
    weft_frame weft;
    weft_fd *fd;
    atomic_int *here;
};

static weft_poll first(weft_context *cx, struct first *self)
{
    WEFT_BEGIN(cx, self);
    for (atomic_fetch_sub(self->here, 1); atomic_load(self->here) > 0;)
        sched_yield();
    WEFT_AWAIT(self->weft.rc, weft_fd_wait(cx, self->fd, WEFT_READABLE));
    WEFT_END(self->weft.rc);
}

/* Two workers at once are the first to wait for descriptors of a loop: one opens it, and may sleep in it before the other
 * has looked. */
static void loop_is_opened_by_two_at_once(void **state)
{
    (void)state;
    enum { TIMES = 100 };
    for (int i = 0; i < TIMES; i++) {
        weft_runtime *rt = world_begin(2);
        weft_fd one = {0}, other = {0};
        assert_int_equal(weft_socket_pair(rt, &one, &other), 0);
        atomic_int here = 2;
        for (int j = 0; j < 2; j++)
            weft_spawn(weft_runtime_scope(rt), first, .fd = &one, .here = &here);
        WORLD_UNTIL(sockets_waiting(&one) == 2);
        assert_int_equal(weft_fd_try_write(&other, "r", 1), 1);
        world_settle(rt);
        weft_fd_close(&one);
        weft_fd_close(&other);
        world_end(rt, 2);
    }
}

/* Workers held in polls, under load. */
struct held {
    weft_runtime *rt;
    weft_task serving;
    weft_task clients[8];
    atomic_uint right[8];
    weft_address address;
    struct latch entered, leave[2];
};

static void held_begin(struct held *held, uint32_t workers, uint32_t count)
{
    *held = (struct held){.rt = world_begin(workers), .entered = LATCH, .leave = {LATCH, LATCH}};
    weft_fd listener = sockets_listener(held->rt, &held->address);
    held->serving = weft_spawn(weft_runtime_scope(held->rt), server, .listener = listener);
    for (int i = 0; i < 8; i++)
        held->clients[i] = weft_spawn_joinable(weft_runtime_scope(held->rt), client, .address = &held->address, .rounds = 1 << 30,
                                               .right = &held->right[i]);
    for (int i = 0; i < 8; i++)
        WORLD_UNTIL(atomic_load(&held->right[i]) >= 10); /* each loop has some */
    for (uint32_t i = 0; i < count; i++)
        weft_spawn(weft_runtime_scope(held->rt), plug, .entered = &held->entered, .leave = &held->leave[i]);
    latch_wait(&held->entered, count);
}

/* Each of the clients gets answers, again and again. */
static void held_goes_on(struct held *held, int times)
{
    for (int i = 0; i < times * 8; i++) {
        const unsigned before = atomic_load(&held->right[i % 8]);
        WORLD_UNTIL(atomic_load(&held->right[i % 8]) > before);
    }
}

static void held_end(struct held *held, uint64_t plugs)
{
    for (int i = 0; i < 8; i++) {
        int result = -1;
        assert_int_equal(weft_task_cancel(held->clients[i]), 0);
        assert_int_equal(weft_task_join_blocking(&held->clients[i], WEFT_FOREVER, &result), 0);
        assert_int_equal(result, 0);
    }
    assert_int_equal(weft_task_cancel(held->serving), 0);
    world_end(held->rt, 17 + plugs);
}

/* One worker is held in a poll for two seconds, under load: the sockets that its loop has go on all the time. */
static void stuck_worker_does_not_stop_the_sockets(void **state)
{
    (void)state;
    enum { HELD_MS = 2000, PARTS = 20 };
    struct held held;
    held_begin(&held, 2, 1);
    for (int i = 0; i < PARTS; i++) { /* the fault itself, not a synchronisation */
        nanosleep(&(struct timespec){.tv_nsec = HELD_MS * 1000000L / PARTS}, NULL);
        held_goes_on(&held, 1);
    }
    latch_up(&held.leave[0]);
    held_end(&held, 1);
}

/* Of three workers two are held: the third serves the sockets of all. */
static void two_stuck_workers_do_not_stop_the_sockets(void **state)
{
    (void)state;
    struct held held;
    held_begin(&held, 3, 2);
    held_goes_on(&held, 20);
    latch_up(&held.leave[1]);
    held_goes_on(&held, 20);
    latch_up(&held.leave[0]);
    held_end(&held, 2);
}

/* Both workers are held, and nobody is there to serve: the first that comes back serves the sockets of both. */
static void sockets_of_all_go_on_with_the_first_that_comes_back(void **state)
{
    (void)state;
    struct held held;
    held_begin(&held, 2, 2);
    latch_up(&held.leave[1]);
    held_goes_on(&held, 20);
    latch_up(&held.leave[0]);
    held_end(&held, 2);
}

struct bouncer {
    weft_frame weft;
    weft_fd fd;
    bool serves;
    atomic_uint *rounds;
    char bytes[2];
};

/* One byte to and fro, until the other end is closed. The buffer has room for two: the read was short, so the next waits for the loop. */
static weft_poll bouncer(weft_context *cx, struct bouncer *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        if (!self->serves) {
            WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, self->bytes, sizeof self->bytes));
            if (self->weft.rc <= 0)
                break;
        }
        self->serves = false;
        WEFT_AWAIT(self->weft.rc, weft_fd_write(cx, &self->fd, self->bytes, 1));
        if (self->weft.rc <= 0)
            break;
        if (self->rounds)
            atomic_fetch_add(self->rounds, 1);
    }
    weft_fd_close(&self->fd);
    WEFT_END(0);
}

/* So many ticks of the monitor: one more has begun, so those have ended. */
static void ticks_pass(weft_runtime *rt, int ticks)
{
    for (int i = 0; i < ticks + 1; i++) {
        vclock_advance(30 * INT64_C(1000000));
        WORLD_UNTIL(weft__load_relaxed(&weft__env_of(rt)->now) == weft_clock());
    }
}

/*
 * Three pairs of sockets over the three loops of a runtime, two of whose workers are held. Each pair makes its rounds while the clock
 * stands: there is no tick then, and whoever is looked at once a tick only makes none.
 */
static void stuck_workers_are_stood_in_for_alike(void **state)
{
    (void)state;
    enum { PAIRS = 3, ROUNDS = 1000 };
    weft_runtime *rt = world_begin(3);
    struct latch entered = LATCH, leave = LATCH;
    atomic_uint rounds[PAIRS] = {0};
    for (int i = 0; i < 2; i++)
        weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 2);
    weft_fd ends[2 * PAIRS][2] = {0};
    for (int i = 0; i < 2 * PAIRS; i++)
        assert_int_equal(weft_socket_pair(rt, &ends[i][0], &ends[i][1]), 0); /* from here each goes to the next loop */
    for (int i = 0; i < PAIRS; i++) /* somebody waits at each of the loops all the time */
        weft_spawn(weft_runtime_scope(rt), bouncer, .fd = ends[PAIRS + i][0]);
    for (int i = 0; i < PAIRS; i++)
        WORLD_UNTIL(sockets_waiting(&ends[PAIRS + i][0]) == 1);
    ticks_pass(rt, 2); /* the two are seen in the same poll twice, and the monitor goes to sleep in their loops */
    weft_task tasks[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
        weft_spawn(weft_runtime_scope(rt), bouncer, .fd = ends[i][0]);
        tasks[i] = weft_spawn(weft_runtime_scope(rt), bouncer, .fd = ends[i][1], .serves = true, .rounds = &rounds[i]);
    }
    for (int i = 0; i < PAIRS; i++)
        WORLD_UNTIL(atomic_load(&rounds[i]) >= ROUNDS);
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(weft_task_cancel(tasks[i]), 0);
    for (int i = 0; i < PAIRS; i++)
        weft_fd_close(&ends[PAIRS + i][1]);
    latch_up(&leave);
    world_end(rt, 2 + 3 * PAIRS);
}

struct passer {
    weft_frame weft;
};

static weft_poll passer(weft_context *cx, struct passer *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_END(0);
}

/*
 * A worker that was held finds its loop with the monitor's thread, and takes it back to sleep there: who rouses it meanwhile is heard.
 * Else the task that is spawned then waits for something to come to the loop.
 */
static void worker_that_takes_its_loop_back_is_roused(void **state)
{
    (void)state;
    enum { ROUNDS = 50 };
    weft_runtime *rt = world_begin(1);
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_socket_pair(rt, &one, &other), 0);
    weft_spawn(weft_runtime_scope(rt), echo, .fd = other);
    for (int i = 0; i < ROUNDS; i++) {
        struct latch entered = LATCH, leave = LATCH;
        char byte;
        WORLD_UNTIL(sockets_waiting(&other) == 1);
        weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
        latch_wait(&entered, 1);
        assert_int_equal(weft_fd_try_write(&one, "x", 1), 1);
        WORLD_UNTIL(sockets_waiting(&other) == 0); /* the monitor has turned the loop, and will sleep there */
        latch_up(&leave);
        WORLD_UNTIL(sockets_waiting(&other) == 1); /* and the worker is about to */
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), passer);
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
        assert_int_equal(weft_fd_try_read(&one, &byte, 1), 1);
    }
    weft_fd_close(&one);
    world_end(rt, 1 + 2 * ROUNDS);
}

/* Takes what comes, one byte at a time, and answers each; two of them wait for the same byte. */
struct taker {
    weft_frame weft;
    weft_fd *fd;
    atomic_int *worker; /* the thread that polls, as the system numbers it */
    char byte;
};

static weft_poll taker(weft_context *cx, struct taker *self)
{
    WEFT_BEGIN(cx, self);
    atomic_store(self->worker, gettid());
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_fd_wait(cx, self->fd, WEFT_READABLE));
        if (self->weft.rc < 0)
            break;
        self->weft.rc = weft_fd_try_read(self->fd, &self->byte, 1);
        if (self->weft.rc == 0)
            break;
        if (self->weft.rc == 1 && weft_fd_try_write(self->fd, &self->byte, 1) != 1)
            break;
    }
    WEFT_END(0);
}

/* How often a thread has written with write(), as the system counts; -1: it does not. */
static long writes_of(int thread)
{
    char path[64], row[64];
    long count = -1;
    snprintf(path, sizeof path, "/proc/self/task/%d/io", thread);
    FILE *file = fopen(path, "re");
    while (file && fgets(row, sizeof row, file))
        if (sscanf(row, "syscw: %ld", &count) == 1)
            break;
    if (file)
        fclose(file);
    return count;
}

/* A worker whose loop wakes several tasks at once does not write to its own descriptor to be woken. */
static void worker_in_its_loop_rouses_itself_without_a_system_call(void **state)
{
    (void)state;
    enum { ROUNDS = 100 };
    weft_runtime *rt = world_begin(1);
    weft_fd one = {0};
    atomic_int worker = 0;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(weft_fd_open(rt, pair[0], NULL, &one), 0);
    for (int i = 0; i < 2; i++)
        weft_spawn(weft_runtime_scope(rt), taker, .fd = &one, .worker = &worker);
    WORLD_UNTIL(sockets_waiting(&one) == 2);
    long before = 0;
    for (int i = 0; i < ROUNDS; i++) { /* the first is for the loop to sleep, with all that is wanted of it known */
        char byte = 'a';
        if (i == 1)
            before = writes_of(worker);
        assert_int_equal(send(pair[1], &byte, 1, 0), 1);
        assert_int_equal(recv(pair[1], &byte, 1, 0), 1);
        WORLD_UNTIL(sockets_waiting(&one) == 2);
    }
    if (before < 0)
        print_message("not looked at: the system does not count the writes of a thread\n");
    else
        assert_true(writes_of(worker) - before < ROUNDS / 10);
    close(pair[1]);
    world_settle(rt);
    weft_fd_close(&one);
    world_end(rt, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loop_is_opened_by_two_at_once),
        cmocka_unit_test(stuck_worker_does_not_stop_the_sockets),
        cmocka_unit_test(two_stuck_workers_do_not_stop_the_sockets),
        cmocka_unit_test(sockets_of_all_go_on_with_the_first_that_comes_back),
        cmocka_unit_test_setup_teardown(stuck_workers_are_stood_in_for_alike, vclock_stop, vclock_go),
        cmocka_unit_test(worker_that_takes_its_loop_back_is_roused),
        cmocka_unit_test_setup_teardown(worker_in_its_loop_rouses_itself_without_a_system_call, vclock_stop, vclock_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
