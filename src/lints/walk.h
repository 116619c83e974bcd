/* SPDX-License-Identifier: MIT */
/*
 * One walk over a runtime: what it has seen so far, and what the walk before it remembers. A walk belongs to its thread. It
 * collects what must be compared, workers and waits, and then passes over tasks and channels once, rule by rule.
 */
#ifndef WEFT_LINTS_WALK_H
#define WEFT_LINTS_WALK_H

#include <weft/dump.h>
#include <weft/inspect.h>
#include <weft/lints.h>
#include <weft/task.h>

/* What is remembered of a task. */
struct weft__lints_task {
    uint64_t id; /* 0: the place is free */
    int64_t since; /* when it was first seen in this state after this many polls */
    uint32_t polls;
    uint32_t state;
};

/* Tasks by their ids: open addressing, a power of two of places. */
struct weft__lints_table {
    struct weft__lints_task *places;
    uint32_t size, used;
};

struct weft_lints {
    weft_lints_options options; /* complete: no zeros, but for poll_ms */
    struct weft__lints_table tasks;
    int64_t looked; /* when the walk before this one was; 0: there was none */
    uint64_t wakes; /* of the runtime, then */
    uint32_t runtime; /* its number: another one begins anew */
};

/* A worker in a poll that has lasted too long. */
struct weft__lints_worker {
    uint64_t task;
    int64_t poll_ns;
    uint32_t index;
    bool blocked; /* its thread sleeps in the system */
};

/* Something that a task waits for. */
struct weft__lints_wait {
    uint64_t task;
    uint64_t object;
    uint64_t holder; /* the task that would have to act, as far as that is certain; 0 */
    int64_t for_ns;
    const char *what, *file; /* static */
    uint32_t line;
    uint32_t several; /* the task waits for so many things */
    bool ends;        /* by itself */
    char task_name[64], name[64];
};

struct weft__lints_walk {
    weft_runtime *rt;
    weft_lints *lints;
    int (*visit)(void *context, const weft_lint *lint);
    void *context;
    int answer; /* of visit; other than 0: no more */
    bool no_memory;
    int64_t now, elapsed; /* elapsed: since the walk before, 0 if there was none */
    int64_t poll_ns;      /* longer is too long */
    uint64_t wakes;       /* of the whole runtime, since the walk before */
    struct weft__lints_worker *workers;
    uint32_t worker_count, worker_room;
    struct weft__lints_wait *waits; /* by task, once collected */
    uint32_t wait_count, wait_room;
    struct weft__lints_table tasks; /* what the next walk will find */
};

/* Tell one: the evidence is formatted. `task` and `object` are numbers, 0: of none. */
void weft__lints_tell(struct weft__lints_walk *walk, weft_lint_kind kind, uint64_t task, uint64_t object, const char *subject,
                      const char *format, ...) __attribute__((format(printf, 6, 7)));

/* The task that the walk before has seen, or NULL; and remember what this one sees. */
const struct weft__lints_task *weft__lints_before(const struct weft__lints_walk *walk, uint64_t id);
void weft__lints_remember(struct weft__lints_walk *walk, const struct weft__lints_task *task);

/* The workers that are held, and what tasks wait for: collected first. */
void weft__lints_collect_workers(struct weft__lints_walk *walk);
void weft__lints_collect_waits(struct weft__lints_walk *walk);

/* The first of a task's waits, or NULL: it waits for nothing that weft knows. The others follow it. */
const struct weft__lints_wait *weft__lints_wait_of(const struct weft__lints_walk *walk, uint64_t task);

/* The rules. */
void weft__lints_tasks(struct weft__lints_walk *walk);
void weft__lints_channels(struct weft__lints_walk *walk);
void weft__lints_cycles(struct weft__lints_walk *walk);

/* Whether a thread of this process sleeps in the system. */
bool weft__lints_thread_sleeps(int32_t thread_id);

#endif
