/* SPDX-License-Identifier: MIT */
/* src/base/platform.c for the explorer: the same table, whose entries are model operations. Everything above it, from
 * base/futex.c up, is the real source. malloc and free become the tracked heap when build.sh renames them. */
#include "base/platform.h"

#include "model.h"

#include <stdlib.h>

static void platform_unmap(void *pages, size_t size)
{
    (void)size;
    free(pages);
}

static void platform_futex_wake(_Atomic uint32_t *word, int count)
{
    model_futex_wake(word, count);
}

static void platform_rest(int64_t ns)
{
    (void)ns;
    model_relax();
}

static int platform_barrier(void)
{
    model_membarrier();
    return 0;
}

static uint64_t platform_random(void)
{
    return model_choose(1 << 16);
}

const struct weft__platform weft__platform_linux = {
    .alloc = malloc,
    .alloc_zeroed = calloc,
    .free = free,
    .map = model_pages,
    .unmap = platform_unmap,
    .discard = model_discard,
    .thread_create = pthread_create,
    .clock = model_clock,
    .clock_coarse = model_clock,
    .futex_wait = model_futex_wait,
    .futex_wake = platform_futex_wake,
    .rest = platform_rest,
    .barrier = platform_barrier,
    .random = platform_random,
};

const struct weft__platform *weft__platform = &weft__platform_linux;
