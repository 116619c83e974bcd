/* SPDX-License-Identifier: MIT */
/*
 * Tasks by the million: that many alive at once, each with a name of its own, and their memory given back; many more one
 * after the other. In the long run one in ten is cancelled instead of woken.
 */
/* ctest-timeout: 600, ctest-cost: 8 */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <weft.h>

#include "lib/rel.h"
#include "lib/stress.h"

static weft_runtime *rt;

static void create(void)
{
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed())), 0);
}

static weft_runtime_stats totals(void)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    return stats;
}

static _Atomic uint64_t ended, cancelled;

/* Waits to be woken, once; a hand-written poll function. */
struct parked {
    weft_frame weft;
    bool waited;
};

static weft_poll parked(weft_context *cx, struct parked *self)
{
    if (!self->waited) {
        self->waited = true;
        return WEFT_PENDING;
    }
    const bool asked = weft_context_cancelled(cx) != WEFT_REASON_NONE;
    atomic_fetch_add_explicit(asked ? &cancelled : &ended, 1, memory_order_relaxed);
    return WEFT_READY;
}

struct crowd {
    weft_task *tasks; /* in no order, once they are being woken */
    uint64_t count;
    unsigned cancel_percent;
    uint64_t woken, asked; /* the waking thread's */
};

static void crowd_wake(void *context, unsigned number)
{
    struct crowd *crowd = context;
    struct weft__rng rng = stress_rng(number + 1);
    for (uint64_t i = 0; i < crowd->count; i++) {
        const uint64_t other = i + weft__rng_below(&rng, (uint32_t)(crowd->count - i)); /* in no order that memory has */
        const weft_task task = crowd->tasks[other];
        crowd->tasks[other] = crowd->tasks[i];
        if (weft__rng_below(&rng, 100) < crowd->cancel_percent) {
            VERDICT(weft_task_cancel(task) == 0);
            crowd->asked++;
        } else {
            weft_wake((weft_waker){task});
            crowd->woken++;
        }
    }
}

/* All of them live, and wait. Returns the resident bytes of that moment. */
static uint64_t crowd_gather(struct crowd *crowd)
{
    const uint64_t polls = totals().polls;
    for (uint64_t i = 0; i < crowd->count; i++) {
        char name[32];
        snprintf(name, sizeof name, "order %" PRIu64, i);
        crowd->tasks[i] = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK(name), parked);
        assert_int_equal(weft_task_error(crowd->tasks[i]), 0);
    }
    while (totals().polls - polls < crowd->count)
        sched_yield();
    assert_int_equal(totals().tasks_live, crowd->count);
    return stress_process_bytes();
}

static void crowd_leave(struct crowd *crowd)
{
    atomic_store(&ended, 0);
    atomic_store(&cancelled, 0);
    crowd->woken = crowd->asked = 0;
    const uint64_t polls = totals().polls;
    stress_threads(1, crowd_wake, crowd);
    while (totals().tasks_live > 0)
        sched_yield();
    verdict_assert();
    assert_int_equal(totals().polls - polls, crowd->count); /* one each */
    assert_int_equal(atomic_load(&ended), crowd->woken);
    assert_int_equal(atomic_load(&cancelled), crowd->asked);
}

enum { BYTES_PER_TASK = 512, BACK_PERCENT = 20 };

/* Figure L1. */
static void million_named_tasks_wait_and_their_memory_goes_back(void **state)
{
    (void)state;
    struct crowd crowd = {.count = rel_size(1000000, 1000000), .cancel_percent = rel_is_long() ? 10 : 0};
    crowd.tasks = malloc(crowd.count * sizeof *crowd.tasks);
    for (uint64_t i = 0; i < crowd.count; i++)
        crowd.tasks[i] = (weft_task){.id = 1}; /* resident before anything is measured */
    create();
    const uint64_t before = stress_process_bytes();
    uint64_t peak = 0, slab = 0;
    for (unsigned round = rel_is_long() ? 50 : 1; round > 0; round--) {
        const uint64_t bytes = crowd_gather(&crowd);
        peak = bytes > peak ? bytes : peak;
        slab = totals().task_bytes;
        crowd_leave(&crowd);
    }
    while (totals().task_bytes > 0) /* the monitor's thread gives pages back that stayed empty for a second: all of them */
        sched_yield();
    const uint64_t after = stress_process_bytes();
    assert_int_equal(weft_runtime_finish(rt), 0);
    free(crowd.tasks);

    const double megabyte = 1 << 20, limit = (double)crowd.count * BYTES_PER_TASK;
    const double above = after > before ? 100.0 * (double)(after - before) / (double)before : 0;
    print_message("%" PRIu64 " named tasks waited: %" PRIu64 " bytes each of resident memory, %" PRIu64 " of slab\n",
                  crowd.count, (peak - before) / crowd.count, slab / crowd.count);
    const bool fits = rel_line("L1", (double)peak / megabyte, limit / megabyte, (double)peak <= limit, stress_seed());
    const bool back = rel_line("L1-back", above, BACK_PERCENT, above <= BACK_PERCENT, stress_seed());
    assert_true(stress_sanitized() || (fits && back)); /* a sanitizer's own memory is not ours */
}

/* Figure L3: two threads that are nobody's worker spawn, as far ahead of the workers as memory should go. */
enum { SPAWNERS = 2, AHEAD = 200000 };
static uint64_t each;
static _Atomic uint8_t *runs;

struct once {
    weft_frame weft;
    uint64_t number;
};

static weft_poll once(weft_context *cx, struct once *self)
{
    (void)cx;
    atomic_fetch_add_explicit(&runs[self->number], 1, memory_order_relaxed);
    return WEFT_READY;
}

static void spawn_each(void *context, unsigned spawner)
{
    (void)context;
    for (uint64_t i = 0; i < each; i++) {
        VERDICT(weft_task_error(weft_spawn(weft_runtime_scope(rt), once, .number = spawner * each + i)) == 0);
        weft_runtime_stats stats = {.size = sizeof stats};
        while (i % 1024 == 0 && weft_runtime_stats_get(rt, &stats) == 0 && stats.tasks_live > AHEAD)
            sched_yield();
    }
}

static void millions_spawned_from_outside_complete_once(void **state)
{
    (void)state;
    create();
    each = rel_size(1000000, 10000000) / SPAWNERS;
    runs = calloc(SPAWNERS * each, 1);
    const int64_t begun = weft_clock();
    stress_threads(SPAWNERS, spawn_each, NULL);
    while (totals().tasks_live > 0)
        sched_yield();
    const double seconds = (double)(weft_clock() - begun) / 1e9;
    const weft_runtime_stats stats = totals();
    assert_int_equal(weft_runtime_finish(rt), 0);
    verdict_assert();
    uint64_t right = 0;
    for (uint64_t i = 0; i < SPAWNERS * each; i++)
        right += atomic_load_explicit(&runs[i], memory_order_relaxed) == 1;
    free((void *)runs);
    print_message("%.2f million tasks a second\n", (double)right / 1e6 / seconds);
    const bool all = right == SPAWNERS * each && stats.tasks_spawned == right && stats.tasks_ended == right;
    assert_true(rel_line("L3", (double)right, (double)(SPAWNERS * each), all, stress_seed()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(million_named_tasks_wait_and_their_memory_goes_back),
        cmocka_unit_test(millions_spawned_from_outside_complete_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
