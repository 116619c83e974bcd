/* SPDX-License-Identifier: MIT */
/* A runtime that is driven by turns: no thread of its own, a turn's budget, when the next one is wanted, and the host's waits. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/faulty.h"
#include "lib/stress.h"
#include "lib/world.h"

static const int64_t ms = 1000000;

static weft_runtime *begin(void)
{
    weft_runtime *rt = NULL;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "driven", .drive = WEFT_DRIVE_TURNS)) != 0)
        fail_msg("%s", weft_error_detail());
    return rt;
}

/* Turn it until nothing is runnable; how many polls that took. */
static int turn(weft_runtime *rt)
{
    return weft_runtime_turn(rt, INT32_MAX);
}

static bool wants_a_turn(weft_runtime *rt)
{
    const int64_t next = weft_runtime_next(rt);
    return next <= weft_clock();
}

static bool readable(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};
    assert_true(poll(&look, 1, 0) >= 0);
    return look.revents & POLLIN;
}

/* Yields so many times. */
struct yielder {
    weft_frame weft;
    int times;
    int *ended;
};
static weft_poll yielder(weft_context *cx, struct yielder *self)
{
    WEFT_BEGIN(cx, self);
    while (self->times-- > 0)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    ++*self->ended;
    WEFT_END(0);
}

struct sleeper {
    weft_frame weft;
    int64_t delay_ns;
    int *ended;
};
static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->delay_ns));
    ++*self->ended;
    WEFT_END(self->weft.rc);
}

static void driven_runtime_has_no_thread(void **state)
{
    (void)state;
    const unsigned threads = stress_process_threads(), descriptors = stress_process_descriptors();
    weft_runtime *rt = begin();
    int ended = 0;
    assert_int_equal(stress_process_threads(), threads);
    assert_int_equal(stress_process_descriptors(), descriptors);
    assert_int_equal(weft_runtime_workers(rt), 1);
    weft_spawn(weft_runtime_scope(rt), yielder, .times = 3, .ended = &ended);
    assert_int_equal(ended, 0);
    assert_int_equal(turn(rt), 4);
    assert_int_equal(ended, 1);
    assert_int_equal(turn(rt), 0);
    assert_int_equal(stress_process_threads(), threads);
    world_end(rt, 1);
}

static void create_refuses_what_a_driven_runtime_cannot_have(void **state)
{
    (void)state;
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_TURNS, .worker_threads = 2)), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "worker_threads 2"));
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = (weft_drive)77)), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "drive 77"));
    assert_null(rt);
}

static void turn_ends_with_its_budget(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    int ended = 0;
    weft_spawn(weft_runtime_scope(rt), yielder, .times = 9, .ended = &ended);
    assert_int_equal(weft_runtime_turn(rt, 4), 4);
    assert_true(wants_a_turn(rt));
    assert_int_equal(weft_runtime_turn(rt, 4), 4);
    assert_int_equal(ended, 0);
    assert_int_equal(weft_runtime_turn(rt, 4), 2);
    assert_int_equal(ended, 1);
    world_end(rt, 1);
}

static void turn_refuses(void **state)
{
    (void)state;
    weft_runtime *rt = begin(), *threads = world_begin(1);
    assert_int_equal(weft_runtime_turn(rt, 0), WEFT_EINVAL);
    assert_int_equal(weft_runtime_turn(rt, UINT32_MAX), WEFT_EINVAL);
    assert_int_equal(weft_runtime_turn(NULL, 1), WEFT_EINVAL);
    assert_int_equal(weft_runtime_turn(threads, 1), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "WEFT_DRIVE_TURNS"));
    assert_int_equal(weft_runtime_descriptor(threads), WEFT_EINVAL);
    assert_int_equal(weft_runtime_descriptor(NULL), WEFT_EINVAL);
    assert_true(weft_runtime_next(threads) == WEFT_FOREVER);
    assert_true(weft_runtime_next(NULL) == WEFT_FOREVER);
    assert_int_equal(weft_runtime_timeout_ms(threads), -1);
    assert_int_equal(weft_runtime_timeout_ms(NULL), -1);
    const int64_t before = weft_clock(), there = weft_runtime_clock(rt), nowhere = weft_runtime_clock(NULL);
    assert_true(before <= there && there <= nowhere && nowhere <= weft_clock());
    world_end(threads, 0);
    world_end(rt, 0);
}

static void next_is_the_time_of_the_next_timer(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    int ended = 0;
    assert_true(weft_runtime_next(rt) == WEFT_FOREVER);
    weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = 3 * ms, .ended = &ended);
    assert_true(wants_a_turn(rt)); /* its first poll */
    const int64_t before = weft_clock();
    const int polled = turn(rt);
    assert_int_equal(polled, 1 + ended); /* the second is the end of the sleep, where a turn takes longer than that */
    unsigned turns = 0;
    while (ended == 0) { /* more than once if the wheel has to be turned on the way */
        const int64_t next = weft_runtime_next(rt);
        assert_true(next > before && next <= weft_clock() + 3 * ms + 65536);
        while (weft_clock() < next)
            continue;
        assert_true(turn(rt) >= 0);
        turns++;
    }
    assert_in_range(turns, polled == 1, 11);
    assert_true(weft_clock() >= before + 3 * ms);
    assert_true(weft_runtime_next(rt) == WEFT_FOREVER);
    world_end(rt, 1);
}

static void *wake_it(void *waker)
{
    weft_wake(*(weft_waker *)waker);
    return NULL;
}

static void descriptor_is_readable_while_there_is_something_to_do(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    assert_true(weft_runtime_descriptor(rt) >= 0); /* libuv keeps two for ever once it has had a loop */
    world_end(rt, 0);
    const unsigned descriptors = stress_process_descriptors();
    rt = begin();
    atomic_uint leave = 0, polls = 0;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), parked, .leave = &leave, .polls = &polls);
    const int fd = weft_runtime_descriptor(rt);
    assert_true(fd >= 0);
    assert_int_equal(weft_runtime_descriptor(rt), fd);
    assert_true(readable(fd)); /* what was spawned before it was asked for */
    assert_int_equal(turn(rt), 1);
    assert_false(readable(fd));

    pthread_t thread;
    weft_waker waker = {task};
    world_thread(&thread, wake_it, &waker);
    struct pollfd look = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&look, 1, -1), 1);
    pthread_join(thread, NULL);
    assert_true(wants_a_turn(rt));
    assert_int_equal(turn(rt), 1);
    assert_false(readable(fd));
    assert_int_equal(atomic_load(&polls), 2);

    int ended = 0;
    weft_spawn(weft_runtime_scope(rt), yielder, .times = 9, .ended = &ended);
    assert_int_equal(weft_runtime_turn(rt, 1), 1);
    assert_true(readable(fd)); /* something is left */
    assert_int_equal(turn(rt), 9);
    assert_false(readable(fd));
    atomic_store(&leave, 1);
    weft_wake(waker);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
    world_end(rt, 2);
    assert_int_equal(stress_process_descriptors(), descriptors);
}

static void descriptor_refused_by_the_system(void **state)
{
    (void)state;
    faulty_begin();
    weft_runtime *rt = begin();
    faulty_arm(FAULTY_DESCRIPTORS, 1, false);
    assert_int_equal(weft_runtime_descriptor(rt), WEFT_EMFILE);
    assert_non_null(strstr(weft_error_detail(), "weft_runtime_descriptor: the system gives no descriptor"));
    assert_true(weft_runtime_descriptor(rt) >= 0);
    world_end(rt, 0);
    faulty_end();
}

/* The thread that turns it waits: it turns it. */
static void waits_of_the_driving_thread_turn_the_runtime(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    numbers_sender to, from_out;
    numbers_receiver to_in, from;
    world_channel(rt, 1, WEFT_WAIT, &to, &to_in);
    world_channel(rt, 1, WEFT_WAIT, &from_out, &from);
    weft_spawn(weft_runtime_scope(rt), incrementer, .in = to_in, .out = from_out);
    uint64_t got = 0;
    assert_int_equal(numbers_recv_blocking(&from, &got, weft_deadline_in(2 * ms)), WEFT_ETIMEDOUT);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(numbers_send_blocking(&to, i, WEFT_FOREVER), 0);
        assert_int_equal(numbers_recv_blocking(&from, &got, WEFT_FOREVER), 0);
        assert_true(got == i + 1);
    }
    numbers_sender_close(&to);
    assert_int_equal(numbers_recv_blocking(&from, &got, WEFT_FOREVER), WEFT_EPIPE);
    numbers_receiver_close(&from);
    int ended = 0, result = 0;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), sleeper, .delay_ns = 2 * ms, .ended = &ended);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_int_equal(ended, 1);
    atomic_uint leave = 0;
    task = weft_spawn_joinable(weft_runtime_scope(rt), parked, .leave = &leave, .result = 3);
    assert_int_equal(weft_task_join_blocking(&task, weft_clock(), NULL), WEFT_ETIMEDOUT);
    atomic_store(&leave, 1);
    weft_wake((weft_waker){task});
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, 3);
    world_end(rt, 3);
}

/* Waits at a semaphore, then gives it back to those that wait behind it. */
struct user {
    weft_frame weft;
    weft_semaphore semaphore;
};
static weft_poll user(weft_context *cx, struct user *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &self->semaphore, 1));
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    if (self->weft.rc == 0)
        weft_semaphore_release(&self->semaphore, 1);
    WEFT_END(0);
}

static int plus_one(void *argument) { return *(int *)argument + 1; }

static void waits_at_meeting_points_and_for_jobs_turn_it_too(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    weft_semaphore semaphore;
    assert_int_equal(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.permits = 1), &semaphore), 0);
    weft_spawn(weft_runtime_scope(rt), user, .semaphore = semaphore);
    assert_int_equal(weft_runtime_turn(rt, 1), 1); /* it has the permit */
    assert_int_equal(weft_semaphore_acquire_blocking(&semaphore, 1, WEFT_FOREVER), 0);
    assert_int_equal(weft_semaphore_acquire_blocking(&semaphore, 1, weft_deadline_in(ms)), WEFT_ETIMEDOUT);
    weft_semaphore_release(&semaphore, 1);
    weft_semaphore_destroy(&semaphore);
    weft_job job = {0};
    int number = 41, result = 0;
    assert_int_equal(weft_job_begin_blocking(rt, &job, WEFT_JOB(plus_one, &number), WEFT_FOREVER), 0);
    assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, 42);
    world_end(rt, 1);
}

struct sending {
    numbers_sender *out;
    struct latch *go;
};
static void *send_later(void *argument)
{
    struct sending *sending = argument;
    latch_wait(sending->go, 1);
    VERDICT(numbers_try_send(sending->out, 7) == 0);
    return NULL;
}

struct raiser {
    weft_frame weft;
    struct latch *go;
};
static weft_poll raiser(weft_context *cx, struct raiser *self)
{
    WEFT_BEGIN(cx, self);
    latch_up(self->go);
    WEFT_END(0);
}

/* The message comes from another thread: no task is woken by it, and the driving thread has to notice all the same. */
static void wait_of_the_driving_thread_ends_by_another_thread(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    for (uint64_t round = stress_scale(200); round > 0; round--) {
        numbers_sender out;
        numbers_receiver in;
        struct latch go = LATCH;
        struct sending sending = {&out, &go};
        pthread_t thread;
        uint64_t got = 0;
        world_channel(rt, 1, WEFT_WAIT, &out, &in);
        world_thread(&thread, send_later, &sending);
        weft_spawn(weft_runtime_scope(rt), raiser, .go = &go); /* runs only because the wait turns the runtime */
        assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
        assert_int_equal(got, 7);
        pthread_join(thread, NULL);
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
    }
    world_end(rt, (int64_t)stress_scale(200));
    verdict_assert();
}

static void *receive_here(void *receiver)
{
    uint64_t got = 0;
    VERDICT(numbers_recv_blocking(receiver, &got, WEFT_FOREVER) == 0 && got == 5);
    return NULL;
}

/* Another thread sleeps; the one that turns the runtime wakes it. */
static void waits_of_other_threads_sleep(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    numbers_sender out;
    numbers_receiver in;
    atomic_int rc = 1;
    pthread_t thread;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    world_thread(&thread, receive_here, &in);
    WORLD_UNTIL(world_sender_stats(&out).receiver_waiting);
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .from = 5, .count = 1, .rc = &rc);
    assert_int_equal(turn(rt), 1);
    pthread_join(thread, NULL);
    numbers_receiver_close(&in);
    world_end(rt, 1);
    verdict_assert();
}

/* Calls from inside. */
struct inside {
    weft_frame weft;
    weft_runtime *rt;
    int turned, finished, shut;
    int *answers;
};
static weft_poll inside(weft_context *cx, struct inside *self)
{
    WEFT_BEGIN(cx, self);
    self->answers[0] = weft_runtime_turn(self->rt, 1);
    self->answers[1] = weft_runtime_finish(self->rt);
    self->answers[2] = weft_runtime_shutdown(self->rt, WEFT_FOREVER);
    WEFT_END(0);
}

struct hooked {
    weft_runtime *rt;
    numbers_receiver *in;
    int turned, received;
};
static void turn_in_hook(void *context, uint64_t task, uint16_t worker, uint8_t source)
{
    struct hooked *hooked = context;
    (void)task;
    (void)worker;
    (void)source;
    hooked->turned = weft_runtime_turn(hooked->rt, 1);
}
static void receive_in_hook(void *context, uint64_t chan, uint64_t task, uint32_t depth)
{
    struct hooked *hooked = context;
    uint64_t got;
    (void)chan;
    (void)task;
    (void)depth;
    hooked->received = numbers_recv_blocking(hooked->in, &got, WEFT_FOREVER);
}
static void turn_in_callback(void *context, const weft_health_change *change)
{
    (void)change;
    *(int *)context = weft_runtime_turn(*(weft_runtime **)((int *)context + 2), 1);
}

static void turns_from_inside_are_refused(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    int answers[3] = {0};
    weft_spawn(weft_runtime_scope(rt), inside, .rt = rt, .answers = answers);
    assert_int_equal(turn(rt), 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(answers[i], WEFT_EDEADLK);

    numbers_sender out, other_out;
    numbers_receiver in, other_in;
    struct hooked hooked = {.rt = rt, .in = &other_in};
    weft_hooks_handle handle;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    world_channel(rt, 1, WEFT_WAIT, &other_out, &other_in);
    assert_int_equal(
        weft_hooks_add(rt, WEFT_HOOKS(.context = &hooked, .poll_start = turn_in_hook, .chan_send = receive_in_hook), &handle), 0);
    assert_int_equal(numbers_try_send(&out, 1), 0); /* on this thread, which drives the runtime */
    assert_int_equal(hooked.received, WEFT_EDEADLK);
    assert_non_null(strstr(weft_error_detail(), "driven"));
    int ended = 0;
    weft_spawn(weft_runtime_scope(rt), yielder, .ended = &ended);
    assert_int_equal(turn(rt), 1);
    assert_int_equal(hooked.turned, WEFT_EDEADLK);
    assert_int_equal(weft_hooks_remove(handle), 0);

    struct {
        int answer, pad;
        weft_runtime *rt;
    } callback = {.rt = rt};
    uint64_t taken;
    assert_int_equal(weft_monitor_sample(rt), 0); /* a turn may have done it already */
    assert_int_equal(weft_monitor_on_health(rt, turn_in_callback, &callback), 0);
    assert_int_equal(numbers_try_recv(&in, &taken), 0);
    assert_int_equal(weft_monitor_sample(rt), 0); /* it was full, and is well again */
    assert_int_equal(callback.answer, WEFT_EDEADLK);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    numbers_sender_close(&other_out);
    numbers_receiver_close(&other_in);
    world_end(rt, 2);
}

struct other_thread {
    weft_runtime *rt;
    struct latch *entered;
    struct latch *leave;
    int turned, finished, destroyed, shut;
};
static void *try_from_another_thread(void *argument)
{
    struct other_thread *other = argument;
    latch_wait(other->entered, 1);
    other->turned = weft_runtime_turn(other->rt, 1);
    other->shut = weft_runtime_shutdown(other->rt, WEFT_FOREVER);
    other->finished = weft_runtime_finish(other->rt);
    other->destroyed = weft_runtime_destroy(other->rt);
    latch_up(other->leave);
    return NULL;
}

static void one_thread_at_a_time_is_inside(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    struct latch entered = LATCH, leave = LATCH;
    struct other_thread other = {.rt = rt, .entered = &entered, .leave = &leave};
    pthread_t thread;
    world_thread(&thread, try_from_another_thread, &other);
    weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    assert_int_equal(turn(rt), 1);
    pthread_join(thread, NULL);
    assert_int_equal(other.turned, WEFT_EBUSY);
    assert_int_equal(other.shut, WEFT_EBUSY);
    assert_int_equal(other.finished, WEFT_EBUSY);
    assert_int_equal(other.destroyed, WEFT_EBUSY);
    world_end(rt, 1);
}

static void *turn_here(void *rt)
{
    VERDICT(weft_runtime_turn(rt, INT32_MAX) == 1);
    return NULL;
}

/* Turns may come from one thread after the other. */
static void driving_passes_to_the_thread_that_turns(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    int ended = 0;
    for (int i = 0; i < 8; i++) {
        pthread_t thread;
        weft_spawn(weft_runtime_scope(rt), yielder, .ended = &ended);
        world_thread(&thread, turn_here, rt);
        pthread_join(thread, NULL);
    }
    assert_int_equal(ended, 8);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), yielder, .ended = &ended);
    assert_int_equal(weft_task_join_blocking(&task, weft_deadline_in(ms), NULL), WEFT_ETIMEDOUT); /* another drives it */
    assert_int_equal(turn(rt), 1);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
    world_end(rt, 9);
    verdict_assert();
}

struct spawning {
    weft_runtime *rt;
    int ended;
};
static int spawn_and_join(void *argument)
{
    struct spawning *spawning = argument;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(spawning->rt), yielder, .times = 3, .ended = &spawning->ended);
    return weft_task_join_blocking(&task, WEFT_FOREVER, NULL);
}

/* Jobs have threads of their own here, too; the end turns the runtime for those who wait for its tasks. */
static void finish_turns_until_tasks_and_jobs_have_ended(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    struct spawning spawning = {.rt = rt};
    weft_job job = {0};
    int ended = 0;
    assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(spawn_and_join, &spawning)), 0);
    assert_int_equal(weft_job_detach(&job), 0);
    weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = 2 * ms, .ended = &ended);
    weft_spawn(weft_runtime_scope(rt), ender, .result = -77);
    assert_int_equal(weft_runtime_finish(rt), -77);
    assert_int_equal(spawning.ended, 1);
    assert_int_equal(ended, 1);
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

static void shutdown_of_a_driven_runtime_keeps_to_its_deadline(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    atomic_uint never = 0, ended = 0;
    bool leave = false;
    weft_spawn(weft_runtime_scope(rt), parked, .leave = &never, .ended = &ended);
    const weft_task task = weft_spawn(weft_runtime_scope(rt), stubborn, .leave = &leave);
    const int64_t deadline = weft_deadline_in(ms);
    assert_int_equal(weft_runtime_shutdown(rt, deadline), WEFT_ETIMEDOUT);
    assert_true(weft_clock() >= deadline);
    assert_int_equal(atomic_load(&ended), 1); /* the other one listened */
    assert_int_equal(weft_runtime_turn(rt, 1), 0);
    leave = true;
    weft_wake((weft_waker){task});
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    assert_int_equal(weft_runtime_destroy(rt), 0);
    assert_int_equal(weft_runtime_destroy(rt), WEFT_EINVAL);
}

/* Both on one thread; a message crosses between two turns. */
static void two_driven_runtimes_on_one_thread(void **state)
{
    (void)state;
    weft_runtime *here = begin(), *there = begin();
    numbers_sender out;
    numbers_receiver in;
    atomic_ullong sum = 0;
    world_channel(there, 2, WEFT_WAIT, &out, &in);
    weft_spawn(weft_runtime_scope(here), pusher, .out = out, .from = 1, .count = 100);
    weft_spawn(weft_runtime_scope(there), puller, .in = in, .sum = &sum);
    while (turn(here) + turn(there) > 0)
        continue;
    assert_true(atomic_load(&sum) == 5050);
    world_end(here, 1);
    world_end(there, 1);
}

struct turns_another {
    weft_frame weft;
    weft_runtime *rt;
    int *turned;
};
static weft_poll turns_another(weft_context *cx, struct turns_another *self)
{
    WEFT_BEGIN(cx, self);
    *self->turned = weft_runtime_turn(self->rt, INT32_MAX);
    WEFT_END(0);
}

/* A task of one runtime may turn another: a worker's record is put back after it. */
static void driven_runtime_is_turned_by_a_task_of_another(void **state)
{
    (void)state;
    weft_runtime *outer = begin(), *inner = begin();
    int ended = 0, turned = 0;
    weft_spawn(weft_runtime_scope(inner), yielder, .times = 1, .ended = &ended);
    weft_spawn(weft_runtime_scope(outer), turns_another, .rt = inner, .turned = &turned);
    assert_int_equal(turn(outer), 1);
    assert_int_equal(turned, 2);
    assert_int_equal(ended, 1);
    world_end(inner, 1);
    world_end(outer, 1);
}

static void *send_ten(void *out)
{
    for (uint64_t i = 1; i <= 10; i++)
        VERDICT(numbers_send_blocking(out, i, WEFT_FOREVER) == 0);
    numbers_sender_close(out);
    return NULL;
}

/* The loop of a host: poll with the descriptor and the time, then a turn of a few polls. */
static void host_loop_with_descriptor_and_timeout(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    const int fd = weft_runtime_descriptor(rt);
    numbers_sender out;
    numbers_receiver in;
    atomic_ullong sum = 0;
    atomic_uint done = 0;
    int ended = 0;
    pthread_t thread;
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    weft_spawn(weft_runtime_scope(rt), puller, .in = in, .sum = &sum, .done = &done);
    weft_spawn(weft_runtime_scope(rt), sleeper, .delay_ns = 5 * ms, .ended = &ended);
    world_thread(&thread, send_ten, &out);
    while (atomic_load(&done) == 0 || ended == 0) {
        const int64_t next = weft_runtime_next(rt), now = weft_runtime_clock(rt);
        struct pollfd look = {.fd = fd, .events = POLLIN};
        const int timeout = next == WEFT_FOREVER ? -1 : next <= now ? 0 : (int)((next - now) / ms) + 1;
        assert_true(poll(&look, 1, timeout) >= 0 || errno == EINTR);
        assert_true(weft_runtime_turn(rt, 3) >= 0);
    }
    pthread_join(thread, NULL);
    assert_true(atomic_load(&sum) == 55);
    world_end(rt, 2);
    verdict_assert();
}

/* Reads a byte; or writes one. Says what came of it. */
struct mover {
    weft_frame weft;
    weft_fd fd;
    bool writes;
    char byte;
    int *rc;
};
static weft_poll mover(weft_context *cx, struct mover *self)
{
    WEFT_BEGIN(cx, self);
    if (self->writes)
        WEFT_AWAIT(self->weft.rc, weft_fd_write(cx, &self->fd, "w", 1));
    else
        WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, &self->byte, 1));
    *self->rc = self->weft.rc;
    weft_fd_close(&self->fd);
    WEFT_END(0);
}

static weft_fd open_fd(weft_runtime *rt, int fd)
{
    weft_fd opened = {0};
    assert_int_equal(weft_fd_open(rt, fd, NULL, &opened), 0);
    return opened;
}

/* What a task waits for at a descriptor wakes the host's own epoll, however late the host asked for the runtime's. */
static void descriptor_is_readable_when_something_has_come_for_a_task(void **state)
{
    (void)state;
    for (int early = 0; early < 2; early++) {
        weft_runtime *rt = begin();
        int ends[2], rc = 0, fd = early ? weft_runtime_descriptor(rt) : -1;
        assert_int_equal(pipe(ends), 0);
        weft_spawn(weft_runtime_scope(rt), mover, .fd = open_fd(rt, ends[0]), .rc = &rc);
        assert_int_equal(turn(rt), 1);
        if (!early)
            fd = weft_runtime_descriptor(rt);
        assert_int_equal(turn(rt), 0);
        assert_false(readable(fd));
        assert_int_equal(write(ends[1], "x", 1), 1);
        struct pollfd look = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&look, 1, -1), 1);
        assert_int_equal(turn(rt), 1);
        assert_int_equal(rc, 1);
        assert_false(readable(fd));
        close(ends[1]);
        world_end(rt, 1);
    }
}

static void *write_here(void *fd)
{
    VERDICT(write(*(int *)fd, "x", 1) == 1);
    return NULL;
}

/* The driving thread waits for a task, which waits for a descriptor: it sleeps there. */
static void wait_of_the_driving_thread_ends_by_a_descriptor(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    int ends[2], rc = 0;
    assert_int_equal(pipe(ends), 0);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), mover, .fd = open_fd(rt, ends[0]), .rc = &rc);
    assert_int_equal(turn(rt), 1);
    pthread_t thread;
    world_thread(&thread, write_here, &ends[1]);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
    assert_int_equal(rc, 1);
    pthread_join(thread, NULL);
    close(ends[1]);
    world_end(rt, 1);
    verdict_assert();
}

/* The thread is the host's, where SIGPIPE is not blocked: with the default action it would end the process. */
static void writing_to_a_pipe_without_a_reader_raises_no_signal(void **state)
{
    (void)state;
    weft_runtime *rt = begin();
    int ends[2], rc = 0;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    weft_spawn(weft_runtime_scope(rt), mover, .fd = open_fd(rt, ends[1]), .writes = true, .rc = &rc);
    assert_int_equal(turn(rt), 1);
    assert_int_equal(rc, WEFT_EPIPE);
    world_end(rt, 1);
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(driven_runtime_has_no_thread),
        cmocka_unit_test(create_refuses_what_a_driven_runtime_cannot_have),
        cmocka_unit_test(turn_ends_with_its_budget),
        cmocka_unit_test(turn_refuses),
        cmocka_unit_test(next_is_the_time_of_the_next_timer),
        cmocka_unit_test(descriptor_is_readable_while_there_is_something_to_do),
        cmocka_unit_test(descriptor_refused_by_the_system),
        cmocka_unit_test(waits_of_the_driving_thread_turn_the_runtime),
        cmocka_unit_test(waits_at_meeting_points_and_for_jobs_turn_it_too),
        cmocka_unit_test(wait_of_the_driving_thread_ends_by_another_thread),
        cmocka_unit_test(waits_of_other_threads_sleep),
        cmocka_unit_test(turns_from_inside_are_refused),
        cmocka_unit_test(one_thread_at_a_time_is_inside),
        cmocka_unit_test(driving_passes_to_the_thread_that_turns),
        cmocka_unit_test(finish_turns_until_tasks_and_jobs_have_ended),
        cmocka_unit_test(shutdown_of_a_driven_runtime_keeps_to_its_deadline),
        cmocka_unit_test(two_driven_runtimes_on_one_thread),
        cmocka_unit_test(driven_runtime_is_turned_by_a_task_of_another),
        cmocka_unit_test(host_loop_with_descriptor_and_timeout),
        cmocka_unit_test(descriptor_is_readable_when_something_has_come_for_a_task),
        cmocka_unit_test(wait_of_the_driving_thread_ends_by_a_descriptor),
        cmocka_unit_test(writing_to_a_pipe_without_a_reader_raises_no_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
