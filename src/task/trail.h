/* SPDX-License-Identifier: MIT */
/*
 * What a task works on behalf of (<weft/trail.h>). While there was never a tracer no task has a place for it, and nothing
 * here runs: a spawn and a send ask one bit, in the word that they ask for events anyway (trace/emit.h), and a receiver finds
 * out by a comparison that it makes anyway (channel/gate.h).
 *
 * A task that has a place is polled through a function of its own, which takes the time if its trail wants that, tells the
 * macros when something has been entered, and sees the end. So who has none pays for none.
 *
 * Who touches what: a place the spawner until the task is shown, then the worker that polls it. The tracer is read in an
 * RCU section, so that one that was taken away can be waited for.
 * Edges: TR-R1 -> TR-A1   the tracer is released when it was written.
 *        TR-R3 -> TR-A3   so is the key of threads, and whoever has a trail sends it with its messages.
 *        TR-R2 -> TR-A2   a reference is given back, and the last one frees: after all that others did with it.
 */
#ifndef WEFT_TASK_TRAIL_H
#define WEFT_TASK_TRAIL_H

#include <weft/trail.h>

#include "task/task.h"

/* Behind the name of a task, aligned. */
struct weft__trail_place {
    weft_poll_fn *fn;     /* the task's */
    weft_trail *own;      /* what the tracer said at its birth */
    weft_trail *current;
    uint32_t entered;     /* weft_trail_enter() less weft_trail_leave() */
    int64_t busy_ns;
};

/* The size of a task that has `size` bytes without a place. */
static inline size_t weft__trail_room(size_t size)
{
    return ((size + 7) & ~(size_t)7) + sizeof(struct weft__trail_place);
}

/* A task is being born that has a place behind its name, and is complete but for it; nobody sees it yet. */
void weft__trail_begin(struct weft__env *env, weft__task *task, struct weft__task_extra *extra);

/* It was not born after all, with a place or without. */
void weft__trail_forget(weft__task *task);

/* It ends, in the poll that is under way or in place of it. The function that polls it says so by itself. */
void weft__trail_end(weft__task *task, int result);

/* For a message that is being sent here: a reference, or NULL. */
weft_trail *weft__trail_of_message(void);

/* A job is run here, on behalf of `trail`, which is its own; consumes the reference, which may be NULL. What the thread worked for
 * until then is set aside in `outer`, and comes back with weft__trail_job_ends(). */
struct weft__trail_outer {
    struct weft__trail_place place;
    const struct weft__thread *job_self;
};
void weft__trail_job_begins(weft_trail *trail, struct weft__trail_outer *outer);
void weft__trail_job_ends(const struct weft__trail_outer *outer);

/* A value was received here that somebody had waited for, and that exchanges nothing; consumes the reference, which may be NULL. */
void weft__trail_mentioned(weft_trail *trail);

/* A message was received here, the index-th of those that are received at once; consumes the reference, which may be NULL. */
void weft__trail_received(weft_trail *trail, uint32_t index);

#endif
