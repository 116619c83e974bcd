/* SPDX-License-Identifier: MIT */
/*
 * Sleeping, as <weft/timer.h> says it, on a clock that the test moves: what is due fires at the tick that it is due at and
 * not a nanosecond before, however slow the machine.
 */
#include <sys/prctl.h>

#include "lib/chaos.h"
#include "lib/vclock.h"
#include "lib/verdict.h"

#include "task/env.h"
#include "lib/runtime.h"

static const int64_t us = 1000, ms = 1000000, second = 1000000000, year = INT64_C(365) * 86400 * 1000000000;
static const int64_t start = INT64_C(12345678901234); /* between two ticks */

static int begin(void **state)
{
    vclock_begin(start);
    return runtime_of_one(state);
}

static int end(void **state)
{
    runtime_end(state);
    return vclock_go(state);
}

enum { ASLEEP = 99 };

/* How a sleep ended, and when. */
struct outcome {
    atomic_int rc;
    atomic_llong woken_ns;
};

/* Sleeps once: until `deadline_ns`, or for `delay_ns` if that is -1. */
struct sleeper {
    weft_frame weft;
    int64_t deadline_ns;
    int64_t delay_ns;
    struct outcome *outcome;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    if (self->deadline_ns != -1)
        WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, self->deadline_ns));
    else
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->delay_ns));
    atomic_store(&self->outcome->woken_ns, weft_clock());
    atomic_store(&self->outcome->rc, self->weft.rc);
    WEFT_END(0);
}

static weft_task send_to_sleep(struct outcome *outcome, int64_t deadline_ns, int64_t delay_ns)
{
    atomic_store(&outcome->rc, ASLEEP);
    const weft_task task = weft_spawn(weft_runtime_scope(rt), sleeper, .deadline_ns = deadline_ns, .delay_ns = delay_ns,
                                      .outcome = outcome);
    assert_int_equal(weft_task_error(task), 0);
    return task;
}

/* Nothing moves any more: it sleeps still. */
static void assert_asleep(struct outcome *outcome)
{
    vclock_asleep(1);
    assert_int_equal(atomic_load(&outcome->rc), ASLEEP);
}

static void assert_woken(struct outcome *outcome, int64_t when)
{
    vclock_asleep(1);
    assert_int_equal(atomic_load(&outcome->rc), 0);
    assert_true(atomic_load(&outcome->woken_ns) == when);
}

/* Not a nanosecond before its time, and at the first tick that is not before it. */
/* TIM-01 scenario 32 */
static void sleep_ends_at_its_tick_and_never_before_its_time(void **state)
{
    (void)state;
    uint64_t random = world_seed();
    for (int i = 0; i < 200; i++) {
        struct outcome outcome;
        const int64_t now = weft_clock(), delay = 1 + world_random(&random, i % 2 ? 100000 : 1000000000);
        send_to_sleep(&outcome, i % 4 < 2 ? -1 : now + delay, delay);
        assert_true(vclock_asleep(1) <= vclock_tick(now + delay)); /* the worker will be there */
        vclock_set(now + delay - 1);
        assert_asleep(&outcome);
        vclock_set(vclock_tick(now + delay) - 1);
        if (vclock_tick(now + delay) > now + delay)
            assert_asleep(&outcome);
        vclock_set(vclock_tick(now + delay));
        assert_woken(&outcome, vclock_tick(now + delay));
    }
}

/* No time at all, or one that has passed: the worker does not go to sleep for it, and nothing else has to happen. */
/* TIM-01 scenario 33 known bug 47 known bug 53 */
static void sleep_of_nothing_is_ready_at_once(void **state)
{
    (void)state;
    const int64_t delays[] = {0, -1, -ms, INT64_MIN};
    const int64_t deadlines[] = {start, start - 1, 0, -2, INT64_MIN};
    struct outcome outcome;
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        send_to_sleep(&outcome, -1, delays[i]);
        assert_woken(&outcome, start);
    }
    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        send_to_sleep(&outcome, deadlines[i], 0);
        assert_woken(&outcome, start);
    }
    assert_true(vclock_asleep(1) == WEFT_FOREVER); /* and it does not wake for what is over */
}

/* Every level of the wheel and its borders, years away, and the greatest time, side by side. */
/* TIM-02 scenario 36 known bug 45 known bug 51 */
static void sleep_of_any_length_beside_any_other(void **state)
{
    (void)state;
    enum { MAX = 64 * 6 };
    static struct outcome outcomes[MAX];
    int64_t deadlines[MAX];
    int count = 0;
    for (unsigned bit = 0; bit < 62; bit++)
        for (int64_t off = -1; off <= 1; off++) {
            deadlines[count++] = start + (INT64_C(1) << bit) + off;
            if ((INT64_C(1) << bit) > start + 1)
                deadlines[count++] = (INT64_C(1) << bit) + off;
        }
    for (int i = 0; i < count; i++)
        send_to_sleep(&outcomes[i], deadlines[i], 0);
    struct outcome until_the_end, for_the_longest;
    const weft_task forever = send_to_sleep(&until_the_end, WEFT_FOREVER, 0);
    const weft_task longest = send_to_sleep(&for_the_longest, -1, INT64_MAX);
    while (vclock_jump(1)) {
        vclock_asleep(1);
        const int64_t now = weft_clock();
        for (int i = 0; i < count; i++) {
            const bool due = vclock_tick(deadlines[i]) <= now || deadlines[i] <= start;
            assert_int_equal(atomic_load(&outcomes[i].rc), due ? 0 : ASLEEP);
        }
    }
    for (int i = 0; i < count; i++) {
        assert_int_equal(atomic_load(&outcomes[i].rc), 0);
        const int64_t due = deadlines[i] <= start ? start : vclock_tick(deadlines[i]);
        assert_true(atomic_load(&outcomes[i].woken_ns) == due);
    }
    vclock_set(INT64_MAX / 4 * 3);
    assert_asleep(&until_the_end);
    assert_asleep(&for_the_longest);
    assert_int_equal(weft_task_cancel(forever), 0);
    assert_int_equal(weft_task_cancel(longest), 0);
    vclock_asleep(1);
    assert_int_equal(atomic_load(&until_the_end.rc), WEFT_ECANCELED);
    assert_int_equal(atomic_load(&for_the_longest.rc), WEFT_ECANCELED);
}

/* A machine that has been up for just under 2^k nanoseconds or milliseconds, for every k. */
/* known bug 43 */
static void sleep_across_any_power_of_two_of_uptime(void **state)
{
    (void)state;
    for (unsigned k = 16; k < 62; k++) {
        const int64_t borders[] = {INT64_C(1) << k, (INT64_C(1) << k) / ms * ms, k < 42 ? (INT64_C(1) << k) * ms : 0};
        const int64_t border = borders[k % 3] ? borders[k % 3] : borders[0];
        const int64_t delays[] = {1, 40 * us, ms, 5 * ms, second, 3600 * second};
        struct outcome outcomes[6];
        vclock_begin(border > 3 * ms ? border - 2 * ms : border);
        const int64_t from = weft_clock();
        rt = world_begin(1);
        for (int i = 0; i < 6; i++)
            send_to_sleep(&outcomes[i], -1, delays[i]);
        while (vclock_jump(1))
            continue;
        for (int i = 0; i < 6; i++)
            assert_woken(&outcomes[i], vclock_tick(from + delays[i]));
        world_end(rt, 6);
        vclock_end();
    }
}

/* A sleep that is cancelled is over at once, and the worker does not wake for it later. */
/* known bug 49 */
static void sleep_cancelled_leaves_nothing_to_wake_for(void **state)
{
    (void)state;
    struct outcome outcomes[3];
    const weft_task soon = send_to_sleep(&outcomes[0], -1, ms);
    const weft_task later = send_to_sleep(&outcomes[1], -1, second);
    const weft_task last = send_to_sleep(&outcomes[2], -1, 100 * year);
    assert_true(vclock_asleep(1) <= vclock_tick(start + ms));
    assert_int_equal(weft_task_cancel(soon), 0);
    vclock_asleep(1);
    assert_int_equal(atomic_load(&outcomes[0].rc), WEFT_ECANCELED);
    assert_true(vclock_asleep(1) > start + ms);
    assert_int_equal(weft_task_cancel(last), 0);
    assert_int_equal(weft_task_cancel(later), 0);
    assert_true(vclock_asleep(1) == WEFT_FOREVER);
    assert_int_equal(atomic_load(&outcomes[1].rc), WEFT_ECANCELED);
    assert_int_equal(atomic_load(&outcomes[2].rc), WEFT_ECANCELED);
}

/* The process has not run for a minute, and the clock has: what is overdue fires once, and nothing follows. */
/* scenario 37 */
static void sleeps_overdue_after_a_stop_fire_once(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static struct outcome outcomes[COUNT];
    for (int i = 0; i < COUNT; i++)
        send_to_sleep(&outcomes[i], -1, (i + 1) * 100 * ms);
    vclock_asleep(1);
    vclock_advance(60 * second);
    for (int i = 0; i < COUNT; i++)
        assert_woken(&outcomes[i], start + 60 * second);
    assert_true(vclock_asleep(1) == WEFT_FOREVER);
}

/* ---- beside work ---- */

/* Goes on until told, and each of its turns takes `turn_ns`. */
struct busy {
    weft_frame weft;
    int64_t turn_ns;
    struct outcome *until;
};

static weft_poll busy(weft_context *cx, struct busy *self)
{
    WEFT_BEGIN(cx, self);
    while (atomic_load(&self->until->rc) == ASLEEP) {
        vclock_advance(self->turn_ns);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

/* Beside a task that is always ready a sleep ends within the few polls between two looks at the clock. */
/* TIM-06 */
static void sleep_beside_a_busy_task_ends_in_time(void **state)
{
    (void)state;
    struct outcome outcome;
    send_to_sleep(&outcome, -1, ms);
    vclock_asleep(1);
    weft_spawn(weft_runtime_scope(rt), busy, .turn_ns = us, .until = &outcome);
    vclock_asleep(1);
    assert_int_equal(atomic_load(&outcome.rc), 0);
    const int64_t due = vclock_tick(start + ms);
    assert_true(atomic_load(&outcome.woken_ns) >= due && atomic_load(&outcome.woken_ns) <= due + 20 * us);
}

/* As busy, but each poll takes as long as four ticks of the monitor, which has seen the time before it ends. */
static weft_poll lengthy(weft_context *cx, void *frame)
{
    const struct busy *self = frame;
    vclock_advance(40 * ms);
    WORLD_UNTIL(weft__load_relaxed(&weft__self->env->now) == weft_clock());
    if (atomic_load(&self->until->rc) != ASLEEP)
        return WEFT_READY;
    weft_wake(weft_context_waker(cx));
    return WEFT_PENDING;
}

/* Beside polls that are long, but not so long that the worker is stuck: after the one in which it is due, not 16 later. */
/* known bug 50 */
static void sleep_beside_long_polls_ends_after_one(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip(); /* the monitor may be there twice in a poll, and fire it in place of the worker */
    struct outcome outcome;
    send_to_sleep(&outcome, -1, ms);
    vclock_asleep(1);
    const struct busy frame = {.until = &outcome};
    static weft_site site = {__FILE__, __func__, "lengthy", __LINE__, UINT32_MAX, 0};
    assert_int_equal(
        weft_task_error(weft_spawn_frame(weft_runtime_scope(rt), &site, NULL, lengthy, &frame, sizeof frame)), 0);
    vclock_asleep(1);
    assert_int_equal(atomic_load(&outcome.rc), 0);
    assert_true(atomic_load(&outcome.woken_ns) == start + 40 * ms);
}

struct slack { weft_frame weft; atomic_int *ns; };

static weft_poll slack(weft_context *cx, struct slack *self)
{
    (void)cx;
    atomic_store(self->ns, prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
    return WEFT_READY;
}

/* Linux may wake a thread 50 us late, unless it was told not to; a host's own threads are not told anything. */
static void worker_is_woken_without_slack(void **state)
{
    (void)state;
    const int before = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    atomic_int ns = -1;
    weft_spawn(weft_runtime_scope(rt), slack, .ns = &ns);
    vclock_asleep(1);
    assert_in_range(atomic_load(&ns), 0, 1); /* 0: of a real-time thread */
    assert_int_equal(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), before);
}

/* ---- reset ---- */

/*
 * Waits in a select, by hand: what its plan says is done at its next poll, before or instead of asking again. Each plan is
 * counted when it was carried out.
 */
static struct {
    atomic_llong reset_ns; /* 0: nothing */
    atomic_bool then_ask;
    atomic_uint done;
    atomic_int rc;
} plan;

struct resetter {
    weft_frame weft;
    weft_select_state select;
    weft_sleep_future sleep;
    int64_t first_ns;
    bool begun;
    struct outcome *outcome;
};

static weft_poll resetter(weft_context *cx, struct resetter *self)
{
    if (!self->begun)
        weft_sleep_begin(&self->sleep, self->first_ns);
    self->begun = true;
    const int64_t reset = atomic_exchange(&plan.reset_ns, 0);
    if (reset != 0) {
        atomic_store(&plan.rc, weft_sleep_reset(&self->sleep, reset));
        atomic_fetch_add(&plan.done, 1);
        if (!atomic_load(&plan.then_ask))
            return WEFT_PENDING;
    }
    const int which = weft_select(cx, &self->select, &self->sleep.future);
    if (which == WEFT_AWAITING)
        return WEFT_PENDING;
    atomic_store(&self->outcome->woken_ns, weft_clock());
    atomic_store(&self->outcome->rc, which < 0 ? which : self->sleep.future.result);
    return WEFT_READY;
}

static weft_task send_to_resetting_sleep(struct outcome *outcome, int64_t first_ns)
{
    atomic_store(&outcome->rc, ASLEEP);
    const weft_task task = weft_spawn(weft_runtime_scope(rt), resetter, .first_ns = first_ns, .outcome = outcome);
    assert_asleep(outcome);
    return task;
}

static void reset_to(weft_task task, int64_t deadline_ns, bool then_ask)
{
    const unsigned before = atomic_load(&plan.done);
    atomic_store(&plan.then_ask, then_ask);
    atomic_store(&plan.reset_ns, deadline_ns);
    weft_wake((weft_waker){task});
    WORLD_UNTIL(atomic_load(&plan.done) > before);
    assert_int_equal(atomic_load(&plan.rc), 0);
}

/* TIM-03: earlier, later and back again: the newest deadline counts, asked again or not, and no older one wakes it. */
static void reset_while_waiting_counts_the_newest_deadline(void **state)
{
    (void)state;
    for (int ask = 0; ask < 2; ask++) {
        struct outcome outcome;
        const int64_t from = weft_clock();
        const weft_task task = send_to_resetting_sleep(&outcome, from + 100 * ms);
        reset_to(task, from + 10 * ms, ask); /* earlier */
        assert_true(vclock_asleep(1) <= vclock_tick(from + 10 * ms));
        vclock_set(from + 10 * ms - 1);
        assert_asleep(&outcome);
        reset_to(task, from + second, ask); /* later */
        vclock_set(from + 100 * ms);
        assert_asleep(&outcome);
        reset_to(task, from + 200 * ms, ask);
        vclock_set(from + 200 * ms - 1);
        assert_asleep(&outcome);
        vclock_set(vclock_tick(from + 200 * ms));
        assert_woken(&outcome, vclock_tick(from + 200 * ms));
        assert_true(vclock_asleep(1) == WEFT_FOREVER);
    }
}

/* TIM-03: to a time that has passed, it is over without waiting for the clock. */
static void reset_into_the_past_is_over_at_once(void **state)
{
    (void)state;
    const int64_t pasts[] = {start, start - 1, 1, -1, INT64_MIN};
    for (size_t i = 0; i < 2 * sizeof pasts / sizeof pasts[0]; i++) {
        struct outcome outcome;
        const weft_task task = send_to_resetting_sleep(&outcome, start + second);
        reset_to(task, pasts[i / 2], i % 2);
        assert_woken(&outcome, start);
    }
    assert_true(vclock_asleep(1) == WEFT_FOREVER);
}

static atomic_uint fired;

static void on_fire(void *context, uint64_t task, uint64_t deadline_ns, uint16_t worker)
{
    (void)context;
    (void)task;
    (void)deadline_ns;
    (void)worker;
    atomic_fetch_add(&fired, 1);
}

/* Its time has come and it has not looked yet, since something holds the worker: a reset puts it off all the same. */
/* TIM-03 */
static void reset_after_it_fired_counts_the_new_deadline(void **state)
{
    (void)state;
    weft_hooks_handle hooks;
    assert_int_equal(weft_hooks_add(rt, WEFT_HOOKS(.timer_fire = on_fire), &hooks), 0);
    for (int ask = 0; ask < 2; ask++) {
        struct outcome outcome;
        struct latch entered = LATCH, leave = LATCH;
        const int64_t from = weft_clock();
        send_to_resetting_sleep(&outcome, from + ms);
        weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
        latch_wait(&entered, 1);
        const unsigned before = atomic_load(&fired);
        while (atomic_load(&fired) == before) { /* the rescuer turns the wheel of the worker that is stuck */
            vclock_advance(10 * ms);
            sched_yield();
        }
        const int64_t later = weft_clock() + second;
        atomic_store(&plan.then_ask, ask);
        atomic_store(&plan.reset_ns, later);
        latch_up(&leave);
        assert_asleep(&outcome);
        vclock_set(later - 1);
        assert_asleep(&outcome);
        vclock_set(vclock_tick(later));
        assert_woken(&outcome, vclock_tick(later));
    }
    assert_int_equal(weft_hooks_remove(hooks), 0);
}

/* Waits for the same future twice, with a reset before the first wait and between the two. */
struct twice {
    weft_frame weft;
    weft_select_state select;
    weft_sleep_future sleep;
    int64_t times[3];
    struct outcome *outcomes;
};

static weft_poll twice(weft_context *cx, struct twice *self)
{
    WEFT_BEGIN(cx, self);
    weft_sleep_begin(&self->sleep, self->times[0]);
    VERDICT(weft_sleep_reset(&self->sleep, self->times[1]) == 0 && self->sleep.deadline_ns == self->times[1]);
    WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->sleep.future));
    atomic_store(&self->outcomes[0].woken_ns, weft_clock());
    atomic_store(&self->outcomes[0].rc, self->weft.rc);
    VERDICT(weft_sleep_reset(&self->sleep, self->times[2]) == 0);
    WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->sleep.future));
    atomic_store(&self->outcomes[1].woken_ns, weft_clock());
    atomic_store(&self->outcomes[1].rc, self->weft.rc);
    WEFT_END(0);
}

/* TIM-03 */
static void reset_before_and_after_a_wait_is_for_the_next(void **state)
{
    (void)state;
    struct outcome outcomes[2] = {{.rc = ASLEEP}, {.rc = ASLEEP}};
    weft_spawn(weft_runtime_scope(rt), twice, .times = {start + ms, start + 2 * ms, start + 5 * ms}, .outcomes = outcomes);
    while (vclock_jump(1))
        continue;
    assert_woken(&outcomes[0], vclock_tick(start + 2 * ms));
    assert_woken(&outcomes[1], vclock_tick(start + 5 * ms));
}

/* ---- workers ---- */

/* Sleeps in a select, by hand, and tells on which worker each of its polls ran; leaves without asking when told. */
static struct {
    atomic_uint polls;
    atomic_uint worker;
    atomic_llong reset_ns; /* 0: nothing */
    atomic_bool leave;
} wander;

struct wanderer {
    weft_frame weft;
    weft_select_state select;
    weft_sleep_future sleep;
    int64_t deadline_ns;
    bool begun;
    struct outcome *outcome;
};

static weft_poll wanderer(weft_context *cx, struct wanderer *self)
{
    if (!self->begun)
        weft_sleep_begin(&self->sleep, self->deadline_ns);
    self->begun = true;
    const int64_t reset = atomic_exchange(&wander.reset_ns, 0);
    if (reset != 0)
        VERDICT(weft_sleep_reset(&self->sleep, reset) == 0);
    const int which = atomic_load(&wander.leave) ? 0 : weft_select(cx, &self->select, &self->sleep.future);
    atomic_store(&wander.worker, weft__self->number);
    atomic_fetch_add(&wander.polls, 1);
    if (which == WEFT_AWAITING)
        return WEFT_PENDING;
    atomic_store(&self->outcome->woken_ns, weft_clock());
    atomic_store(&self->outcome->rc, which);
    return WEFT_READY;
}

/* Holds its worker until the latch is up, and says which one that is. */
struct holder {
    weft_frame weft;
    atomic_uint *worker; /* its number and one */
    struct latch *leave;
};

static weft_poll holder(weft_context *cx, struct holder *self)
{
    (void)cx;
    atomic_store(self->worker, weft__self->number + 1u);
    latch_wait(self->leave, 1);
    return WEFT_READY;
}

/* Hold that one of the two workers, and leave the other free. The latch lets it go. */
static struct latch *hold(unsigned worker)
{
    static struct latch latches[2] = {LATCH, LATCH};
    atomic_uint on[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        latches[i].count = 0;
        weft_spawn(weft_runtime_scope(rt), holder, .worker = &on[i], .leave = &latches[i]);
        WORLD_UNTIL(atomic_load(&on[i]) != 0);
        if (atomic_load(&on[i]) != worker + 1)
            continue;
        if (i == 1)
            latch_up(&latches[0]); /* that was the wrong one */
        vclock_asleep(1);
        return &latches[i];
    }
    fail_msg("two holders on one worker");
    return NULL;
}

/* Two workers: a task sleeps in the wheel of one that is held from now on. */
static struct latch *wander_off(struct outcome *outcome, weft_task *out_task, int64_t deadline_ns)
{
    atomic_store(&wander.polls, 0);
    atomic_store(&wander.leave, false);
    atomic_store(&outcome->rc, ASLEEP);
    *out_task = weft_spawn(weft_runtime_scope(rt), wanderer, .deadline_ns = deadline_ns, .outcome = outcome);
    vclock_asleep(2);
    assert_int_equal(atomic_load(&wander.polls), 1);
    return hold(atomic_load(&wander.worker));
}

/* It is polled by the other worker, and goes on sleeping in the first one's wheel. */
static void wake_elsewhere(weft_task task)
{
    const unsigned polls = atomic_load(&wander.polls), worker = atomic_load(&wander.worker);
    weft_wake((weft_waker){task});
    WORLD_UNTIL(atomic_load(&wander.polls) > polls);
    assert_int_not_equal(atomic_load(&wander.worker), worker);
    vclock_asleep(1);
}

static int begin_two(void **state)
{
    vclock_begin(start);
    return runtime_of_two(state);
}

/* Move the clock by ticks of the monitor until it has ended the sleep. */
static void let_monitor_fire(struct outcome *outcome)
{
    while (atomic_load(&outcome->rc) == ASLEEP) {
        vclock_advance(10 * ms);
        sched_yield();
    }
}

/* The worker that keeps the time is stuck in a poll: the monitor turns its wheel, and another one polls the task. */
/* known bug 48 */
static void sleep_in_the_wheel_of_a_stuck_worker_ends_elsewhere(void **state)
{
    (void)state;
    struct outcome outcome;
    weft_task task;
    struct latch *let_go = wander_off(&outcome, &task, start + ms);
    const unsigned stuck = atomic_load(&wander.worker);
    let_monitor_fire(&outcome);
    assert_int_equal(atomic_load(&outcome.rc), 0);
    assert_true(atomic_load(&outcome.woken_ns) >= start + ms);
    assert_int_not_equal(atomic_load(&wander.worker), stuck);
    latch_up(let_go);
}

/* Armed on one worker, polled on another: the first one fires it, at its tick. */
static void sleep_of_a_task_that_has_moved_ends_at_its_tick(void **state)
{
    (void)state;
    struct outcome outcome;
    weft_task task;
    struct latch *let_go = wander_off(&outcome, &task, start + second);
    wake_elsewhere(task);
    latch_up(let_go);
    assert_true(vclock_asleep(2) <= vclock_tick(start + second));
    vclock_set(start + second - 1);
    vclock_asleep(2);
    assert_int_equal(atomic_load(&outcome.rc), ASLEEP);
    vclock_set(vclock_tick(start + second));
    vclock_asleep(2);
    assert_int_equal(atomic_load(&outcome.rc), 0);
    assert_true(atomic_load(&outcome.woken_ns) == vclock_tick(start + second));
}

/* Armed on one worker, given up on another: nobody wakes for it. */
static void sleep_of_a_task_that_has_moved_is_given_up(void **state)
{
    (void)state;
    struct outcome outcome;
    weft_task task;
    struct latch *let_go = wander_off(&outcome, &task, start + second);
    atomic_store(&wander.leave, true);
    wake_elsewhere(task);
    assert_int_equal(atomic_load(&outcome.rc), 0);
    latch_up(let_go);
    assert_true(vclock_asleep(2) == WEFT_FOREVER);
}

/* Armed on one worker, reset on another: it moves into that one's wheel, and the first one is not needed any more. */
/* TIM-03 */
static void sleep_of_a_task_that_has_moved_is_reset(void **state)
{
    (void)state;
    struct outcome outcome;
    weft_task task;
    struct latch *let_go = wander_off(&outcome, &task, start + ms);
    atomic_store(&wander.reset_ns, start + second);
    wake_elsewhere(task);
    vclock_set(start + ms + 1);
    assert_true(vclock_asleep(1) <= vclock_tick(start + second));
    assert_int_equal(atomic_load(&outcome.rc), ASLEEP);
    vclock_set(vclock_tick(start + second));
    WORLD_UNTIL(atomic_load(&outcome.rc) != ASLEEP);
    assert_true(atomic_load(&outcome.woken_ns) == vclock_tick(start + second));
    latch_up(let_go);
    assert_true(vclock_asleep(2) == WEFT_FOREVER);
}

/* Waits in a scope with a deadline, and says on which worker it began. */
struct limited {
    weft_frame weft;
    weft_scope scope;
    int64_t deadline_ns;
    struct outcome *outcome;
};

static weft_poll limited(weft_context *cx, struct limited *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.deadline_ns = self->deadline_ns)) == 0);
    atomic_store(&wander.worker, weft__self->number);
    WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, WEFT_FOREVER));
    VERDICT(self->weft.rc == WEFT_ECANCELED && weft_context_cancelled(cx) == WEFT_REASON_DEADLINE);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    atomic_store(&self->outcome->rc, self->weft.rc);
    WEFT_END(0);
}

static void scope_deadline_in_the_wheel_of_a_stuck_worker_passes(void **state)
{
    (void)state;
    struct outcome outcome = {.rc = ASLEEP};
    weft_spawn(weft_runtime_scope(rt), limited, .deadline_ns = start + ms, .outcome = &outcome);
    vclock_asleep(2);
    struct latch *let_go = hold(atomic_load(&wander.worker));
    let_monitor_fire(&outcome);
    assert_int_equal(atomic_load(&outcome.rc), WEFT_ETIMEDOUT);
    latch_up(let_go);
}

/* ---- bad input ---- */

/* Stays asleep in a future that the test gets hold of. */
struct exposed {
    weft_frame weft;
    weft_select_state select;
    weft_sleep_future sleep;
    _Atomic(weft_sleep_future *) *shown;
};

static weft_poll exposed(weft_context *cx, struct exposed *self)
{
    WEFT_BEGIN(cx, self);
    weft_sleep_begin(&self->sleep, WEFT_FOREVER);
    atomic_store(self->shown, &self->sleep);
    WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->sleep.future));
    WEFT_END(0);
}

/* TIM-14: nobody who is no task can sleep, and each refusal names the call and the way out. */
static void sleep_refuses_what_it_cannot_do(void **state)
{
    (void)state;
    assert_int_equal(weft_sleep(NULL, ms), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "weft_sleep: the context"));
    assert_int_equal(weft_sleep_until(NULL, ms), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "weft_sleep_until: the context"));
    assert_int_equal(weft_sleep_reset(NULL, ms), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "weft_sleep_reset: the future is null"));
    weft_sleep_future zeroed = {.deadline_ns = 5};
    assert_int_equal(weft_sleep_reset(&zeroed, ms), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "weft_sleep_begin()"));
    assert_true(zeroed.deadline_ns == 5);

    _Atomic(weft_sleep_future *) shown = NULL;
    weft_spawn(weft_runtime_scope(rt), exposed, .shown = &shown);
    vclock_asleep(1);
    assert_int_equal(weft_sleep_reset(atomic_load(&shown), start), WEFT_EPERM);
    assert_non_null(strstr(weft_error_detail(), "weft_sleep_reset: a task waits for the future"));
    assert_true(atomic_load(&shown)->deadline_ns == WEFT_FOREVER);
}

/* What sleeps when the runtime shuts down is cancelled, no time is waited for, and none fires after it. */
/* known bug 53 */
static void sleeps_at_shutdown_are_cancelled(void **state)
{
    (void)state;
    struct outcome outcomes[3];
    send_to_sleep(&outcomes[0], -1, ms);
    send_to_sleep(&outcomes[1], -1, year);
    send_to_sleep(&outcomes[2], WEFT_FOREVER, 0);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(atomic_load(&outcomes[i].rc), WEFT_ECANCELED);
    assert_true(weft_clock() == start);
    vclock_set(start + 2 * year); /* nothing fires any more, though the workers are there still */
    assert_true(vclock_asleep(1) == WEFT_FOREVER);
}

/* ---- events ---- */

static struct {
    atomic_uint armed, fired;
    atomic_ullong armed_task, armed_ns, fired_task, fired_ns;
    atomic_uint fired_worker, polled_worker;
} seen;

static void see_arm(void *context, uint64_t task, uint64_t deadline_ns)
{
    (void)context;
    atomic_store(&seen.armed_task, task);
    atomic_store(&seen.armed_ns, deadline_ns);
    atomic_fetch_add(&seen.armed, 1);
}

static void see_fire(void *context, uint64_t task, uint64_t deadline_ns, uint16_t worker)
{
    (void)context;
    atomic_store(&seen.fired_task, task);
    atomic_store(&seen.fired_ns, deadline_ns);
    atomic_store(&seen.fired_worker, worker);
    atomic_fetch_add(&seen.fired, 1);
}

static void see_poll(void *context, uint64_t task, uint16_t worker, uint8_t source)
{
    (void)context;
    (void)task;
    (void)source;
    atomic_store(&seen.polled_worker, worker);
}

/* The events name the task, the time, and the worker that keeps it: of the second runtime, so not worker 0. */
static void timer_events_say_which_task_which_time_and_which_worker(void **state)
{
    (void)state;
    weft_runtime *first = rt;
    weft_hooks_handle hooks;
    struct outcome outcome;
    rt = world_begin(1);
    assert_int_equal(
        weft_hooks_add(rt, WEFT_HOOKS(.timer_arm = see_arm, .timer_fire = see_fire, .poll_start = see_poll), &hooks), 0);
    const weft_task task = send_to_sleep(&outcome, start + ms, 0);
    assert_true(vclock_jump(2));
    world_settle(rt);
    assert_int_equal(atomic_load(&seen.armed), 1);
    assert_int_equal(atomic_load(&seen.fired), 1);
    assert_true(atomic_load(&seen.armed_task) == task.id && atomic_load(&seen.fired_task) == task.id);
    assert_true(atomic_load(&seen.armed_ns) == (uint64_t)(start + ms));
    assert_true(atomic_load(&seen.fired_ns) == (uint64_t)(start + ms));
    assert_int_not_equal(atomic_load(&seen.polled_worker), 0);
    assert_int_equal(atomic_load(&seen.fired_worker), atomic_load(&seen.polled_worker));
    assert_int_equal(weft_hooks_remove(hooks), 0);
    world_end(rt, 1);
    rt = first;
}

int main(void)
{
    world_seed();
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define TEST_OF_TWO(name) cmocka_unit_test_setup_teardown(name, begin_two, end)
    const struct CMUnitTest tests[] = {
        TEST(sleep_ends_at_its_tick_and_never_before_its_time),
        TEST(sleep_of_nothing_is_ready_at_once),
        TEST(sleep_of_any_length_beside_any_other),
        cmocka_unit_test(sleep_across_any_power_of_two_of_uptime),
        TEST(sleep_cancelled_leaves_nothing_to_wake_for),
        TEST(sleeps_overdue_after_a_stop_fire_once),
        TEST(sleep_beside_a_busy_task_ends_in_time),
        TEST(sleep_beside_long_polls_ends_after_one),
        TEST(worker_is_woken_without_slack),
        TEST(reset_while_waiting_counts_the_newest_deadline),
        TEST(reset_into_the_past_is_over_at_once),
        TEST(reset_after_it_fired_counts_the_new_deadline),
        TEST(reset_before_and_after_a_wait_is_for_the_next),
        TEST_OF_TWO(sleep_in_the_wheel_of_a_stuck_worker_ends_elsewhere),
        TEST_OF_TWO(sleep_of_a_task_that_has_moved_ends_at_its_tick),
        TEST_OF_TWO(sleep_of_a_task_that_has_moved_is_given_up),
        TEST_OF_TWO(sleep_of_a_task_that_has_moved_is_reset),
        TEST_OF_TWO(scope_deadline_in_the_wheel_of_a_stuck_worker_passes),
        TEST(sleep_refuses_what_it_cannot_do),
        TEST(sleeps_at_shutdown_are_cancelled),
        TEST(timer_events_say_which_task_which_time_and_which_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
