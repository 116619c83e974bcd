/* SPDX-License-Identifier: MIT */
/*
 * Operations that were begun and then left: a poll function by hand may begin a send or a receive, and at its next poll
 * close the handle or return instead of asking again. Nothing of it may stay behind in the channel.
 */
#include <weft.h>

#include "lib/stress.h"

static weft_runtime *rt;
static weft_sender out;
static weft_receiver in;
static weft_sender young_out; /* of a channel made where the old one was */
static weft_receiver young_in;

static int begun_begin(void **state)
{
    (void)state;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1)) < 0)
        return -1;
    return weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), sizeof(int), &out, &in);
}

static int begun_end(void **state)
{
    (void)state;
    weft_sender_close(&out);
    weft_receiver_close(&in);
    return weft_runtime_destroy(rt);
}

static weft_channel_stats stats_of(const weft_receiver *receiver)
{
    weft_channel_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_receiver_stats(receiver, &stats), 0);
    return stats;
}

static void wait_for_waiting_senders(uint32_t count)
{
    while (stats_of(&in).senders_waiting != count)
        continue;
}

static void finish(weft_task task)
{
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
}

static void push(int value)
{
    assert_int_equal(weft_channel_try_send(&out, &value), 0);
}

/* Begins a send, and at its next poll closes the sender instead. */
struct leaver {
    weft_frame weft;
    weft_sender out;
    int polls;
    bool replace; /* and makes another channel at once */
};

static weft_poll leaver(weft_context *cx, struct leaver *self)
{
    if (self->polls++ == 0) {
        VERDICT(weft_channel_send(cx, &self->out, &self->polls) == WEFT_AWAITING);
        return WEFT_PENDING;
    }
    weft_sender_close(&self->out);
    if (self->replace)
        VERDICT(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), sizeof(int), &young_out, &young_in) == 0);
    return WEFT_READY;
}

/* Receives one message, which grants its place to the first that waits, and closes, all in one poll. */
struct taker {
    weft_frame weft;
    bool close;
};

static weft_poll taker(weft_context *cx, struct taker *self)
{
    (void)cx;
    int value;
    VERDICT(weft_channel_try_recv(&in, &value) == 0);
    if (self->close)
        weft_receiver_close(&in);
    return WEFT_READY;
}

static void send_granted_then_closed_does_not_touch_the_next_channel(void **state)
{
    (void)state;
    push(1);
    weft_task left = weft_spawn_joinable(weft_runtime_scope(rt), leaver, .out = out, .replace = true);
    out = (weft_sender){0};
    wait_for_waiting_senders(1);
    finish(weft_spawn_joinable(weft_runtime_scope(rt), taker, .close = true));
    finish(left);
    verdict_assert();
    assert_int_equal(stats_of(&young_in).reserved, 0);
    int value = 7;
    assert_int_equal(weft_channel_try_send(&young_out, &value), 0);
    assert_int_equal(weft_channel_try_recv(&young_in, &value), 0);
    weft_sender_close(&young_out);
    weft_receiver_close(&young_in);
}

static void send_granted_then_closed_hands_the_place_on(void **state)
{
    (void)state;
    weft_sender mine;
    assert_int_equal(weft_sender_clone(&out, &mine), 0);
    push(1);
    weft_task left = weft_spawn_joinable(weft_runtime_scope(rt), leaver, .out = mine);
    wait_for_waiting_senders(1);
    finish(weft_spawn_joinable(weft_runtime_scope(rt), taker, .close = false));
    finish(left);
    verdict_assert();
    assert_int_equal(stats_of(&in).reserved, 0);
    push(2);
}

static void send_waiting_then_closed_is_out_of_the_list(void **state)
{
    (void)state;
    weft_sender mine;
    assert_int_equal(weft_sender_clone(&out, &mine), 0);
    push(1);
    weft_task left = weft_spawn_joinable(weft_runtime_scope(rt), leaver, .out = mine);
    wait_for_waiting_senders(1);
    weft_wake((weft_waker){left});
    finish(left);
    verdict_assert();
    const weft_channel_stats stats = stats_of(&in);
    assert_int_equal(stats.senders_waiting, 0);
    assert_int_equal(stats.senders, 1);
    int value;
    assert_int_equal(weft_channel_try_recv(&in, &value), 0);
    push(2); /* nobody waits in front */
}

/* Begins a receive, and at its next poll closes the receiver or lets another have it. */
struct listener {
    weft_frame weft;
    int polls;
    bool close;
    int value;
};

static weft_poll listener(weft_context *cx, struct listener *self)
{
    if (self->polls++ == 0) {
        VERDICT(weft_channel_recv(cx, &in, &self->value) == WEFT_AWAITING);
        return WEFT_PENDING;
    }
    if (self->close) {
        weft_receiver_close(&in);
        weft_sender_close(&out); /* the channel is gone before the poll returns */
        VERDICT(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), sizeof(int), &young_out, &young_in) == 0);
    }
    return WEFT_READY;
}

/* known bug 71 */
static void recv_begun_then_ended_frees_the_receiver_for_others(void **state)
{
    (void)state;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), listener, .close = false);
    while (!stats_of(&in).receiver_waiting)
        continue;
    weft_wake((weft_waker){task});
    finish(task);
    verdict_assert();
    assert_false(stats_of(&in).receiver_waiting);
    int value;
    assert_int_equal(weft_channel_recv_blocking(&in, &value, 0), WEFT_ETIMEDOUT); /* not EBUSY */
    push(3);
    assert_int_equal(weft_channel_recv_blocking(&in, &value, WEFT_FOREVER), 0);
    assert_int_equal(value, 3);
}

/* known bug 28 */
static void recv_begun_then_closed_leaves_nothing(void **state)
{
    (void)state;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), listener, .close = true);
    weft_task copy = task;
    weft_receiver look = in;
    while (!stats_of(&look).receiver_waiting)
        continue;
    weft_wake((weft_waker){copy});
    finish(task);
    verdict_assert();
    assert_false(stats_of(&young_in).receiver_waiting);
    weft_sender_close(&young_out);
    weft_receiver_close(&young_in);
}

int main(void)
{
#define BEGUN_TEST(test) cmocka_unit_test_setup_teardown(test, begun_begin, begun_end)
    const struct CMUnitTest tests[] = {
        BEGUN_TEST(send_granted_then_closed_does_not_touch_the_next_channel),
        BEGUN_TEST(send_granted_then_closed_hands_the_place_on),
        BEGUN_TEST(send_waiting_then_closed_is_out_of_the_list),
        BEGUN_TEST(recv_begun_then_ended_frees_the_receiver_for_others),
        BEGUN_TEST(recv_begun_then_closed_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
