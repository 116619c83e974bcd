/* SPDX-License-Identifier: MIT */
/*
 * The state word of a task, and every legal move of it; nothing else in the tree touches the word. The upper half is
 * the tag of the task that has the slot (the low half of its id), so a move aimed at a task that has ended does nothing:
 * no reference counts, and a waker is a number that may be kept for ever.
 *
 * States (low half):
 *
 *     SCHEDULED           in exactly one queue, or on its way there; a poll is owed
 *     RUNNING             being polled by one worker
 *     RUNNING|NOTIFIED    and woken meanwhile: it will be scheduled again
 *     (none)              waits for a wake
 *     COMPLETE            has ended; its result waits for whoever claims it
 *     FREE                the slot holds no task
 *
 *     + CANCELLED         asked to end; stays until the end, with the first reason in REASON
 *     + SCOPED            a scope that it opened is cancelled: its awaits answer so until it has closed it
 *     + CLAIMED           nobody will ask for the result (not joinable, joined, detached): the slot is freed on
 *                         completion, in the same move, or by the claimer if that was before
 *
 * Moves                 from                      to                      who
 *     init              FREE                      SCHEDULED               spawner
 *     wake              (none)                    SCHEDULED: submit       any thread
 *                       RUNNING                   RUNNING|NOTIFIED
 *                       SCHEDULED, NOTIFIED       the same (still a write: ST-R1)
 *     cancel            as wake, + CANCELLED
 *     scoped            as wake, + SCOPED                                 who cancels the scope
 *     start             SCHEDULED                 RUNNING                 the worker that dequeued it
 *     pin               (none)                    RUNNING                 who looks at its frames; then suspend
 *     suspend           RUNNING                   (none)                  that worker
 *                       RUNNING|NOTIFIED          SCHEDULED: submit
 *     requeue           RUNNING[|NOTIFIED]        SCHEDULED: submit       that worker (it yielded)
 *     complete          RUNNING[|NOTIFIED]        COMPLETE                that worker
 *                       the same, CLAIMED         FREE
 *     claim             not CLAIMED               + CLAIMED               any thread
 *     free              COMPLETE[|CLAIMED]        FREE                    claimer, under a lock that claims take
 *                       RUNNING[|NOTIFIED], CLAIMED FREE                  that worker: as complete, of what was claimed before
 *
 * Every move is a read-modify-write, so the moves of one task have one order.
 *
 * Edges:
 *     ST-R1 -> ST-A1   wake and cancel release, start acquires: what was written before a wake is seen by the poll that
 *                      follows it, also when the wake found the task notified already (tokio #7622). What stands between,
 *                      suspend or requeue, passes it on, being a read-modify-write.
 *     ST-R2 -> ST-A2   suspend, requeue release, start acquires: a poll sees what the poll before it wrote.
 *     ST-R3 -> ST-A3   complete releases; claim, or the look before it, acquires: the joiner sees the result. And the other way
 *                      round: claim releases; complete or free acquires: the end comes after what a claimer did before.
 *     ST-R4 -> ST-A4   a reader's last look releases, free acquires: the next owner's writes stay behind it, so a reader
 *                      that still found the old tag has read no byte of the new task (weft__task_copy).
 * That init is ordered behind free is the slab's affair.
 * Progress: a move is a compare-and-swap loop that another move can only make repeat; lock-free.
 */
#ifndef WEFT_TASK_STATE_H
#define WEFT_TASK_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

typedef _Atomic uint64_t weft__state;

#define WEFT__STATE_MAP(XX)                                                                                            \
    XX(SCHEDULED, 0)                                                                                                   \
    XX(RUNNING, 1)                                                                                                     \
    XX(NOTIFIED, 2)                                                                                                    \
    XX(CANCELLED, 3)                                                                                                   \
    XX(COMPLETE, 4)                                                                                                    \
    XX(CLAIMED, 5)                                                                                                     \
    XX(FREE, 6)                                                                                                        \
    XX(SCOPED, 7)

enum {
#define WEFT__STATE_BIT(name, bit) WEFT__##name = 1 << (bit),
    WEFT__STATE_MAP(WEFT__STATE_BIT)
#undef WEFT__STATE_BIT
    WEFT__REASON_SHIFT = 8,
    WEFT__REASON_MASK = 7 << WEFT__REASON_SHIFT
};

/* What the caller of a move must do now. */
enum weft__move {
    WEFT__MOVE_NONE,   /* nothing: the wish is recorded, or was before */
    WEFT__MOVE_SUBMIT, /* put the task into a queue */
    WEFT__MOVE_FREE,   /* free the slot */
    WEFT__MOVE_GONE    /* the tag does not fit, or the task has ended: nothing was changed */
};

static inline uint32_t weft__state_tag(uint64_t word) { return (uint32_t)(word >> 32); }
static inline unsigned weft__state_reason(uint64_t word)
{
    return (unsigned)(word & WEFT__REASON_MASK) >> WEFT__REASON_SHIFT;
}

/* A new task owns the slot: it is scheduled, and visible to lookups from here on. */
static inline void weft__state_init(weft__state *state, uint32_t tag, bool claimed)
{
    /* ST-R2: the header and the frame are written; a queue hands it on, and lookups see a whole task. */
    weft__store_release(state, (uint64_t)tag << 32 | WEFT__SCHEDULED | (claimed ? WEFT__CLAIMED : 0));
}

/* The move that wake and cancel share, computed from a word and not yet made. */
static inline enum weft__move weft__state_woken(uint64_t now, uint64_t *next)
{
    if (now & WEFT__RUNNING) {
        *next |= WEFT__NOTIFIED;
    } else if (!(now & WEFT__SCHEDULED)) {
        *next |= WEFT__SCHEDULED;
        return WEFT__MOVE_SUBMIT;
    }
    return WEFT__MOVE_NONE;
}

static inline bool weft__state_gone(uint64_t now, uint32_t tag)
{
    return weft__state_tag(now) != tag || (now & (WEFT__COMPLETE | WEFT__FREE));
}

static inline enum weft__move weft__state_wake(weft__state *state, uint32_t tag)
{
    uint64_t now = weft__load_relaxed(state); /* the compare-and-swap below orders */
    for (;;) {
        if (weft__state_gone(now, tag))
            return WEFT__MOVE_GONE;
        uint64_t next = now;
        const enum weft__move move = weft__state_woken(now, &next);
        if (weft__cas_weak_acq_rel(state, &now, next)) /* ST-R1; ST-A2 for whoever submits */
            return move;
    }
}

/* As wake. *out_first says whether this was the first cancellation, whose reason is kept. */
static inline enum weft__move weft__state_cancel(weft__state *state, uint32_t tag, unsigned reason, bool *out_first)
{
    uint64_t now = weft__load_relaxed(state); /* the compare-and-swap below orders */
    *out_first = false;
    for (;;) {
        if (weft__state_gone(now, tag))
            return WEFT__MOVE_GONE;
        const bool first = !(now & WEFT__CANCELLED);
        uint64_t next = first ? now | WEFT__CANCELLED | (uint64_t)reason << WEFT__REASON_SHIFT : now;
        const enum weft__move move = weft__state_woken(now, &next);
        if (weft__cas_weak_acq_rel(state, &now, next)) { /* ST-R1 ST-A2 */
            *out_first = first;
            return move;
        }
    }
}

/* As wake: a scope of the task is cancelled. The scope keeps the task from ending meanwhile. */
static inline enum weft__move weft__state_scoped(weft__state *state)
{
    uint64_t now = weft__load_relaxed(state); /* the compare-and-swap below orders */
    for (;;) {
        uint64_t next = now | WEFT__SCOPED;
        const enum weft__move move = weft__state_woken(now, &next);
        if (weft__cas_weak_acq_rel(state, &now, next)) /* ST-R1 ST-A2 */
            return move;
    }
}

/*
 * The worker that dequeued it begins a poll; the word as it was, which has SCHEDULED and not RUNNING: so one addition moves it
 * from the one to the other. It publishes nothing: who reads RUNNING only records a wish.
 */
static inline uint64_t weft__state_start(weft__state *state)
{
    return weft__fetch_add_acquire(state, WEFT__RUNNING - WEFT__SCHEDULED); /* ST-A1 ST-A2 */
}

/* Hold a task that waits, without polling it; weft__state_suspend() lets it go. False: it does not wait. */
static inline bool weft__state_pin(weft__state *state, uint32_t tag)
{
    uint64_t now = weft__load_relaxed(state); /* the compare-and-swap below orders */
    for (;;) {
        if (weft__state_gone(now, tag) || (now & (WEFT__SCHEDULED | WEFT__RUNNING)))
            return false;
        if (weft__cas_weak_acquire(state, &now, now | WEFT__RUNNING)) /* ST-A2; as start */
            return true;
    }
}

/* The poll has ended and the task waits, unless it was woken meanwhile: then it is SCHEDULED, and the caller's. */
static inline enum weft__move weft__state_suspend(weft__state *state)
{
    uint64_t now = weft__load_relaxed(state);
    for (;;) {
        const uint64_t idle = now & ~(uint64_t)(WEFT__RUNNING | WEFT__NOTIFIED);
        const bool woken = now & WEFT__NOTIFIED;
        if (weft__cas_weak_release(state, &now, woken ? idle | WEFT__SCHEDULED : idle)) /* ST-R2 */
            return woken ? WEFT__MOVE_SUBMIT : WEFT__MOVE_NONE;
    }
}

/* The poll has ended and the task wants another turn. */
static inline void weft__state_requeue(weft__state *state)
{
    uint64_t now = weft__load_relaxed(state);
    while (!weft__cas_weak_release(state, &now, /* ST-R2 */
                                   (now & ~(uint64_t)(WEFT__RUNNING | WEFT__NOTIFIED)) | WEFT__SCHEDULED))
        continue;
}

/*
 * The task has ended. FREE: nobody wants the result, and the slot holds no task from here on, as after weft__state_free().
 * NONE: the slot is the claimer's; do not touch it again.
 */
static inline enum weft__move weft__state_complete(weft__state *state)
{
    uint64_t now = weft__load_relaxed(state);
    for (;;) {
        const bool claimed = now & WEFT__CLAIMED;
        const uint64_t ended = (now & ~(uint64_t)(WEFT__RUNNING | WEFT__NOTIFIED)) | WEFT__COMPLETE;
        /* ST-R3 ST-A4 ST-A3 */
        if (weft__cas_weak_acq_rel(state, &now, claimed ? WEFT__FREE : ended))
            return claimed ? WEFT__MOVE_FREE : WEFT__MOVE_NONE;
    }
}

/* Whether it has ended and its result waits: for whoever excludes other claimers, who may read it and go on to free. */
static inline bool weft__state_ended(weft__state *state, uint32_t tag)
{
    const uint64_t now = weft__load_acquire(state); /* ST-A3 */
    return weft__state_tag(now) == tag && (now & (WEFT__COMPLETE | WEFT__CLAIMED | WEFT__FREE)) == WEFT__COMPLETE;
}

/* Take the result, or give up the right to it. FREE: it had ended; read the result and free the slot. NONE: it runs
 * still and will be freed when it ends. GONE: another was first. */
static inline enum weft__move weft__state_claim(weft__state *state, uint32_t tag)
{
    uint64_t now = weft__load_relaxed(state);
    for (;;) {
        if (weft__state_tag(now) != tag || (now & (WEFT__CLAIMED | WEFT__FREE)))
            return WEFT__MOVE_GONE;
        if (weft__cas_weak_acq_rel(state, &now, now | WEFT__CLAIMED)) /* ST-A3 ST-R3 */
            return now & WEFT__COMPLETE ? WEFT__MOVE_FREE : WEFT__MOVE_NONE;
    }
}

/*
 * The slot holds no task from here on. Its tag goes first, its bytes may be rewritten after. For a claimer of what has ended, and
 * for the worker that ends what was claimed: nobody else moves it any more, and wishes come too late.
 */
static inline void weft__state_free(weft__state *state)
{
    weft__exchange_acquire(state, WEFT__FREE); /* ST-A4 ST-A3 */
}

#endif
