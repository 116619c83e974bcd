/* SPDX-License-Identifier: MIT */
/*
 * Where one worker sleeps.
 *
 *     0 empty   1 asleep   2 notified: the next park returns at once   3 asleep elsewhere, in its loop
 *
 * Who touches what: the worker parks; anybody unparks, any number of times; unparks coalesce. A worker that sleeps in its
 * loop departs before and arrives after; whoever unparks it meanwhile is told to rouse it there. It departs when it has taken
 * the loop: else somebody who turns it for the worker could take the rousing with what has come.
 * Edges:
 *     PK-R1 -> PK-A1   unpark releases; park and arrive acquire.
 *     PK-R2 -> PK-A2   depart releases, unpark acquires: that the last rousing was taken note of is seen by whoever rouses
 *                      next. libuv looks first whether it has been asked already, and would find the old answer.
 */
#ifndef WEFT_SCHED_PARKER_H
#define WEFT_SCHED_PARKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

struct weft__parker {
    _Alignas(64) _Atomic uint32_t word;
};

/* Sleep until unparked, or until the time has come. */
void weft__parker_park(struct weft__parker *parker, int64_t deadline_ns);

/* Before and after a sleep elsewhere. False: it was unparked, and does not sleep. */
bool weft__parker_depart(struct weft__parker *parker);
void weft__parker_arrive(struct weft__parker *parker);

/* End the sleep, or the next before it begins. True: it sleeps elsewhere; rouse it there. */
bool weft__parker_unpark(struct weft__parker *parker);

#endif
