/* SPDX-License-Identifier: MIT */
/*
 * Joining and detaching. A joinable task keeps its slot after its end until somebody claims the result; claims and the
 * registration of a joiner are under a lock chosen by the task's address, so a task that is not claimed cannot vanish
 * between a look and a touch. What is under the lock needs no order of its own; the end of a task takes its joiner out
 * without it.
 *
 * Edges: JN-R1 registering releases, JN-A1 the end acquires: it sees who waits.
 */
#include <weft/error.h>

#include "base/error.h"
#include "base/yield.h"
#include "registry/rcu.h"
#include "task/future.h"
#include "task/scope.h"
#include "trace/emit.h"

static struct weft__lock *join_lock(struct weft__env *env, const weft__task *task)
{
    return &env->claim_locks[weft__lock_index(task)].lock;
}

/*
 * Take out whoever waits for a task that is about to be claimed by another: from then on nobody may touch the place of
 * its registration, since the task frees itself. Under the lock; whom to wake after it.
 */
static weft__waiter join_take_waiter(weft__task *task, uint32_t tag)
{
    const uint64_t word = weft__load_relaxed(&task->state);
    if (weft__state_tag(word) != tag || (word & (WEFT__CLAIMED | WEFT__COMPLETE | WEFT__FREE)))
        return 0;
    struct weft__task_extra *extra = weft__load_relaxed(&task->extra); /* not claimed: it cannot vanish */
    const weft__waiter waiter = weft__exchange_relaxed(&extra->joiner, 0);
    return waiter == WEFT__JOINER_LATE ? 0 : waiter;
}

enum weft__move weft__task_claim(struct weft__env *env, weft__task *task, uint32_t tag, int *out_result)
{
    weft__waiter waiter = 0;
    enum weft__move move = WEFT__MOVE_FREE;
    weft__lock(join_lock(env, task));
    if (!weft__state_ended(&task->state, tag)) {
        waiter = join_take_waiter(task, tag);
        move = weft__state_claim(&task->state, tag);
    }
    if (move == WEFT__MOVE_FREE) {
        weft_scope *scope = weft__load_relaxed(&task->scope);
        *out_result = weft__load_relaxed(&task->result); /* ST-A3, above */
        if (scope != &env->root)
            weft__scope_unlink(env, scope, task);
        weft__task_free(env, task);
    }
    weft__unlock(join_lock(env, task));
    if (waiter)
        weft__waiter_wake(waiter, WEFT_TRACE_wake_source_JOIN, tag);
    return move;
}

enum join_step { JOIN_ENDED, JOIN_WAITS, JOIN_SOON, JOIN_BUSY, JOIN_STALE, JOIN_REFUSED };

/* Take the result if there is one, else register the waiter. Inside an RCU section. */
static enum join_step join_try(weft_task handle, weft__waiter waiter, int *out_result)
{
    struct weft__env *env;
    weft__task *task = weft__task_find(handle, &env);
    if (!task)
        return JOIN_STALE;
    const uint32_t tag = (uint32_t)handle.id;
    const uint64_t word = weft__load_relaxed(&task->state); /* a claim orders, or the lock */
    if (weft__state_tag(word) != tag || (word & WEFT__FREE))
        return JOIN_STALE;
    if (word & WEFT__CLAIMED)
        return word & WEFT__COMPLETE ? JOIN_STALE : JOIN_REFUSED; /* it has ended: whoever claimed it is just freeing it */
    if (word & WEFT__COMPLETE)
        return weft__task_claim(env, task, tag, out_result) == WEFT__MOVE_FREE ? JOIN_ENDED : JOIN_STALE;

    enum join_step step = JOIN_STALE;
    weft__lock(join_lock(env, task));
    const uint64_t again = weft__load_relaxed(&task->state); /* whoever claims does it under the lock */
    if (weft__state_tag(again) == tag && !(again & (WEFT__CLAIMED | WEFT__FREE))) { /* it cannot vanish now */
        struct weft__task_extra *extra = weft__load_relaxed(&task->extra);
        weft__waiter present = 0;
        if (weft__cas_strong_release(&extra->joiner, &present, waiter) || present == waiter) /* JN-R1 */
            step = JOIN_WAITS;
        else
            step = present == WEFT__JOINER_LATE ? JOIN_SOON : JOIN_BUSY;
    }
    weft__unlock(join_lock(env, task));
    if (step == JOIN_WAITS && weft__self)
        weft__self->awaited = task; /* the scheduler may take it next */
    return step;
}

/*
 * Take the registration back. False: it was taken out already, by the end of the task or by another's claim, and whoever
 * did so wakes the waiter or has done it.
 */
static bool join_withdraw(weft_task handle, weft__waiter waiter)
{
    bool withdrawn = false;
    struct weft__env *env;
    weft__rcu_read_lock();
    weft__task *task = weft__task_find(handle, &env);
    /* A task that has ended took the registration out before: the usual wake of a joiner needs no lock. */
    if (task && !(weft__load_relaxed(&task->state) & WEFT__COMPLETE)) {
        weft__lock(join_lock(env, task));
        const uint64_t word = weft__load_relaxed(&task->state); /* as in join_try */
        if (weft__state_tag(word) == (uint32_t)handle.id && !(word & (WEFT__CLAIMED | WEFT__FREE))) {
            struct weft__task_extra *extra = weft__load_relaxed(&task->extra);
            weft__waiter present = waiter;
            withdrawn = weft__cas_strong_relaxed(&extra->joiner, &present, 0); /* it publishes nothing */
        }
        weft__unlock(join_lock(env, task));
    }
    weft__rcu_read_unlock();
    return withdrawn;
}

static int join_error(const char *call, enum join_step step)
{
    switch (step) {
    case JOIN_BUSY:
        return weft__refuse(WEFT_EBUSY, "%s: somebody else joins this task", call);
    case JOIN_REFUSED:
        return weft__refuse(WEFT_EINVAL, "%s: the task is not joinable, or was detached: spawn it with .joinable = true",
                            call);
    default:
        return weft__refuse(WEFT_ESRCH, "%s: the task was joined, detached or closed with its scope, or was never "
                                        "joinable and has ended",
                            call);
    }
}

static int join_check(const char *call, const weft_task *task)
{
    if (!task || task->id == 0)
        return weft__refuse(WEFT_EINVAL, "%s: the handle is null, cleared, or of a failed spawn", call);
    return 0;
}

/* Where a join that is under way is remembered: with the handle, so that it can be withdrawn. */
static void join_abandon(struct weft__waitable *waitable, struct weft__wait *wait)
{
    (void)waitable;
    join_withdraw((weft_task){wait->joined, wait->slot, wait->runtime}, weft__wait_waiter(wait));
    wait->object = NULL;
}

static void join_describe(struct weft__waitable *waitable, const struct weft__wait *wait, struct weft__abouts *abouts)
{
    (void)waitable;
    struct weft__about *about = weft__abouts_add(abouts, "the end of a task");
    about->object = about->holder = wait->joined;
    about->is = "joined";
    about->since = wait->since;
}

static const struct weft__waitable_ops join_ops = {join_abandon, join_describe};
static struct weft__waitable join_waitable = {&join_ops};

static int join_await(weft_context *cx, weft_task *task, int *out_result, struct weft__wait *wait)
{
    const int wrong = join_check("weft_task_join", task);
    if (wrong || !cx)
        return wrong ? wrong : weft__refuse(WEFT_EINVAL, "weft_task_join: the context is null: use "
                                                         "weft_task_join_blocking() on a host thread");
    weft__task *me = weft__cx_task(cx);
    if (weft__task_id(me) == task->id)
        return weft__refuse(WEFT_EDEADLK, "weft_task_join: a task cannot join itself");
    const weft__waiter waiter = weft__waiter_task(me);
    const bool waited = wait->object == &join_waitable && wait->joined == task->id;
    if (!waited)
        weft__wait_leave(wait);
    if (weft__cx_cancelled(cx)) {
        weft__wait_leave(wait);
        return WEFT_ECANCELED;
    }
    if (!weft__cx_spend(cx))
        return WEFT_AWAITING; /* a registration of this join stays */
    const int64_t since = waited ? wait->since : weft__thread_now(weft__cx_thread(cx));
    wait->object = NULL; /* the end of the task, or its claim, took the registration out; or else it is there, and found again */
    int result = 0;
    weft__rcu_read_lock();
    const enum join_step step = join_try(*task, waiter, &result);
    weft__rcu_read_unlock();
    switch (step) {
    case JOIN_ENDED:
        if (out_result)
            *out_result = result;
        *task = (weft_task){0};
        return 0;
    case JOIN_SOON:
        weft__cx_thread(cx)->yield = true; /* its worker is at its last few instructions */
        return WEFT_AWAITING;
    case JOIN_WAITS:
        wait->object = &join_waitable;
        wait->since = since;
        wait->joined = task->id;
        wait->slot = task->weft__slot;
        wait->runtime = task->weft__runtime;
        weft__cx_refund(cx);
        return WEFT_AWAITING;
    default:
        return join_error("weft_task_join", waited && step == JOIN_REFUSED ? JOIN_STALE : step);
    }
}

int weft_task_join(weft_context *cx, weft_task *task, int *out_result)
{
    return join_await(cx, task, out_result, cx ? &weft__cx_task(cx)->wait : NULL);
}

static int join_future_poll(weft_context *cx, weft_future *future)
{
    weft_join_future *join = (weft_join_future *)(void *)future;
    return join_await(cx, join->task, join->out_result, weft__future_attach(cx, future));
}

void weft_join_begin(weft_join_future *future, weft_task *task, int *out_result)
{
    if (!weft__future_begin(future, join_future_poll))
        return;
    future->task = task;
    future->out_result = out_result;
}

int weft_task_join_blocking(weft_task *task, int64_t deadline_ns, int *out_result)
{
    const int wrong = join_check("weft_task_join_blocking", task);
    if (wrong)
        return wrong;
    if (weft__self)
        return weft__refuse(WEFT_EPERM, "weft_task_join_blocking: not on a worker: use WEFT_AWAIT with weft_task_join()");
    struct weft__blocked blocked;
    weft__blocked_init(&blocked, task->weft__runtime);
    const weft__waiter waiter = weft__waiter_thread(&blocked);
    unsigned turns = 0;
    for (bool waited = false;; waited = true) {
        int result = 0;
        weft__rcu_read_lock();
        const enum join_step step = join_try(*task, waiter, &result);
        weft__rcu_read_unlock();
        if (step == JOIN_ENDED) {
            if (out_result)
                *out_result = result;
            *task = (weft_task){0};
            return 0;
        }
        if (step == JOIN_SOON) {
            weft__yield(&turns);
            continue;
        }
        if (step != JOIN_WAITS)
            return join_error("weft_task_join_blocking", waited && step == JOIN_REFUSED ? JOIN_STALE : step);
        const int woken = weft__blocked_wait(&blocked, deadline_ns);
        if (woken == WEFT_ESHUTDOWN)
            return woken;
        if (woken < 0 && join_withdraw(*task, waiter))
            return woken;
        weft__event_wait(&blocked.event, WEFT_FOREVER); /* whoever took the registration is about to set it */
        weft__blocked_again(&blocked);
    }
}

int weft_task_detach(weft_task *task)
{
    if (!task || task->id == 0)
        return weft__refuse(WEFT_EINVAL, "weft_task_detach: the handle is null, cleared, or of a failed spawn");
    struct weft__env *env;
    enum weft__move move = WEFT__MOVE_GONE;
    int ignored;
    weft__rcu_read_lock();
    weft__task *found = weft__task_find(*task, &env);
    if (found)
        move = weft__task_claim(env, found, (uint32_t)task->id, &ignored);
    weft__rcu_read_unlock();
    if (move == WEFT__MOVE_GONE)
        return weft__refuse(WEFT_ESRCH, "weft_task_detach: the task was joined, detached or closed with its scope, or was "
                                        "never joinable");
    *task = (weft_task){0};
    return 0;
}
