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

void weft__scope_init_root(struct weft__env *env);

/* Of its members' list, flags and result; chosen by the address, and outlives it. */
static inline struct weft__lock *weft__scope_lock(struct weft__env *env, const weft_scope *scope)
{
    return &env->scope_locks[weft__lock_index(scope)].lock;
}

/*
 * A task is born into a scope other than the root, with its state (task/state.h, init) and its place in the list in one
 * step: a cancellation that comes now finds it. False: the scope is cancelled, and nothing was done.
 */
bool weft__scope_enter(struct weft__env *env, weft_scope *scope, weft__task *task, bool claimed);

/* Its end, in two steps: the result counts by the policy (before COMPLETE); it leaves, which may let the owner go on and the
 * scope's memory vanish. `member` is NULL if the task's slot is another's by now: whoever claims it takes it out of the list. */
void weft__scope_result(struct weft__env *env, weft_scope *scope, int result, weft_reason cancelled);
void weft__scope_leave(struct weft__env *env, weft_scope *scope, weft__task *member);
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
