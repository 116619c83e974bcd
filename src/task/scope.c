/* SPDX-License-Identifier: MIT */
/*
 * Scopes. The members' list, their number, flags and result are under a lock of the runtime that the scope's address chooses:
 * the lock outlives the scope, so a thread that holds a task's stale pointer to it locks something that exists. A task comes
 * and goes by taking it once.
 *
 * The number is twice that of live tasks, plus 1 once the owner waits to close. The last task to leave an awaited scope
 * wakes the owner; it reads the owner before it gives the lock back, since after that the scope's memory may be gone.
 *
 * Edges: the lock's. A close that reads that nobody is left reads it without the lock, and takes it afterwards: so it comes after
 * each leave, and the owner sees what its tasks did.
 *
 * Cancellation goes one level at a time: it marks and schedules the members; a member's own scopes are cancelled by the
 * worker that polls it next (weft__task_poll), which alone may look at them. No lock is held over two scopes, and no
 * recursion follows the nesting.
 */
#include "task/scope.h"

#include <string.h>
#include <weft/error.h>

#include "base/error.h"
#include "registry/rcu.h"
#include "task/context.h"
#include "task/frames.h"
#include "task/name.h"
#include "trace/emit.h"

/* A scope's flags, which another thread may be changing. */
static uint32_t scope_flags(struct weft__env *env, weft_scope *scope)
{
    weft__lock(weft__scope_lock(env, scope));
    const uint32_t flags = scope->weft__flags;
    weft__unlock(weft__scope_lock(env, scope));
    return flags;
}

_Static_assert(sizeof(struct weft__wait) <= sizeof(((weft_scope *)0)->weft__timer), "the deadline's node fits");

static struct weft__wait *scope_deadline(weft_scope *scope)
{
    return (struct weft__wait *)(void *)scope->weft__timer;
}

weft_scope *weft__scope_of_deadline(struct weft__wait *wait)
{
    return weft__container_of(wait, weft_scope, weft__timer);
}

void weft__scope_init_root(struct weft__env *env)
{
    env->root = (weft_scope){.weft__runtime = (weft_runtime *)(void *)env, .weft__flags = WEFT__SCOPE_ROOT};
    weft__list_init(weft__scope_members(&env->root));
}

bool weft__scope_refuse(struct weft__env *env, weft_scope *scope)
{
    weft__unlock(weft__scope_lock(env, scope));
    const char *name = scope->weft__name;
    weft__refuse(WEFT_ECANCELED, "weft_spawn: the scope %s%s%sis cancelled and takes no more: close it and open another, or spawn into one "
                                 "that goes on", *name ? "'" : "", name, *name ? "' " : "");
    return false;
}

void weft__scope_result(struct weft__env *env, weft_scope *scope, int result, weft_reason cancelled)
{
    const bool failed = result < 0 && !(result == WEFT_ECANCELED && cancelled != WEFT_REASON_NONE);
    if (scope == &env->root) {
        int32_t none = 0;
        if (failed)
            weft__cas_strong_relaxed(&env->first_error, &none, result);
        return;
    }
    const weft_policy policy = weft__scope_policy(scope);
    if (!failed && policy != WEFT_FIRST_SUCCESS)
        return; /* it decides nothing: no lock */
    bool decided = false;
    weft__lock(weft__scope_lock(env, scope));
    if (policy == WEFT_FIRST_SUCCESS) {
        const bool success = result >= 0;
        if (success && !(scope->weft__flags & WEFT__SCOPE_HAS_RESULT)) {
            scope->weft__result = result;
            scope->weft__flags |= WEFT__SCOPE_HAS_RESULT;
            decided = true;
        } else if (failed && scope->weft__result == 0 && !(scope->weft__flags & WEFT__SCOPE_HAS_RESULT)) {
            scope->weft__result = result; /* stands if nobody succeeds */
        }
    } else if (failed && scope->weft__result == 0) {
        scope->weft__result = result;
        decided = policy == WEFT_FAIL_FAST;
    }
    weft__unlock(weft__scope_lock(env, scope));
    if (decided)
        weft__scope_cancel(env, scope, WEFT_REASON_SIBLING);
}

void weft__scope_unlink(struct weft__env *env, weft_scope *scope, weft__task *task)
{
    struct weft__task_extra *extra = weft__load_relaxed(&task->extra);
    weft__lock(weft__scope_lock(env, scope));
    weft__list_remove(&extra->member);
    weft__unlock(weft__scope_lock(env, scope));
}

/* The owner waits, and may end before it is woken here: the section begins before it can. */
void weft__scope_leave_last(struct weft__env *env, weft_scope *scope)
{
    weft__task *owner = scope->weft__owner;
    const uint64_t id = scope->weft__id;
    weft__rcu_read_lock();
    weft__store_relaxed(weft__scope_live(scope), 1); /* under the lock */
    weft__unlock(weft__scope_lock(env, scope));
    weft__waiter_wake(weft__waiter_task(owner), WEFT_TRACE_wake_source_SCOPE, id);
    weft__rcu_read_unlock();
}

void weft__scope_cancel(struct weft__env *env, weft_scope *scope, weft_reason reason)
{
    weft__task *submit = NULL;
    const uint64_t id = scope->weft__id;
    weft__lock(weft__scope_lock(env, scope));
    const bool first = !(scope->weft__flags & WEFT__SCOPE_CANCELLED);
    if (first) {
        scope->weft__flags |= WEFT__SCOPE_CANCELLED | (uint32_t)reason << WEFT__SCOPE_REASON_SHIFT;
        struct weft__link *members = weft__scope_members(scope);
        for (struct weft__link *link = members->next; link != members; link = link->next) {
            weft__task *task = weft__slot_around(link);
            if (weft__task_cancel_quietly(task, reason)) {
                task->next = submit; /* ours: it is SCHEDULED and in no queue */
                submit = task;
            }
        }
    }
    weft__task *owner = scope->weft__owner;
    /* Marked under the lock: the owner clears its mark and looks at the flags after, under the same lock. */
    if (first && owner && weft__state_scoped(&owner->state) == WEFT__MOVE_SUBMIT) {
        owner->next = submit;
        submit = owner;
    }
    weft__unlock(weft__scope_lock(env, scope));
    if (first)
        WEFT__TRACE(env->number, scope_cancel, id, weft__self_task_id(), (uint8_t)reason);
    while (submit) {
        weft__task *task = submit;
        submit = task->next;
        weft__task_submit(task, WEFT_TRACE_wake_source_CANCEL, id);
    }
}

/* Take back the joinable tasks that have ended and that nobody joined; the flags as they are then. No other is left. */
static uint32_t scope_reap(struct weft__env *env, weft_scope *scope)
{
    struct weft__link *members = weft__scope_members(scope);
    for (;;) {
        weft__lock(weft__scope_lock(env, scope));
        const uint32_t flags = scope->weft__flags;
        if (weft__list_empty(members)) {
            weft__unlock(weft__scope_lock(env, scope));
            return flags;
        }
        weft__task *task = weft__slot_around(members->next);
        const uint32_t tag = weft__task_tag(task);
        weft__rcu_read_lock(); /* a joiner may take it out and free it, and its page may go, before it is claimed here */
        weft__unlock(weft__scope_lock(env, scope));
        int ignored;
        weft__task_claim(env, task, tag, &ignored); /* GONE: a joiner is just taking it out */
        weft__rcu_read_unlock();
    }
}

void weft__scope_expire(weft_scope *scope)
{
    weft__scope_cancel(weft__env_of(scope->weft__runtime), scope, WEFT_REASON_DEADLINE);
}

void weft__scope_propagate(struct weft__env *env, weft__task *task, weft_reason reason)
{
    weft_scope *scope = task->open_scope; /* only the worker that polls the task may follow this list */
    for (weft_scope *each = scope; each; each = each->weft__outer)
        if (scope_flags(env, each) & WEFT__SCOPE_SHIELD)
            scope = each->weft__outer; /* beyond the outermost shield */
    for (; scope; scope = scope->weft__outer)
        weft__scope_cancel(env, scope, reason);
}

enum { SCOPE_IGNORED_MAX = 1000 };

/* Why awaits answer WEFT_ECANCELED at this point of the task: the innermost reason that no shield keeps out. */
static weft_reason scope_reason(struct weft__env *env, const weft__task *task, weft_scope *innermost)
{
    for (weft_scope *scope = innermost; scope; scope = scope->weft__outer) {
        const uint32_t flags = scope_flags(env, scope);
        if (flags & WEFT__SCOPE_CANCELLED)
            return (weft_reason)(flags >> WEFT__SCOPE_REASON_SHIFT & 7);
        if (flags & WEFT__SCOPE_SHIELD)
            return WEFT_REASON_NONE;
    }
    const uint64_t word = weft__load_relaxed(&((weft__task *)(uintptr_t)task)->state);
    return word & WEFT__CANCELLED ? (weft_reason)weft__state_reason(word) : WEFT_REASON_NONE;
}

weft_reason weft_context_cancelled(const weft_context *cx)
{
    if (!cx)
        return WEFT_REASON_NONE;
    const weft__task *task = weft__cx_task(cx);
    return scope_reason(weft__cx_thread(cx)->env, task, task->open_scope);
}

/* Once in a task's life, or until it has closed the scope that was cancelled. */
static __attribute__((cold)) void scope_report_ignored(struct weft__env *env, const weft__task *task)
{
    weft_task_info info = {.size = sizeof info};
    struct weft__frames frames;
    weft__task_copy((weft__task *)(uintptr_t)task, &info);
    weft__frames_read(task, &frames);
    const struct weft__place place = weft__frames_innermost(&frames);
    weft__fetch_add_relaxed(&env->cancels_ignored, 1); /* a statistic */
    weft__report(env, WEFT_ECANCELED,
                 "task '%s' (%llu) goes on after %d awaits that answered WEFT_ECANCELED, the last at %s, %s:%u: leave the "
                 "loop when an await says so; as long as it does not, it gives way to the others",
                 info.name, (unsigned long long)info.task.id, SCOPE_IGNORED_MAX,
                 place.function ? place.function->name : info.site->name,
                 place.function ? place.function->file : info.site->file, place.line);
}

bool weft__cx_cancelled_here(weft_context *cx)
{
    weft__task *task = weft__cx_task(cx);
    struct weft__env *env = weft__cx_thread(cx)->env;
    if (scope_reason(env, task, task->open_scope) == WEFT_REASON_NONE)
        return false;
    /* This answer uses up the turn as any other: a loop that does not listen would run for ever. At the next turn. */
    if (!weft__cx_spend(cx))
        return false;
    if (task->wait.ignored < SCOPE_IGNORED_MAX && ++task->wait.ignored == SCOPE_IGNORED_MAX)
        scope_report_ignored(env, task);
    return true;
}

/* Of a time that is farther away than the coarse clock is ever behind, that one tells. */
enum { SCOPE_COARSE_NS = 100000000 };

static bool scope_is_late(struct weft__realm *realm, int64_t deadline_ns)
{
    return deadline_ns <= weft__realm_now_coarse(realm) + SCOPE_COARSE_NS && deadline_ns <= weft__realm_now(realm);
}

/* Set the deadline of a scope that has just been opened. One that has passed cancels now, so that no await slips through
 * before the next turn of the wheel. */
static void scope_limit(struct weft__thread *self, weft_scope *scope, int64_t deadline_ns)
{
    if (scope_is_late(self->env->realm, deadline_ns)) {
        weft__scope_expire(scope);
        return;
    }
    struct weft__wait *deadline = scope_deadline(scope);
    weft__wait_init(deadline);
    deadline->scope = true;
    deadline->since = deadline_ns;
    scope->weft__plan |= WEFT__SCOPE_ARMED;
    self->env->timer_ops->arm(self, deadline);
}

/*
 * One by one: to clear the whole of it compilers make one instruction that repeats itself, which takes as long as all the rest. The
 * deadline's node begins with the deadline.
 */
static void scope_init(weft_scope *scope, struct weft__env *env, weft__task *owner, const char *name)
{
    weft__list_init(weft__scope_members(scope));
    scope->weft__owner = owner;
    scope->weft__runtime = (weft_runtime *)(void *)env;
    scope->weft__outer = owner->open_scope;
    scope->weft__name = name ? name : "";
    scope->weft__live = 0;
    scope->weft__result = 0;
    scope->weft__flags = 0;
}

int weft_scope_open_at(weft_context *cx, weft_scope *scope, const weft_scope_options *options, uint32_t line)
{
    if (!cx || !scope)
        return weft__refuse(WEFT_EINVAL, "weft_scope_open: context and scope must not be null");
    if (options && options->size < sizeof *options)
        return weft__refuse(WEFT_EINVAL, "weft_scope_open: options of %zu bytes, not %zu: use WEFT_SCOPE_OPTIONS()",
                            options->size, sizeof *options);
    const weft_policy policy = options ? options->policy : WEFT_FAIL_FAST;
    if ((unsigned)policy > WEFT_FIRST_SUCCESS)
        return weft__refuse(WEFT_EINVAL, "weft_scope_open: policy %d is not one of weft_policy", (int)policy);
    weft__task *task = weft__cx_task(cx);
    struct weft__env *env = weft__task_env(task);
    const uint64_t word = weft__load_relaxed(&task->state);
    struct weft__frames frames;
    weft__frames_read(task, &frames);
    weft__wait_leave(&task->wait);
    scope_init(scope, env, task, options ? options->name : NULL);
    scope->weft__id = weft__ids_take(&weft__cx_thread(cx)->ids);
    scope->weft__line = line;
    scope->weft__opener = weft__frames_innermost(&frames).function;
    scope->weft__plan = (uint32_t)policy;
    const bool shield = options && options->shield;
    if (shield)
        scope->weft__flags |= WEFT__SCOPE_SHIELD;
    const weft_reason inherited = shield || !(word & (WEFT__CANCELLED | WEFT__SCOPED))
                                      ? WEFT_REASON_NONE
                                      : scope_reason(env, task, task->open_scope);
    if (inherited != WEFT_REASON_NONE) /* what is in force here is in force inside */
        scope->weft__flags |= WEFT__SCOPE_CANCELLED | (uint32_t)inherited << WEFT__SCOPE_REASON_SHIFT;
    task->open_scope = scope;
    WEFT__TRACE(env->number, scope_open, scope->weft__id, weft__task_id(task), line);
    if (options && options->deadline_ns != 0 && options->deadline_ns != WEFT_FOREVER)
        scope_limit(weft__cx_thread(cx), scope, options->deadline_ns);
    return 0;
}

static void closing_abandon(struct weft__waitable *waitable, struct weft__wait *wait)
{
    (void)waitable;
    wait->object = NULL;
}

static void closing_describe(struct weft__waitable *waitable, const struct weft__wait *wait, struct weft__abouts *abouts)
{
    (void)waitable;
    const weft_scope *scope = wait->closing; /* open: its owner waits */
    struct weft__about *about = weft__abouts_add(abouts, "the tasks of scope");
    about->object = scope->weft__id;
    about->since = wait->since;
    const size_t length = weft__name_fit(scope->weft__name, sizeof about->name - 1);
    memcpy(about->name, scope->weft__name, length);
    about->name[length] = '\0';
}

/* The owner's node, for those who look; the last task to leave finds the owner by the scope. */
static void scope_note_wait(weft__task *task, weft_scope *scope)
{
    static const struct weft__waitable_ops ops = {closing_abandon, closing_describe};
    static struct weft__waitable closing = {&ops};
    struct weft__wait *wait = &task->wait;
    if (wait->object == &closing && wait->closing == scope)
        return;
    weft__wait_leave(wait);
    wait->closing = scope;
    wait->since = weft__self_now(weft__task_env(task)->realm);
    wait->object = &closing;
}

/* Whether no task is left; if not, the last one wakes the owner from here on. */
static bool scope_await(struct weft__env *env, weft_scope *scope)
{
    if (weft__load_relaxed(weft__scope_live(scope)) <= 1) /* the lock orders: scope_reap() takes it after whoever left last */
        return true;
    weft__lock(weft__scope_lock(env, scope));
    const uint32_t live = weft__load_relaxed(weft__scope_live(scope)); /* under the lock */
    if (live > 1)
        weft__store_relaxed(weft__scope_live(scope), live | 1);
    weft__unlock(weft__scope_lock(env, scope));
    return live <= 1;
}

/* The owner waits for the members; true when there are none. Asked again after each wake. */
static bool scope_drained(struct weft__env *env, weft_scope *scope, weft__task *owner)
{
    if (scope_await(env, scope)) {
        weft__wait_leave(&owner->wait);
        return true;
    }
    scope_note_wait(owner, scope);
    return false;
}

/* The owner has closed a cancelled scope: are those around it cancelled as well? */
static void scope_unmark(struct weft__env *env, weft__task *task)
{
    weft__fetch_and_relaxed(&task->state, ~(uint64_t)WEFT__SCOPED); /* the lock orders; as the next one it passes wakes on */
    task->wait.ignored = 0;
    for (weft_scope *scope = task->open_scope; scope; scope = scope->weft__outer)
        if (scope_flags(env, scope) & WEFT__SCOPE_CANCELLED)
            weft__fetch_or_relaxed(&task->state, WEFT__SCOPED);
}

/* Nobody is left: the scope ends, unless its deadline is firing this moment. */
static bool scope_end(struct weft__env *env, weft_scope *scope, weft__task *task, int *out_result)
{
    if ((scope->weft__plan & WEFT__SCOPE_ARMED) && !env->timer_ops->disarm(scope_deadline(scope)))
        return false;
    const uint32_t flags = scope_reap(env, scope);
    int result = scope->weft__result;
    const bool expired = (flags >> WEFT__SCOPE_REASON_SHIFT & 7) == WEFT_REASON_DEADLINE;
    if (result == 0 && expired && !(flags & WEFT__SCOPE_HAS_RESULT))
        result = WEFT_ETIMEDOUT;
    const bool cancelled = flags & WEFT__SCOPE_CANCELLED;
    task->open_scope = scope->weft__outer;
    scope->weft__runtime = NULL;
    if (cancelled)
        scope_unmark(env, task);
    WEFT__TRACE(env->number, scope_close, scope->weft__id, weft__task_id(task), result);
    *out_result = result;
    return true;
}

int weft_scope_close(weft_context *cx, weft_scope *scope)
{
    if (!cx || !scope || !scope->weft__runtime || scope->weft__owner != cx->weft__task)
        return weft__refuse(WEFT_EINVAL, "weft_scope_close: not an open scope of this task: close each scope once, in "
                                         "the task that opened it");
    weft__task *task = weft__cx_task(cx);
    struct weft__env *env = weft__task_env(task);
    if (task->open_scope != scope)
        return weft__refuse(WEFT_EBUSY, "weft_scope_close: a scope opened later, at line %u, is still open: close it "
                                        "first",
                            task->open_scope->weft__line);
    const uint64_t word = weft__load_relaxed(&task->state);
    if (word & WEFT__CANCELLED)
        weft__scope_propagate(env, task, (weft_reason)weft__state_reason(word));
    if (!scope_drained(env, scope, task))
        return WEFT_AWAITING;
    int result;
    if (scope_end(env, scope, task, &result))
        return result;
    weft__cx_thread(cx)->yield = true;
    return WEFT_AWAITING;
}

int weft_scope_cancel(weft_scope *scope)
{
    if (!scope || !scope->weft__runtime)
        return weft__refuse(WEFT_EINVAL, "weft_scope_cancel: the scope is null or closed");
    struct weft__env *env = weft__env_of(scope->weft__runtime);
    if (scope == &env->root) /* the flags may be changing: another thread cancels, too */
        return weft__refuse(WEFT_EINVAL, "weft_scope_cancel: not the root scope: weft_runtime_shutdown() does that");
    if (env->inherited)
        return weft__refuse(WEFT_ESHUTDOWN, "weft_scope_cancel: the scope lives in the process that forked this one");
    weft__scope_cancel(env, scope, WEFT_REASON_USER);
    return 0;
}

uint64_t weft_scope_live(const weft_scope *scope)
{
    return scope ? weft__load_relaxed(weft__scope_live(scope)) / 2 : 0;
}

bool weft__scope_owner_may_end(struct weft__env *env, weft__task *task)
{
    while (task->open_scope) {
        weft_scope *scope = task->open_scope;
        weft__lock(weft__scope_lock(env, scope));
        const bool first = !(scope->weft__flags & WEFT__SCOPE_ABANDONED);
        scope->weft__flags |= WEFT__SCOPE_ABANDONED;
        weft__unlock(weft__scope_lock(env, scope));
        if (first) {
            weft_task_info info = {.size = sizeof info};
            const char *name = scope->weft__name;
            weft__task_copy(task, &info);
            weft__report(env, WEFT_EBUSY,
                         "task '%s' returned with the scope %s%s%sof line %u of %s still open: its tasks are cancelled and "
                         "waited for; close each scope before WEFT_END",
                         info.name, *name ? "'" : "", name, *name ? "' " : "", scope->weft__line,
                         info.site->file ? info.site->file : "?");
            weft__scope_cancel(env, scope, WEFT_REASON_USER);
        }
        int ignored;
        if (!scope_drained(env, scope, task))
            return false; /* the last of its tasks wakes this one */
        if (!scope_end(env, scope, task, &ignored)) {
            weft__self->yield = true; /* its deadline is firing this moment */
            return false;
        }
    }
    return true;
}
