/* SPDX-License-Identifier: MIT */
/* A loop without libuv, for harnesses of descriptors: one that is turned by whoever holds the lock, as src/io/reactor.c says, and
 * in which a change is applied at once. What it knows of descriptors (weft__source_*) is the harness's. No worker turns or sleeps in it. */
#ifndef MODEL_REACTOR_H
#define MODEL_REACTOR_H

#include "base/lock.h"
#include "io/reactor.h"

struct weft__reactor {
    struct weft__lock turning;
};

extern struct weft__reactor reactor;

#endif
