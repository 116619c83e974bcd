/* SPDX-License-Identifier: MIT */
/*
 * The barrier: the value counts those that have arrived and wait. Everything happens under the lock, which orders what
 * the parties did before they came with what they do after.
 *
 *     value + 1 < parties    wait    value + 1, wait in the list, with the number of this opening
 *     value + 1 = parties    wait    value 0, the count of openings + 1, all that wait are told; 1
 *     any                    turned away before it opened    value - 1
 */
#include <weft/error.h>
#include <weft/notify.h>

#include "base/error.h"
#include "sync/queue.h"
#include "trace/emit.h"
#include "task/future.h"

/* Under the lock. A node that waited for an opening which has begun is not turned away by it: it says which came last. */
static void barrier_withdrawn(struct weft__meeting *object, struct weft__wait *wait, uint8_t state,
                              struct weft__wakes *wakes)
{
    (void)wakes;
    if (!wait || state != WEFT__WAIT_QUEUED)
        return;
    const uint32_t openings = (uint32_t)weft__load_relaxed(&object->count);
    if (wait->amount == openings)
        weft__fetch_sub_relaxed(&object->word, weft__meeting_amount(1));
    wait->amount = openings;
}

int weft_barrier_create(weft_runtime *rt, const weft_barrier_options *o, weft_barrier *out_barrier)
{
    static const char call[] = "weft_barrier_create";
    if (!out_barrier || (o && o->size < sizeof *o))
        return weft__refuse(WEFT_EINVAL, "%s: give a place for the handle, and options by WEFT_BARRIER_OPTIONS()",
                            call);
    const uint32_t parties = o && o->parties != 0 ? o->parties : 1;
    if (parties > WEFT_PERMITS_MAX)
        return weft__refuse(WEFT_EINVAL, "%s: %u parties of '%.100s': give 1 to %d", call, parties,
                            o->name ? o->name : "barrier", WEFT_PERMITS_MAX);
    const struct weft__meeting_plan plan = {
        .call = call,
        .name = o ? o->name : NULL,
        .component = o ? o->component : NULL,
        .otherwise = "barrier",
        .kind = WEFT_SYNC_BARRIER,
        .limit = parties,
        .withdrawn = barrier_withdrawn,
    };
    return weft__meeting_open(rt, &plan, &out_barrier->weft__object, &out_barrier->weft__generation,
                              &out_barrier->weft__state);
}

/* All are here. Ends lock and section. */
static void barrier_open_and_unlock(struct weft__meeting *object, uint32_t arrived)
{
    weft__fetch_sub_relaxed(&object->word, weft__meeting_amount(arrived)); /* under the lock */
    weft__store_relaxed(&object->count, weft__load_relaxed(&object->count) + 1);
    weft__queue_mark_all(object);
    weft__queue_tell_and_unlock(object, WEFT__WAIT_TOLD);
}

/* 1: the last; WEFT_AWAITING: the node is in the list; WEFT_ESRCH. */
static int barrier_arrive(struct weft__meeting *object, uint32_t generation, struct weft__wait *wait)
{
    weft__rcu_read_lock();
    weft__lock(&object->lock);
    const uint64_t word = weft__load_relaxed(&object->word); /* under the lock */
    const uint32_t arrived = weft__meeting_value(word);
    if (weft__meeting_generation(word) == generation && arrived + 1 == object->limit) {
        if (weft__trace_wants(WEFT_TRACE_sync_release)) {
            weft__meeting_ref(object);
            barrier_open_and_unlock(object, arrived);
            weft__meeting_trace_release(object);
            weft__meeting_unref(object);
        } else {
            barrier_open_and_unlock(object, arrived);
        }
        return 1;
    }
    const bool good = weft__meeting_generation(word) == generation;
    if (good) {
        weft__fetch_add_relaxed(&object->word, weft__meeting_amount(1));
        weft__queue_push(object, wait, WEFT__MODE_PLAIN, (uint32_t)weft__load_relaxed(&object->count));
    }
    weft__unlock(&object->lock);
    weft__rcu_read_unlock();
    if (good)
        weft__queue_trace_wait(object);
    return good ? WEFT_AWAITING : WEFT_ESRCH;
}

static int barrier_await(const char *call, weft_context *cx, const weft_barrier *barrier, struct weft__wait *wait)
{
    if (!barrier || !barrier->weft__object)
        return weft__meeting_refuse(call, NULL, barrier ? barrier->weft__state : 0);
    /* The number of the opening that it waits for is its own business: whatever it is, it is the same wait. */
    const int begun = weft__queue_begin(cx, barrier->weft__object, wait, WEFT__MODE_PLAIN, wait->amount);
    if (begun != WEFT__QUEUE_BEGINS)
        return begun == 1 ? 0 : begun; /* 1 is the leader's */
    const int answer = barrier_arrive(barrier->weft__object, barrier->weft__generation, wait);
    if (answer == WEFT_AWAITING)
        weft__cx_refund(cx);
    return answer == WEFT_ESRCH ? weft__meeting_stale(call, barrier->weft__object) : answer;
}

int weft_barrier_wait(weft_context *cx, const weft_barrier *barrier)
{
    static const char call[] = "weft_barrier_wait";
    return cx ? barrier_await(call, cx, barrier, &weft__cx_task(cx)->wait) : weft__meeting_refuse(call, NULL, 0);
}

static int barrier_future_poll(weft_context *cx, weft_future *future)
{
    return barrier_await("weft_barrier_wait_begin", cx, ((const weft_barrier_future *)(const void *)future)->barrier,
                         weft__future_attach(cx, future));
}

void weft_barrier_wait_begin(weft_barrier_future *future, const weft_barrier *barrier)
{
    if (!weft__future_begin(future, barrier_future_poll))
        return;
    future->barrier = barrier;
}

int weft_barrier_wait_blocking(const weft_barrier *barrier, int64_t deadline_ns)
{
    static const char call[] = "weft_barrier_wait_blocking";
    if (!barrier || !barrier->weft__object)
        return weft__meeting_refuse(call, NULL, barrier ? barrier->weft__state : 0);
    if (weft__self)
        return weft__meeting_on_worker(call);
    struct weft__guest guest = weft__queue_guest();
    const int answer = barrier_arrive(barrier->weft__object, barrier->weft__generation, &guest.blocked.wait);
    if (answer != WEFT_AWAITING)
        return answer == WEFT_ESRCH ? weft__meeting_stale(call, barrier->weft__object) : answer;
    /* Its time may run out when it is let through already and others are told first: the opening counts it. */
    const uint32_t opening = guest.blocked.wait.amount;
    const int told = weft__queue_block(barrier->weft__object, &guest, deadline_ns);
    return told == 1 || guest.blocked.wait.amount != opening ? 0 : told;
}

void weft_barrier_destroy(weft_barrier *barrier)
{
    if (barrier)
        weft__meeting_end(&barrier->weft__object, &barrier->weft__generation, &barrier->weft__state);
}
