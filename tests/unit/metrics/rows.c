/* SPDX-License-Identifier: MIT */
/* The table of names: the same name is the same row, what comes too late shares one, and names are text. */
#include <stdio.h>
#include <string.h>

#include "lib/verdict.h"
#include "metrics/rows.h"

struct entry {
    struct weft__row row;
    uint64_t count;
};

static void rows_same_key_is_the_same_row(void **state)
{
    (void)state;
    struct weft__rows rows;
    assert_true(weft__rows_init(&rows, 10, sizeof(struct entry)));
    struct entry *first = weft__rows_take(&rows, "orders", "shop", 3);
    assert_int_equal(first->count, 0);
    assert_ptr_equal(weft__rows_take(&rows, "orders", "shop", 3), first);
    assert_ptr_not_equal(weft__rows_take(&rows, "orders", "shop", 4), first);
    assert_ptr_not_equal(weft__rows_take(&rows, "orders", "", 3), first);
    assert_ptr_not_equal(weft__rows_take(&rows, "order", "sshop", 3), first);
    assert_ptr_not_equal(weft__rows_take(&rows, "", "", 3), first);
    assert_int_equal(weft__rows_walk(&rows), 5);
    assert_ptr_equal(weft__rows_at(&rows, 0), first);
    assert_int_equal(weft__rows_others(&rows), 0);
    weft__rows_fini(&rows);
}

static void rows_beyond_the_room_share_one(void **state)
{
    (void)state;
    enum { ROOM = 100, NAMES = 10000 };
    struct weft__rows rows;
    assert_true(weft__rows_init(&rows, ROOM, sizeof(struct entry)));
    for (int again = 0; again < 3; again++)
        for (int i = 0; i < NAMES; i++) {
            char name[32];
            snprintf(name, sizeof name, "request-%d", i);
            struct entry *entry = weft__rows_take(&rows, name, "", 0);
            entry->count++;
        }
    assert_int_equal(weft__rows_walk(&rows), ROOM + 1);
    for (uint32_t i = 0; i < ROOM; i++)
        assert_int_equal(((struct entry *)weft__rows_at(&rows, i))->count, 3);
    struct entry *other = weft__rows_at(&rows, ROOM);
    assert_string_equal(other->row.name, WEFT__ROW_OTHER);
    assert_int_equal(other->count, 3 * (NAMES - ROOM));
    assert_in_range(weft__rows_others(&rows), (NAMES - ROOM) * 9 / 10, (NAMES - ROOM) * 11 / 10);
    weft__rows_fini(&rows);
}

/* Two names that look the same are the same: no two rows have one label. */
static void rows_names_are_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *name, *kept;
    } names[] = {
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"}, {"a\xff" "b", "a?b"}, {"\xc3", "?"}, {"\xed\xa0\x80", "???"}, {"", ""},
    };
    struct weft__rows rows;
    assert_true(weft__rows_init(&rows, 10, sizeof(struct entry)));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct entry *entry = weft__rows_take(&rows, names[i].name, "", 0);
        assert_string_equal(entry->row.name, names[i].kept);
    }
    assert_ptr_equal(weft__rows_take(&rows, "a\xfe" "b", "", 0), weft__rows_take(&rows, "a?b", "", 0));
    char longest[1000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    longest[126] = '\xc3'; /* would end in the middle of a character */
    longest[127] = '\xbc';
    struct entry *cut = weft__rows_take(&rows, longest, longest, 0);
    assert_int_equal(strlen(cut->row.name), 126);
    assert_int_equal(strlen(cut->row.component), 63);
    weft__rows_fini(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_same_key_is_the_same_row),
        cmocka_unit_test(rows_beyond_the_room_share_one),
        cmocka_unit_test(rows_names_are_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
