/* SPDX-License-Identifier: MIT */
/*
 * Time, as <weft/timer.h> says it, on a clock that the test moves: what is due fires at the tick that it is due at and not
 * a nanosecond before, however slow the machine.
 */
#include "lib/vclock.h"
#include "lib/verdict.h"
#include "lib/world.h"

static const int64_t ms = 1000000;
static const int64_t start = INT64_C(12345678901234); /* between two ticks */

static weft_runtime *rt;

/* A runtime with so many workers, on a clock that stands. */
static void open_world(uint32_t workers)
{
    vclock_begin(start);
    rt = world_begin(workers);
}

static int begin(void **state)
{
    (void)state;
    open_world(1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end(rt, -1);
    vclock_end();
    verdict_assert();
    return 0;
}

/* Sleeps once and says how that ended, and when. */
struct sleeper {
    weft_frame weft;
    int64_t deadline_ns; /* or -1: */
    int64_t delay_ns;
    atomic_int *rc; /* 1 while it sleeps */
    int64_t *woken_ns;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    if (self->deadline_ns >= 0)
        WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, self->deadline_ns));
    else
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->delay_ns));
    *self->woken_ns = weft_clock();
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

/* What the hooks saw of timers. */
static struct {
    atomic_uint armed, fired;
    atomic_ullong armed_task, armed_ns, fired_task, fired_ns;
    atomic_uint fired_worker, polled_worker;
} seen;

static void on_arm(void *context, uint64_t task, uint64_t deadline_ns)
{
    (void)context;
    atomic_store(&seen.armed_task, task);
    atomic_store(&seen.armed_ns, deadline_ns);
    atomic_fetch_add(&seen.armed, 1);
}

static void on_fire(void *context, uint64_t task, uint64_t deadline_ns, uint16_t worker)
{
    (void)context;
    atomic_store(&seen.fired_task, task);
    atomic_store(&seen.fired_ns, deadline_ns);
    atomic_store(&seen.fired_worker, worker);
    atomic_fetch_add(&seen.fired, 1);
}

static void on_poll(void *context, uint64_t task, uint16_t worker, uint8_t source)
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
    rt = world_begin(1);
    assert_int_equal(weft_hooks_add(rt, WEFT_HOOKS(.timer_arm = on_arm, .timer_fire = on_fire, .poll_start = on_poll), &hooks),
                     0);
    atomic_int rc = 1;
    int64_t woken = 0;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), sleeper, .deadline_ns = start + ms, .rc = &rc,
                                      .woken_ns = &woken);
    vclock_asleep(2);
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timer_events_say_which_task_which_time_and_which_worker, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
