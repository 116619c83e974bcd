/* SPDX-License-Identifier: MIT */
/* Names of machines. The system looks them up on the calling thread, for up to half a minute; so it is a job of the pool. */
#ifndef WEFT_RESOLVE_H
#define WEFT_RESOLVE_H

#include <weft/api.h>
#include <weft/blocking.h>
#include <weft/error.h>
#include <weft/net.h>
#include <weft/types.h>

/* One lookup. Zero it before its first use, keep it in the frame. */
typedef struct weft_resolve_op {
    weft_job job;
    weft_job_future weft__wait;
    weft_select_state weft__select;
    void *weft__request;
} weft_resolve_op;

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

WEFT_END_DECLS

#endif
