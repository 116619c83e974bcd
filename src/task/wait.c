/* SPDX-License-Identifier: MIT */
#include "task/wait.h"

#include <weft/error.h>

#include "base/linger.h"
#include "base/platform.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "task/future.h"
#include "task/scope.h"
#include "task/task.h"

/* Of this thread's blocked waits, whatever they are for: no constructor, and nothing to be done at its end. */
static _Thread_local struct weft__linger blocked_linger __attribute__((tls_model("initial-exec")));

/* Whether a blocked thread of this process looks; written by who does, and by who would. */
static _Alignas(64) _Atomic uint32_t blocked_looks;

void weft__blocked_after_fork_child(void)
{
    weft__store_relaxed(&blocked_looks, 0); /* the only thread, which does not */
}

weft__waiter weft__wait_waiter(struct weft__wait *wait)
{
    if (wait->future)
        return weft__container_of(wait, struct weft__future_node, wait)->waiter;
    if (wait->scope)
        return (weft__waiter)(uintptr_t)weft__scope_of_deadline(wait) | 2;
    if (wait->thread)
        return weft__waiter_thread(weft__container_of(wait, struct weft__blocked, wait));
    return weft__waiter_task(weft__container_of(wait, weft__task, wait));
}

uint32_t weft__driven_here(uint32_t runtime)
{
    weft__rcu_read_lock();
    const struct weft__env *env = weft__runtimes_get(runtime);
    const bool here = env && env->drive && env->drive->here(env);
    weft__rcu_read_unlock();
    return here ? runtime : 0;
}

void weft__blocked_init(struct weft__blocked *blocked, uint32_t runtime)
{
    *blocked = (struct weft__blocked){.wait = {.thread = true}, .drives = weft__driven_here(runtime)};
}

static bool blocked_is_over(void *event)
{
    return weft__event_is_set(event);
}

/*
 * Look for the end of the wait, if that is worth it. One thread at a time: who is to bring it about needs a processor, too, and
 * with two threads that look on two processors none would be left.
 */
static bool blocked_look(struct weft__blocked *blocked, int64_t deadline_ns)
{
    if (weft__linger_limit(&blocked_linger) == 0 || weft__exchange_relaxed(&blocked_looks, 1)) /* a throttle: it orders nothing */
        return false;
    const bool over = weft__linger(&blocked_linger, deadline_ns, blocked_is_over, &blocked->event);
    weft__store_relaxed(&blocked_looks, 0); /* as above */
    return over;
}

/* Sleep until the event is set, and look for that first while the waits of this thread are brief. */
static int blocked_sleep(struct weft__blocked *blocked, int64_t deadline_ns)
{
    if (blocked_look(blocked, deadline_ns))
        return 0;
    const int64_t since = weft__clock_now();
    const int answer = weft__event_wait(&blocked->event, deadline_ns);
    if (answer == 0 && blocked->roused_ns != 0) {
        const int64_t now = weft__clock_now();
        weft__linger_slept(&blocked_linger, now - since, now - blocked->roused_ns);
    }
    return answer;
}

int weft__blocked_wait(struct weft__blocked *blocked, int64_t deadline_ns)
{
    if (blocked->drives == 0)
        return blocked_sleep(blocked, deadline_ns);
    weft__rcu_read_lock();
    struct weft__env *env = weft__runtimes_get(blocked->drives);
    const int refused = env ? env->drive->enter(env) : 0;
    weft__rcu_read_unlock();
    if (!env) /* it has ended, and with it whoever could have been turned */
        return blocked_sleep(blocked, deadline_ns);
    return refused ? refused : env->drive->wait(env, &blocked->event, deadline_ns);
}

/* The event is the last that is touched of the thread's stack. */
static void waiter_wake_thread(weft__waiter waiter)
{
    struct weft__event *event = (struct weft__event *)(uintptr_t)(waiter & ~(weft__waiter)3);
    struct weft__blocked *blocked = weft__container_of(event, struct weft__blocked, event);
    const uint32_t drives = waiter & 2 ? blocked->drives : 0;
    if (weft__event_sleeps(event))
        blocked->roused_ns = weft__clock_now();
    weft__event_set(event);
    struct weft__env *env = drives ? weft__runtimes_get(drives) : NULL; /* in the caller's RCU section */
    if (env)
        env->drive->ring(env);
}

void weft__waiter_wake(weft__waiter waiter, uint8_t source, uint64_t object)
{
    if (waiter & 1) {
        waiter_wake_thread(waiter);
        return;
    }
    if (waiter & 2) {
        weft__scope_expire((weft_scope *)(uintptr_t)(waiter & ~(weft__waiter)2));
        return;
    }
    weft__task *task = (weft__task *)(uintptr_t)waiter;
    weft__task_wake(task, weft__state_tag(weft__load_relaxed(&task->state)), source, object);
}
