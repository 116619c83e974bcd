/* SPDX-License-Identifier: MIT */
/*
 * All that happens in a simulated runtime, as one number: each event, with its ids, and when it was. But not what differs
 * between two processes: addresses of sites, and the runtime's number.
 */
#ifndef WEFT_TESTS_LIB_TRACING_H
#define WEFT_TESTS_LIB_TRACING_H

#include "lib/world.h"

struct tracing {
    weft_runtime *rt;
    uint64_t hash;
    uint64_t events;
};

/* From now on, until the runtime's end or weft_hooks_remove(). */
weft_hooks_handle tracing_begin(struct tracing *tracing, weft_runtime *rt);

#endif
