/* SPDX-License-Identifier: MIT */
#include "sched/parker.h"

#include <errno.h>
#include <stdint.h>

#include "base/futex.h"

enum { EMPTY = 0, ASLEEP = 1, NOTIFIED = 2, ELSEWHERE = 3 };

void weft__parker_park(struct weft__parker *parker, int64_t deadline_ns)
{
    uint32_t seen = EMPTY;
    if (weft__cas_strong_relaxed(&parker->word, &seen, ASLEEP)) { /* the way out is the exchange below, which acquires */
        int slept;
        do
            slept = weft__futex_wait(&parker->word, ASLEEP, deadline_ns);
        while (slept != -ETIMEDOUT && weft__load_relaxed(&parker->word) == ASLEEP);
    }
    /* Taken by exchange: a second unpark between the look and a store would be lost. */
    weft__exchange_acquire(&parker->word, EMPTY); /* PK-A1 */
}

bool weft__parker_depart(struct weft__parker *parker)
{
    uint32_t seen = EMPTY;
    return weft__cas_strong_release(&parker->word, &seen, ELSEWHERE); /* PK-R2; what an unpark before it orders, arrive acquires */
}

void weft__parker_arrive(struct weft__parker *parker)
{
    weft__exchange_acquire(&parker->word, EMPTY); /* PK-A1 */
}

bool weft__parker_unpark(struct weft__parker *parker)
{
    const uint32_t before = weft__exchange_acq_rel(&parker->word, NOTIFIED); /* PK-R1 PK-A2 */
    if (before == ASLEEP)
        weft__futex_wake(&parker->word, 1);
    return before == ELSEWHERE;
}
