/* SPDX-License-Identifier: MIT */
/* The mutex of one word. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "base/lock.h"
#include "base/platform.h"
#include "lib/stress.h"

static void lock_zeroed_is_free(void **state)
{
    (void)state;
    struct weft__lock lock;
    memset(&lock, 0, sizeof lock);
    assert_true(weft__lock_try(&lock));
    assert_false(weft__lock_try(&lock));
    weft__unlock(&lock);
    assert_int_equal(atomic_load(&lock.word), 0);
    weft__lock(&lock);
    assert_int_equal(atomic_load(&lock.word), 1);
    weft__unlock(&lock);
}

static void lock_unlock_with_a_sleeper_noted_frees(void **state)
{
    (void)state;
    struct weft__lock lock = {2}; /* as a waiter leaves it */
    weft__unlock(&lock);
    assert_int_equal(atomic_load(&lock.word), 0);
    weft__lock_wait(&lock); /* what has become free by the time it looks is taken as ever */
    assert_int_equal(atomic_load(&lock.word), 1);
    assert_false(weft__lock_try(&lock));
    weft__unlock(&lock);
    assert_true(weft__lock_try(&lock));
}

struct slept {
    struct weft__lock lock;
    _Atomic int has_it;
    _Atomic int let_go;
};

static void *lock_sleep(void *context)
{
    struct slept *slept = context;
    weft__lock(&slept->lock);
    atomic_store(&slept->has_it, 1);
    while (!atomic_load(&slept->let_go))
        sched_yield();
    weft__unlock(&slept->lock);
    return NULL;
}

/* Others may sleep behind it, whom its unlock has to wake. */
static void lock_taken_after_a_sleep_keeps_the_note(void **state)
{
    (void)state;
    struct slept slept = {0};
    pthread_t thread;
    weft__lock(&slept.lock);
    assert_int_equal(pthread_create(&thread, NULL, lock_sleep, &slept), 0);
    while (atomic_load(&slept.lock.word) != 2) /* it has looked long enough, and goes to sleep */
        sched_yield();
    weft__unlock(&slept.lock);
    while (!atomic_load(&slept.has_it))
        sched_yield();
    assert_int_equal(atomic_load(&slept.lock.word), 2);
    atomic_store(&slept.let_go, 1);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&slept.lock.word), 0);
}

static int lock_no_barrier(void)
{
    return -ENOSYS;
}

/* Where the system has no barrier an unlock may not see who goes to sleep, and send no wake. */
static void lock_without_a_barrier_is_looked_at_again(void **state)
{
    (void)state;
    static struct weft__platform table;
    table = weft__platform_linux;
    table.barrier = lock_no_barrier;
    weft__platform = &table;
    struct slept slept = {.let_go = 1};
    pthread_t thread;
    weft__lock(&slept.lock);
    assert_int_equal(pthread_create(&thread, NULL, lock_sleep, &slept), 0);
    while (atomic_load(&slept.lock.word) != 2)
        sched_yield();
    atomic_store(&slept.lock.word, 0); /* the store of such an unlock */
    pthread_join(thread, NULL);
    weft__platform = &weft__platform_linux;
    assert_int_equal(atomic_load(&slept.has_it), 1);
    assert_int_equal(atomic_load(&weft__lock_sleepers), 0);
}

struct counted {
    struct weft__lock lock;
    uint64_t count; /* plain: a hole in the lock is a lost count, and a race for TSan */
    uint64_t rounds;
};

static void lock_count(void *context, unsigned number)
{
    (void)number;
    struct counted *counted = context;
    for (uint64_t i = 0; i < counted->rounds; i++) {
        if (i % 16 == 0)
            while (!weft__lock_try(&counted->lock))
                continue;
        else
            weft__lock(&counted->lock);
        counted->count++;
        weft__unlock(&counted->lock);
    }
}

static void lock_by_four_threads_excludes(void **state)
{
    (void)state;
    struct counted counted = {.rounds = stress_scale(200000)};
    stress_threads(4, lock_count, &counted);
    assert_int_equal(counted.count, 4 * counted.rounds);
    assert_int_equal(atomic_load(&counted.lock.word), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lock_zeroed_is_free),
        cmocka_unit_test(lock_unlock_with_a_sleeper_noted_frees),
        cmocka_unit_test(lock_taken_after_a_sleep_keeps_the_note),
        cmocka_unit_test(lock_without_a_barrier_is_looked_at_again),
        cmocka_unit_test(lock_by_four_threads_excludes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
