/* SPDX-License-Identifier: MIT */
/*
 * The host's own thread turns a driven runtime, and there a task forks, or a job of a simulated one. In the child the call
 * that was turning it comes back at once, refused: no other task is polled there, which lives in the parent, and nothing
 * that was waited for is touched. The parent's call goes on.
 */
#include "lib/child.h"
#include "lib/world.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL_MAP(XX)                                                                                                   \
    XX(TURN)                                                                                                           \
    XX(JOIN)                                                                                                           \
    XX(JOB_BEGIN)                                                                                                      \
    XX(JOB_WAIT)                                                                                                       \
    XX(SEND)                                                                                                           \
    XX(RESERVE)                                                                                                        \
    XX(RECV)                                                                                                           \
    XX(ACQUIRE)                                                                                                        \
    XX(NOTICE)                                                                                                         \
    XX(SHUTDOWN)                                                                                                       \
    XX(FINISH)                                                                                                         \
    XX(DESTROY)

enum call {
#define CALL_NAME(name) CALL_##name,
    CALL_MAP(CALL_NAME)
#undef CALL_NAME
    CALLS
};

enum { BEHIND = 5 };

/* One of each that is waited for in vain. */
static struct {
    weft_runtime *rt;
    atomic_uint *polls; /* of the tasks behind the one that forks, in both processes */
    pid_t child;
    weft_task task;
    weft_job job;
    numbers_sender full_out, empty_out;
    numbers_receiver full_in, empty_in;
    weft_semaphore semaphore;
    weft_notify notify;
} d;

struct behind {
    weft_frame weft;
};

static weft_poll behind(weft_context *cx, struct behind *self)
{
    WEFT_BEGIN(cx, self);
    atomic_fetch_add(d.polls, 1);
    WEFT_END(0);
}

struct sleeper {
    weft_frame weft;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, INT64_C(3600) * 1000000000));
    WEFT_END(self->weft.rc);
}

static int fork_here(void)
{
    d.child = child_fork();
    if (d.child == 0 && weft_runtime_destroy(d.rt) != WEFT_EDEADLK)
        _exit(98);
    return 0;
}

struct forking {
    weft_frame weft;
};

static weft_poll forking(weft_context *cx, struct forking *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = fork_here();
    WEFT_END(self->weft.rc);
}

static int forking_job(void *argument)
{
    (void)argument;
    return fork_here();
}

/* The pool's one thread is in this. Not of a simulated runtime, which would run it on the test's own. */
struct hold {
    struct latch entered, leave;
};

static int held(void *argument)
{
    struct hold *hold = argument;
    latch_up(&hold->entered);
    latch_wait(&hold->leave, 1);
    return 0;
}

static int call(enum call which, int64_t until)
{
    weft_job another = {0};
    numbers_permit permit;
    uint64_t value;
    switch (which) {
    case CALL_TURN: {
        const int polls = weft_runtime_turn(d.rt, 1000);
        return polls > 0 ? WEFT_ETIMEDOUT : polls;
    }
    case CALL_JOIN:
        return weft_task_join_blocking(&d.task, until, NULL);
    case CALL_JOB_BEGIN:
        return weft_job_begin_blocking(d.rt, &another, WEFT_JOB(forking_job, NULL), until);
    case CALL_JOB_WAIT:
        return weft_job_wait_blocking(&d.job, until, NULL);
    case CALL_SEND:
        return numbers_send_blocking(&d.full_out, 2, until);
    case CALL_RESERVE:
        return numbers_reserve_blocking(&d.full_out, &permit, until);
    case CALL_RECV:
        return numbers_recv_blocking(&d.empty_in, &value, until);
    case CALL_ACQUIRE:
        return weft_semaphore_acquire_blocking(&d.semaphore, 1, until);
    case CALL_NOTICE:
        return weft_notify_wait_blocking(&d.notify, until);
    case CALL_SHUTDOWN:
        return weft_runtime_shutdown(d.rt, WEFT_FOREVER);
    case CALL_FINISH:
        return weft_runtime_finish(d.rt);
    default:
        return weft_runtime_destroy(d.rt);
    }
}

static void begin(weft_drive drive, struct hold *hold)
{
    assert_int_equal(weft_runtime_create(&d.rt, WEFT_RUNTIME_OPTIONS(.drive = drive, .blocking_threads_max = 1,
                                                                     .blocking_queue_max = 1)),
                     0);
    world_channel(d.rt, 1, WEFT_WAIT, &d.full_out, &d.full_in);
    world_channel(d.rt, 1, WEFT_WAIT, &d.empty_out, &d.empty_in);
    assert_int_equal(numbers_try_send(&d.full_out, 1), 0);
    assert_int_equal(weft_semaphore_create(d.rt, WEFT_SEMAPHORE_OPTIONS(.permits = 0, .permits_max = 1), &d.semaphore), 0);
    assert_int_equal(weft_notify_create(d.rt, NULL, &d.notify), 0);
    d.job = (weft_job){0};
    if (drive == WEFT_DRIVE_TURNS) {
        assert_int_equal(weft_job_try_begin(d.rt, &d.job, WEFT_JOB(held, hold)), 0);
        latch_wait(&hold->entered, 1);
    }
    d.task = weft_spawn_joinable(weft_runtime_scope(d.rt), sleeper);
}

static void close_ends(void)
{
    numbers_sender_close(&d.full_out);
    numbers_receiver_close(&d.full_in);
    numbers_sender_close(&d.empty_out);
    numbers_receiver_close(&d.empty_in);
    weft_semaphore_destroy(&d.semaphore);
    weft_notify_destroy(&d.notify);
}

/* What the child found, as its exit code. */
static int child_ends(enum call which, int answer)
{
    if (answer != (which == CALL_DESTROY ? 0 : WEFT_ESHUTDOWN))
        return 10;
    if (which != CALL_DESTROY && weft_runtime_destroy(d.rt) != 0)
        return 11;
    close_ends();
    return 0;
}

static void parent_waits(void)
{
    int status = -1;
    assert_true(d.child > 0);
    assert_int_equal(waitpid(d.child, &status, 0), d.child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static bool ends_the_runtime(enum call which) { return which >= CALL_SHUTDOWN; }

static void round_of(weft_drive drive, enum call which, bool by_job)
{
    struct hold hold = {LATCH, LATCH};
    begin(drive, &hold);
    if (by_job) {
        assert_int_equal(weft_job_try_begin(d.rt, NULL, WEFT_JOB(forking_job, NULL)), 0);
    } else {
        weft_spawn(weft_runtime_scope(d.rt), forking);
        for (int i = 0; i < BEHIND; i++)
            weft_spawn(weft_runtime_scope(d.rt), behind);
    }
    if (which == CALL_JOB_BEGIN) /* the queue is full */
        assert_int_equal(weft_job_try_begin(d.rt, NULL, WEFT_JOB(held, &hold)), 0);
    if (ends_the_runtime(which)) {
        latch_up(&hold.leave);
        if (which == CALL_FINISH)
            assert_int_equal(weft_task_cancel(d.task), 0);
    }
    d.child = -1;
    atomic_store(d.polls, 0);
    const int answer = call(which, weft_runtime_clock(d.rt) + 20000000);
    if (d.child == 0)
        exit(child_ends(which, answer));
    assert_int_equal(answer, ends_the_runtime(which) ? 0 : WEFT_ETIMEDOUT);
    parent_waits();
    assert_true(by_job || atomic_load(d.polls) <= BEHIND); /* those that were cancelled are polled as well */
    if (!ends_the_runtime(which)) {
        assert_int_equal(atomic_load(d.polls), by_job ? 0 : BEHIND);
        latch_up(&hold.leave);
    }
    if (!ends_the_runtime(which) || which == CALL_SHUTDOWN)
        assert_int_equal(weft_runtime_destroy(d.rt), 0);
    close_ends();
}

/* known bug 98: of each call that turns a driven runtime. */
static void task_of_a_driven_runtime_may_fork(void **state)
{
    (void)state;
    for (enum call which = 0; which < CALLS; which++)
        round_of(WEFT_DRIVE_TURNS, which, false);
}

/* The same of a simulated one, whose jobs are run on that thread, too. */
static void task_or_job_of_a_simulated_runtime_may_fork(void **state)
{
    (void)state;
    for (enum call which = 0; which < CALLS; which++) {
        if (which == CALL_JOB_BEGIN || which == CALL_JOB_WAIT)
            continue;
        round_of(WEFT_DRIVE_SIM, which, false);
        if (!ends_the_runtime(which)) /* that takes back what is queued */
            round_of(WEFT_DRIVE_SIM, which, true);
    }
}

/* Of a driven runtime it runs on a thread of the pool, which ends in the child, and the process with it. */
static void job_of_a_driven_runtime_may_fork(void **state)
{
    (void)state;
    weft_job job = {0};
    assert_int_equal(weft_runtime_create(&d.rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_TURNS)), 0);
    assert_int_equal(weft_job_try_begin(d.rt, &job, WEFT_JOB(forking_job, NULL)), 0);
    assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, NULL), 0);
    parent_waits();
    assert_int_equal(weft_runtime_finish(d.rt), 0);
}

static int destroys_in_child(void *context, weft_runtime *rt)
{
    int *answers = context;
    const pid_t child = child_fork();
    if (child == 0) {
        answers[0] = weft_runtime_destroy(rt);
        answers[1] = 1;
        return 1;
    }
    d.child = child;
    return 0;
}

/* Whoever is shown a runtime may fork; the visit is not over in the child, and the runtime is destroyed after it. */
static void visit_may_fork(void **state)
{
    (void)state;
    int answers[2] = {0};
    assert_int_equal(weft_runtime_create(&d.rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1)), 0);
    const int visited = weft_runtime_visit(destroys_in_child, answers);
    if (answers[1])
        exit(visited == 1 && answers[0] == WEFT_EDEADLK && weft_runtime_destroy(d.rt) == 0 ? 0 : 12);
    parent_waits();
    assert_int_equal(weft_runtime_finish(d.rt), 0);
}

int main(void)
{
    world_seed();
    if (WORLD_TSAN)
        return 77; /* it does not let a multi-threaded program fork */
    d.polls = mmap(NULL, sizeof *d.polls, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(task_of_a_driven_runtime_may_fork),
        cmocka_unit_test(task_or_job_of_a_simulated_runtime_may_fork),
        cmocka_unit_test(job_of_a_driven_runtime_may_fork),
        cmocka_unit_test(visit_may_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
