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
 * What a stream is given is made when its client can take it: a slow one misses snapshots, is told how many, and holds one.
 *
 * Who touches what: the server's thread everything; whoever stops it `stopping`, and the descriptor that ends its sleep; the
 * child of a fork the descriptors.
 * Edges: SV-R1 -> SV-A1 to stop.
 */
#include "server.h"

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

#include "base/atomic.h"
#include "guard.h"
#include "stream.h"

enum {
    SERVER_MEMORY = 16384,            /* of one connection: its request line and headers, and what is being sent */
    SERVER_ACCEPTS = 64,              /* at once, before those that are there have their turn */
    SERVER_SWEEP_MS = 50,
    SERVER_STARVED_MS = 100,
    SERVER_SOCKET_BYTES = 65536,      /* that the system keeps for a connection; it doubles them */
    SERVER_BLOCK = 4096,
    SERVER_BODIES_MAX = 128 << 20,    /* of all answers that are on their way */
};
static const int64_t server_ms = 1000000;
static const int64_t server_young_ns = 250000000; /* whoever reads for less than this keeps its place */
static const int64_t server_fresh_ns = 50000000;  /* a snapshot serves all streams for so long */

enum client_state { CLIENT_FREE, CLIENT_READING, CLIENT_REPLYING, CLIENT_STREAMING, CLIENT_ENDED };

struct client {
    struct weft__diag_server *server;
    _Atomic int fd; /* -1: none; libmicrohttpd closes it */
    enum client_state state;
    bool tcp;
    bool asked;       /* the request's headers are in */
    int wrong;        /* what its target is answered with; 0: it is a good one */
    int64_t since;    /* when the state began */
    int64_t deadline;
    size_t body;
    struct MHD_Connection *connection;
    struct weft__diag_stream stream;
    bool suspended; /* until its next piece is due */
    struct weft__diag_uri uri;
};

struct weft__diag_server {
    struct weft__diag_server_options o;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int wake; /* an eventfd */
    int turns; /* libmicrohttpd's epoll */
    _Atomic bool stopping;
    int64_t deaf_until; /* nobody is accepted before: no place, or no descriptor */
    int64_t next_sweep;
    struct weft__diag_counts counts;
    struct weft__diag_buffer snapshot;
    int64_t snapshot_at;
    struct client *accepting; /* whose connection is being made */
    uint32_t places;
    struct client *clients;
};

static void client_enter(struct client *client, enum client_state state, int64_t timeout_ns)
{
    client->state = state;
    client->since = weft_clock();
    client->deadline = client->since + timeout_ns;
}

/* Nobody waits for it any more: libmicrohttpd finds its end, and closes it. */
static void client_cut(struct client *client)
{
    shutdown(weft__load_relaxed(&client->fd), SHUT_RDWR);
    client->state = CLIENT_ENDED;
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

static void stream_end(struct weft__diag_server *server, struct client *client)
{
    if (client->stream.interval == 0)
        return;
    weft__diag_stream_end(&client->stream);
    client->suspended = false;
    server->counts.streams--;
}

/* --- streams ----------------------------------------------------------------------------------------------------- */

/* The next piece; false: no memory. */
static bool stream_compose(struct weft__diag_server *server, struct weft__diag_stream *stream, int64_t now)
{
    if (server->snapshot.length == 0 || now - server->snapshot_at >= server_fresh_ns) {
        weft__diag_buffer_free(&server->snapshot);
        server->snapshot_at = now;
        server->o.snapshot(server->o.context, &server->snapshot);
    }
    const int64_t missed = weft__diag_stream_compose(stream, &server->snapshot, now);
    server->counts.events_dropped += missed > 0 ? (uint64_t)missed : 0;
    server->counts.events += missed >= 0;
    return missed >= 0;
}

/* libmicrohttpd has room for so much. */
static ssize_t stream_read(void *context, uint64_t position, char *out, size_t room)
{
    struct client *client = context;
    struct weft__diag_stream *stream = &client->stream;
    const int64_t now = weft_clock();
    (void)position;
    if (client->state != CLIENT_STREAMING)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    client->deadline = now + client->server->o.reply_timeout_ns; /* it has taken all that it was given */
    if (weft__diag_stream_is_empty(stream) && now < stream->due) {
        client->deadline = stream->due + client->server->o.reply_timeout_ns;
        client->suspended = true;
        MHD_suspend_connection(client->connection);
        return 0;
    }
    if (weft__diag_stream_is_empty(stream) && !stream_compose(client->server, stream, now))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return (ssize_t)weft__diag_stream_take(stream, out, room);
}

static struct MHD_Response *stream_begin(struct client *client, uint32_t interval_ms)
{
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, SERVER_BLOCK, stream_read, client, NULL);
    if (!response)
        return NULL;
    weft__diag_stream_begin(&client->stream, interval_ms * server_ms, weft_clock());
    client->server->counts.streams++;
    return response;
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void answer_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (MHD_add_response_header(response, name, value) != MHD_YES)
        return; /* no memory: the answer is none the worse */
}

static void answer_headers(const struct weft__diag_server *server, struct MHD_Response *response,
                           const struct weft__diag_reply *reply)
{
    char seconds[16];
    answer_header(response, "Content-Type", reply->type);
    answer_header(response, "Cache-Control", "no-store");
    answer_header(response, "X-Content-Type-Options", "nosniff");
    answer_header(response, "Content-Security-Policy", reply->policy ? reply->policy : "default-src 'none'; frame-ancestors 'none'");
    answer_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    answer_header(response, "Referrer-Policy", "no-referrer");
    snprintf(seconds, sizeof seconds, "%u", server->o.retry_after_s);
    if (reply->retry)
        answer_header(response, "Retry-After", seconds);
    if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        answer_header(response, "Allow", "GET, HEAD");
    if (reply->status == MHD_HTTP_UNAUTHORIZED)
        answer_header(response, "WWW-Authenticate", "Bearer");
}

/* An answer of the server's own: too little memory for another. */
static void answer_short(struct weft__diag_reply *reply)
{
    weft__diag_buffer_free(&reply->body);
    *reply = (struct weft__diag_reply){.status = MHD_HTTP_SERVICE_UNAVAILABLE, .type = "text/plain", .retry = true};
}

/* The body becomes the response's. */
static struct MHD_Response *answer_body(struct client *client, struct weft__diag_reply *reply)
{
    struct weft__diag_counts *counts = &client->server->counts;
    if (reply->body.failed || counts->body_bytes + reply->body.length > SERVER_BODIES_MAX) {
        answer_short(reply);
        counts->starved++;
    }
    client->body = reply->body.length;
    struct MHD_Response *response =
        reply->body.bytes ? MHD_create_response_from_buffer(reply->body.length, reply->body.bytes, MHD_RESPMEM_MUST_FREE)
                          : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!response) {
        free(reply->body.bytes);
        client->body = 0;
    }
    counts->body_bytes += client->body;
    return response;
}

static enum MHD_Result answer_send(struct client *client, struct weft__diag_reply *reply, bool last)
{
    struct weft__diag_server *server = client->server;
    const bool streams = reply->events_ms > 0;
    if (streams && server->counts.streams >= (server->o.connections_max + 3) / 4)
        answer_short(reply);
    struct MHD_Response *response = reply->events_ms > 0 ? stream_begin(client, reply->events_ms) : answer_body(client, reply);
    if (!response)
        return MHD_NO;
    answer_headers(server, response, reply);
    if (last)
        answer_header(response, "Connection", "close");
    client_enter(client, reply->events_ms > 0 ? CLIENT_STREAMING : CLIENT_REPLYING, server->o.reply_timeout_ns);
    server->counts.requests++;
    server->counts.failed += reply->status >= MHD_HTTP_BAD_REQUEST;
    const enum MHD_Result queued = MHD_queue_response(client->connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer_status(struct client *client, int status, const char *text, bool last)
{
    struct weft__diag_reply reply = {.status = status, .type = "application/json"};
    weft__diag_buffer_print(&reply.body, "{\"status\":%d,\"error\":\"%s\"}\n", status, text);
    return answer_send(client, &reply, last);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static const char *request_header(const struct client *client, const char *name)
{
    return MHD_lookup_connection_value(client->connection, MHD_HEADER_KIND, name);
}

/* What the headers alone say; 0: nothing against it. Before anything of a body is read. */
static int request_refused(const struct client *client, const char *method, const char **out_text)
{
    const char *length = request_header(client, "Content-Length"), *host = request_header(client, "Host");
    const bool body = (length && strspn(length, "0") != strlen(length)) || request_header(client, "Transfer-Encoding");
    *out_text = "a body is not read here";
    if (body)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    *out_text = "only GET and HEAD are answered";
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    *out_text = "the host is not the loopback";
    if (client->tcp && !weft__diag_guard_host(host))
        return MHD_HTTP_FORBIDDEN;
    *out_text = "a page of another origin may not ask";
    if (!weft__diag_guard_origin(request_header(client, "Origin"), request_header(client, "Sec-Fetch-Site"), host))
        return MHD_HTTP_FORBIDDEN;
    *out_text = client->wrong == MHD_HTTP_URI_TOO_LONG ? "the target is too long" : "the target is not well formed";
    return client->wrong;
}

/* Called once when the headers are in, and again when the body is, which there is none of: then it is answered. */
static enum MHD_Result request_come(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                    const char *version, const char *upload, size_t *upload_size, void **state)
{
    struct client *client = *state;
    struct weft__diag_server *server = context;
    const char *text;
    (void)connection;
    (void)url;
    (void)version;
    (void)upload;
    if (!client || *upload_size > 0)
        return MHD_NO;
    if (!client->asked) {
        client->asked = true;
        const int refused = request_refused(client, method, &text);
        return refused ? answer_status(client, refused, text, true) : MHD_YES;
    }
    const struct weft__diag_request request = {
        .uri = &client->uri,
        .accept = request_header(client, "Accept"),
        .authorized = !client->tcp || weft__diag_guard_token(request_header(client, "Authorization"), server->o.token),
    };
    struct weft__diag_reply reply = {.status = MHD_HTTP_OK, .type = "application/json"};
    server->o.answer(server->o.context, &request, &reply);
    return answer_send(client, &reply, false);
}

static struct client *client_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* The request line is in; the target is not decoded yet. What is returned here is what request_come() is given. */
static void *request_target(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct client *client = client_of(connection);
    (void)context;
    if (client) {
        client->wrong = weft__diag_uri_parse(uri, &client->uri);
        client->asked = false;
    }
    return client;
}

/* Decoding is done by uri.c, which refuses what a decoder would hide. */
static size_t request_decode(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static void request_over(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    struct weft__diag_server *server = context;
    struct client *client = client_of(connection);
    (void)state;
    (void)why;
    if (!client)
        return;
    stream_end(server, client);
    server->counts.body_bytes -= client->body;
    client->body = 0;
    if (client->state != CLIENT_ENDED)
        client_enter(client, CLIENT_READING, server->o.request_timeout_ns);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

static void connection_changes(void *context, struct MHD_Connection *connection, void **socket_context,
                               enum MHD_ConnectionNotificationCode what)
{
    struct weft__diag_server *server = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        server->accepting->connection = connection;
        *socket_context = server->accepting;
        return;
    }
    struct client *client = *socket_context;
    stream_end(server, client);
    client->state = CLIENT_FREE;
    weft__store_relaxed(&client->fd, -1); /* for the child of a fork, which looks when there is one thread */
    server->counts.open--;
}

/* A place: a free one, or NULL. */
static struct client *connection_place(struct weft__diag_server *server)
{
    for (uint32_t i = 0; i < server->places; i++)
        if (server->clients[i].state == CLIENT_FREE)
            return &server->clients[i];
    return NULL;
}

/* All places are taken, and somebody knocks: the one that has been reading longest goes. */
static void connection_evict(struct weft__diag_server *server, int64_t now)
{
    struct client *oldest = NULL;
    for (uint32_t i = 0; i < server->places; i++) {
        struct client *client = &server->clients[i];
        if (client->state == CLIENT_ENDED)
            return; /* a place is being made */
        if (client->state == CLIENT_READING && (!oldest || client->since < oldest->since))
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

static void connection_add(struct weft__diag_server *server, struct client *client, int fd, bool tcp)
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
    client_enter(client, CLIENT_READING, server->o.request_timeout_ns);
    server->counts.open++;
    server->counts.connections++;
    if (MHD_add_connection(server->daemon, fd, (const struct sockaddr *)&address, length) == MHD_YES)
        return;
    if (client->state != CLIENT_FREE) { /* it was not begun, and closed */
        client->state = CLIENT_FREE;
        weft__store_relaxed(&client->fd, -1);
        server->counts.open--;
    }
    server->counts.starved++;
}

/* One that knocks; false: no more for now. */
static bool connection_accept(struct weft__diag_server *server, const struct weft__diag_endpoint *endpoint, int64_t now)
{
    struct client *place = connection_place(server);
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
static bool client_has_left(const struct client *client)
{
    char byte;
    return recv(weft__load_relaxed(&client->fd), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Whoever is late, or gone. */
static void server_sweep(struct weft__diag_server *server, int64_t now)
{
    if (now < server->next_sweep)
        return;
    server->next_sweep = now + SERVER_SWEEP_MS * server_ms;
    for (uint32_t i = 0; i < server->places; i++) {
        struct client *client = &server->clients[i];
        if (client->state == CLIENT_FREE || client->state == CLIENT_ENDED)
            continue;
        if (client->state == CLIENT_READING && client_has_left(client)) {
            client_cut(client);
            continue;
        }
        if (now < client->deadline)
            continue;
        if (client->state == CLIENT_READING)
            client_tell(weft__load_relaxed(&client->fd), "408 Request Timeout");
        client_cut(client);
        server->counts.timed_out++;
    }
}

/* Streams whose next snapshot is due go on. */
static void server_resume(struct weft__diag_server *server, int64_t now)
{
    for (uint32_t i = 0; server->counts.streams > 0 && i < server->places; i++) {
        struct client *client = &server->clients[i];
        if (client->state != CLIENT_STREAMING || !client->suspended || now < client->stream.due)
            continue;
        client->suspended = false;
        MHD_resume_connection(client->connection);
    }
}

static int64_t stream_soonest(const struct weft__diag_server *server)
{
    int64_t soonest = INT64_MAX;
    for (uint32_t i = 0; server->counts.streams > 0 && i < server->places; i++) {
        const struct client *client = &server->clients[i];
        if (client->state == CLIENT_STREAMING && client->suspended && client->stream.due < soonest)
            soonest = client->stream.due;
    }
    return soonest;
}

/* Milliseconds to sleep. */
static int server_pause(const struct weft__diag_server *server, int64_t now)
{
    MHD_UNSIGNED_LONG_LONG turn;
    int64_t pause = server->counts.open > 0 ? SERVER_SWEEP_MS : -1;
    const int64_t soonest = stream_soonest(server);
    if (now < server->deaf_until)
        pause = SERVER_SWEEP_MS;
    if (soonest != INT64_MAX) {
        const int64_t left = soonest > now ? (soonest - now + server_ms - 1) / server_ms : 0;
        pause = left < pause ? left : pause;
    }
    if (MHD_get_timeout(server->daemon, &turn) == MHD_YES && (pause < 0 || turn < (MHD_UNSIGNED_LONG_LONG)pause))
        pause = (int64_t)turn;
    return (int)pause;
}

static void server_turn(struct weft__diag_server *server)
{
    const struct weft__diag_endpoint *const endpoints[] = {server->o.unix_endpoint, server->o.tcp_endpoint};
    const int64_t before = weft_clock();
    const bool open = before >= server->deaf_until;
    struct pollfd polled[4] = {{.fd = server->wake, .events = POLLIN}, {.fd = server->turns, .events = POLLIN}};
    for (int i = 0; i < 2; i++)
        polled[2 + i] = (struct pollfd){.fd = open ? endpoints[i]->fd : -1, .events = POLLIN};
    if (poll(polled, 4, server_pause(server, before)) < 0)
        return; /* interrupted, or no memory: again */
    const int64_t now = weft_clock();
    for (int i = 0; i < 2; i++)
        for (int n = 0; (polled[2 + i].revents & POLLIN) && n < SERVER_ACCEPTS && connection_accept(server, endpoints[i], now); n++)
            ;
    server_resume(server, now);
    MHD_run(server->daemon);
    server_sweep(server, now);
}

static void *server_main(void *argument)
{
    struct weft__diag_server *server = argument;
    prctl(PR_SET_NAME, "weft-diag", 0, 0, 0);
    while (!weft__load_acquire(&server->stopping)) /* SV-A1 */
        server_turn(server);
    for (uint32_t i = 0; i < server->places; i++)
        if (server->clients[i].state == CLIENT_STREAMING)
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

static struct MHD_Daemon *server_daemon(struct weft__diag_server *server)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, request_come,
                            server, MHD_OPTION_CONNECTION_LIMIT, (unsigned)server->o.connections_max,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_NOTIFY_CONNECTION, connection_changes, server, MHD_OPTION_NOTIFY_COMPLETED, request_over,
                            server, MHD_OPTION_URI_LOG_CALLBACK, request_target, server, MHD_OPTION_UNESCAPE_CALLBACK,
                            request_decode, NULL, MHD_OPTION_END);
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
    server->daemon = server_daemon(server);
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
