/* SPDX-License-Identifier: MIT */
/* The shared queue while a push is half done: whoever pushes has been preempted between liburcu's exchange and its store, perhaps by a worker. */
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

struct runner {
    weft_frame weft;
    atomic_bool *ran;
};

static weft_poll runner(weft_context *cx, struct runner *self)
{
    (void)cx;
    atomic_store(self->ran, true);
    return WEFT_READY;
}

/* It is the pusher's processor that a worker takes which goes on looking, and at a real-time priority it never gives it back. */
static void worker_sleeps_until_a_push_that_is_half_done_is_done(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    struct weft__sched *sched = &rt->sched;
    const struct weft__sched_ops *usual = sched->env.ops, halting = {.schedule = push_half, .unpark = usual->unpark};
    atomic_bool ran = false;
    vclock_asleep(1);
    sched->env.ops = &halting;
    assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), runner, .ran = &ran)), 0);
    sched->env.ops = usual;
    usual->unpark(&sched->workers[0].thread);
    assert_true(vclock_asleep(1) == WEFT_FOREVER);
    assert_false(atomic_load(&ran));
    push_rest(sched);
    WORLD_UNTIL(atomic_load(&ran));
    world_end(rt, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(worker_sleeps_until_a_push_that_is_half_done_is_done, vclock_stop, vclock_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
