/* SPDX-License-Identifier: MIT */
/*
 * One poll, and the end of a task. Runs on a worker that has dequeued the task; while it is RUNNING nobody else touches
 * its frame, its scopes or its result.
 *
 * The end, in this order, since each step lets somebody else go on: the joiner is taken out (after this it comes too
 * late to register); the result counts for the scope; the word says COMPLETE, and from here the slot may be the
 * claimer's, or FREE at once if nobody will claim it, and then it is this worker's; the joiner is woken; the task leaves
 * its scope; a slot that is this worker's is given back.
 */
#include <weft/error.h>

#include "registry/rcu.h"
#include "task/announce.h"
#include "task/context.h"
#include "task/measure.h"
#include "task/scope.h"
#include "task/trail.h"
#include "trace/emit.h"

static inline void poll_submit(struct weft__env *env, weft__task *task)
{
    struct weft__thread *self = weft__self_in(env);
    if (self)
        weft__counter_add(&self->wakes, 1);
    else
        weft__fetch_add_relaxed(&env->foreign_wakes, 1); /* a statistic */
    env->ops->schedule(env, task);
}

static __attribute__((cold, noinline)) void poll_submit_told(struct weft__env *env, weft__task *task, uint8_t source, uint64_t object)
{
    weft__emit_wake(env->number, weft__task_id(task), weft__self_task_id(), object, source);
    weft__measure_wake(env, task); /* before it is counted: of those that are, it is known which are under way */
    poll_submit(env, task);
}

/* Both ways end here, so that the usual one saves nothing for the other. */
void weft__task_submit(weft__task *task, uint8_t source, uint64_t object)
{
    struct weft__env *env = weft__task_env(task);
    if (weft__trace_wants(WEFT_TRACE_wake))
        poll_submit_told(env, task, source, object);
    else
        poll_submit(env, task);
}

bool weft__task_wake(weft__task *task, uint32_t tag, uint8_t source, uint64_t object)
{
    const enum weft__move move = weft__state_wake(&task->state, tag);
    if (weft__likely(move == WEFT__MOVE_SUBMIT)) {
        weft__task_submit(task, source, object);
        return true;
    }
    struct weft__env *env = weft__task_home(task); /* by the page: the task may have ended */
    struct weft__thread *self = weft__self_in(env);
    if (self)
        weft__counter_add(&self->wakes_noop, 1);
    else
        weft__fetch_add_relaxed(&env->foreign_wakes_noop, 1); /* a statistic */
    WEFT__TRACE(env->number, wake_noop, weft__task_id(task), weft__self_task_id(), source);
    return move != WEFT__MOVE_GONE;
}

bool weft__task_cancel(weft__task *task, uint32_t tag, weft_reason reason)
{
    bool first;
    const enum weft__move move = weft__state_cancel(&task->state, tag, (unsigned)reason, &first);
    if (first)
        WEFT__TRACE(weft__task_home(task)->number, task_cancel, weft__task_id(task), weft__self_task_id(),
                    (uint8_t)reason);
    if (move == WEFT__MOVE_SUBMIT)
        weft__task_submit(task, WEFT_TRACE_wake_source_CANCEL, 0);
    return move != WEFT__MOVE_GONE;
}

bool weft__task_cancel_quietly(weft__task *task, weft_reason reason)
{
    bool first;
    return weft__state_cancel(&task->state, weft__task_tag(task), (unsigned)reason, &first) == WEFT__MOVE_SUBMIT;
}

void weft__task_free(struct weft__env *env, weft__task *task)
{
    struct weft__thread *self = weft__self_in(env);
    weft__state_free(&task->state);
    weft__slab_free(&env->slab, self ? &self->cache : NULL, task);
}

/*
 * The end of a task that somebody may claim until its word says COMPLETE. Whether the slot is this worker's: it was claimed
 * after all.
 */
static inline bool poll_finish_joinable(struct weft__thread *self, weft__task *task, uint64_t word, int result)
{
    struct weft__env *env = self->env;
    const uint64_t id = weft__task_id(task);
    weft_scope *scope = weft__load_relaxed(&task->scope);
    weft__rcu_read_lock(); /* until the joiner is woken: it may end first, by cancellation */
    const weft__waiter joiner = weft__exchange_acquire(&weft__load_relaxed(&task->extra)->joiner, WEFT__JOINER_LATE); /* JN-A1 */
    weft__store_relaxed(&task->polls, weft__load_relaxed(&task->polls) + 1);
    weft__store_relaxed(&task->result, result); /* complete releases it; a look from outside may read it as `idle` */
    if (weft__scope_heeds(scope, result))
        weft__scope_result(env, scope, result, (weft_reason)weft__state_reason(word));
    WEFT__TRACE(env->number, task_end, id, result, self->number);
    const bool mine = weft__state_complete(&task->state) == WEFT__MOVE_FREE;
    if (joiner)
        weft__waiter_wake(joiner, WEFT_TRACE_wake_source_JOIN, id);
    weft__rcu_read_unlock();
    if (scope != &env->root)
        weft__scope_leave(env, scope, mine ? task : NULL);
    return mine;
}

/* The usual end: nobody will ask. Whoever claimed it has taken its joiner out before, and nobody can come after. */
static inline void poll_finish_claimed(struct weft__thread *self, weft__task *task, uint64_t word, int result)
{
    struct weft__env *env = self->env;
    weft_scope *scope = weft__load_relaxed(&task->scope);
    const bool root = scope == &env->root;
    if (weft__scope_heeds(scope, result))
        weft__scope_result(env, scope, result, (weft_reason)weft__state_reason(word));
    WEFT__TRACE(env->number, task_end, weft__task_id(task), result, self->number);
    weft__state_free(&task->state);
    if (!root)
        weft__scope_leave(env, scope, task);
}

static inline void poll_finish(struct weft__thread *self, weft__task *task, int result)
{
    const uint64_t word = weft__load_relaxed(&task->state);
    bool mine = true; /* the slot, until it is given back */
    if (weft__likely(word & WEFT__CLAIMED))
        poll_finish_claimed(self, task, word, result);
    else
        mine = poll_finish_joinable(self, task, word, result);
    if (mine)
        weft__slab_free(&self->env->slab, &self->cache, task);
}

/* It is over: the last that is said of it. */
static inline enum weft__polled poll_ended(struct weft__thread *self)
{
    weft__counter_add(&self->ended, 1); /* last: the runtime may be finished once the counts agree */
    weft__store_relaxed(&self->task_id, 0);
    weft__store_relaxed(weft__thread_polled(self), NULL);
    return WEFT__POLLED_ENDED;
}

/* The end of any task. */
static __attribute__((noinline)) enum weft__polled poll_end(struct weft__thread *self, weft__task *task, int result, uint8_t how)
{
    WEFT__TRACE(self->env->number, poll_end, weft__task_id(task), self->number, how, 0);
    poll_finish(self, task, result);
    return poll_ended(self);
}

/* That of a member of a scope that poll_ends_plainly(). */
static __attribute__((noinline)) enum weft__polled poll_end_member(struct weft__thread *self, weft__task *task, weft_scope *scope)
{
    weft__state_free(&task->state);
    weft__scope_leave(self->env, scope, task);
    weft__slab_free(&self->env->slab, &self->cache, task);
    return poll_ended(self);
}

/* Nobody will ask for its result, which decides nothing, or for the events of its end. */
static inline bool poll_ends_plainly(weft__task *task, const weft_scope *scope, int result)
{
    const uint64_t told = UINT64_C(1) << WEFT_TRACE_poll_end | UINT64_C(1) << WEFT_TRACE_task_end;
    return weft__likely(weft__load_relaxed(&task->state) & WEFT__CLAIMED) && !weft__scope_heeds(scope, result) &&
           !weft__unlikely(weft__load_relaxed(&weft__trace_mask) & told);
}

/* Where the step waits, and since when, for those who look from outside. */
static void poll_note(const struct weft__thread *self, weft__task *task)
{
    const weft_frame *frame = weft__task_step(task);
    if (frame)
        weft__store_relaxed(&task->line, __atomic_load_n(&frame->line, __ATOMIC_RELAXED));
    weft__store_relaxed(&task->idle, weft__task_idle(weft__thread_now(self)));
}

/* The context of a poll, which has its task already. What the last one left as it has to be is not written again. */
static inline weft_context *poll_prepare(struct weft__thread *self)
{
    weft_context *cx = &self->cx;
    if (cx->weft__result != 0)
        cx->weft__result = 0;
    if (cx->weft__budget != self->env->coop_budget)
        cx->weft__budget = self->env->coop_budget;
    if (weft__unlikely(cx->weft__worker != self))
        cx->weft__worker = self; /* its first */
    return cx;
}

/* A task that was cancelled is polled. True: it had not begun, and its drop ran in place of its body. */
static __attribute__((cold, noinline)) bool poll_drops(struct weft__thread *self, weft__task *task, uint64_t word)
{
    const struct weft__task_extra *extra = weft__load_relaxed(&task->extra);
    if (extra && extra->drop && weft__load_relaxed(&task->polls) == 0) {
        extra->drop(weft__task_frame(task));
        weft__trail_end(task, WEFT_ECANCELED);
        return true;
    }
    if (task->open_scope)
        weft__scope_propagate(self->env, task, (weft_reason)weft__state_reason(word));
    return false;
}

/* After a body that returned with scopes open: it is not run again, its scopes are waited for, and this is its result. */
static weft_poll poll_abandoned(weft_context *cx, void *frame)
{
    (void)frame;
    weft__task *task = weft__cx_task(cx);
    if (!weft__scope_owner_may_end(weft__cx_thread(cx)->env, task))
        return WEFT_PENDING;
    weft__trail_end(task, WEFT_EBUSY);
    cx->weft__result = WEFT_EBUSY;
    return WEFT_READY;
}

static __attribute__((cold, noinline)) void poll_tell_start(struct weft__thread *self, weft__task *task, uint8_t source)
{
    weft__emit_poll_start(self->env->number, weft__task_id(task), self->number, source);
    weft__measure_poll(self, task);
}

/* Its body has answered that it ends, with scopes open. False: it is not over before they are closed. */
static __attribute__((cold, noinline)) bool poll_may_end(struct weft__thread *self, weft__task *task)
{
    poll_note(self, task);
    if (!weft__scope_owner_may_end(self->env, task)) {
        task->fn = poll_abandoned;
        return false;
    }
    weft__trail_end(task, WEFT_EBUSY);
    return true;
}

/* The body has answered that it waits. */
static inline enum weft__polled poll_pend(struct weft__thread *self, weft__task *task)
{
    weft__store_relaxed(&task->polls, weft__load_relaxed(&task->polls) + 1);
    poll_note(self, task);
    const bool yield = self->yield;
    WEFT__TRACE(self->env->number, poll_end, weft__task_id(task), self->number,
                yield ? WEFT_TRACE_poll_result_YIELD : WEFT_TRACE_poll_result_PENDING, weft__load_relaxed(&task->line));
    weft__store_relaxed(weft__thread_polled(self), NULL);
    weft__store_relaxed(&self->task_id, 0);
    if (yield) {
        weft__state_requeue(&task->state);
        return WEFT__POLLED_YIELDED;
    }
    /* After this move the task may run elsewhere: it is not touched again unless it is ours. */
    return weft__state_suspend(&task->state) == WEFT__MOVE_SUBMIT ? WEFT__POLLED_AGAIN : WEFT__POLLED_WAITS;
}

/* The body has answered that it ends. The usual end is here, and calls nothing: see spawn_is_usual(). */
static inline enum weft__polled poll_ready(struct weft__thread *self, weft__task *task)
{
    int result = self->cx.weft__result;
    weft__wait_leave(&task->wait); /* of an operation that was begun and never awaited */
    if (weft__unlikely(task->open_scope != NULL)) {
        if (!poll_may_end(self, task))
            return poll_pend(self, task);
        result = WEFT_EBUSY;
    }
    weft_scope *scope = weft__load_relaxed(&task->scope);
    if (!poll_ends_plainly(task, scope, result))
        return poll_end(self, task, result, WEFT_TRACE_poll_result_READY);
    if (scope != &self->env->root)
        return poll_end_member(self, task, scope);
    weft__state_free(&task->state);
    weft__slab_free(&self->env->slab, &self->cache, task);
    return poll_ended(self);
}

enum weft__polled weft__task_poll(struct weft__thread *self, weft__task *task, uint8_t source)
{
    if (weft__unlikely(self->yield)) {
        if (weft__unlikely(self->debt.pay != NULL) && self->debt.by != task)
            weft__debt_pay(self); /* only a poll that yields leaves one */
        self->yield = false;
    }
    const uint64_t word = weft__state_start(&task->state);
    weft__store_release(weft__thread_polled(self), task); /* TP-R1 */
    weft__store_relaxed(&self->task_id, weft__task_id(task));
    if (weft__trace_wants(WEFT_TRACE_poll_start))
        poll_tell_start(self, task, source);
    const bool drops = weft__unlikely(word & WEFT__CANCELLED) && poll_drops(self, task, word);
    const weft_poll answer = drops ? WEFT_READY : task->fn(poll_prepare(self), weft__task_frame(task));
    weft__counter_add(&self->polls, 1);
    if (weft__unlikely(self->debt.pay != NULL) && (answer == WEFT_READY || !self->yield))
        weft__debt_pay(self);
    if (weft__unlikely(drops))
        return poll_end(self, task, WEFT_ECANCELED, WEFT_TRACE_poll_result_DROPPED);
    const uint32_t completed = self->env->coop_budget - self->cx.weft__budget;
    if (completed != 0)
        weft__counter_add(&self->completed, completed);
    return answer == WEFT_READY ? poll_ready(self, task) : poll_pend(self, task);
}
