/* SPDX-License-Identifier: MIT */
/*
 * Wild events: whatever bytes a recording was broken into, what is made of them is a sequence of events of the table, in
 * any order, with any number in any field. Here a generator makes such sequences and gives them to everything that takes
 * events: the analysis with all pages in all forms, the exports, the path, the summary, the comparison. Nothing is known of
 * what they answer, but that they do, and that JSON is JSON. What they must not do (overflow, look beyond an array, go
 * through NULL) the sanitizers of the asan stage see.
 *
 * Of a seed it is decided how wild it is: some are nearly recordings, so that what lies deep is reached, too; numbers of
 * tasks, channels, workers are few, so that they meet. WEFT_SEED says the first seed, WEFT_WILD how many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"
#include "cli/trace/export/folded.h"
#include "cli/trace/export/perfetto.h"
#include "cli/trace/export/timeline.h"
#include "cli/trace/moments.h"
#include "cli/trace/page/page_diff.h"
#include "cli/trace/page/page_path.h"
#include "cli/trace/schema.h"
#include "cli/trace/summary.h"

enum { SEEDS = 40, EVENTS_MAX = 600, IDS = 6, WORKERS = 4, PROCESSES = 4, LONG_TEXT = 4095 };

/* An event, or a gap before it. */
struct word {
    struct event event;
    struct event_gap gap;
    bool is_gap;
};

struct wild {
    struct weft__rng rng;
    uint32_t wildness; /* in how many of 1000 fields anything may stand */
    int64_t now;
    uint64_t processes[PROCESSES];
    uint32_t process_count;
    struct word words[EVENTS_MAX];
    size_t count;
};

static char long_text[LONG_TEXT + 1];
static FILE *nowhere; /* what is printed and not looked at */

/* ---- making them ---- */

static uint32_t draw(struct wild *wild, uint32_t below)
{
    return weft__rng_below(&wild->rng, below);
}

static bool is_wild(struct wild *wild)
{
    return draw(wild, 1000) < wild->wildness;
}

static uint64_t any_bits(struct wild *wild)
{
    const uint64_t high = weft__rng_next(&wild->rng);
    return high << 32 | weft__rng_next(&wild->rng);
}

/* The ends of every type, powers of two and what is next to them, and anything. */
static uint64_t any_number(struct wild *wild)
{
    const uint64_t power = UINT64_C(1) << draw(wild, 64);
    switch (draw(wild, 6)) {
    case 0:
        return power;
    case 1:
        return power - 1;
    case 2:
        return 0 - power;
    case 3:
        return UINT64_MAX - draw(wild, 3);
    case 4:
        return draw(wild, 300);
    default:
        return any_bits(wild);
    }
}

static const char *any_text(struct wild *wild)
{
    static const char *const texts[] = {"", "orders", "intake", "a;b\"c\\<d>", "%s%n", "\xff\xfe\x80", "line\nline\t\x1b[1m", "dir/a.c",
                                        "größe", "=1+1"};
    const uint32_t at = draw(wild, 12);
    if (at < sizeof texts / sizeof *texts)
        return texts[at];
    return long_text + draw(wild, LONG_TEXT); /* any length up to the longest */
}

/* A number as recordings have it: of few tasks, channels, workers, at small depths. */
static uint64_t tame_number(struct wild *wild, const struct schema_field *field)
{
    if (!strcmp(field->name, "deadline_ns"))
        return (uint64_t)wild->now - 1000 + draw(wild, 2000);
    if (!strcmp(field->name, "poll_ns"))
        return draw(wild, UINT32_MAX);
    switch (field->type) {
    case SCHEMA_u64:
        return draw(wild, IDS);
    case SCHEMA_u32:
        return draw(wild, 10);
    case SCHEMA_u16:
        return draw(wild, 8) ? draw(wild, WORKERS) : WEFT_TRACE_NO_WORKER;
    case SCHEMA_s32:
        return draw(wild, 3) ? 0 : (uint64_t)-(int64_t)draw(wild, 130);
    default: /* the values of an enumeration are the first numbers */
        return schema_label(field->type, draw(wild, 10)) ? draw(wild, 10) : draw(wild, 2);
    }
}

/* Mostly a little later than before, now and then a second or a year, and anything where that may stand. */
static void pass(struct wild *wild)
{
    if (is_wild(wild) && draw(wild, 4) == 0)
        wild->now = (int64_t)any_number(wild);
    else if (is_wild(wild))
        wild->now = (int64_t)((uint64_t)wild->now + (any_number(wild) >> draw(wild, 64)));
    else
        wild->now = (int64_t)((uint64_t)wild->now + draw(wild, draw(wild, 20) ? 3000 : 2000000000));
}

static void make_event(struct wild *wild, struct event *event)
{
    pass(wild);
    *event = (struct event){.ns = wild->now,
                            .clock_ns = is_wild(wild) ? (int64_t)any_number(wild) : wild->now,
                            .process = wild->processes[draw(wild, wild->process_count)],
                            .kind = draw(wild, WEFT_TRACE_EVENTS)};
    const struct schema_event *row = &schema_events[event->kind];
    for (uint32_t i = 0; i < row->fields; i++)
        schema_set(event, &row->field[i], is_wild(wild) ? any_number(wild) : tame_number(wild, &row->field[i]), any_text(wild));
}

static void make_gap(struct wild *wild, struct event_gap *gap)
{
    const bool told = draw(wild, 4) > 0;
    *gap = (struct event_gap){.begin_ns = told ? wild->now : INT64_MIN, .end_ns = told ? (int64_t)((uint64_t)wild->now + 500) : INT64_MIN};
    if (is_wild(wild))
        gap->begin_ns = (int64_t)any_number(wild);
    if (is_wild(wild))
        gap->end_ns = draw(wild, 2) ? (int64_t)any_number(wild) : INT64_MAX;
    gap->count = is_wild(wild) ? any_number(wild) : draw(wild, 100);
    gap->packets = draw(wild, 2);
    gap->counted = draw(wild, 4) > 0;
}

static void wild_make(struct wild *wild, uint64_t seed)
{
    static const uint32_t wildnesses[] = {0, 2, 20, 200, 1000};
    static const int64_t begins[] = {INT64_C(1700000000000000000), 0, INT64_MIN, INT64_MAX};
    weft__rng_seed(&wild->rng, seed);
    wild->wildness = wildnesses[draw(wild, sizeof wildnesses / sizeof *wildnesses)];
    wild->now = begins[wild->wildness ? draw(wild, sizeof begins / sizeof *begins) : 0];
    wild->process_count = 1 + draw(wild, draw(wild, 3) ? 1 : PROCESSES);
    for (uint32_t i = 0; i < PROCESSES; i++)
        wild->processes[i] = is_wild(wild) ? any_number(wild) : draw(wild, 3);
    wild->count = 1 + draw(wild, draw(wild, 4) ? EVENTS_MAX : 20);
    struct moments moments = {0};
    for (size_t i = 0; i < wild->count; i++) {
        struct word *word = &wild->words[i];
        word->is_gap = draw(wild, 100) == 0;
        if (word->is_gap)
            make_gap(wild, &word->gap);
        make_event(wild, &word->event);
        moments_take(&moments, &word->event); /* as the readers of recordings do */
    }
}

/* ---- looking at what is printed ---- */

/* Outside of its texts JSON has no letters but those of true, false, null and of exponents: no inf, no nan. */
static void assert_is_json(const char *text)
{
    bool in_text = false;
    for (; *text; text++) {
        if (*text == '"')
            in_text = !in_text;
        else if (*text == '\\')
            text += in_text;
        else if (!in_text && (*text == 'i' || (*text == 'n' && text[1] != 'u')))
            fail_msg("no JSON: %.40s", text);
    }
    assert_false(in_text);
}

static void assert_prints_json(void (*print)(const void *what, FILE *out), const void *what)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    print(what, out);
    fclose(out);
    assert_is_json(text);
    free(text);
}

static void print_doc_json(const void *doc, FILE *out)
{
    doc_print_json(doc, out);
}

static void print_summary_json(const void *summary, FILE *out)
{
    summary_json(summary, out);
}

/* In all forms; of the tables of a small part as CSV. */
static void print_doc(const struct doc *doc)
{
    doc_print_text(doc, nowhere);
    doc_print_markdown(doc, nowhere);
    doc_print_html(doc, nowhere);
    doc_print_json_line(doc, nowhere);
    assert_prints_json(print_doc_json, doc);
    for (size_t i = 0; i < doc->count; i++)
        if (doc->blocks[i].what == DOC_TABLE)
            doc_print_csv(&doc->blocks[i], nowhere);
}

/* ---- giving them to whoever takes them ---- */

/* Everything that `weft trace export` makes beside the report; `analysis` has taken it all then. */
static void take_as_exports(const struct wild *wild, struct analysis *analysis, int64_t from_ns, int64_t to_ns)
{
    struct spans spans;
    struct span_taker takers[4];
    struct perfetto perfetto;
    struct timeline timeline;
    struct folded busy, waits;
    struct view view;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    spans_init(&spans, takers, 4);
    spans.from_ns = from_ns;
    spans.to_ns = to_ns;
    perfetto_init(&perfetto, &spans, out);
    timeline_init(&timeline, &spans);
    folded_init(&busy, false);
    folded_init(&waits, true);
    takers[0] = perfetto_taker(&perfetto);
    takers[1] = timeline_taker(&timeline);
    takers[2] = folded_taker(&busy);
    takers[3] = folded_taker(&waits);
    for (size_t i = 0; i < wild->count; i++) {
        const struct event *event = &wild->words[i].event;
        const bool ends = event->kind == WEFT_TRACE_task_end || event->kind == WEFT_TRACE_chan_end;
        if (wild->words[i].is_gap) {
            spans_gap(&spans, analysis, &wild->words[i].gap);
            analysis_gap(analysis, &wild->words[i].gap);
        }
        if (ends)
            spans_event(&spans, analysis, event);
        analysis_event(analysis, event);
        if (!ends)
            spans_event(&spans, analysis, event);
    }
    view_init(&view, "wild", analysis);
    spans_finish(&spans, analysis, analysis->model.end_ns);
    perfetto_finish(&perfetto, &view);
    timeline_print(&timeline, &view, nowhere);
    folded_print(&busy, analysis, nowhere);
    folded_print(&waits, analysis, nowhere);
    fclose(out);
    assert_is_json(text);
    free(text);
    view_fini(&view);
    folded_fini(&waits);
    folded_fini(&busy);
    timeline_fini(&timeline);
    perfetto_fini(&perfetto);
    spans_fini(&spans);
}

static void take_as_summary(const struct wild *wild)
{
    struct model model;
    struct report report;
    model_init(&model);
    for (size_t i = 0; i < wild->count; i++) {
        if (wild->words[i].is_gap)
            model_gap(&model, &wild->words[i].gap);
        model_event(&model, &wild->words[i].event);
    }
    report_init(&report, &model);
    const struct summary summary = {.path = "wild", .model = &model, .report = &report, .rows = 40};
    summary_text(&summary, nowhere);
    assert_prints_json(print_summary_json, &summary);
    report_fini(&report);
    model_fini(&model);
}

/* The path of some task in some window, beside an analysis of its own. */
static void take_as_path(struct wild *wild)
{
    struct analysis analysis;
    struct path path;
    struct view view;
    struct doc doc;
    const uint64_t task = draw(wild, IDS);
    const int64_t from_ns = wild->words[draw(wild, (uint32_t)wild->count)].event.ns;
    const int64_t to_ns = wild->words[draw(wild, (uint32_t)wild->count)].event.ns;
    analysis_init(&analysis);
    path_init(&path, wild->processes[0], task, from_ns < to_ns ? from_ns : to_ns, from_ns < to_ns ? to_ns : from_ns);
    for (size_t i = 0; i < wild->count; i++) {
        const struct event *event = &wild->words[i].event;
        if (wild->words[i].is_gap)
            analysis_gap(&analysis, &wild->words[i].gap);
        if (event->kind == WEFT_TRACE_task_end)
            path_event(&path, &analysis, event);
        analysis_event(&analysis, event);
        if (event->kind != WEFT_TRACE_task_end)
            path_event(&path, &analysis, event);
    }
    path_walk(&path, task);
    view_init(&view, "wild", &analysis);
    doc_init(&doc, "wild");
    page_recording(&view, &doc);
    page_path(&view, &doc, &path, "a task");
    print_doc(&doc);
    doc_fini(&doc);
    view_fini(&view);
    path_fini(&path);
    analysis_fini(&analysis);
}

static void report(struct analysis *analysis, struct analysis *other)
{
    struct view view, against;
    struct doc doc;
    view_init(&view, "wild", analysis);
    doc_init(&doc, "wild");
    doc.rows = 25;
    page_report(&view, &doc);
    page_figures(&view, &doc);
    print_doc(&doc);
    doc_fini(&doc);
    view_init(&against, "another", other);
    doc_init(&doc, "both");
    (void)page_diff(&view, &against, &doc);
    print_doc(&doc);
    doc_fini(&doc);
    view_fini(&against);
    view_fini(&view);
}

static void take(struct wild *wild, uint64_t seed)
{
    struct analysis whole, window;
    wild_make(wild, seed);
    const int64_t begin_ns = wild->words[0].event.ns;
    analysis_init(&whole);
    analysis_init(&window);
    take_as_exports(wild, &whole, INT64_MIN, INT64_MAX);
    take_as_exports(wild, &window, begin_ns + draw(wild, 100000), begin_ns + 100000 + draw(wild, UINT32_MAX));
    report(&whole, &window);
    take_as_summary(wild);
    take_as_path(wild);
    analysis_fini(&window);
    analysis_fini(&whole);
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void whatever_comes_is_taken(void **state)
{
    (void)state;
    const uint64_t first = number_of("WEFT_SEED", 1), count = number_of("WEFT_WILD", SEEDS);
    const bool loud = getenv("WEFT_WILD") != NULL;
    struct wild *wild = calloc(1, sizeof *wild);
    assert_non_null(wild);
    print_message("WEFT_SEED=%llu WEFT_WILD=%llu\n", (unsigned long long)first, (unsigned long long)count);
    for (uint64_t seed = first; seed < first + count; seed++) {
        if (loud)
            fprintf(stderr, "%llu\r", (unsigned long long)seed); /* which it was that did not come to its end */
        take(wild, seed);
    }
    free(wild);
}

static int open_nowhere(void **state)
{
    (void)state;
    memset(long_text, 'x', LONG_TEXT);
    nowhere = fopen("/dev/null", "w");
    return nowhere ? 0 : -1;
}

static int close_nowhere(void **state)
{
    (void)state;
    return fclose(nowhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_comes_is_taken)};
    return cmocka_run_group_tests(tests, open_nowhere, close_nowhere);
}
