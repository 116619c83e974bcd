/* SPDX-License-Identifier: MIT */
#include "live.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <weft/types.h>

#include "base/event.h"
#include "base/rng.h"
#include "w3c.h"

struct weft__otlp_queue weft__otlp_queues[WEFT__OTLP_SIGNALS];
struct weft__otlp_policy weft__otlp_policy;

static struct weft__event live_event;
static _Atomic uint32_t live_generation = 1; /* of ids: another one in the child of a fork */

/* Of this thread's ids. */
static _Thread_local struct {
    struct weft__rng rng[2];
    uint32_t generation;
} live_ids;

void weft__otlp_dropped(enum weft__otlp_signal signal)
{
    weft__fetch_add_relaxed(&weft__otlp_queues[signal].tally.dropped, 1); /* a statistic */
}

bool weft__otlp_push(enum weft__otlp_signal signal, struct weft__otlp_node *node)
{
    struct weft__otlp_queue *queue = &weft__otlp_queues[signal];
    if (!weft__otlp_is_open(signal))
        return false;
    const uint32_t before = weft__fetch_add_relaxed(&queue->count, 1); /* a bound: what is in the list has its own edge */
    if (before >= weft__load_relaxed(&queue->limit)) {
        weft__fetch_sub_relaxed(&queue->count, 1);
        weft__otlp_dropped(signal);
        return false;
    }
    struct weft__otlp_node *head = weft__load_relaxed(&queue->head);
    do
        node->next = head;
    while (!weft__cas_weak_acq_rel(&queue->head, &head, node)); /* OQ-R1 */
    if (!head || before + 1 == weft__load_relaxed(&queue->batch)) /* the first, to be seen; and enough, to be sent */
        weft__otlp_rouse();
    return true;
}

struct weft__otlp_node *weft__otlp_take(enum weft__otlp_signal signal)
{
    struct weft__otlp_node *node = weft__exchange_acquire(&weft__otlp_queues[signal].head, NULL), *oldest = NULL; /* OQ-A1 */
    while (node) {
        struct weft__otlp_node *next = node->next;
        node->next = oldest;
        oldest = node;
        node = next;
    }
    return oldest;
}

void weft__otlp_gone(enum weft__otlp_signal signal, uint32_t count)
{
    weft__fetch_sub_relaxed(&weft__otlp_queues[signal].count, count); /* a bound */
}

void weft__otlp_live_begin(const struct weft__otlp_settings *settings)
{
    weft__store_relaxed(&weft__otlp_policy.tasks, (uint32_t)settings->tasks); /* all of it: released with `open`, or a */
    weft__store_relaxed(&weft__otlp_policy.sampler, (uint32_t)settings->sampler); /* tracer that is set after this */
    weft__store_relaxed(&weft__otlp_policy.parent_based, settings->parent_based);
    weft__store_relaxed(&weft__otlp_policy.ratio, (uint64_t)(settings->ratio * 9223372036854775808.0));
    weft__store_relaxed(&weft__otlp_policy.propagates, settings->propagates);
    for (int i = 0; i < WEFT__OTLP_SIGNALS; i++) {
        struct weft__otlp_queue *queue = &weft__otlp_queues[i];
        struct weft__otlp_tally *tally = &queue->tally;
        _Atomic uint64_t *const counts[] = {&tally->exported, &tally->dropped,  &tally->failed,
                                            &tally->rejected, &tally->requests, &tally->retries};
        for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++)
            weft__store_relaxed(counts[n], 0);
        weft__store_relaxed(&queue->limit, settings->targets[i].queue_max);
        weft__store_relaxed(&queue->batch, settings->targets[i].batch_max);
        weft__store_release(&queue->open, settings->targets[i].on && !settings->disabled); /* OQ-R2 */
    }
}

void weft__otlp_live_end(void)
{
    for (int i = 0; i < WEFT__OTLP_SIGNALS; i++)
        weft__store_relaxed(&weft__otlp_queues[i].open, 0); /* what is pushed in this moment is taken by whoever is next */
}

void weft__otlp_rouse(void)
{
    weft__event_set(&live_event);
}

void weft__otlp_sleep(int64_t deadline_ns)
{
    weft__event_wait(&live_event, deadline_ns);
    weft__event_clear(&live_event);
}

static uint64_t live_next(void)
{
    return (uint64_t)weft__rng_next(&live_ids.rng[0]) << 32 | weft__rng_next(&live_ids.rng[1]);
}

static void live_seed(uint32_t generation)
{
    uint64_t seeds[2];
    if (getrandom(seeds, sizeof seeds, 0) != (ssize_t)sizeof seeds) {
        seeds[0] = (uint64_t)weft_clock(); /* better than none */
        seeds[1] = (uint64_t)(uintptr_t)&live_ids;
    }
    for (int i = 0; i < 2; i++)
        weft__rng_seed(&live_ids.rng[i], seeds[i]);
    live_ids.generation = generation;
}

void weft__otlp_new_id(uint8_t *out, uint32_t size)
{
    const uint32_t generation = weft__load_relaxed(&live_generation); /* changes while there is one thread */
    if (live_ids.generation != generation)
        live_seed(generation);
    do
        for (uint32_t i = 0; i < size; i += 8) {
            const uint64_t next = live_next();
            memcpy(out + i, &next, 8);
        }
    while (weft__otlp_id_is_zero(out, size));
}

void weft__otlp_live_in_child(void)
{
    weft__fetch_add_relaxed(&live_generation, 1);
    for (int i = 0; i < WEFT__OTLP_SIGNALS; i++) {
        struct weft__otlp_queue *queue = &weft__otlp_queues[i];
        weft__store_relaxed(&queue->open, 0);
        weft__store_relaxed(&queue->head, NULL); /* the parent sends them */
        weft__store_relaxed(&queue->count, 0);
    }
    weft__event_clear(&live_event);
}

uint64_t weft__otlp_unix_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
