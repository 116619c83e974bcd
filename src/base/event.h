/* SPDX-License-Identifier: MIT */
/*
 * A flag that one thread sleeps on and others set; it lives on the sleeper's stack as often as not.
 *
 *     CLEAR   SLEEPING: clear, and the owner sleeps   SET
 *
 * Who touches what: the owner waits and clears; anybody sets. The set's last touch of the memory is the exchange: the
 * futex call after it passes only the address, so the owner may return and its stack may go.
 * Edges: EV-R1 set releases, EV-A1 a wait that returns 0 acquires.
 */
#ifndef WEFT_BASE_EVENT_H
#define WEFT_BASE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

enum weft__event_word { WEFT__EVENT_CLEAR, WEFT__EVENT_SLEEPING, WEFT__EVENT_SET };

struct weft__event {
    _Atomic uint32_t word;
};

/* Owner: wait until it is set. 0, or -ETIMEDOUT when the deadline passed first. */
int weft__event_wait(struct weft__event *event, int64_t deadline_ns);

void weft__event_set(struct weft__event *event);

/* Owner: whether it is set, without waiting. */
bool weft__event_is_set(struct weft__event *event);

/* Who is about to set it: whether the owner sleeps, so that the set will be a call of the system. */
static inline bool weft__event_sleeps(struct weft__event *event)
{
    return weft__load_relaxed(&event->word) == WEFT__EVENT_SLEEPING;
}

/* Owner: make it clear again; what was set before is forgotten. */
static inline void weft__event_clear(struct weft__event *event) { weft__store_relaxed(&event->word, WEFT__EVENT_CLEAR); }

#endif
