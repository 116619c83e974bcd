/* SPDX-License-Identifier: MIT */
/*
 * Does more get done while this worker takes work from others, or while it leaves it with them? A message that goes from one processor
 * to another takes five times as long as one that stays, and the worker that took its sender looks busy all the same. So whoever takes
 * tasks notes now and then what all workers have done by then, and again after some time; then it naps once, and notes what the others
 * do meanwhile. If that was more it is shared work, and the doubt (worth.h) keeps it away.
 *
 * Done is what takes about as long each time and can be counted without slowing it: a poll, an operation that a poll completed (the
 * units of its budget), a spawn. Polls alone are no measure: of a mutex that is handed over there are ten times as many polls, and a
 * tenth of the entries.
 *
 * What is coarse is not tried, and costs nothing: what takes longer than all its lines need to move is not slow by them. Nor is what is
 * so fast that it waits for none. A time in which all slept says how much was done at least.
 *
 * Pure: time is an argument. Who touches what: a trial is its worker's.
 */
#ifndef WEFT_SCHED_TRIAL_H
#define WEFT_SCHED_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "sched/worth.h"

enum {
    WEFT__TRIAL_COARSE_NS = 1000, /* what takes longer each, on each of two workers, is not slow by its lines */
    WEFT__TRIAL_FINE_NS = 50,     /* and what takes less has not waited for any */
    WEFT__TRIAL_MARGIN = 4,       /* a quarter more is more: two times of the same work differ by less */
    WEFT__TRIAL_AGAIN_NS = 100000, /* until the next one, if one could not tell before its nap */
    WEFT__TRIAL_AGAIN_FINE_NS = 1000000, /* and if all went so fast that it waited for no line */
    WEFT__TRIAL_SHARE = 10,        /* and so many times what the nap took, if that could not */
};

enum weft__trial_says {
    WEFT__TRIAL_NOTHING_YET,
    WEFT__TRIAL_CANNOT_TELL,
    WEFT__TRIAL_SHARED, /* more was done without it */
    WEFT__TRIAL_APART,  /* no more was */
};

/* How far the runtime has come. */
struct weft__progress {
    int64_t now_ns;
    uint64_t done;  /* by all workers */
    uint32_t rests; /* how often all slept */
};

struct weft__trial {
    struct weft__progress since; /* now_ns is 0: nothing is under way */
    uint64_t taken;              /* done in a millisecond while it took work; 0: not known. It wants to nap then, if the next is not known */
    uint64_t alone;              /* and while it napped last */
    int64_t again_ns;            /* from the end of this one to another, if it could not tell, else 0 */
};

static inline void weft__trial_begin(struct weft__trial *trial, struct weft__progress progress) { trial->since = progress; }

/* It begins anew: what is known is of other work. */
static inline void weft__trial_begin_anew(struct weft__trial *trial, struct weft__progress progress)
{
    *trial = (struct weft__trial){.since = progress};
}

static inline bool weft__trial_is_under_way(const struct weft__trial *trial) { return trial->since.now_ns != 0; }

/* It has gone on long enough to tell. */
static inline bool weft__trial_is_due(const struct weft__trial *trial, int64_t now_ns)
{
    return weft__trial_is_under_way(trial) && now_ns - trial->since.now_ns >= WEFT__DOUBT_NAP_MIN_NS;
}

/* What was done in a millisecond since it began; 0: it cannot tell. Nothing is under way after it. */
static inline uint64_t weft__trial_end(struct weft__trial *trial, struct weft__progress progress)
{
    const struct weft__progress since = trial->since;
    const bool tells = weft__trial_is_due(trial, progress.now_ns);
    trial->since.now_ns = 0;
    return tells ? (progress.done - since.done) * 1000000 / (uint64_t)(progress.now_ns - since.now_ns) : 0;
}

static inline enum weft__trial_says weft__trial_compare(struct weft__trial *trial)
{
    const uint64_t taken = trial->taken;
    trial->taken = 0; /* it is settled */
    return trial->alone > taken + taken / WEFT__TRIAL_MARGIN ? WEFT__TRIAL_SHARED : WEFT__TRIAL_APART;
}

/* It took work until now. */
static inline enum weft__trial_says weft__trial_took(struct weft__trial *trial, struct weft__progress progress)
{
    const bool rested = progress.rests != trial->since.rests;
    const uint64_t rate = weft__trial_end(trial, progress);
    const bool fine = rate > 2 * 1000000 / WEFT__TRIAL_FINE_NS, coarse = rate < 2 * 1000000 / WEFT__TRIAL_COARSE_NS;
    trial->again_ns = rested ? WEFT__TRIAL_AGAIN_NS : fine ? WEFT__TRIAL_AGAIN_FINE_NS : 0; /* it was at its beginning, perhaps */
    if (rested)
        return WEFT__TRIAL_CANNOT_TELL;
    if (fine || coarse)
        return WEFT__TRIAL_APART;
    trial->taken = rate;
    return trial->alone != 0 ? weft__trial_compare(trial) : WEFT__TRIAL_NOTHING_YET;
}

/* Its next step is a nap, to see what is done without it. */
static inline bool weft__trial_wants_nap(const struct weft__trial *trial) { return trial->taken != 0; }

/* It napped until now. If all slept before that was over, so much was done at least. */
static inline enum weft__trial_says weft__trial_napped(struct weft__trial *trial, struct weft__progress progress)
{
    const bool rested = progress.rests != trial->since.rests, wanted = trial->taken != 0;
    const int64_t took = progress.now_ns - trial->since.now_ns;
    trial->alone = weft__trial_end(trial, progress);
    enum weft__trial_says says = weft__trial_compare(trial);
    if (trial->alone == 0 || (rested && says == WEFT__TRIAL_APART))
        says = WEFT__TRIAL_CANNOT_TELL;
    if (rested)
        trial->alone = 0; /* nothing to compare with any more */
    trial->again_ns = wanted && says == WEFT__TRIAL_CANNOT_TELL ? WEFT__TRIAL_SHARE * took : 0;
    return wanted ? says : WEFT__TRIAL_NOTHING_YET;
}

/* It could not nap. */
static inline enum weft__trial_says weft__trial_stayed(struct weft__trial *trial)
{
    const bool wanted = trial->taken != 0;
    trial->taken = 0;
    trial->again_ns = wanted ? WEFT__TRIAL_AGAIN_NS : 0;
    return wanted ? WEFT__TRIAL_CANNOT_TELL : WEFT__TRIAL_NOTHING_YET;
}

#endif
