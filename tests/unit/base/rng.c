/* SPDX-License-Identifier: MIT */
/* The generator: repeatable, never stuck, within its bound. */
#include "base/rng.h"
#include "lib/verdict.h"

static void rng_same_seed_gives_same_choices(void **state)
{
    (void)state;
    struct weft__rng a, b;
    weft__rng_seed(&a, 42);
    weft__rng_seed(&b, 42);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(weft__rng_next(&a), weft__rng_next(&b));
}

static void rng_seed_zero_is_not_stuck(void **state)
{
    (void)state;
    struct weft__rng rng;
    weft__rng_seed(&rng, 0);
    assert_int_not_equal(rng.state, 0);
    uint32_t seen = 0;
    for (int i = 0; i < 100; i++)
        seen |= weft__rng_next(&rng);
    assert_int_equal(seen, UINT32_MAX);
}

/* known bug 83 */
static void rng_below_stays_below_and_reaches_all(void **state)
{
    (void)state;
    struct weft__rng rng;
    weft__rng_seed(&rng, 7);
    unsigned hits[13] = {0};
    for (int i = 0; i < 13000; i++) {
        const uint32_t n = weft__rng_below(&rng, 13);
        assert_true(n < 13);
        hits[n]++;
    }
    for (int i = 0; i < 13; i++)
        assert_in_range(hits[i], 700, 1300);
    assert_int_equal(weft__rng_below(&rng, 1), 0);
    assert_true(weft__rng_below(&rng, UINT32_MAX) < UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rng_same_seed_gives_same_choices),
        cmocka_unit_test(rng_seed_zero_is_not_stuck),
        cmocka_unit_test(rng_below_stays_below_and_reaches_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
