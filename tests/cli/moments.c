/* SPDX-License-Identifier: MIT */
/* Times at the door: what whoever takes events may rely on, whatever was recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli/trace/moments.h"

static struct event taken(struct moments *moments, int64_t ns, int64_t clock_ns)
{
    struct event event = {.ns = ns, .clock_ns = clock_ns};
    moments_take(moments, &event);
    return event;
}

static void times_in_their_order_stay_what_they_are(void **state)
{
    (void)state;
    struct moments moments = {0};
    static const int64_t times[] = {0, 7, 7, 1700000000000000000, MOMENTS_MAX};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        const struct event event = taken(&moments, times[i], 5);
        assert_int_equal(event.ns, times[i]);
        assert_int_equal(event.clock_ns, 5);
    }
}

static void times_that_go_back_are_those_of_the_event_before(void **state)
{
    (void)state;
    struct moments moments = {0};
    assert_int_equal(taken(&moments, 100, 90).ns, 100);
    assert_int_equal(taken(&moments, 60, 50).ns, 100);
    assert_int_equal(taken(&moments, INT64_MIN, 50).ns, 100);
    assert_int_equal(taken(&moments, 101, 50).ns, 101);
    assert_int_equal(taken(&moments, 102, 40).clock_ns, 40); /* clocks of several programs are in no order */
}

static void no_time_is_before_1970_or_after_the_most(void **state)
{
    (void)state;
    struct moments moments = {0};
    assert_int_equal(taken(&moments, -1, INT64_MIN).ns, 0);
    assert_int_equal(taken(&moments, 1, INT64_MIN).clock_ns, 0);
    assert_int_equal(taken(&moments, 2, INT64_MAX).clock_ns, MOMENTS_MAX);
    assert_int_equal(taken(&moments, INT64_MAX, 1).ns, MOMENTS_MAX);
    assert_int_equal(taken(&moments, 3, 1).ns, MOMENTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_in_their_order_stay_what_they_are),
        cmocka_unit_test(times_that_go_back_are_those_of_the_event_before),
        cmocka_unit_test(no_time_is_before_1970_or_after_the_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
