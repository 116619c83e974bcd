/* SPDX-License-Identifier: MIT */
/*
 * A mutex of one word, zero when free; no allocation, no destruction, valid in zeroed and in recycled memory.
 *
 *     0 free   1 held   2 held, and somebody may sleep
 *
 * Taking it is one read-modify-write. Giving it back is a plain store while no thread of the process sleeps on a lock: whoever
 * goes to sleep counts itself first and then has every thread pass a full barrier (base/platform.h, barrier), so that it is the
 * rare sleeper that pays for the order between an unlock's store and its look at the count.
 *
 *     count seen after the store    woken: the store may have gone over the sleeper's 2
 *     count not seen                both looks came before the barrier, so the sleeper finds the word as the store left it
 *     count seen before             unlock exchanges, and wakes if it finds 2
 *
 * Edges: LK-R1 unlock releases, LK-A1 lock acquires: the holder sees all that earlier holders wrote.
 * Source: U. Drepper, "Futexes Are Tricky", the third mutex; the other half is that of D. Dice, "Asymmetric Dekker
 * Synchronization".
 */
#ifndef WEFT_BASE_LOCK_H
#define WEFT_BASE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/check.h"

struct weft__lock {
    _Atomic uint32_t word;
};

/* Threads that sleep on a lock, or are about to. */
extern _Atomic uint32_t weft__lock_sleepers __attribute__((visibility("hidden")));

void weft__lock_wait(struct weft__lock *lock);
void weft__lock_wake(struct weft__lock *lock);

/* Some sleep: the exchange tells whether on this one. */
void weft__lock_unlock_noted(struct weft__lock *lock);

/* fork(): whoever slept did so in the parent. */
void weft__lock_after_fork_child(void);

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
    if (weft__unlikely(weft__load_relaxed(&weft__lock_sleepers) != 0)) { /* spares the one below a wake for nobody */
        weft__lock_unlock_noted(lock);
        return;
    }
    weft__store_release(&lock->word, 0); /* LK-R1 */
    weft__compiler_barrier();            /* the processor's is the sleeper's */
    if (weft__unlikely(weft__load_relaxed(&weft__lock_sleepers) != 0)) /* RECHECK: one that came meanwhile */
        weft__lock_wake(lock);
}

/* Through it and out again: who holds it or held it is before this, who takes it next is after. */
static inline void weft__lock_pass(struct weft__lock *lock)
{
    weft__lock(lock);
    weft__unlock(lock);
}

#endif
