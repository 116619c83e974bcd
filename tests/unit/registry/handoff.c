/* SPDX-License-Identifier: MIT */
/* The shared queue, by one thread. */
#include "lib/verdict.h"
#include "registry/handoff.h"

static void handoff_new_is_empty(void **state)
{
    (void)state;
    struct weft__handoff queue;
    struct weft__handoff_node *out[4];
    weft__handoff_init(&queue);
    assert_true(weft__handoff_empty(&queue));
    assert_int_equal(weft__handoff_pop(&queue, out, 4), 0);
}

static void handoff_pops_in_order_up_to_the_limit(void **state)
{
    (void)state;
    struct weft__handoff queue;
    struct weft__handoff_node nodes[10], *out[10];
    weft__handoff_init(&queue);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 10; i++) {
            weft__handoff_push(&queue, &nodes[i]);
            assert_false(weft__handoff_empty(&queue));
        }
        assert_int_equal(weft__handoff_pop(&queue, out, 0), 0);
        assert_int_equal(weft__handoff_pop(&queue, out, 3), 3);
        assert_int_equal(weft__handoff_pop(&queue, out + 3, 1), 1);
        assert_false(weft__handoff_empty(&queue));
        assert_int_equal(weft__handoff_pop(&queue, out + 4, 10), 6);
        for (int i = 0; i < 10; i++)
            assert_ptr_equal(out[i], &nodes[i]);
        assert_true(weft__handoff_empty(&queue));
    }
}

static void handoff_while_another_takes_gives_nothing(void **state)
{
    (void)state;
    struct weft__handoff queue;
    struct weft__handoff_node node, *out[1];
    weft__handoff_init(&queue);
    weft__handoff_push(&queue, &node);
    assert_true(weft__lock_try(&queue.taking));
    assert_int_equal(weft__handoff_pop(&queue, out, 1), 0); /* it does not wait */
    assert_false(weft__handoff_empty(&queue));
    weft__unlock(&queue.taking);
    assert_int_equal(weft__handoff_pop(&queue, out, 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handoff_new_is_empty),
        cmocka_unit_test(handoff_pops_in_order_up_to_the_limit),
        cmocka_unit_test(handoff_while_another_takes_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
