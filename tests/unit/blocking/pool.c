/* SPDX-License-Identifier: MIT */
/*
 * The moments of the pool that no outside test can hit at will, each brought about by hand: a thread whose time is up
 * while somebody tells it, a thread that the system refuses while others count on it.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/platform.h"
#include "blocking/pool.h"
#include "lib/vclock.h"
#include "lib/world.h"

static weft_runtime *rt;
static struct weft__blocking *pool;
static struct weft__platform table;

/* So many calls of thread_create refuse, after they ran `meanwhile`. */
static atomic_int refuse;
static void (*meanwhile)(void);
static int thread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*entry)(void *), void *argument)
{
    int left = atomic_load(&refuse);
    while (left > 0 && !atomic_compare_exchange_weak(&refuse, &left, left - 1))
        continue;
    if (left <= 0)
        return pthread_create(out, attributes, entry, argument);
    if (meanwhile)
        meanwhile();
    return EAGAIN;
}

/* How many threads sleep, or have slept, on the pool's lock. */
static atomic_uint lock_sleeps;
static _Atomic(_Atomic uint32_t *) lock_word;
static int futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
    if (word == atomic_load(&lock_word))
        atomic_fetch_add(&lock_sleeps, 1);
    return weft__platform_linux.futex_wait(word, expected, deadline_ns);
}

static int begin(void **state)
{
    (void)state;
    atomic_store(&lock_word, NULL);
    meanwhile = NULL;
    atomic_store(&refuse, 0);
    table = weft__platform_linux;
    table.thread_create = thread_create;
    table.futex_wait = futex_wait;
    weft__platform = &table;
    rt = world_begin(1);
    pool = weft__env_of(rt)->blocking;
    atomic_store(&lock_word, &pool->lock.word);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end(rt, -1);
    weft__platform = &weft__platform_linux;
    return 0;
}

/* On a clock that stands: no tick of the monitor does what is waited for here. */
static int begin_without_ticks(void **state)
{
    (void)state;
    meanwhile = NULL;
    atomic_store(&refuse, 0);
    vclock_begin(INT64_C(1) << 40);
    table = *weft__platform;
    table.thread_create = thread_create;
    weft__platform = &table;
    rt = world_begin(1);
    return 0;
}

static weft_blocking_stats stats(void)
{
    weft_blocking_stats now = {.size = sizeof now};
    assert_int_equal(weft_blocking_stats_get(rt, &now), 0);
    return now;
}

static atomic_uint ran;
static int count(void *argument)
{
    (void)argument;
    atomic_fetch_add(&ran, 1);
    return 0;
}

/* known bug 2: tokio #8056: the time of the only idle thread is up; before it can take the lock somebody tells it. */
static void thread_that_is_told_as_its_time_is_up_stays(void **state)
{
    (void)state;
    pool->keep_alive_ns = 1000000;
    struct weft__pool_thread *idle;
    for (;;) { /* until the lock is held over the end of its sleep */
        assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(count, NULL)), 0);
        WORLD_UNTIL(stats().threads_idle == 1 || stats().threads == 0);
        weft__lock(&pool->lock);
        if (pool->idle_count == 1)
            break;
        weft__unlock(&pool->lock);
    }
    const unsigned sleeps = atomic_load(&lock_sleeps);
    WORLD_UNTIL(atomic_load(&lock_sleeps) > sleeps); /* it, or the monitor's tick, waits for the lock */
    const int64_t later = weft_deadline_in(3000000);
    WORLD_UNTIL(weft_clock() > later); /* its time is up in any case */
    idle = weft__pool_take_idle_locked(pool);
    assert_non_null(idle);
    const uint64_t started = pool->threads_started;
    weft__unlock(&pool->lock);
    const int64_t late = weft_deadline_in(2000000);
    WORLD_UNTIL(weft_clock() > late); /* whoever tells it takes its time, too */
    assert_int_equal(stats().threads, 1);
    weft__event_set(&idle->event);
    WORLD_UNTIL(stats().threads_idle == 1 || stats().threads == 0); /* back, and then it may leave */
    assert_int_equal(stats().threads_started, started);
}

/* BLK-12, tokio #8406: while the only thread is being begun, others submit and count on it; then the system refuses it.
 * Whoever asked for it gets the error; what the others were promised is run by a thread that is begun later. */
static int others_rc;
static void others_submit(void)
{
    meanwhile = NULL;
    for (int i = 0; i < 3; i++)
        others_rc |= weft_job_try_begin(rt, NULL, WEFT_JOB(count, NULL));
}

static void jobs_that_counted_on_a_refused_thread_run_later(void **state)
{
    (void)state;
    atomic_store(&ran, 0);
    others_rc = 0;
    meanwhile = others_submit;
    atomic_store(&refuse, 1);
    assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(count, NULL)), WEFT_EAGAIN);
    assert_int_equal(others_rc, 0);
    WORLD_UNTIL(atomic_load(&ran) == 3);
    assert_int_equal(stats().submitted, 3);
}

/* The same, but there is a thread, and it goes idle while the second is being begun; nobody told it, since one was coming. */
static void others_go_idle(void)
{
    meanwhile = NULL;
    WORLD_UNTIL(atomic_load(&ran) == 2);
    WORLD_UNTIL(stats().threads_idle == 1);
    for (int i = 0; i < 3; i++)
        others_rc |= weft_job_try_begin(rt, NULL, WEFT_JOB(count, NULL));
    others_rc |= stats().queued == 3 ? 0 : 1; /* queued, and nobody was told */
}

static atomic_int hold;
static int count_when_let_go(void *argument)
{
    WORLD_UNTIL(atomic_load(&hold) == 0);
    return count(argument);
}
static void others_let_go(void)
{
    atomic_store(&hold, 0);
    others_go_idle();
}

static void idle_thread_is_told_when_the_new_one_is_refused(void **state)
{
    (void)state;
    atomic_store(&ran, 0);
    atomic_store(&hold, 1);
    others_rc = 0;
    assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(count_when_let_go, NULL)), 0);
    WORLD_UNTIL(stats().running == 1);
    meanwhile = others_let_go;
    atomic_store(&refuse, 1);
    assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(count, NULL)), 0);
    assert_int_equal(others_rc, 0);
    WORLD_UNTIL(atomic_load(&ran) == 5);
    assert_int_equal(stats().threads_started, 1);
}

/* Mandatory jobs at shutdown, and no thread: it is tried again until one comes. */
static void others_submit_mandatory(void)
{
    meanwhile = NULL;
    others_rc |= weft_job_try_begin(rt, NULL, WEFT_JOB(count, NULL, .mandatory = true));
    others_rc |= weft_job_try_begin(rt, NULL, WEFT_JOB(count, NULL));
}

static void mandatory_job_without_a_thread_holds_shutdown(void **state)
{
    (void)state;
    atomic_store(&ran, 0);
    others_rc = 0;
    meanwhile = others_submit_mandatory;
    atomic_store(&refuse, 1000000);
    assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(count, NULL)), WEFT_EAGAIN);
    assert_int_equal(others_rc, 0);
    assert_int_equal(weft_runtime_shutdown(rt, weft_deadline_in(20000000)), WEFT_ETIMEDOUT);
    assert_int_equal(stats().queued, 1);
    assert_int_equal(stats().cancelled, 1);
    atomic_store(&refuse, 0);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    assert_int_equal(atomic_load(&ran), 1);
}

/* known bug 89: threads come to the queue one at a time, each bringing the next, up to what is queued. */
static void burst_of_blocked_jobs_gets_a_thread_each(void **state)
{
    (void)state;
    atomic_store(&ran, 0);
    for (int round = 0; round < 3; round++) { /* new threads, then idle ones */
        atomic_store(&hold, 1);
        for (int i = 0; i < 40; i++)
            assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(count_when_let_go, NULL)), 0);
        WORLD_UNTIL(stats().running == 40);
        atomic_store(&hold, 0);
        WORLD_UNTIL(stats().running == 0);
        WORLD_UNTIL(stats().threads_idle == stats().threads);
    }
    assert_int_equal(stats().threads_started, 40);
}

/* Numbers, and with them names, are used again. */
static int tells_its_number(void *argument)
{
    *(int *)argument = weft__pool_thread_id();
    return (int)weft__pool_job_id();
}
static void job_knows_its_id_and_its_thread(void **state)
{
    (void)state;
    int thread = 0, result = 0;
    weft_job job = {0};
    assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(tells_its_number, &thread)), 0);
    const int id = (int)job.id;
    assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, id);
    assert_true(thread > 0);
    assert_int_equal(weft__pool_job_id(), 0);
    assert_false(weft__blocking_is_inside(pool));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(thread_that_is_told_as_its_time_is_up_stays),
        TEST(jobs_that_counted_on_a_refused_thread_run_later),
        cmocka_unit_test_setup_teardown(idle_thread_is_told_when_the_new_one_is_refused, begin_without_ticks, end),
        TEST(mandatory_job_without_a_thread_holds_shutdown),
        TEST(burst_of_blocked_jobs_gets_a_thread_each),
        TEST(job_knows_its_id_and_its_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
