/* SPDX-License-Identifier: MIT */
/*
 * How long polls take, and how long a task that was woken waits for its poll. Nobody pays for it who is not measured: a
 * measurement begins where the events `wake` and `poll_start` are wanted, and from there it travels in the task, whose
 * poll function is exchanged for one that takes the time, puts the right one back, and calls it. The task is then its
 * waker's, or its worker's, alone.
 *
 * Such events are wanted in windows (trace/sinks.h): so many measurements every 10 ms, for the whole process. While there is
 * less to measure than that, everything is; beyond, what was measured stands for all (metrics/spread.h).
 *
 *     measure_timed   this poll is timed; the right function is in the worker's record
 *     measure_woken   it was woken in a window; the right function and the time are in the table `woken`, by the task's id
 *
 * Edges: ME-R1 -> ME-A1   an entry is given back when it has been read, and then taken by another waker.
 *     What is written into an entry, and the function, go with the task through its queue.
 * Who touches what: tick on the monitor thread, or in a turn; ask and copy on any thread.
 */
#ifndef WEFT_TASK_MEASURE_H
#define WEFT_TASK_MEASURE_H

#include <weft/runtime.h>

#include "metrics/spread.h"
#include "task/task.h"

/* A small table is for tests, where entries have to be used again. */
#ifndef WEFT__MEASURE_WOKEN
#define WEFT__MEASURE_WOKEN 256
#endif
enum { WEFT__MEASURE_PROBES = 4 };

struct weft__woken {
    _Atomic uint64_t id; /* of the task; 0: free */
    weft_poll_fn *fn;
    int64_t at;
};

struct weft__measure {
    weft_measure mode;
    _Atomic uint32_t on;     /* it measures; the ticker's */
    _Atomic uint32_t begun;  /* it has, once: there is something to tell */
    _Atomic int64_t asked;   /* when somebody asked last; 0: nobody has */
    struct weft__sampled polls;
    struct weft__sampled wakes;
    struct weft__woken woken[WEFT__MEASURE_WOKEN];
};

/* Before the runtime's first task; it measures from the start if the mode says so. */
void weft__measure_init(struct weft__measure *measure, weft_measure mode);

/* The runtime has gone. */
void weft__measure_fini(struct weft__measure *measure);

/* Somebody wants to know: begin with the next tick, or go on. */
void weft__measure_ask(struct weft__measure *measure, int64_t now);

/* So many polls and wakes there have been. */
void weft__measure_tick(struct weft__measure *measure, int64_t now, uint64_t polls, uint64_t wakes);

/* A task was woken and goes into a queue; a poll begins. Where their events are wanted. */
void weft__measure_wake(struct weft__env *env, weft__task *task);
void weft__measure_poll(struct weft__thread *self, weft__task *task);

#endif
