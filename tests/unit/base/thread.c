/* SPDX-License-Identifier: MIT */
/* Threads of the library: their names, their signals, and how many processors there are for them. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/thread.h"
#include "lib/verdict.h"

static void thread_name_long_prefix_is_cut_and_number_kept(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        unsigned number;
        const char *name;
    } rows[] = {
        {"weft", 0, "weft-0"},
        {"", 7, "-7"},
        {"a-prefix-too-long", 12, "a-prefix-too-12"},
        {"exactly13char", 1, "exactly13char-1"},
        {"exactly14chars", 1, "exactly14char-1"},
        {"worker", 4294967295u, "work-4294967295"},
    };
    char before[16], name[WEFT__THREAD_NAME], seen[16];
    prctl(PR_GET_NAME, before);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        weft__thread_set_name(rows[i].prefix, rows[i].number, name);
        assert_string_equal(name, rows[i].name);
        prctl(PR_GET_NAME, seen);
        assert_string_equal(seen, rows[i].name);
    }
    prctl(PR_SET_NAME, before);
}

static void *thread_look_at_signals(void *argument)
{
    pthread_sigmask(SIG_SETMASK, NULL, argument);
    return NULL;
}

static void thread_start_blocks_all_but_faults(void **state)
{
    (void)state;
    pthread_t thread;
    sigset_t mine, its, after;
    sigemptyset(&mine);
    sigaddset(&mine, SIGUSR1);
    pthread_sigmask(SIG_SETMASK, &mine, NULL);
    assert_int_equal(weft__thread_start(&thread, 0, thread_look_at_signals, &its), 0);
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_true(sigismember(&after, SIGUSR1)); /* the caller's mask is as it was */
    assert_false(sigismember(&after, SIGTERM));
    static const int blocked[] = {SIGTERM, SIGINT, SIGALRM, SIGPIPE, SIGCHLD, SIGUSR1, SIGPROF};
    static const int open[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof blocked / sizeof blocked[0]; i++)
        assert_true(sigismember(&its, blocked[i]));
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        assert_false(sigismember(&its, open[i]));
    sigemptyset(&mine);
    pthread_sigmask(SIG_SETMASK, &mine, NULL);
}

static void *thread_measure(void *argument)
{
    pthread_attr_t attributes;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstacksize(&attributes, argument);
    pthread_attr_destroy(&attributes);
    return NULL;
}

static void thread_start_gives_the_stack_that_was_asked_for(void **state)
{
    (void)state;
    pthread_t thread;
    size_t size = 0;
    assert_int_equal(weft__thread_start(&thread, 1 << 20, thread_measure, &size), 0);
    pthread_join(thread, NULL);
    assert_in_range(size, 1 << 20, (1 << 20) + 65536);
}

static void thread_processors_follow_the_affinity(void **state)
{
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    const unsigned all = weft__thread_processors();
    assert_in_range(all, 1, (unsigned)CPU_COUNT(&before));
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &before)) {
            CPU_SET(i, &one);
            break;
        }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(weft__thread_processors(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_int_equal(weft__thread_processors(), all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thread_name_long_prefix_is_cut_and_number_kept),
        cmocka_unit_test(thread_start_blocks_all_but_faults),
        cmocka_unit_test(thread_start_gives_the_stack_that_was_asked_for),
        cmocka_unit_test(thread_processors_follow_the_affinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
