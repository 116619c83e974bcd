/* SPDX-License-Identifier: MIT */
/* The watch, as <weft/watch.h> says it: a test a line of its documentation. */
#include <stdlib.h>

#include "lib/meet.h"

WEFT_WATCH_DEFINE(level, uint64_t)

#include "lib/runtime.h"

static level_sender tx;
static level_receiver rx;
static uint64_t got;

static void open_level(void)
{
    got = 0;
    assert_int_equal(level_create(rt, WEFT_WATCH_OPTIONS(.name = "level"), 1, &tx, &rx), 0);
}

static void end_all(void)
{
    level_sender_close(&tx);
    level_receiver_close(&rx);
    world_settle(rt);
    assert_int_equal(meet_count(rt), 0);
    verdict_assert();
}

/* The handles are the tests' own; one is waited for by one task at a time. */
static int changed(weft_context *cx, const void *object, uint32_t amount)
{
    (void)amount;
    return level_changed(cx, (level_receiver *)(uintptr_t)object);
}
static bool is_even(const void *value, void *context)
{
    (void)context;
    return *(const uint64_t *)value % 2 == 0;
}
static int wait_even(weft_context *cx, const void *object, uint32_t amount)
{
    (void)amount;
    return weft_watch_wait_for(cx, &((level_receiver *)(uintptr_t)object)->weft, is_even, NULL, &got);
}
static int closed(weft_context *cx, const void *object, uint32_t amount)
{
    (void)amount;
    return weft_watch_closed(cx, &((const level_sender *)object)->weft);
}
static int block(const void *object, uint32_t amount, int64_t deadline_ns)
{
    (void)amount;
    return weft_watch_changed_blocking(&((level_receiver *)(uintptr_t)object)->weft, deadline_ns);
}

static void visit_by(struct visit *visit, int (*enter)(weft_context *, const void *, uint32_t), const void *object)
{
    meet_send(rt, "level", visit, (struct visitor){.enter = enter, .object = object});
}

static uint64_t peek(void)
{
    uint64_t value = 0;
    assert_int_equal(level_peek(&rx, &value), 0);
    return value;
}

static void handle_or_size_that_is_wrong_is_refused(void **state)
{
    (void)state;
    weft_watch_sender sender = {0};
    weft_watch_receiver receiver = {0}, other;
    assert_int_equal(weft_watch_create(rt, NULL, 0, &got, &sender, &receiver), WEFT_EINVAL);
    assert_int_equal(weft_watch_create(rt, NULL, WEFT_WATCH_SIZE_MAX + 1, &got, &sender, &receiver), WEFT_EINVAL);
    assert_int_equal(weft_watch_create(rt, NULL, 8, NULL, &sender, &receiver), WEFT_EINVAL);
    assert_int_equal(weft_watch_create(rt, &(weft_watch_options){.size = 3}, 8, &got, &sender, &receiver), WEFT_EINVAL);
    assert_int_equal(weft_watch_send(&sender, &got), WEFT_EINVAL);
    assert_int_equal(weft_watch_try_changed(&receiver), WEFT_EINVAL);
    assert_int_equal(weft_watch_read(NULL, &got), WEFT_EINVAL);
    weft_watch_mark_changed(&receiver);
    weft_watch_mark_unchanged(NULL);
    weft_watch_sender_close(&sender);
    weft_watch_receiver_close(&receiver);
    open_level();
    assert_int_equal(weft_watch_modify(&tx.weft, NULL, NULL), WEFT_EINVAL);
    weft_watch_sender old_tx = tx.weft;
    weft_watch_receiver old_rx = rx.weft;
    end_all();
    assert_int_equal(level_send(&tx, 1), WEFT_EPIPE);
    assert_int_equal(level_read(&rx, &got), WEFT_EPIPE);
    open_level();
    assert_int_equal(weft_watch_send(&old_tx, &got), WEFT_ESRCH);
    assert_int_equal(weft_watch_replace(&old_tx, &got, NULL), WEFT_ESRCH);
    assert_int_equal(weft_watch_subscribe(&old_tx, &other), WEFT_ESRCH);
    assert_int_equal(weft_watch_peek(&old_rx, &got), WEFT_ESRCH);
    assert_int_equal(weft_watch_receiver_clone(&old_rx, &other), WEFT_ESRCH);
    assert_int_equal(peek(), 1);
    end_all();
}

/* WATCH-01 WATCH-02 */
static void receiver_sees_the_latest_value_once(void **state)
{
    (void)state;
    open_level();
    level_receiver late;
    assert_int_equal(weft_watch_try_changed(&rx.weft), WEFT_EAGAIN); /* the first value is seen */
    assert_int_equal(level_send(&tx, 2), 0);
    assert_int_equal(level_send(&tx, 3), 0);
    assert_int_equal(weft_watch_subscribe(&tx.weft, &late.weft), 0);
    assert_int_equal(weft_watch_try_changed(&rx.weft), 0);
    assert_int_equal(weft_watch_try_changed(&rx.weft), WEFT_EAGAIN);
    assert_int_equal(weft_watch_try_changed(&late.weft), WEFT_EAGAIN); /* regards the value of its birth as seen */
    assert_int_equal(level_read(&rx, &got), 0);
    assert_int_equal(got, 3);
    assert_int_equal(meet_stats(rt, "level").count, 3);
    assert_int_equal(meet_stats(rt, "level").receivers, 2);
    level_receiver_close(&late);
    end_all();
}

/* WATCH-03 */
static void peek_read_and_marks_say_what_is_seen(void **state)
{
    (void)state;
    open_level();
    assert_int_equal(level_send(&tx, 2), 0);
    assert_int_equal(peek(), 2);
    level_receiver twin;
    assert_int_equal(weft_watch_receiver_clone(&rx.weft, &twin.weft), 0);
    assert_int_equal(weft_watch_try_changed(&rx.weft), 0);   /* peeking was not seeing */
    assert_int_equal(weft_watch_try_changed(&twin.weft), 0); /* its own, though a clone */
    weft_watch_mark_changed(&rx.weft);
    weft_watch_mark_changed(&rx.weft);
    assert_int_equal(weft_watch_try_changed(&rx.weft), 0);
    assert_int_equal(weft_watch_try_changed(&rx.weft), WEFT_EAGAIN);
    assert_int_equal(level_send(&tx, 3), 0);
    weft_watch_mark_unchanged(&rx.weft);
    assert_int_equal(weft_watch_try_changed(&rx.weft), WEFT_EAGAIN);
    assert_int_equal(level_send(&tx, 4), 0);
    assert_int_equal(level_read(&rx, &got), 0);
    assert_int_equal(weft_watch_try_changed(&rx.weft), WEFT_EAGAIN);
    level_receiver_close(&twin);
    end_all();
    open_level();
    weft_watch_mark_changed(&rx.weft); /* of the very first version */
    weft_watch_mark_changed(&rx.weft);
    assert_int_equal(weft_watch_try_changed(&rx.weft), 0);
    assert_int_equal(weft_watch_try_changed(&rx.weft), WEFT_EAGAIN);
    end_all();
}

/* WATCH-05 */
static void wait_for_tests_the_value_of_now_and_the_last_one(void **state)
{
    (void)state;
    struct visit task;
    open_level();
    visit_by(&task, wait_even, &rx);
    assert_int_equal(atomic_load(&task.rc), MEET_NOTHING_YET);
    assert_int_equal(level_send(&tx, 3), 0);
    WORLD_UNTIL(meet_stats(rt, "level").waits == 2);
    assert_int_equal(atomic_load(&task.rc), MEET_NOTHING_YET);
    assert_int_equal(level_send(&tx, 4), 0);
    assert_int_equal(meet_answer(&task), 0);
    assert_int_equal(got, 4);
    visit_by(&task, wait_even, &rx); /* at once */
    assert_int_equal(meet_answer(&task), 0);
    level_sender_close(&tx);
    visit_by(&task, wait_even, &rx); /* closed, and the last value fits */
    assert_int_equal(meet_answer(&task), 0);
    end_all();
    open_level();
    visit_by(&task, wait_even, &rx);
    level_sender_close(&tx);
    assert_int_equal(meet_answer(&task), WEFT_EPIPE);
    end_all();
}

/* WATCH-06 */
static void one_send_wakes_every_receiver_and_the_last_value_stays(void **state)
{
    (void)state;
    enum { RECEIVERS = 50 };
    static struct visit all[RECEIVERS];
    static level_receiver each[RECEIVERS];
    open_level();
    for (int i = 0; i < RECEIVERS; i++) {
        assert_int_equal(weft_watch_subscribe(&tx.weft, &each[i].weft), 0);
        visit_by(&all[i], changed, &each[i]);
    }
    assert_int_equal(meet_stats(rt, "level").waiting, RECEIVERS);
    assert_int_equal(level_send(&tx, 9), 0);
    level_sender_close(&tx);
    for (int i = 0; i < RECEIVERS; i++) {
        assert_int_equal(meet_answer(&all[i]), 0);
        assert_int_equal(level_read(&each[i], &got), 0);
        assert_int_equal(got, 9);
        assert_int_equal(weft_watch_try_changed(&each[i].weft), WEFT_EPIPE);
        level_receiver_close(&each[i]);
    }
    assert_int_equal(weft_watch_try_changed(&rx.weft), 0); /* the last value first, then the end */
    assert_int_equal(weft_watch_try_changed(&rx.weft), WEFT_EPIPE);
    end_all();
}

/* WATCH-07 */
static void receivers_learn_of_the_end_from_the_last_sender(void **state)
{
    (void)state;
    struct visit task;
    open_level();
    level_sender second;
    assert_int_equal(weft_watch_sender_clone(&tx.weft, &second.weft), 0);
    visit_by(&task, changed, &rx);
    level_sender_close(&tx);
    level_sender_close(&tx);
    assert_int_equal(meet_stats(rt, "level").waiting, 1);
    assert_int_equal(atomic_load(&task.rc), MEET_NOTHING_YET);
    level_sender_close(&second);
    assert_int_equal(meet_answer(&task), WEFT_EPIPE);
    end_all();
}

/* WATCH-08 */
static int add_one(void *value, void *context)
{
    return ++*(uint64_t *)value, ++*(int *)context, 0;
}

static void send_without_receivers_fails_and_the_others_do_not(void **state)
{
    (void)state;
    open_level();
    int calls = 0;
    level_receiver_close(&rx);
    assert_int_equal(level_send(&tx, 5), WEFT_EPIPE);
    assert_int_equal(weft_watch_subscribe(&tx.weft, &rx.weft), 0);
    assert_int_equal(peek(), 1);
    level_receiver_close(&rx);
    assert_int_equal(level_replace(&tx, 6, &got), 0);
    assert_int_equal(got, 1);
    assert_int_equal(weft_watch_modify(&tx.weft, add_one, &calls), 0);
    assert_int_equal(calls, 1);
    assert_int_equal(weft_watch_subscribe(&tx.weft, &rx.weft), 0);
    assert_int_equal(peek(), 7);
    end_all();
}

/* WATCH-10 */
static int spoil(void *value, void *context)
{
    (void)context;
    *(uint64_t *)value = 77;
    return WEFT_ERANGE;
}

static void modify_that_fails_changes_nothing(void **state)
{
    (void)state;
    struct visit task;
    open_level();
    visit_by(&task, changed, &rx);
    assert_int_equal(weft_watch_modify(&tx.weft, spoil, NULL), WEFT_ERANGE);
    assert_int_equal(meet_stats(rt, "level").count, 1);
    assert_int_equal(meet_stats(rt, "level").waiting, 1);
    level_receiver look;
    assert_int_equal(weft_watch_subscribe(&tx.weft, &look.weft), 0);
    assert_int_equal(level_read(&look, &got), 0);
    assert_int_equal(got, 1);
    level_receiver_close(&look);
    assert_int_equal(level_send(&tx, 2), 0);
    assert_int_equal(meet_answer(&task), 0);
    end_all();
}

/* A function that is called under no lock may call what it likes; and sees the newer value if it was overtaken. */
static int meddle(void *value, void *context)
{
    int *calls = context;
    if (++*calls == 1)
        VERDICT(level_send(&tx, 100) == 0);
    ++*(uint64_t *)value;
    return 0;
}

static void modify_that_was_overtaken_begins_again(void **state)
{
    (void)state;
    open_level();
    int calls = 0;
    assert_int_equal(weft_watch_modify(&tx.weft, meddle, &calls), 0);
    assert_int_equal(calls, 2);
    assert_int_equal(peek(), 101);
    end_all();
    struct large {
        unsigned char bytes[9000];
    } *value = calloc(1, sizeof *value); /* the copy is no longer on the stack */
    weft_watch_sender sender;
    weft_watch_receiver receiver;
    assert_non_null(value);
    value->bytes[0] = 4;
    assert_int_equal(weft_watch_create(rt, NULL, sizeof *value, value, &sender, &receiver), 0);
    assert_int_equal(weft_watch_modify(&sender, add_one, &calls), 0);
    assert_int_equal(weft_watch_peek(&receiver, value), 0);
    assert_int_equal(value->bytes[0], 5);
    weft_watch_sender_close(&sender);
    weft_watch_receiver_close(&receiver);
    free(value);
}

static void closed_waits_for_the_last_receiver(void **state)
{
    (void)state;
    struct visit task, again;
    open_level();
    level_receiver second;
    assert_int_equal(weft_watch_receiver_clone(&rx.weft, &second.weft), 0);
    visit_by(&task, closed, &tx);
    assert_int_equal(level_send(&tx, 2), 0); /* which is not its business */
    level_receiver_close(&rx);
    assert_int_equal(meet_stats(rt, "level").waiting, 1);
    level_receiver_close(&second);
    assert_int_equal(meet_answer(&task), 0);
    assert_int_equal(weft_watch_subscribe(&tx.weft, &rx.weft), 0);
    visit_by(&again, closed, &tx);
    assert_int_equal(atomic_load(&again.rc), MEET_NOTHING_YET);
    assert_int_equal(weft_task_cancel(again.task), 0);
    assert_int_equal(meet_answer(&again), WEFT_ECANCELED);
    end_all();
}

static int block_in_task(weft_context *cx, const void *object, uint32_t amount)
{
    (void)cx;
    return block(object, amount, 0);
}

static void changed_blocking_waits_times_out_and_refuses_on_a_worker(void **state)
{
    (void)state;
    struct visit task;
    open_level();
    struct guest guest = {.enter = block, .object = &rx, .deadline_ns = WEFT_FOREVER};
    assert_int_equal(weft_watch_changed_blocking(&rx.weft, weft_deadline_in(1000000)), WEFT_ETIMEDOUT);
    visit_by(&task, block_in_task, &rx);
    assert_int_equal(meet_answer(&task), WEFT_EPERM);
    meet_guest(&guest);
    WORLD_UNTIL(meet_stats(rt, "level").waiting == 1);
    assert_int_equal(level_send(&tx, 2), 0);
    assert_int_equal(meet_guest_answer(&guest), 0);
    meet_guest(&guest);
    level_sender_close(&tx);
    assert_int_equal(meet_guest_answer(&guest), WEFT_EPIPE);
    end_all();
}

/* COOP-04: senders and receivers on four workers; versions go up, and the last value is seen by all. */
enum { FOLLOWERS = 12, LAST = 3000 };
struct follower {
    weft_frame weft;
    level_receiver in;
    uint64_t last, now;
};
static weft_poll follower(weft_context *cx, struct follower *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, level_changed(cx, &self->in));
        if (self->weft.rc < 0)
            break;
        VERDICT(level_read(&self->in, &self->now) == 0);
        VERDICT(self->now >= self->last); /* a read may have taken what the next change would have told */
        self->last = self->now;
    }
    VERDICT(self->weft.rc == WEFT_EPIPE);
    VERDICT(self->last == LAST);
    level_receiver_close(&self->in);
    WEFT_END(0);
}
struct raiser {
    weft_frame weft;
    level_sender out;
    uint64_t i;
};
static weft_poll raiser(weft_context *cx, struct raiser *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 2; self->i <= LAST; self->i++) {
        VERDICT(level_send(&self->out, self->i) == 0);
        if (self->i % 16 == 0)
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    level_sender_close(&self->out);
    WEFT_END(0);
}

static void followers_see_values_go_up_and_the_last_one(void **state)
{
    (void)state;
    weft_runtime *four = world_begin(4);
    level_sender out;
    level_receiver in;
    assert_int_equal(level_create(four, NULL, 1, &out, &in), 0);
    for (int i = 0; i < FOLLOWERS; i++) {
        level_receiver mine;
        assert_int_equal(weft_watch_receiver_clone(&in.weft, &mine.weft), 0);
        weft_spawn(weft_runtime_scope(four), follower, .in = mine);
    }
    weft_spawn(weft_runtime_scope(four), raiser, .out = out);
    world_settle(four);
    level_receiver_close(&in);
    assert_int_equal(meet_count(four), 0);
    world_end(four, FOLLOWERS + 1);
    verdict_assert();
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handle_or_size_that_is_wrong_is_refused),
        cmocka_unit_test(receiver_sees_the_latest_value_once),
        cmocka_unit_test(peek_read_and_marks_say_what_is_seen),
        cmocka_unit_test(wait_for_tests_the_value_of_now_and_the_last_one),
        cmocka_unit_test(one_send_wakes_every_receiver_and_the_last_value_stays),
        cmocka_unit_test(receivers_learn_of_the_end_from_the_last_sender),
        cmocka_unit_test(send_without_receivers_fails_and_the_others_do_not),
        cmocka_unit_test(modify_that_fails_changes_nothing),
        cmocka_unit_test(modify_that_was_overtaken_begins_again),
        cmocka_unit_test(closed_waits_for_the_last_receiver),
        cmocka_unit_test(changed_blocking_waits_times_out_and_refuses_on_a_worker),
        cmocka_unit_test(followers_see_values_go_up_and_the_last_one),
    };
    return cmocka_run_group_tests(tests, runtime_of_one, runtime_end);
}
