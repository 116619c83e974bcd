/* SPDX-License-Identifier: MIT */
/* The list of those who wait; queue.h says by which rules. */
#include "sync/queue.h"

#include "trace/emit.h"

void weft__queue_push(struct weft__meeting *object, struct weft__wait *wait, uint8_t mode, uint32_t amount)
{
    if (wait->thread)
        weft__container_of(wait, struct weft__guest, blocked.wait)->blocked.drives = weft__driven_here(weft__meeting_home(object)->number);
    wait->object = &object->waitable;
    wait->since = weft__self_now(weft__meeting_home(object)->realm);
    wait->single = false;
    wait->mode = mode;
    wait->amount = amount;
    weft__store_relaxed(weft__wait_word(wait), WEFT__WAIT_QUEUED); /* the waiter's own until the unlock */
    weft__list_push_back(&object->waiting, &wait->link);
    weft__store_relaxed(&object->waiting_count, weft__load_relaxed(&object->waiting_count) + 1); /* under the lock */
    weft__store_relaxed(&object->waits, weft__load_relaxed(&object->waits) + 1);
    weft__meeting_ref(object);
}

/* Nobody waits any more: the way past the lock is open again. Under the lock. */
static void queue_open_way(struct weft__meeting *object)
{
    if (weft__list_empty(&object->waiting) && (weft__load_relaxed(&object->word) & WEFT__MEETING_WAITERS))
        weft__fetch_and_relaxed(&object->word, ~(uint64_t)WEFT__MEETING_WAITERS);
}

uint64_t weft__queue_who(struct weft__wait *wait, weft__waiter waiter)
{
    if (wait->thread)
        return weft__container_of(wait, struct weft__guest, blocked.wait)->who;
    return weft__task_id((const weft__task *)(uintptr_t)waiter);
}

void weft__queue_take(struct weft__meeting *object, struct weft__wait *wait, uint8_t state, struct weft__wakes *wakes)
{
    weft__list_remove(&wait->link);
    weft__store_relaxed(&object->waiting_count, weft__load_relaxed(&object->waiting_count) - 1); /* under the lock */
    queue_open_way(object);
    const int64_t took = weft__self_now(weft__meeting_home(object)->realm) - wait->since;
    if (took > 0)
        weft__store_relaxed(&object->wait_total_ns, weft__load_relaxed(&object->wait_total_ns) + took);
    weft__coarse_add(&weft__ledger_of(&weft__meeting_home(object)->ledger, &object->number, object->name, object->component,
                                      object->kind)->waits,
                     took);
    if (wakes) {
        const weft__waiter waiter = weft__wait_waiter(wait);
        const uint64_t who = weft__queue_who(wait, waiter);
        if (state == WEFT__WAIT_GRANTED)
            weft__meeting_let_in(object, wait->mode, who);
        wakes->woken[wakes->count].waiter = waiter;
        wakes->woken[wakes->count].who = who;
        wakes->woken[wakes->count].entered = state != WEFT__WAIT_CLOSED && object->kind < WEFT_SYNC_ONESHOT;
        wakes->count++;
    }
    weft__store_release(weft__wait_word(wait), state); /* SY-R2; the node is its waiter's from here on */
}

void weft__queue_wake(struct weft__meeting *object, const struct weft__wakes *wakes)
{
    const uint64_t id = weft__load_relaxed(&object->id);
    for (uint32_t i = 0; i < wakes->count; i++) {
        if (wakes->woken[i].entered)
            weft__meeting_trace_acquire(object, wakes->woken[i].who);
        weft__waiter_wake(wakes->woken[i].waiter, WEFT_TRACE_wake_source_SYNC, id);
    }
}

void weft__queue_mark_all(struct weft__meeting *object)
{
    struct weft__link *waiting = &object->waiting, *waking = &object->waking;
    if (weft__list_empty(waiting))
        return;
    waiting->next->prev = waking->prev;
    waking->prev->next = waiting->next;
    waiting->prev->next = waking;
    waking->prev = waiting->prev;
    weft__list_init(waiting);
    queue_open_way(object);
}

void weft__queue_mark(struct weft__meeting *object, uint8_t mode)
{
    struct weft__link *next;
    for (struct weft__link *link = object->waiting.next; link != &object->waiting; link = next) {
        next = link->next;
        if (weft__container_of(link, struct weft__wait, link)->mode != mode)
            continue;
        weft__list_remove(link);
        weft__list_push_back(&object->waking, link);
    }
    queue_open_way(object);
}

void weft__queue_tell_and_unlock(struct weft__meeting *object, uint8_t state)
{
    struct weft__wakes wakes;
    bool referenced = false;
    for (;;) {
        wakes.count = 0;
        while (wakes.count < WEFT__WAKES_MAX && !weft__list_empty(&object->waking))
            weft__queue_take(object, weft__container_of(object->waking.next, struct weft__wait, link), state, &wakes);
        const bool more = !weft__list_empty(&object->waking);
        if (more && !referenced) {
            weft__meeting_ref(object); /* those that are told may destroy it */
            referenced = true;
        }
        weft__unlock(&object->lock);
        weft__queue_wake(object, &wakes);
        weft__rcu_read_unlock();
        if (!more)
            break;
        weft__rcu_read_lock();
        weft__lock(&object->lock);
    }
    if (referenced)
        weft__meeting_unref(object);
}

void weft__queue_trace_wait(struct weft__meeting *object)
{
    WEFT__TRACE(weft__meeting_home(object)->number, sync_wait, weft__load_relaxed(&object->id), weft__self_task_id(),
                weft__load_relaxed(&object->waiting_count));
}

/* Take the node out, if it is still in; let the kind go on from there. Under the lock. */
static void queue_withdraw(struct weft__meeting *object, struct weft__wait *wait, uint8_t state,
                           struct weft__wakes *wakes)
{
    if (state == WEFT__WAIT_QUEUED)
        weft__queue_take(object, wait, WEFT__WAIT_IDLE, NULL);
    if (object->withdrawn && weft__meeting_generation(weft__load_relaxed(&object->word)) != 0)
        object->withdrawn(object, wait, state, wakes);
}

/* Wake those who were let in by a withdrawal, and go on while there may be more. Ends lock and section. */
static void queue_go_on_and_unlock(struct weft__meeting *object, struct weft__wakes *wakes)
{
    for (;;) {
        const bool more = wakes->count == WEFT__WAKES_MAX;
        weft__unlock(&object->lock);
        weft__queue_wake(object, wakes);
        weft__rcu_read_unlock();
        if (!more)
            return;
        wakes->count = 0;
        weft__rcu_read_lock();
        weft__lock(&object->lock); /* the caller's reference keeps it */
        queue_withdraw(object, NULL, WEFT__WAIT_IDLE, wakes);
    }
}

void weft__queue_abandon(struct weft__waitable *waitable, struct weft__wait *wait)
{
    struct weft__meeting *object = weft__container_of(waitable, struct weft__meeting, waitable);
    struct weft__wakes wakes;
    wakes.count = 0;
    weft__rcu_read_lock();
    weft__lock(&object->lock);
    queue_withdraw(object, wait, weft__load_relaxed(weft__wait_word(wait)), &wakes); /* under the lock */
    queue_go_on_and_unlock(object, &wakes);
    weft__queue_leave(object, wait);
}

/* What a node that is out of the list brought. The wait is over. */
static int queue_settle(struct weft__meeting *object, struct weft__wait *wait, uint8_t state)
{
    weft__queue_leave(object, wait);
    if (state == WEFT__WAIT_CLOSED)
        return WEFT_EPIPE;
    return state == WEFT__WAIT_TOLD;
}

static int queue_resume(weft_context *cx, struct weft__meeting *object, struct weft__wait *wait)
{
    if (weft__cx_cancelled(cx)) {
        weft__wait_leave(wait);
        return WEFT_ECANCELED;
    }
    const uint8_t state = weft__load_acquire(weft__wait_word(wait)); /* SY-A2 */
    if (state == WEFT__WAIT_QUEUED)
        return WEFT_AWAITING;
    const bool looks_again = object->kind >= WEFT_SYNC_ONESHOT; /* the wait keeps the object, up to the next line */
    const int answer = queue_settle(object, wait, state);
    return looks_again ? WEFT__QUEUE_BEGINS : answer;
}

int weft__queue_begin(weft_context *cx, struct weft__meeting *object, struct weft__wait *wait, uint8_t mode,
                      uint32_t amount)
{
    if (wait->object == &object->waitable && wait->mode == mode && wait->amount == amount) {
        const int answer = queue_resume(cx, object, wait);
        if (answer != WEFT__QUEUE_BEGINS)
            return answer;
    } else {
        weft__wait_leave(wait);
    }
    if (weft__cx_cancelled(cx))
        return WEFT_ECANCELED;
    return weft__cx_spend(cx) ? WEFT__QUEUE_BEGINS : WEFT_AWAITING;
}

/* A blocked thread stops waiting. False: somebody has taken its node out, and is about to wake it. */
static bool queue_give_up(struct weft__meeting *object, struct weft__wait *wait)
{
    struct weft__wakes wakes;
    wakes.count = 0;
    weft__rcu_read_lock();
    weft__lock(&object->lock);
    const bool queued = weft__load_relaxed(weft__wait_word(wait)) == WEFT__WAIT_QUEUED; /* under the lock */
    if (queued)
        queue_withdraw(object, wait, WEFT__WAIT_QUEUED, &wakes);
    queue_go_on_and_unlock(object, &wakes);
    return queued;
}

int weft__queue_block(struct weft__meeting *object, struct weft__guest *guest, int64_t deadline_ns)
{
    struct weft__wait *wait = &guest->blocked.wait;
    const int woken = weft__blocked_wait(&guest->blocked, deadline_ns);
    if (woken == WEFT_ESHUTDOWN)
        return woken;
    if (woken < 0) {
        if (queue_give_up(object, wait)) {
            weft__queue_leave(object, wait);
            return woken;
        }
        weft__event_wait(&guest->blocked.event, WEFT_FOREVER);
    }
    return queue_settle(object, wait, weft__load_relaxed(weft__wait_word(wait))); /* the event orders */
}
