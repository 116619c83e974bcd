/* SPDX-License-Identifier: MIT */
/* Simulated runtimes: what waits for ever is told, by name and place. ctest-cost: 6 */
#include <inttypes.h>
#include <stdio.h>

#include "lib/simulated.h"

/* Locks two mutexes in an order. */
struct locker {
    weft_frame weft;
    weft_mutex first, second;
};
static weft_poll locker(weft_context *cx, struct locker *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->first));
    if (self->weft.rc < 0)
        WEFT_RETURN(0);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->second));
    if (self->weft.rc == 0)
        weft_mutex_unlock(&self->second);
    weft_mutex_unlock(&self->first);
    WEFT_END(0);
}

/* The classic: it is found, whichever of the two is first, and told by name, line and object. */
static void sim_tells_who_waits_for_whom_for_ever(void **state)
{
    (void)state;
    unsigned stuck = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        weft_runtime *rt = simulated_begin(seed);
        weft_mutex left = simulated_mutex(rt, "left"), right = simulated_mutex(rt, "right");
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("anna"), locker, .first = left, .second = right);
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("otto"), locker, .first = right, .second = left);
        const int answer = weft_sim_run(rt);
        if (answer == WEFT_EDEADLK) {
            char seed_text[40];
            snprintf(seed_text, sizeof seed_text, "WEFT_SEED=%" PRIu64, seed);
            stuck++;
            assert_true(simulated_said(seed_text) && simulated_said("2 tasks wait"));
            assert_true(simulated_said("weft_sim_run") && simulated_said("locker, "));
            assert_non_null(strstr(simulated_reports, "'anna' (3)"));
            assert_non_null(strstr(simulated_reports, "sim_stuck.c:"));
            assert_non_null(strstr(simulated_reports, "for mutex 'right' (owner: task 4)"));
            assert_non_null(strstr(simulated_reports, "'otto' (4)"));
            assert_non_null(strstr(simulated_reports, "for mutex 'left' (owner: task 3)"));
            assert_int_equal(weft_runtime_finish(rt), WEFT_EDEADLK);
            assert_true(simulated_said("weft_runtime_finish: nothing can ever happen again"));
            assert_int_equal(weft_runtime_destroy(rt), 0); /* it stayed ours, and its tasks listen */
        } else {
            assert_int_equal(answer, 0);
            assert_int_equal(weft_runtime_finish(rt), 0);
        }
        weft_mutex_destroy(&left);
        weft_mutex_destroy(&right);
    }
    assert_in_range(stuck, 20, 99);
}

/* Does not listen to anybody but `leave`. */
struct stubborn {
    weft_frame weft;
    const bool *leave;
};
static weft_poll stubborn(weft_context *cx, struct stubborn *self)
{
    (void)cx;
    return *self->leave ? WEFT_READY : WEFT_PENDING;
}

static void sim_end_says_that_tasks_do_not_listen_and_leaves_the_runtime(void **state)
{
    (void)state;
    weft_runtime *rt = simulated_begin(9);
    bool leave = false;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), stubborn, .leave = &leave);
    assert_int_equal(weft_runtime_shutdown(rt, epoch + 5 * ms), WEFT_ETIMEDOUT);
    assert_true(weft_runtime_clock(rt) == epoch + 5 * ms); /* it has waited, in its own time */
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), WEFT_EDEADLK);
    assert_int_equal(weft_runtime_destroy(rt), WEFT_EDEADLK);
    assert_true(simulated_said("weft_runtime_destroy: nothing can ever happen again") && simulated_said("stubborn"));
    leave = true;
    weft_wake((weft_waker){task});
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

/* Waits for a time by asking for it again and again. */
struct spinner {
    weft_frame weft;
    int64_t until_ns;
};
static weft_poll spinner(weft_context *cx, struct spinner *self)
{
    WEFT_BEGIN(cx, self);
    self->until_ns = weft_clock() + 1;
    while (weft_clock() < self->until_ns) {
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        if (self->weft.rc < 0)
            break;
    }
    WEFT_END(0);
}

static void sim_tells_of_a_task_that_spins_until_a_time_has_come(void **state)
{
    (void)state;
    weft_runtime *rt = simulated_begin(11);
    weft_spawn(weft_runtime_scope(rt), spinner);
    assert_int_equal(weft_sim_run(rt), WEFT_EDEADLK);
    assert_true(simulated_said("the clock has not moved (WEFT_SEED=11)") && simulated_said("'spinner'"));
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sim_tells_who_waits_for_whom_for_ever),
        cmocka_unit_test(sim_end_says_that_tasks_do_not_listen_and_leaves_the_runtime),
        cmocka_unit_test(sim_tells_of_a_task_that_spins_until_a_time_has_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
