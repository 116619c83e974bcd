/* SPDX-License-Identifier: MIT */
/* The blocking pool: the bounded queue, the threads, what the system refuses, shutdown. */
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include "base/platform.h"
#include "lib/faulty.h"
#include "lib/pool.h"

/* BLK-02 */
static int order_expected;
static int in_order(void *argument)
{
    VERDICT(order_expected == (int)(intptr_t)argument);
    order_expected++;
    return 0;
}
static void one_thread_runs_every_job_in_order(void **state)
{
    (void)state;
    open_pool(1, 0, 0);
    order_expected = 0;
    for (int i = 0; i < 2000; i++)
        assert_int_equal(weft_job_begin_blocking(rt, NULL, WEFT_JOB(in_order, (void *)(intptr_t)i), WEFT_FOREVER), 0);
    WORLD_UNTIL(stats().completed == 2000);
    assert_int_equal(order_expected, 2000);
    assert_int_equal(stats().threads_high, 1);
    close_pool();
}

/* BLK-04, known bug 105 */
static void idle_threads_leave_after_their_time(void **state)
{
    (void)state;
    open_pool(4, 0, 1);
    for (int round = 0; round < 3; round++) {
        struct plugs plugs;
        plug_pool(&plugs, 4);
        assert_int_equal(stats().threads, 4);
        assert_int_equal(stats().threads_idle, 0);
        unplug_pool(&plugs);
        WORLD_UNTIL(stats().threads == 0);
        assert_int_equal(stats().threads_idle, 0);
    }
    assert_int_equal(stats().threads_started, 12);
    close_pool();
}

static void idle_threads_are_used_again(void **state)
{
    (void)state;
    open_pool(0, 0, 0);
    for (int i = 0; i < 50; i++) {
        int value = i;
        weft_job job = try_begin(WEFT_JOB(plus_one, &value));
        assert_int_equal(wait_for(&job), i + 1);
        WORLD_UNTIL(stats().threads_idle == stats().threads);
    }
    assert_int_equal(stats().threads_started, 1);
    close_pool();
}

/* The bounded queue. */
static void full_queue_refuses_or_times_out(void **state)
{
    (void)state;
    open_pool(1, 3, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(count_run, NULL)), 0);
    weft_job job = {0};
    assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(count_run, NULL, .drop = count_drop)), WEFT_EAGAIN);
    assert_int_equal(weft_job_begin_blocking(rt, &job, WEFT_JOB(count_run, NULL, .drop = count_drop),
                                             weft_deadline_in(2000000)),
                     WEFT_ETIMEDOUT);
    assert_int_equal(job.id, 0);
    assert_int_equal(stats().queued_high, 3);
    assert_int_equal(stats().waiting, 0);
    assert_int_equal(stats().submitted, 4);
    unplug_pool(&plugs);
    WORLD_UNTIL(stats().completed == 4);
    assert_int_equal(atomic_load(&ran), 3);
    assert_int_equal(atomic_load(&dropped), 0); /* refused: the argument stayed the caller's */
    close_pool();
}

static void full_queue_is_entered_in_the_order_of_arrival(void **state)
{
    (void)state;
    open_pool(1, 1, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    order_expected = 0;
    atomic_int rc[6];
    weft_task tasks[6];
    for (int i = 0; i < 6; i++) {
        atomic_store(&rc[i], 99);
        const int place = i < 3 ? i : i - 1; /* the fourth leaves */
        /* The first is queued, the rest wait for its place, one after the other. */
        tasks[i] = weft_spawn(weft_runtime_scope(rt), waits,
                              .options = keep(WEFT_JOB(in_order, (void *)(intptr_t)place)), .rc = &rc[i]);
        WORLD_UNTIL(stats().queued + stats().waiting == (unsigned)i + 1);
    }
    assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(count_run, NULL)), WEFT_EAGAIN); /* may not pass */
    assert_int_equal(weft_task_cancel(tasks[3]), 0);
    WORLD_UNTIL(atomic_load(&rc[3]) != 99);
    assert_int_equal(atomic_load(&rc[3]), WEFT_ECANCELED);
    assert_int_equal(stats().waiting, 4);
    unplug_pool(&plugs);
    for (int i = 0; i < 6; i++) {
        WORLD_UNTIL(atomic_load(&rc[i]) != 99);
        assert_int_equal(atomic_load(&rc[i]), i == 3 ? WEFT_ECANCELED : 0);
    }
    assert_int_equal(order_expected, 5);
    assert_int_equal(stats().queued_high, 1);
    world_settle(rt);
    close_pool();
}

/* A place that was granted to a task which is cancelled before it can use it goes to the next. */
static void full_queue_hands_an_unused_place_on(void **state)
{
    (void)state;
    open_pool(1, 1, 0);
    for (int round = 0; round < 50; round++) {
        struct plugs plugs;
        plug_pool(&plugs, 1);
        weft_job queued = try_begin(WEFT_JOB(count_run, NULL));
        atomic_int rc[3] = {99, 99, 99};
        weft_task tasks[3];
        for (int i = 0; i < 3; i++) {
            tasks[i] = weft_spawn(weft_runtime_scope(rt), waits, .options = keep(WEFT_JOB(count_run, NULL)), .rc = &rc[i]);
            WORLD_UNTIL(stats().waiting == (unsigned)i + 1);
        }
        assert_int_equal(weft_job_cancel(queued), 0); /* grants a place to the first */
        assert_int_equal(weft_task_cancel(tasks[0]), 0);
        assert_int_equal(weft_job_detach(&queued), 0);
        unplug_pool(&plugs);
        for (int i = 0; i < 3; i++)
            WORLD_UNTIL(atomic_load(&rc[i]) != 99);
        assert_true(atomic_load(&rc[0]) == WEFT_ECANCELED || atomic_load(&rc[0]) == 0);
        assert_int_equal(atomic_load(&rc[1]), 0);
        assert_int_equal(atomic_load(&rc[2]), 0);
        world_settle(rt);
    }
    close_pool();
}

/* The threads: BLK-12 and the names. */
/* A job that begins another in its own pool, waiting for a place as long as it takes. */
struct beginner {
    struct latch *go; /* or NULL */
    atomic_int *rc;
};
static int begins(void *argument)
{
    const struct beginner *self = argument;
    if (self->go)
        latch_wait(self->go, 1);
    atomic_store(self->rc, weft_job_begin_blocking(rt, NULL, WEFT_JOB(count_run, NULL), WEFT_FOREVER));
    VERDICT(atomic_load(self->rc) != WEFT_EDEADLK || strstr(weft_error_detail(), "try_begin"));
    return 0;
}

static void job_that_would_hold_the_only_thread_is_refused(void **state)
{
    (void)state;
    open_pool(1, 1, 0);
    struct latch go = LATCH;
    atomic_int rc = 99;
    weft_job job = try_begin(WEFT_JOB(begins, (&(struct beginner){&go, &rc})));
    WORLD_UNTIL(stats().running == 1);
    weft_job queued = try_begin(WEFT_JOB(count_run, NULL));
    latch_up(&go);
    assert_int_equal(wait_for(&job), 0);
    assert_int_equal(atomic_load(&rc), WEFT_EDEADLK);
    assert_int_equal(wait_for(&queued), 0);
    assert_int_equal(atomic_load(&ran), 1);
    close_pool();
}

/* The first of two may wait: the second is refused, ends, and its thread makes the place. */
static void job_that_would_hold_the_last_thread_is_refused(void **state)
{
    (void)state;
    open_pool(2, 1, 0);
    struct latch go[2] = {LATCH, LATCH};
    atomic_int rc[2] = {99, 99};
    struct beginner beginners[2] = {{&go[0], &rc[0]}, {&go[1], &rc[1]}};
    weft_job jobs[2];
    for (unsigned i = 0; i < 2; i++) {
        jobs[i] = try_begin(WEFT_JOB(begins, &beginners[i]));
        WORLD_UNTIL(stats().running == i + 1);
    }
    weft_job queued = try_begin(WEFT_JOB(count_run, NULL));
    latch_up(&go[0]);
    WORLD_UNTIL(stats().waiting == 1);
    latch_up(&go[1]);
    assert_int_equal(wait_for(&jobs[1]), 0);
    assert_int_equal(atomic_load(&rc[1]), WEFT_EDEADLK);
    assert_int_equal(wait_for(&jobs[0]), 0);
    assert_int_equal(atomic_load(&rc[0]), 0);
    assert_int_equal(wait_for(&queued), 0);
    WORLD_UNTIL(atomic_load(&ran) == 2);
    close_pool();
}

/* The same while somebody else can make a place: that comes, and a later one is refused only if it would be the last again. */
static void job_that_was_given_a_place_holds_no_thread(void **state)
{
    (void)state;
    open_pool(2, 1, 0);
    struct latch go = LATCH;
    atomic_int rc[2] = {99, 99};
    weft_job job = try_begin(WEFT_JOB(begins, (&(struct beginner){&go, &rc[0]})));
    WORLD_UNTIL(stats().running == 1);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    weft_job queued = try_begin(WEFT_JOB(count_run, NULL, .drop = count_drop));
    latch_up(&go);
    WORLD_UNTIL(stats().waiting == 1);
    assert_int_equal(weft_job_cancel(queued), 0); /* its place is handed over */
    assert_int_equal(wait_for(&job), 0);
    assert_int_equal(atomic_load(&rc[0]), 0);
    WORLD_UNTIL(atomic_load(&ran) == 1);
    assert_int_equal(weft_job_wait_blocking(&queued, WEFT_FOREVER, NULL), WEFT_ECANCELED);
    job = try_begin(WEFT_JOB(begins, (&(struct beginner){NULL, &rc[1]}))); /* one thread is plugged, it is not the last */
    assert_int_equal(wait_for(&job), 0);
    assert_int_equal(atomic_load(&rc[1]), 0);
    unplug_pool(&plugs);
    close_pool();
}

/* A thread of the host waits for a place, is given one, and before it has used it the runtime is destroyed. */
static struct weft__platform slow_platform;
static _Thread_local bool slow_here;
static atomic_bool slow_destroyed;
static struct latch slow_in, slow_closed;

static void *slow_map(size_t size, size_t alignment)
{
    if (slow_here) { /* memory for its job, of a size that had no page: the place is its own */
        slow_here = false;
        latch_up(&slow_in);
        latch_wait(&slow_closed, 1);
        for (int looks = 0; looks < 2000 && !atomic_load(&slow_destroyed); looks++)
            sched_yield(); /* time for a destroy that would not wait */
        VERDICT(!atomic_load(&slow_destroyed));
    }
    return weft__platform_linux.map(size, alignment);
}

static void *begins_slowly(void *argument)
{
    static char large[40000];
    atomic_int *rc = argument;
    weft_job job = {0};
    slow_here = true;
    const int begun = weft_job_begin_blocking(rt, &job, WEFT_JOB(count_run, large, .argument_size = sizeof large, .drop = count_drop),
                                              WEFT_FOREVER);
    slow_here = false;
    VERDICT(begun == WEFT_ESHUTDOWN && job.id == 0);
    atomic_store(rc, begun);
    return NULL;
}

static void *destroys(void *runtime)
{
    VERDICT(weft_runtime_destroy(runtime) == 0);
    atomic_store(&slow_destroyed, true);
    return NULL;
}

static void place_in_the_hands_of_a_thread_is_waited_for_by_the_end(void **state)
{
    (void)state;
    slow_platform = weft__platform_linux;
    slow_platform.map = slow_map;
    weft__platform = &slow_platform;
    slow_in = slow_closed = (struct latch)LATCH;
    atomic_store(&slow_destroyed, false);
    open_pool(1, 1, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    const weft_job queued = try_begin(WEFT_JOB(count_run, NULL));
    pthread_t host, end;
    atomic_int rc = 99;
    assert_int_equal(pthread_create(&host, NULL, begins_slowly, &rc), 0);
    WORLD_UNTIL(stats().waiting == 1);
    latch_up(&plugs.leave); /* and nobody waits for a job meanwhile: to free it takes the lock that is held over the map */
    latch_wait(&slow_in, 1);
    weft_runtime *ended = rt;
    assert_int_equal(pthread_create(&end, NULL, destroys, ended), 0);
    int answer;
    WORLD_UNTIL((answer = weft_job_try_begin(rt, NULL, WEFT_JOB(count_run, NULL))) == WEFT_ESHUTDOWN || answer == WEFT_EINVAL);
    latch_up(&slow_closed);
    assert_int_equal(pthread_join(host, NULL), 0);
    assert_int_equal(pthread_join(end, NULL), 0);
    assert_int_equal(atomic_load(&rc), WEFT_ESHUTDOWN);
    assert_int_equal(atomic_load(&dropped), 0); /* it is the caller's */
    assert_int_equal(atomic_load(&ran), 1);
    assert_int_equal(weft_job_cancel(queued), WEFT_ESRCH);
    weft__platform = &weft__platform_linux;
    rt = NULL;
    verdict_assert();
}

static int begin_faulty(void **state)
{
    faulty_begin();
    return reset(state);
}
static int end_faulty(void **state)
{
    faulty_disarm();
    close_after(state);
    const bool clean = faulty_blocks() == 0 && faulty_mapped() == 0;
    faulty_end();
    return clean ? 0 : -1;
}
static void refuse(enum faulty_kind kind) { faulty_arm(kind, 1, true); }

/* scenario 40 */
static void no_thread_at_all_is_an_error(void **state)
{
    (void)state;
    open_pool(0, 1, 0);
    refuse(FAULTY_THREADS);
    weft_job job = {0};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(count_run, NULL, .drop = count_drop)), WEFT_EAGAIN);
        assert_non_null(strstr(weft_error_detail(), "no thread"));
        assert_int_equal(weft_job_begin_blocking(rt, &job, WEFT_JOB(count_run, NULL, .drop = count_drop), WEFT_FOREVER),
                         WEFT_EAGAIN);
    }
    atomic_int rc = 99;
    weft_spawn(weft_runtime_scope(rt), waits, .options = keep(WEFT_JOB(count_run, NULL, .drop = count_drop)), .rc = &rc);
    WORLD_UNTIL(atomic_load(&rc) != 99);
    assert_int_equal(atomic_load(&rc), WEFT_EAGAIN);
    assert_int_equal(job.id, 0);
    assert_int_equal(stats().submitted, 0);
    assert_int_equal(stats().threads, 0);
    assert_int_equal(stats().threads_refused, 7);
    faulty_disarm();
    job = try_begin(WEFT_JOB(count_run, NULL)); /* the place was given back each time */
    assert_int_equal(wait_for(&job), 0);
    assert_int_equal(atomic_load(&dropped), 0);
    world_settle(rt);
    close_pool();
}

/* scenario 40 */
static void no_second_thread_means_waiting_for_the_first(void **state)
{
    (void)state;
    open_pool(0, 0, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    refuse(FAULTY_THREADS);
    weft_job jobs[10];
    for (int i = 0; i < 10; i++)
        jobs[i] = try_begin(WEFT_JOB(count_run, NULL));
    assert_int_equal(stats().queued, 10);
    assert_int_equal(stats().threads_started, 1);
    unplug_pool(&plugs);
    for (int i = 0; i < 10; i++)
        assert_int_equal(wait_for(&jobs[i]), 0);
    close_pool();
}

/*
 * scenario 40: all threads are held, the system refused another, and nobody submits any more: the monitor thread
 * tries again.
 */
static void thread_that_was_refused_is_tried_again(void **state)
{
    (void)state;
    open_pool(0, 0, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    refuse(FAULTY_THREADS);
    weft_job job = try_begin(WEFT_JOB(count_run, NULL));
    assert_true(stats().threads_refused > 0);
    faulty_disarm();
    assert_int_equal(wait_for(&job), 0);
    unplug_pool(&plugs);
    close_pool();
}

/* scenario 40: the same of a driven runtime, which has no monitor thread: whoever turns it is told when to try again. */
static void *allows_threads_later(void *argument)
{
    (void)argument;
    weft_blocking_stats now = {.size = sizeof now};
    do
        sched_yield();
    while (weft_blocking_stats_get(rt, &now) == 0 && now.threads_refused < 4);
    faulty_disarm();
    return NULL;
}

static void thread_that_was_refused_to_a_driven_runtime_is_tried_again(void **state)
{
    (void)state;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_TURNS)), 0);
    const int fd = weft_runtime_descriptor(rt);
    assert_true(fd >= 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    while (weft_runtime_turn(rt, 10) > 0 || poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) > 0)
        continue;
    assert_true(weft_runtime_next(rt) == WEFT_FOREVER);
    refuse(FAULTY_THREADS);
    weft_job job = try_begin(WEFT_JOB(count_run, NULL));
    assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0), 1); /* the host is told, if it sleeps */
    assert_int_equal(weft_runtime_turn(rt, 10), 0);
    assert_true(weft_runtime_next(rt) != WEFT_FOREVER);
    pthread_t later;
    assert_int_equal(pthread_create(&later, NULL, allows_threads_later, NULL), 0);
    assert_int_equal(wait_for(&job), 0); /* turns it meanwhile */
    assert_int_equal(pthread_join(later, NULL), 0);
    unplug_pool(&plugs);
    close_pool();
}

static void no_memory_is_an_error_and_the_place_is_free(void **state)
{
    (void)state;
    open_pool(1, 1, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    static char large[40000]; /* of a class that has no page yet */
    weft_job job = {0};
    refuse(FAULTY_MEMORY);
    for (int i = 0; i < 3; i++)
        assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(count_run, large, .argument_size = sizeof large,
                                                               .drop = count_drop)),
                         WEFT_ENOMEM);
    faulty_disarm();
    assert_int_equal(job.id, 0);
    job = try_begin(WEFT_JOB(count_run, large, .argument_size = sizeof large));
    unplug_pool(&plugs);
    assert_int_equal(wait_for(&job), 0);
    assert_int_equal(atomic_load(&dropped), 0);
    close_pool();
}

static int looks_at_its_thread(void *argument)
{
    char name[16] = "";
    prctl(PR_GET_NAME, name, 0, 0, 0);
    VERDICT(strcmp(name, argument) == 0);
    sigset_t mask;
    VERDICT(pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0);
    VERDICT(sigismember(&mask, SIGTERM) && sigismember(&mask, SIGUSR1) && sigismember(&mask, SIGALRM));
    VERDICT(!sigismember(&mask, SIGSEGV) && !sigismember(&mask, SIGABRT));
    return 0;
}

/* scenario 46, known bug 100 */
static void threads_are_named_and_take_no_signals(void **state)
{
    (void)state;
    const char *const prefixes[] = {"io", "a very long prefix", NULL};
    char *const names[] = {"io-blk-0", "a very lo-blk-0", "weft-blk-0"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .thread_name = prefixes[i])), 0);
        weft_job job = try_begin(WEFT_JOB(looks_at_its_thread, names[i]));
        assert_int_equal(wait_for(&job), 0);
        close_pool();
    }
}

/* SD-06 SD-07 SD-08, BLK-03, known bug 42 */
static void shutdown_ends_what_runs_and_takes_back_what_waits(void **state)
{
    (void)state;
    open_pool(1, 6, 0);
    struct plugs plugs;
    plug_pool(&plugs, 1);
    weft_job queued = try_begin(WEFT_JOB(count_run, NULL, .drop = count_drop));
    weft_job mandatory = try_begin(WEFT_JOB(count_run, NULL, .drop = count_drop, .mandatory = true));
    for (int i = 0; i < 2; i++)
        assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(count_run, NULL, .drop = count_drop)), 0);
    atomic_int rc[3] = {99, 99, 99};
    weft_spawn(weft_runtime_scope(rt), waits, .options = keep(WEFT_JOB(count_run, NULL, .drop = count_drop)), .rc = &rc[0]);
    WORLD_UNTIL(stats().queued == 5);
    weft_spawn(weft_runtime_scope(rt), waits, .options = keep(WEFT_JOB(count_run, NULL, .mandatory = true)), .rc = &rc[1]);
    WORLD_UNTIL(stats().queued == 6);
    weft_spawn(weft_runtime_scope(rt), waits, .options = keep(WEFT_JOB(count_run, NULL, .drop = count_drop)), .rc = &rc[2]);
    WORLD_UNTIL(stats().waiting == 1);

    assert_int_equal(weft_runtime_shutdown(rt, weft_deadline_in(20000000)), WEFT_ETIMEDOUT); /* the plug runs */
    assert_int_equal(atomic_load(&dropped), 4);
    assert_int_equal(wait_for(&queued), WEFT_ESHUTDOWN);
    WORLD_UNTIL(atomic_load(&rc[0]) != 99 && atomic_load(&rc[2]) != 99); /* a worker tells them */
    assert_true(atomic_load(&rc[0]) == WEFT_ESHUTDOWN || atomic_load(&rc[0]) == WEFT_ECANCELED);
    assert_true(atomic_load(&rc[2]) == WEFT_ESHUTDOWN || atomic_load(&rc[2]) == WEFT_ECANCELED);
    assert_int_equal(atomic_load(&rc[1]), 99);
    weft_job late = {0};
    assert_int_equal(weft_job_try_begin(rt, &late, WEFT_JOB(count_run, NULL, .drop = count_drop)), WEFT_ESHUTDOWN);
    assert_int_equal(weft_job_begin_blocking(rt, &late, WEFT_JOB(count_run, NULL, .drop = count_drop), WEFT_FOREVER),
                     WEFT_ESHUTDOWN);
    assert_int_equal(atomic_load(&dropped), 4); /* the argument of a refused job is still the caller's */
    latch_up(&plugs.leave);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    assert_int_equal(atomic_load(&ran), 2); /* the mandatory ones */
    assert_int_equal(atomic_load(&rc[1]), 0);
    assert_int_equal(wait_for(&mandatory), 0); /* the outcome is kept until the runtime goes */
    assert_int_equal(wait_for(&plugs.jobs[0]), 0);
    assert_int_equal(stats().threads, 0);
    assert_int_equal(weft_runtime_destroy(rt), 0);
    rt = NULL;
    assert_int_equal(weft_job_wait_blocking(&(weft_job){mandatory.id + 1, 0, 1}, 0, NULL), WEFT_ESRCH);
}

/* scenario 19, known bug 38: SD-05, and: it names the job. */
static void shutdown_with_a_deadline_names_the_job_that_is_stuck(void **state)
{
    (void)state;
    open_pool(2, 0, 0);
    struct latch entered = LATCH, leave = LATCH;
    struct gate argument = {&entered, &leave, 0};
    assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(gate, &argument, .name = "stuck reader")), 0);
    latch_wait(&entered, 1);
    assert_int_equal(weft_runtime_shutdown(rt, weft_deadline_in(30000000)), WEFT_ETIMEDOUT);
    assert_non_null(strstr(weft_error_detail(), "stuck reader"));
    assert_non_null(strstr(reported, "stuck reader"));
    assert_non_null(strstr(reported, "blocking_pool.c:"));
    assert_int_equal(weft_runtime_shutdown(rt, 0), WEFT_ETIMEDOUT);
    latch_up(&leave);
    assert_int_equal(weft_runtime_shutdown(rt, weft_deadline_in(INT64_C(10000000000000))), 0);
    close_pool();
}

/* known bug 39 */
static void shutdown_with_idle_threads_needs_no_deadline(void **state)
{
    (void)state;
    open_pool(4, 0, 0);
    struct plugs plugs;
    plug_pool(&plugs, 4);
    unplug_pool(&plugs);
    WORLD_UNTIL(stats().threads_idle == 4);
    assert_int_equal(weft_runtime_shutdown(rt, 0), 0);
    close_pool();
}

/* known bug 89: 10,000 jobs that block, and a pipeline beside them that goes on. */
static void pool_full_of_blocked_jobs_stops_nobody_else(void **state)
{
    (void)state;
    const unsigned threads = WORLD_SANITIZED ? 64 : 512, jobs = WORLD_SANITIZED ? 2000 : 10000;
    open_pool(threads, 0, 0);
    struct latch leave = LATCH;
    struct gate argument = {NULL, &leave, 0};
    for (unsigned i = 0; i < jobs; i++)
        assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(gate, &argument)), 0);
    WORLD_UNTIL(stats().running == threads);
    assert_int_equal(stats().queued, jobs - threads);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    atomic_ullong sum = 0, count = 0;
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = 1000);
    weft_spawn(weft_runtime_scope(rt), puller, .in = in, .sum = &sum, .count = &count);
    WORLD_UNTIL(world_live(rt) == 0);
    assert_int_equal(atomic_load(&count), 1000);
    latch_up(&leave);
    WORLD_UNTIL(stats().completed == jobs);
    assert_int_equal(stats().threads_high, threads);
    close_pool();
}

/* finish() waits for jobs, for the tasks that they spawn, for the jobs of those … */
static int breeds(void *argument);
struct breeder { weft_frame weft; int left; };
static weft_poll breeder(weft_context *cx, struct breeder *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc,
               weft_job_begin(cx, NULL, WEFT_JOB(breeds, &self->left, .argument_size = sizeof self->left)));
    VERDICT(self->weft.rc == 0);
    WEFT_END(0);
}
static weft_runtime *breeding;
static int breeds(void *argument)
{
    const int left = *(int *)argument;
    atomic_fetch_add(&ran, 1);
    if (left > 0)
        weft_spawn(weft_runtime_scope(breeding), breeder, .left = left - 1);
    return 0;
}
static void finish_waits_for_jobs_and_what_they_begin(void **state)
{
    (void)state;
    open_pool(0, 0, 0);
    breeding = rt;
    int left = 200;
    assert_int_equal(weft_job_try_begin(rt, NULL, WEFT_JOB(breeds, &left, .argument_size = sizeof left)), 0);
    rt = NULL;
    assert_int_equal(weft_runtime_finish(breeding), 0);
    assert_int_equal(atomic_load(&ran), 201);
    verdict_assert();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, close_after)
#define FAULT(name) cmocka_unit_test_setup_teardown(name, begin_faulty, end_faulty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_thread_runs_every_job_in_order),
        TEST(idle_threads_leave_after_their_time),
        TEST(idle_threads_are_used_again),
        TEST(full_queue_refuses_or_times_out),
        TEST(full_queue_is_entered_in_the_order_of_arrival),
        TEST(full_queue_hands_an_unused_place_on),
        TEST(job_that_would_hold_the_only_thread_is_refused),
        TEST(job_that_would_hold_the_last_thread_is_refused),
        TEST(job_that_was_given_a_place_holds_no_thread),
        TEST(place_in_the_hands_of_a_thread_is_waited_for_by_the_end),
        FAULT(no_thread_at_all_is_an_error),
        FAULT(no_second_thread_means_waiting_for_the_first),
        FAULT(thread_that_was_refused_is_tried_again),
        FAULT(thread_that_was_refused_to_a_driven_runtime_is_tried_again),
        FAULT(no_memory_is_an_error_and_the_place_is_free),
        TEST(threads_are_named_and_take_no_signals),
        TEST(shutdown_ends_what_runs_and_takes_back_what_waits),
        TEST(shutdown_with_a_deadline_names_the_job_that_is_stuck),
        TEST(shutdown_with_idle_threads_needs_no_deadline),
        TEST(pool_full_of_blocked_jobs_stops_nobody_else),
        TEST(finish_waits_for_jobs_and_what_they_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
