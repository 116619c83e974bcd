/* SPDX-License-Identifier: MIT */
/* What tests of meeting points share: a task that enters one and says what came of it, and a look from outside. */
#ifndef WEFT_TESTS_LIB_MEET_H
#define WEFT_TESTS_LIB_MEET_H

#include "lib/verdict.h"
#include "lib/world.h"

enum { MEET_NOTHING_YET = 99 };

/* What became of a visitor. */
struct visit {
    atomic_int rc;    /* MEET_NOTHING_YET until it was let in, or refused */
    atomic_uint turn; /* the how-many-th it was, from 1 */
    weft_task task;
};

/*
 * Comes to `object` by `enter`, writes down the answer, waits for `stay` to be raised (if there is one), and leaves by
 * `leave` if it was let in.
 */
struct visitor {
    weft_frame weft;
    int (*enter)(weft_context *cx, const void *object, uint32_t amount);
    int (*leave)(const void *object, uint32_t amount);
    const void *object;
    uint32_t amount;
    struct visit *visit;
    atomic_uint *clock;
    atomic_uint *stay;
    int answer;
};
weft_poll visitor(weft_context *cx, struct visitor *self);

/* Spawn one, and wait until it waits there (by the object's name) or has its answer. */
void meet_send(weft_runtime *rt, const char *name, struct visit *visit, struct visitor plan);

/* Wait for its answer. */
int meet_answer(struct visit *visit);

/* The statistics of the meeting point of that name; the test fails if there is none. */
weft_sync_stats meet_stats(weft_runtime *rt, const char *name);
int meet_count(weft_runtime *rt);

/* Keep the only worker busy, so that what is woken stays in its queue; and let it go. */
void meet_hold(weft_runtime *rt);
void meet_unhold(void);

/* A thread that comes to `object` by `enter`, with a deadline, and writes down the answer. */
struct guest {
    pthread_t thread;
    int (*enter)(const void *object, uint32_t amount, int64_t deadline_ns);
    const void *object;
    uint32_t amount;
    int64_t deadline_ns;
    atomic_int rc;
};
void meet_guest(struct guest *guest);

/* Wait for its end; its answer. */
int meet_guest_answer(struct guest *guest);

#endif
