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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cause_has_a_word_whatever_its_number),
        cmocka_unit_test(chart_of_the_greatest_value_ends_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
