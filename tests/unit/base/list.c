/* SPDX-License-Identifier: MIT */
/* The intrusive ring. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_is_first_in_first_out),
        cmocka_unit_test(list_remove_takes_out_first_middle_and_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
