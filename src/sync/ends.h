/* SPDX-License-Identifier: MIT */
/*
 * The two ends of the kinds that carry values: oneshot, watch, broadcast. Their handles are counted, each side on its
 * own, so that either side learns when the other has gone.
 *
 * Who touches what:
 *     senders, receivers   under the lock, where they decide something (watch, broadcast); otherwise a number to show
 *     handles              anybody; the last one to close frees what is the kind's and destroys the rest
 *     the value            as the kind says
 */
#ifndef WEFT_SYNC_ENDS_H
#define WEFT_SYNC_ENDS_H

#include "sync/queue.h"

/* 0, or why a handle does not work: null, closed, stale. What it finds stays so while the handle is good. */
int weft__ends_check(const char *call, struct weft__meeting *object, uint32_t generation, uint32_t state);

/* The first handles, before the object is published. */
void weft__ends_init(struct weft__meeting *object, uint32_t senders, uint32_t receivers);

/* One more handle of a side (object->senders or receivers), from one at hand; the count as of then. */
uint64_t weft__ends_add(struct weft__meeting *object, _Atomic uint32_t *side);

/* Lock to tell somebody: the RCU section is for the wakes. weft__queue_tell_and_unlock() ends both, too. */
void weft__ends_lock(struct weft__meeting *object);
void weft__ends_unlock(struct weft__meeting *object);

/* One handle less of a side; the last tells those of the other side, who wait with `mode`. Ends lock and section. */
void weft__ends_leave_and_unlock(struct weft__meeting *object, _Atomic uint32_t *side, uint8_t mode);

/*
 * A handle is closed, after those have been told who need to know: true: it was the last; free what is the kind's, and
 * weft__meeting_destroy() the rest. False: the object is not ours any more.
 */
static inline bool weft__ends_close(struct weft__meeting *object)
{
    return weft__fetch_sub_acq_rel(&object->handles, 1) == 1; /* SY-R3 SY-A3 */
}

/* Wait, on the sending side, until nobody receives: 0; WEFT_AWAITING, WEFT_ECANCELED. */
int weft__ends_await_closed(weft_context *cx, struct weft__meeting *object, struct weft__wait *wait);

#endif
