/* SPDX-License-Identifier: MIT */
/* One document, printed five ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/doc/doc.h"

static struct doc doc;

static int doc_setup(void **state)
{
    (void)state;
    static const struct doc_column columns[] = {{"name", "name", DOC_TEXT},    {"wait_ns", "wait", DOC_NS},
                                                {"share", "share", DOC_SHARE}, {"count", "count", DOC_COUNT},
                                                {"shape", "shape", DOC_SHAPE}, {"hidden", NULL, DOC_NUMBER},
                                                {NULL, NULL, DOC_TEXT}};
    static const double shape[] = {0, 1, -1, 2};
    doc_init(&doc, "a <title>");
    doc_section(&doc, "first", "FIRST");
    doc_note(&doc, "One %s, and 2 < 3.", "sentence");
    doc_alarm(&doc, "Mind the gap.");
    doc_table(&doc, "rows", columns);
    for (int i = 0; i < 3; i++) {
        doc_format(&doc, "a|b \"%d\"\033[1m", i);
        doc_ns(&doc, 12345);
        doc_share(&doc, i ? 0.5 : -1);
        doc_count(&doc, 17);
        doc_shape(&doc, shape, 4);
        doc_number(&doc, 2.5);
    }
    doc_chart(&doc, "line", "Depth", false, DOC_NUMBER, "0 s", "1 s");
    doc_line(&doc, "mean", shape, 4);
    return 0;
}

static int doc_teardown(void **state)
{
    (void)state;
    doc_fini(&doc);
    return 0;
}

static char *doc_printed(void (*print)(const struct doc *doc, FILE *out))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    print(&doc, out);
    fclose(out);
    return text;
}

static void text_says_alarms_first_and_aligns_columns(void **state)
{
    (void)state;
    char *text = doc_printed(doc_print_text);
    assert_string_equal(text, "Mind the gap.\n\n"
                              "a <title>\n"
                              "\n"
                              "FIRST\n"
                              "  One sentence, and 2 < 3.\n"
                              "  name            wait  share  count  shape\n"
                              "  a|b \"0\"?[1m  12.3 us      -     17  ▁▅ █\n"
                              "  a|b \"1\"?[1m  12.3 us    50%     17  ▁▅ █\n"
                              "  a|b \"2\"?[1m  12.3 us    50%     17  ▁▅ █\n"
                              "  Depth, from 0 s to 1 s\n"
                              "    mean       ▁▅ █  at most 2\n");
    free(text);
}

static void text_leaves_rows_out_and_says_so(void **state)
{
    (void)state;
    doc.rows = 1;
    char *text = doc_printed(doc_print_text);
    assert_non_null(strstr(text, "… and 2 more: --all\n"));
    assert_null(strstr(text, "\"1\""));
    free(text);
}

static void markdown_escapes_what_it_would_take_for_its_own(void **state)
{
    (void)state;
    char *text = doc_printed(doc_print_markdown);
    assert_non_null(strstr(text, "> **Mind the gap.**"));
    assert_non_null(strstr(text, "\n## FIRST\n"));
    assert_non_null(strstr(text, "| a\\|b \"0\"?\\[1m | 12.3 us | - | 17 | ▁▅ █ |"));
    assert_non_null(strstr(text, "| --- | ---: | ---: | ---: | --- |"));
    free(text);
}

static void json_has_values_and_hidden_columns(void **state)
{
    (void)state;
    char *text = doc_printed(doc_print_json);
    assert_non_null(strstr(text, "\"title\": \"a <title>\""));
    assert_non_null(strstr(text, "\"wait_ns\": 12345"));
    assert_non_null(strstr(text, "\"share\": null"));
    assert_non_null(strstr(text, "\"hidden\": 2.5"));
    assert_non_null(strstr(text, "\"name\": \"a|b \\\"0\\\"?[1m\""));
    assert_non_null(strstr(text, "\"alarms\": ["));
    free(text);
}

static void html_is_one_file_and_escapes(void **state)
{
    (void)state;
    char *text = doc_printed(doc_print_html);
    assert_non_null(strstr(text, "<h1>a &lt;title&gt;</h1>"));
    assert_non_null(strstr(text, "2 &lt; 3"));
    assert_non_null(strstr(text, "&quot;0&quot;"));
    assert_non_null(strstr(text, "<svg"));
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "http")); /* nothing is fetched */
    assert_null(strstr(text, "src="));
    assert_null(strstr(text, "url("));
    assert_non_null(strstr(text, "</html>"));
    free(text);
}

static void csv_has_keys_and_quotes_where_it_must(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    doc_print_csv(&doc.blocks[3], out);
    fclose(out);
    assert_string_equal(text, "name,wait_ns,share,count,shape,hidden\r\n"
                              "\"a|b \"\"0\"\"?[1m\",12345,,17,0 1 NaN 2,2.5\r\n"
                              "\"a|b \"\"1\"\"?[1m\",12345,0.5,17,0 1 NaN 2,2.5\r\n"
                              "\"a|b \"\"2\"\"?[1m\",12345,0.5,17,0 1 NaN 2,2.5\r\n");
    free(text);
}

/* A cell is a double, and the greatest durations and counts are one that is beyond them. */
static void numbers_beyond_64_bits_are_the_nearest(void **state)
{
    (void)state;
    static const struct doc_column columns[] = {{"for_ns", "for", DOC_NS}, {"count", "count", DOC_COUNT}, {NULL, NULL, DOC_TEXT}};
    struct doc most;
    char *csv = NULL;
    size_t size = 0;
    doc_init(&most, "most");
    doc_section(&most, "all", "ALL");
    doc_table(&most, "rows", columns);
    doc_ns(&most, INT64_MAX);
    doc_count(&most, UINT64_MAX);
    FILE *out = open_memstream(&csv, &size);
    doc_print_csv(&most.blocks[1], out);
    doc_print_json(&most, out);
    doc_print_text(&most, out);
    fclose(out);
    assert_non_null(strstr(csv, "for_ns,count\r\n9223372036854775807,9223372036854775807\r\n"));
    assert_non_null(strstr(csv, "\"for_ns\": 9223372036854775807,"));
    assert_non_null(strstr(csv, " 9223372037 s  18446744073709551616\n"));
    free(csv);
    doc_fini(&most);
}

/* A name is anybody's; a spreadsheet runs what begins like a formula. */
static void csv_runs_no_formula(void **state)
{
    (void)state;
    static const struct doc_column columns[] = {{"name", "name", DOC_TEXT}, {"count", "count", DOC_COUNT}, {NULL, NULL, DOC_TEXT}};
    static const char *const names[] = {"=1+1", "+1", "-1", "@SUM(A1)", "a=b", "=\"x\"", "-", ""};
    struct doc formulas;
    char *text = NULL;
    size_t size = 0;
    doc_init(&formulas, "formulas");
    doc_section(&formulas, "all", "ALL");
    doc_table(&formulas, "rows", columns);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        doc_text(&formulas, names[i]);
        doc_count(&formulas, 7);
    }
    FILE *out = open_memstream(&text, &size);
    doc_print_csv(&formulas.blocks[1], out);
    fclose(out);
    assert_string_equal(text, "name,count\r\n"
                              "\"'=1+1\",7\r\n"
                              "\"'+1\",7\r\n"
                              "\"'-1\",7\r\n"
                              "\"'@SUM(A1)\",7\r\n"
                              "a=b,7\r\n"
                              "\"'=\"\"x\"\"\",7\r\n"
                              "-,7\r\n"
                              ",7\r\n");
    free(text);
    doc_fini(&formulas);
}

static void empty_table_prints_nothing(void **state)
{
    (void)state;
    static const struct doc_column columns[] = {{"name", "name", DOC_TEXT}, {NULL, NULL, DOC_TEXT}};
    struct doc empty;
    doc_init(&empty, "empty");
    doc_section(&empty, "none", "NONE");
    doc_table(&empty, "rows", columns);
    assert_int_equal(doc_rows(&empty), 0);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    doc_print_text(&empty, out);
    doc_print_html(&empty, out);
    fclose(out);
    assert_null(strstr(text, "name<"));
    assert_non_null(strstr(text, "empty\n\nNONE\n<!DOCTYPE"));
    free(text);
    doc_fini(&empty);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, doc_setup, doc_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_says_alarms_first_and_aligns_columns),
        TEST(text_leaves_rows_out_and_says_so),
        TEST(markdown_escapes_what_it_would_take_for_its_own),
        TEST(json_has_values_and_hidden_columns),
        TEST(html_is_one_file_and_escapes),
        TEST(csv_has_keys_and_quotes_where_it_must),
        TEST(numbers_beyond_64_bits_are_the_nearest),
        TEST(csv_runs_no_formula),
        TEST(empty_table_prints_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
