/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/quota.h"

int weft__thread_start(pthread_t *out_thread, size_t stack_size, void *(*entry)(void *), void *argument)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return -ENOMEM;
    if (stack_size != 0)
        pthread_attr_setstacksize(&attributes, stack_size);

    /* The mask is inherited: block around the creation, so that not one instruction of the thread runs without it. */
    sigset_t blocked, before;
    sigfillset(&blocked);
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    const int error = weft__platform->thread_create(out_thread, &attributes, entry, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    pthread_attr_destroy(&attributes);
    return -error;
}

void weft__thread_name(const char *prefix, unsigned number, char out_name[WEFT__THREAD_NAME])
{
    char tail[12];
    snprintf(tail, sizeof tail, "-%u", number);
    const int room = (int)(WEFT__THREAD_NAME - 1 - strlen(tail));
    snprintf(out_name, WEFT__THREAD_NAME, "%.*s%s", room, prefix, tail);
}

void weft__thread_set_name(const char *prefix, unsigned number, char out_name[WEFT__THREAD_NAME])
{
    weft__thread_name(prefix, number, out_name);
    prctl(PR_SET_NAME, out_name, 0, 0, 0);
}

void weft__thread_set_punctual(void)
{
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0); /* 0 would mean the default. A kernel that refuses leaves it as late as others */
}

unsigned weft__thread_processors(void)
{
    unsigned count = 0;
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        count = (unsigned)CPU_COUNT(&allowed);
    if (count == 0) { /* more processors than a cpu_set_t holds */
        const long online = sysconf(_SC_NPROCESSORS_ONLN);
        count = online > 0 ? (unsigned)online : 1;
    }
    const unsigned quota = weft__quota_processors("");
    return quota != 0 && quota < count ? quota : count;
}

int weft__thread_id(void)
{
    return (int)syscall(SYS_gettid);
}

int weft__thread_key(pthread_key_t *out_key, void (*ends)(void *value))
{
    return -pthread_key_create(out_key, ends);
}

void weft__thread_keep(pthread_key_t key, void *value)
{
    (void)pthread_setspecific(key, value);
}
