/* SPDX-License-Identifier: MIT */
/*
 * The shared queue while a push is half done: whoever pushes has been preempted between liburcu's exchange and its store, perhaps by a worker.
 * It is the pusher's processor that a worker takes which goes on looking, and at a real-time priority it never gives it back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>

#include "lib/vclock.h"
#include "lib/world.h"
#include "runtime/runtime.h"

static struct weft__handoff_node *behind, *half;

static void push_half(struct weft__env *env, weft__task *task)
{
    half = &task->queued;
    half->next = NULL;
    behind = __atomic_exchange_n(&weft__sched_of(env)->injector.tail, half, __ATOMIC_SEQ_CST);
}

static void push_rest(struct weft__sched *sched)
{
    __atomic_store_n(&behind->next, half, __ATOMIC_RELEASE);
    weft__idle_announce(&sched->idle);
    weft__sched_notify(sched);
}

/* Whole, but nobody is told: who was, has looked by now. */
static void push_quietly(struct weft__env *env, weft__task *task)
{
    weft__handoff_push(&weft__sched_of(env)->injector, &task->queued);
}

struct runner {
    weft_frame weft;
    atomic_uint *ran;
};

static weft_poll runner(weft_context *cx, struct runner *self)
{
    (void)cx;
    atomic_fetch_add(self->ran, 1);
    return WEFT_READY;
}

static void spawn_by(weft_runtime *rt, void (*schedule)(struct weft__env *env, weft__task *task), atomic_uint *ran)
{
    const struct weft__sched_ops *usual = rt->sched.env.ops, other = {.schedule = schedule, .unpark = usual->unpark};
    rt->sched.env.ops = &other;
    assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), runner, .ran = ran)), 0);
    rt->sched.env.ops = usual;
}

/* It wakes, finds a queue that is not empty and nothing in it, and sleeps. */
static void assert_sleeps_again(struct weft__sched *sched)
{
    sched->env.ops->unpark(&sched->workers[0].thread);
    assert_true(vclock_asleep(1) == WEFT_FOREVER);
    assert_false(weft__handoff_empty(&sched->injector));
}

static void worker_sleeps_until_a_push_that_is_half_done_is_done(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    atomic_uint ran = 0;
    vclock_asleep(1);
    spawn_by(rt, push_half, &ran);
    assert_sleeps_again(&rt->sched);
    push_rest(&rt->sched);
    WORLD_UNTIL(atomic_load(&ran) == 1);
    world_end(rt, 1);
}

/* Nobody can take the first before it is known what comes after it. */
static void worker_sleeps_until_a_push_behind_a_whole_one_is_done(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    atomic_uint ran = 0;
    vclock_asleep(1);
    spawn_by(rt, push_quietly, &ran);
    spawn_by(rt, push_half, &ran);
    assert_sleeps_again(&rt->sched);
    assert_int_equal(atomic_load(&ran), 0);
    push_rest(&rt->sched);
    WORLD_UNTIL(atomic_load(&ran) == 2);
    world_end(rt, 2);
}

/* What pays while it looks for the next task pays for one that is never there, too, if that ends each look. */
static void worker_that_looks_before_it_sleeps_does_so_beside_a_push_that_is_half_done(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    atomic_uint ran = 0;
    vclock_asleep(1);
    rt->sched.workers[0].linger = (struct weft__linger){.wake_ns = 20000, .brief = 1 << 20}; /* the unpark hands it over */
    spawn_by(rt, push_half, &ran);
    assert_sleeps_again(&rt->sched);
    push_rest(&rt->sched);
    WORLD_UNTIL(atomic_load(&ran) == 1);
    world_end(rt, 1);
}

/* This thread goes on when the worker above it, on the same processor, sleeps, and not before. */
static void worker_above_the_pusher_lets_it_finish(void **state)
{
    (void)state;
    const struct sched_param above = {.sched_priority = 2}, below = {.sched_priority = 1}, usual = {0};
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &before))
            CPU_SET(i, &one);
    if (sched_setscheduler(0, SCHED_FIFO, &above) < 0) {
        assert_int_equal(errno, EPERM);
        skip();
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    weft_runtime *rt = world_begin(1);
    assert_int_equal(sched_setscheduler(0, SCHED_FIFO, &below), 0);
    atomic_uint ran = 0;
    spawn_by(rt, push_half, &ran);
    rt->sched.env.ops->unpark(&rt->sched.workers[0].thread);
    assert_int_equal(weft__idle_sleepers(&rt->sched.idle), 1);
    push_rest(&rt->sched);
    WORLD_UNTIL(atomic_load(&ran) == 1);
    world_end(rt, 1);
    assert_int_equal(sched_setscheduler(0, SCHED_OTHER, &usual), 0);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(worker_sleeps_until_a_push_that_is_half_done_is_done, vclock_stop, vclock_go),
        cmocka_unit_test_setup_teardown(worker_sleeps_until_a_push_behind_a_whole_one_is_done, vclock_stop, vclock_go),
        cmocka_unit_test_setup_teardown(worker_that_looks_before_it_sleeps_does_so_beside_a_push_that_is_half_done, vclock_stop, vclock_go),
        cmocka_unit_test(worker_above_the_pusher_lets_it_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
