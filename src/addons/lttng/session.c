/* SPDX-License-Identifier: MIT */
/*
 * Recordings. LTTng tells an application nothing when one starts, so there are two witnesses:
 *
 *   the hook   LTTng announces its own state (loaded libraries) to each session that starts, and on `lttng regenerate
 *              statedump`. A probe of ours on the last event of that announcement is called for every start, from
 * LTTng's listener thread. The tracepoint is exported but not documented: if it is gone the edge is left. the edge
 * wanted() sees one of the defining events come up. It also notices `lttng enable-event` in a session that runs, which
 * the hook does not; it misses a second session that wants what the first already has.
 *
 * An ordinary start is seen by both, and must count once: an edge counts only if the hook has been silent for
 * EXPLAINED_NS before and after it. A late count costs a late announcement, a double one an announcement too many:
 * neither is wrong.
 *
 * Threads: session_started() runs on LTTng's listener thread, the rest on any.
 */
#include "session.h"

#include <dlfcn.h>
#include <errno.h>
#include <lttng/tracepoint.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <weft/error.h>
#include <weft/trace.h>

#define EXPLAINED_NS 100000000

#define BIT(e) (UINT64_C(1) << WEFT_TRACE_##e)
#define DEFINING                                                                                                       \
    (BIT(runtime_start) | BIT(thread_start) | BIT(site_def) | BIT(task_name) | BIT(chan_open) | BIT(sync_open) | BIT(statedump_begin) | \
     BIT(statedump_task) | BIT(statedump_chan))

/* All relaxed: each is a number of its own, nothing is published through it, and a look a little later sees it too. */
static _Atomic uint32_t sessions_started;
static _Atomic int64_t hook_ns = INT64_MIN; /* when the hook was last called */
static _Atomic int64_t edge_ns;             /* when an edge was seen that nothing explains yet; 0: none */
static _Atomic uint64_t bits_before;        /* the DEFINING bits of the last look */

static int64_t session_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void session_started(void *data, void *session)
{
    (void)data;
    (void)session;
    atomic_store_explicit(&hook_ns, session_clock(), memory_order_relaxed);
    atomic_store_explicit(&edge_ns, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&sessions_started, 1, memory_order_relaxed);
}

/*
 * LTTng matches a probe to a tracepoint by its names and this description of its arguments, and skips it otherwise.
 * Asking the loader for the function, instead of linking it, is what makes the hook optional.
 */
__attribute__((constructor)) static void session_hook(void)
{
    void *library = dlopen(LTTNG_UST_TRACEPOINT_LIB_SONAME, RTLD_NOW | RTLD_NOLOAD);
    if (!library)
        return;
    __typeof__(&lttng_ust_tracepoint_provider_register) register_probe;
    *(void **)&register_probe = dlsym(library, "lttng_ust_tracepoint_provider_register");
    if (register_probe)
        (void)register_probe("lttng_ust_statedump", "end", (void (*)(void))session_started, NULL,
                             "struct lttng_ust_session *, session");
    dlclose(library); /* liblttng-ust holds it */
}

static bool session_explained(int64_t edge)
{
    int64_t hook = atomic_load_explicit(&hook_ns, memory_order_relaxed);
    return hook >= edge - EXPLAINED_NS;
}

void weft__lttng_session_look(uint64_t bits)
{
    bits &= DEFINING;
    if (bits != atomic_load_explicit(&bits_before, memory_order_relaxed)) {
        uint64_t before = atomic_exchange_explicit(&bits_before, bits, memory_order_relaxed);
        int64_t now = session_clock();
        if ((bits & ~before) && !session_explained(now))
            atomic_store_explicit(&edge_ns, now, memory_order_relaxed);
    }
    int64_t edge = atomic_load_explicit(&edge_ns, memory_order_relaxed);
    if (edge && session_clock() - edge > EXPLAINED_NS &&
        atomic_compare_exchange_strong_explicit(&edge_ns, &edge, 0, memory_order_relaxed, memory_order_relaxed) &&
        !session_explained(edge))
        atomic_fetch_add_explicit(&sessions_started, 1, memory_order_relaxed);
}

uint32_t weft__lttng_session_count(void)
{
    return atomic_load_explicit(&sessions_started, memory_order_relaxed);
}

/* 0: somebody accepts connections at `path`; otherwise errno. A file that a dead daemon left behind is ECONNREFUSED. */
static int session_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    /* Without SOCK_NONBLOCK a daemon that is stopped, its queue full, would stop us too. */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    int error = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    close(fd);
    return error;
}

int weft__lttng_session_status(char *text, size_t text_size)
{
    static const char everybodys[] = "/var/run/lttng/lttng-ust-sock-8"; /* 8: the protocol of lttng-ust 2.7 to 2.14 */
    char own[sizeof((struct sockaddr_un *)0)->sun_path] = "";
    const char *home = getenv("LTTNG_HOME");
    if (!home)
        home = getenv("HOME");
    if (home && (size_t)snprintf(own, sizeof own, "%s/.lttng/lttng-ust-sock-8", home) >= sizeof own)
        own[0] = '\0';

    int error = session_connect(everybodys);
    int own_error = own[0] ? session_connect(own) : ENOENT;
    if (!error || !own_error) {
        if (text_size)
            snprintf(text, text_size, "a session daemon answers at %s", error ? own : everybodys);
        return 0;
    }
    if (text_size)
        snprintf(
            text, text_size,
            "no session daemon answers at %s%s%s (%s): start one with `lttng-sessiond --daemonize`, also while the "
            "program runs",
            everybodys, own[0] ? " or " : "", own, strerror(own_error == ENOENT ? error : own_error));
    return WEFT_ENOTCONN;
}
