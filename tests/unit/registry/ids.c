/* SPDX-License-Identifier: MIT */
/* Numbers: never twice over all threads; worker numbers: the lowest that is free. */
#include <stdlib.h>
#include <weft/trace.h>

#include "lib/stress.h"
#include "registry/ids.h"

enum { THREADS = 4 };

static uint64_t ids_count;
static uint64_t *ids_taken;

static void ids_take(void *context, unsigned thread)
{
    (void)context;
    struct weft__ids ids = {0};
    uint64_t *mine = ids_taken + thread * ids_count;
    for (uint64_t i = 0; i < ids_count; i++)
        mine[i] = i % 5 == 0 ? weft__id_new(NULL) : weft__ids_take(&ids);
}

static int ids_compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void ids_of_many_threads_are_unique_and_not_zero(void **state)
{
    (void)state;
    ids_count = stress_scale(100000);
    ids_taken = calloc(THREADS * ids_count, sizeof *ids_taken);
    stress_threads(THREADS, ids_take, NULL);
    qsort(ids_taken, THREADS * ids_count, sizeof *ids_taken, ids_compare);
    assert_int_not_equal(ids_taken[0], 0);
    for (uint64_t i = 1; i < THREADS * ids_count; i++)
        if (ids_taken[i] == ids_taken[i - 1])
            fail_msg("%llu was given twice", (unsigned long long)ids_taken[i]);
    free(ids_taken);
}

static void worker_numbers_lowest_free_first(void **state)
{
    (void)state;
    uint16_t numbers[200];
    for (uint16_t i = 0; i < 200; i++) {
        numbers[i] = weft__worker_number_take();
        assert_int_equal(numbers[i], i);
    }
    weft__worker_number_return(130);
    weft__worker_number_return(3);
    weft__worker_number_return(WEFT_TRACE_NO_WORKER); /* as a runtime that got none returns it */
    assert_int_equal(weft__worker_number_take(), 3);
    assert_int_equal(weft__worker_number_take(), 130);
    assert_int_equal(weft__worker_number_take(), 200);
    weft__worker_number_return(200);
    for (uint16_t i = 0; i < 200; i++)
        weft__worker_number_return(numbers[i]);
}

static void worker_numbers_run_out_politely(void **state)
{
    (void)state;
    uint32_t taken = 0;
    while (weft__worker_number_take() != WEFT_TRACE_NO_WORKER)
        taken++;
    assert_in_range(taken, 65000, 65535);
    assert_int_equal(weft__worker_number_take(), WEFT_TRACE_NO_WORKER);
    for (uint32_t i = 0; i < taken; i++)
        weft__worker_number_return((uint16_t)i);
    assert_int_equal(weft__worker_number_take(), 0);
    weft__worker_number_return(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_many_threads_are_unique_and_not_zero),
        cmocka_unit_test(worker_numbers_lowest_free_first),
        cmocka_unit_test(worker_numbers_run_out_politely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
