/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: sockets, pipes, terminals, and whatever else the system can poll, as something that tasks wait for. A task
 * reads and writes with calls that do not wait and sleeps until it can go on; the kernel never holds a buffer of a task
 * that waits, so every wait can be given up: by cancellation, a deadline, or a select that another future wins. Nothing
 * was read or written then.
 *
 * Sockets are opened by <weft/net.h>. Regular files cannot be polled: read them in a job (<weft/blocking.h>).
 *
 * Synchronisation: one task reads and one writes a descriptor at a time; others may wait, look and close meanwhile. Closing
 * wakes who waits, with WEFT_EBADF.
 */
#ifndef WEFT_IO_H
#define WEFT_IO_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/future.h>
#include <weft/types.h>

/* What to wait for, and what has come. */
enum {
    WEFT_READABLE = 1, /* something can be read, or the other side has ended */
    WEFT_WRITABLE = 2,
    WEFT_PRIORITY = 4, /* out-of-band data */
    WEFT_HANGUP = 8,   /* comes with the others: the other side has ended */
    WEFT_FAULT = 16    /* comes with the others: the next operation says which error */
};

typedef enum weft_fd_kind {
    WEFT_FD_OTHER = 0, /* anything that can be polled */
    WEFT_FD_STREAM = 1, /* a pipe, a terminal: read() and write() */
    WEFT_FD_SOCKET = 2, /* a connected stream socket: recv() and send(), and no signal when the other side is gone */
    WEFT_FD_LISTENER = 3,
    WEFT_FD_DATAGRAM = 4
} weft_fd_kind;

/* A handle, by value. Zero it before its first use; move it and use only the last copy. */
typedef struct weft_fd {
    struct weft__descriptor *weft__descriptor;
    uint32_t weft__generation;
    uint32_t weft__state;
} weft_fd;

/* Zero means default. */
typedef struct weft_fd_options {
    size_t size;
    const char *name; /* copied, 63 bytes of it; "fd" */
    bool borrowed;    /* it stays open when the handle is closed; its loop needs one more of them to wait for it */
} weft_fd_options;

#define WEFT_FD_OPTIONS(...) WEFT__OPTIONS(weft_fd_options, __VA_ARGS__)

/* One descriptor at one moment. */
typedef struct weft_fd_stats {
    size_t size; /* set by the caller: sizeof(weft_fd_stats) */
    uint64_t id;
    char name[64];
    weft_fd_kind kind;
    int fd;
    uint32_t waiting; /* tasks */
    uint64_t reads;
    uint64_t writes;
    uint64_t bytes_read;
    uint64_t bytes_written;
    uint64_t waits;
    uint64_t pauses; /* of a listener: times that it waited because no descriptor was left */
} weft_fd_stats;

/* Waits as one of several; see <weft/future.h>. */
typedef struct weft_fd_future {
    weft_future future;
    weft_fd *fd;
    void *buffer;
    size_t length; /* for a wait: the events */
} weft_fd_future;

typedef struct weft_fd_write_all_future {
    weft_future future;
    weft_fd *fd;
    const void *buffer;
    size_t length;
    size_t *done;
} weft_fd_write_all_future;

WEFT_BEGIN_DECLS

/**
 * Let tasks of a runtime wait for a descriptor that the host has opened. It is made non-blocking, and so is every other that
 * shares its open file (of a terminal: the shell's); it stays so when the handle is closed.
 * @threads any
 * @blocks never
 * @owns on success the descriptor belongs to the handle, unless it is borrowed; on failure it is the caller's. *out_fd is the
 *   caller's to close; with the runtime's end the descriptor is closed, and the handle still has to be
 * @errors WEFT_EINVAL (null, not a live runtime), WEFT_EBADF, WEFT_EPERM (a regular file or a folder), WEFT_ENOMEM,
 *   WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_fd_open(weft_runtime *rt, int fd, const weft_fd_options *options, weft_fd *out_fd);

/**
 * Close a descriptor: whoever waits for it gets WEFT_EBADF. On another thread than its worker's the system's descriptor is
 * closed a moment later; one that is borrowed the host may close as soon as this returns. Closing again does nothing.
 * @threads any
 * @blocks never
 * @owns the handle is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_fd_close(weft_fd *fd);

/**
 * The system's number of an open descriptor, for calls that weft does not have. It stays the handle's.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL, WEFT_EBADF, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_fd_number(const weft_fd *fd);

/**
 * Wait until one of the events has come; an awaitable. Answers which, with WEFT_HANGUP and WEFT_FAULT if those came. For a
 * library that reads and writes itself: it says "now try", and a wait may end for nothing.
 * @threads task
 * @blocks suspends the task, until one has come
 * @owns nothing
 * @errors WEFT_ECANCELED, WEFT_EBADF (closed, meanwhile too), WEFT_EINVAL (no event, unknown event), WEFT_EPERM (the system
 *   cannot poll it), WEFT_EMFILE, WEFT_ENOMEM, WEFT_ESRCH; other errors of epoll
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_fd_wait(weft_context *cx, weft_fd *fd, unsigned events);

/**
 * Read what is there, up to `length` bytes; an awaitable that waits only while there is nothing. 0: the other side has
 * ended, or length is 0.
 * @threads task
 * @blocks suspends the task, until there is something
 * @owns the buffer is the caller's, and in use only during each evaluation
 * @errors as weft_fd_wait(), and those of read() or recv(): WEFT_ECONNRESET, …
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_fd_read(weft_context *cx, weft_fd *fd, void *buffer, size_t length);

/**
 * Write what there is room for, up to `length` bytes; an awaitable that waits only while there is no room.
 * @threads task
 * @blocks suspends the task, until there is room
 * @owns as weft_fd_read()
 * @errors as weft_fd_wait(), and those of write() or send(): WEFT_EPIPE, WEFT_ECONNRESET, …
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_fd_write(weft_context *cx, weft_fd *fd, const void *buffer, size_t length);

/**
 * Write all of `length` bytes; an awaitable. *done, in the frame and 0 at the beginning, counts what has been written: after
 * an error or a cancellation it says how far it came. Answers 0.
 * @threads task
 * @blocks suspends the task, until the last byte is in the system's hands
 * @owns the buffer must keep its contents until the wait is over
 * @errors as weft_fd_write(); WEFT_EINVAL (*done is beyond length)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_fd_write_all(weft_context *cx, weft_fd *fd, const void *buffer, size_t length,
                                             size_t *done);

/**
 * Read or write without waiting.
 * @threads any
 * @blocks never
 * @owns as weft_fd_read()
 * @errors WEFT_EAGAIN, and those of weft_fd_read() or weft_fd_write()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_fd_try_read(weft_fd *fd, void *buffer, size_t length);

/**
 * As weft_fd_try_read(), the other way.
 * @threads any
 * @blocks never
 * @owns as weft_fd_write()
 * @errors WEFT_EAGAIN, and those of weft_fd_write()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_fd_try_write(weft_fd *fd, const void *buffer, size_t length);

/**
 * Wait for events, as weft_fd_wait(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns fd must stay until the wait is over
 * @errors none; those of weft_fd_wait() come as the result
 * @since 0.1
 */
WEFT_API void weft_fd_wait_begin(weft_fd_future *future, weft_fd *fd, unsigned events);

/**
 * Read, as weft_fd_read(), in weft_select(): bytes are taken only by the future that is ready.
 * @threads the task that will wait
 * @blocks never
 * @owns fd and buffer must stay until the wait is over
 * @errors none; those of weft_fd_read() come as the result
 * @since 0.1
 */
WEFT_API void weft_fd_read_begin(weft_fd_future *future, weft_fd *fd, void *buffer, size_t length);

/**
 * Write, as weft_fd_write(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns fd and buffer must stay until the wait is over
 * @errors none; those of weft_fd_write() come as the result
 * @since 0.1
 */
WEFT_API void weft_fd_write_begin(weft_fd_future *future, weft_fd *fd, const void *buffer, size_t length);

/**
 * Write all, as weft_fd_write_all(), in weft_select(), or with a limit by weft_timeout(). If it was not the future that is ready,
 * *done says how far it came; begun again with that it goes on there.
 * @threads the task that will wait
 * @blocks never
 * @owns fd, buffer and done must stay until the wait is over
 * @errors none; those of weft_fd_write_all() come as the result
 * @since 0.1
 */
WEFT_API void weft_fd_write_all_begin(weft_fd_write_all_future *future, weft_fd *fd, const void *buffer, size_t length,
                                      size_t *done);

/**
 * Copy the statistics of a descriptor.
 * @threads any
 * @blocks never
 * @owns out_stats is the caller's, its size field set
 * @errors WEFT_EINVAL, WEFT_EBADF, WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_fd_stats_get(const weft_fd *fd, weft_fd_stats *out_stats);

/**
 * Call `visit` with the statistics of every open descriptor of the runtime, without stopping any. The walk ends when visit
 * returns other than 0, and returns that.
 * @threads any
 * @blocks never
 * @owns the statistics are valid during the call of visit
 * @errors WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_fd_visit(weft_runtime *rt, int (*visit)(void *context, const weft_fd_stats *stats), void *context);

WEFT_END_DECLS

#endif
