/* SPDX-License-Identifier: MIT */
/*
 * Nobody starves: tasks behind a stuck worker start elsewhere, also from its next slot and from the shared queue; a pair
 * that wakes each other, or a task that wakes itself, leaves turns for others. No time is measured: a task that does not
 * get its turn is a test that does not end.
 */
#include <sched.h>
#include <weft.h>

#include "lib/stress.h"

static weft_runtime *rt;

static void create(uint32_t workers)
{
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = workers, .seed = stress_seed())), 0);
}

static void finish(void)
{
    assert_int_equal(weft_runtime_finish(rt), 0);
    verdict_assert();
}

static _Atomic int started, wanted;

struct starter {
    weft_frame weft;
};

static weft_poll starter(weft_context *cx, struct starter *self)
{
    (void)cx;
    (void)self;
    atomic_fetch_add(&started, 1);
    return WEFT_READY;
}

/* Spawns behind itself and then holds its worker until all of them have started, on the other. */
struct stuck {
    weft_frame weft;
    int behind;
};

static weft_poll stuck(weft_context *cx, struct stuck *self)
{
    (void)cx;
    for (int i = 0; i < self->behind; i++)
        VERDICT(weft_task_error(weft_spawn(weft_runtime_scope(rt), starter)) == 0);
    while (atomic_load(&started) < atomic_load(&wanted))
        sched_yield();
    return WEFT_READY;
}

static void stuck_with(int behind)
{
    create(2);
    atomic_store(&started, 0);
    atomic_store(&wanted, behind);
    assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), stuck, .behind = behind)), 0);
    finish();
    assert_int_equal(atomic_load(&started), behind);
}

/* known bug 85 */
static void stuck_worker_loses_the_task_in_its_next_slot(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++)
        stuck_with(1);
}

/* known bug 7 */
static void stuck_worker_loses_its_ring(void **state)
{
    (void)state;
    stuck_with(2);
    stuck_with(100);
    stuck_with(256); /* exactly what the ring holds, and one in the slot */
    stuck_with(1000);
}

/* One worker is held; what a host thread spawns meanwhile starts on the other, each single one. */
/* known bug 9 */
static void spawns_beside_a_stuck_worker_start_one_by_one(void **state)
{
    (void)state;
    create(2);
    atomic_store(&started, 0);
    stress_hold(rt, 1);
    const int rounds = (int)stress_scale(5000);
    for (int i = 1; i <= rounds; i++) {
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), starter)), 0);
        while (atomic_load(&started) < i) /* the other worker goes to sleep in between, as often as not */
            sched_yield();
    }
    stress_release();
    finish();
}

/*
 * The moment at which a worker without a right to search goes to sleep: one task is found by a searcher and holds its
 * worker until a second one, that comes right behind it, has started.
 */
struct pair {
    weft_frame weft;
    int number;
};

static weft_poll pair(weft_context *cx, struct pair *self)
{
    (void)cx;
    atomic_fetch_add(&started, 1);
    while (atomic_load(&started) < self->number)
        sched_yield();
    return WEFT_READY;
}

static void spawns_that_wait_for_each_other_meet(void **state)
{
    (void)state;
    create(2);
    atomic_store(&started, 0);
    const int rounds = (int)stress_scale(20000);
    struct weft__rng rng = stress_rng(1);
    for (int i = 1; i <= rounds; i++) {
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), pair, .number = 2 * i)), 0);
        for (uint32_t spin = weft__rng_below(&rng, 400); spin > 0; spin--)
            __asm__ volatile("" ::: "memory");
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), pair, .number = 2 * i)), 0);
        while (atomic_load(&started) < 2 * i)
            sched_yield();
    }
    finish();
}

/* Two tasks that wake each other for ever, on one worker, until a third, a fourth and one from outside had their turns. */
static weft_waker pingers[2];
static _Atomic int turns, enough;

struct pinger {
    weft_frame weft;
    int number;
};

static weft_poll pinger(weft_context *cx, struct pinger *self)
{
    (void)cx;
    weft_wake(pingers[1 - self->number]);
    return atomic_load(&enough) ? WEFT_READY : WEFT_PENDING;
}

struct third {
    weft_frame weft;
    int i;
};

static weft_poll third(weft_context *cx, struct third *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 100; self->i++) {
        atomic_fetch_add(&turns, 1);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

static void leave_turns_for_others(void)
{
    weft_task others[3];
    atomic_store(&turns, 0);
    for (int i = 0; i < 3; i++)
        others[i] = weft_spawn_joinable(weft_runtime_scope(rt), third);
    for (int i = 0; i < 3; i++)
        assert_int_equal(weft_task_join_blocking(&others[i], WEFT_FOREVER, NULL), 0);
    assert_int_equal(atomic_load(&turns), 300);
}

/* scenario 4, known bug 84 */
static void ping_pong_leaves_turns_for_others(void **state)
{
    (void)state;
    create(1);
    atomic_store(&enough, 0);
    weft_task tasks[2];
    for (int i = 0; i < 2; i++) {
        tasks[i] = weft_spawn_joinable(weft_runtime_scope(rt), pinger, .number = i);
        pingers[i] = (weft_waker){tasks[i]}; /* a wake through a handle not written yet is a wake of nobody */
    }
    for (int i = 0; i < 2; i++)
        weft_wake(pingers[i]);
    for (int round = 0; round < 10; round++)
        leave_turns_for_others();
    atomic_store(&enough, 1);
    for (int i = 0; i < 2; i++) {
        weft_wake(pingers[i]);
        assert_int_equal(weft_task_join_blocking(&tasks[i], WEFT_FOREVER, NULL), 0);
    }
    finish();
}

/* A task that begins another and joins it, over and over: each poll begins or ends something, and others have turns all the same. */
struct descent {
    weft_frame weft;
    weft_task child[2];
};

static weft_poll descent(weft_context *cx, struct descent *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(&enough)) {
        for (int i = 0; i < 2; i++)
            self->child[i] = weft_spawn_joinable(weft_runtime_scope(rt), starter);
        WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->child[0], NULL)); /* the ring's newest */
        WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->child[1], NULL)); /* it was in the next slot */
    }
    WEFT_END(0);
}

static void descents_leave_turns_for_others(void **state)
{
    (void)state;
    create(1);
    atomic_store(&enough, 0);
    assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), descent)), 0);
    for (int round = 0; round < 10; round++)
        leave_turns_for_others();
    atomic_store(&enough, 1);
    finish();
}

struct self_waker {
    weft_frame weft;
    bool yields;
};

static weft_poll self_waker(weft_context *cx, struct self_waker *self)
{
    if (self->yields && weft_yield(cx) == WEFT_AWAITING)
        return WEFT_PENDING;
    weft_wake(weft_context_waker(cx));
    return atomic_load(&enough) ? WEFT_READY : WEFT_PENDING;
}

/* scenario 3, known bug 88 */
static void self_wakers_leave_turns_for_others(void **state)
{
    (void)state;
    create(1);
    atomic_store(&enough, 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), self_waker, .yields = i % 2)), 0);
    for (int round = 0; round < 10; round++)
        leave_turns_for_others();
    atomic_store(&enough, 1);
    finish();
}

/* A ring that is never empty leaves turns for the shared queue. */
struct spinner {
    weft_frame weft;
};

static weft_poll spinner(weft_context *cx, struct spinner *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(&enough))
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

/* known bug 86 */
static void full_ring_leaves_turns_for_the_shared_queue(void **state)
{
    (void)state;
    create(1);
    atomic_store(&enough, 0);
    for (int i = 0; i < 400; i++)
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), spinner)), 0);
    leave_turns_for_others();
    atomic_store(&enough, 1);
    finish();
}

/* A task whose operations are always ready is made to yield by its budget. */
struct greedy {
    weft_frame weft;
    weft_sender out;
    weft_receiver in;
    int value;
};

static weft_poll greedy(weft_context *cx, struct greedy *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(&enough)) {
        WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &self->out, &self->value));
        WEFT_AWAIT(self->weft.rc, weft_channel_recv(cx, &self->in, &self->value));
    }
    weft_sender_close(&self->out);
    weft_receiver_close(&self->in);
    WEFT_END(0);
}

static void task_that_never_waits_is_made_to_yield(void **state)
{
    (void)state;
    create(1);
    atomic_store(&enough, 0);
    weft_sender out;
    weft_receiver in;
    assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 4), sizeof(int), &out, &in), 0);
    assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), greedy, .out = out, .in = in)), 0);
    leave_turns_for_others();
    atomic_store(&enough, 1);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stuck_worker_loses_the_task_in_its_next_slot),
        cmocka_unit_test(stuck_worker_loses_its_ring),
        cmocka_unit_test(spawns_beside_a_stuck_worker_start_one_by_one),
        cmocka_unit_test(spawns_that_wait_for_each_other_meet),
        cmocka_unit_test(ping_pong_leaves_turns_for_others),
        cmocka_unit_test(descents_leave_turns_for_others),
        cmocka_unit_test(self_wakers_leave_turns_for_others),
        cmocka_unit_test(full_ring_leaves_turns_for_the_shared_queue),
        cmocka_unit_test(task_that_never_waits_is_made_to_yield),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
