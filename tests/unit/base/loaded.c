/* SPDX-License-Identifier: MIT */
/* What is loaded is believed: constants and code, of the program and of its libraries; what was allocated is not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loaded.h"

static const char *const constants[] = {"a text", "another"};
static char variable[64];

static void loaded_contains_constants_and_no_other_memory(void **state)
{
    (void)state;
    struct weft__loaded loaded;
    weft__loaded_read(&loaded);
    char on_stack[16] = "text";
    char *on_heap = malloc(100000);
    assert_non_null(on_heap);
    strcpy(on_heap, "text");
    assert_true(weft__loaded_contains(&loaded, constants, sizeof constants));
    assert_true(weft__loaded_contains(&loaded, variable, sizeof variable));
    assert_true(weft__loaded_contains(&loaded, stdout, sizeof *stdout)); /* of the C library */
    assert_true(weft__loaded_text(&loaded, constants[1]));
    assert_false(weft__loaded_contains(&loaded, NULL, 1));
    assert_false(weft__loaded_contains(&loaded, (void *)(uintptr_t)UINTPTR_MAX, 1));
    assert_false(weft__loaded_contains(&loaded, (void *)(uintptr_t)0x4141414141414141, 8));
    assert_false(weft__loaded_contains(&loaded, on_stack, sizeof on_stack));
    assert_false(weft__loaded_contains(&loaded, on_heap, 1));
    assert_false(weft__loaded_text(&loaded, on_heap));
    free(on_heap);
}

static void loaded_ends_with_its_segment(void **state)
{
    (void)state;
    static char bytes[8] = {'a', 'b', '\0', 'd', 'e', 'f', 'g', 'h'};
    const struct weft__loaded loaded = {.count = 1, .ranges = {{(uintptr_t)bytes, (uintptr_t)bytes + sizeof bytes}}};
    assert_true(weft__loaded_contains(&loaded, bytes, 8));
    assert_false(weft__loaded_contains(&loaded, bytes, 9));
    assert_true(weft__loaded_contains(&loaded, bytes + 7, 1));
    assert_false(weft__loaded_contains(&loaded, bytes + 7, 2));
    assert_false(weft__loaded_contains(&loaded, bytes + 8, 1));
    assert_true(weft__loaded_text(&loaded, bytes));
    assert_false(weft__loaded_text(&loaded, bytes + 3)); /* no end before the segment's */
    assert_false(weft__loaded_text(&loaded, bytes + 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loaded_contains_constants_and_no_other_memory),
        cmocka_unit_test(loaded_ends_with_its_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
