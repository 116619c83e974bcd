/* SPDX-License-Identifier: MIT */
/* Two recordings compared: the same distribution, a slower one, a difference too small to count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"
#include "cli/trace/page/page_diff.h"

static struct analysis analyses[2];
static struct view views[2];

#define FEED(i, at, e, ...)                                                                                            \
    analysis_event(&analyses[i], &(struct event){.ns = (at), .process = 1, .kind = WEFT_TRACE_##e, .e = {__VA_ARGS__}})

/* Polls of task "work" take 1000 to 1999, times `factor` per mille; of task "rest" always the same range. */
static void recording(int i, uint64_t seed, uint32_t factor, int polls)
{
    struct weft__rng rng;
    int64_t now = 10;
    weft__rng_seed(&rng, seed);
    analysis_init(&analyses[i]);
    FEED(i, 1, site_def, .site = 7, .name = "work", .function = "main", .file = "a.c", .line = 1);
    FEED(i, 1, site_def, .site = 8, .name = "rest", .function = "main", .file = "a.c", .line = 2);
    FEED(i, 2, task_spawn, .task = 1, .site = 7);
    FEED(i, 2, task_spawn, .task = 2, .site = 8);
    for (int n = 0; n < polls; n++) {
        for (uint64_t task = 1; task <= 2; task++) {
            const int64_t took = 1000 + weft__rng_below(&rng, 1000);
            FEED(i, now, poll_start, .task = task, .worker = 0);
            now += task == 1 ? took * factor / 1000 : took;
            FEED(i, now, poll_end, .task = task, .worker = 0, .line = 3);
            now += 10;
        }
    }
    view_init(&views[i], i ? "b" : "a", &analyses[i]);
}

static char *compared(size_t *slower)
{
    struct doc doc;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    doc_init(&doc, "diff");
    *slower = page_diff(&views[0], &views[1], &doc);
    doc_print_text(&doc, out);
    fclose(out);
    doc_fini(&doc);
    for (int i = 0; i < 2; i++) {
        view_fini(&views[i]);
        analysis_fini(&analyses[i]);
    }
    return text;
}

static char *line_of(char *text, const char *name)
{
    char *line = strstr(text, name);
    assert_non_null(line);
    char *end = strchr(line, '\n');
    *end = '\0';
    return line;
}

static void slower_is_said_of_what_is_slower(void **state)
{
    (void)state;
    size_t slower;
    recording(0, 1, 1000, 2000);
    recording(1, 2, 1300, 2000);
    char *text = compared(&slower);
    assert_int_equal(slower, 1);
    char *again = strdup(text);
    assert_non_null(strstr(line_of(again, "  work  polls"), "slower"));
    assert_non_null(strstr(line_of(text, "  rest  polls"), "no difference"));
    free(again);
    free(text);
}

static void same_is_no_difference_and_neither_is_a_small_one(void **state)
{
    (void)state;
    size_t slower;
    recording(0, 3, 1000, 20000);
    recording(1, 4, 1010, 20000); /* one per cent: significant with so many, and of no effect */
    char *text = compared(&slower);
    assert_int_equal(slower, 0);
    assert_null(strstr(text, "faster"));
    free(text);
}

static void faster_is_not_slower(void **state)
{
    (void)state;
    size_t slower;
    recording(0, 5, 1000, 500);
    recording(1, 6, 500, 500);
    char *text = compared(&slower);
    assert_int_equal(slower, 0);
    assert_non_null(strstr(line_of(text, "  work  polls"), "faster"));
    free(text);
}

static void few_durations_show_nothing(void **state)
{
    (void)state;
    size_t slower;
    recording(0, 7, 1000, 3);
    recording(1, 8, 1300, 3);
    free(compared(&slower));
    assert_int_equal(slower, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slower_is_said_of_what_is_slower),
        cmocka_unit_test(same_is_no_difference_and_neither_is_a_small_one),
        cmocka_unit_test(faster_is_not_slower),
        cmocka_unit_test(few_durations_show_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
