/* SPDX-License-Identifier: MIT */
/* Opening, waiting, waking, closing. descriptor.h says by which rules. */
#define _GNU_SOURCE
#include "io/descriptor.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <weft/error.h>

#include "base/error.h"
#include "base/platform.h"
#include "io/direct.h"
#include "registry/ids.h"
#include "registry/rcu.h"
#include "task/future.h"
#include "trace/emit.h"

enum { DESCRIPTOR_WAKES = 32 };

static const struct weft__io_ops io_ops = {
    .awaited = weft__reactor_awaited,
    .enter = weft__reactor_enter,
    .sleep = weft__reactor_sleep,
    .leave = weft__reactor_leave,
    .turn = weft__reactor_turn,
    .stand_in = weft__reactor_stand_in,
    .rouse = weft__reactor_rouse,
    .descriptor = weft__reactor_descriptor,
};

struct weft__io *weft__io_create(struct weft__env *env, uint32_t workers)
{
    struct weft__io *io = weft__alloc_zeroed(1, sizeof *io);
    if (!io)
        return NULL;
    io->reactors = weft__reactors_create(workers);
    if (!io->reactors) {
        weft__free(io);
        return NULL;
    }
    weft__direct_find();
    weft__slab_init_kept(&io->slab, io);
    io->env = env;
    io->realm = weft__realm_ref(env->realm);
    io->count = workers;
    io->number = env->number;
    weft__store_relaxed(&io->refs, 1);
    env->io_ops = &io_ops;
    return io;
}

void weft__io_unref(struct weft__io *io)
{
    if (weft__fetch_sub_acq_rel(&io->refs, 1) != 1)
        return;
    weft__rcu_synchronize(); /* a walk may still be under way */
    weft__slab_fini(&io->slab);
    weft__reactors_destroy(io->reactors, io->count);
    weft__realm_unref(io->realm);
    weft__free(io);
}

static const struct weft__waitable_ops waitable_ops;

static struct weft__reactor *descriptor_reactor(struct weft__descriptor *descriptor)
{
    return weft__reactors_at(weft__descriptor_home(descriptor)->reactors, weft__load_relaxed(&descriptor->reactor));
}

/* Whether the slot is in use; of what a walk finds. */
static bool descriptor_is_live(struct weft__descriptor *descriptor)
{
    return (weft__load_acquire(&descriptor->state) & ((1u << WEFT__DESCRIPTOR_BITS) - 1)) == WEFT__DESCRIPTOR_LIVE;
}

/* The place is another's in what is no listener. */
static uint32_t descriptor_pauses(struct weft__descriptor *descriptor)
{
    return descriptor->kind == WEFT_FD_LISTENER ? weft__load_relaxed(&descriptor->pauses) : 0;
}

/* What one has counted. Any thread: statistics. */
static void descriptor_add_up(struct weft__descriptor *descriptor, struct weft__io_totals *totals)
{
    totals->reads += weft__load_relaxed(&descriptor->reads);
    totals->writes += weft__load_relaxed(&descriptor->writes);
    totals->bytes_read += weft__load_relaxed(&descriptor->bytes_read);
    totals->bytes_written += weft__load_relaxed(&descriptor->bytes_written);
    totals->waits += weft__load_relaxed(&descriptor->waits);
    totals->pauses += descriptor_pauses(descriptor);
}

void weft__io_totals(struct weft__io *io, struct weft__io_totals out_totals[WEFT__IO_KINDS])
{
    uint32_t number = 0;
    weft__lock(&io->counting);
    memcpy(out_totals, io->gone, sizeof io->gone);
    weft__rcu_read_lock();
    for (struct weft__descriptor *descriptor; (descriptor = weft__slab_next(&io->slab, &number)) != NULL;)
        if (descriptor_is_live(descriptor)) /* and it stays so under the lock */
            descriptor_add_up(descriptor, &out_totals[descriptor->kind]);
    weft__rcu_read_unlock();
    weft__unlock(&io->counting);
}

/* Who looks, looks under the lock. */
static struct weft__label *descriptor_take_label(struct weft__descriptor *descriptor)
{
    weft__lock(&descriptor->lock);
    struct weft__label *label = descriptor->label;
    descriptor->label = NULL;
    weft__unlock(&descriptor->lock);
    return label;
}

void weft__descriptor_unref(struct weft__descriptor *descriptor)
{
    if (weft__fetch_sub_acq_rel(&descriptor->refs, 1) != 1)
        return;
    struct weft__io *io = weft__descriptor_home(descriptor);
    weft__lock(&io->counting); /* a walk has its counts once, here or there */
    descriptor_add_up(descriptor, &io->gone[descriptor->kind]);
    weft__store_relaxed(&descriptor->state, weft__descriptor_id(descriptor) << WEFT__DESCRIPTOR_BITS |
                                                WEFT__DESCRIPTOR_FREE); /* it says no more than not to look */
    weft__unlock(&io->counting);
    weft__label_unref(descriptor_take_label(descriptor));
    weft__slab_free(&io->slab, NULL, descriptor);
    weft__io_unref(io);
}

/* Take a node out of the list. Under the lock. */
static void descriptor_take_out(struct weft__descriptor *descriptor, struct weft__wait *wait, uint8_t state)
{
    weft__ring_remove(&descriptor->waiting, &wait->link);
    weft__store_release(weft__wait_word(wait), state); /* DE-R1; the node is its waiter's from here on */
}

/* What those who wait want. Under the lock. */
static unsigned descriptor_wanted(const struct weft__descriptor *descriptor)
{
    unsigned wanted = 0;
    const struct weft__link *const last = descriptor->waiting;
    for (const struct weft__link *link = weft__ring_first(last); link; link = weft__ring_next(last, link))
        wanted |= weft__container_of(link, struct weft__wait, link)->amount;
    return wanted;
}

/* What those who wait find in their nodes. */
struct descriptor_news {
    unsigned events; /* who waits for one of these is told */
    uint8_t state;   /* of the wait from here on */
    int told;        /* the events that have come, or why they never will */
};

/* Take out those whom the news is for: how many, at most DESCRIPTOR_WAKES. Under the lock. */
static uint32_t descriptor_take(struct weft__descriptor *descriptor, struct descriptor_news news, weft__waiter *out_waiters)
{
    uint32_t count = 0;
    const struct weft__link *const last = descriptor->waiting;
    struct weft__link *next;
    for (struct weft__link *link = weft__ring_first(last); link && count < DESCRIPTOR_WAKES; link = next) {
        next = weft__ring_next(last, link);
        struct weft__wait *wait = weft__container_of(link, struct weft__wait, link);
        if (!(wait->amount & news.events))
            continue;
        out_waiters[count++] = weft__wait_waiter(wait);
        wait->amount = (uint32_t)news.told;
        descriptor_take_out(descriptor, wait, news.state);
    }
    return count;
}

/* In the RCU section in which they were taken. */
static void descriptor_wake_taken(struct weft__descriptor *descriptor, const weft__waiter *waiters, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        weft__waiter_wake(waiters[i], WEFT_TRACE_wake_source_IO, weft__descriptor_id(descriptor));
}

/* Wake all whom the news is for, any number of them, outside of the lock. How many. */
static uint32_t descriptor_wake(struct weft__descriptor *descriptor, struct descriptor_news news)
{
    uint32_t woken = 0, count;
    do {
        weft__waiter waiters[DESCRIPTOR_WAKES];
        weft__rcu_read_lock();
        weft__lock(&descriptor->lock);
        count = descriptor_take(descriptor, news, waiters);
        weft__unlock(&descriptor->lock);
        descriptor_wake_taken(descriptor, waiters, count);
        weft__rcu_read_unlock();
        woken += count;
    } while (count == DESCRIPTOR_WAKES);
    return woken;
}

/* Under the lock. */
static enum weft__telling descriptor_telling(struct weft__descriptor *descriptor)
{
    if (weft__load_relaxed(&descriptor->edge))
        return WEFT__TELL_EDGES;
    return descriptor->borrowed ? WEFT__TELL_LENT : WEFT__TELL_LEVELS;
}

/* Ask the loop for what is wanted. Reading stays on; writing is possible nearly always, and would call all the time. */
static void descriptor_watch(struct weft__descriptor *descriptor, unsigned keep)
{
    weft__lock(&descriptor->lock);
    const unsigned wanted = descriptor_wanted(descriptor) | (descriptor->watched & keep);
    if (descriptor->known && wanted != descriptor->watched && !descriptor->closing) {
        descriptor->error = (int16_t)weft__source_want(descriptor_reactor(descriptor), &descriptor->source,
                                                       descriptor->fd, wanted, descriptor_telling(descriptor));
        descriptor->watched = descriptor->error == 0 ? (uint8_t)wanted : 0;
    }
    const int refused = descriptor->error;
    weft__unlock(&descriptor->lock);
    if (refused)
        descriptor_wake(descriptor, (struct descriptor_news){UINT32_MAX, WEFT__WAIT_TOLD, refused});
}

/* What an event changes, whoever waits. Under the lock. */
static void descriptor_note(struct weft__descriptor *descriptor, unsigned events)
{
    if (weft__load_relaxed(&descriptor->edge)) { /* under the lock */
        if (events & ~(unsigned)(WEFT__IO_READ | WEFT__IO_WRITE))
            weft__store_relaxed(&descriptor->odd, true); /* the count releases it */
        if (events & ~(unsigned)WEFT__IO_WRITE)
            weft__store_release(&descriptor->edges, weft__load_relaxed(&descriptor->edges) + 1); /* DE-R2; under the lock */
        descriptor->watched &= (uint8_t)~WEFT__IO_WRITE; /* it is asked for anew by who waits for it next */
    } else if (events & WEFT__IO_ERROR) {
        descriptor->watched = 0; /* libuv has let go of it */
    }
}

uint32_t weft__source_event(struct weft__source *source, unsigned came)
{
    struct weft__descriptor *descriptor = weft__container_of(source, struct weft__descriptor, source);
    unsigned events = came;
    if (came & (WEFT__IO_ERROR | WEFT__IO_HANGUP))
        events |= WEFT__IO_READ | WEFT__IO_WRITE | WEFT__IO_PRIORITY; /* each of them finds out by asking */
    WEFT__TRACE(weft__descriptor_home(descriptor)->number, io_ready, weft__descriptor_id(descriptor), events);
    const struct descriptor_news news = {events, WEFT__WAIT_TOLD, (int)events};
    weft__waiter waiters[DESCRIPTOR_WAKES];
    weft__rcu_read_lock();
    weft__lock(&descriptor->lock);
    descriptor_note(descriptor, came);
    uint32_t woken = descriptor_take(descriptor, news, waiters);
    weft__unlock(&descriptor->lock);
    descriptor_wake_taken(descriptor, waiters, woken);
    weft__rcu_read_unlock();
    if (woken == DESCRIPTOR_WAKES)
        woken += descriptor_wake(descriptor, news);
    if (woken == 0 && !weft__load_relaxed(&descriptor->edge)) /* whoever clears it asks for everything anew */
        descriptor_watch(descriptor, 0); /* nobody is there for it, and it would be told again and again */
    return woken;
}

void weft__source_gone(struct weft__source *source)
{
    weft__descriptor_unref(weft__container_of(source, struct weft__descriptor, source));
}

/* Where the loop is turned, or has gone. Under the lock. */
static void descriptor_forget(struct weft__descriptor *descriptor)
{
    if (descriptor->known)
        weft__source_fini(descriptor_reactor(descriptor), &descriptor->source,
                          descriptor->fd); /* drops its reference, which is not the last */
    descriptor->known = false;
    if (!descriptor->borrowed && descriptor->fd >= 0)
        close(descriptor->fd); /* it is in no epoll any more: the number may come back */
    descriptor->fd = -1;
}

/* Under the lock. */
static void descriptor_make_known(struct weft__descriptor *descriptor)
{
    descriptor->source.handle = NULL;
    descriptor->known = true;
    weft__fetch_add_relaxed(&descriptor->refs, 1); /* whoever is here for the change has one */
}

/* What is wished of the loop: to know it, to watch it, to forget it. Where the loop is turned. */
void weft__source_apply(struct weft__source *source)
{
    struct weft__descriptor *descriptor = weft__container_of(source, struct weft__descriptor, source);
    weft__lock(&descriptor->lock);
    descriptor->changing = false;
    const bool closing = descriptor->closing;
    if (closing)
        descriptor_forget(descriptor);
    else if (!descriptor->known)
        descriptor_make_known(descriptor);
    weft__unlock(&descriptor->lock);
    if (!closing)
        descriptor_watch(descriptor, WEFT__IO_READ);
    weft__descriptor_unref(descriptor);
}

/* A change is to be submitted, unless one is under way. Under the lock. */
static bool descriptor_change(struct weft__descriptor *descriptor)
{
    if (descriptor->changing)
        return false;
    descriptor->changing = true;
    weft__fetch_add_relaxed(&descriptor->refs, 1); /* whoever calls keeps it above zero */
    return true;
}

/* Whoever waits for readiness alone is told what is there, not what has come: by levels from here on. Under the lock. */
static void descriptor_tell_levels(struct weft__descriptor *descriptor)
{
    if (!weft__load_relaxed(&descriptor->edge)) /* under the lock */
        return;
    weft__store_relaxed(&descriptor->edge, false); /* a read that still sees it notes what nobody asks for */
    descriptor->watched = 0;                       /* asked for anew */
}

/*
 * The loop has to be there before it is asked for anything, and to open it may fail. What it is asked for already it was asked for
 * in a turn: so the usual wait does not look. Under the lock, which is given up meanwhile. 0, or why not.
 */
static __attribute__((noinline)) int descriptor_open_loop(struct weft__descriptor *descriptor)
{
    struct weft__reactor *reactor = descriptor_reactor(descriptor); /* another's if the handle is stale: seen under the lock */
    weft__unlock(&descriptor->lock);
    const int opened = weft__reactor_open(reactor);
    weft__lock(&descriptor->lock);
    return opened == WEFT_ESHUTDOWN ? WEFT_EBADF : opened;
}

/* What keeps the node from waiting: 1: something has come meanwhile. Under the lock. */
static int descriptor_hinders(struct weft__descriptor *descriptor, uint32_t generation, unsigned events)
{
    if (weft__unlikely(!weft__descriptor_is_open(descriptor, generation))) /* `lock` is one of those that a close takes */
        return WEFT_EBADF;
    if (weft__unlikely(descriptor->error != 0)) {
        const int error = descriptor->error;
        descriptor->error = 0; /* it is told once; the next may try again */
        return error;
    }
    /* an edge came after the read */
    return (events & WEFT__IO_READ) && weft__load_relaxed(&descriptor->edge) && !weft__descriptor_is_quiet(descriptor);
}

int weft__descriptor_enqueue(struct weft__descriptor *descriptor, uint32_t generation, struct weft__wait *wait,
                             unsigned events, bool ready)
{
    const struct weft__thread *const self = weft__self;
    bool submit = false;
    weft__lock(&descriptor->lock);
    if (ready)
        descriptor_tell_levels(descriptor);
    int error = weft__unlikely(events & ~descriptor->watched) ? descriptor_open_loop(descriptor) : 0;
    if (error == 0)
        error = descriptor_hinders(descriptor, generation, events);
    if (error == 0) {
        weft__fetch_add_relaxed(&descriptor->refs, 1); /* it is open: its handle keeps it above zero */
        wait->object = &descriptor->waitable;
        wait->since = weft__likely(self) ? weft__thread_now(self) : weft__realm_now(weft__descriptor_home(descriptor)->realm);
        wait->amount = events;
        weft__store_relaxed(weft__wait_word(wait), WEFT__WAIT_QUEUED); /* the waiter's own until the unlock */
        weft__ring_push_back(&descriptor->waiting, &wait->link);
        weft__store_relaxed(&descriptor->waits, weft__load_relaxed(&descriptor->waits) + 1); /* a statistic */
        submit = weft__unlikely(events & ~descriptor->watched) && descriptor_change(descriptor);
    }
    weft__unlock(&descriptor->lock);
    if (error != 0)
        return error;
    WEFT__TRACE(weft__descriptor_home(descriptor)->number, io_wait, weft__descriptor_id(descriptor), weft__self_task_id(), events);
    if (weft__unlikely(submit))
        weft__reactor_submit(descriptor_reactor(descriptor), &descriptor->source);
    return 0;
}

struct weft__descriptor *weft__descriptor_part(struct weft__wait *wait)
{
    struct weft__descriptor *descriptor = weft__container_of(wait->object, struct weft__descriptor, waitable);
    wait->object = NULL;
    weft__store_relaxed(weft__wait_word(wait), WEFT__WAIT_IDLE); /* the waiter's own: it is in no list */
    return descriptor;
}

int weft__descriptor_told(struct weft__wait *wait)
{
    struct weft__descriptor *descriptor = weft__descriptor_part(wait);
    weft__lock(&descriptor->lock);
    descriptor->error = 0; /* those who waited have it; the next may try again */
    weft__unlock(&descriptor->lock);
    weft__descriptor_unref(descriptor);
    return (int)wait->amount;
}

int weft__descriptor_number(struct weft__descriptor *descriptor)
{
    weft__lock(&descriptor->lock);
    const int fd = descriptor->closing ? WEFT_EBADF : descriptor->fd;
    weft__unlock(&descriptor->lock);
    return fd;
}

bool weft__descriptor_copy(struct weft__descriptor *descriptor, weft_fd_stats *out)
{
    weft__lock(&descriptor->lock);
    const bool open = descriptor_is_live(descriptor) && !descriptor->closing; /* set under the lock */
    if (open) {
        *out = (weft_fd_stats){
            .size = out->size,
            .id = weft__descriptor_id(descriptor),
            .kind = (weft_fd_kind)descriptor->kind,
            .fd = descriptor->fd,
            .waiting = weft__ring_length(descriptor->waiting),
            .reads = weft__load_relaxed(&descriptor->reads),
            .writes = weft__load_relaxed(&descriptor->writes),
            .bytes_read = weft__load_relaxed(&descriptor->bytes_read),
            .bytes_written = weft__load_relaxed(&descriptor->bytes_written),
            .waits = weft__load_relaxed(&descriptor->waits),
            .pauses = descriptor_pauses(descriptor),
        };
        memcpy(out->name, descriptor->label->text, sizeof out->name);
    }
    weft__unlock(&descriptor->lock);
    return open;
}

static void descriptor_abandon(struct weft__waitable *waitable, struct weft__wait *wait)
{
    struct weft__descriptor *descriptor = weft__container_of(waitable, struct weft__descriptor, waitable);
    weft__lock(&descriptor->lock);
    if (weft__load_relaxed(weft__wait_word(wait)) == WEFT__WAIT_QUEUED) /* under the lock */
        descriptor_take_out(descriptor, wait, WEFT__WAIT_IDLE);
    weft__unlock(&descriptor->lock);
    weft__descriptor_unref(weft__descriptor_part(wait));
}

static void descriptor_describe(struct weft__waitable *waitable, const struct weft__wait *wait, struct weft__abouts *abouts)
{
    struct weft__descriptor *descriptor = weft__container_of(waitable, struct weft__descriptor, waitable);
    weft__lock(&descriptor->lock); /* the loop writes to the node under it */
    struct weft__about *about = weft__abouts_add(
        abouts, wait->amount & WEFT__IO_WRITE ? "room in descriptor" : "something to read from descriptor");
    about->object = weft__descriptor_id(descriptor);
    about->since = wait->since;
    if (descriptor->label) /* else it was closed under the wait, and has gone */
        memcpy(about->name, descriptor->label->text, sizeof descriptor->label->text);
    weft__unlock(&descriptor->lock);
}

struct weft__label *weft__descriptor_label(struct weft__descriptor *descriptor, uint32_t generation, struct weft__label *otherwise)
{
    weft__lock(&descriptor->lock);
    const bool open = weft__descriptor_is_open(descriptor, generation);
    struct weft__label *label = weft__label_ref(open ? descriptor->label : otherwise);
    weft__unlock(&descriptor->lock);
    return label;
}

static const struct weft__waitable_ops waitable_ops = {descriptor_abandon, descriptor_describe};

/* That one flag, in one call: of those that others set meanwhile none is lost, as with F_GETFL and F_SETFL. 0, or -errno. */
static int descriptor_unblock(int fd)
{
    int on = 1, answer;
    do
        answer = ioctl(fd, FIONBIO, &on);
    while (answer < 0 && errno == EINTR);
    return answer < 0 ? -errno : 0;
}

/* A slot for it, and nothing that can fail is left. NULL: why, in *out_error. */
static struct weft__descriptor *descriptor_reserve(struct weft__io *io, int fd, unsigned kind, int *out_error)
{
    struct weft__descriptor *descriptor = weft__slab_alloc(&io->slab, NULL, sizeof *descriptor);
    *out_error = !descriptor ? WEFT_ENOMEM : kind & WEFT__FD_BLOCKS ? descriptor_unblock(fd) : 0;
    if (*out_error == 0)
        return descriptor;
    if (descriptor)
        weft__slab_free(&io->slab, NULL, descriptor);
    return NULL;
}

int weft__descriptor_open(struct weft__io *io, int fd, unsigned kind, struct weft__label *label, weft_fd *out_fd)
{
    int error = WEFT_ENOMEM;
    struct weft__descriptor *descriptor = label ? descriptor_reserve(io, fd, kind, &error) : NULL;
    if (!descriptor) {
        if (label)
            weft__label_unref(label);
        return error;
    }
    weft__fetch_add_relaxed(&io->refs, 1); /* whoever calls keeps it above zero */
    const uint64_t id = weft__env_new_id(io->env);
    const struct weft__thread *self = weft__self_in(io->env);
    const uint32_t reactor = self && self->reactor ? weft__reactors_index(io->reactors, self->reactor)
                                                   : weft__reactors_choose(io->count, &io->turn);
    weft__lock(&descriptor->reading); /* a stale handle may be looking */
    weft__lock(&descriptor->writing);
    weft__lock(&descriptor->lock);
    weft__store_relaxed(&descriptor->reactor, (uint16_t)reactor);
    descriptor->waitable.ops = &waitable_ops;
    descriptor->fd = fd;
    descriptor->kind = (uint8_t)(kind & ~(unsigned)(WEFT__FD_BORROWED | WEFT__FD_BLOCKS));
    descriptor->borrowed = kind & WEFT__FD_BORROWED;
    descriptor->connecting = false;
    weft__store_relaxed(&descriptor->drained, false);
    descriptor->changing = descriptor->closing = descriptor->known = false;
    descriptor->watched = 0;
    descriptor->error = 0;
    weft__store_relaxed(&descriptor->edge, false);
    weft__store_relaxed(&descriptor->odd, false);
    weft__store_relaxed(&descriptor->edges, 0);
    descriptor->waiting = NULL;
    weft__store_relaxed(&descriptor->refs, 1);
    weft__store_relaxed(&descriptor->reads, 0);
    weft__store_relaxed(&descriptor->writes, 0);
    weft__store_relaxed(&descriptor->bytes_read, 0);
    weft__store_relaxed(&descriptor->bytes_written, 0);
    weft__store_relaxed(&descriptor->waits, 0);
    weft__store_relaxed(&descriptor->pauses, 0);
    descriptor->label = label;
    weft__store_release(&descriptor->state, id << WEFT__DESCRIPTOR_BITS | WEFT__DESCRIPTOR_LIVE);
    weft__unlock(&descriptor->lock);
    weft__unlock(&descriptor->writing);
    weft__unlock(&descriptor->reading);
    WEFT__TRACE(io->number, io_open, id, weft__self_task_id(), fd, descriptor->kind, label->text);
    *out_fd = (weft_fd){descriptor, (uint32_t)id, 0};
    return 0;
}

void weft__descriptor_tell_edges(struct weft__descriptor *descriptor)
{
    weft__store_relaxed(&descriptor->edge, true);
    weft__store_relaxed(&descriptor->quiet, weft__load_relaxed(&descriptor->edges) - 1); /* not known yet */
}

__attribute__((cold)) int weft__descriptor_refuse(const char *call, const weft_fd *fd)
{
    if (!fd)
        return weft__refuse(WEFT_EINVAL, "%s: the handle must not be null", call);
    struct weft__descriptor *descriptor = weft__descriptor_of(fd);
    if (!descriptor) {
        if (fd->weft__state == WEFT__FD_CLOSED)
            return WEFT_EBADF;
        return weft__refuse(WEFT_EINVAL, "%s: the handle was never set: open or accept it first", call);
    }
    if (!weft__descriptor_is_of(descriptor, fd->weft__generation))
        return weft__slab_is_orphan(descriptor)
                   ? weft__refuse(WEFT_ESHUTDOWN, "%s: the descriptor is one of a runtime in the process that forked this one", call)
                   : weft__refuse(WEFT_ESRCH, "%s: a stale copy of a handle that was closed: use only the last copy", call);
    return 0;
}

/* Nobody may use the descriptor any more. */
static void descriptor_shut(struct weft__descriptor *descriptor)
{
    weft__lock(&descriptor->reading);
    weft__lock(&descriptor->writing);
    weft__lock(&descriptor->lock);
    const bool first = !descriptor->closing;
    const bool submit = first && (descriptor->closing = true, descriptor_change(descriptor));
    weft__unlock(&descriptor->lock);
    weft__unlock(&descriptor->writing);
    weft__unlock(&descriptor->reading);
    if (!first)
        return;
    WEFT__TRACE(weft__descriptor_home(descriptor)->number, io_end, weft__descriptor_id(descriptor), weft__self_task_id());
    descriptor_wake(descriptor, (struct descriptor_news){UINT32_MAX, WEFT__WAIT_CLOSED, WEFT_EBADF});
    if (submit)
        weft__reactor_submit(descriptor_reactor(descriptor), &descriptor->source);
}

void weft_fd_close(weft_fd *fd)
{
    if (!fd || !fd->weft__descriptor)
        return;
    struct weft__descriptor *descriptor = weft__descriptor_of(fd);
    const int stale = weft__descriptor_check("weft_fd_close", fd);
    *fd = (weft_fd){NULL, 0, WEFT__FD_CLOSED};
    if (stale)
        return;
    descriptor_shut(descriptor);
    weft__descriptor_unref(descriptor);
}

/* The next descriptor that is open, of the walk. Inside an RCU section. */
static struct weft__descriptor *io_next(struct weft__io *io, uint32_t *number)
{
    struct weft__descriptor *descriptor;
    while ((descriptor = weft__slab_next(&io->slab, number)) != NULL)
        if (descriptor_is_live(descriptor))
            return descriptor;
    return NULL;
}

struct io_last_turn {
    struct weft__io *io;
    struct weft__reactor *reactor;
};

/* What is still known to the loop although it was shut: its change comes after the end. In the last turn. */
static void io_forget(void *context)
{
    const struct io_last_turn *turn = context;
    uint32_t number = 0;
    for (struct weft__descriptor *descriptor; (descriptor = io_next(turn->io, &number)) != NULL;) {
        if (descriptor_reactor(descriptor) != turn->reactor)
            continue;
        weft__lock(&descriptor->lock);
        if (descriptor->closing)
            descriptor_forget(descriptor);
        weft__unlock(&descriptor->lock);
    }
}

uint32_t weft__io_settle(struct weft__io *io, int64_t deadline_ns, uint32_t *out_worker)
{
    for (uint32_t i = 0; i < io->count; i++) {
        const uint32_t requests = weft__reactor_settle(weft__reactors_at(io->reactors, i), deadline_ns);
        if (requests > 0) {
            *out_worker = i;
            return requests;
        }
    }
    return 0;
}

bool weft__io_is_settled(void *io)
{
    uint32_t worker;
    return weft__io_settle(io, INT64_MIN, &worker) == 0;
}

void weft__io_end(struct weft__io *io)
{
    uint32_t number = 0;
    for (struct weft__descriptor *descriptor; (descriptor = io_next(io, &number)) != NULL;)
        descriptor_shut(descriptor);
    for (uint32_t i = 0; i < io->count; i++) {
        struct weft__reactor *reactor = weft__reactors_at(io->reactors, i);
        const uint32_t requests = weft__reactor_end(reactor, io_forget, &(struct io_last_turn){io, reactor});
        if (requests > 0)
            weft__report(io->env, WEFT_EBUSY, "weft_runtime_destroy: requests of libuv are not done, %u on the loop of worker %u "
                                              "(weft_loop_call()): the end waits for them; weft_runtime_shutdown() does until a deadline",
                         requests, i);
    }
    for (uint32_t i = 0; i < io->count; i++)
        weft__reactor_close(weft__reactors_at(io->reactors, i));
}

/* In the child of a fork: the number that is ours to close there; -1: none. */
static int descriptor_inherited(const struct weft__descriptor *descriptor)
{
    if (descriptor->borrowed)
        return descriptor->known ? weft__source_own_number(&descriptor->source, descriptor->fd) : -1;
    return descriptor->closing ? -1 : descriptor->fd;
}

void weft__io_orphan(struct weft__io *io)
{
    io->counting = (struct weft__lock){0}; /* of a walk in the parent */
    uint32_t number = 0, count = 0;
    while (io_next(io, &number))
        count++;
    io->inherited = count > 0 ? weft__alloc(count * sizeof *io->inherited) : NULL; /* NULL: they stay open to the end */
    number = 0;
    for (struct weft__descriptor *descriptor; (descriptor = io_next(io, &number)) != NULL;) {
        const int fd = descriptor_inherited(descriptor);
        if (io->inherited && fd >= 0)
            io->inherited[io->inherited_count++] = fd;
        if (descriptor->label)
            weft__label_unref(descriptor->label);
        descriptor->label = NULL;
    }
    weft__store_relaxed(&io->refs, 1); /* the only thread */
}

void weft__io_disown(struct weft__io *io)
{
    for (uint32_t i = 0; i < io->inherited_count; i++)
        close(io->inherited[i]);
    weft__free(io->inherited);
    for (uint32_t i = 0; i < io->count; i++)
        weft__reactor_disown(weft__reactors_at(io->reactors, i));
}
