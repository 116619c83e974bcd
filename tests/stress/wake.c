/* SPDX-License-Identifier: MIT */
/* Wakes at every moment of a task's life: each leads to a poll that begins after it, and none reaches the wrong task. */
#include <weft.h>

#include "lib/stress.h"

static weft_runtime *rt;

static int wake_begin(void **state)
{
    (void)state;
    return weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed()));
}

static int wake_end(void **state)
{
    (void)state;
    return weft_runtime_destroy(rt);
}

static void join(weft_task task)
{
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
}

/*
 * Four threads write a round and wake; the task's polls read it. The writers wait for the poll that has seen their last
 * write: a wake that is lost is a test that never ends.
 */
static struct {
    _Atomic uint64_t asked[4], answered[4];
    _Atomic int quit;
    weft_waker waker;
} talk;

struct answerer {
    weft_frame weft;
    uint64_t polls;
};

static weft_poll answerer(weft_context *cx, struct answerer *self)
{
    (void)cx;
    self->polls++;
    for (int i = 0; i < 4; i++) /* relaxed: the wake orders */
        atomic_store(&talk.answered[i], atomic_load_explicit(&talk.asked[i], memory_order_relaxed));
    return atomic_load(&talk.quit) ? WEFT_READY : WEFT_PENDING;
}

static void talk_ask(void *context, unsigned number)
{
    struct weft__rng rng = stress_rng(number);
    const weft_task task = talk.waker.task;
    const weft_waker nobody = {{task.id + 1000000007, task.weft__slot, task.weft__runtime}};
    for (uint64_t i = 1; i <= *(const uint64_t *)context; i++) {
        atomic_store_explicit(&talk.asked[number], i, memory_order_relaxed);
        for (uint32_t times = 1 + weft__rng_below(&rng, 3); times > 0; times--)
            weft_wake(talk.waker);
        while (atomic_load(&talk.answered[number]) != i)
            if (weft__rng_below(&rng, 16) == 0)
                weft_wake(nobody); /* no help */
    }
}

/* known bug 1, known bug 6 */
static void wake_from_four_threads_during_polls_is_never_lost(void **state)
{
    (void)state;
    uint64_t rounds = stress_scale(20000);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), answerer);
    talk.waker = (weft_waker){task};
    stress_threads(4, talk_ask, &rounds);
    atomic_store(&talk.quit, 1);
    weft_wake(talk.waker);
    join(task);
}

/* Counts its polls; ends when told. */
static struct {
    _Atomic uint64_t polls;
    _Atomic int go, quit, inside;
    _Atomic int note, noted; /* written by who wakes, and as the last poll saw it */
} count;

struct counter {
    weft_frame weft;
};

static weft_poll counter(weft_context *cx, struct counter *self)
{
    (void)cx;
    (void)self;
    VERDICT(atomic_fetch_add(&count.inside, 1) == 0); /* polled by one worker at a time */
    atomic_store(&count.noted, atomic_load_explicit(&count.note, memory_order_relaxed)); /* relaxed: the wake orders */
    atomic_fetch_add(&count.polls, 1);
    const int quit = atomic_load(&count.quit);
    while (atomic_load(&count.go) == 0)
        sched_yield();
    atomic_fetch_sub(&count.inside, 1);
    return quit ? WEFT_READY : WEFT_PENDING;
}

static void count_reset(int go)
{
    atomic_store(&count.polls, 0);
    atomic_store(&count.quit, 0);
    atomic_store(&count.go, go);
}

static void wait_for_polls(uint64_t polls)
{
    while (atomic_load(&count.polls) < polls)
        sched_yield();
}

static void wait_until_waiting(weft_task task)
{
    weft_task_info info = {.size = sizeof info};
    do
        assert_int_equal(weft_task_inspect(task, &info), 0);
    while (info.state != WEFT_TASK_WAITING);
}

static void wake_a_thousand_times_during_one_poll_is_one_more_poll(void **state)
{
    (void)state;
    count_reset(0);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), counter);
    wait_for_polls(1);
    for (int i = 0; i < 1000; i++)
        weft_wake((weft_waker){task});
    atomic_store(&count.go, 1);
    wait_for_polls(2);
    wait_until_waiting(task);
    assert_int_equal(atomic_load(&count.polls), 2);
    atomic_store(&count.quit, 1);
    weft_wake((weft_waker){task});
    join(task);
    verdict_assert();
    assert_int_equal(atomic_load(&count.polls), 3);
}

/* scenario 2: and that poll sees what was written before the last wake. */
static void wake_a_thousand_times_before_the_first_poll_is_that_poll(void **state)
{
    (void)state;
    count_reset(1);
    stress_hold(rt, 2);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), counter);
    for (int i = 1; i <= 1000; i++) {
        atomic_store_explicit(&count.note, i, memory_order_relaxed);
        weft_wake((weft_waker){task});
    }
    stress_release();
    wait_for_polls(1);
    assert_int_equal(atomic_load(&count.noted), 1000);
    wait_until_waiting(task);
    assert_int_equal(atomic_load(&count.polls), 1);
    atomic_store(&count.quit, 1);
    weft_wake((weft_waker){task});
    weft_wake((weft_waker){task}); /* double */
    join(task);
    verdict_assert();
    assert_int_equal(atomic_load(&count.polls), 2); /* it quits at the first poll after `quit` */
}

/* Wakers that outlive their tasks: threads wake whatever they remember while tasks come and go in the same slots. */
enum { REMEMBERED = 256 };
static struct {
    _Atomic uint64_t ids[REMEMBERED];
    _Atomic uint64_t places[REMEMBERED]; /* slot << 32 | runtime */
    _Atomic int stop;
} old;

struct brief {
    weft_frame weft;
    uint64_t mine;
    int turns;
};

static weft_poll brief(weft_context *cx, struct brief *self)
{
    WEFT_BEGIN(cx, self);
    self->mine = weft_context_task(cx).id;
    for (self->turns = 0; self->turns < 3; self->turns++) {
        VERDICT(weft_context_task(cx).id == self->mine);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

static weft_waker old_waker(uint32_t at)
{
    const uint64_t place = atomic_load(&old.places[at]);
    return (weft_waker){{atomic_load(&old.ids[at]), (uint32_t)(place >> 32), (uint32_t)place}};
}

static void old_wake(void *context, unsigned number)
{
    (void)context;
    struct weft__rng rng = stress_rng(number);
    while (!atomic_load(&old.stop))
        weft_wake(old_waker(weft__rng_below(&rng, REMEMBERED)));
}

/* scenario 15, known bug 71, known bug 75 */
static void wake_after_the_end_does_nothing_to_the_next_in_the_slot(void **state)
{
    atomic_store(&old.stop, 0);
    struct stress_team *team = stress_team_begin(2, old_wake, NULL);
    const uint64_t total = stress_scale(200000);
    for (uint64_t i = 0; i < total; i++) {
        const weft_task task = weft_spawn(weft_runtime_scope(rt), brief);
        VERDICT(weft_task_error(task) == 0);
        atomic_store(&old.ids[i % REMEMBERED], task.id);
        atomic_store(&old.places[i % REMEMBERED], (uint64_t)task.weft__slot << 32 | task.weft__runtime);
    }
    atomic_store(&old.stop, 1);
    stress_team_join(team);
    assert_int_equal(weft_runtime_finish(rt), 0);
    weft_wake(old_waker(0)); /* its runtime is gone */
    assert_int_equal(wake_begin(state), 0);
    weft_wake(old_waker(0)); /* and another has its place in the table */
    verdict_assert();
}

/* Tasks wake each other round a ring, from inside polls; every wake is one hop. */
enum { RING = 64 };
static weft_waker ring[RING];
static _Atomic uint64_t hops, hops_wanted;
static _Atomic int balls[RING];

struct node {
    weft_frame weft;
    int index;
};

static weft_poll node(weft_context *cx, struct node *self)
{
    (void)cx;
    for (int mine = atomic_exchange(&balls[self->index], 0); mine > 0; mine--) {
        const int next = (self->index + 1) % RING;
        atomic_fetch_add(&hops, 1);
        atomic_fetch_add(&balls[next], 1);
        weft_wake(ring[next]);
    }
    return atomic_load(&hops) >= atomic_load(&hops_wanted) ? WEFT_READY : WEFT_PENDING;
}

static void wake_round_a_ring_of_tasks_keeps_going(void **state)
{
    (void)state;
    weft_task tasks[RING];
    atomic_store(&hops_wanted, UINT64_MAX);
    for (int i = 0; i < RING; i++) {
        tasks[i] = weft_spawn_joinable(weft_runtime_scope(rt), node, .index = i);
        ring[i] = (weft_waker){tasks[i]};
    }
    atomic_store(&hops_wanted, stress_scale(500000));
    for (int i = 0; i < RING; i += RING / 4) {
        atomic_fetch_add(&balls[i], 1);
        weft_wake(ring[i]);
    }
    while (atomic_load(&hops) < atomic_load(&hops_wanted)) /* nobody from outside wakes again: a lost one stops a ball */
        sched_yield();
    for (int i = 0; i < RING; i++) {
        weft_wake(ring[i]);
        join(tasks[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wake_from_four_threads_during_polls_is_never_lost),
        cmocka_unit_test(wake_a_thousand_times_during_one_poll_is_one_more_poll),
        cmocka_unit_test(wake_a_thousand_times_before_the_first_poll_is_that_poll),
        cmocka_unit_test(wake_after_the_end_does_nothing_to_the_next_in_the_slot),
        cmocka_unit_test(wake_round_a_ring_of_tasks_keeps_going),
    };
    return cmocka_run_group_tests(tests, wake_begin, wake_end);
}
