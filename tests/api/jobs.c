/* SPDX-License-Identifier: MIT */
/* Jobs that run through on a worker: spawn, result, name, scope, cancel, drop. */
#include "lib/verdict.h"
#include "lib/runtime.h"

static atomic_uint ran, dropped;

static int begin(void **state)
{
    atomic_store(&ran, 0);
    atomic_store(&dropped, 0);
    return runtime_of_two(state);
}

struct sum { const int *numbers; size_t count; };
static int sum(struct sum *self)
{
    int total = 0;
    for (size_t i = 0; i < self->count; i++)
        total += self->numbers[i];
    atomic_fetch_add(&ran, 1);
    return total;
}
static void sum_drop(void *frame)
{
    const struct sum *self = frame;
    VERDICT(self->count == 3 && self->numbers[2] == 3); /* the frame as it was given */
    atomic_fetch_add(&dropped, 1);
}
static const int numbers_given[] = {1, 2, 3};

static void job_gives_its_result(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        weft_task task = weft_spawn_job_as(weft_runtime_scope(rt), WEFT_TASK("adds", .joinable = true, .drop = sum_drop),
                                           sum, .numbers = numbers_given, .count = 3);
        assert_int_equal(weft_task_error(task), 0);
        int result = 0;
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, 6);
    }
    assert_int_equal(atomic_load(&dropped), 0);
}

static void job_has_name_site_and_category(void **state)
{
    (void)state;
    struct latch entered = LATCH, leave = LATCH;
    for (unsigned i = 0; i < 2; i++) { /* both workers are held, so the jobs wait */
        weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
        latch_wait(&entered, i + 1);
    }
    weft_task named = weft_spawn_job_as(weft_runtime_scope(rt), WEFT_TASK("adds", .category = 17), sum, .count = 0);
    weft_task plain = weft_spawn_job(weft_runtime_scope(rt), sum, .count = 0);
    weft_task_info info = {.size = sizeof info};
    assert_int_equal(weft_task_inspect(named, &info), 0);
    assert_string_equal(info.name, "adds");
    assert_int_equal(info.category, 17);
    assert_int_equal(info.state, WEFT_TASK_SCHEDULED);
    assert_int_equal(weft_task_inspect(plain, &info), 0);
    assert_string_equal(info.name, "sum");
    assert_string_equal(info.site->function, __func__);
    assert_int_equal(info.await_line, 0);
    latch_up(&leave);
    WORLD_UNTIL(world_live(rt) == 0);
    assert_int_equal(atomic_load(&ran), 2);
}

static void job_cancelled_before_it_begins_does_not_run(void **state)
{
    (void)state;
    struct latch entered = LATCH, leave = LATCH;
    for (unsigned i = 0; i < 2; i++) {
        weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
        latch_wait(&entered, i + 1);
    }
    weft_task jobs[2] = {
        weft_spawn_job_as(weft_runtime_scope(rt), WEFT_TASK("dropped", .joinable = true, .drop = sum_drop), sum,
                          .numbers = numbers_given, .count = 3),
        weft_spawn_job_as(weft_runtime_scope(rt), WEFT_TASK("bare", .joinable = true), sum, .count = 0),
    };
    for (int i = 0; i < 2; i++)
        assert_int_equal(weft_task_cancel(jobs[i]), 0);
    latch_up(&leave);
    for (int i = 0; i < 2; i++) {
        int result = 0;
        assert_int_equal(weft_task_join_blocking(&jobs[i], WEFT_FOREVER, &result), 0);
        assert_int_equal(result, WEFT_ECANCELED);
    }
    WORLD_UNTIL(world_live(rt) == 0); /* the latches are on this stack */
    assert_int_equal(atomic_load(&ran), 0);
    assert_int_equal(atomic_load(&dropped), 1);
}

/* In a scope: jobs are its members, and one that fails is a failure of the scope. */
struct ends { int code; };
static int ends(struct ends *self)
{
    atomic_fetch_add(&ran, 1);
    return self->code;
}

struct owner { weft_frame weft; weft_scope scope; int code; atomic_int *out; };
static weft_poll owner(weft_context *cx, struct owner *self)
{
    WEFT_BEGIN(cx, self);
    if (!VERDICT(weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "jobs")) == 0))
        WEFT_RETURN(WEFT_EINVAL);
    for (int i = 0; i < 10; i++)
        weft_spawn_job(&self->scope, ends, .code = 0);
    weft_spawn_job(&self->scope, ends, .code = self->code);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    atomic_store(self->out, self->weft.rc);
    WEFT_END(0);
}

static void job_is_a_member_of_its_scope(void **state)
{
    (void)state;
    for (int code = -7; code <= 7; code += 7) {
        atomic_store(&ran, 0);
        atomic_int out = 99;
        weft_spawn(weft_runtime_scope(rt), owner, .code = code, .out = &out);
        WORLD_UNTIL(world_live(rt) == 0);
        assert_int_equal(atomic_load(&out), code < 0 ? code : 0);
        if (code >= 0)
            assert_int_equal(atomic_load(&ran), 11);
    }
}

/* Frames of every size that the copy treats differently, whole and aligned. */
static int checks_bytes(void *frame)
{
    const unsigned char *bytes = frame;
    const size_t size = bytes[0] | (size_t)bytes[1] << 8;
    VERDICT((uintptr_t)frame % 16 == 0);
    for (size_t i = 2; i < size; i++)
        if (!VERDICT(bytes[i] == (unsigned char)i))
            return -1;
    return (int)size;
}

static void job_frame_is_copied_whole(void **state)
{
    (void)state;
    static unsigned char bytes[WEFT_FRAME_MAX];
    static weft_site site = {__FILE__, "tests", "bytes", __LINE__, UINT32_MAX, 0};
    const size_t sizes[] = {2, 8, 1007, 1008, 1009, 4096, WEFT_FRAME_MAX - 16};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t at = 2; at < sizeof bytes; at++)
            bytes[at] = (unsigned char)at;
        bytes[0] = (unsigned char)sizes[i];
        bytes[1] = (unsigned char)(sizes[i] >> 8);
        const weft_task_options options = WEFT_TASK("bytes", .joinable = true);
        weft_task task = weft_spawn_job_frame(weft_runtime_scope(rt), &site, &options, checks_bytes, bytes, sizes[i]);
        memset(bytes, 0xEE, sizeof bytes);
        int result = 0;
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, sizes[i]);
    }
}

static int no_frame(void *frame)
{
    (void)frame;
    atomic_fetch_add(&ran, 1);
    return 0;
}

static void job_misuse_is_refused(void **state)
{
    (void)state;
    static weft_site site = {__FILE__, "tests", "misuse", __LINE__, UINT32_MAX, 0};
    weft_scope *scope = weft_runtime_scope(rt);
    static char bytes[WEFT_FRAME_MAX];
    assert_int_equal(weft_task_error(weft_spawn_job_frame(scope, &site, NULL, NULL, NULL, 0)), WEFT_EINVAL);
    assert_int_equal(weft_task_error(weft_spawn_job_frame(scope, &site, NULL, no_frame, NULL, 1)), WEFT_EINVAL);
    assert_int_equal(weft_task_error(weft_spawn_job_frame(scope, &site, NULL, no_frame, bytes, WEFT_FRAME_MAX - 15)),
                     WEFT_EINVAL);
    assert_int_equal(weft_task_error(weft_spawn_job_frame(scope, NULL, NULL, no_frame, NULL, 0)), WEFT_EINVAL);
    assert_int_equal(weft_task_error(weft_spawn_job_frame(NULL, &site, NULL, no_frame, NULL, 0)), WEFT_EINVAL);
    assert_int_equal(weft_task_error(weft_spawn_job_frame(scope, &site, NULL, no_frame, NULL, 0)), 0);
    WORLD_UNTIL(world_live(rt) == 0);
    assert_int_equal(atomic_load(&ran), 1);
}

static void job_after_shutdown_is_refused(void **state)
{
    (void)state;
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    assert_int_equal(weft_task_error(weft_spawn_job_as(weft_runtime_scope(rt), WEFT_TASK("late", .drop = sum_drop), sum,
                                                       .numbers = numbers_given, .count = 3)),
                     WEFT_ESHUTDOWN);
    assert_int_equal(atomic_load(&dropped), 0); /* refused: the frame's things are still the caller's */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, runtime_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(job_gives_its_result),
        TEST(job_has_name_site_and_category),
        TEST(job_cancelled_before_it_begins_does_not_run),
        TEST(job_is_a_member_of_its_scope),
        TEST(job_frame_is_copied_whole),
        TEST(job_misuse_is_refused),
        TEST(job_after_shutdown_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
