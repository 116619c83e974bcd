/* SPDX-License-Identifier: MIT */
/* Cancellation at every moment: one end, one clean-up, and never during a poll. */
#include <weft.h>

#include "lib/stress.h"

static weft_runtime *rt;

static int cancel_begin(void **state)
{
    (void)state;
    return weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed()));
}

static int cancel_end(void **state)
{
    (void)state;
    return weft_runtime_destroy(rt);
}

/* One per task: who ran, how often. */
struct fate {
    _Atomic int bodies, drops, ends, inside, accepted;
};

enum { VICTIMS = 512, CANCELLERS = 10 };
static weft_task tasks[VICTIMS];
static struct fate fates[VICTIMS];

/* Yields for ever: only cancellation ends it. */
struct victim {
    weft_frame weft;
    struct fate *fate;
};

static weft_poll victim(weft_context *cx, struct victim *self)
{
    WEFT_BEGIN(cx, self);
    atomic_fetch_add(&self->fate->bodies, 1);
    do {
        VERDICT(atomic_fetch_add(&self->fate->inside, 1) == 0);
        atomic_fetch_sub(&self->fate->inside, 1);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    } while (self->weft.rc == 0);
    VERDICT(weft_context_cancelled(cx) == WEFT_REASON_USER);
    atomic_fetch_add(&self->fate->ends, 1);
    WEFT_END(self->weft.rc);
}

static void victim_drop(void *frame)
{
    struct victim *self = frame;
    VERDICT(atomic_fetch_add(&self->fate->inside, 1) == 0);
    atomic_fetch_add(&self->fate->drops, 1);
    atomic_fetch_sub(&self->fate->inside, 1);
}

static void spawn_victim(int i, void (*drop)(void *frame))
{
    struct fate *fate = &fates[i];
    atomic_store(&fate->bodies, 0);
    atomic_store(&fate->drops, 0);
    atomic_store(&fate->ends, 0);
    atomic_store(&fate->accepted, 0);
    tasks[i] = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("victim", .joinable = true, .drop = drop), victim,
                             .fate = fate);
    assert_int_equal(weft_task_error(tasks[i]), 0);
}

/* Join it and hold its fate against the law: the body or the drop, once. */
static void judge(int i)
{
    int result = 0;
    weft_task task = tasks[i]; /* a drop may be reading tasks[] */
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, WEFT_ECANCELED);
    assert_int_equal(weft_task_cancel(tasks[i]), WEFT_ESRCH);
    assert_int_equal(atomic_load(&fates[i].bodies) + atomic_load(&fates[i].drops), 1);
    assert_int_equal(atomic_load(&fates[i].ends), atomic_load(&fates[i].bodies));
}

static void cancel_all(void *context, unsigned number)
{
    (void)context;
    struct weft__rng rng = stress_rng(number);
    const uint32_t start = weft__rng_below(&rng, VICTIMS);
    for (uint32_t i = 0; i < VICTIMS; i++)
        if (weft_task_cancel(tasks[(start + i) % VICTIMS]) == 0)
            atomic_fetch_add(&fates[(start + i) % VICTIMS].accepted, 1);
}

/* scenario 13, known bug 20 */
static void cancel_from_ten_threads_ends_each_task_once(void **state)
{
    (void)state;
    for (uint64_t round = stress_scale(40); round > 0; round--) {
        for (int i = 0; i < VICTIMS; i++)
            spawn_victim(i, round % 2 ? victim_drop : NULL);
        stress_threads(CANCELLERS, cancel_all, NULL);
        for (int i = 0; i < VICTIMS; i++) {
            judge(i);
            assert_true(atomic_load(&fates[i].accepted) >= 1);
            assert_true(round % 2 || atomic_load(&fates[i].drops) == 0);
        }
        verdict_assert();
    }
    stress_settle(rt); /* a task is joined a moment before it is counted */
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    assert_int_equal(stats.tasks_spawned, stats.tasks_ended);
}

/* Both workers are held, so the tasks behind them cannot have begun. */
static void cancel_before_the_first_poll(void (*drop)(void *frame))
{
    stress_hold(rt, 2);
    for (int i = 0; i < 100; i++) {
        spawn_victim(i, drop);
        assert_int_equal(weft_task_cancel(tasks[i]), 0);
        assert_int_equal(weft_task_cancel(tasks[i]), 0); /* twice is allowed */
    }
    stress_release();
    for (int i = 0; i < 100; i++) {
        judge(i);
        assert_int_equal(atomic_load(&fates[i].drops), drop != NULL);
    }
    verdict_assert();
}

/* scenario 11 */
static void cancel_before_the_first_poll_runs_the_drop_instead(void **state)
{
    (void)state;
    cancel_before_the_first_poll(victim_drop);
}

static void cancel_before_the_first_poll_without_drop_runs_the_body(void **state)
{
    (void)state;
    cancel_before_the_first_poll(NULL);
}

/* A task that cancels itself goes on to its next await. */
struct own {
    weft_frame weft;
    int after;
};

static weft_poll own(weft_context *cx, struct own *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_task_cancel(weft_context_task(cx)) == 0);
    VERDICT(weft_context_cancelled(cx) == WEFT_REASON_USER);
    self->after = 7;
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(self->weft.rc == WEFT_ECANCELED ? self->after : -1);
}

static void cancel_of_itself_is_seen_at_the_next_await(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        int result = 0;
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), own);
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, 7);
    }
    verdict_assert();
}

/* A drop function that uses the runtime: no lock is held over it. */
static _Atomic int reentered;

struct nested {
    weft_frame weft;
};

static weft_poll nested(weft_context *cx, struct nested *self)
{
    (void)cx;
    (void)self;
    atomic_fetch_add(&reentered, 1);
    return WEFT_READY;
}

static void drop_that_spawns(void *frame)
{
    VERDICT(weft_task_error(weft_spawn(weft_runtime_scope(rt), nested)) == 0);
    weft_wake((weft_waker){tasks[0]});
    weft_task_cancel(tasks[0]);
    victim_drop(frame);
}

/* scenario 16, known bug 27 */
static void cancel_with_a_drop_that_spawns_wakes_and_cancels(void **state)
{
    int dropped = 0;
    for (int i = 0; i < VICTIMS; i++)
        spawn_victim(i, drop_that_spawns);
    for (int i = 0; i < VICTIMS; i++)
        weft_task_cancel(tasks[i]);
    for (int i = 0; i < VICTIMS; i++) {
        judge(i);
        dropped += atomic_load(&fates[i].drops);
    }
    verdict_assert();
    assert_int_equal(weft_runtime_finish(rt), 0);
    assert_int_equal(atomic_load(&reentered), dropped);
    assert_int_equal(cancel_begin(state), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel_from_ten_threads_ends_each_task_once),
        cmocka_unit_test(cancel_before_the_first_poll_runs_the_drop_instead),
        cmocka_unit_test(cancel_before_the_first_poll_without_drop_runs_the_body),
        cmocka_unit_test(cancel_of_itself_is_seen_at_the_next_await),
        cmocka_unit_test(cancel_with_a_drop_that_spawns_wakes_and_cancels),
    };
    return cmocka_run_group_tests(tests, cancel_begin, cancel_end);
}
