/* SPDX-License-Identifier: MIT */
/* Simulated runtimes: time jumps, the host waits in it, and they live beside others. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/faulty.h"
#include "lib/simulated.h"
#include "lib/verdict.h"

/* ---- time ---- */

static void sim_sleeps_for_a_year_in_no_time_and_wakes_on_the_nanosecond(void **state)
{
    (void)state;
    const int64_t year = INT64_C(365) * 86400 * 1000 * ms;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        weft_runtime *rt = simulated_begin(seed);
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
        weft_runtime *rt = simulated_begin(seed);
        int closed = 0;
        weft_spawn(weft_runtime_scope(rt), timed, .closed = &closed);
        assert_int_equal(weft_runtime_finish(rt), 0);
        assert_int_equal(closed, WEFT_ETIMEDOUT);
        verdict_assert();
    }
}

/* Ticks by an interval that came with its frame, plainly or in a select. */
struct brought {
    weft_frame weft;
    weft_interval interval;
    weft_interval_future tick;
    weft_select_state select;
    bool selects;
    int ticks;
    int64_t from_ns;
};
static weft_poll brought(weft_context *cx, struct brought *self)
{
    WEFT_BEGIN(cx, self);
    if (self->from_ns != 0)
        VERDICT(weft_interval_reset_at(&self->interval, self->from_ns) == 0);
    else
        self->from_ns = epoch;
    for (self->ticks = 0; self->ticks < 5; self->ticks++) {
        if (self->selects) {
            weft_interval_tick_begin(&self->tick, &self->interval);
            WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->tick.future));
            VERDICT(self->tick.future.result == 0);
        } else {
            WEFT_AWAIT(self->weft.rc, weft_interval_tick(cx, &self->interval));
        }
        VERDICT(self->weft.rc == 0 && weft_clock() == self->from_ns + self->ticks * 10 * ms);
    }
    WEFT_END(0);
}

/* Begun by the machine's clock, which is far ahead of the simulated one, and what is set inside afterwards stands. */
static void sim_interval_begun_outside_ticks_by_its_clock(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        weft_runtime *rt = simulated_begin(seed);
        weft_interval interval;
        assert_int_equal(weft_interval_start(&interval, 10 * ms, (weft_missed)(seed % 3)), 0);
        weft_spawn(weft_runtime_scope(rt), brought, .interval = interval);
        weft_spawn(weft_runtime_scope(rt), brought, .interval = interval, .selects = true);
        weft_spawn(weft_runtime_scope(rt), brought, .interval = interval, .from_ns = epoch + 7 * ms);
        assert_int_equal(weft_runtime_finish(rt), 0);
        verdict_assert();
    }
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
        weft_runtime *rt = simulated_begin(seed);
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
        weft_runtime *rt = simulated_begin(seed);
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
    weft_runtime *rt = simulated_begin(1), *real = world_begin(1), *driven = NULL;
    assert_int_equal(weft_runtime_create(&driven, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_TURNS)), 0);
    weft_runtime *const others[] = {real, driven, NULL};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(weft_sim_advance(others[i], 1), WEFT_EINVAL);
        assert_int_equal(weft_sim_run(others[i]), WEFT_EINVAL);
        assert_int_equal(weft_sim_until(others[i], never, NULL, 0), WEFT_EINVAL);
        assert_true(weft_sim_seed(others[i]) == 0);
    }
    assert_int_equal(weft_sim_advance(real, 1), WEFT_EINVAL);
    assert_true(simulated_said("WEFT_DRIVE_SIM"));
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
    weft_runtime *rt = simulated_begin(3);
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
    assert_true(simulated_said("no task is left"));
    assert_int_equal(weft_runtime_finish(rt), 0);
}

static void sim_turns_by_hand_leave_the_clock_alone(void **state)
{
    (void)state;
    weft_runtime *rt = simulated_begin(5);
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

/* As poll() takes it: rounded up. Here the clock stands while it is looked at. */
static void sim_timeout_is_the_time_of_the_next_turn_in_milliseconds(void **state)
{
    (void)state;
    const int64_t delays[] = {1, ms - 1, ms, ms + 1, 17 * ms + 500000, INT64_C(86400000) * ms, INT64_C(1) << 62};
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        weft_runtime *rt = simulated_begin(i + 1);
        int64_t woke = 0;
        assert_int_equal(weft_runtime_timeout_ms(rt), -1);
        weft_task task = weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = delays[i], .woke_ns = &woke);
        assert_int_equal(weft_runtime_timeout_ms(rt), 0); /* its first poll */
        while (weft_runtime_turn(rt, 1) > 0)
            continue;
        const int64_t left = weft_runtime_next(rt) - epoch, due = left / ms + (left % ms != 0);
        assert_true(left > 0 && left <= delays[i]);
        assert_true(weft_runtime_timeout_ms(rt) == (due < INT32_MAX ? due : INT32_MAX));
        assert_int_equal(weft_task_cancel(task), 0);
        assert_int_equal(weft_sim_run(rt), 0);
        assert_int_equal(weft_runtime_timeout_ms(rt), -1);
        assert_int_equal(weft_runtime_destroy(rt), 0);
    }
}

/* ---- the host waits ---- */

static void sim_waits_of_the_host_turn_it_and_time_out_by_its_clock(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        weft_runtime *rt = simulated_begin(seed);
        numbers_sender out;
        numbers_receiver in;
        atomic_ullong sum = 0;
        uint64_t got;
        world_channel(rt, 1, WEFT_WAIT, &out, &in);
        assert_int_equal(numbers_recv_blocking(&in, &got, epoch + 3 * ms), WEFT_ETIMEDOUT);
        assert_true(weft_runtime_clock(rt) == epoch + 3 * ms);
        assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EDEADLK); /* we hold the sender ourselves */
        assert_true(simulated_said("nothing can ever happen again"));
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
        assert_int_equal(weft_job_begin_blocking(rt, &job, WEFT_JOB(simulated_plus_one, &number), WEFT_FOREVER), 0);
        assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, 42);
        weft_mutex mutex = simulated_mutex(rt, "mine");
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
    weft_runtime *rt = simulated_begin(8);
    weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = 5 * ms, .woke_ns = self->inner_ns);
    *self->answer = weft_runtime_finish(rt);
    VERDICT(weft_clock() >= before && before > epoch);
    WEFT_END(0);
}

/* Two simulated ones in turn, and one inside of a task of a real one: each has its own time. */
static void sim_and_real_runtimes_live_side_by_side(void **state)
{
    (void)state;
    weft_runtime *real = world_begin(2), *one = simulated_begin(1), *other = simulated_begin(2);
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
    weft_runtime *rt = simulated_begin(1);
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
    weft_runtime *rt = simulated_begin(6);
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
        weft_runtime *rt = simulated_begin(seed);
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
    weft_runtime *rt = simulated_begin(1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sim_sleeps_for_a_year_in_no_time_and_wakes_on_the_nanosecond),
        cmocka_unit_test(sim_deadlines_and_intervals_keep_to_its_clock),
        cmocka_unit_test(sim_interval_begun_outside_ticks_by_its_clock),
        cmocka_unit_test(sim_clock_stands_while_a_task_can_run_or_a_job_is_outstanding),
        cmocka_unit_test(sim_advance_runs_what_is_due_by_then),
        cmocka_unit_test(sim_calls_are_refused_where_they_make_no_sense),
        cmocka_unit_test(sim_until_stops_where_it_is_told),
        cmocka_unit_test(sim_turns_by_hand_leave_the_clock_alone),
        cmocka_unit_test(sim_timeout_is_the_time_of_the_next_turn_in_milliseconds),
        cmocka_unit_test(sim_waits_of_the_host_turn_it_and_time_out_by_its_clock),
        cmocka_unit_test(sim_and_real_runtimes_live_side_by_side),
        cmocka_unit_test(sim_health_is_sampled_in_its_time),
        cmocka_unit_test(sim_may_be_woken_by_another_thread),
        cmocka_unit_test(sim_tasks_talk_over_a_pipe),
        cmocka_unit_test(sim_is_inherited_like_any_other),
        cmocka_unit_test(sim_creation_without_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
