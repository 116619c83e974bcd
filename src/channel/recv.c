/* SPDX-License-Identifier: MIT */
/*
 * Receiving. The happy path: the word of the slot at head says that its message is written; copy it, move head with one
 * exchange, and one look at the gate tells whether senders wait for the room. One receiver, so nothing is claimed.
 *
 * The end: nothing is queued, nothing is being written, no place is reserved, and no sender is left (or the receiver
 * stopped). It is read in that order of causes: first the senders, then the gate.
 */
#include <string.h>
#include <weft/error.h>

#include "base/check.h"
#include "base/error.h"
#include "base/platform.h"
#include "channel/batch.h"
#include "registry/rcu.h"
#include "task/future.h"
#include "trace/emit.h"

/* Trails that are handed over when a lock has been given back. Messages with more of them are not taken at once. */
#ifndef WEFT__RECV_TRAILS
#define WEFT__RECV_TRAILS 16
#endif
struct recv_trails {
    uint32_t count;
    weft_trail *of[WEFT__RECV_TRAILS];
};

/* The message has a trail. As long as head has not passed it, the slot is the receiver's. */
static __attribute__((cold, noinline)) void recv_trail(weft_channel *channel, unsigned char *slot, uint32_t index,
                                                       struct recv_trails *later)
{
    weft_trail *trail = *weft__channel_trail(channel, slot);
    if (later)
        later->of[later->count++] = trail;
    else
        weft__trail_received(trail, index);
}

/* Copy up to `limit` messages that are written, from head on; how many. */
static inline __attribute__((always_inline)) uint32_t recv_copy(weft_channel *channel, uint64_t head, unsigned char *out,
                                                                size_t limit, struct recv_trails *later)
{
    const uint32_t size = channel->message_size;
    uint32_t count = 0;
    for (; count < limit; count++, out += size) {
        unsigned char *slot = weft__channel_slot(channel, head + count);
        const uint64_t word = weft__load_seq_cst(weft__channel_word(channel, slot)); /* CH-A1 CH-A3 */
        if (weft__unlikely(weft__slot_word_seq(word) != weft__slot_seq(head + count))) {
            if (!weft__slot_word_is_trailed(word, head + count) || (later && later->count == WEFT__RECV_TRAILS))
                break;
            recv_trail(channel, slot, count, later);
        }
        if (size == 8)
            memcpy(out, slot, 8); /* the common size without a call */
        else
            memcpy(out, slot, size);
    }
    return count;
}

/* One message of 64, the first among them: how long it has been here, by the time that it carries for the monitor. */
enum { RECV_SAMPLED = 64 };
static __attribute__((cold, noinline)) void recv_note_stay(weft_channel *channel, uint64_t head)
{
    const uint64_t word = weft__load_relaxed(weft__channel_word(channel, weft__channel_slot(channel, head))); /* acquired before */
    const uint32_t now = (uint32_t)(weft__channel_now_coarse(channel) / 1000000), ms = now - weft__slot_word_stamp(word);
    weft__coarse_add(&weft__channel_row(channel)->stays, ms < UINT32_MAX / 2 ? (int64_t)ms * 1000000 : 0);
}

/* Copy up to `limit` messages that are there, and move head over them; how many. */
static inline __attribute__((always_inline)) uint32_t recv_move(weft_channel *channel, unsigned char *out, size_t limit,
                                                                struct recv_trails *later, uint32_t *out_depth)
{
    const uint64_t head = weft__load_relaxed(&channel->head); /* this thread wrote it, or a holder of the lock did */
    const uint32_t depth = *out_depth = weft__gate_depth(weft__load_relaxed(&channel->gate), head); /* a statistic, before the take */
    const uint32_t count = recv_copy(channel, head, out, limit, later);
    if (count > 0) {
        if (depth > weft__load_relaxed(&channel->depth_max))
            weft__store_relaxed(&channel->depth_max, depth);
        if (weft__unlikely(head % RECV_SAMPLED < count))
            recv_note_stay(channel, head);
        weft__exchange_seq_cst(&channel->head, head + count); /* CH-R2 CH-R4 */
        weft__store_relaxed(&channel->receiver_task, weft__self_task_id());
    }
    return count;
}

/* The same where senders move head, too. Trails are the tracer's, which is not called with the lock. */
static __attribute__((cold, noinline)) uint32_t recv_move_shared(weft_channel *channel, unsigned char *out, size_t limit,
                                                                 uint32_t *out_depth)
{
    struct recv_trails later = {0};
    weft__lock(&channel->lock);
    const uint32_t count = recv_move(channel, out, limit, &later, out_depth);
    weft__unlock(&channel->lock);
    for (uint32_t i = 0; i < later.count; i++)
        weft__trail_received(later.of[i], i);
    return count;
}

/*
 * Take up to `limit` messages that are there; how many. The receiver's task or thread; `self`: the thread of one that awaits, and
 * whose poll will end.
 */
static uint32_t recv_take(weft_channel *channel, unsigned char *out, size_t limit, struct weft__thread *self)
{
    uint32_t depth;
    const uint32_t count = weft__unlikely(channel->overflow == WEFT_DROP_OLDEST) ? recv_move_shared(channel, out, limit, &depth)
                                                                                 : recv_move(channel, out, limit, NULL, &depth);
    if (count == 0)
        return 0;
    WEFT__TRACE(weft__channel_home(channel)->number, chan_recv, weft__channel_id(channel), weft__self_task_id(), count,
                depth > count ? depth - count : 0);
    const uint64_t gate = weft__load_seq_cst(&channel->gate);
    if (gate & WEFT__GATE_WAITERS) { /* CH-A4: see to those who wait for the room */
        if (self)
            weft__batch_add(channel, self, gate);
        else
            weft__channel_grant(channel);
    }
    return count;
}

/* Nothing is there: can something still come? */
static bool recv_at_end(weft_channel *channel)
{
    const bool no_sender = weft__load_seq_cst(&channel->senders) == 0; /* CH-A5 */
    const uint64_t gate = weft__load_seq_cst(&channel->gate);
    if (!no_sender && !(gate & WEFT__GATE_STOPPED))
        return false;
    return weft__gate_reserved(gate) == 0 && weft__gate_depth(gate, weft__load_relaxed(&channel->head)) == 0;
}

/* How many were received, or EPIPE, or EAGAIN. */
static int recv_now(weft_channel *channel, void *out, size_t limit, struct weft__thread *self)
{
    const uint32_t count = recv_take(channel, out, limit, self);
    if (count > 0)
        return (int)count;
    if (!recv_at_end(channel))
        return WEFT_EAGAIN;
    const uint32_t last = recv_take(channel, out, limit, self); /* written just before the end was seen */
    return last > 0 ? (int)last : WEFT_EPIPE;
}

/*
 * The same after a registration, when there is mostly nothing: without the way of a message that is there. Where senders
 * move head, too, it is read under the lock alone.
 */
static inline int recv_now_if_any(weft_channel *channel, void *out, size_t limit, struct weft__thread *self)
{
    const uint64_t head = weft__load_relaxed(&channel->head); /* this thread wrote it */
    const uint64_t word =
        weft__load_seq_cst(weft__channel_word(channel, weft__channel_slot(channel, head))); /* CH-A3: it is looked at again */
    if (!weft__slot_word_holds(word, head) && channel->overflow != WEFT_DROP_OLDEST && !recv_at_end(channel))
        return WEFT_EAGAIN;
    return recv_now(channel, out, limit, self);
}

/* Register as the one who waits, also in place of the bell. False: somebody else does. */
static bool recv_register(weft_channel *channel, weft__waiter waiter)
{
    weft__waiter present = 0;
    if (weft__cas_strong_seq_cst(&channel->rx, &present, waiter) || present == waiter) /* CH-R3 */
        return true;
    return present == WEFT__RX_BELL && weft__cas_strong_seq_cst(&channel->rx, &present, waiter); /* CH-R3 */
}

/* Take the registration back. False: a sender has taken it and will wake. */
static bool recv_withdraw(weft_channel *channel, weft__waiter waiter)
{
    weft__waiter present = waiter;
    return weft__cas_strong_acq_rel(&channel->rx, &present, 0);
}

static int recv_check(const char *call, const weft_receiver *receiver, const void *out)
{
    if (weft__unlikely(!receiver || !out))
        return weft__refuse(WEFT_EINVAL, "%s: receiver and message must not be null", call);
    return weft__channel_check(call, receiver->weft__channel, receiver->weft__generation, receiver->weft__state);
}

static int recv_busy(const char *call)
{
    return weft__refuse(WEFT_EBUSY, "%s: another task or thread waits with a copy of this receiver: a channel has one", call);
}

/* The number received, AWAITING, or an error. */
static int recv_await(weft_context *cx, const char *call, weft_channel *channel, void *out, size_t limit,
                      struct weft__wait *wait)
{
    bool waited = false;
    if (weft__unlikely(wait->object != NULL)) {
        waited = wait->object == &channel->waitable && wait->single;
        if (waited)
            weft__channel_leave_rx(channel, wait); /* it is made again if there is still nothing */
        else
            weft__wait_leave(wait);
    }
    if (weft__unlikely(weft__cx_cancelled(cx)))
        return WEFT_ECANCELED;
    if (weft__unlikely(!weft__cx_spend(cx)))
        return WEFT_AWAITING;
    int answer = recv_now(channel, out, limit, weft__cx_thread(cx));
    if (weft__likely(answer != WEFT_EAGAIN))
        return answer;
    const weft__waiter me = weft__waiter_task(weft__cx_task(cx));
    if (!recv_register(channel, me))
        return recv_busy(call);
    /* CH-A3: a sender that came before the registration did not see it */
    answer = recv_now_if_any(channel, out, limit, weft__cx_thread(cx));
    if (answer != WEFT_EAGAIN) {
        recv_withdraw(channel, me);
        return answer;
    }
    wait->object = &channel->waitable;
    wait->single = true;
    if (!waited)
        wait->since = weft__channel_now(channel);
    WEFT__TRACE(weft__channel_home(channel)->number, chan_wait, weft__channel_id(channel), weft__self_task_id(),
                WEFT_TRACE_channel_side_RECEIVER, 1);
    weft__cx_refund(cx);
    return WEFT_AWAITING;
}

static int recv_block(const char *call, weft_channel *channel, void *out, size_t limit, int64_t deadline_ns)
{
    if (weft__self)
        return weft__refuse(WEFT_EPERM, "%s: not on a worker: use WEFT_AWAIT with the form without _blocking", call);
    struct weft__blocked blocked;
    weft__blocked_init(&blocked, weft__channel_home(channel)->number);
    const weft__waiter me = weft__waiter_thread(&blocked);
    for (;;) {
        int answer = recv_now(channel, out, limit, NULL);
        if (answer != WEFT_EAGAIN)
            return answer;
        if (!recv_register(channel, me))
            return recv_busy(call);
        answer = recv_now_if_any(channel, out, limit, NULL); /* CH-A3 */
        const int woken = answer == WEFT_EAGAIN ? weft__blocked_wait(&blocked, deadline_ns) : 0;
        if (woken == WEFT_ESHUTDOWN)
            return woken;
        if (answer != WEFT_EAGAIN || woken < 0) {
            if (!recv_withdraw(channel, me))
                weft__event_wait(&blocked.event, WEFT_FOREVER); /* a sender has us: it is about to set it */
            if (answer != WEFT_EAGAIN)
                return answer;
            answer = recv_now(channel, out, limit, NULL);
            return answer == WEFT_EAGAIN ? woken : answer;
        }
        weft__blocked_again(&blocked);
    }
}

int weft_channel_recv(weft_context *cx, weft_receiver *receiver, void *out_message)
{
    static const char call[] = "weft_channel_recv";
    const int wrong = recv_check(call, receiver, out_message);
    if (weft__unlikely(wrong || !cx))
        return wrong ? wrong : weft__refuse(WEFT_EINVAL, "%s: the context must not be null", call);
    const int answer = recv_await(cx, call, receiver->weft__channel, out_message, 1, &weft__cx_task(cx)->wait);
    return answer > 0 ? 0 : answer;
}

static int recv_future_poll(weft_context *cx, weft_future *future)
{
    static const char call[] = "weft_recv_begin";
    const weft_recv_future *recv = (const weft_recv_future *)(const void *)future;
    const int wrong = recv_check(call, recv->receiver, recv->out_message);
    if (wrong)
        return wrong;
    const int answer = recv_await(cx, call, recv->receiver->weft__channel, recv->out_message, 1,
                                  weft__future_attach(cx, future));
    return answer > 0 ? 0 : answer;
}

void weft_recv_begin(weft_recv_future *future, weft_receiver *receiver, void *out_message)
{
    if (!weft__future_begin(future, recv_future_poll))
        return;
    future->receiver = receiver;
    future->out_message = out_message;
}

/*
 * Nothing is there, and the host sleeps until the descriptor says that there is: make it say so from the next message on. A
 * message that comes before the registration is found after it; one that comes after it rings.
 */
static int recv_listen(weft_channel *channel, struct weft__bell *bell, void *out_message)
{
    weft__bell_clear(bell);
    if (!recv_register(channel, WEFT__RX_BELL))
        return WEFT_EAGAIN; /* a task or a thread waits in the usual way */
    return recv_now(channel, out_message, 1, NULL); /* CH-A3 */
}

int weft_channel_try_recv(weft_receiver *receiver, void *out_message)
{
    const int wrong = recv_check("weft_channel_try_recv", receiver, out_message);
    if (weft__unlikely(wrong))
        return wrong;
    weft_channel *channel = receiver->weft__channel;
    int answer = recv_now(channel, out_message, 1, NULL);
    if (answer == WEFT_EAGAIN) {
        struct weft__bell *bell = weft__load_acquire(&channel->bell); /* CH-A7 */
        if (weft__unlikely(bell))
            answer = recv_listen(channel, bell, out_message);
    }
    return answer > 0 ? 0 : answer;
}

/* The channel's bell, made if it has none yet. */
static int recv_bell(weft_channel *channel, struct weft__bell **out_bell)
{
    int error = 0;
    weft__lock(&channel->lock);
    struct weft__bell *bell = weft__load_relaxed(&channel->bell); /* under the lock */
    if (!bell) {
        bell = weft__alloc(sizeof *bell);
        if (bell) {
            weft__bell_init(bell);
            weft__store_release(&channel->bell, bell); /* CH-R7 */
        } else {
            error = WEFT_ENOMEM;
        }
    }
    weft__unlock(&channel->lock);
    *out_bell = bell;
    return error;
}

int weft_receiver_descriptor(weft_receiver *receiver)
{
    static const char call[] = "weft_receiver_descriptor";
    const int wrong = recv_check(call, receiver, receiver);
    if (wrong)
        return wrong;
    struct weft__bell *bell;
    int fd = recv_bell(receiver->weft__channel, &bell);
    if (fd == 0)
        fd = weft__bell_open(bell, -1);
    if (fd < 0)
        return weft__refuse(fd, "%s: the system gives no descriptor: %s", call, weft_error_text(fd));
    weft__bell_ring(bell); /* what is there already has not rung it */
    return fd;
}

int weft_channel_recv_blocking(weft_receiver *receiver, void *out_message, int64_t deadline_ns)
{
    static const char call[] = "weft_channel_recv_blocking";
    const int wrong = recv_check(call, receiver, out_message);
    if (wrong)
        return wrong;
    const int answer = recv_block(call, receiver->weft__channel, out_message, 1, deadline_ns);
    return answer > 0 ? 0 : answer;
}

/* A count is returned as an int. */
static size_t recv_limit(size_t limit)
{
    return limit < WEFT_CHANNEL_CAPACITY_MAX ? limit : WEFT_CHANNEL_CAPACITY_MAX;
}

int weft_channel_recv_many(weft_context *cx, weft_receiver *receiver, void *out_messages, size_t limit)
{
    static const char call[] = "weft_channel_recv_many";
    const int wrong = recv_check(call, receiver, out_messages);
    if (wrong || !cx)
        return wrong ? wrong : weft__refuse(WEFT_EINVAL, "%s: the context must not be null", call);
    if (limit == 0)
        return 0;
    return recv_await(cx, call, receiver->weft__channel, out_messages, recv_limit(limit), &weft__cx_task(cx)->wait);
}

int weft_channel_recv_many_blocking(weft_receiver *receiver, void *out_messages, size_t limit, int64_t deadline_ns)
{
    static const char call[] = "weft_channel_recv_many_blocking";
    const int wrong = recv_check(call, receiver, out_messages);
    if (wrong)
        return wrong;
    if (limit == 0)
        return 0;
    return recv_block(call, receiver->weft__channel, out_messages, recv_limit(limit), deadline_ns);
}
