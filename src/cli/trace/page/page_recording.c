/* SPDX-License-Identifier: MIT */
/* What the recording is, and what makes its figures doubtful; and what is to be done, from the findings. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/text.h"
#include "cli/trace/page/page.h"

static void page_losses(const struct view *view, struct doc *doc)
{
    const struct model *model = &view->analysis->model;
    if (!model->events_lost && !model->packets_lost && (!model->lost_uncounted || view->cut[0]))
        return; /* what was cut off has been said */
    doc_alarm(
        doc,
        "LOST: %" PRIu64 " events were discarded, %" PRIu64 " packets of events overwritten%s, in %" PRIu64
        " gaps. Counts are too low by what is missing. What was under way at a gap (polls, waits, sleeps, what lay "
        "in channels) is dropped and not timed, so no figure of time is wrong. Record with larger buffers: lttng "
        "enable-channel -u -s SESSION CHANNEL --subbuf-size=4M --num-subbuf=8",
        model->events_lost, model->packets_lost, model->lost_uncounted ? ", an unknown number besides" : "",
        view->analysis->gaps);
}

static void page_doubts(const struct view *view, struct doc *doc)
{
    if (view->cut[0])
        doc_alarm(doc,
                  "CUT OFF: it could not be read to its end: %s. Until there everything is right; what the other files "
                  "have of the time after it is counted, and not timed.",
                  view->cut);
    page_losses(view, doc);
    const struct machine *machine;
    for (size_t at = 0; (machine = map_next(&view->analysis->machines, &at));)
        if (machine->process->workers.mixed) {
            doc_alarm(doc,
                      "MIXED: several processes are in it, and nothing tells their events apart: tasks and channels "
                      "of one number are taken for one. Record with: lttng add-context -u -s SESSION -c CHANNEL -t "
                      "vpid");
            break;
        }
}

static bool page_missing(const struct view *view, uint32_t kind)
{
    return !view->analysis->model.events_of[kind];
}

/* What was not recorded is not said to be nought. */
static void page_blind_spots(const struct view *view, struct doc *doc)
{
    if (page_missing(view, WEFT_TRACE_poll_start) || page_missing(view, WEFT_TRACE_poll_end))
        doc_note(doc, "Polls are not in it (weft:poll_start, weft:poll_end): nothing is known of how long they took.");
    if (page_missing(view, WEFT_TRACE_wake))
        doc_note(doc, "Wakes are not in it (weft:wake): nothing is known of who woke whom, and waits are those after a "
                      "spawn or a yield.");
    if (page_missing(view, WEFT_TRACE_site_def))
        doc_note(doc, "Spawn sites are not in it (weft:site_def): tasks without a name of their own cannot be named.");
}

/* Kinds beyond those that are told apart are counted, and said. */
static void page_folded(const struct view *view, struct doc *doc)
{
    const struct analysis *analysis = view->analysis;
    if (analysis->profiles.folded)
        doc_note(doc, "%" PRIu64 " tasks had one of more than %d names of their own and count for their spawn site.",
                 analysis->profiles.folded, PROFILES_NAMES_MAX);
    if (analysis->segments.folded)
        doc_note(doc,
                 "%" PRIu64 " polls were of stretches of code beyond the first %d and are not among the long polls.",
                 analysis->segments.folded, SEGMENTS_MAX);
    const uint64_t pairs = analysis->wakes.folded + analysis->sends.folded + analysis->takes.folded;
    if (pairs)
        doc_note(doc,
                 "%" PRIu64 " wakes and messages were between pairs beyond the first %d and are not among the pairs.",
                 pairs, TALLY_ROWS_MAX);
}

static void page_lateness(const struct view *view, struct doc *doc)
{
    uint64_t before = 0, live = 0;
    const struct machine *machine;
    for (size_t i = 0; i < view->profile_count; i++) {
        before += view->profiles[i]->before;
        live += view->profiles[i]->live;
    }
    if (before)
        doc_note(doc,
                 "It began late: %" PRIu64 " tasks lived before it. What they did then is not in it, and how long "
                 "they live is counted from its beginning.",
                 before);
    for (size_t at = 0; (machine = map_next(&view->analysis->machines, &at));)
        if (machine->stop_ns == LIFE_CLOSED && machine->process->workers.runtime_count) {
            doc_note(doc, "It ends before the program does: %" PRIu64 " tasks had not ended.", live);
            break;
        }
}

void page_recording(const struct view *view, struct doc *doc)
{
    const struct model *model = &view->analysis->model;
    char when[64] = "?", duration[TEXT_DURATION_SIZE];
    const time_t begin = (time_t)(model->begin_ns / 1000000000);
    struct tm local;
    page_doubts(view, doc);
    doc_section(doc, "recording", "RECORDING");
    if (localtime_r(&begin, &local))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);
    doc_note(doc, "%s for %s: %" PRIu64 " events of weft, %zu process%s.", when,
             text_duration(duration, model->end_ns - model->begin_ns), model->events, view->analysis->machines.count,
             view->analysis->machines.count == 1 ? "" : "es");
    if (view->foreign)
        doc_note(doc, "%" PRIu64 " events of other providers are left out.", view->foreign);
    if (view->unknown)
        doc_note(doc, "%" PRIu64 " events come from a later weft and are left out.", view->unknown);
    page_lateness(view, doc);
    page_blind_spots(view, doc);
    page_folded(view, doc);
    static const struct doc_column columns[] = {
        {"begin_ns", NULL, DOC_COUNT},       {"end_ns", NULL, DOC_COUNT},      {"events", NULL, DOC_COUNT},
        {"processes", NULL, DOC_COUNT},      {"events_lost", NULL, DOC_COUNT}, {"packets_lost", NULL, DOC_COUNT},
        {"lost_uncounted", NULL, DOC_COUNT}, {"gaps", NULL, DOC_COUNT},        {NULL, NULL, DOC_TEXT}};
    doc_table(doc, "facts", columns);
    doc_count(doc, (uint64_t)model->begin_ns);
    doc_count(doc, (uint64_t)model->end_ns);
    doc_count(doc, model->events);
    doc_count(doc, view->analysis->machines.count);
    doc_count(doc, model->events_lost);
    doc_count(doc, model->packets_lost);
    doc_count(doc, model->lost_uncounted);
    doc_count(doc, view->analysis->gaps);
}

/* ---- what is to be done ---- */

void page_recommendations(const struct view *view, struct doc *doc)
{
    enum { FIRST = 12 };
    static const struct doc_column columns[] = {{"priority", NULL, DOC_COUNT}, {"severity", NULL, DOC_TEXT},
                                                {"lint", NULL, DOC_TEXT},      {"subject", NULL, DOC_TEXT},
                                                {"why", NULL, DOC_TEXT},       {"where", NULL, DOC_TEXT},
                                                {"advice", NULL, DOC_TEXT},    {NULL, NULL, DOC_TEXT}};
    const struct findings *findings = &view->findings;
    size_t said = 0;
    doc_section(doc, "recommendations", "RECOMMENDATIONS");
    for (size_t i = 0; i < findings->count && said < FIRST; i++) {
        const struct finding *finding = &findings->list[i];
        if (finding->severity == SEVERITY_NOTE && said >= 3)
            break;
        doc_note(doc, "%zu. [%s] %s: %s. %s%s%s", ++said, severity_name(finding->severity), finding->subject,
                 finding->advice, finding->what, finding->where[0] ? ": " : "", finding->where);
    }
    if (!findings->count)
        doc_note(doc, "Nothing was found that looks wrong.");
    else if (said < findings->count)
        doc_note(doc, "%zu more findings are among the lints.", findings->count - said);
    doc_table(doc, "list", columns);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        doc_count(doc, i + 1);
        doc_text(doc, severity_name(finding->severity));
        doc_text(doc, lint_id(finding->lint));
        doc_text(doc, finding->subject);
        doc_text(doc, finding->what);
        doc_text(doc, finding->where);
        doc_text(doc, finding->advice);
    }
}

void page_lints(const struct view *view, struct doc *doc)
{
    static const struct doc_column columns[] = {{"lint", "lint", DOC_TEXT},  {"severity", "severity", DOC_TEXT},
                                                {"subject", "of", DOC_TEXT}, {"what", NULL, DOC_TEXT},
                                                {"where", NULL, DOC_TEXT},   {"advice", NULL, DOC_TEXT},
                                                {NULL, NULL, DOC_TEXT}};
    const struct findings *findings = &view->findings;
    doc_section(doc, "lints", "LINTS");
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        doc_note(doc, "%s %s, %s: %s%s%s. %s.", severity_name(finding->severity), lint_id(finding->lint),
                 finding->subject, finding->what, finding->where[0] ? "; " : "", finding->where, finding->advice);
    }
    if (!findings->count)
        doc_note(doc, "None of %d rules found anything.", LINT_COUNT);
    if (findings->left_out)
        doc_note(doc, "%zu more were left out.", findings->left_out);
    doc_table(doc, "findings", columns);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        doc_text(doc, lint_id(finding->lint));
        doc_text(doc, severity_name(finding->severity));
        doc_text(doc, finding->subject);
        doc_text(doc, finding->what);
        doc_text(doc, finding->where);
        doc_text(doc, finding->advice);
    }
}
