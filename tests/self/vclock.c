/* SPDX-License-Identifier: MIT */
/* The clock of tests, which whoever likes may move: no move is lost, and none goes back. */
#include "lib/vclock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <weft.h>

#include "lib/stress.h"

enum { THREADS = 4, MOVES = 20000 };

static const int64_t start = INT64_C(1) << 40;
static atomic_uint here;

static void *mover(void *moves)
{
    atomic_fetch_add(&here, 1);
    while (atomic_load(&here) < THREADS)
        sched_yield();
    for (int64_t i = 0, before = weft_clock(); i < *(int64_t *)moves; i++) {
        vclock_advance(1);
        const int64_t after = weft_clock();
        VERDICT(after > before);
        before = after;
    }
    return NULL;
}

static void moves_of_several_threads_add_up(void **state)
{
    (void)state;
    vclock_begin(start);
    int64_t moves = stress_scale(MOVES);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, mover, &moves), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    verdict_assert();
    assert_true(weft_clock() == start + THREADS * moves);
    vclock_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(moves_of_several_threads_add_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
