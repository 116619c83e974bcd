/* SPDX-License-Identifier: MIT */
/* What a collector says of a batch that it took in part: read as jansson reads it, and nothing beyond its end. */
#include "lib/world.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addons/otlp/partial.h"

#define PARTIAL(members) "{\"partialSuccess\":{" members "}}"

enum { ROOM = 100 };

static uint64_t count_of(const json_t *value)
{
    const char *text = json_string_value(value);
    if (json_is_integer(value) && json_integer_value(value) > 0)
        return (uint64_t)json_integer_value(value);
    return text && text[strspn(text, "0123456789")] == '\0' ? strtoull(text, NULL, 10) : 0;
}

/* The same of a text by itself, in a block as long as it is. */
static void assert_read_as_by_jansson(const char *text, size_t length)
{
    char why[ROOM] = "before", *alone = malloc(length ? length : 1);
    memcpy(alone, text, length);
    json_t *answer = json_loadb(text, length, 0, NULL);
    const json_t *partial = json_object_get(answer, "partialSuccess");
    const char *expected = json_string_value(json_object_get(partial, "errorMessage"));
    const uint64_t count = weft__otlp_partial(alone, length, "rejectedSpans", why, sizeof why);
    if (count != count_of(json_object_get(partial, "rejectedSpans")) || strcmp(why, expected ? expected : "") != 0)
        fail_msg("'%.*s': %lu, '%s', and jansson: %lu, '%s'", (int)length, text, (unsigned long)count, why,
                 (unsigned long)count_of(json_object_get(partial, "rejectedSpans")), expected ? expected : "");
    json_decref(answer);
    free(alone);
}

static const char *const answers[] = {
    PARTIAL("\"rejectedSpans\":\"3\",\"errorMessage\":\"too old\""),
    PARTIAL("\"errorMessage\":\"before\",\"rejectedSpans\":12"),
    " { \"partialSuccess\"\t:\r\n{ \"rejectedSpans\" : 3 , \"errorMessage\" : \"spaced\" } } ",
    "{\"else\":{\"partialSuccess\":{\"rejectedSpans\":9}},"
    "\"partialSuccess\":{\"in\":{\"errorMessage\":\"x\"},\"rejectedSpans\":1},\"list\":[1,\"]\",{},[]]}",
    PARTIAL("\"errorMessage\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83e\\uddf5"
            " gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\xa7\xb5\""),
    PARTIAL("\"\\u0072ejectedSpans\":\"0012\",\"a\":[true,false,null,-0,0.5,-1e9,2E+3,1e-2]"),
    PARTIAL("\"rejectedSpans\":-5,\"errorMessage\":null"),
    PARTIAL("\"rejectedSpans\":\"\",\"errorMessage\":[\"x\"]"),
    PARTIAL("\"rejectedSpans\":\"3x\""),
    PARTIAL("\"rejectedSpans\":3.5"),
    PARTIAL("\"rejectedSpans\":{\"rejectedSpans\":3}"),
    PARTIAL("\"rejectedSpans\":3,\"rejectedSpans\":4,\"errorMessage\":\"a\",\"errorMessage\":0"),
    "{\"partialSuccess\":{\"rejectedSpans\":3,\"errorMessage\":\"a\"},\"partialSuccess\":{}}",
    "{\"partialSuccess\":[{\"rejectedSpans\":3}]}",
    "[{\"partialSuccess\":{\"rejectedSpans\":3}}]",
    "{\"the key that is longer than any that is looked for, which is rejectedSpans\":1}",
    "{\"errorMessage\":\"of nothing\",\"rejectedSpans\":3}",
};

/* Each as a whole, cut at each byte, and with each byte in place of each: but for zero, which jansson passes over after a number. */
static void answer_is_read_as_by_jansson(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const size_t length = strlen(answers[i]);
        char spoilt[512];
        assert_true(length < sizeof spoilt);
        for (size_t at = 0; at <= length; at++)
            assert_read_as_by_jansson(answers[i], at);
        for (size_t at = 0; at < length; at++)
            for (int byte = 1; byte < 256; byte++) {
                memcpy(spoilt, answers[i], length);
                spoilt[at] = (char)byte;
                assert_read_as_by_jansson(spoilt, length);
            }
    }
}

static void count_that_is_too_large_is_the_largest(void **state)
{
    (void)state;
    char why[ROOM];
    static const char largest[] = PARTIAL("\"rejectedSpans\":\"18446744073709551615\"");
    static const char larger[] = PARTIAL("\"rejectedSpans\":\"18446744073709551616\"");
    static const char without_a_text[] = PARTIAL("\"rejectedSpans\":99999999999999999999");
    assert_true(weft__otlp_partial(largest, sizeof largest - 1, "rejectedSpans", why, sizeof why) == UINT64_MAX);
    assert_true(weft__otlp_partial(larger, sizeof larger - 1, "rejectedSpans", why, sizeof why) == UINT64_MAX);
    assert_true(weft__otlp_partial(without_a_text, sizeof without_a_text - 1, "rejectedSpans", why, sizeof why) == UINT64_MAX);
}

static void reason_is_cut_between_characters(void **state)
{
    (void)state;
    static const char text[] = PARTIAL("\"errorMessage\":\"a\xc3\xa9\\u20ac\\ud83e\\uddf5z\",\"rejectedSpans\":2");
    static const size_t kept[] = {0, 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11}; /* of each room */
    for (size_t room = 1; room < sizeof kept / sizeof kept[0]; room++) {
        char *why = malloc(room);
        assert_int_equal(weft__otlp_partial(text, sizeof text - 1, "rejectedSpans", why, room), 2);
        assert_int_equal(strlen(why), kept[room]);
        assert_memory_equal(why, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\xa7\xb5z", kept[room]);
        free(why);
    }
}

static void answer_that_is_too_deep_says_nothing(void **state)
{
    (void)state;
    for (int depth = 29; depth <= 31; depth++) { /* and two about them */
        char text[256] = "{\"partialSuccess\":{\"rejectedSpans\":2,\"list\":", why[ROOM];
        const size_t head = strlen(text);
        memset(text + head, '[', (size_t)depth);
        memset(text + head + depth, ']', (size_t)depth);
        memcpy(text + head + 2 * depth, "}}", 2);
        assert_int_equal(weft__otlp_partial(text, head + 2 * (size_t)depth + 2, "rejectedSpans", why, sizeof why), depth <= 30 ? 2 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_is_read_as_by_jansson),
        cmocka_unit_test(count_that_is_too_large_is_the_largest),
        cmocka_unit_test(reason_is_cut_between_characters),
        cmocka_unit_test(answer_that_is_too_deep_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
