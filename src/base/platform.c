/* SPDX-License-Identifier: MIT */
/* The Linux table: malloc, mmap, pthread_create, clock_gettime, futex. */
#define _GNU_SOURCE
#include "base/platform.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t platform_clock_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t platform_clock(void) { return platform_clock_of(CLOCK_MONOTONIC); }
static int64_t platform_clock_coarse(void) { return platform_clock_of(CLOCK_MONOTONIC_COARSE); }

enum { PLATFORM_PAGE = 4096 }; /* what mmap() aligns to of itself */

/* Pages aligned to more than the machine's: map more than needed and give the ends back. */
static void *platform_map(size_t size, size_t alignment)
{
    const size_t span = alignment > PLATFORM_PAGE ? size + alignment : size;
    char *start = mmap(NULL, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    char *aligned = (char *)(((uintptr_t)start + alignment - 1) & ~(uintptr_t)(alignment - 1));
    if (aligned > start)
        munmap(start, (size_t)(aligned - start));
    char *end = aligned + size;
    if (start + span > end)
        munmap(end, (size_t)(start + span - end));
    return aligned;
}

static void platform_unmap(void *pages, size_t size)
{
    munmap(pages, size);
}

static void platform_discard(void *pages, size_t size)
{
    madvise(pages, size, MADV_DONTNEED);
}

static void platform_rest(int64_t ns)
{
    clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ns / 1000000000, ns % 1000000000}, NULL);
}

/* FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time, so a wait that is interrupted needs no new sum. */
static int platform_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
    struct timespec limit;
    struct timespec *until = NULL;
    if (deadline_ns != INT64_MAX) {
        if (deadline_ns < 0)
            deadline_ns = 0;
        limit.tv_sec = (time_t)(deadline_ns / 1000000000);
        limit.tv_nsec = (long)(deadline_ns % 1000000000);
        until = &limit;
    }
    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, until, NULL, FUTEX_BITSET_MATCH_ANY) == 0)
        return 0;
    return -errno;
}

static void platform_futex_wake(_Atomic uint32_t *word, int count)
{
    /* EFAULT is harmless: the sleeper saw the word change, returned, and its stack is gone. */
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static int platform_membarrier(int command)
{
    return syscall(SYS_membarrier, command, 0, 0) == 0 ? 0 : -errno;
}

/* A process says once that it will ask: liburcu has done so, but a system may forget it, as at a fork. */
static int platform_barrier(void)
{
    const int error = platform_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    if (error != -EPERM || platform_membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0)
        return error;
    return platform_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

static uint64_t platform_random(void)
{
    uint64_t value = 0;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != (ssize_t)sizeof value)
        value = (uint64_t)platform_clock() ^ ((uint64_t)getpid() << 32);
    return value;
}

static int platform_eventfd(void)
{
    const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

const struct weft__platform weft__platform_linux = {
    .alloc = malloc,
    .alloc_zeroed = calloc,
    .free = free,
    .map = platform_map,
    .unmap = platform_unmap,
    .discard = platform_discard,
    .thread_create = pthread_create,
    .clock = platform_clock,
    .clock_coarse = platform_clock_coarse,
    .futex_wait = platform_futex_wait,
    .futex_wake = platform_futex_wake,
    .rest = platform_rest,
    .barrier = platform_barrier,
    .random = platform_random,
    .eventfd = platform_eventfd,
};

const struct weft__platform *weft__platform = &weft__platform_linux;
