/* SPDX-License-Identifier: MIT */
/*
 * A queue from any thread to whoever takes next: liburcu's wait-free concurrent queue. A push is one exchange and one
 * store and never fails; takers exclude each other with a lock that nobody waits for.
 *
 *     push      any thread, wait-free
 *     pop       any thread; answers NULL when another thread is taking, or a push is half done
 *     empty     any thread; a push that has returned is seen
 *     ready     any thread; is the first to be taken now? True while another thread is taking: whether it leaves any is not to be told by then
 *
 * States of a queue, as whoever holds the lock of the takers finds it:
 *
 *     tail is the head                  empty
 *     head -> ... -> tail               ready
 *     head    [ -> a ... ] -> tail      a push has exchanged the tail and not stored its link: nothing can be taken
 *     head -> a    [ -> b ... ] -> tail the same, of the push after the first: the first cannot be taken, either, since only its link tells
 *                                       what is first then
 *     a gap further on                  ready, until the takers come to it
 *
 * So if it is neither empty nor ready there is a push whose store is to come: who wants to know of it asks the pusher to tell after it.
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
bool weft__handoff_ready(struct weft__handoff *queue);

/* Take up to `limit` nodes in order into `out`; how many were taken. */
size_t weft__handoff_pop(struct weft__handoff *queue, struct weft__handoff_node **out, size_t limit);

#endif
