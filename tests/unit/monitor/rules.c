/* SPDX-License-Identifier: MIT */
/* The judgement of a saturation: up at the thresholds, down a tenth below, no flapping at the edge. */
#include <weft/monitor.h>

#include "lib/stress.h"
#include "monitor/rules.h"

static weft_health judge(weft_health before, double saturation) { return weft__rules_health(before, saturation, 0.80, 0.95); }

static void rules_rise_at_the_thresholds(void **state)
{
    (void)state;
    static const weft_health befores[] = {WEFT_HEALTH_UNKNOWN, WEFT_HEALTHY};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(judge(befores[i], 0.0), WEFT_HEALTHY);
        assert_int_equal(judge(befores[i], 0.7999), WEFT_HEALTHY);
        assert_int_equal(judge(befores[i], 0.80), WEFT_DEGRADED);
        assert_int_equal(judge(befores[i], 0.9499), WEFT_DEGRADED);
        assert_int_equal(judge(befores[i], 0.95), WEFT_CRITICAL);
        assert_int_equal(judge(befores[i], 1.0), WEFT_CRITICAL);
    }
    assert_int_equal(judge(WEFT_DEGRADED, 0.9499), WEFT_DEGRADED);
    assert_int_equal(judge(WEFT_DEGRADED, 0.95), WEFT_CRITICAL);
}

static void rules_fall_a_tenth_of_the_threshold_below(void **state)
{
    (void)state;
    assert_int_equal(judge(WEFT_DEGRADED, 0.7201), WEFT_DEGRADED);
    assert_int_equal(judge(WEFT_DEGRADED, 0.7199), WEFT_HEALTHY);
    assert_int_equal(judge(WEFT_CRITICAL, 0.8551), WEFT_CRITICAL);
    assert_int_equal(judge(WEFT_CRITICAL, 0.8549), WEFT_DEGRADED);
    assert_int_equal(judge(WEFT_CRITICAL, 0.7201), WEFT_DEGRADED);
    assert_int_equal(judge(WEFT_CRITICAL, 0.7199), WEFT_HEALTHY);
    assert_int_equal(judge(WEFT_CRITICAL, 0), WEFT_HEALTHY);
}

static void rules_equal_thresholds_know_no_degraded_on_the_way_up(void **state)
{
    (void)state;
    assert_int_equal(weft__rules_health(WEFT_HEALTHY, 0.499, 0.5, 0.5), WEFT_HEALTHY);
    assert_int_equal(weft__rules_health(WEFT_HEALTHY, 0.5, 0.5, 0.5), WEFT_CRITICAL);
    assert_int_equal(weft__rules_health(WEFT_CRITICAL, 0.46, 0.5, 0.5), WEFT_CRITICAL);
    assert_int_equal(weft__rules_health(WEFT_CRITICAL, 0.44, 0.5, 0.5), WEFT_HEALTHY);
    assert_int_equal(weft__rules_health(WEFT_HEALTHY, 1, 1, 1), WEFT_CRITICAL);
}

static void rules_noise_smaller_than_the_hysteresis_does_not_flap(void **state)
{
    (void)state;
    struct weft__rng rng = stress_rng(0);
    weft_health health = WEFT_HEALTH_UNKNOWN;
    int changes = 0;
    for (int i = 0; i < 10000; i++) {
        const double noise = weft__rng_below(&rng, 1000) / 1000.0 * 0.07; /* 0.73 to 0.80 */
        const weft_health now = judge(health, 0.731 + noise);
        changes += now != health;
        health = now;
    }
    assert_true(changes <= 2); /* to healthy, and at most once up */
}

static void rules_any_step_is_monotone_in_saturation(void **state)
{
    (void)state;
    for (int before = WEFT_HEALTH_UNKNOWN; before <= WEFT_CRITICAL; before++)
        for (int step = 0; step < 1000; step++)
            assert_true(judge((weft_health)before, step / 1000.0) <= judge((weft_health)before, (step + 1) / 1000.0));
}

static void rules_pause_is_what_was_asked_for_up_to_some_thousand_channels(void **state)
{
    (void)state;
    const int64_t interval = 100000000;
    assert_int_equal(weft__rules_pause(interval, 0), interval);
    assert_int_equal(weft__rules_pause(interval, 4000), interval);
    assert_int_equal(weft__rules_pause(interval, 100000), 25 * interval);
    assert_int_equal(weft__rules_pause(30 * interval, 100000), 30 * interval);
    assert_int_equal(weft__rules_pause(1000000, UINT32_MAX), UINT32_MAX * INT64_C(25000));
}

static void rules_names(void **state)
{
    (void)state;
    assert_string_equal(weft_health_name(WEFT_HEALTHY), "healthy");
    assert_string_equal(weft_health_name(WEFT_DEGRADED), "degraded");
    assert_string_equal(weft_health_name(WEFT_CRITICAL), "critical");
    assert_string_equal(weft_health_name(WEFT_HEALTH_UNKNOWN), "unknown");
    assert_string_equal(weft_health_name((weft_health)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_rise_at_the_thresholds),
        cmocka_unit_test(rules_fall_a_tenth_of_the_threshold_below),
        cmocka_unit_test(rules_equal_thresholds_know_no_degraded_on_the_way_up),
        cmocka_unit_test(rules_noise_smaller_than_the_hysteresis_does_not_flap),
        cmocka_unit_test(rules_any_step_is_monotone_in_saturation),
        cmocka_unit_test(rules_pause_is_what_was_asked_for_up_to_some_thousand_channels),
        cmocka_unit_test(rules_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
