/* SPDX-License-Identifier: MIT */
/* Joining and detaching against the end of the task: the result goes to one, and nobody is woken who has left. */
#include <pthread.h>
#include <sched.h>
#include <weft.h>

#include "lib/stress.h"
#include "registry/rcu.h"
#include "task/task.h"

static weft_runtime *rt;

static int join_begin(void **state)
{
    (void)state;
    return weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed()));
}

static int join_end(void **state)
{
    (void)state;
    return weft_runtime_destroy(rt);
}

/* Ends after some turns, with a result. */
struct worker {
    weft_frame weft;
    int turns;
    int result;
};

static weft_poll worker(weft_context *cx, struct worker *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->turns > 0; self->turns--)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(self->result);
}

static void host_join(void *context, unsigned number)
{
    struct weft__rng rng = stress_rng(number);
    for (uint64_t i = 0; i < *(const uint64_t *)context; i++) {
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), worker, .turns = (int)weft__rng_below(&rng, 4),
                                             .result = (int)(i % 1000));
        int result = -1;
        if (i % 4 == 0)
            while (weft_task_join_blocking(&task, 0, &result) == WEFT_ETIMEDOUT) /* asks and leaves, again and again */
                continue;
        else
            VERDICT(weft_task_join_blocking(&task, WEFT_FOREVER, &result) == 0);
        VERDICT(result == (int)(i % 1000));
        VERDICT(task.id == 0);
    }
}

static void join_by_host_threads_against_the_end(void **state)
{
    (void)state;
    uint64_t rounds = stress_scale(20000);
    stress_threads(3, host_join, &rounds);
    verdict_assert();
}

/* A parent that joins its children in another order than they end. */
enum { CHILDREN = 32 };
struct parent {
    weft_frame weft;
    weft_task children[CHILDREN];
    int i, result, sum;
};

static weft_poll parent(weft_context *cx, struct parent *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < CHILDREN; self->i++)
        self->children[self->i] = weft_spawn_joinable(weft_runtime_scope(rt), worker, .turns = self->i % 5, .result = self->i);
    for (self->i = CHILDREN - 1; self->i >= 0; self->i--) {
        WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->children[self->i], &self->result));
        VERDICT(self->weft.rc == 0 && self->result == self->i);
        self->sum += self->result;
    }
    WEFT_END(self->sum);
}

static void join_by_tasks_against_the_end(void **state)
{
    (void)state;
    weft_task parents[64];
    for (uint64_t round = stress_scale(50); round > 0; round--) {
        for (int i = 0; i < 64; i++)
            parents[i] = weft_spawn_joinable(weft_runtime_scope(rt), parent);
        for (int i = 0; i < 64; i++) {
            int sum = 0;
            assert_int_equal(weft_task_join_blocking(&parents[i], WEFT_FOREVER, &sum), 0);
            assert_int_equal(sum, CHILDREN * (CHILDREN - 1) / 2);
        }
    }
    verdict_assert();
}

/* Three threads with copies of one handle, one joins, one joins and gives up, one detaches: one of them gets it. */
enum { BATCH = 64 };
static struct {
    weft_task tasks[BATCH];
    _Atomic int got[BATCH];
    pthread_barrier_t barrier;
    uint64_t rounds;
} shared;

static void shared_body(void *context, unsigned number)
{
    (void)context;
    struct weft__rng rng = stress_rng(number);
    for (uint64_t round = 0; round < shared.rounds; round++) {
        if (number == 0)
            for (int i = 0; i < BATCH; i++) {
                atomic_store(&shared.got[i], 0);
                shared.tasks[i] = weft_spawn_joinable(weft_runtime_scope(rt), worker, .turns = (int)weft__rng_below(&rng, 4),
                                                      .result = 5);
            }
        pthread_barrier_wait(&shared.barrier);
        for (int i = 0; i < BATCH; i++) {
            weft_task copy = shared.tasks[i];
            int result = 5, answer;
            if (number == 0)
                answer = weft_task_detach(&copy);
            else
                do
                    answer = weft_task_join_blocking(&copy, number == 1 ? 0 : weft_deadline_in(100000), &result);
                while (answer == WEFT_ETIMEDOUT);
            VERDICT(result == 5);
            if (answer == 0)
                atomic_fetch_add(&shared.got[i], 1);
            else
                VERDICT(answer == WEFT_ESRCH || answer == WEFT_EBUSY || answer == WEFT_EINVAL);
        }
        pthread_barrier_wait(&shared.barrier);
        if (number == 0)
            for (int i = 0; i < BATCH; i++)
                VERDICT(atomic_load(&shared.got[i]) == 1);
    }
}

static void join_against_detach_gives_the_task_to_one(void **state)
{
    (void)state;
    shared.rounds = stress_scale(300);
    pthread_barrier_init(&shared.barrier, NULL, 3);
    stress_threads(3, shared_body, NULL);
    pthread_barrier_destroy(&shared.barrier);
    verdict_assert();
}

/*
 * A thread waits for a task with a deadline; another detaches the task; the deadline passes and the thread goes on, on
 * the stack where it waited. The end of the task must not touch that stack.
 */
static struct {
    weft_task task;
    _Atomic int quit, stage;
    int answer;
} left;

struct idler {
    weft_frame weft;
};

static weft_poll idler(weft_context *cx, struct idler *self)
{
    (void)cx;
    (void)self;
    return atomic_load(&left.quit) ? WEFT_READY : WEFT_PENDING;
}

static __attribute__((noinline)) void left_wait(void)
{
    weft_task copy = left.task;
    left.answer = weft_task_join_blocking(&copy, weft_deadline_in(20000000), NULL);
}

static __attribute__((noinline)) void left_watch_the_stack(void)
{
    volatile unsigned char bytes[1024];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = 0x55;
    atomic_store(&left.stage, 1);
    while (atomic_load(&left.stage) != 2)
        sched_yield();
    for (size_t i = 0; i < sizeof bytes; i++)
        VERDICT(bytes[i] == 0x55);
}

static void left_body(void *context, unsigned number)
{
    (void)context;
    (void)number;
    left_wait();
    left_watch_the_stack();
}

static weft__waiter joiner_of(weft_task handle)
{
    struct weft__env *env;
    weft__waiter joiner = 0;
    weft__rcu_read_lock();
    weft__task *task = weft__task_find(handle, &env);
    if (task)
        joiner = atomic_load(&atomic_load(&task->extra)->joiner);
    weft__rcu_read_unlock();
    return joiner;
}

static void join_given_up_after_a_detach_leaves_no_trace_on_the_stack(void **state)
{
    (void)state;
    left.task = weft_spawn_joinable(weft_runtime_scope(rt), idler);
    const weft_waker waker = {left.task};
    weft_task mine = left.task;
    struct stress_team *team = stress_team_begin(1, left_body, NULL);
    while (joiner_of(mine) == 0 && atomic_load(&left.stage) == 0)
        sched_yield();
    weft_task_detach(&mine);
    while (atomic_load(&left.stage) != 1)
        sched_yield();
    atomic_store(&left.quit, 1);
    weft_wake(waker);
    stress_settle(rt);
    atomic_store(&left.stage, 2);
    stress_team_join(team);
    verdict_assert();
    assert_true(left.answer == WEFT_ETIMEDOUT || left.answer == WEFT_ESRCH);
}

/* A poll function that begins a join and returns without asking again: the next joiner is not kept out. */
struct quitter {
    weft_frame weft;
    weft_task task;
    bool asked;
};

static weft_poll quitter(weft_context *cx, struct quitter *self)
{
    if (!self->asked) {
        self->asked = true;
        VERDICT(weft_task_join(cx, &self->task, NULL) == WEFT_AWAITING);
    }
    return WEFT_READY;
}

static void join_begun_and_left_does_not_keep_others_out(void **state)
{
    (void)state;
    atomic_store(&left.quit, 0);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), idler);
    weft_task first = weft_spawn_joinable(weft_runtime_scope(rt), quitter, .task = task);
    assert_int_equal(weft_task_join_blocking(&first, WEFT_FOREVER, NULL), 0);
    verdict_assert();
    assert_int_equal(weft_task_join_blocking(&task, weft_clock(), NULL), WEFT_ETIMEDOUT);
    atomic_store(&left.quit, 1);
    weft_wake((weft_waker){task});
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(join_by_host_threads_against_the_end),
        cmocka_unit_test(join_by_tasks_against_the_end),
        cmocka_unit_test(join_against_detach_gives_the_task_to_one),
        cmocka_unit_test(join_given_up_after_a_detach_leaves_no_trace_on_the_stack),
        cmocka_unit_test(join_begun_and_left_does_not_keep_others_out),
    };
    return cmocka_run_group_tests(tests, join_begin, join_end);
}
