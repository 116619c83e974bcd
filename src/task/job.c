/* SPDX-License-Identifier: MIT */
/*
 * Jobs on workers: a task whose poll function is this file's, and runs the job's function behind it. The two words that
 * it needs stand in front of the job's own frame.
 */
#include <string.h>
#include <weft/error.h>

#include "base/error.h"
#include "base/platform.h"
#include "task/context.h"

struct job_head {
    weft_run_fn *fn;
    void (*drop)(void *frame);
};

_Static_assert(sizeof(struct job_head) == 16, "the frame behind it is aligned as any");

enum { JOB_ON_STACK = 1024 }; /* a larger frame is put together on the heap */

static weft_poll job_poll(weft_context *cx, void *frame)
{
    struct job_head *head = frame;
    cx->weft__result = head->fn(head + 1);
    return WEFT_READY;
}

/* In place of a job that was cancelled before it began: without this its body would run, and it cannot know better. */
static void job_drop(void *frame)
{
    struct job_head *head = frame;
    if (head->drop)
        head->drop(head + 1);
}

static weft_task job_failed(int code)
{
    return (weft_task){.id = 0, .weft__slot = (uint32_t)-code};
}

weft_task weft_spawn_job_frame(weft_scope *scope, weft_site *site, const weft_task_options *options, weft_run_fn *fn,
                               const void *frame, size_t frame_size)
{
    const size_t size = sizeof(struct job_head) + frame_size;
    if (!fn || (frame_size > 0 && !frame) || frame_size > WEFT_FRAME_MAX - sizeof(struct job_head))
        return job_failed(weft__refuse(WEFT_EINVAL, "weft_spawn_job: a frame of %zu bytes: give a function and at most %zu "
                                                    "bytes",
                                       frame_size, WEFT_FRAME_MAX - sizeof(struct job_head)));
    if (options && options->size < sizeof *options)
        return job_failed(weft__refuse(WEFT_EINVAL, "weft_spawn_job: options of %zu bytes, not %zu: use WEFT_TASK()",
                                       options->size, sizeof *options));
    _Alignas(16) unsigned char stack[JOB_ON_STACK];
    unsigned char *whole = size <= sizeof stack ? stack : weft__alloc(size);
    if (!whole)
        return job_failed(weft__refuse(WEFT_ENOMEM, "weft_spawn_job: no memory for a frame of %zu bytes: nothing was taken",
                                       frame_size));
    const struct job_head head = {fn, options ? options->drop : NULL};
    memcpy(whole, &head, sizeof head);
    if (frame_size > 0)
        memcpy(whole + sizeof head, frame, frame_size);
    weft_task_options mine = options ? *options : (weft_task_options){.size = sizeof mine};
    mine.drop = job_drop;
    const weft_task task = weft_spawn_frame(scope, site, &mine, job_poll, whole, size);
    if (whole != stack)
        weft__free(whole);
    return task;
}
