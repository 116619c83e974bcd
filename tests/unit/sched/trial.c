/* SPDX-License-Identifier: MIT */
/* Whether more is done while a worker takes work, or while it naps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sched/trial.h"

enum { BEGIN = 1000000, STEP = WEFT__DOUBT_NAP_MIN_NS, SLOW = STEP / 100, FAST = 3 * SLOW };

static struct weft__trial trial;
static struct weft__progress at;

static int reset(void **state)
{
    (void)state;
    trial = (struct weft__trial){0};
    at = (struct weft__progress){.now_ns = BEGIN, .done = 12345};
    return 0;
}

static void pass(int64_t ns, uint64_t done)
{
    at.now_ns += ns;
    at.done += done;
}

static enum weft__trial_says take(int64_t ns, uint64_t done)
{
    weft__trial_begin(&trial, at);
    pass(ns, done);
    return weft__trial_took(&trial, at);
}

static enum weft__trial_says nap(int64_t ns, uint64_t done)
{
    weft__trial_begin(&trial, at);
    pass(ns, done);
    return weft__trial_napped(&trial, at);
}

static void trial_more_without_is_shared(void **state)
{
    (void)state;
    assert_int_equal(take(STEP, SLOW), WEFT__TRIAL_NOTHING_YET);
    assert_true(weft__trial_wants_nap(&trial));
    assert_int_equal(nap(STEP, FAST), WEFT__TRIAL_SHARED);
    assert_false(weft__trial_wants_nap(&trial));
    assert_int_equal(trial.again_ns, 0);
}

static void trial_no_more_without_is_apart(void **state)
{
    (void)state;
    assert_int_equal(take(STEP, SLOW), WEFT__TRIAL_NOTHING_YET);
    assert_int_equal(nap(STEP, SLOW + SLOW / WEFT__TRIAL_MARGIN), WEFT__TRIAL_APART); /* a margin more is no more */
    assert_int_equal(trial.again_ns, 0);
    assert_false(weft__trial_wants_nap(&trial));
}

static void trial_rates_count_not_times(void **state)
{
    (void)state;
    assert_int_equal(take(10 * STEP, 10 * SLOW), WEFT__TRIAL_NOTHING_YET);
    assert_int_equal(nap(STEP, 2 * SLOW), WEFT__TRIAL_SHARED);
    assert_int_equal(take(STEP, 3 * SLOW), WEFT__TRIAL_APART);
    assert_int_equal(nap(7 * STEP, 7 * SLOW), WEFT__TRIAL_NOTHING_YET); /* the last was settled */
}

static void trial_a_nap_is_compared_with_what_comes_after_it(void **state)
{
    (void)state;
    assert_int_equal(nap(STEP, FAST), WEFT__TRIAL_NOTHING_YET);
    assert_int_equal(take(STEP, SLOW), WEFT__TRIAL_SHARED);
    assert_int_equal(take(STEP, FAST), WEFT__TRIAL_APART);
}

static void trial_that_begins_anew_has_forgotten(void **state)
{
    (void)state;
    nap(STEP, FAST);
    weft__trial_begin_anew(&trial, at);
    pass(STEP, SLOW);
    assert_int_equal(weft__trial_took(&trial, at), WEFT__TRIAL_NOTHING_YET);
    assert_true(weft__trial_wants_nap(&trial));
}

static void trial_of_coarse_work_wants_no_nap(void **state)
{
    (void)state;
    assert_int_equal(take(STEP, 2 * STEP / WEFT__TRIAL_COARSE_NS - 1), WEFT__TRIAL_APART);
    assert_false(weft__trial_wants_nap(&trial));
    assert_int_equal(trial.again_ns, 0);
}

static void trial_of_fine_work_wants_no_nap_but_another_trial_soon(void **state)
{
    (void)state;
    assert_int_equal(take(STEP, 2 * STEP / WEFT__TRIAL_FINE_NS + 1), WEFT__TRIAL_APART);
    assert_false(weft__trial_wants_nap(&trial));
    assert_int_equal(trial.again_ns, WEFT__TRIAL_AGAIN_FINE_NS);
}

static void trial_in_which_all_slept_cannot_tell(void **state)
{
    (void)state;
    weft__trial_begin(&trial, at);
    pass(STEP, SLOW);
    at.rests++;
    assert_int_equal(weft__trial_took(&trial, at), WEFT__TRIAL_CANNOT_TELL);
    assert_false(weft__trial_wants_nap(&trial));
    assert_int_equal(trial.again_ns, WEFT__TRIAL_AGAIN_NS);
}

static void trial_whose_nap_ended_in_rest_tells_only_of_more(void **state)
{
    (void)state;
    for (uint64_t more = 0; more < 2; more++) {
        take(STEP, SLOW);
        weft__trial_begin(&trial, at);
        pass(STEP, more ? FAST : SLOW);
        at.rests++;
        assert_int_equal(weft__trial_napped(&trial, at), more ? WEFT__TRIAL_SHARED : WEFT__TRIAL_CANNOT_TELL);
        assert_int_equal(trial.again_ns, more ? 0 : WEFT__TRIAL_SHARE * STEP);
        assert_int_equal(trial.alone, 0); /* and is not compared with */
    }
}

static void trial_whose_nap_was_short_waits_by_its_length(void **state)
{
    (void)state;
    take(STEP, SLOW);
    assert_int_equal(nap(STEP / 2, FAST), WEFT__TRIAL_CANNOT_TELL);
    assert_int_equal(trial.again_ns, WEFT__TRIAL_SHARE * STEP / 2);
    assert_false(weft__trial_wants_nap(&trial));
}

static void trial_without_its_nap_is_made_again(void **state)
{
    (void)state;
    assert_int_equal(weft__trial_stayed(&trial), WEFT__TRIAL_NOTHING_YET); /* none was wanted */
    assert_int_equal(trial.again_ns, 0);
    take(STEP, SLOW);
    assert_int_equal(weft__trial_stayed(&trial), WEFT__TRIAL_CANNOT_TELL);
    assert_int_equal(trial.again_ns, WEFT__TRIAL_AGAIN_NS);
    assert_false(weft__trial_wants_nap(&trial));
}

static void trial_is_due_after_some_time(void **state)
{
    (void)state;
    assert_false(weft__trial_is_due(&trial, at.now_ns + STEP)); /* there is none */
    weft__trial_begin(&trial, at);
    assert_true(weft__trial_is_under_way(&trial));
    assert_false(weft__trial_is_due(&trial, at.now_ns + STEP - 1));
    assert_true(weft__trial_is_due(&trial, at.now_ns + STEP));
    weft__trial_took(&trial, at);
    assert_false(weft__trial_is_under_way(&trial));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(trial_more_without_is_shared, reset),
        cmocka_unit_test_setup(trial_no_more_without_is_apart, reset),
        cmocka_unit_test_setup(trial_rates_count_not_times, reset),
        cmocka_unit_test_setup(trial_a_nap_is_compared_with_what_comes_after_it, reset),
        cmocka_unit_test_setup(trial_that_begins_anew_has_forgotten, reset),
        cmocka_unit_test_setup(trial_of_coarse_work_wants_no_nap, reset),
        cmocka_unit_test_setup(trial_of_fine_work_wants_no_nap_but_another_trial_soon, reset),
        cmocka_unit_test_setup(trial_in_which_all_slept_cannot_tell, reset),
        cmocka_unit_test_setup(trial_whose_nap_ended_in_rest_tells_only_of_more, reset),
        cmocka_unit_test_setup(trial_whose_nap_was_short_waits_by_its_length, reset),
        cmocka_unit_test_setup(trial_without_its_nap_is_made_again, reset),
        cmocka_unit_test_setup(trial_is_due_after_some_time, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
