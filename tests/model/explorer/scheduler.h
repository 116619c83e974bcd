/* SPDX-License-Identifier: MIT */
/* The threads of the program under test, as coroutines on one system thread. See scheduler.c. */
#ifndef MODEL_SCHEDULER_H
#define MODEL_SCHEDULER_H

#include "limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULER_FOREVER INT64_MAX

extern int scheduler_current;        /* who runs */
extern int scheduler_count;          /* threads made so far */
extern bool scheduler_alone;         /* all others have ended, and who runs knows what they did */
extern uint64_t scheduler_steps;     /* of this execution */
extern uint64_t scheduler_steps_max; /* option steps: beyond it the execution is stuck */
extern uint64_t scheduler_clock_ns;  /* the virtual clock; moves when read, by a turn of a spinner, and to a deadline */

/* Once: `stacks` is MODEL_THREADS * MODEL_STACK_BYTES of memory. */
void scheduler_init(char *stacks);

/* Runs one execution to its end. Returns false if it was abandoned (scheduler_abandon). */
bool scheduler_run(void *(*program)(void *));

/* A new thread, which may run at the next point. Returns its number. */
int scheduler_spawn(void *(*run)(void *), void *argument);

/* Before each action that other threads can notice: here the next thread is chosen. */
void scheduler_point(void);

/* The same, but somebody else goes on if anybody can. */
void scheduler_yield(void);

/* Waits on `object` until scheduler_wake; `why` is for the deadlock report. The wait may end at
 * deadline_ns instead (returns false then); SCHEDULER_FOREVER is none. */
bool scheduler_block(const char *why, const void *object, int64_t deadline_ns);

/* Threads that wait on `object`, one bit each. */
uint32_t scheduler_waiters(const void *object);
void scheduler_wake(int thread);

/* Waits until that thread has ended; returns its result. */
void *scheduler_join(int thread);

bool scheduler_ended(int thread);

/* Leaves the execution, which then counts for nothing. */
_Noreturn void scheduler_abandon(void);

#endif
