/* SPDX-License-Identifier: MIT */
/* What the program prints with: texts from outside, durations, tables, JSON, the summary; and the map below the model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <weft/error.h>

#include "cli/feed.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/trace/schema.h"
#include "cli/trace/summary.h"

static void duration_has_three_digits(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {{0, "0 ns"},
                 {812, "812 ns"},
                 {999, "999 ns"},
                 {1000, "1.00 us"},
                 {12345, "12.3 us"},
                 {999499, "999 us"},
                 {999500, "1.00 ms"},
                 {123456789, "123 ms"},
                 {1500000000, "1.50 s"},
                 {7200000000000, "7200 s"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[TEXT_DURATION_SIZE];
        assert_string_equal(text_duration(out, cases[i].ns), cases[i].text);
    }
}

static void name_from_outside_cannot_write_to_the_terminal(void **state)
{
    (void)state;
    char out[32];
    assert_string_equal(text_clean(out, sizeof out, "a\033[2Jb\nc\x7f"), "a?[2Jb?c?");
    assert_string_equal(text_clean(out, sizeof out, "caf\xc3\xa9"), "caf\xc3\xa9");
    assert_string_equal(text_clean(out, sizeof out,
                                   "\xc2\x9b"
                                   "1m"),
                        "?1m");                                                        /* the control sequence of C1 */
    assert_string_equal(text_clean(out, sizeof out, "\xff\xc3"), "??");                /* no UTF-8, and cut short */
    assert_string_equal(text_clean(out, sizeof out, "\xc0\xaf\xed\xa0\x80"), "?????"); /* overlong, a surrogate */
    assert_string_equal(text_clean(out, 4, "\xc3\xa9\xc3\xa9"), "\xc3\xa9");           /* never half a character */
    assert_int_equal(text_width("caf\xc3\xa9"), 4);
}

/* What `print` writes, as a text. */
static char *print_to_text(void (*print)(FILE *out))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    print(out);
    fclose(out);
    return text;
}

static void print_table(FILE *out)
{
    static const char *const names[] = {"name", ">n", "end", NULL};
    struct table table;
    table_init(&table, names);
    table_cell(&table, "%s", "caf\xc3\xa9");
    table_cell(&table, "%d", 1);
    table_cell(&table, "x");
    table_cell(&table, "longer");
    table_cell(&table, "%d", 1000);
    table_cell(&table, "y");
    table_print(&table, out);
    table_fini(&table);
}

static void table_is_as_wide_as_its_cells(void **state)
{
    (void)state;
    char *text = print_to_text(print_table);
    assert_string_equal(text, "  name       n  end\n"
                              "  caf\xc3\xa9       1  x\n"
                              "  longer  1000  y\n");
    free(text);
}

static void print_json(FILE *out)
{
    struct json json = {.out = out};
    json_open(&json, NULL, '{');
    json_text(&json, "a\"b", "\\ \n \x01 \xc3\xa9 \xff");
    json_text(&json, "none", NULL);
    json_count(&json, "count", UINT64_MAX);
    json_integer(&json, "integer", INT64_MIN);
    json_ratio(&json, "ratio", 0.5);
    json_ratio(&json, "unknown", -1);
    json_open(&json, "list", '[');
    json_close(&json, ']');
    json_open(&json, "flags", '[');
    json_flag(&json, NULL, true);
    json_flag(&json, NULL, false);
    json_close(&json, ']');
    json_close(&json, '}');
}

static void json_escapes_whatever_the_text_is(void **state)
{
    (void)state;
    char *text = print_to_text(print_json);
    assert_string_equal(text, "{\n"
                              "  \"a\\\"b\": \"\\\\ \\u000a \\u0001 \xc3\xa9 \\ufffd\",\n"
                              "  \"none\": null,\n"
                              "  \"count\": 18446744073709551615,\n"
                              "  \"integer\": -9223372036854775808,\n"
                              "  \"ratio\": 0.5,\n"
                              "  \"unknown\": null,\n"
                              "  \"list\": [],\n"
                              "  \"flags\": [\n"
                              "    true,\n"
                              "    false\n"
                              "  ]\n"
                              "}\n");
    free(text);
}

/* ---- the summary ---- */

static struct model model;

static void print_summary(FILE *out)
{
    struct report report;
    report_init(&report, &model);
    summary_text(&(struct summary){.path = "somewhere", .model = &model, .report = &report, .rows = 2}, out);
    report_fini(&report);
}

static void assert_says(const char *text, const char *what)
{
    if (!strstr(text, what))
        fail_msg("no \"%s\" in:\n%s", what, text);
}

static void summary_says_losses_first_and_lateness(void **state)
{
    (void)state;
    model_init(&model);
    FEED(&model, 0, runtime_start, .runtime = 1, .schema = 1, .workers = 3, .name = "orders", .version = "0.1.0");
    FEED(&model, 1, statedump_begin, .runtime = 1);
    FEED(&model, 2, site_def, .site = 7, .name = "pro\033ducer", .function = "", .file = "", .line = 1);
    FEED(&model, 3, statedump_task, .task = 1, .site = 7, .polls = 12);
    FEED(&model, 4, statedump_end, .runtime = 1);
    model_gap(&model, &(struct event_gap){.begin_ns = 5, .end_ns = 6, .count = 17, .counted = true});
    FEED(&model, 1000000, task_end, .task = 1, .result = WEFT_EPIPE);
    char *text = print_to_text(print_summary);
    model_fini(&model);
    assert_int_equal(strncmp(text, "LOST  17 events were discarded.", 31), 0);
    assert_says(text, "for 1.00 ms: 6 events of weft, 1 process\n");
    assert_says(text, "runtime 1 \"orders\", weft 0.1.0, 3 workers");
    assert_says(text, "It began late. Before it lived: tasks 1 (polls 12), channels 0");
    assert_says(text, "pro?ducer");
    assert_says(text, "1 failed (WEFT_EPIPE)");
    free(text);
}

static void summary_names_the_longest_stall(void **state)
{
    (void)state;
    model_init(&model);
    FEED(&model, 10, task_name, .task = 1, .category = 0, .name = "merger");
    FEED(&model, 20, stall, .task = 1, .worker = 0, .poll_ns = 40000000, .function = "merge", .file = "/src/merge.c", .line = 88);
    FEED(&model, 30, stall, .task = 2, .worker = 1, .poll_ns = 10000000, .function = "other", .file = "other.c", .line = 1);
    FEED(&model, 40, task_end, .task = 1, .result = 0);
    char *text = print_to_text(print_summary);
    assert_says(text, "STALLS  2: polls that held their worker for longer than the threshold\n"
                      "  the longest was at 40.0 ms by then: 'merger' since merge, /src/merge.c:88\n");
    free(text);
    model_fini(&model);
}

static void summary_of_many_names_says_how_many_it_leaves_out(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    model_init(&model);
    for (uint64_t i = 0; i < 5; i++) {
        FEED(&model, 1, task_name, .task = i + 1, .category = 16, .name = names[i]);
        FEED(&model, 1, task_spawn, .task = i + 1, .site = 7);
    }
    char *text = print_to_text(print_summary);
    model_fini(&model);
    assert_says(text, "… and 3 more: --all");
    assert_says(text, "host 16");
    free(text);
}

/* ---- below ---- */

static void schema_sets_what_it_gets(void **state)
{
    (void)state;
    for (uint32_t kind = 0; kind < WEFT_TRACE_EVENTS; kind++) {
        const struct schema_event *row = &schema_events[kind];
        assert_int_equal(schema_find(row->name), kind);
        struct event event = {.kind = kind};
        for (uint32_t i = 0; i < row->fields; i++)
            schema_set(&event, &row->field[i], (uint64_t) - (int64_t)(i + 3), row->name);
        for (uint32_t i = 0; i < row->fields; i++) {
            const char *text;
            uint64_t number = schema_get(&event, &row->field[i], &text);
            switch (row->field[i].type) {
            case SCHEMA_str:
                assert_string_equal(text, row->name);
                break;
            case SCHEMA_s32:
                assert_int_equal((int64_t)number, -(int64_t)(i + 3));
                break;
            default: /* cut to its size, and neighbours untouched */
                assert_int_equal(number & 0xff, (uint64_t) - (int64_t)(i + 3) & 0xff);
                break;
            }
        }
    }
    assert_int_equal(schema_find("no such event"), WEFT_TRACE_EVENTS);
    assert_string_equal(schema_label(SCHEMA_poll_source, 3), "STOLEN");
    assert_string_equal(schema_label(SCHEMA_health, 255), "UNKNOWN");
    assert_null(schema_label(SCHEMA_health, 17));
    assert_null(schema_label(SCHEMA_u8, 0));
}

/* Keys of a small range, so that chains are long and wrap around; an array is the oracle. */
/* Ids, pairs of numbers, addresses: whichever bits keys differ in, few of them stand side by side. */
static void map_spreads_keys_whatever_bits_they_differ_in(void **state)
{
    enum { KEYS = 3000, SIDE_BY_SIDE = 64 };
    (void)state;
    for (unsigned shift = 0; shift <= 48; shift += 4) {
        struct map map = {0};
        size_t run = 0, longest = 0;
        for (uint64_t key = 1; key <= KEYS; key++)
            map_put(&map, key << shift, &map);
        for (size_t i = 0; i < map.size; i++) {
            run = map.entries[i].value ? run + 1 : 0;
            longest = run > longest ? run : longest;
        }
        assert_in_range(longest, 1, SIDE_BY_SIDE);
        map_fini(&map);
    }
}

static void map_keeps_what_was_put(void **state)
{
    (void)state;
    enum { KEYS = 700, STEPS = 200000 };
    static char values[KEYS];
    static bool there[KEYS];
    struct map map = {0};
    uint64_t random = 88172645463325252u;
    size_t count = 0;
    for (int step = 0; step < STEPS; step++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t key = random % KEYS;
        if (random >> 63) {
            map_put(&map, key * 64, &values[key]);
            count += !there[key];
            there[key] = true;
        } else {
            assert_ptr_equal(map_remove(&map, key * 64), there[key] ? &values[key] : NULL);
            count -= there[key];
            there[key] = false;
        }
        assert_int_equal(map.count, count);
    }
    size_t seen = 0;
    for (size_t key = 0; key < KEYS; key++)
        assert_ptr_equal(map_get(&map, key * 64), there[key] ? &values[key] : NULL);
    for (size_t at = 0; map_next(&map, &at);)
        seen++;
    assert_int_equal(seen, count);
    map_fini(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duration_has_three_digits),
        cmocka_unit_test(name_from_outside_cannot_write_to_the_terminal),
        cmocka_unit_test(table_is_as_wide_as_its_cells),
        cmocka_unit_test(json_escapes_whatever_the_text_is),
        cmocka_unit_test(summary_says_losses_first_and_lateness),
        cmocka_unit_test(summary_names_the_longest_stall),
        cmocka_unit_test(summary_of_many_names_says_how_many_it_leaves_out),
        cmocka_unit_test(schema_sets_what_it_gets),
        cmocka_unit_test(map_keeps_what_was_put),
        cmocka_unit_test(map_spreads_keys_whatever_bits_they_differ_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
