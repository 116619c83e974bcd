/* SPDX-License-Identifier: MIT */
/*
 * Figure F4: a process under load that is stopped, interrupted, and given a tenth of a processor. What it computes is right all the
 * same, only later; the host's signals are handled by the host's thread.
 */
/* ctest-timeout: 600 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <weft.h>

#include "lib/child.h"
#include "lib/load.h"
#include "lib/rel.h"
#include "lib/stress.h"

static weft_runtime *create(void)
{
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .monitor_interval_ms = 1, .blocking_threads_max = 2,
                                                                   .seed = stress_seed())),
                     0);
    return rt;
}

/* What a child that played has to say. */
struct played {
    uint64_t scenes;
    bool right;
};

static void pause_ms(int64_t ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* A child plays until `disturb`, which is given its id, has returned. */
static struct played play_disturbed(void (*disturb)(pid_t child, void *context), void *context)
{
    int from[2], until[2];
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    assert_int_equal(pipe2(until, O_CLOEXEC | O_NONBLOCK), 0);
    const pid_t child = child_fork();
    if (child == 0) {
        char byte;
        close(until[1]);
        struct played played = {0};
        weft_runtime *rt = create();
        do
            load_play(rt, played.scenes, 100);
        while ((played.scenes += 100) && read(until[0], &byte, 1) != 0);
        played.right = weft_runtime_finish(rt) == 0 && verdict_holds();
        _exit(write(from[1], &played, sizeof played) == sizeof played ? 0 : 1);
    }
    assert_true(child > 0);
    close(from[1]);
    close(until[0]);
    disturb(child, context);
    close(until[1]);
    struct played played = {0};
    assert_int_equal(read(from[0], &played, sizeof played), sizeof played);
    close(from[0]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return played;
}

static void stop_often(pid_t child, void *context)
{
    struct weft__rng rng = stress_rng(1);
    for (uint64_t i = *(const uint64_t *)context; i > 0; i--) {
        pause_ms(weft__rng_below(&rng, 30));
        kill(child, SIGSTOP);
        pause_ms(20 + weft__rng_below(&rng, 60));
        kill(child, SIGCONT);
    }
}

/* scenario 37 */
static void load_that_is_stopped_again_and_again_is_right(void **state)
{
    (void)state;
    uint64_t stops = rel_size(20, 200);
    const struct played played = play_disturbed(stop_often, &stops);
    print_message("%" PRIu64 " scenes between %" PRIu64 " stops\n", played.scenes, stops);
    assert_true(rel_line("F4-stops", (double)stops, (double)stops, played.right, stress_seed()));
}

static pthread_t host;
static _Atomic uint64_t alarms, elsewhere;

static void on_alarm(int number)
{
    (void)number;
    alarms++;
    elsewhere += !pthread_equal(pthread_self(), host);
}

/* scenario 46: a thousand signals a second, on the thread that set them up and on no other. */
static void load_beside_a_thousand_alarms_a_second_is_right(void **state)
{
    (void)state;
    const struct sigaction act = {.sa_handler = on_alarm};
    const struct itimerval every = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    const int64_t until = weft_deadline_in((int64_t)rel_seconds(2) * 1000000000);
    uint64_t scenes = 0;
    host = pthread_self();
    weft_runtime *rt = create();
    assert_int_equal(sigaction(SIGALRM, &act, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
    for (; weft_clock() < until || atomic_load(&alarms) < 100; scenes += 100)
        load_play(rt, scenes, 100);
    assert_int_equal(weft_runtime_finish(rt), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0); /* the handler stays: the last one may be on its way */
    print_message("%" PRIu64 " scenes beside %" PRIu64 " alarms\n", scenes, atomic_load(&alarms));
    rel_line("F4-alarms", (double)atomic_load(&elsewhere), 0, atomic_load(&elsewhere) == 0 && verdict_holds(), stress_seed());
    verdict_assert();
    assert_int_equal(atomic_load(&elsewhere), 0);
}

/* A control group with a tenth of a processor, of either version; false: this process may make none. */
static char group[128];

static bool group_write(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", group, name);
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return written;
}

static bool group_make(void)
{
    static const char *const roots[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup"};
    for (int i = 0; i < 2; i++) {
        snprintf(group, sizeof group, "%s/weft-test-%d", roots[i], (int)getpid());
        if (mkdir(group, 0755) != 0)
            continue;
        if (group_write("cpu.cfs_quota_us", "10000") || group_write("cpu.max", "10000 100000"))
            return true;
        rmdir(group);
    }
    return false;
}

static void group_join(pid_t child, void *context)
{
    (void)context;
    char number[16];
    snprintf(number, sizeof number, "%d", (int)child);
    assert_true(group_write("cgroup.procs", number));
    pause_ms((int64_t)rel_seconds(2) * 1000);
}

/* In a child of the group: how many workers a runtime has of itself. */
static int count_workers(void *context)
{
    (void)context;
    weft_runtime *rt = NULL;
    char number[16];
    snprintf(number, sizeof number, "%d", (int)getpid());
    if (!group_write("cgroup.procs", number) || weft_runtime_create(&rt, NULL) != 0)
        return 99;
    const int workers = (int)weft_runtime_workers(rt);
    weft_runtime_destroy(rt);
    return workers;
}

/* scenario 49, known bug 109 */
static void load_with_a_quota_of_the_system_is_right(void **state)
{
    (void)state;
    if (!group_make())
        skip(); /* only a child that is stopped nine tenths of the time: rel/same */
    const struct played played = play_disturbed(group_join, NULL);
    const int workers = child_run(count_workers, NULL);
    while (rmdir(group) != 0) /* the last of its processes may take a moment to go */
        pause_ms(10);
    print_message("%" PRIu64 " scenes with a tenth of a processor\n", played.scenes);
    assert_true(rel_line("F4-quota", workers, 1, played.right && workers == 1, stress_seed()));
}

int main(void)
{
    stress_seed(); /* before the first child */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_that_is_stopped_again_and_again_is_right),
        cmocka_unit_test(load_beside_a_thousand_alarms_a_second_is_right),
        cmocka_unit_test(load_with_a_quota_of_the_system_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
