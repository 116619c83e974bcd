/* SPDX-License-Identifier: MIT */
/* What an awaitable operation asks of the context it is given. On the worker that polls, inside the poll. */
#ifndef WEFT_TASK_CONTEXT_H
#define WEFT_TASK_CONTEXT_H

#include "base/check.h"
#include "task/task.h"

static inline weft__task *weft__cx_task(const weft_context *cx) { return cx->weft__task; }
static inline struct weft__thread *weft__cx_thread(const weft_context *cx) { return cx->weft__worker; }

/* The slow half of the next function: shields, scopes, and the count of those who do not listen. */
bool weft__cx_cancelled_here(weft_context *cx);

/*
 * Must an await answer WEFT_ECANCELED now? Because the task is cancelled, or a scope that it opened, and no shield is
 * in between. Relaxed: a cancellation that comes now is seen at the next await, which it causes. The answer spends of the
 * budget; with nothing left it is no, the poll yields, and the operation goes on to weft__cx_spend(), or waits.
 */
static inline bool weft__cx_cancelled(weft_context *cx)
{
    const uint64_t word = weft__load_relaxed(&weft__cx_task(cx)->state);
    return weft__unlikely(word & (WEFT__CANCELLED | WEFT__SCOPED)) && weft__cx_cancelled_here(cx);
}

/*
 * An operation is about to complete without waiting: may it? False when the poll has spent its budget: the operation
 * answers WEFT_AWAITING and is asked again after the others had their turn.
 */
static inline bool weft__cx_spend(weft_context *cx)
{
    if (cx->weft__budget > 0) {
        cx->weft__budget--;
        return true;
    }
    weft__cx_thread(cx)->yield = true;
    return false;
}

/* What was spent was not used: the operation has to wait after all. */
static inline void weft__cx_refund(weft_context *cx) { cx->weft__budget++; }

#endif
