/* SPDX-License-Identifier: MIT */
/*
 * What the work was worth that workers took from each other, and how long the next one waits before it takes more. A task of 30 ns
 * that another worker takes is a loss: its lines move, and after it those of whatever it shares with who made it. So whoever
 * takes tasks notes when, and how many; when it has none left it knows what they took. Less than handing them over costs is a loss,
 * more a gain. Who has lost more than a nap's time doubts, and then whoever would search next naps first (idle.h), twice as long
 * each time, until a haul was worth it.
 *
 * What handing over costs is what holds wherever lines move between processors, not one machine's figure: a task moves some ten (its
 * own two, its frame's, its slot's, those of its scope and of who waits for it) of 0.1 to 0.2 us each, and a wake is a system call
 * of who wakes. A gain is kept up to a nap's time: so a few small hauls among large ones are no reason to doubt.
 *
 * A doubt is everybody's: else each sleeper that is woken would have to learn it anew. It is forgotten after WEFT__DOUBT_MEMORY_NS:
 * what comes after a rest is other work.
 *
 * Pure: time is an argument. Who touches what: a haul is its worker's; the doubt belongs to all that run out of work, and to no producer.
 * Its words are each for themselves, and what one overwrites of another's costs one nap or one theft.
 */
#ifndef WEFT_SCHED_WORTH_H
#define WEFT_SCHED_WORTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

#ifndef WEFT__DOUBT_NAP_MIN_NS /* others are for tests, where little is lost */
#define WEFT__DOUBT_NAP_MIN_NS INT64_C(50000)
#endif

enum {
    WEFT__WORTH_TASK_NS = 2000, /* what a task has to take, in the mean, so that it was worth it */
    WEFT__WORTH_WAKE_NS = 5000, /* and so much more what somebody was woken for */
    WEFT__DOUBT_NAP_MAX_NS = 1000000,
    WEFT__DOUBT_MEMORY_NS = 10 * WEFT__DOUBT_NAP_MAX_NS,
};

/* What a worker took from others last. */
struct weft__haul {
    int64_t since_ns; /* 0: nothing that is to be judged */
    int64_t gain_ns;  /* of all so far, from -WEFT__DOUBT_NAP_MIN_NS to its contrary */
    uint32_t tasks;
    bool woken;       /* its worker was woken for it */
};

struct weft__doubt {
    _Alignas(64) _Atomic int64_t nap_ns; /* 0: none */
    _Atomic int64_t told_ns;
};

/* A worker has none left of what it took. */
static inline void weft__doubt_judge(struct weft__doubt *doubt, struct weft__haul *haul, int64_t now_ns)
{
    const int64_t cost = (int64_t)haul->tasks * WEFT__WORTH_TASK_NS + (haul->woken ? WEFT__WORTH_WAKE_NS : 0);
    const int64_t gain = now_ns - haul->since_ns - cost, sum = haul->gain_ns + gain;
    const bool lost = sum < -WEFT__DOUBT_NAP_MIN_NS;
    *haul = (struct weft__haul){.gain_ns = lost ? -WEFT__DOUBT_NAP_MIN_NS : sum > WEFT__DOUBT_NAP_MIN_NS ? WEFT__DOUBT_NAP_MIN_NS : sum};
    const int64_t nap = weft__load_relaxed(&doubt->nap_ns);
    if (gain >= 0 && nap != 0)
        weft__store_relaxed(&doubt->nap_ns, 0);
    if (gain >= 0 || !lost)
        return;
    if (nap == 0)
        weft__store_relaxed(&doubt->nap_ns, WEFT__DOUBT_NAP_MIN_NS);
    weft__store_relaxed(&doubt->told_ns, now_ns);
}

/* How long to nap before more is taken; 0: not at all. */
static inline int64_t weft__doubt_nap(struct weft__doubt *doubt, int64_t now_ns)
{
    const int64_t nap = weft__load_relaxed(&doubt->nap_ns);
    return now_ns - weft__load_relaxed(&doubt->told_ns) > WEFT__DOUBT_MEMORY_NS ? 0 : nap;
}

/* It napped so long: the next nap is longer, unless somebody was told better meanwhile. */
static inline void weft__doubt_napped(struct weft__doubt *doubt, int64_t nap_ns)
{
    const int64_t twice = 2 * nap_ns < WEFT__DOUBT_NAP_MAX_NS ? 2 * nap_ns : WEFT__DOUBT_NAP_MAX_NS;
    if (weft__load_relaxed(&doubt->nap_ns) == nap_ns && nap_ns != twice)
        weft__store_relaxed(&doubt->nap_ns, twice);
}

#endif
