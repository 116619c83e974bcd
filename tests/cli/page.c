/* SPDX-License-Identifier: MIT */
/* What the pages of the report share: at the ends of what a recording can say. Whole pages: report.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/text.h"
#include "cli/trace/page/page.h"

static void cause_has_a_word_whatever_its_number(void **state)
{
    (void)state;
    assert_string_equal(page_cause(WEFT_TRACE_wake_source_BLOCKING), "BLOCKING");
    assert_string_equal(page_cause(READY_SPAWN), "SPAWN");
    assert_string_equal(page_cause(READY_AGAIN), "AGAIN");
    for (int cause = READY_CAUSES; cause <= UINT8_MAX; cause++)
        assert_string_equal(page_cause((uint8_t)cause), "?");
}

static void chart_of_the_greatest_value_ends_there(void **state)
{
    (void)state;
    char most[TEXT_DURATION_SIZE];
    struct histogram histogram = {0};
    struct doc doc;
    histogram_add(&histogram, 1);
    histogram_add(&histogram, INT64_MAX);
    doc_init(&doc, "chart");
    page_histogram(&doc, "polls", "Polls", &histogram);
    assert_int_equal(doc.count, 1);
    assert_int_equal(doc.blocks[0].lines[0].count, 63);
    assert_string_equal(doc.blocks[0].x_to, text_duration(most, INT64_MAX));
    doc_fini(&doc);
    histogram_fini(&histogram);
}

static const struct doc_block *table_of(const struct doc *doc, const char *key)
{
    for (size_t i = 0; i < doc->count; i++)
        if (doc->blocks[i].what == DOC_TABLE && !strcmp(doc->blocks[i].key, key))
            return &doc->blocks[i];
    fail_msg("no table %s", key);
    return NULL;
}

/* 128 columns of three years are four centuries on the way. */
static void figures_of_three_years_are_in_their_order(void **state)
{
    (void)state;
    const int64_t years = INT64_C(3) * 366 * 86400 * 1000000000;
    struct analysis analysis;
    struct view view;
    struct doc doc;
    analysis_init(&analysis);
    analysis_event(&analysis, &(struct event){.ns = 5, .kind = WEFT_TRACE_worker_park});
    analysis_event(&analysis, &(struct event){.ns = 5 + years, .kind = WEFT_TRACE_worker_unpark});
    view_init(&view, "by hand", &analysis);
    doc_init(&doc, "figures");
    page_figures(&view, &doc);
    const struct doc_block *load = table_of(&doc, "load");
    assert_string_equal(load->columns[2].key, "at_ns");
    assert_int_equal(load->cell_count, 2 * DOC_CHART_POINTS * load->column_count);
    for (size_t i = 0; i < DOC_CHART_POINTS; i++)
        assert_true(load->cells[i * load->column_count + 2].number == (double)((int64_t)i * (years / DOC_CHART_POINTS)));
    doc_fini(&doc);
    view_fini(&view);
    analysis_fini(&analysis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cause_has_a_word_whatever_its_number),
        cmocka_unit_test(chart_of_the_greatest_value_ends_there),
        cmocka_unit_test(figures_of_three_years_are_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
