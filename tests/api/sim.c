/* SPDX-License-Identifier: MIT */
/* Simulated runtimes: the seed decides, time jumps, and what waits for ever is told. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/faulty.h"
#include "lib/stress.h"
#include "lib/town.h"
#include "lib/tracing.h"
#include "lib/world.h"

static const int64_t ms = 1000000;
static const int64_t epoch = 1000000000; /* where the clock begins */

/* The last report, and all of them. */
static char reported[8192];
static void report(void *context, int code, const char *text)
{
    (void)context;
    (void)code;
    if (strlen(reported) + strlen(text) + 2 < sizeof reported)
        strcat(strcat(reported, text), "\n");
}

static weft_runtime *begin(uint64_t seed)
{
    weft_runtime *rt = NULL;
    reported[0] = '\0';
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "sim", .drive = WEFT_DRIVE_SIM, .seed = seed, .report = report)))
        fail_msg("%s", weft_error_detail());
    return rt;
}

static bool said(const char *text) { return strstr(weft_error_detail(), text) != NULL; }

/* ---- time ---- */

/* Sleeps, and says when it woke. */
struct sleeper {
    weft_frame weft;
    int64_t delay_ns;
    int64_t *woke_ns;
};
static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->delay_ns));
    *self->woke_ns = weft_clock();
    WEFT_END(self->weft.rc);
}

static void sim_sleeps_for_a_year_in_no_time_and_wakes_on_the_nanosecond(void **state)
{
    (void)state;
    const int64_t year = INT64_C(365) * 86400 * 1000 * ms;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        weft_runtime *rt = begin(seed);
        int64_t woke[4] = {0};
        const int64_t delays[4] = {1, 12345, 7 * ms + 1, year + 17};
        assert_true(weft_runtime_clock(rt) == epoch);
        for (int i = 0; i < 4; i++)
            weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = delays[i], .woke_ns = &woke[i]);
        assert_int_equal(weft_sim_run(rt), 0);
        for (int i = 0; i < 4; i++)
            assert_true(woke[i] == epoch + delays[i]);
        assert_true(weft_runtime_clock(rt) == epoch + year + 17);
        assert_int_equal(weft_runtime_finish(rt), 0);
    }
}

/* The clock as the deadline of a scope sees it, and an interval. */
struct timed {
    weft_frame weft;
    weft_scope scope;
    weft_interval interval;
    int64_t deadline_ns;
    int ticks;
    int *closed;
};
static weft_poll timed(weft_context *cx, struct timed *self)
{
    WEFT_BEGIN(cx, self);
    self->deadline_ns = weft_deadline_in(105 * ms);
    self->weft.rc = weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "timed", .deadline_ns = self->deadline_ns));
    VERDICT(self->weft.rc == 0 && weft_interval_start(&self->interval, 10 * ms, WEFT_MISSED_BURST) == 0);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_interval_tick(cx, &self->interval));
        if (self->weft.rc < 0)
            break;
        VERDICT(weft_clock() == epoch + self->ticks * 10 * ms);
        self->ticks++;
    }
    VERDICT(self->weft.rc == WEFT_ECANCELED && self->ticks == 11 && weft_clock() == self->deadline_ns);
    WEFT_AWAIT(*self->closed, weft_scope_close(cx, &self->scope));
    WEFT_END(0);
}

static void sim_deadlines_and_intervals_keep_to_its_clock(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        weft_runtime *rt = begin(seed);
        int closed = 0;
        weft_spawn(weft_runtime_scope(rt), timed, .closed = &closed);
        assert_int_equal(weft_runtime_finish(rt), 0);
        assert_int_equal(closed, WEFT_ETIMEDOUT);
        verdict_assert();
    }
}

/* Goes on for many polls while others sleep. */
struct busy {
    weft_frame weft;
    int polls;
};
static weft_poll busy(weft_context *cx, struct busy *self)
{
    WEFT_BEGIN(cx, self);
    while (self->polls-- > 0) {
        VERDICT(weft_clock() == epoch);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

struct job_look {
    weft_runtime *rt;
    int64_t at_ns;
};
static int look_at_clock(void *argument)
{
    struct job_look *look = argument;
    look->at_ns = weft_clock();
    VERDICT(look->at_ns == weft_runtime_clock(look->rt));
    return 0;
}

/* TIM-11: it jumps only when nothing is runnable and no blocking job is outstanding. known bug 10 */
static void sim_clock_stands_while_a_task_can_run_or_a_job_is_outstanding(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        weft_runtime *rt = begin(seed);
        int64_t woke = 0;
        struct job_look look = {.rt = rt};
        weft_job job = {0};
        weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = 1, .woke_ns = &woke);
        weft_spawn(weft_runtime_scope(rt), busy, .polls = 100);
        assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(look_at_clock, &look)), 0);
        assert_int_equal(weft_job_detach(&job), 0);
        assert_int_equal(weft_sim_run(rt), 0);
        assert_true(look.at_ns == epoch);
        assert_true(woke == epoch + 1);
        assert_int_equal(weft_runtime_finish(rt), 0);
        verdict_assert();
    }
}

static void sim_advance_runs_what_is_due_by_then(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        weft_runtime *rt = begin(seed);
        int64_t woke[2] = {0};
        weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = 100 * ms, .woke_ns = &woke[0]);
        weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = 100 * ms + 1, .woke_ns = &woke[1]);
        assert_int_equal(weft_sim_advance(rt, 100 * ms - 1), 0);
        assert_true(weft_runtime_clock(rt) == epoch + 100 * ms - 1 && woke[0] == 0);
        assert_int_equal(weft_sim_advance(rt, 1), 0);
        assert_true(woke[0] == epoch + 100 * ms && woke[1] == 0);
        assert_int_equal(weft_sim_advance(rt, 0), 0);
        assert_true(woke[1] == 0);
        assert_int_equal(weft_sim_advance(rt, 3600 * 1000 * ms), 0);
        assert_true(woke[1] == epoch + 100 * ms + 1);
        assert_true(weft_runtime_clock(rt) == epoch + 100 * ms + 3600 * 1000 * ms); /* with nothing left to do, too */
        assert_int_equal(weft_runtime_finish(rt), 0);
    }
}

/* Calls of a task. */
struct inside {
    weft_frame weft;
    weft_runtime *rt;
    int answers[3];
};
static bool never(void *context)
{
    (void)context;
    return false;
}
static weft_poll inside(weft_context *cx, struct inside *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_sim_run(self->rt) == WEFT_EDEADLK);
    VERDICT(weft_sim_advance(self->rt, 1) == WEFT_EDEADLK);
    VERDICT(weft_sim_until(self->rt, never, NULL, WEFT_FOREVER) == WEFT_EDEADLK);
    VERDICT(weft_runtime_turn(self->rt, 1) == WEFT_EDEADLK);
    WEFT_END(0);
}

static int inside_job(void *argument)
{
    VERDICT(weft_sim_advance(argument, 1) == WEFT_EDEADLK);
    VERDICT(weft_runtime_finish(argument) == WEFT_EDEADLK);
    return 0;
}

/* TIM-10: only a runtime with a clock of its own can be advanced, and not from inside. */
static void sim_calls_are_refused_where_they_make_no_sense(void **state)
{
    (void)state;
    weft_runtime *rt = begin(1), *real = world_begin(1), *driven = NULL;
    assert_int_equal(weft_runtime_create(&driven, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_TURNS)), 0);
    weft_runtime *const others[] = {real, driven, NULL};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(weft_sim_advance(others[i], 1), WEFT_EINVAL);
        assert_int_equal(weft_sim_run(others[i]), WEFT_EINVAL);
        assert_int_equal(weft_sim_until(others[i], never, NULL, 0), WEFT_EINVAL);
        assert_true(weft_sim_seed(others[i]) == 0);
    }
    assert_int_equal(weft_sim_advance(real, 1), WEFT_EINVAL);
    assert_true(said("WEFT_DRIVE_SIM"));
    assert_int_equal(weft_sim_advance(rt, -1), WEFT_EINVAL);
    assert_int_equal(weft_sim_advance(rt, WEFT_FOREVER), WEFT_EINVAL);
    assert_int_equal(weft_sim_advance(rt, WEFT_FOREVER - epoch), WEFT_EINVAL);
    assert_int_equal(weft_sim_until(rt, NULL, NULL, 0), WEFT_EINVAL);
    assert_int_equal(weft_runtime_descriptor(rt), WEFT_EINVAL);
    assert_int_equal(weft_runtime_turn(rt, 0), WEFT_EINVAL);
    weft_spawn(weft_runtime_scope(rt), inside, .rt = rt);
    weft_job job = {0};
    assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(inside_job, rt)), 0);
    assert_int_equal(weft_job_detach(&job), 0);
    assert_int_equal(weft_sim_run(rt), 0);
    assert_int_equal(weft_runtime_finish(rt), 0);
    world_end(driven, 0);
    world_end(real, 0);
    verdict_assert();
}

static bool has_woken(void *woke) { return *(int64_t *)woke != 0; }

static void sim_until_stops_where_it_is_told(void **state)
{
    (void)state;
    weft_runtime *rt = begin(3);
    int64_t woke[2] = {0};
    weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = 10 * ms, .woke_ns = &woke[0]);
    weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = 20 * ms, .woke_ns = &woke[1]);
    assert_int_equal(weft_sim_until(rt, has_woken, &woke[0], epoch + 10 * ms - 1), WEFT_ETIMEDOUT);
    assert_true(weft_runtime_clock(rt) == epoch + 10 * ms - 1);
    assert_int_equal(weft_sim_until(rt, has_woken, &woke[0], WEFT_FOREVER), 0);
    assert_true(weft_runtime_clock(rt) == epoch + 10 * ms && woke[1] == 0);
    assert_int_equal(weft_sim_until(rt, has_woken, &woke[1], WEFT_FOREVER), 0);
    int64_t nobody = 0;
    assert_int_equal(weft_sim_until(rt, has_woken, &nobody, WEFT_FOREVER), WEFT_EDEADLK);
    assert_true(said("no task is left"));
    assert_int_equal(weft_runtime_finish(rt), 0);
}

static void sim_turns_by_hand_leave_the_clock_alone(void **state)
{
    (void)state;
    weft_runtime *rt = begin(5);
    int64_t woke = 0;
    assert_true(weft_runtime_next(rt) == WEFT_FOREVER);
    weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = 10 * ms, .woke_ns = &woke);
    assert_true(weft_runtime_next(rt) == epoch);
    while (weft_runtime_turn(rt, 1) > 0)
        continue;
    assert_true(weft_runtime_next(rt) > epoch && weft_runtime_next(rt) <= epoch + 10 * ms);
    assert_true(weft_runtime_clock(rt) == epoch && woke == 0);
    assert_int_equal(weft_sim_run(rt), 0);
    assert_true(woke == epoch + 10 * ms);
    assert_int_equal(weft_runtime_finish(rt), 0);
}

/* ---- who waits for ever ---- */

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

static weft_mutex a_mutex(weft_runtime *rt, const char *name)
{
    weft_mutex mutex;
    assert_int_equal(weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = name), &mutex), 0);
    return mutex;
}

/* The classic: it is found, whichever of the two is first, and told by name, line and object. */
static void sim_tells_who_waits_for_whom_for_ever(void **state)
{
    (void)state;
    unsigned stuck = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        weft_runtime *rt = begin(seed);
        weft_mutex left = a_mutex(rt, "left"), right = a_mutex(rt, "right");
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("anna"), locker, .first = left, .second = right);
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("otto"), locker, .first = right, .second = left);
        const int answer = weft_sim_run(rt);
        if (answer == WEFT_EDEADLK) {
            char seed_text[40];
            snprintf(seed_text, sizeof seed_text, "WEFT_SEED=%" PRIu64, seed);
            stuck++;
            assert_true(said(seed_text) && said("2 tasks wait") && said("weft_sim_run") && said("locker, "));
            assert_non_null(strstr(reported, "'anna' (3)"));
            assert_non_null(strstr(reported, "sim.c:"));
            assert_non_null(strstr(reported, "for mutex 'right' (owner: task 4)"));
            assert_non_null(strstr(reported, "'otto' (4)"));
            assert_non_null(strstr(reported, "for mutex 'left' (owner: task 3)"));
            assert_int_equal(weft_runtime_finish(rt), WEFT_EDEADLK);
            assert_true(said("weft_runtime_finish: nothing can ever happen again"));
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
    weft_runtime *rt = begin(9);
    bool leave = false;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), stubborn, .leave = &leave);
    assert_int_equal(weft_runtime_shutdown(rt, epoch + 5 * ms), WEFT_ETIMEDOUT);
    assert_true(weft_runtime_clock(rt) == epoch + 5 * ms); /* it has waited, in its own time */
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), WEFT_EDEADLK);
    assert_int_equal(weft_runtime_destroy(rt), WEFT_EDEADLK);
    assert_true(said("weft_runtime_destroy: nothing can ever happen again") && said("stubborn"));
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
    weft_runtime *rt = begin(11);
    weft_spawn(weft_runtime_scope(rt), spinner);
    assert_int_equal(weft_sim_run(rt), WEFT_EDEADLK);
    assert_true(said("the clock has not moved (WEFT_SEED=11)") && said("'spinner'"));
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

/* ---- the host waits ---- */

static int plus_one(void *argument) { return *(int *)argument + 1; }

static void sim_waits_of_the_host_turn_it_and_time_out_by_its_clock(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        weft_runtime *rt = begin(seed);
        numbers_sender out;
        numbers_receiver in;
        atomic_ullong sum = 0;
        uint64_t got;
        world_channel(rt, 1, WEFT_WAIT, &out, &in);
        assert_int_equal(numbers_recv_blocking(&in, &got, epoch + 3 * ms), WEFT_ETIMEDOUT);
        assert_true(weft_runtime_clock(rt) == epoch + 3 * ms);
        assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EDEADLK); /* we hold the sender ourselves */
        assert_true(said("nothing can ever happen again"));
        assert_int_equal(numbers_try_send(&out, 1), 0);
        assert_int_equal(numbers_send_blocking(&out, 2, WEFT_FOREVER), WEFT_EDEADLK);
        weft_spawn(weft_runtime_scope(rt), puller, .in = in, .sum = &sum);
        for (uint64_t i = 2; i <= 50; i++)
            assert_int_equal(numbers_send_blocking(&out, i, WEFT_FOREVER), 0);
        numbers_sender_close(&out);
        int64_t woke = 0;
        int result = 0, number = 41;
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), sleeper, .delay_ns = 10 * ms, .woke_ns = &woke);
        assert_int_equal(weft_task_join_blocking(&task, epoch + 12 * ms, NULL), WEFT_ETIMEDOUT);
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
        assert_true(woke == epoch + 13 * ms);
        weft_job job = {0};
        assert_int_equal(weft_job_begin_blocking(rt, &job, WEFT_JOB(plus_one, &number), WEFT_FOREVER), 0);
        assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, 42);
        weft_mutex mutex = a_mutex(rt, "mine");
        assert_int_equal(weft_mutex_lock_blocking(&mutex, WEFT_FOREVER), 0);
        weft_notify notify;
        assert_int_equal(weft_notify_create(rt, WEFT_NOTIFY_OPTIONS(.name = "n"), &notify), 0);
        assert_int_equal(weft_notify_wait_blocking(&notify, WEFT_FOREVER), WEFT_EDEADLK);
        weft_notify_destroy(&notify);
        weft_mutex_unlock(&mutex);
        weft_mutex_destroy(&mutex);
        assert_int_equal(weft_runtime_finish(rt), 0);
        assert_true(atomic_load(&sum) == 50 * 51 / 2);
    }
}

/* ---- jobs ---- */

/* A job that sends, receives and waits for other jobs as on a thread. */
struct talking {
    weft_runtime *rt;
    numbers_sender *out;
    numbers_receiver *in;
    int depth;
};
static int talk(void *argument)
{
    const struct talking *talking = argument;
    uint64_t got = 0;
    weft_job job = {0};
    struct talking below = {.depth = talking->depth - 1, .rt = talking->rt, .out = talking->out, .in = talking->in};
    VERDICT(numbers_send_blocking(talking->out, (uint64_t)talking->depth, WEFT_FOREVER) == 0);
    VERDICT(numbers_recv_blocking(talking->in, &got, WEFT_FOREVER) == 0 && got == (uint64_t)talking->depth + 1);
    if (talking->depth == 0)
        return 0;
    int result = -1;
    VERDICT(weft_job_begin_blocking(talking->rt, &job, WEFT_JOB(talk, &below), WEFT_FOREVER) == 0);
    VERDICT(weft_job_wait_blocking(&job, WEFT_FOREVER, &result) == 0);
    return result + 1;
}

static void sim_jobs_wait_for_tasks_and_for_jobs(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        weft_runtime *rt = begin(seed);
        numbers_sender to, back_out;
        numbers_receiver to_in, back;
        world_channel(rt, 1, WEFT_WAIT, &to, &to_in);
        world_channel(rt, 1, WEFT_WAIT, &back_out, &back);
        weft_spawn(weft_runtime_scope(rt), incrementer, .in = to_in, .out = back_out);
        struct talking talking = {.rt = rt, .out = &to, .in = &back, .depth = 3};
        weft_job job = {0};
        int result = 0;
        assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(talk, &talking)), 0);
        assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, 3);
        numbers_sender_close(&to);
        assert_int_equal(weft_runtime_finish(rt), 0);
        numbers_receiver_close(&back);
        verdict_assert();
    }
}

static int state_of(void *context, const weft_job_info *info)
{
    *(unsigned *)context |= 1u << info->state;
    return 0;
}

/* Looks at the jobs while they are there. */
struct watcher {
    weft_frame weft;
    weft_runtime *rt;
    unsigned seen;
    unsigned *states;
    int rounds;
};
static weft_poll watcher(weft_context *cx, struct watcher *self)
{
    WEFT_BEGIN(cx, self);
    while (self->rounds-- > 0) {
        VERDICT(weft_job_visit(self->rt, state_of, &self->seen) == 0);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    *self->states |= self->seen;
    WEFT_END(0);
}

/* A job is queued, then runs for a while as others see it, then has ended; no thread was begun for it. */
static void sim_jobs_begin_and_end_among_the_polls(void **state)
{
    (void)state;
    const unsigned threads = stress_process_threads();
    unsigned states = 0, orders = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        weft_runtime *rt = begin(seed);
        int numbers[2] = {1, 2}, result;
        weft_job jobs[2] = {{0}, {0}};
        weft_spawn(weft_runtime_scope(rt), watcher, .rt = rt, .states = &states, .rounds = 30);
        for (int i = 0; i < 2; i++)
            assert_int_equal(weft_job_try_begin(rt, &jobs[i], WEFT_JOB(plus_one, &numbers[i])), 0);
        weft_job_info info = {.size = sizeof info};
        do
            assert_int_equal(weft_runtime_turn(rt, 1), 1);
        while (weft_job_inspect(jobs[0], &info) == 0 && info.state != WEFT_JOB_ENDED &&
               weft_job_inspect(jobs[1], &info) == 0 && info.state != WEFT_JOB_ENDED);
        orders |= 1u << (weft_job_inspect(jobs[0], &info) == 0 && info.state == WEFT_JOB_ENDED);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(weft_job_wait_blocking(&jobs[i], WEFT_FOREVER, &result), 0);
            assert_int_equal(result, numbers[i] + 1);
        }
        assert_int_equal(weft_runtime_finish(rt), 0);
        assert_int_equal(stress_process_threads(), threads);
    }
    assert_int_equal(states & 7, 1u << WEFT_JOB_QUEUED | 1u << WEFT_JOB_RUNNING | 1u << WEFT_JOB_ENDED);
    assert_int_equal(orders, 3); /* either may be the first to end */
    verdict_assert();
}

/* ---- the seed ---- */

/* A whole day of the town under a seed, as one number. */
static uint64_t trace_town(uint64_t seed)
{
    weft_runtime *rt = begin(seed);
    struct tracing tracing;
    struct town town;
    const weft_hooks_handle handle = tracing_begin(&tracing, rt);
    town_build(&town, rt);
    assert_int_equal(weft_sim_run(rt), 0);
    town_close(&town);
    assert_true(town.whole && tracing.events > 300);
    assert_int_equal(weft_hooks_remove(handle), 0);
    assert_int_equal(weft_runtime_finish(rt), 0);
    verdict_assert();
    return tracing.hash;
}

/* What another process makes of it. */
static uint64_t trace_town_elsewhere(uint64_t seed)
{
    char command[4200];
    uint64_t hash = 0;
    snprintf(command, sizeof command, "exec %s trace %" PRIu64, world_program(), seed);
    fflush(stdout);
    FILE *other = popen(command, "r");
    assert_non_null(other);
    assert_int_equal(fscanf(other, "%" SCNx64, &hash), 1);
    assert_int_equal(pclose(other), 0);
    return hash;
}

static void sim_same_seed_does_the_same_in_this_process_and_in_another(void **state)
{
    (void)state;
    uint64_t hashes[40];
    for (uint64_t seed = 0; seed < 40; seed++) {
        hashes[seed] = trace_town(seed + 1);
        weft_runtime *other = seed % 2 ? begin(99) : NULL; /* what else lives does not matter */
        assert_true(trace_town(seed + 1) == hashes[seed]);
        if (other)
            assert_int_equal(weft_runtime_finish(other), 0);
        for (uint64_t before = 0; before < seed; before++)
            assert_true(hashes[before] != hashes[seed]); /* and another seed something else */
    }
    for (uint64_t seed = 0; seed < 3; seed++)
        assert_true(trace_town_elsewhere(seed + 1) == hashes[seed]);
}

static void sim_seed_comes_from_the_options_or_the_environment(void **state)
{
    (void)state;
    char *const before = getenv("WEFT_SEED") ? strdup(getenv("WEFT_SEED")) : NULL;
    weft_runtime *rt = NULL;
    const struct {
        const char *text;
        uint64_t seed; /* 0: refused */
    } cases[] = {{"77", 77}, {"0x10", 16}, {"18446744073709551615", UINT64_MAX}, {"abc", 0}, {"7x", 0}, {"-1", 0},
                 {"18446744073709551616", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("WEFT_SEED", cases[i].text, 1);
        if (cases[i].seed == 0) {
            assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM)), WEFT_EINVAL);
            assert_true(said("WEFT_SEED='") && said(cases[i].text));
            continue;
        }
        rt = begin(0);
        assert_true(weft_sim_seed(rt) == cases[i].seed);
        assert_int_equal(weft_runtime_finish(rt), 0);
        rt = begin(5); /* what the program says comes first */
        assert_true(weft_sim_seed(rt) == 5);
        assert_int_equal(weft_runtime_finish(rt), 0);
    }
    setenv("WEFT_SEED", "", 1);
    rt = begin(0);
    assert_true(weft_sim_seed(rt) != 0);
    assert_int_equal(weft_runtime_finish(rt), 0);
    unsetenv("WEFT_SEED");
    weft_runtime *one = begin(0), *other = begin(0);
    assert_true(weft_sim_seed(one) != 0 && weft_sim_seed(one) != weft_sim_seed(other)); /* but once in 2^32 */
    assert_int_equal(weft_runtime_finish(one), 0);
    assert_int_equal(weft_runtime_finish(other), 0);
    if (before)
        setenv("WEFT_SEED", before, 1);
    free(before);
}

static void sim_has_ids_and_workers_of_its_own(void **state)
{
    (void)state;
    weft_runtime *rt = begin(1);
    int64_t woke;
    assert_int_equal(weft_runtime_workers(rt), 4);
    for (uint64_t id = 1; id <= 3; id++)
        assert_true(weft_spawn(weft_runtime_scope(rt), sleeper, .woke_ns = &woke).id == id);
    assert_int_equal(weft_runtime_finish(rt), 0);
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .worker_threads = 17)), 0);
    assert_int_equal(weft_runtime_workers(rt), 17);
    assert_int_equal(weft_runtime_finish(rt), 0);
}

/* ---- what is found ---- */

/* Two tasks take from an account, and look at it before they do: there is an await in between. */
struct account {
    int64_t balance;
};
struct customer {
    weft_frame weft;
    struct account *account;
    int64_t amount;
};
static weft_poll customer(weft_context *cx, struct customer *self)
{
    WEFT_BEGIN(cx, self);
    if (self->account->balance >= self->amount) {
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->account->balance * ms)); /* the bank is asked */
        self->account->balance -= self->amount;
    }
    WEFT_END(self->account->balance < 0 ? -77 : 0);
}

static int racy_bank(weft_runtime *rt, void *context)
{
    (void)context;
    struct account account = {100};
    for (int i = 0; i < 2; i++)
        weft_spawn(weft_runtime_scope(rt), customer, .account = &account, .amount = 60);
    const int answer = weft_sim_run(rt);
    return account.balance < 0 ? -77 : answer;
}

/* The order of two tasks decides, and one of them has to be held up for long: not every seed shows it. */
struct flagger {
    weft_frame weft;
    int *flag;
    int i;
};
static weft_poll flagger(weft_context *cx, struct flagger *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 4; self->i++)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    *self->flag = 1;
    WEFT_END(0);
}
struct trusting {
    weft_frame weft;
    int *flag;
    int i, *failed;
};
static weft_poll trusting(weft_context *cx, struct trusting *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 12; self->i++)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    *self->failed = *self->flag == 0; /* "it has surely been set by now" */
    WEFT_END(0);
}
static int racy_flag(weft_runtime *rt, void *context)
{
    (void)context;
    int flag = 0, failed = 0;
    weft_spawn(weft_runtime_scope(rt), flagger, .flag = &flag);
    weft_spawn(weft_runtime_scope(rt), trusting, .flag = &flag, .failed = &failed);
    const int answer = weft_sim_run(rt);
    return failed ? -78 : answer;
}

/* Takes every wake for the one it waits for: wrong, since a poll may come for nothing. */
struct credulous {
    weft_frame weft;
    int polls;
    const int *ready;
    int *failed;
};
static weft_poll credulous(weft_context *cx, struct credulous *self)
{
    (void)cx;
    if (self->polls++ == 0)
        return WEFT_PENDING;
    *self->failed = !*self->ready;
    return WEFT_READY;
}
static int racy_wake(weft_runtime *rt, void *context)
{
    (void)context;
    int ready = 0, failed = 0;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), credulous, .ready = &ready, .failed = &failed);
    weft_spawn(weft_runtime_scope(rt), busy, .polls = 20);
    while (weft_runtime_turn(rt, 1) > 0)
        continue;
    ready = 1;
    weft_wake((weft_waker){task});
    const int answer = weft_sim_run(rt);
    return failed ? -79 : answer;
}

/* The bug is found within so many seeds, and the seed that was told shows it again, each time and in another process. */
static void find(weft_sim_test *test, const char *name, int code, uint64_t within)
{
    uint64_t seed = 0, again = 0;
    assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = 1), within, test, NULL, &seed), code);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = seed), 1, test, NULL, &again), code);
        assert_true(again == seed);
    }
    char command[4200], line[64] = "";
    snprintf(command, sizeof command, "WEFT_SEED=%" PRIu64 " exec %s %s", seed, world_program(), name);
    fflush(stdout);
    FILE *other = popen(command, "r");
    assert_non_null(other);
    assert_non_null(fgets(line, sizeof line, other));
    assert_int_equal(pclose(other), 0);
    char expected[64];
    snprintf(expected, sizeof expected, "%d %" PRIu64 "\n", code, seed);
    assert_string_equal(line, expected);
    print_message("%s: %d with seed %" PRIu64 "\n", name, code, seed);
}

static void sim_finds_a_check_before_an_await_and_an_act_after_it(void **state)
{
    (void)state;
    find(racy_bank, "racy_bank", -77, 20);
}

static void sim_finds_what_needs_one_task_held_up_for_long(void **state)
{
    (void)state;
    find(racy_flag, "racy_flag", -78, 100);
}

static void sim_finds_a_task_that_takes_any_wake_for_the_right_one(void **state)
{
    (void)state;
    find(racy_wake, "racy_wake", -79, 100);
}

static int no_trouble(weft_runtime *rt, void *context)
{
    ++*(unsigned *)context;
    return weft_task_error(weft_spawn(weft_runtime_scope(rt), busy, .polls = 3));
}
static int stuck_for_ever(weft_runtime *rt, void *context)
{
    weft_spawn(weft_runtime_scope(rt), parked, .leave = context);
    return 0;
}
static int fails_in_a_task(weft_runtime *rt, void *context)
{
    (void)context;
    weft_spawn(weft_runtime_scope(rt), ender, .result = -55);
    return 0;
}

static void sim_explore_runs_each_seed_to_the_end(void **state)
{
    (void)state;
    char *const before = getenv("WEFT_SEED") ? strdup(getenv("WEFT_SEED")) : NULL;
    unsigned runs = 0;
    uint64_t seed = 0;
    assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = 10), 25, no_trouble, &runs, &seed), 0);
    assert_true(runs == 25 && seed == 34);
    assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = UINT64_MAX), 3, no_trouble, &runs, &seed), 0); /* past 0 */
    assert_true(runs == 28 && seed == 1);
    unsetenv("WEFT_SEED");
    assert_int_equal(weft_sim_explore(NULL, 5, no_trouble, &runs, &seed), 0);
    assert_int_equal(runs, 33);
    setenv("WEFT_SEED", "123", 1);
    assert_int_equal(weft_sim_explore(NULL, 1000, no_trouble, &runs, &seed), 0);
    assert_true(runs == 34 && seed == 123);
    setenv("WEFT_SEED", "?", 1);
    assert_int_equal(weft_sim_explore(NULL, 1000, no_trouble, &runs, &seed), WEFT_EINVAL);
    unsetenv("WEFT_SEED");
    atomic_uint leave = 0;
    assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = 4), 9, stuck_for_ever, &leave, &seed), WEFT_EDEADLK);
    assert_true(seed == 4 && said("WEFT_SEED=4") && said("'parked'"));
    assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.seed = 4), 9, fails_in_a_task, NULL, &seed), -55);
    assert_int_equal(weft_sim_explore(NULL, 0, no_trouble, &runs, &seed), WEFT_EINVAL);
    assert_int_equal(weft_sim_explore(NULL, 1, NULL, &runs, &seed), WEFT_EINVAL);
    assert_int_equal(weft_sim_explore(NULL, 1, no_trouble, &runs, NULL), WEFT_EINVAL);
    assert_int_equal(weft_sim_explore(WEFT_RUNTIME_OPTIONS(.worker_threads = 5000), 1, no_trouble, &runs, &seed), WEFT_EINVAL);
    assert_int_equal(runs, 34);
    if (before)
        setenv("WEFT_SEED", before, 1);
    free(before);
}

/* SEL-03: which of several ready ones is taken is random, and the same with the same seed. */
struct chooser {
    weft_frame weft;
    weft_sleep_future futures[3];
    weft_select_state select;
    int which, round;
    int64_t now_ns;
    uint32_t *choices;
};
static weft_poll chooser(weft_context *cx, struct chooser *self)
{
    WEFT_BEGIN(cx, self);
    for (self->round = 0; self->round < 8; self->round++) {
        self->now_ns = weft_clock();
        for (int i = 0; i < 3; i++)
            weft_sleep_begin(&self->futures[i], self->now_ns);
        WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->futures[0].future, &self->futures[1].future,
                                            &self->futures[2].future));
        *self->choices = *self->choices * 3 + (uint32_t)self->which;
    }
    WEFT_END(0);
}

static uint32_t choices_of(uint64_t seed)
{
    weft_runtime *rt = begin(seed);
    uint32_t choices = 0;
    weft_spawn(weft_runtime_scope(rt), chooser, .choices = &choices);
    assert_int_equal(weft_runtime_finish(rt), 0);
    return choices;
}

static void sim_select_begins_where_the_seed_says(void **state)
{
    (void)state;
    unsigned same = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        const uint32_t choices = choices_of(seed);
        assert_int_equal(choices_of(seed), choices);
        same += choices_of(seed + 1) == choices;
    }
    assert_in_range(same, 0, 5); /* of 3^8 */
}

/* ---- side by side ---- */

struct hosting {
    weft_frame weft;
    int64_t *inner_ns;
    int *answer;
};
static weft_poll hosting(weft_context *cx, struct hosting *self)
{
    WEFT_BEGIN(cx, self);
    const int64_t before = weft_clock();
    weft_runtime *rt = begin(8);
    weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = 5 * ms, .woke_ns = self->inner_ns);
    *self->answer = weft_runtime_finish(rt);
    VERDICT(weft_clock() >= before && before > epoch);
    WEFT_END(0);
}

/* Two simulated ones in turn, and one inside of a task of a real one: each has its own time. */
static void sim_and_real_runtimes_live_side_by_side(void **state)
{
    (void)state;
    weft_runtime *real = world_begin(2), *one = begin(1), *other = begin(2);
    int64_t woke[2] = {0}, inner = 0;
    int answer = -1;
    weft_spawn(weft_runtime_scope(one), sleeper, .delay_ns = 10 * ms, .woke_ns = &woke[0]);
    weft_spawn(weft_runtime_scope(other), sleeper, .delay_ns = 10 * ms, .woke_ns = &woke[1]);
    assert_int_equal(weft_sim_advance(one, 4 * ms), 0);
    assert_int_equal(weft_sim_advance(other, 20 * ms), 0);
    assert_true(woke[0] == 0 && woke[1] == epoch + 10 * ms);
    assert_true(weft_runtime_clock(one) == epoch + 4 * ms && weft_runtime_clock(other) == epoch + 20 * ms);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(real), hosting, .inner_ns = &inner, .answer = &answer);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
    assert_true(answer == 0 && inner == epoch + 5 * ms);
    assert_int_equal(weft_runtime_finish(one), 0);
    assert_true(woke[0] == epoch + 10 * ms);
    assert_int_equal(weft_runtime_finish(other), 0);
    world_end(real, 1);
    verdict_assert();
}

static void count_change(void *context, const weft_health_change *change)
{
    (void)change;
    ++*(int *)context;
}

/* Health is looked at every 100 ms of its time, also in a jump over many of them. */
static void sim_health_is_sampled_in_its_time(void **state)
{
    (void)state;
    weft_runtime *rt = begin(1);
    numbers_sender out;
    numbers_receiver in;
    int changes = 0;
    assert_int_equal(weft_monitor_on_health(rt, count_change, &changes), 0);
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(weft_sim_advance(rt, 99 * ms), 0);
    assert_int_equal(changes, 0);
    assert_int_equal(weft_sim_advance(rt, 1000 * ms), 0);
    assert_int_equal(changes, 1);
    const weft_channel_stats stats = world_stats(&in);
    assert_true(stats.health == WEFT_CRITICAL && stats.oldest_message_age_ns == 1099 * ms);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    assert_int_equal(weft_runtime_finish(rt), 0);
}

/* ---- what comes from outside ---- */

struct ringing {
    weft_waker waker;
    atomic_bool stop;
};
static void *ring(void *argument)
{
    struct ringing *ringing = argument;
    while (!atomic_load(&ringing->stop)) {
        weft_wake(ringing->waker);
        sched_yield();
    }
    return NULL;
}

/* known bug 10: another thread wakes a task: the run is not its seed's alone any more, but nothing is lost and nothing breaks. */
static void sim_may_be_woken_by_another_thread(void **state)
{
    (void)state;
    weft_runtime *rt = begin(6);
    atomic_uint polls = 0, leave = 0;
    struct ringing ringing = {.stop = false};
    pthread_t thread;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), parked, .polls = &polls, .leave = &leave);
    ringing.waker = (weft_waker){task};
    world_thread(&thread, ring, &ringing);
    while (atomic_load(&polls) < 100)
        assert_true(weft_runtime_turn(rt, 1) >= 0);
    atomic_store(&leave, 1);
    WORLD_UNTIL(weft_task_join_blocking(&task, WEFT_FOREVER, NULL) == 0); /* EDEADLK between two of its wakes */
    atomic_store(&ringing.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(weft_runtime_finish(rt), 0);
}

struct piping {
    weft_frame weft;
    weft_fd fd;
    bool writes;
    int count, *sum;
    char byte;
};
static weft_poll piping(weft_context *cx, struct piping *self)
{
    WEFT_BEGIN(cx, self);
    for (self->count = 1; self->count <= 5; self->count++) {
        self->byte = (char)self->count;
        if (self->writes)
            WEFT_AWAIT(self->weft.rc, weft_fd_write(cx, &self->fd, &self->byte, 1));
        else
            WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, &self->byte, 1));
        VERDICT(self->weft.rc == 1);
        *self->sum += self->byte;
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->writes ? ms : 0));
    }
    weft_fd_close(&self->fd);
    WEFT_END(0);
}

/* Two tasks of the same runtime talk over a pipe: what was written is there before the clock is moved. */
static void sim_tasks_talk_over_a_pipe(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        weft_runtime *rt = begin(seed);
        weft_fd one = {0}, other = {0};
        int read = 0, written = 0;
        assert_int_equal(weft_pipe(rt, &one, &other), 0);
        weft_spawn(weft_runtime_scope(rt), piping, .fd = one, .sum = &read);
        weft_spawn(weft_runtime_scope(rt), piping, .fd = other, .writes = true, .sum = &written);
        if (weft_runtime_finish(rt) != 0)
            fail_msg("seed %" PRIu64 ": %s", seed, weft_error_detail());
        assert_true(read == 15 && written == 15);
        verdict_assert();
    }
}

/* fork(): the child finds it shut down, and can give it back; the parent's goes on. */
static void sim_is_inherited_like_any_other(void **state)
{
    (void)state;
    weft_runtime *rt = begin(1);
    int64_t woke = 0;
    weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = ms, .woke_ns = &woke);
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(weft_sim_run(rt) == WEFT_ESHUTDOWN && weft_runtime_turn(rt, 1) == WEFT_ESHUTDOWN &&
                      weft_runtime_destroy(rt) == 0
                  ? 0
                  : 1);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(weft_runtime_finish(rt), 0);
    assert_true(woke == epoch + ms);
}

/* ---- everything that can be waited for, under many seeds ---- */

static void sim_a_program_that_waits_everywhere_balances_its_books(void **state)
{
    (void)state;
    for (uint64_t seed = stress_seed(), end = seed + stress_scale(600); seed != end; seed++) {
        weft_runtime *rt = begin(seed);
        struct town town;
        town_build(&town, rt);
        const int run = weft_sim_run(rt);
        town_close(&town);
        if (run != 0 || !town.whole)
            fail_msg("seed %" PRIu64 ": %s\n%s", seed, weft_error_detail(), reported);
        assert_int_equal(weft_runtime_finish(rt), 0);
        assert_int_equal(reported[0], '\0');
        verdict_assert();
    }
}

static void sim_a_program_that_is_ended_anywhere_balances_its_books(void **state)
{
    (void)state;
    for (uint64_t seed = stress_seed(), end = seed + stress_scale(600); seed != end; seed++) {
        weft_runtime *rt = begin(seed);
        struct town town;
        town_build(&town, rt);
        const int steps = weft_runtime_turn(rt, 1 + (uint32_t)(seed % 150));
        assert_true(steps >= 0);
        if (weft_runtime_shutdown(rt, WEFT_FOREVER) != 0)
            fail_msg("seed %" PRIu64 ": %s\n%s", seed, weft_error_detail(), reported);
        town_close(&town);
        weft_runtime_stats stats = {.size = sizeof stats};
        assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
        assert_true(stats.tasks_spawned == stats.tasks_ended && stats.tasks_live == 0);
        assert_int_equal(world_channels(rt), 0);
        assert_int_equal(weft_runtime_destroy(rt), 0);
        verdict_assert();
    }
}

/* ---- no memory ---- */

static void sim_creation_without_memory_leaves_nothing(void **state)
{
    (void)state;
    weft_runtime *rt = NULL;
    faulty_begin();
    for (unsigned n = 1;; n++) {
        faulty_arm(FAULTY_MEMORY, n, false);
        const int answer = weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .seed = 1));
        const bool fired = faulty_fired();
        faulty_disarm();
        if (answer == 0)
            assert_int_equal(weft_runtime_destroy(rt), 0);
        else
            assert_int_equal(answer, WEFT_ENOMEM);
        assert_true(faulty_blocks() == 0 && faulty_mapped() == 0);
        if (!fired)
            break;
        assert_int_equal(answer, WEFT_ENOMEM);
    }
    faulty_end();
}

/* In another process: say what a seed does. */
static int elsewhere(const char *what, const char *argument)
{
    static const struct {
        const char *name;
        weft_sim_test *test;
    } tests[] = {{"racy_bank", racy_bank}, {"racy_flag", racy_flag}, {"racy_wake", racy_wake}};
    if (strcmp(what, "trace") == 0 && argument) {
        printf("%" PRIx64 "\n", trace_town(strtoull(argument, NULL, 10)));
        return 0;
    }
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        if (strcmp(what, tests[i].name) == 0) {
            uint64_t seed = 0;
            const int answer = weft_sim_explore(NULL, 1, tests[i].test, NULL, &seed);
            printf("%d %" PRIu64 "\n", answer, seed);
            return 0;
        }
    return 1;
}

int main(int count, char **arguments)
{
    if (count > 1)
        return elsewhere(arguments[1], count > 2 ? arguments[2] : NULL);
    stress_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sim_sleeps_for_a_year_in_no_time_and_wakes_on_the_nanosecond),
        cmocka_unit_test(sim_deadlines_and_intervals_keep_to_its_clock),
        cmocka_unit_test(sim_clock_stands_while_a_task_can_run_or_a_job_is_outstanding),
        cmocka_unit_test(sim_advance_runs_what_is_due_by_then),
        cmocka_unit_test(sim_calls_are_refused_where_they_make_no_sense),
        cmocka_unit_test(sim_until_stops_where_it_is_told),
        cmocka_unit_test(sim_turns_by_hand_leave_the_clock_alone),
        cmocka_unit_test(sim_tells_who_waits_for_whom_for_ever),
        cmocka_unit_test(sim_end_says_that_tasks_do_not_listen_and_leaves_the_runtime),
        cmocka_unit_test(sim_tells_of_a_task_that_spins_until_a_time_has_come),
        cmocka_unit_test(sim_waits_of_the_host_turn_it_and_time_out_by_its_clock),
        cmocka_unit_test(sim_jobs_wait_for_tasks_and_for_jobs),
        cmocka_unit_test(sim_jobs_begin_and_end_among_the_polls),
        cmocka_unit_test(sim_same_seed_does_the_same_in_this_process_and_in_another),
        cmocka_unit_test(sim_seed_comes_from_the_options_or_the_environment),
        cmocka_unit_test(sim_has_ids_and_workers_of_its_own),
        cmocka_unit_test(sim_finds_a_check_before_an_await_and_an_act_after_it),
        cmocka_unit_test(sim_finds_what_needs_one_task_held_up_for_long),
        cmocka_unit_test(sim_finds_a_task_that_takes_any_wake_for_the_right_one),
        cmocka_unit_test(sim_explore_runs_each_seed_to_the_end),
        cmocka_unit_test(sim_select_begins_where_the_seed_says),
        cmocka_unit_test(sim_and_real_runtimes_live_side_by_side),
        cmocka_unit_test(sim_health_is_sampled_in_its_time),
        cmocka_unit_test(sim_may_be_woken_by_another_thread),
        cmocka_unit_test(sim_tasks_talk_over_a_pipe),
        cmocka_unit_test(sim_is_inherited_like_any_other),
        cmocka_unit_test(sim_a_program_that_waits_everywhere_balances_its_books),
        cmocka_unit_test(sim_a_program_that_is_ended_anywhere_balances_its_books),
        cmocka_unit_test(sim_creation_without_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
