/* SPDX-License-Identifier: MIT */
/*
 * One of the few process-wide objects: a static table, so that it needs no creation and a handle can be looked up when
 * no runtime is left. Written under the lock, read without.
 *
 * Edges: RT-R1 publish releases the complete runtime, RT-A1 get acquires it.
 */
#include "registry/runtimes.h"

#include <stddef.h>

#include "base/atomic.h"
#include "base/lock.h"

struct runtimes_slot {
    _Atomic(void *) runtime; /* NULL until published */
    _Atomic uint32_t number; /* 0: free */
    void *pending;
    uint32_t uses;
};

static struct {
    struct weft__lock lock;
    struct runtimes_slot slots[WEFT__RUNTIMES_MAX + 1]; /* slot 0 is never used, so no number is 0 */
} runtimes;

uint32_t weft__runtimes_add(void *runtime)
{
    uint32_t number = 0;
    weft__lock(&runtimes.lock);
    for (uint32_t slot = 1; slot <= WEFT__RUNTIMES_MAX; slot++) {
        struct runtimes_slot *entry = &runtimes.slots[slot];
        if (weft__load_relaxed(&entry->number) != 0) /* under the lock */
            continue;
        number = ++entry->uses << 8 | slot;
        entry->pending = runtime;
        weft__store_relaxed(&entry->number, number);
        break;
    }
    weft__unlock(&runtimes.lock);
    return number;
}

void weft__runtimes_publish(uint32_t number)
{
    struct runtimes_slot *entry = &runtimes.slots[number & 255];
    weft__store_release(&entry->runtime, entry->pending); /* RT-R1 */
}

void weft__runtimes_remove(uint32_t number)
{
    struct runtimes_slot *entry = &runtimes.slots[number & 255];
    weft__lock(&runtimes.lock);
    weft__store_relaxed(&entry->runtime, NULL);
    weft__store_relaxed(&entry->number, 0);
    weft__unlock(&runtimes.lock);
}

void *weft__runtimes_get(uint32_t number)
{
    struct runtimes_slot *entry = &runtimes.slots[number & 255];
    void *runtime = weft__load_acquire(&entry->runtime); /* RT-A1 */
    /* Of a slot that was reused it is not an older number than the pointer's: that was written before it was published. And
     * not a younger one: between the two is the grace period of the one before, which waits for this section. */
    return weft__load_relaxed(&entry->number) == number ? runtime : NULL;
}

bool weft__runtimes_contains(const void *runtime)
{
    for (uint32_t slot = 1; runtime && slot <= WEFT__RUNTIMES_MAX; slot++)
        if (weft__load_acquire(&runtimes.slots[slot].runtime) == runtime) /* RT-A1 */
            return true;
    return false;
}
