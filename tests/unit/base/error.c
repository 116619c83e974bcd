/* SPDX-License-Identifier: MIT */
/* Names and texts of codes, and the refusal that each thread keeps. */
#include <stdio.h>
#include <string.h>
#include <weft/error.h>

#include "base/error.h"
#include "lib/comma.h"
#include "lib/stress.h"

static void error_name_and_text_of_each_row(void **state)
{
    (void)state;
#define ROW(name, number, text)                                                                                        \
    assert_string_equal(weft_error_name(WEFT_##name), "WEFT_" #name);                                                  \
    assert_string_equal(weft_error_text(WEFT_##name), text);                                                           \
    assert_true(WEFT_##name < 0);
    WEFT_ERROR_MAP(ROW)
#undef ROW
}

static void error_of_other_numbers_is_fixed(void **state)
{
    (void)state;
    assert_string_equal(weft_error_name(0), "WEFT_OK");
    assert_string_equal(weft_error_name(INT32_MAX), "WEFT_OK");
    assert_string_equal(weft_error_name(-4095), "WEFT_E?");
    assert_string_equal(weft_error_name(INT32_MIN), "WEFT_E?");
    assert_string_equal(weft_error_text(1), "success");
    assert_non_null(strstr(weft_error_text(INT32_MIN), "not a code of weft"));
}

static void error_detail_is_cut_and_terminated(void **state)
{
    (void)state;
    char longest[2000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(weft__refuse(WEFT_ERANGE, "%s", longest), WEFT_ERANGE);
    const size_t kept = strlen(weft_error_detail());
    assert_in_range(kept, 200, 1000);
    assert_int_equal(strspn(weft_error_detail(), "x"), kept);
}

static void error_refused_by_a_component_is_this_threads_detail(void **state)
{
    (void)state;
    weft__refuse(WEFT_EINVAL, "of the core");
    assert_int_equal(weft_error_refuse(WEFT_ENOENT, "%s: no file '%s'", "weft_config_load", "a.toml"), WEFT_ENOENT);
    assert_string_equal(weft_error_detail(), "weft_config_load: no file 'a.toml'");
    char longest[2000];
    memset(longest, 'y', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(weft_error_refuse(17, "%s", longest), 17);
    assert_int_equal(strlen(weft_error_detail()), 319);
}

static void error_own(void *context, unsigned number)
{
    (void)context;
    VERDICT(weft_error_detail()[0] == '\0'); /* a new thread has none */
    char expected[32];
    for (int i = 0; i < 1000; i++) {
        weft__refuse(WEFT_EINVAL, "thread %u, refusal %d", number, i);
        snprintf(expected, sizeof expected, "thread %u, refusal %d", number, i);
        VERDICT(strcmp(weft_error_detail(), expected) == 0);
    }
}

static void error_detail_belongs_to_its_thread(void **state)
{
    (void)state;
    weft__refuse(WEFT_EINVAL, "mine");
    stress_threads(4, error_own, NULL);
    verdict_assert();
    assert_string_equal(weft_error_detail(), "mine");
}

/* A host whose numbers have a comma: what is compared and looked for has a point all the same. */
static void error_detail_has_a_point_whatever_the_locale_writes(void **state)
{
    (void)state;
    char half[8];
    comma_begin();
    const int code = weft__refuse(WEFT_EINVAL, "%g and %s", 0.5, "½");
    snprintf(half, sizeof half, "%.1f", 0.5); /* the host's own are as it likes them */
    comma_end();
    assert_int_equal(code, WEFT_EINVAL);
    assert_string_equal(weft_error_detail(), "0.5 and ½");
    assert_string_equal(half, "0,5");
    weft_error_refuse(WEFT_EINVAL, "%.2f", 0.25);
    assert_string_equal(weft_error_detail(), "0.25");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_detail_has_a_point_whatever_the_locale_writes),
        cmocka_unit_test(error_name_and_text_of_each_row),
        cmocka_unit_test(error_of_other_numbers_is_fixed),
        cmocka_unit_test(error_detail_is_cut_and_terminated),
        cmocka_unit_test(error_refused_by_a_component_is_this_threads_detail),
        cmocka_unit_test(error_detail_belongs_to_its_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
