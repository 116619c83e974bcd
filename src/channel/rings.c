/* SPDX-License-Identifier: MIT */
#include "channel/rings.h"

#include <string.h>

#include "base/platform.h"

enum {
    RING_SLAB = 4096,
    RING_PAGE = 4096,          /* the machine's */
    RING_WIPED = 64 * 1024     /* more than this is given back to the machine, which zeroes it when it is used again */
};

/* What a ring that waits begins with. In the slab it is the slab's, and no longer. */
struct ring_link {
    uint64_t unused;
    void *next;
};

void weft__rings_init(struct weft__rings *rings)
{
    *rings = (struct weft__rings){0};
    weft__slab_init(&rings->slab, rings);
}

void weft__rings_orphan(struct weft__rings *rings)
{
    rings->slab.lock = rings->lock = (struct weft__lock){0};
}

static unsigned ring_class(size_t size)
{
    unsigned index = 0;
    while (((size_t)2 * RING_PAGE << index) < size)
        index++;
    return index;
}

static size_t ring_class_size(unsigned index) { return (size_t)2 * RING_PAGE << index; }

/* Take up to `count` that wait out of their class, and unmap them. */
static void rings_unmap(struct weft__rings *rings, unsigned index, uint32_t count)
{
    while (count-- > 0) {
        weft__lock(&rings->lock);
        struct ring_link *ring = rings->classes[index].free;
        if (ring) {
            rings->classes[index].free = ring->next;
            rings->classes[index].count--;
        }
        weft__unlock(&rings->lock);
        if (!ring)
            return;
        weft__platform->unmap(ring, ring_class_size(index));
    }
}

void weft__rings_fini(struct weft__rings *rings)
{
    for (unsigned i = 0; i < WEFT__RING_CLASSES; i++)
        rings_unmap(rings, i, UINT32_MAX);
    weft__slab_fini(&rings->slab);
}

void weft__rings_trim(struct weft__rings *rings)
{
    weft__slab_trim(&rings->slab);
    for (unsigned i = 0; i < WEFT__RING_CLASSES; i++) {
        weft__lock(&rings->lock);
        const uint32_t idle = rings->classes[i].low;
        rings->classes[i].low = rings->classes[i].count - idle;
        weft__unlock(&rings->lock);
        rings_unmap(rings, i, idle);
    }
}

static unsigned char *ring_map(struct weft__rings *rings, unsigned index)
{
    weft__lock(&rings->lock);
    struct ring_link *ring = rings->classes[index].free;
    if (ring) {
        rings->classes[index].free = ring->next;
        if (--rings->classes[index].count < rings->classes[index].low)
            rings->classes[index].low = rings->classes[index].count;
    }
    weft__unlock(&rings->lock);
    if (!ring)
        return weft__platform->map(ring_class_size(index), RING_PAGE);
    *ring = (struct ring_link){0};
    return (unsigned char *)ring;
}

unsigned char *weft__ring_alloc(struct weft__rings *rings, size_t size)
{
    if (size > WEFT__RING_MAPPED)
        return weft__alloc_zeroed(1, size);
    if (size > RING_SLAB)
        return ring_map(rings, ring_class(size));
    unsigned char *ring = weft__slab_alloc(&rings->slab, NULL, size);
    return ring ? memset(ring, 0, sizeof(struct ring_link)) : NULL;
}

void weft__ring_free(struct weft__rings *rings, unsigned char *ring, size_t size, size_t used)
{
    if (size > WEFT__RING_MAPPED) {
        weft__free(ring);
        return;
    }
    if (used > RING_WIPED)
        weft__platform->discard(ring, ring_class_size(ring_class(size)));
    else
        memset(ring, 0, used);
    if (size <= RING_SLAB) {
        weft__slab_free(&rings->slab, NULL, ring);
        return;
    }
    const unsigned index = ring_class(size);
    weft__lock(&rings->lock);
    ((struct ring_link *)(void *)ring)->next = rings->classes[index].free;
    rings->classes[index].free = ring;
    rings->classes[index].count++;
    weft__unlock(&rings->lock);
}
