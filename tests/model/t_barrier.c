/* SPDX-License-Identifier: MIT */
/* Harness: barrier of two. Either exactly two parties, a task and a host thread, or two tasks and a thread that runs out
 * of time, of which main cancels the tasks: then one of the three is always too much.
 *
 * Law: what each party wrote before it came is seen by the other after; each opening has one leader and lets two
 * through; who gives up is not counted; in the end nobody waits. */
#include "model.h"
#include "tasks.h"

#include <assert.h>
#include <pthread.h>
#include <weft/notify.h>

#include "base/atomic.h"

enum { PARTIES = 2 };

static weft_barrier barrier;
static bool exact; /* two come, and both get through */
static int brought[PARTIES];
static _Atomic unsigned leaders, passed, cancelled;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"leader", "follower", "cancelled", "timed out"};
    return goal < 4 ? names[goal] : NULL;
}

static void came_through(int rc)
{
    model_reach(rc == 1 ? 0 : 1);
    weft__fetch_add_relaxed(&passed, 1);
    weft__fetch_add_relaxed(&leaders, (unsigned)rc);
    if (exact) {
        assert(brought[0] && brought[1]);
    }
}

struct party {
    weft_frame weft;
    int me;
};

static weft_poll party(weft_context *cx, struct party *self)
{
    WEFT_BEGIN(cx, self);
    if (exact) {
        brought[self->me] = 1;
    }
    WEFT_AWAIT(self->weft.rc, weft_barrier_wait(cx, &barrier));
    if (self->weft.rc >= 0) {
        came_through(self->weft.rc);
    } else {
        assert(self->weft.rc == WEFT_ECANCELED && !exact);
        weft__fetch_add_relaxed(&cancelled, 1);
        model_reach(2);
    }
    WEFT_END(0);
}

static void *guest(void *nothing)
{
    if (exact) {
        brought[1] = 1;
    }
    const int rc = weft_barrier_wait_blocking(&barrier, exact ? WEFT_FOREVER : model_clock() + 2000);
    if (rc >= 0) {
        came_through(rc);
    } else {
        assert(rc == WEFT_ETIMEDOUT && !exact);
        model_reach(3);
    }
    return nothing;
}

int main(void)
{
    pthread_t thread;
    weft_runtime *rt = tasks_begin();
    assert(weft_barrier_create(rt, WEFT_BARRIER_OPTIONS(.parties = PARTIES), &barrier) == 0);
    exact = model_choose(2);
    weft_task tasks[2];
    for (int i = 0; i < (exact ? 1 : 2); i++) {
        tasks[i] = weft_spawn(tasks_scope(), party, .me = i);
    }
    pthread_create(&thread, NULL, guest, NULL);
    for (int i = 0; i < (exact ? 0 : 2); i++) {
        weft_task_cancel(tasks[i]);
    }
    tasks_join();
    pthread_join(thread, NULL);
    const weft_sync_stats stats = tasks_look(barrier.weft__object);
    assert(stats.waiting == 0 && stats.permits == PARTIES && stats.count == leaders);
    assert(leaders <= 1 && (!exact || leaders == 1)); /* of three only two can meet */
    assert(passed + cancelled >= 2 * leaders);        /* one that was let through may find itself cancelled */
    weft_barrier_destroy(&barrier);
    tasks_end();
    return 0;
}
