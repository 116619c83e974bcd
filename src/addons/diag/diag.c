/* SPDX-License-Identifier: MIT */
/*
 * Starting and stopping. A fork leaves the parent's threads behind: the child closes what came along, so that nobody
 * connects to a socket that nobody serves, and begins anew when it creates a runtime of its own (weft_diag_environment()).
 */
#include <weft/diag.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/atomic.h"
#include "endpoint.h"
#include "routes.h"
#include "server.h"

enum { DIAGS_MAX = 16, CONNECTIONS_MAX = 4096, TOKEN_MAX = 1024 };

struct weft_diag {
    weft_diag_options options; /* complete: no zeros */
    char token[TOKEN_MAX + 1];
    struct weft__diag_endpoint unix_endpoint;
    struct weft__diag_endpoint tcp_endpoint;
    struct weft__diag_memory memory;
    struct weft__diag_server *server;
    bool inherited; /* it is the parent's; set while there is one thread */
};

/* Who has to be told of a fork. A place is taken by a compare-and-swap; a fork in the middle of that finds either. */
static _Atomic(struct weft_diag *) diags[DIAGS_MAX];
static _Atomic uint32_t diags_watched; /* the handler is there */
static _Atomic int diags_process;      /* the one that weft_diag_environment() has started in */

static void diag_in_child(void)
{
    for (int i = 0; i < DIAGS_MAX; i++) {
        struct weft_diag *diag = weft__load_relaxed(&diags[i]); /* the only thread */
        if (!diag || diag->inherited)
            continue;
        diag->inherited = true;
        if (diag->unix_endpoint.fd >= 0)
            close(diag->unix_endpoint.fd);
        if (diag->tcp_endpoint.fd >= 0)
            close(diag->tcp_endpoint.fd);
        weft__diag_server_disown(diag->server);
    }
}

static int diag_watch(struct weft_diag *diag)
{
    uint32_t no = 0;
    if (weft__cas_strong_relaxed(&diags_watched, &no, 1) && pthread_atfork(NULL, NULL, diag_in_child) != 0) {
        weft__store_relaxed(&diags_watched, 0);
        return WEFT_ENOMEM;
    }
    for (int i = 0; i < DIAGS_MAX; i++) {
        struct weft_diag *none = NULL;
        if (weft__cas_strong_relaxed(&diags[i], &none, diag)) /* the child of a fork reads it, with one thread */
            return 0;
    }
    return weft_error_refuse(WEFT_EMFILE, "weft_diag_start: %d live in this process: stop one first", DIAGS_MAX);
}

static void diag_unwatch(struct weft_diag *diag)
{
    for (int i = 0; i < DIAGS_MAX; i++) {
        struct weft_diag *it = diag;
        weft__cas_strong_relaxed(&diags[i], &it, NULL);
    }
}

static uint32_t diag_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static int diag_check(weft_diag **out_diag, const weft_diag_options *o)
{
    if (!out_diag)
        return weft_error_refuse(WEFT_EINVAL, "weft_diag_start: the place for it must not be null");
    if (o->size < sizeof *o)
        return weft_error_refuse(WEFT_EINVAL, "weft_diag_start: options of %zu bytes, not %zu: use WEFT_DIAG_OPTIONS()", o->size,
                                 sizeof *o);
    if (o->connections_max > CONNECTIONS_MAX)
        return weft_error_refuse(WEFT_EINVAL, "weft_diag_start: connections_max %u: give 1 to %d, or 0 for 256", o->connections_max,
                                 CONNECTIONS_MAX);
    if (o->tcp_port < WEFT_DIAG_PORT_ANY || o->tcp_port > 65535)
        return weft_error_refuse(WEFT_EINVAL, "weft_diag_start: tcp_port %d: give 1 to 65535, or WEFT_DIAG_PORT_ANY", o->tcp_port);
    if (o->tcp_port != 0 && !o->token)
        return weft_error_refuse(WEFT_EINVAL, "weft_diag_start: tcp_port %d without a token: every user of the machine could ask; "
                                              "give one, of at least %d bytes",
                                 o->tcp_port, WEFT_DIAG_TOKEN_MIN);
    if (o->token && (strlen(o->token) < WEFT_DIAG_TOKEN_MIN || strlen(o->token) > TOKEN_MAX))
        return weft_error_refuse(WEFT_EINVAL, "weft_diag_start: a token of %zu bytes: give %d to %d, which nobody can guess",
                                 strlen(o->token), WEFT_DIAG_TOKEN_MIN, TOKEN_MAX);
    if (o->tcp_port == 0 && o->unix_path && !*o->unix_path)
        return weft_error_refuse(WEFT_EINVAL, "weft_diag_start: neither a unix_path nor a tcp_port: there is nowhere to listen");
    if (o->poll_critical_ms && o->poll_critical_ms < o->poll_degraded_ms)
        return weft_error_refuse(WEFT_EINVAL, "weft_diag_start: poll_critical_ms %u is below poll_degraded_ms %u",
                                 o->poll_critical_ms, o->poll_degraded_ms);
    return 0;
}

static void diag_fill(struct weft_diag *diag, const weft_diag_options *o)
{
    weft_diag_options *to = &diag->options;
    *to = *o;
    to->connections_max = diag_default(o->connections_max, 256);
    to->request_timeout_ms = diag_default(o->request_timeout_ms, 10000);
    to->reply_timeout_ms = diag_default(o->reply_timeout_ms, 30000);
    to->poll_degraded_ms = diag_default(o->poll_degraded_ms, 1000);
    to->poll_critical_ms = diag_default(o->poll_critical_ms, to->poll_degraded_ms > 10000 ? to->poll_degraded_ms : 10000);
    to->looked_max_ms = diag_default(o->looked_max_ms, 2000);
    to->live_stuck_ms = diag_default(o->live_stuck_ms, 60000);
    to->retry_after_s = diag_default(o->retry_after_s, 5);
    snprintf(diag->token, sizeof diag->token, "%s", o->token ? o->token : "");
    to->token = diag->token;
    to->unix_path = to->tcp_address = NULL; /* the host's, and used up */
    diag->unix_endpoint.fd = diag->tcp_endpoint.fd = -1;
}

static void diag_answer(void *context, const struct weft__diag_request *request, struct weft__diag_reply *reply)
{
    struct weft_diag *diag = context;
    struct weft__diag_view view = {
        .options = &diag->options, .counts = weft__diag_server_counts(diag->server), .memory = &diag->memory};
    weft__diag_answer(&view, request, reply);
}

static void diag_snapshot(void *context, struct weft__diag_buffer *out)
{
    struct weft_diag *diag = context;
    weft__diag_snapshot(&diag->options, &diag->memory, out);
}

static int diag_serve(struct weft_diag *diag)
{
    const weft_diag_options *o = &diag->options;
    const struct weft__diag_server_options options = {
        .unix_endpoint = &diag->unix_endpoint,
        .tcp_endpoint = &diag->tcp_endpoint,
        .token = diag->token,
        .connections_max = o->connections_max,
        .request_timeout_ns = (int64_t)o->request_timeout_ms * 1000000,
        .reply_timeout_ns = (int64_t)o->reply_timeout_ms * 1000000,
        .retry_after_s = o->retry_after_s,
        .answer = diag_answer,
        .snapshot = diag_snapshot,
        .context = diag,
    };
    const int error = weft__diag_server_start(&options, &diag->server);
    return error == 0 ? 0 : weft_error_refuse(error, "weft_diag_start: no memory, descriptor or thread to serve with: %s",
                                              weft_error_text(error));
}

/* The parts that can fail, in order. */
static int diag_begin(struct weft_diag *diag, const weft_diag_options *o)
{
    int error = o->unix_path && !*o->unix_path ? 0 : weft__diag_listen_unix(o->unix_path, &diag->unix_endpoint);
    if (error == 0 && o->tcp_port != 0)
        error = weft__diag_listen_tcp(o->tcp_address ? o->tcp_address : "127.0.0.1",
                                      o->tcp_port == WEFT_DIAG_PORT_ANY ? 0 : o->tcp_port, &diag->tcp_endpoint);
    if (error == 0)
        error = diag_serve(diag);
    if (error == 0)
        error = diag_watch(diag);
    return error;
}

static void diag_end(struct weft_diag *diag)
{
    if (diag->server)
        weft__diag_server_stop(diag->server);
    weft__diag_lints_free(&diag->memory);
    weft__diag_unlisten(&diag->unix_endpoint); /* no thread polls them any more */
    weft__diag_unlisten(&diag->tcp_endpoint);
    free(diag);
}

int weft_diag_start(weft_diag **out_diag, const weft_diag_options *options)
{
    static const weft_diag_options defaults = {.size = sizeof defaults};
    const weft_diag_options *o = options ? options : &defaults;
    const int wrong = diag_check(out_diag, o);
    if (wrong)
        return wrong;
    struct weft_diag *diag = calloc(1, sizeof *diag);
    if (!diag)
        return weft_error_refuse(WEFT_ENOMEM, "weft_diag_start: no memory");
    diag_fill(diag, o);
    const int error = diag_begin(diag, o);
    if (error < 0)
        diag_end(diag);
    else
        *out_diag = diag;
    return error;
}

int weft_diag_stop(weft_diag *diag)
{
    if (!diag)
        return weft_error_refuse(WEFT_EINVAL, "weft_diag_stop: null");
    if (diag->inherited)
        return 0; /* its thread is in the other process, and may have held any lock: what it is made of stays */
    diag_unwatch(diag);
    diag_end(diag);
    return 0;
}

const char *weft_diag_path(const weft_diag *diag)
{
    return diag ? diag->unix_endpoint.path : "";
}

int weft_diag_port(const weft_diag *diag)
{
    return diag ? diag->tcp_endpoint.port : 0;
}

/* A text of the environment that says no. */
static bool diag_off(const char *text)
{
    return !text || !*text || strcmp(text, "0") == 0;
}

static struct weft_diag *diag_of_process; /* that the environment asked for */

/* The file of its socket goes with the process. */
__attribute__((destructor)) static void diag_process_ends(void)
{
    if (diag_of_process)
        weft_diag_stop(diag_of_process);
}

static int diag_from_environment(const char *where)
{
    const char *port = getenv("WEFT_DIAG_PORT");
    weft_diag_options options = {.size = sizeof options, .token = getenv("WEFT_DIAG_TOKEN")};
    char *end = NULL;
    if (strcmp(where, "1") != 0)
        options.unix_path = where;
    if (!diag_off(port)) {
        const long number = strtol(port, &end, 10);
        if (*end || number < 1 || number > 65535)
            return weft_error_refuse(WEFT_EINVAL, "weft_diag_environment: WEFT_DIAG_PORT=%.20s: give 1 to 65535", port);
        options.tcp_port = (int32_t)number;
    }
    return weft_diag_start(&diag_of_process, &options);
}

int weft_diag_environment(void)
{
    const char *where = getauxval(AT_SECURE) == 0 ? getenv("WEFT_DIAG") : NULL;
    const int process = (int)getpid();
    int before = weft__load_relaxed(&diags_process);
    /* Once in a process; the child of a fork is another. Whoever wins starts it. */
    if (diag_off(where) || before == process || !weft__cas_strong_relaxed(&diags_process, &before, process))
        return 0;
    const int error = diag_from_environment(where);
    return error < 0 ? error : 1;
}
