/* SPDX-License-Identifier: MIT */
/* How often a worker looks into the shared queue, by what its polls take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sched/pace.h"

/* `rounds` rounds of 16 polls that take so long each. */
static void run(struct weft__pace *pace, int64_t *now, uint32_t *polls, int64_t poll_ns, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        *now += 16 * poll_ns;
        *polls += 16;
        weft__pace_measure(pace, *now, *polls);
    }
}

/* RT-17 */
static void pace_follows_what_polls_take(void **state)
{
    (void)state;
    struct weft__pace pace;
    int64_t now = 1000;
    uint32_t polls = UINT32_MAX - 100; /* the count wraps on the way */
    weft__pace_init(&pace, 0);
    assert_int_equal(pace.interval, WEFT__PACE_FIRST);
    weft__pace_begin(&pace, now, polls);
    run(&pace, &now, &polls, 1000000, 50); /* slow tasks */
    assert_true(pace.interval <= 8);
    run(&pace, &now, &polls, 200, 100); /* fast ones */
    assert_true(pace.interval >= 32);
    run(&pace, &now, &polls, 0, 10); /* faster than the clock sees */
    assert_int_equal(pace.interval, WEFT__PACE_MAX);
    run(&pace, &now, &polls, 20000, 100);
    assert_in_range(pace.interval, 8, 12);
}

/* A sleep, and a clock that stands still or goes back, are not polls. */
static void pace_measures_only_polls(void **state)
{
    (void)state;
    struct weft__pace pace;
    int64_t now = 0;
    uint32_t polls = 0;
    weft__pace_init(&pace, 0);
    weft__pace_begin(&pace, now, polls);
    run(&pace, &now, &polls, 1000, 50);
    const uint32_t before = pace.interval;
    now += INT64_C(3600000000000);
    weft__pace_measure(&pace, now, polls); /* no poll since */
    weft__pace_begin(&pace, now, polls);
    run(&pace, &now, &polls, 1000, 1);
    assert_int_equal(pace.interval, before);
    now -= 5000;
    weft__pace_measure(&pace, now, polls += 16);
    assert_true(pace.interval >= before);
}

static void pace_stays_where_the_host_put_it(void **state)
{
    (void)state;
    struct weft__pace pace;
    int64_t now = 0;
    uint32_t polls = 0;
    weft__pace_init(&pace, 5);
    run(&pace, &now, &polls, 1000000, 50);
    assert_int_equal(pace.interval, 5);
    run(&pace, &now, &polls, 1, 50);
    assert_int_equal(pace.interval, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pace_follows_what_polls_take),
        cmocka_unit_test(pace_measures_only_polls),
        cmocka_unit_test(pace_stays_where_the_host_put_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
