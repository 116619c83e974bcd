/* SPDX-License-Identifier: MIT */
/* Names of machines. The system looks them up on the calling thread, for up to half a minute; so it is a job of the pool. */
#ifndef WEFT_RESOLVE_H
#define WEFT_RESOLVE_H

#include <weft/api.h>
#include <weft/blocking.h>
#include <weft/error.h>
#include <weft/future.h>
#include <weft/net.h>
#include <weft/types.h>

/* One lookup. Zero it before its first use, keep it in the frame. */
typedef struct weft_resolve_op {
    weft_job job;
    void *weft__request;
} weft_resolve_op;

/* The wait as one of several; see <weft/future.h>. */
typedef struct weft_resolve_future {
    weft_future future;
    weft_resolve_op *op;
    const char *text;
    weft_address *out_addresses;
    size_t room;
} weft_resolve_future;

WEFT_BEGIN_DECLS

/**
 * Look up "host:port", where host is a name, or an address in the form of weft_address_parse(), and port a number or a
 * service; an awaitable. Answers how many addresses there are, of which up to `room` are written, in the order in which
 * to try them. A lookup that the task does not wait for any more, because it is cancelled, goes on without it.
 * @threads task
 * @blocks suspends the task, until the system has answered
 * @owns the text is copied; op and out_addresses must stay until the answer
 * @errors WEFT_ENOENT (no such name or service), WEFT_EAGAIN (no answer now), WEFT_EMFILE and others of the system,
 *   WEFT_ECANCELED, WEFT_EINVAL, WEFT_ENOMEM, WEFT_ESHUTDOWN; weft_error_detail() has the system's words
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_resolve(weft_context *cx, weft_resolve_op *op, const char *text,
                                        weft_address *out_addresses, size_t room);

/**
 * Look up, as weft_resolve(), in weft_select(), or with a limit by weft_timeout(). If it was not the future that is ready, or the
 * task was cancelled, the lookup goes on: wait for it again with the same op, or give it up by weft_resolve_close().
 * @threads the task that will wait
 * @blocks never
 * @owns op, text and out_addresses must stay until the wait is over; op is the caller's to close, unless the future was the one
 *   that is ready
 * @errors none; those of weft_resolve() come as the result
 * @since 0.1
 */
WEFT_API void weft_resolve_begin(weft_resolve_future *future, weft_resolve_op *op, const char *text,
                                 weft_address *out_addresses, size_t room);

/**
 * Give up a lookup that nobody waits for: its answer is thrown away when it comes. One that was answered, or never begun, is left
 * as it is.
 * @threads the op's task
 * @blocks never
 * @owns the op may be used for another lookup
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_resolve_close(weft_resolve_op *op);

WEFT_END_DECLS

#endif
