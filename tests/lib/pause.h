/* SPDX-License-Identifier: MIT */
/*
 * What a loop does between two looks at what other threads are to bring about: it gives the processor away, and if that takes long, or
 * after some turns, sleeps for a moment. On a machine with much else to do whoever yields is put behind all others, while one who slept is
 * let in soon; and who is waited for has the processor meanwhile. It orders nothing, and nothing is in time by it.
 */
#ifndef WEFT_TESTS_LIB_PAUSE_H
#define WEFT_TESTS_LIB_PAUSE_H

#include <sched.h>
#include <stdint.h>
#include <time.h>

enum { PAUSE_YIELDS = 32, PAUSE_LONG_NS = 200000, PAUSE_NS = 20000 };

static inline int64_t pause_clock(void)
{
    struct timespec now; /* not the library's, which a test may have stopped */
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The turns of the loop, which begins with none; how many there were is its own matter. */
static inline void pause_turn(unsigned *turns)
{
    const struct timespec moment = {.tv_nsec = PAUSE_NS};
    if (*turns >= PAUSE_YIELDS) {
        clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
        return;
    }
    const int64_t before = pause_clock();
    sched_yield();
    *turns = pause_clock() - before > PAUSE_LONG_NS ? PAUSE_YIELDS : *turns + 1;
}

#endif
