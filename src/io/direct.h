/* SPDX-License-Identifier: MIT */
/*
 * recv() and send() of sockets that do not block, as the system's calls alone. libc's are points of cancellation, which in a process
 * of several threads takes four locked instructions for a message, and lines of code that are cold after each call. A worker is never
 * cancelled, and a host's thread that turns a runtime must not be in the middle of it.
 *
 * Whoever stands between a program and its sockets, a sanitizer, a preloaded network stack, a test, still sees every call: where
 * `recv` and `send` of this process are not libc's own, they are called (direct.c). docs/adr/0034 has what it brings.
 *
 * Threads: any. The word is written once, before there is a descriptor.
 */
#ifndef WEFT_IO_DIRECT_H
#define WEFT_IO_DIRECT_H

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/check.h"

/* Whether nobody stands between; tests set it. */
extern bool weft__direct __attribute__((visibility("hidden")));

/* Find it out, the first time. */
void weft__direct_find(void);

/* The answer is the kernel's: not below zero, or -errno, and errno stays as it was. */
static inline ssize_t weft__direct_call(long number, int fd, const void *buffer, size_t length, int flags)
{
#ifdef __x86_64__
    ssize_t answer;
    register long r10 __asm__("r10") = flags;
    register const void *r8 __asm__("r8") = NULL; /* of sendto() and recvfrom(): no address */
    register long r9 __asm__("r9") = 0;
    __asm__ volatile("syscall"
                     : "=a"(answer)
                     : "0"(number), "D"((long)fd), "S"(buffer), "d"(length), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return answer;
#else
    const ssize_t answer = syscall(number, fd, buffer, length, flags, NULL, NULL);
    return answer < 0 ? -errno : answer;
#endif
}

/* Bytes, 0 at the end, or -errno. */
static inline ssize_t weft__direct_recv(int fd, void *buffer, size_t length)
{
    if (weft__likely(weft__direct))
        return weft__direct_call(SYS_recvfrom, fd, buffer, length, 0);
    const ssize_t moved = recv(fd, buffer, length, 0);
    return moved < 0 ? -errno : moved;
}

/* Bytes, or -errno. The other side may have gone: that is an answer, and no signal. */
static inline ssize_t weft__direct_send(int fd, const void *buffer, size_t length)
{
    if (weft__likely(weft__direct))
        return weft__direct_call(SYS_sendto, fd, buffer, length, MSG_NOSIGNAL);
    const ssize_t moved = send(fd, buffer, length, MSG_NOSIGNAL);
    return moved < 0 ? -errno : moved;
}

#endif
