/* SPDX-License-Identifier: MIT */
/*
 * What callbacks are given can be used as the type that it is: a copy of the library's is aligned for any type of at most 16,
 * whatever its size and wherever it is kept.
 */
#include "lib/pool.h"

enum { LARGEST = 4096 };
static const size_t sizes[] = {8, 16, 24, 32, 40, 48, 104, 112, 1000, 1008, 1024, 1040, 4088, LARGEST};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static _Alignas(16) unsigned char bytes[LARGEST];
static size_t size; /* of what is under test; a type has an alignment that divides its size */
static atomic_uint given;

static void look(const void *at)
{
    VERDICT((uintptr_t)at % (size % 16 == 0 ? 16 : 8) == 0 && memcmp(at, bytes, size) == 0);
    atomic_fetch_add(&given, 1);
}

static void drop(void *message, void *context)
{
    (void)context;
    look(message);
}

static void drop_frame(void *frame) { look(frame); }

static void begin_size(size_t of, unsigned char mark)
{
    size = of;
    memset(bytes, mark, sizeof bytes);
    atomic_store(&given, 0);
}

static void end_size(unsigned calls)
{
    verdict_assert();
    assert_int_equal(atomic_load(&given), calls);
}

static void message_is_aligned_where_it_is_dropped(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * SIZES; i++) {
        const bool evicts = i >= SIZES;
        weft_sender out;
        weft_receiver in;
        begin_size(sizes[i % SIZES], (unsigned char)i);
        assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 3, .drop = drop,
                                                                      .overflow = evicts ? WEFT_DROP_OLDEST : WEFT_WAIT),
                                             size, &out, &in), 0);
        for (int sent = 0; sent < (evicts ? 5 : 3); sent++)
            assert_int_equal(weft_channel_try_send(&out, bytes), sent >= 3);
        weft_receiver_close(&in);
        weft_sender_close(&out);
        end_size(evicts ? 5 : 3);
    }
}

static void value_of_a_oneshot_is_aligned_where_it_is_dropped(void **state)
{
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        weft_oneshot_sender out;
        weft_oneshot_receiver in;
        begin_size(sizes[i], (unsigned char)i);
        assert_int_equal(weft_oneshot_create(rt, WEFT_ONESHOT_OPTIONS(.drop = drop), size, &out, &in), 0);
        assert_int_equal(weft_oneshot_send(&out, bytes), 0);
        weft_oneshot_receiver_close(&in);
        weft_oneshot_sender_close(&out);
        end_size(1);
    }
}

static int changed(void *value, void *context)
{
    (void)context;
    look(value);
    return 0;
}

static void value_of_a_watch_is_aligned_where_it_is_modified(void **state)
{
    (void)state;
    for (int i = 0; i < SIZES; i++) { /* small copies are on the stack, larger ones are not */
        weft_watch_sender out;
        weft_watch_receiver in;
        begin_size(sizes[i], (unsigned char)i);
        assert_int_equal(weft_watch_create(rt, NULL, size, bytes, &out, &in), 0);
        assert_int_equal(weft_watch_modify(&out, changed, NULL), 0);
        weft_watch_receiver_close(&in);
        weft_watch_sender_close(&out);
        end_size(1);
    }
}

static int copied(void *to, const void *from, void *context)
{
    (void)context;
    look(from);
    memcpy(to, from, size);
    return 0;
}

static void message_of_a_broadcast_is_aligned_where_it_is_copied_and_dropped(void **state)
{
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        weft_broadcast_sender out;
        weft_broadcast_receiver in;
        _Alignas(16) static unsigned char got[LARGEST];
        begin_size(sizes[i], (unsigned char)i);
        assert_int_equal(weft_broadcast_create(rt, WEFT_BROADCAST_OPTIONS(.capacity = 2, .copy = copied, .drop = drop), size,
                                               &out, &in), 0);
        for (int round = 0; round < 3; round++) {
            assert_true(weft_broadcast_send(&out, bytes) >= 0);
            assert_int_equal(weft_broadcast_try_recv(&in, got, NULL), 0);
        }
        weft_broadcast_receiver_close(&in);
        weft_broadcast_sender_close(&out);
        end_size(6);
    }
}

static weft_poll polled(weft_context *cx, void *frame)
{
    (void)cx;
    look(frame);
    return WEFT_READY;
}

static int job_ran(void *frame)
{
    look(frame);
    return 0;
}

static weft_site site = {__FILE__, "tests", "aligned", __LINE__, UINT32_MAX, 0};

/* Each kind runs once, and is dropped once: cancelled while the one worker is held. */
static void frame_is_aligned_where_it_runs_and_where_it_is_dropped(void **state)
{
    (void)state;
    weft_scope *scope = weft_runtime_scope(rt);
    for (int i = 0; i < SIZES; i++) {
        struct latch entered = LATCH, leave = LATCH;
        begin_size(sizes[i], (unsigned char)i);
        weft_spawn(scope, plug, .entered = &entered, .leave = &leave);
        latch_wait(&entered, 1);
        for (int cancels = 0; cancels < 2; cancels++) {
            const weft_task_options options = WEFT_TASK(cancels ? "a name" : "another, and a longer one", .drop = drop_frame);
            const weft_task task = weft_spawn_frame(scope, &site, &options, polled, bytes, size);
            const weft_task job = weft_spawn_job_frame(scope, &site, &options, job_ran, bytes, size);
            assert_int_equal(cancels ? weft_task_cancel(task) | weft_task_cancel(job) : 0, 0);
        }
        latch_up(&leave);
        world_settle(rt);
        end_size(4);
    }
}

static void argument_of_a_blocking_job_is_aligned_where_it_runs_and_where_it_is_dropped(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    for (int i = 0; i < SIZES; i++) {
        struct plugs plugs;
        weft_job runs, drops;
        begin_size(sizes[i], (unsigned char)i);
        plug_pool(&plugs, 1);
        runs = try_begin(WEFT_JOB(job_ran, bytes, .argument_size = size, .name = "runs"));
        drops = try_begin(WEFT_JOB(job_ran, bytes, .argument_size = size, .name = "is taken back", .drop = drop_frame));
        assert_int_equal(weft_job_cancel(drops), 0);
        unplug_pool(&plugs);
        assert_int_equal(wait_for(&runs), 0);
        assert_int_equal(wait_for(&drops), WEFT_ECANCELED);
        end_size(2);
    }
    close_pool();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(message_is_aligned_where_it_is_dropped, runtime_of_one, runtime_end),
        cmocka_unit_test_setup_teardown(value_of_a_oneshot_is_aligned_where_it_is_dropped, runtime_of_one, runtime_end),
        cmocka_unit_test_setup_teardown(value_of_a_watch_is_aligned_where_it_is_modified, runtime_of_one, runtime_end),
        cmocka_unit_test_setup_teardown(message_of_a_broadcast_is_aligned_where_it_is_copied_and_dropped, runtime_of_one, runtime_end),
        cmocka_unit_test_setup_teardown(frame_is_aligned_where_it_runs_and_where_it_is_dropped, runtime_of_one, runtime_end),
        cmocka_unit_test(argument_of_a_blocking_job_is_aligned_where_it_runs_and_where_it_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
