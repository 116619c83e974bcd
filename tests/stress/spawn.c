/* SPDX-License-Identifier: MIT */
/* Many tasks: each that was accepted runs exactly once, also when the runtime shuts down under the spawners. */
/* ctest-timeout: 600 */
#include <stdlib.h>
#include <weft.h>

#include "lib/stress.h"

static weft_runtime *rt;

static void create(void) { assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed())), 0); }

enum { SPAWNERS = 4 };
static _Atomic uint8_t *runs;
static uint64_t each;
static _Atomic uint64_t ran, accepted, refused;

struct once {
    weft_frame weft;
    uint64_t number;
};

static weft_poll once(weft_context *cx, struct once *self)
{
    (void)cx;
    atomic_fetch_add_explicit(&runs[self->number], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
    return WEFT_READY;
}

static void spawn_each(void *context, unsigned spawner)
{
    (void)context;
    for (uint64_t i = 0; i < each; i++)
        VERDICT(weft_task_error(weft_spawn(weft_runtime_scope(rt), once, .number = spawner * each + i)) == 0);
}

/* scenario 1 */
static void spawn_a_million_from_four_threads_runs_each_once(void **state)
{
    (void)state;
    create();
    each = stress_scale(250000);
    runs = calloc(SPAWNERS * each, 1);
    stress_threads(SPAWNERS, spawn_each, NULL);
    assert_int_equal(weft_runtime_finish(rt), 0);
    verdict_assert();
    assert_int_equal(atomic_load(&ran), SPAWNERS * each);
    for (uint64_t i = 0; i < SPAWNERS * each; i++)
        if (atomic_load_explicit(&runs[i], memory_order_relaxed) != 1)
            fail_msg("task %llu ran %u times", (unsigned long long)i, runs[i]);
    free((void *)runs);
}

/* A tree of tasks that spawn: the rings overflow, spill and are stolen from. */
struct fork_task {
    weft_frame weft;
    uint64_t first, count;
};

static weft_poll fork_task(weft_context *cx, struct fork_task *self)
{
    (void)cx;
    if (self->count == 1) {
        atomic_fetch_add_explicit(&runs[self->first], 1, memory_order_relaxed);
        return WEFT_READY;
    }
    const uint64_t part = self->count / 2;
    VERDICT(weft_task_error(weft_spawn(weft_runtime_scope(rt), fork_task, .first = self->first, .count = part)) == 0);
    VERDICT(weft_task_error(weft_spawn(weft_runtime_scope(rt), fork_task, .first = self->first + part, .count = self->count - part)) == 0);
    return WEFT_READY;
}

struct burst {
    weft_frame weft;
    uint64_t count;
};

static weft_poll burst(weft_context *cx, struct burst *self) /* far more than a ring holds, in one poll */
{
    (void)cx;
    for (uint64_t i = 0; i < self->count; i++)
        VERDICT(weft_task_error(weft_spawn(weft_runtime_scope(rt), fork_task, .first = i, .count = 1)) == 0);
    return WEFT_READY;
}

static void spawn_by_tasks_overflows_and_loses_none(void **state)
{
    (void)state;
    create();
    const uint64_t count = stress_scale(200000);
    runs = calloc(count, 1);
    assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), fork_task, .first = 0, .count = count)), 0);
    assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), burst, .count = count)), 0);
    stress_settle(rt);
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    assert_true(stats.queue_overflows > 0);
    assert_int_equal(stats.tasks_spawned, stats.tasks_ended);
    assert_int_equal(stats.tasks_spawned, 2 * count - 1 + 1 + count);
    assert_int_equal(weft_runtime_finish(rt), 0);
    verdict_assert();
    for (uint64_t i = 0; i < count; i++)
        assert_int_equal(runs[i], 2);
    free((void *)runs);
}

/* Shutdown while threads and tasks spawn: what was accepted ends, what was refused never runs. */
struct lasting {
    weft_frame weft;
};

static weft_poll lasting(weft_context *cx, struct lasting *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        if (self->weft.rc < 0)
            break;
        const int error = weft_task_error(weft_spawn(weft_runtime_scope(rt), once, .number = 0));
        atomic_fetch_add(error == 0 ? &accepted : &refused, 1);
    }
    VERDICT(weft_context_cancelled(cx) == WEFT_REASON_SHUTDOWN);
    atomic_fetch_add(&ran, 1);
    WEFT_END(WEFT_ECANCELED);
}

static _Atomic int shut;

static void spawn_until_refused(void *context, unsigned spawner)
{
    (void)context;
    if (spawner == 0) {
        while (atomic_load(&accepted) < 2000)
            sched_yield();
        VERDICT(weft_runtime_shutdown(rt, WEFT_FOREVER) == 0);
        atomic_store(&shut, 1);
        return;
    }
    for (uint64_t tries = 0;; tries++) {
        const bool late = atomic_load(&shut);
        const int error = weft_task_error(tries % 64 == 0 ? weft_spawn(weft_runtime_scope(rt), lasting)
                                                          : weft_spawn(weft_runtime_scope(rt), once, .number = 0));
        VERDICT(error == 0 || error == WEFT_ESHUTDOWN);
        VERDICT(!late || error == WEFT_ESHUTDOWN);
        atomic_fetch_add(error == 0 ? &accepted : &refused, 1);
        if (error)
            return;
    }
}

/* scenario 18, known bug 41 */
static void shutdown_against_spawns_loses_none(void **state)
{
    (void)state;
    runs = calloc(1, 1);
    for (uint64_t round = stress_scale(30); round > 0; round--) {
        create();
        atomic_store(&ran, 0);
        atomic_store(&accepted, 0);
        atomic_store(&refused, 0);
        atomic_store(&shut, 0);
        stress_threads(SPAWNERS, spawn_until_refused, NULL);
        assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0); /* a spawn that passed the door with it */
        weft_runtime_stats stats = {.size = sizeof stats};
        assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
        assert_int_equal(stats.tasks_live, 0);
        assert_int_equal(stats.tasks_spawned, atomic_load(&accepted));
        assert_int_equal(stats.tasks_ended, atomic_load(&accepted));
        assert_int_equal(atomic_load(&ran), atomic_load(&accepted));
        assert_int_equal(weft_runtime_destroy(rt), 0);
        verdict_assert();
    }
    free((void *)runs);
}

static weft_poll quick(weft_context *cx, struct once *self)
{
    cx->weft__result = (int)(self->number % 100);
    return WEFT_READY;
}

static void spawn_and_join_a_million(void **state)
{
    (void)state;
    create();
    static weft_site site = {.file = __FILE__, .function = "spawn", .name = "quick", .line = __LINE__, .frame_offset = 0};
    const weft_task_options options = WEFT_TASK(NULL, .joinable = true);
    const uint64_t total = stress_scale(1000000), batch = 10000;
    weft_task *tasks = calloc(batch, sizeof *tasks);
    uint64_t sum = 0;
    for (uint64_t done = 0; done < total; done += batch) {
        for (uint64_t i = 0; i < batch; i++) {
            const struct once frame = {.number = i};
            tasks[i] = weft_spawn_frame(weft_runtime_scope(rt), &site, &options, (weft_poll_fn *)(void (*)(void))quick, &frame,
                                        sizeof frame);
        }
        for (uint64_t i = 0; i < batch; i++) {
            int result = -1;
            assert_int_equal(weft_task_join_blocking(&tasks[i], WEFT_FOREVER, &result), 0);
            sum += (uint64_t)result;
        }
    }
    assert_int_equal(sum, total / 100 * 4950);
    assert_int_equal(weft_runtime_finish(rt), 0);
    free(tasks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spawn_a_million_from_four_threads_runs_each_once),
        cmocka_unit_test(spawn_by_tasks_overflows_and_loses_none),
        cmocka_unit_test(shutdown_against_spawns_loses_none),
        cmocka_unit_test(spawn_and_join_a_million),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
