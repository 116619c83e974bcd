/* SPDX-License-Identifier: MIT */
/*
 * The task itself: a header of two cache lines, the frame right behind it in the same slot, and behind that what only
 * some tasks have (a name, a joiner, a place in a scope's list).
 *
 * Who may touch what:
 *     state            anybody, by the moves of task/state.h
 *     next             the slab while free; the queue it is in while SCHEDULED
 *     scope,           written before init, read by anybody who finds the tag; torn reads are found by the tag
 *     id … extra
 *     open_scope,      the worker that polls it (RUNNING); cancellation and join reach them through the state only
 *     result, wait
 *     polls, line,     written by that worker, read by anybody, relaxed: statistics
 *     idle
 */
#ifndef WEFT_TASK_TASK_H
#define WEFT_TASK_TASK_H

#include <stddef.h>
#include <stdint.h>
#include <weft/scope.h>
#include <weft/step.h>
#include <weft/task.h>

#include "base/list.h"
#include "registry/handoff.h"
#include "task/env.h"
#include "task/state.h"
#include "task/wait.h"

/* What only some tasks have. */
struct weft__task_extra {
    struct weft__link member;       /* in its scope's list, under that scope's lock; not for the root scope. It lies in the slot */
    _Atomic(weft__waiter) joiner;   /* 0, who joins, or WEFT__JOINER_LATE once it is ending */
    void (*drop)(void *frame);
    uint32_t category;
    uint8_t name_length;
    bool trailed; /* behind the name there is a place for trails: weft__trail_place() */
    _Atomic uint16_t number; /* of the name, in metrics/names.h; a look from outside may read it */
    char name[]; /* name_length and a zero; of a task without one nothing */
};

#define WEFT__JOINER_LATE ((weft__waiter)2)

typedef struct weft__task {
    weft__state state; /* a wake touches this line alone */
    union {
        struct weft__handoff_node queued; /* in the injector */
        struct weft__task *next;
    };
    _Atomic(weft_scope *) scope;
    struct weft__wait wait; /* the node of a plain await */

    _Atomic uint64_t id; /* and a poll this one, too */
    _Atomic uint64_t parent;
    _Atomic(weft_site *) site;
    weft_poll_fn *fn;
    _Atomic(struct weft__task_extra *) extra; /* NULL: nothing of it */
    weft_scope *open_scope; /* the innermost scope it opened */
    union {
        _Atomic int32_t result; /* once it is COMPLETE */
        _Atomic uint32_t idle;  /* until then: weft__task_idle() of when its last poll ended, or it was born */
    };
    _Atomic uint32_t line;
    _Atomic uint32_t polls;
    _Atomic uint32_t born_ms;
} weft__task;

_Static_assert(offsetof(weft__task, id) == 64, "the second line");
_Static_assert(sizeof(weft__task) == 128, "two cache lines, and the frame begins on the third");

/* A time in units that a poll can afford to write down: 1.05 ms, which wrap after 52 days. */
enum { WEFT__TASK_IDLE_SHIFT = 20 };
static inline uint32_t weft__task_idle(int64_t now) { return (uint32_t)(now >> WEFT__TASK_IDLE_SHIFT); }

/* How long ago that was; 0 if it came after `now` was read. */
static inline int64_t weft__task_since(int64_t now, uint32_t then)
{
    const uint32_t units = weft__task_idle(now) - then;
    return units > UINT32_MAX - UINT16_MAX ? 0 : (int64_t)units << WEFT__TASK_IDLE_SHIFT;
}

static inline void *weft__task_frame(weft__task *task) { return task + 1; }

/* The frame of the macros, if the task's poll function is a step. On the worker that polls it. */
static inline const weft_frame *weft__task_step(weft__task *task)
{
    const weft_site *site = weft__load_relaxed(&task->site);
    return site->frame_offset == UINT32_MAX
               ? NULL
               : (const weft_frame *)(const void *)((char *)weft__task_frame(task) + site->frame_offset);
}

static inline uint64_t weft__task_id(const weft__task *task) { return weft__load_relaxed(&((weft__task *)task)->id); }
static inline uint32_t weft__task_tag(const weft__task *task) { return (uint32_t)weft__task_id(task); }

/* Where a live task belongs. Only while it cannot end: polled, queued, or inside the caller's scope. */
static inline struct weft__env *weft__task_env(const weft__task *task)
{
    return weft__env_of(weft__load_relaxed(&((weft__task *)task)->scope)->weft__runtime);
}

/* The same of any task, also one that has ended: by its page. */
static inline struct weft__env *weft__task_home(const weft__task *task) { return weft__page_of(task)->slab->owner; }

/*
 * Wake: a poll that starts after this call sees what the caller wrote before it. Any thread, inside an RCU section or
 * knowing that the task has not ended. `source` and `object` say why, for the record. Whether it was alive.
 */
bool weft__task_wake(weft__task *task, uint32_t tag, uint8_t source, uint64_t object);

/* Ask it to end. Whether it was alive. As weft__task_wake() for who may call. */
bool weft__task_cancel(weft__task *task, uint32_t tag, weft_reason reason);

/* As weft__task_cancel(), for use under a lock: true says that the caller must weft__task_submit() it after. */
bool weft__task_cancel_quietly(weft__task *task, weft_reason reason);

/* Queue a task that a move said to submit. */
void weft__task_submit(weft__task *task, uint8_t source, uint64_t object);

/* Free a task that has ended and whose result is claimed. */
void weft__task_free(struct weft__env *env, weft__task *task);

/*
 * Claim a joinable task: FREE: it had ended, *out_result is its result and the slot is free already. NONE: it runs and
 * will be freed at its end. GONE: stale, not joinable, or another was first.
 */
enum weft__move weft__task_claim(struct weft__env *env, weft__task *task, uint32_t tag, int *out_result);

enum weft__polled { WEFT__POLLED_ENDED, WEFT__POLLED_WAITS, WEFT__POLLED_AGAIN, WEFT__POLLED_YIELDED };

/* Poll a task that was dequeued, on a worker. AGAIN: woken meanwhile, YIELDED: it gives way; both: queue it. */
enum weft__polled weft__task_poll(struct weft__thread *self, weft__task *task, uint8_t source);

/* The task of a handle, or NULL if it is gone. Inside an RCU section. *out_env is its runtime. */
weft__task *weft__task_find(weft_task handle, struct weft__env **out_env);

/* Copy what is known of a task; false if there is none in the slot, or another one came. Inside an RCU section. */
bool weft__task_copy(weft__task *task, weft_task_info *out_info);

#endif
