/* SPDX-License-Identifier: MIT */
/* Tasks by hand: threads that poll whatever is runnable, over the real src/task, without src/sched. For harnesses that ask how
 * tasks meet, end, and are looked at: an execution costs a third of what it costs with the scheduler, and less is ordered.
 *
 * Real: birth, polls, the end, joins, scopes, slots that are used again, the threads' caches, and timers if they are wanted.
 * What is runnable lies in a few places, each of which orders no more than a queue does: who takes a task knows what the one
 * who put it there did. A hand that finds nothing sleeps. (tasks.h is smaller still: one thread for each task.) */
#ifndef MODEL_HANDS_H
#define MODEL_HANDS_H

#include <stdbool.h>
#include <weft/step.h>

#include "task/env.h"

enum { HANDS_MAX = 3 };

/* A runtime with `count` hands, and timers for each if `timed`. Tasks are spawned into the scope that it answers. */
extern struct weft__env hands_env;
weft_scope *hands_begin(unsigned count, bool timed);
weft_runtime *hands_runtime(void);

/* Wait until `tasks` tasks have ended, end the hands, give all back. */
void hands_end(unsigned tasks);

/* As the monitor: empty pages, and what the hands' caches hold, go back. Any thread. Waits for grace periods. */
void hands_trim(void);

#endif
