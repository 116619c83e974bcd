/* SPDX-License-Identifier: MIT */
/* Inside a future: its own wait node, and the task behind it. */
#ifndef WEFT_TASK_FUTURE_H
#define WEFT_TASK_FUTURE_H

#include <weft/future.h>

#include "task/context.h"

/* What weft_future.weft__node holds. */
struct weft__future_node {
    struct weft__wait wait;
    weft__waiter waiter; /* the task, set at each poll */
};

_Static_assert(sizeof(struct weft__future_node) == sizeof(((weft_future *)0)->weft__node), "the node fits");

static inline struct weft__wait *weft__future_wait(weft_future *future)
{
    return &((struct weft__future_node *)(void *)future->weft__node)->wait;
}

/*
 * The node of a future that is being polled: whoever wakes it wakes the task. A node that is in a list has its task
 * already, and whoever takes it out reads it under a lock that this poll does not hold: so it is written once.
 */
static inline struct weft__wait *weft__future_attach(weft_context *cx, weft_future *future)
{
    struct weft__future_node *node = (struct weft__future_node *)(void *)future->weft__node;
    const weft__waiter task = weft__waiter_task(weft__cx_task(cx));
    if (node->waiter != task)
        node->waiter = task;
    return &node->wait;
}

_Static_assert(sizeof(struct weft__waitable) == sizeof(((weft_select_state *)0)->weft__waitable), "the state is a waitable");

static inline struct weft__waitable *weft__select_waitable(weft_select_state *state)
{
    return (struct weft__waitable *)(void *)&state->weft__waitable;
}

/* Whether the task is in this wait: asked again, and not for the first time. */
static inline bool weft__select_under_way(const weft_context *cx, weft_select_state *state)
{
    return weft__cx_task(cx)->wait.object == weft__select_waitable(state);
}

/* Set up a future of any kind, which begins with the common part. False: it is null, and select will say so. */
static inline bool weft__future_begin(void *whole, int (*poll)(weft_context *cx, weft_future *future))
{
    weft_future *future = whole;
    if (!future)
        return false;
    *future = (weft_future){.weft__poll = poll};
    weft__future_wait(future)->future = true;
    return true;
}

#endif
