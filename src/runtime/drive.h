/* SPDX-License-Identifier: MIT */
/*
 * A runtime without threads of its own. A thread of the host turns it: by weft_runtime_turn(), or because it waits for
 * something of the runtime, or for its end. One thread at a time is inside, and the one that was last drives it: waits
 * of that thread turn the runtime, waits of others sleep.
 *
 * Who touches what:
 *     turner     the thread that is inside; NULL: nobody. Whoever has it may touch what is a worker's
 *     driver     the thread that was inside last; before the first turn, the one that created the runtime
 *     bell       anybody rings; the turner clears
 * Edges: DR-R1 -> DR-A1, leaving releases the turner and entering acquires it: a turn sees what the turn before it wrote.
 */
#ifndef WEFT_RUNTIME_DRIVE_H
#define WEFT_RUNTIME_DRIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <weft/runtime.h>

#include "base/bell.h"

struct weft__drive {
    _Atomic(const void *) turner;
    _Atomic(const void *) driver;
    struct weft__bell bell;
};

/* Make it driven, by this thread. */
void weft__drive_init(weft_runtime *rt);
void weft__drive_fini(weft_runtime *rt);

/* Whether this thread is inside a turn of it. */
bool weft__drive_is_inside(const weft_runtime *rt);

/*
 * Go in: this thread may turn it until it leaves. 0; 1: it was inside already, and does not leave; WEFT_EBUSY, with a text
 * that begins with `call`: another thread is. The runtime stays meanwhile.
 */
int weft__drive_enter(const char *call, weft_runtime *rt);
void weft__drive_leave(weft_runtime *rt, int entered);

/*
 * Inside: turn it until `done` says so, or until the deadline, by its own clock. 0 or WEFT_ETIMEDOUT; of a simulated one
 * also WEFT_EDEADLK, with a text that begins with `call`: nothing can ever happen again. WEFT_ESHUTDOWN: a task has forked
 * meanwhile, and this is the child.
 */
int weft__drive_until(weft_runtime *rt, const char *call, bool (*done)(void *context), void *context, int64_t deadline_ns);

#endif
