/* SPDX-License-Identifier: MIT */
/*
 * What every task is doing, as text or JSON: name, state and for how long, the scopes around it, where it is (the whole
 * chain of WEFT_CALL), on what it waits, for how long, and who is at the other end. A host calls it from its own signal
 * handling, its admin port or a debugger. It stops nobody: a task that waits is held for the time of reading its frames,
 * and one that is woken meanwhile runs right after; of one that runs the frames are read as it goes on.
 *
 * The other end is the receiver of a full channel, the sender that woke the receiver of an empty one last, the owner of a lock, whoever took a
 * semaphore's permits last or entered an rwlock last, the task that is joined, the thread that runs a job: as far as
 * is known. A task that waits for what only its own poll function knows has no such line.
 */
#ifndef WEFT_DUMP_H
#define WEFT_DUMP_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

typedef enum weft_dump_format {
    WEFT_DUMP_TEXT = 0, /* a few lines per task, for people */
    WEFT_DUMP_JSON = 1  /* one object, below; names that are no UTF-8 have U+FFFD where they are not */
} weft_dump_format;

/*
 * {"runtime": "...", "tasks": [{
 *     "id": 12, "name": "fetch", "category": 0, "state": "waiting", "polls": 3, "age_ns": 0, "idle_ns": 0, "parent": 3,
 *     "cancelled": "deadline",                                     only if it is: user, deadline, sibling, shutdown
 *     "site": {"file": "server.c", "line": 44},                    where it was spawned
 *     "scopes_deeper": false,                                      true: there are more around the first
 *     "scopes": [{"id": 7, "name": "requests", "owner": 3, "file": "server.c", "line": 40}],      the outermost first
 *     "awaits": [{"function": "fetch", "file": "fetch.c", "line": 120}],                          the outermost first
 *     "waits_for": [{"what": "a message in channel", "object": 9, "name": "replies", "for_ns": 0,
 *                    "holder": 5, "holder_is": "…"}]     several of a weft_select; "holder_thread" instead if
 * }]}                                                              it is no task; "ends_in_ns" if it ends by itself
 */

/* One thing that one task waits for; of a weft_select several. What is not known is NULL, "", 0, or -1 of a time. */
typedef struct weft_wait_info {
    size_t size; /* sizeof(weft_wait_info) of the library */
    uint64_t task;
    char task_name[128];
    const char *what;      /* "a message in channel", "a lock" and so on; static */
    uint64_t object;       /* the number of what it waits for, as in the statistics of channels and meeting points */
    char name[128];        /* of the object */
    uint64_t holder;       /* the task at the other end, or a thread with WEFT_OWNER_THREAD of <weft/sync.h> */
    const char *holder_is; /* "receiver", "owner" and so on; static */
    int64_t for_ns;        /* how long it has waited */
    int64_t ends_in_ns;    /* when the wait ends by itself */
    const char *function;  /* the innermost place where it waits; static */
    const char *file;
    uint32_t line;
} weft_wait_info;

/* Takes the next `length` bytes of the dump; other than 0 ends it. */
typedef int weft_dump_fn(void *context, const char *text, size_t length);

WEFT_BEGIN_DECLS

/**
 * Write what the tasks of a runtime are doing, piece by piece. A task that starts or ends meanwhile may be missed.
 * @threads any but a hook
 * @blocks never, unless `write` does
 * @owns the text is valid during the call of write
 * @errors WEFT_EINVAL (null, not a live runtime, unknown format); otherwise what write returned, if not 0
 * @since 0.1
 */
WEFT_API int weft_task_dump(weft_runtime *rt, weft_dump_format format, weft_dump_fn *write, void *context);

/**
 * Write what one task is doing: of WEFT_DUMP_JSON its object alone, without what is around it in weft_task_dump().
 * @threads any but a hook
 * @blocks never, unless `write` does
 * @owns the text is valid during the call of write
 * @errors WEFT_ESRCH (it has ended), WEFT_EINVAL (null, a cleared handle, unknown format); otherwise what write returned,
 *   if not 0
 * @since 0.1
 */
WEFT_API int weft_task_dump_one(weft_task task, weft_dump_format format, weft_dump_fn *write, void *context);

/**
 * Call `visit` for everything that a task of the runtime waits for: the edges of the graph of who waits for whom. As
 * weft_task_dump() it stops nobody. The walk ends when visit returns other than 0, and returns that.
 * @threads any but a hook
 * @blocks never
 * @owns the info is valid during the call of visit
 * @errors WEFT_EINVAL; otherwise what visit returned, if not 0
 * @since 0.1
 */
WEFT_API int weft_wait_visit(weft_runtime *rt, int (*visit)(void *context, const weft_wait_info *info), void *context);

WEFT_END_DECLS

#endif
