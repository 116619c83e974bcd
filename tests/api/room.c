/* SPDX-License-Identifier: MIT */
/* Room that a receiving task makes while senders wait: when it is given to them, whatever the task does next. MPSC-05 */
#include "lib/world.h"

enum { CAPACITY = 16 };

/* A thread of the host that waits for room. */
struct visitor {
    numbers_sender out;
    pthread_t thread;
    struct latch over;
    int rc;
};

static void *visit(void *argument)
{
    struct visitor *self = argument;
    self->rc = numbers_send_blocking(&self->out, 99, WEFT_FOREVER);
    numbers_sender_close(&self->out);
    latch_up(&self->over);
    return NULL;
}

static weft_runtime *begin(weft_drive drive, uint32_t budget)
{
    weft_runtime *rt = NULL;
    const uint32_t workers = drive == WEFT_DRIVE_TURNS ? 0 : 1;
    assert_int_equal(
        weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = drive, .worker_threads = workers, .coop_budget = budget)), 0);
    return rt;
}

/* A full channel, and somebody who waits for room in it. */
static void fill(weft_runtime *rt, struct visitor *visitor, numbers_receiver *in)
{
    *visitor = (struct visitor){.over = LATCH, .rc = 1};
    world_channel(rt, CAPACITY, WEFT_WAIT, &visitor->out, in);
    for (uint64_t i = 0; i < CAPACITY; i++)
        assert_int_equal(numbers_try_send(&visitor->out, i), 0);
    world_thread(&visitor->thread, visit, visitor);
    WORLD_UNTIL(world_stats(in).senders_waiting == 1);
}

static int leave(struct visitor *visitor)
{
    assert_int_equal(pthread_join(visitor->thread, NULL), 0);
    return visitor->rc;
}

/* What the task does when it has received so many: nothing that has to do with the channel. */
enum next { RECEIVE_ON, WAIT, YIELD_AND_WAIT, END, STAY, CLOSE, NOTHING };

struct taker {
    weft_frame weft;
    numbers_receiver *in;
    struct visitor *visitor;
    struct latch *taken;
    struct latch *leave;
    weft_notify *notify;
    int times;
    int channels; /* that live */
    enum next next;
    uint64_t got;
    atomic_int *verdict;
};

static int count_channel(void *context, const weft_channel_stats *stats)
{
    (void)stats;
    ++*(int *)context;
    return 0;
}

static weft_poll taker(weft_context *cx, struct taker *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->times > 0; self->times--)
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, self->in, &self->got));
    if (self->next == RECEIVE_ON || self->next == END) /* the next to be polled waits until the visitor was let in */
        weft_spawn(weft_runtime_scope(weft_context_runtime(cx)), plug, .entered = self->taken, .leave = &self->visitor->over);
    if (self->next == YIELD_AND_WAIT)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    if (self->next == WAIT || self->next == YIELD_AND_WAIT)
        WEFT_AWAIT(self->weft.rc, weft_notify_wait(cx, self->notify));
    if (self->next == RECEIVE_ON)
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, self->in, &self->got));
    if (self->next == STAY) {
        latch_up(self->taken);
        latch_wait(self->leave, 1);
    }
    if (self->next == CLOSE) {
        numbers_receiver_close(self->in);
        latch_wait(&self->visitor->over, 1);
        const int rc = weft_channel_visit(weft_context_runtime(cx), false, count_channel, &self->channels);
        atomic_store(self->verdict, rc < 0 ? rc : self->channels);
    }
    WEFT_END(0);
}

static void sender_that_waits_is_let_in_when_the_budget_is_spent(void **state)
{
    (void)state;
    weft_runtime *rt = begin(WEFT_DRIVE_THREADS, 1);
    struct visitor visitor;
    struct latch entered = LATCH;
    numbers_receiver in;
    fill(rt, &visitor, &in);
    weft_spawn(weft_runtime_scope(rt), taker, .in = &in, .visitor = &visitor, .taken = &entered, .times = 1);
    latch_wait(&visitor.over, 1);
    assert_int_equal(leave(&visitor), 0);
    world_settle(rt);
    numbers_receiver_close(&in);
    world_end(rt, 2);
}

static void sender_that_waits_is_let_in_when_the_receiver_ends(void **state)
{
    (void)state;
    weft_runtime *rt = begin(WEFT_DRIVE_THREADS, 128);
    struct visitor visitor;
    struct latch entered = LATCH;
    numbers_receiver in;
    fill(rt, &visitor, &in);
    weft_spawn(weft_runtime_scope(rt), taker, .in = &in, .visitor = &visitor, .taken = &entered, .times = 1, .next = END);
    assert_int_equal(leave(&visitor), 0);
    world_settle(rt);
    numbers_receiver_close(&in);
    world_end(rt, 2);
}

static void sender_that_waits_is_let_in_when_the_receiver_waits_for_something_else(void **state)
{
    (void)state;
    weft_runtime *rt = begin(WEFT_DRIVE_THREADS, 128);
    struct visitor visitor;
    weft_notify notify;
    numbers_receiver in;
    assert_int_equal(weft_notify_create(rt, NULL, &notify), 0);
    fill(rt, &visitor, &in);
    weft_spawn(weft_runtime_scope(rt), taker, .in = &in, .notify = &notify, .times = 1, .next = WAIT);
    assert_int_equal(leave(&visitor), 0);
    weft_notify_one(&notify);
    world_settle(rt);
    numbers_receiver_close(&in);
    weft_notify_destroy(&notify);
    world_end(rt, 1);
}

/* The host turns a runtime once, and then does something else. */
static void sender_that_waits_is_let_in_when_the_turn_is_over(void **state)
{
    (void)state;
    weft_runtime *rt = begin(WEFT_DRIVE_TURNS, 1);
    struct visitor visitor;
    numbers_receiver in;
    fill(rt, &visitor, &in);
    weft_spawn(weft_runtime_scope(rt), taker, .in = &in, .times = 2, .next = NOTHING);
    do
        assert_true(weft_runtime_turn(rt, 1) >= 0);
    while (world_stats(&in).received == 0);
    assert_int_equal(leave(&visitor), 0);
    assert_true(weft_runtime_turn(rt, INT32_MAX) >= 0);
    numbers_receiver_close(&in);
    world_end(rt, 1);
}

/* A thread whose time is over takes what is free, behind those that have waited before it. */
static void sender_that_gives_up_takes_what_is_free(void **state)
{
    (void)state;
    weft_runtime *rt = begin(WEFT_DRIVE_THREADS, 128);
    struct visitor visitor;
    struct latch taken = LATCH, go = LATCH;
    numbers_receiver in;
    numbers_sender out;
    fill(rt, &visitor, &in);
    assert_int_equal(numbers_sender_clone(&visitor.out, &out), 0);
    weft_spawn(weft_runtime_scope(rt), taker, .in = &in, .taken = &taken, .leave = &go, .times = 2, .next = STAY);
    latch_wait(&taken, 1);
    assert_int_equal(numbers_send_blocking(&out, 100, weft_clock() - 1), 0);
    assert_int_equal(leave(&visitor), 0);
    assert_int_equal(numbers_send_blocking(&out, 101, weft_clock() - 1), WEFT_ETIMEDOUT);
    latch_up(&go);
    world_settle(rt);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(rt, 1);
}

/* Nor does what is owed keep the channel. */
static void channel_that_is_closed_in_the_same_poll_is_gone(void **state)
{
    (void)state;
    weft_runtime *rt = begin(WEFT_DRIVE_THREADS, 128);
    struct visitor visitor;
    numbers_receiver in;
    atomic_int verdict = -1;
    fill(rt, &visitor, &in);
    weft_spawn(weft_runtime_scope(rt), taker, .in = &in, .visitor = &visitor, .times = 1, .next = CLOSE, .verdict = &verdict);
    const int rc = leave(&visitor);
    assert_true(rc == WEFT_EPIPE || rc == 0); /* it may have been let in, and its message be dropped */
    world_settle(rt);
    assert_int_equal(atomic_load(&verdict), 0);
    world_end(rt, 1);
}

/* Waits for room, and says when it had some. */
struct guest {
    weft_frame weft;
    numbers_sender *out;
    weft_notify *let_in;
};

static weft_poll guest(weft_context *cx, struct guest *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, numbers_send(cx, self->out, 99));
    weft_notify_one(self->let_in);
    WEFT_END(self->weft.rc);
}

/* What is simulated has several workers, and each poll has one of them: what was owed by the last is not seen by the next. */
static void sender_that_waits_is_let_in_whichever_worker_the_receiver_goes_on_with(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        weft_runtime *rt = NULL;
        numbers_sender out;
        numbers_receiver in;
        weft_notify let_in;
        assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .seed = seed)), 0);
        assert_int_equal(weft_notify_create(rt, NULL, &let_in), 0);
        world_channel(rt, CAPACITY, WEFT_WAIT, &out, &in);
        for (uint64_t i = 0; i < CAPACITY; i++)
            assert_int_equal(numbers_try_send(&out, i), 0);
        weft_spawn(weft_runtime_scope(rt), guest, .out = &out, .let_in = &let_in);
        assert_int_equal(weft_sim_run(rt), WEFT_EDEADLK);
        weft_spawn(weft_runtime_scope(rt), taker, .in = &in, .notify = &let_in, .times = 1, .next = YIELD_AND_WAIT);
        assert_int_equal(weft_sim_run(rt), 0);
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
        weft_notify_destroy(&let_in);
        world_end(rt, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sender_that_waits_is_let_in_when_the_budget_is_spent),
        cmocka_unit_test(sender_that_waits_is_let_in_when_the_receiver_ends),
        cmocka_unit_test(sender_that_waits_is_let_in_when_the_receiver_waits_for_something_else),
        cmocka_unit_test(sender_that_waits_is_let_in_when_the_turn_is_over),
        cmocka_unit_test(sender_that_waits_is_let_in_whichever_worker_the_receiver_goes_on_with),
        cmocka_unit_test(sender_that_gives_up_takes_what_is_free),
        cmocka_unit_test(channel_that_is_closed_in_the_same_poll_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
