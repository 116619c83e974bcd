/* SPDX-License-Identifier: MIT */
/*
 * Where one worker sleeps.
 *
 *     0 empty   1 asleep   2 notified: the next park returns at once
 *
 * Who touches what: the worker parks; anybody unparks, any number of times; unparks coalesce.
 * Edges: PK-R1 unpark releases, PK-A1 park acquires.
 */
#ifndef WEFT_SCHED_PARKER_H
#define WEFT_SCHED_PARKER_H

#include <stdint.h>

#include "base/atomic.h"

struct weft__parker {
    _Alignas(64) _Atomic uint32_t word;
};

/* Sleep until unparked, or until the time has come. */
void weft__parker_park(struct weft__parker *parker, int64_t deadline_ns);
void weft__parker_unpark(struct weft__parker *parker);

#endif
