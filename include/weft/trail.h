/* SPDX-License-Identifier: MIT */
/*
 * Trails: on whose behalf a task works, for a tracer that follows a request through the program. A task has a trail; the
 * tasks that it spawns get it, and so do the messages that it sends; who receives such a message works on behalf of its
 * sender from then on. What is in a trail is the tracer's business: the library hands references on, and asks the tracer
 * where something begins and ends. libweft-otlp (<weft/otlp.h>) is such a tracer; a host may have its own.
 *
 * Without a tracer nothing is handed on, and nobody pays. From weft_tracer_set() on it is done for tasks that are spawned
 * and channels that are created after it.
 *
 * What a task works on behalf of: first what the tracer said when it was spawned, which stays its own. Receiving one message
 * that was sent with a trail exchanges it for the sender's; receiving one that was sent without, or several at once, for its
 * own again. A place in the code may put another over it (weft_trail_enter()); as long as one is there a message exchanges
 * nothing. A thread of the host that is no worker has one trail, under the same rules.
 *
 * A message is one of a channel or of a broadcast, and a watch's value when its receiver sees it first (weft_watch_changed(),
 * weft_watch_read(), weft_watch_wait_for(), but not weft_watch_peek()). A job of the blocking pool is run on behalf of its submitter, and
 * that is its own. Who waits for a oneshot, or for a job's end, goes on as it was; whose the oneshot's value is is told to the tracer.
 *
 * Synchronisation: trails are shared by reference counts; everything else here is of the task or thread that calls.
 */
#ifndef WEFT_TRAIL_H
#define WEFT_TRAIL_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

struct weft_frame; /* <weft/step.h> */
struct weft_site;  /* <weft/task.h> */

/* The head of what a tracer makes. weft_trail_init() fills it in. */
typedef struct weft_trail {
    void (*free)(struct weft_trail *trail); /* the last reference has gone: any thread, no lock of weft is held */
    uint32_t weft__refs;
    bool timed; /* of a task's own: take the time of its polls */
} weft_trail;

/* A task is being spawned. What it points to is valid during the call. */
typedef struct weft_trail_birth {
    uint64_t task;   /* its id */
    uint64_t parent; /* of the task that spawns it; 0: a thread of the host */
    const char *name;
    bool named;      /* it was given that name; false: it is the function's */
    uint32_t category;
    const struct weft_site *site;
    const char *scope;   /* the names of the scopes that it is in, "requests/one"; "" in that of its runtime */
    const char *runtime; /* its name */
} weft_trail_birth;

/* A task has ended. */
typedef struct weft_trail_end {
    uint64_t task;
    int result;
    weft_reason cancelled; /* why it was asked to end; WEFT_REASON_NONE: it was not */
    uint32_t polls;
    int64_t busy_ns;       /* in its polls, if its trail was `timed` */
} weft_trail_end;

/*
 * Who follows. Functions are called on the thread where it happens, with no lock held, and must not wait. NULL: not wanted;
 * without task_begins a task gets its spawner's trail. What they do is not told to the tracer again.
 */
typedef struct weft_tracer {
    size_t size; /* set by WEFT_TRACER() */
    void *context;
    /* The task's own trail, a reference that is now the task's; NULL: none. `current`: what its spawner works on behalf of. */
    weft_trail *(*task_begins)(void *context, weft_trail *current, const weft_trail_birth *birth);
    /* A task whose own trail is not NULL has ended; `current`: what it works on behalf of at its end. */
    void (*task_ends)(void *context, weft_trail *own, weft_trail *current, const weft_trail_end *end);
    /* A message, or a oneshot's value, with a trail was received and does not exchange the receiver's: `current` is that, or NULL. */
    void (*received)(void *context, weft_trail *current, weft_trail *message);
    /* A WEFT_CALL is over in a task in which weft_trail_enter() was called, and weft_trail_leave() not as often yet: the step
     * that returned, by its frame. */
    void (*step_returns)(void *context, weft_trail *current, const struct weft_frame *frame);
} weft_tracer;

#define WEFT_TRACER(...) WEFT__OPTIONS(weft_tracer, __VA_ARGS__)

WEFT_BEGIN_DECLS

/**
 * Have a tracer asked from now on, or, with NULL, none any more: when that returns no function of it runs or will run. There
 * is one in a process at a time.
 * @threads any but a function of the tracer
 * @blocks the thread, until functions of the tracer that is taken away have returned
 * @owns tracer is copied; its context is the caller's
 * @errors WEFT_EINVAL (a size that is too small), WEFT_EBUSY (there is another), WEFT_EDEADLK (called by the tracer)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_tracer_set(const weft_tracer *tracer);

/**
 * Begin a trail's life, with one reference: the caller's.
 * @threads any
 * @blocks never
 * @owns trail is the caller's memory until `free` is called with it; nothing happens if one of the two is null
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_trail_init(weft_trail *trail, void (*free)(weft_trail *trail));

/**
 * One more reference.
 * @threads any
 * @blocks never
 * @owns the reference is the caller's; NULL is handed back
 * @errors none
 * @since 0.1
 */
WEFT_API weft_trail *weft_trail_ref(weft_trail *trail);

/**
 * Give a reference back; the last calls `free`.
 * @threads any
 * @blocks never
 * @owns the reference is consumed; NULL does nothing
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_trail_unref(weft_trail *trail);

/**
 * What the task that is being polled, or this thread of the host, works on behalf of.
 * @threads any
 * @blocks never
 * @owns it is borrowed: until the task awaits, or something is set or received; take a reference to keep it
 * @errors none; NULL: nothing
 * @since 0.1
 */
WEFT_API weft_trail *weft_trail_current(void);

/**
 * Work on behalf of something else. With NULL a task goes back to its own; a thread of the host then has none.
 * @threads any
 * @blocks never
 * @owns one more reference is taken, until the task or thread has another, or ends
 * @errors WEFT_ENOTCONN (there has been no tracer, or the task was spawned before there was one), WEFT_EBUSY (one was entered
 *   over it), WEFT_ENOMEM
 * @since 0.1
 */
WEFT_API int weft_trail_set(weft_trail *trail);

/**
 * Put a trail over the current one, until weft_trail_leave(): for a part of a task's code. When a step that the task has
 * called returns meanwhile, `step_returns` is called.
 * @threads any
 * @blocks never
 * @owns as weft_trail_set()
 * @errors as weft_trail_set(), but for WEFT_EBUSY; WEFT_EINVAL (null trail)
 * @since 0.1
 */
WEFT_API int weft_trail_enter(weft_trail *trail);

/**
 * Take it away again: what is current from now on is `under`, which was it before; NULL as in weft_trail_set().
 * @threads as weft_trail_enter()
 * @blocks never
 * @owns as weft_trail_set()
 * @errors WEFT_EINVAL (nothing was entered)
 * @since 0.1
 */
WEFT_API int weft_trail_leave(weft_trail *under);

/**
 * A step that was called has returned, and something is entered: WEFT_CALL says so, and poll functions without macros may.
 * @threads task
 * @blocks never
 * @owns nothing; NULL does nothing
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_trail_step_returns(const struct weft_frame *frame);

WEFT_END_DECLS

#endif
