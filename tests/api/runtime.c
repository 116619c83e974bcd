/* SPDX-License-Identifier: MIT */
/* The life of a runtime: creation, limits, finish, shutdown, destruction, and who may call them. */
#include "lib/world.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static weft_runtime_stats stats_of(weft_runtime *rt)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    return stats;
}

/* RT-22 */
static void create_takes_options_or_defaults(void **state)
{
    (void)state;
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, NULL), 0);
    assert_string_equal(weft_runtime_name(rt), "weft");
    assert_true(weft_runtime_workers(rt) >= 1);
    weft_runtime *named = NULL;
    assert_int_equal(weft_runtime_create(&named, WEFT_RUNTIME_OPTIONS(.name = "orders", .worker_threads = 3,
                                                                      .thread_name = "a name of far more than fifteen bytes",
                                                                      .global_queue_interval = 1, .coop_budget = 1,
                                                                      .monitor_interval_ms = UINT32_MAX,
                                                                      .stall_threshold_us = UINT32_MAX, .seed = 1)),
                     0);
    assert_string_equal(weft_runtime_name(named), "orders");
    assert_int_equal(weft_runtime_workers(named), 3);
    assert_int_equal(stats_of(named).workers, 3);
    assert_ptr_not_equal(weft_runtime_scope(rt), weft_runtime_scope(named));
    world_end(named, 0);
    world_end(rt, 0);
}

/* scenario 51 */
static void create_refuses_and_leaves_the_place_untouched(void **state)
{
    (void)state;
    weft_runtime *const before = (weft_runtime *)&before;
    weft_runtime *rt = before;
    struct {
        weft_runtime_options options;
        int code;
    } cases[] = {
        {{.size = 0}, WEFT_EINVAL},
        {{.size = sizeof(weft_runtime_options) - 1}, WEFT_EINVAL},
        {{.size = sizeof(weft_runtime_options), .worker_threads = 1025}, WEFT_EINVAL},
        {{.size = sizeof(weft_runtime_options), .worker_threads = 1000000}, WEFT_EINVAL},
        {{.size = sizeof(weft_runtime_options), .worker_threads = UINT32_MAX}, WEFT_EINVAL},
        {{.size = sizeof(weft_runtime_options), .thread_stack_size = 1}, WEFT_EINVAL},
        {{.size = sizeof(weft_runtime_options), .thread_stack_size = 16383}, WEFT_EINVAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(weft_runtime_create(&rt, &cases[i].options), cases[i].code);
        assert_ptr_equal(rt, before);
        assert_ptr_equal(strstr(weft_error_detail(), "weft_runtime_create: "), weft_error_detail());
    }
    assert_int_equal(weft_runtime_create(NULL, NULL), WEFT_EINVAL);
    /* More stack than there is address space: the system refuses, and says so in one of two ways. */
    const size_t absurd[] = {SIZE_MAX, SIZE_MAX / 2, (size_t)1 << 50};
    for (size_t i = 0; i < 3 && !WORLD_SANITIZED; i++) {
        const int rc = weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .thread_stack_size = absurd[i]));
        assert_true(rc == WEFT_EINVAL || rc == WEFT_EAGAIN || rc == WEFT_ENOMEM);
        assert_ptr_equal(strstr(weft_error_detail(), "weft_runtime_create: "), weft_error_detail());
        assert_ptr_equal(rt, before);
    }
}

/* known bug 81 */
static void create_with_the_smallest_stack_runs_everything(void **state)
{
    (void)state;
    if (WORLD_SANITIZED)
        skip(); /* a sanitizer's frames need more */
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .thread_stack_size = 16384)), 0);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 2, WEFT_DROP_OLDEST, &out, &in);
    atomic_ullong count = 0;
    atomic_int rc = 99;
    weft_spawn(weft_runtime_scope(rt), puller, .in = in, .count = &count, .rc = &rc);
    for (uint64_t i = 0; i < 10; i++) {
        numbers_sender mine;
        assert_int_equal(numbers_sender_clone(&out, &mine), 0);
        weft_spawn(weft_runtime_scope(rt), pusher, .out = mine, .from = i, .count = 100);
    }
    WORLD_UNTIL(world_live(rt) == 1);
    const weft_channel_stats stats = world_sender_stats(&out);
    numbers_sender_close(&out);
    world_settle(rt);
    assert_int_equal(stats.sent, 1000);
    assert_int_equal(atomic_load(&count) + stats.dropped, 1000);
    world_end(rt, 11);
}

static void create_with_the_most_workers(void **state)
{
    (void)state;
    if (WORLD_TSAN)
        skip(); /* its shadow threads take minutes */
    weft_runtime *rt = world_begin(WEFT_WORKERS_MAX);
    assert_int_equal(weft_runtime_workers(rt), WEFT_WORKERS_MAX);
    atomic_uint ended = 0;
    for (int i = 0; i < 5000; i++)
        weft_spawn(weft_runtime_scope(rt), ender, .ended = &ended);
    world_settle(rt);
    assert_int_equal(atomic_load(&ended), 5000);
    world_end(rt, 5000);
}

/* The 256th runtime is refused; when one has gone there is room again. */
static void create_of_too_many_runtimes_is_refused(void **state)
{
    (void)state;
    if (WORLD_TSAN)
        skip();
    enum { MOST = 255 };
    static weft_runtime *runtimes[MOST];
    for (int i = 0; i < MOST; i++)
        runtimes[i] = world_begin(1);
    weft_runtime *one_more = NULL;
    assert_int_equal(weft_runtime_create(&one_more, WEFT_RUNTIME_OPTIONS(.worker_threads = 1)), WEFT_EMFILE);
    assert_ptr_equal(strstr(weft_error_detail(), "weft_runtime_create: "), weft_error_detail());
    assert_null(one_more);
    world_end(runtimes[100], 0);
    runtimes[100] = world_begin(1);
    for (int i = 0; i < MOST; i++)
        world_end(runtimes[i], 0);
}

/* RT-10: finish waits for all and answers the first error of the root scope. */
static void finish_answers_the_first_error(void **state)
{
    (void)state;
    for (int failing = 0; failing < 2; failing++) {
        weft_runtime *rt = world_begin(2);
        atomic_uint ended = 0;
        for (int i = 0; i < 100; i++)
            weft_spawn(weft_runtime_scope(rt), ender, .result = failing && i == 50 ? -71 : i, .ended = &ended);
        assert_int_equal(weft_runtime_finish(rt), failing ? -71 : 0);
        assert_int_equal(atomic_load(&ended), 100);
        assert_int_equal(weft_runtime_finish(rt), WEFT_EINVAL); /* consumed */
        assert_int_equal(weft_runtime_destroy(rt), WEFT_EINVAL);
    }
}

/* RT-09: one failure harms nobody else. */
static void failing_task_harms_no_other(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    atomic_uint ended = 0, leave = 0;
    weft_task waiting = weft_spawn_joinable(weft_runtime_scope(rt), parked, .leave = &leave, .result = 8);
    for (int i = 0; i < 200; i++)
        weft_spawn(weft_runtime_scope(rt), ender, .result = -1 - i, .ended = &ended);
    WORLD_UNTIL(world_live(rt) == 1);
    atomic_store(&leave, 1);
    weft_wake((weft_waker){waiting});
    int result = 0;
    assert_int_equal(weft_task_join_blocking(&waiting, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, 8);
    assert_int_equal(atomic_load(&ended), 200);
    world_end(rt, 201);
}

/* SD-05, known bug 35: it returns as soon as all have ended, and in time if they do not; it can be called again. */
static void shutdown_keeps_its_deadline(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    assert_int_equal(weft_runtime_shutdown(rt, weft_deadline_in(INT64_C(10000) * 1000000000)), 0);
    assert_int_equal(weft_runtime_shutdown(rt, 0), 0);
    world_end(rt, 0);

    rt = world_begin(1);
    struct latch entered = LATCH, leave = LATCH;
    weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 1);
    const int64_t deadlines[] = {INT64_MIN, 0, weft_deadline_in(20000000)};
    for (int i = 0; i < 3; i++)
        assert_int_equal(weft_runtime_shutdown(rt, deadlines[i]), WEFT_ETIMEDOUT);
    assert_ptr_equal(strstr(weft_error_detail(), "weft_runtime_shutdown: "), weft_error_detail());
    assert_int_equal(world_live(rt), 1);
    latch_up(&leave);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    world_end(rt, 1);
}

/* SD-01, known bug 22: running, waiting and not yet begun: all end, each once. */
static void shutdown_ends_every_task(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    atomic_uint ended = 0, polls = 0;
    for (int i = 0; i < 50; i++)
        weft_spawn(weft_runtime_scope(rt), parked, .ended = &ended, .polls = &polls);
    WORLD_UNTIL(atomic_load(&polls) == 50);
    struct latch entered = LATCH, leave = LATCH;
    weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 1);
    for (int i = 0; i < 50; i++)
        weft_spawn(weft_runtime_scope(rt), parked, .ended = &ended, .polls = &polls); /* not begun */
    assert_int_equal(weft_runtime_shutdown(rt, 0), WEFT_ETIMEDOUT);
    latch_up(&leave);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    assert_int_equal(atomic_load(&ended), 100);
    world_end(rt, 101);
}

/* SD-02, scenario 18 */
static void spawn_after_shutdown_is_refused(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    atomic_uint ended = 0;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), ender, .ended = &ended);
    assert_true(task.id == 0);
    assert_int_equal(weft_task_error(task), WEFT_ESHUTDOWN);
    assert_ptr_equal(strstr(weft_error_detail(), "weft_spawn: "), weft_error_detail());
    assert_int_equal(weft_task_cancel(task), WEFT_EINVAL);
    weft_sender out = {0};
    weft_receiver in = {0};
    assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), 8, &out, &in), WEFT_ESHUTDOWN);
    assert_ptr_equal(strstr(weft_error_detail(), "weft_channel_create: "), weft_error_detail());
    assert_null(out.weft__channel);
    world_end(rt, 0);
    assert_int_equal(atomic_load(&ended), 0);
}

struct stormer {
    weft_runtime *rt;
    atomic_uint *ended;
    struct latch *start;
    unsigned accepted;
    unsigned refused;
    int wrong;
};

static void *storm(void *argument)
{
    struct stormer *self = argument;
    latch_wait(self->start, 1);
    for (int i = 0; i < 5000; i++) {
        const weft_task task = weft_spawn(weft_runtime_scope(self->rt), parked, .ended = self->ended);
        if (task.id)
            self->accepted++;
        else if (weft_task_error(task) == WEFT_ESHUTDOWN)
            self->refused++;
        else
            self->wrong = weft_task_error(task);
    }
    return NULL;
}

/* SD-04, scenario 18, known bug 41: accepted means ended; refused means never begun. */
static void shutdown_racing_with_spawns_counts_every_task(void **state)
{
    (void)state;
    uint64_t random = world_seed();
    for (int round = 0; round < 5; round++) {
        weft_runtime *rt = world_begin(2);
        atomic_uint ended = 0;
        struct latch start = LATCH;
        struct stormer stormers[2];
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) {
            stormers[i] = (struct stormer){.rt = rt, .ended = &ended, .start = &start};
            world_thread(&threads[i], storm, &stormers[i]);
        }
        latch_up(&start);
        const uint32_t wait_for = world_random(&random, 4000);
        WORLD_UNTIL(stats_of(rt).tasks_spawned >= wait_for);
        assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        const unsigned accepted = stormers[0].accepted + stormers[1].accepted;
        assert_int_equal(stormers[0].wrong | stormers[1].wrong, 0);
        assert_int_equal(accepted + stormers[0].refused + stormers[1].refused, 10000);
        assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0); /* what slipped in between look and count */
        assert_int_equal(atomic_load(&ended), accepted);
        world_end(rt, accepted);
    }
}

struct ender_of_all {
    weft_frame weft;
    weft_runtime *own;
    weft_runtime *other;
    atomic_int *rc;
    weft_runtime *fresh;
};

static weft_poll ender_of_all(weft_context *cx, struct ender_of_all *self)
{
    WEFT_BEGIN(cx, self);
    atomic_store(&self->rc[0], weft_runtime_finish(self->own));
    atomic_store(&self->rc[1], weft_runtime_shutdown(self->own, WEFT_FOREVER));
    atomic_store(&self->rc[2], strstr(weft_error_detail(), "weft_runtime_shutdown: ") == weft_error_detail());
    atomic_store(&self->rc[3], weft_runtime_destroy(self->own));
    atomic_store(&self->rc[4], weft_runtime_create(&self->fresh, WEFT_RUNTIME_OPTIONS(.worker_threads = 1)));
    if (atomic_load(&self->rc[4]) == 0) {
        weft_spawn(weft_runtime_scope(self->fresh), ender, .result = -9);
        atomic_store(&self->rc[5], weft_runtime_finish(self->fresh)); /* another runtime's may be waited for */
    }
    WEFT_END(0);
}

/* RT-24, scenario 17: not by one of its own tasks; a task may have a runtime of its own beside. */
static void end_by_its_own_task_is_refused(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    atomic_int rc[6] = {0};
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), ender_of_all, .own = rt, .rc = rc);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
    assert_int_equal(rc[0], WEFT_EDEADLK);
    assert_int_equal(rc[1], WEFT_EDEADLK);
    assert_int_equal(rc[2], 1);
    assert_int_equal(rc[3], WEFT_EDEADLK);
    assert_int_equal(rc[4], 0);
    assert_int_equal(rc[5], -9);
    world_end(rt, 1); /* unharmed */
}

struct callback_end {
    weft_runtime *rt;
    atomic_int rc[4];
    atomic_uint calls;
};

static void end_in_health_callback(void *context, const weft_health_change *change)
{
    (void)change;
    struct callback_end *self = context;
    if (atomic_fetch_add(&self->calls, 1) > 0)
        return;
    atomic_store(&self->rc[0], weft_runtime_destroy(self->rt));
    atomic_store(&self->rc[1], weft_runtime_finish(self->rt));
    atomic_store(&self->rc[2], weft_runtime_shutdown(self->rt, WEFT_FOREVER));
}

/* RT-24: the monitor thread, and whoever runs the health callback, is waited for by the end: it cannot be the one. */
static void end_by_the_health_callback_is_refused(void **state)
{
    (void)state;
    for (int host = 0; host < 2; host++) {
        weft_runtime *rt = NULL;
        assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .monitor_interval_ms =
                                                                                                host ? UINT32_MAX : 1)),
                         0);
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, 1, WEFT_WAIT, &out, &in);
        struct callback_end context = {.rt = rt};
        assert_int_equal(weft_monitor_on_health(rt, end_in_health_callback, &context), 0);
        assert_int_equal(numbers_try_send(&out, 1), 0);
        if (host)
            assert_int_equal(weft_monitor_sample(rt), 0);
        WORLD_UNTIL(atomic_load(&context.calls) > 0);
        assert_int_equal(weft_monitor_on_health(rt, NULL, NULL), 0); /* waits for one that runs */
        assert_int_equal(context.rc[0], WEFT_EDEADLK);
        assert_int_equal(context.rc[1], WEFT_EDEADLK);
        assert_int_equal(context.rc[2], WEFT_EDEADLK);
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
        world_end(rt, 0);
    }
}

static void end_in_hook(void *context, uint64_t chan, uint64_t task, uint32_t depth)
{
    (void)chan;
    (void)task;
    (void)depth;
    struct callback_end *self = context;
    if (atomic_fetch_add(&self->calls, 1) > 0)
        return;
    atomic_store(&self->rc[0], weft_runtime_destroy(self->rt));
    atomic_store(&self->rc[1], weft_runtime_finish(self->rt));
}

/* RT-24: the end waits for hooks that run, on whatever thread: it cannot be called by one. */
static void end_by_a_hook_is_refused(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1), *other = world_begin(1);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    for (int which = 0; which < 2; which++) {
        struct callback_end context = {.rt = which ? other : rt};
        weft_hooks_handle hooks;
        assert_int_equal(weft_hooks_add(rt, WEFT_HOOKS(.context = &context, .chan_send = end_in_hook), &hooks), 0);
        assert_int_equal(numbers_try_send(&out, 1), 0); /* the hook runs here, on a host thread */
        assert_int_equal(weft_hooks_remove(hooks), 0);
        assert_int_equal(context.calls, 1);
        assert_int_equal(context.rc[0], WEFT_EDEADLK);
        assert_int_equal(context.rc[1], WEFT_EDEADLK);
        uint64_t got;
        assert_int_equal(numbers_try_recv(&in, &got), 0);
    }
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(other, 0);
    world_end(rt, 0);
}

struct finisher {
    weft_runtime *rt;
    int rc;
    atomic_uint done;
};

static void *finish_thread(void *argument)
{
    struct finisher *self = argument;
    self->rc = weft_runtime_finish(self->rt);
    atomic_store(&self->done, 1);
    return NULL;
}

/* While one thread waits in finish, another shuts down or destroys: nobody hangs, nobody touches what is gone. */
static void shutdown_while_another_thread_finishes(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        weft_runtime *rt = world_begin(2);
        atomic_uint polls = 0, ended = 0;
        for (int i = 0; i < 3; i++)
            weft_spawn(weft_runtime_scope(rt), parked, .polls = &polls, .ended = &ended);
        struct finisher finisher = {.rt = rt};
        pthread_t thread;
        world_thread(&thread, finish_thread, &finisher);
        WORLD_UNTIL(atomic_load(&polls) == 3);
        if (round % 2) /* it may be in finish already, or come to it later */
            assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
        const int rc = weft_runtime_destroy(rt);
        if (rc == WEFT_EINVAL) { /* finish came first: it waits for tasks that somebody has to cancel */
            const int shut = weft_runtime_shutdown(rt, WEFT_FOREVER);
            assert_true(shut == 0 || shut == WEFT_EINVAL);
        }
        pthread_join(thread, NULL);
        assert_true(rc == 0 || rc == WEFT_EINVAL);
        assert_true((rc == 0) != (finisher.rc == 0)); /* exactly one of them ended it */
        assert_int_equal(atomic_load(&ended), 3);
    }
}

struct nest {
    weft_frame weft;
    weft_runtime *rt;
    atomic_uint *ended;
};

static weft_poll nest(weft_context *cx, struct nest *self)
{
    WEFT_BEGIN(cx, self);
    weft_spawn(weft_runtime_scope(self->rt), ender, .ended = self->ended); /* of another runtime, or its own */
    WEFT_END(0);
}

static atomic_uint *drop_ended;
static weft_runtime *drop_runtime;
static void drop_spawns(void *frame)
{
    (void)frame;
    weft_spawn(weft_runtime_scope(drop_runtime), ender, .ended = drop_ended);
}

static void *spawn_thread(void *argument)
{
    struct nest *self = argument;
    weft_spawn(weft_runtime_scope(self->rt), ender, .ended = self->ended);
    return NULL;
}

static void spawn_in_hook(void *context, uint64_t task, uint64_t parent, uint64_t site, uint16_t worker)
{
    (void)task;
    (void)parent;
    (void)site;
    (void)worker;
    struct nest *self = context;
    weft_spawn(weft_runtime_scope(self->rt), ender, .ended = self->ended); /* its own event is not told to hooks */
}

/* RT-03 RT-20 SD-13, known bug 20: from a host thread, a task, a task of another runtime, a drop function, a hook. */
static void spawn_works_from_everywhere(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2), *other = world_begin(1);
    atomic_uint ended = 0;
    struct nest outside = {.rt = rt, .ended = &ended};
    weft_spawn(weft_runtime_scope(rt), ender, .ended = &ended);
    pthread_t thread;
    world_thread(&thread, spawn_thread, &outside);
    weft_spawn(weft_runtime_scope(rt), nest, .rt = rt, .ended = &ended);
    weft_spawn(weft_runtime_scope(other), nest, .rt = rt, .ended = &ended);
    pthread_join(thread, NULL);
    WORLD_UNTIL(atomic_load(&ended) == 4);

    drop_ended = &ended;
    drop_runtime = rt;
    struct latch entered = LATCH, leave = LATCH;
    weft_spawn(weft_runtime_scope(other), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 1);
    const weft_task dropped =
        weft_spawn_as(weft_runtime_scope(other), WEFT_TASK("dropped", .drop = drop_spawns), ender, .ended = &ended);
    assert_int_equal(weft_task_cancel(dropped), 0);
    latch_up(&leave);
    WORLD_UNTIL(atomic_load(&ended) == 5);

    weft_hooks_handle hooks;
    assert_int_equal(weft_hooks_add(rt, WEFT_HOOKS(.context = &outside, .task_spawn = spawn_in_hook), &hooks), 0);
    weft_spawn(weft_runtime_scope(rt), ender, .ended = &ended);
    WORLD_UNTIL(atomic_load(&ended) == 7);
    assert_int_equal(weft_hooks_remove(hooks), 0);
    world_end(other, 3);
    world_end(rt, 8);
}

struct at_exit {
    weft_waker waker;
    weft_runtime *rt;
    atomic_uint *ended;
};
static pthread_key_t exit_key;

static void thread_exit(void *value)
{
    struct at_exit *self = value;
    weft_wake(self->waker);
    weft_spawn(weft_runtime_scope(self->rt), ender, .ended = self->ended);
}

static void *exiting_thread(void *argument)
{
    pthread_setspecific(exit_key, argument);
    return NULL;
}

/* RT-12, known bug 29 */
static void wake_and_spawn_by_a_thread_that_ends(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    atomic_uint polls = 0, leave = 0, ended = 0;
    const weft_task task = weft_spawn(weft_runtime_scope(rt), parked, .polls = &polls, .leave = &leave, .ended = &ended);
    WORLD_UNTIL(atomic_load(&polls) == 1);
    assert_int_equal(pthread_key_create(&exit_key, thread_exit), 0);
    struct at_exit context = {.waker = {task}, .rt = rt, .ended = &ended};
    atomic_store(&leave, 1);
    pthread_t thread;
    world_thread(&thread, exiting_thread, &context);
    pthread_join(thread, NULL);
    world_settle(rt);
    assert_int_equal(atomic_load(&ended), 2);
    pthread_key_delete(exit_key);
    world_end(rt, 2);
}

struct owned {
    weft_runtime *rt;
    int rc;
};

static void finish_at_exit(void *value)
{
    struct owned *self = value;
    self->rc = weft_runtime_finish(self->rt);
}

static void *owning_thread(void *argument)
{
    struct owned *self = argument;
    if (weft_runtime_create(&self->rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1)) < 0)
        return NULL;
    weft_spawn(weft_runtime_scope(self->rt), ender, .result = -3);
    pthread_setspecific(exit_key, self);
    return NULL;
}

/* RT-27, known bug 30: a runtime that belongs to a thread ends with it. */
static void finish_by_the_destructor_of_a_thread(void **state)
{
    (void)state;
    assert_int_equal(pthread_key_create(&exit_key, finish_at_exit), 0);
    struct owned owned = {0};
    pthread_t thread;
    world_thread(&thread, owning_thread, &owned);
    pthread_join(thread, NULL);
    assert_int_equal(owned.rc, -3);
    pthread_key_delete(exit_key);
}

/* RT-13 RT-11 SD-13: drop functions that take a lock, wake others and themselves, while all is being shut down. */
struct mutexed {
    weft_frame weft;
    pthread_mutex_t *mutex;
    weft_task *peers;
    unsigned count;
    atomic_uint *drops;
};

static weft_poll mutexed(weft_context *cx, struct mutexed *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_END(0);
}

static void mutexed_drop(void *frame)
{
    struct mutexed *self = frame;
    pthread_mutex_lock(self->mutex);
    for (unsigned i = 0; i < self->count; i++) {
        weft_wake((weft_waker){self->peers[i]});
        weft_task_cancel(self->peers[i]);
    }
    atomic_fetch_add(self->drops, 1);
    pthread_mutex_unlock(self->mutex);
}

/* known bug 19, known bug 27, known bug 33 */
static void drop_functions_may_lock_and_wake_during_shutdown(void **state)
{
    (void)state;
    enum { TASKS = 60 };
    weft_runtime *rt = world_begin(2);
    struct latch entered = LATCH, leave = LATCH;
    for (int i = 0; i < 2; i++)
        weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 2);
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    weft_task peers[TASKS] = {{0}};
    atomic_uint drops = 0;
    for (int i = 0; i < TASKS; i++)
        peers[i] = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("m", .drop = mutexed_drop), mutexed,
                                 .mutex = &mutex, .peers = peers, .count = TASKS, .drops = &drops);
    assert_int_equal(weft_runtime_shutdown(rt, 0), WEFT_ETIMEDOUT);
    latch_up(&leave);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    assert_int_equal(atomic_load(&drops), TASKS);
    world_end(rt, TASKS + 2);
}

/* scenario 48: two runtimes pass messages to each other and end in either order. */
static void two_runtimes_end_in_either_order(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        weft_runtime *first = world_begin(2), *second = world_begin(2);
        numbers_sender out;
        numbers_receiver in;
        world_channel(first, 3, WEFT_WAIT, &out, &in);
        atomic_ullong sum = 0, count = 0;
        weft_spawn(weft_runtime_scope(second), puller, .in = in, .sum = &sum, .count = &count);
        weft_spawn(weft_runtime_scope(first), pusher, .out = out, .from = 1, .count = 1000);
        assert_int_equal(weft_runtime_finish(order ? second : first), 0);
        assert_int_equal(weft_runtime_finish(order ? first : second), 0);
        assert_int_equal(atomic_load(&count), 1000);
        assert_int_equal(atomic_load(&sum), 500500);
    }
}

/* A worker is counted as asleep before it counts its park. */
static bool both_have_parked(weft_runtime *rt)
{
    const weft_runtime_stats stats = stats_of(rt);
    return stats.workers_parked == 2 && stats.parks - stats.unparks == 2;
}

/* scenario 59, known bug 105 */
static void stats_add_up(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    atomic_uint leave = 0, polls = 0;
    weft_task task[10];
    for (int i = 0; i < 10; i++)
        task[i] = weft_spawn(weft_runtime_scope(rt), parked, .leave = &leave, .polls = &polls);
    for (int i = 0; i < 5; i++)
        weft_spawn(weft_runtime_scope(rt), ender, .result = 0);
    WORLD_UNTIL(atomic_load(&polls) == 10 && world_live(rt) == 10 && both_have_parked(rt));
    weft_runtime_stats stats = stats_of(rt);
    assert_int_equal(stats.tasks_spawned, 15);
    assert_int_equal(stats.tasks_ended, 5);
    assert_int_equal(stats.polls, 15);
    assert_int_equal(stats.wakes, 0);
    assert_true(stats.parks >= 2 && stats.parks - stats.unparks == 2);
    assert_true(stats.task_bytes > 0);
    atomic_store(&leave, 1);
    for (int i = 0; i < 10; i++)
        weft_wake((weft_waker){task[i]});
    world_settle(rt);
    stats = stats_of(rt);
    assert_int_equal(stats.polls, 25);
    assert_int_equal(stats.wakes, 10);
    assert_int_equal(stats.wakes_noop, 0);
    world_end(rt, 15);
}

/* The reason why nothing can be recorded is said, cut to the room that there is, and always ended. */
static void tracing_says_why_not(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    char text[256];
    memset(text, 'x', sizeof text);
    const int rc = weft_runtime_tracing(rt, text, sizeof text);
    if (rc == WEFT_ENOENT) {
        assert_non_null(strstr(text, "tracing is off: "));
        char small[8] = "xxxxxxx";
        assert_int_equal(weft_runtime_tracing(rt, small, 4), rc);
        assert_string_equal(small, "tra");
        assert_int_equal(small[4], 'x');
        assert_int_equal(weft_runtime_tracing(rt, small, 1), rc);
        assert_string_equal(small, "");
    }
    assert_int_equal(weft_runtime_tracing(rt, NULL, 0), rc);
    assert_int_equal(weft_runtime_tracing(rt, NULL, 5), WEFT_EINVAL);
    world_end(rt, 0);
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_takes_options_or_defaults),
        cmocka_unit_test(create_refuses_and_leaves_the_place_untouched),
        cmocka_unit_test(create_with_the_smallest_stack_runs_everything),
        cmocka_unit_test(create_with_the_most_workers),
        cmocka_unit_test(create_of_too_many_runtimes_is_refused),
        cmocka_unit_test(finish_answers_the_first_error),
        cmocka_unit_test(failing_task_harms_no_other),
        cmocka_unit_test(shutdown_keeps_its_deadline),
        cmocka_unit_test(shutdown_ends_every_task),
        cmocka_unit_test(spawn_after_shutdown_is_refused),
        cmocka_unit_test(shutdown_racing_with_spawns_counts_every_task),
        cmocka_unit_test(end_by_its_own_task_is_refused),
        cmocka_unit_test(end_by_the_health_callback_is_refused),
        cmocka_unit_test(end_by_a_hook_is_refused),
        cmocka_unit_test(shutdown_while_another_thread_finishes),
        cmocka_unit_test(spawn_works_from_everywhere),
        cmocka_unit_test(wake_and_spawn_by_a_thread_that_ends),
        cmocka_unit_test(finish_by_the_destructor_of_a_thread),
        cmocka_unit_test(drop_functions_may_lock_and_wake_during_shutdown),
        cmocka_unit_test(two_runtimes_end_in_either_order),
        cmocka_unit_test(stats_add_up),
        cmocka_unit_test(tracing_says_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
