/* SPDX-License-Identifier: MIT */
/* Harness: the end of a whole runtime: a worker or two, the monitor thread, a pool of one thread. The host's second thread spawns
 * tasks and begins a job while main shuts down until a deadline, or waits for it to be quiet; then one of them finishes or
 * destroys the runtime, and the other tries the same, perhaps after it has visited what there is. In some executions there is a
 * provider of events, which is told of each thread and records nothing.
 *
 * Law: what was accepted ran, or was dropped, once; what was refused never began; a shutdown that says 0 leaves nothing behind
 * that was accepted before it; one of the two ends the runtime, and the other is told; then no thread, no byte is left. Whoever has
 * the runtime sees what its monitor thread did as it began.
 *
 * Shows: scenario 18, scenario 21.
 * ctest-cost: 150 */
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <weft/blocking.h>
#include <weft/inspect.h>
#include <weft/runtime.h>
#include <weft/step.h>
#include <weft/timer.h>

#include "base/atomic.h"
#include "task/env.h"
#include "trace/sinks.h"

static weft_runtime *rt;
static weft_scope *root;
static int accepted; /* of main's, plain; and of the other's, which is read after the join */
static int other_accepted;
static _Atomic int ended; /* ran, or dropped */
static _Atomic bool settled; /* the other uses nothing of the runtime but its end */
static _Atomic int ends;
static int watched; /* plain; by the monitor thread's hook, and by the pool's, which is younger than the creation's end */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"finished",        "destroyed",  "shut down",        "the deadline passed",
                                        "the other's end", "refused",    "slept to the end", "woken by the shutdown",
                                        "a job ran",       "a job was dropped", "dropped unpolled", "a child ran",
                                        "visited"};
    return goal < 13 ? names[goal] : NULL;
}

static void note_end(unsigned goal)
{
    weft__fetch_add_relaxed(&ended, 1);
    model_reach(goal);
}

static void drop(void *frame)
{
    (void)frame;
    note_end(10);
}

struct sleeper {
    weft_frame weft;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 300000));
    note_end(self->weft.rc == 0 ? 6 : 7);
    WEFT_END(0);
}

struct child {
    weft_frame weft;
};

static weft_poll child(weft_context *cx, struct child *self)
{
    (void)self;
    note_end(11);
    cx->weft__result = 0;
    return WEFT_READY;
}

struct parent {
    weft_frame weft;
};

/* Its child is counted in its place. */
static weft_poll parent(weft_context *cx, struct parent *self)
{
    (void)self;
    if (weft_task_error(weft_spawn_as(root, WEFT_TASK(NULL, .drop = drop), child)) < 0) {
        note_end(5);
    }
    cx->weft__result = 0;
    return WEFT_READY;
}

static bool spawn(void)
{
    weft_task task;
    if (model_choose(2)) {
        task = weft_spawn_as(root, WEFT_TASK(NULL, .drop = drop), sleeper);
    } else {
        task = weft_spawn_as(root, WEFT_TASK(NULL, .drop = drop), parent);
    }
    if (weft_task_error(task) < 0) {
        assert(weft_task_error(task) == WEFT_ESHUTDOWN);
        model_reach(5);
        return false;
    }
    return true;
}

static int job(void *argument)
{
    (void)argument;
    note_end(8);
    return 0;
}

static void job_drop(void *argument)
{
    (void)argument;
    note_end(9);
}

static bool begin(void)
{
    const weft_job_options options = {.size = sizeof options, .fn = job, .drop = job_drop, .name = "job"};
    const int error = weft_job_try_begin(rt, &(weft_job){0}, &options);
    assert(error == 0 || error == WEFT_ESHUTDOWN);
    return error == 0;
}

static void end(void)
{
    const bool finishes = model_choose(2);
    const int answer = finishes ? weft_runtime_finish(rt) : weft_runtime_destroy(rt);
    if (answer == 0) {
        weft__fetch_add_relaxed(&ends, 1);
        model_reach(finishes ? 0 : 1);
    } else {
        assert(answer == WEFT_EINVAL);
        model_reach(4);
    }
}

/* Shown to a visitor, it is live, whoever is ending it. */
static int visit(void *context, weft_runtime *shown)
{
    (void)context;
    assert(shown == rt && weft_runtime_workers(shown) > 0);
    model_reach(12);
    return 0;
}

static void *other(void *nothing)
{
    other_accepted += spawn();
    other_accepted += begin();
    weft__store_release(&settled, true);
    if (model_choose(2)) {
        assert(weft_runtime_visit(visit, NULL) == 0);
    }
    if (model_choose(2)) {
        end();
    }
    return nothing;
}

static uint64_t wanted(void)
{
    return 0;
}

static void thread_start(void)
{
    if (!weft__self) { /* not a worker's */
        watched = 7;
    }
}

static void provide(void)
{
    static const weft_trace_provider provider = {.size = sizeof provider, .wanted = wanted, .thread_start = thread_start};
    weft__sinks_set_provider(&provider);
}

static void shut_down(void)
{
    const int answer = weft_runtime_shutdown(rt, model_choose(2) ? WEFT_FOREVER : model_clock() + 100000);
    assert(answer == 0 || answer == WEFT_ETIMEDOUT || answer == WEFT_EINVAL);
    if (answer == 0) {
        assert(weft__load_relaxed(&ended) >= accepted);
    }
    model_reach(answer == 0 ? 2 : answer == WEFT_ETIMEDOUT ? 3 : 4);
}

int main(void)
{
    pthread_t thread;
    const weft_runtime_options options = {
        .size = sizeof options, .worker_threads = 1 + model_choose(2), .blocking_threads_max = 1, .seed = 1};
    const bool provided = model_choose(2);
    if (provided) {
        provide();
    }
    assert(weft_runtime_create(&rt, &options) == 0);
    assert(!provided || watched == 7);
    root = weft_runtime_scope(rt);
    accepted += spawn();
    pthread_create(&thread, NULL, other, NULL);
    if (model_choose(2)) {
        shut_down();
    }
    while (!weft__load_acquire(&settled)) {
        model_relax();
    }
    end();
    pthread_join(thread, NULL);
    assert(ends == 1 && ended == accepted + other_accepted);
    return 0;
}
