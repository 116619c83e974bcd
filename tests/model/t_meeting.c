/* SPDX-License-Identifier: MIT */
/* Harness: the life of a meeting point. Two games:
 *
 *     OVER  one is destroyed while a task or a host thread waits there, and another is made, as a rule in the same slot;
 *           after that a host thread uses a copy of the first one's handle, or it looks from outside, at any time, at
 *           whatever is there
 *     HEIR  whoever is let in destroys it at once and makes another, while the call that let it in is under way still,
 *           and its events are recorded
 *
 * Law: who waits is told that it is over, and leaves before the slot is used again; a stale handle finds out and changes
 * nothing of the second one; a look sees one of the two, whole; who lets another in touches nothing that this one may
 * end. */
#include "model.h"
#include "tasks.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "registry/rcu.h"
#include "sync/meeting.h"
#include "trace/emit.h"

static weft_semaphore first, second, copy;
static _Atomic bool destroyed;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"told that it is over", "stale", "the first seen", "the second seen", "nothing seen",
                                        "the same slot", "inherited"};
    return goal < 7 ? names[goal] : NULL;
}

static void waited(int rc)
{
    assert(rc == WEFT_EPIPE);
    model_reach(0);
}

struct waiter {
    weft_frame weft;
};

static weft_poll waiter(weft_context *cx, struct waiter *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &copy, 1));
    waited(self->weft.rc);
    WEFT_END(0);
}

static void *guest(void *nothing)
{
    waited(weft_semaphore_acquire_blocking(&copy, 1, WEFT_FOREVER));
    return nothing;
}

static void use(void)
{
    int rc = WEFT_ESRCH;
    while (!weft__load_acquire(&destroyed)) {
        model_relax();
    }
    switch (model_choose(4)) {
    case 0:
        rc = weft_semaphore_release(&copy, 1);
        break;
    case 1:
        rc = weft_semaphore_try_acquire(&copy, 1);
        break;
    case 2:
        rc = weft_semaphore_forget(&copy, 1);
        break;
    default:
        weft_semaphore_close(&copy);
    }
    assert(rc == WEFT_ESRCH);
    model_reach(1);
}

/* As weft_sync_visit() looks, but at one slot. */
static void look(void)
{
    weft_sync_stats stats = {.size = sizeof stats};
    weft__rcu_read_lock();
    const bool found = weft__meeting_copy(copy.weft__object, &stats);
    weft__rcu_read_unlock();
    if (!found) {
        model_reach(4);
        return;
    }
    const bool one = strcmp(stats.name, "first") == 0;
    assert(one || strcmp(stats.name, "second") == 0);
    assert(stats.permits_max == (one ? 1 : 7) && stats.permits <= stats.permits_max);
    model_reach(one ? 2 : 3);
}

static void *meddler(void *nothing)
{
    if (model_choose(2)) {
        use();
    } else {
        look();
    }
    return nothing;
}

static void create_second(weft_runtime *rt)
{
    assert(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = "second", .permits = 3, .permits_max = 7), &second) == 0);
    if (second.weft__object == copy.weft__object) {
        model_reach(5);
    }
}

static void play_over(weft_runtime *rt)
{
    pthread_t threads[2];
    const bool by_task = model_choose(2);
    if (by_task) {
        weft_spawn(tasks_scope(), waiter);
    } else {
        pthread_create(&threads[1], NULL, guest, NULL);
    }
    pthread_create(&threads[0], NULL, meddler, NULL);
    while (tasks_look(copy.weft__object).waiting == 0) {
        model_relax();
    }
    weft_semaphore_destroy(&first);
    weft__store_release(&destroyed, true);
    if (model_choose(2)) {
        tasks_join(); /* otherwise it may have the slot yet */
    }
    create_second(rt);
    tasks_join();
    for (int i = 0; i < 2 - by_task; i++) {
        pthread_join(threads[i], NULL);
    }
}

struct heir {
    weft_frame weft;
    weft_runtime *rt;
};

static weft_poll heir(weft_context *cx, struct heir *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &copy, 1));
    assert(self->weft.rc == 0);
    weft_semaphore_destroy(&first);
    create_second(self->rt);
    model_reach(6);
    WEFT_END(0);
}

static void play_heir(weft_runtime *rt)
{
    weft__store_relaxed(&weft__trace_mask, model_choose(2) ? UINT64_MAX : 0);
    weft_spawn(tasks_scope(), heir, .rt = rt);
    assert(weft_semaphore_release(&copy, 1) == 0);
    tasks_join();
}

int main(void)
{
    weft_runtime *rt = tasks_begin();
    assert(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = "first", .permits_max = 1), &first) == 0);
    copy = first;
    if (model_choose(2)) {
        play_over(rt);
    } else {
        play_heir(rt);
    }
    assert(weft_semaphore_available(&second) == 3 && weft_semaphore_try_acquire(&second, 3) == 0);
    weft_semaphore_destroy(&second);
    tasks_end();
    return 0;
}
