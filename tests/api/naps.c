/* SPDX-License-Identifier: MIT */
/*
 * When workers nap before they take more, on a clock that stands still but for what tasks say that they take. One worker is held,
 * the other takes what comes. No time is measured: a nap that does not begin, or does not end, is a test that does not end.
 */
#include "lib/chaos.h"
#include "lib/vclock.h"
#include "lib/world.h"

enum { TASKS = 100 }; /* small ones are a loss of 2 us each: more than enough for a doubt */
enum { OPERATIONS = 50, MANY = 1000 };
static const int64_t start = INT64_C(12345678901234), large_ns = 10000, nap_min_ns = 50000, nap_max_ns = 1000000;
static const int64_t operating_ns = 10000; /* a fifth of a us for each operation: not coarse, and worth taking by its time, also alone */

static weft_runtime *rt;
static atomic_uint ended;
static struct latch entered, leave;
static weft_semaphore permits;
static unsigned held_back; /* how many tasks the holder spawns */
static int held_back_operations;

struct work {
    weft_frame weft;
    int64_t takes_ns;
    int operations;
};

static weft_poll work(weft_context *cx, struct work *self)
{
    for (int i = 0; i < self->operations; i++)
        if (weft_semaphore_acquire(cx, &permits, 1) >= 0)
            weft_semaphore_release(&permits, 1);
    vclock_advance(self->takes_ns);
    atomic_fetch_add(&ended, 1);
    return WEFT_READY;
}

/* Holds its worker, spawns tasks when it is told, and holds it again. */
struct holder {
    weft_frame weft;
};

static weft_poll holder(weft_context *cx, struct holder *self)
{
    (void)cx;
    (void)self;
    latch_up(&entered);
    latch_wait(&leave, 1);
    for (unsigned i = 0; i < held_back; i++) /* the last is in the next slot then, the others in the ring and the shared queue */
        weft_spawn(weft_runtime_scope(rt), work, .operations = held_back_operations,
                   .takes_ns = held_back_operations ? operating_ns : 0);
    latch_up(&entered);
    latch_wait(&leave, 2);
    return WEFT_READY;
}

static int begin(void **state)
{
    (void)state;
    vclock_begin(start);
    atomic_store(&ended, 0);
    entered = (struct latch)LATCH;
    leave = (struct latch)LATCH;
    held_back = 2;
    held_back_operations = 0;
    rt = world_begin(2);
    assert_int_equal(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = "permits", .permits = 2), &permits), 0);
    weft_spawn(weft_runtime_scope(rt), holder);
    latch_wait(&entered, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    latch_up(&leave);
    latch_up(&leave);
    world_settle(rt);
    weft_semaphore_destroy(&permits);
    world_end(rt, -1); /* also while the one worker naps and the other has nothing left */
    vclock_end();
    return 0;
}

static int naps_add(void *context, const weft_worker_info *info)
{
    *(uint64_t *)context += info->naps;
    return 0;
}

static uint64_t naps(void)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    uint64_t each = 0;
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    assert_int_equal(weft_worker_visit(rt, naps_add, &each), 0);
    assert_true(each >= stats.naps); /* they only grow */
    return stats.naps;
}

static bool sleeps_for(int64_t least_ns, int64_t most_ns)
{
    const int64_t left = vclock_asleep(1) - weft_clock();
    return left >= least_ns && left <= most_ns;
}

/* Several come while the worker runs, so the nap after that may be a deaf one, which only time ends: it is as short as naps get. */
static void spawn_and_wait(unsigned count, int64_t takes_ns, int operations)
{
    const unsigned before = atomic_load(&ended);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), work, .takes_ns = takes_ns, .operations = operations)), 0);
    while (atomic_load(&ended) < before + count) /* the rescuer may have freed what the holder keeps */
        if (sleeps_for(1, nap_min_ns) && atomic_load(&ended) < before + count)
            vclock_jump(1);
}

static void spawn_from_outside(unsigned count, int64_t takes_ns) { spawn_and_wait(count, takes_ns, 0); }

/* Until it has napped so often, and naps: for longer than a deaf nap, so that nothing but a call ends it while the clock stands. */
static void lose_until_naps(uint64_t count)
{
    do
        spawn_from_outside(1, 0);
    while (naps() < count || (!CHAOS_BUILD && !sleeps_for(nap_min_ns + 1, nap_max_ns)));
    vclock_asleep(1);
}

static void naps_follow_tasks_that_are_too_small(void **state)
{
    (void)state;
    spawn_from_outside(TASKS, 0);
    lose_until_naps(1);
}

static void naps_do_not_follow_tasks_that_are_large(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip(); /* there any search may be a nap first */
    spawn_from_outside(TASKS, large_ns);
    vclock_asleep(1);
    assert_int_equal(naps(), 0);
}

static void nap_ends_when_something_comes_from_outside(void **state)
{
    (void)state;
    spawn_from_outside(TASKS, 0);
    for (uint64_t i = 1; i <= 20; i++) {
        lose_until_naps(i);
        spawn_from_outside(1, 0); /* the clock stands, so that nap would never end */
    }
}

/* More than a worker takes at a time: each search leaves some, and is not the last. */
static void naps_wait_until_all_from_outside_is_taken(void **state)
{
    (void)state;
    spawn_from_outside(TASKS, 0);
    for (uint64_t i = 1; i <= 20; i++) {
        lose_until_naps(i);
        spawn_from_outside(10 * TASKS, 0);
    }
}

static void nap_ends_by_itself_and_is_a_search_then(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip(); /* there a search may look at nobody who has work */
    spawn_from_outside(TASKS, 0);
    lose_until_naps(1);
    latch_up(&leave);
    latch_wait(&entered, 2);
    vclock_asleep(1);
    vclock_advance(nap_max_ns); /* less than the monitor's tick: it does not see that the holder is stuck */
    WORLD_UNTIL(atomic_load(&ended) >= TASKS + 1);
}

/* Until it naps to see what is done without it. It is worth taking by its time, so there is no other reason. */
static void operate_until_tried(void)
{
    do
        spawn_and_wait(1, operating_ns, OPERATIONS);
    while (!sleeps_for(nap_min_ns, nap_min_ns));
}

/* The other worker spawns so many tasks while it naps; then it has napped. */
static void spawn_during_nap(unsigned count)
{
    held_back = count;
    held_back_operations = OPERATIONS;
    latch_up(&leave);
    latch_wait(&entered, 2);
    vclock_asleep(1);
    vclock_advance(nap_min_ns);
}

static void nap_in_which_no_more_is_done_is_the_last(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip(); /* there any search may be a nap first */
    operate_until_tried();
    const unsigned before = atomic_load(&ended);
    const uint64_t count = naps();
    spawn_during_nap(2);
    WORLD_UNTIL(atomic_load(&ended) >= before + 1);
    spawn_and_wait(TASKS, operating_ns, OPERATIONS);
    vclock_asleep(1);
    assert_int_equal(naps(), count);
}

static void nap_in_which_more_is_done_is_followed_by_naps(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip();
    operate_until_tried();
    const unsigned before = atomic_load(&ended);
    const uint64_t count = naps();
    spawn_during_nap(MANY);
    while (!sleeps_for(1, nap_max_ns)) /* it may still be on its way out of the last */
        sched_yield();
    assert_true(naps() > count);
    assert_true(atomic_load(&ended) < before + MANY - 1);      /* it left what it had to the other */
    while (vclock_jump(1) && atomic_load(&ended) < before + MANY - 1) /* which is held, and so it comes back */
        continue;
    WORLD_UNTIL(atomic_load(&ended) >= before + MANY - 1);
}

static void nap_does_not_try_what_is_coarse(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip();
    spawn_and_wait(MANY, 10 * operating_ns, OPERATIONS);
    vclock_asleep(1);
    assert_int_equal(naps(), 0);
}

int main(void)
{
    world_seed();
#define NAPS_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        NAPS_TEST(naps_follow_tasks_that_are_too_small),
        NAPS_TEST(naps_do_not_follow_tasks_that_are_large),
        NAPS_TEST(nap_ends_when_something_comes_from_outside),
        NAPS_TEST(naps_wait_until_all_from_outside_is_taken),
        NAPS_TEST(nap_ends_by_itself_and_is_a_search_then),
        NAPS_TEST(nap_in_which_no_more_is_done_is_the_last),
        NAPS_TEST(nap_in_which_more_is_done_is_followed_by_naps),
        NAPS_TEST(nap_does_not_try_what_is_coarse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
