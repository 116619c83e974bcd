/* SPDX-License-Identifier: MIT */
/* The shared queue: many push, several take; each node comes out once, and those of one pusher in their order. */
#include <stdlib.h>

#include "lib/stress.h"
#include "registry/handoff.h"

enum { PUSHERS = 3, TAKERS = 2 };

struct item {
    struct weft__handoff_node node; /* first */
    unsigned pusher;
    uint64_t number; /* plain: the taker must see it */
};

static struct weft__handoff queue;
static struct item *items;
static uint64_t each;
static _Atomic uint64_t taken;
static unsigned char *seen;
static uint64_t last_of[PUSHERS]; /* of a single taker */
static bool alone;

static void push_all(unsigned pusher)
{
    for (uint64_t i = 0; i < each; i++) {
        struct item *item = &items[pusher * each + i];
        item->pusher = pusher;
        item->number = i + 1;
        weft__handoff_push(&queue, &item->node);
    }
}

static void take_until_all(unsigned taker)
{
    struct weft__rng rng = stress_rng(100 + taker);
    struct weft__handoff_node *out[64];
    while (atomic_load(&taken) < PUSHERS * each) {
        const size_t count = weft__handoff_pop(&queue, out, 1 + weft__rng_below(&rng, 64));
        for (size_t i = 0; i < count; i++) {
            const struct item *item = (const struct item *)(const void *)out[i];
            unsigned char *mark = &seen[(size_t)(item - items)];
            VERDICT(*mark == 0);
            *mark = 1;
            if (!alone)
                continue;
            VERDICT(item->number == last_of[item->pusher] + 1);
            last_of[item->pusher] = item->number;
        }
        if (count > 0)
            atomic_fetch_add(&taken, count);
    }
}

static void handoff_body(void *context, unsigned number)
{
    (void)context;
    if (number < PUSHERS)
        push_all(number);
    else
        take_until_all(number);
}

static void handoff_run(unsigned takers)
{
    each = stress_scale(300000);
    alone = takers == 1;
    items = calloc(PUSHERS * each, sizeof *items);
    seen = calloc(PUSHERS * each, 1);
    assert_true(items && seen);
    atomic_store(&taken, 0);
    weft__handoff_init(&queue);
    stress_threads(PUSHERS + takers, handoff_body, NULL);
    verdict_assert();
    assert_int_equal(atomic_load(&taken), PUSHERS * each);
    assert_true(weft__handoff_empty(&queue));
    for (uint64_t i = 0; i < PUSHERS * each; i++)
        assert_int_equal(seen[i], 1);
    free(seen);
    free(items);
}

static void handoff_keeps_the_order_of_each_pusher(void **state)
{
    (void)state;
    handoff_run(1);
}

/* known bug 79 */
static void handoff_with_two_takers_gives_each_node_once(void **state)
{
    (void)state;
    handoff_run(TAKERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handoff_keeps_the_order_of_each_pusher),
        cmocka_unit_test(handoff_with_two_takers_gives_each_node_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
