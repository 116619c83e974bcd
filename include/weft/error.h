/* SPDX-License-Identifier: MIT */
/*
 * Error codes: every call returns 0 or a positive count on success and one of these negative numbers on failure. Where
 * an errno exists the code is its negative, so codes of the C library and of libuv pass through unchanged.
 */
#ifndef WEFT_ERROR_H
#define WEFT_ERROR_H

#include <errno.h>
#include <weft/api.h>

/* The one table: it makes the enum, weft_error_name() and weft_error_text(). XX(name, number, text) */
#define WEFT_ERROR_MAP(XX)                                                                                             \
    XX(EINVAL, EINVAL, "an argument is out of its range or null")                                                      \
    XX(ENOMEM, ENOMEM, "no memory; nothing was taken and nothing changed")                                             \
    XX(EAGAIN, EAGAIN, "not now: it is full, or empty, or the system has none to give; try again")                     \
    XX(EPIPE, EPIPE, "closed: nobody is left at the other end")                                                        \
    XX(ECANCELED, ECANCELED, "the task or its scope was cancelled")                                                    \
    XX(ETIMEDOUT, ETIMEDOUT, "the deadline passed first")                                                              \
    XX(ESHUTDOWN, ESHUTDOWN, "the runtime is shutting down or gone")                                                   \
    XX(ESRCH, ESRCH, "the handle is stale: what it named has ended")                                                   \
    XX(EBUSY, EBUSY, "in use: another waiter, or an open scope")                                                       \
    XX(EDEADLK, EDEADLK, "it would wait for itself: not from this task or worker")                                     \
    XX(EPERM, EPERM, "not from here: needs a task, or needs a host thread")                                            \
    XX(ERANGE, ERANGE, "a count or a size beyond the documented limit")                                                \
    XX(ELAGGED, EOVERFLOW, "messages were lost: the receiver was slower than the broadcast keeps them")                \
    XX(ENOENT, ENOENT, "not found")                                                                                    \
    XX(EPROTO, EPROTO, "a component of another version")                                                               \
    XX(ENOTCONN, ENOTCONN, "not connected; of tracing: no session daemon answers")                                     \
    XX(EBADF, EBADF, "no open descriptor: it was closed, perhaps under the wait")                                      \
    XX(ECONNRESET, ECONNRESET, "the other side has reset the connection")                                              \
    XX(ECONNREFUSED, ECONNREFUSED, "nobody listens at that address")                                                   \
    XX(ECONNABORTED, ECONNABORTED, "the connection was given up before it was accepted")                               \
    XX(EADDRINUSE, EADDRINUSE, "the address is in use")                                                                \
    XX(EADDRNOTAVAIL, EADDRNOTAVAIL, "the address is not one of this machine's")                                       \
    XX(EAFNOSUPPORT, EAFNOSUPPORT, "a kind of address that is not supported")                                          \
    XX(ENETUNREACH, ENETUNREACH, "no way to that network")                                                             \
    XX(EHOSTUNREACH, EHOSTUNREACH, "no way to that machine")                                                           \
    XX(EACCES, EACCES, "the system does not allow it")                                                                 \
    XX(EMSGSIZE, EMSGSIZE, "a message that does not fit")                                                              \
    XX(EMFILE, EMFILE, "too many: descriptors, runtimes or hooks")                                                     \
    XX(ENFILE, ENFILE, "the system has no descriptor left")                                                            \
    XX(ENOBUFS, ENOBUFS, "the system has no room for the network")                                                     \
    XX(ENOSPC, ENOSPC, "no room on the device, or a limit of the system is reached")                                   \
    XX(EIO, EIO, "the device has failed")                                                                              \
    XX(EEXIST, EEXIST, "it exists already")                                                                            \
    XX(ENOTDIR, ENOTDIR, "a part of the path is no folder")                                                            \
    XX(EISDIR, EISDIR, "it is a folder")                                                                               \
    XX(ENOTEMPTY, ENOTEMPTY, "the folder is not empty")                                                                \
    XX(ENAMETOOLONG, ENAMETOOLONG, "the path is too long")                                                             \
    XX(EROFS, EROFS, "it cannot be written to there")                                                                  \
    XX(ETXTBSY, ETXTBSY, "the program is being written")                                                               \
    XX(ENOEXEC, ENOEXEC, "it is no program")

typedef enum weft_error {
#define WEFT__ERROR_ENUM(name, number, text) WEFT_##name = -(number),
    WEFT_ERROR_MAP(WEFT__ERROR_ENUM)
#undef WEFT__ERROR_ENUM
} weft_error;

WEFT_BEGIN_DECLS

/**
 * The symbol of a code, for example "WEFT_EPIPE"; "WEFT_OK" for 0 and above, "WEFT_E?" for a code weft does not give.
 * @threads any
 * @blocks never
 * @owns the text is static
 * @errors none
 * @since 0.1
 */
WEFT_API const char *weft_error_name(int code);

/**
 * One sentence for a code; for a code weft does not give, a fixed text that says so.
 * @threads any
 * @blocks never
 * @owns the text is static
 * @errors none
 * @since 0.1
 */
WEFT_API const char *weft_error_text(int code);

/**
 * What was wrong with the last refused call of this thread: the call, the value and the way out, for example
 * "weft_channel_create: capacity 0 of channel 'orders': give 1 to 16777215". Empty if no call was refused yet.
 * Outcomes of normal work (EAGAIN, EPIPE, ECANCELED, ETIMEDOUT of what waits; ESRCH of a task that has ended) do not
 * write it.
 * @threads any; each thread has its own text
 * @blocks never
 * @owns the text belongs to the thread and changes with its next refused call
 * @errors none
 * @since 0.1
 */
WEFT_API const char *weft_error_detail(void);

/**
 * Keep a text as this thread's weft_error_detail(), and answer the code: for the components of weft, and for libraries
 * that wrap it. Begin it with the call: "call: what was wrong, the value, the way out". At most 319 bytes are kept.
 * @threads any
 * @blocks never
 * @owns the texts are copied
 * @errors code, whatever it is
 * @since 0.1
 */
WEFT_API int weft_error_refuse(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

WEFT_END_DECLS

#endif
