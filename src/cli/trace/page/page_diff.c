/* SPDX-License-Identifier: MIT */
/*
 * See page_diff.h. Durations of one name are compared as distributions, by ranks, since they are neither normal nor of
 * one scale: Mann and Whitney's U on the histograms, two-sided, Holm's correction over all rows of the page. With the
 * millions of samples that a recording has any difference is significant, so a row also has to have an effect: the
 * probability that a value of B exceeds one of A is at least 0.56, or at most 0.44 (Vargha and Delaney, 2000, call that
 * small).
 */
#include "cli/trace/page/page_diff.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

#define DIFF_P      0.01
#define DIFF_EFFECT 0.06

struct diff_row {
    const char *name;
    const char *what;
    struct histogram of[2];
    struct histogram_rank rank;
    double p_corrected;
};

struct diff {
    struct diff_row *rows;
    size_t count;
};

static struct diff_row *diff_need(struct diff *diff, const char *name, const char *what)
{
    for (size_t i = 0; i < diff->count; i++)
        if (!strcmp(diff->rows[i].name, name) && !strcmp(diff->rows[i].what, what))
            return &diff->rows[i];
    if ((diff->count & (diff->count - 1)) == 0) /* room is a power of two */
        diff->rows = memory_resize(diff->rows, diff->count ? 2 * diff->count : 1, sizeof *diff->rows);
    struct diff_row *row = &diff->rows[diff->count++];
    *row = (struct diff_row){.name = name, .what = what};
    return row;
}

/* Things of one name are one, whatever process or site they are of: those change from run to run. */
static void diff_gather(struct diff *diff, const struct view *view, int side)
{
    for (size_t i = 0; i < view->profile_count; i++) {
        const struct profile *profile = view->profiles[i];
        const char *name = page_name(view, profile->number);
        histogram_merge(&diff_need(diff, name, "polls")->of[side], &profile->polls);
        histogram_merge(&diff_need(diff, name, "waits for a worker")->of[side], &profile->waits);
        histogram_merge(&diff_need(diff, name, "lives")->of[side], &profile->lives);
    }
    for (size_t i = 0; i < view->stream_count; i++) {
        const struct stream *stream = view->streams[i];
        const char *name = page_stream(view, stream->number);
        histogram_merge(&diff_need(diff, name, "messages lie")->of[side], &stream->residence);
        histogram_merge(&diff_need(diff, name, "senders wait")->of[side], &stream->send_waits);
    }
}

static int diff_by_p(const void *left, const void *right)
{
    const struct diff_row *a = left, *b = right;
    if (a->rank.p < b->rank.p || a->rank.p > b->rank.p)
        return a->rank.p < b->rank.p ? -1 : 1;
    const double za = a->rank.z < 0 ? -a->rank.z : a->rank.z, zb = b->rank.z < 0 ? -b->rank.z : b->rank.z;
    if (za < zb || za > zb)
        return za > zb ? -1 : 1;
    const int order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->what, b->what);
}

/* Holm: the i-th smallest of n is multiplied by n - i, and no p is smaller than the one before. */
static void diff_correct(struct diff *diff)
{
    size_t compared = 0, seen = 0;
    double least = 0;
    for (size_t i = 0; i < diff->count; i++) {
        struct diff_row *row = &diff->rows[i];
        row->rank = histogram_compare(&row->of[0], &row->of[1]);
        compared += row->of[0].count && row->of[1].count;
    }
    if (diff->count)
        qsort(diff->rows, diff->count, sizeof *diff->rows, diff_by_p);
    for (size_t i = 0; i < diff->count; i++) {
        struct diff_row *row = &diff->rows[i];
        row->p_corrected = 1;
        if (!row->of[0].count || !row->of[1].count)
            continue;
        double p = row->rank.p * (double)(compared - seen++);
        p = p > 1 ? 1 : p;
        least = p > least ? p : least;
        row->p_corrected = least;
    }
}

/* 1: slower in B, -1: faster, 0: no difference that counts. */
static int diff_verdict(const struct diff_row *row)
{
    if (row->p_corrected >= DIFF_P)
        return 0;
    return row->rank.effect >= 0.5 + DIFF_EFFECT ? 1 : row->rank.effect <= 0.5 - DIFF_EFFECT ? -1 : 0;
}

static void diff_row(struct doc *doc, const struct diff_row *row)
{
    static const double at[] = {0.5, 0.99};
    static const char *const verdicts[] = {"faster", "no difference", "slower"};
    const bool both = row->of[0].count && row->of[1].count;
    doc_text(doc, row->name);
    doc_text(doc, row->what);
    for (int side = 0; side < 2; side++)
        doc_count(doc, row->of[side].count);
    for (int i = 0; i < 2; i++)
        for (int side = 0; side < 2; side++) {
            if (row->of[side].count)
                doc_ns(doc, histogram_quantile(&row->of[side], at[i]));
            else
                doc_none(doc);
        }
    doc_number(doc, both ? row->rank.effect : -1);
    if (both)
        doc_format(doc, row->p_corrected < 1e-4 ? "< 0.0001" : "%.4f", row->p_corrected);
    else
        doc_none(doc);
    doc_number(doc, both ? row->p_corrected : -1);
    doc_text(doc, both ? verdicts[diff_verdict(row) + 1] : row->of[0].count ? "only in A" : "only in B");
}

static void diff_totals(const struct view *a, const struct view *b, struct doc *doc)
{
    static const struct doc_column columns[] = {{"what", "", DOC_TEXT},
                                                {"a", "A", DOC_NUMBER},
                                                {"b", "B", DOC_NUMBER},
                                                {"ratio", "B / A", DOC_NUMBER},
                                                {NULL, NULL, DOC_TEXT}};
    static const char *const names[] = {"seconds", "events", "tasks", "polls", "messages", "busy seconds", "findings"};
    const struct view *views[] = {a, b};
    double of[2][7];
    for (int side = 0; side < 2; side++) {
        const struct view *view = views[side];
        const struct model *model = &view->analysis->model;
        double tasks = 0, messages = 0;
        for (size_t i = 0; i < view->profile_count; i++)
            tasks += (double)view->profiles[i]->tasks;
        for (size_t i = 0; i < view->stream_count; i++)
            messages += (double)view->streams[i]->received;
        const double values[] = {(double)(model->end_ns - model->begin_ns) / 1e9,
                                 (double)model->events,
                                 tasks,
                                 (double)view->analysis->polls.count,
                                 messages,
                                 (double)view->analysis->polls.sum / 1e9,
                                 (double)view->findings.count};
        memcpy(of[side], values, sizeof values);
    }
    doc_table(doc, "totals", columns);
    for (int i = 0; i < 7; i++) {
        doc_text(doc, names[i]);
        doc_number(doc, of[0][i]);
        doc_number(doc, of[1][i]);
        doc_number(doc, of[0][i] > 0 ? of[1][i] / of[0][i] : -1);
    }
}

size_t page_diff(const struct view *a, const struct view *b, struct doc *doc)
{
    static const struct doc_column columns[] = {
        {"name", "name", DOC_TEXT},     {"what", "what", DOC_TEXT},    {"a_count", "in A", DOC_COUNT},
        {"b_count", "in B", DOC_COUNT}, {"a_p50_ns", "p50 A", DOC_NS}, {"b_p50_ns", "B", DOC_NS},
        {"a_p99_ns", "p99 A", DOC_NS},  {"b_p99_ns", "B", DOC_NS},     {"effect", "P(B > A)", DOC_NUMBER},
        {"p_text", "p", DOC_TEXT},      {"p", NULL, DOC_NUMBER},       {"verdict", "B is", DOC_TEXT},
        {NULL, NULL, DOC_TEXT}};
    struct diff diff = {0};
    size_t slower = 0;
    diff_gather(&diff, a, 0);
    diff_gather(&diff, b, 1);
    diff_correct(&diff);
    doc_section(doc, "diff", "DIFFERENCES");
    doc_note(doc, "A is %s, B is %s.", a->path, b->path);
    doc_note(doc,
             "Durations of one name are compared by ranks: Mann-Whitney U, two-sided, p corrected for the number of "
             "rows (Holm). P(B > A) is the probability that a duration of B is longer than one of A. A row counts "
             "if p < 0.01 and that is at least 0.56 or at most 0.44. Durations of one run are not independent of each "
             "other: that two recordings differ is sure, that two programs do is shown by several of each.");
    diff_totals(a, b, doc);
    doc_table(doc, "rows", columns);
    for (size_t i = 0; i < diff.count; i++) {
        if (diff.rows[i].of[0].count || diff.rows[i].of[1].count) {
            diff_row(doc, &diff.rows[i]);
            slower += diff_verdict(&diff.rows[i]) > 0;
        }
        histogram_fini(&diff.rows[i].of[0]);
        histogram_fini(&diff.rows[i].of[1]);
    }
    free(diff.rows);
    return slower;
}
