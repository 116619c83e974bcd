/* SPDX-License-Identifier: MIT */
/* Harness: one joinable task and whoever wants its result, on one or two hands (hands.h). The task waits for news that another
 * thread brings. A second task joins it, and may be cancelled at that; main joins with or without a deadline, detaches, or only
 * looks on. Slots are used again by a newcomer, empty pages are given back; the bringer keeps a handle until after the end
 * of the runtime.
 *
 * Law: one of those who ask gets the result, and sees what the task did; the others are told that they are late or that
 * somebody joins already; who waits is told when another claims; a join that timed out or was cancelled can be made again; nobody
 * waits for ever (else DEADLOCK); a newcomer keeps its frame.
 *
 * Shows: scenario 14, known bug 1.
 * ctest-cost: 60 */
#include "hands.h"
#include "model.h"

#include <assert.h>
#include <pthread.h>

#include "base/atomic.h"
#include "trace/sinks.h"

enum { RESULT = 42, TASKS = 3 };

static weft_scope *scope;
static weft_task task; /* copies of it are used by all */
static _Atomic uint64_t target_id;
static _Atomic int news;
static int note; /* plain: written by the task, read by whoever got its result */
static _Atomic int results;
static _Atomic int detaching; /* who joins a task that runs may be told that it is not joinable */
static _Atomic int detached;
static int joiner_error;
static _Atomic bool trimmed;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"joined by main",     "joined by the task", "timed out, joined later",
                                        "detached",           "too late",           "somebody joins already",
                                        "cancelled in a join", "told by a claim",    "another had the slot", "trimmed"};
    return goal < 10 ? names[goal] : NULL;
}

static void got(int result)
{
    assert(result == RESULT && note == 7);
    assert(weft__fetch_add_relaxed(&results, 1) == 0);
}

struct target {
    weft_frame weft;
    int canary;
};

static weft_poll target(weft_context *cx, struct target *self)
{
    assert(self->canary == 5);
    if (!weft__load_relaxed(&news)) {
        return WEFT_PENDING;
    }
    note = 7;
    cx->weft__result = RESULT;
    return WEFT_READY;
}

struct joiner {
    weft_frame weft;
    weft_task target;
    int result;
    char much[300]; /* its page has no other task: it can be given back while the target still ends */
};

static weft_poll joiner(weft_context *cx, struct joiner *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_task_join(cx, &self->target, &self->result));
    joiner_error = self->weft.rc;
    if (joiner_error == 0) {
        got(self->result);
        model_reach(1);
    } else if (joiner_error == WEFT_ECANCELED) {
        model_reach(6);
    } else {
        assert(joiner_error == WEFT_ESRCH || joiner_error == WEFT_EBUSY || joiner_error == WEFT_EINVAL);
        model_reach(joiner_error == WEFT_EBUSY ? 5 : weft__load_relaxed(&detached) ? 7 : 4);
    }
    WEFT_END(0);
}

struct newcomer {
    weft_frame weft;
    int canary;
};

static weft_poll newcomer(weft_context *cx, struct newcomer *self)
{
    assert(self->canary == 77);
    if (weft_context_task(cx).weft__slot == task.weft__slot) {
        model_reach(8);
    }
    cx->weft__result = 0;
    return WEFT_READY;
}

/* A sink that keeps the target's hand between taking its joiner out and waking it, until that one's page has gone, or for a
 * while: the page must not go before. */
static void slow_end(void *context, uint64_t id, int32_t result, uint16_t worker)
{
    (void)context;
    (void)result;
    (void)worker;
    for (int i = 0; id == weft__load_relaxed(&target_id) && i < 40 && !weft__load_relaxed(&trimmed); i++) {
        model_relax();
    }
}

static uint64_t end_bit(void)
{
    return UINT64_C(1) << WEFT_TRACE_task_end;
}

static const weft_trace_provider slow = {.wanted = end_bit, .events.task_end = slow_end};

static void detach(void)
{
    weft_task mine = task;
    weft__fetch_add_relaxed(&detaching, 1);
    int error = weft_task_detach(&mine);
    assert(error == 0 || error == WEFT_ESRCH);
    if (error == 0) {
        weft__store_relaxed(&detached, 1);
        model_reach(3);
    }
}

/* Perhaps it lives still. */
static void use_stale(weft_task handle)
{
    weft_task_info info = {.size = sizeof info};
    int result;
    switch (model_choose(5)) {
    case 3:
        detach();
        break;
    case 0:
        weft_wake((weft_waker){handle});
        break;
    case 1:
        weft_task_cancel(handle);
        break;
    case 2:
        if (weft_task_inspect(handle, &info) == 0) {
            assert(info.task.id == handle.id);
        }
        break;
    default:
        if (weft_task_join_blocking(&handle, model_clock() + (model_choose(2) ? 500 : 0), &result) == 0) {
            got(result);
        }
    }
}

static void *bringer(void *copy)
{
    weft__store_relaxed(&news, 1); /* seen through the wake only */
    weft_wake((weft_waker){*(weft_task *)copy});
    weft_spawn_as(scope, WEFT_TASK("newcomer"), newcomer, .canary = 77);
    use_stale(*(weft_task *)copy);
    use_stale(*(weft_task *)copy);
    return NULL;
}

static void join(int64_t deadline_ns)
{
    int result = -1;
    weft_task mine = task;
    int error = weft_task_join_blocking(&mine, deadline_ns, &result);
    if (error == WEFT_ETIMEDOUT) {
        error = weft_task_join_blocking(&mine, WEFT_FOREVER, &result);
        model_reach(2);
    }
    if (error == 0) {
        got(result);
        assert(mine.id == 0);
        model_reach(0);
    } else {
        assert(error == WEFT_ESRCH || error == WEFT_EBUSY || (error == WEFT_EINVAL && weft__fetch_add_relaxed(&detaching, 0)));
        model_reach(error == WEFT_EBUSY ? 5 : 4);
    }
}

int main(void)
{
    pthread_t thread;
    if (model_choose(4) == 0) {
        weft__sinks_set_provider(&slow);
    }
    scope = hands_begin(1 + model_choose(2), false);
    task = weft_spawn_as(scope, WEFT_TASK(NULL, .joinable = true), target, .canary = 5);
    weft__store_relaxed(&target_id, task.id);
    weft_task copy = task;
    weft_task other = weft_spawn(scope, joiner, .target = task);
    pthread_create(&thread, NULL, bringer, &copy);
    switch (model_choose(4)) {
    case 0:
        join(WEFT_FOREVER);
        break;
    case 1:
        join(model_clock() + 2000);
        break;
    case 2:
        detach();
        break;
    default:
        if (model_choose(2)) {
            weft_task_cancel(other);
        }
    }
    if (model_choose(2)) {
        hands_trim();
        weft__store_relaxed(&trimmed, true);
        model_reach(9);
    }
    hands_end(TASKS);
    pthread_join(thread, NULL);
    /* What nobody claimed keeps its slot; the slab takes it back with all else. */
    assert(results + detached <= 1);
    assert(joiner_error <= 0);
    return 0;
}
