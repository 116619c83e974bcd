/* SPDX-License-Identifier: MIT */
/*
 * A loop is two: an epoll of our own, in which TCP connections are told of by edges, and libuv's, which has everything else and
 * whose descriptor is in ours, so that one sleep waits for both. libuv asks for levels, which the system looks at once more after
 * each time that it has told of one; it keeps a handle of 160 bytes for each descriptor and finds it by three loads that are not
 * in the cache; and it takes up to 1024 events before the first of them is served. A connection needs none of that.
 *
 * libuv 1.44 has three habits that decide how the rest is written. It aborts when a descriptor cannot be put into epoll at the
 * moment of polling, so each is put there before by us, and libuv finds it there (EEXIST). It aborts when it cannot make
 * its pipes, so room for them is asked for first. And what its callbacks and calls leave to be done is done in its next run, so
 * it is asked (uv_backend_timeout) before a sleep whether it has to be run first.
 */
#define _GNU_SOURCE
#include "io/reactor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>
#include <weft/error.h>
#include <weft/runtime.h>

#include "base/futex.h"
#include "base/platform.h"
#include "registry/rcu.h"

enum {
    REACTOR_FDS = 6,           /* what libuv's first loop of a process takes: epoll, two pipes, an eventfd */
    REACTOR_EVENTS = 128,      /* taken at once: half of a worker's ring */
    REACTOR_AHEAD = 2,         /* events whose descriptors are on their way into the cache */
    REACTOR_FINE_NS = 2000000, /* waits shorter than this are not counted in milliseconds */
    REACTOR_LONGEST_MS = 1000000
};

struct weft__reactor {
    struct weft__lock turning;
    struct weft__lock opening;
    struct weft__lock changing;
    struct weft__source *changed, **changed_end; /* two queues, under `changing` */
    struct weft__loop_call *calls, **calls_end;
    _Atomic uint32_t wished;   /* there is something in them; written under `changing` */
    _Atomic uint32_t watching; /* descriptors; written under `turning` */
    _Atomic uint32_t open;
    _Atomic uint32_t alive;    /* what others have put on the loop has to be turned */
    _Atomic uint32_t requests; /* of strangers; a word to sleep on */
    _Atomic uint32_t rung;     /* an event of the bell is under way */
    bool called;               /* somebody was given the loop */
    bool unsettled;            /* libuv may have to be run, whatever its descriptor says */
    bool ended;                /* it is not opened again; under `opening` */
    bool closing;              /* what is left of it are requests; under `turning` */
    int epoll;
    int bell; /* an eventfd that is in it, and is never read */
    _Atomic(struct weft__thread *) thread; /* whose loop it is; NULL once that has gone. Inside an RCU section */
    uv_loop_t loop;
    uv_async_t keeper; /* libuv's loop is alive, and its timeout that of its timers */
};

static size_t reactors_bytes(uint32_t count)
{
    return (count * sizeof(struct weft__reactor) + 4095) & ~(size_t)4095;
}

struct weft__reactor *weft__reactors_create(uint32_t count)
{
    struct weft__reactor *reactors = weft__platform->map(reactors_bytes(count), 4096);
    for (uint32_t i = 0; reactors && i < count; i++)
        reactors[i].changed_end = &reactors[i].changed, reactors[i].calls_end = &reactors[i].calls;
    return reactors;
}

void weft__reactors_destroy(struct weft__reactor *reactors, uint32_t count)
{
    weft__platform->unmap(reactors, reactors_bytes(count));
}

struct weft__reactor *weft__reactors_at(struct weft__reactor *reactors, uint32_t index) { return &reactors[index]; }
uint32_t weft__reactors_index(const struct weft__reactor *reactors, const struct weft__reactor *reactor)
{
    return (uint32_t)(reactor - reactors);
}

void weft__reactor_bind(struct weft__reactor *reactor, struct weft__thread *thread)
{
    weft__store_relaxed(&reactor->thread, thread); /* before any thread of the runtime runs */
    thread->reactor = reactor;
}

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

/* What strangers have left on the loop. */
static void reactor_close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void reactor_close_own(struct weft__reactor *reactor)
{
    if (reactor->bell >= 0)
        close(reactor->bell);
    if (reactor->epoll >= 0)
        close(reactor->epoll);
}

static void keeper_called(uv_async_t *keeper) { (void)keeper; }

static int reactor_add(int epoll, int fd, uint32_t events, void *whose)
{
    struct epoll_event event = {.events = events, .data.ptr = whose};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static int reactor_open_libuv(struct weft__reactor *reactor)
{
    if (!reactor_has_room())
        return WEFT_EMFILE;
    int error = uv_loop_init(&reactor->loop);
    if (error < 0)
        return error;
    error = uv_async_init(&reactor->loop, &reactor->keeper, keeper_called);
    if (error == 0)
        error = reactor_add(reactor->epoll, uv_backend_fd(&reactor->loop), EPOLLIN, &reactor->loop);
    if (error < 0) {
        uv_walk(&reactor->loop, reactor_close_handle, NULL);
        uv_run(&reactor->loop, UV_RUN_NOWAIT);
        uv_loop_close(&reactor->loop);
    }
    return error;
}

/* Under `opening`: who turns it may sleep in it as soon as it is open, and must not be waited for by who came second. */
static int reactor_open_loop(struct weft__reactor *reactor)
{
    if (reactor->ended)
        return WEFT_ESHUTDOWN;
    reactor->epoll = epoll_create1(EPOLL_CLOEXEC);
    reactor->bell = reactor->epoll < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = reactor->bell < 0 ? -errno : reactor_add(reactor->epoll, reactor->bell, EPOLLIN | EPOLLET, NULL);
    if (error == 0)
        error = reactor_open_libuv(reactor);
    if (error < 0) {
        reactor_close_own(reactor);
        return error;
    }
    reactor->unsettled = true;
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

/* After strangers were given the loop: is there anything of theirs? Under `turning`. */
static void reactor_note_alive(struct weft__reactor *reactor)
{
    if (!reactor->called)
        return;
    uv_unref((uv_handle_t *)&reactor->keeper);
    weft__store_relaxed(&reactor->alive, uv_loop_alive(&reactor->loop) ? 1 : 0);
    uv_ref((uv_handle_t *)&reactor->keeper);
    const uint32_t requests = reactor->loop.active_reqs.count; /* in the struct that libuv publishes; no function tells it */
    if (requests == weft__load_relaxed(&reactor->requests)) /* under `turning` */
        return;
    weft__store_release(&reactor->requests, requests); /* RE-R5 */
    if (requests == 0) /* who waits, waits for that */
        weft__futex_wake(&reactor->requests, WEFT__WAKE_ALL);
}

uint32_t weft__reactor_settle(struct weft__reactor *reactor, int64_t deadline_ns)
{
    uint32_t requests;
    while ((requests = weft__load_acquire(&reactor->requests)) > 0 && weft__clock_now() < deadline_ns) /* RE-A5 */
        weft__futex_wait(&reactor->requests, requests, deadline_ns);
    return requests;
}

static struct weft__source *reactor_pop_changed(struct weft__reactor *reactor)
{
    struct weft__source *source = reactor->changed;
    if (source && !(reactor->changed = source->next))
        reactor->changed_end = &reactor->changed;
    return source;
}

static struct weft__loop_call *reactor_pop_call(struct weft__reactor *reactor)
{
    struct weft__loop_call *call = reactor->calls;
    if (call && !(reactor->calls = call->next))
        reactor->calls_end = &reactor->calls;
    return call;
}

/* Carry out what is wished. Under `turning`. */
static void reactor_apply(struct weft__reactor *reactor)
{
    while (weft__load_relaxed(&reactor->wished)) { /* a wish that comes now is seen by who is roused for it */
        weft__lock(&reactor->changing);
        struct weft__source *source = reactor_pop_changed(reactor);
        struct weft__loop_call *call = source ? NULL : reactor_pop_call(reactor);
        if (!reactor->changed && !reactor->calls)
            weft__store_relaxed(&reactor->wished, 0);
        weft__unlock(&reactor->changing);
        if (source)
            weft__source_apply(source);
        if (!call)
            continue;
        reactor->called = reactor->unsettled = true;
        call->fn(&reactor->loop, call->context); /* may free the call */
        reactor_note_alive(reactor);
    }
}

/* End the sleep in it, or the next. An event that is under way serves for all who ring before it is taken. */
static void reactor_ring(struct weft__reactor *reactor)
{
    const uint64_t one = 1;
    if (weft__exchange_acq_rel(&reactor->rung, 1) != 0) /* RE-R4 */
        return;
    while (write(reactor->bell, &one, sizeof one) < 0 && errno == EINTR) /* an edge for each */
        continue;
}

/* A wish was put in: carry it out, or see to it that somebody does. */
static void reactor_heed(struct weft__reactor *reactor)
{
    if (weft__lock_try(&reactor->turning)) {
        reactor_apply(reactor);
        weft__unlock(&reactor->turning);
    } else if (weft__load_acquire(&reactor->open)) { /* RE-A2 */
        reactor_ring(reactor); /* whoever turns it comes back to the lists */
    }
    weft__rcu_read_lock(); /* the runtime, and with it the worker, may be ending */
    struct weft__thread *thread = weft__load_acquire(&reactor->thread); /* RE-A3 */
    if (thread && thread != weft__self)
        thread->env->ops->unpark(thread); /* RE-R1: if it sleeps, then in its loop from now on */
    weft__rcu_read_unlock();
}

void weft__reactor_submit(struct weft__reactor *reactor, struct weft__source *source)
{
    weft__lock(&reactor->changing);
    source->next = NULL;
    *reactor->changed_end = source;
    reactor->changed_end = &source->next;
    weft__store_relaxed(&reactor->wished, 1);
    weft__unlock(&reactor->changing);
    reactor_heed(reactor);
}

void weft__reactor_call(struct weft__reactor *reactor, struct weft__loop_call *call)
{
    weft__lock(&reactor->changing);
    call->next = NULL;
    *reactor->calls_end = call;
    reactor->calls_end = &call->next;
    weft__store_relaxed(&reactor->wished, 1);
    weft__unlock(&reactor->changing);
    reactor_heed(reactor);
}

/* Close what strangers have on the loop, what their callbacks put there too, and run it. Whether anything is left. */
static bool reactor_run_down(struct weft__reactor *reactor, uv_run_mode mode)
{
    uv_walk(&reactor->loop, reactor_close_handle, NULL);
    return uv_run(&reactor->loop, mode) != 0;
}

uint32_t weft__reactor_end(struct weft__reactor *reactor, void (*forget)(void *context), void *context)
{
    weft__store_release(&reactor->thread, NULL); /* RE-R3 */
    weft__lock(&reactor->opening);
    reactor->ended = true;
    weft__unlock(&reactor->opening);
    weft__lock(&reactor->turning);
    reactor_apply(reactor);
    if (weft__exchange_acq_rel(&reactor->open, 0)) { /* RE-R2 RE-A2 */
        forget(context);
        reactor->closing = true;
        while (reactor_run_down(reactor, UV_RUN_NOWAIT) && uv_backend_timeout(&reactor->loop) == 0)
            continue; /* until there is something to wait for, or nothing */
    }
    const uint32_t requests = reactor->closing ? reactor->loop.active_reqs.count : 0;
    weft__unlock(&reactor->turning);
    return requests;
}

void weft__reactor_close(struct weft__reactor *reactor)
{
    weft__lock(&reactor->turning);
    if (reactor->closing) {
        while (reactor_run_down(reactor, UV_RUN_ONCE)) /* which sleeps, unless there is something to do */
            continue;
        uv_loop_close(&reactor->loop);
        reactor_close_own(reactor);
        reactor->closing = false;
    }
    weft__unlock(&reactor->turning);
}

void weft__reactor_disown(struct weft__reactor *reactor)
{
    if (!weft__load_relaxed(&reactor->open)) /* the only thread */
        return;
    const uv_loop_t *loop = &reactor->loop;
    const int fds[] = {uv_backend_fd(loop), loop->async_io_watcher.fd, loop->async_wfd, loop->signal_pipefd[0],
                       loop->signal_pipefd[1], reactor->epoll, reactor->bell};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Waiters woken by the run of libuv that this thread is in. Not in the reactor: a stranger's handle is in the same loop. */
static _Thread_local uint32_t reactor_woken __attribute__((tls_model("initial-exec")));

/* In place of libuv's handle: told of by edges. */
static char source_edges;
static bool source_by_edges(const struct weft__source *source) { return source->handle == &source_edges; }
static bool source_by_libuv(const struct weft__source *source) { return source->handle && !source_by_edges(source); }

/* One descriptor more, or less. Under `turning`; the unpark after a change orders. */
static void reactor_count(struct weft__reactor *reactor, int change)
{
    weft__store_relaxed(&reactor->watching, weft__load_relaxed(&reactor->watching) + (uint32_t)change);
}

static uint32_t source_mask(unsigned events)
{
    return (events & WEFT__IO_READ ? (uint32_t)EPOLLIN : 0) | (events & WEFT__IO_WRITE ? (uint32_t)EPOLLOUT : 0) |
           (events & WEFT__IO_PRIORITY ? (uint32_t)EPOLLPRI : 0);
}

static unsigned source_events(uint32_t mask)
{
    return (mask & EPOLLIN ? (unsigned)WEFT__IO_READ : 0) | (mask & EPOLLOUT ? (unsigned)WEFT__IO_WRITE : 0) |
           (mask & EPOLLPRI ? (unsigned)WEFT__IO_PRIORITY : 0) | (mask & EPOLLERR ? (unsigned)WEFT__IO_ERROR : 0) |
           (mask & (EPOLLRDHUP | EPOLLHUP) ? (unsigned)WEFT__IO_HANGUP : 0);
}

/* What is there already is told also if nothing changes: the system looks at each change. */
static int source_want_edges(struct weft__reactor *reactor, struct weft__source *source, int fd, unsigned events)
{
    struct epoll_event event = {.events = source_mask(events) | (uint32_t)(EPOLLET | EPOLLRDHUP), .data.ptr = source};
    const bool first = !source->handle;
    if (epoll_ctl(reactor->epoll, first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) < 0)
        return -errno;
    source->handle = &source_edges;
    reactor_count(reactor, first);
    return 0;
}

/* The system's copy of a descriptor that another process has, too, would be told of for ever. */
static void source_end_edges(struct weft__reactor *reactor, struct weft__source *source, int fd)
{
    epoll_ctl(reactor->epoll, EPOLL_CTL_DEL, fd, NULL);
    source->handle = NULL;
    reactor_count(reactor, -1);
}

static struct weft__reactor *source_reactor(const uv_poll_t *handle)
{
    return weft__container_of(handle->loop, struct weft__reactor, loop);
}

/* libuv says of an error only that there is one, and stops watching. */
static void source_called(uv_poll_t *handle, int status, int events)
{
    unsigned mask = 0;
    if (status < 0) {
        mask = WEFT__IO_ERROR;
        reactor_count(source_reactor(handle), -1);
        uv_poll_stop(handle);
    }
    if (events & UV_READABLE)
        mask |= WEFT__IO_READ;
    if (events & UV_WRITABLE)
        mask |= WEFT__IO_WRITE;
    if (events & UV_PRIORITIZED)
        mask |= WEFT__IO_PRIORITY;
    reactor_woken += weft__source_event(handle->data, mask);
}

/* The number that libuv knows it by. */
static int source_number(const struct weft__source *source)
{
    return ((const uv_poll_t *)source->handle)->io_watcher.fd; /* in the struct that libuv publishes: uv_fileno() is not for the child of a fork */
}

int weft__source_own_number(const struct weft__source *source, int fd)
{
    return source_by_libuv(source) && source_number(source) != fd ? source_number(source) : -1;
}

static int source_init_handle(struct weft__reactor *reactor, uv_poll_t *handle, int fd, enum weft__telling telling)
{
    const int number = telling == WEFT__TELL_LENT ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : fd;
    if (number < 0)
        return -errno;
    const int error = uv_poll_init(&reactor->loop, handle, number);
    if (error < 0 && number != fd)
        close(number);
    return error;
}

/* Give it a handle of libuv's. 0, or what the system or the memory refuses. */
static int source_give_handle(struct weft__reactor *reactor, struct weft__source *source, int fd, enum weft__telling telling)
{
    uv_poll_t *handle = weft__alloc(sizeof *handle);
    if (!handle)
        return WEFT_ENOMEM;
    const int error = source_init_handle(reactor, handle, fd, telling);
    if (error < 0) {
        weft__free(handle);
        return error;
    }
    handle->data = source;
    source->handle = handle;
    return 0;
}

/* Put it into libuv's epoll ourselves: what the system refuses there libuv would take for a bug. */
static int source_reserve(const struct weft__source *source, unsigned events)
{
    const int number = source_number(source);
    const uv_poll_t *handle = source->handle;
    struct epoll_event event = {.events = source_mask(events), .data.fd = number};
    return epoll_ctl(uv_backend_fd(handle->loop), EPOLL_CTL_ADD, number, &event) == 0 || errno == EEXIST ? 0 : -errno;
}

static int source_want_levels(struct weft__reactor *reactor, struct weft__source *source, int fd, unsigned events,
                              enum weft__telling telling)
{
    int error = source_by_libuv(source) ? 0 : source_give_handle(reactor, source, fd, telling);
    if (error < 0)
        return error;
    uv_poll_t *handle = source->handle;
    const int before = uv_is_active((uv_handle_t *)handle);
    int wanted = 0;
    if (events & WEFT__IO_READ)
        wanted |= UV_READABLE;
    if (events & WEFT__IO_WRITE)
        wanted |= UV_WRITABLE;
    if (events & WEFT__IO_PRIORITY)
        wanted |= UV_PRIORITIZED;
    error = wanted ? uv_poll_start(handle, wanted, source_called) : uv_poll_stop(handle);
    if (error == 0 && wanted)
        error = source_reserve(source, events); /* after the start, which takes it out of epoll first */
    if (error < 0)
        uv_poll_stop(handle);
    reactor_count(reactor, uv_is_active((uv_handle_t *)handle) - before);
    return error;
}

int weft__source_want(struct weft__reactor *reactor, struct weft__source *source, int fd, unsigned events, enum weft__telling telling)
{
    if (telling == WEFT__TELL_EDGES)
        return source_want_edges(reactor, source, fd, events);
    if (source_by_edges(source))
        source_end_edges(reactor, source, fd);
    reactor->unsettled = true;
    return source_want_levels(reactor, source, fd, events, telling);
}

static void source_closed(uv_handle_t *handle)
{
    struct weft__source *source = handle->data;
    weft__free(handle);
    weft__source_gone(source);
}

void weft__source_fini(struct weft__reactor *reactor, struct weft__source *source, int fd)
{
    if (source_by_libuv(source)) {
        const int own = weft__source_own_number(source, fd);
        reactor->unsettled = true;
        reactor_count(reactor, -uv_is_active(source->handle));
        uv_close(source->handle, source_closed);
        if (own >= 0)
            close(own); /* libuv has it in no list any more */
        return;
    }
    if (source_by_edges(source))
        source_end_edges(reactor, source, fd);
    weft__source_gone(source);
}

bool weft__reactor_awaited(const struct weft__thread *self)
{
    const struct weft__reactor *reactor = self->reactor;
    /* RE-A1: read after the worker has said that it parks, or before an unpark that ends the park at once. */
    return weft__load_relaxed(&((struct weft__reactor *)(uintptr_t)reactor)->watching) > 0 ||
           weft__load_relaxed(&((struct weft__reactor *)(uintptr_t)reactor)->wished) ||
           weft__load_relaxed(&((struct weft__reactor *)(uintptr_t)reactor)->alive);
}

/* Run libuv: how many waiters that woke. Under `turning`, as all that follows. */
static uint32_t reactor_run_libuv(struct weft__reactor *reactor)
{
    const uint32_t before = reactor_woken; /* of a run that this one is inside of */
    uv_run(&reactor->loop, UV_RUN_NOWAIT);
    reactor->unsettled = true; /* callbacks may have left something to do */
    reactor_note_alive(reactor);
    return reactor_woken - before;
}

/* Whether libuv has something to do, though nothing has come for it. */
static bool reactor_is_due(struct weft__reactor *reactor)
{
    if (!reactor->unsettled && !reactor->called)
        return false;
    uv_update_time(&reactor->loop);
    return reactor->unsettled = uv_backend_timeout(&reactor->loop) == 0;
}

/* As epoll_wait(), and no signal ends it. */
static int reactor_poll(const struct weft__reactor *reactor, struct epoll_event *events, int timeout_ms)
{
    const int64_t end_ns = timeout_ms > 0 ? weft__clock_now() + (int64_t)timeout_ms * 1000000 : 0;
    int count;
    while ((count = epoll_wait(reactor->epoll, events, REACTOR_EVENTS, timeout_ms)) < 0 && errno == EINTR)
        if (timeout_ms > 0) {
            const int64_t left = (end_ns - weft__clock_now()) / 1000000;
            timeout_ms = left > 0 ? (int)left : 0;
        }
    return count;
}

/* Take what has come, or what comes within the time. How many waiters it woke. */
static uint32_t reactor_take(struct weft__reactor *reactor, int timeout_ms)
{
    struct epoll_event events[REACTOR_EVENTS];
    const int count = reactor_poll(reactor, events, timeout_ms);
    bool libuv = false;
    uint32_t woken = 0;
    for (int i = 0; i < count; i++) {
        void *const whose = events[i].data.ptr;
        if (i + REACTOR_AHEAD < count)
            __builtin_prefetch(events[i + REACTOR_AHEAD].data.ptr); /* what an event of it touches, or nothing */
        if (whose == &reactor->loop)
            libuv = true;
        else if (whose)
            woken += weft__source_event(whose, source_events(events[i].events));
        else
            weft__exchange_acq_rel(&reactor->rung, 0); /* RE-A4 */
    }
    reactor_apply(reactor);
    if (libuv || reactor_is_due(reactor)) {
        uint32_t told = reactor_run_libuv(reactor);
        if (libuv && told == 0) /* it gives up when a signal comes between, and does not say so */
            told = reactor_run_libuv(reactor);
        woken += told;
        reactor_apply(reactor);
    }
    return woken;
}

uint32_t weft__reactor_turn(struct weft__thread *thread)
{
    struct weft__reactor *reactor = thread->reactor;
    if (!weft__load_acquire(&reactor->open) || !weft__lock_try(&reactor->turning)) /* RE-A2 */
        return 0;
    reactor_apply(reactor);
    const uint32_t woken = reactor_take(reactor, 0);
    weft__unlock(&reactor->turning);
    return woken;
}

/* The deadline, or the next timer of a stranger's. */
static int64_t reactor_limit(struct weft__reactor *reactor, int64_t deadline_ns)
{
    const int ms = reactor->called ? uv_backend_timeout(&reactor->loop) : -1;
    if (ms < 0)
        return deadline_ns;
    const int64_t timer_ns = weft__clock_now() + (int64_t)ms * 1000000;
    return timer_ns < deadline_ns ? timer_ns : deadline_ns;
}

/* Sleep until something has come, or the deadline. */
static uint32_t reactor_wait(struct weft__reactor *reactor, int64_t deadline_ns)
{
    if (reactor_is_due(reactor)) {
        const uint32_t woken = reactor_run_libuv(reactor);
        reactor_apply(reactor);
        if (woken > 0 || reactor_is_due(reactor))
            return woken;
    }
    const int64_t limit_ns = reactor_limit(reactor, deadline_ns);
    if (limit_ns == INT64_MAX)
        return reactor_take(reactor, -1);
    const int64_t left = limit_ns - weft__clock_now();
    if (left <= 0)
        return reactor_take(reactor, 0);
    if (left < REACTOR_FINE_NS) {
        struct pollfd loop = {.fd = reactor->epoll, .events = POLLIN};
        ppoll(&loop, 1, &(struct timespec){.tv_nsec = left}, NULL);
        return loop.revents || reactor->called ? reactor_take(reactor, 0) : 0;
    }
    const int64_t ms = left / 1000000 - 1;
    return reactor_take(reactor, (int)(ms < REACTOR_LONGEST_MS ? ms : REACTOR_LONGEST_MS));
}

/* Take those of the loops that are open and that nobody turns: how many. */
static uint32_t loops_take(struct weft__thread *const *threads, uint32_t count, struct weft__reactor **out_taken)
{
    uint32_t taken = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct weft__reactor *reactor = threads[i]->reactor;
        if (weft__load_acquire(&reactor->open) && weft__lock_try(&reactor->turning)) /* RE-A2 */
            out_taken[taken++] = reactor;
    }
    return taken;
}

/* Sleep until something has come for one of them, or the deadline: their epolls are descriptors that can be polled. */
static void loops_sleep(struct weft__reactor *const *loops, struct pollfd *polled, uint32_t count, int64_t deadline_ns)
{
    int64_t limit_ns = deadline_ns;
    for (uint32_t i = 0; i < count; i++) {
        reactor_apply(loops[i]);
        polled[i] = (struct pollfd){.fd = loops[i]->epoll, .events = POLLIN};
        limit_ns = reactor_is_due(loops[i]) ? 0 : reactor_limit(loops[i], limit_ns);
    }
    const int64_t left = limit_ns - weft__clock_now(), ns = left > 0 ? left : 0;
    const struct timespec timeout = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    ppoll(polled, count, &timeout, NULL); /* a signal ends it: the caller comes back */
}

bool weft__reactor_stand_in(struct weft__thread *const *threads, uint32_t count, int64_t deadline_ns)
{
    struct weft__reactor *loops[WEFT_WORKERS_MAX];
    struct pollfd polled[WEFT_WORKERS_MAX];
    const uint32_t taken = loops_take(threads, count, loops);
    if (taken == 0)
        return false;
    loops_sleep(loops, polled, taken, deadline_ns);
    for (uint32_t i = 0; i < taken; i++) {
        if (polled[i].revents || reactor_is_due(loops[i]))
            reactor_take(loops[i], 0);
        weft__unlock(&loops[i]->turning);
    }
    return true;
}

bool weft__reactor_enter(struct weft__thread *self)
{
    struct weft__reactor *reactor = self->reactor;
    if (!weft__load_acquire(&reactor->open)) /* RE-A2: a change that is about to open it has yet to unpark us */
        return false;
    if (!weft__lock_try(&reactor->turning)) {
        reactor_ring(reactor); /* the monitor stood in for us */
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
        reactor_ring(thread->reactor);
}

int weft__reactor_descriptor(struct weft__thread *thread)
{
    const int error = weft__reactor_open(thread->reactor);
    return error < 0 ? error : thread->reactor->epoll;
}
