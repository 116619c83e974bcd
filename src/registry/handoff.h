/* SPDX-License-Identifier: MIT */
/*
 * A queue from any thread to whoever takes next: liburcu's wait-free concurrent queue. A push is one exchange and one
 * store and never fails; takers exclude each other with a lock that nobody waits for.
 *
 *     push      any thread, wait-free
 *     pop       any thread; answers NULL when another thread is taking, or a push is half done
 *     empty     any thread; a push that has returned is seen
 *
 * Edges: what the pusher wrote before the push is visible to the taker.
 */
#ifndef WEFT_REGISTRY_HANDOFF_H
#define WEFT_REGISTRY_HANDOFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/lock.h"

/* Lives in the object that is handed over; free for other use while it is not queued. */
struct weft__handoff_node {
    struct weft__handoff_node *next;
};

struct weft__handoff {
    struct weft__handoff_node head; /* takers */
    struct weft__lock taking;
    _Alignas(64) struct weft__handoff_node *tail; /* pushers; a line of its own */
};

void weft__handoff_init(struct weft__handoff *queue);
void weft__handoff_push(struct weft__handoff *queue, struct weft__handoff_node *node);
bool weft__handoff_empty(struct weft__handoff *queue);

/* Take up to `limit` nodes in order into `out`; how many were taken. */
size_t weft__handoff_pop(struct weft__handoff *queue, struct weft__handoff_node **out, size_t limit);

#endif
