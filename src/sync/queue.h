/* SPDX-License-Identifier: MIT */
/*
 * Waiting at a meeting point: nodes in the order of their arrival, and who is woken after the lock.
 *
 * States of a node (wait->state):
 *
 *     from      move        to             by
 *     IDLE      push        QUEUED         the waiter, under the lock
 *     QUEUED    take        GRANTED TOLD CLOSED    whoever lets it in, under the lock; it wakes after the unlock
 *     QUEUED    take        IDLE           the waiter that turns away, under the lock
 *     GRANTED…  leave       IDLE           the waiter, without the lock
 *
 * A node that is out of the list is its waiter's at once: whoever took it out has kept what it needs in a weft__wakes.
 * The waiter's reference to the object ends with `leave`.
 */
#ifndef WEFT_SYNC_QUEUE_H
#define WEFT_SYNC_QUEUE_H

#include <weft/error.h>

#include "registry/rcu.h"
#include "sync/meeting.h"
#include "task/context.h"

/* How many are woken after one turn under the lock. */
#ifndef WEFT__WAKES_MAX
#define WEFT__WAKES_MAX 32
#endif

struct weft__wakes {
    uint32_t count;
    struct {
        weft__waiter waiter;
        uint64_t who; /* as weft__meeting_caller() */
        bool entered; /* it got what it came for: an event says so */
    } woken[WEFT__WAKES_MAX];
};

/* A blocked thread, which may be an owner. */
struct weft__guest {
    struct weft__blocked blocked;
    uint64_t who;
};

/* Whose node it is, as weft__meeting_caller(). Under the lock, while it is in the list. */
uint64_t weft__queue_who(struct weft__wait *wait, weft__waiter waiter);

/* Queue a node: its waiter has a reference from here on. Under the lock. */
void weft__queue_push(struct weft__meeting *object, struct weft__wait *wait, uint8_t mode, uint32_t amount);

/* Take a node out, to be woken; wakes NULL: nobody is. Under the lock. */
void weft__queue_take(struct weft__meeting *object, struct weft__wait *wait, uint8_t state, struct weft__wakes *wakes);

/* The first and the last of those that wait. Under the lock; the list is not empty. */
static inline struct weft__wait *weft__queue_first(struct weft__meeting *object)
{
    return weft__container_of(object->waiting.next, struct weft__wait, link);
}
static inline struct weft__wait *weft__queue_last(struct weft__meeting *object)
{
    return weft__container_of(object->waiting.prev, struct weft__wait, link);
}

/* Wake who was taken out. After the unlock, in the RCU section that was begun before the lock. */
void weft__queue_wake(struct weft__meeting *object, const struct weft__wakes *wakes);

/*
 * Let everybody go who waits now, and nobody who comes later: mark them under the lock, then tell them, in their order.
 * Between two turns under the lock others may wait anew, and may be marked as well.
 */
void weft__queue_mark_all(struct weft__meeting *object);
void weft__queue_mark(struct weft__meeting *object, uint8_t mode); /* only those of one mode */

/* Tell whoever is marked. Called under the lock and in an RCU section; both have ended when it returns. */
void weft__queue_tell_and_unlock(struct weft__meeting *object, uint8_t state);

/* The event of a wait that begins. After the unlock. */
void weft__queue_trace_wait(struct weft__meeting *object);

/* The wait is over, and the node is out of the list. The object may be gone after this. */
static inline void weft__queue_leave(struct weft__meeting *object, struct weft__wait *wait)
{
    wait->object = NULL;
    weft__store_relaxed(weft__wait_word(wait), WEFT__WAIT_IDLE); /* the waiter's own by now */
    weft__meeting_unref(object);
}

/* The abandon of every kind: take the node out, or pass on what it was given. */
void weft__queue_abandon(struct weft__waitable *waitable, struct weft__wait *wait);

/* The answer of weft__queue_begin() that is none: the operation begins, and its turn has been paid for. */
enum { WEFT__QUEUE_BEGINS = 2 };

/*
 * The head of every await. If its task waits for this already, what came of that: 0: it was let in; 1: it was told;
 * WEFT_AWAITING, WEFT_EPIPE, WEFT_ECANCELED. Otherwise what it waited for before is given up, and WEFT__QUEUE_BEGINS,
 * unless it is cancelled or has to let others run. Who is told of a value looks again: WEFT__QUEUE_BEGINS, too.
 */
int weft__queue_begin(weft_context *cx, struct weft__meeting *object, struct weft__wait *wait, uint8_t mode,
                      uint32_t amount);

/* Block this thread, whose node was pushed, until it is let go: 0, 1: told, WEFT_EPIPE; or as weft__blocked_wait(). */
int weft__queue_block(struct weft__meeting *object, struct weft__guest *guest, int64_t deadline_ns);

static inline struct weft__guest weft__queue_guest(void)
{
    return (struct weft__guest){.blocked = {.wait = {.thread = true}}, .who = weft__meeting_caller()};
}

#endif
