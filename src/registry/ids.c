/* SPDX-License-Identifier: MIT */
#include "registry/ids.h"

#include "base/atomic.h"
#include "base/lock.h"
#include "registry/realm.h"

enum { STRETCH = 256, WORKERS = 65535 };

/* Both are the process's, since what they number meets in one recording. */
static _Atomic uint64_t ids_next = 1;
static struct {
    struct weft__lock lock;
    uint64_t taken[(WORKERS + 63) / 64];
} workers;

static uint64_t ids_give(struct weft__realm *realm, uint64_t count)
{
    /* Unique by the read-modify-write; it orders nothing. */
    return weft__fetch_add_relaxed(realm ? &realm->ids : &ids_next, count);
}

void weft__ids_refill(struct weft__ids *ids)
{
    const uint64_t count = ids->realm ? 1 : STRETCH; /* one thread alone meets nobody: its ids follow each other */
    ids->next = ids_give(ids->realm, count);
    ids->end = ids->next + count;
}

uint64_t weft__id_new(struct weft__realm *realm)
{
    return ids_give(realm, 1);
}

uint16_t weft__worker_number_take(void)
{
    uint32_t number = WORKERS;
    weft__lock(&workers.lock);
    for (uint32_t i = 0; i < WORKERS / 64; i++) {
        if (workers.taken[i] == UINT64_MAX)
            continue;
        const uint32_t bit = (uint32_t)__builtin_ctzll(~workers.taken[i]);
        workers.taken[i] |= UINT64_C(1) << bit;
        number = i * 64 + bit;
        break;
    }
    weft__unlock(&workers.lock);
    return (uint16_t)number;
}

void weft__worker_number_return(uint16_t number)
{
    if (number == WORKERS)
        return;
    weft__lock(&workers.lock);
    workers.taken[number / 64] &= ~(UINT64_C(1) << number % 64);
    weft__unlock(&workers.lock);
}

void weft__ids_before_fork(void)
{
    weft__lock(&workers.lock);
}

void weft__ids_after_fork(void)
{
    weft__unlock(&workers.lock);
}
