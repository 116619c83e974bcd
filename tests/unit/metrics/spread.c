/* SPDX-License-Identifier: MIT */
/* Buckets and bounds agree, and what was measured of some stands for all: the count is exact, no count falls. */
#include "lib/stress.h"
#include "metrics/spread.h"

static void spread_bucket_is_where_its_bounds_say(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WEFT__SPREAD_BOUNDS; i++) {
        const int64_t bound = (int64_t)(weft__spread_bounds[i] * 1e9 + 0.5);
        assert_int_equal(weft__spread_bucket(bound), i);
        assert_int_equal(weft__spread_bucket(bound + 1), i + 1);
    }
    assert_int_equal(weft__spread_bucket(0), 0);
    assert_int_equal(weft__spread_bucket(-5), 0);
    assert_int_equal(weft__spread_bucket(INT64_MIN), 0);
    assert_int_equal(weft__spread_bucket(INT64_MAX), WEFT__SPREAD_BOUNDS);
    assert_true(weft__spread_bounds[0] > 63.9e-9 && weft__spread_bounds[WEFT__SPREAD_BOUNDS - 1] > 17.1);
}

static void spread_adds_up(void **state)
{
    (void)state;
    static struct weft__spread spread;
    weft__spread_add(&spread, 10);
    weft__spread_add(&spread, 100);
    weft__spread_add(&spread, -7);
    struct weft__spread_copy copy = {.count = 0};
    weft__spread_copy(&spread, &copy);
    assert_int_equal(copy.count, 3);
    assert_int_equal(copy.counts[0], 2);
    assert_int_equal(copy.counts[2], 1);
    assert_true(copy.sum_ns == 110);
}

static struct weft__spread_copy copy_of(struct weft__sampled *sampled)
{
    struct weft__spread_copy copy = {.count = 0};
    weft__sampled_copy(sampled, &copy);
    uint64_t sum = 0;
    for (int i = 0; i < WEFT__SPREAD_BUCKETS; i++)
        sum += copy.counts[i];
    assert_int_equal(sum, copy.count);
    return copy;
}

static void sampled_stands_for_all(void **state)
{
    (void)state;
    static struct weft__sampled sampled;
    weft__sampled_begin(&sampled, 500); /* of which it knows nothing */
    assert_int_equal(copy_of(&sampled).count, 0);
    for (int i = 0; i < 2; i++)
        weft__spread_add(&sampled.fresh, 10);
    weft__spread_add(&sampled.fresh, 1000);
    assert_int_equal(copy_of(&sampled).count, 3); /* for themselves, until it is known how many there were */
    weft__sampled_fold(&sampled, 500 + 1000);
    struct weft__spread_copy copy = copy_of(&sampled);
    assert_int_equal(copy.count, 1000);
    assert_in_range(copy.counts[0], 666, 667);
    assert_true(copy.sum_ns > 339999 && copy.sum_ns < 340001);
    weft__sampled_fold(&sampled, 500 + 1700); /* none of these was measured: the next ones stand for them */
    assert_int_equal(copy_of(&sampled).count, 1000);
    weft__spread_add(&sampled.fresh, 10);
    weft__sampled_fold(&sampled, 500 + 1701);
    assert_int_equal(copy_of(&sampled).count, 1701);
}

/* One that is measured before it is counted. */
static void sampled_ahead_of_the_count_is_caught_up_with(void **state)
{
    (void)state;
    static struct weft__sampled sampled;
    weft__sampled_begin(&sampled, 0);
    for (int i = 0; i < 3; i++)
        weft__spread_add(&sampled.fresh, 10);
    weft__sampled_fold(&sampled, 1);
    assert_int_equal(copy_of(&sampled).count, 3);
    weft__spread_add(&sampled.fresh, 10);
    weft__sampled_fold(&sampled, 2);
    assert_int_equal(copy_of(&sampled).count, 4);
    weft__spread_add(&sampled.fresh, 10);
    weft__sampled_fold(&sampled, 10);
    assert_int_equal(copy_of(&sampled).count, 10);
    weft__sampled_begin(&sampled, 50); /* it was off for forty */
    weft__spread_add(&sampled.fresh, 10);
    weft__sampled_fold(&sampled, 55);
    assert_int_equal(copy_of(&sampled).count, 15);
}

/* Many random rounds: exact counts, and none that falls. */
static void sampled_counts_never_fall(void **state)
{
    (void)state;
    static struct weft__sampled sampled;
    weft__sampled_begin(&sampled, 0);
    struct weft__spread_copy last = {.count = 0};
    uint64_t things = 0;
    struct weft__rng rng = stress_rng(0);
    for (int round = 0; round < 2000; round++) {
        const uint32_t measured = weft__rng_below(&rng, 20);
        things += measured + weft__rng_below(&rng, 3000);
        for (uint32_t i = 0; i < measured; i++)
            weft__spread_add(&sampled.fresh, (int64_t)(weft__rng_next(&rng) >> weft__rng_below(&rng, 32)));
        for (int half = 0; half < 2; half++) {
            const struct weft__spread_copy copy = copy_of(&sampled);
            for (int i = 0; i < WEFT__SPREAD_BUCKETS; i++)
                assert_true(copy.counts[i] >= last.counts[i]);
            assert_true(copy.sum_ns >= last.sum_ns);
            last = copy;
            if (half == 0)
                weft__sampled_fold(&sampled, things);
        }
        assert_true(last.count <= things);
        assert_true(measured == 0 || last.count == things);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spread_bucket_is_where_its_bounds_say),
        cmocka_unit_test(spread_adds_up),
        cmocka_unit_test(sampled_stands_for_all),
        cmocka_unit_test(sampled_ahead_of_the_count_is_caught_up_with),
        cmocka_unit_test(sampled_counts_never_fall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
