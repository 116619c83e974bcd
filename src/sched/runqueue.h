/* SPDX-License-Identifier: MIT */
/*
 * A worker's ring of runnable tasks: its owner pushes at the tail and pops at the head without a lock, at the tail only a task
 * that it names, and one thief at a time takes half of it from the head. Source: the ring of Go's and Tokio's schedulers; here a
 * full ring refuses, and the caller puts the newcomer into the shared queue, which costs one exchange, so nothing ever has to be
 * moved out of a full ring.
 *
 * States: the cursors wrap. `head` packs two of them, and the number of its changes:
 *
 *     steal <= real <= tail
 *     [steal, real)  taken by a thief that is still copying; the owner may not reuse these slots
 *     [real, tail)   queued
 *     steal == real  no thief is at work
 *
 * The number tells a thief that the owner has taken the newest: that moves neither of the two, only the tail, which the thief
 * may have read before. A thief that slept between its look at `head` and its compare-and-swap during exactly 2^32 changes would
 * be fooled: a minute off the processor, to the task.
 *
 * Who touches what:
 *     tail     written by the owner, read by thieves
 *     head     read and written by both, by compare-and-swap only
 *     slots    written by the owner outside [steal, tail); read by whoever moved `real` past them
 *
 * Edges:
 *     RQ-R1 -> RQ-A1   push releases the tail, steal acquires it: the thief sees the slots and the tasks in them.
 *     ID-R1 -> ID-A1   push, then a look at who sleeps; sleep, then a look at the length: see idle.h.
 *     RQ-R2 -> RQ-A2   the thief gives its slots back with a release, push acquires head: the owner's new slot cannot
 *                      overtake the thief's reading of the old one.
 *     RQ-R3 -> RQ-A3   pops and give-backs release head, a thief acquires it: the tail that it reads after is not older,
 *                      so that the two say how much is queued, and without the newest if the owner took it.
 * There is no fence: ThreadSanitizer can judge every edge.
 * Progress: push is wait-free; pop repeats only when a thief moved head meanwhile; steal gives up if another is at work.
 * Shutdown: the owner drains it; nobody steals from a runtime without tasks.
 */
#ifndef WEFT_SCHED_RUNQUEUE_H
#define WEFT_SCHED_RUNQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"

/* Other capacities, cursors and beginnings are for tests, where wrap-around has to happen. */
#ifndef WEFT__RUNQUEUE_CAPACITY
#define WEFT__RUNQUEUE_CAPACITY 256
#endif
#ifndef WEFT__RUNQUEUE_CURSOR
#define WEFT__RUNQUEUE_CURSOR uint16_t
#endif
#ifndef WEFT__RUNQUEUE_FIRST
#define WEFT__RUNQUEUE_FIRST 0
#endif

typedef WEFT__RUNQUEUE_CURSOR weft__cursor;

_Static_assert((WEFT__RUNQUEUE_CAPACITY & (WEFT__RUNQUEUE_CAPACITY - 1)) == 0, "a power of two");

struct weft__task;

struct weft__runqueue {
    _Alignas(64) _Atomic uint64_t head; /* its number in the upper half, then steal, then real */
    _Alignas(64) _Atomic weft__cursor tail;
    _Atomic(struct weft__task *) slots[WEFT__RUNQUEUE_CAPACITY];
};

void weft__runqueue_init(struct weft__runqueue *queue);

/* Owner: add at the tail. False: it is full (or a thief has not given its slots back yet). */
bool weft__runqueue_push(struct weft__runqueue *queue, struct weft__task *task);

/* Owner: the oldest task, or NULL. */
struct weft__task *weft__runqueue_pop(struct weft__runqueue *queue);

/* Owner: take this task, if it is the newest. False: it is not, or a thief was first. */
bool weft__runqueue_pop_newest(struct weft__runqueue *queue, const struct weft__task *task);

/* Any thread: take half, rounded up, the oldest first, at most `limit`. How many; 0 also if another thief is at work. */
size_t weft__runqueue_steal(struct weft__runqueue *queue, struct weft__task **out, size_t limit);

/*
 * Any thread: about how many are queued, perhaps too many; 0 only if every task is taken whose push the caller knows of. The
 * searcher's last look knows of all whose pushers have seen nobody asleep (idle.h).
 */
size_t weft__runqueue_length(struct weft__runqueue *queue);

#endif
