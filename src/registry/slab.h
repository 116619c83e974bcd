/* SPDX-License-Identifier: MIT */
/*
 * Type-stable memory that is its own registry: objects of a kind live in slots of 64 KiB pages, each slot has a number,
 * and walking the pages is listing the objects. Nobody keeps a list, and a number can be looked up from any thread.
 *
 * What an object must do: its first word is an atomic state that is 0 in a slot never used, and that tells (with a tag
 * of its own) whether a slot is in use and by which object; its second word is the slab's while the slot is free. A
 * slot keeps its bytes between two uses, so a stale reader reads old bytes of an object of the same kind, never another
 * kind's, and finds out by the tag.
 *
 * Who touches what:
 *     cache        one worker (or one lock holder): free slots at hand, no atomics
 *     pages, and full magazines between caches: under `lock`
 *     directory    written under `lock`, read by anybody inside an RCU section
 * A page that stays empty is unpublished, and unmapped after a grace period (weft__slab_trim). Where the host's handles are
 * pointers into slots, it stays mapped and published, and only its memory is given back: the state of a slot reads 0 then,
 * which is nobody's tag, so a stale handle finds out instead of faulting.
 */
#ifndef WEFT_REGISTRY_SLAB_H
#define WEFT_REGISTRY_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/check.h"
#include "base/list.h"
#include "base/lock.h"

/* Small directories and batches are for tests, where their ends have to be reached. */
#ifndef WEFT__SLAB_LEAF
#define WEFT__SLAB_LEAF 256 /* pages a directory leaf holds */
#endif
#ifndef WEFT__SLAB_LEAVES
#define WEFT__SLAB_LEAVES 1024 /* so at most 262,144 pages: 16 GiB */
#endif
#ifndef WEFT__SLAB_BATCH
#define WEFT__SLAB_BATCH 32 /* slots in a full magazine, which moves as one */
#endif
#ifndef WEFT__PAGE_KEPT
#define WEFT__PAGE_KEPT 4096 /* what of a bare page stays: the header's share, in the machine's own pages */
#endif

/* The sizes of slots, by class; and the class of each usual size, by its lines of 64 bytes: larger ones are looked for. */
#ifndef WEFT__SLAB_SIZES
#define WEFT__SLAB_SIZES \
    128, 192, 256, 320, 384, 448, 512, 640, 768, 1024, 1536, 2048, 3072, 4096, 8128, 16320, 32704, WEFT__SLOT_SIZE_MAX
#define WEFT__SLAB_USUAL 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 8, 9, 9, 9, 9
#endif

enum { WEFT__PAGE_SIZE = 65536, WEFT__PAGE_HEADER = 128 };

#define WEFT__SLOT_SIZE_MAX (WEFT__PAGE_SIZE - WEFT__PAGE_HEADER)

enum {
    WEFT__SLAB_CLASSES = sizeof (const uint32_t[]){WEFT__SLAB_SIZES} / sizeof(uint32_t),
    WEFT__SLAB_USUAL_LINES = sizeof (const uint8_t[]){WEFT__SLAB_USUAL},
    WEFT__SLAB_LEAF_PAGES = WEFT__SLAB_LEAF, /* for src/gdb, which sees no macros */
    WEFT__SLOT_BITS = 10
};
struct weft__slot {
    _Atomic uint64_t state;
    union { /* the slab's while free */
        struct weft__slot *next; /* in its page */
        uintptr_t magazine;      /* in a cache: weft__magazine */
    };
};

/* Two lines: what changes as slots go in and out, and what is asked of each slot and stays as it is. */
struct weft__page {
    struct weft__link link; /* partial or empty pages of the class */
    struct weft__slot *free;
    _Atomic uint32_t fresh; /* slots from here on were never used, and walks end there; written with the page in hand */
    uint32_t used;

    _Alignas(64) struct weft__slab *slab;
    uint32_t number;
    uint32_t slot_size;
    uint32_t inverse; /* 2^32 / slot_size, rounded up: to divide by multiplying */
    uint32_t slots;
    uint32_t class_index;
};

/*
 * Free slots at hand, each with the address of the next, and how many there are in the bits that are 0 in every slot's address: in the
 * word that the cache keeps, and in each slot for those behind it. So a slot that goes out or in needs no count beside the list.
 */
typedef uintptr_t weft__magazine;

enum { WEFT__MAGAZINE_ALIGN = 64 };
_Static_assert(WEFT__SLAB_BATCH < WEFT__MAGAZINE_ALIGN, "the number of slots in a magazine fits beside an address");

struct weft__slab_class {
    weft__magazine *full; /* that caches gave back, the last one on top; their pages count them as used */
    weft__magazine loose; /* one of them, for threads without a cache */
    uint32_t full_count;
    uint32_t full_low;    /* the fewest since the last trim */
    uint32_t full_room;   /* enough for all slots that there are */
    uint32_t slots;       /* of all pages */
    struct weft__link partial; /* pages with room */
    struct weft__link empty;   /* pages with nothing else, kept for the next burst */
    struct weft__link bare;    /* empty pages whose memory was given back; only where addresses are kept */
    uint32_t empty_count;
    uint32_t empty_low; /* the fewest that were empty since the last trim */
};

struct weft__slab {
    struct weft__lock lock;
    void *owner;
    bool keeps_addresses;
    bool orphaned;
    struct weft__link pointed; /* among all slabs that handles point at; NULL: they do not */
    struct weft__slab_class classes[WEFT__SLAB_CLASSES];
    _Atomic(_Atomic(struct weft__page *) *) leaves[WEFT__SLAB_LEAVES];
    uint32_t page_numbers;  /* given out so far */
    uint32_t *recycled;     /* numbers that came back; room for all that were given out */
    uint32_t recycled_room;
    uint32_t recycled_count;
    _Atomic uint64_t bytes; /* mapped, but for what was given back */
};

struct weft__slab_cache {
    struct weft__slab *slab; /* whose slots these are, where an owner has caches of several */
    int64_t live;            /* objects that were begun with it, less those that were ended; registry/home.h */
    weft__magazine classes[WEFT__SLAB_CLASSES];
    weft__magazine full[WEFT__SLAB_CLASSES]; /* and a full one, or none: so who is between two does not go to and fro */
};

void weft__slab_init(struct weft__slab *slab, void *owner);

/* The same, for objects that handles point at: a slot's address stays readable until weft__slab_fini. */
void weft__slab_init_kept(struct weft__slab *slab, void *owner);

/* The same, for objects that count the handles which point at them: none outlives its object, and pages may go. */
void weft__slab_init_counted(struct weft__slab *slab, void *owner);

/* Unmap everything, but pages that were orphaned. No thread may look at the slab any more. */
void weft__slab_fini(struct weft__slab *slab);

/*
 * fork(): nobody else begins or ends a slab. In the child, what handles point at lives in the parent: every page of those
 * slabs reads as zero from here on and stays where it is for ever, so that a handle finds nothing there, and
 * weft__slab_is_orphan() can say why. One call of the system a page, and nothing is copied for it.
 */
void weft__slab_before_fork(void);
void weft__slab_after_fork_parent(void);
void weft__slab_after_fork_child(void);

extern const uint32_t weft__slab_sizes[WEFT__SLAB_CLASSES];
extern const uint8_t weft__slab_usual[WEFT__SLAB_USUAL_LINES];

static inline unsigned weft__slab_class_of(size_t size)
{
    if (weft__likely(size <= (WEFT__SLAB_USUAL_LINES - 1) * 64))
        return weft__slab_usual[(size + 63) / 64];
    unsigned index = 0;
    while (weft__slab_sizes[index] < size)
        index++;
    return index;
}

/* A slot of at least `size` bytes, or NULL: no memory. `cache` NULL: straight from the pages. */
void *weft__slab_alloc(struct weft__slab *slab, struct weft__slab_cache *cache, size_t size);

/* The rest of weft__slab_free(): straight to its page; and an empty magazine in place of a full one, before one more comes. */
void weft__slab_return(struct weft__slab *slab, void *slot);
void weft__slab_spill(struct weft__slab *slab, struct weft__slab_cache *cache, unsigned class_index);

/* Return a cache's slots to the pages: while they are at hand none of their pages can be given back. */
void weft__slab_flush(struct weft__slab *slab, struct weft__slab_cache *cache);

/* Give back pages that were empty since the last call. Waits for a grace period if there are any. Not inside RCU. */
void weft__slab_trim(struct weft__slab *slab);

/* The slot of a number, or NULL. Inside an RCU section; the caller checks the slot's state. */
void *weft__slab_lookup(struct weft__slab *slab, uint32_t number);

/*
 * The walk: the next slot from *number on that was ever used, or NULL at the end; *number moves behind it. Inside an RCU
 * section, which may end between two steps; the caller checks the slot's state.
 */
void *weft__slab_next(struct weft__slab *slab, uint32_t *number);

/* Whether the cache has free slots at hand. Its owner's. */
static inline bool weft__slab_cached(const struct weft__slab_cache *cache)
{
    weft__magazine any = 0;
    for (int i = 0; i < WEFT__SLAB_CLASSES; i++)
        any |= cache->classes[i] | cache->full[i];
    return any != 0;
}

static inline uint32_t weft__magazine_count(weft__magazine magazine) { return magazine % WEFT__MAGAZINE_ALIGN; }

/* One out of it; NULL: it has none. */
static inline struct weft__slot *weft__magazine_pop(weft__magazine *magazine)
{
    struct weft__slot *slot = (struct weft__slot *)(*magazine - weft__magazine_count(*magazine));
    if (weft__likely(slot != NULL))
        *magazine = slot->magazine;
    return slot;
}

/* Not more than its number fits. */
static inline void weft__magazine_push(weft__magazine *magazine, struct weft__slot *slot)
{
    slot->magazine = *magazine;
    *magazine = (uintptr_t)slot + weft__magazine_count(*magazine) + 1;
}

static inline struct weft__page *weft__page_of(const void *slot)
{
    return (struct weft__page *)((uintptr_t)slot & ~(uintptr_t)(WEFT__PAGE_SIZE - 1));
}

/* A slot that is at hand; NULL: there is none of that size, and weft__slab_alloc() may have one. */
static inline void *weft__slab_take(struct weft__slab_cache *cache, size_t size)
{
    return weft__magazine_pop(&cache->classes[weft__slab_class_of(size)]);
}

/* Give a slot back. Its state already says that it is free. Allocates nothing, cannot fail. */
static inline void weft__slab_free(struct weft__slab *slab, struct weft__slab_cache *cache, void *freed)
{
    struct weft__slot *slot = freed;
    if (weft__unlikely(!cache)) {
        weft__slab_return(slab, slot);
        return;
    }
    const unsigned class_index = weft__page_of(slot)->class_index;
    if (weft__unlikely(weft__magazine_count(cache->classes[class_index]) == WEFT__SLAB_BATCH))
        weft__slab_spill(slab, cache, class_index);
    weft__magazine_push(&cache->classes[class_index], slot);
}

/*
 * The place in its page of the slot that an address lies in: an offset divided by the slot size, exact because their product stays
 * below 2^32.
 */
static inline uint32_t weft__slot_place(const void *inside)
{
    const struct weft__page *page = weft__page_of(inside);
    const uint32_t offset = (uint32_t)((const char *)inside - (const char *)page) - WEFT__PAGE_HEADER;
    return (uint32_t)((uint64_t)offset * page->inverse >> 32);
}

/* The slot that an address lies in. */
static inline void *weft__slot_around(const void *inside)
{
    struct weft__page *page = weft__page_of(inside);
    return (char *)page + WEFT__PAGE_HEADER + (size_t)weft__slot_place(inside) * page->slot_size;
}

/* The slot's number: its page's, then its place there. */
static inline uint32_t weft__slot_number(const void *slot)
{
    return weft__page_of(slot)->number << WEFT__SLOT_BITS | weft__slot_place(slot);
}

/* Whether the slot is one of an orphaned slab. */
static inline bool weft__slab_is_orphan(const void *slot) { return weft__page_of(slot)->slab == NULL; }

/* How many bytes the slot really has. */
static inline size_t weft__slot_size(const void *slot) { return weft__page_of(slot)->slot_size; }

#endif
