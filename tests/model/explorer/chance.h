/* SPDX-License-Identifier: MIT */
/* Every choice of an execution comes from here, so that one number, the seed, is the whole schedule.
 *
 * Each execution first draws a temperament: how eagerly it switches threads, reads stale values, reorders stores. A
 * rare window needs a thread that runs far undisturbed, another needs a switch at every step; one fixed rate would be
 * bad at both. Rates are out of 256. */
#ifndef MODEL_CHANCE_H
#define MODEL_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct temperament {
    unsigned preempt;  /* leave a thread that could go on */
    unsigned stale;    /* read an older write where one may be read */
    unsigned reorder;  /* put a store before writes that are already there */
    unsigned spurious; /* weak compare-exchange or futex wait fails for no reason */
    unsigned timeout;  /* a wait with a deadline ends at it although others can run */
    unsigned refuse;   /* an allocation fails; 0 without the option oom */
    bool recycle;      /* the heap hands freed addresses out again */
};

extern struct temperament chance_temperament;
extern bool chance_sequential; /* option sc: no stale reads, no reordering */
extern bool chance_oom;        /* option oom: allocations may fail */

void chance_seed(uint64_t seed);
uint64_t chance_refill(void);

extern uint64_t chance_bits;
extern unsigned chance_left;

static inline uint64_t chance_take(unsigned bits)
{
    if (chance_left < bits) {
        chance_bits = chance_refill();
        chance_left = 64;
    }
    uint64_t taken = chance_bits & ((1ull << bits) - 1);
    chance_bits >>= bits;
    chance_left -= bits;
    return taken;
}

static inline bool chance(unsigned rate)
{
    return rate && chance_take(8) < rate;
}

/* Uniform enough for small n: 16 bits scaled down. */
static inline unsigned chance_below(unsigned n)
{
    return n < 2 ? 0 : (unsigned)(chance_take(16) * n >> 16);
}

#endif
