/* SPDX-License-Identifier: MIT */
/* Sending: order, the full channel, places and permits, waiting senders. One test a line of docs/conformance.md. */
#include "lib/runtime.h"

/* Keep the only worker busy, so that what is woken stays in its queue. */
static void hold(struct latch *entered, struct latch *leave)
{
    assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), plug, .entered = entered, .leave = leave)), 0);
    latch_wait(entered, 1);
}

/* One number, one sender: the result is stored, the handle closed. */
static weft_task push_one(numbers_sender *from, uint64_t number, atomic_int *rc, atomic_uint *done)
{
    numbers_sender out;
    assert_int_equal(numbers_sender_clone(from, &out), 0);
    atomic_store(rc, 99);
    const weft_task task =
        weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .from = number, .count = 1, .rc = rc, .done = done);
    assert_int_equal(weft_task_error(task), 0);
    return task;
}

/* MPSC-01 */
static void send_by_one_sender_arrives_in_order(void **state)
{
    (void)state;
    for (size_t capacity = 1; capacity <= 9; capacity++) {
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, capacity, WEFT_WAIT, &out, &in);
        assert_int_equal(
            weft_task_error(weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .from = 100, .count = 500)), 0);
        uint64_t got;
        for (uint64_t i = 0; i < 500; i++) {
            assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
            assert_int_equal(got, 100 + i);
        }
        assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EPIPE);
        const weft_channel_stats stats = world_stats(&in);
        assert_int_equal(stats.sent, 500);
        assert_int_equal(stats.received, 500);
        assert_true(stats.depth_max <= capacity);
        assert_true(stats.closed);
        numbers_receiver_close(&in);
    }
}

/* MPSC-01 scenario 25 */
static void send_by_many_senders_keeps_each_ones_order(void **state)
{
    (void)state;
    enum { SENDERS = 7, EACH = 300 };
    weft_runtime *four = world_begin(4);
    numbers_sender out;
    numbers_receiver in;
    world_channel(four, 3, WEFT_WAIT, &out, &in);
    for (uint64_t i = 0; i < SENDERS; i++) {
        numbers_sender mine;
        assert_int_equal(numbers_sender_clone(&out, &mine), 0);
        assert_int_equal(
            weft_task_error(weft_spawn(weft_runtime_scope(four), pusher, .out = mine, .from = i * 1000, .count = EACH)),
            0);
    }
    numbers_sender_close(&out);
    uint64_t next[SENDERS] = {0};
    uint64_t got, total = 0;
    int rc;
    while ((rc = numbers_recv_blocking(&in, &got, WEFT_FOREVER)) == 0) {
        assert_true(got / 1000 < SENDERS);
        assert_int_equal(got % 1000, next[got / 1000]++);
        total++;
    }
    assert_int_equal(rc, WEFT_EPIPE);
    assert_int_equal(total, SENDERS * EACH);
    numbers_receiver_close(&in);
    world_end(four, SENDERS);
}

/* MPSC-03 */
static void try_send_when_full_is_refused_and_leaves_the_value(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(numbers_try_send(&out, 2), 0);
    uint64_t value = 3;
    assert_int_equal(weft_channel_try_send(&out.weft, &value), WEFT_EAGAIN);
    assert_int_equal(value, 3);
    assert_int_equal(world_stats(&in).failed, 1);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(got, 1);
    assert_int_equal(weft_channel_try_send(&out.weft, &value), 0);
    numbers_receiver_close(&in);
    assert_int_equal(weft_channel_try_send(&out.weft, &value), WEFT_EPIPE);
    assert_int_equal(value, 3);
    numbers_sender_close(&out);
}

/* MPSC-03 */
static void send_when_full_waits_until_there_is_room(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    atomic_int rc;
    push_one(&out, 2, &rc, NULL);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
    assert_int_equal(atomic_load(&rc), 99);
    const weft_channel_stats stats = world_stats(&in);
    assert_int_equal(stats.depth, 1);
    assert_int_equal(stats.waits, 1);
    assert_true(stats.wait_longest_ns >= 0);
    uint64_t got;
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
    assert_int_equal(got, 1);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
    assert_int_equal(got, 2);
    WORLD_UNTIL(atomic_load(&rc) != 99);
    assert_int_equal(atomic_load(&rc), 0);
    assert_int_equal(world_stats(&in).wait_longest_ns, -1);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_settle(rt);
}

/* MPSC-04 MPSC-07 */
static void place_comes_back_by_receive_or_release_only(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 3, WEFT_WAIT, &out, &in);
    numbers_permit permit[3], none;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(numbers_try_reserve(&out, &permit[i]), 0);
        const weft_channel_stats stats = world_stats(&in);
        assert_int_equal(stats.reserved, i + 1);
        assert_int_equal(stats.depth, 0);
        assert_int_equal(stats.capacity, 3);
    }
    assert_int_equal(numbers_try_reserve(&out, &none), WEFT_EAGAIN);
    assert_int_equal(numbers_try_send(&out, 9), WEFT_EAGAIN);
    numbers_permit_release(&permit[0]);
    assert_int_equal(world_stats(&in).reserved, 2);
    assert_int_equal(numbers_permit_send(&permit[1], 7), 0); /* used: the place is still taken, by the message */
    assert_int_equal(world_stats(&in).reserved, 1);
    assert_int_equal(world_stats(&in).depth, 1);
    assert_int_equal(numbers_try_send(&out, 8), 0);
    assert_int_equal(numbers_try_send(&out, 9), WEFT_EAGAIN);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(got, 7);
    assert_int_equal(numbers_try_send(&out, 9), 0);
    numbers_permit_release(&permit[2]);
    assert_int_equal(numbers_try_send(&out, 10), 0);
    for (uint64_t expected = 8; expected <= 10; expected++) {
        assert_int_equal(numbers_try_recv(&in, &got), 0);
        assert_int_equal(got, expected);
    }
    assert_int_equal(world_stats(&in).depth + world_stats(&in).reserved, 0);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
}

/* MPSC-05 scenario 23 */
static void waiting_senders_are_served_in_order_of_arrival(void **state)
{
    (void)state;
    enum { WAITERS = 20 };
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_try_send(&out, 0), 0);
    atomic_int rc[WAITERS];
    for (unsigned i = 0; i < WAITERS; i++) {
        push_one(&out, i + 1, &rc[i], NULL);
        WORLD_UNTIL(world_stats(&in).senders_waiting == i + 1);
    }
    uint64_t got;
    for (uint64_t i = 0; i <= WAITERS; i++) {
        assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
        assert_int_equal(got, i);
    }
    numbers_sender_close(&out);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EPIPE);
    numbers_receiver_close(&in);
    world_settle(rt);
}

/* MPSC-05: the place that a receive frees belongs to the first waiter, even before that one has run. */
static void newcomer_does_not_pass_a_waiting_sender(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(numbers_try_send(&out, 2), 0);
    atomic_int rc;
    push_one(&out, 3, &rc, NULL);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
    struct latch entered = LATCH, leave = LATCH;
    hold(&entered, &leave);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(world_stats(&in).reserved, 1); /* granted; it has not run */
    assert_int_equal(numbers_try_send(&out, 4), WEFT_EAGAIN);
    assert_int_equal(numbers_send_blocking(&out, 4, 0), WEFT_ETIMEDOUT);
    numbers_permit permit;
    assert_int_equal(numbers_try_reserve(&out, &permit), WEFT_EAGAIN);
    latch_up(&leave);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
    assert_int_equal(got, 2);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
    assert_int_equal(got, 3);
    numbers_sender_close(&out);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EPIPE);
    numbers_receiver_close(&in);
    world_settle(rt);
}

/* MPSC-06 MPSC-35, known bug 57 */
static void cancelled_waiting_send_lets_the_next_go_on(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    atomic_int first_rc, second_rc;
    const weft_task first = push_one(&out, 2, &first_rc, NULL);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
    push_one(&out, 3, &second_rc, NULL);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 2);
    assert_int_equal(weft_task_cancel(first), 0);
    WORLD_UNTIL(atomic_load(&first_rc) != 99);
    assert_int_equal(atomic_load(&first_rc), WEFT_ECANCELED);
    assert_int_equal(atomic_load(&second_rc), 99); /* the full channel is as full as before */
    assert_int_equal(world_stats(&in).senders_waiting, 1);
    uint64_t got;
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
    assert_int_equal(got, 1);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
    assert_int_equal(got, 3);
    numbers_sender_close(&out);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EPIPE);
    numbers_receiver_close(&in);
    world_settle(rt);
}

/* MPSC-06, known bug 57: the claim was granted already when the cancellation came; it is handed to the next. */
static void cancelled_granted_send_hands_its_place_on(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    atomic_int first_rc, second_rc;
    const weft_task first = push_one(&out, 2, &first_rc, NULL);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
    push_one(&out, 3, &second_rc, NULL);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 2);
    struct latch entered = LATCH, leave = LATCH;
    hold(&entered, &leave);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(world_stats(&in).senders_waiting, 1);
    assert_int_equal(weft_task_cancel(first), 0);
    latch_up(&leave);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
    assert_int_equal(got, 3);
    world_settle(rt);
    assert_int_equal(atomic_load(&first_rc), WEFT_ECANCELED);
    assert_int_equal(atomic_load(&second_rc), 0);
    const weft_channel_stats stats = world_stats(&in);
    assert_int_equal(stats.reserved + stats.depth + stats.senders_waiting, 0);
    assert_int_equal(stats.sent, 2);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
}

struct holder {
    weft_frame weft;
    numbers_sender out;
    numbers_permit permit;
    uint64_t number;
    atomic_int *rc;
    bool release;
};

static weft_poll holder(weft_context *cx, struct holder *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, numbers_reserve(cx, &self->out, &self->permit));
    if (self->weft.rc == 0 && self->release)
        numbers_permit_release(&self->permit);
    else if (self->weft.rc == 0)
        self->weft.rc = numbers_permit_send(&self->permit, self->number);
    numbers_sender_close(&self->out);
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

static weft_task hold_one(numbers_sender *from, uint64_t number, bool release, atomic_int *rc)
{
    numbers_sender out;
    assert_int_equal(numbers_sender_clone(from, &out), 0);
    atomic_store(rc, 99);
    const weft_task task = weft_spawn(weft_runtime_scope(rt), holder, .out = out, .number = number, .rc = rc,
                                      .release = release);
    assert_int_equal(weft_task_error(task), 0);
    return task;
}

/* MPSC-07 */
static void reserve_with_one_permit_out_waits_until_it_is_used_or_released(void **state)
{
    (void)state;
    for (int use = 0; use < 2; use++) {
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, 1, WEFT_WAIT, &out, &in);
        numbers_permit permit;
        assert_int_equal(numbers_try_reserve(&out, &permit), 0);
        atomic_int rc;
        hold_one(&out, 2, false, &rc);
        WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
        uint64_t got;
        assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
        if (use) {
            assert_int_equal(numbers_permit_send(&permit, 1), 0);
            assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
            assert_int_equal(got, 1);
        } else {
            numbers_permit_release(&permit);
        }
        assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
        assert_int_equal(got, 2);
        world_settle(rt);
        assert_int_equal(atomic_load(&rc), 0);
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
    }
}

/* MPSC-06 MPSC-35, known bug 57 */
static void cancelled_reserve_hands_its_claim_to_the_next(void **state)
{
    (void)state;
    for (int granted = 0; granted < 2; granted++) {
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, 1, WEFT_WAIT, &out, &in);
        assert_int_equal(numbers_try_send(&out, 1), 0);
        atomic_int first_rc, second_rc;
        const weft_task first = hold_one(&out, 2, true, &first_rc);
        WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
        hold_one(&out, 3, false, &second_rc);
        WORLD_UNTIL(world_stats(&in).senders_waiting == 2);
        struct latch entered = LATCH, leave = LATCH;
        hold(&entered, &leave);
        uint64_t got;
        if (granted)
            assert_int_equal(numbers_try_recv(&in, &got), 0);
        assert_int_equal(weft_task_cancel(first), 0);
        latch_up(&leave);
        if (!granted)
            assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
        assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
        assert_int_equal(got, 3);
        world_settle(rt);
        assert_int_equal(atomic_load(&first_rc), WEFT_ECANCELED);
        assert_int_equal(atomic_load(&second_rc), 0);
        assert_int_equal(world_stats(&in).reserved, 0);
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
    }
}

/* An operation that was begun and not awaited again is given up when the task begins another, or ends. */
struct fickle {
    weft_frame weft;
    numbers_sender out;
    numbers_sender other;
    numbers_permit permit;
    atomic_int *began;
    atomic_uint *leave;
    uint64_t number;
};

static weft_poll fickle(weft_context *cx, struct fickle *self)
{
    if (self->number == 0) {
        self->number = 1;
        atomic_store(self->began, numbers_send(cx, &self->out, 77));
        return WEFT_PENDING;
    }
    if (!atomic_load(self->leave))
        return WEFT_PENDING;
    if (self->number == 1) /* turns to another channel: the first one's queue forgets it */
        atomic_store(self->began, numbers_send(cx, &self->other, 78));
    numbers_sender_close(&self->out);
    numbers_sender_close(&self->other);
    cx->weft__result = 0;
    return WEFT_READY;
}

/* known bug 70 */
static void send_that_is_not_awaited_again_is_given_up(void **state)
{
    (void)state;
    numbers_sender out, other, mine, second;
    numbers_receiver in, other_in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    world_channel(rt, 1, WEFT_WAIT, &other, &other_in);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(numbers_sender_clone(&out, &mine), 0);
    assert_int_equal(numbers_sender_clone(&other, &second), 0);
    atomic_int began = 99;
    atomic_uint leave = 0;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), fickle, .out = mine, .other = second, .began = &began,
                                      .leave = &leave);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
    atomic_store(&leave, 1);
    weft_wake((weft_waker){task});
    world_settle(rt);
    assert_int_equal(atomic_load(&began), 0);
    const weft_channel_stats stats = world_stats(&in);
    assert_int_equal(stats.senders_waiting + stats.reserved, 0);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN); /* 77 was never sent */
    assert_int_equal(numbers_try_recv(&other_in, &got), 0);
    assert_int_equal(got, 78);
    numbers_sender_close(&out);
    numbers_sender_close(&other);
    numbers_receiver_close(&in);
    numbers_receiver_close(&other_in);
}

struct thread_sender {
    numbers_sender out;
    uint64_t from;
    uint64_t count;
    int64_t deadline;
    int rc;
};

static void *send_thread(void *argument)
{
    struct thread_sender *self = argument;
    for (uint64_t i = 0; i < self->count && self->rc == 0; i++)
        self->rc = numbers_send_blocking(&self->out, self->from + i, self->deadline);
    numbers_sender_close(&self->out);
    return NULL;
}

/* MPSC-32 MPSC-05 */
static void send_blocking_waits_in_turn_with_tasks(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    atomic_int rc;
    push_one(&out, 2, &rc, NULL);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
    struct thread_sender sender = {.from = 3, .count = 1, .deadline = WEFT_FOREVER};
    assert_int_equal(numbers_sender_clone(&out, &sender.out), 0);
    pthread_t thread;
    world_thread(&thread, send_thread, &sender);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 2);
    uint64_t got;
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
        assert_int_equal(got, i);
    }
    pthread_join(thread, NULL);
    assert_int_equal(sender.rc, 0);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_settle(rt);
}

/* MPSC-31 */
static void send_blocking_that_timed_out_leaves_no_claim(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    const int64_t deadlines[] = {INT64_MIN, -1, 0, 1, weft_clock(), weft_deadline_in(1000000)};
    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++)
        assert_int_equal(numbers_send_blocking(&out, 2, deadlines[i]), WEFT_ETIMEDOUT);
    const weft_channel_stats stats = world_stats(&in);
    assert_int_equal(stats.senders_waiting + stats.reserved, 0);
    assert_int_equal(stats.failed, 6);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(numbers_send_blocking(&out, 3, 0), 0); /* room: the deadline does not matter */
    numbers_receiver_close(&in);
    assert_int_equal(numbers_send_blocking(&out, 4, 0), WEFT_EPIPE);
    numbers_sender_close(&out);
}

/* The policies at a full channel, for each form of send; and the books. */
static void overflow_does_what_its_policy_says(void **state)
{
    (void)state;
    const weft_overflow policies[] = {WEFT_FAIL, WEFT_DROP_NEWEST, WEFT_DROP_OLDEST};
    for (size_t p = 0; p < 3; p++) {
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, 2, policies[p], &out, &in);
        assert_int_equal(numbers_try_send(&out, 1), 0);
        assert_int_equal(numbers_send_blocking(&out, 2, 0), 0);
        const int expected = policies[p] == WEFT_FAIL ? WEFT_EAGAIN : 1;
        assert_int_equal(numbers_try_send(&out, 3), expected);
        assert_int_equal(numbers_send_blocking(&out, 4, WEFT_FOREVER), expected);
        atomic_int rc;
        push_one(&out, 5, &rc, NULL);
        world_settle(rt);
        assert_int_equal(atomic_load(&rc), expected);
        atomic_int reserve_rc;
        hold_one(&out, 6, true, &reserve_rc);
        world_settle(rt);
        assert_int_equal(atomic_load(&reserve_rc), WEFT_EAGAIN);
        const weft_channel_stats stats = world_stats(&in);
        assert_int_equal(stats.sent, stats.received + stats.depth + (policies[p] == WEFT_DROP_OLDEST ? stats.dropped : 0));
        assert_int_equal(stats.dropped, policies[p] == WEFT_FAIL ? 0 : 3);
        uint64_t got;
        for (uint64_t i = 0; i < 2; i++) {
            assert_int_equal(numbers_try_recv(&in, &got), 0);
            assert_int_equal(got, policies[p] == WEFT_DROP_OLDEST ? 4 + i : 1 + i);
        }
        assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
    }
}

/* With every place reserved a channel that drops the oldest has no message to drop but the new one. */
static void drop_oldest_with_all_places_reserved_drops_the_newest(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_DROP_OLDEST, &out, &in);
    numbers_permit permit;
    assert_int_equal(numbers_try_reserve(&out, &permit), 0);
    assert_int_equal(numbers_try_send(&out, 1), 1);
    assert_int_equal(numbers_permit_send(&permit, 2), 0);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(got, 2);
    assert_int_equal(world_stats(&in).dropped, 1);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
}

/* known bug 81: messages of every size class of slots survive the copy, at both ends of the ring. */
static void send_copies_messages_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 63, 64, 100, 4096, 65537};
    static unsigned char message[65537], got[65537];
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        weft_sender out;
        weft_receiver in;
        assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 3), sizes[s], &out, &in), 0);
        for (unsigned round = 0; round < 10; round++) {
            memset(message, (int)round + 1, sizes[s]);
            message[sizes[s] - 1] = 0xEE;
            assert_int_equal(weft_channel_try_send(&out, message), 0);
            memset(got, 0, sizeof got);
            assert_int_equal(weft_channel_try_recv(&in, got), 0);
            assert_memory_equal(message, got, sizes[s]);
            if (sizes[s] < sizeof got)
                assert_int_equal(got[sizes[s]], 0);
        }
        weft_sender_close(&out);
        weft_receiver_close(&in);
    }
}

/* MPSC-30 MPSC-29, known bug 59 */
static void depth_after_a_send_is_seen_by_others_and_never_negative(void **state)
{
    (void)state;
    enum { MESSAGES = 33 };
    for (uint64_t count = 0; count <= MESSAGES; count += count < 2 ? 1 : 31) {
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, MESSAGES, WEFT_WAIT, &out, &in);
        struct thread_sender sender = {.from = 0, .count = count, .deadline = WEFT_FOREVER};
        assert_int_equal(numbers_sender_clone(&out, &sender.out), 0);
        pthread_t thread;
        world_thread(&thread, send_thread, &sender);
        numbers_sender_close(&out);
        uint64_t got, received = 0;
        int rc;
        while ((rc = numbers_recv_blocking(&in, &got, WEFT_FOREVER)) == 0) {
            received++;
            const weft_channel_stats stats = world_stats(&in);
            assert_true(stats.depth <= count - received); /* the end is no message */
            assert_true(stats.sent >= stats.received);
        }
        pthread_join(thread, NULL);
        assert_int_equal(rc, WEFT_EPIPE);
        assert_int_equal(received, count);
        assert_int_equal(world_stats(&in).depth, 0);
        numbers_receiver_close(&in);
    }
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send_by_one_sender_arrives_in_order),
        cmocka_unit_test(send_by_many_senders_keeps_each_ones_order),
        cmocka_unit_test(try_send_when_full_is_refused_and_leaves_the_value),
        cmocka_unit_test(send_when_full_waits_until_there_is_room),
        cmocka_unit_test(place_comes_back_by_receive_or_release_only),
        cmocka_unit_test(waiting_senders_are_served_in_order_of_arrival),
        cmocka_unit_test(newcomer_does_not_pass_a_waiting_sender),
        cmocka_unit_test(cancelled_waiting_send_lets_the_next_go_on),
        cmocka_unit_test(cancelled_granted_send_hands_its_place_on),
        cmocka_unit_test(reserve_with_one_permit_out_waits_until_it_is_used_or_released),
        cmocka_unit_test(cancelled_reserve_hands_its_claim_to_the_next),
        cmocka_unit_test(send_that_is_not_awaited_again_is_given_up),
        cmocka_unit_test(send_blocking_waits_in_turn_with_tasks),
        cmocka_unit_test(send_blocking_that_timed_out_leaves_no_claim),
        cmocka_unit_test(overflow_does_what_its_policy_says),
        cmocka_unit_test(drop_oldest_with_all_places_reserved_drops_the_newest),
        cmocka_unit_test(send_copies_messages_of_any_size),
        cmocka_unit_test(depth_after_a_send_is_seen_by_others_and_never_negative),
    };
    return cmocka_run_group_tests(tests, runtime_of_one, runtime_end);
}
