/* SPDX-License-Identifier: MIT */
/* Tasks: spawn, names, identity, join, detach, cancel, wake, inspect, visit. */
#include "lib/verdict.h"

#include <stdio.h>

#include "lib/runtime.h"

#define SPAWN(...) checked(weft_spawn(weft_runtime_scope(rt), __VA_ARGS__))
#define SPAWN_AS(options, ...) checked(weft_spawn_as(weft_runtime_scope(rt), options, __VA_ARGS__))

static weft_task checked(weft_task task)
{
    assert_int_equal(weft_task_error(task), 0);
    assert_true(task.id != 0);
    return task;
}

static weft_task_info inspect(weft_task task, int expected)
{
    weft_task_info info = {.size = sizeof info};
    assert_int_equal(weft_task_inspect(task, &info), expected);
    return info;
}

/* TSK-03 TSK-07: the result is kept for whoever joins, also when it is cancelled after its end. */
static void join_takes_the_result_once(void **state)
{
    (void)state;
    const int results[] = {0, 7, -5, WEFT_EPIPE, INT32_MAX};
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        atomic_uint ended = 0;
        weft_task task = checked(
            weft_spawn_joinable(weft_runtime_scope(rt), ender, .result = results[i], .ended = &ended));
        const weft_task copy = task;
        WORLD_UNTIL(world_live(rt) == 0);
        assert_int_equal(weft_task_cancel(task), WEFT_ESRCH); /* it has ended; its result stays */
        assert_int_equal(inspect(task, 0).state, WEFT_TASK_ENDED);
        int result = 1234;
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, results[i]);
        assert_int_equal(atomic_load(&ended), 1);
        assert_int_equal(task.id, 0);
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), WEFT_EINVAL);
        task = copy;
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), WEFT_ESRCH);
        assert_int_equal(result, results[i]);
        inspect(copy, WEFT_ESRCH);
    }
}

struct joiner {
    weft_frame weft;
    weft_task other;
    int result;
    atomic_int *rc;
    atomic_int *out_result;
    bool itself;
};

static weft_poll joiner(weft_context *cx, struct joiner *self)
{
    WEFT_BEGIN(cx, self);
    if (self->itself)
        self->other = weft_context_task(cx);
    WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->other, &self->result));
    atomic_store(self->out_result, self->result);
    atomic_store(self->rc, self->weft.rc);
    WEFT_END(0);
}

static weft_task join_in_task(weft_task other, atomic_int *rc, atomic_int *result)
{
    atomic_store(rc, 99);
    return SPAWN(joiner, .other = other, .rc = rc, .out_result = result);
}

/* scenario 14: three distinguishable results: succeeded, failed, cancelled; by a task, before the end and after it. */
static void join_in_a_task_tells_how_the_other_ended(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++)
        for (int how = 0; how < 3; how++) {
            atomic_uint leave = 0;
            const weft_task task =
                checked(weft_spawn_joinable(weft_runtime_scope(rt), parked, .leave = &leave, .result = how == 1 ? -5 : 3));
            atomic_int rc = 99, result = 99;
            if (!late) {
                join_in_task(task, &rc, &result);
                WORLD_UNTIL(inspect(task, 0).polls == 1);
            }
            if (how == 2)
                assert_int_equal(weft_task_cancel(task), 0);
            atomic_store(&leave, 1);
            weft_wake((weft_waker){task});
            if (late) {
                WORLD_UNTIL(world_live(rt) == 0);
                join_in_task(task, &rc, &result);
            }
            WORLD_UNTIL(atomic_load(&rc) != 99);
            assert_int_equal(atomic_load(&rc), 0);
            assert_int_equal(atomic_load(&result), how == 0 ? 3 : how == 1 ? -5 : WEFT_ECANCELED);
            world_settle(rt);
        }
}

/* scenario 14 */
static void join_refusals(void **state)
{
    (void)state;
    atomic_int rc = 99, result = 0;
    SPAWN(joiner, .itself = true, .rc = &rc, .out_result = &result);
    WORLD_UNTIL(atomic_load(&rc) != 99);
    assert_int_equal(atomic_load(&rc), WEFT_EDEADLK);

    atomic_uint leave = 0;
    weft_task task = SPAWN(parked, .leave = &leave); /* not joinable */
    join_in_task(task, &rc, &result);
    WORLD_UNTIL(atomic_load(&rc) != 99);
    assert_int_equal(atomic_load(&rc), WEFT_EINVAL);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), WEFT_EINVAL);
    atomic_store(&leave, 1);
    weft_wake((weft_waker){task});
    world_settle(rt);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), WEFT_ESRCH);
}

struct blocked_join {
    weft_task task;
    int rc;
    int result;
};

static void *join_thread(void *argument)
{
    struct blocked_join *self = argument;
    self->rc = weft_task_join_blocking(&self->task, WEFT_FOREVER, &self->result);
    return NULL;
}

/* Joined by two: the second is refused; the first gets the result. */
static void join_by_two_refuses_the_second(void **state)
{
    (void)state;
    atomic_uint leave = 0;
    weft_task task = checked(weft_spawn_joinable(weft_runtime_scope(rt), parked, .leave = &leave, .result = 11));
    atomic_int rc, result = 99;
    const weft_task first = join_in_task(task, &rc, &result);
    WORLD_UNTIL(inspect(first, 0).state == WEFT_TASK_WAITING);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), WEFT_EBUSY);
    atomic_int second_rc, second_result = 99;
    join_in_task(task, &second_rc, &second_result);
    WORLD_UNTIL(atomic_load(&second_rc) != 99);
    assert_int_equal(atomic_load(&second_rc), WEFT_EBUSY);
    assert_true(task.id != 0); /* a failed join leaves the handle */
    atomic_store(&leave, 1);
    weft_wake((weft_waker){task});
    WORLD_UNTIL(atomic_load(&rc) != 99);
    assert_int_equal(atomic_load(&rc), 0);
    assert_int_equal(atomic_load(&result), 11);
    world_settle(rt);
}

/* A join that is cancelled, or has timed out, gives up its place: the next may join. */
static void join_given_up_lets_another_join(void **state)
{
    (void)state;
    atomic_uint leave = 0;
    weft_task task = checked(weft_spawn_joinable(weft_runtime_scope(rt), parked, .leave = &leave, .result = 12));
    const int64_t deadlines[] = {INT64_MIN, -1, 0, weft_deadline_in(1000000)};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(weft_task_join_blocking(&task, deadlines[i], NULL), WEFT_ETIMEDOUT);
    atomic_int rc, result = 99;
    const weft_task first = join_in_task(task, &rc, &result);
    WORLD_UNTIL(inspect(first, 0).state == WEFT_TASK_WAITING);
    assert_int_equal(weft_task_cancel(first), 0);
    WORLD_UNTIL(atomic_load(&rc) != 99);
    assert_int_equal(atomic_load(&rc), WEFT_ECANCELED);
    struct blocked_join blocked = {.task = task};
    pthread_t thread;
    world_thread(&thread, join_thread, &blocked);
    atomic_store(&leave, 1);
    weft_wake((weft_waker){task});
    pthread_join(thread, NULL);
    assert_int_equal(blocked.rc, 0);
    assert_int_equal(blocked.result, 12);
    world_settle(rt);
}

/* Joins once and turns away: never asks again. */
struct turncoat {
    weft_frame weft;
    weft_task other;
    atomic_int *first;
    unsigned char ballast[3000];
};

static weft_poll turncoat(weft_context *cx, struct turncoat *self)
{
    if (weft_context_cancelled(cx) != WEFT_REASON_NONE)
        return WEFT_READY;
    atomic_store(self->first, weft_task_join(cx, &self->other, NULL));
    return WEFT_PENDING;
}

static void join_that_is_not_awaited_again_is_given_up(void **state)
{
    (void)state;
    atomic_uint leave = 0;
    weft_task task = checked(weft_spawn_joinable(weft_runtime_scope(rt), parked, .leave = &leave, .result = 13));
    atomic_int first = 99;
    const weft_task turncoat_task = SPAWN(turncoat, .other = task, .first = &first);
    WORLD_UNTIL(atomic_load(&first) != 99);
    assert_int_equal(atomic_load(&first), WEFT_AWAITING);
    assert_int_equal(weft_task_cancel(turncoat_task), 0);
    WORLD_UNTIL(world_live(rt) == 1);
    assert_int_equal(weft_task_join_blocking(&task, 0, NULL), WEFT_ETIMEDOUT); /* not EBUSY: nobody joins */
    atomic_store(&leave, 1);
    weft_wake((weft_waker){task});
    int result = 0;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, 13);
    world_settle(rt);
}

/* TSK-08 TSK-11, known bug 23: whichever side is last frees it; the memory of tasks does not grow. */
static void detach_gives_up_the_result_before_and_after_the_end(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        atomic_uint ended = 0, leave = 0;
        weft_task task =
            checked(weft_spawn_joinable(weft_runtime_scope(rt), parked, .leave = &leave, .ended = &ended, .result = 3));
        weft_task copy = task;
        if (!late) {
            assert_int_equal(weft_task_detach(&task), 0);
            assert_int_equal(task.id, 0);
            assert_int_equal(weft_task_join_blocking(&copy, WEFT_FOREVER, NULL), WEFT_EINVAL); /* it lives, unjoinable */
        }
        atomic_store(&leave, 1);
        weft_wake((weft_waker){copy});
        WORLD_UNTIL(world_live(rt) == 0);
        assert_int_equal(atomic_load(&ended), 1);
        if (late) {
            assert_int_equal(inspect(task, 0).state, WEFT_TASK_ENDED);
            assert_int_equal(weft_task_detach(&task), 0);
        }
        inspect(copy, WEFT_ESRCH);
        weft_task stale = copy;
        assert_int_equal(weft_task_detach(&stale), WEFT_ESRCH);
        assert_true(stale.id == copy.id); /* a failed detach leaves the handle */
        assert_int_equal(weft_task_detach(&task), WEFT_EINVAL);
    }
}

struct canceller {
    weft_task task;
    struct latch *start;
    int rc;
};

static void *cancel_thread(void *argument)
{
    struct canceller *self = argument;
    latch_wait(self->start, 1);
    self->rc = weft_task_cancel(self->task);
    return NULL;
}

/* scenario 13, known bug 20: ten cancel the same task: it ends once, with one result, and the first reason is kept. */
static void cancel_by_ten_ends_it_once(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct latch start = LATCH;
        atomic_uint ended = 0;
        weft_task task = checked(weft_spawn_joinable(weft_runtime_scope(rt), parked, .ended = &ended));
        struct canceller cancellers[10];
        pthread_t threads[10];
        for (int i = 0; i < 10; i++) {
            cancellers[i] = (struct canceller){.task = task, .start = &start};
            world_thread(&threads[i], cancel_thread, &cancellers[i]);
        }
        latch_up(&start);
        int result = 0, accepted = 0;
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, WEFT_ECANCELED);
        for (int i = 0; i < 10; i++) {
            pthread_join(threads[i], NULL);
            assert_true(cancellers[i].rc == 0 || cancellers[i].rc == WEFT_ESRCH);
            accepted += cancellers[i].rc == 0;
        }
        assert_true(accepted >= 1);
        assert_int_equal(atomic_load(&ended), 1);
    }
    world_settle(rt);
}

struct step_counter {
    weft_frame weft;
    struct latch *entered;
    struct latch *leave;
    atomic_uint *finished_step;
    atomic_int *rc;
    atomic_int *reason;
};

static weft_poll step_counter(weft_context *cx, struct step_counter *self)
{
    WEFT_BEGIN(cx, self);
    latch_up(self->entered);
    latch_wait(self->leave, 1);
    atomic_store(self->finished_step, 1);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    atomic_store(self->rc, self->weft.rc);
    atomic_store(self->reason, (int)weft_context_cancelled(cx));
    WEFT_END(self->weft.rc);
}

/* TSK-02 */
static void cancel_of_a_running_task_takes_effect_at_its_next_await(void **state)
{
    (void)state;
    struct latch entered = LATCH, leave = LATCH;
    atomic_uint finished = 0;
    atomic_int rc = 99, reason = 0;
    weft_task task = checked(weft_spawn_joinable(weft_runtime_scope(rt), step_counter, .entered = &entered,
                                                 .leave = &leave, .finished_step = &finished, .rc = &rc,
                                                 .reason = &reason));
    latch_wait(&entered, 1);
    assert_int_equal(inspect(task, 0).state, WEFT_TASK_RUNNING);
    assert_int_equal(weft_task_cancel(task), 0);
    assert_int_equal(weft_task_cancel(task), 0); /* again changes nothing */
    assert_int_equal(inspect(task, 0).cancelled, WEFT_REASON_USER);
    assert_int_equal(atomic_load(&finished), 0);
    latch_up(&leave);
    int result = 0;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, WEFT_ECANCELED);
    assert_int_equal(atomic_load(&finished), 1);
    assert_int_equal(atomic_load(&rc), WEFT_ECANCELED);
    assert_int_equal(atomic_load(&reason), WEFT_REASON_USER);
    world_settle(rt);
}

struct dropper {
    weft_frame weft;
    atomic_uint *body;
    atomic_uint *drops;
    uint64_t pattern;
};

static weft_poll dropper(weft_context *cx, struct dropper *self)
{
    WEFT_BEGIN(cx, self);
    atomic_fetch_add(self->body, 1);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

static atomic_ullong dropped_id; /* TSK-09: readable while the frame is dropped? the frame is whole */
static void dropper_drop(void *frame)
{
    struct dropper *self = frame;
    atomic_store(&dropped_id, self->pattern);
    atomic_fetch_add(self->drops, 1);
}

/* scenario 11: cancelled before its first poll: the drop function runs once, the body never. */
static void cancel_before_the_first_poll_drops_the_frame(void **state)
{
    (void)state;
    weft_runtime *one = world_begin(1);
    for (int with_drop = 0; with_drop < 2; with_drop++) {
        struct latch entered = LATCH, leave = LATCH;
        checked(weft_spawn(weft_runtime_scope(one), plug, .entered = &entered, .leave = &leave));
        latch_wait(&entered, 1);
        atomic_uint body = 0, drops = 0;
        weft_task task = checked(weft_spawn_as(
            weft_runtime_scope(one), WEFT_TASK("dropped", .joinable = true, .drop = with_drop ? dropper_drop : NULL),
            dropper, .body = &body, .drops = &drops, .pattern = 0x1234567812345678));
        assert_int_equal(weft_task_cancel(task), 0);
        latch_up(&leave);
        int result = 0;
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
        assert_int_equal(atomic_load(&drops), with_drop);
        assert_int_equal(atomic_load(&body), !with_drop); /* without a drop the body has to clean up */
        if (with_drop) {
            assert_int_equal(result, WEFT_ECANCELED);
            assert_true(atomic_load(&dropped_id) == 0x1234567812345678);
        }
    }
    world_end(one, 4);
}

/* Once it was polled the body cleans up, not the drop function. */
static void cancel_after_the_first_poll_runs_the_body(void **state)
{
    (void)state;
    atomic_uint polls = 0, ended = 0;
    weft_task task = checked(weft_spawn_as(weft_runtime_scope(rt),
                                           WEFT_TASK(NULL, .joinable = true, .drop = dropper_drop), parked,
                                           .polls = &polls, .ended = &ended));
    WORLD_UNTIL(atomic_load(&polls) == 1);
    assert_int_equal(weft_task_cancel(task), 0);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
    assert_int_equal(atomic_load(&ended), 1);
    world_settle(rt);
}

/* RT-05 MET-01: a task is polled as often as it was woken, and not once more; wakes of the ended are no-ops. */
static void wake_polls_once_each(void **state)
{
    (void)state;
    atomic_uint polls = 0, leave = 0, ended = 0;
    const weft_task task = SPAWN(parked, .polls = &polls, .leave = &leave, .ended = &ended);
    for (unsigned i = 1; i <= 100; i++) {
        WORLD_UNTIL(atomic_load(&polls) == i && inspect(task, 0).state == WEFT_TASK_WAITING);
        weft_wake((weft_waker){task});
    }
    WORLD_UNTIL(atomic_load(&polls) == 101 && inspect(task, 0).state == WEFT_TASK_WAITING);
    assert_int_equal(inspect(task, 0).polls, 101);
    atomic_store(&leave, 1);
    weft_wake((weft_waker){task});
    world_settle(rt);
    assert_int_equal(atomic_load(&polls), 102);
    weft_runtime_stats before = {.size = sizeof before}, after = {.size = sizeof after};
    assert_int_equal(weft_runtime_stats_get(rt, &before), 0);
    for (int i = 0; i < 10; i++)
        weft_wake((weft_waker){task}); /* gone: nothing happens */
    assert_int_equal(weft_runtime_stats_get(rt, &after), 0);
    assert_int_equal(after.polls, before.polls);
    assert_int_equal(after.wakes, before.wakes);
    assert_int_equal(atomic_load(&ended), 1);
}

/* Woken a thousand times before it runs, it is polled at least once after the last, and sees what was written before. */
static void wake_before_it_runs_is_one_poll(void **state)
{
    (void)state;
    weft_runtime *one = world_begin(1);
    struct latch entered = LATCH, leave_worker = LATCH;
    atomic_uint polls = 0, leave = 0, ended = 0;
    const weft_task task = checked(weft_spawn(weft_runtime_scope(one), parked, .polls = &polls, .leave = &leave,
                                              .ended = &ended));
    WORLD_UNTIL(atomic_load(&polls) == 1);
    checked(weft_spawn(weft_runtime_scope(one), plug, .entered = &entered, .leave = &leave_worker));
    latch_wait(&entered, 1);
    for (int i = 0; i < 999; i++)
        weft_wake((weft_waker){task});
    atomic_store_explicit(&leave, 1, memory_order_relaxed);
    weft_wake((weft_waker){task});
    latch_up(&leave_worker);
    WORLD_UNTIL(world_live(one) == 0);
    assert_int_equal(atomic_load(&polls), 2);
    assert_int_equal(atomic_load(&ended), 1);
    world_end(one, 2);
}

/* TSK-09 */
struct identity {
    weft_frame weft;
    atomic_ullong *inside;
    atomic_ullong *waker;
    weft_runtime *runtime;
    atomic_uint *right_runtime;
};

static weft_poll identity(weft_context *cx, struct identity *self)
{
    WEFT_BEGIN(cx, self);
    atomic_store(self->inside, weft_context_task(cx).id);
    atomic_store(self->waker, weft_context_waker(cx).task.id);
    atomic_store(self->right_runtime, weft_context_runtime(cx) == self->runtime);
    WEFT_END(0);
}

/* TSK-09: one id everywhere, unlike any other's. */
static void id_is_the_same_inside_and_outside(void **state)
{
    (void)state;
    enum { TASKS = 500 };
    uint64_t ids[TASKS];
    for (int i = 0; i < TASKS; i++) {
        atomic_ullong inside = 0, waker = 0;
        atomic_uint right = 0;
        weft_task task = checked(weft_spawn_joinable(weft_runtime_scope(rt), identity, .inside = &inside,
                                                     .waker = &waker, .runtime = rt, .right_runtime = &right));
        ids[i] = task.id;
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
        assert_true(atomic_load(&inside) == ids[i] && atomic_load(&waker) == ids[i]);
        assert_int_equal(atomic_load(&right), 1);
        for (int j = 0; j < i; j++)
            assert_true(ids[j] != ids[i]);
    }
}

/* TSK-13 */
static void name_is_the_given_one_or_the_function_s(void **state)
{
    (void)state;
    static atomic_uint leave; /* the tasks are cancelled after this function has returned, and look at it until then */
    weft_task task = SPAWN(parked, .leave = &leave);
    weft_task_info info = inspect(task, 0);
    assert_string_equal(info.name, "parked");
    assert_int_equal(info.category, WEFT_UNCATEGORIZED);
    assert_int_equal(info.parent, 0);
    assert_int_equal(info.cancelled, WEFT_REASON_NONE);
    assert_string_equal(info.site->function, __func__);
    assert_true(info.site->line > 0 && strstr(info.site->file, "task.c"));
    assert_true(info.task.id == task.id);
    task = SPAWN_AS(WEFT_TASK("order intake", .category = WEFT_CATEGORY_HOST + 5), parked, .leave = &leave);
    info = inspect(task, 0);
    assert_string_equal(info.name, "order intake");
    assert_int_equal(info.category, WEFT_CATEGORY_HOST + 5);
    task = SPAWN_AS(WEFT_TASK(NULL, .category = WEFT_LISTENER), parked, .leave = &leave);
    assert_string_equal(inspect(task, 0).name, "parked");
    task = SPAWN_AS(WEFT_TASK(""), parked, .leave = &leave);
    assert_string_equal(inspect(task, 0).name, "parked");
}

/*
 * scenario 52: names that would hurt whoever prints them are kept byte by byte; long ones are cut at a whole
 * character.
 */
static void name_of_any_bytes_is_kept_or_cut(void **state)
{
    (void)state;
    static atomic_uint leave; /* as above */
    static char huge[1 << 20];
    memset(huge, 'x', sizeof huge - 1);
    const char *const odd[] = {"\"quoted\"", "two\nlines", "\xff\xfe\x80 not utf-8", "\t\x01\x1b[31m", "\xc3\xa9t\xc3\xa9",
                               "%s%n%p"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        assert_string_equal(inspect(SPAWN_AS(WEFT_TASK(odd[i]), parked, .leave = &leave), 0).name, odd[i]);
    weft_task_info info = inspect(SPAWN_AS(WEFT_TASK(huge), parked, .leave = &leave), 0);
    assert_int_equal(strlen(info.name), WEFT_NAME_MAX);
    for (unsigned before = 120; before <= 127; before++) { /* a character of 4 bytes across the end */
        memset(huge, 'y', before);
        memcpy(huge + before, "\xf0\x9f\xa7\xb5zzzzzzzz", 12);
        info = inspect(SPAWN_AS(WEFT_TASK(huge), parked, .leave = &leave), 0);
        const size_t length = strlen(info.name);
        assert_memory_equal(info.name, huge, length);
        assert_int_equal(length, before <= 123 ? 127 : before);
    }
    memset(huge, 0x80, 300); /* nothing but continuation bytes: cut somewhere, and whole */
    info = inspect(SPAWN_AS(WEFT_TASK(huge), parked, .leave = &leave), 0);
    assert_true(strlen(info.name) <= WEFT_NAME_MAX);
}

struct parent {
    weft_frame weft;
    weft_scope scope;
    atomic_ullong *child_parent;
    atomic_ullong *own;
    weft_task child;
};

struct child {
    weft_frame weft;
    atomic_ullong *parent;
};

static weft_poll child(weft_context *cx, struct child *self)
{
    weft_task_info info = {.size = sizeof info};
    WEFT_BEGIN(cx, self);
    if (weft_task_inspect(weft_context_task(cx), &info) == 0)
        atomic_store(self->parent, info.parent);
    WEFT_END(0);
}

static weft_poll parent(weft_context *cx, struct parent *self)
{
    WEFT_BEGIN(cx, self);
    atomic_store(self->own, weft_context_task(cx).id);
    self->weft.rc = weft_scope_open(cx, &self->scope, NULL);
    self->child = weft_spawn(&self->scope, child, .parent = self->child_parent);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(0);
}

static void parent_is_the_spawning_task(void **state)
{
    (void)state;
    atomic_ullong child_parent = 0, own = 1;
    weft_task task = checked(weft_spawn_joinable(weft_runtime_scope(rt), parent, .child_parent = &child_parent, .own = &own));
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
    assert_true(atomic_load(&child_parent) == atomic_load(&own));
    world_settle(rt);
}

struct ageing {
    weft_frame weft;
    struct latch *entered;
    struct latch *leave;
    _Atomic(weft_task *) *other;
    atomic_llong *age;
};

static weft_poll ageing(weft_context *cx, struct ageing *self)
{
    weft_task_info info = {.size = sizeof info};
    WEFT_BEGIN(cx, self);
    latch_up(self->entered);
    latch_wait(self->leave, 1);
    if (weft_task_inspect(*atomic_load(self->other), &info) == 0)
        atomic_store(self->age, info.age_ns);
    WEFT_END(0);
}

/* A worker in a long poll has an old clock; a task born after that has no age of weeks, and none below zero. */
static void age_of_a_task_that_was_just_born_is_small(void **state)
{
    (void)state;
    weft_runtime *one = world_begin(1);
    for (int round = 0; round < 30; round++) {
        struct latch entered = LATCH, leave = LATCH;
        _Atomic(weft_task *) other = NULL;
        atomic_llong age = -1;
        atomic_uint go = 0;
        weft_task asker = checked(weft_spawn_joinable(weft_runtime_scope(one), ageing, .entered = &entered,
                                                      .leave = &leave, .other = &other, .age = &age));
        latch_wait(&entered, 1);
        const int64_t until = weft_clock() + 1500000 * (round % 8); /* the worker's clock grows old */
        WORLD_UNTIL(weft_clock() >= until);
        weft_task young = checked(weft_spawn(weft_runtime_scope(one), parked, .leave = &go));
        atomic_store(&other, &young);
        latch_up(&leave);
        assert_int_equal(weft_task_join_blocking(&asker, WEFT_FOREVER, NULL), 0);
        assert_in_range(atomic_load(&age), 0, INT64_C(3600) * 1000000000);
        atomic_store(&go, 1);
        weft_wake((weft_waker){young});
        WORLD_UNTIL(world_live(one) == 0);
    }
    world_end(one, 60);
}

struct seen {
    uint64_t ids[64];
    unsigned count;
    unsigned stop_at;
};

static int see(void *context, const weft_task_info *info)
{
    struct seen *seen = context;
    if (seen->count < 64)
        seen->ids[seen->count] = info->task.id;
    seen->count++;
    return seen->count == seen->stop_at ? 42 : 0;
}

static void visit_shows_every_live_task_and_ends_when_told(void **state)
{
    (void)state;
    weft_runtime *mine = world_begin(1);
    struct seen seen = {0};
    assert_int_equal(weft_task_visit(mine, see, &seen), 0);
    assert_int_equal(seen.count, 0);
    atomic_uint leave = 0;
    weft_task tasks[20];
    for (int i = 0; i < 20; i++)
        tasks[i] = checked(weft_spawn(weft_runtime_scope(mine), parked, .leave = &leave));
    assert_int_equal(weft_task_visit(mine, see, &seen), 0);
    assert_int_equal(seen.count, 20);
    for (int i = 0; i < 20; i++) {
        int found = 0;
        for (int j = 0; j < 20; j++)
            found += seen.ids[j] == tasks[i].id;
        assert_int_equal(found, 1);
    }
    seen = (struct seen){.stop_at = 7};
    assert_int_equal(weft_task_visit(mine, see, &seen), 42);
    assert_int_equal(seen.count, 7);
    atomic_store(&leave, 1);
    for (int i = 0; i < 20; i++)
        weft_wake((weft_waker){tasks[i]});
    WORLD_UNTIL(world_live(mine) == 0);
    seen = (struct seen){0};
    assert_int_equal(weft_task_visit(mine, see, &seen), 0);
    assert_int_equal(seen.count, 0);
    world_end(mine, 20);
}

/*
 * SD-03 SD-14 TSK-11, scenario 15, known bug 42: what is kept of a task after its runtime has gone can be used, and
 * answers that it is gone.
 */
static void handles_outlive_the_runtime(void **state)
{
    (void)state;
    weft_runtime *mine = world_begin(1);
    atomic_uint polls = 0;
    weft_task task = checked(weft_spawn_joinable(weft_runtime_scope(mine), parked, .polls = &polls));
    WORLD_UNTIL(atomic_load(&polls) == 1);
    world_end(mine, 1);
    const weft_waker waker = {task};
    for (int again = 0; again < 2; again++) {
        weft_wake(waker);
        assert_int_equal(weft_task_cancel(task), WEFT_ESRCH);
        inspect(task, WEFT_ESRCH);
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), WEFT_ESRCH);
        weft_task copy = task;
        assert_int_equal(weft_task_detach(&copy), WEFT_ESRCH);
        assert_int_equal(weft_task_error(task), 0); /* it was spawned */
        if (!again) { /* another runtime in the same place of the table is not taken for it */
            mine = world_begin(1);
            atomic_store(&polls, 0);
            checked(weft_spawn(weft_runtime_scope(mine), parked, .polls = &polls));
            WORLD_UNTIL(atomic_load(&polls) == 1);
        }
    }
    assert_int_equal(atomic_load(&polls), 1);
    world_end(mine, 1);
}

static weft_poll by_hand(weft_context *cx, void *frame)
{
    (void)cx;
    atomic_fetch_add(*(atomic_uint **)frame, 1);
    return WEFT_READY;
}

static weft_poll by_hand_without_frame(weft_context *cx, void *frame)
{
    (void)cx;
    (void)frame;
    return WEFT_READY;
}

/* The function below the macros: frames from none to the largest. */
static void spawn_frame_takes_frames_of_every_size(void **state)
{
    (void)state;
    static weft_site site = {__FILE__, "by hand", "by_hand", __LINE__, UINT32_MAX, 0};
    atomic_uint ran = 0;
    static _Alignas(16) unsigned char frame[WEFT_FRAME_MAX];
    atomic_uint *where = &ran;
    memcpy(frame, &where, sizeof where);
    unsigned spawned = 0;
    for (size_t size = sizeof where; size <= WEFT_FRAME_MAX; size = size < 3000 ? size + 8 : size + 997, spawned++)
        checked(weft_spawn_frame(weft_runtime_scope(rt), &site, NULL, by_hand, frame, size));
    weft_task_options named = WEFT_TASK("a name that makes the extras of the largest frame larger still, and joinable",
                                        .joinable = true);
    weft_task task = checked(weft_spawn_frame(weft_runtime_scope(rt), &site, &named, by_hand, frame, WEFT_FRAME_MAX));
    spawned++;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
    checked(weft_spawn_frame(weft_runtime_scope(rt), &site, NULL, by_hand_without_frame, NULL, 0));
    world_settle(rt);
    assert_int_equal(atomic_load(&ran), spawned);
}

enum { SIZED_MAX = 100 };
static atomic_uint sized_ran;

/* Its frame begins with its size; the other bytes follow from it. */
static void fill_sized(unsigned char *frame, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        frame[i] = (unsigned char)(size + 3 * i);
}

static weft_poll sized(weft_context *cx, void *frame)
{
    (void)cx;
    unsigned char expected[SIZED_MAX];
    const unsigned size = *(unsigned char *)frame;
    fill_sized(expected, size);
    VERDICT(memcmp(frame, expected, size) == 0);
    atomic_fetch_add(&sized_ran, 1);
    return WEFT_READY;
}

struct spawns_sized {
    weft_frame weft;
    weft_scope scope;
};

/* Plain ones, ones with extras, members of a scope, ones with a name: each has its own way on a worker. */
static weft_poll spawns_sized(weft_context *cx, struct spawns_sized *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(weft_scope_open(cx, &self->scope, NULL) == 0);
    for (unsigned size = 1; size <= SIZED_MAX; size++) {
        static weft_site site = {__FILE__, "by hand", "sized", __LINE__, UINT32_MAX, 0};
        static const weft_task_options joinable = {.size = sizeof joinable, .joinable = true};
        static const weft_task_options named = {.size = sizeof named, .name = "with a name", .category = 3};
        unsigned char frame[SIZED_MAX];
        fill_sized(frame, size);
        weft_scope *root = weft_runtime_scope(weft_context_runtime(cx));
        weft_task joined = weft_spawn_frame(root, &site, &joinable, sized, frame, size);
        VERDICT(weft_task_error(weft_spawn_frame(root, &site, NULL, sized, frame, size)) == 0);
        VERDICT(weft_task_error(weft_spawn_frame(&self->scope, &site, NULL, sized, frame, size)) == 0);
        VERDICT(weft_task_error(weft_spawn_frame(&self->scope, &site, &named, sized, frame, size)) == 0);
        VERDICT(weft_task_detach(&joined) == 0);
    }
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    VERDICT(self->weft.rc == 0);
    WEFT_END(0);
}

static void spawn_on_a_worker_copies_frames_of_every_size(void **state)
{
    (void)state;
    atomic_store(&sized_ran, 0);
    checked(weft_spawn(weft_runtime_scope(rt), spawns_sized));
    world_settle(rt);
    verdict_assert();
    assert_int_equal(atomic_load(&sized_ran), 4 * SIZED_MAX);
}

#define OWN(test) cmocka_unit_test_setup_teardown(test, runtime_of_two, runtime_end)

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        OWN(join_takes_the_result_once),
        OWN(join_in_a_task_tells_how_the_other_ended),
        OWN(join_refusals),
        OWN(join_by_two_refuses_the_second),
        OWN(join_given_up_lets_another_join),
        OWN(join_that_is_not_awaited_again_is_given_up),
        OWN(detach_gives_up_the_result_before_and_after_the_end),
        OWN(cancel_by_ten_ends_it_once),
        OWN(cancel_of_a_running_task_takes_effect_at_its_next_await),
        OWN(cancel_before_the_first_poll_drops_the_frame),
        OWN(cancel_after_the_first_poll_runs_the_body),
        OWN(wake_polls_once_each),
        OWN(wake_before_it_runs_is_one_poll),
        OWN(id_is_the_same_inside_and_outside),
        OWN(name_is_the_given_one_or_the_function_s),
        OWN(name_of_any_bytes_is_kept_or_cut),
        OWN(parent_is_the_spawning_task),
        OWN(age_of_a_task_that_was_just_born_is_small),
        OWN(visit_shows_every_live_task_and_ends_when_told),
        OWN(handles_outlive_the_runtime),
        OWN(spawn_frame_takes_frames_of_every_size),
        OWN(spawn_on_a_worker_copies_frames_of_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
