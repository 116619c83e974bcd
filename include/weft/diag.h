/* SPDX-License-Identifier: MIT */
/*
 * A process seen from outside while it runs: health, metrics and everything that lives, over HTTP on a Unix socket that
 * only its user may open, or on the loopback with a token. The component libweft-diag; <weft.h> does not include it.
 *
 * It answers on a thread of its own, also when every worker is stuck; it stops nobody and no worker waits for it. What it
 * answers at which path is in docs/operations/api.md. Nothing listens until weft_diag_start(), or until the environment
 * of a program says so, which then needs no code: WEFT_DIAG=1 ./program (see weft_diag_environment()).
 *
 * Only GET and HEAD are answered. A client has a time to send a request in and to take the answer in, and there are so
 * many connections; who is slower is cut off, and who is too many waits.
 */
#ifndef WEFT_DIAG_H
#define WEFT_DIAG_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

/* The most bytes of a path of a Unix socket, without the zero at its end. */
#define WEFT_DIAG_PATH_MAX 107

/* The fewest bytes of a token. */
#define WEFT_DIAG_TOKEN_MIN 16

/* In place of a TCP port: any that is free; weft_diag_port() says which. */
#define WEFT_DIAG_PORT_ANY (-1)

typedef struct weft_diag weft_diag;

/* Zero means default. Build it with WEFT_DIAG_OPTIONS(.unix_path = "/run/orders/weft.sock"). */
typedef struct weft_diag_options {
    size_t size;                 /* set by the macro */
    const char *unix_path;       /* copied; where `weft top PID` looks: $XDG_RUNTIME_DIR/weft/PID.sock, or, where that is
                                    not set, /tmp/weft-UID/PID.sock. "": no Unix socket */
    int32_t tcp_port;            /* on the loopback as well; 0: no. Needs a token */
    const char *tcp_address;     /* "127.0.0.1" or "::1"; the first */
    const char *token;           /* copied; of a TCP client, as `Authorization: Bearer TOKEN`; at least 16 bytes of it */
    uint32_t connections_max;    /* 256; 1 to 4096. More wait until the system's queue is full */
    uint32_t request_timeout_ms; /* for a request to come in; 10000. Then 408 and the end of the connection */
    uint32_t reply_timeout_ms;   /* for an answer to be taken; 30000 */
    uint32_t poll_degraded_ms;   /* a worker that is in one poll for so long is degraded; 1000 */
    uint32_t poll_critical_ms;   /* … is critical, and so is its runtime when all are; 10000 */
    uint32_t looked_max_ms;      /* a runtime at whose workers nobody has looked for longer is unknown; 2000 */
    uint32_t live_stuck_ms;      /* /health/live is 503 when all workers of a runtime are in one poll for so long; 60000 */
    uint32_t retry_after_s;      /* what a 503 says; 5 */
} weft_diag_options;

#define WEFT_DIAG_OPTIONS(...) WEFT__OPTIONS(weft_diag_options, __VA_ARGS__)

WEFT_BEGIN_DECLS

/**
 * Begin to listen and to answer. A socket that a dead process of this user left at the path is taken over; anything else
 * that lies there stays, and is refused. At the default path those of other dead processes of this user are removed as well.
 * @threads any
 * @blocks the thread, for a moment; up to a second while another process begins at the same path
 * @owns *out_diag is the caller's, until weft_diag_stop(); options are copied and may be NULL
 * @errors WEFT_EINVAL (null, an address that is not the loopback, a port without a token, a token that is too short, limits
 *   out of their range, nowhere to listen), WEFT_ERANGE (path above WEFT_DIAG_PATH_MAX), WEFT_EADDRINUSE (somebody answers
 *   there, or it is no socket), WEFT_EACCES (another user's, or a folder in which others may write), WEFT_ENOENT (no such
 *   folder), WEFT_EBUSY (another process is busy there), WEFT_EMFILE, WEFT_ENOMEM, WEFT_EAGAIN (the system gives no
 *   thread)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_diag_start(weft_diag **out_diag, const weft_diag_options *options);

/**
 * Cut off who is connected, end the thread, remove the socket and free everything.
 * @threads any
 * @blocks the thread, until an answer that is being made is made
 * @owns diag is consumed
 * @errors WEFT_EINVAL (null). In a forked child: 0, and the parent's goes on
 * @since 0.1
 */
WEFT_API int weft_diag_stop(weft_diag *diag);

/**
 * Where the Unix socket is.
 * @threads any
 * @blocks never
 * @owns the text belongs to diag
 * @errors none; "" if there is none, and for NULL
 * @since 0.1
 */
WEFT_API const char *weft_diag_path(const weft_diag *diag);

/**
 * The TCP port that it listens on.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors none; 0 if there is none, and for NULL
 * @since 0.1
 */
WEFT_API int weft_diag_port(const weft_diag *diag);

/**
 * Start one for the process if its environment says so, as weft_runtime_create() does by itself:
 *
 *     WEFT_DIAG         1: the default path; a path; 0 or nothing: off
 *     WEFT_DIAG_PORT    a port on the loopback as well
 *     WEFT_DIAG_TOKEN   its token
 *
 * It lives until the process ends. A program that was given rights by its file (setuid) is not asked.
 * @threads any
 * @blocks the thread, for a moment
 * @owns nothing
 * @errors 1: started now; 0: the environment does not say so, or it was started before; those of weft_diag_start()
 * @since 0.1
 */
WEFT_API int weft_diag_environment(void);

WEFT_END_DECLS

#endif
