/* SPDX-License-Identifier: MIT */
/*
 * Permits: a number that is taken from and given back, in the order of those who ask. Semaphores count with it; a mutex
 * has one permit; a reader of an rwlock takes one and a writer all; the right to initialise a once is one.
 *
 *     value - n   take, without the lock while nobody waits and there are enough
 *     value + n   give, without the lock while nobody waits
 *     WAITERS     set by the first who has to wait: then nobody takes past the list, and whoever gives hands over under
 *                 the lock, to the first of the list as long as there are enough for it
 *
 * So a waiter that is woken has its permits already (no newcomer passes it), and one that asks for many is not starved
 * by many that ask for one. A waiter that turns away passes on what it was given.
 */
#ifndef WEFT_SYNC_PERMITS_H
#define WEFT_SYNC_PERMITS_H

#include "sync/queue.h"
#include "trace/emit.h"

/* It was found closed: what was done before that is seen. */
static inline int weft__permits_closed(struct weft__meeting *object)
{
    weft__load_acquire(&object->word); /* SY-A1 */
    return WEFT_EPIPE;
}

/* 0; WEFT_EAGAIN: not enough, or others wait; WEFT_EPIPE: closed; WEFT_ESRCH: stale. */
static inline int weft__permits_take(struct weft__meeting *object, uint32_t generation, uint32_t n)
{
    uint64_t word = weft__load_relaxed(&object->word); /* the compare-and-swap orders */
    do {
        if (weft__unlikely(weft__meeting_generation(word) != generation))
            return WEFT_ESRCH;
        if (weft__unlikely(word & (WEFT__MEETING_CLOSED | WEFT__MEETING_WAITERS)))
            return word & WEFT__MEETING_CLOSED ? weft__permits_closed(object) : WEFT_EAGAIN;
        if (weft__meeting_value(word) < n)
            return WEFT_EAGAIN;
    } while (!weft__cas_weak_acquire(&object->word, &word, word - weft__meeting_amount(n))); /* SY-A1 */
    return 0;
}

int weft__permits_give_slowly(struct weft__meeting *object, uint32_t generation, uint32_t n);

/* 0; WEFT_ERANGE: more than the limit; WEFT_ESRCH: stale. The object may be gone after it. */
static inline int weft__permits_give(struct weft__meeting *object, uint32_t generation, uint32_t n)
{
    uint64_t word = weft__load_relaxed(&object->word); /* the compare-and-swap orders */
    do {
        if (weft__unlikely(weft__meeting_generation(word) != generation))
            return WEFT_ESRCH;
        if (weft__unlikely((word & WEFT__MEETING_WAITERS) || weft__trace_wants(WEFT_TRACE_sync_release)))
            return weft__permits_give_slowly(object, generation, n);
        if (weft__unlikely(n > object->limit - weft__meeting_value(word)))
            return WEFT_ERANGE;
    } while (!weft__cas_weak_release(&object->word, &word, word + weft__meeting_amount(n))); /* SY-R1 */
    return 0;
}

/* Hand over to the first of the list as long as there are enough. Under the lock. */
void weft__permits_grant(struct weft__meeting *object, struct weft__wakes *wakes);

/* The meeting's withdrawn. */
void weft__permits_withdrawn(struct weft__meeting *object, struct weft__wait *wait, uint8_t state,
                             struct weft__wakes *wakes);

/*
 * Take, or wait for it, in a task: 0: taken; 1: it has been done meanwhile (once); WEFT_AWAITING, WEFT_ECANCELED,
 * WEFT_EPIPE, WEFT_ESRCH. Mode WEFT__MODE_OWNS: the task is the owner then.
 */
int weft__permits_await(weft_context *cx, struct weft__meeting *object, uint32_t generation, struct weft__wait *wait,
                        uint8_t mode, uint32_t n);

/* The way of most awaits: there are enough, and nothing else is to be thought of. False: weft__permits_await() it. */
static inline bool weft__permits_take_at_once(weft_context *cx, struct weft__meeting *object, uint32_t generation,
                                              uint8_t mode, uint32_t n)
{
    weft__task *task = weft__cx_task(cx);
    const uint64_t word = weft__load_relaxed(&task->state); /* as in weft__cx_cancelled(), which counts */
    if (weft__unlikely(task->wait.object || cx->weft__budget == 0 || (word & (WEFT__CANCELLED | WEFT__SCOPED)) ||
                       weft__trace_wants(WEFT_TRACE_sync_acquire)))
        return false;
    if (weft__unlikely(weft__permits_take(object, generation, n) < 0))
        return false;
    cx->weft__budget--;
    weft__meeting_let_in(object, mode, weft__task_id(task));
    return true;
}

/* Whether `who` is in alone: only it has put its own id there, so what it finds is its own writing. */
static inline bool weft__permits_owns(struct weft__meeting *object, uint32_t generation, uint64_t who)
{
    return weft__load_relaxed(&object->owner) == who &&
           weft__meeting_generation(weft__load_relaxed(&object->word)) == generation;
}

/* Would a task wait for itself? Not if it waits there already: who lets it in makes it the owner before it knows. */
static inline bool weft__permits_await_own(weft_context *cx, struct weft__meeting *object, uint32_t generation,
                                           const struct weft__wait *wait)
{
    return wait->object != &object->waitable &&
           weft__permits_owns(object, generation, weft__task_id(weft__cx_task(cx)));
}

/* The same in a host thread; WEFT_ETIMEDOUT instead of the first two. */
int weft__permits_block(struct weft__meeting *object, uint32_t generation, uint8_t mode, uint32_t n,
                        int64_t deadline_ns);

/* The same without waiting, with the record. */
int weft__permits_try(struct weft__meeting *object, uint32_t generation, uint8_t mode, uint32_t n);

#endif
