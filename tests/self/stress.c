/* SPDX-License-Identifier: MIT */
/* What stress tests share does what it says. */
#include "lib/stress.h"

#include <weft.h>

/* A holder that has not looked yet when the next hold begins would stay, and that hold would wait for its worker for ever. */
static void workers_are_held_again_right_after_their_release(void **state)
{
    (void)state;
    weft_runtime *rt;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2)), 0);
    for (int i = 0; i < 100; i++) {
        stress_hold(rt, 2);
        stress_release();
    }
    stress_settle(rt);
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(workers_are_held_again_right_after_their_release)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
