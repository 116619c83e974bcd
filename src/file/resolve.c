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
#include "blocking/pool.h"
#include "base/platform.h"

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

static int resolve_begin(weft_context *cx, weft_resolve_op *op, const char *text)
{
    struct resolve_request *request = op->weft__request;
    if (!request) {
        request = weft__alloc_zeroed(1, sizeof *request);
        if (!request)
            return weft__refuse(WEFT_ENOMEM, "weft_resolve: no memory for a lookup of '%.100s'", text);
        if (!resolve_split(text, request)) {
            weft__free(request);
            return weft__refuse(WEFT_EINVAL, "weft_resolve: '%.100s': give \"host:port\", or \"[address]:port\"", text);
        }
        weft__store_relaxed(&request->refs, 2); /* nobody else knows it */
        op->weft__request = request;
    }
    /* It may wait for a place in the queue, and is asked again. */
    const int begun = weft__job_begin("weft_resolve", cx, &op->job,
                                      WEFT_JOB(resolve_run, request, .name = "resolve", .drop = resolve_drop));
    if (begun < 0 && begun != WEFT_AWAITING) {
        op->weft__request = NULL;
        resolve_unref(request); /* the job's, which has not become one */
        resolve_unref(request);
    }
    if (begun == 0)
        weft_job_wait_begin(&op->weft__wait, &op->job, NULL);
    return begun;
}

static int resolve_take(struct resolve_request *request, weft_address *out_addresses, size_t room)
{
    for (uint32_t i = 0; i < request->count && i < room; i++)
        out_addresses[i] = request->addresses[i];
    return (int)request->count;
}

int weft_resolve(weft_context *cx, weft_resolve_op *op, const char *text, weft_address *out_addresses, size_t room)
{
    if (!cx || !op || !text || (!out_addresses && room > 0))
        return weft__refuse(WEFT_EINVAL, "weft_resolve: null: give a context, a zeroed weft_resolve_op, a text, and a place");
    if (op->job.id == 0) {
        const int begun = resolve_begin(cx, op, text);
        if (begun != 0)
            return begun;
    }
    struct resolve_request *request = op->weft__request;
    weft_future *const futures[] = {&op->weft__wait.future};
    const int which = weft_select_from(cx, &op->weft__select, futures, 1, true);
    if (which == WEFT_AWAITING)
        return which;
    int answer = which < 0 ? which : op->weft__wait.future.result;
    if (which < 0)
        weft_job_detach(&op->job); /* cancelled: it goes on without us */
    else if (answer == 0 && request->code != 0)
        answer = weft__refuse(resolve_code(request), "weft_resolve: '%s', '%s': %s", request->host, request->port,
                              request->code == EAI_SYSTEM ? weft_error_text(resolve_code(request)) : gai_strerror(request->code));
    else if (answer == 0)
        answer = resolve_take(request, out_addresses, room);
    op->weft__request = NULL;
    resolve_unref(request);
    return answer;
}
