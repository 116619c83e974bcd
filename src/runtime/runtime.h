/* SPDX-License-Identifier: MIT */
/* A runtime: the scheduler, its channels, and the thread that watches them. */
#ifndef WEFT_RUNTIME_RUNTIME_H
#define WEFT_RUNTIME_RUNTIME_H

#include <pthread.h>
#include <weft/monitor.h>

#include "channel/channel.h"
#include "runtime/drive.h"
#include "sched/sched.h"
#include "task/census.h"
#include "task/measure.h"

/* The monitor thread: what happens every so often, and must happen when every worker is stuck. */
struct weft__watch {
    pthread_t thread;
    bool running;
    _Atomic uint32_t stop;   /* the futex word it sleeps on */
    _Atomic uint32_t started; /* it runs and has its name; creation sleeps on this word */
    _Atomic int64_t sample_interval; /* ns; relaxed, nothing follows from it */
    int64_t stall_threshold; /* ns */
    int64_t next_tick; /* of a driven runtime */
    int64_t sampled;  /* the last time, and how many channels there were */
    uint32_t channels;
    int64_t next_trim;
    uint64_t seen_polls;
    uint32_t seen_sessions;
    uint32_t generation;
    struct weft__lock sampling; /* held over the callbacks of one evaluation */
    _Atomic pthread_t sampler;  /* who holds it */
    _Atomic uint32_t sampler_known;
    weft_health_fn *callback;   /* under `sampling` */
    void *callback_context;
};

struct weft_runtime {
    struct weft__sched sched; /* first */
    struct weft__timers *timers; /* one per worker */
    char name[128];
    char thread_name[64];
    int64_t created;
    int trace_status;
    char trace_text[256];
    uint16_t watch_number;
    _Atomic uint32_t ending; /* finish or destroy has begun */
    _Atomic uint32_t inside; /* threads that look at it, turn it or wait for its end; the highest bit: nobody may come in */
    struct weft__watch watch;
    struct weft__measure measure;
    struct weft__census census;
    struct weft__drive drive; /* if it has no threads */
};

static inline weft_runtime *weft__runtime_of(struct weft__env *env) { return (weft_runtime *)(void *)env; }

/*
 * Check that it is a live runtime and that this thread may turn it, or wait for its end, and be counted: the runtime
 * stays until weft__runtime_leave(), whoever ends it meanwhile. 0, WEFT_EINVAL, WEFT_EDEADLK; the texts begin with `call`.
 */
int weft__runtime_enter(const char *call, weft_runtime *rt);
void weft__runtime_leave(weft_runtime *rt);

/*
 * The same for a look at it, on any thread: a live runtime (0, or WEFT_EINVAL), or the next of the process from *slot on,
 * 0 at first; NULL: there is none.
 */
int weft__runtime_hold(const char *call, weft_runtime *rt);
weft_runtime *weft__runtime_hold_next(uint32_t *slot);

/* Whether this thread is in a call of weft_runtime_visit() that shows it this runtime: its end would wait for that. */
bool weft__runtime_is_visited(const weft_runtime *rt);

/* Whether neither a task nor a job of it lives. */
bool weft__runtime_is_quiet(void *rt);

/* Start and stop the monitor thread; a driven runtime has none. */
void weft__watch_init(weft_runtime *rt, uint32_t interval_ms, uint32_t stall_us);
int weft__watch_start(weft_runtime *rt);
void weft__watch_stop(weft_runtime *rt);

/* When channels are looked at next. The thread that does it. */
int64_t weft__watch_next_sample(weft_runtime *rt);

/* What the monitor thread does, if it is time for it; in a turn, on the thread that is this worker. */
void weft__watch_turn(weft_runtime *rt, struct weft__thread *self);

/* Whether this thread is the monitor, or inside the health callback: the end waits for both. */
bool weft__watch_is_inside(weft_runtime *rt);

/* What is to be done at a fork of the process is known to it from here on. 0 or WEFT_ENOMEM. */
int weft__fork_prepare(void);

/* Start the components that the environment of the process asks for; what hinders one is told to the runtime's report. */
void weft__components_from_environment(weft_runtime *rt);

/* Say what lives to a recording that has just begun. */
void weft__watch_announce(weft_runtime *rt);

#endif
