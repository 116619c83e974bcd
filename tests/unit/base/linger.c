/* SPDX-License-Identifier: MIT */
/* How long a thread looks before it sleeps, by what waits and wakes have taken. */
#include "base/linger.h"
#include "base/platform.h"
#include "lib/verdict.h"

enum { WAKE = 20000 };

static struct weft__linger linger;

/* A clock that is read so often, and goes on by so much each time. */
static struct weft__platform table;
static int64_t now, step;
static int64_t clock_read(void) { return now += step; }

static int begin(void **state)
{
    (void)state;
    linger = (struct weft__linger){0};
    now = 1000000;
    step = 100;
    table = weft__platform_linux;
    table.clock = clock_read;
    weft__platform = &table;
    return 0;
}

static int end(void **state)
{
    (void)state;
    weft__platform = &weft__platform_linux;
    return 0;
}

/* What it waits for comes after so long: it looks, if it does, and sleeps if that was not enough. What it looked for. */
static int64_t wait_for(int64_t comes_ns)
{
    const int64_t limit = weft__linger_limit(&linger), looked = comes_ns < limit ? comes_ns : limit;
    if (limit > 0)
        weft__linger_looked(&linger, looked);
    if (limit == 0 || comes_ns > limit)
        weft__linger_slept(&linger, comes_ns - looked + WAKE, WAKE);
    return looked;
}

static void linger_after_two_brief_waits_it_looks_for_two_wakes(void **state)
{
    (void)state;
    assert_int_equal(wait_for(WAKE), 0);
    assert_int_equal(weft__linger_limit(&linger), 0);
    assert_int_equal(wait_for(WAKE), 0);
    assert_int_equal(weft__linger_limit(&linger), 2 * WAKE);
    assert_int_equal(wait_for(1000), 1000);
    assert_int_equal(weft__linger_limit(&linger), 2 * WAKE);
}

static void linger_who_waits_for_long_never_looks(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(wait_for(2 * WAKE + 1), 0);
    for (int i = 0; i < 100; i++) /* nor if each second wait is long */
        assert_int_equal(wait_for(i % 2 == 0 ? 1000 : 1000000), 0);
}

static void linger_a_long_wait_ends_the_looks(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        wait_for(1000);
    assert_int_equal(wait_for(1000000), 2 * WAKE);
    assert_int_equal(weft__linger_limit(&linger), 0);
    wait_for(1000);
    assert_int_equal(weft__linger_limit(&linger), 0);
    wait_for(1000);
    assert_int_equal(weft__linger_limit(&linger), 2 * WAKE);
}

/* Two that hand each other one thing at a time: who sleeps needs a wake, and the other finds that within its limit. */
static void linger_a_pair_that_hands_over_in_turn_stops_sleeping(void **state)
{
    (void)state;
    struct weft__linger other = {0};
    bool sleeps = true, other_sleeps = true;
    for (int i = 0; i < 100; i++) {
        for (int side = 0; side < 2; side++) {
            struct weft__linger *mine = side == 0 ? &linger : &other;
            bool *mine_sleeps = side == 0 ? &sleeps : &other_sleeps;
            const int64_t comes = 500 + ((side == 0 ? other_sleeps : sleeps) ? WAKE : 0), limit = weft__linger_limit(mine);
            *mine_sleeps = limit < comes;
            if (limit > 0)
                weft__linger_looked(mine, comes < limit ? comes : limit);
            if (*mine_sleeps)
                weft__linger_slept(mine, comes - limit + WAKE, WAKE);
        }
        if (i >= 10)
            assert_false(sleeps || other_sleeps);
    }
}

/* Waits that a look just catches, or that take nearly a wake: in the long run hardly any is looked for. */
static void linger_looks_that_are_not_worth_it_become_rare(void **state)
{
    (void)state;
    enum { WAITS = 100000 };
    const int64_t comes[] = {2 * WAKE, 9 * WAKE / 10};
    for (int kind = 0; kind < 2; kind++) {
        int64_t looked = 0;
        linger = (struct weft__linger){0};
        for (int i = 0; i < WAITS; i++)
            looked += wait_for(comes[kind]);
        assert_true(looked < (int64_t)WAITS * WAKE / 50);
        assert_true(looked > 0);
    }
}

/* On one processor what it waits for cannot come while it looks. */
static void linger_looks_in_vain_are_few(void **state)
{
    (void)state;
    enum { WAITS = 1000 };
    int vain = 0;
    for (int i = 0; i < WAITS; i++) {
        const int64_t limit = weft__linger_limit(&linger);
        vain += limit > 0;
        if (limit > 0)
            weft__linger_looked(&linger, limit);
        weft__linger_slept(&linger, WAKE + 1000, WAKE);
    }
    assert_in_range(vain, 1, 11); /* three, and then one for each time that the number of brief waits doubles */
}

/* Whatever comes when: beside the wake that each would have cost, they are little. */
static void linger_looks_never_take_more_than_half_a_wake(void **state)
{
    (void)state;
    enum { WAITS = 100000 };
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t draw = seed;
        int64_t looked = 0;
        linger = (struct weft__linger){0};
        for (int i = 0; i < WAITS; i++) {
            draw = draw * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            looked += wait_for((int64_t)((draw >> 33) % (uint64_t)(seed * WAKE / 4)));
        }
        assert_true(looked <= (int64_t)WAITS * WAKE / 2);
    }
}

/* Cheap looks make up for all that were not worth it. */
static void linger_cheap_waits_are_found_again(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++)
        wait_for(2 * WAKE);
    for (int i = 0; i < 2 << WEFT__LINGER_DOUBLED_MAX; i++)
        wait_for(100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(wait_for(100), 100);
    wait_for(1000000);
    wait_for(100);
    wait_for(100);
    assert_int_equal(weft__linger_limit(&linger), 2 * WAKE);
}

static void linger_a_wake_of_a_busy_processor_counts_for_little(void **state)
{
    (void)state;
    weft__linger_slept(&linger, 10000000, 10000000);
    assert_int_equal(linger.wake_ns, WEFT__LINGER_WAKE_MAX_NS);
    weft__linger_slept(&linger, 0, -1000); /* two processors' clocks */
    assert_true(linger.wake_ns < WEFT__LINGER_WAKE_MAX_NS);
}

static int looks;
static bool comes_at_the_tenth(void *context)
{
    assert_ptr_equal(context, &looks);
    return ++looks == 10;
}

static bool never_comes(void *context)
{
    (void)context;
    looks++;
    return false;
}

static void begin_looks(void)
{
    wait_for(1000);
    wait_for(1000);
    looks = 0;
}

static void linger_does_not_look_unless_it_is_worth_it(void **state)
{
    (void)state;
    looks = 0;
    assert_false(weft__linger(&linger, INT64_MAX, never_comes, NULL));
    assert_int_equal(looks, 0);
}

static void linger_ends_when_it_is_there(void **state)
{
    (void)state;
    begin_looks();
    assert_true(weft__linger(&linger, INT64_MAX, comes_at_the_tenth, &looks));
    assert_int_equal(looks, 10);
    assert_true(linger.spent_ns > 0);
}

static void linger_ends_at_the_limit_and_at_the_time(void **state)
{
    (void)state;
    begin_looks();
    const int64_t since = now;
    assert_false(weft__linger(&linger, INT64_MAX, never_comes, NULL));
    assert_in_range(now - since, 2 * WAKE, 2 * WAKE + 2 * step);
    begin_looks();
    const int64_t again = now;
    assert_false(weft__linger(&linger, again + 1000, never_comes, NULL));
    assert_in_range(now - again, 1000, 1000 + 2 * step);
}

/* Whoever waits may give any time, also one before all clocks began. */
static void linger_until_a_time_that_has_passed_does_not_look(void **state)
{
    (void)state;
    const int64_t passed[] = {INT64_MIN, -1, 0, now};
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++) {
        begin_looks();
        assert_false(weft__linger(&linger, passed[i], never_comes, NULL));
        assert_int_equal(looks, 0);
    }
}

static void linger_ends_while_the_clock_stands(void **state)
{
    (void)state;
    begin_looks();
    step = 0;
    assert_false(weft__linger(&linger, INT64_MAX, never_comes, NULL));
    assert_true(looks > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(linger_after_two_brief_waits_it_looks_for_two_wakes, begin, end),
        cmocka_unit_test_setup_teardown(linger_who_waits_for_long_never_looks, begin, end),
        cmocka_unit_test_setup_teardown(linger_a_long_wait_ends_the_looks, begin, end),
        cmocka_unit_test_setup_teardown(linger_a_pair_that_hands_over_in_turn_stops_sleeping, begin, end),
        cmocka_unit_test_setup_teardown(linger_looks_that_are_not_worth_it_become_rare, begin, end),
        cmocka_unit_test_setup_teardown(linger_looks_in_vain_are_few, begin, end),
        cmocka_unit_test_setup_teardown(linger_looks_never_take_more_than_half_a_wake, begin, end),
        cmocka_unit_test_setup_teardown(linger_cheap_waits_are_found_again, begin, end),
        cmocka_unit_test_setup_teardown(linger_a_wake_of_a_busy_processor_counts_for_little, begin, end),
        cmocka_unit_test_setup_teardown(linger_does_not_look_unless_it_is_worth_it, begin, end),
        cmocka_unit_test_setup_teardown(linger_ends_when_it_is_there, begin, end),
        cmocka_unit_test_setup_teardown(linger_ends_at_the_limit_and_at_the_time, begin, end),
        cmocka_unit_test_setup_teardown(linger_until_a_time_that_has_passed_does_not_look, begin, end),
        cmocka_unit_test_setup_teardown(linger_ends_while_the_clock_stands, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
