/* SPDX-License-Identifier: MIT */
/*
 * The time and the numbers that a runtime and its objects live by. Almost all live by the process's, which is written
 * NULL: the machine's clock, and one sequence of ids for everything that may meet in a recording. A simulated runtime has
 * a realm of its own, so that a run of it is the same in every process; it stays until the last object has gone.
 *
 * Threads: any; the time of a realm is moved by the thread that drives its runtime.
 */
#ifndef WEFT_REGISTRY_REALM_H
#define WEFT_REGISTRY_REALM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/check.h"
#include "base/platform.h"

struct weft__realm {
    _Atomic int64_t now;
    _Atomic uint64_t ids;  /* the next to be given */
    _Atomic uint32_t refs; /* the runtime, and each place where objects of it live */
};

/* Of a thread that drives a simulated runtime, while it does: weft_clock() answers its time. NULL: the machine's. */
extern _Thread_local struct weft__realm *weft__realm_here __attribute__((tls_model("initial-exec")));

/* A realm whose clock stands at `now`, with one reference. NULL: no memory. */
struct weft__realm *weft__realm_create(int64_t now);

/* Both do nothing with NULL. */
struct weft__realm *weft__realm_ref(struct weft__realm *realm);
void weft__realm_unref(struct weft__realm *realm);

/* The time there. Relaxed: one thread moves it, and nothing else is read by it. */
static inline int64_t weft__realm_now(struct weft__realm *realm)
{
    return weft__unlikely(realm) ? weft__load_relaxed(&realm->now) : weft__clock_now();
}

/* The same for what is kept in milliseconds: it may be some of them old. */
static inline int64_t weft__realm_now_coarse(struct weft__realm *realm)
{
    return weft__unlikely(realm) ? weft__load_relaxed(&realm->now) : weft__platform->clock_coarse();
}

#endif
