/* SPDX-License-Identifier: MIT */
/* Histograms and series: quantiles against sorted values, ranks against counted pairs, means against sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <math.h>
#include <cmocka.h>

#include "base/rng.h"
#include "cli/trace/analysis/histogram.h"
#include "cli/trace/analysis/series.h"

enum { VALUES = 20000 };

static int64_t values[VALUES];

static int order(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* From nanoseconds to minutes, most of them small. */
static void draw(struct histogram *histogram, uint64_t seed, size_t count)
{
    struct weft__rng rng;
    weft__rng_seed(&rng, seed);
    for (size_t i = 0; i < count; i++) {
        const uint64_t bits = weft__rng_below(&rng, 36) + 1;
        values[i] = (int64_t)weft__rng_below(&rng, (uint32_t)((UINT64_C(1) << (bits > 31 ? 31 : bits)) - 1))
                    << (bits > 31 ? 5 : 0);
        histogram_add(histogram, values[i]);
    }
    qsort(values, count, sizeof *values, order);
}

static void quantiles_are_near_those_of_the_sorted_values(void **state)
{
    (void)state;
    static const double at[] = {0, 0.01, 0.5, 0.9, 0.99, 0.999, 1};
    struct histogram histogram = {0};
    draw(&histogram, 7, VALUES);
    assert_int_equal(histogram.count, VALUES);
    assert_int_equal(histogram.min, values[0]);
    assert_int_equal(histogram.max, values[VALUES - 1]);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        const size_t rank = at[i] > 0 ? (size_t)ceil(at[i] * VALUES) - 1 : 0;
        const int64_t want = values[rank], have = histogram_quantile(&histogram, at[i]);
        assert_true(llabs(have - want) <= want / 32 + 1);
    }
    histogram_fini(&histogram);
}

static void quantile_of_nothing_is_nought_and_of_one_value_that_value(void **state)
{
    (void)state;
    struct histogram histogram = {0};
    assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
    histogram_add(&histogram, 123456789);
    assert_int_equal(histogram_quantile(&histogram, 0.5), 123456789);
    assert_int_equal(histogram_quantile(&histogram, 0.999), 123456789);
    histogram_add(&histogram, -5); /* clocks that step back */
    assert_int_equal(histogram.min, 0);
    assert_int_equal(histogram.sum, 123456789);
    histogram_fini(&histogram);
}

static void largest_values_have_a_bucket(void **state)
{
    (void)state;
    struct histogram histogram = {0};
    histogram_add(&histogram, INT64_MAX);
    histogram_add(&histogram, INT64_MAX / 2);
    assert_int_equal(histogram_quantile(&histogram, 1), INT64_MAX);
    assert_int_equal(histogram_above(&histogram, INT64_MAX / 4), 2);
    histogram_fini(&histogram);
}

static void merged_is_as_if_all_had_been_added_to_one(void **state)
{
    (void)state;
    struct histogram one = {0}, two = {0}, both = {0};
    draw(&one, 1, 1000);
    draw(&two, 2, 3000);
    draw(&both, 1, 1000);
    draw(&both, 2, 3000);
    histogram_merge(&one, &two);
    assert_int_equal(one.count, both.count);
    assert_int_equal(one.sum, both.sum);
    assert_int_equal(one.min, both.min);
    assert_int_equal(one.max, both.max);
    struct histogram_bucket a, b;
    for (size_t i = 0, k = 0; histogram_next(&one, &i, &a);) {
        assert_true(histogram_next(&both, &k, &b));
        assert_int_equal(a.from, b.from);
        assert_int_equal(a.count, b.count);
    }
    histogram_fini(&one);
    histogram_fini(&two);
    histogram_fini(&both);
}

/* By hand: a = {1, 2, 3}, b = {2, 4}. Pairs with b larger: 2>1, 4>1, 4>2, 4>3, and 2=2 counts half: U = 4.5 of 6. */
static void rank_counts_the_pairs(void **state)
{
    (void)state;
    struct histogram a = {0}, b = {0};
    for (int i = 1; i <= 3; i++)
        histogram_add(&a, i);
    histogram_add(&b, 2);
    histogram_add(&b, 4);
    const struct histogram_rank rank = histogram_compare(&a, &b);
    assert_true(fabs(rank.effect - 4.5 / 6) < 1e-12);
    /* sigma² = n m / 12 (N + 1 - sum(t³ - t) / (N (N - 1))) = 6 / 12 (6 - 6 / 20) = 2.85 */
    assert_true(fabs(rank.z - 1.5 / sqrt(2.85)) < 1e-12);
    const struct histogram_rank back = histogram_compare(&b, &a);
    assert_true(fabs(back.effect - 1.5 / 6) < 1e-12);
    assert_true(fabs(back.p - rank.p) < 1e-12);
    histogram_fini(&a);
    histogram_fini(&b);
}

static void rank_of_the_same_distribution_is_seldom_significant(void **state)
{
    (void)state;
    int significant = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct histogram a = {0}, b = {0};
        draw(&a, 1000 + seed, 500);
        draw(&b, 5000 + seed, 700);
        significant += histogram_compare(&a, &b).p < 0.05;
        histogram_fini(&a);
        histogram_fini(&b);
    }
    assert_in_range(significant, 2, 22); /* 10 are expected; the seeds are fixed */
}

static void series_has_the_mean_over_time_and_the_greatest(void **state)
{
    (void)state;
    struct series series;
    double mean[4], max[4];
    series_init(&series, 1000);
    series_set(&series, 1000, 0);
    series_set(&series, 41000, 10);
    series_set(&series, 41000, 30); /* for no time */
    series_set(&series, 41000, 2);
    series_columns(&series, 81000, 4, mean, max); /* two buckets of 20 us after folding, or more of less */
    assert_true(fabs(series_mean(&series, 81000) - 1) < 1e-9);
    assert_true(fabs(mean[0]) < 1e-9 && fabs(mean[3] - 2) < 1e-9);
    assert_true(max[0] <= 0 && fabs(max[2] - 30) < 1e-9);
}

static void series_of_any_length_keeps_its_integral(void **state)
{
    (void)state;
    struct weft__rng rng;
    struct series series;
    weft__rng_seed(&rng, 3);
    series_init(&series, 0);
    series_set(&series, 0, 0);
    double integral = 0, value = 0;
    int64_t ns = 0;
    for (int i = 0; i < 20000; i++) {
        const int64_t pause = weft__rng_below(&rng, i % 100 ? 5000 : 50000000);
        integral += value * (double)pause;
        ns += pause;
        value = weft__rng_below(&rng, 100);
        series_set(&series, ns, value);
    }
    assert_true(fabs(series_mean(&series, ns) * (double)ns / integral - 1) < 1e-9);
    assert_true(series.begin_ns + SERIES_BUCKETS * series.width_ns > ns);
}

static void series_of_a_broken_clock_ends(void **state)
{
    (void)state;
    struct series series;
    double mean[2], max[2];
    series_init(&series, INT64_C(1700000000000000000));
    series_set(&series, INT64_C(1700000000000000000), 1);
    series_set(&series, INT64_MAX, 3);
    series_columns(&series, INT64_MAX, 2, mean, max);
    assert_true(fabs(mean[0] - 1) < 1e-9 && max[1] >= 3);
}

static void series_before_its_first_value_is_unknown(void **state)
{
    (void)state;
    struct series series;
    double mean[2], max[2];
    series_init(&series, 0);
    assert_true(series_mean(&series, 1000) < 0);
    series_set(&series, 500000, 7);
    series_columns(&series, 1000000, 2, mean, max);
    assert_true(mean[0] < 0 && fabs(mean[1] - 7) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_near_those_of_the_sorted_values),
        cmocka_unit_test(quantile_of_nothing_is_nought_and_of_one_value_that_value),
        cmocka_unit_test(largest_values_have_a_bucket),
        cmocka_unit_test(merged_is_as_if_all_had_been_added_to_one),
        cmocka_unit_test(rank_counts_the_pairs),
        cmocka_unit_test(rank_of_the_same_distribution_is_seldom_significant),
        cmocka_unit_test(series_has_the_mean_over_time_and_the_greatest),
        cmocka_unit_test(series_of_any_length_keeps_its_integral),
        cmocka_unit_test(series_of_a_broken_clock_ends),
        cmocka_unit_test(series_before_its_first_value_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
