/* SPDX-License-Identifier: MIT */
/* A view: what a thread, a message or a lock knows.
 *
 * `clock` is the happens-before part: how far each thread's plain accesses are known (a vector clock). `seen` is the
 * coherence part: for each atomic location the key of the newest write known, in modification order; a reader may not
 * read anything older. Locations appear while an execution runs, so a view holds only the first `count` of them and
 * reads as 0 beyond; that keeps copies as short as the program under test is small. */
#ifndef MODEL_VIEW_H
#define MODEL_VIEW_H

#include "limits.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    uint32_t clock[MODEL_THREADS];
    uint32_t count;
    uint32_t seen[MODEL_LOCATIONS];
};

static inline void view_clear(struct view *v)
{
    memset(v->clock, 0, sizeof v->clock);
    v->count = 0;
}

static inline void view_copy(struct view *to, const struct view *from)
{
    memcpy(to, from, offsetof(struct view, seen) + from->count * sizeof from->seen[0]);
}

static inline uint32_t view_seen(const struct view *v, unsigned location)
{
    return location < v->count ? v->seen[location] : 0;
}

static inline void view_raise(struct view *v, unsigned location, uint32_t key)
{
    while (v->count <= location) {
        v->seen[v->count++] = 0;
    }
    if (v->seen[location] < key) {
        v->seen[location] = key;
    }
}

static inline void view_join_seen(struct view *to, const struct view *from)
{
    uint32_t common = from->count < to->count ? from->count : to->count;
    for (uint32_t i = 0; i < common; i++) {
        to->seen[i] = to->seen[i] > from->seen[i] ? to->seen[i] : from->seen[i];
    }
    for (; to->count < from->count; to->count++) {
        to->seen[to->count] = from->seen[to->count];
    }
}

static inline void view_join(struct view *to, const struct view *from)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        to->clock[i] = to->clock[i] > from->clock[i] ? to->clock[i] : from->clock[i];
    }
    view_join_seen(to, from);
}

#endif
