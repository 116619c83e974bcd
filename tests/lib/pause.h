/* SPDX-License-Identifier: MIT */
/*
 * What a loop does between two looks at what other threads are to bring about: it gives the processor away, and after some turns
 * sleeps for a moment. On a machine with much else to do whoever yields is put behind all others, while one who slept is let in soon; and
 * who is waited for has the processor meanwhile. It orders nothing, and nothing is in time by it.
 */
#ifndef WEFT_TESTS_LIB_PAUSE_H
#define WEFT_TESTS_LIB_PAUSE_H

#include <sched.h>
#include <time.h>

enum { PAUSE_YIELDS = 32, PAUSE_NS = 20000 };

static inline void pause_turn(unsigned turn)
{
    const struct timespec moment = {.tv_nsec = PAUSE_NS};
    if (turn < PAUSE_YIELDS)
        sched_yield();
    else
        clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
}

#endif
