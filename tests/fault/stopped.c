/* SPDX-License-Identifier: MIT */
/*
 * The process is stopped while its timers become due, and goes on: for the library the same as a machine that was suspended,
 * but that CLOCK_MONOTONIC stands still in suspend. What is overdue fires once, at once, and no storm of ticks follows.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/verdict.h"
#include "lib/world.h"

enum { SLEEPERS = 200 };
static const int64_t ms = 1000000;

static atomic_uint fired[SLEEPERS], early, storms;

struct sleeper {
    weft_frame weft;
    int64_t deadline;
    int number;
    atomic_uint *armed;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    atomic_fetch_add(self->armed, 1);
    WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, self->deadline));
    atomic_fetch_add(&fired[self->number], 1);
    if (self->weft.rc != 0 || weft_clock() < self->deadline)
        atomic_fetch_add(&early, 1);
    WEFT_END(0);
}

/* After each tick that it takes the next one is in the future: nothing piles up. */
struct ticker {
    weft_frame weft;
    weft_interval interval;
    weft_missed missed;
    int64_t until, before;
    atomic_uint *armed;
};

static weft_poll ticker(weft_context *cx, struct ticker *self)
{
    WEFT_BEGIN(cx, self);
    if (weft_interval_start(&self->interval, ms, self->missed) < 0)
        WEFT_RETURN(WEFT_EINVAL);
    atomic_fetch_add(self->armed, 1);
    while (self->interval.next_ns < self->until) {
        self->before = self->interval.next_ns;
        WEFT_AWAIT(self->weft.rc, weft_interval_tick(cx, &self->interval));
        /* Late by so many periods: as many, and this one, are behind it now. */
        if (self->weft.rc < 0 || self->interval.next_ns < self->before + (self->weft.rc + 1) * ms)
            atomic_fetch_add(&storms, 1);
    }
    WEFT_END(0);
}

/* Arms timers that are due between 20 and 60 ms from now, tells when the last is due, and waits for them. */
static int sleep_through_it(void *context)
{
    const int tell = *(const int *)context;
    atomic_uint armed = 0;
    weft_runtime *rt = NULL;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2)) < 0)
        return 2;
    const int64_t now = weft_clock(), last = now + 60 * ms;
    for (int i = 0; i < SLEEPERS; i++)
        weft_spawn(weft_runtime_scope(rt), sleeper, .deadline = now + 20 * ms + i * ms / 5, .number = i, .armed = &armed);
    weft_spawn(weft_runtime_scope(rt), ticker, .missed = WEFT_MISSED_SKIP, .until = last, .armed = &armed);
    weft_spawn(weft_runtime_scope(rt), ticker, .missed = WEFT_MISSED_DELAY, .until = last, .armed = &armed);
    WORLD_UNTIL(atomic_load(&armed) == SLEEPERS + 2);
    if (write(tell, &last, sizeof last) != (ssize_t)sizeof last || weft_runtime_finish(rt) != 0)
        return 3;
    for (int i = 0; i < SLEEPERS; i++)
        if (atomic_load(&fired[i]) != 1)
            return 4;
    if (atomic_load(&early) > 0)
        return 5;
    return atomic_load(&storms) > 0 ? 6 : 0;
}

static void wait_until(int64_t time)
{
    const struct timespec until = {(time_t)(time / 1000000000), (long)(time % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
        continue;
}

/* scenario 37 known bug 54 */
static void process_that_was_stopped_fires_what_is_overdue_once(void **state)
{
    (void)state;
    int ends[2];
    int64_t last = 0;
    int status = 0;
    assert_int_equal(pipe(ends), 0);
    const pid_t child = child_fork();
    if (child == 0)
        exit(sleep_through_it(&ends[1]));
    assert_true(child > 0);
    assert_int_equal(read(ends[0], &last, sizeof last), (ssize_t)sizeof last);
    assert_int_equal(kill(child, SIGSTOP), 0);
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    if (!WIFEXITED(status)) {
        wait_until(last + 40 * ms); /* all are due, and it does not run; had it ended first, there was nothing to see */
        assert_int_equal(kill(child, SIGCONT), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process_that_was_stopped_fires_what_is_overdue_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
