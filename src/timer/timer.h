/* SPDX-License-Identifier: MIT */
/*
 * The timers of a worker: a wheel, and a lock that only a task which has moved to another worker contends.
 *
 * Who touches what: the worker arms and turns its own; any thread may take an entry out (a cancelled sleep, a closed
 * scope) under the lock; the monitor turns those of a worker that is stuck. An entry is armed on the thread that asks, so
 * nobody has to be woken for an earlier time.
 *
 * States of an entry (wait->state, under the lock): QUEUED in the wheel; GRANTED fired; FIRING a scope's, fired, and the
 * scope is being cancelled: its memory is still needed.
 */
#ifndef WEFT_TIMER_TIMER_H
#define WEFT_TIMER_TIMER_H

#include "metrics/spread.h"
#include "task/env.h"
#include "task/wait.h"
#include "timer/wheel.h"

struct weft__timers {
    struct weft__waitable waitable; /* what a sleeping task waits for */
    struct weft__lock lock;
    _Atomic int64_t next; /* of the wheel; written under the lock */
    struct weft__env *env;
    weft__counter armed; /* these and the next under the lock, read by anybody */
    weft__counter fired;
    weft__counter cancelled;
    struct weft__wheel wheel;
    struct weft__spread lateness; /* of those that fired */
};

/* One per worker; sets env->timer_ops. 0 or WEFT_ENOMEM. */
int weft__timers_create(struct weft__env *env, uint32_t count, struct weft__timers **out_timers);
void weft__timers_destroy(struct weft__timers *timers, uint32_t count);

static inline struct weft__timers *weft__timers_of(struct weft__timers *timers, uint32_t index) { return &timers[index]; }

#endif
