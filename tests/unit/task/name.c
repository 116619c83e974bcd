/* SPDX-License-Identifier: MIT */
/* Names are cut at a whole character. */
#include <string.h>

#include "lib/verdict.h"
#include "task/name.h"

/* Not inlined: gcc believes that a literal is read behind its end. */
static __attribute__((noinline)) size_t fit(const char *name, size_t limit) { return weft__name_fit(name, limit); }

static void name_that_fits_is_kept(void **state)
{
    (void)state;
    assert_int_equal(fit("", 0), 0);
    assert_int_equal(fit("", 10), 0);
    assert_int_equal(fit("abc", 3), 3);
    assert_int_equal(fit("abc", 127), 3);
    assert_int_equal(fit("a\xC3\xA9", 3), 3); /* "aé" to its last byte */
}

static void name_is_cut_between_characters(void **state)
{
    (void)state;
    assert_int_equal(fit("abcd", 3), 3);
    assert_int_equal(fit("a\xC3\xA9", 2), 1);
    assert_int_equal(fit("a\xE2\x82\xACz", 1), 1);
    assert_int_equal(fit("a\xE2\x82\xACz", 2), 1);
    assert_int_equal(fit("a\xE2\x82\xACz", 3), 1);
    assert_int_equal(fit("a\xE2\x82\xACz", 4), 4);
    for (size_t limit = 0; limit <= 3; limit++)
        assert_int_equal(fit("\xF0\x9F\x98\x80", limit), 0);
    assert_int_equal(fit("\xF0\x9F\x98\x80", 4), 4);
}

static void name_of_any_length_keeps_whole_characters_only(void **state)
{
    (void)state;
    char name[1024];
    static const char *const characters[] = {"x", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t kind = 0; kind < 4; kind++) {
        const size_t width = strlen(characters[kind]);
        name[0] = '\0';
        for (int i = 0; i < 200; i++)
            strcat(name, characters[kind]);
        for (size_t limit = 0; limit < strlen(name); limit++)
            assert_int_equal(fit(name, limit), limit / width * width);
    }
}

static void name_that_is_no_utf8_stays_within_the_limit(void **state)
{
    (void)state;
    char name[300];
    for (int byte = 1; byte < 256; byte++) {
        memset(name, byte, sizeof name - 1);
        name[sizeof name - 1] = '\0';
        assert_true(fit(name, 127) <= 127);
    }
}

static void name_is_not_read_beyond_the_limit(void **state)
{
    (void)state;
    const char name[4] = {'a', 'b', 'c', 'd'}; /* no end: a sanitizer sees a read of name[4] */
    assert_int_equal(fit(name, 3), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_that_fits_is_kept),
        cmocka_unit_test(name_is_cut_between_characters),
        cmocka_unit_test(name_of_any_length_keeps_whole_characters_only),
        cmocka_unit_test(name_that_is_no_utf8_stays_within_the_limit),
        cmocka_unit_test(name_is_not_read_beyond_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
