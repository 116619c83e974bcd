/* SPDX-License-Identifier: MIT */
/* The table of runtimes: numbers that are not given twice, and a stale number that finds nothing. */
#include "lib/stress.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"

static int things[WEFT__RUNTIMES_MAX + 1];

static void *get(uint32_t number)
{
    weft__rcu_read_lock();
    void *found = weft__runtimes_get(number);
    weft__rcu_read_unlock();
    return found;
}

static void runtimes_number_is_found_between_publish_and_remove(void **state)
{
    (void)state;
    const uint32_t number = weft__runtimes_add(&things[0]);
    assert_int_not_equal(number, 0);
    assert_null(get(number));
    assert_false(weft__runtimes_contains(&things[0]));
    weft__runtimes_publish(number);
    assert_ptr_equal(get(number), &things[0]);
    assert_true(weft__runtimes_contains(&things[0]));
    weft__runtimes_remove(number);
    assert_null(get(number));
    assert_false(weft__runtimes_contains(&things[0]));
}

static void runtimes_stale_number_finds_nobody(void **state)
{
    (void)state;
    const uint32_t old = weft__runtimes_add(&things[0]);
    weft__runtimes_publish(old);
    weft__runtimes_remove(old);
    const uint32_t young = weft__runtimes_add(&things[1]);
    weft__runtimes_publish(young);
    assert_int_equal(young & 255, old & 255); /* the slot is used again */
    assert_int_not_equal(young, old);
    assert_null(get(old));
    assert_ptr_equal(get(young), &things[1]);
    weft__runtimes_remove(young);
}

static void runtimes_get_of_any_number_is_safe(void **state)
{
    (void)state;
    for (uint32_t number = 0; number < 100000; number++)
        assert_null(get(number * 2654435761u));
    assert_null(get(0));
    assert_null(get(UINT32_MAX));
    assert_false(weft__runtimes_contains(NULL));
    assert_false(weft__runtimes_contains((void *)1));
}

static void runtimes_beyond_255_are_refused(void **state)
{
    (void)state;
    uint32_t numbers[WEFT__RUNTIMES_MAX];
    for (int i = 0; i < WEFT__RUNTIMES_MAX; i++) {
        numbers[i] = weft__runtimes_add(&things[i]);
        assert_int_not_equal(numbers[i], 0);
        for (int other = 0; other < i; other++)
            assert_int_not_equal(numbers[i], numbers[other]);
        weft__runtimes_publish(numbers[i]);
    }
    assert_int_equal(weft__runtimes_add(&things[WEFT__RUNTIMES_MAX]), 0);
    for (int i = 0; i < WEFT__RUNTIMES_MAX; i++)
        assert_ptr_equal(get(numbers[i]), &things[i]);
    weft__runtimes_remove(numbers[100]);
    const uint32_t again = weft__runtimes_add(&things[WEFT__RUNTIMES_MAX]);
    assert_int_not_equal(again, 0);
    assert_null(get(numbers[100]));
    numbers[100] = again;
    for (int i = 0; i < WEFT__RUNTIMES_MAX; i++)
        weft__runtimes_remove(numbers[i]);
}

struct churn {
    _Atomic uint32_t number; /* of somebody's runtime, or stale */
    _Atomic int alive[4];
    uint64_t rounds;
};

static void runtimes_churn(void *context, unsigned thread)
{
    struct churn *churn = context;
    for (uint64_t i = 0; i < churn->rounds; i++) {
        if (thread >= 2) { /* looks */
            weft__rcu_read_lock();
            const _Atomic int *found = weft__runtimes_get(atomic_load(&churn->number));
            if (found)
                VERDICT(atomic_load(found) == 1);
            weft__rcu_read_unlock();
            continue;
        }
        atomic_store(&churn->alive[thread], 1);
        const uint32_t number = weft__runtimes_add(&churn->alive[thread]);
        weft__runtimes_publish(number);
        atomic_store(&churn->number, number);
        VERDICT(weft__runtimes_contains(&churn->alive[thread]));
        weft__runtimes_remove(number);
        if (i % 16 == 0) {
            weft__rcu_synchronize(); /* whoever found it has left */
            atomic_store(&churn->alive[thread], 0);
            VERDICT(weft__runtimes_get(number) == NULL);
        }
    }
}

static void runtimes_lookup_during_removal_finds_a_live_one_or_none(void **state)
{
    (void)state;
    struct churn churn = {.rounds = stress_scale(20000)};
    stress_threads(4, runtimes_churn, &churn);
    verdict_assert();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runtimes_number_is_found_between_publish_and_remove),
        cmocka_unit_test(runtimes_stale_number_finds_nobody),
        cmocka_unit_test(runtimes_get_of_any_number_is_safe),
        cmocka_unit_test(runtimes_beyond_255_are_refused),
        cmocka_unit_test(runtimes_lookup_during_removal_finds_a_live_one_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
