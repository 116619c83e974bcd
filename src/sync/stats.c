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
        memcpy(out->name, object->name, sizeof out->name);
        memcpy(out->component, object->component, sizeof out->component);
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
    memcpy(about->name, object->name, sizeof about->name); /* the wait keeps the object */
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
