/* SPDX-License-Identifier: MIT */
/* What the endpoint is made of, without sockets: targets, tokens, pages, names in JSON. */
#include "diag/lib/served.h"

#include <stdio.h>
#include <stdlib.h>
#include <weft/dump.h>

#include "addons/diag/buffer.h"
#include "addons/diag/guard.h"
#include "addons/diag/json.h"
#include "addons/diag/members.h"
#include "addons/diag/page.h"
#include "addons/diag/uri.h"
#include "lib/stress.h"

static void uri_is_taken_apart(void **state)
{
    (void)state;
    struct weft__diag_uri uri;
    assert_int_equal(weft__diag_uri_parse("/api/tasks?name=a%20b+c&empty=&alone&&x=%2f", &uri), 0);
    assert_string_equal(uri.path, "/api/tasks");
    assert_int_equal(uri.count, 4);
    assert_string_equal(weft__diag_uri_get(&uri, "name"), "a b c");
    assert_string_equal(weft__diag_uri_get(&uri, "empty"), "");
    assert_string_equal(weft__diag_uri_get(&uri, "alone"), "");
    assert_string_equal(weft__diag_uri_get(&uri, "x"), "/");
    assert_null(weft__diag_uri_get(&uri, "y"));
    static const char *const known[] = {"name", "empty", "x", NULL};
    assert_string_equal(weft__diag_uri_unknown(&uri, known), "alone");
    assert_int_equal(weft__diag_uri_parse("/a%2fb+c", &uri), 0); /* a '+' of a path is one */
    assert_string_equal(uri.path, "/a/b+c");
}

static void uri_numbers_are_decimal_and_within_their_range(void **state)
{
    (void)state;
    struct weft__diag_uri uri;
    uint64_t number = 7;
    assert_int_equal(weft__diag_uri_parse("/?a=12&b=-1&c=1e3&d=18446744073709551615&e=18446744073709551616&f=&g=0x10&h=%201", &uri), 0);
    assert_true(weft__diag_uri_number(&uri, "none", 10, &number) && number == 7);
    assert_true(weft__diag_uri_number(&uri, "a", 12, &number) && number == 12);
    assert_false(weft__diag_uri_number(&uri, "a", 11, &number));
    assert_true(weft__diag_uri_number(&uri, "d", UINT64_MAX, &number) && number == UINT64_MAX);
    static const char *const others[] = {"b", "c", "e", "f", "g", "h"};
    for (size_t i = 0; i < 6; i++)
        assert_false(weft__diag_uri_number(&uri, others[i], UINT64_MAX, &number));
}

static void uri_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "api", "*", "http://x/", "//", "/a//b", "/.", "/..", "/a/../b", "/a/.", "/%2e%2E/", "/%00", "/a%0ab",
                                      "/%7f", "/%", "/%4", "/%g0", "/a?%", "/a?b=%1", "/a?=b", "/a?b=%00", "/a#b", "/a?b#c", "/\x01"};
    struct weft__diag_uri uri;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (weft__diag_uri_parse(bad[i], &uri) != 400)
            fail_msg("'%s' is taken", bad[i]);
    char longest[WEFT__DIAG_URI_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[WEFT__DIAG_URI_MAX + 1] = '\0';
    assert_int_equal(weft__diag_uri_parse(longest, &uri), 414);
    longest[WEFT__DIAG_URI_MAX] = '\0';
    assert_int_equal(weft__diag_uri_parse(longest, &uri), 0);
}

/* Whatever it is given: what it lets through has no control characters, and a path that is one. */
static void uri_of_any_bytes_is_harmless(void **state)
{
    (void)state;
    static const char pieces[][8] = {"/", "%", "?", "&", "=", ".", "..", "%2e", "%00", "+", "#", "a", "api", "tasks", "\x80", "\xff", "%c3%a9"};
    uint64_t rng = world_seed();
    struct weft__diag_uri uri;
    unsigned taken = 0;
    const uint64_t count = stress_scale(300000);
    for (uint64_t n = 0; n < count; n++) {
        char text[256] = "/";
        for (uint32_t i = world_random(&rng, 12); i > 0; i--)
            strcat(text, pieces[world_random(&rng, sizeof pieces / sizeof pieces[0])]);
        if (world_random(&rng, 4) == 0)
            text[world_random(&rng, (uint32_t)strlen(text))] = (char)(1 + world_random(&rng, 255));
        if (weft__diag_uri_parse(text, &uri) != 0)
            continue;
        taken++;
        assert_true(uri.path[0] == '/' && !strstr(uri.path, "//") && !strstr(uri.path, "/../"));
        for (const char *c = uri.path; *c; c++)
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        for (uint32_t i = 0; i < uri.count; i++)
            for (const char *c = uri.parameters[i].value; *c; c++)
                assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    assert_true(taken > count / 100);
}

static void token_is_compared_wholly(void **state)
{
    (void)state;
    static const char token[] = "0123456789abcdef";
    assert_true(weft__diag_guard_token("Bearer 0123456789abcdef", token));
    assert_true(weft__diag_guard_token("BEARER 0123456789abcdef", token));
    static const char *const others[] = {NULL, "", "Bearer", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0", "Bearer  0123456789abcdef",
                                         "Bearer 0123456789abcdeF", "0123456789abcdef", "Bearer 0123456789abcdef0123456789abcdef"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(weft__diag_guard_token(others[i], token));
}

struct row {
    struct weft__diag_key key;
    int payload;
};

static int row_sorts(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    const int way = x->key.number < y->key.number ? -1 : x->key.number > y->key.number ? 1 : strcmp(x->key.text, y->key.text);
    return way ? way : x->key.id < y->key.id ? -1 : x->key.id > y->key.id;
}

static int row_sorts_down(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    const int way = x->key.number < y->key.number ? 1 : x->key.number > y->key.number ? -1 : strcmp(y->key.text, x->key.text);
    return way ? way : x->key.id < y->key.id ? -1 : x->key.id > y->key.id;
}

/* A page of any size, of any rows in any order, is what sorting them all gives. */
static void page_is_a_part_of_the_whole_in_order(void **state)
{
    (void)state;
    static const char *const columns[] = {"id", NULL};
    static struct row all[500];
    uint64_t rng = world_seed();
    for (int round = 0; round < 300; round++) {
        char target[128];
        struct weft__diag_uri uri;
        struct weft__diag_reply reply = {.status = 200};
        struct weft__diag_view view = {.uri = &uri, .reply = &reply};
        struct weft__diag_page page;
        const uint32_t count = world_random(&rng, 500), limit = world_random(&rng, 120), offset = world_random(&rng, 120);
        const bool down = world_random(&rng, 2);
        snprintf(target, sizeof target, "/?limit=%u&offset=%u&sort=%sid", limit, offset, down ? "-" : "");
        assert_int_equal(weft__diag_uri_parse(target, &uri), 0);
        weft__diag_json_begin(&view.json);
        assert_true(weft__diag_page_begin(&page, &view, columns, sizeof(struct row)));
        for (uint32_t i = 0; i < count; i++) {
            all[i].key = (struct weft__diag_key){.number = world_random(&rng, 20), .id = i + 1};
            snprintf(all[i].key.text, sizeof all[i].key.text, "%u", world_random(&rng, 3));
            all[i].payload = (int)i;
            struct row *row = weft__diag_page_offer(&page, &all[i].key);
            if (row)
                row->payload = (int)i;
        }
        qsort(all, count, sizeof all[0], down ? row_sorts_down : row_sorts);
        assert_true(weft__diag_page_sort(&page, &view));
        const struct row *row;
        uint32_t at = 0, seen = 0;
        while ((row = weft__diag_page_next(&page, &at)) != NULL) {
            assert_true(offset + seen < count);
            assert_int_equal(row->key.id, all[offset + seen].key.id);
            assert_int_equal(row->payload, all[offset + seen].payload);
            seen++;
        }
        assert_int_equal(seen, offset >= count ? 0 : count - offset < limit ? count - offset : limit);
        assert_true(page.total == count);
        weft__diag_json_free(&view.json);
    }
}

static void buffer_beyond_its_limit_has_failed_for_good(void **state)
{
    (void)state;
    struct weft__diag_buffer buffer = {.limit = 10};
    weft__diag_buffer_text(&buffer, "0123456789");
    assert_false(buffer.failed);
    assert_string_equal(buffer.bytes, "0123456789");
    weft__diag_buffer_text(&buffer, "");
    assert_false(buffer.failed);
    weft__diag_buffer_print(&buffer, "%d", 1);
    assert_true(buffer.failed);
    assert_int_equal(buffer.length, 10);
    weft__diag_buffer_free(&buffer);
    weft__diag_buffer_text(&buffer, "again");
    assert_false(buffer.failed);
    weft__diag_buffer_free(&buffer);
}

static void json_that_is_too_deep_has_failed_and_frees_all(void **state)
{
    (void)state;
    struct weft__diag_json json;
    struct weft__diag_buffer out = {0};
    weft__diag_json_begin(&json);
    for (int i = 0; i < 2 * WEFT__DIAG_JSON_DEPTH; i++)
        weft__diag_json_open(&json, i == 0 ? "key" : NULL, '[');
    weft__diag_json_count(&json, NULL, 1);
    for (int i = 0; i < 3 * WEFT__DIAG_JSON_DEPTH; i++)
        weft__diag_json_close(&json);
    assert_false(weft__diag_json_end(&json, &out));
    assert_int_equal(out.length, 0);
    weft__diag_buffer_free(&out);
}

static void json_of_any_text_parses(void **state)
{
    (void)state;
    uint64_t rng = world_seed();
    for (uint64_t n = stress_scale(5000); n > 0; n--) {
        char text[64];
        const uint32_t length = world_random(&rng, sizeof text);
        struct weft__diag_json json;
        struct weft__diag_buffer out = {0};
        for (uint32_t i = 0; i < length; i++)
            text[i] = (char)(1 + world_random(&rng, 255));
        text[length] = '\0';
        weft__diag_json_begin(&json);
        weft__diag_json_text(&json, "text", text);
        weft__diag_json_count(&json, "large", UINT64_MAX);
        weft__diag_json_time(&json, "none", -1);
        assert_true(weft__diag_json_end(&json, &out));
        json_t *parsed = json_loads(out.bytes, 0, NULL);
        assert_non_null(parsed);
        assert_true(json_is_string(json_object_get(parsed, "text")));
        assert_true(json_integer_value(json_object_get(parsed, "large")) == INT64_MAX);
        assert_true(json_is_null(json_object_get(parsed, "none")));
        json_decref(parsed);
        weft__diag_buffer_free(&out);
    }
}

static int dump_append(void *context, const char *text, size_t length)
{
    weft__diag_buffer_add(context, text, length);
    return 0;
}

/* The document of one task's members; NULL: they are none. */
static json_t *members_of(const char *text, size_t length)
{
    struct weft__diag_json json;
    struct weft__diag_buffer out = {0};
    json_t *read = NULL;
    weft__diag_json_begin(&json);
    if (weft__diag_members(&json, text, length)) {
        assert_true(weft__diag_json_end(&json, &out));
        read = json_loadb(out.bytes, out.length, 0, NULL);
        assert_non_null(read);
    } else {
        weft__diag_json_free(&json);
    }
    weft__diag_buffer_free(&out);
    return read;
}

/* As jansson reads it, with memory; and each beginning of it, and each with a byte that does not belong there, is refused or read. */
static void members_of_a_task_are_those_that_were_written(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    atomic_uint leave = 0;
    static const char *const names[] = {"", "plain", "\"\\\"", "\x01\x1f\x7f\n",
                                        "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\xa7\xb5", "\xff\xc3(\xed\xa0\x80"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct weft__diag_buffer text = {0};
        const weft_task task = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK(names[i]), parked, .leave = &leave);
        assert_int_equal(weft_task_dump_one(task, WEFT_DUMP_JSON, dump_append, &text), 0);
        json_t *expected = json_loadb(text.bytes, text.length, 0, NULL), *got = members_of(text.bytes, text.length);
        assert_true(expected && got && json_equal(expected, got));
        json_decref(expected);
        json_decref(got);
        for (size_t length = 0; length < text.length; length++) {
            char *part = malloc(length + 1); /* of its own: what is behind it is not to be read */
            memcpy(part, text.bytes, length);
            part = realloc(part, length ? length : 1);
            assert_null(members_of(part, length));
            free(part);
            const char was = text.bytes[length];
            text.bytes[length] = "{}[]\",:\\u-0a"[length % 13];
            json_decref(members_of(text.bytes, text.length));
            text.bytes[length] = was;
        }
        weft__diag_buffer_free(&text);
    }
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    world_end(rt, sizeof names / sizeof names[0]);
}

static void members_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "{", "[]", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":tru}",
                                      "{\"a\":-}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}",
                                      "{\"a\":\"\\u00g0\"}", "{\"a\":[1 2]}", "{\"a\":[1}", "{a:1}", "{\"0123456789012345678901234567890123\":1}",
                                      "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (members_of(bad[i], strlen(bad[i])))
            fail_msg("'%s' is taken", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uri_is_taken_apart),
        cmocka_unit_test(uri_numbers_are_decimal_and_within_their_range),
        cmocka_unit_test(uri_that_is_none_is_refused),
        cmocka_unit_test(uri_of_any_bytes_is_harmless),
        cmocka_unit_test(token_is_compared_wholly),
        cmocka_unit_test(page_is_a_part_of_the_whole_in_order),
        cmocka_unit_test(buffer_beyond_its_limit_has_failed_for_good),
        cmocka_unit_test(json_that_is_too_deep_has_failed_and_frees_all),
        cmocka_unit_test(json_of_any_text_parses),
        cmocka_unit_test(members_of_a_task_are_those_that_were_written),
        cmocka_unit_test(members_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
