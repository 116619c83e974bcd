/* SPDX-License-Identifier: MIT */
/*
 * What every task is doing, as text or JSON: name, state, where it waits (the whole chain of WEFT_CALL), on what, and who
 * is at the other end. A host calls it from its own signal handling, its admin port or a debugger. It stops nobody: a
 * task that waits is held for the time of reading its frames, and one that is woken meanwhile runs right after.
 */
#ifndef WEFT_DUMP_H
#define WEFT_DUMP_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

typedef enum weft_dump_format {
    WEFT_DUMP_TEXT = 0, /* a few lines per task, for people */
    WEFT_DUMP_JSON = 1  /* one object: {"runtime", "tasks": [{"id", "name", "state", "awaits": [...], "waits_for": …}]} */
} weft_dump_format;

/* Takes `length` bytes of the dump; other than 0 ends it. */
typedef int weft_dump_fn(void *context, const char *text, size_t length);

WEFT_BEGIN_DECLS

/**
 * Write what the tasks of a runtime are doing, task by task. A task that starts or ends meanwhile may be missed.
 * @threads any but a hook
 * @blocks never, unless `write` does
 * @owns the text is valid during the call of write
 * @errors WEFT_EINVAL (null, not a live runtime, unknown format); otherwise what write returned, if not 0
 * @since 0.1
 */
WEFT_API int weft_task_dump(weft_runtime *rt, weft_dump_format format, weft_dump_fn *write, void *context);

WEFT_END_DECLS

#endif
