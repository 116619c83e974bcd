/* SPDX-License-Identifier: MIT */
/* The words that the other headers share: handles as values, the poll function, deadlines. */
#ifndef WEFT_TYPES_H
#define WEFT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weft/api.h>

typedef struct weft_runtime weft_runtime;
typedef struct weft_scope weft_scope;
typedef struct weft_context weft_context;

/* What a poll function answers: it has ended, or it waits and has arranged to be woken. */
typedef enum weft_poll { WEFT_READY = 0, WEFT_PENDING = 1 } weft_poll;

/* A task's step. It holds nothing over a suspension but its frame, so it may run on another thread each time. */
typedef weft_poll weft_poll_fn(weft_context *cx, void *frame);

/*
 * A task, by value: copy it, keep it, forget it. It does not keep the task alive; when the task is gone every call
 * answers WEFT_ESRCH. A failed spawn gives id 0, and weft_task_error() says why.
 */
typedef struct weft_task {
    uint64_t id; /* unique in the process while the program runs; 0: none */
    uint32_t weft__slot;
    uint32_t weft__runtime;
} weft_task;

/* The right to wake one task, from any thread, any number of times, also after it has ended. By value, needs no release. */
typedef struct weft_waker {
    weft_task task;
} weft_waker;

/* What kind of work a task is; hosts may add their own from WEFT_CATEGORY_HOST on. */
typedef enum weft_category {
    WEFT_UNCATEGORIZED = 0,
    WEFT_ACTOR = 1,    /* lives long, owns state, serves messages */
    WEFT_LISTENER = 2, /* waits for the outside and hands on */
    WEFT_HANDLER = 3,  /* one request, then ends */
    WEFT_UTILITY = 4,  /* housekeeping */
    WEFT_CATEGORY_HOST = 16
} weft_category;

/* Why something was cancelled; the first reason is kept. */
typedef enum weft_reason {
    WEFT_REASON_NONE = 0,
    WEFT_REASON_USER = 1,
    WEFT_REASON_DEADLINE = 2,
    WEFT_REASON_SIBLING = 3, /* a task of the same scope failed, or in first-success succeeded */
    WEFT_REASON_SHUTDOWN = 4
} weft_reason;

/* What an awaitable operation answers while it waits; WEFT_AWAIT hides it. Never an error code. */
#define WEFT_AWAITING (-2147483647 - 1)

/* A deadline is a time of weft_clock() in nanoseconds; WEFT_FOREVER waits without one. */
#define WEFT_FOREVER INT64_MAX

WEFT_BEGIN_DECLS

/**
 * Now, in nanoseconds of CLOCK_MONOTONIC: the time base of every deadline and age.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none
 * @since 0.1
 */
WEFT_API int64_t weft_clock(void);

/**
 * The deadline `delay_ns` from now, clamped to WEFT_FOREVER; a negative delay is now.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none
 * @since 0.1
 */
WEFT_API int64_t weft_deadline_in(int64_t delay_ns);

WEFT_END_DECLS

#endif
