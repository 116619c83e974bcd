/* SPDX-License-Identifier: MIT */
/*
 * The slow paths of the mutex: wait until it is free, and wake one sleeper.
 *
 * Critical sections are some dozens of instructions, so a lock that is held is free again before a call of the system
 * would have returned: who finds it held looks a while before it sleeps, and so does who has slept, or finds that others do: a lock that
 * goes from hand to hand is free in between, and who takes it there spares all processors the barrier of one sleeper more.
 */
#include "base/lock.h"

#include "base/futex.h"
#include "base/platform.h"

#ifndef WEFT__LOCK_LOOKS /* fewer are for models */
#define WEFT__LOCK_LOOKS 64 /* about a microsecond: what a call of the system costs */
#endif

enum { LOCK_DOZE_NS = 1000000 }; /* where the system has no barrier: nobody sleeps longer than this for a wake that was not sent */

_Alignas(64) _Atomic uint32_t weft__lock_sleepers;

/* Look a while, and take it as soon as it is free. `as` is what the word is to say then. */
static bool lock_watch(struct weft__lock *lock, uint32_t as)
{
    for (int i = 0; i < WEFT__LOCK_LOOKS; i++) {
        uint32_t free = 0;
        if (weft__load_relaxed(&lock->word) == 0 && weft__cas_strong_acquire(&lock->word, &free, as)) /* LK-A1 */
            return true;
        weft__pause();
    }
    return false;
}

void weft__lock_wait(struct weft__lock *lock)
{
    if (lock_watch(lock, 1))
        return;
    weft__fetch_add_relaxed(&weft__lock_sleepers, 1); /* the barrier orders */
    bool dozes = false;
    if (weft__platform->barrier() < 0) /* RECHECK: who unlocks this moment */
        dozes = true;
    /* Announce the sleeper with 2; whoever gets the lock this way keeps 2, since others may sleep still. */
    while (weft__exchange_acquire(&lock->word, 2) != 0) { /* LK-A1 */
        weft__futex_wait(&lock->word, 2, dozes ? weft__clock_now() + LOCK_DOZE_NS : INT64_MAX);
        if (lock_watch(lock, 2)) /* who was awake may have been faster */
            break;
    }
    weft__fetch_sub_relaxed(&weft__lock_sleepers, 1); /* the word says 2 */
}

void weft__lock_wake(struct weft__lock *lock)
{
    weft__futex_wake(&lock->word, 1);
}

void weft__lock_unlock_noted(struct weft__lock *lock)
{
    if (weft__exchange_release(&lock->word, 0) == 2) /* LK-R1 */
        weft__lock_wake(lock);
}

void weft__lock_after_fork_child(void)
{
    weft__store_relaxed(&weft__lock_sleepers, 0); /* the only thread */
}
