/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd is given connections that are accepted here, and turned by this thread (no thread of its own), so that one
 * place decides how many there are, whose, and for how long.
 *
 * A connection is READING from its beginning, or from the end of an answer, until its request is complete: by a deadline
 * that nothing moves, else 408. (libmicrohttpd's own limit begins again with every byte, and a client that sends one byte
 * a second would stay for ever.) Then it is REPLYING, by another, else it is cut off; or STREAMING, where each piece has
 * that long to be taken. When all places are taken, a newcomer gets the place of the one that has been reading longest.
 *
 * Who touches what: the server's thread everything; whoever stops it `stopping`, and the descriptor that ends its sleep; the
 * child of a fork the descriptors.
 * Edges: SV-R1 -> SV-A1 to stop.
 */
#include "exchange.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <weft/error.h>
#include <weft/types.h>

enum {
    SERVER_ACCEPTS = 64,              /* at once, before those that are there have their turn */
    SERVER_SWEEP_MS = 50,
    SERVER_STARVED_MS = 100,
    SERVER_PAUSE_MS = 60000,          /* at most, where somebody will be late later than that */
    SERVER_SOCKET_BYTES = 65536,      /* that the system keeps for a connection; it doubles them */
};
static const int64_t server_ms = 1000000;
static const int64_t server_young_ns = 250000000; /* whoever reads for less than this keeps its place */

/* Nobody waits for it any more: libmicrohttpd finds its end, and closes it. */
static void client_cut(struct weft__diag_client *client)
{
    shutdown(weft__load_relaxed(&client->fd), SHUT_RDWR);
    client->state = WEFT__DIAG_ENDED;
    client->server->stirred = true; /* and another turn for it */
    if (client->suspended) {
        client->suspended = false;
        MHD_resume_connection(client->connection);
    }
}

static void client_tell(int fd, const char *status)
{
    char text[128];
    const int length = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", status);
    if (send(fd, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return; /* it is being cut off anyway */
}

/* --- connections -------------------------------------------------------------------------------------------------- */

/* A place: a free one, or NULL. */
static struct weft__diag_client *connection_place(struct weft__diag_server *server)
{
    for (uint32_t i = 0; i < server->places; i++)
        if (server->clients[i].state == WEFT__DIAG_FREE)
            return &server->clients[i];
    return NULL;
}

/* All places are taken, and somebody knocks: the one that has been reading longest goes. */
static void connection_evict(struct weft__diag_server *server, int64_t now)
{
    struct weft__diag_client *oldest = NULL;
    for (uint32_t i = 0; i < server->places; i++) {
        struct weft__diag_client *client = &server->clients[i];
        if (client->state == WEFT__DIAG_ENDED)
            return; /* a place is being made */
        if (client->state == WEFT__DIAG_READING && (!oldest || client->since < oldest->since))
            oldest = client;
    }
    if (!oldest || now - oldest->since < server_young_ns) {
        server->deaf_until = now + SERVER_SWEEP_MS * server_ms;
        return;
    }
    client_tell(weft__load_relaxed(&oldest->fd), "503 Service Unavailable");
    client_cut(oldest);
    server->counts.evicted++;
}

static void connection_add(struct weft__diag_server *server, struct weft__diag_client *client, int fd, bool tcp)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    const int bytes = SERVER_SOCKET_BYTES;
    memset(&address, 0, sizeof address);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes); /* or as many as the system gives by itself */
    if (getpeername(fd, (struct sockaddr *)&address, &length) < 0 || length > sizeof address)
        length = sizeof(sa_family_t);
    weft__store_relaxed(&client->fd, fd);
    client->tcp = tcp;
    client->body = 0;
    server->accepting = client;
    if (client >= server->clients + server->used)
        server->used = (uint32_t)(client - server->clients) + 1;
    weft__diag_client_enter(client, WEFT__DIAG_READING, server->o.request_timeout_ns);
    server->counts.open++;
    server->counts.connections++;
    server->stirred = true; /* its request, and its end, may be here already */
    if (MHD_add_connection(server->daemon, fd, (const struct sockaddr *)&address, length) == MHD_YES)
        return;
    if (client->state != WEFT__DIAG_FREE) { /* it was not begun, and closed */
        client->state = WEFT__DIAG_FREE;
        weft__store_relaxed(&client->fd, -1);
        server->counts.open--;
    }
    server->counts.starved++;
}

/* One that knocks; false: no more for now. */
static bool connection_accept(struct weft__diag_server *server, const struct weft__diag_endpoint *endpoint, int64_t now)
{
    struct weft__diag_client *place = connection_place(server);
    if (!place) {
        connection_evict(server, now);
        return false;
    }
    const int fd = accept4(endpoint->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            server->counts.starved++;
            server->deaf_until = now + SERVER_STARVED_MS * server_ms;
        }
        return errno == EINTR || errno == ECONNABORTED;
    }
    const bool tcp = endpoint->path[0] == '\0';
    if (!tcp && !weft__diag_peer_allowed(fd)) {
        client_tell(fd, "403 Forbidden");
        close(fd);
        server->counts.refused++;
        return true;
    }
    connection_add(server, place, fd, tcp);
    return true;
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

/*
 * Whether the other side has closed. libmicrohttpd asks the system for edges, and does not hear of an end that comes in one
 * piece with the beginning of a request.
 */
static bool client_has_left(const struct weft__diag_client *client)
{
    char byte;
    return recv(weft__load_relaxed(&client->fd), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static bool client_is_heard(const struct weft__diag_client *client)
{
    return client->state != WEFT__DIAG_FREE && client->state != WEFT__DIAG_ENDED;
}

/* Whoever is late, or gone. */
static void server_sweep(struct weft__diag_server *server, int64_t now)
{
    server->stirred = false;
    server->next_sweep = now + SERVER_SWEEP_MS * server_ms;
    while (server->used > 0 && server->clients[server->used - 1].state == WEFT__DIAG_FREE)
        server->used--;
    for (uint32_t i = 0; i < server->used; i++) {
        struct weft__diag_client *client = &server->clients[i];
        if (!client_is_heard(client))
            continue;
        const bool left = client->state == WEFT__DIAG_READING && client_has_left(client);
        if (!left && now < client->deadline)
            continue;
        if (!left && client->state == WEFT__DIAG_READING)
            client_tell(weft__load_relaxed(&client->fd), "408 Request Timeout");
        server->counts.timed_out += !left;
        client_cut(client);
    }
}

/*
 * Whether something came for one that was READING before, and still is: the beginning of a request, which may have an end behind it.
 * After an answer nobody is: a console that asks by the clock costs no look at its connection in between.
 */
static bool server_is_stirred(const struct weft__diag_server *server, int64_t since)
{
    for (uint32_t i = 0; i < server->used; i++)
        if (server->clients[i].state == WEFT__DIAG_READING && server->clients[i].since < since)
            return true;
    return false;
}

/* When somebody is late first, or a piece of a stream is due; INT64_MAX: never. */
static int64_t server_soonest(const struct weft__diag_server *server)
{
    int64_t soonest = INT64_MAX;
    for (uint32_t i = 0; i < server->used; i++) {
        const struct weft__diag_client *client = &server->clients[i];
        if (client_is_heard(client) && client->deadline < soonest)
            soonest = client->deadline;
        if (client->state == WEFT__DIAG_STREAMING && client->suspended && client->stream.due < soonest)
            soonest = client->stream.due;
    }
    return soonest;
}

/* Streams whose next snapshot is due go on. */
static void server_resume(struct weft__diag_server *server, int64_t now)
{
    for (uint32_t i = 0; server->counts.streams > 0 && i < server->used; i++) {
        struct weft__diag_client *client = &server->clients[i];
        if (client->state != WEFT__DIAG_STREAMING || !client->suspended || now < client->stream.due)
            continue;
        client->suspended = false;
        MHD_resume_connection(client->connection);
    }
}

/* Milliseconds to sleep; -1: until something comes. */
static int server_pause(const struct weft__diag_server *server, int64_t now)
{
    MHD_UNSIGNED_LONG_LONG turn;
    int64_t until = server_soonest(server);
    if (server->stirred && server->next_sweep < until)
        until = server->next_sweep;
    if (now < server->deaf_until && server->deaf_until < until)
        until = server->deaf_until;
    int64_t pause = until == INT64_MAX ? -1 : until > now ? (until - now + server_ms - 1) / server_ms : 0;
    if (MHD_get_timeout(server->daemon, &turn) == MHD_YES && (pause < 0 || turn < (MHD_UNSIGNED_LONG_LONG)pause))
        pause = (int64_t)turn;
    return pause < SERVER_PAUSE_MS ? (int)pause : SERVER_PAUSE_MS;
}

static void server_turn(struct weft__diag_server *server)
{
    const struct weft__diag_endpoint *const endpoints[] = {server->o.unix_endpoint, server->o.tcp_endpoint};
    const int64_t before = weft_clock();
    const bool open = before >= server->deaf_until;
    struct pollfd polled[4] = {{.fd = server->wake, .events = POLLIN}, {.fd = server->turns, .events = POLLIN}};
    for (int i = 0; i < 2; i++)
        polled[2 + i] = (struct pollfd){.fd = open ? endpoints[i]->fd : -1, .events = POLLIN};
    const int events = poll(polled, 4, server_pause(server, before));
    if (events < 0)
        return; /* interrupted, or no memory: again */
    const int64_t now = weft_clock(), spent = events == 0 ? weft__diag_spent() : 0;
    for (int i = 0; i < 2; i++)
        for (int n = 0; (polled[2 + i].revents & POLLIN) && n < SERVER_ACCEPTS && connection_accept(server, endpoints[i], now); n++)
            ;
    server_resume(server, now);
    MHD_run(server->daemon);
    server->stirred |= events > 0 && server_is_stirred(server, now);
    if ((server->stirred && now >= server->next_sweep) || now >= server_soonest(server))
        server_sweep(server, now);
    if (events == 0) /* nobody has asked: streams, and who is late */
        server->charged_ns += weft__diag_spent() - spent;
}

static void *server_main(void *argument)
{
    struct weft__diag_server *server = argument;
    prctl(PR_SET_NAME, "weft-diag", 0, 0, 0);
    while (!weft__load_acquire(&server->stopping)) /* SV-A1 */
        server_turn(server);
    for (uint32_t i = 0; i < server->places; i++)
        if (server->clients[i].state == WEFT__DIAG_STREAMING)
            client_cut(&server->clients[i]); /* libmicrohttpd is not stopped while one is suspended */
    return NULL;
}

/* A thread that no signal of the host is handled on. */
static int server_thread(struct weft__diag_server *server)
{
    sigset_t all, before;
    sigfillset(&all);
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&server->thread, NULL, server_main, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

static void server_free(struct weft__diag_server *server)
{
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    if (server->wake >= 0)
        close(server->wake);
    weft__diag_buffer_free(&server->snapshot);
    free(server->clients);
    free(server);
}

/* What can fail, in order. */
static int server_prepare(struct weft__diag_server *server)
{
    server->clients = calloc(server->places, sizeof *server->clients);
    if (!server->clients)
        return WEFT_ENOMEM;
    for (uint32_t i = 0; i < server->places; i++) {
        server->clients[i].server = server;
        server->clients[i].fd = -1;
    }
    server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->wake < 0)
        return errno == ENOMEM ? WEFT_ENOMEM : WEFT_EMFILE;
    errno = 0;
    server->daemon = weft__diag_exchange_daemon(server);
    if (!server->daemon)
        return errno == EMFILE || errno == ENFILE ? WEFT_EMFILE : WEFT_ENOMEM;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    server->turns = info ? info->epoll_fd : -1;
    return server->turns >= 0 ? server_thread(server) : WEFT_EMFILE;
}

int weft__diag_server_start(const struct weft__diag_server_options *options, struct weft__diag_server **out_server)
{
    struct weft__diag_server *server = calloc(1, sizeof *server);
    if (!server)
        return WEFT_ENOMEM;
    server->o = *options;
    server->places = options->connections_max;
    server->wake = -1;
    *out_server = server; /* before its thread asks */
    const int error = server_prepare(server);
    if (error < 0) {
        *out_server = NULL;
        server_free(server);
    }
    return error;
}

void weft__diag_server_stop(struct weft__diag_server *server)
{
    const uint64_t one = 1;
    weft__store_release(&server->stopping, true); /* SV-R1 */
    ssize_t written;
    do
        written = write(server->wake, &one, sizeof one);
    while (written < 0 && errno == EINTR); /* full is as good */
    pthread_join(server->thread, NULL);
    server_free(server);
}

const struct weft__diag_counts *weft__diag_server_counts(const struct weft__diag_server *server)
{
    return &server->counts;
}

void weft__diag_server_disown(struct weft__diag_server *server)
{
    for (uint32_t i = 0; i < server->places; i++) {
        const int fd = weft__load_relaxed(&server->clients[i].fd);
        if (fd >= 0)
            close(fd);
    }
    close(server->wake);
    close(server->turns); /* what is registered there stays so for the parent */
}
