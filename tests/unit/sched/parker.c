/* SPDX-License-Identifier: MIT */
/* Where a worker sleeps. */
#include "lib/stress.h"
#include "sched/parker.h"

/* known bug 12 */
static void parker_unpark_before_park_is_kept(void **state)
{
    (void)state;
    struct weft__parker parker = {0};
    weft__parker_unpark(&parker);
    weft__parker_unpark(&parker); /* they coalesce */
    weft__parker_park(&parker, INT64_MAX);
    assert_int_equal(atomic_load(&parker.word), 0);
}

struct play {
    struct weft__parker parkers[2];
    _Atomic uint64_t ball; /* how often it was handed over */
    uint64_t rounds;
    uint64_t plain; /* whoever has the ball */
};

static void parker_play(void *context, unsigned me)
{
    struct play *play = context;
    for (uint64_t i = me; i < 2 * play->rounds; i += 2) {
        while (atomic_load(&play->ball) != i)
            weft__parker_park(&play->parkers[me], INT64_MAX);
        play->plain++;
        atomic_store(&play->ball, i + 1);
        weft__parker_unpark(&play->parkers[1 - me]);
        if (i % 8 == 0)
            weft__parker_unpark(&play->parkers[1 - me]); /* one too many is allowed */
    }
}

static void parker_ping_pong_loses_no_wake(void **state)
{
    (void)state;
    struct play play = {.rounds = stress_scale(50000)};
    stress_threads(2, parker_play, &play);
    assert_int_equal(atomic_load(&play.ball), 2 * play.rounds);
    assert_int_equal(play.plain, 2 * play.rounds);
}

struct crowd {
    struct weft__parker parker;
    _Atomic uint64_t given;
    uint64_t rounds;
    uint64_t taken;
};

static void parker_crowd(void *context, unsigned number)
{
    struct crowd *crowd = context;
    const uint64_t all = 3 * crowd->rounds;
    if (number > 0) {
        for (uint64_t i = 0; i < crowd->rounds; i++) {
            atomic_fetch_add(&crowd->given, 1);
            weft__parker_unpark(&crowd->parker);
        }
        return;
    }
    while (crowd->taken < all) {
        weft__parker_park(&crowd->parker, INT64_MAX);
        crowd->taken = atomic_load(&crowd->given);
    }
}

static void parker_unparked_by_many_sees_the_last(void **state)
{
    (void)state;
    struct crowd crowd = {.rounds = stress_scale(100000)};
    stress_threads(4, parker_crowd, &crowd); /* a lost wake is a test that never ends */
    assert_int_equal(crowd.taken, 3 * crowd.rounds);
}

/* A worker that sleeps in its loop is told apart, so that it is roused there. */
static void parker_departed_is_roused_elsewhere(void **state)
{
    (void)state;
    struct weft__parker parker = {0};
    assert_false(weft__parker_unpark(&parker)); /* awake */
    assert_false(weft__parker_depart(&parker)); /* and so it does not leave */
    weft__parker_arrive(&parker);
    assert_true(weft__parker_depart(&parker));
    assert_true(weft__parker_unpark(&parker));
    assert_false(weft__parker_unpark(&parker)); /* once */
    weft__parker_arrive(&parker);
    assert_true(weft__parker_depart(&parker)); /* nothing is left of it */
    weft__parker_arrive(&parker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parker_unpark_before_park_is_kept),
        cmocka_unit_test(parker_ping_pong_loses_no_wake),
        cmocka_unit_test(parker_unparked_by_many_sees_the_last),
        cmocka_unit_test(parker_departed_is_roused_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
