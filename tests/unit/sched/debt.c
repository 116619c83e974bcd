/* SPDX-License-Identifier: MIT */
/*
 * What a poll that has spent its budget came to owe, if the thread does something else than to poll its task again: it is paid before (ADR 0031).
 * Whether others see to it later is another matter: who is owed may wait for no more than polls of that task.
 */
#include "lib/vclock.h"
#include "lib/world.h"
#include "runtime/runtime.h"

enum { OPERATIONS = 500 }; /* in a nap's least time: neither coarse nor fine (trial.h) */

static atomic_uint paid;

static void pay(void *owing)
{
    (void)owing;
    atomic_fetch_add(&paid, 1);
}

static void owe(struct weft__thread *thread)
{
    thread->debt = (struct weft__debt){pay, &paid, weft__thread_task(thread), 0};
}

/* It is behind the others, of whom there are none, and then it is polled again. */
struct debtor {
    weft_frame weft;
    void (*meanwhile)(struct weft__worker *worker);
    bool owes;
    atomic_uint *paid_by_then;
};

static weft_poll debtor(weft_context *cx, struct debtor *self)
{
    struct weft__worker *worker = (struct weft__worker *)(void *)weft__self;
    (void)cx;
    if (self->owes) {
        atomic_store(self->paid_by_then, atomic_load(&paid));
        return WEFT_READY;
    }
    self->owes = true;
    owe(&worker->thread);
    worker->thread.yield = true;
    self->meanwhile(worker);
    return WEFT_PENDING;
}

static weft_runtime *begin(uint32_t workers)
{
    atomic_store(&paid, 0);
    return world_begin(workers);
}

static void leave_the_task_to_all(struct weft__worker *worker)
{
    worker->crowded = true;
    worker->shared_turn = worker->tick + OPERATIONS; /* it has no turn before the search */
}

static void debt_of_a_task_that_went_to_all_is_paid_before_a_search(void **state)
{
    (void)state;
    weft_runtime *rt = begin(1);
    atomic_uint by_then = 0;
    weft_spawn(weft_runtime_scope(rt), debtor, .meanwhile = leave_the_task_to_all, .paid_by_then = &by_then);
    world_settle(rt);
    assert_int_equal(atomic_load(&by_then), 1);
    assert_int_equal(atomic_load(&paid), 1);
    world_end(rt, 1);
}

/* A trial, so far that a nap is its next step. */
static void try_without(struct weft__worker *worker)
{
    struct weft__progress *since = &worker->trial.since;
    *since = (struct weft__progress){.now_ns = worker->thread.now - WEFT__DOUBT_NAP_MIN_NS, .rests = weft__idle_rests(&worker->sched->idle)};
    for (uint32_t i = 0; i < worker->sched->worker_count; i++) {
        struct weft__thread *thread = &worker->sched->workers[i].thread;
        since->done += weft__counter_read(&thread->polls) + weft__counter_read(&thread->completed) + weft__counter_read(&thread->spawned);
    }
    since->done -= OPERATIONS;
    worker->trial.taken = worker->trial.alone = 0;
}

static void debt_is_paid_before_a_nap_in_the_midst_of_work(void **state)
{
    (void)state;
    weft_runtime *rt = begin(2);
    struct latch entered = LATCH, leave = LATCH;
    atomic_uint by_then = 0;
    weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave); /* there is one that works */
    latch_wait(&entered, 1);
    vclock_asleep(1);
    weft_spawn(weft_runtime_scope(rt), debtor, .meanwhile = try_without, .paid_by_then = &by_then);
    assert_true(vclock_asleep(1) != WEFT_FOREVER); /* it naps */
    assert_int_equal(atomic_load(&paid), 1);
    vclock_advance(WEFT__DOUBT_NAP_MIN_NS);
    latch_up(&leave);
    world_end(rt, 2);
    assert_int_equal(atomic_load(&by_then), 1);
}

/* Of a task that another worker took from the ring, and ended, and then no task was left and the runtime ends. */
static void debt_is_paid_at_the_end_of_a_worker(void **state)
{
    (void)state;
    weft_runtime *rt = begin(1);
    vclock_asleep(1);
    owe(&rt->sched.workers[0].thread);
    world_end(rt, 0);
    assert_int_equal(atomic_load(&paid), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(debt_of_a_task_that_went_to_all_is_paid_before_a_search, vclock_stop, vclock_go),
        cmocka_unit_test_setup_teardown(debt_is_paid_before_a_nap_in_the_midst_of_work, vclock_stop, vclock_go),
        cmocka_unit_test_setup_teardown(debt_is_paid_at_the_end_of_a_worker, vclock_stop, vclock_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
