/* SPDX-License-Identifier: MIT */
/* The oneshot, as <weft/oneshot.h> says it: a test a line of its documentation. */
#include <stdlib.h>

#include "lib/meet.h"

WEFT_ONESHOT_DEFINE(reply, uint64_t)

#include "lib/runtime.h"

static reply_sender tx;
static reply_receiver rx;
static uint64_t got;
static atomic_uint dropped;

static void drop(void *value, void *context)
{
    VERDICT(context == &dropped);
    VERDICT(*(uint64_t *)value == 42);
    atomic_fetch_add(&dropped, 1);
}

static void open_reply(void)
{
    atomic_store(&dropped, 0);
    got = 0;
    assert_int_equal(
        reply_create(rt, WEFT_ONESHOT_OPTIONS(.name = "reply", .drop = drop, .drop_context = &dropped), &tx, &rx), 0);
}

static void end_all(void)
{
    reply_sender_close(&tx);
    reply_receiver_close(&rx);
    world_settle(rt);
    assert_int_equal(meet_count(rt), 0);
    verdict_assert();
}

static int receive(weft_context *cx, const void *object, uint32_t amount)
{
    (void)amount;
    return reply_recv(cx, object, &got);
}
static int closed(weft_context *cx, const void *object, uint32_t amount)
{
    (void)amount;
    return reply_closed(cx, object);
}
static int block(const void *object, uint32_t amount, int64_t deadline_ns)
{
    (void)amount;
    return reply_recv_blocking(object, &got, deadline_ns);
}

static void send_receiver(struct visit *visit)
{
    meet_send(rt, "reply", visit, (struct visitor){.enter = receive, .object = &rx});
}
static void send_sender(struct visit *visit)
{
    meet_send(rt, "reply", visit, (struct visitor){.enter = closed, .object = &tx});
}

static void handle_or_size_that_is_wrong_is_refused(void **state)
{
    (void)state;
    weft_oneshot_sender sender = {0};
    weft_oneshot_receiver receiver = {0};
    assert_int_equal(weft_oneshot_create(rt, NULL, 0, &sender, &receiver), WEFT_EINVAL);
    assert_int_equal(weft_oneshot_create(rt, NULL, WEFT_ONESHOT_SIZE_MAX + 1, &sender, &receiver), WEFT_EINVAL);
    assert_int_equal(weft_oneshot_create(rt, NULL, 8, NULL, &receiver), WEFT_EINVAL);
    assert_int_equal(weft_oneshot_create(rt, &(weft_oneshot_options){.size = 3}, 8, &sender, &receiver), WEFT_EINVAL);
    assert_int_equal(weft_oneshot_create(NULL, NULL, 8, &sender, &receiver), WEFT_EINVAL);
    assert_int_equal(weft_oneshot_send(&sender, &got), WEFT_EINVAL);
    assert_int_equal(weft_oneshot_try_recv(&receiver, &got), WEFT_EINVAL);
    assert_int_equal(weft_oneshot_recv(NULL, &receiver, &got), WEFT_EINVAL);
    assert_int_equal(weft_oneshot_closed(NULL, &sender), WEFT_EINVAL);
    weft_oneshot_stop(&receiver);
    weft_oneshot_sender_close(&sender);
    weft_oneshot_receiver_close(NULL);
    open_reply();
    assert_int_equal(weft_oneshot_send(&tx.weft, NULL), WEFT_EINVAL); /* the handle was not consumed */
    const reply_sender old_tx = tx;
    const reply_receiver old_rx = rx;
    end_all();
    assert_int_equal(reply_try_recv(&rx, &got), WEFT_EPIPE);
    assert_int_equal(reply_send(&tx, 1), WEFT_EPIPE);
    open_reply();
    reply_sender stale = old_tx;
    assert_int_equal(reply_send(&stale, 1), WEFT_ESRCH);
    assert_int_equal(reply_try_recv(&old_rx, &got), WEFT_ESRCH);
    assert_int_equal(reply_try_recv(&rx, &got), WEFT_EAGAIN);
    end_all();
}

static void value_of_any_size_arrives_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 7, 16, 100, 4096, WEFT_ONESHOT_SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        weft_oneshot_sender sender;
        weft_oneshot_receiver receiver;
        unsigned char *value = malloc(sizes[i]), *copy = calloc(1, sizes[i]);
        assert_true(value && copy);
        memset(value, 0xA5, sizes[i]);
        assert_int_equal(weft_oneshot_create(rt, NULL, sizes[i], &sender, &receiver), 0);
        assert_int_equal(weft_oneshot_send(&sender, value), 0);
        assert_int_equal(weft_oneshot_try_recv(&receiver, copy), 0);
        assert_memory_equal(value, copy, sizes[i]);
        weft_oneshot_receiver_close(&receiver);
        free(value);
        free(copy);
    }
    assert_int_equal(meet_count(rt), 0);
}

/* ONE-01 */
static void send_completes_the_waiting_receiver(void **state)
{
    (void)state;
    struct visit task;
    open_reply();
    send_receiver(&task);
    assert_int_equal(atomic_load(&task.rc), MEET_NOTHING_YET);
    weft_sync_stats stats = meet_stats(rt, "reply");
    assert_int_equal(stats.kind, WEFT_SYNC_ONESHOT);
    assert_int_equal(stats.senders + stats.receivers, 2);
    assert_true(stats.waiting_first == task.task.id);
    assert_int_equal(reply_send(&tx, 7), 0);
    assert_int_equal(meet_answer(&task), 0);
    assert_int_equal(got, 7);
    end_all();
    assert_int_equal(atomic_load(&dropped), 0);
}

/* ONE-02 */
static void sender_that_goes_without_sending_wakes_the_receiver(void **state)
{
    (void)state;
    struct visit task;
    open_reply();
    send_receiver(&task);
    reply_sender_close(&tx);
    reply_sender_close(&tx);
    assert_int_equal(meet_answer(&task), WEFT_EPIPE);
    assert_int_equal(reply_try_recv(&rx, &got), WEFT_EPIPE);
    end_all();
}

/* ONE-03 */
static void receiver_that_stops_or_goes_wakes_closed_and_fails_the_send(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct visit waits, late;
        open_reply();
        send_sender(&waits);
        assert_int_equal(atomic_load(&waits.rc), MEET_NOTHING_YET);
        if (how == 0)
            reply_stop(&rx);
        else
            reply_receiver_close(&rx);
        assert_int_equal(meet_answer(&waits), 0);
        send_sender(&late);
        assert_int_equal(meet_answer(&late), 0);
        const uint64_t value = 42;
        assert_int_equal(weft_oneshot_send(&tx.weft, &value), WEFT_EPIPE); /* the value is still ours */
        assert_int_equal(reply_send(&tx, 1), WEFT_EPIPE);                  /* and the handle is consumed */
        end_all();
        assert_int_equal(atomic_load(&dropped), 0);
    }
}

/* ONE-04 */
static void value_sent_before_the_stop_is_receivable_after_it(void **state)
{
    (void)state;
    open_reply();
    assert_int_equal(reply_send(&tx, 42), 0);
    reply_stop(&rx);
    assert_int_equal(reply_try_recv(&rx, &got), 0);
    assert_int_equal(got, 42);
    end_all();
    struct visit task;
    open_reply();
    reply_stop(&rx);
    send_receiver(&task);
    assert_int_equal(meet_answer(&task), WEFT_EPIPE);
    end_all();
}

/* ONE-05 ONE-07 */
static void try_recv_is_empty_then_the_value_then_closed_for_ever(void **state)
{
    (void)state;
    struct visit task;
    open_reply();
    assert_int_equal(reply_try_recv(&rx, &got), WEFT_EAGAIN);
    assert_int_equal(meet_stats(rt, "reply").permits, 0);
    assert_int_equal(reply_send(&tx, 9), 0);
    assert_int_equal(meet_stats(rt, "reply").permits, 1);
    assert_int_equal(reply_try_recv(&rx, &got), 0);
    assert_int_equal(got, 9);
    assert_int_equal(meet_stats(rt, "reply").permits, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reply_try_recv(&rx, &got), WEFT_EPIPE);
    send_receiver(&task); /* awaiting after it was taken reports an error */
    assert_int_equal(meet_answer(&task), WEFT_EPIPE);
    assert_int_equal(reply_recv_blocking(&rx, &got, WEFT_FOREVER), WEFT_EPIPE);
    end_all();
}

/* A receiver that is waited for in one task, and then in another: the value comes to the one that still asks. */
struct waverer {
    weft_frame weft;
    atomic_uint *stay;
    atomic_int *began;
};
static weft_poll waverer(weft_context *cx, struct waverer *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(reply_recv(cx, &rx, &got) == WEFT_AWAITING);
    atomic_store(self->began, 1);
    while (!atomic_load(self->stay))
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

/* ONE-06 */
static void receiver_that_moves_to_another_task_takes_its_wait_along(void **state)
{
    (void)state;
    struct visit task;
    atomic_uint stay = 0;
    atomic_int began = 0;
    open_reply();
    weft_spawn(weft_runtime_scope(rt), waverer, .stay = &stay, .began = &began);
    WORLD_UNTIL(atomic_load(&began) && meet_stats(rt, "reply").waiting == 0); /* it turned to something else */
    send_receiver(&task);
    assert_int_equal(meet_stats(rt, "reply").waiting, 1);
    assert_int_equal(reply_send(&tx, 5), 0);
    assert_int_equal(meet_answer(&task), 0);
    assert_int_equal(got, 5);
    atomic_store(&stay, 1);
    end_all();
}

static void value_that_nobody_receives_is_dropped_once(void **state)
{
    (void)state;
    open_reply();
    assert_int_equal(reply_send(&tx, 42), 0);
    assert_int_equal(atomic_load(&dropped), 0);
    reply_receiver_close(&rx);
    assert_int_equal(atomic_load(&dropped), 1); /* right then */
    end_all();
    assert_int_equal(atomic_load(&dropped), 1);
}

static void cancelled_receive_takes_nothing(void **state)
{
    (void)state;
    struct visit task;
    open_reply();
    send_receiver(&task);
    meet_hold(rt);
    assert_int_equal(reply_send(&tx, 8), 0);
    assert_int_equal(weft_task_cancel(task.task), 0);
    meet_unhold();
    assert_int_equal(meet_answer(&task), WEFT_ECANCELED);
    assert_int_equal(reply_try_recv(&rx, &got), 0);
    assert_int_equal(got, 8);
    end_all();
}

/* ONE-10 */
static int block_in_task(weft_context *cx, const void *object, uint32_t amount)
{
    (void)cx, (void)amount;
    return reply_recv_blocking(object, &got, 0);
}

static void recv_blocking_waits_times_out_and_refuses_on_a_worker(void **state)
{
    (void)state;
    struct visit task;
    open_reply();
    assert_int_equal(reply_recv_blocking(&rx, &got, 0), WEFT_ETIMEDOUT);
    assert_int_equal(reply_recv_blocking(&rx, &got, weft_deadline_in(1000000)), WEFT_ETIMEDOUT);
    meet_send(rt, "reply", &task, (struct visitor){.enter = block_in_task, .object = &rx});
    assert_int_equal(meet_answer(&task), WEFT_EPERM);
    struct guest guest = {.enter = block, .object = &rx, .deadline_ns = WEFT_FOREVER};
    meet_guest(&guest);
    WORLD_UNTIL(meet_stats(rt, "reply").waiting == 1);
    assert_int_equal(reply_send(&tx, 6), 0);
    assert_int_equal(meet_guest_answer(&guest), 0);
    assert_int_equal(got, 6);
    end_all();
    open_reply();
    meet_guest(&guest);
    reply_sender_close(&tx);
    assert_int_equal(meet_guest_answer(&guest), WEFT_EPIPE);
    end_all();
}

static void oneshot_outlives_its_runtime(void **state)
{
    (void)state;
    weft_runtime *other = world_begin(1);
    assert_int_equal(reply_create(other, NULL, &tx, &rx), 0);
    world_end(other, 0);
    assert_int_equal(reply_send(&tx, 3), 0);
    assert_int_equal(reply_recv_blocking(&rx, &got, 0), 0);
    assert_int_equal(got, 3);
    end_all();
}

/* The answer to a request, a thousand times, on four workers: a oneshot each way as it is used. */
struct answerer {
    weft_frame weft;
    reply_sender to;
    uint64_t value;
};
static weft_poll answerer(weft_context *cx, struct answerer *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(reply_send(&self->to, self->value) == 0);
    WEFT_END(0);
}

enum { ASKS = 1000, ASKERS = 8 };
struct asker {
    weft_frame weft;
    reply_receiver from;
    uint64_t i, answer;
};
static weft_poll asker(weft_context *cx, struct asker *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < ASKS; self->i++) {
        reply_sender to;
        VERDICT(reply_create(weft_context_runtime(cx), NULL, &to, &self->from) == 0);
        weft_spawn(weft_runtime_scope(weft_context_runtime(cx)), answerer, .to = to, .value = self->i);
        WEFT_AWAIT(self->weft.rc, reply_recv(cx, &self->from, &self->answer));
        VERDICT(self->weft.rc == 0 && self->answer == self->i);
        reply_receiver_close(&self->from);
    }
    WEFT_END(0);
}

static void ask_and_answer_goes_on_and_on(void **state)
{
    (void)state;
    weft_runtime *four = world_begin(4);
    for (int i = 0; i < ASKERS; i++)
        weft_spawn(weft_runtime_scope(four), asker, .i = 0);
    world_settle(four);
    assert_int_equal(meet_count(four), 0);
    world_end(four, ASKERS * (1 + ASKS));
    verdict_assert();
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handle_or_size_that_is_wrong_is_refused),
        cmocka_unit_test(value_of_any_size_arrives_whole),
        cmocka_unit_test(send_completes_the_waiting_receiver),
        cmocka_unit_test(sender_that_goes_without_sending_wakes_the_receiver),
        cmocka_unit_test(receiver_that_stops_or_goes_wakes_closed_and_fails_the_send),
        cmocka_unit_test(value_sent_before_the_stop_is_receivable_after_it),
        cmocka_unit_test(try_recv_is_empty_then_the_value_then_closed_for_ever),
        cmocka_unit_test(receiver_that_moves_to_another_task_takes_its_wait_along),
        cmocka_unit_test(value_that_nobody_receives_is_dropped_once),
        cmocka_unit_test(cancelled_receive_takes_nothing),
        cmocka_unit_test(recv_blocking_waits_times_out_and_refuses_on_a_worker),
        cmocka_unit_test(oneshot_outlives_its_runtime),
        cmocka_unit_test(ask_and_answer_goes_on_and_on),
    };
    return cmocka_run_group_tests(tests, runtime_of_one, runtime_end);
}
