/* SPDX-License-Identifier: MIT */
/*
 * Figure L6: one of two workers does not come back from a poll. What is queued behind it, in its ring and in its next slot,
 * starts on the other while that poll still runs, or this test does not end; how soon it did is the figure.
 */
#include <sched.h>
#include <time.h>
#include <weft.h>

#include "lib/rel.h"
#include "lib/stress.h"

enum { LIMIT_MS = 50, BEHIND = 100 };

static weft_runtime *rt;
static _Atomic uint32_t started;
static _Atomic int64_t last_start;

struct starter {
    weft_frame weft;
};

static weft_poll starter(weft_context *cx, struct starter *self)
{
    (void)cx;
    (void)self;
    atomic_store(&last_start, weft_clock());
    atomic_fetch_add(&started, 1);
    return WEFT_READY;
}

struct stuck {
    weft_frame weft;
    uint32_t behind;
    int64_t *waited;
};

static weft_poll stuck(weft_context *cx, struct stuck *self)
{
    (void)cx;
    const int64_t since = weft_clock();
    for (uint32_t i = 0; i < self->behind; i++)
        VERDICT(weft_task_error(weft_spawn(weft_runtime_scope(rt), starter)) == 0);
    while (atomic_load(&started) < self->behind)
        sched_yield();
    *self->waited = atomic_load(&last_start) - since;
    return WEFT_READY;
}

/* The longest wait of what is behind a stuck worker, when nothing has run for a while: the monitor's thread is slow then. */
static int64_t stuck_after_a_rest(uint32_t behind)
{
    const struct timespec rest = {.tv_nsec = 150000000};
    int64_t waited = 0;
    nanosleep(&rest, NULL);
    atomic_store(&started, 0);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), stuck, .behind = behind, .waited = &waited);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
    return waited;
}

/* known bug 85 */
static void tasks_behind_a_stuck_worker_start_elsewhere(void **state)
{
    (void)state;
    int64_t most = 0;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed())), 0);
    for (uint64_t round = rel_size(3, 100); round > 0; round--)
        for (uint32_t behind = 1; behind <= BEHIND; behind += BEHIND - 1) { /* one: it is in the next slot */
            const int64_t waited = stuck_after_a_rest(behind);
            most = waited > most ? waited : most;
        }
    assert_int_equal(weft_runtime_finish(rt), 0);
    verdict_assert();
    rel_line("L6", (double)most / 1e6, LIMIT_MS, most <= LIMIT_MS * INT64_C(1000000), stress_seed());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_behind_a_stuck_worker_start_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
