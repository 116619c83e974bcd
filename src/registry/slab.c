/* SPDX-License-Identifier: MIT */
/*
 * The happy path: a cache has a free slot, or gets a full magazine under the lock, or else a batch from a partial page; a freed slot
 * goes to the cache of the thread that freed it, which has room for two magazines, and gives a full one away whole: nothing is done for
 * each of its slots. Magazines instead of a stack of remote frees per worker: the worker that frees is the next to allocate, and the
 * lock is taken once for 32 (docs/adr/0003, docs/adr/0033). Magazines that nobody took since the last trim go to their pages then.
 * Source: J. Bonwick, J. Adams, "Magazines and Vmem", 2001.
 *
 * How it fails: mmap gives nothing, or all page numbers are taken: NULL, and nothing changed.
 */
#include "registry/slab.h"

#include "base/check.h"
#include "base/platform.h"
#include "registry/rcu.h"

_Static_assert(sizeof(struct weft__page) <= WEFT__PAGE_HEADER, "a page's header fits before its first slot");

const uint32_t weft__slab_sizes[WEFT__SLAB_CLASSES] = {WEFT__SLAB_SIZES};
const uint8_t weft__slab_usual[WEFT__SLAB_USUAL_LINES] = {WEFT__SLAB_USUAL};

/* Every slab that handles point at, for a fork. */
static struct {
    struct weft__lock lock;
    struct weft__link slabs;
} slab_pointed;

static void slab_class_init(struct weft__slab_class *class)
{
    weft__list_init(&class->partial);
    weft__list_init(&class->empty);
    weft__list_init(&class->bare);
    class->empty_count = class->empty_low = 0;
    class->full_count = class->full_low = 0;
    class->loose = 0;
}

void weft__slab_init(struct weft__slab *slab, void *owner)
{
    *slab = (struct weft__slab){.owner = owner};
    for (int i = 0; i < WEFT__SLAB_CLASSES; i++)
        slab_class_init(&slab->classes[i]);
}

void weft__slab_init_counted(struct weft__slab *slab, void *owner)
{
    weft__slab_init(slab, owner);
    weft__lock(&slab_pointed.lock);
    if (!weft__link_in_list(&slab_pointed.slabs))
        weft__list_init(&slab_pointed.slabs);
    weft__list_push_back(&slab_pointed.slabs, &slab->pointed);
    weft__unlock(&slab_pointed.lock);
}

void weft__slab_init_kept(struct weft__slab *slab, void *owner)
{
    weft__slab_init_counted(slab, owner);
    slab->keeps_addresses = true;
}

static _Atomic(struct weft__page *) *slab_entry(struct weft__slab *slab, uint32_t number)
{
    _Atomic(struct weft__page *) *leaf = weft__load_acquire(&slab->leaves[number / WEFT__SLAB_LEAF]); /* SL-A1 */
    return leaf ? &leaf[number % WEFT__SLAB_LEAF] : NULL;
}

void weft__slab_fini(struct weft__slab *slab)
{
    weft__lock(&slab_pointed.lock); /* also to look: a neighbour that comes or goes writes the link */
    if (weft__link_in_list(&slab->pointed))
        weft__list_remove(&slab->pointed);
    weft__unlock(&slab_pointed.lock);
    for (uint32_t number = 0; number < slab->page_numbers; number++) {
        _Atomic(struct weft__page *) *entry = slab_entry(slab, number);
        struct weft__page *page = entry ? weft__load_relaxed(entry) : NULL;
        if (page && !slab->orphaned)
            weft__platform->unmap(page, WEFT__PAGE_SIZE);
    }
    for (uint32_t first = 0; first < slab->page_numbers; first += WEFT__SLAB_LEAF)
        weft__free((void *)weft__load_relaxed(&slab->leaves[first / WEFT__SLAB_LEAF]));
    for (int i = 0; i < WEFT__SLAB_CLASSES; i++)
        weft__free(slab->classes[i].full);
    weft__free(slab->recycled);
}

/* A number for a new page, with room in the directory. UINT32_MAX: none. Under the lock. */
static uint32_t slab_take_number(struct weft__slab *slab)
{
    if (slab->recycled_count > 0)
        return slab->recycled[--slab->recycled_count];
    const uint32_t number = slab->page_numbers;
    if (number == WEFT__SLAB_LEAF * WEFT__SLAB_LEAVES)
        return UINT32_MAX;

    /* Room to give every number back is made now, since giving back may not fail. */
    if (number >= slab->recycled_room) {
        const uint32_t room = slab->recycled_room ? slab->recycled_room * 2 : 64;
        uint32_t *grown = weft__alloc(room * sizeof *grown);
        if (!grown)
            return UINT32_MAX;
        for (uint32_t i = 0; i < slab->recycled_count; i++)
            grown[i] = slab->recycled[i];
        weft__free(slab->recycled);
        slab->recycled = grown;
        slab->recycled_room = room;
    }
    if (!weft__load_relaxed(&slab->leaves[number / WEFT__SLAB_LEAF])) {
        _Atomic(struct weft__page *) *leaf = weft__alloc_zeroed(WEFT__SLAB_LEAF, sizeof *leaf);
        if (!leaf)
            return UINT32_MAX;
        weft__store_release(&slab->leaves[number / WEFT__SLAB_LEAF], leaf); /* SL-R1: the leaf is zeroed */
    }
    slab->page_numbers = number + 1;
    return number;
}

/* Under the lock. False: no memory, and all is as it was. */
static bool slab_set_room(struct weft__slab_class *class, uint32_t room)
{
    weft__magazine *other = weft__alloc(room * sizeof *other);
    if (!other)
        return false;
    for (uint32_t i = 0; i < class->full_count; i++)
        other[i] = class->full[i];
    weft__free(class->full);
    class->full = other;
    class->full_room = room;
    return true;
}

/* Room for all magazines that the slots of the class can fill, with so many more. Now, since giving back may not fail. Under the lock. */
static bool slab_make_room(struct weft__slab_class *class, uint32_t slots)
{
    const uint32_t most = (class->slots + slots) / WEFT__SLAB_BATCH;
    return most <= class->full_room || slab_set_room(class, most > 2 * class->full_room ? most : 2 * class->full_room);
}

enum { SLAB_ROOM_KEPT = 128 }; /* magazines: 1 KiB */

/* Most of the pages went: so does the room for their magazines. Under the lock. */
static void slab_shrink_room(struct weft__slab_class *class)
{
    const uint32_t most = class->slots / WEFT__SLAB_BATCH;
    const uint32_t room = 2 * most > SLAB_ROOM_KEPT ? 2 * most : SLAB_ROOM_KEPT;
    if (class->full_room > 2 * room)
        slab_set_room(class, room); /* or not */
}

/* A new page of the class, published. Under the lock. */
static struct weft__page *slab_grow(struct weft__slab *slab, unsigned class_index)
{
    struct weft__slab_class *class = &slab->classes[class_index];
    const uint32_t slots = (WEFT__PAGE_SIZE - WEFT__PAGE_HEADER) / weft__slab_sizes[class_index];
    if (!slab_make_room(class, slots))
        return NULL;
    const uint32_t number = slab_take_number(slab);
    if (number == UINT32_MAX)
        return NULL;
    struct weft__page *page = weft__platform->map(WEFT__PAGE_SIZE, WEFT__PAGE_SIZE);
    if (!page) {
        slab->recycled[slab->recycled_count++] = number;
        return NULL;
    }
    page->slab = slab;
    page->number = number;
    page->class_index = class_index;
    page->slot_size = weft__slab_sizes[class_index];
    page->inverse = UINT32_MAX / page->slot_size + 1;
    page->slots = slots;
    class->slots += slots;
    weft__list_push_back(&class->partial, &page->link);
    weft__fetch_add_relaxed(&slab->bytes, WEFT__PAGE_SIZE); /* a statistic */
    weft__store_release(slab_entry(slab, number), page);    /* SL-R2: the header is written */
    return page;
}

/* A page with room. Under the lock. */
static struct weft__page *slab_page(struct weft__slab *slab, unsigned class_index)
{
    struct weft__slab_class *class = &slab->classes[class_index];
    if (!weft__list_empty(&class->partial))
        return weft__container_of(class->partial.next, struct weft__page, link);
    struct weft__link *empty = weft__list_pop_front(&class->empty);
    if (empty) {
        if (--class->empty_count < class->empty_low)
            class->empty_low = class->empty_count;
    } else {
        empty = weft__list_pop_front(&class->bare);
        if (!empty)
            return slab_grow(slab, class_index);
        weft__fetch_add_relaxed(&slab->bytes, WEFT__PAGE_SIZE - WEFT__PAGE_KEPT);
    }
    weft__list_push_back(&class->partial, empty);
    return weft__container_of(empty, struct weft__page, link);
}

static struct weft__slot *slab_take(struct weft__slab *slab, unsigned class_index)
{
    struct weft__page *page = slab_page(slab, class_index);
    if (!page)
        return NULL;
    struct weft__slot *slot = page->free;
    if (slot) {
        page->free = slot->next;
    } else {
        const uint32_t place = weft__load_relaxed(&page->fresh); /* under the lock */
        slot = (struct weft__slot *)(void *)((char *)page + WEFT__PAGE_HEADER + (size_t)place * page->slot_size);
        weft__store_relaxed(&page->fresh, place + 1);
    }
    if (++page->used == page->slots)
        weft__list_remove(&page->link);
    return slot;
}

static void slab_put(struct weft__slab *slab, struct weft__slot *slot)
{
    struct weft__page *page = weft__page_of(slot);
    struct weft__slab_class *class = &slab->classes[page->class_index];
    slot->next = page->free;
    page->free = slot;
    if (page->used-- == page->slots)
        weft__list_push_back(&class->partial, &page->link);
    if (page->used == 0) {
        page->free = NULL; /* all of them are fresh again: the next are taken in the order in which they lie */
        weft__store_relaxed(&page->fresh, 0);
        weft__list_remove(&page->link);
        weft__list_push_back(&class->empty, &page->link);
        class->empty_count++;
    }
}

/* A full magazine, or 0. Under the lock. */
static weft__magazine slab_take_full(struct weft__slab_class *class)
{
    if (class->full_count == 0)
        return 0;
    if (--class->full_count < class->full_low)
        class->full_low = class->full_count;
    return class->full[class->full_count];
}

/* A batch for an empty cache, in the order in which the slots lie: what is written one after the other is fetched ahead. */
static void slab_refill(struct weft__slab *slab, struct weft__slab_cache *cache, unsigned class_index)
{
    struct weft__slot *taken[WEFT__SLAB_BATCH];
    unsigned count = 0;
    weft__lock(&slab->lock);
    weft__magazine magazine = slab_take_full(&slab->classes[class_index]);
    while (magazine == 0 && count < WEFT__SLAB_BATCH && (taken[count] = slab_take(slab, class_index)) != NULL)
        count++;
    weft__unlock(&slab->lock);
    while (count > 0)
        weft__magazine_push(&magazine, taken[--count]);
    cache->classes[class_index] = magazine;
}

/* One for a thread without a cache. */
static struct weft__slot *slab_take_one(struct weft__slab *slab, unsigned class_index)
{
    struct weft__slab_class *class = &slab->classes[class_index];
    weft__lock(&slab->lock);
    if (class->loose == 0)
        class->loose = slab_take_full(class);
    struct weft__slot *slot = weft__magazine_pop(&class->loose);
    if (!slot)
        slot = slab_take(slab, class_index);
    weft__unlock(&slab->lock);
    return slot;
}

static __attribute__((noinline)) void *slab_alloc_slowly(struct weft__slab *slab, struct weft__slab_cache *cache, unsigned class_index)
{
    if (!cache)
        return slab_take_one(slab, class_index);
    cache->classes[class_index] = cache->full[class_index];
    cache->full[class_index] = 0;
    if (cache->classes[class_index] == 0)
        slab_refill(slab, cache, class_index);
    return weft__magazine_pop(&cache->classes[class_index]);
}

void *weft__slab_alloc(struct weft__slab *slab, struct weft__slab_cache *cache, size_t size)
{
    WEFT__REQUIRE("slab-alloc:size", size <= WEFT__SLOT_SIZE_MAX);
    const unsigned class_index = weft__slab_class_of(size);
    struct weft__slot *slot = cache ? weft__magazine_pop(&cache->classes[class_index]) : NULL;
    return weft__likely(slot != NULL) ? slot : slab_alloc_slowly(slab, cache, class_index);
}

/* All of it to the pages. Under the lock. */
static void slab_put_all(struct weft__slab *slab, weft__magazine *magazine)
{
    struct weft__slot *slot;
    while ((slot = weft__magazine_pop(magazine)) != NULL)
        slab_put(slab, slot);
}

void weft__slab_return(struct weft__slab *slab, void *slot)
{
    weft__lock(&slab->lock);
    slab_put(slab, slot);
    weft__unlock(&slab->lock);
}

void weft__slab_spill(struct weft__slab *slab, struct weft__slab_cache *cache, unsigned class_index)
{
    struct weft__slab_class *class = &slab->classes[class_index];
    if (cache->full[class_index] != 0) {
        weft__lock(&slab->lock);
        class->full[class->full_count++] = cache->full[class_index];
        weft__unlock(&slab->lock);
    }
    cache->full[class_index] = cache->classes[class_index];
    cache->classes[class_index] = 0;
}

void weft__slab_flush(struct weft__slab *slab, struct weft__slab_cache *cache)
{
    for (unsigned i = 0; i < WEFT__SLAB_CLASSES; i++) {
        if ((cache->classes[i] | cache->full[i]) == 0)
            continue;
        weft__lock(&slab->lock);
        slab_put_all(slab, &cache->classes[i]);
        slab_put_all(slab, &cache->full[i]);
        weft__unlock(&slab->lock);
    }
}

/* No walk that begins now finds a slot of the page, and nobody allocates from it: it is in no list. */
static void slab_retire(struct weft__slab *slab, struct weft__page *page)
{
    if (slab->keeps_addresses) {
        page->free = NULL; /* the list went through the slots: all of them are fresh again */
        weft__store_relaxed(&page->fresh, 0);
    } else {
        weft__store_relaxed(slab_entry(slab, page->number), NULL);
        slab->classes[page->class_index].slots -= page->slots;
    }
}

/* Give a page's memory back, but for its header's share. A grace period ago it was retired: a walk takes the locks of objects. */
static void slab_strip(struct weft__slab *slab, struct weft__page *page)
{
    weft__platform->discard((char *)page + WEFT__PAGE_KEPT, WEFT__PAGE_SIZE - WEFT__PAGE_KEPT);
    weft__fetch_sub_relaxed(&slab->bytes, WEFT__PAGE_SIZE - WEFT__PAGE_KEPT);
    weft__lock(&slab->lock);
    weft__list_push_back(&slab->classes[page->class_index].bare, &page->link);
    weft__unlock(&slab->lock);
}

/*
 * To the pages: what nobody took since the last trim. A page that has nothing else is as old as the magazines are. One by one, with the
 * lock given back in between: there may be thousands after a burst. Under the lock.
 */
static void slab_trim_full(struct weft__slab *slab, struct weft__slab_class *class)
{
    slab_put_all(slab, &class->loose);
    while (class->full_low > 0) { /* others make it less, too */
        const uint32_t before = class->empty_count;
        class->full_low--;
        slab_put_all(slab, &class->full[--class->full_count]);
        class->empty_low += class->empty_count - before;
        weft__unlock(&slab->lock);
        weft__lock(&slab->lock);
    }
    class->full_low = class->full_count;
}

void weft__slab_trim(struct weft__slab *slab)
{
    struct weft__link retired;
    weft__list_init(&retired);

    weft__lock(&slab->lock);
    for (int i = 0; i < WEFT__SLAB_CLASSES; i++)
        slab_trim_full(slab, &slab->classes[i]);
    for (int i = 0; i < WEFT__SLAB_CLASSES; i++) {
        struct weft__slab_class *class = &slab->classes[i];
        for (uint32_t n = class->empty_low; n > 0; n--) {
            struct weft__link *link = weft__list_pop_front(&class->empty);
            class->empty_count--;
            weft__list_push_back(&retired, link);
            slab_retire(slab, weft__container_of(link, struct weft__page, link));
        }
        class->empty_low = class->empty_count;
        slab_shrink_room(class);
    }
    weft__unlock(&slab->lock);
    if (weft__list_empty(&retired))
        return;

    weft__rcu_synchronize(); /* no reader holds a pointer into the retired pages any more, nor do later ones find one */

    struct weft__link *link;
    while ((link = weft__list_pop_front(&retired)) != NULL) {
        struct weft__page *page = weft__container_of(link, struct weft__page, link);
        if (slab->keeps_addresses) {
            slab_strip(slab, page);
            continue;
        }
        const uint32_t number = page->number;
        weft__platform->unmap(page, WEFT__PAGE_SIZE);
        weft__fetch_sub_relaxed(&slab->bytes, WEFT__PAGE_SIZE);
        weft__lock(&slab->lock);
        slab->recycled[slab->recycled_count++] = number;
        weft__unlock(&slab->lock);
    }
}

void weft__slab_before_fork(void)
{
    weft__lock(&slab_pointed.lock);
}

void weft__slab_after_fork_parent(void)
{
    weft__unlock(&slab_pointed.lock);
}

static void slab_orphan(struct weft__slab *slab)
{
    for (uint32_t number = 0; number < slab->page_numbers; number++) {
        _Atomic(struct weft__page *) *entry = slab_entry(slab, number);
        struct weft__page *page = entry ? weft__load_relaxed(entry) : NULL;
        if (page)
            weft__platform->discard(page, WEFT__PAGE_SIZE);
    }
    slab->orphaned = true;
    slab->lock = (struct weft__lock){0};
    for (int i = 0; i < WEFT__SLAB_CLASSES; i++) /* the lists went through the pages */
        slab_class_init(&slab->classes[i]);
}

void weft__slab_after_fork_child(void)
{
    struct weft__link *slabs = &slab_pointed.slabs;
    weft__unlock(&slab_pointed.lock); /* the only thread */
    for (struct weft__link *link = slabs->next; link && link != slabs; link = link->next)
        slab_orphan(weft__container_of(link, struct weft__slab, pointed));
}

void *weft__slab_lookup(struct weft__slab *slab, uint32_t number)
{
    const uint32_t page_number = number >> WEFT__SLOT_BITS;
    if (page_number >= WEFT__SLAB_LEAF * WEFT__SLAB_LEAVES)
        return NULL;
    _Atomic(struct weft__page *) *entry = slab_entry(slab, page_number);
    struct weft__page *page = entry ? weft__load_acquire(entry) : NULL; /* SL-A2 */
    if (!page)
        return NULL;
    const uint32_t place = number & ((1u << WEFT__SLOT_BITS) - 1);
    if (place >= page->slots)
        return NULL;
    return (char *)page + WEFT__PAGE_HEADER + (size_t)place * page->slot_size;
}

void *weft__slab_next(struct weft__slab *slab, uint32_t *number)
{
    uint32_t page_number = *number >> WEFT__SLOT_BITS;
    uint32_t place = *number & ((1u << WEFT__SLOT_BITS) - 1);
    for (; page_number < WEFT__SLAB_LEAF * WEFT__SLAB_LEAVES; page_number++, place = 0) {
        _Atomic(struct weft__page *) *entry = slab_entry(slab, page_number);
        if (!entry)
            break; /* leaves are made in order */
        struct weft__page *page = weft__load_acquire(entry); /* SL-A2 */
        /* Relaxed: a slot used for the first time this moment may be missed, as one may be whose state is not seen yet. */
        const uint32_t fresh = page ? weft__load_relaxed(&page->fresh) : 0;
        for (; place < fresh; place++) {
            struct weft__slot *slot =
                (struct weft__slot *)(void *)((char *)page + WEFT__PAGE_HEADER + (size_t)place * page->slot_size);
            if (weft__load_relaxed(&slot->state) == 0) /* the caller looks closer */
                continue;
            *number = (page_number << WEFT__SLOT_BITS | place) + 1;
            return slot;
        }
    }
    return NULL;
}
