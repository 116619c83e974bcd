/* SPDX-License-Identifier: MIT */
/* Handles of the kinds that carry values; ends.h says by which rules. */
#include "sync/ends.h"

int weft__ends_check(const char *call, struct weft__meeting *object, uint32_t generation, uint32_t state)
{
    if (weft__unlikely(!object))
        return weft__meeting_refuse(call, NULL, state);
    const uint64_t word = weft__load_relaxed(&object->word); /* the handle keeps the object */
    return weft__likely(weft__meeting_generation(word) == generation) ? 0 : weft__meeting_stale(call, object);
}

void weft__ends_init(struct weft__meeting *object, uint32_t senders, uint32_t receivers)
{
    weft__store_relaxed(&object->senders, senders); /* nobody else knows it yet */
    weft__store_relaxed(&object->receivers, receivers);
    weft__store_relaxed(&object->handles, senders + receivers);
}

uint64_t weft__ends_add(struct weft__meeting *object, _Atomic uint32_t *side)
{
    weft__fetch_add_relaxed(&object->handles, 1); /* the handle at hand keeps it above 0 */
    weft__lock(&object->lock);
    weft__store_relaxed(side, weft__load_relaxed(side) + 1); /* under the lock, as those who ask whether it is 0 */
    const uint64_t count = weft__load_relaxed(&object->count);
    weft__unlock(&object->lock);
    return count;
}

void weft__ends_lock(struct weft__meeting *object)
{
    weft__rcu_read_lock();
    weft__lock(&object->lock);
}

void weft__ends_unlock(struct weft__meeting *object)
{
    weft__unlock(&object->lock);
    weft__rcu_read_unlock();
}

void weft__ends_leave_and_unlock(struct weft__meeting *object, _Atomic uint32_t *side, uint8_t mode)
{
    const uint32_t left = weft__load_relaxed(side) - 1; /* under the lock */
    weft__store_relaxed(side, left);
    if (left == 0)
        weft__queue_mark(object, mode);
    weft__queue_tell_and_unlock(object, WEFT__WAIT_TOLD);
}

int weft__ends_await_closed(weft_context *cx, struct weft__meeting *object, struct weft__wait *wait)
{
    const int begun = weft__queue_begin(cx, object, wait, WEFT__MODE_SENDER, 0);
    if (begun != WEFT__QUEUE_BEGINS)
        return begun;
    weft__lock(&object->lock);
    const bool waits = weft__load_relaxed(&object->receivers) > 0; /* under the lock */
    if (waits)
        weft__queue_push(object, wait, WEFT__MODE_SENDER, 0);
    weft__unlock(&object->lock);
    if (!waits)
        return 0;
    weft__queue_trace_wait(object);
    weft__cx_refund(cx);
    return WEFT_AWAITING;
}
