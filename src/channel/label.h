/* SPDX-License-Identifier: MIT */
/*
 * What channels of the same name have in common: its text and its component's, the thresholds of its health, its row in the ledger, and the
 * functions by which a wait knows a channel. A runtime keeps one label for all that were made alike, so a channel has a pointer to
 * it where it had 30 bytes and more.
 *
 *     shared    made when a name comes up for the first time; they stay until the runtime's channels have gone. So there are only so
 *               many: a bucket has room for WEFT__CHANNEL_LABELS_BESIDE, and a look ends after as many
 *     own       of a channel whose name came when its bucket was full: in the channel's own slot
 *
 * Threads: any. A label is found without a lock, since none is ever taken out; `lock`, a leaf, is that of who adds one.
 * Edges: CH-R6 -> CH-A6   a label is released into its bucket, and acquired by who looks through the bucket.
 * Progress: a look takes no lock and no turn again. Failure: no memory, and nothing changed.
 */
#ifndef WEFT_CHANNEL_LABEL_H
#define WEFT_CHANNEL_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "task/wait.h"

#ifndef WEFT__CHANNEL_LABEL_BUCKETS /* fewer are for tests */
#define WEFT__CHANNEL_LABEL_BUCKETS 256
#define WEFT__CHANNEL_LABELS_BESIDE 8
#endif

struct weft__channel_label {
    struct weft__waitable_ops ops;  /* a channel's waitable points to it, and so to the label */
    struct weft__channel_label *next; /* in its bucket */
    _Atomic uint64_t thresholds;    /* degraded_at in the lower half, critical_at; one word, since they belong together */
    uint32_t hash;
    _Atomic uint16_t number; /* the row in the ledger; 0: none yet */
    bool internal;
    uint8_t name_length;
    char name[]; /* with its end, and the component with its */
};

/* What a label is made of. */
struct weft__channel_label_plan {
    const char *name, *component;
    size_t name_length, component_length;
    uint64_t thresholds;
    uint32_t hash;
    bool internal;
};

struct weft__channel_labels {
    struct weft__lock lock;
    _Atomic(struct weft__channel_label *) buckets[WEFT__CHANNEL_LABEL_BUCKETS];
};

/* No channel is left. */
void weft__channel_labels_fini(struct weft__channel_labels *labels);

/* The texts are cut to what is kept. */
struct weft__channel_label_plan weft__channel_label_plan(const char *name, const char *component, uint64_t thresholds, bool internal);

/* The one that is shared, made if need be; NULL: there is no room, and the channel needs its own. False: no memory. */
bool weft__channel_label_shared(struct weft__channel_labels *labels, const struct weft__channel_label_plan *plan,
                                struct weft__channel_label **out_label);

static inline size_t weft__channel_label_size(const struct weft__channel_label_plan *plan)
{
    return offsetof(struct weft__channel_label, name) + plan->name_length + plan->component_length + 2;
}

/* So many bytes become a label. */
void weft__channel_label_write(struct weft__channel_label *label, const struct weft__channel_label_plan *plan);

/* The name of the part of the program that it belongs to. */
static inline const char *weft__channel_label_component(const struct weft__channel_label *label)
{
    return label->name + label->name_length + 1;
}

/* A saturation of 1, where one is kept as a number of parts: what was given as a decimal fraction is read back as it was. */
enum { WEFT__CHANNEL_LABEL_FULL = 1000000000, WEFT__CHANNEL_LABEL_DEGRADED = 800000000, WEFT__CHANNEL_LABEL_CRITICAL = 950000000 };

/* To the nearest part, and not to none; 0 is the default's. */
static inline uint32_t weft__channel_label_parts(double saturation, uint32_t otherwise)
{
    if (saturation == 0)
        return otherwise;
    const uint32_t parts = (uint32_t)(saturation * WEFT__CHANNEL_LABEL_FULL + 0.5);
    return parts > 0 ? parts : 1;
}

/* Of a channel that is degraded, and critical, at so much. */
static inline uint64_t weft__channel_label_thresholds(double degraded_at, double critical_at)
{
    return (uint64_t)weft__channel_label_parts(critical_at, WEFT__CHANNEL_LABEL_CRITICAL) << 32 |
           weft__channel_label_parts(degraded_at, WEFT__CHANNEL_LABEL_DEGRADED);
}

static inline double weft__channel_label_degraded_at(uint64_t thresholds)
{
    return (double)(uint32_t)thresholds / WEFT__CHANNEL_LABEL_FULL;
}
static inline double weft__channel_label_critical_at(uint64_t thresholds)
{
    return (double)(thresholds >> 32) / WEFT__CHANNEL_LABEL_FULL;
}

#endif
