/* SPDX-License-Identifier: MIT */
/*
 * The slab from many threads: caches that free what others allocated, lookups of numbers old and new, walks, and pages
 * that are given back meanwhile. An object's state is its tag; whoever looks inside an RCU section never leaves mapped
 * memory, and never finds another object's bytes once the tag is checked.
 */
#include "lib/stress.h"
#include "registry/rcu.h"
#include "registry/slab.h"

enum { WORKERS = 3, HELD = 400, POSTS = 64 };
enum { FREED = 1 }; /* a slot that was used and is free */

struct object {
    _Atomic uint64_t state;
    struct weft__slot *next;
    _Atomic uint64_t echo; /* the state again */
};

static struct weft__slab slab;
static uint64_t rounds;
static _Atomic uint64_t tags = 2;
static _Atomic(struct object *) posts[POSTS]; /* handed from one worker to another, to be freed there */
static _Atomic uint64_t numbers[POSTS];       /* of things that live or lived */
static _Atomic int working;
static _Atomic uint64_t live;

static struct object *make(struct weft__slab_cache *cache, struct weft__rng *rng)
{
    const size_t size = weft__rng_below(rng, 8) ? 192 : 200 + weft__rng_below(rng, 8000);
    struct object *object = weft__slab_alloc(&slab, cache, size);
    if (!VERDICT(object != NULL))
        return NULL;
    const uint64_t tag = atomic_fetch_add(&tags, 1);
    const uint64_t before = atomic_load(&object->state);
    VERDICT(before == 0 || before == FREED); /* nobody else has it */
    atomic_store(&object->echo, tag);
    atomic_store(&object->state, tag);
    atomic_fetch_add(&live, 1);
    atomic_store(&numbers[tag % POSTS], weft__slot_number(object));
    return object;
}

static void drop(struct weft__slab_cache *cache, struct object *object)
{
    VERDICT(atomic_load(&object->state) == atomic_load(&object->echo));
    atomic_exchange(&object->state, FREED);
    weft__slab_free(&slab, cache, object);
    atomic_fetch_sub(&live, 1);
}

static void drop_all(struct weft__slab_cache *cache, struct object **held)
{
    for (int i = 0; i < HELD; i++) {
        if (held[i])
            drop(cache, held[i]);
        held[i] = NULL;
    }
    weft__slab_flush(&slab, cache);
}

static void work(unsigned number)
{
    struct weft__rng rng = stress_rng(number);
    struct weft__slab_cache cache = {0};
    struct object *held[HELD] = {0};
    for (uint64_t i = 0; i < rounds; i++) {
        const uint32_t at = weft__rng_below(&rng, HELD);
        if (!held[at]) {
            held[at] = make(&cache, &rng);
        } else if (weft__rng_below(&rng, 4)) {
            drop(weft__rng_below(&rng, 50) ? &cache : NULL, held[at]);
            held[at] = NULL;
        } else {
            held[at] = atomic_exchange(&posts[weft__rng_below(&rng, POSTS)], held[at]);
        }
        if (i % 5000 == 4999)
            drop_all(&cache, held); /* a burst ends: pages run empty */
    }
    drop_all(&cache, held);
    atomic_fetch_sub(&working, 1);
}

static void look_up(struct weft__rng *rng)
{
    const uint32_t known = (uint32_t)atomic_load(&numbers[weft__rng_below(rng, POSTS)]);
    weft__rcu_read_lock();
    struct object *object = weft__slab_lookup(&slab, weft__rng_below(rng, 8) ? known : weft__rng_next(rng));
    if (object) {
        const uint64_t tag = atomic_load(&object->state);
        const uint64_t echo = atomic_load(&object->echo);
        if (tag > FREED && tag == atomic_fetch_or(&object->state, 0))
            VERDICT(echo == tag);
    }
    weft__rcu_read_unlock();
}

static void walk(void)
{
    uint32_t number = 0;
    const struct object *object;
    do {
        weft__rcu_read_lock();
        object = weft__slab_next(&slab, &number);
        if (object)
            VERDICT(atomic_load(&object->state) != 0);
        weft__rcu_read_unlock();
    } while (object);
}

static void slab_body(void *context, unsigned number)
{
    (void)context;
    if (number < WORKERS) {
        work(number);
        return;
    }
    struct weft__rng rng = stress_rng(number);
    while (atomic_load(&working) > 0) {
        for (int i = 0; i < 200; i++)
            look_up(&rng);
        walk();
        if (number == WORKERS)
            weft__slab_trim(&slab);
    }
}

/* known bug 75, known bug 82 */
static void slab_by_many_threads_with_lookups_and_walks(void **state)
{
    (void)state;
    rounds = stress_scale(1000000);
    atomic_store(&working, WORKERS);
    weft__slab_init(&slab, NULL);
    stress_threads(WORKERS + 2, slab_body, NULL);
    for (int i = 0; i < POSTS; i++) {
        struct object *object = atomic_load(&posts[i]);
        if (object)
            drop(NULL, object);
    }
    verdict_assert();
    assert_int_equal(atomic_load(&live), 0);
    weft__slab_trim(&slab);
    weft__slab_trim(&slab);
    assert_int_equal(atomic_load(&slab.bytes), 0); /* every page was empty, and went */
    assert_int_equal(slab.recycled_count, slab.page_numbers);
    weft__slab_fini(&slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slab_by_many_threads_with_lookups_and_walks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
