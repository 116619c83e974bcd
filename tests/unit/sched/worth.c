/* SPDX-License-Identifier: MIT */
/* How long a worker naps before it takes more, by what the last was worth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sched/worth.h"

enum { BEGIN = 1000000 };

static struct weft__doubt doubt;
static struct weft__haul haul;
static int64_t now;

static int reset(void **state)
{
    (void)state;
    doubt = (struct weft__doubt){0};
    haul = (struct weft__haul){0};
    now = BEGIN;
    return 0;
}

/* A haul of so many tasks, which take so long each. The nap before the next. */
static int64_t take(uint32_t tasks, int64_t each_ns)
{
    haul.since_ns = now;
    haul.tasks = tasks;
    now += tasks * each_ns;
    weft__doubt_judge(&doubt, &haul, now);
    assert_int_equal(haul.since_ns, 0);
    assert_int_equal(haul.tasks, 0);
    assert_false(haul.woken);
    return weft__doubt_nap(&doubt, now);
}

static void worth_small_tasks_lead_to_naps_that_grow(void **state)
{
    (void)state;
    int64_t nap = take(128, 100), before = 0;
    assert_int_equal(nap, WEFT__DOUBT_NAP_MIN_NS);
    while (nap != before) {
        now += nap;
        weft__doubt_napped(&doubt, nap);
        before = nap;
        nap = take(1, 100);
        assert_in_range(nap, before, 2 * before);
    }
    assert_int_equal(nap, WEFT__DOUBT_NAP_MAX_NS);
}

static void worth_large_tasks_never_lead_to_naps(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(take(128, WEFT__WORTH_TASK_NS), 0);
}

static void worth_one_large_haul_ends_all_doubt(void **state)
{
    (void)state;
    int64_t nap = take(128, 0);
    weft__doubt_napped(&doubt, nap);
    assert_int_equal(weft__doubt_nap(&doubt, now), 2 * nap);
    assert_int_equal(take(1, 10 * WEFT__WORTH_TASK_NS), 0);
    assert_int_equal(take(128, 0), WEFT__DOUBT_NAP_MIN_NS); /* and the next begins anew */
}

/* What a tree of tasks looks like to a thief: a subtree now and then, and leaves. */
static void worth_small_hauls_among_large_ones_are_borne(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(take(1, 100000), 0);
        for (int j = 0; j < 20; j++)
            assert_int_equal(take(1, 100), 0);
    }
}

static void worth_small_losses_add_up(void **state)
{
    (void)state;
    int hauls = 0;
    while (take(1, 100) == 0)
        assert_true(++hauls < 100);
    assert_in_range(hauls, 10, 50);
}

static void worth_a_wake_has_to_be_worth_it_too(void **state)
{
    (void)state;
    int64_t nap = 0;
    for (int i = 0; i < 100 && nap == 0; i++) {
        haul.woken = true;
        nap = take(1, WEFT__WORTH_TASK_NS);
    }
    assert_int_equal(nap, WEFT__DOUBT_NAP_MIN_NS);
    haul.woken = true;
    assert_int_equal(take(1, WEFT__WORTH_TASK_NS + WEFT__WORTH_WAKE_NS), 0);
}

static void worth_doubt_is_forgotten(void **state)
{
    (void)state;
    assert_true(take(128, 0) > 0);
    now += WEFT__DOUBT_MEMORY_NS;
    assert_true(weft__doubt_nap(&doubt, now) > 0);
    assert_int_equal(weft__doubt_nap(&doubt, now + 1), 0);
    assert_int_equal(take(128, 0), WEFT__DOUBT_NAP_MIN_NS);
}

/* Somebody else was told better while this one napped. */
static void worth_nap_does_not_bring_a_doubt_back(void **state)
{
    (void)state;
    const int64_t nap = take(128, 0);
    assert_int_equal(take(1, 10 * WEFT__WORTH_TASK_NS), 0);
    weft__doubt_napped(&doubt, nap);
    assert_int_equal(weft__doubt_nap(&doubt, now), 0);
}

/* Whatever hauls look like by their time, until a trial says otherwise, or none has said so for some time. */
static void worth_no_haul_ends_the_doubt_of_a_trial(void **state)
{
    (void)state;
    assert_int_equal(take(1, 10 * WEFT__WORTH_TASK_NS), 0);
    weft__doubt_tried(&doubt, true, now);
    assert_int_equal(take(1, 10 * WEFT__WORTH_TASK_NS), WEFT__DOUBT_NAP_MIN_NS);
    weft__doubt_tried(&doubt, false, now);
    assert_int_equal(weft__doubt_nap(&doubt, now), 0);

    weft__doubt_tried(&doubt, true, now);
    now += WEFT__DOUBT_MEMORY_NS + 1;
    assert_int_equal(weft__doubt_nap(&doubt, now), 0);
    assert_int_equal(take(1, 10 * WEFT__WORTH_TASK_NS), 0);
    assert_int_equal(take(128, 0), WEFT__DOUBT_NAP_MIN_NS); /* it begins anew */
}

static void worth_a_trial_that_finds_nothing_ends_no_other_doubt(void **state)
{
    (void)state;
    assert_int_equal(take(128, 0), WEFT__DOUBT_NAP_MIN_NS);
    weft__doubt_tried(&doubt, false, now);
    assert_int_equal(weft__doubt_nap(&doubt, now), WEFT__DOUBT_NAP_MIN_NS);
}

static void worth_trials_are_rare_unless_one_could_not_tell(void **state)
{
    (void)state;
    assert_true(weft__doubt_tries(&doubt, now));
    assert_false(weft__doubt_tries(&doubt, now + WEFT__DOUBT_MEMORY_NS - 1));
    assert_true(weft__doubt_tries(&doubt, now + WEFT__DOUBT_MEMORY_NS));
    weft__doubt_defer_trial(&doubt, now, 1000);
    assert_false(weft__doubt_tries(&doubt, now + 999));
    assert_true(weft__doubt_tries(&doubt, now + 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(worth_small_tasks_lead_to_naps_that_grow, reset),
        cmocka_unit_test_setup(worth_large_tasks_never_lead_to_naps, reset),
        cmocka_unit_test_setup(worth_one_large_haul_ends_all_doubt, reset),
        cmocka_unit_test_setup(worth_small_hauls_among_large_ones_are_borne, reset),
        cmocka_unit_test_setup(worth_small_losses_add_up, reset),
        cmocka_unit_test_setup(worth_a_wake_has_to_be_worth_it_too, reset),
        cmocka_unit_test_setup(worth_doubt_is_forgotten, reset),
        cmocka_unit_test_setup(worth_nap_does_not_bring_a_doubt_back, reset),
        cmocka_unit_test_setup(worth_no_haul_ends_the_doubt_of_a_trial, reset),
        cmocka_unit_test_setup(worth_a_trial_that_finds_nothing_ends_no_other_doubt, reset),
        cmocka_unit_test_setup(worth_trials_are_rare_unless_one_could_not_tell, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
