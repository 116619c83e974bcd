/* SPDX-License-Identifier: MIT */
/* Harness: once. Two tasks and a host thread come; whoever is let in does it, or fails, twice at the most, or ends it in
 * a later step; main cancels a task, and comes last.
 *
 * Law: it is done once, by one at a time; everybody who is told that it has been done sees what was done; a failure lets
 * the next one in; nobody sleeps for ever. */
#include "model.h"
#include "tasks.h"

#include <assert.h>
#include <pthread.h>
#include <weft/once.h>

#include "base/atomic.h"

static weft_once once;
static int result;    /* plain: what was done */
static int failures;  /* plain: under the right to do it */
static int successes;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"done", "failed", "found done", "cancelled", "timed out"};
    return goal < 5 ? names[goal] : NULL;
}

/* It is this one's turn. Whether it did it. */
static bool work(void)
{
    const bool fails = failures < 2 && model_choose(2);
    if (fails) {
        failures++;
        model_reach(1);
    } else {
        result = 42;
        successes++;
        model_reach(0);
    }
    assert(weft_once_leave(&once, fails ? WEFT_EINVAL : 0) == 0);
    return !fails;
}

static void found(int rc)
{
    if (rc == 0) {
        assert(result == 42);
        model_reach(2);
    }
}

struct comer {
    weft_frame weft;
};

static weft_poll comer(weft_context *cx, struct comer *self)
{
    WEFT_BEGIN(cx, self);
    do {
        WEFT_AWAIT(self->weft.rc, weft_once_enter(cx, &once));
        if (self->weft.rc == 1) {
            WEFT_AWAIT(self->weft.rc, weft_yield(cx)); /* a cancellation here is for the next await, not for the work */
            self->weft.rc = work() ? 0 : 1;
        } else {
            assert(self->weft.rc == 0 || self->weft.rc == WEFT_ECANCELED);
            model_reach(self->weft.rc < 0 ? 3 : 2);
        }
    } while (self->weft.rc == 1);
    found(self->weft.rc);
    WEFT_END(0);
}

static void *guest(void *nothing)
{
    const int64_t deadline = model_choose(2) ? WEFT_FOREVER : model_clock() + 2000;
    int rc;
    while ((rc = weft_once_enter_blocking(&once, deadline)) == 1 && !work()) {
    }
    assert(rc == 0 || rc == 1 || rc == WEFT_ETIMEDOUT);
    if (rc == WEFT_ETIMEDOUT) {
        model_reach(4);
    }
    found(rc);
    return nothing;
}

int main(void)
{
    pthread_t thread;
    weft_task tasks[2];
    weft_runtime *rt = tasks_begin();
    assert(weft_once_create(rt, NULL, &once) == 0);
    for (int i = 0; i < 2; i++) {
        tasks[i] = weft_spawn(tasks_scope(), comer);
    }
    pthread_create(&thread, NULL, guest, NULL);
    const unsigned whom = model_choose(3);
    if (whom < 2) {
        weft_task_cancel(tasks[whom]);
    }
    int rc;
    while ((rc = weft_once_enter_blocking(&once, WEFT_FOREVER)) == 1 && !work()) {
    }
    found(rc);
    tasks_join();
    pthread_join(thread, NULL);
    assert(successes == 1 && result == 42);
    weft_once_destroy(&once);
    tasks_end();
    return 0;
}
