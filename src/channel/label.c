/* SPDX-License-Identifier: MIT */
#include "channel/label.h"

#include <string.h>
#include <weft/channel.h>

#include "base/platform.h"
#include "channel/channel.h"
#include "task/name.h"

static inline uint64_t label_word(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* All of a text of less than 8 bytes. */
static inline uint64_t label_short_word(const char *text, size_t length)
{
    uint32_t first, last;
    if (length < sizeof first)
        return length == 0 ? 0 : (unsigned char)text[0] | (unsigned char)text[length / 2] << 8 | (unsigned char)text[length - 1] << 16;
    memcpy(&first, text, sizeof first);
    memcpy(&last, text + length - sizeof last, sizeof last);
    return (uint64_t)last << 32 | first;
}

static inline uint64_t label_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

/* The first 8 bytes, the last 8 and those in the middle: of a usual name that is all. Without a loop, so of a constant it is one. */
static inline uint64_t label_hash(uint64_t hash, const char *text, size_t length)
{
    if (length < 8)
        return label_mix(hash + length, label_short_word(text, length));
    hash = label_mix(label_mix(hash + length, label_word(text)), label_word(text + length - 8));
    return length <= 16 ? hash : label_mix(hash, label_word(text + length / 2 - 4));
}

struct weft__channel_label_plan weft__channel_label_plan(const char *name, const char *component, uint64_t thresholds, bool internal)
{
    struct weft__channel_label_plan plan = {.name = name, .component = component, .thresholds = thresholds, .internal = internal};
    plan.name_length = weft__name_fit(name, sizeof((weft_channel_stats *)0)->name - 1);
    plan.component_length = component[0] == '\0' ? 0 : weft__name_fit(component, sizeof((weft_channel_stats *)0)->component - 1);
    plan.hash = (uint32_t)label_hash(label_hash(0, name, plan.name_length), component, plan.component_length);
    return plan;
}

void weft__channel_label_write(struct weft__channel_label *label, const struct weft__channel_label_plan *plan)
{
    label->ops = weft__channel_waitable_ops;
    label->next = NULL;
    weft__store_relaxed(&label->thresholds, plan->thresholds); /* as what is behind it: shown with the label */
    label->hash = plan->hash;
    weft__store_relaxed(&label->number, 0);
    label->internal = plan->internal;
    label->name_length = (uint8_t)plan->name_length;
    char *component = label->name + plan->name_length + 1;
    memcpy(label->name, plan->name, plan->name_length);
    memcpy(component, plan->component, plan->component_length);
    component[-1] = component[plan->component_length] = '\0';
}

/* Thresholds can be set later: then who asks for those that it was made with does not find it, and one that asks for these does. */
static bool label_fits(const struct weft__channel_label *label, const struct weft__channel_label_plan *plan)
{
    if (label->hash != plan->hash || label->internal != plan->internal || label->name_length != plan->name_length ||
        weft__load_relaxed(&((struct weft__channel_label *)(uintptr_t)label)->thresholds) != plan->thresholds)
        return false;
    const char *component = weft__channel_label_component(label);
    return memcmp(label->name, plan->name, plan->name_length) == 0 &&
           (plan->component_length == 0 || strncmp(component, plan->component, plan->component_length) == 0) &&
           component[plan->component_length] == '\0';
}

/* It, and how many are in the way. */
static struct weft__channel_label *label_look(struct weft__channel_label *label, const struct weft__channel_label_plan *plan,
                                              int *out_others)
{
    for (*out_others = 0; label && !label_fits(label, plan); label = label->next)
        ++*out_others;
    return label;
}

static _Atomic(struct weft__channel_label *) *label_bucket(struct weft__channel_labels *labels, uint32_t hash)
{
    return &labels->buckets[hash % WEFT__CHANNEL_LABEL_BUCKETS];
}

/* The first of its kind; or another thread was faster. */
static bool label_add(struct weft__channel_labels *labels, const struct weft__channel_label_plan *plan,
                      struct weft__channel_label **out_label)
{
    _Atomic(struct weft__channel_label *) *bucket = label_bucket(labels, plan->hash);
    int others;
    weft__lock(&labels->lock);
    struct weft__channel_label *first = weft__load_relaxed(bucket); /* under the lock, as its writers */
    struct weft__channel_label *label = label_look(first, plan, &others);
    const bool fresh = !label && others < WEFT__CHANNEL_LABELS_BESIDE;
    if (fresh && (label = weft__alloc(weft__channel_label_size(plan)))) {
        weft__channel_label_write(label, plan);
        label->next = first;
        weft__store_release(bucket, label); /* CH-R6 */
    }
    weft__unlock(&labels->lock);
    *out_label = label;
    return label || !fresh;
}

bool weft__channel_label_shared(struct weft__channel_labels *labels, const struct weft__channel_label_plan *plan,
                                struct weft__channel_label **out_label)
{
    int others;
    *out_label = label_look(weft__load_acquire(label_bucket(labels, plan->hash)), plan, &others); /* CH-A6 */
    return weft__likely(*out_label != NULL) || others == WEFT__CHANNEL_LABELS_BESIDE || label_add(labels, plan, out_label);
}

void weft__channel_labels_fini(struct weft__channel_labels *labels)
{
    for (int i = 0; i < WEFT__CHANNEL_LABEL_BUCKETS; i++) {
        struct weft__channel_label *label = weft__load_relaxed(&labels->buckets[i]), *next; /* nobody else is left */
        for (; label; label = next) {
            next = label->next;
            weft__free(label);
        }
    }
}
