/* SPDX-License-Identifier: MIT */
/* Threads that the system does not give, signals that are not ours, and a process that stands still for a while. ctest-cost: 9 */
#include "lib/child.h"
#include "lib/faulty.h"
#include "lib/world.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * scenario 40: the first, a middle and the last worker, and the monitor: creation fails whole, and the next one
 * succeeds.
 */
static void create_without_a_thread_gives_everything_back(void **state)
{
    (void)state;
    enum { WORKERS = 4 };
    world_end(world_begin(1), 0); /* ThreadSanitizer has a thread of its own from the first that is made */
    faulty_begin();
    for (int sticky = 0; sticky < 2; sticky++)
        for (unsigned n = 1; n <= WORKERS + 1; n++) {
            const unsigned before = child_count_entries("/proc/self/task");
            weft_runtime *rt = (weft_runtime *)&before;
            faulty_arm(FAULTY_THREADS, n, sticky);
            const int rc = weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = WORKERS));
            faulty_disarm();
            assert_true(faulty_fired());
            assert_int_equal(rc, WEFT_EAGAIN);
            assert_ptr_equal(strstr(weft_error_detail(), "weft_runtime_create: "), weft_error_detail());
            assert_ptr_equal(rt, (weft_runtime *)&before);
            WORLD_UNTIL(child_count_entries("/proc/self/task") <= before); /* a joined thread is listed for a moment: now, or before */
            assert_true(faulty_blocks() == 0 && faulty_mapped() == 0);
        }
    faulty_arm(FAULTY_THREADS, WORKERS + 2, true);
    weft_runtime *rt = world_begin(WORKERS);
    assert_false(faulty_fired());
    faulty_disarm();
    world_end(rt, 0);
    faulty_end();
}

/* scenario 40: an earlier runtime does not notice that another could not be made. */
static void create_that_fails_leaves_others_unharmed(void **state)
{
    (void)state;
    faulty_begin();
    weft_runtime *rt = world_begin(2);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    atomic_ullong count = 0;
    weft_spawn(weft_runtime_scope(rt), puller, .in = in, .count = &count);
    for (unsigned n = 1; n <= 3; n++) {
        weft_runtime *none = NULL;
        faulty_arm(FAULTY_THREADS, n, true);
        assert_int_equal(weft_runtime_create(&none, WEFT_RUNTIME_OPTIONS(.worker_threads = 2)), WEFT_EAGAIN);
        faulty_disarm();
        assert_int_equal(numbers_send_blocking(&out, n, WEFT_FOREVER), 0);
    }
    numbers_sender_close(&out);
    world_settle(rt);
    assert_int_equal(atomic_load(&count), 3);
    world_end(rt, 1);
    faulty_end();
}

static atomic_uint alarms;
static atomic_uint alarms_elsewhere;
static pid_t test_thread;

static void on_alarm(int signal)
{
    (void)signal;
    atomic_fetch_add(&alarms, 1);
    if ((pid_t)syscall(SYS_gettid) != test_thread)
        atomic_fetch_add(&alarms_elsewhere, 1);
}

struct spinner {
    weft_frame weft;
    atomic_uint *stop;
    uint64_t *turns;
};

static weft_poll spinner(weft_context *cx, struct spinner *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(self->stop)) {
        for (unsigned i = 0; i < 1000; i++)
            __asm__ volatile("" ::: "memory");
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

/* scenario 46: A host's timer at 1 kHz: its handler runs on the host's thread only, however busy the workers are. */
static void signals_of_the_host_stay_on_its_threads(void **state)
{
    (void)state;
    test_thread = (pid_t)syscall(SYS_gettid);
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART}, before;
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    weft_runtime *rt = world_begin(3);
    atomic_uint stop = 0;
    for (int i = 0; i < 3; i++)
        weft_spawn(weft_runtime_scope(rt), spinner, .stop = &stop);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = UINT64_MAX);
    const struct itimerval storm = {{0, 1000}, {0, 1000}}, calm = {{0, 0}, {0, 0}};
    assert_int_equal(setitimer(ITIMER_REAL, &storm, NULL), 0);
    uint64_t received = 0, got;
    while (atomic_load(&alarms) < 500) { /* this thread blocks in a futex, is interrupted, and notices nothing */
        assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
        assert_int_equal(got, received++);
    }
    setitimer(ITIMER_REAL, &calm, NULL);
    numbers_receiver_close(&in);
    atomic_store(&stop, 1);
    world_end(rt, 4);
    assert_int_equal(atomic_load(&alarms_elsewhere), 0);
    sigaction(SIGALRM, &before, NULL);
}

/* What a host could handle is blocked, and a crash stays the host's to see. */
static void check_mask(unsigned long long blocked)
{
    const int host[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1, SIGUSR2,   SIGPIPE, SIGALRM,
                        SIGTERM, SIGCHLD, SIGCONT, SIGPROF, SIGVTALRM, SIGIO,   SIGWINCH};
    for (size_t i = 0; i < sizeof host / sizeof host[0]; i++)
        assert_true(blocked >> (host[i] - 1) & 1);
    const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        assert_false(blocked >> (faults[i] - 1) & 1);
}

/* How many threads of the process have a name of the library; the mask of each is checked if it is to be. */
static unsigned threads_of_the_library(bool check)
{
    unsigned ours = 0;
    DIR *folder = opendir("/proc/self/task");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[300], line[200];
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        FILE *status = fopen(path, "re");
        if (!status)
            continue;
        bool named = false;
        unsigned long long blocked = 0;
        while (fgets(line, sizeof line, status)) {
            if (strncmp(line, "Name:\tweft", 10) == 0)
                named = true;
            sscanf(line, "SigBlk: %llx", &blocked);
        }
        fclose(status);
        ours += named;
        if (named && check)
            check_mask(blocked);
    }
    closedir(folder);
    return ours;
}

/*
 * scenario 46, known bug 100: what /proc says of each thread but this one: every signal that a host could handle is
 * blocked.
 */
static void threads_of_the_library_block_every_signal(void **state)
{
    (void)state;
    WORLD_UNTIL(threads_of_the_library(false) == 0); /* those of the test before: /proc lists a thread for a moment after its join */
    weft_runtime *rt = world_begin(3);
    atomic_uint ended = 0;
    weft_spawn(weft_runtime_scope(rt), ender, .ended = &ended);
    const unsigned checked = threads_of_the_library(true);
    if (!WORLD_TSAN) /* which renames, and starts threads of its own */
        assert_int_equal(checked, 4);
    world_end(rt, 1);
}

/* The mask of the thread that creates a runtime is as it was. */
static void create_leaves_the_caller_s_mask_alone(void **state)
{
    (void)state;
    sigset_t wanted, before, after;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    weft_runtime *rt = world_begin(2);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    for (int signal = 1; signal < 32; signal++)
        assert_int_equal(sigismember(&before, signal), sigismember(&after, signal));
    pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
    world_end(rt, 0);
}

/* A child that works while the test stops it for two seconds, and lets it go on. 0: all its messages arrived. */
static int stopped_child(int ready)
{
    weft_runtime *rt = NULL;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2)) != 0)
        return 2;
    numbers_sender out;
    numbers_receiver in;
    if (numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 2), &out, &in) != 0)
        return 3;
    enum { MESSAGES = 300000 };
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = WORLD_SANITIZED ? MESSAGES / 10 : MESSAGES);
    uint64_t got, next = 0;
    while (numbers_recv_blocking(&in, &got, WEFT_FOREVER) == 0) {
        if (got != next++)
            return 4;
        if (got == 1000 && write(ready, "r", 1) != 1)
            return 5;
    }
    numbers_receiver_close(&in);
    if (weft_runtime_finish(rt) != 0)
        return 6;
    return next == (WORLD_SANITIZED ? MESSAGES / 10 : MESSAGES) ? 0 : 7;
}

static void process_that_was_stopped_goes_on(void **state)
{
    (void)state;
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(stopped_child(ready[1]));
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill(child, SIGSTOP);
    int status;
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_true(WIFSTOPPED(status) || WIFEXITED(status));
    if (WIFSTOPPED(status)) {
        nanosleep(&(struct timespec){5, 0}, NULL); /* the fault itself, not a synchronisation */
        kill(child, SIGCONT);
        assert_int_equal(waitpid(child, &status, 0), child);
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(ready[0]);
    close(ready[1]);
}

/* Who waits for a job that weft_job_visit() has shown, and that goes back to its submitter, is told that it is gone. */
static struct {
    weft_runtime *rt;
    weft_task waiter;
    int polls;
} shown;

struct waits_for_shown {
    weft_frame weft;
    weft_job job;
};

static weft_poll waits_for_shown(weft_context *cx, struct waits_for_shown *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_job_wait(cx, &self->job, NULL));
    WEFT_END(self->weft.rc);
}

static int keep_job(void *context, const weft_job_info *info)
{
    *(weft_job *)context = info->job;
    return 1;
}

static void wait_for_shown(void)
{
    weft_job job = {0};
    (void)weft_job_visit(shown.rt, keep_job, &job);
    shown.waiter = weft_spawn_joinable(weft_runtime_scope(shown.rt), waits_for_shown, .job = job);
    shown.polls = weft_runtime_turn(shown.rt, 10);
}

static int never(void *context)
{
    (void)context;
    return 0;
}

static void waiter_for_a_job_that_is_refused_is_told(void **state)
{
    (void)state;
    faulty_begin();
    faulty_before_refusal(wait_for_shown);
    assert_int_equal(weft_runtime_create(&shown.rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_TURNS)), 0);
    faulty_arm(FAULTY_THREADS, 1, false);
    weft_job job = {0};
    assert_int_equal(weft_job_try_begin(shown.rt, &job, WEFT_JOB(never, NULL)), WEFT_EAGAIN);
    faulty_disarm();
    assert_int_equal(shown.polls, 1); /* it waits */
    int result = 0;
    assert_int_equal(weft_runtime_turn(shown.rt, 10), 1);
    assert_int_equal(weft_task_join_blocking(&shown.waiter, WEFT_FOREVER, &result), 0);
    assert_int_equal(result, WEFT_ESRCH);
    assert_int_equal(weft_runtime_finish(shown.rt), WEFT_ESRCH);
    faulty_before_refusal(NULL);
    faulty_end();
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_without_a_thread_gives_everything_back),
        cmocka_unit_test(create_that_fails_leaves_others_unharmed),
        cmocka_unit_test(waiter_for_a_job_that_is_refused_is_told),
        cmocka_unit_test(process_that_was_stopped_goes_on), /* forks: while no other thread lives */
        cmocka_unit_test(signals_of_the_host_stay_on_its_threads),
        cmocka_unit_test(threads_of_the_library_block_every_signal),
        cmocka_unit_test(create_leaves_the_caller_s_mask_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
