/* SPDX-License-Identifier: MIT */
/*
 * What chooses in the chaos build: a generator for each thread, of WEFT_SEED (1 if it is not set) and of how many threads
 * chose before this one did. So a seed makes the same choices again; where threads stand when they are made is theirs.
 *
 * Most points pass at once, or after a few turns on the spot: two threads meet elsewhere then. Some give the processor away, and a few
 * sleep, which is what a preempted thread looks like to the others. On a machine with much else to do a thread that gives the processor
 * away gets it back after all others: then there are few such points, and the system preempts often enough by itself.
 *
 * WEFT_CHAOS_SLOW=MS besides makes some places of the code slow, other places with each seed: who comes there sleeps now and then for up
 * to so many milliseconds, until all others have nothing left to do. On a machine with much else to do that happens once in many
 * thousand runs, and a test that took "everybody sleeps" for "nothing will happen any more" fails then.
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
    CHAOS_YIELDS = 128,
    CHAOS_NAPS = 8192,
    CHAOS_NAP_NS = 50000,
    CHAOS_SLOW = 16,      /* one place in so many, */
    CHAOS_SLOW_TURNS = 4, /* and there one time in so many; */
    CHAOS_SLOW_SHARE = 2  /* of all time a program sleeps this part at most, so that its end comes in sight */
};

static _Thread_local struct weft__rng chaos_rng;
static atomic_ullong chaos_seed;
static atomic_llong chaos_slow_ns; /* 0: no place is slow */

static struct weft__rng *chaos_here(void)
{
    static atomic_uint threads;
    if (chaos_rng.state != 0)
        return &chaos_rng;
    const char *given = getenv("WEFT_SEED"), *slow = getenv("WEFT_CHAOS_SLOW");
    const uint64_t seed = given ? strtoull(given, NULL, 0) : 1;
    atomic_store(&chaos_seed, seed);
    atomic_store(&chaos_slow_ns, slow ? strtoll(slow, NULL, 10) * 1000000 : 0);
    weft__rng_seed(&chaos_rng, seed + ((uint64_t)atomic_fetch_add(&threads, 1) << 32));
    for (int i = 0; i < 8; i++) /* near seeds begin alike */
        weft__rng_next(&chaos_rng);
    return &chaos_rng;
}

static int64_t chaos_clock(void)
{
    struct timespec now; /* not the library's, which a test may have stopped */
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Not more than half of the time. */
static void chaos_yield(void)
{
    static _Thread_local int64_t again;
    const int64_t now = chaos_clock();
    if (now < again)
        return;
    sched_yield();
    const int64_t then = chaos_clock();
    again = then + (then - now);
}

static void chaos_spin(uint32_t turns)
{
    for (uint32_t i = 0; i < turns; i++)
        atomic_signal_fence(memory_order_seq_cst); /* so that the loop stays */
}

/* By where it lies in the program, so that a seed chooses the same places in each run of it. */
static bool chaos_is_slow(const void *place)
{
    struct weft__rng rng;
    weft__rng_seed(&rng, ((uintptr_t)place - (uintptr_t)weft__chaos_point) ^ (atomic_load_explicit(&chaos_seed, memory_order_relaxed) << 32));
    weft__rng_next(&rng);
    return weft__rng_below(&rng, CHAOS_SLOW) == 0;
}

static void chaos_linger(struct weft__rng *rng, int64_t most)
{
    static atomic_llong begun, slept;
    const int64_t now = chaos_clock();
    long long since = 0;
    if (atomic_compare_exchange_strong(&begun, &since, now))
        since = now;
    if (atomic_load(&slept) > most + (now - since) / CHAOS_SLOW_SHARE)
        return;
    const int64_t ns = (int64_t)((uint64_t)most * weft__rng_below(rng, 1024) / 1024);
    atomic_fetch_add(&slept, ns);
    nanosleep(&(struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000}, NULL);
}

void weft__chaos_point(void)
{
    struct weft__rng *rng = chaos_here();
    const uint32_t dice = weft__rng_next(rng);
    const int64_t slow_ns = atomic_load_explicit(&chaos_slow_ns, memory_order_relaxed);
    const int error = errno;
    if (slow_ns > 0 && (dice >> 16) % CHAOS_SLOW_TURNS == 0 && chaos_is_slow(__builtin_return_address(0)))
        chaos_linger(rng, slow_ns);
    if (dice % CHAOS_NAPS == 0)
        nanosleep(&(struct timespec){.tv_nsec = (long)weft__rng_below(rng, CHAOS_NAP_NS)}, NULL);
    else if (dice % CHAOS_YIELDS == 0)
        chaos_yield();
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
