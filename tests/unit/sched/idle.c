/* SPDX-License-Identifier: MIT */
/* Who sleeps, who searches, and whom a producer wakes: each step by hand. */
#include "lib/chaos.h"
#include "lib/stress.h"
#include "sched/idle.h"

static struct weft__idle idle;

static void idle_all_awake_picks_nobody(void **state)
{
    (void)state;
    weft__idle_init(&idle, 4);
    assert_int_equal(weft__idle_sleepers(&idle), 0);
    assert_int_equal(weft__idle_pick(&idle), -1);
    assert_int_equal(weft__idle_sleepers(&idle), 0);
}

static void idle_sleeper_is_picked_once_and_counts_as_searching(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip(); /* anybody is picked */
    weft__idle_init(&idle, 4);
    weft__idle_sleep(&idle, 2, false);
    weft__idle_sleep(&idle, 3, false);
    assert_int_equal(weft__idle_sleepers(&idle), 2);
    assert_int_equal(weft__idle_pick(&idle), 3); /* the one that slept last is warm */
    assert_int_equal(weft__idle_sleepers(&idle), 1);
    assert_int_equal(weft__idle_pick(&idle), -1); /* somebody searches: it will find, or wake */
    assert_false(weft__idle_cancel_sleep(&idle, 3, false));
    assert_true(weft__idle_end_search(&idle)); /* the last that searched */
    assert_int_equal(weft__idle_pick(&idle), 2);
    assert_false(weft__idle_end_search(&idle)); /* the last, but nobody sleeps whom it could wake */
    assert_int_equal(weft__idle_pick(&idle), -1);
    assert_int_equal(weft__idle_sleepers(&idle), 0);
}

static void idle_at_most_half_of_the_awake_search(void **state)
{
    (void)state;
    weft__idle_init(&idle, 6);
    weft__idle_sleep(&idle, 5, false);
    assert_true(weft__idle_begin_search(&idle));
    assert_true(weft__idle_begin_search(&idle));
    assert_true(weft__idle_begin_search(&idle)); /* 2 of 5 do, which is less than half */
    assert_false(weft__idle_begin_search(&idle));
    assert_false(weft__idle_end_search(&idle));
    assert_false(weft__idle_end_search(&idle));
    assert_true(weft__idle_end_search(&idle));
    weft__idle_init(&idle, 1);
    assert_true(weft__idle_begin_search(&idle)); /* a single worker may, always */
    assert_false(weft__idle_begin_search(&idle));
}

/* scenario 10, known bug 9 */
static void idle_last_searcher_must_look_once_more(void **state)
{
    (void)state;
    weft__idle_init(&idle, 4);
    assert_true(weft__idle_begin_search(&idle));
    assert_true(weft__idle_begin_search(&idle));
    assert_false(weft__idle_sleep(&idle, 0, true)); /* the other searches still */
    assert_true(weft__idle_sleep(&idle, 1, true));
    assert_true(weft__idle_cancel_sleep(&idle, 1, true)); /* it saw something */
    assert_int_equal(weft__idle_sleepers(&idle), 1);
    assert_false(weft__idle_cancel_sleep(&idle, 1, true)); /* it is awake already */
}

/*
 * scenario 10: A worker fills its ring while another searches, and so wakes nobody. The searcher finds nothing, sees
 * something at its last look, and takes a task from elsewhere: nobody but it can wake a third for the ring.
 */
static void idle_who_saw_something_searches_and_wakes_the_next(void **state)
{
    (void)state;
    weft__idle_init(&idle, 3);
    weft__idle_sleep(&idle, 2, false);
    assert_true(weft__idle_begin_search(&idle)); /* worker 1 */
    assert_int_equal(weft__idle_pick(&idle), -1); /* for worker 0's ring: somebody searches */
    assert_true(weft__idle_sleep(&idle, 1, true));
    assert_true(weft__idle_cancel_sleep(&idle, 1, true));
    assert_true(weft__idle_end_search(&idle)); /* it has found something else: there may be more */
    assert_int_equal(weft__idle_pick(&idle), 2);
}

/*
 * scenario 10: A worker that found the places of the searchers taken has not looked anywhere. While it is on its way
 * to sleep the searcher finds work, and a producer sees that all are awake and wakes nobody: then the worker is the
 * last that can see the producer's task, and must look although it did not search.
 */
static void idle_sleep_with_nobody_searching_must_look_once_more(void **state)
{
    (void)state;
    weft__idle_init(&idle, 2);
    assert_true(weft__idle_begin_search(&idle));   /* worker 0 */
    assert_false(weft__idle_begin_search(&idle));  /* worker 1: throttled */
    assert_false(weft__idle_end_search(&idle));    /* worker 0 has found a task: all are awake, */
    assert_int_equal(weft__idle_pick(&idle), -1);  /* and so it is for a producer from outside */
    assert_true(weft__idle_sleep(&idle, 1, false));
}

static void idle_cancel_takes_out_of_the_middle(void **state)
{
    (void)state;
    weft__idle_init(&idle, 4);
    for (uint32_t worker = 0; worker < 4; worker++)
        weft__idle_sleep(&idle, worker, false);
    assert_true(weft__idle_cancel_sleep(&idle, 1, false));
    bool woken[4] = {false, true, false, false};
    for (int i = 0; i < 3; i++) {
        const int picked = weft__idle_pick(&idle);
        assert_in_range(picked, 0, 3);
        assert_false(woken[picked]);
        woken[picked] = true;
        weft__idle_end_search(&idle);
    }
    assert_int_equal(weft__idle_pick(&idle), -1);
}

static void idle_holds_the_most_workers_there_can_be(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip(); /* anybody is picked */
    weft__idle_init(&idle, WEFT__IDLE_WORKERS_MAX);
    for (uint32_t worker = 0; worker < WEFT__IDLE_WORKERS_MAX; worker++)
        weft__idle_sleep(&idle, worker, false);
    assert_int_equal(weft__idle_sleepers(&idle), WEFT__IDLE_WORKERS_MAX);
    for (int worker = WEFT__IDLE_WORKERS_MAX - 1; worker >= 0; worker--) {
        assert_int_equal(weft__idle_pick(&idle), worker);
        weft__idle_end_search(&idle);
    }
}

static void idle_napper_counts_as_searching_and_as_asleep(void **state)
{
    (void)state;
    weft__idle_init(&idle, 3);
    weft__idle_sleep(&idle, 2, false);
    assert_true(weft__idle_others_work(&idle, false));
    assert_true(weft__idle_nap(&idle, 1, false));
    assert_int_equal(weft__idle_sleepers(&idle), 2);
    assert_int_equal(weft__idle_pick(&idle), -1); /* it will look: the sleeper stays where it is */
    assert_false(weft__idle_others_work(&idle, false));
    assert_false(weft__idle_nap(&idle, 0, false)); /* one at a time */
    assert_true(weft__idle_end_nap(&idle, 1));
    assert_int_equal(weft__idle_sleepers(&idle), 1);
    assert_int_equal(weft__idle_pick(&idle), -1);  /* it searches */
    assert_true(weft__idle_end_search(&idle));
    assert_int_equal(weft__idle_pick(&idle), 2);
}

static void idle_nap_needs_another_that_works(void **state)
{
    (void)state;
    weft__idle_init(&idle, 3);
    weft__idle_sleep(&idle, 2, false);
    assert_true(weft__idle_begin_search(&idle));  /* worker 0 */
    assert_false(weft__idle_others_work(&idle, false));
    assert_false(weft__idle_nap(&idle, 1, false)); /* who searches may go to sleep with nothing found */
    assert_true(weft__idle_end_search(&idle));
    assert_true(weft__idle_begin_search(&idle));  /* worker 1 */
    assert_true(weft__idle_nap(&idle, 1, true));  /* which is counted as searching already */
    assert_true(weft__idle_end_nap(&idle, 1));
    assert_true(weft__idle_end_search(&idle));
}

/* Nobody sleeps a nap alone: from then on it is asleep as the others are, and a producer wakes somebody at once. */
static void idle_last_to_sleep_takes_the_napper_along(void **state)
{
    (void)state;
    if (CHAOS_BUILD)
        skip(); /* anybody is picked */
    weft__idle_init(&idle, 3);
    assert_true(weft__idle_nap(&idle, 1, false));
    assert_false(weft__idle_sleep(&idle, 2, false)); /* worker 0 works: the napper stays, and will look */
    assert_true(weft__idle_sleep(&idle, 0, false));  /* now nobody does: one more look */
    assert_int_equal(weft__idle_sleepers(&idle), 3);
    assert_int_equal(weft__idle_pick(&idle), 0);
    assert_true(weft__idle_end_search(&idle));
    assert_int_equal(weft__idle_pick(&idle), 1);
    assert_false(weft__idle_end_nap(&idle, 1)); /* as one that slept: it was picked */
    assert_false(weft__idle_cancel_sleep(&idle, 1, false));
    assert_true(weft__idle_end_search(&idle));
    assert_int_equal(weft__idle_pick(&idle), 2);
    assert_false(weft__idle_end_search(&idle)); /* nobody sleeps any more */
    assert_int_equal(weft__idle_sleepers(&idle), 0);
}

static void idle_searcher_that_goes_to_sleep_takes_the_napper_along(void **state)
{
    (void)state;
    weft__idle_init(&idle, 3);
    assert_true(weft__idle_nap(&idle, 1, false));
    assert_true(weft__idle_begin_search(&idle)); /* worker 0 */
    assert_false(weft__idle_sleep(&idle, 2, false));
    assert_true(weft__idle_sleep(&idle, 0, true));
    assert_false(weft__idle_end_nap(&idle, 1));
    assert_true(weft__idle_cancel_sleep(&idle, 1, false)); /* the time was over: it is awake, and does not search */
    assert_int_equal(weft__idle_sleepers(&idle), 2);
    assert_true(weft__idle_begin_search(&idle));
}

static void idle_napper_takes_no_place_of_a_searcher(void **state)
{
    (void)state;
    weft__idle_init(&idle, 2);
    assert_false(weft__idle_is_last(&idle));
    assert_true(weft__idle_nap(&idle, 1, false));
    assert_true(weft__idle_is_last(&idle));
    assert_true(weft__idle_begin_search(&idle)); /* worker 0: nobody looks but it */
    assert_false(weft__idle_others_work(&idle, true));
    assert_true(weft__idle_end_nap(&idle, 1));
    assert_false(weft__idle_is_last(&idle));
    assert_false(weft__idle_end_search(&idle));
    assert_false(weft__idle_begin_search(&idle)); /* worker 1 does */
}

static void idle_picked_worker_takes_no_place_until_it_is_up(void **state)
{
    (void)state;
    weft__idle_init(&idle, 2);
    weft__idle_sleep(&idle, 1, false);
    assert_true(weft__idle_is_last(&idle));
    assert_int_equal(weft__idle_pick(&idle), 1);
    assert_true(weft__idle_is_last(&idle));
    assert_true(weft__idle_begin_search(&idle)); /* worker 0 need not wait for it */
    assert_false(weft__idle_end_search(&idle));
    assert_false(weft__idle_cancel_sleep(&idle, 1, false));
    weft__idle_rise(&idle);
    assert_false(weft__idle_is_last(&idle));
    assert_false(weft__idle_begin_search(&idle));
}

static void idle_nap_begun_after_a_call_is_deaf(void **state)
{
    (void)state;
    weft__idle_init(&idle, 2);
    assert_int_equal(weft__idle_announce_outside(&idle), -1);
    assert_true(weft__idle_nap(&idle, 1, false));
    assert_true(weft__idle_is_deaf(&idle));
    assert_int_equal(weft__idle_napper(&idle), 1);
    assert_int_equal(weft__idle_announce_outside(&idle), -1); /* nothing ends it */
    assert_true(weft__idle_end_nap(&idle, 1));
    assert_true(weft__idle_called(&idle)); /* but it is searched after it */
    assert_false(weft__idle_end_nap(&idle, 1));
    assert_true(weft__idle_nap(&idle, 1, true));
    assert_false(weft__idle_is_deaf(&idle));
    assert_int_equal(weft__idle_announce_outside(&idle), 1);
    assert_true(weft__idle_is_called(&idle));
    assert_true(weft__idle_end_nap(&idle, 1));
    assert_true(weft__idle_nap(&idle, 1, true)); /* what it was called for is still there */
    assert_true(weft__idle_is_deaf(&idle));
    weft__idle_sleep(&idle, 0, false);
    assert_false(weft__idle_is_deaf(&idle)); /* it was taken along */
    assert_false(weft__idle_end_nap(&idle, 1));
    assert_true(weft__idle_cancel_sleep(&idle, 1, false));
}

static void idle_rests_are_counted_when_all_sleep(void **state)
{
    (void)state;
    weft__idle_init(&idle, 2);
    weft__idle_sleep(&idle, 0, false);
    assert_int_equal(weft__idle_rests(&idle), 0);
    weft__idle_sleep(&idle, 1, false);
    assert_int_equal(weft__idle_rests(&idle), 1);
    assert_true(weft__idle_cancel_sleep(&idle, 1, false));
    weft__idle_sleep(&idle, 1, false);
    assert_int_equal(weft__idle_rests(&idle), 2);
    weft__idle_init(&idle, 2);
    assert_int_equal(weft__idle_napper(&idle), -1);
    assert_true(weft__idle_nap(&idle, 0, false));
    assert_int_equal(weft__idle_napper(&idle), 0);
    assert_int_equal(weft__idle_rests(&idle), 0); /* one works */
    weft__idle_sleep(&idle, 1, false);
    assert_int_equal(weft__idle_napper(&idle), -1);
    assert_int_equal(weft__idle_rests(&idle), 1); /* the napper is taken along */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_all_awake_picks_nobody),
        cmocka_unit_test(idle_sleeper_is_picked_once_and_counts_as_searching),
        cmocka_unit_test(idle_at_most_half_of_the_awake_search),
        cmocka_unit_test(idle_last_searcher_must_look_once_more),
        cmocka_unit_test(idle_who_saw_something_searches_and_wakes_the_next),
        cmocka_unit_test(idle_sleep_with_nobody_searching_must_look_once_more),
        cmocka_unit_test(idle_cancel_takes_out_of_the_middle),
        cmocka_unit_test(idle_holds_the_most_workers_there_can_be),
        cmocka_unit_test(idle_napper_counts_as_searching_and_as_asleep),
        cmocka_unit_test(idle_nap_needs_another_that_works),
        cmocka_unit_test(idle_last_to_sleep_takes_the_napper_along),
        cmocka_unit_test(idle_searcher_that_goes_to_sleep_takes_the_napper_along),
        cmocka_unit_test(idle_napper_takes_no_place_of_a_searcher),
        cmocka_unit_test(idle_picked_worker_takes_no_place_until_it_is_up),
        cmocka_unit_test(idle_nap_begun_after_a_call_is_deaf),
        cmocka_unit_test(idle_rests_are_counted_when_all_sleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
