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
 * Work that is long, and slow only because it is shared, is told by trials (trial.h): who finds that more is done without it doubts as
 * well, and then no haul is worth it, however long it took.
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
    _Atomic int64_t shared_ns; /* when a trial said that more is done without; 0: none did */
    _Atomic int64_t trial_ns;  /* when the next trial may begin */
};

/* Is more done without who takes work, whatever that is worth by its time? */
static inline bool weft__doubt_shared(struct weft__doubt *doubt, int64_t now_ns)
{
    const int64_t at = weft__load_relaxed(&doubt->shared_ns);
    return at != 0 && now_ns - at <= WEFT__DOUBT_MEMORY_NS;
}

static inline void weft__doubt_tell(struct weft__doubt *doubt, int64_t now_ns)
{
    if (weft__load_relaxed(&doubt->nap_ns) == 0)
        weft__store_relaxed(&doubt->nap_ns, WEFT__DOUBT_NAP_MIN_NS);
    weft__store_relaxed(&doubt->told_ns, now_ns);
}

/* A worker has none left of what it took. */
static inline void weft__doubt_judge(struct weft__doubt *doubt, struct weft__haul *haul, int64_t now_ns)
{
    const int64_t cost = (int64_t)haul->tasks * WEFT__WORTH_TASK_NS + (haul->woken ? WEFT__WORTH_WAKE_NS : 0);
    const int64_t gain = now_ns - haul->since_ns - cost, sum = haul->gain_ns + gain;
    const bool lost = sum < -WEFT__DOUBT_NAP_MIN_NS;
    *haul = (struct weft__haul){.gain_ns = lost ? -WEFT__DOUBT_NAP_MIN_NS : sum > WEFT__DOUBT_NAP_MIN_NS ? WEFT__DOUBT_NAP_MIN_NS : sum};
    if (gain < 0 && lost)
        weft__doubt_tell(doubt, now_ns);
    if (gain >= 0 && weft__load_relaxed(&doubt->nap_ns) != 0 && !weft__doubt_shared(doubt, now_ns))
        weft__store_relaxed(&doubt->nap_ns, 0);
}

/* A trial is over, and more was done without who took work, or not. */
static inline void weft__doubt_tried(struct weft__doubt *doubt, bool shared, int64_t now_ns)
{
    if (shared)
        weft__doubt_tell(doubt, now_ns);
    else if (weft__doubt_shared(doubt, now_ns))
        weft__store_relaxed(&doubt->nap_ns, 0);
    weft__store_relaxed(&doubt->shared_ns, shared ? now_ns : 0);
}

/* The next trial is to begin so much later, and no sooner. */
static inline void weft__doubt_defer_trial(struct weft__doubt *doubt, int64_t now_ns, int64_t delay_ns)
{
    weft__store_relaxed(&doubt->trial_ns, now_ns + delay_ns);
}

/* Is it time for a trial? Whoever asks makes it. */
static inline bool weft__doubt_tries(struct weft__doubt *doubt, int64_t now_ns)
{
    if (now_ns < weft__load_relaxed(&doubt->trial_ns))
        return false;
    weft__doubt_defer_trial(doubt, now_ns, WEFT__DOUBT_MEMORY_NS);
    return true;
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
