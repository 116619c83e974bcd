/* SPDX-License-Identifier: MIT */
/*
 * Signals, as something that tasks wait for: a descriptor that the system gives them to (signalfd), no handler, nothing
 * process-wide but what the host does itself. A signal reaches the descriptor only while every thread of the host has it
 * blocked: block it at the beginning of main(), before threads are started; threads of weft have all of them blocked.
 */
#ifndef WEFT_SIGNALS_H
#define WEFT_SIGNALS_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/io.h>
#include <weft/types.h>

/* One that has come. */
typedef struct weft_signal {
    int number;
    int pid; /* who sent it; 0: the system */
    unsigned uid;
    int value; /* of sigqueue() */
} weft_signal;

WEFT_BEGIN_DECLS

/**
 * Have signals given to a descriptor. They are blocked on the calling thread.
 * @threads any
 * @blocks never
 * @owns *out_fd is the caller's to close; the thread's mask stays
 * @errors WEFT_EINVAL (none, or one that cannot be blocked), WEFT_EMFILE, WEFT_ENOMEM, WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_signals_open(weft_runtime *rt, const int *numbers, size_t count, weft_fd *out_fd);

/**
 * Wait for the next signal; an awaitable. Several of a kind that come before they are taken are one.
 * @threads task
 * @blocks suspends the task, until one has come
 * @owns nothing
 * @errors as weft_fd_read()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_signals_wait(weft_context *cx, weft_fd *fd, weft_signal *out_signal);

WEFT_END_DECLS

#endif
