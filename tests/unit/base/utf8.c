/* SPDX-License-Identifier: MIT */
/* What is UTF-8 and what is not, at each border of RFC 3629; and what acts on a terminal. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/utf8.h"

static void utf8_sequence_is_exact_at_each_border(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"a", 1},                {"\x7f", 1},             {"\x80", 0},             {"\xbf", 0},
        {"\xc1\xbf", 0},         {"\xc2\x80", 2},         {"\xc2", 0},             {"\xc2\x7f", 0},
        {"\xc2\xc0", 0},         {"\xdf\xbf", 2},         {"\xe0\x9f\xbf", 0},     {"\xe0\xa0\x80", 3},
        {"\xe0\xa0", 0},         {"\xed\x9f\xbf", 3},     {"\xed\xa0\x80", 0},     {"\xee\x80\x80", 3},
        {"\xef\xbf\xbf", 3},     {"\xf0\x8f\xbf\xbf", 0}, {"\xf0\x90\x80\x80", 4}, {"\xf0\x90\x80", 0},
        {"\xf4\x8f\xbf\xbf", 4}, {"\xf4\x90\x80\x80", 0}, {"\xf5\x80\x80\x80", 0}, {"\xff", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (weft__utf8_sequence(cases[i].text) != cases[i].length)
            fail_msg("case %zu: %zu", i, weft__utf8_sequence(cases[i].text));
}

static void utf8_replaces_what_is_none_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *text, *clean;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"\xe2\x82\xac 5, \xf0\x90\x80\x80", "\xe2\x82\xac 5, \xf0\x90\x80\x80"},
        {"\xff", "\xef\xbf\xbd"},
        {"a\xffz", "a\xef\xbf\xbdz"},
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"}, /* cut in the middle: each byte by itself */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc2\xa0\x80", "\xc2\xa0\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char clean[64];
        assert_int_equal(weft__utf8_replace(clean, cases[i].text), strlen(cases[i].clean));
        assert_string_equal(clean, cases[i].clean);
        assert_true(weft__utf8_is_valid(clean));
        assert_int_equal(weft__utf8_is_valid(cases[i].text), strcmp(clean, cases[i].text) == 0);
    }
}

static void utf8_control_is_told_from_text(void **state)
{
    (void)state;
    assert_true(weft__utf8_is_control("\x1b", 1));
    assert_true(weft__utf8_is_control("\x7f", 1));
    assert_true(weft__utf8_is_control("\xc2\x9b", 2)); /* CSI in one character */
    assert_false(weft__utf8_is_control("\xc2\xa0", 2));
    assert_false(weft__utf8_is_control(" ", 1));
    assert_false(weft__utf8_is_control("\xe2\x82\xac", 3));
    assert_true(weft__utf8_is_control("\xe2\x80\xa8", 3)); /* U+2028, the end of a line */
    assert_true(weft__utf8_is_control("\xe2\x80\xae", 3)); /* U+202E: from right to left from here */
    assert_true(weft__utf8_is_control("\xe2\x81\xa6", 3));
    assert_true(weft__utf8_is_control("\xe2\x81\xa9", 3));
    assert_false(weft__utf8_is_control("\xe2\x80\xa7", 3)); /* a dot, a space without a break, and before and behind the others */
    assert_false(weft__utf8_is_control("\xe2\x80\xaf", 3));
    assert_false(weft__utf8_is_control("\xe2\x81\xa5", 3));
    assert_false(weft__utf8_is_control("\xe2\x81\xaa", 3));
    assert_false(weft__utf8_is_control("\xe3\x80\xa8", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_sequence_is_exact_at_each_border),
        cmocka_unit_test(utf8_replaces_what_is_none_and_nothing_else),
        cmocka_unit_test(utf8_control_is_told_from_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
