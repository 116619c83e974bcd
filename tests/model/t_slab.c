/* SPDX-License-Identifier: MIT */
/* Harness: registry/slab, with the state word of tasks. Pages have room for one object or two; the directory has two leaves of
 * two pages. A worker with a cache and a thread without one make objects, the thread frees one that the worker made; a
 * reader looks at objects by their numbers and walks over all; main gives empty pages back.
 *
 * Law: an object is its owner's alone until it is freed, in a slot that is nobody else's; a reader inside a section touches memory
 * that is there, and what it read belongs to the tag that it found before and after; an object that lives is found by its
 * number and by the walk; in the end everything is given back. ctest-cost: 25 */
#include "model.h"
#include "registry/rcu.h"
#include "registry/slab.h"
#include "task/state.h"

#include <assert.h>
#include <pthread.h>

enum { ONE_IN_A_PAGE = 65408, TWO_IN_A_PAGE = 32704, OBJECTS = 4, LASTING = OBJECTS + 1 };

struct object {
    weft__state state;
    struct weft__slot *next; /* the slab's */
    _Atomic uint32_t tag;    /* as a header's fields: relaxed, and judged by the word */
    uint32_t owner;          /* plain: two owners at once are a race */
};

static struct weft__slab slab;
static size_t size;
static _Atomic uint32_t numbers[OBJECTS + 1]; /* by tag: the slot's, plus 1 */
static _Atomic(struct object *) passed;       /* from the worker to the thread */
static uint32_t lasting_number;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"found by number", "another has the slot", "the page is gone", "found by the walk",
                                        "freed by another", "a page was given back", "the second leaf"};
    return goal < 7 ? names[goal] : NULL;
}

static struct object *make(struct weft__slab_cache *cache, uint32_t tag)
{
    struct object *object = weft__slab_alloc(&slab, cache, size);
    assert(object && weft__slot_size(object) >= size);
    object->owner = tag;
    weft__store_relaxed(&object->tag, tag);
    weft__state_init(&object->state, tag, true);
    uint32_t number = weft__slot_number(object);
    if (number >> WEFT__SLOT_BITS >= WEFT__SLAB_LEAF) {
        model_reach(6);
    }
    if (tag <= OBJECTS) {
        weft__store_relaxed(&numbers[tag], number + 1);
    }
    return object;
}

static void drop(struct weft__slab_cache *cache, struct object *object, uint32_t tag)
{
    assert(object->owner == tag);
    object->owner = 0;
    weft__state_free(&object->state);
    weft__slab_free(&slab, cache, object);
}

static void *worker(void *nothing)
{
    struct weft__slab_cache cache = {0};
    struct object *first = make(&cache, 1), *second = make(&cache, 2);
    if (model_choose(2)) {
        weft__store_release(&passed, first);
    } else {
        drop(&cache, first, 1);
    }
    drop(&cache, second, 2);
    if (model_choose(2)) {
        drop(&cache, make(&cache, 3), 3);
    }
    weft__slab_flush(&slab, &cache);
    return nothing;
}

static void *stranger(void *nothing)
{
    struct object *object = weft__exchange_acquire(&passed, NULL);
    if (object) {
        drop(NULL, object, 1);
        model_reach(4);
    }
    drop(NULL, make(NULL, 4), 4);
    return nothing;
}

/* The tag in a slot, if there is one before and after the look; what was read between is checked against it. */
static uint32_t look(struct object *object)
{
    uint64_t word = weft__load_acquire(&object->state);
    uint32_t tag = weft__load_relaxed(&object->tag);
    uint64_t after = weft__fetch_or_release(&object->state, 0);
    if (word == 0 || word != after || (word & WEFT__FREE)) {
        return 0;
    }
    assert(tag == weft__state_tag(word));
    return tag;
}

static void find(uint32_t tag)
{
    uint32_t number = weft__load_relaxed(&numbers[tag]);
    if (number == 0) {
        return;
    }
    weft__rcu_read_lock();
    struct object *object = weft__slab_lookup(&slab, number - 1);
    if (!object) {
        model_reach(2);
    } else {
        model_reach(look(object) == tag ? 0 : 1);
    }
    weft__rcu_read_unlock();
}

static void *reader(void *nothing)
{
    find(1 + model_choose(OBJECTS));
    bool lasting = false;
    uint32_t place = 0;
    for (bool more = true; more;) {
        weft__rcu_read_lock();
        struct object *object = weft__slab_next(&slab, &place);
        more = object != NULL;
        lasting |= object && look(object) == LASTING;
        weft__rcu_read_unlock();
    }
    assert(lasting);
    model_reach(3);
    weft__rcu_read_lock();
    assert(look(weft__slab_lookup(&slab, lasting_number)) == LASTING);
    weft__rcu_read_unlock();
    find(1 + model_choose(OBJECTS));
    return nothing;
}

int main(void)
{
    pthread_t threads[3];
    void *(*const run[])(void *) = {worker, stranger, reader};
    size = model_choose(2) ? ONE_IN_A_PAGE : TWO_IN_A_PAGE;
    weft__slab_init(&slab, NULL);
    struct object *lasting = make(NULL, LASTING);
    lasting_number = weft__slot_number(lasting);
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, run[i], NULL);
    }
    for (int i = 0; i < 3; i++) {
        uint64_t before = weft__load_relaxed(&slab.bytes);
        weft__slab_trim(&slab);
        if (weft__load_relaxed(&slab.bytes) < before) {
            model_reach(5);
        }
        model_relax();
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    struct object *left = weft__exchange_relaxed(&passed, NULL);
    if (left) {
        drop(NULL, left, 1);
    }
    drop(NULL, lasting, LASTING);
    weft__slab_trim(&slab);
    weft__slab_trim(&slab);
    assert(weft__load_relaxed(&slab.bytes) == 0);
    weft__slab_fini(&slab);
    return 0;
}
