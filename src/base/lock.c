/* SPDX-License-Identifier: MIT */
/* The slow paths of the mutex: sleep until it is free, and wake one sleeper. */
#include "base/lock.h"

#include "base/futex.h"

void weft__lock_wait(struct weft__lock *lock)
{
    /* Announce the sleeper with 2; whoever gets the lock this way keeps 2, since others may sleep still. */
    while (weft__exchange_acquire(&lock->word, 2) != 0) /* LK-A1 */
        weft__futex_wait(&lock->word, 2, INT64_MAX);
}

void weft__lock_wake(struct weft__lock *lock)
{
    weft__futex_wake(&lock->word, 1);
}
