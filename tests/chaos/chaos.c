/* SPDX-License-Identifier: MIT */
/*
 * What chooses in the chaos build: a generator for each thread, of WEFT_SEED (1 if it is not set) and of how many threads
 * chose before this one did. So a seed makes the same choices again; where threads stand when they are made is theirs.
 *
 * Most points pass at once, or after a few turns on the spot: two threads meet elsewhere then. Some give the processor away, and a few
 * sleep, which is what a preempted thread looks like to the others.
 */
#include "base/chaos.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"

enum {
    CHAOS_STRIKES = 8, /* one in so many: a weak compare-and-swap, a sleep */
    CHAOS_SPINS = 8,
    CHAOS_SPIN_MAX = 200,
    CHAOS_YIELDS = 256,
    CHAOS_NAPS = 8192,
    CHAOS_NAP_NS = 50000
};

static _Thread_local struct weft__rng chaos_rng;

static struct weft__rng *chaos_here(void)
{
    static atomic_uint threads;
    if (chaos_rng.state != 0)
        return &chaos_rng;
    const char *seed = getenv("WEFT_SEED");
    weft__rng_seed(&chaos_rng, (seed ? strtoull(seed, NULL, 0) : 1) + ((uint64_t)atomic_fetch_add(&threads, 1) << 32));
    for (int i = 0; i < 8; i++) /* near seeds begin alike */
        weft__rng_next(&chaos_rng);
    return &chaos_rng;
}

static void chaos_spin(uint32_t turns)
{
    for (uint32_t i = 0; i < turns; i++)
        atomic_signal_fence(memory_order_seq_cst); /* so that the loop stays */
}

void weft__chaos_point(void)
{
    struct weft__rng *rng = chaos_here();
    const uint32_t dice = weft__rng_next(rng);
    const int error = errno;
    if (dice % CHAOS_NAPS == 0)
        nanosleep(&(struct timespec){.tv_nsec = (long)weft__rng_below(rng, CHAOS_NAP_NS)}, NULL);
    else if (dice % CHAOS_YIELDS == 0)
        sched_yield();
    else if (dice % CHAOS_SPINS == 0)
        chaos_spin(weft__rng_below(rng, CHAOS_SPIN_MAX));
    errno = error;
}

bool weft__chaos_strikes(void)
{
    return weft__rng_below(chaos_here(), CHAOS_STRIKES) == 0;
}

uint32_t weft__chaos_below(uint32_t count)
{
    return weft__rng_below(chaos_here(), count);
}
