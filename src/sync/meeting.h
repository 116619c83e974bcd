/* SPDX-License-Identifier: MIT */
/*
 * A meeting point: what semaphore, mutex, rwlock, notify, barrier, once, oneshot, watch and broadcast have in common: a
 * name, an id, a word, a lock, and the list of those who wait. What the word counts, and who is let through when, is in
 * the kind's own file; how one waits is in queue.c; permits.c is the kind of waiting that hands a number over.
 *
 * The word, which is also the state that the slab asks for:
 *
 *     bits 32 to 63   generation  of the handles; 0: destroyed, no handle fits any more
 *     bits  4 to 31   value       the kind's: permits that are free, or flags
 *     bit   3         DONE        once: it has been done
 *     bit   2         WAITERS     nobody may pass those who wait: the way is by the lock
 *     bit   1         CLOSED      no more waiting
 *     bit   0         LIVE        the slot is in use
 *
 * The generation stands in the word that is compared and swapped, so a stale handle cannot change what lives there now.
 *
 * Who touches what:
 *     word        anybody by compare-and-swap while WAITERS is clear; only under the lock while it is set. A oneshot's: its two ends,
 *                 by read-modify-writes, and the receiver's by stores after the sender has gone (oneshot.c)
 *     owner       whoever was let in alone, or under the lock whoever lets the next one in
 *     lists       under the lock
 *     refs        one of the handles, and one of each wait that its waiter has not taken note of: so a waiter that was
 *                 told that it is over finds the slot as it was
 *     the rest    written at creation
 *
 * Edges:
 *     the lock         whatever is done under it; what changes the word there and gives nothing is relaxed, since a
 *                      read-modify-write passes on what was released into the word before. A store does not: it releases.
 *     SY-R1 -> SY-A1   who gives releases the word (or the count), who takes without the lock acquires it: what was done
 *                      inside is seen by the next. Who sets WAITERS acquires as well: behind it the lock orders.
 *     SY-R2 -> SY-A2   who takes a node out of the list releases its state, the waiter acquires it: the same for a
 *                      permit that is handed over, and for what was written before a wake.
 *     SY-R3 -> SY-A3   the last reference acquires what the others released: the slot is reused after them.
 * Progress: taking and giving take no lock while nobody waits; a swap repeats only because another one succeeded.
 * Names: each object's own copy, as long as it is, behind the object. Not a label to share, as channels have (channel/label.h): to find
 * one takes 190 instructions, half of what a mutex with a name is created by, and there is nothing beside the text that would be shared.
 * Shutdown: an object outlives its runtime until it is destroyed. What wakes somebody else does so inside an RCU
 * section, and touches the object only there: the woken one may destroy it.
 */
#ifndef WEFT_SYNC_MEETING_H
#define WEFT_SYNC_MEETING_H

#include <stdbool.h>
#include <stdint.h>
#include <weft/sync.h>

#include "base/atomic.h"
#include "base/check.h"
#include "base/lock.h"
#include "metrics/ledger.h"
#include "registry/home.h"
#include "registry/realm.h"
#include "registry/slab.h"
#include "task/wait.h"

enum {
    WEFT__MEETING_LIVE = 1,
    WEFT__MEETING_CLOSED = 2,
    WEFT__MEETING_WAITERS = 4,
    WEFT__MEETING_DONE = 8,
    WEFT__MEETING_SHIFT = 4,
    WEFT__MEETING_VALUE_MAX = (1 << 28) - 1
};

/* The state of a handle that was closed by its owner. */
enum { WEFT__MEETING_HANDLE_CLOSED = 1 };

static inline uint32_t weft__meeting_generation(uint64_t word) { return (uint32_t)(word >> 32); }
static inline uint32_t weft__meeting_value(uint64_t word) { return (uint32_t)word >> WEFT__MEETING_SHIFT; }
static inline uint64_t weft__meeting_amount(uint32_t value) { return (uint64_t)value << WEFT__MEETING_SHIFT; }

/* How a node waits (wait->mode). */
enum weft__meeting_mode {
    WEFT__MODE_PLAIN = 0,
    WEFT__MODE_OWNS = 1,   /* whoever is let in becomes the owner */
    WEFT__MODE_TICKET = 2, /* notify: with a ticket */
    WEFT__MODE_SENDER = 3  /* oneshot, watch, broadcast: the sending side, until nobody receives */
};

struct weft__meeting;
struct weft__wakes;

/*
 * A waiter turned away, and its node is out of the list: pass on what it had been given (`state` says what), let those
 * in who stood behind it. wait NULL: go on with those. Under the lock; who is let in comes into wakes, as long as there
 * is room.
 */
typedef void weft__withdrawn_fn(struct weft__meeting *object, struct weft__wait *wait, uint8_t state,
                                struct weft__wakes *wakes);

struct weft__meeting {
    _Atomic uint64_t word; /* these two are the slab's */
    struct weft__slot *slab_next;
    _Atomic uint64_t owner; /* a task's id, or a thread's with WEFT_OWNER_THREAD; 0: nobody, or a kind without */
    _Atomic uint64_t taker; /* the same of whoever was let in last beside others; stays when it leaves; to show */
    _Atomic uint64_t id;
    uint32_t limit; /* of the value; or what the kind counts up to */
    uint8_t kind;   /* weft_sync_kind */
    _Atomic uint16_t number; /* its row in the ledger of its runtime; 0: none yet */
    _Atomic uint32_t refs;
    const char *name; /* these two lie behind the object, or are the library's own words; under the lock, or with a handle */

    struct weft__waitable waitable;
    weft__withdrawn_fn *withdrawn;  /* NULL: there is nothing to pass on */
    struct weft__lock lock;
    _Atomic uint32_t waiting_count; /* in both lists; written under the lock */
    struct weft__link waiting;      /* in the order of their arrival */
    struct weft__link waking;       /* being told all at once; they came before all that wait now */
    _Atomic uint64_t waits;         /* these three under the lock, read by anybody */
    _Atomic int64_t wait_total_ns;
    _Atomic uint64_t count; /* messages, versions, openings: the kind's */
    _Atomic uint32_t level; /* messages that are kept: the broadcast's */
    _Atomic uint32_t senders; /* handles of each side, and of both */
    _Atomic uint32_t receivers;
    _Atomic uint32_t handles;
    const char *component;
};

_Static_assert(offsetof(struct weft__meeting, waitable) == 64, "who waits has lines of its own");
_Static_assert(sizeof(struct weft__meeting) <= 192, "a lock that was given no name takes three lines");

/* With their ends, as in weft_sync_stats. */
enum { WEFT__MEETING_NAME = 128, WEFT__MEETING_COMPONENT = 64, WEFT__MEETING_NAMES = WEFT__MEETING_NAME + WEFT__MEETING_COMPONENT };

/*
 * Where the meeting points of a runtime live. It outlives the runtime while one of them does. Handles of plain kinds
 * are copied freely, so a copy may be used after the end: their pages stay until all is over. Those of the kinds that
 * carry values are counted; their pages go back when they are empty.
 */
struct weft__sync {
    struct weft__slab slab;   /* semaphore mutex rwlock notify barrier once */
    struct weft__slab values; /* oneshot watch broadcast */
    uint32_t number;          /* the runtime's, for events */
    struct weft__realm *realm; /* and its time */
    struct weft__home home;   /* how many live */
    struct weft__ledger ledger; /* how long was waited, by name and kind */
};

/*
 * Where an object lives: its page tells. No field of its own: an event may be told after whoever was woken has
 * destroyed the object and the slot is another's, in the section that keeps the page.
 */
static inline struct weft__sync *weft__meeting_home(const struct weft__meeting *object)
{
    return weft__page_of(object)->slab->owner;
}

/* What a kind says of itself when it is created. */
struct weft__meeting_plan {
    const char *call;
    const char *name;      /* NULL: the default */
    const char *component; /* may be NULL */
    const char *otherwise; /* the name of those that got none: it stays */
    weft_sync_kind kind;
    uint32_t value;
    uint32_t limit;
    size_t size; /* of the object, without its names; 0: a plain kind */
    weft__withdrawn_fn *withdrawn;
};

/*
 * Create one, with one reference. *out_generation goes into its handles. The caller checks what is its own first; the
 * object is not visible until weft__meeting_publish(), which cannot fail.
 */
int weft__meeting_create(weft_runtime *rt, const struct weft__meeting_plan *plan, struct weft__meeting **out_object);
uint32_t weft__meeting_publish(struct weft__meeting *object, uint32_t value);

/* Both at once, with plan->value, into a handle of a plain kind, which is untouched on failure. */
int weft__meeting_open(weft_runtime *rt, const struct weft__meeting_plan *plan, struct weft__meeting **out_object,
                       uint32_t *out_generation, uint32_t *out_state);

/* Give back what was created and not published. */
void weft__meeting_discard(struct weft__meeting *object);

/* Whether a handle is of what lives in the slot now: no copy of one that was closed, and not inherited over a fork. */
static inline bool weft__meeting_fits(struct weft__meeting *object, uint32_t generation)
{
    return weft__meeting_generation(weft__load_relaxed(&object->word)) == generation;
}

/* Let no handle fit any more, tell those who wait, and drop the handles' reference. A stale handle does nothing. */
void weft__meeting_destroy(struct weft__meeting *object, uint32_t generation);

/* The same by a handle of a plain kind, which is closed from here on. */
void weft__meeting_end(struct weft__meeting **object, uint32_t *generation, uint32_t *state);

static inline void weft__meeting_ref(struct weft__meeting *object)
{
    weft__fetch_add_relaxed(&object->refs, 1); /* whoever adds one has one, or the lock of a live object */
}
void weft__meeting_unref(struct weft__meeting *object);

/* Why a handle does not work: the text, and the code. */
int weft__meeting_refuse(const char *call, const struct weft__meeting *object, uint32_t state);
int weft__meeting_stale(const char *call, const struct weft__meeting *object);
int weft__meeting_on_worker(const char *call);

/* Whoever calls, as an owner: a task's id, or the thread's. */
uint64_t weft__meeting_caller(void);

/* Somebody was let in: to show, and of an owner for itself to find. */
static inline void weft__meeting_let_in(struct weft__meeting *object, uint8_t mode, uint64_t who)
{
    weft__store_relaxed(mode == WEFT__MODE_OWNS ? &object->owner : &object->taker, who);
}

/* The record. */
void weft__meeting_trace_acquire(struct weft__meeting *object, uint64_t who);
void weft__meeting_trace_release(struct weft__meeting *object);

/* Copy what is known; false if the slot has none. Inside an RCU section. */
bool weft__meeting_copy(struct weft__meeting *object, weft_sync_stats *out_stats);

/* The wait->describe of all. */
void weft__meeting_describe(struct weft__waitable *waitable, const struct weft__wait *wait,
                            struct weft__abouts *abouts);

/* The room's part of a runtime. */
struct weft__sync *weft__sync_create(uint32_t number, struct weft__realm *realm);

/* The runtime ends; `counted` is what its workers' caches say of objects with values (registry/home.h). */
void weft__sync_close(struct weft__sync *sync, int64_t counted);
void weft__sync_trim(struct weft__sync *sync);

/* In the child of a fork: no meeting point is left, and the runtime's is the last reference. */
void weft__sync_orphan(struct weft__sync *sync);

/* Announce every live meeting point to a recording that starts late. */
void weft__sync_announce(struct weft__sync *sync);

#endif
