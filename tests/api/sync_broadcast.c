/* SPDX-License-Identifier: MIT */
/* The broadcast, as <weft/broadcast.h> says it: a test a line of its documentation. */
#include <stdlib.h>

#include "lib/meet.h"

WEFT_BROADCAST_DEFINE(news, uint64_t)

#include "lib/runtime.h"

static news_sender tx;
static news_receiver rx;
static uint64_t got, lost;
static atomic_int copies, drops;
static uint64_t bad; /* a message whose copy fails */

static int copy(void *to, const void *from, void *context)
{
    VERDICT(context == &copies);
    if (*(const uint64_t *)from == bad)
        return WEFT_ENOMEM;
    atomic_fetch_add(&copies, 1);
    memcpy(to, from, sizeof(uint64_t));
    return 0;
}
static void drop(void *message, void *context)
{
    (void)message;
    VERDICT(context == &copies);
    atomic_fetch_add(&drops, 1);
}

static void open_news(size_t capacity)
{
    got = lost = 0;
    assert_int_equal(news_create(rt, WEFT_BROADCAST_OPTIONS(.name = "news", .capacity = capacity), &tx, &rx), 0);
}

static void open_counted(size_t capacity)
{
    atomic_store(&copies, 0);
    atomic_store(&drops, 0);
    bad = UINT64_MAX;
    assert_int_equal(news_create(rt,
                                 WEFT_BROADCAST_OPTIONS(.name = "news", .capacity = capacity, .copy = copy,
                                                        .drop = drop, .context = &copies),
                                 &tx, &rx),
                     0);
}

static void end_all(void)
{
    news_sender_close(&tx);
    news_receiver_close(&rx);
    world_settle(rt);
    assert_int_equal(meet_count(rt), 0);
    verdict_assert();
}

static int receive(weft_context *cx, const void *object, uint32_t amount)
{
    (void)amount;
    return news_recv(cx, (news_receiver *)(uintptr_t)object, &got, &lost);
}
static int closed(weft_context *cx, const void *object, uint32_t amount)
{
    (void)amount;
    return weft_broadcast_closed(cx, &((const news_sender *)object)->weft);
}
static int block(const void *object, uint32_t amount, int64_t deadline_ns)
{
    (void)amount;
    return news_recv_blocking((news_receiver *)(uintptr_t)object, &got, &lost, deadline_ns);
}

static void visit_by(struct visit *visit, int (*enter)(weft_context *, const void *, uint32_t), const void *object)
{
    meet_send(rt, "news", visit, (struct visitor){.enter = enter, .object = object});
}

/* Send the numbers `from` to `to`. */
static void send_all(uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i <= to; i++)
        assert_true(news_send(&tx, i) >= 1);
}

/* The receiver has exactly these to read, and no more. */
static void expect_all(news_receiver *receiver, uint64_t from, uint64_t to, int after)
{
    for (uint64_t i = from; i <= to; i++) {
        assert_int_equal(weft_broadcast_pending(&receiver->weft), to - i + 1);
        assert_int_equal(news_try_recv(receiver, &got, &lost), 0);
        assert_int_equal(got, i);
    }
    assert_int_equal(news_try_recv(receiver, &got, &lost), after);
}

static void expect_lag(news_receiver *receiver, uint64_t count)
{
    lost = 0;
    assert_int_equal(news_try_recv(receiver, &got, &lost), WEFT_ELAGGED);
    assert_int_equal(lost, count);
}

/* BC-03 */
static void capacity_is_rounded_up_and_absurd_ones_are_refused(void **state)
{
    (void)state;
    weft_broadcast_sender sender = {0};
    weft_broadcast_receiver receiver = {0};
    assert_int_equal(weft_broadcast_create(rt, WEFT_BROADCAST_OPTIONS(.capacity = 0), 8, &sender, &receiver),
                     WEFT_EINVAL);
    assert_int_equal(weft_broadcast_create(rt, WEFT_BROADCAST_OPTIONS(.capacity = WEFT_BROADCAST_CAPACITY_MAX + 1), 8,
                                           &sender, &receiver),
                     WEFT_EINVAL);
    assert_int_equal(weft_broadcast_create(rt, WEFT_BROADCAST_OPTIONS(.capacity = 1), 0, &sender, NULL), WEFT_EINVAL);
    assert_int_equal(
        weft_broadcast_create(rt, WEFT_BROADCAST_OPTIONS(.capacity = 1), WEFT_BROADCAST_SIZE_MAX + 1, &sender, NULL),
        WEFT_EINVAL);
    assert_int_equal(weft_broadcast_create(rt, NULL, 8, &sender, NULL), WEFT_EINVAL);
    assert_int_equal(weft_broadcast_create(rt, WEFT_BROADCAST_OPTIONS(.capacity = 1, .drop = drop), 8, &sender, NULL),
                     WEFT_EINVAL);
    assert_int_equal(weft_broadcast_send(&sender, &got), WEFT_EINVAL);
    assert_int_equal(weft_broadcast_try_recv(&receiver, &got, NULL), WEFT_EINVAL);
    weft_broadcast_sender_close(&sender);
    weft_broadcast_receiver_close(NULL);
    static const size_t asked[] = {1, 2, 3, 5, 64, 65}, given[] = {1, 2, 4, 8, 64, 128};
    for (int i = 0; i < 6; i++) {
        open_news(asked[i]);
        assert_int_equal(meet_stats(rt, "news").permits_max, given[i]);
        const weft_broadcast_sender old_tx = tx.weft;
        weft_broadcast_receiver old_rx = rx.weft;
        end_all();
        assert_int_equal(news_send(&tx, 1), WEFT_EPIPE);
        assert_int_equal(news_try_recv(&rx, &got, &lost), WEFT_EPIPE);
        open_news(1);
        assert_int_equal(weft_broadcast_send(&old_tx, &got), WEFT_ESRCH);
        assert_int_equal(weft_broadcast_try_recv(&old_rx, &got, NULL), WEFT_ESRCH);
        assert_int_equal(weft_broadcast_backlog(&old_tx), WEFT_ESRCH);
        end_all();
    }
}

/* BC-01 BC-02 BC-09 */
static void each_receiver_gets_what_is_sent_after_it_came(void **state)
{
    (void)state;
    open_news(8);
    news_receiver late;
    assert_int_equal(news_send(&tx, 1), 1);
    assert_int_equal(news_subscribe(&tx, &late), 0);
    assert_int_equal(news_send(&tx, 2), 2);
    assert_int_equal(news_send(&tx, 3), 2);
    assert_int_equal(weft_broadcast_backlog(&tx.weft), 3);
    assert_int_equal(meet_stats(rt, "news").permits, 3);
    assert_int_equal(meet_stats(rt, "news").count, 3);
    assert_int_equal(meet_stats(rt, "news").receivers, 2);
    expect_all(&late, 2, 3, WEFT_EAGAIN);
    assert_int_equal(weft_broadcast_backlog(&tx.weft), 3); /* the slowest has read nothing */
    expect_all(&rx, 1, 3, WEFT_EAGAIN);
    assert_int_equal(weft_broadcast_backlog(&tx.weft), 0);
    send_all(4, 12);
    assert_int_equal(weft_broadcast_backlog(&tx.weft), 8); /* at most the capacity */
    news_receiver_close(&late);
    news_receiver_close(&rx);
    assert_int_equal(weft_broadcast_backlog(&tx.weft), 0);
    assert_int_equal(news_send(&tx, 13), WEFT_EPIPE);
    assert_int_equal(news_subscribe(&tx, &rx), 0);
    assert_int_equal(news_send(&tx, 14), 1);
    expect_all(&rx, 14, 14, WEFT_EAGAIN);
    end_all();
}

/* BC-04 BC-05 */
static void slow_receiver_is_told_once_how_many_it_lost(void **state)
{
    (void)state;
    open_news(4);
    news_receiver quick;
    assert_int_equal(news_subscribe(&tx, &quick), 0);
    send_all(1, 4);
    expect_all(&quick, 1, 4, WEFT_EAGAIN);
    send_all(5, 7); /* 1 to 3 are gone */
    expect_lag(&rx, 3);
    assert_int_equal(weft_broadcast_pending(&rx.weft), 4);
    send_all(8, 9); /* it lags again before it read */
    expect_lag(&rx, 2);
    expect_all(&rx, 6, 9, WEFT_EAGAIN);
    expect_lag(&quick, 1); /* of its own: 5 is gone */
    expect_all(&quick, 6, 9, WEFT_EAGAIN);
    send_all(10, 109);
    assert_int_equal(news_try_recv(&rx, &got, NULL), WEFT_ELAGGED); /* whoever does not ask is not told the number */
    expect_all(&rx, 106, 109, WEFT_EAGAIN);
    expect_lag(&quick, 96);
    news_receiver_close(&quick);
    end_all();
}

/* BC-06: lag does not look like the end, nor the end like lag. */
static void closed_broadcast_is_read_to_its_end(void **state)
{
    (void)state;
    open_news(4);
    news_sender second;
    assert_int_equal(weft_broadcast_sender_clone(&tx.weft, &second.weft), 0);
    send_all(1, 6);
    news_sender_close(&tx);
    assert_int_equal(news_send(&second, 7), 1);
    news_sender_close(&second);
    expect_lag(&rx, 3);
    expect_all(&rx, 4, 7, WEFT_EPIPE);
    assert_int_equal(news_try_recv(&rx, &got, &lost), WEFT_EPIPE);
    end_all();
}

/* BC-07 */
static void capacity_of_one_keeps_the_newest(void **state)
{
    (void)state;
    open_news(1);
    send_all(1, 1);
    expect_all(&rx, 1, 1, WEFT_EAGAIN);
    send_all(2, 3);
    expect_lag(&rx, 1);
    expect_all(&rx, 3, 3, WEFT_EAGAIN);
    end_all();
}

/* BC-08, known bug 63: tokio 4867, a receiver of a closed broadcast that is subscribed again waits for ever. */
static void resubscribed_receiver_starts_at_the_end(void **state)
{
    (void)state;
    open_news(4);
    news_receiver other, late;
    send_all(1, 3);
    assert_int_equal(weft_broadcast_resubscribe(&rx.weft, &other.weft), 0);
    send_all(4, 4);
    expect_all(&other, 4, 4, WEFT_EAGAIN);
    expect_all(&rx, 1, 4, WEFT_EAGAIN);
    news_sender_close(&tx);
    assert_int_equal(weft_broadcast_resubscribe(&rx.weft, &late.weft), 0);
    assert_int_equal(news_recv_blocking(&late, &got, &lost, WEFT_FOREVER), WEFT_EPIPE);
    news_receiver_close(&late);
    news_receiver_close(&other);
    end_all();
}

/* BC-10 */
static void message_is_dropped_by_the_last_that_needs_it(void **state)
{
    (void)state;
    open_counted(4);
    news_receiver second;
    assert_int_equal(news_subscribe(&tx, &second), 0);
    send_all(1, 3);
    expect_all(&rx, 1, 3, WEFT_EAGAIN);
    assert_int_equal(atomic_load(&drops), 0);
    assert_int_equal(news_try_recv(&second, &got, &lost), 0);
    assert_int_equal(atomic_load(&drops), 1); /* both have read it */
    news_receiver_close(&second);
    assert_int_equal(atomic_load(&drops), 3); /* nobody needs the other two any more */
    assert_int_equal(atomic_load(&copies), 4);
    send_all(4, 9); /* 4 and 5 are pushed out */
    assert_int_equal(atomic_load(&drops), 5);
    news_sender_close(&tx);
    assert_int_equal(atomic_load(&drops), 5); /* what is kept can be read */
    expect_lag(&rx, 2);
    assert_int_equal(news_try_recv(&rx, &got, &lost), 0);
    assert_int_equal(got, 6);
    end_all();
    assert_int_equal(atomic_load(&drops), 9);
}

/* BC-11 */
static void failed_copy_is_passed_over_by_that_receiver_only(void **state)
{
    (void)state;
    open_counted(4);
    news_receiver second;
    assert_int_equal(news_subscribe(&tx, &second), 0);
    send_all(1, 3);
    bad = 2;
    assert_int_equal(news_try_recv(&rx, &got, &lost), 0);
    assert_int_equal(news_try_recv(&rx, &got, &lost), WEFT_ENOMEM);
    assert_int_equal(news_try_recv(&rx, &got, &lost), 0);
    assert_int_equal(got, 3);
    bad = UINT64_MAX;
    expect_all(&second, 1, 3, WEFT_EAGAIN);
    assert_int_equal(atomic_load(&drops), 3);
    news_receiver_close(&second);
    end_all();
}

/* BC-12: the functions of the user may send, and receive: no lock is held. */
static int sends_back;
static int copy_and_send(void *to, const void *from, void *context)
{
    (void)context;
    memcpy(to, from, sizeof(uint64_t));
    if (sends_back-- > 0)
        VERDICT(news_send(&tx, 100) >= 1); /* which pushes out what is being copied */
    return 0;
}
static void drop_and_send(void *message, void *context)
{
    (void)context;
    if (*(uint64_t *)message == 1)
        VERDICT(news_send(&tx, 101) == 1);
    atomic_fetch_add(&drops, 1);
}

static void functions_of_the_user_run_under_no_lock(void **state)
{
    (void)state;
    atomic_store(&drops, 0);
    sends_back = 3;
    assert_int_equal(
        news_create(rt,
                    WEFT_BROADCAST_OPTIONS(.name = "news", .capacity = 2, .copy = copy_and_send, .drop = drop_and_send),
                    &tx, &rx),
        0);
    send_all(1, 2);
    assert_int_equal(news_try_recv(&rx, &got, &lost), 0);
    assert_int_equal(got, 1); /* whole, though it was pushed out meanwhile; its drop sends 101, which pushes 2 out */
    assert_int_equal(atomic_load(&drops), 2);
    expect_lag(&rx, 1);
    sends_back = 0;
    expect_all(&rx, 100, 101, WEFT_EAGAIN);
    end_all();
    assert_int_equal(atomic_load(&drops), 4);
}

/* BC-13 */
static void closed_waits_for_the_last_receiver(void **state)
{
    (void)state;
    struct visit first, second, third;
    open_news(2);
    visit_by(&first, closed, &tx);
    assert_int_equal(news_send(&tx, 1), 1); /* which is not its business */
    assert_int_equal(atomic_load(&first.rc), MEET_NOTHING_YET);
    news_receiver_close(&rx);
    assert_int_equal(meet_answer(&first), 0);
    assert_int_equal(news_subscribe(&tx, &rx), 0);
    visit_by(&second, closed, &tx);
    assert_int_equal(atomic_load(&second.rc), MEET_NOTHING_YET);
    assert_int_equal(weft_task_cancel(second.task), 0);
    assert_int_equal(meet_answer(&second), WEFT_ECANCELED);
    end_all();
    assert_int_equal(news_create(rt, WEFT_BROADCAST_OPTIONS(.name = "news", .capacity = 1), &tx, NULL), 0);
    visit_by(&third, closed, &tx);
    assert_int_equal(meet_answer(&third), 0); /* it began without receivers */
    end_all();
}

/* BC-14 */
static void cancelled_receive_takes_nothing(void **state)
{
    (void)state;
    struct visit task;
    open_news(4);
    visit_by(&task, receive, &rx);
    meet_hold(rt);
    send_all(1, 2);
    assert_int_equal(weft_task_cancel(task.task), 0);
    meet_unhold();
    assert_int_equal(meet_answer(&task), WEFT_ECANCELED);
    expect_all(&rx, 1, 2, WEFT_EAGAIN);
    end_all();
}

static int block_in_task(weft_context *cx, const void *object, uint32_t amount)
{
    (void)cx;
    return block(object, amount, 0);
}

static void receivers_wait_as_tasks_and_as_threads(void **state)
{
    (void)state;
    struct visit task, wrong;
    open_news(4);
    news_receiver other;
    assert_int_equal(news_subscribe(&tx, &other), 0);
    struct guest guest = {.enter = block, .object = &other, .deadline_ns = WEFT_FOREVER};
    assert_int_equal(news_recv_blocking(&rx, &got, &lost, weft_deadline_in(1000000)), WEFT_ETIMEDOUT);
    visit_by(&wrong, block_in_task, &rx);
    assert_int_equal(meet_answer(&wrong), WEFT_EPERM);
    visit_by(&task, receive, &rx);
    assert_int_equal(news_send(&tx, 1), 2);
    assert_int_equal(meet_answer(&task), 0);
    assert_int_equal(got, 1);
    meet_guest(&guest);
    assert_int_equal(meet_guest_answer(&guest), 0);
    meet_guest(&guest);
    visit_by(&task, receive, &rx);
    WORLD_UNTIL(meet_stats(rt, "news").waiting == 2);
    news_sender_close(&tx);
    assert_int_equal(meet_answer(&task), WEFT_EPIPE);
    assert_int_equal(meet_guest_answer(&guest), WEFT_EPIPE);
    news_receiver_close(&other);
    end_all();
}

/* Many senders and receivers on four workers: one common order, every loss counted, every message dropped once. */
enum { SENDERS = 4, EACH = 1500, LISTENERS = 6 };
struct speaker {
    weft_frame weft;
    news_sender out;
    uint64_t number, i;
};
static weft_poll speaker(weft_context *cx, struct speaker *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->i < EACH; self->i++) {
        VERDICT(news_send(&self->out, self->number << 32 | self->i) == LISTENERS);
        if (self->i % 8 == 0)
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    news_sender_close(&self->out);
    WEFT_END(0);
}

struct listener {
    weft_frame weft;
    news_receiver in;
    uint64_t *heard;
    uint64_t count, lost, message, now_lost, next[SENDERS];
};
static weft_poll listener(weft_context *cx, struct listener *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, news_recv(cx, &self->in, &self->message, &self->now_lost));
        if (self->weft.rc == WEFT_ELAGGED) {
            VERDICT(self->now_lost > 0);
            self->lost += self->now_lost;
            continue;
        }
        if (self->weft.rc < 0)
            break;
        VERDICT((self->message & UINT32_MAX) >= self->next[self->message >> 32]);
        self->next[self->message >> 32] = (self->message & UINT32_MAX) + 1;
        self->heard[self->count + self->lost] = self->message + 1; /* by its number in the common order */
        self->count++;
    }
    VERDICT(self->weft.rc == WEFT_EPIPE);
    VERDICT(self->count + self->lost == SENDERS * EACH);
    news_receiver_close(&self->in);
    WEFT_END(0);
}

static void all_hear_one_order_and_every_loss_is_counted(void **state)
{
    (void)state;
    static uint64_t heard[LISTENERS][SENDERS * EACH];
    for (int counted = 0; counted < 2; counted++) {
        memset(heard, 0, sizeof heard);
        weft_runtime *mine = rt, *four = world_begin(4);
        rt = four;
        if (counted)
            open_counted(16);
        else
            open_news(64);
        rt = mine;
        news_receiver in[LISTENERS];
        in[0] = rx;
        for (int i = 1; i < LISTENERS; i++)
            assert_int_equal(news_subscribe(&tx, &in[i]), 0);
        for (int i = 0; i < LISTENERS; i++)
            weft_spawn(weft_runtime_scope(four), listener, .in = in[i], .heard = heard[i]);
        for (uint64_t i = 0; i < SENDERS; i++) {
            news_sender out;
            assert_int_equal(weft_broadcast_sender_clone(&tx.weft, &out.weft), 0);
            weft_spawn(weft_runtime_scope(four), speaker, .out = out, .number = i);
        }
        news_sender_close(&tx);
        world_settle(four);
        for (int n = 0; n < SENDERS * EACH; n++)
            for (int i = 1; i < LISTENERS; i++)
                assert_true(heard[i][n] == 0 || heard[0][n] == 0 || heard[i][n] == heard[0][n]);
        if (counted)
            assert_int_equal(atomic_load(&drops), SENDERS * EACH);
        assert_int_equal(meet_count(four), 0);
        world_end(four, LISTENERS + SENDERS);
        verdict_assert();
    }
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capacity_is_rounded_up_and_absurd_ones_are_refused),
        cmocka_unit_test(each_receiver_gets_what_is_sent_after_it_came),
        cmocka_unit_test(slow_receiver_is_told_once_how_many_it_lost),
        cmocka_unit_test(closed_broadcast_is_read_to_its_end),
        cmocka_unit_test(capacity_of_one_keeps_the_newest),
        cmocka_unit_test(resubscribed_receiver_starts_at_the_end),
        cmocka_unit_test(message_is_dropped_by_the_last_that_needs_it),
        cmocka_unit_test(failed_copy_is_passed_over_by_that_receiver_only),
        cmocka_unit_test(functions_of_the_user_run_under_no_lock),
        cmocka_unit_test(closed_waits_for_the_last_receiver),
        cmocka_unit_test(cancelled_receive_takes_nothing),
        cmocka_unit_test(receivers_wait_as_tasks_and_as_threads),
        cmocka_unit_test(all_hear_one_order_and_every_loss_is_counted),
    };
    return cmocka_run_group_tests(tests, runtime_of_one, runtime_end);
}
