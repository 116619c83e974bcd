/* SPDX-License-Identifier: MIT */
/*
 * The blocking pool under load: submits against threads that go idle and leave, handles used in every way, tasks that are
 * cancelled in the middle, shutdown at a random moment. After each round: ran + dropped + refused = attempted, and no job
 * did two of them.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "base/platform.h"
#include "blocking/pool.h"
#include "lib/stress.h"

#include <weft.h>

enum { HOSTS = 3, TASKS = 4 };

/* One attempt to have a job run; the job or its drop function marks it, nobody else. */
struct attempt {
    _Atomic uint32_t ran;
    _Atomic uint32_t dropped;
};

struct books {
    weft_runtime *rt;
    uint64_t rounds; /* of each host thread and each task; 0: until it is over */
    _Atomic uint64_t attempted;
    _Atomic uint64_t ran;
    _Atomic uint64_t dropped;
    _Atomic uint64_t refused;
    _Atomic uint32_t over;
};

static struct books books;

static int attempt_run(void *argument)
{
    struct attempt *attempt = *(struct attempt **)argument;
    VERDICT(atomic_fetch_add(&attempt->ran, 1) == 0 && atomic_load(&attempt->dropped) == 0);
    atomic_fetch_add(&books.ran, 1);
    return 7;
}

static void attempt_drop(void *argument)
{
    struct attempt *attempt = *(struct attempt **)argument;
    VERDICT(atomic_fetch_add(&attempt->dropped, 1) == 0 && atomic_load(&attempt->ran) == 0);
    atomic_fetch_add(&books.dropped, 1);
}

/* Detached jobs cannot point into a stack: they only count. */
static int count_run(void *argument)
{
    (void)argument;
    atomic_fetch_add(&books.ran, 1);
    return 0;
}
static void count_drop(void *argument)
{
    (void)argument;
    atomic_fetch_add(&books.dropped, 1);
}

static void pause_for(struct weft__rng *rng, uint32_t limit_ns)
{
    const int64_t until = weft_clock() + weft__rng_below(rng, limit_ns);
    while (weft_clock() < until)
        continue;
}

/* A job that is waited for, in one of several ways. */
static int host_one_handle(struct weft__rng *rng)
{
    struct attempt attempt = {0, 0};
    struct attempt *pointer = &attempt;
    weft_job job = {0};
    const weft_job_options *options = WEFT_JOB(attempt_run, &pointer, .argument_size = sizeof pointer, .drop = attempt_drop);
    atomic_fetch_add(&books.attempted, 1);
    int rc = weft__rng_below(rng, 2) == 0
                 ? weft_job_try_begin(books.rt, &job, options)
                 : weft_job_begin_blocking(books.rt, &job, options,
                                           weft__rng_below(rng, 2) == 0 ? WEFT_FOREVER : weft_deadline_in(20000));
    if (rc != 0) {
        VERDICT(rc == WEFT_EAGAIN || rc == WEFT_ETIMEDOUT || rc == WEFT_ESHUTDOWN);
        VERDICT(job.id == 0 && attempt.ran == 0 && attempt.dropped == 0);
        atomic_fetch_add(&books.refused, 1);
        return rc;
    }
    if (weft__rng_below(rng, 3) == 0) {
        rc = weft_job_cancel(job);
        VERDICT(rc == 0 || rc == WEFT_EBUSY || rc == WEFT_ESRCH);
        if (rc == 0)
            VERDICT(attempt.dropped == 1);
    }
    int result = 0;
    do
        rc = weft_job_wait_blocking(&job, weft__rng_below(rng, 2) == 0 ? WEFT_FOREVER : weft_deadline_in(10000), &result);
    while (rc == WEFT_ETIMEDOUT);
    VERDICT(job.id == 0);
    if (rc == 0)
        VERDICT(result == 7 && attempt.ran == 1 && attempt.dropped == 0);
    else
        VERDICT((rc == WEFT_ECANCELED || rc == WEFT_ESHUTDOWN) && attempt.ran == 0 && attempt.dropped == 1);
    return 0;
}

/* A job that nobody waits for. */
static int host_one_detached(struct weft__rng *rng)
{
    weft_job job = {0};
    const bool at_once = weft__rng_below(rng, 2) == 0;
    atomic_fetch_add(&books.attempted, 1);
    const int rc = weft_job_try_begin(books.rt, at_once ? NULL : &job, WEFT_JOB(count_run, NULL, .drop = count_drop));
    if (rc != 0)
        atomic_fetch_add(&books.refused, 1);
    else if (!at_once)
        VERDICT(weft_job_detach(&job) == 0);
    return rc;
}

static void host(void *context, unsigned number)
{
    (void)context;
    struct weft__rng rng = stress_rng(number);
    for (uint64_t i = 0; books.rounds == 0 || i < books.rounds; i++) {
        const int rc = weft__rng_below(&rng, 4) == 0 ? host_one_detached(&rng) : host_one_handle(&rng);
        if (rc == WEFT_ESHUTDOWN)
            return;
        pause_for(&rng, 30000);
    }
}

/* A task that has jobs run, and may be cancelled at any moment; then it takes stock and ends. */
struct client {
    weft_frame weft;
    uint64_t i;
    weft_job job;
    struct attempt attempt;
    struct attempt *pointer;
    int result;
};
static weft_poll client(weft_context *cx, struct client *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; books.rounds == 0 || self->i < books.rounds; self->i++) {
        self->attempt = (struct attempt){0, 0};
        self->pointer = &self->attempt;
        atomic_fetch_add(&books.attempted, 1);
        WEFT_AWAIT(self->weft.rc,
                   weft_job_run(cx, &self->job,
                                WEFT_JOB(attempt_run, &self->pointer, .argument_size = sizeof self->pointer,
                                         .drop = attempt_drop),
                                &self->result));
        VERDICT(self->job.id == 0);
        if (self->weft.rc == 0)
            VERDICT(self->result == 7 && self->attempt.ran == 1 && self->attempt.dropped == 0);
        else if (self->attempt.ran + self->attempt.dropped == 0)
            atomic_fetch_add(&books.refused, 1); /* it did not come as far as the queue */
        else
            VERDICT(self->attempt.ran == 0);
        if (self->weft.rc < 0) {
            VERDICT(self->weft.rc == WEFT_ECANCELED || self->weft.rc == WEFT_ESHUTDOWN);
            break;
        }
    }
    WEFT_END(0);
}

/* Cancels tasks, and puts others in their place. */
static void canceller(void *context, unsigned number)
{
    (void)context;
    struct weft__rng rng = stress_rng(100 + number);
    weft_task tasks[TASKS] = {{0}};
    for (uint64_t i = 0; books.rounds == 0 ? !atomic_load(&books.over) : i < books.rounds / 4; i++) {
        const uint32_t which = weft__rng_below(&rng, TASKS);
        if (tasks[which].id != 0)
            weft_task_cancel(tasks[which]);
        tasks[which] = weft_spawn(weft_runtime_scope(books.rt), client, .i = 0);
        pause_for(&rng, 100000);
        sched_yield();
    }
}

static void member(void *context, unsigned number)
{
    if (number < HOSTS)
        host(context, number);
    else
        canceller(context, number);
}

static void books_begin(uint32_t threads, uint32_t queue, int64_t keep_alive_ns, uint64_t rounds)
{
    atomic_store(&books.attempted, 0);
    atomic_store(&books.ran, 0);
    atomic_store(&books.dropped, 0);
    atomic_store(&books.refused, 0);
    atomic_store(&books.over, 0);
    books.rounds = rounds;
    assert_int_equal(weft_runtime_create(&books.rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed(),
                                                                         .blocking_threads_max = threads,
                                                                         .blocking_queue_max = queue)),
                     0);
    weft__env_of(books.rt)->blocking->keep_alive_ns = keep_alive_ns; /* shorter than the option can say */
}

static void books_end(void)
{
    assert_int_equal(weft_runtime_shutdown(books.rt, WEFT_FOREVER), 0);
    weft_blocking_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_blocking_stats_get(books.rt, &stats), 0);
    verdict_assert();
    assert_true(atomic_load(&books.ran) + atomic_load(&books.dropped) + atomic_load(&books.refused) ==
                atomic_load(&books.attempted));
    assert_true(stats.completed == atomic_load(&books.ran) && stats.cancelled == atomic_load(&books.dropped));
    assert_true(stats.submitted == stats.completed + stats.cancelled);
    assert_int_equal(stats.threads + stats.threads_idle + stats.queued + stats.running + stats.waiting, 0);
    assert_true(stats.queued_high <= stats.queue_max && stats.threads_high <= stats.threads_max);
    assert_int_equal(weft_runtime_destroy(books.rt), 0);
}

/* BLK-02, known bug 2: a submit meets a thread whose time is up. Each host thread waits for what it submitted, so a
 * job that is stranded stops the test. */
static void submit_against_threads_that_leave_strands_nothing(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 3; threads++) {
        books_begin(threads, 4, 15000, stress_scale(6000));
        stress_threads(HOSTS + 1, member, NULL);
        books_end();
    }
}

/* BLK-03, known bug 37: nothing that was accepted is lost when shutdown comes. */
static void shutdown_in_the_middle_loses_nothing(void **state)
{
    (void)state;
    struct weft__rng rng = stress_rng(99);
    const uint64_t rounds = stress_scale(200);
    for (uint64_t i = 0; i < rounds; i++) {
        books_begin(1 + weft__rng_below(&rng, 3), 1 + weft__rng_below(&rng, 8), weft__rng_below(&rng, 200000), 0);
        struct stress_team *team = stress_team_begin(HOSTS + 1, member, NULL);
        pause_for(&rng, 3000000);
        int rc;
        do
            rc = weft_runtime_shutdown(books.rt, weft__rng_below(&rng, 2) == 0 ? WEFT_FOREVER : weft_deadline_in(100000));
        while (rc == WEFT_ETIMEDOUT);
        assert_int_equal(rc, 0);
        atomic_store(&books.over, 1);
        stress_team_join(team);
        books_end();
    }
}

/* The system gives a thread only now and then. */
static _Atomic uint32_t scarce_calls, scarce_on;
static int scarce_thread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*entry)(void *), void *argument)
{
    if (atomic_load(&scarce_on) && atomic_fetch_add(&scarce_calls, 1) % 3 != 0)
        return EAGAIN;
    return pthread_create(out, attributes, entry, argument);
}

static void submit_while_threads_are_scarce_strands_nothing(void **state)
{
    (void)state;
    static struct weft__platform scarce;
    scarce = weft__platform_linux;
    scarce.thread_create = scarce_thread_create;
    weft__platform = &scarce;
    books_begin(4, 64, 15000, stress_scale(3000));
    atomic_store(&scarce_on, 1);
    stress_threads(HOSTS, member, NULL);
    atomic_store(&scarce_on, 0);
    books_end();
    weft__platform = &weft__platform_linux;
}

/* What jobs keep in their thread goes when that leaves, by functions that use such places again, and weft. */
static struct {
    pthread_key_t outer, inner;
    _Atomic uint64_t kept, outer_gone, inner_gone;
    weft_runtime *rt;
    weft_task task;
} places;
static _Thread_local uint64_t place_uses;

static void use_weft(void)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    weft_task_info info = {.size = sizeof info};
    place_uses++;
    weft_wake((weft_waker){places.task});
    VERDICT(weft_task_inspect(places.task, &info) == 0 && weft_runtime_stats_get(places.rt, &stats) == 0 && stats.tasks_live == 1);
}

static void outer_goes(void *value)
{
    use_weft();
    VERDICT(pthread_setspecific(places.inner, value) == 0); /* which brings its function on */
    atomic_fetch_add(&places.outer_gone, 1);
}

static void inner_goes(void *value)
{
    use_weft();
    VERDICT(value == &places);
    atomic_fetch_add(&places.inner_gone, 1);
}

static int keep_in_thread(void *argument)
{
    (void)argument;
    if (pthread_getspecific(places.outer) == NULL) {
        VERDICT(pthread_setspecific(places.outer, &places) == 0);
        atomic_fetch_add(&places.kept, 1);
    }
    use_weft();
    return 0;
}

struct waits_on {
    weft_frame weft;
};

static weft_poll waits_on(weft_context *cx, struct waits_on *self)
{
    (void)self;
    return weft_context_cancelled(cx) ? WEFT_READY : WEFT_PENDING;
}

static void begin_jobs(void *context, unsigned number)
{
    (void)context;
    struct weft__rng rng = stress_rng(number);
    for (uint64_t i = stress_scale(400); i > 0; i--) {
        const struct timespec pause = {.tv_nsec = weft__rng_below(&rng, 1500000)};
        weft_job job = {0};
        VERDICT(weft_job_begin_blocking(places.rt, &job, WEFT_JOB(keep_in_thread, NULL), WEFT_FOREVER) == 0);
        VERDICT(weft_job_wait_blocking(&job, WEFT_FOREVER, NULL) == 0);
        nanosleep(&pause, NULL); /* about as long as an idle thread stays */
    }
}

/* known bug 31 */
static void thread_locals_of_jobs_end_with_the_threads_that_leave(void **state)
{
    (void)state;
    assert_int_equal(pthread_key_create(&places.outer, outer_goes), 0);
    assert_int_equal(pthread_key_create(&places.inner, inner_goes), 0);
    assert_int_equal(weft_runtime_create(&places.rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .blocking_threads_max = 4,
                                                                          .blocking_keep_alive_ms = 1)), 0);
    places.task = weft_spawn(weft_runtime_scope(places.rt), waits_on);
    stress_threads(3, begin_jobs, NULL);
    weft_blocking_stats stats = {.size = sizeof stats};
    do
        assert_int_equal(weft_blocking_stats_get(places.rt, &stats), 0);
    while (stats.threads > 0);
    STRESS_UNTIL(atomic_load(&places.inner_gone) == atomic_load(&places.kept));
    assert_true(stats.threads_started > 3);
    assert_int_equal(atomic_load(&places.outer_gone), atomic_load(&places.kept));
    assert_int_equal(weft_runtime_destroy(places.rt), 0);
    pthread_key_delete(places.outer);
    pthread_key_delete(places.inner);
    verdict_assert();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(submit_against_threads_that_leave_strands_nothing),
        cmocka_unit_test(shutdown_in_the_middle_loses_nothing),
        cmocka_unit_test(submit_while_threads_are_scarce_strands_nothing),
        cmocka_unit_test(thread_locals_of_jobs_end_with_the_threads_that_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
