/* SPDX-License-Identifier: MIT */
/* The two futex calls, as functions of their own so that a model checker can stand in for them. */
#include "base/futex.h"

#include <stdbool.h>

#include "base/chaos.h"
#include "base/platform.h"

int weft__futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
    if (WEFT__CHAOS_STRIKES)
        return 0; /* a wake for nothing, which a futex may have */
    return weft__platform->futex_wait(word, expected, deadline_ns);
}

void weft__futex_wake(_Atomic uint32_t *word, int count)
{
    weft__platform->futex_wake(word, count);
}
