/* SPDX-License-Identifier: MIT */
/* Harness: the life of a meeting point. Four games:
 *
 *     OVER  one is destroyed while a task or a host thread waits there, or just has, and another is made, as a rule in the
 *           same slot; after that a host thread uses a copy of the first one's handle, or it looks from outside, at any time, at
 *           whatever is there
 *     HEIR  whoever is let in destroys it at once and makes another, while the call that let it in is under way still,
 *           and its events are recorded
 *     LATE  the last handle of one with a value is closed while the runtime ends; or a task of another runtime is let in
 *           after that, and destroys the last object
 *     WALK  one looks at all of them, as users do, while one with a value ends and its memory goes back
 *
 * Law: who waits is told that it is over, and leaves before the slot is used again; a stale handle finds out and changes
 * nothing of the second one; a look sees one of the two, whole; who lets another in touches nothing that this one may
 * end. ctest-cost: 35 */
#include "model.h"
#include "tasks.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <weft/oneshot.h>

#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "sync/meeting.h"
#include "task/env.h"
#include "trace/emit.h"

static weft_semaphore first, second, copy;
static _Atomic bool destroyed;
static _Atomic bool let_in; /* before that */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"told that it is over", "stale", "the first seen", "the second seen", "nothing seen",
                                        "the same slot", "inherited", "walked past",
                                        "outlived", "let in before"};
    return goal < 10 ? names[goal] : NULL;
}

static void waited(int rc)
{
    assert(rc == WEFT_EPIPE || (rc == 0 && weft__load_relaxed(&let_in)));
    model_reach(rc == 0 ? 9 : 0);
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
    if (model_choose(3) == 0) {
        weft__store_relaxed(&let_in, true);
        assert(weft_semaphore_release(&copy, 1) == 0);
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

static void *releaser(void *nothing)
{
    assert(weft_semaphore_release(&copy, 1) == 0);
    return nothing;
}

static void play_heir(weft_runtime *rt)
{
    pthread_t thread;
    weft__store_relaxed(&weft__trace_mask, model_choose(2) ? UINT64_MAX : 0);
    weft_spawn(tasks_scope(), heir, .rt = rt);
    pthread_create(&thread, NULL, releaser, NULL);
    tasks_join();
    pthread_join(thread, NULL);
}

static int walked(void *context, const weft_sync_stats *stats)
{
    (void)context;
    assert(strcmp(stats->name, "first") == 0 || (strcmp(stats->name, "oneshot") == 0 && stats->permits_max == 1));
    model_reach(7);
    return 0;
}

static void *walker(void *rt)
{
    assert(weft_sync_visit(rt, walked, NULL) == 0);
    return NULL;
}

static void play_walk(weft_runtime *rt)
{
    pthread_t thread;
    weft_oneshot_sender out;
    weft_oneshot_receiver in;
    assert(weft_oneshot_create(rt, NULL, 1, &out, &in) == 0);
    struct weft__sync *home = weft__meeting_home(out.weft__object);
    pthread_create(&thread, NULL, walker, rt);
    weft_oneshot_sender_close(&out);
    weft_oneshot_receiver_close(&in);
    weft__slab_trim(&home->values);
    weft__slab_trim(&home->values); /* what was empty at the first */
    pthread_join(thread, NULL);
    weft_semaphore_destroy(&first);
    create_second(rt);
}

static weft_oneshot_sender late_sender;

static void *closer(void *nothing)
{
    weft_oneshot_sender_close(&late_sender);
    model_reach(8);
    return nothing;
}

static struct weft__env elsewhere; /* another runtime, of which only the objects are left */

struct last {
    weft_frame weft;
};

static weft_poll last(weft_context *cx, struct last *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &copy, 1));
    assert(self->weft.rc == 0);
    weft_semaphore_destroy(&second);
    WEFT_END(0);
}

static void play_last(void)
{
    pthread_t thread;
    elsewhere.number = weft__runtimes_add(&elsewhere);
    elsewhere.sync = weft__sync_create(elsewhere.number, NULL);
    weft__runtimes_publish(elsewhere.number);
    assert(weft_semaphore_create((weft_runtime *)(void *)&elsewhere, NULL, &second) == 0);
    copy = second;
    weft__runtimes_remove(elsewhere.number);
    weft__sync_close(elsewhere.sync, 0);
    weft_spawn(tasks_scope(), last);
    pthread_create(&thread, NULL, releaser, NULL);
    tasks_join();
    pthread_join(thread, NULL);
    tasks_end();
}

/* Another thread ends what the runtime leaves. */
static void play_late(weft_runtime *rt)
{
    pthread_t thread;
    weft_oneshot_receiver receiver;
    assert(weft_oneshot_create(rt, NULL, 1, &late_sender, &receiver) == 0);
    weft_oneshot_receiver_close(&receiver);
    weft_semaphore_destroy(&first);
    pthread_create(&thread, NULL, closer, NULL);
    tasks_end();
    pthread_join(thread, NULL);
}

int main(void)
{
    weft_runtime *rt = tasks_begin();
    assert(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = "first", .permits_max = 1), &first) == 0);
    copy = first;
    switch (model_choose(4)) {
    case 0:
        play_over(rt);
        break;
    case 1:
        play_heir(rt);
        break;
    case 2:
        play_walk(rt);
        break;
    default:
        if (model_choose(2)) {
            play_late(rt);
        } else {
            weft_semaphore_destroy(&first);
            play_last();
        }
        return 0;
    }
    assert(weft_semaphore_available(&second) == 3 && weft_semaphore_try_acquire(&second, 3) == 0);
    weft_semaphore_destroy(&second);
    tasks_end();
    return 0;
}
