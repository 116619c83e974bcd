/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that is readable once it was rung, or while another descriptor is readable, for a host that sleeps in epoll
 * or poll. It is opened when somebody asks for it; until then ringing it costs a load.
 *
 * Who touches what: anybody rings; whoever is about to look clears first, so that what comes after the look rings again.
 * Edges: BL-R1 -> BL-A1, opening releases the descriptor. What a ring is about has edges of its own.
 */
#ifndef WEFT_BASE_BELL_H
#define WEFT_BASE_BELL_H

#include "base/lock.h"

struct weft__bell {
    struct weft__lock opening;
    _Atomic int clapper; /* what is rung; -1: nobody has asked for it */
    int fd;              /* an epoll of the clapper and the other one; written before the clapper is released */
};

void weft__bell_init(struct weft__bell *bell);
void weft__bell_fini(struct weft__bell *bell);

/* The descriptor, or a negative errno: EMFILE, ENFILE, ENOMEM. `beside` is the other one, or negative. Any thread. */
int weft__bell_open(struct weft__bell *bell, int beside);

void weft__bell_ring(struct weft__bell *bell);
void weft__bell_clear(struct weft__bell *bell);

#endif
