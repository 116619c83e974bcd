/* SPDX-License-Identifier: MIT */
/* How many different things: none, few, and many, within the error that the head of the file promises. */
#include "lib/stress.h"
#include "metrics/sketch.h"

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void sketch_counts_what_differs(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, 2, 10, 100, 1000, 10000, 100000, 1000000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        static struct weft__sketch sketch;
        sketch = (struct weft__sketch){.registers = {0}};
        for (int again = 0; again < 2; again++)
            for (uint64_t i = 1; i <= sizes[s]; i++)
                weft__sketch_add(&sketch, mix(i * UINT64_C(0x9e3779b97f4a7c15)));
        const uint64_t count = weft__sketch_count(&sketch);
        const uint64_t slack = sizes[s] / 10 + (sizes[s] > 10 ? 2 : 0); /* three deviations; the numbers are always the same */
        assert_in_range(count, sizes[s] - slack, sizes[s] + slack);
    }
}

static void sketch_of_one_thing_is_one(void **state)
{
    (void)state;
    static const uint64_t ends[] = {0, 1, UINT64_MAX, UINT64_C(1) << 63, UINT64_C(1) << 53};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct weft__sketch sketch = {.registers = {0}};
        for (int again = 0; again < 1000; again++)
            weft__sketch_add(&sketch, ends[i]);
        assert_int_equal(weft__sketch_count(&sketch), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sketch_counts_what_differs),
        cmocka_unit_test(sketch_of_one_thing_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
