/* SPDX-License-Identifier: MIT */
/* The workers of a runtime, and of those that are held by a poll, by which task. */
#ifndef WEFT_DIAG_WORKERS_H
#define WEFT_DIAG_WORKERS_H

#include <weft/inspect.h>
#include <weft/task.h>

#include "json.h"

struct weft__diag_worker {
    weft_worker_info info;
    weft_task_info task; /* id 0: none, not held for so long, or it has ended meanwhile */
};

/*
 * Copy what each worker does, and which tasks the polls are of that are at least so long. How many, in *out, from malloc(); 0:
 * none, or no memory.
 */
uint32_t weft__diag_workers_look(weft_runtime *rt, int64_t held_ns, struct weft__diag_worker **out);

/* The members of one, and its task as "task", of which all is told if it is known. */
void weft__diag_worker_write(struct weft__diag_json *json, const struct weft__diag_worker *worker);

/* The members of a task that is alive into the open object (tasks.c); false: it has ended. */
bool weft__diag_task_write(struct weft__diag_json *json, weft_task task);

#endif
