/* SPDX-License-Identifier: MIT */
/* Creation, handles, and the end of a channel's memory. */
#include <string.h>
#include <weft/error.h>
#include <weft/metrics.h>

#include "base/error.h"
#include "base/platform.h"
#include "channel/channel.h"
#include "registry/ids.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "task/env.h"
#include "trace/emit.h"

struct weft__channels *weft__channels_create(uint32_t number, struct weft__realm *realm)
{
    struct weft__channels *channels = weft__alloc_zeroed(1, sizeof *channels);
    if (!channels || !weft__ledger_init(&channels->ledger, WEFT_METRIC_ROWS_MAX)) {
        weft__free(channels);
        return NULL;
    }
    weft__slab_init_kept(&channels->slab, channels);
    weft__rings_init(&channels->rings);
    channels->number = number;
    channels->realm = weft__realm_ref(realm);
    weft__home_init(&channels->home);
    return channels;
}

static void channels_free(struct weft__channels *channels)
{
    weft__rcu_synchronize(); /* a walk of this runtime's channels may still be under way */
    weft__slab_fini(&channels->slab);
    weft__rings_fini(&channels->rings);
    weft__channel_labels_fini(&channels->labels);
    weft__realm_unref(channels->realm);
    weft__ledger_fini(&channels->ledger);
    weft__free(channels);
}

void weft__channels_close(struct weft__channels *channels, int64_t counted)
{
    if (weft__home_close(&channels->home, counted))
        channels_free(channels);
}

void weft__channels_trim(struct weft__channels *channels)
{
    weft__slab_trim(&channels->slab);
    weft__rings_trim(&channels->rings);
}

void weft__channels_orphan(struct weft__channels *channels)
{
    weft__home_init(&channels->home); /* the only thread */
    weft__rings_orphan(&channels->rings);
}

static int open_check(weft_runtime *rt, const weft_channel_options *o, size_t message_size, const void *out_sender,
                      const void *out_receiver)
{
    static const char call[] = "weft_channel_create";
    if (!o || !out_sender || !out_receiver)
        return weft__refuse(WEFT_EINVAL, "%s: options, sender and receiver must not be null", call);
    if (o->size < sizeof *o)
        return weft__refuse(WEFT_EINVAL, "%s: options of %zu bytes, not %zu: use WEFT_CHANNEL_OPTIONS()", call, o->size,
                            sizeof *o);
    const int wrong = weft__runtimes_check(call, rt);
    if (wrong)
        return wrong;
    const char *name = o->name ? o->name : "channel";
    if (o->capacity == 0 || o->capacity > WEFT_CHANNEL_CAPACITY_MAX)
        return weft__refuse(WEFT_EINVAL, "%s: capacity %zu of channel '%.100s': give 1 to %d", call, o->capacity, name,
                            WEFT_CHANNEL_CAPACITY_MAX);
    if (message_size == 0 || message_size > WEFT_MESSAGE_SIZE_MAX)
        return weft__refuse(WEFT_EINVAL, "%s: messages of %zu bytes in channel '%.100s': give 1 to %d, or send a pointer",
                            call, message_size, name, WEFT_MESSAGE_SIZE_MAX);
    if ((unsigned)o->overflow > WEFT_DROP_OLDEST)
        return weft__refuse(WEFT_EINVAL, "%s: overflow %d of channel '%.100s' is not one of weft_overflow", call,
                            (int)o->overflow, name);
    if (o->overflow == WEFT_DROP_OLDEST && o->drop && message_size > WEFT__EVICT_SIZE_MAX)
        return weft__refuse(WEFT_EINVAL,
                            "%s: messages of %zu bytes in channel '%.100s', which drops the oldest with a drop function: "
                            "at most %d, or send a pointer",
                            call, message_size, name, WEFT__EVICT_SIZE_MAX);
    double degraded = o->degraded_at, critical = o->critical_at;
    const int unfit = weft__channel_thresholds(call, name, &degraded, &critical);
    if (unfit)
        return unfit;
    if (weft__load_relaxed(&weft__env_of(rt)->refusing))
        return weft__refuse(WEFT_ESHUTDOWN, "%s: '%.100s': the runtime is shutting down", call, name);
    return 0;
}

static uint32_t open_ring_size(size_t capacity)
{
    uint32_t slots = 1;
    while (slots < capacity)
        slots *= 2;
    return slots;
}

/* Bytes of a slot: the message as its type must be aligned, its trail, if there can be any, then the word. */
static size_t open_stride(size_t message_size)
{
    if (message_size % 16 == 0)
        return message_size + 16;
    return ((message_size + 7) & ~(size_t)7) + (weft__trace_trails() ? 16 : 8);
}

/* What a new channel is made of. */
struct open_plan {
    uint32_t slots;
    size_t stride;
    size_t ring_size;
    struct weft__channel_label_plan text;
    struct weft__channel_label *label; /* shared; NULL: its own */
    size_t ring_offset;  /* in the channel's own slot; 0: it is too large for that */
    size_t label_offset; /* the same, of its own label */
    size_t size;         /* of the channel */
};

enum { OPEN_RING_INSIDE = 128 };

/* False: no memory for a label. */
static bool open_plan(struct weft__channels *home, const weft_channel_options *o, size_t message_size,
                      struct open_plan *out_plan)
{
    const uint64_t thresholds = weft__channel_label_thresholds(o->degraded_at, o->critical_at); /* they were looked at */
    struct open_plan plan = {
        .slots = open_ring_size(o->capacity),
        .stride = open_stride(message_size),
        .text = weft__channel_label_plan(o->name ? o->name : "channel", o->component ? o->component : "", thresholds,
                                         o->internal),
        .size = WEFT__CHANNEL_TAIL};
    plan.ring_size = plan.slots * plan.stride;
    if (plan.ring_size <= OPEN_RING_INSIDE) {
        plan.ring_offset = plan.ring_size <= WEFT__CHANNEL_LINES - WEFT__CHANNEL_TAIL ? WEFT__CHANNEL_TAIL : WEFT__CHANNEL_LINES;
        plan.size = plan.ring_offset + plan.ring_size;
    }
    if (!weft__channel_label_shared(&home->labels, &plan.text, &plan.label))
        return false;
    if (!plan.label) {
        plan.label_offset = plan.size; /* a multiple of 8, as a slot's size is */
        plan.size += weft__channel_label_size(&plan.text);
    }
    *out_plan = plan;
    return true;
}

static unsigned char *open_ring(struct weft__channels *home, weft_channel *channel, const struct open_plan *plan)
{
    if (plan->ring_offset == 0)
        return weft__ring_alloc(&home->rings, plan->ring_size);
    unsigned char *ring = (unsigned char *)channel + plan->ring_offset;
    for (size_t end = plan->stride; end <= plan->ring_size; end += plan->stride) /* the words: none holds a message */
        weft__store_relaxed((_Atomic uint64_t *)(void *)(ring + end - sizeof(uint64_t)), 0);
    return ring;
}

static void open_ring_free(struct weft__channels *home, weft_channel *channel, unsigned char *ring)
{
    const size_t size = ((size_t)channel->mask + 1) * channel->stride;
    if (size <= OPEN_RING_INSIDE)
        return;
    const uint64_t head = weft__load_relaxed(&channel->head); /* with what was left behind it, which is all that was claimed */
    const uint64_t used = (head + weft__gate_depth(weft__load_relaxed(&channel->gate), head)) * channel->stride;
    weft__ring_free(&home->rings, ring, size, used < size ? used : size);
}

/* It is shown with the channel. */
static struct weft__channel_label *open_label(weft_channel *channel, const struct open_plan *plan)
{
    if (plan->label)
        return plan->label;
    struct weft__channel_label *label = (struct weft__channel_label *)(void *)((char *)channel + plan->label_offset);
    weft__channel_label_write(label, &plan->text);
    return label;
}

static int open_no_memory(const weft_channel_options *o, size_t message_size)
{
    return weft__refuse(WEFT_ENOMEM, "weft_channel_create: no memory for %zu messages of %zu bytes in channel '%.100s': "
                                     "nothing was taken",
                        o->capacity, message_size, o->name ? o->name : "channel");
}

int weft_channel_create(weft_runtime *rt, const weft_channel_options *o, size_t message_size, weft_sender *out_sender,
                        weft_receiver *out_receiver)
{
    const int wrong = open_check(rt, o, message_size, out_sender, out_receiver);
    if (wrong)
        return wrong;
    struct weft__channels *home = weft__env_of(rt)->channels;
    struct open_plan plan;
    if (!open_plan(home, o, message_size, &plan))
        return open_no_memory(o, message_size);
    struct weft__slab_cache *cache = weft__self_cache(&home->slab, WEFT__CACHED_CHANNELS);
    weft_channel *channel = weft__slab_alloc(&home->slab, cache, plan.size);
    if (!channel)
        return open_no_memory(o, message_size);
    unsigned char *ring = open_ring(home, channel, &plan);
    if (!ring) {
        weft__slab_free(&home->slab, cache, channel);
        return open_no_memory(o, message_size);
    }
    weft__home_enter(&home->home, cache);

    const uint64_t id = weft__env_new_id(weft__env_of(rt));
    const uint32_t tag = (uint32_t)id;
    weft__lock(&channel->lock); /* a walk may still look at what was here before */
    weft__store_relaxed(&channel->ring, ring);
    channel->mask = plan.slots - 1;
    channel->stride = (uint32_t)plan.stride;
    channel->message_size = (uint32_t)message_size;
    channel->capacity = o->capacity & 0xffffff; /* it was looked at */
    channel->overflow = (uint8_t)o->overflow;
    weft__store_relaxed(&channel->gate, 0);
    weft__store_relaxed(&channel->head_seen, 0);
    weft__store_relaxed(&channel->head, 0);
    weft__store_relaxed(&channel->rx, 0);
    weft__store_relaxed(&channel->depth_max, 0);
    const struct weft__channel_label *label = open_label(channel, &plan);
    channel->waitable.ops = &label->ops;
    weft__store_relaxed(&channel->receiver_task, 0);
    weft__store_relaxed(&channel->sender_task, 0);
    weft__store_relaxed(&channel->senders, 1);
    weft__store_relaxed(&channel->refs, 2);
    weft__store_relaxed(&channel->waiting_count, 0);
    channel->waiting = NULL;
    channel->remains = channel->counted = 0;
    weft__store_relaxed(&channel->waits, 0); /* or, as the others of the two unions, what was dropped */
    weft__store_relaxed(&channel->wait_total_ns, 0);
    weft__store_relaxed(&channel->failed_full, 0);
    weft__store_relaxed(&channel->failed_end, 0);
    channel->drop = o->drop;
    channel->drop_context = o->drop_context;
    weft__store_relaxed(&channel->bell, NULL);
    channel->health = WEFT_HEALTH_UNKNOWN;
    weft__store_relaxed(&channel->state, id << WEFT__CHANNEL_BITS | WEFT__CHANNEL_LIVE); /* who looks closer takes the lock */
    weft__unlock(&channel->lock);

    WEFT__TRACE(home->number, chan_open, id, weft__self_task_id(), (uint32_t)o->capacity, (uint32_t)message_size,
                label->name, weft__channel_label_component(label));
    *out_sender = (weft_sender){channel, tag, 0};
    *out_receiver = (weft_receiver){channel, tag, 0};
    return 0;
}

void weft__channel_unref(weft_channel *channel)
{
    if (weft__fetch_sub_acq_rel(&channel->refs, 1) != 1)
        return;
    struct weft__channels *home = weft__channel_home(channel);
    WEFT__TRACE(home->number, chan_end, weft__channel_id(channel));
    weft__lock(&channel->lock); /* a look from outside may be reading the ring */
    unsigned char *ring = weft__load_relaxed(&channel->ring);
    weft__store_relaxed(&channel->state, WEFT__CHANNEL_FREE);
    weft__unlock(&channel->lock);
    open_ring_free(home, channel, ring);
    struct weft__bell *bell = weft__load_relaxed(&channel->bell); /* nobody has a handle any more */
    if (bell)
        weft__bell_fini(bell);
    weft__free(bell);
    struct weft__slab_cache *cache = weft__self_cache(&home->slab, WEFT__CACHED_CHANNELS);
    weft__slab_free(&home->slab, cache, channel);
    if (weft__home_leave(&home->home, cache))
        channels_free(home);
}

int weft__channel_check(const char *call, weft_channel *channel, uint32_t generation, uint32_t state)
{
    if (!channel) {
        if (state == WEFT__HANDLE_CLOSED)
            return WEFT_EPIPE;
        return weft__refuse(WEFT_EINVAL, "%s: the handle was never set: create or clone it first", call);
    }
    if (!weft__channel_is_of(channel, generation)) /* the handle keeps the channel */
        return weft__slab_is_orphan(channel)
                   ? weft__refuse(WEFT_ESHUTDOWN, "%s: the channel lives in the process that forked this one", call)
                   : weft__refuse(WEFT_ESRCH, "%s: a stale copy of a handle that was closed: use only the last copy", call);
    return 0;
}

int weft_sender_clone(const weft_sender *sender, weft_sender *out_sender)
{
    if (!sender || !out_sender)
        return weft__refuse(WEFT_EINVAL, "weft_sender_clone: both handles must not be null");
    const int wrong = weft__channel_check("weft_sender_clone", sender->weft__channel, sender->weft__generation,
                                          sender->weft__state);
    if (wrong)
        return wrong;
    weft__fetch_add_relaxed(&sender->weft__channel->refs, 1); /* the handle at hand keeps both counts above zero */
    weft__fetch_add_relaxed(&sender->weft__channel->senders, 1);
    *out_sender = *sender;
    return 0;
}

int weft_sender_downgrade(const weft_sender *sender, weft_weak_sender *out_weak)
{
    static const char call[] = "weft_sender_downgrade";
    const int wrong = weft__channel_check_sender(call, sender, out_weak);
    if (wrong)
        return wrong;
    weft__fetch_add_relaxed(&sender->weft__channel->refs, 1); /* the handle at hand keeps it above zero */
    *out_weak = (weft_weak_sender){sender->weft__channel, sender->weft__generation, 0};
    return 0;
}

static int weak_check(const char *call, const weft_weak_sender *weak, const void *other)
{
    if (!weak || !other)
        return weft__refuse(WEFT_EINVAL, "%s: both handles must not be null", call);
    return weft__channel_check(call, weak->weft__channel, weak->weft__generation, weak->weft__state);
}

int weft_weak_sender_upgrade(const weft_weak_sender *weak, weft_sender *out_sender)
{
    const int wrong = weak_check("weft_weak_sender_upgrade", weak, out_sender);
    if (wrong)
        return wrong;
    weft_channel *channel = weak->weft__channel;
    uint32_t senders = weft__load_relaxed(&channel->senders); /* a count: the gate orders what the new one sends, and a */
    do {                                                      /* read-modify-write passes on what a close released */
        if (senders == 0)
            return WEFT_EPIPE;
    } while (!weft__cas_weak_relaxed(&channel->senders, &senders, senders + 1));
    weft__fetch_add_relaxed(&channel->refs, 1); /* the handle at hand keeps it above zero */
    *out_sender = (weft_sender){channel, weak->weft__generation, 0};
    return 0;
}

int weft_weak_sender_clone(const weft_weak_sender *weak, weft_weak_sender *out_weak)
{
    const int wrong = weak_check("weft_weak_sender_clone", weak, out_weak);
    if (wrong)
        return wrong;
    weft__fetch_add_relaxed(&weak->weft__channel->refs, 1); /* the handle at hand keeps it above zero */
    *out_weak = *weak;
    return 0;
}

void weft_weak_sender_close(weft_weak_sender *weak)
{
    if (!weak || !weak->weft__channel)
        return;
    weft_channel *channel = weak->weft__channel;
    const int stale = weft__channel_check("weft_weak_sender_close", channel, weak->weft__generation, weak->weft__state);
    *weak = (weft_weak_sender){NULL, 0, WEFT__HANDLE_CLOSED};
    if (!stale)
        weft__channel_unref(channel);
}

static uint64_t open_id(weft_channel *channel, uint32_t generation)
{
    if (!channel || !weft__channel_is_of(channel, generation))
        return 0;
    return weft__channel_id(channel);
}

uint64_t weft_sender_channel_id(const weft_sender *sender)
{
    return sender ? open_id(sender->weft__channel, sender->weft__generation) : 0;
}

uint64_t weft_receiver_channel_id(const weft_receiver *receiver)
{
    return receiver ? open_id(receiver->weft__channel, receiver->weft__generation) : 0;
}
