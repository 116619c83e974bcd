/* SPDX-License-Identifier: MIT */
/*
 * fork(). Without help the child writes into its parent's buffers under the parent's number, and may crash at its exit.
 * LTTng's way is to preload liblttng-ust-fork.so, which wraps fork() around three calls; the same three calls from
 * pthread_atfork() need no preload. Where the library is preloaded they are its business, not ours: twice would
 * register the child twice.
 *
 * Threads: the one that forks, before and after; in the child it is the only one.
 */
#include <dlfcn.h>
#include <lttng/ust-fork.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static __thread sigset_t fork_signals; /* what the thread blocked before; LTTng blocks all over the fork */

static void fork_before(void)
{
    lttng_ust_before_fork(&fork_signals);
}

static void fork_parent(void)
{
    lttng_ust_after_fork_parent(&fork_signals);
}

static void fork_child(void)
{
    lttng_ust_after_fork_child(&fork_signals);
}

static bool fork_is_wrapped(void)
{
    void *found = dlsym(RTLD_DEFAULT, "fork");
    Dl_info owner;
    return found && dladdr(found, &owner) && owner.dli_fname && strstr(owner.dli_fname, "liblttng-ust-fork");
}

__attribute__((constructor)) static void fork_prepare(void)
{
    if (!fork_is_wrapped())
        (void)pthread_atfork(fork_before, fork_parent, fork_child); /* ENOMEM: as without this file */
}
