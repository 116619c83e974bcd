/* SPDX-License-Identifier: MIT */
/* The clock anywhere: near 2^31 and 2^32 milliseconds, near 2^36, and an hour before the last nanosecond. */
#include "lib/faulty.h"
#include "lib/world.h"

#include "base/platform.h"

static const int64_t ms = 1000000;

/* A runtime whose clock passes `moment` while it works. */
static void work_across(int64_t moment)
{
    const int64_t before = moment - 20 * ms;
    faulty_begin();
    faulty_clock_ahead(before - weft__platform_linux.clock());
    weft_runtime *rt = world_begin(2);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    atomic_uint leave = 0;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), parked, .leave = &leave, .result = 4);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(numbers_try_send(&out, 2), 0);
    while (weft_clock() < moment + 20 * ms) {
        assert_int_equal(numbers_send_blocking(&out, 3, weft_deadline_in(3 * ms)), WEFT_ETIMEDOUT);
        const weft_channel_stats stats = world_stats(&in);
        assert_in_range(stats.oldest_message_age_ns, 0, INT64_C(600) * 1000 * ms);
        assert_true(stats.wait_total_ns >= 0);
        weft_task_info info = {.size = sizeof info};
        assert_int_equal(weft_task_inspect(task, &info), 0);
        assert_in_range(info.age_ns, 0, INT64_C(600) * 1000 * ms);
        assert_int_equal(weft_task_join_blocking(&task, weft_deadline_in(ms), NULL), WEFT_ETIMEDOUT);
    }
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    int result = 0;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, WEFT_ECANCELED);
    uint64_t got;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(numbers_recv_blocking(&in, &got, weft_deadline_in(ms)), 0);
    assert_int_equal(got, 2);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(rt, 1);
    faulty_clock_ahead(0);
    faulty_end();
}

static void clock_at_the_turn_of_milliseconds_in_31_bits(void **state)
{
    (void)state;
    work_across((INT64_C(1) << 31) * ms);
}

static void clock_at_the_turn_of_milliseconds_in_32_bits(void **state)
{
    (void)state;
    work_across((INT64_C(1) << 32) * ms);
}

static void clock_at_the_turn_of_milliseconds_in_36_bits(void **state)
{
    (void)state;
    work_across((INT64_C(1) << 36) * ms);
}

static void clock_an_hour_before_its_end(void **state)
{
    (void)state;
    work_across(INT64_MAX - INT64_C(3600) * 1000 * ms);
}

static void deadline_is_clamped(void **state)
{
    (void)state;
    assert_true(weft_deadline_in(INT64_MAX) == WEFT_FOREVER);
    assert_true(weft_deadline_in(WEFT_FOREVER - 1) == WEFT_FOREVER);
    const int64_t before = weft_clock();
    const int64_t negative = weft_deadline_in(INT64_MIN), zero = weft_deadline_in(0), second = weft_deadline_in(1000 * ms);
    const int64_t after = weft_clock();
    assert_true(negative >= before && negative <= after);
    assert_true(zero >= before && zero <= after);
    assert_true(second >= before + 1000 * ms && second <= after + 1000 * ms);
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_at_the_turn_of_milliseconds_in_31_bits),
        cmocka_unit_test(clock_at_the_turn_of_milliseconds_in_32_bits),
        cmocka_unit_test(clock_at_the_turn_of_milliseconds_in_36_bits),
        cmocka_unit_test(clock_an_hour_before_its_end),
        cmocka_unit_test(deadline_is_clamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
