/* SPDX-License-Identifier: MIT */
/* Sleeping until a time that is kept somewhere and may be changed meanwhile. */
#ifndef WEFT_TIMER_SLEEP_H
#define WEFT_TIMER_SLEEP_H

#include "task/future.h"

/* What the clock of the task's runtime says. */
static inline int64_t weft__sleep_now(const weft_context *cx) { return weft__realm_now(weft__cx_thread(cx)->env->realm); }

/* Wait with this node until the time; if another one is given than the last time, until that. */
int weft__sleep_follow(weft_context *cx, struct weft__wait *wait, int64_t deadline_ns);

#endif
