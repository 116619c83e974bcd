/* SPDX-License-Identifier: MIT */
/* Harness: deadlines that move and deadlines of scopes, on two workers. One task waits in a select by hand, and on a wake
 * for nothing resets its sleep, later or earlier, and asks again or not; or one task opens a scope with a deadline and closes
 * it, early or late. A thread wakes it; the host turns the timers of workers that look stuck, as the monitor thread does.
 *
 * Law: a sleep ends once, not before the newest of its deadlines; a reset needs nobody to ask again. A scope's deadline
 * cancels before the close has answered or never: the scope's memory is poisoned then, and what fires later is seen. */
#include "engine.h"
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <weft/scope.h>
#include <weft/step.h>
#include <weft/task.h>
#include <weft/timer.h>

#include "sched/sched.h"

enum { LONG_NS = 300000, SHORT_NS = 100000 }; /* some ticks of the wheel, and less */

enum goal { SLEPT, LATER, EARLIER, AFTER_IT_FIRED, UNASKED, IN_TIME, TOO_LATE };

static weft_scope *root;
static weft_task task;
static _Atomic int ended;
static _Atomic uint32_t asleep; /* nobody wakes those who sleep here */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"slept",           "reset to later",          "reset to earlier",   "reset after it fired",
                                        "not asked again", "a scope closed in time", "a scope timed out"};
    return goal < sizeof names / sizeof names[0] ? names[goal] : NULL;
}

struct fickle {
    weft_frame weft;
    weft_select_state select;
    weft_sleep_future sleep;
    bool begun, was_reset;
};

static weft_poll fickle(weft_context *cx, struct fickle *self)
{
    if (self->begun && !self->was_reset) {
        const bool later = model_choose(2);
        model_reach(self->sleep.deadline_ns <= model_clock() ? AFTER_IT_FIRED : later ? LATER : EARLIER);
        self->was_reset = true;
        assert(weft_sleep_reset(&self->sleep, model_clock() + (later ? 2 * LONG_NS : SHORT_NS)) == 0);
        if (model_choose(2)) {
            model_reach(UNASKED);
            return WEFT_PENDING;
        }
    }
    if (!self->begun)
        weft_sleep_begin(&self->sleep, model_clock() + LONG_NS);
    self->begun = true;
    const int which = weft_select(cx, &self->select, &self->sleep.future);
    if (which == WEFT_AWAITING)
        return WEFT_PENDING;
    assert(which == 0 && self->sleep.future.result == 0 && model_clock() >= self->sleep.deadline_ns);
    model_reach(SLEPT);
    weft__fetch_add_relaxed(&ended, 1);
    return WEFT_READY;
}

struct owner {
    weft_frame weft;
    weft_scope *scope;
    int64_t deadline;
};

static weft_poll owner(weft_context *cx, struct owner *self)
{
    WEFT_BEGIN(cx, self);
    self->scope = model_pages(sizeof *self->scope, 64); /* of the heap that is watched */
    self->deadline = model_clock() + SHORT_NS;
    assert(weft_scope_open(cx, self->scope, WEFT_SCOPE_OPTIONS(.deadline_ns = self->deadline)) == 0);
    if (model_choose(2)) {
        model_futex_wait(&asleep, 0, self->deadline); /* the poll takes as long as it has */
    } else if (model_choose(2)) {
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, model_choose(2) ? SHORT_NS : LONG_NS));
        assert(self->weft.rc == 0 || self->weft.rc == WEFT_ECANCELED);
        assert(self->weft.rc == 0 || model_clock() >= self->deadline);
    }
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, self->scope));
    assert(self->weft.rc == 0 || (self->weft.rc == WEFT_ETIMEDOUT && model_clock() >= self->deadline));
    assert(weft_context_cancelled(cx) == WEFT_REASON_NONE);
    model_reach(self->weft.rc == 0 ? IN_TIME : TOO_LATE);
    free(self->scope);
    weft__fetch_add_relaxed(&ended, 1);
    WEFT_END(0);
}

static void *waker(void *nothing)
{
    weft_wake((weft_waker){task});
    return nothing;
}

/* What the rescuer does for a stuck worker; here for any. */
static void turn_wheels(struct weft__sched *sched)
{
    for (uint32_t i = 0; i < sched->worker_count; i++)
        sched->env.timer_ops->turn(&sched->workers[i].thread, model_clock());
    model_relax();
}

int main(void)
{
    pthread_t thread;
    root = engine_start(2);
    task = model_choose(2) ? weft_spawn(root, fickle, .begun = false) : weft_spawn(root, owner, .scope = NULL);
    pthread_create(&thread, NULL, waker, NULL);
    if (model_choose(2))
        model_futex_wait(&asleep, 0, model_clock() + SHORT_NS);
    for (unsigned ticks = model_choose(3); ticks > 0; ticks--)
        turn_wheels((struct weft__sched *)(void *)root->weft__runtime);
    pthread_join(thread, NULL);
    engine_stop();
    assert(ended == 1);
    return 0;
}
