/* SPDX-License-Identifier: MIT */
/* The definition events: what a name in a recording stands for, said once per recording. */
#ifndef WEFT_TASK_ANNOUNCE_H
#define WEFT_TASK_ANNOUNCE_H

#include "task/task.h"
#include "trace/emit.h"

/* Raised when a recording starts, so that sites are defined again. */
extern _Atomic uint32_t weft__announce_generation;

/*
 * What a site remembers: in the upper half the number of its name (metrics/names.h), in the lower the recording that knows it;
 * 0: none. Two threads may change a half each, and one is forgotten and done again.
 */
static inline uint32_t weft__site_known(const weft_site *site) { return __atomic_load_n(&site->weft__known, __ATOMIC_RELAXED); }
static inline void weft__site_know_name(weft_site *site, uint32_t number)
{
    __atomic_store_n(&site->weft__known, number << 16 | (weft__site_known(site) & UINT16_MAX), __ATOMIC_RELAXED);
}

/* Does anybody ask for the events of a task that is being born, or for its trail? */
static inline bool weft__announce_wanted(void)
{
    return weft__unlikely(weft__load_relaxed(&weft__trace_mask) &
                          (UINT64_C(1) << WEFT_TRACE_site_def | UINT64_C(1) << WEFT_TRACE_task_name |
                           UINT64_C(1) << WEFT_TRACE_task_spawn | WEFT__TRACE_TRAILS));
}

/* Those events, as far as somebody asks for them. */
void weft__announce_spawn(struct weft__env *env, weft__task *task);

/* The events of a task that lives already when a recording starts. */
void weft__announce_live(struct weft__env *env, const weft_task_info *info);

#endif
