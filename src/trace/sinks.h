/* SPDX-License-Identifier: MIT */
/*
 * Who gets events: at most one provider library in the process, and up to 8 registrations of hooks. The union of their
 * wishes is weft__trace_mask.
 */
#ifndef WEFT_TRACE_SINKS_H
#define WEFT_TRACE_SINKS_H

#include <stdbool.h>
#include <stdint.h>
#include <weft/trace.h>

#ifndef WEFT__HOOKS_MAX /* a smaller table is for tests */
#define WEFT__HOOKS_MAX 8
#endif

struct weft__sinks_walk {
    uint32_t runtime;
    unsigned event;
    int position;
    bool inside;
};

/* The hooks of `runtime` that want `event`, one after the other; the walk ends with NULL. */
const weft_hooks *weft__sinks_first(struct weft__sinks_walk *walk, uint32_t runtime, unsigned event);
const weft_hooks *weft__sinks_next(struct weft__sinks_walk *walk);

/* The provider, or NULL. It is set once and stays. */
const weft_trace_provider *weft__sinks_provider(void);
void weft__sinks_set_provider(const weft_trace_provider *provider);

/* Ask the provider again which events are recorded. Any thread; the monitor does it at each tick. */
void weft__sinks_refresh(void);

/*
 * Events in which the library itself takes the time of polls and wakes (task/measure.h): wanted while a window is open.
 * `sampled` and `exact` are added to how many runtimes want so; with an exact one the window is always open. It is opened for
 * so many measurements, at most every 10 ms, and closes with the last of them: what measuring costs is bounded,
 * whatever the load.
 */
void weft__sinks_measure(int sampled, int exact);
void weft__sinks_open_window(int64_t now, int32_t measurements);

/* Whether one measurement more may be made. Any thread that holds no lock of a higher floor than this. */
bool weft__sinks_spend(void);

/* From now on tasks and messages have trails: the bit WEFT__TRACE_TRAILS. */
void weft__sinks_begin_trails(void);

/* Registrations of hooks, by the runtime's number. */
int weft__sinks_add(uint32_t runtime, const weft_hooks *hooks, uint64_t mask, weft_hooks_handle *out_handle);
int weft__sinks_remove(weft_hooks_handle handle);

/* Whether this thread is inside a hook. */
bool weft__sinks_in_hook(void);

/* A runtime has gone: forget its hooks. */
void weft__sinks_forget(uint32_t runtime);

/* fork(): nobody else is in the middle of it. After: in both processes. */
void weft__sinks_before_fork(void);
void weft__sinks_after_fork(void);

#endif
