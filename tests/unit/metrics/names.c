/* SPDX-License-Identifier: MIT */
/* Numbers of names: one for each, whoever asks first and however many ask at once, and one for all that come too late. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "lib/stress.h"
#include "metrics/names.h"

static void names_same_name_has_the_same_number(void **state)
{
    (void)state;
    const uint32_t cart = weft__names_number("cart", 4, 1);
    assert_in_range(cart, 1, WEFT__NAMES_MAX);
    assert_int_equal(weft__names_number("cartload", 4, 1), cart); /* so many bytes, and no zero */
    assert_int_not_equal(weft__names_number("cart", 4, 2), cart);
    assert_int_not_equal(weft__names_number("car", 3, 1), cart);
    assert_int_not_equal(weft__names_number("", 0, 1), cart);
    assert_string_equal(weft__names_at(cart)->text, "cart");
    assert_int_equal(weft__names_at(cart)->category, 1);
    char longest[128];
    memset(longest, 'n', sizeof longest);
    const uint32_t number = weft__names_number(longest, 127, 0);
    assert_int_equal(strlen(weft__names_at(number)->text), 127);
    assert_int_equal(weft__names_number(longest, 127, 0), number);
    assert_int_not_equal(weft__names_number(longest, 126, 0), number);
}

static void names_that_are_no_text_get_no_number(void **state)
{
    (void)state;
    assert_int_equal(weft__names_number("a\xff", 2, 0), WEFT__NAMES_OTHER);
    assert_int_equal(weft__names_number("\xc3\xbc", 1, 0), WEFT__NAMES_OTHER); /* half a character */
    assert_int_not_equal(weft__names_number("\xc3\xbc", 2, 0), WEFT__NAMES_OTHER);
    assert_int_equal(weft__names_others(), 2);
}

enum { THREADS = 4, NAMES = 2000 };
static uint32_t given[THREADS][NAMES];

static void *ask(void *argument)
{
    const unsigned thread = (unsigned)(uintptr_t)argument;
    for (unsigned i = 0; i < NAMES; i++) {
        const unsigned n = (i * 7 + thread * 501) % NAMES; /* each in another order */
        char name[32];
        const int length = snprintf(name, sizeof name, "name %u", n);
        given[thread][n] = weft__names_number(name, (size_t)length, 0);
        const uint32_t count = weft__names_count();
        if (given[thread][n] != WEFT__NAMES_OTHER)
            VERDICT(given[thread][n] <= count && strcmp(weft__names_at(given[thread][n])->text, name) == 0);
    }
    return NULL;
}

/* Those who were first have a number, which is the same for all; of the others nobody has one. */
static void names_beyond_the_table_share_a_number(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    verdict_assert();
    assert_int_equal(weft__names_count(), WEFT__NAMES_MAX);
    unsigned numbered = 0;
    for (int n = 0; n < NAMES; n++) {
        uint32_t number = WEFT__NAMES_OTHER;
        for (int t = 0; t < THREADS; t++) {
            assert_true(number == WEFT__NAMES_OTHER || given[t][n] == WEFT__NAMES_OTHER || given[t][n] == number);
            number = given[t][n] != WEFT__NAMES_OTHER ? given[t][n] : number;
        }
        numbered += number != WEFT__NAMES_OTHER;
    }
    assert_in_range(numbered, WEFT__NAMES_MAX - 20, WEFT__NAMES_MAX); /* the tests before had some */
    assert_in_range(weft__names_others(), (NAMES - numbered) * 9 / 10, (NAMES - numbered) * 11 / 10 + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_same_name_has_the_same_number),
        cmocka_unit_test(names_that_are_no_text_get_no_number),
        cmocka_unit_test(names_beyond_the_table_share_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
