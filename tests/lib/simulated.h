/* SPDX-License-Identifier: MIT */
/*
 * What tests of simulated runtimes share: one whose reports are kept, where its clock begins, and the tasks that wait for time.
 */
#ifndef WEFT_TESTS_LIB_SIMULATED_H
#define WEFT_TESTS_LIB_SIMULATED_H

#include "lib/world.h"

static const int64_t ms = 1000000;
static const int64_t epoch = 1000000000; /* where the clock begins */

/* What was reported since the last one began, a line each. */
extern char simulated_reports[8192];

/* One whose order this seed decides. It fails the test if there is none. */
weft_runtime *simulated_begin(uint64_t seed);

/* Whether the last error of this thread says so. */
bool simulated_said(const char *text);

/* Sleeps, and says when it woke. */
struct sleeper {
    weft_frame weft;
    int64_t delay_ns;
    int64_t *woke_ns;
};
weft_poll sleeper(weft_context *cx, struct sleeper *self);

/* Goes on for many polls while others sleep. */
struct busy {
    weft_frame weft;
    int polls;
};
weft_poll busy(weft_context *cx, struct busy *self);

/* A mutex of this name. */
weft_mutex simulated_mutex(weft_runtime *rt, const char *name);

/* A job: one more than the int that it is given. */
int simulated_plus_one(void *argument);

#endif
