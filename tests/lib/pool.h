/* SPDX-License-Identifier: MIT */
/*
 * What tests of the blocking pool share: a runtime whose pool's books are checked at its end, jobs that everybody needs,
 * plugs that occupy its threads. The functions that assert are for the test's own thread.
 */
#ifndef WEFT_TESTS_LIB_POOL_H
#define WEFT_TESTS_LIB_POOL_H

#include "lib/runtime.h"
#include "lib/verdict.h"

/* What the runtime reported, as a text. */
extern char reported[4096];

/* A runtime with two workers; 0: the default. */
void open_pool(uint32_t threads, uint32_t queue, uint32_t keep_alive_ms);

/* Shut down, hold the books against each other, destroy, assert the verdicts. */
void close_pool(void);

/* The pool's statistics, which must add up. */
weft_blocking_stats stats(void);

/* Setup and teardown of a cmocka test: counts at zero; what a failed test left. */
int reset(void **state);
int close_after(void **state);

int plus_one(void *argument); /* of an int */
int fails(void *argument);    /* -5 */
extern atomic_uint ran, dropped;
int count_run(void *argument);
void count_drop(void *argument);

/* A job that says that it runs, and waits until it may end. */
struct gate {
    struct latch *entered; /* or NULL */
    struct latch *leave;
    int result;
};
int gate(void *argument);

/* Begin a job from the test; wait for it: its result, or why there is none. */
weft_job try_begin(const weft_job_options *options);
int wait_for(weft_job *job);

/* Occupies threads of the pool; when it returns the jobs run. */
struct plugs {
    struct latch entered, leave;
    struct gate gate;
    weft_job jobs[8];
    int count;
};
void plug_pool(struct plugs *plugs, int count);
void unplug_pool(struct plugs *plugs);

/* The options of a job that a task begins later: what WEFT_JOB makes ends with its block. Sixteen are kept. */
const weft_job_options *keep(const weft_job_options *options);

/* Begins a job, waits for it, and tells how that went. */
struct waits {
    weft_frame weft;
    weft_job job;
    const weft_job_options *options;
    int result;
    atomic_int *rc;
    atomic_int *out; /* or NULL */
};
weft_poll waits(weft_context *cx, struct waits *self);

#endif
