/* SPDX-License-Identifier: MIT */
/*
 * Looking at meeting points without stopping one: each is copied under its lock, which those that need not wait do not
 * take. The word is read once, so what it says belongs together.
 */
#include <string.h>
#include <weft/error.h>

#include "base/error.h"
#include "registry/runtimes.h"
#include "sync/queue.h"
#include "trace/emit.h"

static const char *const stats_kinds[] = {"semaphore", "mutex",   "rwlock", "notify",   "barrier",
                                          "once",      "oneshot", "watch",  "broadcast"};

const char *weft_sync_kind_name(weft_sync_kind kind)
{
    return (unsigned)kind <= WEFT_SYNC_BROADCAST ? stats_kinds[kind] : "?";
}

/* What the value means, by kind. */
static uint32_t stats_permits(const struct weft__meeting *object, uint64_t word)
{
    const uint32_t value = weft__meeting_value(word);
    switch (object->kind) {
    case WEFT_SYNC_BARRIER:
        return object->limit - value;
    case WEFT_SYNC_ONESHOT:
        return (value & 3) == 1; /* sent, and not taken */
    case WEFT_SYNC_BROADCAST:
        return weft__load_relaxed(&object->level);
    default:
        return value;
    }
}

/* Who was let in last, of those kinds that let in several. */
static uint64_t stats_taker(struct weft__meeting *object)
{
    const bool several = object->kind == WEFT_SYNC_SEMAPHORE || object->kind == WEFT_SYNC_RWLOCK;
    return several ? weft__load_relaxed(&object->taker) : 0; /* a number to show */
}

/* Who waits longest, if anybody does. Under the lock: it cannot end, or stop waiting, meanwhile. */
static void stats_first(struct weft__meeting *object, weft_sync_stats *out)
{
    struct weft__link *list = weft__list_empty(&object->waking) ? &object->waiting : &object->waking;
    if (weft__list_empty(list))
        return;
    struct weft__wait *first = weft__container_of(list->next, struct weft__wait, link);
    out->waiting_first = weft__queue_who(first, weft__wait_waiter(first));
    out->wait_longest_ns = weft__realm_now(weft__meeting_home(object)->realm) - first->since;
}

bool weft__meeting_copy(struct weft__meeting *object, weft_sync_stats *out)
{
    weft__lock(&object->lock);
    const uint64_t word = weft__load_acquire(&object->word); /* SY-A1 */
    const bool live = (word & WEFT__MEETING_LIVE) && weft__meeting_generation(word) != 0;
    if (live) {
        *out = (weft_sync_stats){
            .size = out->size,
            .id = weft__load_relaxed(&object->id),
            .kind = (weft_sync_kind)object->kind,
            .closed = word & WEFT__MEETING_CLOSED,
            .owner = weft__load_relaxed(&object->owner),
            .taker = stats_taker(object),
            .permits = stats_permits(object, word),
            .permits_max = object->limit,
            .count = weft__load_relaxed(&object->count),
            .senders = weft__load_relaxed(&object->senders),
            .receivers = weft__load_relaxed(&object->receivers),
            .waiting = weft__load_relaxed(&object->waiting_count),
            .waits = weft__load_relaxed(&object->waits),
            .wait_total_ns = weft__load_relaxed(&object->wait_total_ns),
            .wait_longest_ns = -1,
        };
        memcpy(out->name, object->name, strlen(object->name) + 1); /* they fit */
        memcpy(out->component, object->component, strlen(object->component) + 1);
        stats_first(object, out);
    }
    weft__unlock(&object->lock);
    return live;
}

void weft__meeting_describe(struct weft__waitable *waitable, const struct weft__wait *wait, struct weft__abouts *abouts)
{
    struct weft__meeting *object = weft__container_of(waitable, struct weft__meeting, waitable);
    const uint64_t owner = weft__load_relaxed(&object->owner); /* numbers to show */
    struct weft__about *about = weft__abouts_add(
        abouts, wait->mode == WEFT__MODE_SENDER ? "the last receiver of" : weft_sync_kind_name(object->kind));
    about->object = weft__load_relaxed(&object->id);
    about->holder = owner != 0 ? owner : stats_taker(object);
    about->is = owner != 0 ? "owner" : "last to enter";
    about->since = wait->since;
    memcpy(about->name, object->name, strlen(object->name) + 1); /* it fits; the wait keeps the object */
}

/* The next one of a walk; false at its end. */
static bool stats_next(struct weft__slab *slab, uint32_t *number, weft_sync_stats *out)
{
    for (;;) {
        *out = (weft_sync_stats){.size = sizeof *out};
        weft__rcu_read_lock();
        struct weft__meeting *object = weft__slab_next(slab, number);
        const bool found = object && weft__meeting_copy(object, out);
        weft__rcu_read_unlock();
        if (found || !object)
            return found;
    }
}

static int stats_visit(struct weft__slab *slab, int (*visit)(void *context, const weft_sync_stats *stats),
                       void *context)
{
    uint32_t number = 0;
    weft_sync_stats stats;
    while (stats_next(slab, &number, &stats)) {
        const int answer = visit(context, &stats);
        if (answer != 0)
            return answer;
    }
    return 0;
}

int weft_sync_visit(weft_runtime *rt, int (*visit)(void *context, const weft_sync_stats *stats), void *context)
{
    const int wrong = weft__runtimes_check("weft_sync_visit", rt);
    if (wrong)
        return wrong;
    if (!visit)
        return weft__refuse(WEFT_EINVAL, "weft_sync_visit: the function must not be null");
    struct weft__sync *sync = weft__env_of(rt)->sync;
    const int answer = stats_visit(&sync->slab, visit, context);
    return answer != 0 ? answer : stats_visit(&sync->values, visit, context);
}

/* One of those that wait. Under the lock. */
static weft_sync_waiter stats_waiter(const struct weft__meeting *object, struct weft__wait *wait, int64_t now)
{
    const bool counts = object->kind == WEFT_SYNC_SEMAPHORE || object->kind == WEFT_SYNC_RWLOCK;
    return (weft_sync_waiter){
        .who = weft__queue_who(wait, weft__wait_waiter(wait)),
        .waited_ns = now - wait->since,
        .permits = counts ? wait->amount : 1,
        .alone = wait->mode == WEFT__MODE_OWNS,
        .sender = wait->mode == WEFT__MODE_SENDER,
    };
}

/* Copy those of one list, as long as there is room. Under the lock. */
static uint32_t stats_copy_list(const struct weft__meeting *object, const struct weft__link *list, uint32_t count,
                                weft_sync_waiter *out, size_t room)
{
    const int64_t now = weft__realm_now(weft__meeting_home(object)->realm);
    for (struct weft__link *link = list->next; link != list && count < room; link = link->next)
        out[count++] = stats_waiter(object, weft__container_of(link, struct weft__wait, link), now);
    return count;
}

/* How many wait, if it is this one; -1: it is another. Inside an RCU section. */
static int stats_copy_waiters(struct weft__meeting *object, uint64_t id, weft_sync_waiter *out, size_t room)
{
    int waiting = -1;
    weft__lock(&object->lock);
    const uint64_t word = weft__load_acquire(&object->word); /* SY-A1 */
    if ((word & WEFT__MEETING_LIVE) && weft__meeting_generation(word) != 0 && weft__load_relaxed(&object->id) == id) {
        stats_copy_list(object, &object->waiting, stats_copy_list(object, &object->waking, 0, out, room), out, room);
        waiting = (int)weft__load_relaxed(&object->waiting_count);
    }
    weft__unlock(&object->lock);
    return waiting;
}

static int stats_find_waiters(struct weft__slab *slab, uint64_t id, weft_sync_waiter *out, size_t room)
{
    int waiting = -1;
    uint32_t number = 0;
    weft__rcu_read_lock();
    for (struct weft__meeting *object; waiting < 0 && (object = weft__slab_next(slab, &number)) != NULL;)
        waiting = stats_copy_waiters(object, id, out, room);
    weft__rcu_read_unlock();
    return waiting;
}

int weft_sync_waiters(weft_runtime *rt, uint64_t id, weft_sync_waiter *out_waiters, size_t room)
{
    const int wrong = weft__runtimes_check("weft_sync_waiters", rt);
    if (wrong)
        return wrong;
    if (!out_waiters && room > 0)
        return weft__refuse(WEFT_EINVAL, "weft_sync_waiters: give a place for %zu waiters", room);
    struct weft__sync *sync = weft__env_of(rt)->sync;
    int waiting = stats_find_waiters(&sync->slab, id, out_waiters, room);
    if (waiting < 0)
        waiting = stats_find_waiters(&sync->values, id, out_waiters, room);
    if (waiting < 0)
        return weft__refuse(WEFT_ESRCH, "weft_sync_waiters: no meeting point %llu lives in '%.100s': weft_sync_visit() lists them",
                            (unsigned long long)id, weft_runtime_name(rt));
    return waiting;
}

static int stats_announce(void *context, const weft_sync_stats *stats)
{
    const struct weft__sync *sync = context;
    WEFT__TRACE(sync->number, sync_open, stats->id, (uint8_t)stats->kind, stats->permits_max, stats->name);
    return 0;
}

void weft__sync_announce(struct weft__sync *sync)
{
    stats_visit(&sync->slab, stats_announce, sync);
    stats_visit(&sync->values, stats_announce, sync);
}
