/* SPDX-License-Identifier: MIT */
/*
 * A descriptor of the system, and who waits for it. Reading and writing are done by whoever asks, on its own thread, with
 * calls that do not wait; the loop only tells when to ask again. So the kernel never has a buffer of a task that waits,
 * and a wait can be given up at any moment: nothing was taken.
 *
 * The loop's interest stays on after a wake: a task that has read all there was and asks again finds it on, and no system
 * call is made for it. What comes while nobody waits switches it off, except:
 *
 * A TCP connection is told of by edges: once when something has come, and not again while it lies there. So the loop counts
 * the edges, and a read notes the count as it was before it found that there is nothing (more); a task waits only while the
 * two agree, otherwise it tries once more. A short read means that there is nothing more as long as nothing odd has been
 * told: an end that comes behind the bytes, or urgent ones among them, would not be told again. Whoever waits for readiness
 * alone has no read to note, so the first such wait has the descriptor told of by levels, from then on.
 *
 * Who touches what:
 *     state …       written at creation, under both side locks; the id in it tells a stale handle
 *     reading,      locks, held over a system call of that side: while one is held the descriptor stays open. A close
 *     writing       takes both.
 *     lock          guards the list of those who wait, and what the loop is asked for
 *     source        whoever turns the loop
 *     counters      relaxed: statistics
 * Edges: DE-R1 -> DE-A1, whoever takes a node out of the list releases it; its task acquires it by the state, without the lock.
 *     DE-R2 -> DE-A2, an edge and what is odd about it are released by the count; a read acquires it before it tries.
 * Order of locks: turning, reading, writing, lock; each alone, or in this order.
 * Lifetime: one reference of the handle, one of the loop that knows it, one of each change under way, one of each node until its
 * waiter leaves: who was told may be polled long after, and then finds out through the descriptor what it waited for. With the
 * runtime's end the system's descriptor is closed and each operation answers WEFT_EBADF; the slot stays until the handle is closed.
 */
#ifndef WEFT_IO_DESCRIPTOR_H
#define WEFT_IO_DESCRIPTOR_H

#include <stdint.h>
#include <weft/io.h>
#include <weft/runtime.h>

#include "io/label.h"
#include "io/reactor.h"
#include "registry/slab.h"
#include "task/wait.h"

/* The state word: the id, and in the lowest bits whether the slot is in use; of an id a handle has the lower half. */
enum { WEFT__DESCRIPTOR_LIVE = 1, WEFT__DESCRIPTOR_FREE = 2, WEFT__DESCRIPTOR_BITS = 2 };

/* The state of a handle: closed by its owner, or of a socket that is being connected. */
enum { WEFT__FD_CLOSED = 1, WEFT__FD_CONNECTING = 2 };

/*
 * Two cache lines, in the order in which they are used: an event touches the first; the read and the write that follow it, and
 * the next wait, both. With hundreds of connections that is what an event costs beside the system's calls.
 */
struct weft__descriptor {
    _Atomic uint64_t state;
    union {
        struct weft__slot *slab_next; /* while the slot is free, when no loop knows it */
        struct weft__source source;
    };
    struct weft__lock reading;
    struct weft__lock writing;
    struct weft__lock lock;
    int fd;
    uint8_t kind;      /* weft_fd_kind */
    _Atomic bool drained; /* the last read took all there was; written under `reading` */
    bool connecting;   /* under `writing` */
    bool closing;      /* written with both side locks as well */
    _Atomic bool edge; /* told of by edges; set at creation, cleared under `lock` */
    _Atomic bool odd;  /* an end, an error or urgent bytes were told; under `lock` */
    uint8_t watched;   /* what the loop is asked for; under `lock`, as the next */
    bool changing : 1; /* among those whose wishes its loop is to carry out */
    bool known : 1;    /* the loop knows it; written where the loop is turned */
    bool borrowed : 1; /* not closed with the handle */
    _Atomic uint32_t edges; /* that brought something to read; under `lock`, in a turn */
    union {
        _Atomic uint32_t quiet;  /* of a connection told of by edges: `edges` when there was nothing to read; under `reading` */
        _Atomic uint32_t pauses; /* of a listener: times that it had to stop for lack of descriptors */
    };
    struct weft__link *waiting; /* a ring of the nodes, the last of them */

    _Atomic uint64_t reads;
    _Atomic uint64_t writes;
    _Atomic uint64_t bytes_read;
    _Atomic uint64_t bytes_written;
    _Atomic uint64_t waits;
    int16_t error; /* the loop could not take it */
    _Atomic uint16_t reactor; /* which of the room's; relaxed: who comes with a stale handle may read that of another */
    _Atomic uint32_t refs;
    struct weft__waitable waitable;
    struct weft__label *label; /* under `lock`; NULL: the slot is free */
};

_Static_assert(offsetof(struct weft__descriptor, reads) == 64, "the second line");
_Static_assert(sizeof(struct weft__descriptor) == 128, "two lines");
_Static_assert(WEFT_WORKERS_MAX <= UINT16_MAX, "a number for each reactor");

enum { WEFT__IO_KINDS = WEFT_FD_DATAGRAM + 1 };

/* What descriptors of a kind have done, also those that were closed. */
struct weft__io_totals {
    uint64_t reads;
    uint64_t writes;
    uint64_t bytes_read;
    uint64_t bytes_written;
    uint64_t waits;
    uint64_t pauses;
};

/* By kind. Whoever closes the last handle of a descriptor waits for the walk. */
void weft__io_totals(struct weft__io *io, struct weft__io_totals out_totals[WEFT__IO_KINDS]);

/* The room's part of a runtime. It outlives the runtime while handles are open. */
struct weft__io {
    struct weft__slab slab;
    struct weft__env *env;  /* only while the runtime lives */
    struct weft__realm *realm;
    struct weft__reactor *reactors;
    uint32_t count;
    uint32_t number;        /* the runtime's, for events */
    _Atomic uint32_t turn;  /* whose loop the next one belongs to */
    _Atomic uint32_t refs;  /* the runtime, and each descriptor */
    struct weft__lock counting; /* held while a descriptor's counts are added to these, and while all are added up */
    struct weft__io_totals gone[WEFT__IO_KINDS]; /* of those that were closed */
    int *inherited;         /* in the child of a fork: what is closed when the runtime is destroyed there */
    uint32_t inherited_count;
};

struct weft__io *weft__io_create(struct weft__env *env, uint32_t workers);
void weft__io_unref(struct weft__io *io);

/*
 * Sleep until libuv has finished what libraries have begun on the loops, or until the deadline: how many requests it has not, and on
 * whose loop, if there are any. Not on a thread that turns one.
 */
uint32_t weft__io_settle(struct weft__io *io, int64_t deadline_ns, uint32_t *out_worker);
bool weft__io_is_settled(void *io);

/* The runtime ends, its workers have gone: close what is open, and the loops. Requests that cannot be closed are waited for. */
void weft__io_end(struct weft__io *io);

/*
 * In the child of a fork: keep the system's numbers, since the descriptors will be gone, and give them up with the runtime.
 * Until then they stay open, so that a host may hand one on to a program that it executes.
 */
void weft__io_orphan(struct weft__io *io);
void weft__io_disown(struct weft__io *io);

/*
 * Take over a descriptor that does not block, of a weft_fd_kind. 0 and the handle. On failure it is the caller's still, as it was. The
 * label is given up in any case; NULL: there was no memory for it.
 */
enum { /* with the kind */
    WEFT__FD_BLOCKS = 0x40,  /* it is made not to block, once nothing else can fail: what shares its open file may be another's */
    WEFT__FD_BORROWED = 0x80 /* it is not closed with the handle */
};
int weft__descriptor_open(struct weft__io *io, int fd, unsigned kind, struct weft__label *label, weft_fd *out_fd);

/* A reference to the descriptor's label; to `otherwise` if it has been closed meanwhile. */
struct weft__label *weft__descriptor_label(struct weft__descriptor *descriptor, uint32_t generation, struct weft__label *otherwise);

static inline struct weft__descriptor *weft__descriptor_of(const weft_fd *fd) { return fd->weft__descriptor; }

/* The room that an open descriptor belongs to: by its page. */
static inline struct weft__io *weft__descriptor_home(const struct weft__descriptor *descriptor)
{
    return weft__page_of(descriptor)->slab->owner;
}

static inline uint64_t weft__descriptor_state(const struct weft__descriptor *descriptor)
{
    return weft__load_relaxed(&((struct weft__descriptor *)(uintptr_t)descriptor)->state);
}

static inline uint64_t weft__descriptor_id(const struct weft__descriptor *descriptor)
{
    return weft__descriptor_state(descriptor) >> WEFT__DESCRIPTOR_BITS;
}

/* Whether the slot still has the handle's descriptor, open or being closed. */
static inline bool weft__descriptor_is_of(const struct weft__descriptor *descriptor, uint32_t generation)
{
    return ((weft__descriptor_state(descriptor) ^ WEFT__DESCRIPTOR_LIVE) & ((UINT64_C(1) << (32 + WEFT__DESCRIPTOR_BITS)) - 1)) ==
           (uint64_t)generation << WEFT__DESCRIPTOR_BITS;
}

/* What an operation finds behind a handle: 0, EINVAL, EBADF (closed), ESRCH (stale). */
int weft__descriptor_refuse(const char *call, const weft_fd *fd);
static inline int weft__descriptor_check(const char *call, const weft_fd *fd)
{
    if (weft__likely(fd && fd->weft__descriptor && weft__descriptor_is_of(fd->weft__descriptor, fd->weft__generation)))
        return 0;
    return weft__descriptor_refuse(call, fd);
}

/* Whether the handle's descriptor is open, and stays so. With a side lock held. */
static inline bool weft__descriptor_is_open(struct weft__descriptor *descriptor, uint32_t generation)
{
    return weft__descriptor_is_of(descriptor, generation) && !descriptor->closing;
}

/* A TCP connection that nobody else has yet: told of by edges, if the loop can. */
void weft__descriptor_tell_edges(struct weft__descriptor *descriptor);

/* Whether a read of a connection told of by edges would find nothing, as far as is known. */
static inline bool weft__descriptor_is_quiet(const struct weft__descriptor *descriptor)
{
    struct weft__descriptor *word = (struct weft__descriptor *)(uintptr_t)descriptor;
    return weft__load_relaxed(&word->quiet) == weft__load_relaxed(&word->edges); /* counts; asked again under `lock` */
}

/* The node waits from here on: 0. 1: something has come meanwhile, try first. Or why not. `ready`: for readiness alone. */
int weft__descriptor_enqueue(struct weft__descriptor *descriptor, uint32_t generation, struct weft__wait *wait,
                             unsigned events, bool ready);

/* A node that is in no list waits no more: its reference to the descriptor is the caller's, to give back. */
struct weft__descriptor *weft__descriptor_part(struct weft__wait *wait);
void weft__descriptor_unref(struct weft__descriptor *descriptor);

/* A node that was told waits no more: the events that have come, or why they never will. */
int weft__descriptor_told(struct weft__wait *wait);

/* The system's number; WEFT_EBADF if it is closed. */
int weft__descriptor_number(struct weft__descriptor *descriptor);

/* Copy what is known; false if the slot has no open descriptor. Inside an RCU section, or with a handle. */
bool weft__descriptor_copy(struct weft__descriptor *descriptor, weft_fd_stats *out_stats);

/* The runtime's part of the room, for something to be opened there; NULL and the reason in *out_error. */
struct weft__io *weft__io_for(const char *call, weft_runtime *rt, int *out_error);

/*
 * An operation, tried by its own thread and waited for while the system answers EAGAIN. `attempt` runs with the side's lock
 * held and answers 0 or more, WEFT_EAGAIN, or the system's error.
 */
struct weft__io_operation {
    const char *call;
    weft_fd *fd;
    unsigned events; /* what to wait for */
    int (*attempt)(struct weft__descriptor *descriptor, void *arguments);
    void *arguments;
};

/* One evaluation of an awaited operation, with the node that it waits with. */
int weft__io_await(weft_context *cx, const struct weft__io_operation *operation, struct weft__wait *wait);

/* One attempt, from any thread; WEFT_EAGAIN if it would wait. */
int weft__io_try(const struct weft__io_operation *operation);

/* Statistics, under the side's lock. */
static inline void weft__io_count_read(struct weft__descriptor *descriptor, uint64_t bytes)
{
    weft__store_relaxed(&descriptor->reads, weft__load_relaxed(&descriptor->reads) + 1);
    weft__store_relaxed(&descriptor->bytes_read, weft__load_relaxed(&descriptor->bytes_read) + bytes);
}
static inline void weft__io_count_write(struct weft__descriptor *descriptor, uint64_t bytes)
{
    weft__store_relaxed(&descriptor->writes, weft__load_relaxed(&descriptor->writes) + 1);
    weft__store_relaxed(&descriptor->bytes_written, weft__load_relaxed(&descriptor->bytes_written) + bytes);
}

#endif
