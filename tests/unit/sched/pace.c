/* SPDX-License-Identifier: MIT */
/* How often a worker looks into the shared queue, and at the clock, by what its polls take. */
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
    weft__pace_init(&pace, 0, 64);
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
    weft__pace_init(&pace, 0, 64);
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
    weft__pace_init(&pace, 5, 64);
    run(&pace, &now, &polls, 1000000, 50);
    assert_int_equal(pace.interval, 5);
    run(&pace, &now, &polls, 1, 50);
    assert_int_equal(pace.interval, 5);
}

/*
 * Polls as a worker does them, that take so long each, until the next look at the clock; how many. What is measured of them is their
 * own: the time of the look, before which none of them was, is in `now`.
 */
static uint32_t until_look(struct weft__pace *pace, int64_t *now, uint32_t *polls, int64_t poll_ns)
{
    uint32_t done = 0;
    do {
        done++;
        *now += poll_ns;
    } while (!weft__pace_is_due(pace, *polls + done));
    weft__pace_measure(pace, *now, *polls += done);
    return done;
}

static void pace_begun(struct weft__pace *pace, int64_t now, uint32_t polls, uint32_t event_interval)
{
    weft__pace_init(pace, 0, event_interval);
    assert_true(weft__pace_is_due(pace, 0)); /* the first poll comes after a look */
    pace->clock_at = polls;
    weft__pace_begin(pace, now, polls);
    weft__pace_measure(pace, now, polls);
}

/* Short polls: 64 of them; long ones: as many as go into a wheel's tick; never none, and never more than that. */
static void clock_is_looked_at_by_what_polls_take(void **state)
{
    (void)state;
    static const struct { int64_t poll_ns; uint32_t polls; } steady[] = {
        {0, 64}, {25, 64}, {64, 64}, {100, 40}, {128, 32}, {256, 16}, {1000, 16}, {4096, 16}, {8192, 8}, {20000, 3}, {65536, 1}, {10000000, 1},
    };
    for (size_t i = 0; i < sizeof steady / sizeof *steady; i++) {
        struct weft__pace pace;
        int64_t now = 7;
        uint32_t polls = UINT32_MAX - 100; /* the count wraps on the way */
        pace_begun(&pace, now, polls, 64);
        assert_int_equal(until_look(&pace, &now, &polls, steady[i].poll_ns), 16); /* nothing is known yet */
        for (int k = 0; k < 50; k++)
            assert_int_equal(until_look(&pace, &now, &polls, steady[i].poll_ns), steady[i].polls);
    }
}

/* After any number of short polls, one that is long is over for 64 of them at most when the clock is looked at; if more are long, only
 * one round is of 64. */
static void clock_is_looked_at_soon_after_long_polls(void **state)
{
    (void)state;
    enum { SHORT = 30, LONG = 1000000 };
    struct weft__pace pace;
    int64_t now = 7;
    uint32_t polls = 0;
    pace_begun(&pace, now, polls, 64);
    for (int k = 0; k < 10; k++)
        until_look(&pace, &now, &polls, SHORT);
    assert_int_equal(until_look(&pace, &now, &polls, SHORT), 64);
    now += LONG;
    assert_int_equal(until_look(&pace, &now, &polls, SHORT), 64); /* the long one is among these */
    assert_in_range(until_look(&pace, &now, &polls, SHORT), 1, 16);
    while (until_look(&pace, &now, &polls, SHORT) != 64)
        assert_true(polls < 2000);
    assert_int_equal(until_look(&pace, &now, &polls, LONG), 64);
    assert_int_equal(until_look(&pace, &now, &polls, LONG), 1);
    /* and a single long one in each round keeps it so */
    for (int k = 0; k < 50; k++) {
        now += LONG;
        assert_in_range(until_look(&pace, &now, &polls, SHORT), 1, 16);
    }
}

/* After a rest it is 16, and no more than were left: who rests after each poll looks all the same. */
static void clock_is_looked_at_by_who_rests_often(void **state)
{
    (void)state;
    struct weft__pace pace;
    int64_t now = 7;
    uint32_t polls = 0, looks = 0;
    pace_begun(&pace, now, polls, 64);
    for (int k = 0; k < 10; k++)
        until_look(&pace, &now, &polls, 20);
    weft__pace_begin(&pace, now += 1000000, polls);
    assert_int_equal(until_look(&pace, &now, &polls, 20), 16);
    for (int k = 0; k < 640; k++) {
        polls++;
        weft__pace_begin(&pace, now += 1000000, polls);
        if (weft__pace_is_due(&pace, polls)) {
            looks++;
            weft__pace_measure(&pace, now, polls); /* no poll since */
        }
    }
    assert_in_range(looks, 640 / 17, 640 / 16);
}

/* The loop is looked at together with the clock: a host that wants it more often gets both, as far as 16. */
static void clock_is_looked_at_as_often_as_the_loop(void **state)
{
    (void)state;
    static const struct { uint32_t event_interval, polls; } cases[] = {{1, 16}, {16, 16}, {40, 40}, {64, 64}, {1000, 64}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft__pace pace;
        int64_t now = 7;
        uint32_t polls = 0;
        pace_begun(&pace, now, polls, cases[i].event_interval);
        until_look(&pace, &now, &polls, 10);
        for (int k = 0; k < 5; k++)
            assert_int_equal(until_look(&pace, &now, &polls, 10), cases[i].polls);
        until_look(&pace, &now, &polls, 100000);
        assert_int_equal(until_look(&pace, &now, &polls, 100000), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pace_follows_what_polls_take),
        cmocka_unit_test(pace_measures_only_polls),
        cmocka_unit_test(pace_stays_where_the_host_put_it),
        cmocka_unit_test(clock_is_looked_at_by_what_polls_take),
        cmocka_unit_test(clock_is_looked_at_soon_after_long_polls),
        cmocka_unit_test(clock_is_looked_at_by_who_rests_often),
        cmocka_unit_test(clock_is_looked_at_as_often_as_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
