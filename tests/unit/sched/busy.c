/* SPDX-License-Identifier: MIT */
/* How long a worker has been awake, told while it lies down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/platform.h"
#include "sched/sched.h"

static struct weft__env env;
static struct weft__worker worker = {.thread = {.env = &env}};

static void get_up(int64_t now)
{
    worker.thread.now = now;
    weft__worker_note_busy(&worker, true);
}

static void lie_down(int64_t now)
{
    worker.thread.now = now;
    weft__worker_note_busy(&worker, false);
}

static void busy_is_the_time_between_getting_up_and_lying_down(void **state)
{
    (void)state;
    lie_down(100);
    get_up(200);
    lie_down(250);
    assert_int_equal(weft__worker_busy(&worker), 50);
    get_up(INT64_MAX - 10); /* a clock may stand anywhere */
    lie_down(INT64_MAX);
    assert_int_equal(weft__worker_busy(&worker), 60);
}

static void busy_does_not_fall_when_the_note_comes_late(void **state)
{
    (void)state;
    const int64_t up = weft__clock_now();
    get_up(up);
    while (weft__clock_now() < up + 2) /* so that the clock has moved */
        continue;
    const int64_t told = weft__worker_busy(&worker); /* it has looked at the clock, and not made its note yet */
    lie_down(up + 1);
    assert_true(weft__worker_busy(&worker) >= told);
    get_up(up + 1);
    lie_down(up + 1 + 2 * told); /* and goes on from there */
    assert_true(weft__worker_busy(&worker) > told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(busy_is_the_time_between_getting_up_and_lying_down),
        cmocka_unit_test(busy_does_not_fall_when_the_note_comes_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
