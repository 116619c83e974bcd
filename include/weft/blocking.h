/* SPDX-License-Identifier: MIT */
/*
 * Blocking work: functions that wait in the system (files, names, a library that knows no tasks) run as jobs on a pool of
 * threads of their own, so that no worker stops. A task waits for a job as for anything else:
 *
 *     WEFT_AWAIT(self->weft.rc, weft_blocking(cx, &self->job, page_load, self, &self->loaded));
 *
 * A job that has not started can be taken back; one that has started runs to its end, and until then what its argument
 * points to is in use. So a task that is cancelled while its job runs waits on, and gets the job's result.
 *
 * Synchronisation: every call here may run at the same time as every other; a handle has one owner, who waits or detaches.
 *
 *     what happened before …                   is visible to …
 *     a begin                                  the job, or its drop function
 *     the end of a job or of its drop          whoever waited for it
 */
#ifndef WEFT_BLOCKING_H
#define WEFT_BLOCKING_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/future.h>
#include <weft/task.h>
#include <weft/types.h>

#define WEFT_BLOCKING_THREADS_MAX 16384
#define WEFT_BLOCKING_QUEUE_MAX 16777216

/* Runs once, on a thread of the pool, and may block; what it returns is the job's result. It may begin jobs and spawn
 * tasks, and use every `_blocking` form. */
typedef int weft_job_fn(void *argument);

/* A job, by value. Zero it before its first use; it is zeroed again when the job was waited for or detached. */
typedef struct weft_job {
    uint64_t id; /* unique in the process while the program runs; 0: none */
    uint32_t weft__slot;
    uint32_t weft__runtime;
} weft_job;

/* Zero means default. Build it with WEFT_JOB(function, argument, .name = "load page"). */
typedef struct weft_job_options {
    size_t size;
    weft_job_fn *fn;
    void *argument;               /* passed on as it is, unless: */
    weft_site *site;              /* where it is begun; the macro makes it */
    size_t argument_size;         /* so many bytes of it are copied, and job and drop get the copy, aligned for any type of
                                     at most 16; at most WEFT_FRAME_MAX */
    const char *name;             /* copied; NULL: the function's name */
    uint32_t category;            /* weft_category, or the host's own */
    bool mandatory;               /* once begun it runs: neither a cancellation nor shutdown takes it back */
    void (*drop)(void *argument); /* runs once in place of a job that was begun and then taken back, on the thread that
                                     takes it back */
} weft_job_options;

#define WEFT_JOB(...) WEFT__JOB(__VA_ARGS__, )
#define WEFT__JOB(function, data, ...)                                                                                 \
    WEFT__OPTIONS(weft_job_options, .fn = (function), .argument = (data), .site = WEFT__WORK_SITE(function), __VA_ARGS__)
#define WEFT__WORK_SITE(function)                                                                                      \
    (__extension__({                                                                                                   \
        static weft_site weft__work_site = {__FILE__, __func__, #function, __LINE__, UINT32_MAX, 0};                   \
        &weft__work_site;                                                                                              \
    }))

/* Run function(argument) on the pool and wait for it, in one line; see weft_job_run(). */
#define weft_blocking(cx, job, function, argument, out_result)                                                         \
    weft_job_run((cx), (job), WEFT_JOB(function, argument), (out_result))

typedef enum weft_job_state {
    WEFT_JOB_QUEUED = 0,
    WEFT_JOB_RUNNING = 1,
    WEFT_JOB_ENDED = 2 /* and nobody has waited for it yet */
} weft_job_state;

/* The wait for a job as one of several; see <weft/future.h>. */
typedef struct weft_job_future {
    weft_future future;
    weft_job *job;
    int *out_result;
} weft_job_future;

/* What is known of a job at one moment. */
typedef struct weft_job_info {
    size_t size; /* set by the caller: sizeof(weft_job_info) */
    weft_job job;
    uint64_t parent; /* id of the task or the job that began it; 0: a host thread */
    char name[WEFT_NAME_MAX + 1];
    uint32_t category;
    weft_job_state state;
    bool mandatory;
    const weft_site *site; /* NULL: it was begun without one */
    int32_t thread_id;     /* the system's, of the thread that runs it; 0: none */
    int64_t waited_ns;     /* in the queue */
    int64_t ran_ns;
} weft_job_info;

/* The pool at one moment: submitted = completed + cancelled + queued + running. */
typedef struct weft_blocking_stats {
    size_t size; /* set by the caller: sizeof(weft_blocking_stats) */
    uint32_t threads;
    uint32_t threads_idle;
    uint32_t threads_high; /* the most there have been */
    uint32_t threads_max;
    uint32_t queued;
    uint32_t queued_high;
    uint32_t queue_max;
    uint32_t running;
    uint32_t waiting;          /* tasks and threads that wait for a place in the queue */
    uint64_t submitted;
    uint64_t completed;
    uint64_t cancelled;        /* taken back before they started */
    uint64_t threads_started;
    uint64_t threads_refused;  /* times that the system gave none */
    int64_t queued_longest_ns; /* how long the first in the queue has waited; -1: nothing is queued */
    int64_t waited_max_ns;     /* the longest that a job has waited until it started */
} weft_blocking_stats;

WEFT_BEGIN_DECLS

/**
 * Begin a job; an awaitable, since it waits for a place if the queue is full. The handle then names the job.
 * @threads task
 * @blocks suspends the task, until the queue has a place
 * @owns options and what they point to are copied, but argument; that is the job's, or on failure still the caller's. job
 *   may be NULL: nobody will wait
 * @errors WEFT_ECANCELED (this task is cancelled), WEFT_ESHUTDOWN, WEFT_EAGAIN (the pool has no thread and the system
 *   gives none), WEFT_ENOMEM, WEFT_EBUSY (the handle names a job already), WEFT_EINVAL
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_job_begin(weft_context *cx, weft_job *job, const weft_job_options *options);

/**
 * Begin a job if the queue has a place.
 * @threads any
 * @blocks never
 * @owns as weft_job_begin()
 * @errors WEFT_EAGAIN (the queue is full, or others wait for a place; or no thread), WEFT_ESHUTDOWN, WEFT_ENOMEM,
 *   WEFT_EBUSY, WEFT_EINVAL
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_job_try_begin(weft_runtime *rt, weft_job *job, const weft_job_options *options);

/**
 * Begin a job from a thread, waiting for a place until a deadline of weft_clock(). A job that does so in its own pool
 * keeps its thread meanwhile: where it would be the last of a full pool's threads, all of them waiting so without a
 * deadline, it is refused, since nobody would make a place. The runtime may be destroyed meanwhile: WEFT_ESHUTDOWN.
 * @threads host thread, or a job
 * @blocks the thread, until the queue has a place or the deadline has passed
 * @owns as weft_job_begin()
 * @errors WEFT_ETIMEDOUT, WEFT_ESHUTDOWN, WEFT_EAGAIN (no thread), WEFT_ENOMEM, WEFT_EBUSY, WEFT_EPERM (called on a
 *   worker), WEFT_EDEADLK (in a job, see above; or as weft_drive says), WEFT_EINVAL
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_job_begin_blocking(weft_runtime *rt, weft_job *job, const weft_job_options *options,
                                                   int64_t deadline_ns);

/**
 * Wait for a job to end and take its result; an awaitable. If the task is cancelled a job that is still queued is taken
 * back (but not a mandatory one), and one that runs is waited for all the same.
 * @threads task
 * @blocks suspends the task, until the job has ended
 * @owns the handle is consumed, but on EINVAL and EBUSY; with any other answer the argument is in use no more. out_result
 *   may be NULL
 * @errors WEFT_ECANCELED (it was taken back and has not run), WEFT_ESHUTDOWN (the same, by shutdown), WEFT_ESRCH (the
 *   handle is stale), WEFT_EBUSY (somebody else waits for it), WEFT_EINVAL
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_job_wait(weft_context *cx, weft_job *job, int *out_result);

/**
 * The same from a thread, with a deadline of weft_clock(). A job that waits without a deadline for one that is still
 * queued runs it itself.
 * @threads host thread, or a job
 * @blocks the thread, until the job has ended or the deadline has passed
 * @owns as weft_job_wait(); on ETIMEDOUT the handle stays the caller's
 * @errors as weft_job_wait(), and WEFT_ETIMEDOUT, WEFT_EPERM (called on a worker), WEFT_EDEADLK (as weft_drive says)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_job_wait_blocking(weft_job *job, int64_t deadline_ns, int *out_result);

/**
 * Wait, as weft_job_wait(), in weft_select(). If another future is ready first, or the task is cancelled, the job goes on
 * and its handle is the caller's still: wait for it, its argument is in use.
 * @threads the task that will wait
 * @blocks never
 * @owns job and out_result must stay until the wait is over
 * @errors none; those of weft_job_wait() come as the result
 * @since 0.1
 */
WEFT_API void weft_job_wait_begin(weft_job_future *future, weft_job *job, int *out_result);

/**
 * weft_job_begin() and weft_job_wait() in one awaitable: begins the job at the first evaluation, waits at the others.
 * @threads task
 * @blocks suspends the task, until the job has ended
 * @owns as those two: whatever the answer, the argument is the caller's again
 * @errors those of weft_job_begin() and weft_job_wait()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_job_run(weft_context *cx, weft_job *job, const weft_job_options *options,
                                        int *out_result);

/**
 * Take back a job that has not started; its drop function has run when this returns. Whoever owns the handle gets
 * WEFT_ECANCELED.
 * @threads any
 * @blocks never, but for what drop does
 * @owns the handle stays its owner's
 * @errors WEFT_EBUSY (it has started, is being taken back, or is mandatory), WEFT_ESRCH (it has ended), WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_job_cancel(weft_job job);

/**
 * Give up the right to wait: the job goes on and its result is not kept.
 * @threads any
 * @blocks never
 * @owns the handle is cleared
 * @errors WEFT_ESRCH, WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_job_detach(weft_job *job);

/**
 * Copy what is known of a job.
 * @threads any
 * @blocks never
 * @owns out_info is the caller's, its size field set
 * @errors WEFT_ESRCH, WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_job_inspect(weft_job job, weft_job_info *out_info);

/**
 * Call `visit` for every job that has not ended or was not waited for, without stopping any. The walk ends when visit
 * returns other than 0, and returns that.
 * @threads any
 * @blocks never
 * @owns the info is valid during the call of visit
 * @errors WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_job_visit(weft_runtime *rt, int (*visit)(void *context, const weft_job_info *info), void *context);

/**
 * What the pool of a runtime has done and is doing, all at one moment.
 * @threads any
 * @blocks never
 * @owns out_stats is the caller's, its size field set
 * @errors WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_blocking_stats_get(weft_runtime *rt, weft_blocking_stats *out_stats);

WEFT_END_DECLS

#endif
