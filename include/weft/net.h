/* SPDX-License-Identifier: MIT */
/*
 * Sockets: TCP, UDP and Unix sockets as descriptors of <weft/io.h>. An address says which kind it is, so a server listens on
 * "127.0.0.1:8080", "[::1]:8080", "unix:/run/app.sock" or "unix:@app" by the same calls.
 *
 *     WEFT_AWAIT(self->weft.rc, weft_accept(cx, &self->listener, &self->connection, NULL));
 *     WEFT_AWAIT(self->weft.rc, weft_connect(cx, &self->server, &self->connection));
 */
#ifndef WEFT_NET_H
#define WEFT_NET_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/future.h>
#include <weft/io.h>
#include <weft/types.h>

/* Room for the text of any address. */
#define WEFT_ADDRESS_TEXT 120

/* An address as the system writes it: a sockaddr of `length` bytes. */
typedef struct weft_address {
    uint32_t length;
    uint32_t weft__reserved;
    union {
        uint64_t weft__aligned;
        unsigned char bytes[128];
    } sockaddr;
} weft_address;

/* Zero means default. */
typedef struct weft_listen_options {
    size_t size;
    const char *name; /* copied, 63 bytes of it; "listener" */
    int backlog;      /* connections that wait to be accepted; 1024 */
    bool reuse_port;  /* several listeners share the port; the system divides the connections */
    bool v6_only;     /* of an IPv6 address: not IPv4 as well */
    uint32_t mode;    /* of a Unix socket's file, less the umask: 0600; an abstract one has none, anybody here connects */
} weft_listen_options;

#define WEFT_LISTEN_OPTIONS(...) WEFT__OPTIONS(weft_listen_options, __VA_ARGS__)

typedef enum weft_socket_option {
    WEFT_NODELAY = 0,       /* of TCP: send small pieces at once */
    WEFT_KEEPALIVE = 1,     /* seconds of silence before a probe; 0: none */
    WEFT_SEND_BUFFER = 2,   /* bytes */
    WEFT_RECEIVE_BUFFER = 3, /* bytes */
    WEFT_BROADCAST = 4      /* of UDP: sending to a broadcast address is allowed */
} weft_socket_option;

/* Waits as one of several; see <weft/future.h>. */
typedef struct weft_accept_future {
    weft_future future;
    weft_fd *listener;
    weft_fd *out_connection;
} weft_accept_future;

typedef struct weft_connect_future {
    weft_future future;
    const weft_address *address;
    weft_fd *connection;
} weft_connect_future;

typedef struct weft_receive_future {
    weft_future future;
    weft_fd *fd;
    void *buffer;
    size_t length;
    weft_address *out_from;
} weft_receive_future;

typedef struct weft_send_to_future {
    weft_future future;
    weft_fd *fd;
    const void *buffer;
    size_t length;
    const weft_address *to;
} weft_send_to_future;

WEFT_BEGIN_DECLS

/**
 * Read an address: "1.2.3.4:80", "[::1]:80", "[fe80::1%eth0]:80", ":80" (any address of this machine), "unix:/path", "unix:@name"
 * (abstract). Names of machines are looked up by weft_resolve().
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL (null, or not an address; weft_error_detail() says what is wrong)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_address_parse(const char *text, weft_address *out_address);

/**
 * Write an address as text, in the form that weft_address_parse() reads. Answers the length; what does not fit is cut.
 * @threads any
 * @blocks never
 * @owns text, of text_size bytes, is the caller's and is always terminated
 * @errors WEFT_EINVAL (null, no room, not an address)
 * @since 0.1
 */
WEFT_API int weft_address_text(const weft_address *address, char *text, size_t text_size);

/**
 * The port of an IPv4 or IPv6 address; 0 for others.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none; 0 for NULL
 * @since 0.1
 */
WEFT_API uint16_t weft_address_port(const weft_address *address);

/**
 * Listen at an address. A dead Unix socket at the path, to which no living one is bound, is replaced; anything else is not. Of
 * several that replace it at once, in one network namespace, one listens.
 * @threads any
 * @blocks never
 * @owns *out_listener is the caller's to close; the file of a Unix socket is the caller's to remove
 * @errors WEFT_EINVAL, WEFT_EADDRINUSE, WEFT_EADDRNOTAVAIL, WEFT_EACCES, WEFT_EMFILE, WEFT_ENOMEM, WEFT_ESHUTDOWN, and others of
 *   socket(), bind() and listen()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_listen(weft_runtime *rt, const weft_address *address, const weft_listen_options *options,
                                       weft_fd *out_listener);

/**
 * Take the next connection; an awaitable. If no descriptor is left it waits a while and tries again, which the listener's
 * statistics count as a pause.
 * @threads task
 * @blocks suspends the task, until somebody has connected
 * @owns *out_connection is the caller's to close; out_peer may be NULL
 * @errors WEFT_ECANCELED, WEFT_EBADF (closed, meanwhile too), WEFT_EINVAL, WEFT_ENOMEM, WEFT_ESRCH, WEFT_ESHUTDOWN; not
 *   what became of a single connection, whose turn passes to the next
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_accept(weft_context *cx, weft_fd *listener, weft_fd *out_connection,
                                       weft_address *out_peer);

/**
 * Connect to an address; an awaitable. *connection, in the frame and zero at the beginning, is the socket that is being
 * connected; when the answer is not 0 it is closed again.
 * @threads task
 * @blocks suspends the task, until the other side has answered
 * @owns *connection is the caller's to close
 * @errors WEFT_ECONNREFUSED, WEFT_ETIMEDOUT, WEFT_ENETUNREACH, WEFT_EHOSTUNREACH, WEFT_ENOENT (no Unix socket there), WEFT_EACCES,
 *   WEFT_ECANCELED, WEFT_EINVAL, WEFT_EBUSY (*connection is open), WEFT_EMFILE, WEFT_ENOMEM, WEFT_ESHUTDOWN, and others of connect()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_connect(weft_context *cx, const weft_address *address, weft_fd *connection);

/**
 * End one side of a connection, or both: what the other side reads ends after what was written.
 * @threads any
 * @blocks never
 * @owns the handle stays the caller's
 * @errors WEFT_ENOTCONN, WEFT_EBADF, WEFT_EINVAL (neither side, or not a socket), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_fd_shutdown(weft_fd *fd, bool reading, bool writing);

/**
 * Set an option of a socket.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL (unknown option, negative value, not a socket of that kind), WEFT_EBADF, WEFT_ESRCH, and others of
 *   setsockopt()
 * @since 0.1
 */
WEFT_API int weft_fd_set(weft_fd *fd, weft_socket_option option, int value);

/**
 * The addresses of a socket's two sides: its own, and the other one's. Either may be NULL.
 * @threads any
 * @blocks never
 * @owns the addresses are the caller's
 * @errors WEFT_ENOTCONN (no other side), WEFT_EBADF, WEFT_EINVAL (not a socket), WEFT_ESRCH
 * @since 0.1
 */
WEFT_API int weft_fd_addresses(const weft_fd *fd, weft_address *out_own, weft_address *out_peer);

/**
 * Open a UDP or Unix datagram socket at an address; NULL: a UDP socket of IPv4 at any free port. A Unix socket that answers
 * needs an address of its own; its file is made as by weft_listen(), with mode 0600.
 * @threads any
 * @blocks never
 * @owns *out_fd is the caller's to close
 * @errors as weft_listen()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_datagram_open(weft_runtime *rt, const weft_address *address, const char *name,
                                              weft_fd *out_fd);

/**
 * Receive a datagram; an awaitable. What does not fit is lost, and the answer is then larger than `length`.
 * @threads task
 * @blocks suspends the task, until one has come
 * @owns out_from may be NULL
 * @errors as weft_fd_read(); WEFT_ECONNREFUSED (an earlier one did not arrive)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_receive(weft_context *cx, weft_fd *fd, void *buffer, size_t length,
                                        weft_address *out_from);

/**
 * Send a datagram; an awaitable.
 * @threads task
 * @blocks suspends the task, until the system takes it
 * @owns the buffer is in use only during each evaluation
 * @errors as weft_fd_write(); WEFT_EMSGSIZE, WEFT_ENETUNREACH, WEFT_EACCES, …
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_send_to(weft_context *cx, weft_fd *fd, const void *buffer, size_t length,
                                        const weft_address *to);

/**
 * Two connected stream sockets, or the two ends of a pipe: the first to read from.
 * @threads any
 * @blocks never
 * @owns both are the caller's to close
 * @errors WEFT_EINVAL, WEFT_EMFILE, WEFT_ENOMEM, WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_socket_pair(weft_runtime *rt, weft_fd *out_one, weft_fd *out_other);

/**
 * As weft_socket_pair(): a pipe.
 * @threads any
 * @blocks never
 * @owns both are the caller's to close
 * @errors as weft_socket_pair()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_pipe(weft_runtime *rt, weft_fd *out_reader, weft_fd *out_writer);

/**
 * Accept, as weft_accept(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns listener and out_connection must stay until the wait is over
 * @errors none; those of weft_accept() come as the result
 * @since 0.1
 */
WEFT_API void weft_accept_begin(weft_accept_future *future, weft_fd *listener, weft_fd *out_connection);

/**
 * Connect, as weft_connect(), in weft_select(), or with a limit by weft_timeout(). If it was not the future that is ready, or the
 * task was cancelled, the attempt goes on: wait for *connection again, or close it.
 * @threads the task that will wait
 * @blocks never
 * @owns address and connection must stay until the wait is over; *connection is the caller's to close, unless the result is
 *   an error: then it is closed again
 * @errors none; those of weft_connect() come as the result
 * @since 0.1
 */
WEFT_API void weft_connect_begin(weft_connect_future *future, const weft_address *address, weft_fd *connection);

/**
 * Receive, as weft_receive(), in weft_select().
 * @threads the task that will wait
 * @blocks never
 * @owns fd, buffer and out_from must stay until the wait is over
 * @errors none; those of weft_receive() come as the result
 * @since 0.1
 */
WEFT_API void weft_receive_begin(weft_receive_future *future, weft_fd *fd, void *buffer, size_t length,
                                 weft_address *out_from);

/**
 * Send, as weft_send_to(), in weft_select(): a datagram is sent only by the future that is ready.
 * @threads the task that will wait
 * @blocks never
 * @owns fd, buffer and to must stay until the wait is over
 * @errors none; those of weft_send_to() come as the result
 * @since 0.1
 */
WEFT_API void weft_send_to_begin(weft_send_to_future *future, weft_fd *fd, const void *buffer, size_t length,
                                 const weft_address *to);

WEFT_END_DECLS

#endif
