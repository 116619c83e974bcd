/* SPDX-License-Identifier: MIT */
/* `weft trace report` and the commands that print one page of it: each reads the recording once. */
#include <stdio.h>
#include <string.h>

#include "cli/trace/trace.h"
#include "cli/trace/trace_output.h"

typedef void report_page(const struct view *view, struct doc *doc);

/* Does a list like "warning,long-poll" name this finding? A severity means that one and those above it. */
static bool report_names(const char *list, const struct finding *finding)
{
    const char *id = lint_id(finding->lint);
    for (const char *word = list; *word;) {
        const size_t length = strcspn(word, ",");
        if (!strncmp(word, id, length) && !id[length])
            return true;
        for (int severity = SEVERITY_NOTE; severity <= SEVERITY_CRITICAL; severity++) {
            const char *name = severity_name((enum severity)severity);
            if (!strncmp(word, name, length) && !name[length] && (int)finding->severity >= severity)
                return true;
        }
        word += length + (word[length] == ',');
    }
    return false;
}

/* 0, or an exit code: each word is a severity or a lint. */
static int report_check_words(const struct command *command, const char *list)
{
    char word[64];
    if (!list[0])
        return command_misused("weft trace", command, "--fail-on= takes severities and lints, with commas between");
    for (const char *at = list; *at;) {
        const size_t length = strcspn(at, ",");
        bool known = false;
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        for (int severity = SEVERITY_NOTE; severity <= SEVERITY_CRITICAL; severity++)
            known |= !strcmp(word, severity_name((enum severity)severity));
        if (!known && lint_find(word) == LINT_COUNT)
            return command_misused("weft trace", command, "there is no lint or severity '%s'", word);
        at += length + (at[length] == ',');
    }
    return 0;
}

static int report_pages(const struct command *command, int argc, char **argv, report_page *const *pages)
{
    struct output output;
    struct analysis analysis;
    struct view view;
    struct doc doc;
    int code = output_arguments(&output, command, 1, argc, argv, NULL, NULL);
    if (!code)
        code = output_read(output.path, command, &analysis, &view, NULL, NULL);
    if (code)
        return code;
    output_begin(&output, command, &doc);
    for (size_t i = 0; pages[i]; i++)
        pages[i](&view, &doc);
    code = output_write(&output, &doc, command);
    doc_fini(&doc);
    view_fini(&view);
    analysis_fini(&analysis);
    return code;
}

static int report_run(int argc, char **argv)
{
    static report_page *const pages[] = {page_report, NULL};
    return report_pages(&trace_report, argc, argv, pages);
}

/* ---- lints ---- */

static int report_fail_on(void *context, int left, char **argv)
{
    (void)left;
    if (strncmp(argv[0], "--fail-on=", 10) != 0)
        return 0;
    *(const char **)context = argv[0] + 10;
    return report_check_words(&trace_lints, argv[0] + 10) ? -1 : 1;
}

static int report_lints(int argc, char **argv)
{
    const char *fail_on = "";
    struct output output;
    struct analysis analysis;
    struct view view;
    struct doc doc;
    int code = output_arguments(&output, &trace_lints, 1, argc, argv, report_fail_on, &fail_on);
    if (!code)
        code = output_read(output.path, &trace_lints, &analysis, &view, NULL, NULL);
    if (code)
        return code;
    output_begin(&output, &trace_lints, &doc);
    page_recording(&view, &doc);
    page_lints(&view, &doc);
    code = output_write(&output, &doc, &trace_lints);
    for (size_t i = 0; !code && i < view.findings.count; i++)
        if (report_names(fail_on, &view.findings.list[i]))
            code = OUTPUT_FOUND;
    doc_fini(&doc);
    view_fini(&view);
    analysis_fini(&analysis);
    return code;
}

const struct command trace_report = {
    "report",
    "DIR " OUTPUT_ARGUMENTS,
    "everything that the recording shows, from what to do first down to the figures",
    report_run,
};

const struct command trace_lints = {
    "lints",
    "DIR [--fail-on=note|warning|critical|LINT,…] " OUTPUT_ARGUMENTS,
    "what is probably wrong; with --fail-on the exit code is 3 if there is any of these",
    report_lints,
};

/* A command that prints the recording and some pages. */
#define REPORT_COMMAND(name, text, ...)                                                                                \
    static int report_##name(int argc, char **argv)                                                                    \
    {                                                                                                                  \
        static report_page *const pages[] = {page_recording, __VA_ARGS__, NULL};                                       \
        return report_pages(&trace_##name, argc, argv, pages);                                                         \
    }                                                                                                                  \
    const struct command trace_##name = {#name, "DIR " OUTPUT_ARGUMENTS, text, report_##name}

REPORT_COMMAND(tasks, "spawn sites, and how long polls took", page_inventory, page_tasks, page_blocking, page_names);
REPORT_COMMAND(channels, "how full channels were, who waited, how large they should be", page_channels);
REPORT_COMMAND(workers, "what workers did over time, and who stole from whom", page_runtime, page_workers);
REPORT_COMMAND(wakes, "who woke whom", page_wakes);
REPORT_COMMAND(latency, "waits for a worker, for a lock, for a thread of the pool; the lateness of timers",
               page_latency, page_timers, page_pool, page_meetings);
