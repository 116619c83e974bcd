/* SPDX-License-Identifier: MIT */
/* Places taken many at once: all or none, in turn with all that wait, and given back in whatever way their owner ends. */
#include "lib/verdict.h"
#include "lib/runtime.h"

static numbers_sender out;
static numbers_receiver in;

static void open_channel(size_t capacity)
{
    world_channel(rt, capacity, WEFT_WAIT, &out, &in);
}

static void close_channel(void)
{
    world_settle(rt);
    if (in.weft.weft__channel) {
        const weft_channel_stats stats = world_stats(&in);
        assert_int_equal(stats.reserved + stats.senders_waiting, 0);
    }
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    verdict_assert();
}

static void expect(uint64_t number)
{
    uint64_t got = 0;
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
    assert_int_equal(got, number);
}

/* MPSC-09 */
static void permits_that_are_not_used_come_back_the_others_do_not(void **state)
{
    (void)state;
    open_channel(5);
    for (size_t used = 0; used <= 4; used++) {
        numbers_permits permits;
        assert_int_equal(numbers_try_reserve_many(&out, 4, &permits), 0);
        assert_int_equal(numbers_permits_left(&permits), 4);
        assert_int_equal(world_stats(&in).reserved, 4);
        for (size_t i = 0; i < used; i++) {
            assert_int_equal(numbers_permits_send(&permits, i), 0);
            assert_int_equal(numbers_permits_left(&permits), 3 - i);
        }
        const weft_channel_stats stats = world_stats(&in);
        assert_int_equal(stats.depth, used);
        assert_int_equal(stats.reserved, 4 - used);
        numbers_permits_release(&permits);
        assert_int_equal(numbers_permits_left(&permits), 0);
        assert_int_equal(world_stats(&in).reserved, 0);
        numbers_permits rest;
        assert_int_equal(numbers_try_reserve_many(&out, 6 - used, &rest), used > 0 ? WEFT_EAGAIN : WEFT_ERANGE);
        assert_int_equal(numbers_try_reserve_many(&out, 5 - used, &rest), 0);
        numbers_permits_release(&rest);
        for (uint64_t i = 0; i < used; i++)
            expect(i);
    }
    close_channel();
}

/* Reserves many and sends into all of them, beginning with a number; or gives them back. */
struct buyer {
    weft_frame weft;
    numbers_sender out;
    numbers_permits permits;
    size_t count;
    uint64_t from;
    bool release;
    atomic_int *rc;
};

static weft_poll buyer(weft_context *cx, struct buyer *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, numbers_reserve_many(cx, &self->out, self->count, &self->permits));
    if (self->weft.rc == 0) {
        VERDICT(numbers_permits_left(&self->permits) == self->count);
        while (!self->release && numbers_permits_left(&self->permits) > 0)
            VERDICT(numbers_permits_send(&self->permits, self->from++) == 0);
        numbers_permits_release(&self->permits);
    }
    numbers_sender_close(&self->out);
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

static weft_task buy(size_t count, uint64_t from, bool release, atomic_int *rc)
{
    numbers_sender mine;
    atomic_store(rc, 99);
    assert_int_equal(numbers_sender_clone(&out, &mine), 0);
    const weft_task task = weft_spawn(weft_runtime_scope(rt), buyer, .out = mine, .count = count, .from = from,
                                      .release = release, .rc = rc);
    assert_int_equal(weft_task_error(task), 0);
    return task;
}

static void buy_and_wait(size_t count, uint64_t from, atomic_int *rc, weft_task *out_task)
{
    const uint32_t before = world_stats(&in).senders_waiting;
    *out_task = buy(count, from, false, rc);
    WORLD_UNTIL(world_stats(&in).senders_waiting == before + 1);
}

/* MPSC-10 */
static void more_than_the_capacity_is_refused_at_once(void **state)
{
    (void)state;
    atomic_int rc;
    numbers_permits permits = {{NULL, 0, 7}};
    open_channel(3);
    buy(4, 0, false, &rc);
    world_settle(rt);
    assert_int_equal(atomic_load(&rc), WEFT_ERANGE);
    assert_int_equal(numbers_try_reserve_many(&out, 4, &permits), WEFT_ERANGE);
    assert_non_null(strstr(weft_error_detail(), "weft_channel_try_reserve_many: 4 places of a channel that has 3"));
    assert_int_equal(numbers_try_reserve_many(&out, SIZE_MAX, &permits), WEFT_ERANGE);
    assert_int_equal(numbers_reserve_many_blocking(&out, 4, &permits, WEFT_FOREVER), WEFT_ERANGE);
    assert_int_equal(numbers_permits_left(&permits), 7); /* untouched */
    close_channel();
}

/* MPSC-11 */
static void none_are_there_in_a_full_channel_and_refused_by_a_closed_one(void **state)
{
    (void)state;
    atomic_int rc;
    numbers_permits permits = {{NULL, 0, 7}};
    open_channel(1);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(numbers_try_reserve_many(&out, 0, &permits), 0);
    assert_int_equal(numbers_permits_left(&permits), 0);
    assert_int_equal(numbers_permits_send(&permits, 5), WEFT_EINVAL);
    numbers_permits_release(&permits);
    assert_int_equal(numbers_reserve_many_blocking(&out, 0, &permits, 0), 0);
    buy(0, 0, false, &rc);
    world_settle(rt);
    assert_int_equal(atomic_load(&rc), 0);
    numbers_receiver_stop(&in);
    assert_int_equal(numbers_try_reserve_many(&out, 0, &permits), WEFT_EPIPE);
    assert_int_equal(numbers_reserve_many_blocking(&out, 0, &permits, 0), WEFT_EPIPE);
    buy(0, 0, false, &rc);
    world_settle(rt);
    assert_int_equal(atomic_load(&rc), WEFT_EPIPE);
    expect(1);
    close_channel();
}

/* MPSC-12 */
static void try_with_too_few_free_takes_none(void **state)
{
    (void)state;
    numbers_permits permits = {{NULL, 0, 7}}, all;
    open_channel(4);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(numbers_try_reserve_many(&out, 4, &permits), WEFT_EAGAIN);
    assert_int_equal(numbers_permits_left(&permits), 7); /* untouched */
    assert_int_equal(world_stats(&in).reserved, 0);
    assert_int_equal(world_stats(&in).failed, 1);
    assert_int_equal(numbers_try_reserve_many(&out, 3, &all), 0);
    assert_int_equal(numbers_try_reserve_many(&out, 1, &permits), WEFT_EAGAIN);
    numbers_permits_release(&all);
    expect(1);
    close_channel();
}

/* One that asks for many is served in its turn: nobody behind it takes what it waits for, and it takes nothing before. */
static void waiting_for_many_is_not_passed_by_those_that_ask_for_few(void **state)
{
    (void)state;
    atomic_int many, one, few;
    weft_task task;
    open_channel(4);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(numbers_try_send(&out, i), 0);
    buy_and_wait(3, 10, &many, &task);
    buy_and_wait(1, 20, &one, &task);
    buy_and_wait(2, 30, &few, &task);
    expect(0);
    expect(1);
    assert_int_equal(world_stats(&in).senders_waiting, 3); /* two places are free, for the first alone */
    assert_int_equal(numbers_try_send(&out, 99), WEFT_EAGAIN);
    numbers_permits permits;
    assert_int_equal(numbers_try_reserve_many(&out, 1, &permits), WEFT_EAGAIN);
    const uint64_t order[] = {2, 3, 10, 11, 12, 20, 30, 31};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        expect(order[i]);
    world_settle(rt);
    assert_int_equal(atomic_load(&many) | atomic_load(&one) | atomic_load(&few), 0);
    close_channel();
}

/* Keep the only worker busy, so that what is woken stays in its queue. */
static void hold(struct latch *entered, struct latch *leave)
{
    weft_spawn(weft_runtime_scope(rt), plug, .entered = entered, .leave = leave);
    latch_wait(entered, 1);
}

/* MPSC-06: the first asked for more than is free, so those behind it can go on as soon as it is out of the way. */
static void cancelled_wait_for_many_lets_those_behind_it_in(void **state)
{
    (void)state;
    for (int granted = 0; granted < 2; granted++) {
        atomic_int many, one, two;
        weft_task first, others;
        open_channel(3);
        for (uint64_t i = 0; i < 3; i++)
            assert_int_equal(numbers_try_send(&out, i), 0);
        buy_and_wait(3, 10, &many, &first);
        buy_and_wait(1, 20, &one, &others);
        buy_and_wait(2, 30, &two, &others);
        struct latch entered = LATCH, leave = LATCH;
        hold(&entered, &leave);
        for (uint64_t i = 0; i < (granted ? 3 : 2); i++)
            expect(i);
        assert_int_equal(world_stats(&in).reserved, granted ? 3 : 0);
        assert_int_equal(weft_task_cancel(first), 0);
        latch_up(&leave);
        if (!granted)
            expect(2);
        uint64_t got, sum = 0; /* they have their places in turn, and send as they come to run */
        for (int i = 0; i < 3; i++) {
            assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
            sum += got;
        }
        assert_int_equal(sum, 20 + 30 + 31);
        world_settle(rt);
        assert_int_equal(atomic_load(&many), WEFT_ECANCELED);
        assert_int_equal(atomic_load(&one) | atomic_load(&two), 0);
        close_channel();
    }
}

struct blocker {
    size_t count;
    int64_t deadline_ns;
    atomic_int rc;
};

static void *blocker_main(void *context)
{
    struct blocker *self = context;
    numbers_permits permits;
    const int rc = numbers_reserve_many_blocking(&out, self->count, &permits, self->deadline_ns);
    if (rc == 0) {
        VERDICT(numbers_permits_send(&permits, 50) == 0);
        numbers_permits_release(&permits);
    }
    atomic_store(&self->rc, rc);
    return NULL;
}

/* MPSC-32, in its form for many: in turn with the tasks; a time that is over leaves nothing, and lets the next in. */
static void blocking_wait_for_many_times_out_and_lets_the_next_in(void **state)
{
    (void)state;
    atomic_int one;
    weft_task task;
    numbers_permits permits;
    numbers_permit permit;
    open_channel(3);
    assert_int_equal(numbers_reserve_blocking(&out, &permit, 0), 0);
    assert_int_equal(numbers_permit_send(&permit, 0), 0);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(numbers_reserve_many_blocking(&out, 2, &permits, 0), WEFT_ETIMEDOUT);
    assert_int_equal(numbers_try_send(&out, 2), 0);
    assert_int_equal(numbers_reserve_blocking(&out, &permit, 0), WEFT_ETIMEDOUT);
    expect(0);
    expect(1);
    pthread_t thread;
    struct blocker patient = {.count = 3, .deadline_ns = WEFT_FOREVER, .rc = 99};
    pthread_create(&thread, NULL, blocker_main, &patient);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
    buy_and_wait(1, 20, &one, &task);
    expect(2);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&patient.rc), 0);
    expect(50);
    expect(20);
    assert_int_equal(numbers_try_send(&out, 3), 0);
    struct blocker hasty = {.count = 3, .deadline_ns = weft_deadline_in(20000000), .rc = 99};
    pthread_create(&thread, NULL, blocker_main, &hasty);
    WORLD_UNTIL(world_stats(&in).senders_waiting == 1 || atomic_load(&hasty.rc) != 99);
    buy(1, 21, false, &one); /* behind it, though there is room for one; it goes on when the time is over */
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&hasty.rc), WEFT_ETIMEDOUT);
    expect(3);
    expect(21);
    close_channel();
}

/* MPSC-18: permits that are dropped, or used, are the last thing that a stopped receiver waits for. */
static void stopped_receiver_sees_the_end_when_the_last_of_many_is_settled(void **state)
{
    (void)state;
    for (int used = 0; used <= 2; used++) {
        numbers_permits permits;
        uint64_t got;
        open_channel(2);
        assert_int_equal(numbers_try_reserve_many(&out, 2, &permits), 0);
        numbers_receiver_stop(&in);
        for (int i = 0; i < used; i++)
            assert_int_equal(numbers_permits_send(&permits, (uint64_t)i), 0);
        for (int i = 0; i < used; i++)
            expect((uint64_t)i);
        if (used < 2)
            assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
        numbers_permits_release(&permits);
        assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EPIPE);
        close_channel();
    }
}

/* known bug 62 */
static void close_of_the_receiver_wakes_a_wait_for_many_and_refuses_what_is_out(void **state)
{
    (void)state;
    atomic_int rc;
    weft_task task;
    numbers_permits permits;
    open_channel(3);
    assert_int_equal(numbers_try_reserve_many(&out, 2, &permits), 0);
    buy_and_wait(2, 10, &rc, &task);
    numbers_receiver_close(&in);
    world_settle(rt);
    assert_int_equal(atomic_load(&rc), WEFT_EPIPE);
    assert_int_equal(numbers_permits_send(&permits, 1), WEFT_EPIPE);
    assert_int_equal(numbers_permits_left(&permits), 1); /* that place is used all the same */
    assert_int_equal(world_sender_stats(&out).reserved, 1);
    numbers_permits_release(&permits);
    assert_int_equal(world_sender_stats(&out).reserved, 0);
    close_channel();
}

static void permits_keep_the_channel_after_every_handle(void **state)
{
    (void)state;
    numbers_permits permits;
    open_channel(2);
    assert_int_equal(numbers_try_reserve_many(&out, 2, &permits), 0);
    numbers_sender_close(&out);
    assert_int_equal(numbers_permits_send(&permits, 7), 0);
    expect(7);
    numbers_receiver_close(&in);
    assert_int_equal(world_channels(rt), 1);
    numbers_permits_release(&permits);
    assert_int_equal(world_channels(rt), 0);
    close_channel();
}

/* As one of several: granted, and another won: the places go on. */
struct chooser {
    weft_frame weft;
    numbers_sender out;
    weft_permits permits;
    weft_select_state select;
    weft_reserve_many_future many;
    weft_notify_future told;
    const weft_notify *notify;
    atomic_int *which;
};

static weft_poll chooser(weft_context *cx, struct chooser *self)
{
    WEFT_BEGIN(cx, self);
    weft_reserve_many_begin(&self->many, &self->out.weft, 2, &self->permits);
    weft_notify_wait_begin(&self->told, self->notify);
    WEFT_AWAIT(self->weft.rc, weft_select_biased(cx, &self->select, &self->told.future, &self->many.future));
    if (self->weft.rc == 1) {
        VERDICT(self->many.future.result == 0 && weft_permits_left(&self->permits) == 2);
        weft_permits_release(&self->permits);
    }
    numbers_sender_close(&self->out);
    atomic_store(self->which, self->weft.rc);
    WEFT_END(0);
}

static void many_as_one_of_several_are_passed_on_when_another_wins(void **state)
{
    (void)state;
    for (int notified = 0; notified < 2; notified++) {
        atomic_int which = 99, rc;
        weft_task task;
        weft_notify notify;
        numbers_sender mine;
        open_channel(2);
        assert_int_equal(weft_notify_create(rt, NULL, &notify), 0);
        assert_int_equal(numbers_try_send(&out, 1), 0);
        assert_int_equal(numbers_sender_clone(&out, &mine), 0);
        weft_spawn(weft_runtime_scope(rt), chooser, .out = mine, .notify = &notify, .which = &which);
        WORLD_UNTIL(world_stats(&in).senders_waiting == 1);
        buy_and_wait(1, 20, &rc, &task);
        struct latch entered = LATCH, leave = LATCH;
        hold(&entered, &leave);
        expect(1);
        assert_int_equal(world_stats(&in).reserved, 2);
        if (notified)
            assert_int_equal(weft_notify_one(&notify), 0);
        latch_up(&leave);
        expect(20);
        world_settle(rt);
        assert_int_equal(atomic_load(&which), notified ? 0 : 1);
        weft_notify_destroy(&notify);
        close_channel();
    }
}

/* Wrong handles, and copies of what was used. */
static void many_misused_are_refused(void **state)
{
    (void)state;
    const uint64_t value = 1;
    weft_permits permits, none = {NULL, 0, 0};
    open_channel(4);
    assert_int_equal(weft_channel_try_reserve_many(NULL, 1, &permits), WEFT_EINVAL);
    assert_int_equal(weft_channel_try_reserve_many(&out.weft, 1, NULL), WEFT_EINVAL);
    assert_int_equal(weft_channel_reserve_many_blocking(NULL, 1, &permits, 0), WEFT_EINVAL);
    assert_int_equal(weft_channel_reserve_many(NULL, &out.weft, 1, &permits), WEFT_EINVAL);
    assert_int_equal(weft_channel_reserve_blocking(NULL, NULL, 0), WEFT_EINVAL);
    assert_int_equal(weft_permits_send(NULL, &value), WEFT_EINVAL);
    assert_int_equal(weft_permits_send(&none, NULL), WEFT_EINVAL);
    assert_int_equal(weft_permits_send(&none, &value), WEFT_EINVAL);
    assert_int_equal(weft_permits_left(NULL), 0);
    weft_permits_release(NULL);
    weft_permits_release(&none);
    assert_int_equal(weft_channel_try_reserve_many(&out.weft, 2, &permits), 0);
    weft_permits copy = permits;
    assert_int_equal(weft_permits_send(&permits, &value), 0);
    assert_int_equal(weft_permits_send(&copy, &value), WEFT_EINVAL); /* it says 2, and 1 is out */
    assert_non_null(strstr(weft_error_detail(), "weft_permits_send: a copy of a permit"));
    weft_permits_release(&copy);
    weft_permits_release(&permits);
    weft_permits_release(&permits);
    expect(1);
    const weft_sender closed = out.weft;
    numbers_sender kept;
    assert_int_equal(numbers_sender_clone(&out, &kept), 0);
    numbers_sender_close(&out);
    assert_int_equal(weft_channel_try_reserve_many(&out.weft, 1, &permits), WEFT_EPIPE);
    (void)closed;
    out = kept;
    close_channel();
}

/* A channel that does not let its senders wait does not let them wait for many either. */
static void many_of_a_channel_that_does_not_wait_are_refused(void **state)
{
    (void)state;
    const weft_overflow policies[] = {WEFT_FAIL, WEFT_DROP_NEWEST, WEFT_DROP_OLDEST};
    for (int i = 0; i < 3; i++) {
        atomic_int rc;
        numbers_permits permits;
        world_channel(rt, 2, policies[i], &out, &in);
        assert_int_equal(numbers_try_send(&out, 1), 0);
        buy(2, 0, false, &rc);
        world_settle(rt);
        assert_int_equal(atomic_load(&rc), WEFT_EAGAIN);
        assert_int_equal(numbers_reserve_many_blocking(&out, 2, &permits, WEFT_FOREVER), WEFT_EAGAIN);
        expect(1);
        close_channel();
    }
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permits_that_are_not_used_come_back_the_others_do_not),
        cmocka_unit_test(more_than_the_capacity_is_refused_at_once),
        cmocka_unit_test(none_are_there_in_a_full_channel_and_refused_by_a_closed_one),
        cmocka_unit_test(try_with_too_few_free_takes_none),
        cmocka_unit_test(waiting_for_many_is_not_passed_by_those_that_ask_for_few),
        cmocka_unit_test(cancelled_wait_for_many_lets_those_behind_it_in),
        cmocka_unit_test(blocking_wait_for_many_times_out_and_lets_the_next_in),
        cmocka_unit_test(stopped_receiver_sees_the_end_when_the_last_of_many_is_settled),
        cmocka_unit_test(close_of_the_receiver_wakes_a_wait_for_many_and_refuses_what_is_out),
        cmocka_unit_test(permits_keep_the_channel_after_every_handle),
        cmocka_unit_test(many_as_one_of_several_are_passed_on_when_another_wins),
        cmocka_unit_test(many_misused_are_refused),
        cmocka_unit_test(many_of_a_channel_that_does_not_wait_are_refused),
    };
    return cmocka_run_group_tests(tests, runtime_of_one, runtime_end);
}
