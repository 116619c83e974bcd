/* SPDX-License-Identifier: MIT */
/*
 * A host thread that waits for a runtime: when it looks before it sleeps. Nobody else takes part: whoever wakes it does so out
 * of the futex in which it sleeps, or out of a look at the clock while it is awake.
 */
#include <errno.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft/error.h>

#include "base/linger.h"
#include "base/platform.h"
#include "lib/verdict.h"
#include "runtime/runtime.h"
#include "task/wait.h"

enum { STEP = 100, WAKE = 20000, LONG = 1000000, NEVER = INT_MAX };

static struct weft__blocked blocked, other;

/* The clock goes on by a step with each look at it. */
static struct weft__platform table;
static int64_t now;
static int clock_looks, sleeps;
static int wake_at_look;     /* the look at the clock at which it is woken; NEVER: none */
static int64_t sleeps_until; /* how long it sleeps before somebody goes to wake it */
static struct weft__blocked *waits;
static void (*meanwhile)(void); /* in the place of the wake while it is awake */

static void wake(void)
{
    weft__waiter_wake(weft__waiter_thread(waits), 0, 0);
}

static void wake_while_awake(void)
{
    wake_at_look = NEVER;
    if (meanwhile)
        meanwhile();
    wake();
}

static int64_t clock_read(void)
{
    now += STEP;
    if (++clock_looks == wake_at_look)
        wake_while_awake();
    return now;
}

/* Asleep: the deadline comes, or a wake, which takes its time. */
static int futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
    VERDICT(weft__load_relaxed(word) == expected);
    sleeps++;
    if (deadline_ns <= now + sleeps_until) {
        now = now < deadline_ns ? deadline_ns : now;
        return -ETIMEDOUT;
    }
    now += sleeps_until;
    wake();
    now += WAKE;
    return 0;
}

static int woken; /* calls of the system that wake */
static void futex_wake(_Atomic uint32_t *word, int count)
{
    (void)word, (void)count;
    woken++;
}

/* One wait: what it answers. It is woken at that look at the clock, if it is awake then, or after so long asleep. */
static int wait_for(int looks, int64_t asleep_ns, int64_t deadline_ns)
{
    clock_looks = sleeps = woken = 0;
    wake_at_look = looks;
    sleeps_until = asleep_ns;
    waits = &blocked;
    weft__blocked_init(waits, 0);
    return weft__blocked_wait(waits, deadline_ns);
}

static int begin(void **state)
{
    (void)state;
    table = weft__platform_linux;
    table.clock = clock_read;
    table.futex_wait = futex_wait;
    table.futex_wake = futex_wake;
    weft__platform = &table;
    meanwhile = NULL;
    now = LONG;
    for (int i = 0; i < 2 << WEFT__LINGER_DOUBLED_MAX; i++) /* the account is this thread's: what looks in vain left there is made up for */
        wait_for(5, STEP, WEFT_FOREVER);
    wait_for(NEVER, LONG, WEFT_FOREVER); /* and no wait was brief of late */
    return 0;
}

static int end(void **state)
{
    (void)state;
    weft__platform = &weft__platform_linux;
    verdict_assert();
    return 0;
}

static void learn_that_waits_are_brief(void)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(wait_for(NEVER, STEP, WEFT_FOREVER), 0);
        assert_int_equal(sleeps, 1);
    }
}

static void blocked_after_two_brief_waits_it_looks_before_it_sleeps(void **state)
{
    (void)state;
    learn_that_waits_are_brief();
    for (int i = 0; i < 100; i++) {
        assert_int_equal(wait_for(5, NEVER, WEFT_FOREVER), 0);
        assert_int_equal(sleeps, 0);
        assert_int_equal(woken, 0); /* who wakes it calls nobody */
    }
}

static void blocked_who_waits_for_long_sleeps_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(wait_for(NEVER, LONG, WEFT_FOREVER), 0);
        assert_int_equal(sleeps, 1);
        assert_int_equal(clock_looks, 3); /* as it lies down, as it is woken, as it gets up */
    }
}

static void blocked_that_has_looked_in_vain_sleeps(void **state)
{
    (void)state;
    learn_that_waits_are_brief();
    const int64_t since = now;
    assert_int_equal(wait_for(NEVER, LONG, WEFT_FOREVER), 0);
    assert_int_equal(sleeps, 1);
    assert_in_range(now - since, LONG + 3 * WAKE, LONG + 3 * WAKE + 10 * STEP); /* two wakes of looking, one of waking */
    wait_for(NEVER, STEP, WEFT_FOREVER);
    assert_int_equal(clock_looks, 3); /* that wait was long: no look at the next */
}

static void blocked_looks_until_its_deadline_at_most(void **state)
{
    (void)state;
    learn_that_waits_are_brief();
    const int64_t deadline = now + WAKE;
    assert_int_equal(wait_for(NEVER, NEVER, deadline), WEFT_ETIMEDOUT);
    assert_in_range(now, deadline, deadline + 5 * STEP);
    for (int64_t past = -1; past <= 1; past++) /* a time before all clocks began is one that has passed */
        assert_int_equal(wait_for(NEVER, NEVER, past < 0 ? INT64_MIN : past), WEFT_ETIMEDOUT);
}

/* What was there before it slept says nothing about wakes, nor does the sleeper that nobody woke. */
static void blocked_learns_from_wakes_alone(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        weft__blocked_init(&blocked, 0);
        clock_looks = sleeps = 0;
        wake_at_look = NEVER;
        weft__waiter_wake(weft__waiter_thread(&blocked), 0, 0);
        assert_int_equal(clock_looks, 0); /* a set that wakes nobody asks for no time */
        assert_int_equal(weft__blocked_wait(&blocked, WEFT_FOREVER), 0);
        assert_int_equal(sleeps, 0);
        assert_int_equal(wait_for(NEVER, NEVER, now + STEP), WEFT_ETIMEDOUT);
    }
    assert_int_equal(wait_for(NEVER, STEP, WEFT_FOREVER), 0);
    assert_int_equal(clock_looks, 3); /* it has not looked yet: this was the first that was brief */
}

/* What another thread does meanwhile is done here, out of the look: that one would look, too, and finds that somebody does. */
static int64_t other_looks_ns;
static void other_waits(void)
{
    waits = &other;
    weft__blocked_init(waits, 0);
    other_looks_ns = now;
    VERDICT(weft__blocked_wait(waits, WEFT_FOREVER) == 0);
    other_looks_ns = now - other_looks_ns;
    waits = &blocked;
}

/* The thread that looked is not in the child. */
static void other_waits_in_a_child(void)
{
    int status = -1;
    const pid_t child = fork();
    if (child == 0) {
        other_waits();
        _exit(verdict_holds() && other_looks_ns >= 3 * WAKE ? 0 : 1); /* it has looked for two wakes, and slept */
    }
    VERDICT(child > 0 && waitpid(child, &status, 0) == child);
    VERDICT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void blocked_looks_one_thread_at_a_time(void **state)
{
    (void)state;
    learn_that_waits_are_brief();
    meanwhile = other_waits;
    assert_int_equal(wait_for(5, STEP, WEFT_FOREVER), 0);
    assert_int_equal(sleeps, 1);
    assert_in_range(other_looks_ns, WAKE, WAKE + 10 * STEP); /* it slept at once */
    meanwhile = NULL;
    assert_int_equal(wait_for(5, STEP, WEFT_FOREVER), 0);
    assert_int_equal(sleeps, 0); /* the next has its turn */
}

static void blocked_looks_in_a_child_that_was_forked_while_another_looked(void **state)
{
    (void)state;
    assert_int_equal(weft__fork_prepare(), 0);
    learn_that_waits_are_brief();
    meanwhile = other_waits_in_a_child;
    assert_int_equal(wait_for(5, STEP, WEFT_FOREVER), 0);
    assert_int_equal(sleeps, 0); /* in the child alone */
    verdict_assert();
}

static void blocked_again_it_waits_as_if_for_the_first_time(void **state)
{
    (void)state;
    assert_int_equal(wait_for(NEVER, STEP, WEFT_FOREVER), 0);
    assert_true(blocked.roused_ns != 0);
    weft__blocked_again(&blocked);
    assert_false(weft__event_is_set(&blocked.event));
    assert_int_equal(blocked.roused_ns, 0);
    assert_int_equal(weft__blocked_wait(&blocked, WEFT_FOREVER), 0);
    assert_int_equal(sleeps, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blocked_after_two_brief_waits_it_looks_before_it_sleeps, begin, end),
        cmocka_unit_test_setup_teardown(blocked_who_waits_for_long_sleeps_at_once, begin, end),
        cmocka_unit_test_setup_teardown(blocked_that_has_looked_in_vain_sleeps, begin, end),
        cmocka_unit_test_setup_teardown(blocked_looks_until_its_deadline_at_most, begin, end),
        cmocka_unit_test_setup_teardown(blocked_learns_from_wakes_alone, begin, end),
        cmocka_unit_test_setup_teardown(blocked_looks_one_thread_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(blocked_looks_in_a_child_that_was_forked_while_another_looked, begin, end),
        cmocka_unit_test_setup_teardown(blocked_again_it_waits_as_if_for_the_first_time, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
