/* SPDX-License-Identifier: MIT */
/* The critical path as a table from its beginning to its end, and what its time went by with. */
#include "cli/trace/page/page_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/text.h"

static int page_longer(const void *left, const void *right)
{
    const struct tally_row *a = *(struct tally_row *const *)left, *b = *(struct tally_row *const *)right;
    if (a->sum_ns != b->sum_ns)
        return a->sum_ns < b->sum_ns ? 1 : -1;
    return (a->from > b->from) - (a->from < b->from);
}

static void page_shares(const struct view *view, struct doc *doc, const struct path *path)
{
    static const struct doc_column columns[] = {{"what", "the time went by with", DOC_TEXT},
                                                {"task", "of", DOC_TEXT},
                                                {"ns", "time", DOC_NS},
                                                {"share", "share", DOC_SHARE},
                                                {"count", "times", DOC_COUNT},
                                                {NULL, NULL, DOC_TEXT}};
    const double whole = (double)(path->end_ns - path->begin_ns);
    struct tally tally = {0};
    for (size_t i = 0; i < path->leg_count; i++)
        tally_add(&tally, path->legs[i].profile, 0, (uint16_t)path->legs[i].kind, 1,
                  path->legs[i].to_ns - path->legs[i].from_ns);
    size_t count;
    struct tally_row **rows = tally_sorted(&tally, &count);
    qsort(rows, count, sizeof(struct tally_row *), page_longer);
    doc_table(doc, "shares", columns);
    for (size_t i = 0; i < count; i++) {
        doc_text(doc, path_kind_name((enum path_leg_kind)rows[i]->kind));
        doc_text(doc, page_name(view, rows[i]->from));
        doc_ns(doc, rows[i]->sum_ns);
        doc_share(doc, whole > 0 ? (double)rows[i]->sum_ns / whole : -1);
        doc_count(doc, rows[i]->count);
    }
    free(rows);
    tally_fini(&tally);
}

void page_path(const struct view *view, struct doc *doc, const struct path *path, const char *what)
{
    static const struct doc_column columns[] = {{"at_ns", "at", DOC_NS},      {"ns", "for", DOC_NS},
                                                {"what", "what", DOC_TEXT},   {"task", "task", DOC_TEXT},
                                                {"task_id", "id", DOC_COUNT}, {"line", "line", DOC_COUNT},
                                                {"label", "where", DOC_TEXT}, {NULL, NULL, DOC_TEXT}};
    char whole[TEXT_DURATION_SIZE];
    doc_section(doc, "path", "CRITICAL PATH");
    doc_note(doc, "%s: %s, in %zu legs.", what, text_duration(whole, path->end_ns - path->begin_ns), path->leg_count);
    if (path->dropped)
        doc_note(doc,
                 "The window has %" PRIu64 " events more than are kept at once: the path ends before its beginning.",
                 path->dropped);
    page_shares(view, doc, path);
    doc_table(doc, "legs", columns);
    for (size_t i = 0; i < path->leg_count; i++) {
        const struct path_leg *leg = &path->legs[i];
        doc_ns(doc, page_since(view, leg->from_ns));
        doc_ns(doc, leg->to_ns - leg->from_ns);
        doc_text(doc, path_kind_name(leg->kind));
        doc_text(doc, page_name(view, leg->profile));
        doc_count(doc, leg->task);
        if (leg->line)
            doc_count(doc, leg->line);
        else
            doc_none(doc);
        doc_text(doc, leg->label);
    }
}
