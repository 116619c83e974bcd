/* SPDX-License-Identifier: MIT */
/* Notify, barrier and once, as <weft/notify.h> and <weft/once.h> say them: a test a line of its documentation. */
#include "lib/meet.h"
#include "lib/runtime.h"

static weft_notify notify;
static weft_barrier barrier;
static weft_once once;
static atomic_uint turns;

static void open_all(uint32_t parties)
{
    atomic_store(&turns, 0);
    assert_int_equal(weft_notify_create(rt, WEFT_NOTIFY_OPTIONS(.name = "bell"), &notify), 0);
    assert_int_equal(weft_barrier_create(rt, WEFT_BARRIER_OPTIONS(.name = "gate", .parties = parties), &barrier), 0);
    assert_int_equal(weft_once_create(rt, WEFT_ONCE_OPTIONS(.name = "job"), &once), 0);
}

static void end_all(void)
{
    world_settle(rt);
    weft_notify_destroy(&notify);
    weft_barrier_destroy(&barrier);
    weft_once_destroy(&once);
    assert_int_equal(meet_count(rt), 0);
    verdict_assert();
}

static uint64_t ticket;
static int wait_it(weft_context *cx, const void *object, uint32_t amount)
{
    return (void)amount, weft_notify_wait(cx, object);
}
static int wait_since(weft_context *cx, const void *object, uint32_t amount)
{
    return (void)amount, weft_notify_wait_since(cx, object, ticket);
}
static int arrive(weft_context *cx, const void *object, uint32_t amount)
{
    return (void)amount, weft_barrier_wait(cx, object);
}
static int enter_it(weft_context *cx, const void *object, uint32_t amount)
{
    return (void)amount, weft_once_enter(cx, object);
}

static void send_waiter(struct visit *visit)
{
    meet_send(rt, "bell", visit, (struct visitor){.enter = wait_it, .object = &notify, .clock = &turns});
}
static void send_party(struct visit *visit)
{
    meet_send(rt, "gate", visit, (struct visitor){.enter = arrive, .object = &barrier, .clock = &turns});
}

static void handle_that_is_null_unset_destroyed_or_stale_is_refused(void **state)
{
    (void)state;
    const weft_notify no_notify = {0};
    const weft_barrier no_barrier = {0};
    const weft_once no_once = {0};
    assert_int_equal(weft_notify_create(rt, NULL, NULL), WEFT_EINVAL);
    assert_int_equal(weft_barrier_create(rt, WEFT_BARRIER_OPTIONS(.parties = WEFT_PERMITS_MAX + 1), &barrier),
                     WEFT_EINVAL);
    assert_int_equal(weft_once_create(NULL, NULL, &once), WEFT_EINVAL);
    assert_int_equal(weft_notify_one(&no_notify), WEFT_EINVAL);
    assert_int_equal(weft_notify_all(NULL), WEFT_EINVAL);
    assert_int_equal(weft_notify_wait(NULL, &no_notify), WEFT_EINVAL);
    assert_int_equal(weft_notify_wait_blocking(&no_notify, 0), WEFT_EINVAL);
    assert_true(weft_notify_ticket(&no_notify) == 0);
    assert_int_equal(weft_barrier_wait(NULL, &no_barrier), WEFT_EINVAL);
    assert_int_equal(weft_barrier_wait_blocking(&no_barrier, 0), WEFT_EINVAL);
    assert_int_equal(weft_once_enter(NULL, &no_once), WEFT_EINVAL);
    assert_int_equal(weft_once_enter_blocking(&no_once, 0), WEFT_EINVAL);
    assert_int_equal(weft_once_leave(&no_once, 0), WEFT_EINVAL);
    assert_int_equal(weft_once_run(NULL, &no_once, NULL, NULL), WEFT_EINVAL);
    open_all(2);
    weft_notify old_notify = notify;
    weft_barrier old_barrier = barrier;
    weft_once old_once = once;
    end_all();
    assert_int_equal(weft_notify_one(&notify), WEFT_EPIPE);
    assert_int_equal(weft_barrier_wait_blocking(&barrier, 0), WEFT_EPIPE);
    assert_int_equal(weft_once_leave(&once, 0), WEFT_EPIPE);
    open_all(2);
    assert_int_equal(weft_notify_one(&old_notify), WEFT_ESRCH);
    assert_int_equal(weft_notify_last(&old_notify), WEFT_ESRCH);
    assert_int_equal(weft_notify_all(&old_notify), WEFT_ESRCH);
    assert_int_equal(weft_notify_wait_blocking(&old_notify, 0), WEFT_ESRCH);
    assert_int_equal(weft_barrier_wait_blocking(&old_barrier, 0), WEFT_ESRCH);
    assert_int_equal(weft_once_enter_blocking(&old_once, 0), WEFT_ESRCH);
    assert_int_equal(weft_once_leave(&old_once, 0), WEFT_ESRCH);
    weft_notify_destroy(&old_notify);
    weft_barrier_destroy(&old_barrier);
    weft_once_destroy(&old_once);
    assert_int_equal(weft_notify_wait_blocking(&notify, 0), WEFT_ETIMEDOUT); /* nothing was stored by the stale ones */
    end_all();
}

static void notify_one_is_stored_once_if_nobody_waits(void **state)
{
    (void)state;
    struct visit first, second;
    open_all(1);
    assert_int_equal(weft_notify_one(&notify), 0);
    assert_int_equal(weft_notify_one(&notify), 0);
    assert_int_equal(meet_stats(rt, "bell").permits, 1);
    send_waiter(&first);
    assert_int_equal(meet_answer(&first), 0);
    assert_int_equal(meet_stats(rt, "bell").permits, 0);
    send_waiter(&second);
    assert_int_equal(atomic_load(&second.rc), MEET_NOTHING_YET);
    assert_int_equal(weft_notify_one(&notify), 0);
    assert_int_equal(meet_answer(&second), 0);
    assert_int_equal(meet_stats(rt, "bell").permits, 0);
    end_all();
}

/* NTF-02 */
static void notify_one_wakes_the_longest_and_notify_last_the_newest(void **state)
{
    (void)state;
    struct visit all[4];
    open_all(1);
    for (int i = 0; i < 4; i++)
        send_waiter(&all[i]);
    assert_int_equal(weft_notify_one(&notify), 0);
    assert_int_equal(meet_answer(&all[0]), 0);
    assert_int_equal(weft_notify_last(&notify), 0);
    assert_int_equal(meet_answer(&all[3]), 0);
    assert_int_equal(meet_stats(rt, "bell").waiting, 2);
    assert_int_equal(weft_notify_last(&notify), 0);
    assert_int_equal(meet_answer(&all[2]), 0);
    assert_int_equal(atomic_load(&all[1].rc), MEET_NOTHING_YET);
    assert_int_equal(weft_notify_one(&notify), 0);
    assert_int_equal(meet_answer(&all[1]), 0);
    end_all();
}

/* NTF-03 */
static void notified_waiter_that_turns_away_passes_it_on_by_the_same_rule(void **state)
{
    (void)state;
    for (int last = 0; last < 2; last++) {
        struct visit all[4];
        open_all(1);
        for (int i = 0; i < 4; i++)
            send_waiter(&all[i]);
        meet_hold(rt);
        assert_int_equal(last ? weft_notify_last(&notify) : weft_notify_one(&notify), 0);
        assert_int_equal(weft_task_cancel(all[last ? 3 : 0].task), 0);
        meet_unhold();
        assert_int_equal(meet_answer(&all[last ? 3 : 0]), WEFT_ECANCELED);
        assert_int_equal(meet_answer(&all[last ? 2 : 1]), 0);
        assert_int_equal(meet_stats(rt, "bell").waiting, 2);
        assert_int_equal(meet_stats(rt, "bell").permits, 0);
        assert_int_equal(weft_notify_all(&notify), 0);
        for (int i = 0; i < 4; i++)
            meet_answer(&all[i]);
        end_all();
    }
    struct visit only;
    open_all(1);
    send_waiter(&only);
    meet_hold(rt);
    assert_int_equal(weft_notify_one(&notify), 0);
    assert_int_equal(weft_task_cancel(only.task), 0);
    meet_unhold();
    assert_int_equal(meet_answer(&only), WEFT_ECANCELED);
    WORLD_UNTIL(meet_stats(rt, "bell").permits == 1); /* nobody to pass it to: it is stored */
    end_all();
}

/* NTF-05 */
static void notify_all_wakes_those_that_wait_and_stores_nothing(void **state)
{
    (void)state;
    enum { WAITERS = 100 };
    static struct visit all[WAITERS];
    struct visit late;
    open_all(1);
    assert_int_equal(weft_notify_all(&notify), 0);
    assert_int_equal(meet_stats(rt, "bell").permits, 0);
    for (int i = 0; i < WAITERS; i++)
        send_waiter(&all[i]);
    assert_int_equal(weft_notify_all(&notify), 0);
    for (int i = 0; i < WAITERS; i++)
        assert_int_equal(meet_answer(&all[i]), 0);
    send_waiter(&late);
    assert_int_equal(atomic_load(&late.rc), MEET_NOTHING_YET);
    assert_int_equal(meet_stats(rt, "bell").count, 2);
    assert_int_equal(weft_notify_one(&notify), 0);
    assert_int_equal(meet_answer(&late), 0);
    end_all();
}

/* NTF-06: one that joins after it was told is not told again by the same call. */
struct again {
    weft_frame weft;
    unsigned count;
    atomic_uint *waits;
};

static weft_poll again(weft_context *cx, struct again *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->count < 3; self->count++) {
        WEFT_AWAIT(self->weft.rc, weft_notify_wait(cx, &notify));
        VERDICT(self->weft.rc == 0);
        atomic_fetch_add(self->waits, 1);
    }
    WEFT_END(0);
}

static void notify_all_reaches_each_waiter_once(void **state)
{
    (void)state;
    enum { WAITERS = 200 };
    weft_runtime *four = world_begin(4);
    atomic_uint waits = 0;
    assert_int_equal(weft_notify_create(four, WEFT_NOTIFY_OPTIONS(.name = "bell"), &notify), 0);
    for (int i = 0; i < WAITERS; i++)
        weft_spawn(weft_runtime_scope(four), again, .waits = &waits);
    for (unsigned round = 1; round <= 3; round++) {
        WORLD_UNTIL(meet_stats(four, "bell").waits == round * WAITERS);
        assert_int_equal(atomic_load(&waits), (round - 1) * WAITERS);
        assert_int_equal(weft_notify_all(&notify), 0);
        WORLD_UNTIL(atomic_load(&waits) == round * WAITERS);
    }
    world_settle(four);
    weft_notify_destroy(&notify);
    world_end(four, WAITERS);
    verdict_assert();
}

/* NTF-08, known bug 18: tokio 7996, a waiter of notify_all eats the notification of a later notify_one. */
static void waiter_told_by_notify_all_leaves_the_stored_notification_alone(void **state)
{
    (void)state;
    struct visit told, cancelled, next;
    open_all(1);
    send_waiter(&told);
    send_waiter(&cancelled);
    meet_hold(rt);
    assert_int_equal(weft_notify_all(&notify), 0);
    assert_int_equal(weft_notify_one(&notify), 0);         /* nobody waits: stored */
    assert_int_equal(weft_task_cancel(cancelled.task), 0); /* it has nothing to pass on */
    meet_unhold();
    assert_int_equal(meet_answer(&told), 0);
    assert_int_equal(meet_answer(&cancelled), WEFT_ECANCELED);
    assert_int_equal(meet_stats(rt, "bell").permits, 1);
    send_waiter(&next);
    assert_int_equal(meet_answer(&next), 0);
    end_all();
}

/*
 * known bug 17: known bug 17: async-std 452, the second of two sends notified nobody since one waiter was notified
 * already.
 */
static void second_notify_one_reaches_the_second_waiter(void **state)
{
    (void)state;
    struct visit first, second;
    open_all(1);
    send_waiter(&first);
    send_waiter(&second);
    meet_hold(rt);
    assert_int_equal(weft_notify_one(&notify), 0);
    assert_int_equal(weft_notify_one(&notify), 0);
    meet_unhold();
    assert_int_equal(meet_answer(&first), 0);
    assert_int_equal(meet_answer(&second), 0);
    assert_int_equal(meet_stats(rt, "bell").permits, 0);
    end_all();
}

/* NTF-07 */
static void ticket_makes_a_notify_all_before_the_wait_count(void **state)
{
    (void)state;
    struct visit late, early;
    open_all(1);
    const struct visitor since = {.enter = wait_since, .object = &notify};
    ticket = weft_notify_ticket(&notify);
    assert_int_equal(weft_notify_one(&notify), 0);
    assert_int_equal(weft_notify_all(&notify), 0);
    meet_send(rt, "bell", &late, since);
    assert_int_equal(meet_answer(&late), 0);
    assert_int_equal(meet_stats(rt, "bell").permits, 1); /* the stored one was not touched */
    ticket = weft_notify_ticket(&notify);
    meet_send(rt, "bell", &early, since);
    assert_int_equal(meet_answer(&early), 0); /* by the stored one */
    meet_send(rt, "bell", &early, since);
    assert_int_equal(atomic_load(&early.rc), MEET_NOTHING_YET);
    assert_int_equal(weft_notify_all(&notify), 0);
    assert_int_equal(meet_answer(&early), 0);
    end_all();
}

static int block_notify(const void *object, uint32_t amount, int64_t deadline_ns)
{
    return (void)amount, weft_notify_wait_blocking(object, deadline_ns);
}
static int block_barrier(const void *object, uint32_t amount, int64_t deadline_ns)
{
    return (void)amount, weft_barrier_wait_blocking(object, deadline_ns);
}
static int block_once(const void *object, uint32_t amount, int64_t deadline_ns)
{
    (void)amount;
    const int rc = weft_once_enter_blocking(object, deadline_ns);
    if (rc == 1)
        VERDICT(weft_once_leave(object, WEFT_ENOENT) == 0); /* it fails: the next tries */
    return rc;
}

static void threads_wait_among_tasks(void **state)
{
    (void)state;
    struct visit task, party;
    open_all(3);
    struct guest one = {.enter = block_notify, .object = &notify, .deadline_ns = WEFT_FOREVER}, two = one;
    meet_guest(&one);
    WORLD_UNTIL(meet_stats(rt, "bell").waiting == 1);
    send_waiter(&task);
    meet_guest(&two);
    WORLD_UNTIL(meet_stats(rt, "bell").waiting == 3);
    assert_int_equal(weft_notify_one(&notify), 0);
    assert_int_equal(meet_guest_answer(&one), 0);
    assert_int_equal(weft_notify_all(&notify), 0);
    assert_int_equal(meet_guest_answer(&two), 0);
    assert_int_equal(meet_answer(&task), 0);
    assert_int_equal(weft_notify_wait_blocking(&notify, weft_deadline_in(1000000)), WEFT_ETIMEDOUT);

    one.enter = two.enter = block_barrier;
    one.object = two.object = &barrier;
    assert_int_equal(weft_barrier_wait_blocking(&barrier, weft_deadline_in(1000000)), WEFT_ETIMEDOUT);
    assert_int_equal(meet_stats(rt, "gate").permits, 3); /* it has not arrived */
    meet_guest(&one);
    meet_guest(&two);
    WORLD_UNTIL(meet_stats(rt, "gate").waiting == 2);
    assert_int_equal(meet_stats(rt, "gate").permits, 1);
    send_party(&party);
    assert_int_equal(meet_answer(&party), 1);
    assert_int_equal(meet_guest_answer(&one), 0);
    assert_int_equal(meet_guest_answer(&two), 0);
    end_all();
}

struct misplaced {
    weft_frame weft;
    atomic_int *done;
};
static weft_poll misplaced(weft_context *cx, struct misplaced *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_notify_wait_blocking(&notify, 0) == WEFT_EPERM);
    VERDICT(weft_barrier_wait_blocking(&barrier, 0) == WEFT_EPERM);
    VERDICT(weft_once_enter_blocking(&once, 0) == WEFT_EPERM);
    VERDICT(weft_once_leave(&once, 0) == WEFT_EPERM);
    atomic_store(self->done, 1);
    WEFT_END(0);
}

static void blocking_forms_on_a_worker_are_refused(void **state)
{
    (void)state;
    atomic_int done = 0;
    open_all(2);
    weft_spawn(weft_runtime_scope(rt), misplaced, .done = &done);
    WORLD_UNTIL(atomic_load(&done));
    end_all();
}

/* BAR-01 */
static void barrier_opens_with_the_last_and_has_one_leader(void **state)
{
    (void)state;
    struct visit all[6];
    open_all(3);
    for (unsigned i = 0; i < 6; i++) {
        send_party(&all[i]);
        assert_int_equal(meet_stats(rt, "gate").count, (i + 1) / 3);
        if (i % 3 == 2)
            assert_int_equal(meet_answer(&all[i]), 1);
        else
            assert_int_equal(atomic_load(&all[i].rc), MEET_NOTHING_YET);
        if (i % 3 == 2)
            for (unsigned k = i - 2; k < i; k++)
                assert_int_equal(meet_answer(&all[k]), 0);
    }
    end_all();
    open_all(0); /* is 1 */
    assert_int_equal(weft_barrier_wait_blocking(&barrier, 0), 1);
    assert_int_equal(weft_barrier_wait_blocking(&barrier, 0), 1);
    end_all();
}

static void cancelled_party_has_not_arrived(void **state)
{
    (void)state;
    struct visit one, two, three;
    open_all(2);
    send_party(&one);
    assert_int_equal(weft_task_cancel(one.task), 0);
    assert_int_equal(meet_answer(&one), WEFT_ECANCELED);
    WORLD_UNTIL(meet_stats(rt, "gate").permits == 2);
    send_party(&two);
    assert_int_equal(atomic_load(&two.rc), MEET_NOTHING_YET);
    meet_hold(rt);
    atomic_store(&three.rc, MEET_NOTHING_YET);
    assert_int_equal(weft_barrier_wait_blocking(&barrier, 0), 1);
    assert_int_equal(weft_task_cancel(two.task), 0); /* too late: it counted */
    meet_unhold();
    assert_int_equal(meet_answer(&two), WEFT_ECANCELED);
    assert_int_equal(meet_stats(rt, "gate").permits, 2);
    end_all();
}

enum { PARTIES = 40, ROUNDS = 60 };
static atomic_uint leaders, arrived[ROUNDS];
struct party {
    weft_frame weft;
    int round;
};

static weft_poll party(weft_context *cx, struct party *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->round < ROUNDS; self->round++) {
        atomic_fetch_add(&arrived[self->round], 1);
        WEFT_AWAIT(self->weft.rc, weft_barrier_wait(cx, &barrier));
        VERDICT(self->weft.rc == 0 || self->weft.rc == 1);
        VERDICT(atomic_load(&arrived[self->round]) == PARTIES);
        atomic_fetch_add(&leaders, (unsigned)self->weft.rc);
    }
    WEFT_END(0);
}

static void barrier_holds_everybody_in_every_round(void **state)
{
    (void)state;
    weft_runtime *four = world_begin(4);
    assert_int_equal(weft_barrier_create(four, WEFT_BARRIER_OPTIONS(.parties = PARTIES), &barrier), 0);
    for (int i = 0; i < PARTIES; i++)
        weft_spawn(weft_runtime_scope(four), party, .round = 0);
    world_settle(four);
    assert_int_equal(atomic_load(&leaders), ROUNDS);
    weft_barrier_destroy(&barrier);
    world_end(four, PARTIES);
    verdict_assert();
}

/* ONC-01 */
static int failing_runs, good_runs;
static int fail_it(void *context)
{
    return (void)context, failing_runs++, WEFT_ENOENT;
}
static int do_it(void *context)
{
    return (void)context, good_runs++, 5;
}

static int run_failing(weft_context *cx, const void *object, uint32_t amount)
{
    return (void)amount, weft_once_run(cx, object, fail_it, NULL);
}
static int run_good(weft_context *cx, const void *object, uint32_t amount)
{
    return (void)amount, weft_once_run(cx, object, do_it, NULL);
}

static void once_runs_until_it_has_succeeded(void **state)
{
    (void)state;
    struct visit visit;
    open_all(1);
    failing_runs = good_runs = 0;
    const struct visitor failing = {.enter = run_failing, .object = &once}, good = {.enter = run_good, .object = &once};
    meet_send(rt, "job", &visit, failing);
    assert_int_equal(meet_answer(&visit), WEFT_ENOENT);
    meet_send(rt, "job", &visit, failing);
    assert_int_equal(meet_answer(&visit), WEFT_ENOENT);
    meet_send(rt, "job", &visit, good);
    assert_int_equal(meet_answer(&visit), 0);
    for (int i = 0; i < 3; i++) {
        meet_send(rt, "job", &visit, i == 0 ? failing : good);
        assert_int_equal(meet_answer(&visit), 0);
    }
    assert_int_equal(failing_runs, 2);
    assert_int_equal(good_runs, 1);
    assert_int_equal(meet_stats(rt, "job").count, 1);
    assert_int_equal(weft_once_enter_blocking(&once, 0), 0);
    end_all();
}

static void once_lets_others_wait_while_it_is_done(void **state)
{
    (void)state;
    enum { WAITERS = 50 };
    static struct visit all[WAITERS];
    struct visit cancelled;
    open_all(1);
    assert_int_equal(weft_once_enter_blocking(&once, 0), 1);
    const uint64_t me = meet_stats(rt, "job").owner;
    assert_true(me & WEFT_OWNER_THREAD);
    assert_int_equal(weft_once_enter_blocking(&once, WEFT_FOREVER), WEFT_EDEADLK);
    weft_once copy = once;
    const struct visitor plan = {.enter = enter_it, .object = &copy};
    meet_send(rt, "job", &cancelled, plan);
    for (int i = 0; i < WAITERS; i++)
        meet_send(rt, "job", &all[i], plan);
    meet_hold(rt);
    assert_int_equal(weft_once_leave(&once, WEFT_ENOMEM), 0); /* it failed: the next of them */
    assert_true(meet_stats(rt, "job").owner == cancelled.task.id);
    assert_int_equal(weft_task_cancel(cancelled.task), 0); /* which will not try: the next but one */
    assert_int_equal(weft_once_leave(&once, 0), WEFT_EPERM);
    meet_unhold();
    assert_int_equal(meet_answer(&cancelled), WEFT_ECANCELED);
    assert_int_equal(meet_answer(&all[0]), 1);
    assert_true(meet_stats(rt, "job").owner == all[0].task.id);
    weft_once_destroy(&once); /* it ended without leaving: the others are told that it is over */
    for (int i = 1; i < WAITERS; i++)
        assert_int_equal(meet_answer(&all[i]), WEFT_EPIPE);
    end_all();
}

struct slow_doer {
    weft_frame weft;
    int result;
    int answer;
    atomic_uint *stay;
    atomic_int *rc;
};
static weft_poll slow_doer(weft_context *cx, struct slow_doer *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->answer, weft_once_enter(cx, &once));
    atomic_store(self->rc, self->answer);
    while (self->answer == 1 && !atomic_load(self->stay))
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    if (self->answer == 1)
        VERDICT(weft_once_leave(&once, self->result) == 0);
    WEFT_END(0);
}

static void once_is_done_over_awaits_and_by_threads(void **state)
{
    (void)state;
    atomic_uint stay = 0;
    atomic_int rc = MEET_NOTHING_YET, later = MEET_NOTHING_YET;
    open_all(1);
    weft_spawn(weft_runtime_scope(rt), slow_doer, .result = WEFT_ENOENT, .stay = &stay, .rc = &rc);
    WORLD_UNTIL(atomic_load(&rc) == 1);
    assert_int_equal(weft_once_enter_blocking(&once, weft_deadline_in(1000000)), WEFT_ETIMEDOUT);
    struct guest next = {.enter = block_once, .object = &once, .deadline_ns = WEFT_FOREVER};
    meet_guest(&next);
    WORLD_UNTIL(meet_stats(rt, "job").waiting == 1);
    weft_spawn(weft_runtime_scope(rt), slow_doer, .result = 0, .stay = &stay, .rc = &later);
    WORLD_UNTIL(meet_stats(rt, "job").waiting == 2);
    struct guest last = {.enter = block_once, .object = &once, .deadline_ns = WEFT_FOREVER};
    meet_guest(&last);
    WORLD_UNTIL(meet_stats(rt, "job").waiting == 3);
    atomic_store(&stay, 1);
    assert_int_equal(meet_guest_answer(&next), 1);
    WORLD_UNTIL(atomic_load(&later) == 1);
    assert_int_equal(meet_guest_answer(&last), 0); /* done by the task before it */
    assert_int_equal(weft_once_leave(&once, 0), WEFT_EPERM);
    end_all();
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handle_that_is_null_unset_destroyed_or_stale_is_refused),
        cmocka_unit_test(notify_one_is_stored_once_if_nobody_waits),
        cmocka_unit_test(notify_one_wakes_the_longest_and_notify_last_the_newest),
        cmocka_unit_test(notified_waiter_that_turns_away_passes_it_on_by_the_same_rule),
        cmocka_unit_test(notify_all_wakes_those_that_wait_and_stores_nothing),
        cmocka_unit_test(notify_all_reaches_each_waiter_once),
        cmocka_unit_test(waiter_told_by_notify_all_leaves_the_stored_notification_alone),
        cmocka_unit_test(second_notify_one_reaches_the_second_waiter),
        cmocka_unit_test(ticket_makes_a_notify_all_before_the_wait_count),
        cmocka_unit_test(threads_wait_among_tasks),
        cmocka_unit_test(blocking_forms_on_a_worker_are_refused),
        cmocka_unit_test(barrier_opens_with_the_last_and_has_one_leader),
        cmocka_unit_test(cancelled_party_has_not_arrived),
        cmocka_unit_test(barrier_holds_everybody_in_every_round),
        cmocka_unit_test(once_runs_until_it_has_succeeded),
        cmocka_unit_test(once_lets_others_wait_while_it_is_done),
        cmocka_unit_test(once_is_done_over_awaits_and_by_threads),
    };
    return cmocka_run_group_tests(tests, runtime_of_one, runtime_end);
}
