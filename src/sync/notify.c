/* SPDX-License-Identifier: MIT */
/*
 * Notify: the value is 1 while a notification is stored.
 *
 *     value 0    wait      wait in the list
 *     value 1    wait      value 0, ready
 *     nobody waits   one last   value 1, also if it was: who takes it sees what came before the second, too
 *     some wait      one last   the first or the last of them; it passes its notification on if it turns away
 *     any        all       the count of tickets + 1; all that wait now; the value stays
 *
 * One that was told by `all` has nothing of its own: it leaves the stored notification alone, and passes nothing on.
 */
#include <weft/error.h>
#include <weft/notify.h>

#include "base/error.h"
#include "sync/permits.h"
#include "task/future.h"

/* Give a notification to one that waits. Under the lock; the list is not empty. */
static void notify_hand_over(struct weft__meeting *object, uint8_t state, struct weft__wakes *wakes)
{
    struct weft__wait *wait = state == WEFT__WAIT_GRANTED ? weft__queue_first(object) : weft__queue_last(object);
    weft__queue_take(object, wait, state, wakes);
}

/* Store a notification, also over a stored one: its writer's past goes with it. False: the handle is stale. */
static bool notify_store(struct weft__meeting *object, uint32_t generation)
{
    uint64_t word = weft__load_relaxed(&object->word); /* the compare-and-swap orders */
    do {
        if (weft__meeting_generation(word) != generation)
            return false;
    } while (!weft__cas_weak_release(&object->word, &word, word | weft__meeting_amount(1))); /* SY-R1 */
    return true;
}

static void notify_withdrawn(struct weft__meeting *object, struct weft__wait *wait, uint8_t state,
                             struct weft__wakes *wakes)
{
    (void)wait;
    if (state != WEFT__WAIT_GRANTED && state != WEFT__WAIT_GRANTED_LAST)
        return;
    if (weft__list_empty(&object->waiting))
        notify_store(object, weft__meeting_generation(weft__load_relaxed(&object->word)));
    else
        notify_hand_over(object, state, wakes);
}

int weft_notify_create(weft_runtime *rt, const weft_notify_options *o, weft_notify *out_notify)
{
    static const char call[] = "weft_notify_create";
    if (!out_notify || (o && o->size < sizeof *o))
        return weft__refuse(WEFT_EINVAL, "%s: give a place for the handle, and options by WEFT_NOTIFY_OPTIONS()", call);
    const struct weft__meeting_plan plan = {
        .call = call,
        .name = o ? o->name : NULL,
        .component = o ? o->component : NULL,
        .otherwise = "notify",
        .kind = WEFT_SYNC_NOTIFY,
        .limit = 1,
        .withdrawn = notify_withdrawn,
    };
    return weft__meeting_open(rt, &plan, &out_notify->weft__object, &out_notify->weft__generation,
                              &out_notify->weft__state);
}

static int notify_check(const char *call, const weft_notify *notify)
{
    if (weft__unlikely(!notify || !notify->weft__object))
        return weft__meeting_refuse(call, NULL, notify ? notify->weft__state : 0);
    return 0;
}

/* One evaluation of an awaited wait; `ticket` NULL: without one. */
static int notify_enqueue(struct weft__meeting *object, uint32_t generation, struct weft__wait *wait,
                          const uint64_t *ticket)
{
    int answer = WEFT_AWAITING;
    weft__lock(&object->lock);
    uint64_t word = weft__load_relaxed(&object->word); /* the generation changes under the lock */
    if (weft__meeting_generation(word) != generation) {
        answer = WEFT_ESRCH;
    } else if (ticket && weft__load_relaxed(&object->count) != *ticket) { /* under the lock */
        answer = 0;
    } else {
        word = weft__fetch_or_acquire(&object->word, WEFT__MEETING_WAITERS); /* SY-A1; it stands still now */
        if (weft__list_empty(&object->waiting) && weft__meeting_value(word) > 0) {
            weft__fetch_sub_relaxed(&object->word, WEFT__MEETING_WAITERS + weft__meeting_amount(1));
            answer = 0;
        } else {
            weft__queue_push(object, wait, ticket ? WEFT__MODE_TICKET : WEFT__MODE_PLAIN, 0);
        }
    }
    weft__unlock(&object->lock);
    if (answer == WEFT_AWAITING)
        weft__queue_trace_wait(object);
    else if (answer == 0 && weft__trace_wants(WEFT_TRACE_sync_acquire))
        weft__meeting_trace_acquire(object, weft__meeting_caller());
    return answer;
}

/* Take what is stored: 0, or WEFT_EAGAIN, WEFT_ESRCH. */
static int notify_take(struct weft__meeting *object, uint32_t generation)
{
    const int answer = weft__permits_take(object, generation, 1);
    if (answer == 0 && weft__trace_wants(WEFT_TRACE_sync_acquire))
        weft__meeting_trace_acquire(object, weft__meeting_caller());
    return answer;
}

static int notify_begin(struct weft__meeting *object, uint32_t generation, struct weft__wait *wait,
                        const uint64_t *ticket)
{
    if (!ticket) {
        const int answer = notify_take(object, generation);
        if (answer != WEFT_EAGAIN)
            return answer;
    }
    return notify_enqueue(object, generation, wait, ticket);
}

static int notify_await(const char *call, weft_context *cx, const weft_notify *notify, const uint64_t *ticket,
                        struct weft__wait *wait)
{
    if (!notify || !notify->weft__object)
        return weft__meeting_refuse(call, NULL, notify ? notify->weft__state : 0);
    const uint8_t mode = ticket ? WEFT__MODE_TICKET : WEFT__MODE_PLAIN;
    const int begun = weft__queue_begin(cx, notify->weft__object, wait, mode, 0);
    if (begun != WEFT__QUEUE_BEGINS)
        return begun == 1 ? 0 : begun; /* told by all, or one by one: the same to the caller */
    const int answer = notify_begin(notify->weft__object, notify->weft__generation, wait, ticket);
    if (answer == WEFT_AWAITING)
        weft__cx_refund(cx);
    return answer == WEFT_ESRCH ? weft__meeting_stale(call, notify->weft__object) : answer;
}

int weft_notify_wait(weft_context *cx, const weft_notify *notify)
{
    static const char call[] = "weft_notify_wait";
    return cx ? notify_await(call, cx, notify, NULL, &weft__cx_task(cx)->wait) : weft__meeting_refuse(call, NULL, 0);
}

int weft_notify_wait_since(weft_context *cx, const weft_notify *notify, uint64_t ticket)
{
    static const char call[] = "weft_notify_wait_since";
    return cx ? notify_await(call, cx, notify, &ticket, &weft__cx_task(cx)->wait) : weft__meeting_refuse(call, NULL, 0);
}

static int notify_future_poll(weft_context *cx, weft_future *future)
{
    const weft_notify_future *wait = (const weft_notify_future *)(const void *)future;
    if (wait->has_ticket)
        return notify_await("weft_notify_wait_since_begin", cx, wait->notify, &wait->ticket, weft__future_attach(cx, future));
    return notify_await("weft_notify_wait_begin", cx, wait->notify, NULL, weft__future_attach(cx, future));
}

void weft_notify_wait_begin(weft_notify_future *future, const weft_notify *notify)
{
    if (!weft__future_begin(future, notify_future_poll))
        return;
    future->notify = notify;
    future->ticket = 0;
    future->has_ticket = false;
}

void weft_notify_wait_since_begin(weft_notify_future *future, const weft_notify *notify, uint64_t ticket)
{
    weft_notify_wait_begin(future, notify);
    if (!future)
        return;
    future->ticket = ticket;
    future->has_ticket = true;
}

uint64_t weft_notify_ticket(const weft_notify *notify)
{
    if (!notify || !notify->weft__object)
        return 0;
    struct weft__meeting *object = notify->weft__object;
    const uint64_t ticket = weft__load_acquire(&object->count); /* SY-A1: what came before that `all` is seen */
    const uint64_t word = weft__load_relaxed(&object->word);
    return weft__meeting_generation(word) == notify->weft__generation ? ticket : 0;
}

int weft_notify_wait_blocking(const weft_notify *notify, int64_t deadline_ns)
{
    static const char call[] = "weft_notify_wait_blocking";
    const int wrong = notify_check(call, notify);
    if (wrong)
        return wrong;
    if (weft__self)
        return weft__meeting_on_worker(call);
    struct weft__guest guest = weft__queue_guest();
    const int answer = notify_begin(notify->weft__object, notify->weft__generation, &guest.blocked.wait, NULL);
    if (answer != WEFT_AWAITING)
        return answer == WEFT_ESRCH ? weft__meeting_stale(call, notify->weft__object) : answer;
    const int told = weft__queue_block(notify->weft__object, &guest, deadline_ns);
    return told == 1 ? 0 : told;
}

/* Somebody waits, or did a moment ago. */
static int notify_slowly(const char *call, struct weft__meeting *object, uint32_t generation, uint8_t state)
{
    struct weft__wakes wakes;
    wakes.count = 0;
    bool good = true;
    weft__rcu_read_lock();
    weft__lock(&object->lock);
    if (weft__meeting_generation(weft__load_relaxed(&object->word)) != generation)
        good = false;
    else if (weft__list_empty(&object->waiting))
        good = notify_store(object, generation);
    else
        notify_hand_over(object, state, &wakes);
    weft__unlock(&object->lock);
    if (good)
        weft__meeting_trace_release(object);
    weft__queue_wake(object, &wakes);
    weft__rcu_read_unlock();
    return good ? 0 : weft__meeting_stale(call, object);
}

static int notify_give(const char *call, const weft_notify *notify, uint8_t state)
{
    const int wrong = notify_check(call, notify);
    if (wrong)
        return wrong;
    struct weft__meeting *object = notify->weft__object;
    uint64_t word = weft__load_relaxed(&object->word); /* the compare-and-swap orders */
    do {
        if (weft__meeting_generation(word) != notify->weft__generation)
            return weft__meeting_stale(call, object);
        if ((word & WEFT__MEETING_WAITERS) || weft__trace_wants(WEFT_TRACE_sync_release))
            return notify_slowly(call, object, notify->weft__generation, state);
    } while (!weft__cas_weak_release(&object->word, &word, word | weft__meeting_amount(1))); /* SY-R1 */
    return 0;
}

int weft_notify_one(const weft_notify *notify)
{
    return notify_give("weft_notify_one", notify, WEFT__WAIT_GRANTED);
}

int weft_notify_last(const weft_notify *notify)
{
    return notify_give("weft_notify_last", notify, WEFT__WAIT_GRANTED_LAST);
}

int weft_notify_all(const weft_notify *notify)
{
    static const char call[] = "weft_notify_all";
    const int wrong = notify_check(call, notify);
    if (wrong)
        return wrong;
    struct weft__meeting *object = notify->weft__object;
    weft__rcu_read_lock();
    weft__lock(&object->lock);
    if (weft__meeting_generation(weft__load_relaxed(&object->word)) != notify->weft__generation) {
        weft__unlock(&object->lock);
        weft__rcu_read_unlock();
        return weft__meeting_stale(call, object);
    }
    weft__store_release(&object->count, weft__load_relaxed(&object->count) + 1); /* SY-R1; under the lock */
    weft__queue_mark_all(object);
    weft__queue_tell_and_unlock(object, WEFT__WAIT_TOLD);
    return 0;
}

void weft_notify_destroy(weft_notify *notify)
{
    if (notify)
        weft__meeting_end(&notify->weft__object, &notify->weft__generation, &notify->weft__state);
}
