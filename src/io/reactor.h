/* SPDX-License-Identifier: MIT */
/*
 * A worker's loop, and the only door to libuv: an epoll for connections, which libuv's loop is in. It is opened when somebody
 * waits for a descriptor for the first time, so a runtime without descriptors has none of its own.
 *
 * A loop belongs to whoever turns it: its worker as a rule, or the monitor's thread while that worker is stuck in a poll, which
 * sleeps in the loops of all that are stuck at once.
 * What other threads want of a loop they put into its lists; if nobody turns it this moment they carry out what is there
 * themselves, and if its worker sleeps they rouse it.
 *
 * Who touches what:
 *     turning    a lock, held by whoever turns the loop, over callbacks and the wakes in them: it is not a leaf, and whoever
 *                holds it may take any lock of a descriptor. Nothing that is called from a callback waits for it; who stands
 *                in for several workers holds several, none of which it has waited for. Each turn
 *                takes what roused with it, whomever that was meant for; so a worker holds it when it departs (sched/parker.h).
 *     changed,   sources of which something is wished, and calls; under `changing`, a leaf
 *     calls
 *     opening    a lock, a leaf, held while the loop is made; nobody turns it before
 *     loop …     whoever holds `turning`
 *     watching   written by whoever holds `turning`: how many descriptors it asks the system for
 *     requests   the same: how many of strangers libuv has not finished; who waits for them sleeps on the word
 * Edges:
 *     RE-R1 -> RE-A1   a wish is put in, then the worker is unparked; it looks at `watching` and the lists before it sleeps.
 *     RE-R2 -> RE-A2   opening releases the loop.
 *     RE-R4 -> RE-A4   who finds that the bell was rung already has written what he rings for before it is heard.
 *     RE-R5 -> RE-A5   who finds that requests were done finds what their callbacks did.
 *     RE-R3 -> RE-A3   the end takes the worker out; who found it before is inside an RCU section.
 */
#ifndef WEFT_IO_REACTOR_H
#define WEFT_IO_REACTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <weft/io.h>

#include "base/list.h"
#include "base/lock.h"
#include "task/env.h"

/* Events in short: those of <weft/io.h>. */
enum {
    WEFT__IO_READ = WEFT_READABLE,
    WEFT__IO_WRITE = WEFT_WRITABLE,
    WEFT__IO_PRIORITY = WEFT_PRIORITY,
    WEFT__IO_HANGUP = WEFT_HANGUP,
    WEFT__IO_ERROR = WEFT_FAULT
};

/* A descriptor as its loop knows it. It lies in the line that an event of it touches. */
struct weft__source {
    struct weft__source *next; /* among those of which something is wished */
    void *handle; /* how it is told of: libuv's handle, or the word for edges; NULL: not at all */
};

/* What is wished of it can be carried out here and now, where the loop is turned. */
void weft__source_apply(struct weft__source *source);
/* Who is told: descriptor.c. What has come, of what is wanted; in a turn. How many waiters that woke. */
uint32_t weft__source_event(struct weft__source *source, unsigned events);
/* The loop knows it no more; in a turn. */
void weft__source_gone(struct weft__source *source);

struct weft__reactor;

/* One per worker, closed at first. NULL: no memory. */
struct weft__reactor *weft__reactors_create(uint32_t count);
struct weft__reactor *weft__reactors_at(struct weft__reactor *reactors, uint32_t index);
uint32_t weft__reactors_index(const struct weft__reactor *reactors, const struct weft__reactor *reactor);
void weft__reactors_destroy(struct weft__reactor *reactors, uint32_t count);

/*
 * Its worker has gone: nobody opens the loop again, and what is on it is closed. `forget` is called in a last turn, if the loop was
 * open, and makes it forget all of its sources. How many requests of strangers are left, which libuv can only finish. The caller
 * waits for a grace period before it frees the worker.
 */
uint32_t weft__reactor_end(struct weft__reactor *reactor, void (*forget)(void *context), void *context);

/* After that: sleep until those are done, and give the loop up. */
void weft__reactor_close(struct weft__reactor *reactor);

/* Sleep until no request of a stranger's is under way on it, or until the deadline: how many are. Not who turns it. */
uint32_t weft__reactor_settle(struct weft__reactor *reactor, int64_t deadline_ns);

/*
 * In the child of a fork: close the descriptors of a loop that a thread of the parent turned. libuv's own way to the end
 * would look at what that thread had on its stack.
 */
void weft__reactor_disown(struct weft__reactor *reactor);

/* Which worker turns it. */
void weft__reactor_bind(struct weft__reactor *reactor, struct weft__thread *thread);

/* Open the loop if it is not open yet. 0, WEFT_EMFILE, WEFT_ENOMEM. Any thread. */
int weft__reactor_open(struct weft__reactor *reactor);

/* Have what is wished of a source carried out: here and now, or by whoever turns the loop. Any thread. */
void weft__reactor_submit(struct weft__reactor *reactor, struct weft__source *source);

/* How a source is told of. */
enum weft__telling {
    WEFT__TELL_LEVELS, /* as long as it is there */
    WEFT__TELL_LENT,   /* the same, of a descriptor that its owner may close before the loop has forgotten it */
    WEFT__TELL_EDGES   /* once of each thing that comes, and of the other side's end */
};

/*
 * In weft__source_apply() or a callback, of a source without a handle at first. What is wanted from now on, of READ, WRITE, PRIORITY; 0: nothing.
 * From edges it may go to levels. What is there already is told in any case, also if nothing changes. 0, WEFT_ENOMEM, or why the
 * system refuses, of what is lent WEFT_EMFILE, too: the loop knows a number of its own for it, since libuv aborts when it looks for what
 * it was asked to watch and finds that closed.
 */
int weft__source_want(struct weft__reactor *reactor, struct weft__source *source, int fd, unsigned events, enum weft__telling telling);

/* In the same places. Forget it; the descriptor may be closed after, `gone` comes within, or in a later turn. */
void weft__source_fini(struct weft__reactor *reactor, struct weft__source *source, int fd);

/* In the child of a fork: the number that the loop has of its own for it; -1: it has none. */
int weft__source_own_number(const struct weft__source *source, int fd);

/* For env->io_ops, which says what they are. */
bool weft__reactor_awaited(const struct weft__thread *self);
bool weft__reactor_enter(struct weft__thread *self);
uint32_t weft__reactor_sleep(struct weft__thread *self, int64_t deadline_ns);
void weft__reactor_leave(struct weft__thread *self);
uint32_t weft__reactor_turn(struct weft__thread *thread);
bool weft__reactor_stand_in(struct weft__thread *const *threads, uint32_t count, int64_t deadline_ns);
void weft__reactor_rouse(struct weft__thread *thread);
int weft__reactor_descriptor(struct weft__thread *thread);

/* Run `fn` with the loop, as a uv_loop_t, where it is turned; then the loop is turned while it has anything alive. */
typedef void weft__loop_fn(void *loop, void *context);
struct weft__loop_call {
    struct weft__loop_call *next;
    weft__loop_fn *fn;
    void *context;
};
void weft__reactor_call(struct weft__reactor *reactor, struct weft__loop_call *call);

/* One of `count` by turns, for what is opened outside of their workers. */
static inline uint32_t weft__reactors_choose(uint32_t count, _Atomic uint32_t *turn)
{
    return weft__fetch_add_relaxed(turn, 1) % count; /* a turn is unique by the read-modify-write */
}

#endif
