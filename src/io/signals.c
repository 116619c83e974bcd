/* SPDX-License-Identifier: MIT */
/* Signals as a descriptor. */
#define _GNU_SOURCE
#include <weft/signals.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "io/descriptor.h"
#include "task/context.h"

int weft_signals_open(weft_runtime *rt, const int *numbers, size_t count, weft_fd *out_fd)
{
    static const char call[] = "weft_signals_open";
    if (!numbers || count == 0 || !out_fd)
        return weft__refuse(WEFT_EINVAL, "%s: give at least one signal, and a place for the handle", call);
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == SIGKILL || numbers[i] == SIGSTOP || sigaddset(&set, numbers[i]) < 0)
            return weft__refuse(WEFT_EINVAL, "%s: signal %d: give one that exists and can be blocked", call, numbers[i]);
    int error;
    struct weft__io *io = weft__io_for(call, rt, &error);
    if (!io)
        return error;
    const int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return weft__refuse(-errno, "%s: %s", call, weft_error_text(-errno));
    static struct weft__label label = WEFT__LABEL("signals");
    error = weft__descriptor_open(io, fd, WEFT_FD_DATAGRAM, &label, out_fd);
    if (error < 0) {
        close(fd);
        return weft__refuse(error, "%s: no memory", call);
    }
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return 0;
}

static int signals_attempt(struct weft__descriptor *descriptor, void *arguments)
{
    weft_signal *out = arguments;
    struct signalfd_siginfo info;
    const ssize_t moved = read(descriptor->fd, &info, sizeof info);
    if (moved < 0)
        return errno == EINTR ? WEFT_EAGAIN : -errno;
    if (moved != sizeof info)
        return WEFT_EINVAL; /* another kind of descriptor */
    *out = (weft_signal){(int)info.ssi_signo, (int)info.ssi_pid, info.ssi_uid, info.ssi_int};
    weft__io_count_read(descriptor, (uint64_t)moved);
    return 0;
}

int weft_signals_wait(weft_context *cx, weft_fd *fd, weft_signal *out_signal)
{
    static const char call[] = "weft_signals_wait";
    if (!cx || !out_signal)
        return weft__refuse(WEFT_EINVAL, "%s: give a context, and a place for the signal", call);
    return weft__io_await(cx, &(struct weft__io_operation){call, fd, WEFT__IO_READ, signals_attempt, out_signal},
                          &weft__cx_task(cx)->wait);
}
