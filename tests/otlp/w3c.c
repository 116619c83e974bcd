/* SPDX-License-Identifier: MIT */
/*
 * traceparent and tracestate, by the cases of the test suite that W3C publishes with the standard (trace-context,
 * test/test.py, as of level 2): what is read, what is refused, and what is written.
 */
#include "lib/world.h"

#include <stdio.h>
#include <weft/otlp.h>

#define TRACE "12345678901234567890123456789012"
#define SPAN "1234567890123456"

static int parse(const char *text, weft_otlp_context *out)
{
    return weft_otlp_context_parse(text, NULL, out);
}

static void traceparent_is_read_and_written(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-" TRACE "-" SPAN "-00",
        "00-" TRACE "-" SPAN "-ff", /* flags that nobody knows are kept */
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        weft_otlp_context context;
        char written[WEFT_OTLP_TRACEPARENT_SIZE];
        assert_int_equal(parse(texts[i], &context), 0);
        assert_int_equal(weft_otlp_context_format(&context, written), 0);
        assert_string_equal(written, texts[i]);
    }
}

static void traceparent_that_is_none_is_refused_with_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "version"},
        {"0", "version"},
        {"00", "shorter"},
        {".0-" TRACE "-" SPAN "-01", "version"},
        {"0.-" TRACE "-" SPAN "-01", "version"},
        {"0-" TRACE "-" SPAN "-01", "version"},
        {"000-" TRACE "-" SPAN "-01", "divided"},
        {"ff-" TRACE "-" SPAN "-01", "ff"},
        {"FF-" TRACE "-" SPAN "-01", "version"},
        {"00-00000000000000000000000000000000-" SPAN "-01", "trace id is zero"},
        {"00-.2345678901234567890123456789012-" SPAN "-01", "trace id"},
        {"00-1234567890123456789012345678901.-" SPAN "-01", "trace id"},
        {"00-123456789012345678901234567890123-" SPAN "-01", "divided"},
        {"00-1234567890123456789012345678901-" SPAN "-01", "shorter"},
        {"00-ABCDEFABCDEFABCDEFABCDEFABCDEFAB-" SPAN "-01", "trace id"},
        {"00-" TRACE "-0000000000000000-01", "parent id is zero"},
        {"00-" TRACE "-.234567890123456-01", "parent id"},
        {"00-" TRACE "-123456789012345.-01", "parent id"},
        {"00-" TRACE "-12345678901234567-01", "divided"},
        {"00-" TRACE "-123456789012345-01", "shorter"},
        {"00-" TRACE "-" SPAN "-.0", "flags"},
        {"00-" TRACE "-" SPAN "-0.", "flags"},
        {"00-" TRACE "-" SPAN "-001", "follows"},
        {"00-" TRACE "-" SPAN "-1", "shorter"},
        {"00-" TRACE "-" SPAN "-01.", "follows"},
        {"00-" TRACE "-" SPAN "-01-what-the-future-will-be-like", "follows"},
        {"01-" TRACE "-" SPAN "-01.what-the-future-will-not-be-like", "follows"},
        {"cc-" TRACE "-" SPAN "-01.what", "follows"},
        {" 00-" TRACE "-" SPAN "-01", "version"},
        {"00-" TRACE "-" SPAN "-01 ", "follows"},
        {"00_" TRACE "-" SPAN "-01", "divided"},
        {"00-" TRACE "_" SPAN "-01", "divided"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        weft_otlp_context context = {.flags = 77};
        assert_int_equal(parse(cases[i].text, &context), WEFT_EINVAL);
        if (!strstr(weft_error_detail(), cases[i].reason))
            print_error("'%s': %s\n", cases[i].text, weft_error_detail());
        assert_non_null(strstr(weft_error_detail(), cases[i].reason));
        assert_int_equal(context.flags, 77);
    }
}

static void traceparent_of_a_later_version_is_read_as_far_as_it_is_known(void **state)
{
    (void)state;
    static const char *const texts[] = {"cc-" TRACE "-" SPAN "-01", "cc-" TRACE "-" SPAN "-01-what-the-future-will-be-like",
                                        "01-" TRACE "-" SPAN "-01-", "fe-" TRACE "-" SPAN "-03-x"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        weft_otlp_context context;
        char written[WEFT_OTLP_TRACEPARENT_SIZE];
        assert_int_equal(parse(texts[i], &context), 0);
        assert_int_equal(weft_otlp_context_format(&context, written), 0);
        assert_string_equal(written, "00-" TRACE "-" SPAN "-01");
    }
}

static void tracestate_is(const char *text, const char *expected)
{
    weft_otlp_context context;
    assert_int_equal(weft_otlp_context_parse("00-" TRACE "-" SPAN "-01", text, &context), 0);
    assert_string_equal(context.tracestate, expected);
}

static void tracestate_is_kept_or_left_out_as_a_whole(void **state)
{
    (void)state;
    char longest[1200], many[400] = "", key[300], text[900];
    tracestate_is("foo=1", "foo=1");
    tracestate_is("foo=1,bar=2", "foo=1,bar=2");
    tracestate_is("foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3");
    tracestate_is(" foo=1 ", "foo=1");
    tracestate_is("foo=1,", "foo=1");
    tracestate_is(",,foo=1,,,", "foo=1");
    tracestate_is("", "");
    tracestate_is("foo@=1,bar=2", "");
    tracestate_is("@foo=1,bar=2", "");
    tracestate_is("foo@@bar=1,bar=2", "");
    tracestate_is("foo@bar@baz=1,bar=2", "");
    tracestate_is("fo\xc3\xb6=1", "");
    tracestate_is("foo =1", "");
    tracestate_is("FOO=1", "");
    tracestate_is("foo.bar=1", "");
    tracestate_is("foo=bar=baz", "");
    tracestate_is("foo=,bar=3", "");
    tracestate_is("foo", "");
    tracestate_is("foo=1,foo=1", "");
    tracestate_is("foo=1,foo=2", "");
    tracestate_is("foo=1\r,bar=2", "");
    tracestate_is("foo=\xc3\xb6", "");
    tracestate_is("a1@b-_*/0=1", "a1@b-_*/0=1");
    tracestate_is("0a=1,0t@v=2", "0a=1,0t@v=2");
    tracestate_is("_a=1", "");
    tracestate_is("a@0=1", "");
    tracestate_is("foo= !\"#$%&'()*+-./:;<>?@[\\]^_`{|}~", "foo= !\"#$%&'()*+-./:;<>?@[\\]^_`{|}~");
    for (int i = 0; i < 32; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "%sbar%02d=%02d", i ? "," : "", i, i);
    tracestate_is(many, many);
    strcat(many, ",x=1");
    tracestate_is(many, "");
    memset(key, 'z', sizeof key);
    key[256] = '\0';
    snprintf(text, sizeof text, "%s=1", key);
    tracestate_is(text, text);
    snprintf(text, sizeof text, "z%s=1", key);
    tracestate_is(text, "");
    key[241] = '\0';
    snprintf(text, sizeof text, "%s@%s=1", key, "vvvvvvvvvvvvvv");
    tracestate_is(text, text);
    snprintf(text, sizeof text, "%s@%s=1", key, "vvvvvvvvvvvvvvv");
    tracestate_is(text, "");
    snprintf(text, sizeof text, "t%s@v=1", key);
    tracestate_is(text, "");
    key[241] = 'z';
    key[256] = '\0';
    snprintf(longest, sizeof longest, "a=%s,b=%.251s", key, key); /* 512 */
    tracestate_is(longest, longest);
    strcat(longest, "z");
    tracestate_is(longest, "");
}

static void context_without_ids_is_refused(void **state)
{
    (void)state;
    char text[WEFT_OTLP_TRACEPARENT_SIZE];
    weft_otlp_context context = {.flags = 0};
    assert_int_equal(weft_otlp_context_format(&context, text), WEFT_EINVAL);
    assert_int_equal(weft_otlp_context_set(&context), WEFT_EINVAL);
    context.trace_id[0] = 1;
    assert_int_equal(weft_otlp_context_format(&context, text), WEFT_EINVAL);
    assert_int_equal(weft_otlp_context_format(NULL, text), WEFT_EINVAL);
    assert_int_equal(weft_otlp_context_format(&context, NULL), WEFT_EINVAL);
    assert_int_equal(weft_otlp_context_parse(NULL, NULL, &context), WEFT_EINVAL);
    assert_int_equal(weft_otlp_context_parse("", NULL, NULL), WEFT_EINVAL);
    assert_int_equal(weft_otlp_context_current(NULL), WEFT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traceparent_is_read_and_written),
        cmocka_unit_test(traceparent_that_is_none_is_refused_with_the_reason),
        cmocka_unit_test(traceparent_of_a_later_version_is_read_as_far_as_it_is_known),
        cmocka_unit_test(tracestate_is_kept_or_left_out_as_a_whole),
        cmocka_unit_test(context_without_ids_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
