/* SPDX-License-Identifier: MIT */
/*
 * A runtime: worker threads, their queues, and the root scope. Several live side by side in one process.
 *
 * fork(): threads do not go along, so what lives stays in the parent, and the child has no part in it. There every call on
 * a runtime that it inherited, or on a channel, a meeting point or a descriptor of one, answers WEFT_ESHUTDOWN (which the
 * lists of errors below do not repeat), and its tasks and jobs are not found (WEFT_ESRCH). weft_runtime_destroy() gives
 * memory and descriptors back and calls no function of the host: nothing is dropped, what messages and frames point to is
 * the parent's. Runtimes that the child creates are its own. A task, a job or a callback that forks is cancelled in the
 * child, and its thread ends when it returns; if that is the host's, which drives the runtime, the call in which it does so
 * answers WEFT_ESHUTDOWN. From inside a hook or a drop function the child may only run another program or _exit().
 */
#ifndef WEFT_RUNTIME_H
#define WEFT_RUNTIME_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

#define WEFT_WORKERS_MAX 1024

/*
 * What the library has to say while it runs: tracing is off and why, a scope left open, a poll that holds its worker
 * (WEFT_EBUSY; at most 8 in ten seconds, and then how many more), a loop that ignores its cancellation (WEFT_ECANCELED,
 * once), what a shutdown waited for in vain (WEFT_ETIMEDOUT). A code and one sentence. Called on the thread where it
 * happens, no lock held; it must not wait. The library never prints.
 */
typedef void weft_report_fn(void *context, int code, const char *text);

/*
 * Whose threads run the tasks. A driven runtime has none of its own (but those of the blocking pool), one worker, and no
 * monitor thread: a thread of the host lends itself, by weft_runtime_turn() or while it waits. A `_blocking` call of the
 * thread that turned it last, or that created it, turns it until the wait is over, and so does a call that ends it. It
 * answers WEFT_EDEADLK where it would wait for itself: in a hook, or in the health callback; and in a simulated runtime if
 * nothing can ever happen again.
 */
typedef enum weft_drive {
    WEFT_DRIVE_THREADS = 0, /* the runtime's own */
    WEFT_DRIVE_TURNS = 1,   /* the host's, whenever there is something to do */
    WEFT_DRIVE_SIM = 2      /* the same, simulated: order and time are decided by a seed (<weft/sim.h>) */
} weft_drive;

/*
 * When the time of polls, and that from a wake to its poll, is taken for weft_metrics_visit(). Until metrics are asked for it
 * costs nothing; then at most some thousandths of one processor, since of many polls only so many are timed.
 */
typedef enum weft_measure {
    WEFT_MEASURE_ASKED = 0,  /* from the first time that metrics are asked for, until nobody has for five minutes */
    WEFT_MEASURE_ALWAYS = 1, /* from the beginning */
    WEFT_MEASURE_EXACT = 2,  /* from the beginning, and each of them: some 100 ns a poll */
    WEFT_MEASURE_NEVER = 3
} weft_measure;

/* Zero means default everywhere. Build it with WEFT_RUNTIME_OPTIONS(.name = "orders", .worker_threads = 4). */
typedef struct weft_runtime_options {
    size_t size;                   /* set by the macro */
    const char *name;              /* copied; "weft" */
    uint32_t worker_threads;       /* 0: the processors this process may use (affinity and cgroup quota); at most 1024 */
    const char *thread_name;       /* prefix of the workers' thread names, "weft"; a number follows */
    size_t thread_stack_size;      /* bytes; the system's default; at least 16384 */
    uint32_t global_queue_interval; /* polls between looks into the shared queue; about 200 us worth of them, 2 to 127 */
    uint32_t event_interval;       /* polls between looks at what has come for descriptors; 64 */
    uint32_t coop_budget;          /* completed operations after which a task yields; 128 */
    uint32_t monitor_interval_ms;  /* between samples of channel health; 100, and with n channels never below n/40 */
    uint32_t stall_threshold_us;   /* a poll longer than this is reported; 10000 */
    bool tracing;                  /* load the LTTng provider if it is not there yet; see weft_runtime_tracing() */
    bool next_slot_off;            /* queue a woken task like any other instead of running it next */
    weft_report_fn *report;        /* NULL: nobody listens */
    void *report_context;
    uint64_t seed;                 /* of random choices; 0: a random one, or, of a simulated runtime, WEFT_SEED if it is set */
    uint32_t blocking_threads_max; /* threads of the blocking pool, begun on demand; 512, at most 16384 */
    uint32_t blocking_queue_max;   /* blocking jobs that wait for a thread; 65536, at most 16777216 */
    uint32_t blocking_keep_alive_ms; /* an idle thread of the pool leaves after this; 10000 */
    weft_drive drive;              /* whose threads run the tasks; the runtime's own */
    weft_measure measure;          /* when the time of polls and wakes is taken; while metrics are asked for */
} weft_runtime_options;

#define WEFT_RUNTIME_OPTIONS(...) WEFT__OPTIONS(weft_runtime_options, __VA_ARGS__)

/* Totals since the runtime was created. Counters of running workers may be a few operations old. */
typedef struct weft_runtime_stats {
    size_t size; /* set by the caller: sizeof(weft_runtime_stats) */
    uint32_t workers;
    uint32_t workers_parked;
    uint64_t tasks_spawned;
    uint64_t tasks_ended;
    uint64_t tasks_live;
    uint64_t polls;
    uint64_t steals;          /* successful steal operations */
    uint64_t tasks_stolen;
    uint64_t queue_overflows; /* times a worker's full ring moved half of itself to the shared queue */
    uint64_t naps;            /* times a worker waited before it took more from others, since that may not be worth it */
    uint64_t parks;           /* naps as well */
    uint64_t unparks;
    uint64_t wakes;           /* that made a task runnable */
    uint64_t wakes_noop;      /* that found it runnable already, or ended */
    uint64_t task_bytes;      /* memory held for tasks */
    uint64_t stalls;          /* polls that held their worker for longer than the threshold */
    uint64_t cancels_ignored; /* tasks that went on after 1000 awaits had answered WEFT_ECANCELED */
} weft_runtime_stats;

WEFT_BEGIN_DECLS

/**
 * Create a runtime, and start its workers unless it is driven. On failure every thread and byte is given back and *out_rt
 * is untouched. With WEFT_DIAG in the environment the first of a process starts the endpoint of <weft/diag.h>.
 * @threads host thread, or a task of another runtime
 * @blocks the thread, until the workers have started
 * @owns *out_rt is the caller's, until weft_runtime_finish() or weft_runtime_destroy(); options are copied
 * @errors WEFT_EINVAL (null, worker_threads > 1024, stack too small), WEFT_ENOMEM, WEFT_EAGAIN (the system gives no
 *   thread), WEFT_EMFILE (255 runtimes live)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_runtime_create(weft_runtime **out_rt, const weft_runtime_options *options);

/**
 * Wait until every task has ended, then destroy the runtime. The usual last call of main(). What other threads of the host may do
 * there meanwhile ends with the last task: see weft_runtime_destroy().
 * @threads host thread
 * @blocks the thread, until all tasks have ended
 * @owns rt is consumed on success and on a task's error; it stays the caller's on EINVAL, EDEADLK and EBUSY
 * @errors the first error that a task of the root scope returned; WEFT_EINVAL (not a live runtime, or
 *   another thread ends it), WEFT_EDEADLK (called by one of its own workers, by a hook or by its health callback),
 *   WEFT_EBUSY (it is driven, and another thread is turning it)
 * @since 0.1
 */
WEFT_API int weft_runtime_finish(weft_runtime *rt);

/**
 * Refuse new work, cancel what runs, and wait for it until the deadline. May be called again with a later deadline. What
 * did not end by the deadline is told to the runtime's report function, by name, line and scope, and in
 * weft_error_detail() for one of them. Requests of a library on a loop (<weft/loop.h>) are waited for as tasks are.
 * @threads host thread
 * @blocks the thread, until the last task has ended or the deadline has passed
 * @owns rt stays the caller's
 * @errors WEFT_ETIMEDOUT (tasks, blocking jobs or requests are not done), WEFT_EINVAL, WEFT_EDEADLK, WEFT_EBUSY (as
 *   weft_runtime_destroy())
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_runtime_shutdown(weft_runtime *rt, int64_t deadline_ns);

/**
 * Shut down without a deadline, join the workers and free everything. Other threads of the host that spawn or create there are
 * ended before: weft_runtime_shutdown() makes those calls answer WEFT_ESHUTDOWN, then the threads are joined. What they wait in
 * (weft_job_begin_blocking(), weft_runtime_visit(), another end) is waited for, and handles of what it had may be kept.
 * @threads host thread
 * @blocks the thread, until the last task has ended
 * @owns rt is consumed on success
 * @errors WEFT_EINVAL (not a live runtime: destroyed before, or another thread ends it), WEFT_EDEADLK (called by one of
 *   its own workers, by a hook or by its health callback), WEFT_EBUSY (it is driven, and another thread is turning it)
 * @since 0.1
 */
WEFT_API int weft_runtime_destroy(weft_runtime *rt);

/**
 * The root scope: tasks spawned here belong to nobody but the runtime. It is the explicit "detached". A spawn does not look whether
 * the runtime is still there, since each spawn would pay for that; see weft_runtime_destroy().
 * @threads any
 * @blocks never
 * @owns the scope belongs to the runtime, and ends with it
 * @errors none; NULL for NULL
 * @since 0.1
 */
WEFT_API weft_scope *weft_runtime_scope(weft_runtime *rt);

/**
 * The runtime's name.
 * @threads any
 * @blocks never
 * @owns the text belongs to the runtime
 * @errors none; "" for what is not a live runtime
 * @since 0.1
 */
WEFT_API const char *weft_runtime_name(const weft_runtime *rt);

/**
 * Call `visit` for every live runtime of this process. The walk ends when visit returns other than 0, and returns that.
 * @threads any
 * @blocks never; the end of a runtime waits until visit has returned
 * @owns a runtime is live during the call of visit, which cannot end it (WEFT_EDEADLK); another thread may be ending it, and
 *   waits
 * @errors WEFT_EINVAL; otherwise what visit returned, if not 0
 * @since 0.1
 */
WEFT_API int weft_runtime_visit(int (*visit)(void *context, weft_runtime *rt), void *context);

/**
 * How many worker threads it has.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none; 0 for what is not a live runtime
 * @since 0.1
 */
WEFT_API uint32_t weft_runtime_workers(const weft_runtime *rt);

/**
 * Whether its events can be recorded: 0 if the LTTng provider is loaded and a session daemon answers, otherwise the
 * reason, with a sentence that says what to do in `text`. The program runs the same either way.
 * @threads any
 * @blocks never
 * @owns text, of text_size bytes, is the caller's and may be NULL; it is always terminated
 * @errors WEFT_ENOENT (provider not found or not asked for), WEFT_EPROTO (provider of another version),
 *   WEFT_ENOTCONN (no session daemon), WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_runtime_tracing(weft_runtime *rt, char *text, size_t text_size);

/**
 * Copy the runtime's totals.
 * @threads any
 * @blocks never
 * @owns out_stats is the caller's, its size field set
 * @errors WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_runtime_stats_get(weft_runtime *rt, weft_runtime_stats *out_stats);

/**
 * Run the tasks of a runtime that is driven by turns, on this thread, until none is runnable or `budget` polls were done;
 * how many were. Fires timers that are due, and does what the monitor thread does elsewhere. Never sleeps.
 * @threads host thread, one at a time; the one that does it last is the one that drives the runtime
 * @blocks never, unless a task does
 * @owns nothing
 * @errors WEFT_EINVAL (not a live runtime, one with threads of its own, budget 0 or above INT32_MAX), WEFT_EBUSY (another
 *   thread is turning it), WEFT_EDEADLK (called by one of its tasks, by a hook or by its health callback)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_runtime_turn(weft_runtime *rt, uint32_t budget);

/**
 * When a driven runtime wants its next turn, as a time of weft_runtime_clock(): a time that has passed means at once,
 * WEFT_FOREVER when somebody wakes one of its tasks.
 * @threads the one that drives it
 * @blocks never
 * @owns nothing
 * @errors none; WEFT_FOREVER for NULL and for a runtime with threads of its own
 * @since 0.1
 */
WEFT_API int64_t weft_runtime_next(weft_runtime *rt);

/**
 * The same as poll and epoll take it: for how many milliseconds a host may sleep before the next turn, rounded up, since who wakes a
 * little early asks again and again until the time has come. 0: not at all, -1: until the descriptor is readable.
 * @threads the one that drives it
 * @blocks never
 * @owns nothing
 * @errors none; -1 for NULL and for a runtime with threads of its own
 * @since 0.1
 */
WEFT_API int weft_runtime_timeout_ms(weft_runtime *rt);

/**
 * A descriptor that is readable while a driven runtime wants a turn for another reason than the time that
 * weft_runtime_next() says: give both to epoll or poll (weft_runtime_timeout_ms()). Turning the runtime reads it.
 * @threads any
 * @blocks never
 * @owns the descriptor belongs to the runtime and is closed with it
 * @errors WEFT_EINVAL (not a live runtime, or one with threads of its own), WEFT_EMFILE, WEFT_ENOMEM
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_runtime_descriptor(weft_runtime *rt);

/**
 * The time as the tasks of a runtime see it: what weft_clock() answers there.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none; weft_clock() for NULL
 * @since 0.1
 */
WEFT_API int64_t weft_runtime_clock(weft_runtime *rt);

WEFT_END_DECLS

#endif
