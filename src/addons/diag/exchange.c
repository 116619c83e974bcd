/* SPDX-License-Identifier: MIT */
/*
 * What is said on a connection: libmicrohttpd tells of a request's target, of its headers, and of its end, and is given an
 * answer, or a stream of events. All of it is called inside of MHD_run(), on the server's thread.
 *
 * An answer is complete before its first byte is sent, or there is none: then it is 503. What a stream is given is made when
 * its client can take it.
 */
#include "exchange.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard.h"

enum {
    EXCHANGE_MEMORY = 16384,         /* of one connection: its request line and headers, and what is being sent */
    EXCHANGE_BLOCK = 4096,
    EXCHANGE_BODIES_MAX = 128 << 20, /* of all answers that are on their way */
};
static const int64_t exchange_fresh_ns = 50000000; /* a snapshot serves all streams for so long */

/* --- streams ----------------------------------------------------------------------------------------------------- */

static void stream_end(struct weft__diag_server *server, struct weft__diag_client *client)
{
    if (client->stream.interval == 0)
        return;
    weft__diag_stream_end(&client->stream);
    client->suspended = false;
    server->counts.streams--;
}

/* The next piece; false: no memory. */
static bool stream_compose(struct weft__diag_server *server, struct weft__diag_stream *stream, int64_t now)
{
    if (server->snapshot.length == 0 || now - server->snapshot_at >= exchange_fresh_ns) {
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
    struct weft__diag_client *client = context;
    struct weft__diag_stream *stream = &client->stream;
    const int64_t now = weft_clock();
    (void)position;
    if (client->state != WEFT__DIAG_STREAMING)
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

static struct MHD_Response *stream_begin(struct weft__diag_client *client, uint32_t interval_ms)
{
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, EXCHANGE_BLOCK, stream_read, client, NULL);
    if (!response)
        return NULL;
    weft__diag_stream_begin(&client->stream, (int64_t)interval_ms * 1000000, weft_clock());
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
    char seconds[16], made[48];
    answer_header(response, "Content-Type", reply->type);
    answer_header(response, "Cache-Control", reply->lasts ? "max-age=31536000, immutable" : reply->tag ? "no-cache" : "no-store");
    if (reply->tag)
        answer_header(response, "ETag", reply->tag);
    answer_header(response, "X-Content-Type-Options", "nosniff");
    answer_header(response, "Content-Security-Policy", reply->policy ? reply->policy : "default-src 'none'; frame-ancestors 'none'");
    answer_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    answer_header(response, "Referrer-Policy", "no-referrer");
    snprintf(seconds, sizeof seconds, "%u", server->o.retry_after_s);
    if (reply->retry)
        answer_header(response, "Retry-After", seconds);
    if (reply->made_ns > 0) { /* as W3C's Server Timing says it: milliseconds */
        const long long us = reply->made_ns / 1000;
        snprintf(made, sizeof made, "make;dur=%lld.%03lld", us / 1000, us % 1000);
        answer_header(response, "Server-Timing", made);
    }
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
static struct MHD_Response *answer_body(struct weft__diag_client *client, struct weft__diag_reply *reply)
{
    struct weft__diag_counts *counts = &client->server->counts;
    if (reply->body.failed || counts->body_bytes + reply->body.length > EXCHANGE_BODIES_MAX) {
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

static enum MHD_Result answer_send(struct weft__diag_client *client, struct weft__diag_reply *reply, bool last)
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
    weft__diag_client_enter(client, reply->events_ms > 0 ? WEFT__DIAG_STREAMING : WEFT__DIAG_REPLYING, server->o.reply_timeout_ns);
    server->counts.requests++;
    server->counts.failed += reply->status >= MHD_HTTP_BAD_REQUEST;
    const enum MHD_Result queued = MHD_queue_response(client->connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer_status(struct weft__diag_client *client, int status, const char *text, bool last)
{
    struct weft__diag_reply reply = {.status = status, .type = "application/json"};
    weft__diag_buffer_print(&reply.body, "{\"status\":%d,\"error\":\"%s\"}\n", status, text);
    return answer_send(client, &reply, last);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static const char *request_header(const struct weft__diag_client *client, const char *name)
{
    return MHD_lookup_connection_value(client->connection, MHD_HEADER_KIND, name);
}

/* What the headers alone say; 0: nothing against it. Before anything of a body is read. */
static int request_refused(const struct weft__diag_client *client, const char *method, const char **out_text)
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

int64_t weft__diag_spent(void)
{
    struct timespec spent;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return spent.tv_sec * INT64_C(1000000000) + spent.tv_nsec;
}

/* Called once when the headers are in, and again when the body is, which there is none of: then it is answered. */
static enum MHD_Result request_come(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                    const char *version, const char *upload, size_t *upload_size, void **state)
{
    struct weft__diag_client *client = *state;
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
        .if_none_match = request_header(client, "If-None-Match"),
        .authorized = !client->tcp || weft__diag_guard_token(request_header(client, "Authorization"), server->o.token),
    };
    struct weft__diag_reply reply = {.status = MHD_HTTP_OK, .type = "application/json"};
    server->o.answer(server->o.context, &request, &reply);
    reply.made_ns = weft__diag_spent() - server->charged_ns;
    server->charged_ns += reply.made_ns; /* to send it is a part of the next one's cost */
    return answer_send(client, &reply, false);
}

static struct weft__diag_client *client_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* The request line is in; the target is not decoded yet. What is returned here is what request_come() is given. */
static void *request_target(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct weft__diag_client *client = client_of(connection);
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
    struct weft__diag_client *client = client_of(connection);
    (void)state;
    (void)why;
    if (!client)
        return;
    stream_end(server, client);
    server->counts.body_bytes -= client->body;
    client->body = 0;
    if (client->state != WEFT__DIAG_ENDED)
        weft__diag_client_enter(client, WEFT__DIAG_READING, server->o.request_timeout_ns);
}

/* --- the daemon --------------------------------------------------------------------------------------------------- */

static void connection_changes(void *context, struct MHD_Connection *connection, void **socket_context,
                               enum MHD_ConnectionNotificationCode what)
{
    struct weft__diag_server *server = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        server->accepting->connection = connection;
        *socket_context = server->accepting;
        return;
    }
    struct weft__diag_client *client = *socket_context;
    stream_end(server, client);
    client->state = WEFT__DIAG_FREE;
    weft__store_relaxed(&client->fd, -1); /* for the child of a fork, which looks when there is one thread */
    server->counts.open--;
}

struct MHD_Daemon *weft__diag_exchange_daemon(struct weft__diag_server *server)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, request_come,
                            server, MHD_OPTION_CONNECTION_LIMIT, (unsigned)server->o.connections_max,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)EXCHANGE_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_NOTIFY_CONNECTION, connection_changes, server, MHD_OPTION_NOTIFY_COMPLETED, request_over,
                            server, MHD_OPTION_URI_LOG_CALLBACK, request_target, server, MHD_OPTION_UNESCAPE_CALLBACK,
                            request_decode, NULL, MHD_OPTION_END);
}
