/* SPDX-License-Identifier: MIT */
/*
 * The public calls over any descriptor. An operation is tried first and waited for after, unless the last read left nothing:
 * then it waits at once, and the loop says when there is something, for one system call less in each round of a dialogue.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weft/error.h>

#include "base/error.h"
#include "io/descriptor.h"
#include "io/direct.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "task/future.h"

enum { FD_TRANSFER_MAX = 1 << 30 }; /* bytes of one call; a count is returned as an int */

/*
 * Reading and writing have an operation of their own each, in which the attempt is a part and no call: after a system call the
 * instructions of this side are cold, and how many lines of them an operation takes is what it costs.
 */
#define IO_INLINE static inline __attribute__((always_inline))

/* Whether this system call can be saved: what it would find is known. Relaxed: whoever waits in vain for it is told. */
IO_INLINE bool io_knows_nothing_there(struct weft__descriptor *descriptor, unsigned events)
{
    return events == WEFT__IO_READ && (weft__load_relaxed(&descriptor->edge) ? weft__descriptor_is_quiet(descriptor)
                                                                             : weft__load_relaxed(&descriptor->drained));
}

/* After a read of a connection told of by edges. Under `reading`. */
IO_INLINE void io_note_quiet(struct weft__descriptor *descriptor, int answer, uint32_t edges)
{
    const bool nothing = answer == WEFT_EAGAIN;
    const bool no_more = answer > 0 && weft__load_relaxed(&descriptor->drained) &&
                         !weft__load_relaxed(&descriptor->odd); /* DE-A2 was before */
    weft__store_relaxed(&descriptor->quiet, nothing || no_more ? edges : edges - 1); /* a count, compared under `lock` */
}

/* One attempt, at the descriptor of a handle that was checked. */
IO_INLINE int io_attempt(const struct weft__io_operation *operation, struct weft__descriptor *descriptor)
{
    struct weft__lock *side = operation->events & WEFT__IO_WRITE ? &descriptor->writing : &descriptor->reading;
    int answer = WEFT_EBADF;
    weft__lock(side);
    if (weft__likely(weft__descriptor_is_open(descriptor, operation->fd->weft__generation))) {
        const uint32_t edges = weft__load_acquire(&descriptor->edges); /* DE-A2: before the attempt */
        answer = operation->attempt(descriptor, operation->arguments);
        if (!(operation->events & WEFT__IO_WRITE) && weft__load_relaxed(&descriptor->edge)) /* cleared meanwhile: nobody asks */
            io_note_quiet(descriptor, answer, edges);
    }
    weft__unlock(side);
    return answer;
}

IO_INLINE int io_try(const struct weft__io_operation *operation)
{
    const int wrong = weft__descriptor_check(operation->call, operation->fd);
    return weft__unlikely(wrong) ? wrong : io_attempt(operation, weft__descriptor_of(operation->fd));
}

int weft__io_try(const struct weft__io_operation *operation) { return io_try(operation); }

/* Whether the node waits at the handle's descriptor. Asked before the handle is checked: one that was closed under the wait
 * may be gone altogether, and the answer is in the node. */
IO_INLINE bool io_is_waiting(const weft_fd *fd, const struct weft__wait *wait)
{
    return fd && fd->weft__descriptor && wait->object == &fd->weft__descriptor->waitable;
}

/* What came of a wait that is under way: AWAITING, WEFT_ECANCELED, or the state of a node that was told. */
IO_INLINE int io_resume(weft_context *cx, struct weft__wait *wait)
{
    if (weft__cx_cancelled(cx)) {
        weft__wait_leave(wait);
        return WEFT_ECANCELED;
    }
    const uint8_t state = weft__load_acquire(weft__wait_word(wait)); /* DE-A1 */
    return state == WEFT__WAIT_QUEUED ? WEFT_AWAITING : state;
}

/* Try, and wait while there is nothing. */
IO_INLINE int io_go_on(weft_context *cx, const struct weft__io_operation *operation, struct weft__wait *wait, bool tries)
{
    struct weft__descriptor *descriptor = weft__descriptor_of(operation->fd);
    for (;;) {
        if (tries) {
            const int answer = io_attempt(operation, descriptor);
            if (answer != WEFT_EAGAIN)
                return answer;
        }
        const int waits =
            weft__descriptor_enqueue(descriptor, operation->fd->weft__generation, wait, operation->events, false);
        if (weft__likely(waits <= 0)) {
            weft__cx_refund(cx);
            return waits < 0 ? waits : WEFT_AWAITING;
        }
        tries = true;
    }
}

/* The handle was closed under the wait. */
static __attribute__((cold, noinline)) int io_end_closed(struct weft__wait *wait)
{
    weft__descriptor_unref(weft__descriptor_part(wait));
    return WEFT_EBADF;
}

/* Whether the operation may begin: 0. */
IO_INLINE int io_begin(weft_context *cx, const struct weft__io_operation *operation, struct weft__wait *wait)
{
    weft__wait_leave(wait);
    const int wrong = weft__descriptor_check(operation->call, operation->fd);
    if (weft__unlikely(wrong))
        return wrong;
    if (weft__cx_cancelled(cx))
        return WEFT_ECANCELED;
    return weft__likely(weft__cx_spend(cx)) ? 0 : WEFT_AWAITING;
}

/* One attempt in it, at the beginning and after it was told: what is behind a call once is in the cache for the next. */
IO_INLINE int io_await(weft_context *cx, const struct weft__io_operation *operation, struct weft__wait *wait)
{
    struct weft__descriptor *told = NULL;
    bool tries = true;
    if (io_is_waiting(operation->fd, wait)) {
        const int state = io_resume(cx, wait);
        if (state < 0)
            return state;
        if (weft__unlikely(state == WEFT__WAIT_CLOSED))
            return io_end_closed(wait);
        if (!weft__cx_spend(cx))
            return WEFT_AWAITING;
        told = weft__descriptor_part(wait); /* it stays until this is over, whatever became of the handle */
    } else {
        const int begun = io_begin(cx, operation, wait);
        if (begun < 0)
            return begun;
        tries = !io_knows_nothing_there(weft__descriptor_of(operation->fd), operation->events);
    }
    const int answer = io_go_on(cx, operation, wait, tries);
    if (told)
        weft__descriptor_unref(told);
    return answer;
}

int weft__io_await(weft_context *cx, const struct weft__io_operation *operation, struct weft__wait *wait)
{
    return io_await(cx, operation, wait);
}

static __attribute__((cold)) int fd_no_context(const char *call)
{
    return weft__refuse(WEFT_EINVAL, "%s: the context must not be null: use the form with try_ outside of tasks", call);
}

/* The runtime's part of the room, for something to be opened there; NULL and the reason in *out_error. */
struct weft__io *weft__io_for(const char *call, weft_runtime *rt, int *out_error)
{
    *out_error = weft__runtimes_check(call, rt);
    if (*out_error < 0)
        return NULL;
    struct weft__env *env = weft__env_of(rt);
    if (weft__load_relaxed(&env->refusing)) {
        *out_error = weft__refuse(WEFT_ESHUTDOWN, "%s: the runtime is shutting down", call);
        return NULL;
    }
    return env->io;
}

static weft_fd_kind fd_kind_of(const struct stat *about, int fd)
{
    if (S_ISSOCK(about->st_mode)) {
        int type = 0;
        socklen_t length = sizeof type;
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
        return type == SOCK_STREAM ? WEFT_FD_SOCKET : WEFT_FD_DATAGRAM;
    }
    return S_ISFIFO(about->st_mode) || S_ISCHR(about->st_mode) ? WEFT_FD_STREAM : WEFT_FD_OTHER;
}

int weft_fd_open(weft_runtime *rt, int fd, const weft_fd_options *options, weft_fd *out_fd)
{
    static const char call[] = "weft_fd_open";
    if (!out_fd || (options && options->size < sizeof *options))
        return weft__refuse(WEFT_EINVAL, "%s: give a place for the handle, and options made by WEFT_FD_OPTIONS()", call);
    int error;
    struct weft__io *io = weft__io_for(call, rt, &error);
    if (!io)
        return error;
    struct stat about;
    if (fstat(fd, &about) < 0)
        return weft__refuse(-errno, "%s: descriptor %d: %s", call, fd, weft_error_text(-errno));
    if (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode))
        return weft__refuse(WEFT_EPERM, "%s: descriptor %d is a regular file or a folder, which cannot be polled: read it in a "
                                        "job, weft_blocking()",
                            call, fd);
    const unsigned kind = fd_kind_of(&about, fd) | WEFT__FD_BLOCKS | (options && options->borrowed ? WEFT__FD_BORROWED : 0u);
    static struct weft__label unnamed = WEFT__LABEL("fd");
    error = weft__descriptor_open(io, fd, kind, weft__label_of(options ? options->name : NULL, &unnamed), out_fd);
    return error < 0 ? weft__refuse(error, "%s: descriptor %d: %s", call, fd, weft_error_text(error)) : 0;
}

int weft_fd_number(const weft_fd *fd)
{
    const int wrong = weft__descriptor_check("weft_fd_number", fd);
    return wrong ? wrong : weft__descriptor_number(weft__descriptor_of(fd));
}

/* What the system cannot poll is told with the way out. Any other answer goes through. */
static int fd_say_refusal(const char *call, const weft_fd *fd, int answer)
{
    if (answer != WEFT_EPERM)
        return answer;
    return weft__refuse(answer, "%s: descriptor %d has no poll, it is always ready: read and write it without a wait", call,
                        weft__descriptor_number(weft__descriptor_of(fd)));
}

/* A wait alone: the first evaluation registers, the next that finds it told is ready. */
static int fd_wait_await(weft_context *cx, const char *call, weft_fd *fd, unsigned events, struct weft__wait *wait)
{
    if (events == 0 || (events & ~(unsigned)(WEFT_READABLE | WEFT_WRITABLE | WEFT_PRIORITY)))
        return weft__refuse(WEFT_EINVAL, "%s: events %#x: give WEFT_READABLE, WEFT_WRITABLE, WEFT_PRIORITY, or several of them",
                            call, events);
    if (io_is_waiting(fd, wait)) {
        const int state = io_resume(cx, wait);
        return state < 0 ? state : fd_say_refusal(call, fd, weft__descriptor_told(wait));
    }
    weft__wait_leave(wait);
    const int wrong = weft__descriptor_check(call, fd);
    if (wrong)
        return wrong;
    struct weft__descriptor *descriptor = weft__descriptor_of(fd);
    if (weft__cx_cancelled(cx))
        return WEFT_ECANCELED;
    const int waits = weft__descriptor_enqueue(descriptor, fd->weft__generation, wait, events, true);
    return waits < 0 ? fd_say_refusal(call, fd, waits) : WEFT_AWAITING;
}

int weft_fd_wait(weft_context *cx, weft_fd *fd, unsigned events)
{
    static const char call[] = "weft_fd_wait";
    return cx ? fd_wait_await(cx, call, fd, events, &weft__cx_task(cx)->wait) : fd_no_context(call);
}

struct fd_transfer {
    unsigned char *buffer;
    size_t length;
};

/* What a call of libc answered: bytes, or -errno. */
IO_INLINE ssize_t fd_answer(ssize_t moved) { return moved < 0 ? -errno : moved; }

IO_INLINE int fd_attempt_read(struct weft__descriptor *descriptor, void *arguments)
{
    const struct fd_transfer *transfer = arguments;
    ssize_t moved;
    do
        moved = descriptor->kind >= WEFT_FD_SOCKET ? weft__direct_recv(descriptor->fd, transfer->buffer, transfer->length)
                                                   : fd_answer(read(descriptor->fd, transfer->buffer, transfer->length));
    while (moved == -EINTR);
    if (moved < 0)
        return (int)moved;
    weft__store_relaxed(&descriptor->drained, (size_t)moved < transfer->length && descriptor->kind != WEFT_FD_DATAGRAM);
    weft__io_count_read(descriptor, (uint64_t)moved);
    return (int)moved;
}

/*
 * write() to a pipe without a reader raises SIGPIPE, which a library may not let happen to its host. Threads of weft have it
 * blocked; on the host's, also where one drives a runtime, the signal is blocked, and taken back if this call raised it.
 */
static ssize_t fd_write_quietly(int fd, const void *buffer, size_t length)
{
    if (weft__self && !weft__self->env->drive)
        return write(fd, buffer, length);
    sigset_t pipe, before, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    const ssize_t moved = write(fd, buffer, length);
    const int error = errno;
    if (moved < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
        sigtimedwait(&pipe, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return moved;
}

IO_INLINE int fd_attempt_write(struct weft__descriptor *descriptor, void *arguments)
{
    const struct fd_transfer *transfer = arguments;
    ssize_t moved;
    do
        moved = descriptor->kind >= WEFT_FD_SOCKET ? weft__direct_send(descriptor->fd, transfer->buffer, transfer->length)
                                                   : fd_answer(fd_write_quietly(descriptor->fd, transfer->buffer, transfer->length));
    while (moved == -EINTR);
    if (moved < 0)
        return (int)moved;
    weft__io_count_write(descriptor, (uint64_t)moved);
    return (int)moved;
}

/* Nothing is asked for: that is there, and no system call is made, which would take a datagram. */
static int fd_try_nothing(const char *call, const weft_fd *fd)
{
    const int wrong = weft__descriptor_check(call, fd);
    return wrong ? wrong : weft__descriptor_number(weft__descriptor_of(fd)) < 0 ? WEFT_EBADF : 0;
}

static struct fd_transfer fd_transfer_of(const void *buffer, size_t length)
{
    return (struct fd_transfer){(unsigned char *)(uintptr_t)buffer, length < FD_TRANSFER_MAX ? length : FD_TRANSFER_MAX};
}

static __attribute__((noinline)) int fd_read_await(weft_context *cx, const char *call, weft_fd *fd, void *buffer, size_t length,
                                                   struct weft__wait *wait)
{
    if (!buffer && length > 0)
        return weft__refuse(WEFT_EINVAL, "%s: the buffer must not be null", call);
    if (length == 0)
        return 0;
    struct fd_transfer transfer = fd_transfer_of(buffer, length);
    return io_await(cx, &(struct weft__io_operation){call, fd, WEFT__IO_READ, fd_attempt_read, &transfer}, wait);
}

static __attribute__((noinline)) int fd_write_await(weft_context *cx, const char *call, weft_fd *fd, const void *buffer,
                                                    size_t length, struct weft__wait *wait)
{
    if (!buffer && length > 0)
        return weft__refuse(WEFT_EINVAL, "%s: the buffer must not be null", call);
    if (length == 0)
        return 0;
    struct fd_transfer transfer = fd_transfer_of(buffer, length);
    return io_await(cx, &(struct weft__io_operation){call, fd, WEFT__IO_WRITE, fd_attempt_write, &transfer}, wait);
}

int weft_fd_read(weft_context *cx, weft_fd *fd, void *buffer, size_t length)
{
    static const char call[] = "weft_fd_read";
    return cx ? fd_read_await(cx, call, fd, buffer, length, &weft__cx_task(cx)->wait) : fd_no_context(call);
}

int weft_fd_write(weft_context *cx, weft_fd *fd, const void *buffer, size_t length)
{
    static const char call[] = "weft_fd_write";
    return cx ? fd_write_await(cx, call, fd, buffer, length, &weft__cx_task(cx)->wait) : fd_no_context(call);
}

static int fd_write_all_await(weft_context *cx, const char *call, weft_fd *fd, const void *buffer, size_t length, size_t *done,
                              struct weft__wait *wait)
{
    if (!done || *done > length)
        return weft__refuse(WEFT_EINVAL, "%s: done must not be null, and at most length: 0 at the beginning", call);
    while (*done < length) {
        const unsigned char *rest = buffer ? (const unsigned char *)buffer + *done : NULL; /* which is refused there */
        const int moved = fd_write_await(cx, call, fd, rest, length - *done, wait);
        if (moved < 0)
            return moved; /* WEFT_AWAITING too */
        *done += (size_t)moved;
    }
    return 0;
}

int weft_fd_write_all(weft_context *cx, weft_fd *fd, const void *buffer, size_t length, size_t *done)
{
    static const char call[] = "weft_fd_write_all";
    return cx ? fd_write_all_await(cx, call, fd, buffer, length, done, &weft__cx_task(cx)->wait) : fd_no_context(call);
}

int weft_fd_try_read(weft_fd *fd, void *buffer, size_t length)
{
    static const char call[] = "weft_fd_try_read";
    if (!buffer && length > 0)
        return weft__refuse(WEFT_EINVAL, "%s: the buffer must not be null", call);
    if (length == 0)
        return fd_try_nothing(call, fd);
    struct fd_transfer transfer = fd_transfer_of(buffer, length);
    return io_try(&(struct weft__io_operation){call, fd, WEFT__IO_READ, fd_attempt_read, &transfer});
}

int weft_fd_try_write(weft_fd *fd, const void *buffer, size_t length)
{
    static const char call[] = "weft_fd_try_write";
    if (!buffer && length > 0)
        return weft__refuse(WEFT_EINVAL, "%s: the buffer must not be null", call);
    if (length == 0)
        return fd_try_nothing(call, fd);
    struct fd_transfer transfer = fd_transfer_of(buffer, length);
    return io_try(&(struct weft__io_operation){call, fd, WEFT__IO_WRITE, fd_attempt_write, &transfer});
}

static int fd_wait_future_poll(weft_context *cx, weft_future *future)
{
    const weft_fd_future *wait = (const weft_fd_future *)(const void *)future;
    return fd_wait_await(cx, "weft_fd_wait_begin", wait->fd, (unsigned)wait->length, weft__future_attach(cx, future));
}

static int fd_read_future_poll(weft_context *cx, weft_future *future)
{
    const weft_fd_future *read = (const weft_fd_future *)(const void *)future;
    return fd_read_await(cx, "weft_fd_read_begin", read->fd, read->buffer, read->length, weft__future_attach(cx, future));
}

static int fd_write_future_poll(weft_context *cx, weft_future *future)
{
    const weft_fd_future *write = (const weft_fd_future *)(const void *)future;
    return fd_write_await(cx, "weft_fd_write_begin", write->fd, write->buffer, write->length,
                          weft__future_attach(cx, future));
}

static void fd_future_begin(weft_fd_future *future, int (*poll)(weft_context *, weft_future *), weft_fd *fd, const void *buffer,
                            size_t length)
{
    if (!weft__future_begin(future, poll))
        return;
    future->fd = fd;
    future->buffer = (void *)(uintptr_t)buffer;
    future->length = length;
}

void weft_fd_wait_begin(weft_fd_future *future, weft_fd *fd, unsigned events)
{
    fd_future_begin(future, fd_wait_future_poll, fd, NULL, events);
}

void weft_fd_read_begin(weft_fd_future *future, weft_fd *fd, void *buffer, size_t length)
{
    fd_future_begin(future, fd_read_future_poll, fd, buffer, length);
}

void weft_fd_write_begin(weft_fd_future *future, weft_fd *fd, const void *buffer, size_t length)
{
    fd_future_begin(future, fd_write_future_poll, fd, buffer, length);
}

static int fd_write_all_future_poll(weft_context *cx, weft_future *future)
{
    const weft_fd_write_all_future *write = (const weft_fd_write_all_future *)(const void *)future;
    return fd_write_all_await(cx, "weft_fd_write_all_begin", write->fd, write->buffer, write->length, write->done,
                              weft__future_attach(cx, future));
}

void weft_fd_write_all_begin(weft_fd_write_all_future *future, weft_fd *fd, const void *buffer, size_t length, size_t *done)
{
    if (!weft__future_begin(future, fd_write_all_future_poll))
        return;
    future->fd = fd;
    future->buffer = buffer;
    future->length = length;
    future->done = done;
}

int weft_fd_stats_get(const weft_fd *fd, weft_fd_stats *out_stats)
{
    static const char call[] = "weft_fd_stats_get";
    if (!out_stats || out_stats->size < sizeof *out_stats)
        return weft__refuse(WEFT_EINVAL, "%s: give statistics whose size is set to sizeof(weft_fd_stats)", call);
    const int wrong = weft__descriptor_check(call, fd);
    if (wrong)
        return wrong;
    return weft__descriptor_copy(weft__descriptor_of(fd), out_stats) ? 0 : WEFT_EBADF;
}

int weft_fd_visit(weft_runtime *rt, int (*visit)(void *context, const weft_fd_stats *stats), void *context)
{
    const int wrong = weft__runtimes_check("weft_fd_visit", rt);
    if (wrong)
        return wrong;
    if (!visit)
        return weft__refuse(WEFT_EINVAL, "weft_fd_visit: the function must not be null");
    struct weft__io *io = weft__env_of(rt)->io;
    uint32_t number = 0;
    for (;;) {
        weft_fd_stats stats = {.size = sizeof stats};
        weft__rcu_read_lock();
        struct weft__descriptor *descriptor = weft__slab_next(&io->slab, &number);
        const bool found = descriptor && weft__descriptor_copy(descriptor, &stats);
        weft__rcu_read_unlock();
        if (!descriptor)
            return 0;
        const int answer = found ? visit(context, &stats) : 0;
        if (answer != 0)
            return answer;
    }
}
