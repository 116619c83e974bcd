/* SPDX-License-Identifier: MIT */
/*
 * Chains of frames, read and peeked at: a slot that is filled in by hand, so that every kind of wrong pointer that a
 * torn or stale read could find is there when it is looked at.
 */
#include "lib/world.h"

#include <stdlib.h>

#include "registry/rcu.h"
#include "task/frames.h"

static const weft_function outer = {"outer", "outer.c"}, inner = {"inner", "inner.c"};

struct made {
    weft_frame weft;
    weft_frame call;
    weft_frame call_of_call;
    void *aligned;
};

static weft_site site = {.file = "site.c", .function = "f", .name = "made", .frame_offset = 0};

enum { TAG = 77 };

/* A slab, and in it one task as spawn would leave it, in the middle of a poll: outer at line 10 has called inner at 20. */
static struct weft__slab slab;
static struct weft__loaded loaded;

static weft__task *make(struct made **out_frame)
{
    weft__slab_init(&slab, NULL);
    weft__task *task = weft__slab_alloc(&slab, NULL, sizeof *task + sizeof(struct made));
    assert_non_null(task);
    struct made *frame = weft__task_frame(task);
    weft__store_relaxed(&task->site, &site);
    weft__store_relaxed(&task->id, TAG);
    *frame = (struct made){.weft = {.line = 10, .callee = &frame->call, .function = &outer},
                           .call = {.line = 20, .function = &inner}};
    weft__state_init(&task->state, TAG, true);
    weft__state_start(&task->state);
    weft__loaded_read(&loaded);
    *out_frame = frame;
    return task;
}

static uint32_t peek(weft__task *task, uint32_t tag, struct weft__frames *out)
{
    weft__rcu_read_lock();
    weft__frames_peek(task, tag, &loaded, out);
    weft__rcu_read_unlock();
    return out->count;
}

static void frames_are_the_same_read_and_peeked_at(void **state)
{
    (void)state;
    struct made *frame;
    weft__task *task = make(&frame);
    struct weft__frames read, peeked;
    weft__frames_read(task, &read);
    assert_int_equal(read.count, 2);
    assert_int_equal(peek(task, TAG, &peeked), 2);
    for (int i = 0; i < 2; i++) {
        assert_ptr_equal(read.places[i].function, i ? &inner : &outer);
        assert_ptr_equal(peeked.places[i].function, read.places[i].function);
        assert_int_equal(peeked.places[i].line, i ? 20 : 10);
    }
    assert_int_equal(weft__frames_innermost(&peeked).line, 20);
    frame->call.function = NULL; /* called, and not begun */
    assert_int_equal(peek(task, TAG, &peeked), 1);
    frame->weft.function = NULL;
    assert_int_equal(peek(task, TAG, &peeked), 0);
    assert_null(weft__frames_innermost(&peeked).function);
    weft__slab_fini(&slab);
}

static void peek_follows_no_pointer_out_of_the_slot(void **state)
{
    (void)state;
    struct made *frame;
    weft__task *task = make(&frame);
    struct weft__frames peeked;
    weft_frame elsewhere = {.line = 30, .function = &inner};
    const uintptr_t end = (uintptr_t)task + weft__slot_size(task);
    weft_frame *const wrong[] = {
        &elsewhere,                                                 /* a frame of the host's own */
        (weft_frame *)(void *)((char *)&frame->call + 4),           /* misaligned */
        (weft_frame *)(void *)task,                                 /* the header */
        (weft_frame *)(end - sizeof(weft_frame) + 8),               /* half of it behind the end */
        (weft_frame *)end,                                          /* the next slot */
        (weft_frame *)((uintptr_t)UINTPTR_MAX & ~(uintptr_t)7),     /* the end of everything */
        (weft_frame *)(uintptr_t)0x4141414141414140,
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        frame->weft.callee = wrong[i];
        assert_int_equal(peek(task, TAG, &peeked), 1);
        assert_int_equal(peeked.places[0].line, 10);
    }
    frame->weft.callee = (weft_frame *)(end - sizeof(weft_frame)); /* the last place that a frame can have, and empty */
    assert_int_equal(peek(task, TAG, &peeked), 1);
    weft__frames_read(task, &peeked);
    assert_int_equal(peeked.count, 1);
    frame->weft.callee = &elsewhere; /* for whoever holds the task it is as good as any other */
    weft__frames_read(task, &peeked);
    assert_int_equal(peeked.count, 2);
    weft__slab_fini(&slab);
}

static void peek_believes_no_stale_bytes(void **state)
{
    (void)state;
    struct made *frame;
    weft__task *task = make(&frame);
    struct weft__frames peeked;
    weft_function *on_heap = malloc(sizeof *on_heap);
    assert_non_null(on_heap);
    *on_heap = inner;
    static char text[] = "a text";
    static const weft_function no_name = {NULL, "file.c"}, wild_name = {(const char *)(uintptr_t)0x4141414141414141, "file.c"},
                               wild_file = {"name", (const char *)(uintptr_t)8};
    const void *const wrong[] = {
        on_heap, &no_name, &wild_name, &wild_file, (void *)(uintptr_t)0x4141414141414141, (void *)(uintptr_t)8, text + 1,
        frame,
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        frame->call.function = wrong[i];
        assert_int_equal(peek(task, TAG, &peeked), 0);
    }
    free(on_heap);
    weft__slab_fini(&slab);
}

static void peek_ends_in_a_circle(void **state)
{
    (void)state;
    struct made *frame;
    weft__task *task = make(&frame);
    struct weft__frames peeked;
    frame->call.callee = &frame->weft;
    assert_int_equal(peek(task, TAG, &peeked), WEFT__FRAMES_MAX);
    weft__slab_fini(&slab);
}

static void peek_knows_another_task(void **state)
{
    (void)state;
    struct made *frame;
    weft__task *task = make(&frame);
    struct weft__frames peeked;
    assert_int_equal(peek(task, TAG + 1, &peeked), 0);
    assert_int_equal(peek(task, TAG, &peeked), 2);
    weft__state_complete(&task->state);
    weft__state_free(&task->state);
    assert_int_equal(peek(task, TAG, &peeked), 0);
    weft__slab_fini(&slab);
}

/* A step without frames of its own: nothing to tell. */
static void frames_of_a_hand_written_function_are_none(void **state)
{
    (void)state;
    struct made *frame;
    weft__task *task = make(&frame);
    static weft_site by_hand = {.file = "site.c", .name = "by_hand", .frame_offset = UINT32_MAX};
    static weft_site wrong = {.file = "site.c", .name = "wrong", .frame_offset = 1u << 20}; /* of a slot that had another */
    struct weft__frames peeked;
    weft__store_relaxed(&task->site, &by_hand);
    assert_int_equal(peek(task, TAG, &peeked), 0);
    weft__frames_read(task, &peeked);
    assert_int_equal(peeked.count, 0);
    weft__store_relaxed(&task->site, &wrong);
    assert_int_equal(peek(task, TAG, &peeked), 0);
    weft__slab_fini(&slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_the_same_read_and_peeked_at),
        cmocka_unit_test(peek_follows_no_pointer_out_of_the_slot),
        cmocka_unit_test(peek_believes_no_stale_bytes),
        cmocka_unit_test(peek_ends_in_a_circle),
        cmocka_unit_test(peek_knows_another_task),
        cmocka_unit_test(frames_of_a_hand_written_function_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
