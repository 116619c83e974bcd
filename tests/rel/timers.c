/* SPDX-License-Identifier: MIT */
/*
 * Figure L4: a million timers armed at once, due within a minute, three in ten of them cancelled at some moment of it. None
 * may fire early, be lost, or fire twice: on a clock that is moved, so that the minute takes seconds. And how late timers
 * are on the machine's own clock, with nothing else to do and beside two threads that compute: for as many seconds as
 * asked, with as many timers as fit them.
 */
/* ctest-timeout: 600, ctest-cost: 8 */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <weft.h>

#include "lib/rel.h"
#include "lib/stress.h"
#include "lib/vclock.h"

enum { WORKERS = 2, TIMERS = 1000000, CANCEL_PERCENT = 30 };
static const int64_t ms = 1000000, second = 1000000000, minute = INT64_C(60) * 1000000000;

static weft_runtime *rt;

static void create(void)
{
    const weft_runtime_options *options = WEFT_RUNTIME_OPTIONS(.worker_threads = WORKERS, .seed = stress_seed());
    assert_int_equal(weft_runtime_create(&rt, options), 0);
}

/* What is known of one timer. Its task writes the outcome, the test the rest. */
struct timer {
    int64_t deadline;
    int64_t cancel; /* when it is cancelled; WEFT_FOREVER: never */
    weft_task task;
    _Atomic int64_t fired; /* when; 0: it did not */
    _Atomic uint32_t fires, cancels;
};

static struct timer *timers;
static uint64_t count;

struct sleeper {
    weft_frame weft;
    struct timer *timer;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, self->timer->deadline));
    atomic_store_explicit(&self->timer->fired, weft_clock(), memory_order_relaxed);
    atomic_fetch_add_explicit(self->weft.rc == 0 ? &self->timer->fires : &self->timer->cancels, 1, memory_order_relaxed);
    WEFT_END(0);
}

static int by_cancel(const void *left, const void *right)
{
    const int64_t a = ((const struct timer *)left)->cancel, b = ((const struct timer *)right)->cancel;
    return (a > b) - (a < b);
}

static int64_t within(struct weft__rng *rng, int64_t span)
{
    return (int64_t)((double)weft__rng_next(rng) / 4294967296.0 * (double)span);
}

/* Arm them all: due within `span` of `begin`, cancelled before that or just then. In the order of the cancellations. */
static void arm(int64_t begin, int64_t span)
{
    struct weft__rng rng = stress_rng(0);
    timers = calloc(count, sizeof *timers);
    assert_non_null(timers);
    for (uint64_t i = 0; i < count; i++) {
        const int64_t due = within(&rng, span);
        const bool cancel = weft__rng_below(&rng, 100) < CANCEL_PERCENT;
        timers[i].deadline = begin + due;
        timers[i].cancel = cancel ? begin + within(&rng, due + span / 1000) : WEFT_FOREVER;
    }
    qsort(timers, count, sizeof *timers, by_cancel);
    for (uint64_t i = 0; i < count; i++) {
        timers[i].task = weft_spawn(weft_runtime_scope(rt), sleeper, .timer = &timers[i]);
        assert_int_equal(weft_task_error(timers[i].task), 0);
    }
}

/* Cancel those whose moment has come, from the `next` on; the next one then. */
static uint64_t cancel_until(uint64_t next, int64_t now)
{
    for (; next < count && timers[next].cancel <= now; next++)
        weft_task_cancel(timers[next].task); /* WEFT_ESRCH: it has fired */
    return next;
}

/* Timers that broke the promise: early, twice, or neither fired nor cancelled; or cancelled and nobody had asked. */
static uint64_t broken(void)
{
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < count; i++) {
        const struct timer *timer = &timers[i];
        const uint32_t fires = atomic_load(&timer->fires), cancels = atomic_load(&timer->cancels);
        const bool early = fires > 0 && atomic_load(&timer->fired) < timer->deadline;
        const bool unasked = cancels > 0 && timer->cancel == WEFT_FOREVER;
        wrong += early || unasked || fires + cancels != 1;
    }
    return wrong;
}

/* scenario 32 */
static void million_timers_none_early_none_lost_none_twice(void **state)
{
    (void)state;
    const int64_t begin = INT64_C(1) << 46; /* a day or so of uptime, and a border of the wheel right behind it */
    count = rel_size(TIMERS, TIMERS);
    vclock_begin(begin - second);
    create();
    arm(begin, minute);
    uint64_t next = 0;
    for (int64_t now = begin; now <= begin + minute + 50 * ms; now += 50 * ms) {
        vclock_asleep(WORKERS);
        vclock_set(now);
        next = cancel_until(next, now); /* while those that are due now fire */
    }
    assert_true(vclock_asleep(WORKERS) == WEFT_FOREVER);
    const uint64_t wrong = broken() + stress_tasks_live(rt);
    assert_int_equal(weft_runtime_destroy(rt), 0);
    vclock_end();
    uint64_t fired = 0;
    for (uint64_t i = 0; i < count; i++)
        fired += atomic_load(&timers[i].fires);
    print_message("%" PRIu64 " timers fired, %" PRIu64 " were cancelled first\n", fired, count - fired);
    free(timers);
    assert_true(rel_line("L4", (double)wrong, 0, wrong == 0, stress_seed()));
}

/* ---- how late ---- */

static int by_lateness(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Lateness in milliseconds that so many in a thousand do not exceed. */
static double lateness(unsigned per_thousand)
{
    int64_t *late = malloc(count * sizeof *late);
    assert_non_null(late);
    uint64_t fired = 0;
    for (uint64_t i = 0; i < count; i++)
        if (atomic_load(&timers[i].fires) > 0)
            late[fired++] = atomic_load(&timers[i].fired) - timers[i].deadline;
    qsort(late, fired, sizeof *late, by_lateness);
    const double value = fired > 0 ? (double)late[fired * per_thousand / 1000] / (double)ms : 0;
    free(late);
    return value;
}

static atomic_bool computing;

static void compute(void *nothing, unsigned number)
{
    (void)nothing;
    (void)number;
    while (atomic_load_explicit(&computing, memory_order_relaxed))
        continue;
}

/* As many timers a second as the figure has, for `seconds`. */
static void run_on_real_clock(uint64_t seconds, unsigned burners)
{
    count = (uint64_t)TIMERS / 60 * seconds;
    struct stress_team *team = NULL;
    atomic_store(&computing, true);
    if (burners > 0)
        team = stress_team_begin(burners, compute, NULL);
    create();
    arm(weft_clock() + second, (int64_t)seconds * second);
    uint64_t next = 0;
    while (stress_tasks_live(rt) > 0) { /* leave the processors to those who are measured */
        next = cancel_until(next, weft_clock());
        nanosleep(&(struct timespec){.tv_nsec = ms}, NULL);
    }
    atomic_store(&computing, false);
    if (team)
        stress_team_join(team);
    assert_int_equal(weft_runtime_destroy(rt), 0);
    assert_int_equal(broken(), 0);
}

static void timers_beside_nothing_are_little_late(void **state)
{
    (void)state;
    run_on_real_clock(rel_seconds(1), 0);
    const double value = lateness(990);
    print_message("p50 %.3f p99.9 %.3f ms\n", lateness(500), lateness(999));
    rel_line("L4-late-p99-ms", value, 2, value <= 2, stress_seed());
    free(timers);
}

static void timers_beside_burners_are_not_very_late(void **state)
{
    (void)state;
    run_on_real_clock(rel_seconds(1), 2);
    const double value = lateness(999);
    rel_line("L4-burners-p999-ms", value, 20, value <= 20, stress_seed());
    free(timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(million_timers_none_early_none_lost_none_twice),
        cmocka_unit_test(timers_beside_nothing_are_little_late),
        cmocka_unit_test(timers_beside_burners_are_not_very_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
