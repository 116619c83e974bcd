/* SPDX-License-Identifier: MIT */
/*
 * The request lies on the heap, with a reference of the task and one of the job: so the task can turn away from a lookup
 * that takes long, and the job writes to memory that is still there.
 */
#include <weft/resolve.h>

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/platform.h"
#include "blocking/pool.h"
#include "task/future.h"

enum { RESOLVE_MAX = 32, RESOLVE_TEXT = 256 };

struct resolve_request {
    _Atomic uint32_t refs;
    int code; /* of getaddrinfo() */
    int error; /* its errno, where it says no more than that */
    uint32_t count;
    weft_address addresses[RESOLVE_MAX];
    char host[RESOLVE_TEXT];
    char port[64];
};

static void resolve_unref(struct resolve_request *request)
{
    if (weft__fetch_sub_acq_rel(&request->refs, 1) == 1)
        weft__free(request);
}

static void resolve_drop(void *argument) { resolve_unref(argument); }

static int resolve_code(const struct resolve_request *request)
{
    switch (request->code) {
    case 0:
        return 0;
    case EAI_SYSTEM:
        return request->error != 0 ? -request->error : WEFT_EAGAIN;
    case EAI_AGAIN:
        return WEFT_EAGAIN;
    case EAI_MEMORY:
        return WEFT_ENOMEM;
    default:
        return WEFT_ENOENT;
    }
}

static int resolve_run(void *argument)
{
    struct resolve_request *request = argument;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    errno = 0;
    request->code = getaddrinfo(request->host[0] ? request->host : NULL, request->port, &hints, &found);
    request->error = errno;
    for (const struct addrinfo *each = found; each && request->count < RESOLVE_MAX; each = each->ai_next) {
        weft_address *address = &request->addresses[request->count];
        if (each->ai_addrlen > sizeof address->sockaddr)
            continue;
        memcpy(address->sockaddr.bytes, each->ai_addr, each->ai_addrlen);
        address->length = each->ai_addrlen;
        request->count++;
    }
    if (found)
        freeaddrinfo(found);
    const int code = resolve_code(request);
    resolve_unref(request);
    return code;
}

/* "host:port" or "[address]:port" in two; false: it is neither. */
static bool resolve_split(const char *text, struct resolve_request *request)
{
    const char *colon = strrchr(text, ':');
    if (!colon || colon[1] == '\0' || strlen(colon + 1) >= sizeof request->port)
        return false;
    size_t length = (size_t)(colon - text);
    if (text[0] == '[' && length >= 2 && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length == 0 || length >= sizeof request->host)
        return false;
    memcpy(request->host, text, length);
    memcpy(request->port, colon + 1, strlen(colon + 1));
    return true;
}

/* What one evaluation is asked for. */
struct resolve_wanted {
    weft_resolve_op *op;
    const char *text;
    weft_address *out_addresses;
    size_t room;
};

static int resolve_start(const char *call, weft_context *cx, const struct resolve_wanted *wanted, struct weft__wait *wait)
{
    weft_resolve_op *op = wanted->op;
    struct resolve_request *request = op->weft__request;
    if (!request) {
        request = weft__alloc_zeroed(1, sizeof *request);
        if (!request)
            return weft__refuse(WEFT_ENOMEM, "%s: no memory for a lookup of '%.100s'", call, wanted->text);
        if (!resolve_split(wanted->text, request)) {
            weft__free(request);
            return weft__refuse(WEFT_EINVAL, "%s: '%.100s': give \"host:port\", or \"[address]:port\"", call, wanted->text);
        }
        weft__store_relaxed(&request->refs, 2); /* nobody else knows it */
        op->weft__request = request;
    }
    /* It may wait for a place in the queue, and is asked again. */
    const int begun = weft__job_begin(call, cx, &op->job,
                                      WEFT_JOB(resolve_run, request, .name = "resolve", .drop = resolve_drop), wait);
    if (begun < 0 && begun != WEFT_AWAITING)
        weft_resolve_close(op);
    return begun;
}

/* The job has ended, and let go of the request. */
static int resolve_end(const char *call, const struct resolve_wanted *wanted, int ended)
{
    struct resolve_request *request = wanted->op->weft__request;
    const int code = ended < 0 ? ended : resolve_code(request);
    if (ended == 0 && code < 0)
        weft__refuse(code, "%s: '%s', '%s': %s", call, request->host, request->port,
                     request->code == EAI_SYSTEM ? weft_error_text(code) : gai_strerror(request->code));
    for (uint32_t i = 0; code == 0 && i < request->count && i < wanted->room; i++)
        wanted->out_addresses[i] = request->addresses[i];
    const int answer = code < 0 ? code : (int)request->count;
    wanted->op->weft__request = NULL;
    resolve_unref(request);
    return answer;
}

/* One evaluation. The lookup goes on where a task is cancelled that waits for its end. */
static int resolve_await(const char *call, weft_context *cx, const struct resolve_wanted *wanted, struct weft__wait *wait)
{
    if (!wanted->op || !wanted->text || (!wanted->out_addresses && wanted->room > 0))
        return weft__refuse(WEFT_EINVAL, "%s: null: give a zeroed weft_resolve_op, a text, and a place for the addresses", call);
    if (wanted->op->job.id == 0) {
        const int begun = resolve_start(call, cx, wanted, wait);
        if (begun != 0)
            return begun;
    }
    if (weft__cx_cancelled(cx)) { /* not waited for, as other jobs are: its arguments are its own */
        weft__wait_leave(wait);
        return WEFT_ECANCELED;
    }
    const int ended = weft__job_wait(call, cx, &wanted->op->job, NULL, wait);
    return ended == WEFT_AWAITING || ended == WEFT_EBUSY ? ended : resolve_end(call, wanted, ended);
}

int weft_resolve(weft_context *cx, weft_resolve_op *op, const char *text, weft_address *out_addresses, size_t room)
{
    static const char call[] = "weft_resolve";
    if (!cx)
        return weft__refuse(WEFT_EINVAL, "%s: the context must not be null: call it in a task", call);
    const int answer = resolve_await(call, cx, &(struct resolve_wanted){op, text, out_addresses, room}, &weft__cx_task(cx)->wait);
    if (answer == WEFT_ECANCELED)
        weft_resolve_close(op);
    return answer;
}

static int resolve_future_poll(weft_context *cx, weft_future *future)
{
    const weft_resolve_future *f = (const weft_resolve_future *)(const void *)future;
    return resolve_await("weft_resolve_begin", cx, &(struct resolve_wanted){f->op, f->text, f->out_addresses, f->room},
                         weft__future_attach(cx, future));
}

void weft_resolve_begin(weft_resolve_future *future, weft_resolve_op *op, const char *text, weft_address *out_addresses,
                        size_t room)
{
    if (!weft__future_begin(future, resolve_future_poll))
        return;
    future->op = op;
    future->text = text;
    future->out_addresses = out_addresses;
    future->room = room;
}

void weft_resolve_close(weft_resolve_op *op)
{
    if (!op || !op->weft__request)
        return;
    struct resolve_request *request = op->weft__request;
    op->weft__request = NULL;
    if (op->job.id != 0)
        (void)weft_job_detach(&op->job); /* it goes on without us, and lets go of the request when it ends */
    else
        resolve_unref(request); /* the job's, which has not become one */
    resolve_unref(request);
}
