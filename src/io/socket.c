/* SPDX-License-Identifier: MIT */
/* Sockets: making them, connecting, accepting, and datagrams. Reading and writing are fd.c's. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <weft/error.h>
#include <weft/net.h>

#include "base/error.h"
#include "base/platform.h"
#include "io/descriptor.h"
#include "task/future.h"

enum {
    SOCKET_BACKLOG = 1024,
    SOCKET_PAUSE_NS = 50000000, /* of an accept that finds no descriptor left */
    SOCKET_AGAIN_NS = 5000000   /* of what a Unix socket whose queue is full does not take: a connection, a datagram */
};

static struct weft__label socket_connection = WEFT__LABEL("connection");

static const struct sockaddr *socket_sockaddr(const weft_address *address)
{
    return (const struct sockaddr *)(const void *)address->sockaddr.bytes;
}

static bool socket_is_address(const weft_address *address)
{
    return address && address->length >= sizeof(sa_family_t) && address->length <= sizeof address->sockaddr;
}

/* A refusal of the system, with the address. */
static int socket_refused(const char *call, const char *step, const weft_address *address, int error)
{
    char text[WEFT_ADDRESS_TEXT];
    if (weft_address_text(address, text, sizeof text) < 0)
        text[0] = '\0';
    return weft__refuse(error, "%s: %s of '%s': %s", call, step, text, weft_error_text(error));
}

/* A socket for the address that does not block, or a negative errno. */
static int socket_make(const weft_address *address, int type)
{
    const int fd = socket(socket_sockaddr(address)->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

/* Give the socket a handle; on failure it is closed. The label is given up; NULL: there was no memory for it. */
static int socket_adopt(const char *call, struct weft__io *io, int fd, weft_fd_kind kind, struct weft__label *label,
                        weft_fd *out_fd)
{
    const int error = weft__descriptor_open(io, fd, kind, label, out_fd);
    if (error < 0) {
        close(fd);
        return weft__refuse(error, "%s: no memory for a socket: it was closed again", call);
    }
    return 0;
}

/*
 * The right to remove one file: a name that one socket in this network at a time can have, and that no folder keeps. Whoever
 * finds it taken leaves the file to the other, who is about to make one of its own there.
 */
static int socket_claim(const struct stat *file)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX}; /* abstract: the first byte is 0 */
    const int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "weft-removes-%jx-%jx", (uintmax_t)file->st_dev,
                                (uintmax_t)file->st_ino);
    const int claim = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    if (claim >= 0 && bind(claim, (const struct sockaddr *)(const void *)&name, size) < 0) {
        close(claim);
        return -1;
    }
    return claim;
}

/*
 * Whether no socket is bound to the file. A connection of a datagram's kind is refused then, and only then: one of another kind that
 * is bound there, whether it listens yet or not, is not of the right type (EPROTOTYPE), and none of its own takes note. A connection
 * of its kind would be refused as well while it does not listen, and would be taken by it when it does. It is asked second, for
 * systems that look at the type later than Linux.
 */
static bool socket_is_dead(const weft_address *address, int claim)
{
    if (connect(claim, socket_sockaddr(address), address->length) == 0 || errno != ECONNREFUSED)
        return false;
    const int stream = socket_make(address, SOCK_STREAM);
    const bool refused =
        stream >= 0 && connect(stream, socket_sockaddr(address), address->length) < 0 && errno == ECONNREFUSED;
    if (stream >= 0)
        close(stream);
    return refused;
}

/* A Unix socket that nobody has open is what a program that died has left. Nothing else is removed. */
static void socket_remove_dead(const weft_address *address)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)socket_sockaddr(address);
    struct stat about;
    if (un->sun_path[0] == '\0' || lstat(un->sun_path, &about) < 0 || !S_ISSOCK(about.st_mode))
        return;
    const int claim = socket_claim(&about);
    if (claim < 0)
        return;
    struct stat now; /* who had the claim before may have removed it, and what is there now has a claim of its own */
    if (lstat(un->sun_path, &now) == 0 && now.st_dev == about.st_dev && now.st_ino == about.st_ino &&
        socket_is_dead(address, claim))
        unlink(un->sun_path);
    close(claim);
}

/* Make way for a Unix socket, whose file has its mode before anybody can connect or send: bind makes it, less the umask. */
static void socket_prepare_unix(int fd, const weft_address *address, uint32_t mode)
{
    socket_remove_dead(address);
    fchmod(fd, mode ? mode : 0600);
}

static int listen_bind(int fd, const weft_address *address, const weft_listen_options *o)
{
    const int family = socket_sockaddr(address)->sa_family, on = 1;
    if (family == AF_UNIX) {
        socket_prepare_unix(fd, address, o ? o->mode : 0);
    } else {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (o && o->reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
            return -errno;
        const int only = o && o->v6_only;
        if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) < 0)
            return -errno;
    }
    return bind(fd, socket_sockaddr(address), address->length) < 0 ? -errno : 0;
}

int weft_listen(weft_runtime *rt, const weft_address *address, const weft_listen_options *options, weft_fd *out_listener)
{
    static const char call[] = "weft_listen";
    if (!out_listener || !socket_is_address(address) || (options && options->size < sizeof *options))
        return weft__refuse(WEFT_EINVAL, "%s: give an address of weft_address_parse(), options made by WEFT_LISTEN_OPTIONS() "
                                         "or none, and a place for the handle",
                            call);
    if (options && (options->backlog < 0 || options->mode > 0777))
        return weft__refuse(WEFT_EINVAL, "%s: backlog %d, mode %#o: give 0 or more, and a mode of at most 0777", call,
                            options->backlog, options->mode);
    int error;
    struct weft__io *io = weft__io_for(call, rt, &error);
    if (!io)
        return error;
    const int fd = socket_make(address, SOCK_STREAM);
    if (fd < 0)
        return socket_refused(call, "a socket", address, fd);
    error = listen_bind(fd, address, options);
    if (error == 0 && listen(fd, options && options->backlog ? options->backlog : SOCKET_BACKLOG) < 0)
        error = -errno;
    if (error < 0) {
        close(fd);
        return socket_refused(call, "the use", address, error);
    }
    static struct weft__label listener = WEFT__LABEL("listener");
    return socket_adopt(call, io, fd, WEFT_FD_LISTENER, weft__label_of(options ? options->name : NULL, &listener), out_listener);
}

struct accepted {
    int fd;
    weft_address peer;
};

/* The system tells by accept() what became of the connection that it took out, as it would by a read: the next may be well. */
static bool accept_is_of_one(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
        return true;
    default:
        return false;
    }
}

static int accept_attempt(struct weft__descriptor *descriptor, void *arguments)
{
    struct accepted *accepted = arguments;
    for (;;) {
        socklen_t length = sizeof accepted->peer.sockaddr;
        accepted->fd = accept4(descriptor->fd, (struct sockaddr *)(void *)accepted->peer.sockaddr.bytes, &length,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
        accepted->peer.length = (uint32_t)length;
        if (accepted->fd >= 0)
            return 0;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            weft__store_relaxed(&descriptor->pauses, weft__load_relaxed(&descriptor->pauses) + 1); /* under `reading` */
        if (errno == EINVAL)
            return weft__refuse(WEFT_EINVAL, "weft_accept: descriptor %d is no listener", descriptor->fd);
        if (!accept_is_of_one(errno))
            return -errno;
    }
}

static bool accept_is_short(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM;
}

/* Wait with the node for a time, in place of an event that would come at once. */
static int socket_pause(weft_context *cx, struct weft__wait *wait, int64_t pause_ns)
{
    struct weft__thread *self = weft__cx_thread(cx);
    wait->since = weft__realm_now(self->env->realm) + pause_ns;
    self->env->timer_ops->arm(self, wait);
    return WEFT_AWAITING;
}

static int accept_await(weft_context *cx, const char *call, weft_fd *listener, weft_fd *out_connection, weft_address *out_peer,
                        struct weft__wait *wait)
{
    struct accepted accepted = {.fd = -1};
    if (!out_connection)
        return weft__refuse(WEFT_EINVAL, "%s: the place for the connection must not be null", call);
    const int answer = weft__io_await(
        cx, &(struct weft__io_operation){call, listener, WEFT__IO_READ, accept_attempt, &accepted}, wait);
    if (accept_is_short(answer))
        return socket_pause(cx, wait, SOCKET_PAUSE_NS);
    if (answer != 0)
        return answer;
    int error;
    struct weft__io *io = weft__io_for(call, weft_context_runtime(cx), &error);
    if (!io) {
        close(accepted.fd);
        return error;
    }
    struct weft__label *label =
        weft__descriptor_label(weft__descriptor_of(listener), listener->weft__generation, &socket_connection);
    error = socket_adopt(call, io, accepted.fd, WEFT_FD_SOCKET, label, out_connection);
    if (error == 0 && socket_sockaddr(&accepted.peer)->sa_family != AF_UNIX)
        weft__descriptor_tell_edges(weft__descriptor_of(out_connection));
    if (error == 0 && out_peer)
        *out_peer = accepted.peer;
    return error;
}

static int socket_no_context(const char *call)
{
    return weft__refuse(WEFT_EINVAL, "%s: the context must not be null: call it in a task", call);
}

int weft_accept(weft_context *cx, weft_fd *listener, weft_fd *out_connection, weft_address *out_peer)
{
    static const char call[] = "weft_accept";
    return cx ? accept_await(cx, call, listener, out_connection, out_peer, &weft__cx_task(cx)->wait) : socket_no_context(call);
}

static int accept_future_poll(weft_context *cx, weft_future *future)
{
    const weft_accept_future *accept = (const weft_accept_future *)(const void *)future;
    return accept_await(cx, "weft_accept_begin", accept->listener, accept->out_connection, NULL,
                        weft__future_attach(cx, future));
}

void weft_accept_begin(weft_accept_future *future, weft_fd *listener, weft_fd *out_connection)
{
    if (!weft__future_begin(future, accept_future_poll))
        return;
    future->listener = listener;
    future->out_connection = out_connection;
}

/* The first attempt starts the connection, the next ones ask what came of it. */
static int connect_attempt(struct weft__descriptor *descriptor, void *arguments)
{
    const weft_address *address = arguments;
    if (descriptor->connecting) {
        int error = 0;
        socklen_t length = sizeof error;
        if (getsockopt(descriptor->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
            return -errno;
        if (error != 0)
            return -error;
        struct sockaddr_storage peer;
        length = sizeof peer;
        if (getpeername(descriptor->fd, (struct sockaddr *)(void *)&peer, &length) < 0)
            return errno == ENOTCONN ? WEFT_EAGAIN : -errno; /* told too early */
        descriptor->connecting = false;
        return 0;
    }
    if (connect(descriptor->fd, socket_sockaddr(address), address->length) == 0)
        return 0;
    if (errno == EAGAIN)
        return WEFT_EBUSY; /* a Unix socket whose queue is full: no event says when it is not */
    if (errno != EINPROGRESS && errno != EINTR)
        return -errno;
    descriptor->connecting = true;
    return WEFT_EAGAIN;
}

static int connect_begin(const char *call, weft_context *cx, const weft_address *address, weft_fd *connection)
{
    int error;
    struct weft__io *io = weft__io_for(call, weft_context_runtime(cx), &error);
    if (!io)
        return error;
    const int fd = socket_make(address, SOCK_STREAM);
    if (fd < 0)
        return fd;
    error = socket_adopt(call, io, fd, WEFT_FD_SOCKET, &socket_connection, connection);
    if (error == 0 && socket_sockaddr(address)->sa_family != AF_UNIX)
        weft__descriptor_tell_edges(weft__descriptor_of(connection));
    return error;
}

static int connect_await(weft_context *cx, const char *call, const weft_address *address, weft_fd *connection,
                         struct weft__wait *wait)
{
    if (!connection || !socket_is_address(address))
        return weft__refuse(WEFT_EINVAL, "%s: give an address of weft_address_parse(), and a place for the handle", call);
    if (!connection->weft__descriptor) {
        weft__wait_leave(wait);
        const int error = weft__cx_cancelled(cx) ? WEFT_ECANCELED : connect_begin(call, cx, address, connection);
        if (error < 0)
            return error;
        connection->weft__state = WEFT__FD_CONNECTING;
    } else if (connection->weft__state != WEFT__FD_CONNECTING) {
        return weft__refuse(WEFT_EBUSY, "%s: the handle is of an open descriptor: close it, or give another", call);
    }
    const int answer = weft__io_await(
        cx, &(struct weft__io_operation){call, connection, WEFT__IO_WRITE, connect_attempt, (void *)(uintptr_t)address}, wait);
    if (answer == WEFT_EBUSY)
        return socket_pause(cx, wait, SOCKET_AGAIN_NS);
    if (answer == WEFT_AWAITING)
        return answer;
    connection->weft__state = 0;
    if (answer < 0)
        weft_fd_close(connection);
    return answer;
}

int weft_connect(weft_context *cx, const weft_address *address, weft_fd *connection)
{
    static const char call[] = "weft_connect";
    return cx ? connect_await(cx, call, address, connection, &weft__cx_task(cx)->wait) : socket_no_context(call);
}

static int connect_future_poll(weft_context *cx, weft_future *future)
{
    const weft_connect_future *connect = (const weft_connect_future *)(const void *)future;
    return connect_await(cx, "weft_connect_begin", connect->address, connect->connection, weft__future_attach(cx, future));
}

void weft_connect_begin(weft_connect_future *future, const weft_address *address, weft_fd *connection)
{
    if (!weft__future_begin(future, connect_future_poll))
        return;
    future->address = address;
    future->connection = connection;
}

/* A call on the open descriptor of a handle, under one of its side locks. */
static int socket_with(const char *call, const weft_fd *fd, int (*attempt)(struct weft__descriptor *, void *), void *arguments)
{
    weft_fd copy = fd ? *fd : (weft_fd){0};
    return weft__io_try(&(struct weft__io_operation){call, fd ? &copy : NULL, WEFT__IO_WRITE, attempt, arguments});
}

static int socket_none(const char *call, const struct weft__descriptor *descriptor, const char *way_out)
{
    return weft__refuse(WEFT_EINVAL, "%s: descriptor %d, '%s', is no socket: %s", call, descriptor->fd, descriptor->label->text,
                        way_out); /* a side lock keeps it open */
}

static int shutdown_attempt(struct weft__descriptor *descriptor, void *arguments)
{
    const int *how = arguments;
    if (shutdown(descriptor->fd, *how) == 0)
        return 0;
    return errno == ENOTSOCK ? socket_none("weft_fd_shutdown", descriptor, "close it, which ends both sides") : -errno;
}

int weft_fd_shutdown(weft_fd *fd, bool reading, bool writing)
{
    if (!reading && !writing)
        return weft__refuse(WEFT_EINVAL, "weft_fd_shutdown: neither side: give reading, writing, or both");
    int how = reading && writing ? SHUT_RDWR : reading ? SHUT_RD : SHUT_WR;
    return socket_with("weft_fd_shutdown", fd, shutdown_attempt, &how);
}

struct socket_setting {
    weft_socket_option option;
    int value;
};

static int set_keepalive(int fd, int seconds)
{
    const int on = seconds > 0;
    if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0)
        return -errno;
    if (on && setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds) < 0)
        return -errno;
    return 0;
}

static int set_attempt(struct weft__descriptor *descriptor, void *arguments)
{
    static const struct {
        int level, name;
    } names[] = {
        [WEFT_NODELAY] = {IPPROTO_TCP, TCP_NODELAY},
        [WEFT_SEND_BUFFER] = {SOL_SOCKET, SO_SNDBUF},
        [WEFT_RECEIVE_BUFFER] = {SOL_SOCKET, SO_RCVBUF},
        [WEFT_BROADCAST] = {SOL_SOCKET, SO_BROADCAST},
    };
    const struct socket_setting *setting = arguments;
    int result = 0;
    if (setting->option == WEFT_KEEPALIVE)
        result = set_keepalive(descriptor->fd, setting->value);
    else if (setsockopt(descriptor->fd, names[setting->option].level, names[setting->option].name, &setting->value,
                        sizeof setting->value) < 0)
        result = -errno;
    if (result == -ENOTSOCK || result == -EOPNOTSUPP || result == -ENOPROTOOPT || result == -EINVAL)
        return weft__refuse(WEFT_EINVAL, "weft_fd_set: option %d, value %d: descriptor %d does not take it",
                            (int)setting->option, setting->value, descriptor->fd);
    return result;
}

int weft_fd_set(weft_fd *fd, weft_socket_option option, int value)
{
    if ((unsigned)option > WEFT_BROADCAST || value < 0)
        return weft__refuse(WEFT_EINVAL, "weft_fd_set: option %d, value %d: give a weft_socket_option, and 0 or more",
                            (int)option, value);
    return socket_with("weft_fd_set", fd, set_attempt, &(struct socket_setting){option, value});
}

struct socket_sides {
    weft_address *own;
    weft_address *peer;
};

static int addresses_get(int (*get)(int, struct sockaddr *restrict, socklen_t *restrict),
                         const struct weft__descriptor *descriptor, weft_address *out)
{
    weft_address address = {0};
    socklen_t length = sizeof address.sockaddr;
    if (get(descriptor->fd, (struct sockaddr *)(void *)address.sockaddr.bytes, &length) < 0)
        return errno == ENOTSOCK ? socket_none("weft_fd_addresses", descriptor, "give one of <weft/net.h>, or of weft_fd_open()")
                                 : -errno;
    address.length = (uint32_t)length;
    *out = address;
    return 0;
}

static int addresses_attempt(struct weft__descriptor *descriptor, void *arguments)
{
    const struct socket_sides *sides = arguments;
    weft_address own, peer;
    int error = sides->own ? addresses_get(getsockname, descriptor, &own) : 0;
    if (error == 0 && sides->peer)
        error = addresses_get(getpeername, descriptor, &peer);
    if (error < 0)
        return error;
    if (sides->own)
        *sides->own = own;
    if (sides->peer)
        *sides->peer = peer;
    return 0;
}

int weft_fd_addresses(const weft_fd *fd, weft_address *out_own, weft_address *out_peer)
{
    return socket_with("weft_fd_addresses", fd, addresses_attempt, &(struct socket_sides){out_own, out_peer});
}

int weft_datagram_open(weft_runtime *rt, const weft_address *address, const char *name, weft_fd *out_fd)
{
    static const char call[] = "weft_datagram_open";
    if (!out_fd || (address && !socket_is_address(address)))
        return weft__refuse(WEFT_EINVAL, "%s: give an address of weft_address_parse() or none, and a place for the handle", call);
    int error;
    struct weft__io *io = weft__io_for(call, rt, &error);
    if (!io)
        return error;
    weft_address any = {.length = sizeof(struct sockaddr_in)};
    ((struct sockaddr *)(void *)any.sockaddr.bytes)->sa_family = AF_INET;
    const weft_address *own = address ? address : &any;
    const int fd = socket_make(own, SOCK_DGRAM);
    if (fd < 0)
        return socket_refused(call, "a socket", own, fd);
    if (socket_sockaddr(own)->sa_family == AF_UNIX)
        socket_prepare_unix(fd, own, 0);
    if (bind(fd, socket_sockaddr(own), own->length) < 0) {
        error = -errno;
        close(fd);
        return socket_refused(call, "the use", own, error);
    }
    static struct weft__label datagrams = WEFT__LABEL("datagrams");
    return socket_adopt(call, io, fd, WEFT_FD_DATAGRAM, weft__label_of(name, &datagrams), out_fd);
}

struct datagram {
    void *buffer;
    size_t length;
    weft_address *address;
};

static int receive_attempt(struct weft__descriptor *descriptor, void *arguments)
{
    const struct datagram *datagram = arguments;
    weft_address from = {0};
    socklen_t length = sizeof from.sockaddr;
    ssize_t moved;
    do
        moved = recvfrom(descriptor->fd, datagram->buffer, datagram->length, MSG_TRUNC,
                         (struct sockaddr *)(void *)from.sockaddr.bytes, &length);
    while (moved < 0 && errno == EINTR);
    if (moved < 0)
        return -errno;
    from.length = (uint32_t)length;
    if (datagram->address)
        *datagram->address = from;
    weft__io_count_read(descriptor, (uint64_t)moved);
    return (int)moved;
}

static int receive_await(weft_context *cx, const char *call, weft_fd *fd, void *buffer, size_t length, weft_address *out_from,
                         struct weft__wait *wait)
{
    if (!buffer)
        return weft__refuse(WEFT_EINVAL, "%s: the buffer must not be null", call);
    struct datagram datagram = {buffer, length, out_from};
    return weft__io_await(cx, &(struct weft__io_operation){call, fd, WEFT__IO_READ, receive_attempt, &datagram}, wait);
}

int weft_receive(weft_context *cx, weft_fd *fd, void *buffer, size_t length, weft_address *out_from)
{
    static const char call[] = "weft_receive";
    return cx ? receive_await(cx, call, fd, buffer, length, out_from, &weft__cx_task(cx)->wait) : socket_no_context(call);
}

static int receive_future_poll(weft_context *cx, weft_future *future)
{
    const weft_receive_future *receive = (const weft_receive_future *)(const void *)future;
    return receive_await(cx, "weft_receive_begin", receive->fd, receive->buffer, receive->length, receive->out_from,
                         weft__future_attach(cx, future));
}

void weft_receive_begin(weft_receive_future *future, weft_fd *fd, void *buffer, size_t length, weft_address *out_from)
{
    if (!weft__future_begin(future, receive_future_poll))
        return;
    future->fd = fd;
    future->buffer = buffer;
    future->length = length;
    future->out_from = out_from;
}

static int send_to_attempt(struct weft__descriptor *descriptor, void *arguments)
{
    const struct datagram *datagram = arguments;
    ssize_t moved;
    do
        moved = sendto(descriptor->fd, datagram->buffer, datagram->length, MSG_NOSIGNAL, socket_sockaddr(datagram->address),
                       datagram->address->length);
    while (moved < 0 && errno == EINTR);
    if (moved < 0 && errno == EAGAIN && socket_sockaddr(datagram->address)->sa_family == AF_UNIX)
        return WEFT_EBUSY; /* the queue of the other is full: no event says when it is not, and there is room in our own */
    if (moved < 0)
        return -errno;
    weft__io_count_write(descriptor, (uint64_t)moved);
    return (int)moved;
}

static int send_to_await(weft_context *cx, const char *call, weft_fd *fd, const void *buffer, size_t length, const weft_address *to,
                         struct weft__wait *wait)
{
    if (!buffer || !socket_is_address(to))
        return weft__refuse(WEFT_EINVAL, "%s: give a buffer, and an address of weft_address_parse()", call);
    struct datagram datagram = {(void *)(uintptr_t)buffer, length, (weft_address *)(uintptr_t)to};
    const int answer = weft__io_await(cx, &(struct weft__io_operation){call, fd, WEFT__IO_WRITE, send_to_attempt, &datagram}, wait);
    return answer == WEFT_EBUSY ? socket_pause(cx, wait, SOCKET_AGAIN_NS) : answer;
}

int weft_send_to(weft_context *cx, weft_fd *fd, const void *buffer, size_t length, const weft_address *to)
{
    static const char call[] = "weft_send_to";
    return cx ? send_to_await(cx, call, fd, buffer, length, to, &weft__cx_task(cx)->wait) : socket_no_context(call);
}

static int send_to_future_poll(weft_context *cx, weft_future *future)
{
    const weft_send_to_future *send = (const weft_send_to_future *)(const void *)future;
    return send_to_await(cx, "weft_send_to_begin", send->fd, send->buffer, send->length, send->to, weft__future_attach(cx, future));
}

void weft_send_to_begin(weft_send_to_future *future, weft_fd *fd, const void *buffer, size_t length, const weft_address *to)
{
    if (!weft__future_begin(future, send_to_future_poll))
        return;
    future->fd = fd;
    future->buffer = buffer;
    future->length = length;
    future->to = to;
}

/* Two descriptors that the system has made together. */
static int socket_adopt_pair(const char *call, struct weft__io *io, const int fds[2], weft_fd_kind kind, weft_fd *out_one,
                             weft_fd *out_other)
{
    static struct weft__label pair = WEFT__LABEL("socket_pair"), pipe = WEFT__LABEL("pipe");
    struct weft__label *const label = kind == WEFT_FD_SOCKET ? &pair : &pipe;
    weft_fd one, other;
    int error = socket_adopt(call, io, fds[0], kind, label, &one);
    if (error < 0) {
        close(fds[1]);
        return error;
    }
    error = socket_adopt(call, io, fds[1], kind, label, &other);
    if (error < 0) {
        weft_fd_close(&one);
        return error;
    }
    *out_one = one;
    *out_other = other;
    return 0;
}

static int socket_pair_check(const char *call, weft_runtime *rt, const void *one, const void *other, struct weft__io **out_io)
{
    if (!one || !other)
        return weft__refuse(WEFT_EINVAL, "%s: give places for both handles", call);
    int error = 0;
    *out_io = weft__io_for(call, rt, &error);
    return error;
}

int weft_socket_pair(weft_runtime *rt, weft_fd *out_one, weft_fd *out_other)
{
    static const char call[] = "weft_socket_pair";
    struct weft__io *io = NULL;
    const int wrong = socket_pair_check(call, rt, out_one, out_other, &io);
    if (wrong)
        return wrong;
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
        return weft__refuse(-errno, "%s: %s", call, weft_error_text(-errno));
    return socket_adopt_pair(call, io, fds, WEFT_FD_SOCKET, out_one, out_other);
}

int weft_pipe(weft_runtime *rt, weft_fd *out_reader, weft_fd *out_writer)
{
    static const char call[] = "weft_pipe";
    struct weft__io *io = NULL;
    const int wrong = socket_pair_check(call, rt, out_reader, out_writer, &io);
    if (wrong)
        return wrong;
    int fds[2];
    if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0)
        return weft__refuse(-errno, "%s: %s", call, weft_error_text(-errno));
    return socket_adopt_pair(call, io, fds, WEFT_FD_STREAM, out_reader, out_writer);
}
