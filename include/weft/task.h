/* SPDX-License-Identifier: MIT */
/*
 * Tasks: spawn, join, cancel, wake, look. The macros over poll functions are in <weft/step.h>.
 *
 * Synchronisation: every call here may run at the same time as every other, on the same task or on different ones. What
 * a thread wrote before weft_wake() is visible to the poll that follows; what a task wrote before it ended is visible
 * to whoever joined it.
 */
#ifndef WEFT_TASK_H
#define WEFT_TASK_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

#define WEFT_NAME_MAX 127         /* bytes of a name that are kept; a longer one is cut at a UTF-8 boundary */
#define WEFT_FRAME_MAX (60 * 1024) /* bytes of a frame; larger state belongs behind a pointer */

/* Where tasks are spawned: one static object per weft_spawn in the source. The macros make it; layer 1 may, too. */
typedef struct weft_site {
    const char *file;
    const char *function;
    const char *name;        /* of tasks that get no name of their own */
    uint32_t line;
    uint32_t frame_offset;   /* of the weft_frame in the frame; UINT32_MAX: a hand-written poll function without one */
    uint32_t weft__known;     /* which recording knows this site, and the number of its name; the library's */
} weft_site;

/* Zero means default. Build it with WEFT_TASK("name", .category = WEFT_ACTOR). */
typedef struct weft_task_options {
    size_t size;
    const char *name;          /* copied; NULL: the poll function's name */
    uint32_t category;         /* weft_category, or the host's own */
    bool joinable;             /* its result is kept until weft_task_join(), weft_task_detach() or its scope's close */
    void (*drop)(void *frame); /* runs once, on a worker, in place of the body if it is cancelled before its first poll */
} weft_task_options;

#define WEFT_TASK(...) WEFT__TASK(__VA_ARGS__, )
#define WEFT__TASK(task_name, ...) WEFT__VALUE(weft_task_options, .name = (task_name), __VA_ARGS__)

typedef enum weft_task_state {
    WEFT_TASK_SCHEDULED = 0, /* runnable, in a queue */
    WEFT_TASK_RUNNING = 1,
    WEFT_TASK_WAITING = 2,
    WEFT_TASK_ENDED = 3 /* joinable, and not joined yet */
} weft_task_state;

/* What is known of a task at one moment. */
typedef struct weft_task_info {
    size_t size; /* set by the caller: sizeof(weft_task_info) */
    weft_task task;
    uint64_t parent; /* id of the task that spawned it; 0: a host thread */
    char name[WEFT_NAME_MAX + 1];
    uint32_t category;
    weft_task_state state;
    weft_reason cancelled; /* WEFT_REASON_NONE: it is not */
    const weft_site *site;
    uint32_t await_line;   /* of the await it waits at, in the file of its site's poll function; 0: unknown */
    uint32_t polls;
    uint32_t bytes;        /* of memory: header, frame, and the name if it has its own */
    int64_t age_ns;
    int64_t idle_ns;       /* since its last poll, or since it was spawned; 0 while it runs, and once it has ended */
} weft_task_info;

WEFT_BEGIN_DECLS

/**
 * Spawn a task: copy `frame_size` bytes of `frame` and poll `fn` on a worker. The copy, which `fn` and `drop` get, is aligned
 * for any type of at most 16. The macros weft_spawn and weft_spawn_as check the types and fill in the site; this is the function
 * below them.
 * @threads any: inside a task of the same runtime it goes to the worker's own queue
 * @blocks never
 * @owns the frame is copied; on failure the caller still owns what it refers to. site must live as long as the process, scope
 *   until the call returns: of a runtime see weft_runtime_destroy()
 * @errors in the handle, see weft_task_error(): WEFT_EINVAL (null, frame_size above WEFT_FRAME_MAX), WEFT_ENOMEM,
 *   WEFT_ESHUTDOWN (the runtime refuses new work), WEFT_ECANCELED (the scope is cancelled or closed)
 * @since 0.1
 */
WEFT_API weft_task weft_spawn_frame(weft_scope *scope, weft_site *site, const weft_task_options *options,
                                    weft_poll_fn *fn, const void *frame, size_t frame_size);

/* Runs through on a worker: it may not wait. What it returns is the task's result. */
typedef int weft_run_fn(void *frame);

/**
 * Spawn a function that runs once, from beginning to end, on a worker: computation in pieces. It is a task like any
 * other, with a handle, a name, a scope and a result; cancelled before it began it does not run. The macros
 * weft_spawn_job and weft_spawn_job_as check the types; what blocks belongs on the pool (<weft/blocking.h>).
 * @threads any
 * @blocks never
 * @owns as weft_spawn_frame()
 * @errors as weft_spawn_frame(); 16 bytes of WEFT_FRAME_MAX are taken
 * @since 0.1
 */
WEFT_API weft_task weft_spawn_job_frame(weft_scope *scope, weft_site *site, const weft_task_options *options,
                                        weft_run_fn *fn, const void *frame, size_t frame_size);

/**
 * 0 for a task that was spawned, or the reason why it was not.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors those of weft_spawn_frame(); WEFT_EINVAL for a handle that was never set
 * @since 0.1
 */
WEFT_API int weft_task_error(weft_task task);

/**
 * Wait for a joinable task to end and take its result: 0 or more: it succeeded, WEFT_ECANCELED: it ended by
 * cancellation, another negative number: it failed. An awaitable: use it in WEFT_AWAIT. On success *task is cleared.
 * @threads task
 * @blocks suspends the task, until the other has ended
 * @owns the handle is consumed on success; out_result may be NULL
 * @errors WEFT_ECANCELED (this task is cancelled; the other goes on), WEFT_EINVAL (not joinable, cleared handle),
 *   WEFT_EDEADLK (itself), WEFT_EBUSY (somebody else joins it), WEFT_ESRCH (joined, detached or closed with its scope)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_task_join(weft_context *cx, weft_task *task, int *out_result);

/**
 * The same from a host thread, with a deadline of weft_clock().
 * @threads host thread
 * @blocks the thread, until the task has ended or the deadline has passed
 * @owns as weft_task_join()
 * @errors as weft_task_join(), and WEFT_ETIMEDOUT, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as weft_drive says)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_task_join_blocking(weft_task *task, int64_t deadline_ns, int *out_result);

/**
 * Give up the right to join: the task goes on and its result is not kept.
 * @threads any
 * @blocks never
 * @owns the handle is cleared on success
 * @errors WEFT_EINVAL, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_task_detach(weft_task *task);

/**
 * Ask a task to end: each of its awaits answers WEFT_ECANCELED from now on, and so do those of the scopes it opened.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_ESRCH (it has ended), WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_task_cancel(weft_task task);

/**
 * Wake a task: it will be polled after this call. Waking one that has ended, or whose runtime is gone, does nothing.
 * @threads any
 * @blocks never
 * @owns nothing; the waker may be used again
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_wake(weft_waker waker);

/**
 * Copy what is known of a task.
 * @threads any
 * @blocks never
 * @owns out_info is the caller's, its size field set
 * @errors WEFT_ESRCH, WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_task_inspect(weft_task task, weft_task_info *out_info);

/**
 * Call `visit` for every live task, without stopping any; a task that starts or ends meanwhile may be missed. The walk
 * ends when visit returns other than 0, and returns that.
 * @threads any
 * @blocks never
 * @owns the info is valid during the call of visit
 * @errors WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_task_visit(weft_runtime *rt, int (*visit)(void *context, const weft_task_info *info), void *context);

/**
 * The handle of the task that is being polled.
 * @threads task
 * @blocks never
 * @owns nothing
 * @errors none; a cleared handle for NULL
 * @since 0.1
 */
WEFT_API weft_task weft_context_task(const weft_context *cx);

/**
 * The waker of the task that is being polled: hand it to whatever will make progress possible.
 * @threads task
 * @blocks never
 * @owns nothing to release
 * @errors none; one that wakes nobody for NULL
 * @since 0.1
 */
WEFT_API weft_waker weft_context_waker(const weft_context *cx);

/**
 * Why the task that is being polled has been asked to end; WEFT_REASON_NONE while it has not.
 * @threads task
 * @blocks never
 * @owns nothing
 * @errors none; WEFT_REASON_NONE for NULL
 * @since 0.1
 */
WEFT_API weft_reason weft_context_cancelled(const weft_context *cx);

/**
 * The runtime of the task that is being polled.
 * @threads task
 * @blocks never
 * @owns the runtime is not the caller's
 * @errors none; NULL for NULL
 * @since 0.1
 */
WEFT_API weft_runtime *weft_context_runtime(const weft_context *cx);

/**
 * Let the others run: an awaitable that is ready at the next poll.
 * @threads task
 * @blocks suspends the task, until its worker has served its queue
 * @owns nothing
 * @errors WEFT_ECANCELED, WEFT_EINVAL (null)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_yield(weft_context *cx);

WEFT_END_DECLS

#endif
