/* SPDX-License-Identifier: MIT */
/*
 * A mutex of one word, zero when free; no allocation, no destruction, valid in zeroed and in recycled memory.
 *
 *     0 free   1 held   2 held, and somebody may sleep
 *
 * Edges: LK-R1 unlock releases, LK-A1 lock acquires: the holder sees all that earlier holders wrote.
 * Source: U. Drepper, "Futexes Are Tricky", the third mutex.
 */
#ifndef WEFT_BASE_LOCK_H
#define WEFT_BASE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

struct weft__lock {
    _Atomic uint32_t word;
};

void weft__lock_wait(struct weft__lock *lock);
void weft__lock_wake(struct weft__lock *lock);

static inline bool weft__lock_try(struct weft__lock *lock)
{
    uint32_t expected = 0;
    return weft__cas_strong_acquire(&lock->word, &expected, 1); /* LK-A1 */
}

static inline void weft__lock(struct weft__lock *lock)
{
    if (!weft__lock_try(lock))
        weft__lock_wait(lock);
}

static inline void weft__unlock(struct weft__lock *lock)
{
    if (weft__exchange_release(&lock->word, 0) == 2) /* LK-R1 */
        weft__lock_wake(lock);
}

/* Through it and out again: who holds it or held it is before this, who takes it next is after. */
static inline void weft__lock_pass(struct weft__lock *lock)
{
    weft__lock(lock);
    weft__unlock(lock);
}

#endif
