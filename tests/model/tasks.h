/* SPDX-License-Identifier: MIT */
/* Tasks without a scheduler: each is polled by a thread of its own, so an await costs a few actions instead of hundreds.
 *
 * Real: the task's word and its moves, birth and end, wait nodes, wakes, cancellation, the budget, select. Not there:
 * queues, workers, timers. A wake reaches the polling thread by a relaxed flag, so whatever is
 * ordered is ordered by the task's word and by the object under test; and a thread wakes its own task now and then for
 * nothing, as any waker may. */
#ifndef MODEL_TASKS_H
#define MODEL_TASKS_H

#include <stdint.h>
#include <weft/step.h>
#include <weft/sync.h>

/* A runtime with meeting points; a harness of another room adds what that needs to its env. Before everything else. */
weft_runtime *tasks_begin(void);

/* The scope to spawn in, by the main thread; a task runs from its birth on. */
enum { TASKS_MAX = 3 };
weft_scope *tasks_scope(void);

/* Wait for one task that nobody else waits for. */
void tasks_join_one(weft_task task);

/* Wait until every task has ended; their memory goes back, as soon as nobody can be looking at it. */
void tasks_join(void);

/* After tasks_join(), and after the last object was destroyed. */
void tasks_end(void);

/* The statistics of a meeting point, by a handle's weft__object. The walk over all, which users have, is long. */
weft_sync_stats tasks_look(struct weft__meeting *object);

#endif
