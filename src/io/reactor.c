/* SPDX-License-Identifier: MIT */
/*
 * libuv 1.44 has four habits that decide how this is written. It aborts when a descriptor cannot be put into epoll at the
 * moment of polling, so each is put there before by us, and libuv finds it there (EEXIST). It aborts when it cannot make
 * its pipes, so room for them is asked for first. Its timers count milliseconds, so a wake that is due within the next two
 * is waited for with ppoll() on the loop's own descriptor, and only the rest with a timer of the loop. It asks epoll
 * for levels, which the system looks at once more after each time that it has told of one; of an echo server with 512
 * connections that is a twentieth of its time. So where edges do, EPOLLET is slipped into the mask that it passes on, and
 * taken out again before each call that looks at the mask.
 */
#define _GNU_SOURCE
#include "io/reactor.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>
#include <weft/error.h>

#include "base/platform.h"
#include "registry/rcu.h"

enum {
    REACTOR_FDS = 6,            /* what the first loop of a process takes: epoll, two pipes, an eventfd */
    REACTOR_FINE_NS = 2000000,  /* waits shorter than this are not left to the loop's timer */
    REACTOR_LONGEST_MS = 1000000
};

struct weft__reactor {
    struct weft__lock turning;
    struct weft__lock opening;
    struct weft__lock changing;
    struct weft__change *changes, **changes_end; /* a queue, under `changing` */
    _Atomic uint32_t changed;  /* there are some; written under `changing` */
    _Atomic uint32_t watching; /* descriptors; written under `turning` */
    _Atomic uint32_t open;
    _Atomic uint32_t alive;    /* what others have put on the loop has to be turned */
    bool called;               /* somebody was given the loop */
    bool ended;                /* it is not opened again; under `opening` */
    _Atomic(struct weft__thread *) thread; /* whose loop it is; NULL once that has gone. Inside an RCU section */
    uv_loop_t loop;
    uv_async_t rouser;
    uv_timer_t due;
};

_Static_assert(sizeof(uv_poll_t) <= sizeof(((struct weft__source *)0)->handle), "libuv's handle fits");
_Static_assert(offsetof(uv_poll_t, poll_cb) == WEFT__SOURCE_HOT, "where its hot half begins");

static size_t reactors_bytes(uint32_t count)
{
    return (count * sizeof(struct weft__reactor) + 4095) & ~(size_t)4095;
}

struct weft__reactor *weft__reactors_create(uint32_t count)
{
    struct weft__reactor *reactors = weft__platform->map(reactors_bytes(count), 4096);
    for (uint32_t i = 0; reactors && i < count; i++)
        reactors[i].changes_end = &reactors[i].changes;
    return reactors;
}

void weft__reactors_destroy(struct weft__reactor *reactors, uint32_t count)
{
    weft__platform->unmap(reactors, reactors_bytes(count));
}

struct weft__reactor *weft__reactors_at(struct weft__reactor *reactors, uint32_t index) { return &reactors[index]; }

void weft__reactor_bind(struct weft__reactor *reactor, struct weft__thread *thread)
{
    weft__store_relaxed(&reactor->thread, thread); /* before any thread of the runtime runs */
    thread->reactor = reactor;
}

struct weft__reactor *weft__reactor_choose(struct weft__reactor *reactors, uint32_t count, _Atomic uint32_t *turn)
{
    return &reactors[weft__fetch_add_relaxed(turn, 1) % count]; /* a turn is unique by the read-modify-write */
}

static uv_poll_t *source_handle(struct weft__source *source) { return (uv_poll_t *)(void *)source->handle; }

static void source_set_edge(uv_poll_t *handle) { handle->io_watcher.pevents |= (unsigned)EPOLLET; }
static void source_clear_edge(uv_poll_t *handle) { handle->io_watcher.pevents &= ~(unsigned)EPOLLET; }

/* libuv makes these without a way to say that it could not. */
static bool reactor_has_room(void)
{
    int fds[REACTOR_FDS], count = 0;
    while (count < REACTOR_FDS && (fds[count] = eventfd(0, EFD_CLOEXEC)) >= 0)
        count++;
    for (int i = 0; i < count; i++)
        close(fds[i]);
    return count == REACTOR_FDS;
}

static void reactor_roused(uv_async_t *rouser) { (void)rouser; }
static void reactor_is_due(uv_timer_t *due) { (void)due; }

enum { EDGES_UNKNOWN, EDGES_NONE, EDGES_TOLD };
static _Atomic uint32_t reactor_edges; /* says nothing of other memory */

bool weft__reactor_has_edges(void) { return weft__load_relaxed(&reactor_edges) == EDGES_TOLD; }

static void probe_called(uv_poll_t *probe, int status, int events)
{
    (void)status;
    (void)events;
    ++*(int *)probe->data;
}

/* Ask this libuv whether EPOLLET goes through its mask: what is readable and stays so is told once, not twice. */
static void reactor_probe_edges(uv_loop_t *loop)
{
    uv_poll_t probe;
    int told = 0;
    const int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return;
    if (uv_poll_init(loop, &probe, fd) == 0) {
        probe.data = &told;
        uv_poll_start(&probe, UV_READABLE, probe_called);
        source_set_edge(&probe);
        uv_run(loop, UV_RUN_NOWAIT);
        uv_run(loop, UV_RUN_NOWAIT);
        source_clear_edge(&probe);
        uv_close((uv_handle_t *)&probe, NULL);
        uv_run(loop, UV_RUN_NOWAIT);
        weft__store_relaxed(&reactor_edges, told == 1 ? EDGES_TOLD : EDGES_NONE);
    }
    close(fd);
}

/* Under `opening`: who turns it may sleep in it as soon as it is open, and must not be waited for by who came second. */
static int reactor_open_loop(struct weft__reactor *reactor)
{
    if (reactor->ended)
        return WEFT_ESHUTDOWN;
    if (!reactor_has_room())
        return WEFT_EMFILE;
    int error = uv_loop_init(&reactor->loop);
    if (error < 0)
        return error;
    if (weft__load_relaxed(&reactor_edges) == EDGES_UNKNOWN) /* several may ask; they hear the same */
        reactor_probe_edges(&reactor->loop);
    error = uv_async_init(&reactor->loop, &reactor->rouser, reactor_roused);
    if (error < 0) {
        uv_loop_close(&reactor->loop);
        return error;
    }
    uv_timer_init(&reactor->loop, &reactor->due);
    weft__store_release(&reactor->open, 1); /* RE-R2: the loop can be roused */
    return 0;
}

int weft__reactor_open(struct weft__reactor *reactor)
{
    if (weft__load_acquire(&reactor->open)) /* RE-A2 */
        return 0;
    weft__lock(&reactor->opening);
    const int error = weft__load_relaxed(&reactor->open) ? 0 : reactor_open_loop(reactor);
    weft__unlock(&reactor->opening);
    return error;
}

/* Carry out what is wished. Under `turning`. */
static void reactor_apply(struct weft__reactor *reactor)
{
    while (weft__load_relaxed(&reactor->changed)) { /* a wish that comes now is seen by who is roused for it */
        weft__lock(&reactor->changing);
        struct weft__change *change = reactor->changes;
        if (change && !(reactor->changes = change->next))
            reactor->changes_end = &reactor->changes;
        if (!reactor->changes)
            weft__store_relaxed(&reactor->changed, 0);
        weft__unlock(&reactor->changing);
        if (!change)
            return;
        change->apply(change);
    }
}

void weft__reactor_submit(struct weft__reactor *reactor, struct weft__change *change)
{
    weft__lock(&reactor->changing);
    change->next = NULL;
    *reactor->changes_end = change;
    reactor->changes_end = &change->next;
    weft__store_relaxed(&reactor->changed, 1);
    weft__unlock(&reactor->changing);
    if (weft__lock_try(&reactor->turning)) {
        reactor_apply(reactor);
        weft__unlock(&reactor->turning);
    } else if (weft__load_acquire(&reactor->open)) { /* RE-A2 */
        uv_async_send(&reactor->rouser); /* whoever turns it comes back to the list */
    }
    weft__rcu_read_lock(); /* the runtime, and with it the worker, may be ending */
    struct weft__thread *thread = weft__load_acquire(&reactor->thread); /* RE-A3 */
    if (thread && thread != weft__self)
        thread->env->ops->unpark(thread); /* RE-R1: if it sleeps, then in its loop from now on */
    weft__rcu_read_unlock();
}

/* What strangers have left on the loop. */
static void reactor_close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void weft__reactor_end(struct weft__reactor *reactor, void (*forget)(void *context), void *context)
{
    weft__store_release(&reactor->thread, NULL); /* RE-R3 */
    weft__lock(&reactor->opening);
    reactor->ended = true;
    weft__unlock(&reactor->opening);
    weft__lock(&reactor->turning);
    reactor_apply(reactor);
    if (weft__exchange_acq_rel(&reactor->open, 0)) { /* RE-R2 RE-A2 */
        forget(context);
        uv_walk(&reactor->loop, reactor_close_handle, NULL);
        while (uv_run(&reactor->loop, UV_RUN_NOWAIT) != 0)
            continue;
        uv_loop_close(&reactor->loop);
    }
    weft__unlock(&reactor->turning);
}

void weft__reactor_disown(struct weft__reactor *reactor)
{
    if (!weft__load_relaxed(&reactor->open)) /* the only thread */
        return;
    const uv_loop_t *loop = &reactor->loop;
    const int fds[] = {uv_backend_fd(loop), loop->async_io_watcher.fd, loop->async_wfd, loop->signal_pipefd[0],
                       loop->signal_pipefd[1]};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Waiters woken by the turn that this thread is in. Not in the reactor: a source would have to look in one more place for it. */
static _Thread_local uint32_t reactor_woken __attribute__((tls_model("initial-exec")));

static struct weft__reactor *source_reactor(const uv_poll_t *handle)
{
    return weft__container_of(handle->loop, struct weft__reactor, loop);
}

/* One descriptor more, or less. Under `turning`; the unpark after a change orders. */
static void source_count(const uv_poll_t *handle, int change)
{
    struct weft__reactor *reactor = source_reactor(handle);
    weft__store_relaxed(&reactor->watching, weft__load_relaxed(&reactor->watching) + (uint32_t)change);
}

/* libuv says of an error only that there is one, and stops watching. */
static void source_event(uv_poll_t *handle, int status, int events)
{
    unsigned mask = 0;
    if (status < 0) {
        mask = WEFT__IO_ERROR;
        source_count(handle, -1);
        source_clear_edge(handle);
        uv_poll_stop(handle); /* of a mask with our bit in it libuv has stopped the rest */
    }
    if (events & UV_READABLE)
        mask |= WEFT__IO_READ;
    if (events & UV_WRITABLE)
        mask |= WEFT__IO_WRITE;
    if (events & UV_PRIORITIZED)
        mask |= WEFT__IO_PRIORITY;
    if (events & UV_DISCONNECT)
        mask |= WEFT__IO_HANGUP;
    reactor_woken += weft__source_event(weft__container_of(handle, struct weft__source, handle), mask);
}

int weft__source_init(struct weft__reactor *reactor, struct weft__source *source, int fd)
{
    return uv_poll_init(&reactor->loop, source_handle(source), fd);
}

/* Put it into the loop's epoll ourselves: what the system refuses there libuv would take for a bug. */
static int source_reserve(uv_poll_t *handle, int fd, unsigned events, bool edge)
{
    struct epoll_event event = {.events = edge ? (uint32_t)(EPOLLET | EPOLLRDHUP) : 0, .data.fd = fd};
    if (events & WEFT__IO_READ)
        event.events |= EPOLLIN;
    if (events & WEFT__IO_WRITE)
        event.events |= EPOLLOUT;
    if (events & WEFT__IO_PRIORITY)
        event.events |= EPOLLPRI;
    if (epoll_ctl(uv_backend_fd(handle->loop), EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST)
        return 0;
    return -errno;
}

int weft__source_want(struct weft__source *source, int fd, unsigned events, bool edge)
{
    uv_poll_t *handle = source_handle(source);
    source_clear_edge(handle);
    const int before = uv_is_active((uv_handle_t *)handle);
    int wanted = 0;
    if (events & WEFT__IO_READ)
        wanted |= UV_READABLE;
    if (events & WEFT__IO_WRITE)
        wanted |= UV_WRITABLE;
    if (events & WEFT__IO_PRIORITY)
        wanted |= UV_PRIORITIZED;
    if (wanted && edge)
        wanted |= UV_DISCONNECT;
    int error = wanted ? uv_poll_start(handle, wanted, source_event) : uv_poll_stop(handle);
    if (error == 0 && wanted)
        error = source_reserve(handle, fd, events, edge); /* after the start, which takes it out of epoll first */
    if (error < 0)
        uv_poll_stop(handle);
    else if (wanted && edge)
        source_set_edge(handle);
    source_count(handle, uv_is_active((uv_handle_t *)handle) - before);
    return error;
}

static void source_closed(uv_handle_t *handle)
{
    weft__source_gone(weft__container_of(handle, struct weft__source, handle));
}

void weft__source_fini(struct weft__source *source)
{
    uv_poll_t *handle = source_handle(source);
    source_count(handle, -uv_is_active((uv_handle_t *)handle));
    source_clear_edge(handle);
    uv_close((uv_handle_t *)handle, source_closed);
}

bool weft__reactor_awaited(const struct weft__thread *self)
{
    const struct weft__reactor *reactor = self->reactor;
    /* RE-A1: read after the worker has said that it parks, or before an unpark that ends the park at once. */
    return weft__load_relaxed(&((struct weft__reactor *)(uintptr_t)reactor)->watching) > 0 ||
           weft__load_relaxed(&((struct weft__reactor *)(uintptr_t)reactor)->changed) ||
           weft__load_relaxed(&((struct weft__reactor *)(uintptr_t)reactor)->alive);
}

/* After strangers were given the loop: is there anything of theirs? Under `turning`. */
static void reactor_note_alive(struct weft__reactor *reactor)
{
    if (!reactor->called)
        return;
    uv_unref((uv_handle_t *)&reactor->rouser);
    weft__store_relaxed(&reactor->alive, uv_loop_alive(&reactor->loop) ? 1 : 0);
    uv_ref((uv_handle_t *)&reactor->rouser);
}

/* One turn. How many waiters it woke. Under `turning`, the loop open. */
static uint32_t reactor_run(struct weft__reactor *reactor, uv_run_mode mode)
{
    const uint32_t before = reactor_woken; /* of a turn that this one is inside of */
    uv_run(&reactor->loop, mode);
    const uint32_t woken = reactor_woken - before;
    reactor_apply(reactor);
    reactor_note_alive(reactor);
    return woken;
}

uint32_t weft__reactor_turn(struct weft__thread *thread)
{
    struct weft__reactor *reactor = thread->reactor;
    if (!weft__load_acquire(&reactor->open) || !weft__lock_try(&reactor->turning)) /* RE-A2 */
        return 0;
    reactor_apply(reactor);
    const uint32_t woken = reactor_run(reactor, UV_RUN_NOWAIT);
    weft__unlock(&reactor->turning);
    return woken;
}

/* The loop, for as long as nothing is due before it can be left to its timer. Under `turning`. */
static uint32_t reactor_wait(struct weft__reactor *reactor, int64_t deadline_ns)
{
    if (deadline_ns == INT64_MAX)
        return reactor_run(reactor, UV_RUN_ONCE);
    const int64_t left = deadline_ns - weft__clock_now();
    if (left < REACTOR_FINE_NS) {
        /* What was wished for enters libuv's epoll only in a run, so that it is there before the sleep. */
        const uint32_t woken = reactor_run(reactor, UV_RUN_NOWAIT);
        if (woken > 0 || left <= 0)
            return woken;
        struct pollfd loop = {.fd = uv_backend_fd(&reactor->loop), .events = POLLIN};
        ppoll(&loop, 1, &(struct timespec){.tv_nsec = left}, NULL);
        return loop.revents ? reactor_run(reactor, UV_RUN_NOWAIT) : 0;
    }
    const int64_t ms = left / 1000000 - 1;
    uv_update_time(&reactor->loop);
    uv_timer_start(&reactor->due, reactor_is_due, (uint64_t)(ms < REACTOR_LONGEST_MS ? ms : REACTOR_LONGEST_MS), 0);
    const uint32_t woken = reactor_run(reactor, UV_RUN_ONCE);
    uv_timer_stop(&reactor->due);
    return woken;
}

bool weft__reactor_stand_in(struct weft__thread *thread, int64_t deadline_ns)
{
    struct weft__reactor *reactor = thread->reactor;
    if (!weft__load_acquire(&reactor->open) || !weft__lock_try(&reactor->turning)) /* RE-A2 */
        return false;
    reactor_apply(reactor);
    reactor_wait(reactor, deadline_ns);
    weft__unlock(&reactor->turning);
    return true;
}

bool weft__reactor_enter(struct weft__thread *self)
{
    struct weft__reactor *reactor = self->reactor;
    if (!weft__load_acquire(&reactor->open)) /* RE-A2: a change that is about to open it has yet to unpark us */
        return false;
    if (!weft__lock_try(&reactor->turning)) {
        uv_async_send(&reactor->rouser); /* the monitor stood in for us */
        weft__lock(&reactor->turning);
    }
    return true;
}

uint32_t weft__reactor_sleep(struct weft__thread *self, int64_t deadline_ns)
{
    reactor_apply(self->reactor);
    return reactor_wait(self->reactor, deadline_ns);
}

void weft__reactor_leave(struct weft__thread *self) { weft__unlock(&self->reactor->turning); }

void weft__reactor_rouse(struct weft__thread *thread)
{
    if (weft__load_acquire(&thread->reactor->open)) /* RE-A2 */
        uv_async_send(&thread->reactor->rouser);
}

int weft__reactor_descriptor(struct weft__thread *thread)
{
    const int error = weft__reactor_open(thread->reactor);
    return error < 0 ? error : uv_backend_fd(&thread->reactor->loop);
}

static void loop_call_apply(struct weft__change *change)
{
    struct weft__loop_call *call = weft__container_of(change, struct weft__loop_call, change);
    struct weft__reactor *reactor = call->reactor;
    reactor->called = true;
    call->fn(&reactor->loop, call->context); /* may free the call */
    reactor_note_alive(reactor);
}

void weft__reactor_call(struct weft__reactor *reactor, struct weft__loop_call *call)
{
    call->change.apply = loop_call_apply;
    call->reactor = reactor;
    weft__reactor_submit(reactor, &call->change);
}
