/* SPDX-License-Identifier: MIT */
/*
 * Files, as awaitables. The system reads and writes regular files on the calling thread, however long that takes; so each
 * operation here is a job of the runtime's pool (<weft/blocking.h>), with a name by which it is seen there. A task that is
 * cancelled takes back an operation that has not started; one that has started runs to its end, and its answer is given. For a
 * limit, or as one of several: in a task of its own, whose join is a future (examples/20_limits.c).
 *
 *     WEFT_AWAIT(self->fd, weft_file_open(cx, &self->op, "/etc/hosts", O_RDONLY, 0));
 *     WEFT_AWAIT(self->weft.rc, weft_file_read(cx, &self->op, self->fd, self->buffer, sizeof self->buffer, WEFT_FILE_NEXT));
 *
 * All of them, beyond what each says:
 * @errors WEFT_ECANCELED (it has not run), WEFT_ESHUTDOWN, WEFT_EAGAIN (the pool has no thread and the system gives none),
 *   WEFT_ENOMEM, WEFT_EINVAL (null), and the system's errors of that call
 */
#ifndef WEFT_FILE_H
#define WEFT_FILE_H

#include <weft/api.h>
#include <weft/blocking.h>
#include <weft/error.h>
#include <weft/types.h>

/* An offset: where the file stands, which moves on. */
#define WEFT_FILE_NEXT (-1)

/* One operation. Zero it before its first use, keep it in the frame; use it for one after the other. */
typedef struct weft_file_op {
    weft_job job;
    const void *weft__pointers[3];
    int64_t weft__numbers[3];
} weft_file_op;

typedef enum weft_file_kind {
    WEFT_FILE_OTHER = 0,
    WEFT_FILE_REGULAR = 1,
    WEFT_FILE_FOLDER = 2,
    WEFT_FILE_SOCKET = 3,
    WEFT_FILE_PIPE = 4
} weft_file_kind;

typedef struct weft_file_info {
    uint64_t size;
    int64_t modified_ns; /* of the wall clock, since 1970; after 2262 INT64_MAX, before 1677 INT64_MIN */
    uint32_t mode;       /* permissions */
    weft_file_kind kind;
} weft_file_info;

WEFT_BEGIN_DECLS

/**
 * open(), close-on-exec. Answers the descriptor, for the calls below.
 * @threads task
 * @blocks suspends the task, until it has been done
 * @owns path must stay until the answer; the descriptor is the caller's to close
 * @errors see above
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_file_open(weft_context *cx, weft_file_op *op, const char *path, int flags, uint32_t mode);

/**
 * close(). Some systems of files tell only here that something was not written. A task that is cancelled does it in a shield
 * (<weft/scope.h>), or calls close() itself.
 * @threads task
 * @blocks suspends the task, until it has been done
 * @owns the descriptor is consumed, unless the answer is WEFT_ECANCELED, WEFT_ESHUTDOWN, WEFT_EAGAIN or WEFT_ENOMEM
 * @errors see above
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_file_close(weft_context *cx, weft_file_op *op, int fd);

/**
 * Read up to `length` bytes, of which one call takes at most 2^30, at `offset`, or where the file stands. Answers how many; 0
 * is the end.
 * @threads task
 * @blocks suspends the task, until it has been done
 * @owns the buffer is in use until the answer
 * @errors see above
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_file_read(weft_context *cx, weft_file_op *op, int fd, void *buffer, size_t length,
                                          int64_t offset);

/**
 * Write `length` bytes, at most 2^30, all of them unless there is an error, at `offset`, or where the file stands. Answers how
 * many; an error in the middle does not say how far it came.
 * @threads task
 * @blocks suspends the task, until it has been done
 * @owns the buffer is in use until the answer
 * @errors see above; WEFT_ERANGE (more than 2^30: nothing was written)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_file_write(weft_context *cx, weft_file_op *op, int fd, const void *buffer, size_t length,
                                           int64_t offset);

/**
 * Wait until what was written is on the disk: fsync().
 * @threads task
 * @blocks suspends the task, until it has been done
 * @owns the descriptor stays the caller's
 * @errors see above
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_file_sync(weft_context *cx, weft_file_op *op, int fd);

/**
 * What is known of the file at a path.
 * @threads task
 * @blocks suspends the task, until it has been done
 * @owns path must stay until the answer
 * @errors see above
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_file_stat(weft_context *cx, weft_file_op *op, const char *path, weft_file_info *out_info);

/**
 * Read a whole file, of at most `limit` bytes. A byte of zero stands behind the last one.
 * @threads task
 * @blocks suspends the task, until it has been done
 * @owns *out_bytes is the caller's: free() it
 * @errors see above; WEFT_ERANGE (it is larger than limit)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_file_load(weft_context *cx, weft_file_op *op, const char *path, size_t limit,
                                          void **out_bytes, size_t *out_length);

/**
 * Write a whole file in one step: whoever reads it finds the old one or the new one. It is on the disk after, and its name.
 * A new file has mode 0666 less the umask; otherwise that of the old one, whose place it takes, also where it was a link.
 * @threads task
 * @blocks suspends the task, until it has been done
 * @owns path and bytes are in use until the answer
 * @errors see above; on an error the file is as it was, unless the folder could not be synchronised after all else was done
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_file_store(weft_context *cx, weft_file_op *op, const char *path, const void *bytes,
                                           size_t length);

/**
 * The names in a folder, each with a zero behind it, sorted by their bytes; without "." and "..". Answers how many.
 * @threads task
 * @blocks suspends the task, until it has been done
 * @owns *out_names is the caller's: free() it
 * @errors see above
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_file_list(weft_context *cx, weft_file_op *op, const char *path, char **out_names);

/**
 * Make a folder.
 * @threads task
 * @blocks suspends the task, until it has been done
 * @owns path must stay until the answer
 * @errors see above
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_file_make_folder(weft_context *cx, weft_file_op *op, const char *path, uint32_t mode);

/**
 * Give a file another name; what had it before is gone.
 * @threads task
 * @blocks suspends the task, until it has been done
 * @owns both must stay until the answer
 * @errors see above
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_file_rename(weft_context *cx, weft_file_op *op, const char *from, const char *to);

/**
 * Remove a file, or a folder that is empty.
 * @threads task
 * @blocks suspends the task, until it has been done
 * @owns path must stay until the answer
 * @errors see above
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_file_remove(weft_context *cx, weft_file_op *op, const char *path);

WEFT_END_DECLS

#endif
