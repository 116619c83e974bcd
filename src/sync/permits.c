/* SPDX-License-Identifier: MIT */
/* Permits when somebody has to wait; permits.h has the rules and the way without the lock. */
#include "sync/permits.h"

void weft__permits_grant(struct weft__meeting *object, struct weft__wakes *wakes)
{
    while (wakes->count < WEFT__WAKES_MAX && !weft__list_empty(&object->waiting)) {
        struct weft__wait *first = weft__queue_first(object);
        if (weft__meeting_value(weft__load_relaxed(&object->word)) < first->amount) /* WAITERS: only we change it */
            return;
        weft__fetch_sub_relaxed(&object->word, weft__meeting_amount(first->amount));
        weft__queue_take(object, first, WEFT__WAIT_GRANTED, wakes);
    }
}

/* Add to the value. Under the lock, but while WAITERS is clear others swap, too. */
static int permits_add(struct weft__meeting *object, uint32_t generation, uint32_t n)
{
    uint64_t word = weft__load_relaxed(&object->word); /* the compare-and-swap orders */
    do {
        if (weft__meeting_generation(word) != generation)
            return WEFT_ESRCH;
        if (n > object->limit - weft__meeting_value(word))
            return WEFT_ERANGE;
    } while (!weft__cas_weak_release(&object->word, &word, word + weft__meeting_amount(n))); /* SY-R1 */
    return 0;
}

/*
 * Give, under the lock. If the first that waits wants just as many it gets these: the number stays, and what was done before is passed
 * on by its node (SY-R2). So a lock that is wanted all the time goes from hand to hand with its word unwritten.
 */
static int permits_give_locked(struct weft__meeting *object, uint32_t generation, uint32_t n, struct weft__wakes *wakes)
{
    const uint64_t word = weft__load_relaxed(&object->word); /* WAITERS, if anybody waits: only we change it */
    const bool fits = weft__meeting_generation(word) == generation && n <= object->limit - weft__meeting_value(word);
    if (fits && !weft__list_empty(&object->waiting) && weft__queue_first(object)->amount == n) {
        weft__queue_take(object, weft__queue_first(object), WEFT__WAIT_GRANTED, wakes);
    } else {
        const int error = permits_add(object, generation, n);
        if (error < 0)
            return error;
    }
    weft__permits_grant(object, wakes);
    return 0;
}

int weft__permits_give_slowly(struct weft__meeting *object, uint32_t generation, uint32_t n)
{
    struct weft__wakes wakes;
    wakes.count = 0;
    weft__rcu_read_lock(); /* from here on: whoever gets them may destroy the object */
    weft__lock(&object->lock);
    const int error = permits_give_locked(object, generation, n, &wakes);
    bool more = wakes.count == WEFT__WAKES_MAX && !weft__list_empty(&object->waiting);
    const bool referenced = more;
    if (referenced)
        weft__meeting_ref(object); /* for the turns to come, which have sections of their own */
    weft__unlock(&object->lock);
    if (error == 0)
        weft__meeting_trace_release(object);
    weft__queue_wake(object, &wakes);
    weft__rcu_read_unlock();
    while (more) {
        wakes.count = 0;
        weft__rcu_read_lock();
        weft__lock(&object->lock);
        if (permits_add(object, generation, 0) == 0)
            weft__permits_grant(object, &wakes);
        more = wakes.count == WEFT__WAKES_MAX && !weft__list_empty(&object->waiting);
        weft__unlock(&object->lock);
        weft__queue_wake(object, &wakes);
        weft__rcu_read_unlock();
    }
    if (referenced)
        weft__meeting_unref(object);
    return error;
}

void weft__permits_withdrawn(struct weft__meeting *object, struct weft__wait *wait, uint8_t state,
                             struct weft__wakes *wakes)
{
    if (state == WEFT__WAIT_GRANTED) {
        if (wait->mode == WEFT__MODE_OWNS)
            weft__store_relaxed(&object->owner, 0); /* the next acquires the word */
        permits_add(object, weft__meeting_generation(weft__load_relaxed(&object->word)), wait->amount);
    }
    weft__permits_grant(object, wakes);
}

/* Wait, unless there are enough after all (0), or it is over. WEFT_AWAITING: the node is in the list. */
static int permits_enqueue(struct weft__meeting *object, uint32_t generation, struct weft__wait *wait, uint8_t mode,
                           uint32_t n)
{
    int answer = WEFT_AWAITING;
    weft__lock(&object->lock);
    uint64_t word = weft__load_relaxed(&object->word); /* the generation changes under the lock */
    if (weft__meeting_generation(word) != generation) {
        weft__unlock(&object->lock);
        return WEFT_ESRCH;
    }
    if (!(word & WEFT__MEETING_WAITERS)) /* whoever set it acquired, and has given back the lock since */
        word = weft__fetch_or_acquire(&object->word, WEFT__MEETING_WAITERS); /* SY-A1; from here on it stands still */
    if (word & WEFT__MEETING_CLOSED)
        answer = WEFT_EPIPE;
    else if (word & WEFT__MEETING_DONE)
        answer = 1;
    else if (weft__list_empty(&object->waiting) && weft__meeting_value(word) >= n)
        answer = 0;
    if (answer == WEFT_AWAITING) {
        weft__queue_push(object, wait, mode, n);
    } else if (weft__list_empty(&object->waiting)) {
        const uint64_t taken = answer == 0 ? weft__meeting_amount(n) : 0;
        weft__fetch_sub_relaxed(&object->word, WEFT__MEETING_WAITERS + taken);
    }
    weft__unlock(&object->lock);
    if (answer == WEFT_AWAITING)
        weft__queue_trace_wait(object);
    return answer;
}

static void permits_entered(struct weft__meeting *object, uint8_t mode, uint64_t who)
{
    weft__meeting_let_in(object, mode, who);
    if (weft__trace_wants(WEFT_TRACE_sync_acquire))
        weft__meeting_trace_acquire(object, who);
}

int weft__permits_await(weft_context *cx, struct weft__meeting *object, uint32_t generation, struct weft__wait *wait,
                        uint8_t mode, uint32_t n)
{
    int answer = weft__queue_begin(cx, object, wait, mode, n);
    if (answer != WEFT__QUEUE_BEGINS)
        return answer; /* whoever let it in has made it the owner */
    answer = weft__permits_take(object, generation, n);
    if (weft__unlikely(answer == WEFT_EAGAIN))
        answer = permits_enqueue(object, generation, wait, mode, n);
    if (weft__likely(answer == 0))
        permits_entered(object, mode, weft__task_id(weft__cx_task(cx)));
    else if (answer == WEFT_AWAITING)
        weft__cx_refund(cx);
    return answer;
}

int weft__permits_try(struct weft__meeting *object, uint32_t generation, uint8_t mode, uint32_t n)
{
    const int answer = weft__permits_take(object, generation, n);
    if (answer == 0)
        permits_entered(object, mode, weft__meeting_caller());
    return answer;
}

int weft__permits_block(struct weft__meeting *object, uint32_t generation, uint8_t mode, uint32_t n,
                        int64_t deadline_ns)
{
    int answer = weft__permits_try(object, generation, mode, n);
    if (answer != WEFT_EAGAIN)
        return answer;
    struct weft__guest guest = weft__queue_guest();
    answer = permits_enqueue(object, generation, &guest.blocked.wait, mode, n);
    if (answer == 0)
        permits_entered(object, mode, guest.who);
    return answer == WEFT_AWAITING ? weft__queue_block(object, &guest, deadline_ns) : answer;
}
