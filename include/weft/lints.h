/* SPDX-License-Identifier: MIT */
/*
 * What is suspicious about a runtime right now: who holds a worker, who wakes itself, who waits for ever, which buffer is
 * too small, each with what was seen and one thing to try. It is looked at from outside, by the walks of the other
 * headers: nothing is counted for it while tasks run.
 *
 * Much of it shows only in time, so a walk compares with the one before it of the same memory: call it every second or
 * so, and the first time to begin. What is told is a suspicion with its evidence, not a proof.
 */
#ifndef WEFT_LINTS_H
#define WEFT_LINTS_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

#define WEFT_LINTS_TASKS_MAX 65536 /* tasks that a memory compares; of others only what one look shows is told */

/* XX(symbol, name, "what to try"). What `weft trace lints` finds in a recording, too, is called the same there. */
#define WEFT_LINT_MAP(XX)                                                                                              \
    XX(NEVER_YIELDED, "never-yielded", "its first poll has not returned: await, or call weft_yield() in its loop")     \
    XX(LONG_POLL, "long-poll", "cut the computation with weft_yield(), or give it to the pool of weft_job_run()")      \
    XX(BLOCKING_CALL, "blocking-call", "call it in a job of the pool (weft_job_run()), or wait with an awaitable")     \
    XX(SELF_WAKE, "self-wake", "wait for what it polls for, instead of waking itself or yielding until it is there")   \
    XX(IDLE_POLL, "idle-poll", "wake it when what it waits for has come; look who keeps its waker")                    \
    XX(LOST_WAKER, "lost-waker", "give weft_context_waker() to whoever ends the wait, in each poll that is pending") \
    XX(UNNAMED, "unnamed", "spawn it with weft_spawn_as(), so that a view tells it from its siblings")                 \
    XX(SATURATED, "channel-saturated", "a faster receiver, or several with a channel each; more room only delays it")  \
    XX(OVERSIZED, "channel-oversized", "a smaller capacity holds the same, and shows a slow receiver earlier")         \
    XX(DEADLOCK, "deadlock", "let one of them not wait: try_send, another order of locks, a channel in between")       \
    XX(TIMER_STORM, "timer-storm", "sleep longer, or wait for the event instead of asking for it again and again")     \
    XX(LARGE_FRAME, "large-frame", "keep large state behind a pointer: the frame is held while the task lives")        \
    XX(LEAKED_HANDLE, "leaked-handle", "join it, detach it, or close its scope: its result is kept until then")        \
    XX(STARVED, "starved", "find who holds the workers (long-poll, blocking-call), or give the runtime more of them")

typedef enum weft_lint_kind {
#define WEFT__LINT_ENUM(symbol, name, hint) WEFT_LINT_##symbol,
    WEFT_LINT_MAP(WEFT__LINT_ENUM)
#undef WEFT__LINT_ENUM
        WEFT_LINTS
} weft_lint_kind;

/* Zero means default. */
typedef struct weft_lints_options {
    size_t size;              /* set by the macro */
    uint32_t poll_ms;         /* a poll that lasts longer holds its worker; the runtime's stall threshold */
    uint32_t starved_ms;      /* runnable, and not polled, for so long; 500 */
    uint32_t lost_ms;         /* waiting for what nobody knows, for so long; 10000 */
    uint32_t unnamed_ms;      /* the age from which a task should have a name of its own; 60000 */
    uint32_t leaked_ms;       /* ended and not joined, seen so for so long; 60000 */
    uint32_t self_wakes;      /* polls a second that no wake explains; 10000 */
    uint32_t idle_wakes;      /* polls a second during one wait; 100 */
    uint32_t timer_wakes;     /* sleeps a second of one task; 1000 */
    uint32_t frame_bytes;     /* of one task, with its header; 16384 */
    double oversized_below;   /* the deepest that a channel was, as a share of its capacity; 0.10 */
} weft_lints_options;

#define WEFT_LINTS_OPTIONS(...) WEFT__OPTIONS(weft_lints_options, __VA_ARGS__)

/* One suspicion. Texts are valid during the call of visit; evidence is UTF-8 without control characters. */
typedef struct weft_lint {
    size_t size; /* sizeof(weft_lint) of the library */
    weft_lint_kind kind;
    const char *name;     /* "long-poll" */
    const char *hint;     /* what to try */
    const char *evidence; /* "task 'fetch' (12) has held worker 0 for 340 ms, since fetch.c:88" */
    uint64_t task;        /* 0: it is of none */
    uint64_t object;      /* the number of the channel or meeting point; 0: none */
    const char *subject;  /* the name of the task, or of the object */
} weft_lint;

/* What a walk remembers for the next one. */
typedef struct weft_lints weft_lints;

WEFT_BEGIN_DECLS

/**
 * A memory for the walks of one runtime; `options` NULL: all defaults.
 * @threads any
 * @blocks never
 * @owns *out_lints is the caller's, until weft_lints_destroy(); options are copied
 * @errors WEFT_EINVAL (null, a share that is not from 0 to 1), WEFT_ENOMEM
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_lints_create(weft_lints **out_lints, const weft_lints_options *options);

/**
 * Give it back.
 * @threads any; nobody else uses it any more
 * @blocks never
 * @owns lints is consumed; NULL does nothing
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_lints_destroy(weft_lints *lints);

/**
 * Look at a runtime, and call `visit` for each suspicion. The walk ends when visit returns other than 0, and returns
 * that. It reads the state of threads from /proc.
 * @threads any but a hook; one at a time for a memory
 * @blocks never
 * @owns the lint is valid during the call of visit
 * @errors WEFT_EINVAL (null, not a live runtime), WEFT_ENOMEM; otherwise what visit returned, if not 0
 * @since 0.1
 */
WEFT_API int weft_lints_visit(weft_runtime *rt, weft_lints *lints, int (*visit)(void *context, const weft_lint *lint),
                              void *context);

WEFT_END_DECLS

#endif
