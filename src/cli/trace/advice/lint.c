/* SPDX-License-Identifier: MIT */
/* See lint.h: the list of findings, and words that the rules share. */
#include "cli/trace/advice/lint.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

static const struct {
    const char *id;
    const char *text;
} lint_rules[] = {
#define XX(constant, id, text) {id, text},
    LINT_RULES(XX)
#undef XX
};

const char *lint_id(enum lint lint)
{
    return lint_rules[lint].id;
}

const char *lint_text(enum lint lint)
{
    return lint_rules[lint].text;
}

enum lint lint_find(const char *id)
{
    int lint = 0;
    while (lint < LINT_COUNT && strcmp(lint_rules[lint].id, id) != 0)
        lint++;
    return (enum lint)lint;
}

const char *severity_name(enum severity severity)
{
    static const char *const names[] = {"note", "warning", "critical"};
    return names[severity];
}

struct finding *findings_add(struct findings *findings, enum lint lint, enum severity severity, double weight)
{
    static struct finding left_out; /* written and never read */
    if (findings->count == FINDINGS_MAX) {
        findings->left_out++;
        return &left_out;
    }
    struct finding *finding = &findings->list[findings->count++];
    *finding = (struct finding){.lint = lint, .severity = severity, .weight = weight};
    return finding;
}

#define FINDING_TEXT(member)                                                                                           \
    void finding_##member(struct finding *finding, const char *format, ...)                                            \
    {                                                                                                                  \
        va_list arguments;                                                                                             \
        va_start(arguments, format);                                                                                   \
        vsnprintf(finding->member, sizeof finding->member, format, arguments);                                         \
        va_end(arguments);                                                                                             \
    }
FINDING_TEXT(subject)
FINDING_TEXT(what)
FINDING_TEXT(where)
FINDING_TEXT(advice)

const char *lint_name(const struct analysis *analysis, const struct profile *profile)
{
    const char *name = profile ? analysis_name(analysis, profile) : NULL;
    return name ? name : "(not told)";
}

static const char *lint_file(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path ? path : "?";
}

void lint_place(const struct analysis *analysis, const struct profile *profile, char *out, size_t size)
{
    const struct task_site *site = analysis_site(analysis, profile);
    if (site)
        snprintf(out, size, "step %s, spawned at %s:%" PRIu32 " in %s", site->name, lint_file(site->file), site->line,
                 site->function);
    else
        snprintf(out, size, "its place was not recorded");
}

void lint_stretch(const struct analysis *analysis, const struct profile *profile, uint32_t from_line, uint32_t to_line,
                  char *out, size_t size)
{
    const struct task_site *site = analysis_site(analysis, profile);
    const struct stalled *source = analysis_source(analysis, profile ? profile->number : 0);
    char from[32] = "its beginning", to[48] = "its end";
    if (from_line)
        snprintf(from, sizeof from, "line %" PRIu32, from_line);
    if (to_line == PROFILE_STILL)
        snprintf(to, sizeof to, "(it still runs)");
    else if (to_line)
        snprintf(to, sizeof to, "line %" PRIu32, to_line);
    if (source)
        snprintf(out, size, "%s in %s, from %s to %s", source->function, lint_file(source->file), from, to);
    else if (site)
        snprintf(out, size, "step %s, from %s to %s", site->name, from, to);
    else
        snprintf(out, size, "from %s to %s", from, to);
}

static int findings_order(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    if (a->severity != b->severity)
        return a->severity < b->severity ? 1 : -1;
    if (a->weight < b->weight || a->weight > b->weight)
        return a->weight < b->weight ? 1 : -1;
    if (a->lint != b->lint)
        return a->lint < b->lint ? -1 : 1;
    return strcmp(a->subject, b->subject);
}

static void lint_losses(struct findings *findings, const struct analysis *analysis)
{
    const struct model *model = &analysis->model;
    if (!model->events_lost && !model->packets_lost && !model->lost_uncounted)
        return;
    struct finding *finding = findings_add(findings, LINT_EVENTS_LOST, SEVERITY_WARNING, 1e9);
    finding_subject(finding, "the recording");
    finding_what(finding, "%" PRIu64 " events and %" PRIu64 " packets are missing, in %" PRIu64 " gaps",
                 model->events_lost, model->packets_lost, analysis->gaps);
    finding_advice(finding, "record with larger buffers (--subbuf-size=4M --num-subbuf=8), or fewer kinds of events");
}

void findings_init(struct findings *findings, struct analysis *analysis, struct lint_limits limits)
{
    *findings = (struct findings){.limits = limits};
    findings->list = memory_zeroed(FINDINGS_MAX, sizeof *findings->list);
    lint_losses(findings, analysis);
    lint_tasks(findings, analysis);
    lint_channels(findings, analysis);
    lint_machines(findings, analysis);
    qsort(findings->list, findings->count, sizeof *findings->list, findings_order);
}

void findings_fini(struct findings *findings)
{
    free(findings->list);
}
