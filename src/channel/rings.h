/* SPDX-License-Identifier: MIT */
/*
 * Memory for the rings of channels. It comes zeroed and nobody touches it before a message does: what of a ring was never
 * used takes no memory, and a new channel costs the same whatever its capacity. What was used is zeroed when the ring
 * comes back, which is less than writing the messages was.
 *
 *     up to RING_SLAB bytes       in pages of many, which go when their rings have gone: in malloc's heap those of a hundred
 *                                 thousand channels stay beneath whatever was allocated last
 *     up to WEFT__RING_MAPPED     a mapping each; one that comes back waits for the next ring of its size, until a trim
 *     more                        malloc's
 *
 * Threads: any. Locks: the pages', and `lock`; leaves. Failure: NULL, and nothing changed.
 */
#ifndef WEFT_CHANNEL_RINGS_H
#define WEFT_CHANNEL_RINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "registry/slab.h"

enum {
    WEFT__RING_MAPPED = 4 << 20,
    WEFT__RING_CLASSES = 10 /* 8 KiB, twice as much, … */
};

struct weft__rings {
    struct weft__slab slab; /* nobody looks them up or walks them */
    struct weft__lock lock;
    struct {
        void *free;     /* each begins with a pointer to the next */
        uint32_t count;
        uint32_t low;   /* the fewest that waited since the last trim */
    } classes[WEFT__RING_CLASSES];
};

void weft__rings_init(struct weft__rings *rings);

/* All rings have come back. */
void weft__rings_fini(struct weft__rings *rings);

/* In the child of a fork, whose rings live in the parent: locks that another thread held are free. */
void weft__rings_orphan(struct weft__rings *rings);

/* Give back what was not needed since the last call. Not inside RCU. */
void weft__rings_trim(struct weft__rings *rings);

unsigned char *weft__ring_alloc(struct weft__rings *rings, size_t size);

/* `used`: its first bytes, which may not be zero any more. */
void weft__ring_free(struct weft__rings *rings, unsigned char *ring, size_t size, size_t used);

#endif
