/* SPDX-License-Identifier: MIT */
/* The intrusive rings, with a head and without. */
#include "base/list.h"
#include "lib/verdict.h"

struct item {
    int value;
    struct weft__link link;
};

static void list_is_first_in_first_out(void **state)
{
    (void)state;
    struct weft__link head;
    struct item items[5] = {{0}};
    weft__list_init(&head);
    assert_true(weft__list_empty(&head));
    assert_null(weft__list_pop_front(&head));
    for (int i = 0; i < 5; i++) {
        items[i].value = i;
        assert_false(weft__link_in_list(&items[i].link));
        weft__list_push_back(&head, &items[i].link);
        assert_true(weft__link_in_list(&items[i].link));
    }
    for (int i = 0; i < 5; i++)
        assert_int_equal(weft__container_of(weft__list_pop_front(&head), struct item, link)->value, i);
    assert_true(weft__list_empty(&head));
}

static void list_remove_takes_out_first_middle_and_last(void **state)
{
    (void)state;
    struct weft__link head;
    struct item items[5] = {{0}};
    weft__list_init(&head);
    for (int i = 0; i < 5; i++)
        weft__list_push_back(&head, &items[i].link);
    weft__list_remove(&items[0].link);
    weft__list_remove(&items[2].link);
    weft__list_remove(&items[4].link);
    assert_false(weft__link_in_list(&items[2].link));
    assert_ptr_equal(weft__list_pop_front(&head), &items[1].link);
    weft__list_push_back(&head, &items[2].link);
    assert_ptr_equal(weft__list_pop_front(&head), &items[3].link);
    assert_ptr_equal(weft__list_pop_front(&head), &items[2].link);
    assert_null(weft__list_pop_front(&head));
}

static void ring_is_first_in_first_out(void **state)
{
    (void)state;
    struct weft__link *ring = NULL;
    struct item items[5] = {{0}};
    assert_null(weft__ring_first(ring));
    for (uint32_t i = 0; i < 5; i++) {
        items[i].value = (int)i;
        assert_int_equal(weft__ring_length(ring), i);
        weft__ring_push_back(&ring, &items[i].link);
        assert_true(weft__link_in_list(&items[i].link));
    }
    int expected = 0;
    for (struct weft__link *link = weft__ring_first(ring); link; link = weft__ring_next(ring, link))
        assert_int_equal(weft__container_of(link, struct item, link)->value, expected++);
    assert_int_equal(expected, 5);
    for (expected = 0; ring; expected++) {
        struct weft__link *first = weft__ring_first(ring);
        assert_int_equal(weft__container_of(first, struct item, link)->value, expected);
        weft__ring_remove(&ring, first);
        assert_false(weft__link_in_list(first));
    }
    assert_int_equal(expected, 5);
}

/* Each of those in it is taken out, alone and with each other one, and whoever is left is found in order. */
static void ring_remove_takes_out_any_of_it(void **state)
{
    (void)state;
    for (unsigned out = 0; out < 1u << 4; out++) {
        struct weft__link *ring = NULL;
        struct item items[4] = {{0}};
        for (int i = 0; i < 4; i++) {
            items[i].value = i;
            weft__ring_push_back(&ring, &items[i].link);
        }
        const struct weft__link *const last = ring; /* a walk that takes out goes by what was the last */
        struct weft__link *next;
        for (struct weft__link *link = weft__ring_first(last); link; link = next) {
            next = weft__ring_next(last, link);
            if (out >> weft__container_of(link, struct item, link)->value & 1)
                weft__ring_remove(&ring, link);
        }
        const struct weft__link *link = weft__ring_first(ring);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(weft__link_in_list(&items[i].link), !(out >> i & 1));
            if (out >> i & 1)
                continue;
            assert_ptr_equal(link, &items[i].link);
            link = weft__ring_next(ring, link);
        }
        assert_null(link);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_is_first_in_first_out),
        cmocka_unit_test(list_remove_takes_out_first_middle_and_last),
        cmocka_unit_test(ring_is_first_in_first_out),
        cmocka_unit_test(ring_remove_takes_out_any_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
