/* SPDX-License-Identifier: MIT */
/*
 * Children, as something that tasks wait for. A child is a descriptor (pidfd_open), so its end is waited for as a socket
 * is, and neither SIGCHLD nor its handler is touched. Its standard streams can be pipes of weft.
 */
#ifndef WEFT_PROCESS_H
#define WEFT_PROCESS_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/io.h>
#include <weft/types.h>

/* What a standard stream of a child is. */
typedef enum weft_stream {
    WEFT_STREAM_INHERIT = 0,
    WEFT_STREAM_NULL = 1, /* /dev/null */
    WEFT_STREAM_PIPE = 2, /* the other end is the caller's */
    WEFT_STREAM_OUTPUT = 3 /* of standard error: where standard output goes */
} weft_stream;

/* Zero means default. Build it with WEFT_PROCESS_OPTIONS(.argv = (char *const[]){"ls", "-l", NULL}). */
typedef struct weft_process_options {
    size_t size;
    char *const *argv;  /* the program, looked up in PATH if it has no '/', and its arguments; NULL ends it */
    char *const *envp;  /* NULL: the caller's */
    const char *folder; /* where it begins; NULL: here */
    weft_stream input;
    weft_stream output;
    weft_stream error;
    bool group; /* it leads a process group of its own, to which signals are sent */
} weft_process_options;

#define WEFT_PROCESS_OPTIONS(...) WEFT__OPTIONS(weft_process_options, __VA_ARGS__)

/* A child. Zero it before its first use. The pipes that were asked for are the caller's to use and to close. */
typedef struct weft_process {
    weft_fd fd; /* readable once it has ended */
    int pid;
    int weft__flags;
    weft_fd input;  /* to write to */
    weft_fd output; /* to read from */
    weft_fd error;
} weft_process;

WEFT_BEGIN_DECLS

/**
 * Start a child. It has no signal blocked, and those that are ignored by default; of the caller's descriptors it gets the three
 * standard ones. The calling thread stands still until the program is loaded, a millisecond or so.
 * @threads any
 * @blocks the thread, until the child has begun or could not
 * @owns *out_process is the caller's: wait for it, or release it
 * @errors WEFT_EINVAL, WEFT_ENOENT (no such program), WEFT_EACCES, WEFT_EAGAIN, WEFT_ENOMEM, WEFT_EMFILE, WEFT_ESHUTDOWN, WEFT_EBUSY
 *   (*out_process is a child already), WEFT_ESRCH (the host ignores SIGCHLD: children cannot be waited for), and others of the
 *   system
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_process_start(weft_runtime *rt, const weft_process_options *options,
                                              weft_process *out_process);

/**
 * Wait until the child has ended; an awaitable. Answers 0, and in *out_status its exit code, or 256 and more: the signal
 * that ended it plus 256.
 * @threads task
 * @blocks suspends the task, until it has ended
 * @owns on success the child is gone; its pipes are the caller's still
 * @errors WEFT_ECANCELED (the child goes on), WEFT_EINVAL, WEFT_EBADF (released)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_process_wait(weft_context *cx, weft_process *process, int *out_status);

/**
 * Send it a signal, or to its group if it leads one. Never another process: the child is known by its descriptor.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_ESRCH (it has ended), WEFT_EPERM, WEFT_EINVAL (no such signal, no child)
 * @since 0.1
 */
WEFT_API int weft_process_signal(weft_process *process, int signal);

/**
 * Close the pipes, and if nobody has waited for the child, end it with SIGKILL and wait for that; also when the runtime is gone.
 * @threads any
 * @blocks the thread, until the system has ended it
 * @owns the child is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_process_release(weft_process *process);

WEFT_END_DECLS

#endif
