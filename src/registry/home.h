/* SPDX-License-Identifier: MIT */
/*
 * How many objects live in a place that outlives its runtime, so that the last of them takes it along. A worker creates and ends
 * them without a word that others write: it counts for itself, beside its free slots, and the runtime brings what its
 * workers have counted when it ends. All other threads count in the place's own word.
 *
 *     word      the runtime's share (2^32), and what other threads created less what they ended, which may be less than none
 *     close     the share goes, the workers' counts come: from here on the word is how many live
 *
 * Who touches what: a cache's count is its worker's, and after the worker was joined its runtime's; the word is anybody's.
 * Edges: HM-R1 -> HM-A1   who leaves releases, the last acquires: what the others did to their objects is before the end of all.
 * Progress: wait-free.
 */
#ifndef WEFT_REGISTRY_HOME_H
#define WEFT_REGISTRY_HOME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "registry/slab.h"

struct weft__home {
    _Atomic uint64_t word;
};

#define WEFT__HOME_SHARE (UINT64_C(1) << 32)

/* Of a runtime that begins; or, of a forked child, in which none of the parent's objects live. */
static inline void weft__home_init(struct weft__home *home)
{
    weft__store_relaxed(&home->word, WEFT__HOME_SHARE); /* nobody else knows it yet */
}

/* An object begins, in a slot from this cache, or from none. The runtime lives. */
static inline void weft__home_enter(struct weft__home *home, struct weft__slab_cache *cache)
{
    if (cache)
        cache->live++;
    else
        weft__fetch_add_relaxed(&home->word, 1); /* the runtime's share keeps it */
}

/* An object has ended, whose slot went into this cache, or into none. True: it was the last, and the runtime has ended. */
static inline bool weft__home_leave(struct weft__home *home, struct weft__slab_cache *cache)
{
    if (!cache)
        return weft__fetch_sub_acq_rel(&home->word, 1) == 1; /* HM-R1 HM-A1 */
    cache->live--; /* a worker's: its runtime lives */
    return false;
}

/* The runtime ends, whose workers have counted so many. True: nothing lives. */
static inline bool weft__home_close(struct weft__home *home, int64_t counted)
{
    const uint64_t change = (uint64_t)counted - WEFT__HOME_SHARE;
    return weft__fetch_add_acq_rel(&home->word, change) + change == 0; /* HM-R1 HM-A1 */
}

#endif
