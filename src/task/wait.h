/* SPDX-License-Identifier: MIT */
/*
 * Who waits, and the node with which it waits. A waiter is a task or a thread that is blocked in a `_blocking` call, in
 * one word; a node is intrusive, so waiting allocates nothing. One kind of wait list serves everything that is waited
 * for: a ring of nodes under its object's lock.
 *
 * Who touches a node: its object's lock guards link and state; `object` and `since` belong to the waiter while it is not
 * in a list. A waker takes the node out of the list under the lock and wakes after the unlock.
 *
 * Lifetime: a waker that took a task out of a list wakes it inside an RCU section, since the task may end first by
 * another way; its slot stays a slot. A blocked thread does not return before its event was set by whoever took it.
 */
#ifndef WEFT_TASK_WAIT_H
#define WEFT_TASK_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <weft/types.h>

#include "base/event.h"
#include "base/list.h"
#include "base/timed.h"

struct weft__task;
struct weft__wait;
struct weft__abouts;

/*
 * A task's address, or a scope's with bit 1 set, or an event's with bit 0 set, and with both if its thread has to be
 * called out of a runtime that it drives (weft__blocked). 0: nobody.
 */
typedef uint64_t weft__waiter;

enum weft__wait_state {
    WEFT__WAIT_IDLE = 0,
    WEFT__WAIT_QUEUED = 1,
    WEFT__WAIT_GRANTED = 2, /* out of the list, with what it waited for */
    WEFT__WAIT_CLOSED = 3,  /* out of the list, with nothing */
    WEFT__WAIT_FIRING = 4,  /* a deadline, out of the wheel; its scope is being cancelled */
    WEFT__WAIT_TOLD = 5,    /* out of the list: it has happened, and nothing was handed over */
    WEFT__WAIT_GRANTED_LAST = 6 /* as GRANTED, by one that prefers who came last */
};

/*
 * What can be waited for has one of these, by which its kind is known. `abandon` ends a wait that its task has turned away from:
 * take the node out of the list, pass on what it had been granted, and clear wait->object. On the worker that polls the task.
 */
struct weft__waitable {
    const struct weft__waitable_ops *ops;
};
struct weft__waitable_ops {
    void (*abandon)(struct weft__waitable *waitable, struct weft__wait *wait);
    /* Say what is waited for, of a task that is held still: weft__abouts_add(). NULL: there is nothing to say. */
    void (*describe)(struct weft__waitable *waitable, const struct weft__wait *wait, struct weft__abouts *abouts);
};

/* What a dump says of a wait. */
struct weft__about {
    const char *what;  /* a static text, "room in channel" */
    uint64_t object;   /* its id; 0: it has none */
    uint64_t holder;   /* the task at the other end, as far as is known, or a thread with WEFT_OWNER_THREAD; 0: nobody */
    const char *is;    /* a static text: what the holder is, "receiver" */
    int64_t since;     /* of the clock; -1: unknown */
    int64_t until;     /* of the clock: it ends then by itself; -1: it does not */
    char name[128];
};

/* All that one task waits for: several things only in a weft_select. */
enum { WEFT__ABOUTS_MAX = 8 };
struct weft__abouts {
    uint32_t count;
    struct weft__about of[WEFT__ABOUTS_MAX];
};

static inline struct weft__about *weft__abouts_add(struct weft__abouts *abouts, const char *what)
{
    struct weft__about *about = &abouts->of[abouts->count < WEFT__ABOUTS_MAX ? abouts->count++ : WEFT__ABOUTS_MAX - 1];
    *about = (struct weft__about){.what = what, .is = "", .since = -1, .until = -1};
    return about;
}

struct weft__wait {
    union {
        struct weft__timed timed; /* in a timer wheel: when it is due */
        struct {
            union {
                struct weft__link link;
                struct {
                    uint64_t joined; /* of a join: the task's id, and where it lies */
                    uint32_t slot, runtime;
                };
                weft_scope *closing; /* of the owner of a scope that it waits to close */
            };
            int64_t since; /* since when it waits; in a wheel, until when */
        };
    };
    struct weft__waitable *object; /* what it waits for; NULL: nothing */
    uint8_t state;   /* enum weft__wait_state; under the object's lock while in its list; see weft__wait_word() */
    bool thread : 1; /* the node of a blocked thread, inside a weft__blocked */
    bool single : 1; /* the only waiter, in a word of the object and in no list; the waiter's alone */
    bool scope : 1;  /* the deadline of a scope, inside a weft_scope */
    bool future : 1; /* the node of a weft_future */
    uint8_t mode : 4; /* which of the object's operations; the object's room says what it means */
    uint16_t ignored; /* of a task: how often it was told that it is cancelled, since it is */
    union {
        uint32_t amount;   /* how much of what the object has */
        uint32_t armed_ms; /* of a sleep: when it began, in milliseconds of the clock */
    };
};

/* The state, for a room in which the waiter reads it without the lock: whoever takes the node out releases it. */
static inline _Atomic uint8_t *weft__wait_word(struct weft__wait *wait) { return (_Atomic uint8_t *)&wait->state; }

/* A node that waits for nothing. What says where it is linked, and since when, is written by who waits. */
static inline void weft__wait_init(struct weft__wait *wait)
{
    memset(&wait->object, 0, sizeof *wait - offsetof(struct weft__wait, object));
}

/* The task begins another operation, or ends: it does not wait any more for what it waited for. */
static inline void weft__wait_leave(struct weft__wait *wait)
{
    if (wait->object)
        wait->object->ops->abandon(wait->object, wait);
}

/*
 * A thread that is blocked: lives on its stack. It sleeps on the event; but if it waits for something of a runtime that
 * it drives itself (task/env.h) it turns that runtime meanwhile, since nobody else would.
 */
struct weft__blocked {
    struct weft__wait wait;
    struct weft__event event;
    uint32_t drives; /* that runtime's number; 0: none */
    int64_t roused_ns; /* when somebody went to wake it from its sleep, whose it is before the set; 0: it did not sleep */
};

static inline weft__waiter weft__waiter_task(struct weft__task *task) { return (weft__waiter)(uintptr_t)task; }
static inline weft__waiter weft__waiter_thread(struct weft__blocked *blocked)
{
    return (weft__waiter)(uintptr_t)&blocked->event | (blocked->drives ? 3 : 1);
}

/* A runtime's number if this thread drives it, else 0. It may have gone. */
uint32_t weft__driven_here(uint32_t runtime);

/* This thread is about to wait for something of a runtime. */
void weft__blocked_init(struct weft__blocked *blocked, uint32_t runtime);

/*
 * Wait until the event is set: 0. WEFT_ETIMEDOUT; or WEFT_EDEADLK: the runtime that this thread drives has nothing to do
 * and never will, or must not be turned from here. Then the caller takes its node back, and if somebody else has taken
 * it out, waits for the event, which that one sets without the help of this thread. WEFT_ESHUTDOWN: a task of that runtime
 * has forked, and this is the child: what was waited for lives in the parent, and the caller returns without touching it.
 */
int weft__blocked_wait(struct weft__blocked *blocked, int64_t deadline_ns);

/* fork(): whoever looked for the end of its wait is not in the child. */
void weft__blocked_after_fork_child(void);

/* Its event was set, and it is about to be taken down as a waiter once more. */
static inline void weft__blocked_again(struct weft__blocked *blocked)
{
    weft__event_clear(&blocked->event);
    blocked->roused_ns = 0;
}

/* Who waits with this node. */
weft__waiter weft__wait_waiter(struct weft__wait *wait);

/*
 * Wake whoever it is. `source` and `object` are for the record. A task may have ended since it was taken out of the
 * list, and its slot may have another: that one is woken for nothing, which is allowed; hence inside an RCU section.
 */
void weft__waiter_wake(weft__waiter waiter, uint8_t source, uint64_t object);

#endif
