/* SPDX-License-Identifier: MIT */
#include "task/frames.h"

#include "base/tsan.h"
#include "registry/slab.h"

void weft__frames_read(const weft__task *task, struct weft__frames *out)
{
    out->count = 0;
    for (const weft_frame *frame = weft__task_step((weft__task *)(uintptr_t)task); frame && frame->function;
         frame = frame->callee) { /* without a function: it has not begun */
        if (out->count == WEFT__FRAMES_MAX)
            return;
        out->places[out->count++] = (struct weft__place){frame->function, frame->line};
    }
}

/* Whether a frame at this address would lie in the task's slot, behind the header. */
static bool frames_in_slot(const weft__task *task, const weft_frame *frame)
{
    const uintptr_t begin = (uintptr_t)(task + 1), at = (uintptr_t)frame;
    const uintptr_t end = (uintptr_t)task + weft__slot_size(task);
    return at % _Alignof(weft_frame) == 0 && at >= begin && at <= end - sizeof *frame;
}

/*
 * A seqlock's read, not instrumented: what the step writes where a frame was is its own and no atomic, and what is read
 * of it is thrown away by the checks that follow.
 */
WEFT__NO_TSAN static void frames_collect(weft__task *task, struct weft__frames *out)
{
    const weft_frame *frame = weft__task_step(task);
    out->count = 0;
    while (frame && frames_in_slot(task, frame) && out->count < WEFT__FRAMES_MAX) {
        struct weft__place *place = &out->places[out->count];
        place->function = __atomic_load_n(&frame->function, __ATOMIC_ACQUIRE);
        place->line = __atomic_load_n(&frame->line, __ATOMIC_ACQUIRE);
        if (!place->function)
            return;
        out->count++;
        frame = __atomic_load_n(&frame->callee, __ATOMIC_ACQUIRE); /* FR-A1 */
    }
}

static bool frames_equal(const struct weft__frames *left, const struct weft__frames *right)
{
    if (left->count != right->count)
        return false;
    for (uint32_t i = 0; i < left->count; i++)
        if (left->places[i].function != right->places[i].function || left->places[i].line != right->places[i].line)
            return false;
    return true;
}

static bool frames_believed(const struct weft__frames *frames, const struct weft__loaded *loaded)
{
    for (uint32_t i = 0; i < frames->count; i++) {
        const weft_function *function = frames->places[i].function;
        if ((uintptr_t)function % _Alignof(weft_function) != 0 ||
            !weft__loaded_contains(loaded, function, sizeof *function) ||
            !weft__loaded_text(loaded, function->name) || !weft__loaded_text(loaded, function->file))
            return false;
    }
    return true;
}

enum { FRAMES_TRIES = 4 };

void weft__frames_peek(weft__task *task, uint32_t tag, const struct weft__loaded *loaded, struct weft__frames *out)
{
    for (int i = 0; i < FRAMES_TRIES; i++) {
        struct weft__frames again;
        frames_collect(task, out);
        frames_collect(task, &again);
        /* An RMW that changes nothing, as in weft__task_copy(): what was read cannot be younger than what it finds. */
        const uint64_t word = weft__fetch_or_release(&task->state, 0); /* ST-R4 */
        if (weft__state_tag(word) != tag || (word & WEFT__FREE))
            break;
        if (frames_equal(out, &again) && frames_believed(out, loaded))
            return;
    }
    out->count = 0;
}
