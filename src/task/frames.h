/* SPDX-License-Identifier: MIT */
/*
 * Where a task is: the chain of its steps' frames, from the one that was spawned to the innermost WEFT_CALL, each with the
 * line of the await that it passed last, or waits at.
 *
 * Two ways to read it. weft__frames_read() follows whatever the frames say: for the worker that polls the task, and for
 * whoever holds it (task/state.h, pin). weft__frames_peek() is for everybody else: the task may run, return from the
 * calls that are being followed, write other things where their frames were, end, and another may take its slot.
 *
 * What makes a peek safe:
 *     - every byte that it reads lies in the task's slot, whose page an RCU section keeps; a frame that the step keeps
 *       elsewhere is not followed, and the chain ends before it
 *     - FR-R1 -> FR-A1: WEFT_CALL (<weft/step.h>) releases the pointer to a frame that is prepared, the reader acquires it
 *     - a pointer to a function's name is followed only into what is loaded (base/loaded.h): stale bytes lead nowhere
 *     - the chain is read twice and must be the same, and the word must carry the task's tag after it
 * What is left: a chain that changed and changed back in between is told as it was. It is a place, shown to people.
 */
#ifndef WEFT_TASK_FRAMES_H
#define WEFT_TASK_FRAMES_H

#include <stdint.h>

#include "base/loaded.h"
#include "task/task.h"

enum { WEFT__FRAMES_MAX = 16 };

struct weft__place {
    const weft_function *function;
    uint32_t line; /* 0: at its beginning */
};

struct weft__frames {
    uint32_t count;
    struct weft__place places[WEFT__FRAMES_MAX]; /* the outermost first */
};

void weft__frames_read(const weft__task *task, struct weft__frames *out);

/* Any thread, in an RCU section. Empty if there is nothing that can be believed, or the slot's task has another tag. */
void weft__frames_peek(weft__task *task, uint32_t tag, const struct weft__loaded *loaded, struct weft__frames *out);

/* The innermost place; its function is NULL if there is none. */
static inline struct weft__place weft__frames_innermost(const struct weft__frames *frames)
{
    return frames->count > 0 ? frames->places[frames->count - 1] : (struct weft__place){NULL, 0};
}

#endif
