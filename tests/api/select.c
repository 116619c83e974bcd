/* SPDX-License-Identifier: MIT */
/*
 * Select, as <weft/future.h> says it, of every future that there is: each is held against the same five questions (it is
 * ready already; it becomes ready; another is first; the task is cancelled; it was granted, and another won), and after
 * each of them what it did not take must be there for somebody else.
 */
#include "lib/meet.h"

WEFT_ONESHOT_DEFINE(reply, uint64_t)
WEFT_WATCH_DEFINE(setting, uint64_t)
WEFT_BROADCAST_DEFINE(news, uint64_t)

#include "lib/runtime.h"

/* A future of any kind. */
union any {
    weft_future future;
    weft_recv_future recv;
    weft_send_future send;
    weft_reserve_future reserve;
    weft_reserve_many_future many;
    weft_sleep_future sleep;
    weft_join_future join;
    weft_semaphore_future semaphore;
    weft_mutex_future mutex;
    weft_rwlock_future rwlock;
    weft_notify_future notify;
    weft_barrier_future barrier;
    weft_once_future once;
    weft_oneshot_recv_future oneshot_recv;
    weft_oneshot_closed_future oneshot_closed;
    weft_watch_future watch;
    weft_broadcast_recv_future broadcast_recv;
    weft_broadcast_closed_future broadcast_closed;
};

/* What can be waited for, and how it comes about. The test's own thread calls all but `begin` and `won`. */
struct kind {
    const char *name;
    const char *point;               /* the name of its meeting point, if it is one */
    void (*open)(void);
    void (*begin)(union any *any);   /* in the task */
    void (*satisfy)(void);           /* so that the future is ready */
    int (*won)(int result);          /* in the task: what came with it is right; give it back. 0, or the step that failed */
    int (*take)(void);               /* satisfied, and nobody has taken it: it is there. 0, or an error */
    void (*close)(void);
    bool only_waits;                 /* it can be satisfied only when it waits */
};

static uint64_t value; /* what a future received */

/* Channels: a capacity of one, full or empty. */
static numbers_sender out;
static numbers_receiver in;
static numbers_permit permit;

static void channel_open(void) { world_channel(rt, 1, WEFT_WAIT, &out, &in); }
static void channel_open_full(void)
{
    channel_open();
    assert_int_equal(numbers_try_send(&out, 1), 0);
}
static void channel_close(void)
{
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
}
static void put_seven(void) { assert_int_equal(numbers_try_send(&out, 7), 0); }
static void take_one(void)
{
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(got, 1);
}
static int got_seven(int result) { return result == 0 && value == 7 ? 0 : -1; }
static int take_seven(void)
{
    value = 0;
    const int rc = numbers_try_recv(&in, &value);
    return rc ? rc : got_seven(0);
}
static int place_is_free(void) { return numbers_try_send(&out, 2); }
static void recv_begin(union any *any) { numbers_recv_begin(&any->recv, &in, &value); }
static void send_begin(union any *any)
{
    static const uint64_t message = 9;
    numbers_send_begin(&any->send, &out, &message);
}
static int nine_was_sent(int result)
{
    uint64_t got = 0;
    return result == 0 && numbers_try_recv(&in, &got) == 0 && got == 9 ? 0 : -1;
}
static void reserve_begin(union any *any) { weft_reserve_begin(&any->reserve, &out.weft, &permit.weft); }
static int permit_works(int result)
{
    return result == 0 && numbers_permit_send(&permit, 9) == 0 ? nine_was_sent(0) : -1;
}

/* The same, many at once: a capacity of two, one of which is taken. */
static numbers_permits permits;
static void channel_open_half(void)
{
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_try_send(&out, 1), 0);
}
static void many_begin(union any *any) { weft_reserve_many_begin(&any->many, &out.weft, 2, &permits.weft); }
static int many_work(int result)
{
    const int rc = result == 0 && numbers_permits_send(&permits, 9) == 0 ? nine_was_sent(0) : -1;
    numbers_permits_release(&permits);
    return rc;
}
static int two_are_free(void)
{
    numbers_permits both;
    const int rc = numbers_try_reserve_many(&out, 2, &both);
    if (rc == 0)
        numbers_permits_release(&both);
    return rc;
}

/* Joining: a task that ends when it is told. */
static weft_task target;
static atomic_uint may_end;
struct told { weft_frame weft; atomic_uint *end; };
static weft_poll told(weft_context *cx, struct told *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(self->end))
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(42);
}
static void join_open(void)
{
    atomic_store(&may_end, 0);
    target = weft_spawn_joinable(weft_runtime_scope(rt), told, .end = &may_end);
    assert_int_equal(weft_task_error(target), 0);
}
static int joined;
static void join_begin(union any *any) { weft_join_begin(&any->join, &target, &joined); }
static void join_satisfy(void) { atomic_store(&may_end, 1); }
static int joined_42(int result) { return result == 0 && joined == 42 ? 0 : -1; }
static int join_take(void)
{
    const int rc = weft_task_join_blocking(&target, WEFT_FOREVER, &joined);
    return rc ? rc : joined_42(0);
}
static void join_close(void) {}

/* Meeting points. */
static weft_semaphore semaphore;
static void semaphore_open(void)
{
    assert_int_equal(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = "point"), &semaphore), 0);
}
static void semaphore_begin(union any *any) { weft_semaphore_acquire_begin(&any->semaphore, &semaphore, 2); }
static void semaphore_satisfy(void) { assert_int_equal(weft_semaphore_release(&semaphore, 2), 0); }
static int semaphore_won(int result) { return result == 0 && weft_semaphore_available(&semaphore) == 0 ? 0 : -1; }
static int semaphore_take(void) { return weft_semaphore_try_acquire(&semaphore, 2); }
static void semaphore_close(void) { weft_semaphore_destroy(&semaphore); }

static weft_mutex mutex;
static void mutex_open(void)
{
    assert_int_equal(weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "point"), &mutex), 0);
    assert_int_equal(weft_mutex_try_lock(&mutex), 0);
}
static void mutex_begin(union any *any) { weft_mutex_lock_begin(&any->mutex, &mutex); }
static void mutex_satisfy(void) { assert_int_equal(weft_mutex_unlock(&mutex), 0); }
static int mutex_won(int result) { return result == 0 ? weft_mutex_unlock(&mutex) : -1; }
static int mutex_take(void)
{
    const int rc = weft_mutex_try_lock(&mutex);
    return rc ? rc : weft_mutex_unlock(&mutex);
}
static void mutex_close(void) { weft_mutex_destroy(&mutex); }

static weft_rwlock rwlock;
static void rwlock_open(void)
{
    assert_int_equal(weft_rwlock_create(rt, WEFT_RWLOCK_OPTIONS(.name = "point"), &rwlock), 0);
    assert_int_equal(weft_rwlock_try_write(&rwlock), 0);
}
static void read_begin(union any *any) { weft_rwlock_read_begin(&any->rwlock, &rwlock); }
static void write_begin(union any *any) { weft_rwlock_write_begin(&any->rwlock, &rwlock); }
static void rwlock_satisfy(void) { assert_int_equal(weft_rwlock_write_unlock(&rwlock), 0); }
static int read_won(int result) { return result == 0 ? weft_rwlock_read_unlock(&rwlock) : -1; }
static int write_won(int result) { return result == 0 ? weft_rwlock_write_unlock(&rwlock) : -1; }
static int rwlock_take(void)
{
    const int rc = weft_rwlock_try_write(&rwlock);
    return rc ? rc : weft_rwlock_write_unlock(&rwlock);
}
static void rwlock_close(void) { weft_rwlock_destroy(&rwlock); }

static weft_notify notify;
static uint64_t ticket;
static void notify_open(void)
{
    assert_int_equal(weft_notify_create(rt, WEFT_NOTIFY_OPTIONS(.name = "point"), &notify), 0);
    ticket = weft_notify_ticket(&notify);
}
static void notify_begin(union any *any) { weft_notify_wait_begin(&any->notify, &notify); }
static void since_begin(union any *any) { weft_notify_wait_since_begin(&any->notify, &notify, ticket); }
static void notify_satisfy(void) { assert_int_equal(weft_notify_one(&notify), 0); }
static void since_satisfy(void) { assert_int_equal(weft_notify_all(&notify), 0); }
static int is_zero(int result) { return result; }
static int notify_take(void) { return weft_notify_wait_blocking(&notify, 0); }
static int nothing_to_take(void) { return 0; }
static void notify_close(void) { weft_notify_destroy(&notify); }

static weft_barrier barrier;
static void barrier_open(void)
{
    assert_int_equal(weft_barrier_create(rt, WEFT_BARRIER_OPTIONS(.name = "point", .parties = 2), &barrier), 0);
}
static void barrier_begin(union any *any) { weft_barrier_wait_begin(&any->barrier, &barrier); }
static void barrier_satisfy(void)
{
    assert_int_equal(weft_barrier_wait_blocking(&barrier, weft_deadline_in(INT64_C(60000000000))), 1); /* the last */
}
static int barrier_take(void) /* whoever turned away has not arrived */
{
    return weft_barrier_wait_blocking(&barrier, 0) == WEFT_ETIMEDOUT ? 0 : -1;
}
static void barrier_close(void) { weft_barrier_destroy(&barrier); }

static weft_once once;
static void once_open(void)
{
    assert_int_equal(weft_once_create(rt, WEFT_ONCE_OPTIONS(.name = "point"), &once), 0);
    assert_int_equal(weft_once_enter_blocking(&once, 0), 1);
}
static void once_begin(union any *any) { weft_once_enter_begin(&any->once, &once); }
static void once_satisfy(void) { assert_int_equal(weft_once_leave(&once, WEFT_ECANCELED), 0); } /* the next one tries */
static int once_won(int result) { return result == 1 ? weft_once_leave(&once, 0) : -1; }
static int once_take(void) { return weft_once_enter_blocking(&once, 0) == 1 ? weft_once_leave(&once, 0) : -1; }
static void once_close(void) { weft_once_destroy(&once); }

static reply_sender reply_out;
static reply_receiver reply_in;
static void oneshot_open(void)
{
    value = 0;
    assert_int_equal(reply_create(rt, WEFT_ONESHOT_OPTIONS(.name = "point"), &reply_out, &reply_in), 0);
}
static void oneshot_begin(union any *any) { reply_recv_begin(&any->oneshot_recv, &reply_in, &value); }
static void oneshot_satisfy(void) { assert_int_equal(reply_send(&reply_out, 7), 0); }
static int oneshot_take(void)
{
    const int rc = reply_try_recv(&reply_in, &value);
    return rc ? rc : got_seven(0);
}
static void oneshot_closed_begin(union any *any) { weft_oneshot_closed_begin(&any->oneshot_closed, &reply_out.weft); }
static void oneshot_stop(void) { reply_stop(&reply_in); }
static void oneshot_close(void)
{
    reply_sender_close(&reply_out);
    reply_receiver_close(&reply_in);
}

static setting_sender setting_out;
static setting_receiver setting_in;
static void watch_open(void)
{
    assert_int_equal(setting_create(rt, WEFT_WATCH_OPTIONS(.name = "point"), 1, &setting_out, &setting_in), 0);
}
static void changed_begin(union any *any) { weft_watch_changed_begin(&any->watch, &setting_in.weft); }
static void changed_satisfy(void) { assert_int_equal(setting_send(&setting_out, 7), 0); }
static int changed_won(int result)
{
    return result == 0 && weft_watch_try_changed(&setting_in.weft) == WEFT_EAGAIN ? 0 : -1; /* it has been seen */
}
static int changed_take(void) { return weft_watch_try_changed(&setting_in.weft); }
static void watch_closed_begin(union any *any) { weft_watch_closed_begin(&any->watch, &setting_out.weft); }
static void watch_closed_satisfy(void) { setting_receiver_close(&setting_in); }
static void watch_close(void)
{
    setting_sender_close(&setting_out);
    setting_receiver_close(&setting_in);
}

static news_sender news_out;
static news_receiver news_in;
static uint64_t lost;
static void broadcast_open(void)
{
    value = lost = 0;
    assert_int_equal(news_create(rt, WEFT_BROADCAST_OPTIONS(.name = "point", .capacity = 2), &news_out, &news_in), 0);
}
static void broadcast_begin(union any *any) { news_recv_begin(&any->broadcast_recv, &news_in, &value, &lost); }
static void broadcast_satisfy(void) { assert_int_equal(news_send(&news_out, 7), 1); }
static void broadcast_overrun(void)
{
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(news_send(&news_out, 7), 1);
}
static int lag_is_told(int result) { return result == WEFT_ELAGGED && lost == 3 ? 0 : -1; }
static int broadcast_take(void)
{
    const int rc = news_try_recv(&news_in, &value, &lost);
    return rc ? rc : got_seven(0);
}
static int lag_take(void) { return lag_is_told(news_try_recv(&news_in, &value, &lost)); }
static void broadcast_closed_begin(union any *any)
{
    weft_broadcast_closed_begin(&any->broadcast_closed, &news_out.weft);
}
static void broadcast_closed_satisfy(void) { news_receiver_close(&news_in); }
static void broadcast_close(void)
{
    news_sender_close(&news_out);
    news_receiver_close(&news_in);
}

static const struct kind kinds[] = {
    {"recv", NULL, channel_open, recv_begin, put_seven, got_seven, take_seven, channel_close, false},
    {"send", NULL, channel_open_full, send_begin, take_one, nine_was_sent, place_is_free, channel_close, false},
    {"reserve", NULL, channel_open_full, reserve_begin, take_one, permit_works, place_is_free, channel_close, false},
    {"reserve many", NULL, channel_open_half, many_begin, take_one, many_work, two_are_free, channel_close, false},
    {"join", NULL, join_open, join_begin, join_satisfy, joined_42, join_take, join_close, false},
    {"semaphore", "point", semaphore_open, semaphore_begin, semaphore_satisfy, semaphore_won, semaphore_take,
     semaphore_close, false},
    {"mutex", "point", mutex_open, mutex_begin, mutex_satisfy, mutex_won, mutex_take, mutex_close, false},
    {"rwlock read", "point", rwlock_open, read_begin, rwlock_satisfy, read_won, rwlock_take, rwlock_close, false},
    {"rwlock write", "point", rwlock_open, write_begin, rwlock_satisfy, write_won, rwlock_take, rwlock_close, false},
    {"notify", "point", notify_open, notify_begin, notify_satisfy, is_zero, notify_take, notify_close, false},
    {"notify since", "point", notify_open, since_begin, since_satisfy, is_zero, nothing_to_take, notify_close, false},
    {"barrier", "point", barrier_open, barrier_begin, barrier_satisfy, is_zero, barrier_take, barrier_close, true},
    {"once", "point", once_open, once_begin, once_satisfy, once_won, once_take, once_close, false},
    {"oneshot recv", "point", oneshot_open, oneshot_begin, oneshot_satisfy, got_seven, oneshot_take, oneshot_close, false},
    {"oneshot closed", "point", oneshot_open, oneshot_closed_begin, oneshot_stop, is_zero, nothing_to_take,
     oneshot_close, false},
    {"watch changed", "point", watch_open, changed_begin, changed_satisfy, changed_won, changed_take, watch_close, false},
    {"watch closed", "point", watch_open, watch_closed_begin, watch_closed_satisfy, is_zero, nothing_to_take,
     watch_close, false},
    {"broadcast recv", "point", broadcast_open, broadcast_begin, broadcast_satisfy, got_seven, broadcast_take,
     broadcast_close, false},
    {"broadcast lag", "point", broadcast_open, broadcast_begin, broadcast_overrun, NULL, lag_take, broadcast_close, false},
    {"broadcast closed", "point", broadcast_open, broadcast_closed_begin, broadcast_closed_satisfy, is_zero,
     nothing_to_take, broadcast_close, false},
};

/* The one that waits: for the kind in question, and for another. */
struct choice {
    atomic_int which; /* MEET_NOTHING_YET until it is known */
    atomic_int won;   /* what kind->won said */
};
struct chooser {
    weft_frame weft;
    const struct kind *kind;
    void (*other)(union any *any);
    struct choice *choice;
    bool biased; /* to the other */
    int which;
    weft_select_state select;
    union any one, two;
};
static weft_poll chooser(weft_context *cx, struct chooser *self)
{
    WEFT_BEGIN(cx, self);
    self->kind->begin(&self->one);
    self->other(&self->two);
    if (self->biased)
        WEFT_AWAIT(self->which, weft_select_biased(cx, &self->select, &self->two.future, &self->one.future));
    else
        WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->one.future, &self->two.future));
    if (self->which == (self->biased ? 1 : 0) && self->kind->won)
        atomic_store(&self->choice->won, self->kind->won(self->one.future.result));
    atomic_store(&self->choice->which, self->which);
    WEFT_END(0);
}

static void never(union any *any) { weft_sleep_begin(&any->sleep, WEFT_FOREVER); }
static void soon(union any *any) { weft_sleep_begin(&any->sleep, weft_deadline_in(1000000)); }

/* The other, where it must be ready at a moment that the test chooses: a message in a channel. */
static numbers_sender other_out;
static numbers_receiver other_in;
static uint64_t other_value;
static void other_begin(union any *any) { numbers_recv_begin(&any->recv, &other_in, &other_value); }

static weft_task choose(const struct kind *kind, void (*other)(union any *any), bool biased, struct choice *choice)
{
    print_message("           %s\n", kind->name);
    atomic_store(&choice->which, MEET_NOTHING_YET);
    atomic_store(&choice->won, MEET_NOTHING_YET);
    const weft_task task = weft_spawn(weft_runtime_scope(rt), chooser, .kind = kind, .other = other, .choice = choice,
                                      .biased = biased);
    assert_int_equal(weft_task_error(task), 0);
    return task;
}

static void until_it_waits(weft_task task)
{
    weft_task_info info = {.size = sizeof info};
    do
        assert_int_equal(weft_task_inspect(task, &info), 0);
    while (info.state != WEFT_TASK_WAITING);
}

static int chosen(struct choice *choice)
{
    WORLD_UNTIL(atomic_load(&choice->which) != MEET_NOTHING_YET);
    return atomic_load(&choice->which);
}

/* The join's target lives until it is told to end. */
static void until_quiet(const struct kind *kind)
{
    WORLD_UNTIL(world_live(rt) == (kind->open == join_open && !atomic_load(&may_end) ? 1 : 0));
}

static void nobody_waits(const struct kind *kind)
{
    if (kind->point)
        assert_int_equal(meet_stats(rt, kind->point).waiting, 0);
}

static void done_with(const struct kind *kind)
{
    world_settle(rt);
    kind->close();
    assert_int_equal(meet_count(rt), 0);
    assert_int_equal(world_channels(rt), 0);
    verdict_assert();
}

#define EACH_KIND(kind) (const struct kind *kind = kinds; kind < kinds + sizeof kinds / sizeof kinds[0]; kind++)

static void future_that_is_ready_already_wins(void **state)
{
    (void)state;
    for EACH_KIND(kind) {
        struct choice choice;
        if (kind->only_waits)
            continue;
        kind->open();
        kind->satisfy();
        choose(kind, never, false, &choice);
        assert_int_equal(chosen(&choice), 0);
        if (kind->won)
            assert_int_equal(atomic_load(&choice.won), 0);
        done_with(kind);
    }
}

static void future_that_becomes_ready_wins(void **state)
{
    (void)state;
    for EACH_KIND(kind) {
        struct choice choice;
        kind->open();
        until_it_waits(choose(kind, never, false, &choice));
        kind->satisfy();
        assert_int_equal(chosen(&choice), 0);
        if (kind->won)
            assert_int_equal(atomic_load(&choice.won), 0);
        done_with(kind);
    }
}

static void future_that_is_not_the_first_has_taken_nothing(void **state)
{
    (void)state;
    for EACH_KIND(kind) {
        struct choice choice;
        kind->open();
        choose(kind, soon, false, &choice);
        assert_int_equal(chosen(&choice), 1);
        until_quiet(kind);
        nobody_waits(kind);
        if (!kind->only_waits)
            kind->satisfy();
        assert_int_equal(kind->take(), 0);
        done_with(kind);
    }
}

static void select_that_is_cancelled_has_taken_nothing(void **state)
{
    (void)state;
    for EACH_KIND(kind) {
        struct choice choice;
        kind->open();
        const weft_task task = choose(kind, never, false, &choice);
        until_it_waits(task);
        assert_int_equal(weft_task_cancel(task), 0);
        assert_int_equal(chosen(&choice), WEFT_ECANCELED);
        until_quiet(kind);
        nobody_waits(kind);
        if (!kind->only_waits)
            kind->satisfy();
        assert_int_equal(kind->take(), 0);
        done_with(kind);
    }
}

/* SEL-01: both are ready at the same poll, and the one that waited longer was granted what it wants: it passes it on. */
static void grant_of_a_future_that_loses_is_passed_on(void **state)
{
    (void)state;
    for EACH_KIND(kind) {
        struct choice choice;
        if (kind->open == join_open)
            continue; /* its target needs the worker to end: the case is the next test's */
        world_channel(rt, 1, WEFT_WAIT, &other_out, &other_in);
        kind->open();
        until_it_waits(choose(kind, other_begin, true, &choice));
        meet_hold(rt);
        kind->satisfy();
        assert_int_equal(numbers_try_send(&other_out, 5), 0);
        meet_unhold();
        assert_int_equal(chosen(&choice), 0);
        assert_int_equal(other_value, 5);
        until_quiet(kind);
        nobody_waits(kind);
        assert_int_equal(kind->take(), 0);
        numbers_sender_close(&other_out);
        numbers_receiver_close(&other_in);
        done_with(kind);
    }
}

static void join_that_loses_leaves_the_handle(void **state)
{
    (void)state;
    const struct kind *kind = &kinds[4];
    assert_true(kind->open == join_open);
    struct choice choice;
    world_channel(rt, 1, WEFT_WAIT, &other_out, &other_in);
    join_open();
    until_it_waits(choose(kind, other_begin, true, &choice));
    assert_int_equal(numbers_try_send(&other_out, 5), 0);
    assert_int_equal(chosen(&choice), 0);
    join_satisfy();
    assert_int_equal(join_take(), 0);
    numbers_sender_close(&other_out);
    numbers_receiver_close(&other_in);
    done_with(kind);
}

/* SEL-03: without bias each of two that are ready wins now and then; with it always the first. */
struct drawer {
    weft_frame weft;
    bool biased;
    unsigned *wins;
    unsigned i;
    int which;
    weft_select_state select;
    weft_sleep_future one, two;
};
static weft_poll drawer(weft_context *cx, struct drawer *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->i < 1000; self->i++) {
        weft_sleep_begin(&self->one, 0);
        weft_sleep_begin(&self->two, 0);
        if (self->biased)
            WEFT_AWAIT(self->which, weft_select_biased(cx, &self->select, &self->one.future, &self->two.future));
        else
            WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->one.future, &self->two.future));
        if (VERDICT(self->which == 0 || self->which == 1))
            self->wins[self->which]++;
    }
    WEFT_END(0);
}

static void order_is_random_unless_biased(void **state)
{
    (void)state;
    unsigned wins[2] = {0, 0};
    weft_spawn(weft_runtime_scope(rt), drawer, .biased = false, .wins = wins);
    world_settle(rt);
    verdict_assert();
    assert_int_equal(wins[0] + wins[1], 1000);
    assert_true(wins[0] > 100 && wins[1] > 100); /* by chance: once in 10^160 */
    wins[0] = wins[1] = 0;
    weft_spawn(weft_runtime_scope(rt), drawer, .biased = true, .wins = wins);
    world_settle(rt);
    verdict_assert();
    assert_int_equal(wins[0], 1000);
}

/* A future of another select, or of this one, again: what it waited for before is withdrawn, and it can be begun anew. */
struct looper {
    weft_frame weft;
    unsigned i;
    int which;
    atomic_uint *rounds;
    weft_select_state select;
    weft_semaphore_future acquire;
    weft_sleep_future pause;
};
static weft_poll looper(weft_context *cx, struct looper *self)
{
    WEFT_BEGIN(cx, self);
    weft_semaphore_acquire_begin(&self->acquire, &semaphore, 1);
    for (; self->i < 20; self->i++) {
        weft_sleep_begin(&self->pause, weft_deadline_in(50000));
        WEFT_AWAIT(self->which, weft_select_biased(cx, &self->select, &self->acquire.future, &self->pause.future));
        VERDICT(self->which == 1);
        atomic_fetch_add(self->rounds, 1);
    }
    WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->acquire.future));
    VERDICT(self->which == 0 && self->acquire.future.result == 0);
    WEFT_END(0);
}

static void future_can_be_waited_for_again(void **state)
{
    (void)state;
    atomic_uint rounds = 0;
    semaphore_open();
    weft_spawn(weft_runtime_scope(rt), looper, .rounds = &rounds);
    WORLD_UNTIL(atomic_load(&rounds) == 20);
    WORLD_UNTIL(meet_stats(rt, "point").waiting == 1); /* and not one more for each round */
    assert_int_equal(weft_semaphore_release(&semaphore, 1), 0);
    world_settle(rt);
    assert_int_equal(weft_semaphore_available(&semaphore), 0);
    semaphore_close();
    verdict_assert();
}

/* What cannot be waited for is the result of its future, which is ready; a select of nothing is refused. */
struct wrong {
    weft_frame weft;
    int which;
    weft_select_state select;
    union any one;
};
static const weft_semaphore no_semaphore;
static const weft_mutex no_mutex;
static const weft_rwlock no_rwlock;
static const weft_notify no_notify;
static const weft_barrier no_barrier;
static const weft_once no_once;
static weft_oneshot_sender no_reply_out;
static const weft_oneshot_receiver no_reply_in;
static const weft_watch_sender no_setting_out;
static weft_watch_receiver no_setting_in;
static const weft_broadcast_sender no_news_out;
static weft_broadcast_receiver no_news_in;
static weft_poll wrong(weft_context *cx, struct wrong *self)
{
    weft_future *const none[WEFT_SELECT_MAX + 1] = {NULL};
    VERDICT(weft_select_from(cx, &self->select, none, 0, false) == WEFT_EINVAL);
    VERDICT(weft_select_from(cx, &self->select, none, 1, false) == WEFT_EINVAL);
    VERDICT(weft_select_from(cx, &self->select, none, WEFT_SELECT_MAX + 1, false) == WEFT_EINVAL);
    VERDICT(weft_select_from(cx, NULL, none, 1, false) == WEFT_EINVAL);
    VERDICT(weft_select_from(NULL, &self->select, none, 1, false) == WEFT_EINVAL);
    VERDICT(weft_select(cx, &self->select, &self->one.future) == WEFT_EINVAL); /* it was not begun */
#define WRONG(begin_call)                                                                                              \
    do {                                                                                                               \
        begin_call;                                                                                                    \
        VERDICT(weft_select(cx, &self->select, &self->one.future) == 0);                                               \
        VERDICT(self->one.future.result == WEFT_EINVAL);                                                               \
        VERDICT(strstr(weft_error_detail(), "_begin") != NULL);                                                        \
    } while (0)
    for (int null = 0; null < 2; null++) {
        WRONG(weft_semaphore_acquire_begin(&self->one.semaphore, null ? NULL : &no_semaphore, 1));
        WRONG(weft_mutex_lock_begin(&self->one.mutex, null ? NULL : &no_mutex));
        WRONG(weft_rwlock_read_begin(&self->one.rwlock, null ? NULL : &no_rwlock));
        WRONG(weft_rwlock_write_begin(&self->one.rwlock, null ? NULL : &no_rwlock));
        WRONG(weft_notify_wait_begin(&self->one.notify, null ? NULL : &no_notify));
        WRONG(weft_notify_wait_since_begin(&self->one.notify, null ? NULL : &no_notify, 0));
        WRONG(weft_barrier_wait_begin(&self->one.barrier, null ? NULL : &no_barrier));
        WRONG(weft_once_enter_begin(&self->one.once, null ? NULL : &no_once));
        WRONG(weft_oneshot_recv_begin(&self->one.oneshot_recv, null ? NULL : &no_reply_in, &value));
        WRONG(weft_oneshot_closed_begin(&self->one.oneshot_closed, null ? NULL : &no_reply_out));
        WRONG(weft_watch_changed_begin(&self->one.watch, null ? NULL : &no_setting_in));
        WRONG(weft_watch_closed_begin(&self->one.watch, null ? NULL : &no_setting_out));
        WRONG(weft_broadcast_recv_begin(&self->one.broadcast_recv, null ? NULL : &no_news_in, &value, NULL));
        WRONG(weft_broadcast_closed_begin(&self->one.broadcast_closed, null ? NULL : &no_news_out));
    }
    return WEFT_READY;
}

static void misuse_is_the_answer(void **state)
{
    (void)state;
    weft_spawn(weft_runtime_scope(rt), wrong, .which = 0);
    world_settle(rt);
    verdict_assert();
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(future_that_is_ready_already_wins),
        cmocka_unit_test(future_that_becomes_ready_wins),
        cmocka_unit_test(future_that_is_not_the_first_has_taken_nothing),
        cmocka_unit_test(select_that_is_cancelled_has_taken_nothing),
        cmocka_unit_test(grant_of_a_future_that_loses_is_passed_on),
        cmocka_unit_test(join_that_loses_leaves_the_handle),
        cmocka_unit_test(order_is_random_unless_biased),
        cmocka_unit_test(future_can_be_waited_for_again),
        cmocka_unit_test(misuse_is_the_answer),
    };
    return cmocka_run_group_tests(tests, runtime_of_one, runtime_end);
}
