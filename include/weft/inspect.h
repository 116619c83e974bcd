/* SPDX-License-Identifier: MIT */
/*
 * For consoles and whoever else did not create the runtimes that weft_runtime_visit() shows: what they are, and what their
 * workers do. Totals are in <weft/metrics.h>, tasks in <weft/task.h> and <weft/dump.h>, channels in <weft/monitor.h>,
 * meeting points in <weft/sync.h>, jobs in <weft/blocking.h>. Looking stops nobody, and costs a worker nothing.
 */
#ifndef WEFT_INSPECT_H
#define WEFT_INSPECT_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

/* One runtime at one moment. */
typedef struct weft_runtime_info {
    size_t size;     /* set by the caller: sizeof(weft_runtime_info) */
    uint32_t number; /* the same in every event of a recording; not given twice in a process */
    char name[128];
    uint32_t workers;
    bool driven;        /* a thread of the host turns it, and it has no monitor thread */
    bool simulated;     /* its time is its own */
    bool shutting_down; /* it refuses new work; not while weft_runtime_finish() waits */
    int64_t age_ns;     /* since its creation */
    int64_t looked_ns;  /* since its monitor, or a turn, looked at the workers last: 10 to 30 ms where all is well */
    int64_t stall_threshold_ns;
} weft_runtime_info;

typedef enum weft_worker_state {
    WEFT_WORKER_ASLEEP = 0,
    WEFT_WORKER_BETWEEN = 1, /* two polls, or in search of work; of a driven one also: between two turns */
    WEFT_WORKER_POLLING = 2
} weft_worker_state;

/* One worker at one moment; the counters are totals since its runtime was created. */
typedef struct weft_worker_info {
    size_t size;    /* sizeof(weft_worker_info) of the library */
    uint32_t index; /* 0 to workers - 1 */
    char name[16];  /* of its thread */
    int32_t thread_id; /* the system's; 0 of a driven one, which has none of its own */
    weft_worker_state state;
    uint64_t task;    /* that is being polled; 0: none */
    int64_t poll_ns;  /* how long that poll has held it, as far as looks every 10 to 30 ms can tell; 0: not over one */
    uint32_t queued;  /* runnable tasks that it holds; others are in the shared queue */
    uint64_t polls;
    uint64_t spawned;
    uint64_t ended;
    uint64_t wakes;
    uint64_t steals;  /* successful steal operations */
    uint64_t tasks_stolen;
    uint64_t queue_overflows;
    uint64_t naps;    /* times it waited before it took more from others, since that may not be worth it */
    uint64_t parks;   /* naps as well */
    uint64_t unparks;
    int64_t busy_ns;  /* that it was awake so far: it polled, or looked for something to poll */
    weft_task polled; /* the task of that id, for weft_task_inspect(); id 0: none, or it has ended this moment */
} weft_worker_info;

WEFT_BEGIN_DECLS

/**
 * Copy what is known of a runtime.
 * @threads any
 * @blocks never
 * @owns out_info is the caller's, its size field set
 * @errors WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_runtime_inspect(weft_runtime *rt, weft_runtime_info *out_info);

/**
 * Call `visit` for every worker of the runtime, without stopping any. The walk ends when visit returns other than 0, and
 * returns that.
 * @threads any
 * @blocks never
 * @owns the info is valid during the call of visit
 * @errors WEFT_EINVAL; otherwise what visit returned, if not 0
 * @since 0.1
 */
WEFT_API int weft_worker_visit(weft_runtime *rt, int (*visit)(void *context, const weft_worker_info *info),
                               void *context);

/**
 * "asleep", "between" or "polling"; "?" for a number that is no state.
 * @threads any
 * @blocks never
 * @owns the text is static
 * @errors none
 * @since 0.1
 */
WEFT_API const char *weft_worker_state_name(weft_worker_state state);

/**
 * Whether this thread is a worker, or turns a runtime, at the moment: then whatever would stop it is refused with WEFT_EPERM.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none
 * @since 0.1
 */
WEFT_API bool weft_worker_inside(void);

WEFT_END_DECLS

#endif
