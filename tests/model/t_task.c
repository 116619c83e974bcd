/* SPDX-License-Identifier: MIT */
/* Harness: the life of one joinable task, on one worker, against the host: a waker with news, a canceller, and main,
 * which joins with or without a deadline, or detaches. The task waits until it sees the news or the cancellation.
 * Meanwhile somebody may look at it, and a second task takes a slot.
 *
 * Law: the join answers once, with what the task returned and what it wrote; after a timeout the join can be repeated;
 * a handle of a task that is gone answers WEFT_ESRCH to everything; the engine drains and leaves nothing.
 *
 * Shows: known bug 1, known bug 6. */
#include "engine.h"
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <weft/step.h>

#include "task/task.h"

enum { RESULT = 42 };

static weft_scope *scope;
static weft_task task;
static _Atomic int news;
static int frame_note; /* plain: written by the task, read after the join */
static int drops;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"joined",     "joined after a timeout", "detached",
                                        "cancelled",  "dropped unpolled",       "looked at",
                                        "found gone", "another had its slot"};
    return goal < 8 ? names[goal] : NULL;
}

struct waiter {
    weft_frame weft;
    int polls;
};

static weft_poll waiter(weft_context *cx, struct waiter *self)
{
    self->polls++;
    bool cancelled = weft_context_cancelled(cx) != WEFT_REASON_NONE;
    if (!weft__load_relaxed(&news) && !cancelled) {
        return WEFT_PENDING;
    }
    frame_note = self->polls;
    if (cancelled) {
        model_reach(3);
    }
    cx->weft__result = RESULT;
    return WEFT_READY;
}

static void waiter_drop(void *frame)
{
    (void)frame;
    drops++;
    model_reach(4);
}

struct newcomer {
    weft_frame weft;
    int canary;
};

static weft_poll newcomer(weft_context *cx, struct newcomer *self)
{
    assert(self->canary == 77);
    if (weft_context_task(cx).weft__slot == task.weft__slot) {
        model_reach(7);
    }
    cx->weft__result = 0;
    return WEFT_READY;
}

/* Spawned on the worker, so that it takes its slot from where the ended task's went. */
struct spawner {
    weft_frame weft;
};

static weft_poll spawner(weft_context *cx, struct spawner *self)
{
    (void)self;
    weft_spawn_as(scope, WEFT_TASK("newcomer"), newcomer, .canary = 77); /* with a name it has the same size class */
    cx->weft__result = 0;
    return WEFT_READY;
}

static void *bringer(void *copy)
{
    weft__store_relaxed(&news, 1); /* seen through the wake only */
    weft_wake((weft_waker){*(weft_task *)copy});
    return NULL;
}

static void *meddler(void *copy)
{
    weft_task handle = *(weft_task *)copy;
    switch (model_choose(3)) {
    case 0:
        weft_task_cancel(handle);
        break;
    case 1: {
        weft_task_info info = {.size = sizeof info};
        if (weft_task_inspect(handle, &info) == 0) {
            assert(info.task.id == handle.id && !strcmp(info.name, "waiter"));
            model_reach(5);
        } else {
            model_reach(6);
        }
        break;
    }
    case 2:
        weft_spawn(scope, spawner);
        break;
    }
    return NULL;
}

static void join(void)
{
    int result = -1;
    weft_task mine = task;
    int error = weft_task_join_blocking(&mine, model_choose(2) ? WEFT_FOREVER : model_clock() + 3000, &result);
    if (error == WEFT_ETIMEDOUT) {
        error = weft_task_join_blocking(&mine, WEFT_FOREVER, &result);
        model_reach(1);
    }
    assert(error == 0);
    model_reach(0);
    assert(drops ? result == WEFT_ECANCELED : result == RESULT && frame_note > 0);
    weft_task again = task;
    assert(weft_task_join_blocking(&again, WEFT_FOREVER, &result) == WEFT_ESRCH);
}

static void detach(void)
{
    weft_task mine = task;
    assert(weft_task_detach(&mine) == 0);
    model_reach(2);
}

int main(void)
{
    pthread_t threads[2];
    scope = engine_start(1);
    task = weft_spawn_as(scope, WEFT_TASK(NULL, .joinable = true, .drop = waiter_drop), waiter, .polls = 0);
    assert(weft_task_error(task) == 0);
    weft_task copy = task;
    pthread_create(&threads[0], NULL, bringer, &copy);
    pthread_create(&threads[1], NULL, meddler, &copy);
    if (model_choose(3)) {
        join();
    } else {
        detach();
    }
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    engine_stop();
    assert(drops <= 1);
    return 0;
}
