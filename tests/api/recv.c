/* SPDX-License-Identifier: MIT */
/* Receiving, and the ends of a channel: stop, close, the last sender. */
#include "lib/runtime.h"

static weft_task pull(numbers_receiver in, atomic_ullong *count, atomic_int *rc)
{
    atomic_store(rc, 99);
    atomic_store(count, 0);
    const weft_task task = weft_spawn(weft_runtime_scope(rt), puller, .in = in, .count = count, .rc = rc);
    assert_int_equal(weft_task_error(task), 0);
    return task;
}

/* MPSC-22 scenario 26 */
static void try_recv_tells_empty_from_ended(void **state)
{
    (void)state;
    numbers_sender out, second;
    numbers_receiver in;
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_sender_clone(&out, &second), 0);
    uint64_t got = 42;
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
    assert_int_equal(got, 42);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    numbers_sender_close(&out);
    numbers_permit permit;
    assert_int_equal(numbers_try_reserve(&second, &permit), 0);
    numbers_sender_close(&second);
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN); /* a permit lives */
    assert_int_equal(numbers_permit_send(&permit, 2), 0);
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(got, 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(numbers_try_recv(&in, &got), WEFT_EPIPE);
    numbers_receiver_close(&in);
}

/* MPSC-23 MPSC-17, known bug 60 */
static void try_recv_after_stop_waits_for_permits_only(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    numbers_permit used, released, none;
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(numbers_try_reserve(&out, &used), 0);
    assert_int_equal(numbers_try_reserve(&out, &released), 0);
    numbers_receiver_stop(&in);
    numbers_receiver_stop(&in); /* again does nothing */
    assert_int_equal(numbers_try_send(&out, 9), WEFT_EPIPE);
    assert_int_equal(numbers_send_blocking(&out, 9, WEFT_FOREVER), WEFT_EPIPE);
    assert_int_equal(numbers_try_reserve(&out, &none), WEFT_EPIPE);
    assert_true(world_stats(&in).closed);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(got, 1);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
    assert_int_equal(numbers_permit_send(&used, 2), 0);
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(got, 2);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
    numbers_permit_release(&released);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EPIPE); /* though a sender is open */
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
}

enum { PERMIT_USED, PERMIT_RELEASED, RESERVE_FAILED, LAST_SENDER, RESERVE_CANCELLED, IDLE_WAYS };

struct waiter_task {
    weft_frame weft;
    numbers_sender out;
    numbers_permit permit;
    atomic_int *rc;
};

static weft_poll waiter_task(weft_context *cx, struct waiter_task *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, numbers_reserve(cx, &self->out, &self->permit));
    if (self->weft.rc == 0)
        numbers_permit_release(&self->permit);
    numbers_sender_close(&self->out);
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

/* A receiver that stops itself and then waits for the end. */
struct stopper {
    weft_frame weft;
    numbers_receiver in;
    uint64_t got;
    atomic_int *rc;
    atomic_uint *stopped;
    unsigned received;
    atomic_uint *count;
};

static weft_poll stopper(weft_context *cx, struct stopper *self)
{
    WEFT_BEGIN(cx, self);
    numbers_receiver_stop(&self->in);
    atomic_store(self->stopped, 1);
    do {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->got));
        if (self->weft.rc == 0)
            atomic_fetch_add(self->count, 1);
    } while (self->weft.rc == 0);
    numbers_receiver_close(&self->in);
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

/* MPSC-17 MPSC-18 MPSC-19, known bug 56 */
static void stopped_receiver_that_waits_is_woken_when_the_last_place_is_settled(void **state)
{
    (void)state;
    for (int how = 0; how < IDLE_WAYS; how++) {
        numbers_sender out, waiting;
        numbers_receiver in;
        world_channel(rt, 1, WEFT_WAIT, &out, &in);
        numbers_permit permit;
        assert_int_equal(numbers_try_reserve(&out, &permit), 0);
        atomic_int waiter_rc = 99;
        weft_task waiter = {0};
        if (how == RESERVE_FAILED || how == RESERVE_CANCELLED) {
            assert_int_equal(numbers_sender_clone(&out, &waiting), 0);
            waiter = weft_spawn(weft_runtime_scope(rt), waiter_task, .out = waiting, .rc = &waiter_rc);
            WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
        }
        atomic_int rc = 99;
        atomic_uint stopped = 0, count = 0;
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), stopper, .in = in, .rc = &rc,
                                                    .stopped = &stopped, .count = &count)),
                         0);
        WORLD_UNTIL(world_sender_stats(&out).receiver_waiting);
        assert_int_equal(atomic_load(&rc), 99); /* a permit is out */
        if (how == RESERVE_CANCELLED)
            weft_task_cancel(waiter); /* refused by the stop, or cancelled: it is out of the way */
        if (how == PERMIT_USED)
            assert_int_equal(numbers_permit_send(&permit, 5), 0);
        if (how == LAST_SENDER)
            numbers_sender_close(&out);
        if (how != PERMIT_USED)
            numbers_permit_release(&permit);
        WORLD_UNTIL(atomic_load(&rc) != 99);
        assert_int_equal(atomic_load(&rc), WEFT_EPIPE);
        assert_int_equal(atomic_load(&count), how == PERMIT_USED ? 1 : 0);
        numbers_sender_close(&out);
        world_settle(rt);
        if (how == RESERVE_FAILED)
            assert_int_equal(atomic_load(&waiter_rc), WEFT_EPIPE);
    }
}

/*
 * MPSC-19, known bug 55: the cancelled waiter had been granted the last place; giving it back is what the end was
 * waiting for.
 */
static void cancelled_granted_reserve_wakes_the_stopped_receiver(void **state)
{
    (void)state;
    weft_runtime *one = world_begin(1);
    numbers_sender out, waiting;
    numbers_receiver in;
    world_channel(one, 1, WEFT_WAIT, &out, &in);
    numbers_permit permit;
    assert_int_equal(numbers_try_reserve(&out, &permit), 0);
    assert_int_equal(numbers_sender_clone(&out, &waiting), 0);
    atomic_int waiter_rc = 99;
    const weft_task waiter = weft_spawn(weft_runtime_scope(one), waiter_task, .out = waiting, .rc = &waiter_rc);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
    struct latch entered = LATCH, leave = LATCH;
    assert_int_equal(
        weft_task_error(weft_spawn(weft_runtime_scope(one), plug, .entered = &entered, .leave = &leave)), 0);
    latch_wait(&entered, 1);
    numbers_permit_release(&permit); /* grants the waiter, who has not run */
    assert_int_equal(world_stats(&in).reserved, 1);
    numbers_receiver_stop(&in);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
    assert_int_equal(weft_task_cancel(waiter), 0);
    latch_up(&leave);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EPIPE);
    world_settle(one);
    assert_int_equal(atomic_load(&waiter_rc), WEFT_ECANCELED);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(one, 2);
}

static atomic_uint dropped;
static void count_drop(void *message, void *context)
{
    (void)message;
    assert_ptr_equal(context, &dropped); /* the closer is the test's own thread */
    atomic_fetch_add(&dropped, 1);
}

/* MPSC-20 MPSC-34 WEAK-04, known bug 64 */
static void close_of_the_receiver_drops_unread_messages_then_and_there(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 5, .drop = count_drop, .drop_context = &dropped),
                                    &out, &in),
                     0);
    atomic_store(&dropped, 0);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(numbers_try_send(&out, i), 0);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    numbers_permit permit;
    assert_int_equal(numbers_try_reserve(&out, &permit), 0);
    numbers_receiver_close(&in);
    assert_int_equal(atomic_load(&dropped), 4);
    numbers_receiver_close(&in); /* again does nothing */
    uint64_t value = 9;
    assert_int_equal(weft_channel_try_send(&out.weft, &value), WEFT_EPIPE);
    assert_int_equal(weft_permit_send(&permit.weft, &value), WEFT_EPIPE);
    assert_int_equal(value, 9);
    const weft_channel_stats stats = world_sender_stats(&out);
    assert_int_equal(stats.dropped, 4);
    assert_int_equal(stats.received, 1);
    assert_int_equal(stats.depth + stats.reserved, 0);
    numbers_sender_close(&out);
    numbers_sender_close(&out); /* again does nothing */
    assert_int_equal(atomic_load(&dropped), 4);
}

/* MPSC-20 scenario 30: those who wait for room are told, each once, and keep their message. */
static void close_of_the_receiver_refuses_waiting_senders(void **state)
{
    (void)state;
    enum { WAITERS = 70 }; /* more than one round of wakes */
    for (int stop = 0; stop < 2; stop++) {
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, 1, WEFT_WAIT, &out, &in);
        assert_int_equal(numbers_try_send(&out, 1), 0);
        atomic_int rc[WAITERS];
        atomic_uint done = 0;
        for (unsigned i = 0; i < WAITERS; i++) {
            numbers_sender mine;
            assert_int_equal(numbers_sender_clone(&out, &mine), 0);
            weft_spawn(weft_runtime_scope(rt), pusher, .out = mine, .from = i, .count = 1, .rc = &rc[i], .done = &done);
        }
        WORLD_UNTIL(world_stats(&in).senders_waiting == WAITERS);
        uint64_t got;
        if (stop) {
            numbers_receiver_stop(&in);
            assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
            assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EPIPE);
        }
        numbers_receiver_close(&in);
        WORLD_UNTIL(atomic_load(&done) == WAITERS);
        for (unsigned i = 0; i < WAITERS; i++)
            assert_int_equal(atomic_load(&rc[i]), WEFT_EPIPE);
        const weft_channel_stats stats = world_sender_stats(&out);
        assert_int_equal(stats.failed, WAITERS);
        assert_int_equal(stats.sent, 1);
        numbers_sender_close(&out);
        world_settle(rt);
    }
}

/* MPSC-25 MPSC-35, known bug 28 */
static void cancelled_recv_loses_nothing_and_leaves_no_trace(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    atomic_ullong count;
    atomic_int rc;
    const weft_task task = pull(in, &count, &rc);
    WORLD_UNTIL(world_sender_stats(&out).receiver_waiting);
    assert_int_equal(weft_task_cancel(task), 0);
    WORLD_UNTIL(atomic_load(&rc) != 99);
    assert_int_equal(atomic_load(&rc), WEFT_ECANCELED);
    assert_false(world_sender_stats(&out).receiver_waiting); /* and it has closed the receiver */
    assert_int_equal(numbers_try_send(&out, 1), WEFT_EPIPE);
    numbers_sender_close(&out);
    world_settle(rt);
}

struct one_recv {
    weft_frame weft;
    numbers_receiver *in; /* shared with the test, which uses it only when this task has ended */
    uint64_t got;
    atomic_int *rc;
};

static weft_poll one_recv(weft_context *cx, struct one_recv *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, numbers_recv(cx, self->in, &self->got));
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

/*
 * MPSC-35, known bug 72: cancelled at every moment relative to the send, a message is received by the task or is
 * still there.
 */
static void recv_cancelled_while_a_message_comes_keeps_the_message(void **state)
{
    (void)state;
    uint64_t random = world_seed();
    for (int round = 0; round < (WORLD_TSAN ? 300 : 2000); round++) {
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, 1, WEFT_WAIT, &out, &in);
        atomic_int rc = 99;
        const weft_task task = weft_spawn(weft_runtime_scope(rt), one_recv, .in = &in, .rc = &rc);
        for (uint32_t spin = world_random(&random, 200); spin > 0; spin--)
            atomic_load(&rc);
        if (round % 2)
            weft_task_cancel(task);
        assert_int_equal(numbers_try_send(&out, 7), 0);
        if (!(round % 2))
            weft_task_cancel(task);
        WORLD_UNTIL(atomic_load(&rc) != 99);
        uint64_t got = 0;
        if (atomic_load(&rc) == WEFT_ECANCELED) {
            assert_int_equal(numbers_try_recv(&in, &got), 0);
            assert_int_equal(got, 7);
        } else {
            assert_int_equal(atomic_load(&rc), 0);
            assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
        }
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
    }
    world_settle(rt);
}

/* MPSC-26 */
static void recv_many_takes_what_is_there_in_order(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 8, WEFT_WAIT, &out, &in);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(numbers_try_send(&out, i), 0);
    uint64_t got[9] = {[8] = 77};
    assert_int_equal(numbers_recv_many_blocking(&in, got, 3, WEFT_FOREVER), 3);
    assert_int_equal(numbers_recv_many_blocking(&in, got + 3, 5, WEFT_FOREVER), 2);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(got[i], i);
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(numbers_try_send(&out, 10 + i), 0);
    assert_int_equal(numbers_recv_many_blocking(&in, got, SIZE_MAX, WEFT_FOREVER), 8); /* across the ring's end */
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(got[i], 10 + i);
    assert_int_equal(got[8], 77);
    assert_int_equal(numbers_recv_many_blocking(&in, got, 4, 0), WEFT_ETIMEDOUT);
    numbers_sender_close(&out);
    assert_int_equal(numbers_recv_many_blocking(&in, got, 4, WEFT_FOREVER), WEFT_EPIPE);
    numbers_receiver_close(&in);
}

struct batcher {
    weft_frame weft;
    numbers_receiver in;
    uint64_t got[4];
    atomic_ullong *sum;
    atomic_ullong *count;
    atomic_int *rc;
    atomic_uint *zeros;
};

static weft_poll batcher(weft_context *cx, struct batcher *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv_many(cx, &self->in, self->got, 0));
        if (self->weft.rc != 0)
            break;
        atomic_fetch_add(self->zeros, 1);
        WEFT_AWAIT(self->weft.rc, numbers_recv_many(cx, &self->in, self->got, 4));
        if (self->weft.rc <= 0)
            break;
        for (int i = 0; i < self->weft.rc; i++)
            atomic_fetch_add(self->sum, self->got[i]);
        atomic_fetch_add(self->count, (unsigned long long)self->weft.rc);
    }
    numbers_receiver_close(&self->in);
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

/* MPSC-26 MPSC-27 */
static void recv_many_in_a_task_waits_for_one_at_least(void **state)
{
    (void)state;
    enum { MESSAGES = 1000 };
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 3, WEFT_WAIT, &out, &in);
    atomic_ullong sum = 0, count = 0;
    atomic_int rc = 99;
    atomic_uint zeros = 0;
    assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), batcher, .in = in, .sum = &sum, .count = &count,
                                                .rc = &rc, .zeros = &zeros)),
                     0);
    for (uint64_t i = 0; i < MESSAGES; i++)
        assert_int_equal(numbers_send_blocking(&out, i, WEFT_FOREVER), 0);
    numbers_sender_close(&out);
    WORLD_UNTIL(atomic_load(&rc) != 99);
    assert_int_equal(atomic_load(&rc), WEFT_EPIPE);
    assert_int_equal(atomic_load(&count), MESSAGES);
    assert_int_equal(atomic_load(&sum), (uint64_t)MESSAGES * (MESSAGES - 1) / 2);
    assert_true(atomic_load(&zeros) > 0);
    world_settle(rt);
}

/* MPSC-27: nothing asked, nothing waited for, also at the end. */
static void recv_many_of_none_answers_none_at_once(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    uint64_t got[1] = {5};
    assert_int_equal(numbers_recv_many_blocking(&in, got, 0, WEFT_FOREVER), 0);
    numbers_sender_close(&out);
    assert_int_equal(numbers_recv_many_blocking(&in, got, 0, WEFT_FOREVER), 0);
    assert_int_equal(got[0], 5);
    numbers_receiver_close(&in);
}

static void *close_later(void *argument)
{
    numbers_sender_close(argument);
    return NULL;
}

/* MPSC-32 */
static void recv_blocking_waits_for_a_message_or_the_end(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    uint64_t got;
    const int64_t deadlines[] = {INT64_MIN, -1, 0, weft_clock(), weft_deadline_in(1000000)};
    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++)
        assert_int_equal(numbers_recv_blocking(&in, &got, deadlines[i]), WEFT_ETIMEDOUT);
    assert_false(world_stats(&in).receiver_waiting);
    pthread_t thread;
    world_thread(&thread, close_later, &out);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EPIPE);
    pthread_join(thread, NULL);
    numbers_receiver_close(&in);
}

struct second {
    numbers_receiver in;
    int rc;
    uint64_t got;
};

static void *second_receiver(void *argument)
{
    struct second *self = argument;
    self->rc = numbers_recv_blocking(&self->in, &self->got, WEFT_FOREVER);
    return NULL;
}

/* One receiver: who comes second with a copy of the handle is refused, in each form, and the first goes on. */
static void recv_by_two_refuses_the_second(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    struct second first = {.in = in};
    pthread_t thread;
    world_thread(&thread, second_receiver, &first);
    WORLD_UNTIL(world_sender_stats(&out).receiver_waiting);
    uint64_t got;
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EBUSY);
    assert_non_null(strstr(weft_error_detail(), "weft_channel_recv_blocking: "));
    uint64_t many[2];
    assert_int_equal(numbers_recv_many_blocking(&in, many, 2, WEFT_FOREVER), WEFT_EBUSY);
    atomic_int rc = 99;
    weft_spawn(weft_runtime_scope(rt), one_recv, .in = &in, .rc = &rc);
    WORLD_UNTIL(atomic_load(&rc) != 99);
    assert_int_equal(atomic_load(&rc), WEFT_EBUSY);
    assert_int_equal(numbers_try_send(&out, 6), 0);
    pthread_join(thread, NULL);
    assert_int_equal(first.rc, 0);
    assert_int_equal(first.got, 6);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_settle(rt);
}

struct racer {
    numbers_sender out;
    struct latch *start;
    uint64_t sent;
    uint64_t refused;
    int wrong;
};

static void *race_send(void *argument)
{
    struct racer *self = argument;
    latch_wait(self->start, 1);
    for (uint64_t i = 0; i < 50; i++) {
        const int rc = numbers_send_blocking(&self->out, i, WEFT_FOREVER);
        if (rc == 0)
            self->sent++;
        else if (rc == WEFT_EPIPE)
            self->refused++;
        else
            self->wrong = rc;
    }
    numbers_sender_close(&self->out);
    return NULL;
}

/* Of one processor the senders have to get some: without the yield each message costs a time slice. */
static int try_recv_or_yield(numbers_receiver *in, uint64_t *got)
{
    const int rc = numbers_try_recv(in, got);
    if (rc == WEFT_EAGAIN)
        sched_yield();
    return rc;
}

/* MPSC-36 scenario 27: what was sent with success is received or dropped; what was refused is neither. */
static void close_racing_with_sends_loses_nothing(void **state)
{
    (void)state;
    uint64_t random = world_seed();
    for (int round = 0; round < (WORLD_TSAN ? 60 : 150); round++) {
        numbers_sender out;
        numbers_receiver in;
        atomic_store(&dropped, 0);
        assert_int_equal(
            numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1 + world_random(&random, 4), .drop = count_drop,
                                                    .drop_context = &dropped),
                           &out, &in),
            0);
        struct latch start = LATCH;
        struct racer racers[2];
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) {
            racers[i] = (struct racer){.start = &start};
            assert_int_equal(numbers_sender_clone(&out, &racers[i].out), 0);
            world_thread(&threads[i], race_send, &racers[i]);
        }
        latch_up(&start);
        uint64_t got, received = 0;
        int rc = 0;
        const bool stop = round % 2;
        const uint32_t before = world_random(&random, 100);
        while (received < before && (rc = try_recv_or_yield(&in, &got)) != WEFT_EPIPE)
            received += rc == 0;
        if (stop) {
            numbers_receiver_stop(&in);
            while (numbers_recv_blocking(&in, &got, WEFT_FOREVER) == 0)
                received++;
        }
        numbers_receiver_close(&in);
        pthread_join(threads[0], NULL);
        pthread_join(threads[1], NULL);
        assert_int_equal(racers[0].wrong | racers[1].wrong, 0);
        const uint64_t sent = racers[0].sent + racers[1].sent;
        assert_int_equal(sent, received + atomic_load(&dropped));
        assert_int_equal(sent + racers[0].refused + racers[1].refused, 100);
        const weft_channel_stats stats = world_sender_stats(&out);
        assert_int_equal(stats.sent, sent);
        assert_int_equal(stats.received, received);
        assert_int_equal(stats.dropped, atomic_load(&dropped));
        assert_int_equal(stats.failed, racers[0].refused + racers[1].refused);
        numbers_sender_close(&out);
    }
}

/*
 * MPSC-36 scenario 26 scenario 30: the last sender leaves while the receiver goes to sleep; try_recv beside two senders
 * never says the end.
 */
static void last_sender_racing_with_recv_ends_it_once(void **state)
{
    (void)state;
    for (int round = 0; round < (WORLD_TSAN ? 40 : 200); round++) {
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, 2, WEFT_WAIT, &out, &in);
        struct latch start = LATCH;
        struct racer racer = {.start = &start, .out = out};
        pthread_t thread;
        world_thread(&thread, race_send, &racer);
        latch_up(&start);
        uint64_t got, received = 0;
        int rc;
        if (round % 2)
            while ((rc = numbers_recv_blocking(&in, &got, WEFT_FOREVER)) == 0)
                received++;
        else
            while ((rc = try_recv_or_yield(&in, &got)) != WEFT_EPIPE)
                received += rc == 0;
        pthread_join(thread, NULL);
        assert_int_equal(received, 50);
        assert_int_equal(racer.sent, 50);
        numbers_receiver_close(&in);
    }
}

/* A channel outlives its runtime while a handle is open. SD-14 */
static void channel_outlives_its_runtime(void **state)
{
    (void)state;
    weft_runtime *short_lived = world_begin(1);
    numbers_sender out;
    numbers_receiver in;
    world_channel(short_lived, 2, WEFT_WAIT, &out, &in);
    assert_int_equal(weft_runtime_destroy(short_lived), 0);
    assert_int_equal(numbers_try_send(&out, 4), 0);
    numbers_sender second;
    assert_int_equal(numbers_sender_clone(&out, &second), 0);
    numbers_permit permit;
    assert_int_equal(numbers_try_reserve(&second, &permit), 0);
    assert_int_equal(numbers_send_blocking(&second, 5, 0), WEFT_ETIMEDOUT);
    assert_int_equal(numbers_permit_send(&permit, 5), 0);
    assert_int_equal(world_stats(&in).depth, 2);
    numbers_sender_close(&second);
    numbers_sender_close(&out);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
    assert_int_equal(got, 5);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EPIPE);
    numbers_receiver_close(&in);
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(try_recv_tells_empty_from_ended),
        cmocka_unit_test(try_recv_after_stop_waits_for_permits_only),
        cmocka_unit_test(stopped_receiver_that_waits_is_woken_when_the_last_place_is_settled),
        cmocka_unit_test(cancelled_granted_reserve_wakes_the_stopped_receiver),
        cmocka_unit_test(close_of_the_receiver_drops_unread_messages_then_and_there),
        cmocka_unit_test(close_of_the_receiver_refuses_waiting_senders),
        cmocka_unit_test(cancelled_recv_loses_nothing_and_leaves_no_trace),
        cmocka_unit_test(recv_cancelled_while_a_message_comes_keeps_the_message),
        cmocka_unit_test(recv_many_takes_what_is_there_in_order),
        cmocka_unit_test(recv_many_in_a_task_waits_for_one_at_least),
        cmocka_unit_test(recv_many_of_none_answers_none_at_once),
        cmocka_unit_test(recv_blocking_waits_for_a_message_or_the_end),
        cmocka_unit_test(recv_by_two_refuses_the_second),
        cmocka_unit_test(close_racing_with_sends_loses_nothing),
        cmocka_unit_test(last_sender_racing_with_recv_ends_it_once),
        cmocka_unit_test(channel_outlives_its_runtime),
    };
    return cmocka_run_group_tests(tests, runtime_of_two, runtime_end);
}
