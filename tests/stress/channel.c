/* SPDX-License-Identifier: MIT */
/*
 * Channels under traffic: messages of each sender in its order, each received once, dropped once through `drop`, or still
 * the sender's. Senders are tasks and host threads, with every way to send; the receiver is either.
 */
/* ctest-timeout: 600 */
#include <stdlib.h>
#include <weft.h>

#include "lib/stress.h"

enum { SENDERS_MAX = 8 };

struct letter {
    uint64_t sender, number, check; /* more than a word: a torn copy would show */
};

static weft_runtime *rt;

/* The books of one channel. */
static struct {
    _Atomic uint64_t sent, kept;       /* as the senders saw it; kept: refused, so still theirs */
    _Atomic uint64_t received, dropped; /* as the receiver and the drop function saw it */
    _Atomic uint64_t gave_away;        /* sends that answered 1: something was dropped */
    uint64_t last[SENDERS_MAX];        /* the receiver's */
    uint64_t each;
    bool gaps;                         /* numbers may be missing */
} books;

static int channel_begin(void **state)
{
    (void)state;
    return weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed()));
}

static int channel_end(void **state)
{
    (void)state;
    return weft_runtime_destroy(rt);
}

static struct letter letter_of(uint64_t sender, uint64_t number)
{
    return (struct letter){sender, number, sender * 1000003 ^ number};
}

static void books_drop(void *message, void *context)
{
    (void)context;
    struct letter letter = *(struct letter *)message;
    VERDICT(letter.check == (letter.sender * 1000003 ^ letter.number));
    atomic_fetch_add(&books.dropped, 1);
}

static void books_receive(const struct letter *letter)
{
    VERDICT(letter->check == (letter->sender * 1000003 ^ letter->number));
    VERDICT(books.gaps ? letter->number > books.last[letter->sender] : letter->number == books.last[letter->sender] + 1);
    books.last[letter->sender] = letter->number;
    atomic_fetch_add_explicit(&books.received, 1, memory_order_relaxed);
}

static void books_send(int answer)
{
    if (answer < 0) {
        VERDICT(answer == WEFT_EPIPE || answer == WEFT_EAGAIN || answer == WEFT_ECANCELED || answer == WEFT_ETIMEDOUT);
        atomic_fetch_add_explicit(&books.kept, 1, memory_order_relaxed);
        return;
    }
    atomic_fetch_add_explicit(&books.sent, 1, memory_order_relaxed);
    if (answer == 1)
        atomic_fetch_add_explicit(&books.gave_away, 1, memory_order_relaxed);
}

static void books_clear(uint64_t each, bool gaps)
{
    atomic_store(&books.sent, 0);
    atomic_store(&books.kept, 0);
    atomic_store(&books.received, 0);
    atomic_store(&books.dropped, 0);
    atomic_store(&books.gave_away, 0);
    for (int i = 0; i < SENDERS_MAX; i++)
        books.last[i] = 0;
    books.each = each;
    books.gaps = gaps;
}

/* Sends `each` letters: plainly, or by a permit, or by trying first. */
struct sender {
    weft_frame weft;
    weft_sender out;
    weft_permit permit;
    struct letter letter;
    uint64_t who, i;
};

static weft_poll sender(weft_context *cx, struct sender *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 1; self->i <= books.each; self->i++) {
        self->letter = letter_of(self->who, self->i);
        if (self->i % 3 == 0) {
            WEFT_AWAIT(self->weft.rc, weft_channel_reserve(cx, &self->out, &self->permit));
            if (self->weft.rc == 0 && self->i % 9 == 0) { /* given back, and then another way */
                weft_permit_release(&self->permit);
                WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &self->out, &self->letter));
            } else if (self->weft.rc == 0) {
                self->weft.rc = weft_permit_send(&self->permit, &self->letter);
            }
        } else if (self->i % 3 == 1 || weft_channel_try_send(&self->out, &self->letter) < 0) {
            WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &self->out, &self->letter));
        } else {
            self->weft.rc = 0;
        }
        books_send(self->weft.rc);
        if (self->weft.rc == WEFT_EPIPE)
            break;
    }
    weft_sender_close(&self->out);
    WEFT_END(0);
}

/* Receives until the end: one, or many at once. */
struct receiver {
    weft_frame weft;
    weft_receiver in;
    struct letter letters[16];
    int i;
    uint64_t turns;
};

static weft_poll receiver(weft_context *cx, struct receiver *self)
{
    WEFT_BEGIN(cx, self);
    for (;; self->turns++) {
        if (self->turns % 2) {
            WEFT_AWAIT(self->weft.rc, weft_channel_recv(cx, &self->in, &self->letters[0]));
            self->weft.rc += self->weft.rc == 0;
        } else {
            WEFT_AWAIT(self->weft.rc, weft_channel_recv_many(cx, &self->in, self->letters, 1 + self->turns % 16));
        }
        if (self->weft.rc < 0)
            break;
        for (self->i = 0; self->i < self->weft.rc; self->i++)
            books_receive(&self->letters[self->i]);
    }
    VERDICT(self->weft.rc == WEFT_EPIPE);
    weft_receiver_close(&self->in);
    WEFT_END(0);
}

static weft_sender host_out[SENDERS_MAX];

static void host_send(void *context, unsigned number)
{
    const uint64_t who = *(const unsigned *)context + number;
    for (uint64_t i = 1; i <= books.each; i++) {
        const struct letter letter = letter_of(who, i);
        int answer = i % 2 ? weft_channel_try_send(&host_out[number], &letter) : WEFT_EAGAIN;
        if (answer == WEFT_EAGAIN)
            answer = weft_channel_send_blocking(&host_out[number], &letter, WEFT_FOREVER);
        books_send(answer);
    }
    weft_sender_close(&host_out[number]);
}

static void join(weft_task task)
{
    VERDICT(weft_task_join_blocking(&task, WEFT_FOREVER, NULL) == 0);
}

static void traffic(size_t capacity, unsigned senders, bool hosts)
{
    weft_sender out;
    weft_receiver in;
    weft_task tasks[SENDERS_MAX];
    const unsigned by_tasks = hosts ? senders / 2 : senders;
    const unsigned by_hosts = senders - by_tasks;
    unsigned first_host = by_tasks;
    assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.name = "traffic", .capacity = capacity, .drop = books_drop),
                                         sizeof(struct letter), &out, &in), 0);
    for (unsigned i = 0; i < by_tasks; i++) {
        weft_sender mine;
        assert_int_equal(weft_sender_clone(&out, &mine), 0);
        tasks[i] = weft_spawn_joinable(weft_runtime_scope(rt), sender, .out = mine, .who = i);
    }
    for (unsigned i = 0; i < by_hosts; i++)
        assert_int_equal(weft_sender_clone(&out, &host_out[i]), 0);
    weft_sender_close(&out);
    weft_receiver look = in;
    weft_task reader = {0};
    struct stress_team *team = by_hosts > 0 ? stress_team_begin(by_hosts, host_send, &first_host) : NULL;
    if (hosts && capacity % 2) {
        struct letter letter;
        int answer;
        while ((answer = weft_channel_recv_blocking(&in, &letter, WEFT_FOREVER)) == 0)
            books_receive(&letter);
        assert_int_equal(answer, WEFT_EPIPE);
    } else {
        reader = weft_spawn_joinable(weft_runtime_scope(rt), receiver, .in = in);
    }
    if (team)
        stress_team_join(team);
    for (unsigned i = 0; i < by_tasks; i++)
        join(tasks[i]);
    if (reader.id) {
        join(reader);
    } else {
        weft_channel_stats stats = {.size = sizeof stats};
        assert_int_equal(weft_receiver_stats(&look, &stats), 0);
        assert_int_equal(stats.sent, atomic_load(&books.sent));
        assert_int_equal(stats.received, atomic_load(&books.received));
        assert_int_equal(stats.depth + stats.reserved + stats.senders + stats.senders_waiting, 0);
        assert_true(stats.depth_max <= capacity);
        weft_receiver_close(&in);
    }
    verdict_assert();
    assert_int_equal(atomic_load(&books.sent), senders * books.each);
    assert_int_equal(atomic_load(&books.received), senders * books.each);
    assert_int_equal(atomic_load(&books.dropped) + atomic_load(&books.kept), 0);
}

static const size_t capacities[] = {1, 2, 3, 7, 64};

/* scenario 25 */
static void channel_of_each_capacity_keeps_order_and_loses_none(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++)
        for (unsigned senders = 1; senders <= SENDERS_MAX; senders *= 2) {
            books_clear(stress_scale(40000) / senders, false);
            traffic(capacities[c], senders, false);
        }
}

/* known bug 69 */
static void channel_of_tasks_and_hosts_keeps_order_and_loses_none(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++) {
        books_clear(stress_scale(5000), false);
        traffic(capacities[c], 4, true);
    }
}

/* The policies that do not wait, with senders that never stop to look. */
struct pusher {
    weft_frame weft;
    weft_sender out;
    struct letter letter;
    uint64_t who, i;
};

static weft_poll pusher(weft_context *cx, struct pusher *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 1; self->i <= books.each; self->i++) {
        self->letter = letter_of(self->who, self->i);
        WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &self->out, &self->letter));
        books_send(self->weft.rc);
        if (self->i % 64 == 0)
            WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    weft_sender_close(&self->out);
    WEFT_END(0);
}

static void channel_of_each_policy_accounts_for_each_message(void **state)
{
    (void)state;
    static const weft_overflow policies[] = {WEFT_FAIL, WEFT_DROP_NEWEST, WEFT_DROP_OLDEST};
    for (size_t p = 0; p < 3; p++)
        for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++) {
            weft_sender out;
            weft_receiver in;
            weft_task tasks[4];
            books_clear(stress_scale(20000), true);
            assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = capacities[c], .overflow = policies[p], .drop = books_drop),
                                                 sizeof(struct letter), &out, &in), 0);
            for (unsigned i = 0; i < 4; i++) {
                weft_sender mine;
                assert_int_equal(weft_sender_clone(&out, &mine), 0);
                tasks[i] = weft_spawn_joinable(weft_runtime_scope(rt), pusher, .out = mine, .who = i);
            }
            weft_sender look = out;
            weft_task reader = weft_spawn_joinable(weft_runtime_scope(rt), receiver, .in = in);
            for (unsigned i = 0; i < 4; i++)
                join(tasks[i]);
            weft_channel_stats stats = {.size = sizeof stats};
            do /* the receiver has what there is, and has counted it: that comes a moment after the taking */
                assert_int_equal(weft_sender_stats(&look, &stats), 0);
            while (stats.depth > 0 || stats.received + stats.dropped + stats.failed < 4 * books.each);
            assert_int_equal(stats.received + stats.dropped + stats.failed, 4 * books.each);
            assert_int_equal(stats.failed, atomic_load(&books.kept));
            weft_sender_close(&out);
            join(reader);
            verdict_assert();
            assert_int_equal(atomic_load(&books.sent) + atomic_load(&books.kept), 4 * books.each);
            assert_int_equal(atomic_load(&books.received) + atomic_load(&books.dropped), atomic_load(&books.sent));
            if (policies[p] == WEFT_FAIL)
                assert_int_equal(atomic_load(&books.dropped) + atomic_load(&books.gave_away), 0);
            else
                assert_int_equal(atomic_load(&books.kept), 0);
            if (policies[p] == WEFT_DROP_NEWEST)
                assert_int_equal(atomic_load(&books.dropped), atomic_load(&books.gave_away));
        }
}

/*
 * Ends at random moments: the receiver stops or closes amid traffic, senders go, waiting senders are cancelled. What was
 * accepted is received or dropped; what was refused is the sender's.
 */
struct hermit {
    weft_frame weft;
    weft_receiver in;
    struct letter letter;
    uint64_t limit, i;
    int how; /* 0 to the end, 1 close, 2 stop and drain */
};

static weft_poll hermit(weft_context *cx, struct hermit *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->how == 0 || self->i < self->limit; self->i++) {
        WEFT_AWAIT(self->weft.rc, weft_channel_recv(cx, &self->in, &self->letter));
        if (self->weft.rc < 0)
            break;
        books_receive(&self->letter);
    }
    if (self->how == 2) {
        weft_receiver_stop(&self->in);
        for (;;) {
            WEFT_AWAIT(self->weft.rc, weft_channel_recv(cx, &self->in, &self->letter));
            if (self->weft.rc < 0)
                break;
            books_receive(&self->letter);
        }
        VERDICT(self->weft.rc == WEFT_EPIPE);
    }
    weft_receiver_close(&self->in);
    WEFT_END(0);
}

static weft_task racers[SENDERS_MAX];

static void cancel_some(void *context, unsigned number)
{
    struct weft__rng rng = stress_rng(number + (unsigned)*(const uint64_t *)context);
    for (uint32_t spin = weft__rng_below(&rng, 20000); spin > 0; spin--)
        (void)weft_clock();
    for (int i = 0; i < SENDERS_MAX; i += 2) /* the others live on */
        weft_task_cancel(racers[i]);
}

/* scenario 27, known bug 65, known bug 66, known bug 67 */
static void channel_ends_at_random_moments_account_for_each_message(void **state)
{
    (void)state;
    struct weft__rng rng = stress_rng(77);
    for (uint64_t round = stress_scale(400); round > 0; round--) {
        weft_sender out;
        weft_receiver in;
        books_clear(200, false);
        books.gaps = true; /* a cancelled send is a number that is missing */
        const size_t capacity = capacities[weft__rng_below(&rng, 5)];
        assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = capacity, .drop = books_drop),
                                             sizeof(struct letter), &out, &in), 0);
        for (unsigned i = 0; i < SENDERS_MAX; i++) {
            weft_sender mine;
            assert_int_equal(weft_sender_clone(&out, &mine), 0);
            racers[i] = weft_spawn_joinable(weft_runtime_scope(rt), sender, .out = mine, .who = i);
        }
        weft_task reader = weft_spawn_joinable(weft_runtime_scope(rt), hermit, .in = in, .how = (int)weft__rng_below(&rng, 3),
                                               .limit = weft__rng_below(&rng, 800));
        if (round % 2)
            stress_threads(1, cancel_some, &round);
        for (unsigned i = 0; i < SENDERS_MAX; i++) {
            join(racers[i]);
        }
        weft_channel_stats stats = {.size = sizeof stats};
        assert_int_equal(weft_sender_stats(&out, &stats), 0);
        assert_int_equal(stats.senders_waiting + stats.reserved, 0);
        assert_int_equal(stats.senders, 1);
        weft_sender_close(&out);
        join(reader);
        verdict_assert();
        assert_int_equal(atomic_load(&books.sent), atomic_load(&books.received) + atomic_load(&books.dropped));
    }
}

/* Waiting senders are served in the order of their arrival, newcomers do not pass, and a cancelled one hands on. */
enum { QUEUE = 50 };

struct waiter {
    weft_frame weft;
    weft_sender out;
    int number;
};

static weft_poll waiter(weft_context *cx, struct waiter *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &self->out, &self->number));
    weft_sender_close(&self->out);
    WEFT_END(self->weft.rc);
}

/* scenario 23, known bug 61 */
static void channel_waiting_senders_are_first_come_first_served(void **state)
{
    (void)state;
    for (uint64_t round = stress_scale(50); round > 0; round--) {
        weft_sender out;
        weft_receiver in;
        weft_task tasks[QUEUE];
        int value = -1;
        assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), sizeof value, &out, &in), 0);
        assert_int_equal(weft_channel_try_send(&out, &value), 0);
        weft_channel_stats stats = {.size = sizeof stats};
        for (int i = 0; i < QUEUE; i++) {
            weft_sender mine;
            assert_int_equal(weft_sender_clone(&out, &mine), 0);
            tasks[i] = weft_spawn_joinable(weft_runtime_scope(rt), waiter, .out = mine, .number = i);
            do
                assert_int_equal(weft_sender_stats(&out, &stats), 0);
            while (stats.senders_waiting != (uint32_t)i + 1);
        }
        assert_int_equal(stats.waits, QUEUE);
        for (int i = 0; i < QUEUE; i += 5)
            assert_int_equal(weft_task_cancel(tasks[i]), 0);
        int newcomer = 1000;
        assert_int_equal(weft_channel_try_send(&out, &newcomer), WEFT_EAGAIN);
        assert_int_equal(weft_channel_recv_blocking(&in, &value, WEFT_FOREVER), 0);
        assert_int_equal(value, -1);
        for (int i = 0; i < QUEUE; i++) {
            int result;
            if (i % 5) {
                assert_int_equal(weft_channel_recv_blocking(&in, &value, WEFT_FOREVER), 0);
                assert_int_equal(value, i);
            }
            assert_int_equal(weft_task_join_blocking(&tasks[i], WEFT_FOREVER, &result), 0);
            assert_int_equal(result, i % 5 ? 0 : WEFT_ECANCELED);
        }
        assert_int_equal(weft_channel_try_send(&out, &newcomer), 0); /* all places came back */
        weft_sender_close(&out);
        weft_receiver_close(&in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channel_of_each_capacity_keeps_order_and_loses_none),
        cmocka_unit_test(channel_of_tasks_and_hosts_keeps_order_and_loses_none),
        cmocka_unit_test(channel_of_each_policy_accounts_for_each_message),
        cmocka_unit_test(channel_ends_at_random_moments_account_for_each_message),
        cmocka_unit_test(channel_waiting_senders_are_first_come_first_served),
    };
    return cmocka_run_group_tests(tests, channel_begin, channel_end);
}
