/* SPDX-License-Identifier: MIT */
/*
 * Senders that wait: the list, and who gets the next place. A place is handed over, not announced: the receiver that
 * makes room reserves it for the first in the list, so the woken sender does not fight for it again, and a newcomer
 * cannot pass while WAITERS is set.
 *
 * Wakes are collected under the lock and done after it, inside an RCU section (task/wait.h says why).
 */
#include <string.h>
#include <weft/error.h>

#include "channel/channel.h"
#include "registry/rcu.h"
#include "task/context.h"
#include "trace/emit.h"

enum { QUEUE_WAKES = 32 };

void weft__channel_wake_receiver(weft_channel *channel)
{
    weft__rcu_read_lock();
    const weft__waiter waiter = weft__exchange_acq_rel(&channel->rx, 0); /* one sender wakes it, once */
    if (waiter == WEFT__RX_BELL)
        weft__bell_ring(weft__load_acquire(&channel->bell)); /* CH-A7 */
    else if (waiter)
        weft__waiter_wake(waiter, WEFT_TRACE_wake_source_CHANNEL, weft__channel_id(channel));
    weft__rcu_read_unlock();
}

/* Those who leave the list together. */
struct queue_leavers {
    int64_t now;
    int count;
    uint32_t in_no_time; /* as most do: within one turn of a worker its clock stands */
    weft__waiter of[QUEUE_WAKES];
};

/* None yet. Who they are is not cleared, which would be four lines for mostly one. */
static inline void queue_leavers_init(struct queue_leavers *leavers, int64_t now)
{
    leavers->now = now;
    leavers->count = 0;
    leavers->in_no_time = 0;
}

/* Take a node out of the list. Under the lock; the caller sees to the gate before. */
static void queue_take_out(weft_channel *channel, struct weft__wait *wait, uint8_t state, struct queue_leavers *leavers)
{
    const weft__waiter waiter = weft__wait_waiter(wait);
    weft__ring_remove(&channel->waiting, &wait->link);
    weft__store_relaxed(&channel->waiting_count, weft__load_relaxed(&channel->waiting_count) - 1);
    /* A thread slept on the system's clock, and a read of it is nothing beside its wake; a task on its worker's. */
    const int64_t until = wait->thread ? weft__realm_now(weft__channel_home(channel)->realm) : leavers->now;
    const int64_t waited = until - wait->since;
    if (waited > 0) {
        weft__store_relaxed(&channel->wait_total_ns, weft__load_relaxed(&channel->wait_total_ns) + waited);
        weft__coarse_add(&weft__channel_row(channel)->waits, waited);
    } else {
        leavers->in_no_time++;
    }
    leavers->of[leavers->count++] = waiter;
    weft__store_release(weft__wait_word(wait), state); /* CH-R8; the node is its waiter's from here on */
}

/* What the gate says of those who wait, if this node leaves: a number to subtract. Under the lock. */
static uint64_t queue_last(weft_channel *channel, const struct weft__wait *wait)
{
    return channel->waiting == &wait->link && wait->link.next == &wait->link ? WEFT__GATE_WAITERS : 0;
}

/* The same without a place. */
static void queue_dismiss(weft_channel *channel, struct weft__wait *wait, uint8_t state, struct queue_leavers *leavers)
{
    if (queue_last(channel, wait))
        weft__fetch_and_acq_rel(&channel->gate, ~(uint64_t)WEFT__GATE_WAITERS);
    queue_take_out(channel, wait, state, leavers);
}

/* They have left. Under the lock still. */
static void queue_count(weft_channel *channel, const struct queue_leavers *leavers)
{
    if (leavers->in_no_time > 0)
        weft__coarse_add_none(&weft__channel_row(channel)->waits, leavers->in_no_time);
}

static void queue_wake(weft_channel *channel, const struct queue_leavers *leavers)
{
    const uint64_t id = weft__channel_id(channel);
    for (int i = 0; i < leavers->count; i++)
        weft__waiter_wake(leavers->of[i], WEFT_TRACE_wake_source_CHANNEL, id);
}

/* Whether there are so many places, by a gate that was read before. */
static bool queue_fits(weft_channel *channel, uint64_t gate, uint32_t count)
{
    const uint64_t head = weft__load_seq_cst(&channel->head); /* CH-A4 */
    return weft__gate_fits(gate, head, channel->capacity, count);
}

/*
 * So many of the first as there is room for; the gate has their places, and says whether others wait. Under the lock. WAITERS is set:
 * the sum of claimed and reserved can only shrink but for what is added here.
 */
static int queue_reserve(weft_channel *channel)
{
    const uint64_t gate = weft__load_relaxed(&channel->gate); /* the more, the older it is */
    const uint64_t head = weft__load_acquire(&channel->head); /* CH-A2; whoever moves it later looks for WAITERS, and comes here */
    const struct weft__link *link = weft__ring_first(channel->waiting);
    uint32_t places = 0;
    int count = 0;
    for (; link && count < QUEUE_WAKES; link = weft__ring_next(channel->waiting, link), count++) {
        const uint32_t amount = weft__container_of(link, struct weft__wait, link)->amount;
        if (!weft__gate_fits(gate, head, channel->capacity, places + amount))
            break; /* and nobody passes it: one that asks for many is not starved */
        places += amount;
    }
    if (count > 0)
        weft__fetch_add_acq_rel(&channel->gate, places * WEFT__GATE_RESERVED_ONE - (link ? 0 : WEFT__GATE_WAITERS));
    return count;
}

static struct weft__wait *queue_first(const weft_channel *channel)
{
    return weft__container_of(weft__ring_first(channel->waiting), struct weft__wait, link);
}

void weft__channel_grant(weft_channel *channel)
{
    const int64_t now = weft__channel_now(channel);
    int count;
    do {
        struct queue_leavers leavers;
        queue_leavers_init(&leavers, now);
        weft__rcu_read_lock();
        weft__lock(&channel->lock);
        count = queue_reserve(channel);
        while (leavers.count < count)
            queue_take_out(channel, queue_first(channel), WEFT__WAIT_GRANTED, &leavers);
        queue_count(channel, &leavers);
        weft__unlock(&channel->lock);
        queue_wake(channel, &leavers);
        weft__rcu_read_unlock();
    } while (count == QUEUE_WAKES);
}

void weft__channel_refuse_waiting(weft_channel *channel)
{
    const int64_t now = weft__channel_now(channel);
    int count;
    do {
        struct queue_leavers leavers;
        queue_leavers_init(&leavers, now);
        weft__rcu_read_lock();
        weft__lock(&channel->lock);
        while (leavers.count < QUEUE_WAKES && channel->waiting)
            queue_dismiss(channel, queue_first(channel), WEFT__WAIT_CLOSED, &leavers);
        queue_count(channel, &leavers);
        weft__unlock(&channel->lock);
        queue_wake(channel, &leavers);
        weft__rcu_read_unlock();
        count = leavers.count;
    } while (count == QUEUE_WAKES);
}

void weft__channel_release_places(weft_channel *channel, uint32_t count)
{
    const uint64_t gate = weft__fetch_sub_seq_cst(&channel->gate, count * WEFT__GATE_RESERVED_ONE); /* CH-R4 */
    if (gate & WEFT__GATE_WAITERS)
        weft__channel_grant(channel);
    /* It may have been the last thing that the end was waiting for. */
    if ((gate & WEFT__GATE_STOPPED) || weft__load_seq_cst(&channel->senders) == 0)
        weft__channel_wake_receiver(channel);
}

/* Put a node into the list, unless there is room after all (the places are reserved), or an end. */
static int queue_enter(weft_channel *channel, uint32_t amount, struct weft__wait *wait)
{
    const int64_t now = weft__channel_now(channel);
    weft__lock(&channel->lock);
    const uint64_t before = weft__fetch_or_seq_cst(&channel->gate, WEFT__GATE_WAITERS); /* CH-R4 */
    int answer = WEFT_AWAITING;
    if (before & WEFT__GATE_STOPPED)
        answer = WEFT_EPIPE;
    else if (!channel->waiting && queue_fits(channel, before, amount))
        answer = 0; /* CH-A4: room came while we were on the way */
    if (answer == 0)
        weft__fetch_add_acq_rel(&channel->gate, amount * WEFT__GATE_RESERVED_ONE);
    if (answer == WEFT_AWAITING) {
        wait->object = &channel->waitable;
        wait->since = now;
        wait->amount = amount;
        weft__store_relaxed(weft__wait_word(wait), WEFT__WAIT_QUEUED); /* the waiter's own until the unlock */
        weft__ring_push_back(&channel->waiting, &wait->link);
        weft__store_relaxed(&channel->waiting_count, weft__load_relaxed(&channel->waiting_count) + 1);
        weft__store_relaxed(&channel->waits, weft__load_relaxed(&channel->waits) + 1); /* counted when the wait begins */
    } else if (!channel->waiting) {
        weft__fetch_and_acq_rel(&channel->gate, ~(uint64_t)WEFT__GATE_WAITERS);
    }
    const uint32_t waiting = weft__load_relaxed(&channel->waiting_count);
    weft__unlock(&channel->lock);
    if (answer == WEFT_AWAITING)
        WEFT__TRACE(weft__channel_home(channel)->number, chan_wait, weft__channel_id(channel), weft__self_task_id(),
                    WEFT_TRACE_channel_side_SENDER, waiting);
    return answer;
}

/* What became of the node. */
static uint8_t queue_state(struct weft__wait *wait)
{
    return weft__load_acquire(weft__wait_word(wait)); /* CH-A8 */
}

/*
 * The same, while taking it out of the list if it is still there. Those behind it may ask for less than it did, and then
 * there may be room for them.
 */
static uint8_t queue_withdraw(weft_channel *channel, struct weft__wait *wait)
{
    struct queue_leavers leavers;
    queue_leavers_init(&leavers, weft__channel_now(channel));
    weft__lock(&channel->lock);
    const uint8_t state = weft__load_relaxed(weft__wait_word(wait)); /* under the lock */
    if (state == WEFT__WAIT_QUEUED)
        queue_dismiss(channel, wait, WEFT__WAIT_IDLE, &leavers);
    queue_count(channel, &leavers);
    const bool others = channel->waiting != NULL;
    weft__unlock(&channel->lock);
    if (state == WEFT__WAIT_QUEUED && others && wait->amount > 1)
        weft__channel_grant(channel);
    return state;
}

int weft__channel_refused(weft_channel *channel, int error)
{
    if (error == WEFT_ESHUTDOWN) /* a wait that was left in the child of a fork: the channel lives in the parent */
        return error;
    weft__fetch_add_relaxed(error == WEFT_EAGAIN ? &channel->failed_full : &channel->failed_end, 1); /* a statistic */
    WEFT__TRACE(weft__channel_home(channel)->number, chan_fail, weft__channel_id(channel), weft__self_task_id(), error);
    return error;
}

static void queue_abandon(struct weft__waitable *waitable, struct weft__wait *wait)
{
    weft_channel *channel = weft__container_of(waitable, weft_channel, waitable);
    if (wait->single) {
        weft__channel_leave_rx(channel, wait);
        return;
    }
    if (queue_withdraw(channel, wait) == WEFT__WAIT_GRANTED)
        weft__channel_release_places(channel, wait->amount); /* handed on */
    wait->object = NULL;
    weft__store_relaxed(weft__wait_word(wait), WEFT__WAIT_IDLE); /* the waiter's own by now */
}

static void queue_describe(struct weft__waitable *waitable, const struct weft__wait *wait, struct weft__abouts *abouts)
{
    weft_channel *channel = weft__container_of(waitable, weft_channel, waitable);
    struct weft__about *about = weft__abouts_add(abouts, wait->single ? "a message in channel" : "room in channel");
    about->object = weft__channel_id(channel);
    about->holder = weft__load_relaxed(wait->single ? &channel->sender_task : &channel->receiver_task);
    about->is = wait->single ? "sender that woke it last" : "receiver";
    about->since = wait->since; /* the waiter's own, and it is held */
    weft__lock(&channel->lock);
    const struct weft__channel_label *label = weft__channel_label(channel);
    memcpy(about->name, label->name, label->name_length + 1u);
    weft__unlock(&channel->lock);
}

const struct weft__waitable_ops weft__channel_waitable_ops = {queue_abandon, queue_describe};

int weft__channel_resume(weft_context *cx, weft_channel *channel, struct weft__wait *wait)
{
    if (weft__cx_cancelled(cx)) {
        queue_abandon(&channel->waitable, wait);
        return WEFT_ECANCELED;
    }
    const uint8_t state = queue_state(wait);
    if (state == WEFT__WAIT_QUEUED)
        return WEFT_AWAITING;
    wait->object = NULL;
    weft__store_relaxed(weft__wait_word(wait), WEFT__WAIT_IDLE); /* the waiter's own by now */
    return state == WEFT__WAIT_GRANTED ? 0 : weft__channel_refused(channel, WEFT_EPIPE);
}

int weft__channel_await_places(weft_context *cx, weft_channel *channel, uint32_t count, struct weft__wait *wait)
{
    const int answer = queue_enter(channel, count, wait);
    if (answer == WEFT_AWAITING)
        weft__cx_refund(cx);
    return answer == WEFT_EPIPE ? weft__channel_refused(channel, answer) : answer;
}

int weft__channel_block_for_places(weft_channel *channel, uint32_t count, int64_t deadline_ns)
{
    struct weft__blocked blocked;
    weft__blocked_init(&blocked, weft__channel_home(channel)->number);
    const int answer = queue_enter(channel, count, &blocked.wait);
    if (answer != WEFT_AWAITING)
        return answer;
    const int woken = weft__blocked_wait(&blocked, deadline_ns);
    if (woken == WEFT_ESHUTDOWN)
        return woken;
    if (woken < 0) {
        weft__channel_grant(channel); /* what the receiver has not given yet may be its own */
        if (queue_withdraw(channel, &blocked.wait) == WEFT__WAIT_QUEUED)
            return woken;
        weft__event_wait(&blocked.event, WEFT_FOREVER); /* whoever took the node out is about to set it */
    }
    return queue_state(&blocked.wait) == WEFT__WAIT_GRANTED ? 0 : WEFT_EPIPE;
}

void weft__channel_leave(weft_channel *channel, bool receiver)
{
    struct weft__thread *self = weft__self;
    if (receiver && self && self->debt.owing == channel)
        weft__debt_pay(self); /* or it would live until the poll ends */
    struct weft__wait *wait = self && weft__thread_task(self) ? &weft__thread_task(self)->wait : NULL;
    if (wait && wait->object == &channel->waitable && wait->single == receiver)
        weft__wait_leave(wait);
}
