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

static void handoff_whose_first_push_is_half_done_is_not_ready(void **state)
{
    (void)state;
    struct weft__handoff queue;
    struct weft__handoff_node nodes[2] = {{NULL}}, *out[2];
    weft__handoff_init(&queue);
    assert_false(weft__handoff_ready(&queue));
    struct weft__handoff_node *const behind = queue.tail;
    queue.tail = &nodes[0]; /* liburcu's exchange; its store is to come */
    weft__handoff_push(&queue, &nodes[1]);
    assert_false(weft__handoff_empty(&queue));
    assert_false(weft__handoff_ready(&queue));
    assert_int_equal(weft__handoff_pop(&queue, out, 2), 0);
    behind->next = &nodes[0];
    assert_true(weft__handoff_ready(&queue));
    assert_int_equal(weft__handoff_pop(&queue, out, 2), 2);
    assert_false(weft__handoff_ready(&queue));
}

/* Who takes the first has to know what is first then. */
static void handoff_whose_second_push_is_half_done_is_not_ready(void **state)
{
    (void)state;
    struct weft__handoff queue;
    struct weft__handoff_node nodes[3] = {{NULL}}, *out[3];
    weft__handoff_init(&queue);
    weft__handoff_push(&queue, &nodes[0]);
    queue.tail = &nodes[1];
    assert_int_equal(weft__handoff_pop(&queue, out, 3), 0);
    assert_false(weft__handoff_ready(&queue));
    nodes[0].next = &nodes[1];
    assert_true(weft__handoff_ready(&queue));
    queue.tail = &nodes[2];
    assert_true(weft__handoff_ready(&queue));
    assert_int_equal(weft__handoff_pop(&queue, out, 3), 1);
    assert_false(weft__handoff_ready(&queue));
    nodes[1].next = &nodes[2];
    assert_int_equal(weft__handoff_pop(&queue, out, 3), 2);
}

static void handoff_from_which_another_takes_is_ready(void **state)
{
    (void)state;
    struct weft__handoff queue;
    struct weft__handoff_node node;
    weft__handoff_init(&queue);
    weft__lock(&queue.taking);
    assert_false(weft__handoff_ready(&queue));
    weft__handoff_push(&queue, &node);
    assert_true(weft__handoff_ready(&queue));
    weft__unlock(&queue.taking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handoff_new_is_empty),
        cmocka_unit_test(handoff_pops_in_order_up_to_the_limit),
        cmocka_unit_test(handoff_while_another_takes_gives_nothing),
        cmocka_unit_test(handoff_whose_first_push_is_half_done_is_not_ready),
        cmocka_unit_test(handoff_whose_second_push_is_half_done_is_not_ready),
        cmocka_unit_test(handoff_from_which_another_takes_is_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
