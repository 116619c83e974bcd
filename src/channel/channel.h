/* SPDX-License-Identifier: MIT */
/*
 * A channel: a ring of slots, the gate that senders claim places at, the head that the receiver moves, and a list of
 * senders that wait. It is its own monitor: what it counts it counts from its creation.
 *
 * Who touches what:
 *     first line     written at creation; read by all
 *     gate           senders by compare-and-swap; the receiver sets flags; whoever grants adds to reserved
 *     slots          a claimed slot is its sender's until the word is written, then the receiver's until head passes it
 *     head …         written by the receiver (and under the lock, if senders may drop the oldest); read by all
 *     rx             the receiver registers, whoever wakes it takes it out
 *     bell           made under the lock, once; rung by whoever takes WEFT__RX_BELL out of rx
 *     lock           guards the waiting list, the nodes in it, and the life of the ring against a look from outside; with
 *                    WEFT_DROP_OLDEST, where nobody waits for room, head as well. It lies on the gate's line, where who takes
 *                    it has business
 *     counters       relaxed: statistics. Received is not one of them, but head less what senders took out
 *
 * A close leaves head where it is: what the shut gate and head have between them is the close's, and `remains` says what became of it.
 *
 * Edges:
 *     CH-R1 -> CH-A1   a slot's word is released by its sender and acquired by the receiver: the message.
 *     CH-R2 -> CH-A2   head is released by the receiver and acquired by senders: the slot has been read.
 *     CH-R3 -> CH-A3   word, then rx by the sender; rx, then word by the receiver; all sequentially consistent: either
 *                      the sender sees the waiting receiver, or the receiver sees the message.
 *     CH-R4 -> CH-A4   head, then gate by the receiver; WAITERS, then head by a sender that is about to wait; all
 *                      sequentially consistent: either the receiver sees the waiting sender, or that one sees the room.
 *     CH-R5 -> CH-A5   the count of senders is released by a close and acquired by the receiver: all that the closed
 *                      sender sent is in the ring before the end is.
 *     CH-R6 -> CH-A6   channel/label.h
 *     CH-R7 -> CH-A7   the bell is released when it was made.
 *     CH-R8 -> CH-A8   whoever takes a waiting sender's node out releases its state, that one acquires it: its place is reserved,
 *                      and nobody else looks at the node any more.
 * Progress: a send and a receive that need not wait take no lock; a send can make another repeat its swap.
 * Shutdown: the last handle to close frees the ring and the slot; a channel outlives its runtime while handles are open.
 */
#ifndef WEFT_CHANNEL_CHANNEL_H
#define WEFT_CHANNEL_CHANNEL_H

#include <stdint.h>
#include <weft/channel.h>
#include <weft/monitor.h>

#include "base/bell.h"
#include "base/list.h"
#include "base/lock.h"
#include "channel/gate.h"
#include "channel/label.h"
#include "metrics/ledger.h"
#include "channel/rings.h"
#include "registry/home.h"
#include "registry/realm.h"
#include "registry/slab.h"
#include "task/env.h"
#include "task/trail.h"
#include "trace/emit.h"

/*
 * The state word: the id, and in the lowest bits whether the slot is in use; of an id a handle has the lower half. Of a free slot
 * there is no id.
 */
enum { WEFT__CHANNEL_LIVE = 1, WEFT__CHANNEL_FREE = 2, WEFT__CHANNEL_BITS = 2 };

/* Messages of a WEFT_DROP_OLDEST channel with a drop function are copied to the stack before it is called. */
enum { WEFT__EVICT_SIZE_MAX = 4096 };

/*
 * Three lines, by who writes them: hardly anybody, senders, the receiver. A ring of 16 bytes, one place of a word, is the end of
 * the third, which is the line that goes to and fro with each of its messages anyway; any other inside of the channel begins a line.
 */
struct weft_channel {
    _Atomic uint64_t state;
    union {
        struct weft__slot *slab_next;
        _Atomic(unsigned char *) ring;
    };
    struct weft__waitable waitable; /* points into the channel's label */
    uint32_t capacity : 24;
    uint32_t overflow : 8; /* weft_overflow */
    uint32_t message_size;
    uint32_t mask;         /* slots of the ring - 1 */
    uint32_t stride;       /* bytes from slot to slot; a slot is the message, then its word in the last 8 bytes, and in
                              the 8 before, if there is room, its trail */
    void (*drop)(void *message, void *context);
    void *drop_context;
    _Atomic(struct weft__bell *) bell; /* of a receiver that its host polls; NULL: nobody has asked for it */

    _Alignas(64) _Atomic uint64_t gate;
    _Atomic uint64_t head_seen; /* head as some sender saw it last: saves the others a look at the receiver's line */
    _Atomic uint32_t senders;
    _Atomic uint32_t refs; /* handles and permits */
    struct weft__lock lock;
    _Atomic uint32_t waiting_count;
    struct weft__link *waiting; /* a ring of the nodes, the last of them */
    union { /* where senders wait; and where a full channel drops, so that nobody ever waits for room */
        struct { _Atomic uint64_t waits; _Atomic int64_t wait_total_ns; };
        struct { _Atomic uint64_t dropped_oldest, dropped_newest; }; /* the former under the lock, as the move of head */
    };
    _Atomic uint64_t failed_full; /* operations that were refused: for lack of room, */

    _Alignas(64) _Atomic uint64_t head;
    _Atomic(weft__waiter) rx; /* who waits for a message */
    _Atomic uint32_t depth_max;
    uint32_t remains : 24; /* messages that were dropped when the receiver was closed; this and the next two: under the lock */
    uint32_t counted : 1;  /* that is known: what the gate has beyond head was gone through */
    int32_t health : 7;    /* weft_health */
    _Atomic uint64_t receiver_task; /* the task that received last; for dumps */
    _Atomic uint64_t sender_task;   /* the task whose message woke the receiver last; for dumps. Not each sender's: that
                                       would be one more write to a line that they share */
    _Atomic uint64_t failed_end; /* and because it is over */

    unsigned char tail[]; /* a small ring; a label that is not shared */
};

enum { WEFT__CHANNEL_TAIL = 176, WEFT__CHANNEL_LINES = 192 };
_Static_assert(WEFT_CHANNEL_CAPACITY_MAX < 1 << 24, "what counts up to the capacity has 24 bits");
_Static_assert(offsetof(struct weft_channel, tail) == WEFT__CHANNEL_TAIL, "16 bytes of the third line are left");

static inline uint64_t weft__channel_state(const weft_channel *channel)
{
    return weft__load_relaxed(&((weft_channel *)(uintptr_t)channel)->state);
}

static inline uint64_t weft__channel_id(const weft_channel *channel)
{
    return weft__channel_state(channel) >> WEFT__CHANNEL_BITS;
}

/* Whether the slot is in use. It stays so under the lock. */
static inline bool weft__channel_is_live(const weft_channel *channel)
{
    return (weft__channel_state(channel) & ((1u << WEFT__CHANNEL_BITS) - 1)) == WEFT__CHANNEL_LIVE;
}

/* Whether it is in use by the channel of a handle. */
static inline bool weft__channel_is_of(const weft_channel *channel, uint32_t generation)
{
    return (uint32_t)weft__channel_id(channel) == generation; /* of a free slot it is 0 */
}

/* With a handle, or under the lock. */
static inline struct weft__channel_label *weft__channel_label(const weft_channel *channel)
{
    return weft__container_of((uintptr_t)channel->waitable.ops, struct weft__channel_label, ops);
}

/* In rx: the receiver is not waited for by a task or a thread, but polled. */
#define WEFT__RX_BELL (~(weft__waiter)0)

/* Where the channels of a runtime live. It outlives the runtime while handles are open. */
struct weft__channels {
    struct weft__slab slab; /* by which a channel finds this */
    struct weft__rings rings;
    struct weft__channel_labels labels;
    uint32_t number;       /* the runtime's, for events */
    struct weft__realm *realm; /* and its time */
    struct weft__home home; /* how many live */
    struct weft__ledger ledger; /* how long was waited, by name */
};

/* It need not be kept in each: a slot knows its page, which says whose it is. */
static inline struct weft__channels *weft__channel_home(const weft_channel *channel)
{
    return weft__container_of(weft__page_of(channel)->slab, struct weft__channels, slab);
}

/* Its runtime's time. */
static inline int64_t weft__channel_now(const weft_channel *channel)
{
    return weft__self_now(weft__channel_home(channel)->realm);
}

/*
 * The same for what is kept in milliseconds, at each send and receive. Not weft__self_now_coarse() of that realm: the compiler would
 * read it before the branch, two loads of which one waits for the other, and a task does not need it.
 */
static inline int64_t weft__channel_now_coarse(const weft_channel *channel)
{
    return weft__likely(weft__self != NULL) ? weft__thread_now(weft__self)
                                            : weft__realm_now_coarse(weft__channel_home(channel)->realm);
}

static inline unsigned char *weft__channel_slot(const weft_channel *channel, uint64_t pos)
{
    return weft__load_relaxed(&((weft_channel *)(uintptr_t)channel)->ring) +
           (size_t)(pos & channel->mask) * channel->stride;
}
static inline _Atomic uint64_t *weft__channel_word(const weft_channel *channel, unsigned char *slot)
{
    return (_Atomic uint64_t *)(void *)(slot + channel->stride - sizeof(uint64_t));
}

/* Where the trail of a slot's message is; NULL: there is no room, since the channel was made before there was a tracer. */
static inline weft_trail **weft__channel_trail(const weft_channel *channel, unsigned char *slot)
{
    const uint32_t behind = channel->stride - 2 * (uint32_t)sizeof(uint64_t);
    return channel->message_size <= behind ? (weft_trail **)(void *)(slot + behind) : NULL;
}

/* The message in this slot was taken out and nobody receives it. By whoever took it. */
static inline void weft__channel_drop_trail(const weft_channel *channel, unsigned char *slot, uint64_t pos)
{
    if (weft__slot_word_is_trailed(weft__load_relaxed(weft__channel_word(channel, slot)), pos)) /* acquired before */
        weft_trail_unref(*weft__channel_trail(channel, slot));
}

/* What an operation finds behind a handle: 0 and the channel, or EINVAL, EPIPE (closed), ESRCH (stale). */
enum { WEFT__HANDLE_CLOSED = 1 };
int weft__channel_check(const char *call, weft_channel *channel, uint32_t generation, uint32_t state);

/* Free what the last handle leaves. */
void weft__channel_unref(weft_channel *channel);

/* The row of its name in the ledger. With a handle, or under the lock. */
static inline struct weft__ledger_row *weft__channel_row(weft_channel *channel)
{
    struct weft__channel_label *label = weft__channel_label(channel);
    return weft__ledger_of(&weft__channel_home(channel)->ledger, &label->number, label->name, weft__channel_label_component(label), 0);
}

/* Wake the receiver, if it waits. */
void weft__channel_wake_receiver(weft_channel *channel);

/* Room may have come: give places to waiting senders, in their order. */
void weft__channel_grant(weft_channel *channel);

/* Places that were reserved are not used: waiting senders get them, and a receiver that waits for the end looks. */
void weft__channel_release_places(weft_channel *channel, uint32_t count);

/* Senders that wait are told that it is over. */
void weft__channel_refuse_waiting(weft_channel *channel);

/* An operation of the sending side is refused: count and record it. The error. */
int weft__channel_refused(weft_channel *channel, int error);

/* Whether the node waits for so many places of this channel. */
static inline bool weft__channel_waits_for(const weft_channel *channel, const struct weft__wait *wait, uint32_t count)
{
    return wait->object == &channel->waitable && !wait->single && wait->amount == count;
}

/* What came of a wait for places: 0: they are reserved; WEFT_AWAITING, WEFT_ECANCELED, WEFT_EPIPE. */
int weft__channel_resume(weft_context *cx, weft_channel *channel, struct weft__wait *wait);

/* Wait for places, all at once: 0: they are reserved after all; WEFT_AWAITING, WEFT_EPIPE. */
int weft__channel_await_places(weft_context *cx, weft_channel *channel, uint32_t count, struct weft__wait *wait);

/* The same in a host thread: 0, WEFT_EPIPE, or why it gave up. */
int weft__channel_block_for_places(weft_channel *channel, uint32_t count, int64_t deadline_ns);

/* What a sender's handle is good for: as weft__channel_check(); `other` must not be null either. */
int weft__channel_check_sender(const char *call, const weft_sender *sender, const void *other);

/* Send into a reserved place, which is used in any case: 0, or WEFT_EPIPE. */
int weft__channel_send_into_place(weft_channel *channel, const void *message);

/* For both sides. */
extern const struct weft__waitable_ops weft__channel_waitable_ops __attribute__((visibility("hidden")));

/* The same of the receiver's node. */
static inline void weft__channel_leave_rx(weft_channel *channel, struct weft__wait *wait)
{
    /* Mostly a sender has taken it: that is why the task is here. If it did only now its wake comes for nothing. */
    weft__waiter me = weft__wait_waiter(wait);
    if (weft__load_acquire(&channel->rx) == me) /* or what the sender did before it took it is seen, as by the swap */
        weft__cas_strong_acq_rel(&channel->rx, &me, 0);
    wait->single = false;
    wait->object = NULL;
    weft__store_relaxed(weft__wait_word(wait), WEFT__WAIT_IDLE); /* the waiter's own */
}

/* A handle is being closed. The task that does it may have begun to wait with it, and now will not ask again. */
void weft__channel_leave(weft_channel *channel, bool receiver);

/* The room's part of a runtime. */
struct weft__channels *weft__channels_create(uint32_t number, struct weft__realm *realm);

/* The runtime ends; `counted` is what its workers' caches say (registry/home.h). */
void weft__channels_close(struct weft__channels *channels, int64_t counted);

/* Give back pages that stayed empty. Not inside RCU. */
void weft__channels_trim(struct weft__channels *channels);

/* In the child of a fork: no channel is left, and the runtime's is the last reference. */
void weft__channels_orphan(struct weft__channels *channels);

/* Look at a channel of the slab; false if the slot has none. Inside an RCU section. */
bool weft__channel_copy(weft_channel *channel, weft_channel_stats *out_stats);

/* The default in place of 0; or WEFT_EINVAL if they do not fit each other, with a text that begins with `call`. */
int weft__channel_thresholds(const char *call, const char *name, double *degraded_at, double *critical_at);

/*
 * For each channel: what `evaluate` says of it becomes its health. Monitor thread. `changed` is told of each change. How
 * many were looked at.
 */
uint32_t weft__channels_evaluate(struct weft__channels *channels,
                                 weft_health (*evaluate)(weft_health before, double saturation, double degraded_at,
                                                         double critical_at),
                                 void (*changed)(void *context, const weft_health_change *change), void *context);

/* Announce every live channel to a recording that starts late. */
void weft__channels_announce(struct weft__channels *channels);

#endif
