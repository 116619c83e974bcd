/* SPDX-License-Identifier: MIT */
/* Intervals, tick by tick, on a clock that the test moves. */
#include "lib/vclock.h"
#include "lib/verdict.h"
#include "lib/runtime.h"

static const int64_t ms = 1000000, second = 1000000000;
static const int64_t start = INT64_C(31415926535897); /* between two ticks of the wheel */

/* What a ticker is told to do before it waits for its next tick. */
enum deed { NOTHING, RESET, IMMEDIATELY, AFTER, AT };

/* Ticks until cancelled; tells how late each tick was taken, when, and when the next is due. */
static struct {
    atomic_uint ticks;
    atomic_int late;
    atomic_llong taken_ns, next_ns;
    atomic_int deed;
    atomic_llong deed_ns;
} seen;

struct ticker {
    weft_frame weft;
    weft_interval interval;
    int64_t period_ns;
    weft_missed missed;
};

static int carry_out(weft_interval *interval)
{
    const int64_t ns = atomic_load(&seen.deed_ns);
    switch (atomic_exchange(&seen.deed, NOTHING)) {
    case RESET: return weft_interval_reset(interval);
    case IMMEDIATELY: return weft_interval_reset_immediately(interval);
    case AFTER: return weft_interval_reset_after(interval, ns);
    case AT: return weft_interval_reset_at(interval, ns);
    default: return 0;
    }
}

static weft_poll ticker(weft_context *cx, struct ticker *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_interval_start(&self->interval, self->period_ns, self->missed) == 0);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_interval_tick(cx, &self->interval));
        if (self->weft.rc < 0)
            break;
        VERDICT(carry_out(&self->interval) == 0);
        atomic_store(&seen.late, self->weft.rc);
        atomic_store(&seen.taken_ns, weft_clock());
        atomic_store(&seen.next_ns, self->interval.next_ns);
        atomic_fetch_add(&seen.ticks, 1);
    }
    VERDICT(self->weft.rc == WEFT_ECANCELED);
    WEFT_END(0);
}

static int begin(void **state)
{
    vclock_begin(start);
    memset(&seen, 0, sizeof seen);
    return runtime_of_one(state);
}

static int end(void **state)
{
    runtime_end(state);
    return vclock_go(state);
}

static void tick_every(int64_t period_ns, weft_missed missed)
{
    weft_spawn(weft_runtime_scope(rt), ticker, .period_ns = period_ns, .missed = missed);
    vclock_asleep(1);
}

/* Nothing moves: so many ticks so far, the last one so many periods late, and the next one is due then. */
static void assert_ticks(unsigned ticks, int late, int64_t next_ns)
{
    vclock_asleep(1);
    assert_int_equal(atomic_load(&seen.ticks), ticks);
    assert_int_equal(atomic_load(&seen.late), late);
    assert_true(atomic_load(&seen.next_ns) == next_ns);
}

/* Go to a moment, and to the tick of the wheel at which what is due then fires. */
static void go_to(int64_t moment)
{
    vclock_asleep(1);
    vclock_set(vclock_tick(moment));
}

/* TIM-08 */
static void interval_refuses_no_period(void **state)
{
    (void)state;
    weft_interval interval = {.period_ns = 77};
    const int64_t periods[] = {0, -1, INT64_MIN};
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
        assert_int_equal(weft_interval_start(&interval, periods[i], WEFT_MISSED_SKIP), WEFT_EINVAL);
        assert_non_null(strstr(weft_error_detail(), "weft_interval_start: period "));
    }
    assert_int_equal(weft_interval_start(NULL, ms, WEFT_MISSED_SKIP), WEFT_EINVAL);
    assert_int_equal(weft_interval_start(&interval, ms, (weft_missed)3), WEFT_EINVAL);
    assert_int_equal(weft_interval_start(&interval, ms, (weft_missed)-1), WEFT_EINVAL);
    assert_true(interval.period_ns == 77); /* untouched */
}

static void interval_refuses_what_was_not_started(void **state)
{
    (void)state;
    weft_interval zeroed = {0};
    weft_interval *const none[] = {NULL, &zeroed};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(weft_interval_reset(none[i]), WEFT_EINVAL);
        assert_non_null(strstr(weft_error_detail(), "weft_interval_reset: "));
        assert_int_equal(weft_interval_reset_immediately(none[i]), WEFT_EINVAL);
        assert_non_null(strstr(weft_error_detail(), "weft_interval_reset_immediately: "));
        assert_int_equal(weft_interval_reset_after(none[i], ms), WEFT_EINVAL);
        assert_non_null(strstr(weft_error_detail(), "weft_interval_reset_after: "));
        assert_int_equal(weft_interval_reset_at(none[i], ms), WEFT_EINVAL);
        assert_non_null(strstr(weft_error_detail(), "weft_interval_reset_at: "));
    }
    assert_int_equal(weft_interval_tick(NULL, &zeroed), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "weft_interval_tick: the context"));
}

struct refused { weft_frame weft; weft_interval interval; weft_interval_future tick; weft_select_state select; };

static weft_poll refused(weft_context *cx, struct refused *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_interval_tick(cx, NULL) == WEFT_EINVAL);
    VERDICT(weft_interval_tick(cx, &self->interval) == WEFT_EINVAL);
    VERDICT(strstr(weft_error_detail(), "weft_interval_start()") != NULL);
    weft_interval_tick_begin(&self->tick, &self->interval);
    WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->tick.future));
    VERDICT(self->weft.rc == 0 && self->tick.future.result == WEFT_EINVAL);
    weft_interval_tick_begin(&self->tick, NULL);
    WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->tick.future));
    VERDICT(self->weft.rc == 0 && self->tick.future.result == WEFT_EINVAL);
    atomic_store(&seen.ticks, 1);
    WEFT_END(0);
}

static void interval_tick_refuses_what_was_not_started(void **state)
{
    (void)state;
    weft_spawn(weft_runtime_scope(rt), refused);
    vclock_asleep(1);
    assert_int_equal(atomic_load(&seen.ticks), 1);
}

/* TIM-08: the first tick at once, and from there on the grid, whatever a tick of the wheel adds. */
static void interval_ticks_at_once_and_then_on_its_grid(void **state)
{
    (void)state;
    const weft_missed all[] = {WEFT_MISSED_BURST, WEFT_MISSED_DELAY, WEFT_MISSED_SKIP};
    for (int i = 0; i < 3; i++) {
        atomic_store(&seen.ticks, 0);
        const int64_t from = weft_clock();
        const weft_task task = weft_spawn(weft_runtime_scope(rt), ticker, .period_ns = 3 * ms, .missed = all[i]);
        assert_ticks(1, 0, from + 3 * ms);
        assert_true(atomic_load(&seen.taken_ns) == from);
        for (unsigned n = 1; n < 20; n++) {
            vclock_asleep(1);
            vclock_set(vclock_tick(from + n * 3 * ms) - 1);
            assert_ticks(n, 0, from + n * 3 * ms);
            vclock_advance(1);
            assert_ticks(n + 1, 0, from + (n + 1) * 3 * ms);
            assert_true(atomic_load(&seen.taken_ns) == vclock_tick(from + n * 3 * ms));
        }
        assert_int_equal(weft_task_cancel(task), 0);
        assert_true(vclock_asleep(1) == WEFT_FOREVER);
    }
}

/* TIM-08: ten ticks and a bit too late, it makes up for all of them at once, each told how late it is. */
static void interval_burst_catches_up_without_gaps(void **state)
{
    (void)state;
    tick_every(10 * ms, WEFT_MISSED_BURST);
    const int64_t late = vclock_tick(start + 107 * ms);
    go_to(late);
    assert_ticks(11, 0, start + 110 * ms); /* 1 at once, 10 of the grid by now */
    assert_true(atomic_load(&seen.taken_ns) == late);
    go_to(start + 110 * ms);
    assert_ticks(12, 0, start + 120 * ms);
}

/* TIM-08: from the late tick on */
static void interval_delay_counts_from_the_late_tick(void **state)
{
    (void)state;
    tick_every(10 * ms, WEFT_MISSED_DELAY);
    const int64_t late = vclock_tick(start + 107 * ms);
    go_to(late);
    assert_ticks(2, 9, late + 10 * ms); /* due at 10, taken at 107: 9 whole periods late */
    go_to(late + 10 * ms);
    assert_ticks(3, 0, late + 20 * ms);
}

/* TIM-08: back on the grid */
static void interval_skip_returns_to_the_grid(void **state)
{
    (void)state;
    tick_every(10 * ms, WEFT_MISSED_SKIP);
    go_to(start + 107 * ms);
    assert_ticks(2, 9, start + 110 * ms);
    go_to(start + 110 * ms);
    assert_ticks(3, 0, start + 120 * ms);
}

/* Late by less than a period is in time, for each of them: the grid holds. */
static void interval_a_little_late_keeps_its_grid(void **state)
{
    (void)state;
    const weft_missed all[] = {WEFT_MISSED_BURST, WEFT_MISSED_DELAY, WEFT_MISSED_SKIP};
    for (int i = 0; i < 3; i++) {
        atomic_store(&seen.ticks, 0);
        const int64_t from = weft_clock();
        const weft_task task = weft_spawn(weft_runtime_scope(rt), ticker, .period_ns = 10 * ms, .missed = all[i]);
        vclock_asleep(1);
        vclock_set(from + 19 * ms);
        assert_ticks(2, 0, from + 20 * ms);
        assert_int_equal(weft_task_cancel(task), 0);
        vclock_asleep(1);
    }
}

/* After a minute in which nothing ran, no storm follows; a burst makes up for what was missed, as it was asked to. */
/* scenario 37 */
static void interval_after_a_stop_of_the_process(void **state)
{
    (void)state;
    const weft_missed all[] = {WEFT_MISSED_DELAY, WEFT_MISSED_SKIP, WEFT_MISSED_BURST};
    for (int i = 0; i < 3; i++) {
        atomic_store(&seen.ticks, 0);
        const int64_t from = weft_clock();
        const weft_task task = weft_spawn(weft_runtime_scope(rt), ticker, .period_ns = 100 * ms, .missed = all[i]);
        vclock_asleep(1);
        vclock_set(from + 60 * second + 50 * ms);
        vclock_asleep(1);
        assert_int_equal(atomic_load(&seen.ticks), all[i] == WEFT_MISSED_BURST ? 601 : 2);
        assert_int_equal(atomic_load(&seen.late), all[i] == WEFT_MISSED_BURST ? 0 : 599);
        assert_true(atomic_load(&seen.next_ns) > weft_clock());
        assert_int_equal(weft_task_cancel(task), 0);
        vclock_asleep(1);
    }
}

/* TIM-09: each reset sets the next tick as it is named, and the period goes on from there. */
static void interval_resets_set_the_next_tick(void **state)
{
    (void)state;
    const struct { enum deed deed; int64_t ns, next; bool absolute; } resets[] = {
        {RESET, 0, 10 * ms, false},
        {AFTER, 3 * ms, 3 * ms, false},
        {AFTER, 25 * ms, 25 * ms, false},
        {AT, 7 * ms, 7 * ms, true},
        {AT, 40 * ms, 40 * ms, true},
    };
    tick_every(10 * ms, WEFT_MISSED_BURST);
    int64_t next = start + 10 * ms;
    unsigned ticks = 1;
    for (size_t i = 0; i < sizeof resets / sizeof resets[0]; i++) {
        const int64_t now = vclock_tick(next);
        atomic_store(&seen.deed_ns, resets[i].absolute ? now + resets[i].ns : resets[i].ns);
        atomic_store(&seen.deed, (int)resets[i].deed);
        go_to(now);
        next = now + resets[i].next;
        assert_ticks(++ticks, 0, next);
        vclock_set(next - 1);
        assert_ticks(ticks, 0, next);
        go_to(next);
        next += 10 * ms;
        assert_ticks(++ticks, 0, next);
    }
    atomic_store(&seen.deed, IMMEDIATELY);
    const int64_t now = vclock_tick(next);
    go_to(now);
    assert_ticks(ticks + 2, 0, now + 10 * ms); /* one at once, without the clock moving */
}

/* TIM-09: into the past an interval is late by as much, and far away it does not wrap. */
static void interval_reset_to_absurd_times(void **state)
{
    (void)state;
    weft_interval interval;
    assert_int_equal(weft_interval_start(&interval, INT64_MAX, WEFT_MISSED_SKIP), 0);
    assert_true(interval.next_ns == start);
    assert_int_equal(weft_interval_reset(&interval), 0);
    assert_true(interval.next_ns == WEFT_FOREVER);
    assert_int_equal(weft_interval_reset_after(&interval, INT64_MAX), 0);
    assert_true(interval.next_ns == WEFT_FOREVER);
    const int64_t negative[] = {-1, INT64_MIN, 0};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(weft_interval_reset_after(&interval, negative[i]), 0);
        assert_true(interval.next_ns == start);
    }
    assert_int_equal(weft_interval_reset_at(&interval, INT64_MIN), 0);
    assert_true(interval.next_ns == INT64_MIN);

    tick_every(10 * ms, WEFT_MISSED_SKIP);
    atomic_store(&seen.deed_ns, INT64_MIN);
    atomic_store(&seen.deed, AT);
    go_to(start + 10 * ms);
    vclock_asleep(1);
    assert_int_equal(atomic_load(&seen.ticks), 3); /* the one that reset it, and the late one */
    assert_int_equal(atomic_load(&seen.late), INT32_MAX);
    assert_true(atomic_load(&seen.next_ns) > weft_clock() && atomic_load(&seen.next_ns) <= weft_clock() + 10 * ms);
    atomic_store(&seen.deed_ns, WEFT_FOREVER);
    atomic_store(&seen.deed, AT);
    go_to(atomic_load(&seen.next_ns));
    vclock_asleep(1);
    vclock_set(start + second);
    assert_ticks(4, 0, WEFT_FOREVER);
}

/* Ticks or messages, whichever is first; a tick that was not first is not lost, and not early. */
struct either {
    weft_frame weft;
    weft_interval interval;
    weft_select_state select;
    weft_interval_future tick;
    weft_recv_future recv;
    numbers_receiver in;
    uint64_t got;
    atomic_uint *messages;
};

static weft_poll either(weft_context *cx, struct either *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_interval_start(&self->interval, 10 * ms, WEFT_MISSED_SKIP) == 0);
    do {
        numbers_recv_begin(&self->recv, &self->in, &self->got);
        weft_interval_tick_begin(&self->tick, &self->interval);
        WEFT_AWAIT(self->weft.rc, weft_select_biased(cx, &self->select, &self->recv.future, &self->tick.future));
        if (self->weft.rc == 0 && self->recv.future.result == 0)
            atomic_fetch_add(self->messages, 1);
        if (self->weft.rc == 1) {
            atomic_store(&seen.late, self->tick.future.result);
            atomic_store(&seen.next_ns, self->interval.next_ns);
            atomic_fetch_add(&seen.ticks, 1);
        }
    } while (self->weft.rc != 0 || self->recv.future.result == 0);
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

static void interval_tick_as_one_of_several_is_not_lost(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    atomic_uint messages = 0;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    weft_spawn(weft_runtime_scope(rt), either, .in = in, .messages = &messages);
    assert_ticks(1, 0, start + 10 * ms);
    for (unsigned i = 1; i < 10; i++) {
        vclock_set(start + i * ms);
        assert_int_equal(numbers_try_send(&out, i), 0);
        assert_ticks(1, 0, start + 10 * ms);
        assert_int_equal(atomic_load(&messages), i);
    }
    go_to(start + 10 * ms);
    assert_ticks(2, 0, start + 20 * ms);
    numbers_sender_close(&out);
    assert_true(vclock_asleep(1) == WEFT_FOREVER);
}

/* By hand: reset while a tick is being waited for, the next evaluation waits for the new time, and not for the old. */
struct by_hand {
    weft_frame weft;
    weft_interval interval;
    bool begun;
};

static weft_poll by_hand(weft_context *cx, struct by_hand *self)
{
    if (!self->begun)
        VERDICT(weft_interval_start(&self->interval, 10 * ms, WEFT_MISSED_SKIP) == 0);
    self->begun = true;
    VERDICT(carry_out(&self->interval) == 0);
    int late;
    while ((late = weft_interval_tick(cx, &self->interval)) >= 0) {
        atomic_store(&seen.late, late);
        atomic_store(&seen.next_ns, self->interval.next_ns);
        atomic_fetch_add(&seen.ticks, 1);
    }
    return late == WEFT_AWAITING ? WEFT_PENDING : WEFT_READY;
}

static void interval_reset_during_a_wait_is_followed(void **state)
{
    (void)state;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), by_hand, .begun = false);
    assert_ticks(1, 0, start + 10 * ms);
    atomic_store(&seen.deed_ns, 50 * ms);
    atomic_store(&seen.deed, AFTER);
    weft_wake((weft_waker){task});
    WORLD_UNTIL(atomic_load(&seen.deed) == NOTHING);
    vclock_asleep(1);
    vclock_set(start + 50 * ms - 1);
    assert_ticks(1, 0, start + 10 * ms);
    go_to(start + 50 * ms);
    assert_ticks(2, 0, start + 60 * ms);
}

int main(void)
{
    world_seed();
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(interval_refuses_no_period),
        TEST(interval_refuses_what_was_not_started),
        TEST(interval_tick_refuses_what_was_not_started),
        TEST(interval_ticks_at_once_and_then_on_its_grid),
        TEST(interval_burst_catches_up_without_gaps),
        TEST(interval_delay_counts_from_the_late_tick),
        TEST(interval_skip_returns_to_the_grid),
        TEST(interval_a_little_late_keeps_its_grid),
        TEST(interval_after_a_stop_of_the_process),
        TEST(interval_resets_set_the_next_tick),
        TEST(interval_reset_to_absurd_times),
        TEST(interval_tick_as_one_of_several_is_not_lost),
        TEST(interval_reset_during_a_wait_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
