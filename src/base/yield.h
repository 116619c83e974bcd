/* SPDX-License-Identifier: MIT */
/*
 * What a thread does between two looks while another is a few instructions before what it waits for: it gives the processor away, and after
 * some turns it sleeps for a moment. At a real-time priority who yields lets in none of a lower one, and that may be who is waited for.
 */
#ifndef WEFT_BASE_YIELD_H
#define WEFT_BASE_YIELD_H

#include <sched.h>

#include "base/platform.h"

enum { WEFT__YIELDS = 64, WEFT__YIELD_REST_NS = 50000 };

/* The turns of the loop, which begins with none. */
static inline void weft__yield(unsigned *turns)
{
    if (++*turns <= WEFT__YIELDS)
        sched_yield();
    else
        weft__platform->rest(WEFT__YIELD_REST_NS);
}

#endif
