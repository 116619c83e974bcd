/* SPDX-License-Identifier: MIT */
/*
 * The wall clock is set a year forward and two back while tasks sleep. To set the machine's would disturb others, so this
 * program answers for the C library what time it is, and looks at how the library asks: nothing of it may read the wall
 * clock, and no sleep may be on it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/verdict.h"
#include "lib/world.h"

static atomic_llong wall_shift_s;
static atomic_uint futex_waits;

/* Whether the caller is a thread that the library made. */
static bool is_ours(void)
{
    return (pid_t)syscall(SYS_gettid) != getpid();
}

typedef long call_fn(long number, ...);

static call_fn *find_real(void)
{
    static _Atomic(call_fn *) found; /* the constructors of libraries ask, too, before main() */
    call_fn *real = atomic_load(&found);
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "syscall");
        atomic_store(&found, real);
    }
    return real;
}

/* In place of the C library's. Six arguments are passed on, whatever was given: as it does itself. */
long syscall(long number, ...)
{
    long a[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == SYS_futex && a[3] != 0) { /* with a limit */
        const int command = (int)a[1] & FUTEX_CMD_MASK;
        VERDICT(!(a[1] & FUTEX_CLOCK_REALTIME));
        VERDICT(command != FUTEX_WAIT); /* a limit from now on: counted anew after an interruption, and so late */
        atomic_fetch_add(&futex_waits, 1);
    }
    return find_real()(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int clock_gettime(clockid_t clock, struct timespec *out_time)
{
    const int rc = (int)syscall(SYS_clock_gettime, (long)clock, (long)out_time);
    if (rc != 0 || clock == CLOCK_MONOTONIC)
        return rc;
    VERDICT(!is_ours());
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        out_time->tv_sec += atomic_load(&wall_shift_s);
    return 0;
}

/* Sleeps, ticks, and waits with a limit. */
struct sleeper {
    weft_frame weft;
    int64_t delay_ns, deadline;
    atomic_uint *ended;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    self->deadline = weft_deadline_in(self->delay_ns);
    WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, self->deadline));
    VERDICT(self->weft.rc == 0 && weft_clock() >= self->deadline);
    atomic_fetch_add(self->ended, 1);
    WEFT_END(0);
}

struct ticker {
    weft_frame weft;
    weft_interval interval;
    int64_t due;
    int left;
    atomic_uint *ended;
};

static weft_poll ticker(weft_context *cx, struct ticker *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_interval_start(&self->interval, 2000000, WEFT_MISSED_BURST) == 0);
    while (self->left-- > 0) {
        self->due = self->interval.next_ns;
        WEFT_AWAIT(self->weft.rc, weft_interval_tick(cx, &self->interval));
        VERDICT(self->weft.rc >= 0 && weft_clock() >= self->due);
        VERDICT(self->interval.next_ns == self->due + 2000000);
    }
    atomic_fetch_add(self->ended, 1);
    WEFT_END(0);
}

/* scenario 38 */
static void wall_clock_that_is_set_changes_no_timer(void **state)
{
    (void)state;
    enum { SLEEPERS = 40, YEAR_S = 365 * 86400 };
    atomic_uint ended = 0;
    weft_runtime *rt = world_begin(2);
    for (int i = 0; i < SLEEPERS; i++)
        weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = i * 2000000, .ended = &ended);
    weft_spawn(weft_runtime_scope(rt), ticker, .left = SLEEPERS, .ended = &ended);
    const time_t before = time(NULL);
    for (unsigned turn = 0; atomic_load(&ended) <= SLEEPERS; turn++) {
        atomic_store(&wall_shift_s, turn % 2 ? YEAR_S : -2 * YEAR_S);
        struct timespec wall;
        assert_int_equal(clock_gettime(CLOCK_REALTIME, &wall), 0);
        assert_true(turn % 2 ? wall.tv_sec > before + YEAR_S - 60 : wall.tv_sec < before - YEAR_S); /* it was set */
        numbers_sender out;
        numbers_receiver in;
        uint64_t got;
        const int64_t deadline = weft_deadline_in(1000000);
        world_channel(rt, 1, WEFT_WAIT, &out, &in);
        assert_int_equal(numbers_recv_blocking(&in, &got, deadline), WEFT_ETIMEDOUT); /* a host's thread, too */
        assert_true(weft_clock() >= deadline);
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
    }
    world_end(rt, SLEEPERS + 1);
    assert_true(atomic_load(&futex_waits) > 0);
    verdict_assert();
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_clock_that_is_set_changes_no_timer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
