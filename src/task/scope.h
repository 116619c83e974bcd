/* SPDX-License-Identifier: MIT */
/* What task/ does with scopes: entering, leaving, cancelling. The public calls are in <weft/scope.h>. */
#ifndef WEFT_TASK_SCOPE_H
#define WEFT_TASK_SCOPE_H

#include "task/task.h"

enum weft__scope_flags {
    WEFT__SCOPE_CANCELLED = 1,
    WEFT__SCOPE_HAS_RESULT = 2,
    WEFT__SCOPE_ROOT = 4,
    WEFT__SCOPE_ABANDONED = 8, /* its owner returned without closing it */
    WEFT__SCOPE_SHIELD = 16,
    WEFT__SCOPE_REASON_SHIFT = 8
};

/* What open decides and nobody changes, so that it is read without the lock (weft__plan): the policy, and this. */
enum { WEFT__SCOPE_ARMED = 1 << 8 }; /* it has a deadline, in a wheel or fired */

static inline weft_policy weft__scope_policy(const weft_scope *scope)
{
    return (weft_policy)(scope->weft__plan & ~(uint32_t)WEFT__SCOPE_ARMED);
}

void weft__scope_init_root(struct weft__env *env);

/* Of its members' list, flags and result; chosen by the address, and outlives it. */
static inline struct weft__lock *weft__scope_lock(struct weft__env *env, const weft_scope *scope)
{
    return &env->scope_locks[weft__lock_index(scope)].lock;
}

_Static_assert(sizeof(struct weft__link) == sizeof(((weft_scope *)0)->weft__members), "the members' list fits");

static inline struct weft__link *weft__scope_members(weft_scope *scope)
{
    return (struct weft__link *)(void *)scope->weft__members;
}

/* Twice the number of live tasks, and 1 if the owner waits (scope.c). Changed under the lock. */
static inline _Atomic uint32_t *weft__scope_live(const weft_scope *scope)
{
    return (_Atomic uint32_t *)(uintptr_t)&scope->weft__live;
}

/* It is cancelled: gives the lock back, and says so. False. */
bool weft__scope_refuse(struct weft__env *env, weft_scope *scope);

/*
 * A task is born into a scope other than the root, with its state (task/state.h, init) and its place in the list in one
 * step: a cancellation that comes now finds it. False: the scope is cancelled, and nothing was done.
 */
static inline bool weft__scope_enter(struct weft__env *env, weft_scope *scope, weft__task *task, bool claimed)
{
    struct weft__task_extra *extra = weft__load_relaxed(&task->extra);
    weft__lock(weft__scope_lock(env, scope));
    if (weft__unlikely(scope->weft__flags & WEFT__SCOPE_CANCELLED))
        return weft__scope_refuse(env, scope);
    weft__state_init(&task->state, weft__task_tag(task), claimed);
    weft__list_push_back(weft__scope_members(scope), &extra->member);
    weft__store_relaxed(weft__scope_live(scope), weft__load_relaxed(weft__scope_live(scope)) + 2); /* under the lock */
    weft__unlock(weft__scope_lock(env, scope));
    return true;
}

/* Its end, in two steps. The first: the result counts by the policy, before COMPLETE. The usual one decides nothing. */
void weft__scope_result(struct weft__env *env, weft_scope *scope, int result, weft_reason cancelled);
static inline bool weft__scope_heeds(const weft_scope *scope, int result)
{
    return result < 0 || weft__scope_policy(scope) == WEFT_FIRST_SUCCESS;
}

/* The last one leaves, and the owner waits: gives the lock back, and wakes it. */
void weft__scope_leave_last(struct weft__env *env, weft_scope *scope);

/*
 * The second: it leaves, which may let the owner go on and the scope's memory vanish. `member` is NULL if the task's slot is
 * another's by now: whoever claims it takes it out of the list.
 */
static inline void weft__scope_leave(struct weft__env *env, weft_scope *scope, weft__task *member)
{
    struct weft__lock *lock = weft__scope_lock(env, scope);
    weft__lock(lock);
    if (member)
        weft__list_remove(&weft__load_relaxed(&member->extra)->member);
    const uint32_t live = weft__load_relaxed(weft__scope_live(scope)); /* under the lock */
    if (weft__unlikely(live == 3)) { /* it stays so: nobody is left who could spawn into the scope */
        weft__scope_leave_last(env, scope);
        return;
    }
    weft__store_relaxed(weft__scope_live(scope), live - 2); /* under the lock */
    weft__unlock(lock); /* the scope may be gone after this */
}

void weft__scope_unlink(struct weft__env *env, weft_scope *scope, weft__task *task);

void weft__scope_cancel(struct weft__env *env, weft_scope *scope, weft_reason reason);

/* The deadline of a scope is a wait node inside of it. */
weft_scope *weft__scope_of_deadline(struct weft__wait *wait);

/* The deadline has come: cancel the scope. On the thread that turned the wheel. */
void weft__scope_expire(weft_scope *scope);

/* A cancelled task is about to be polled: cancel the scopes that it opened, but what a shield protects. */
void weft__scope_propagate(struct weft__env *env, weft__task *task, weft_reason reason);

/* The task's poll function has returned; are its scopes closed? If not they are cancelled, and it must be polled again. */
bool weft__scope_owner_may_end(struct weft__env *env, weft__task *task);

#endif
