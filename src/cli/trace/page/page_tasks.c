/* SPDX-License-Identifier: MIT */
/* What is spawned where and what kind of work it is; hot paths; tasks in figures; long polls; names for the unnamed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/text.h"
#include "cli/trace/advice/behaviour.h"
#include "cli/trace/page/page.h"
#include "cli/trace/summary.h"

static const char *page_file(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path ? path : "?";
}

static void page_site(const struct view *view, struct doc *doc, const struct profile *profile)
{
    const struct task_site *site = analysis_site(view->analysis, profile);
    if (site)
        doc_format(doc, "%s:%" PRIu32, page_file(site->file), site->line);
    else
        doc_none(doc);
}

/* Busy time of a kind of task, of that of all. */
static double page_busy_share(const struct view *view, const struct profile *profile)
{
    const int64_t all = view->analysis->polls.sum;
    return all > 0 ? (double)profile->polls.sum / (double)all : 0;
}

static int page_by_site(const void *left, const void *right)
{
    const struct profile *a = *(struct profile *const *)left, *b = *(struct profile *const *)right;
    if (a->process != b->process)
        return a->process < b->process ? -1 : 1;
    if (a->site != b->site)
        return a->site < b->site ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

void page_inventory(const struct view *view, struct doc *doc)
{
    const struct doc_column columns[] = {PAGE_PROCESS(view),
                                         {"step", "step", DOC_TEXT},
                                         {"site", "spawned at", DOC_TEXT},
                                         {"function", NULL, DOC_TEXT},
                                         {"file", NULL, DOC_TEXT},
                                         {"name", "name", DOC_TEXT},
                                         {"component", "component", DOC_TEXT},
                                         {"behaviour", "behaviour", DOC_TEXT},
                                         {"reason", NULL, DOC_TEXT},
                                         {"declared", "declared", DOC_TEXT},
                                         {"count", "count", DOC_COUNT},
                                         {"at_once", "at once", DOC_COUNT},
                                         {"live", "live", DOC_COUNT},
                                         {"bytes", NULL, DOC_COUNT},
                                         {"busy_share", "of busy", DOC_SHARE},
                                         {NULL, NULL, DOC_TEXT}};
    doc_section(doc, "inventory", "SPAWN INVENTORY");
    uint64_t unnamed = 0, tasks = 0;
    for (size_t i = 0; i < view->profile_count; i++) {
        tasks += view->profiles[i]->tasks;
        unnamed += view->profiles[i]->name ? 0 : view->profiles[i]->tasks;
    }
    doc_note(doc, "%" PRIu64 " tasks of %zu kinds (spawn site, name, category); %" PRIu64 " have no name of their own.",
             tasks, view->profile_count, unnamed);
    doc_table(doc, "sites", columns);
    struct profile **sorted = memory_zeroed(view->profile_count, sizeof(struct profile *));
    for (size_t i = 0; i < view->profile_count; i++)
        sorted[i] = view->profiles[i];
    if (view->profile_count)
        qsort(sorted, view->profile_count, sizeof(struct profile *), page_by_site);
    for (size_t i = 0; i < view->profile_count; i++) {
        const struct profile *profile = sorted[i];
        const struct task_site *site = analysis_site(view->analysis, profile);
        char component[NAMING_SIZE], reason[BEHAVIOUR_REASON_SIZE], category[24];
        const enum behaviour behaviour = behaviour_of(view->analysis, profile, reason);
        doc_count(doc, profile->process);
        doc_text(doc, site ? site->name : NULL);
        page_site(view, doc, profile);
        doc_text(doc, site ? site->function : NULL);
        doc_text(doc, site ? site->file : NULL);
        doc_text(doc, profile->name ? profile->name : "(unnamed)");
        doc_text(doc, naming_component(view->analysis, profile, component));
        doc_text(doc, behaviour_name(behaviour));
        doc_text(doc, reason);
        doc_text(doc, summary_category(profile->category, category, sizeof category));
        doc_count(doc, profile->tasks);
        doc_count(doc, profile->at_once);
        doc_count(doc, profile->live);
        if (site && site->bytes)
            doc_count(doc, site->bytes);
        else
            doc_none(doc);
        doc_share(doc, page_busy_share(view, profile));
    }
    free(sorted);
}

/* ---- hot paths ---- */

static void page_hot_flows(const struct view *view, struct doc *doc)
{
    enum { FLOWS = 12 };
    static const struct doc_column columns[] = {{"from", "from", DOC_TEXT},
                                                {"channel", "through", DOC_TEXT},
                                                {"to", "to", DOC_TEXT},
                                                {"messages", "messages", DOC_COUNT},
                                                {"per_second", "a second", DOC_NUMBER},
                                                {"residence_p50_ns", "lay p50", DOC_NS},
                                                {"residence_p99_ns", "p99", DOC_NS},
                                                {NULL, NULL, DOC_TEXT}};
    const struct analysis *analysis = view->analysis;
    const double seconds = (double)(analysis->model.end_ns - analysis->model.begin_ns) / 1e9;
    size_t count;
    struct tally_row **rows = tally_sorted(&analysis->sends, &count);
    doc_table(doc, "flows", columns);
    for (size_t i = 0; i < count && i < FLOWS; i++) {
        const struct stream *stream = streams_at(&analysis->streams, rows[i]->to);
        if (!stream)
            continue;
        doc_text(doc, page_name(view, rows[i]->from));
        doc_text(doc, page_stream(view, rows[i]->to));
        doc_text(doc, stream->received ? page_name(view, stream->receiver) : NULL);
        doc_count(doc, rows[i]->count);
        doc_number(doc, seconds > 0 ? (double)rows[i]->count / seconds : -1);
        if (stream->residence.count) {
            doc_ns(doc, histogram_quantile(&stream->residence, 0.5));
            doc_ns(doc, histogram_quantile(&stream->residence, 0.99));
        } else {
            doc_none(doc);
            doc_none(doc);
        }
    }
    free(rows);
}

void page_hot(const struct view *view, struct doc *doc)
{
    static const struct doc_column columns[] = {{"name", "task", DOC_TEXT},        {"site", "spawned at", DOC_TEXT},
                                                {"busy_ns", "busy", DOC_NS},       {"busy_share", "of busy", DOC_SHARE},
                                                {"so_far", "so far", DOC_SHARE},   {"polls", "polls", DOC_COUNT},
                                                {"per_poll_ns", "a poll", DOC_NS}, {NULL, NULL, DOC_TEXT}};
    double so_far = 0;
    doc_section(doc, "hot", "HOT PATHS");
    doc_note(doc, "Where the workers' time goes, up to nine tenths of it, and the ways that messages take most often.");
    doc_table(doc, "tasks", columns);
    for (size_t i = 0; i < view->profile_count && so_far < 0.9; i++) {
        const struct profile *profile = view->profiles[i];
        if (!profile->polls.count)
            break;
        so_far += page_busy_share(view, profile);
        doc_text(doc, page_name(view, profile->number));
        page_site(view, doc, profile);
        doc_ns(doc, profile->polls.sum);
        doc_share(doc, page_busy_share(view, profile));
        doc_share(doc, so_far);
        doc_count(doc, profile->polls.count);
        doc_ns(doc, profile->polls.sum / (int64_t)profile->polls.count);
    }
    page_hot_flows(view, doc);
}

/* ---- tasks in figures ---- */

void page_tasks(const struct view *view, struct doc *doc)
{
    const struct doc_column polls[] = {PAGE_PROCESS(view),
                                       {"name", "name", DOC_TEXT},
                                       {"tasks", "tasks", DOC_COUNT},
                                       {"live", NULL, DOC_COUNT},
                                       {"before", NULL, DOC_COUNT},
                                       {"at_once", NULL, DOC_COUNT},
                                       {"failed", NULL, DOC_COUNT},
                                       {"polls", "polls", DOC_COUNT},
                                       {"busy_ns", "busy", DOC_NS},
                                       PAGE_QUANTILES("poll", "poll "),
                                       {"shape", "polls, by length", DOC_SHAPE},
                                       {"longest", "the longest, from line to line", DOC_TEXT},
                                       {NULL, NULL, DOC_TEXT}};
    doc_section(doc, "tasks", "TASKS");
    doc_table(doc, "polls", polls);
    for (size_t i = 0; i < view->profile_count; i++) {
        const struct profile *profile = view->profiles[i];
        char place[160] = "";
        if (profile->poll_worst.ns)
            lint_stretch(view->analysis, profile, profile->poll_worst.from_line, profile->poll_worst.to_line, place,
                         sizeof place);
        doc_count(doc, profile->process);
        doc_text(doc, page_name(view, profile->number));
        doc_count(doc, profile->tasks);
        doc_count(doc, profile->live);
        doc_count(doc, profile->before);
        doc_count(doc, profile->at_once);
        doc_count(doc, profile->failed);
        doc_count(doc, profile->polls.count);
        doc_ns(doc, profile->polls.sum);
        page_quantiles(doc, &profile->polls);
        page_octaves(doc, &profile->polls);
        doc_text(doc, place[0] ? place : NULL);
    }
    page_histogram(doc, "all_polls", "All polls by length, an octave a bar", &view->analysis->polls);
}

/* ---- long polls ---- */

void page_blocking(const struct view *view, struct doc *doc)
{
    static const struct doc_column columns[] = {
        {"task", "task", DOC_TEXT},           {"where", "where", DOC_TEXT},
        {"polls", "polls", DOC_COUNT},        {"long", "long ones", DOC_COUNT},
        {"long_ns", "took together", DOC_NS}, PAGE_QUANTILES("poll", ""),
        {"longest_task", NULL, DOC_COUNT},    {"longest_at_ns", "longest at", DOC_NS},
        {"verdict", "probably", DOC_TEXT},    {NULL, NULL, DOC_TEXT}};
    const struct analysis *analysis = view->analysis;
    const int64_t limit = view->findings.limits.poll_ns / 10;
    char at[TEXT_DURATION_SIZE];
    size_t count;
    struct segment **longer = segments_longer(&analysis->segments, limit, &count);
    doc_section(doc, "blocking", "LONG POLLS");
    doc_note(doc,
             "Stretches of code with polls of %s or more, by the line of the await from which the poll went on and of "
             "the one at which it stopped.",
             text_duration(at, limit));
    doc_table(doc, "stretches", columns);
    for (size_t i = 0; i < count; i++) {
        const struct segment *segment = longer[i];
        const struct profile *profile = profiles_at(&analysis->profiles, segment->profile);
        const int64_t median = histogram_quantile(&segment->polls, 0.5);
        char place[160];
        lint_stretch(analysis, profile, segment->from_line, segment->to_line, place, sizeof place);
        const uint64_t over = histogram_above(&segment->polls, limit);
        doc_text(doc, page_name(view, segment->profile));
        doc_text(doc, place);
        doc_count(doc, segment->polls.count);
        doc_count(doc, over ? over : 1);
        doc_ns(doc, segment_time_above(segment, limit));
        page_quantiles(doc, &segment->polls);
        doc_count(doc, segment->task);
        doc_ns(doc, page_since(view, segment->at_ns));
        doc_text(doc, median >= limit && segment->polls.count > 1 ? "the code: it is always so"
                      : segment->polls.count == 1                 ? "ran once"
                                                                  : "now and then: data, or the machine");
    }
    if (!count)
        doc_note(doc, "There is none.");
    for (uint32_t i = 0; i < analysis->stalled_count; i++) {
        const struct stalled *stalled = &analysis->stalled[i];
        char longest[TEXT_DURATION_SIZE];
        doc_note(doc,
                 "The runtime saw '%s' hold its worker %" PRIu64
                 " times, once for at least %s, since the await at %s:%" PRIu32 " in %s.",
                 page_name(view, stalled->profile), stalled->count, text_duration(longest, stalled->longest_ns),
                 page_file(stalled->file), stalled->line, stalled->function);
    }
    free(longer);
}

/* ---- names ---- */

void page_names(const struct view *view, struct doc *doc)
{
    static const struct doc_column columns[] = {{"site", "spawned at", DOC_TEXT},
                                                {"function", "in", DOC_TEXT},
                                                {"step", "step", DOC_TEXT},
                                                {"count", "count", DOC_COUNT},
                                                {"proposed", "name", DOC_TEXT},
                                                {"category", "category", DOC_TEXT},
                                                {NULL, NULL, DOC_TEXT}};
    doc_section(doc, "names", "NAMES FOR THE UNNAMED");
    doc_table(doc, "proposals", columns);
    for (size_t i = 0; i < view->profile_count; i++) {
        const struct profile *profile = view->profiles[i];
        const struct task_site *site = analysis_site(view->analysis, profile);
        char name[NAMING_SIZE], reason[BEHAVIOUR_REASON_SIZE];
        if (profile->name || !site || !naming_of(view->analysis, profile, name))
            continue;
        page_site(view, doc, profile);
        doc_text(doc, site->function);
        doc_text(doc, site->name);
        doc_count(doc, profile->tasks);
        doc_text(doc, name);
        doc_text(doc, behaviour_constant(behaviour_of(view->analysis, profile, reason)));
    }
    if (!doc_rows(doc))
        doc_note(doc, "Every task has a name of its own.");
    else
        doc_note(doc, "For example: weft_spawn_as(scope, WEFT_TASK(\"name\", .category = WEFT_ACTOR), step, …)");
}
