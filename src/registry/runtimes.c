/* SPDX-License-Identifier: MIT */
/*
 * One of the few process-wide objects: a static table, so that it needs no creation and a handle can be looked up when
 * no runtime is left. Written under the lock, read without.
 *
 * Edges: RT-R1 publish releases the complete runtime, RT-A1 get acquires it.
 */
#include "registry/runtimes.h"

#include <stddef.h>
#include <weft/error.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/lock.h"

struct runtimes_slot {
    _Atomic(void *) runtime; /* NULL until published */
    _Atomic uint32_t number; /* 0: free */
    void *pending;
    _Atomic(void *) inherited; /* of a forked child: the parent's; written before the child has a second thread */
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
    weft__store_relaxed(&entry->inherited, NULL); /* others only compare it with what they have */
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

void *weft__runtimes_next(uint32_t *slot)
{
    while (*slot < WEFT__RUNTIMES_MAX) {
        void *runtime = weft__load_acquire(&runtimes.slots[++*slot].runtime); /* RT-A1 */
        if (runtime)
            return runtime;
    }
    return NULL;
}

bool weft__runtimes_contains(const void *runtime)
{
    for (uint32_t slot = 1; runtime && slot <= WEFT__RUNTIMES_MAX; slot++)
        if (weft__load_acquire(&runtimes.slots[slot].runtime) == runtime) /* RT-A1 */
            return true;
    return false;
}

bool weft__runtimes_inherited(const void *runtime)
{
    for (uint32_t slot = 1; runtime && slot <= WEFT__RUNTIMES_MAX; slot++)
        if (weft__load_relaxed(&runtimes.slots[slot].inherited) == runtime)
            return true;
    return false;
}

int weft__runtimes_check(const char *call, const void *runtime)
{
    if (weft__runtimes_contains(runtime))
        return 0;
    if (weft__runtimes_inherited(runtime))
        return weft__refuse(WEFT_ESHUTDOWN, "%s: the runtime lives in the process that forked this one: destroy it here, and "
                                            "create one of this process",
                            call);
    return weft__refuse(WEFT_EINVAL, "%s: not a live runtime: null, or destroyed before", call);
}

void weft__runtimes_before_fork(void)
{
    weft__lock(&runtimes.lock);
}

void weft__runtimes_after_fork_parent(void)
{
    weft__unlock(&runtimes.lock);
}

void weft__runtimes_after_fork_child(void (*orphan)(void *runtime))
{
    weft__unlock(&runtimes.lock); /* the only thread */
    for (uint32_t slot = 1; slot <= WEFT__RUNTIMES_MAX; slot++) {
        struct runtimes_slot *entry = &runtimes.slots[slot];
        void *runtime = weft__load_relaxed(&entry->runtime);
        if (!runtime && !weft__load_relaxed(&entry->inherited))
            weft__store_relaxed(&entry->number, 0); /* or it was just being created, and nobody goes on with that */
        if (!runtime)
            continue;
        weft__store_relaxed(&entry->inherited, runtime);
        weft__store_relaxed(&entry->runtime, NULL);
        orphan(runtime);
    }
}
