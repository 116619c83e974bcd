/* SPDX-License-Identifier: MIT */
/*
 * A channel: a ring of slots, the gate that senders claim places at, the head that the receiver moves, and a list of
 * senders that wait. It is its own monitor: what it counts it counts from its creation.
 *
 * Who touches what:
 *     first line     written at creation; read by all
 *     gate           senders by compare-and-swap; the receiver sets flags; whoever grants adds to reserved
 *     slots          a claimed slot is its sender's until the word is written, then the receiver's until head passes it
 *     head …         written by the receiver (or under `taking`, if senders may drop the oldest); read by all
 *     rx             the receiver registers, whoever wakes it takes it out
 *     bell           made under the lock, once; rung by whoever takes WEFT__RX_BELL out of rx
 *     lock           guards the waiting list, the nodes in it, and the life of the ring against a look from outside; it lies on
 *                    the gate's line, where who takes it has business
 *     counters       relaxed: statistics
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
 *     CH-R6 -> CH-A6   what is counted as out is released after head was moved and acquired before head is read: a look
 *                      from outside sees no more messages out than in.
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
#include "metrics/ledger.h"
#include "channel/rings.h"
#include "registry/home.h"
#include "registry/realm.h"
#include "registry/slab.h"
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
 * Three lines and a half, by who writes them; then the two names with their ends, and the ring, if it is small. What only waits
 * and those who look touch is in the last, so that a channel of one place with a short name ends with it.
 */
struct weft_channel {
    _Atomic uint64_t state;
    union {
        struct weft__slot *slab_next;
        struct weft__channels *home;
    };
    _Atomic(unsigned char *) ring;
    uint32_t mask;         /* slots of the ring - 1 */
    uint32_t stride;       /* bytes from slot to slot; a slot is the message, then its word in the last 8 bytes, and in
                              the 8 before, if there is room, its trail */
    uint32_t message_size;
    _Atomic uint32_t capacity;
    uint8_t overflow;      /* weft_overflow */
    bool internal;
    uint8_t name_length;      /* this and the next: under the lock */
    uint8_t component_length;
    _Atomic int16_t health; /* weft_health */
    _Atomic uint16_t number; /* its row in the ledger of its runtime; 0: none yet */
    void (*drop)(void *message, void *context);
    void *drop_context;

    _Alignas(64) _Atomic uint64_t gate;
    _Atomic uint64_t head_seen; /* head as some sender saw it last: saves the others a look at the receiver's line */
    _Atomic uint32_t senders;
    _Atomic uint32_t refs; /* handles and permits */
    struct weft__lock lock;
    _Atomic uint32_t waiting_count;
    struct weft__link *waiting; /* a ring of the nodes, the last of them */
    _Atomic uint64_t dropped;
    _Atomic uint64_t failed;
    _Atomic uint64_t overflowed; /* refused for lack of room, or messages dropped for it; and then there are the waits */

    _Alignas(64) _Atomic uint64_t head;
    _Atomic(weft__waiter) rx; /* who waits for a message */
    _Atomic uint32_t depth_max;
    struct weft__lock taking; /* WEFT_DROP_OLDEST only: the receiver, and senders that drop */
    _Atomic uint64_t receiver_task; /* the task that received last; for dumps */
    _Atomic uint64_t sender_task;   /* the task whose message woke the receiver last; for dumps. Not each sender's: that
                                       would be one more write to a line that they share */
    _Atomic uint64_t received; /* written by the receiver, after head: a reader sees no more of them than were sent */
    _Atomic(struct weft__bell *) bell; /* of a receiver that its host polls; NULL: nobody has asked for it */
    _Atomic uint64_t abandoned; /* claimed by a sender that came too late for the receiver and kept its message */

    _Alignas(64) struct weft__waitable waitable;
    _Atomic uint64_t waits;
    _Atomic int64_t wait_total_ns;
    uint32_t degraded_at; /* these two and the names: under the lock; in WEFT__CHANNEL_FULL */
    uint32_t critical_at;

    char name[];
};

_Static_assert(offsetof(struct weft_channel, name) == 224, "three lines and a half");

/* A saturation of 1, where one is kept as a number of parts: what was given as a decimal fraction is read back as it was. */
enum { WEFT__CHANNEL_FULL = 1000000000, WEFT__CHANNEL_DEGRADED = 800000000, WEFT__CHANNEL_CRITICAL = 950000000 };

/* To the nearest part, and not to none; 0 is the default's. */
static inline uint32_t weft__channel_parts(double saturation, uint32_t otherwise)
{
    if (saturation == 0)
        return otherwise;
    const uint32_t parts = (uint32_t)(saturation * WEFT__CHANNEL_FULL + 0.5);
    return parts > 0 ? parts : 1;
}

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

/* The name of the part of the program that it belongs to. Under the lock, as the name. */
static inline const char *weft__channel_component(const weft_channel *channel)
{
    return channel->name + channel->name_length + 1;
}

/* In rx: the receiver is not waited for by a task or a thread, but polled. */
#define WEFT__RX_BELL (~(weft__waiter)0)

/* Where the channels of a runtime live. It outlives the runtime while handles are open. */
struct weft__channels {
    struct weft__slab slab;
    struct weft__rings rings;
    uint32_t number;       /* the runtime's, for events */
    struct weft__realm *realm; /* and its time */
    struct weft__home home; /* how many live */
    struct weft__ledger ledger; /* how long was waited, by name */
};

static inline struct weft__channels *weft__channel_home(const weft_channel *channel) { return channel->home; }

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
    return weft__ledger_of(&channel->home->ledger, &channel->number, channel->name, weft__channel_component(channel), 0);
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
