/* SPDX-License-Identifier: MIT */
/* Harness: timer, on two workers. One task sleeps twice, another sleeps once for less; a third wakes the first for
 * nothing, or cancels it; the host turns the timers of workers that look stuck, as the monitor thread does.
 *
 * Law: no sleep that was not cancelled ends before its time by the clock; each ends (else the engine never drains); a
 * cancelled one leaves no entry behind (its task's slot is freed and reused, so a late firing would be seen). ctest-cost: 100 */
#include "engine.h"
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <weft/step.h>
#include <weft/timer.h>

#include "sched/sched.h"

enum { LONG_NS = 300000, SHORT_NS = 100000 }; /* some ticks of the wheel, and less */

static weft_scope *scope;
static weft_task sleeper_task;
static _Atomic int ended;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"slept", "cancelled while asleep", "woken for nothing", "slept short"};
    return goal < 4 ? names[goal] : NULL;
}

struct sleeper {
    weft_frame weft;
    int64_t due;
    int rounds;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    while (self->rounds++ < 2) {
        self->due = model_clock() + LONG_NS;
        WEFT_AWAIT(self->weft.rc, weft_sleep_until(cx, self->due));
        if (self->weft.rc == WEFT_ECANCELED) {
            model_reach(1);
            break;
        }
        assert(self->weft.rc == 0 && model_clock() >= self->due);
        model_reach(0);
    }
    weft__fetch_add_relaxed(&ended, 1);
    WEFT_END(0);
}

struct napper {
    weft_frame weft;
    int64_t due;
};

static weft_poll napper(weft_context *cx, struct napper *self)
{
    WEFT_BEGIN(cx, self);
    self->due = model_clock() + SHORT_NS;
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, SHORT_NS));
    assert(self->weft.rc == 0 && model_clock() >= self->due);
    weft__fetch_add_relaxed(&ended, 1);
    model_reach(3);
    WEFT_END(0);
}

static void *meddler(void *nothing)
{
    if (model_choose(2)) {
        weft_task_cancel(sleeper_task);
    } else {
        weft_wake((weft_waker){sleeper_task});
        model_reach(2);
    }
    return nothing;
}

int main(void)
{
    pthread_t thread;
    scope = engine_start(2);
    sleeper_task = weft_spawn(scope, sleeper, .rounds = 0);
    weft_spawn(scope, napper, .due = 0);
    pthread_create(&thread, NULL, meddler, NULL);
    for (unsigned ticks = model_choose(3); ticks > 0; ticks--) {
        weft__sched_rescue((struct weft__sched *)(void *)scope->weft__runtime, model_clock(), INT64_MAX);
        model_relax();
    }
    pthread_join(thread, NULL);
    engine_stop();
    assert(ended == 2);
    return 0;
}
