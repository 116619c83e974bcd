/* SPDX-License-Identifier: MIT */
/* `weft trace report` and the commands that print one page of it: each reads the recording once. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trace/page/page.h"
#include "cli/trace/recording.h"
#include "cli/trace/trace.h"

enum { REPORT_ROWS = 25, REPORT_FOUND = 3 };

typedef void report_page(const struct view *view, struct doc *doc);

struct report_options {
    const char *path;
    const char *html; /* a file to write it to */
    void (*print)(const struct doc *doc, FILE *out);
    size_t rows;
    const char *fail_on; /* severities and ids of lints, with commas between */
};

/* 0, or an exit code; `fails`: --fail-on is one of this command's options. */
static int report_options(struct report_options *options, const struct command *command, int argc, char **argv,
                          bool fails)
{
    *options = (struct report_options){.print = doc_print_text, .rows = REPORT_ROWS};
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--text")) {
            options->print = doc_print_text;
        } else if (!strcmp(argv[i], "--markdown")) {
            options->print = doc_print_markdown;
        } else if (!strcmp(argv[i], "--json")) {
            options->print = doc_print_json;
        } else if (!strcmp(argv[i], "--html")) {
            if (++i == argc)
                return command_misused("weft trace", command, "--html takes the file to write");
            options->html = argv[i];
        } else if (!strcmp(argv[i], "--all")) {
            options->rows = SIZE_MAX;
        } else if (fails && !strncmp(argv[i], "--fail-on=", 10)) {
            options->fail_on = argv[i] + 10;
        } else if (argv[i][0] == '-' || options->path) {
            return command_misused("weft trace", command, "what is '%s'?", argv[i]);
        } else {
            options->path = argv[i];
        }
    }
    return options->path ? 0 : command_misused("weft trace", command, "of which recording?");
}

static bool report_event(void *analysis, const struct event *event)
{
    analysis_event(analysis, event);
    return true;
}

static void report_gap(void *analysis, const struct event_gap *gap)
{
    analysis_gap(analysis, gap);
}

static int report_write(const struct report_options *options, const struct doc *doc, const struct command *command)
{
    if (!options->html) {
        options->print(doc, stdout);
        return 0;
    }
    FILE *out = fopen(options->html, "we");
    if (out)
        doc_print_html(doc, out);
    const bool failed = !out || ferror(out);
    const int code = out && fclose(out) ? errno : failed ? errno : 0;
    if (!failed && !code)
        return 0;
    fprintf(stderr, "weft trace %s: %s: %s\n", command->name, options->html, strerror(code));
    return COMMAND_FAILED;
}

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

static int report_read(struct view *view, struct analysis *analysis, const char *path, const struct command *command)
{
    struct recording_facts facts;
    char text[4096 + 512];
    analysis_init(analysis);
    if (recording_read(path, &(struct recording_reader){analysis, report_event, report_gap}, &facts, text,
                       sizeof text)) {
        fprintf(stderr, "weft trace %s: %s\n", command->name, text);
        analysis_fini(analysis);
        return COMMAND_FAILED;
    }
    view_init(view, path, analysis);
    view->foreign = facts.foreign;
    view->unknown = facts.unknown;
    return 0;
}

static int report_pages(const struct command *command, const struct report_options *options, report_page *const *pages)
{
    struct analysis analysis;
    struct view view;
    char title[4096 + 64];
    int code = report_read(&view, &analysis, options->path, command);
    if (code)
        return code;
    struct doc doc;
    snprintf(title, sizeof title, "%s of %s", command->name, options->path);
    doc_init(&doc, title);
    doc.rows = options->rows;
    for (size_t i = 0; pages[i]; i++)
        pages[i](&view, &doc);
    code = report_write(options, &doc, command);
    for (size_t i = 0; !code && options->fail_on && i < view.findings.count; i++)
        if (report_names(options->fail_on, &view.findings.list[i]))
            code = REPORT_FOUND;
    doc_fini(&doc);
    view_fini(&view);
    analysis_fini(&analysis);
    return code;
}

static int report_run(int argc, char **argv)
{
    static report_page *const pages[] = {
        page_recording, page_recommendations, page_inventory, page_hot,     page_runtime, page_workers,
        page_channels,  page_blocking,        page_tasks,     page_latency, page_wakes,   page_timers,
        page_pool,      page_meetings,        page_lints,     page_names,   NULL};
    struct report_options options;
    int code = report_options(&options, &trace_report, argc, argv, false);
    return code ? code : report_pages(&trace_report, &options, pages);
}

static int report_lints(int argc, char **argv)
{
    static report_page *const pages[] = {page_recording, page_lints, NULL};
    struct report_options options;
    int code = report_options(&options, &trace_lints, argc, argv, true);
    if (!code && options.fail_on)
        code = report_check_words(&trace_lints, options.fail_on);
    return code ? code : report_pages(&trace_lints, &options, pages);
}

#define REPORT_OUTPUT "[--text | --markdown | --json | --html FILE] [--all]"

const struct command trace_report = {
    "report",
    "DIR " REPORT_OUTPUT,
    "everything that the recording shows, from what to do first down to the figures",
    report_run,
};

const struct command trace_lints = {
    "lints",
    "DIR [--fail-on=note|warning|critical|LINT,…] " REPORT_OUTPUT,
    "what is probably wrong; with --fail-on the exit code is 3 if there is any of these",
    report_lints,
};

/* A command that prints the recording and some pages. */
#define REPORT_COMMAND(name, text, ...)                                                                                \
    static int report_##name(int argc, char **argv)                                                                    \
    {                                                                                                                  \
        static report_page *const pages[] = {page_recording, __VA_ARGS__, NULL};                                       \
        struct report_options options;                                                                                 \
        int code = report_options(&options, &trace_##name, argc, argv, false);                                         \
        return code ? code : report_pages(&trace_##name, &options, pages);                                             \
    }                                                                                                                  \
    const struct command trace_##name = {#name, "DIR " REPORT_OUTPUT, text, report_##name}

REPORT_COMMAND(tasks, "spawn sites, and how long polls took", page_inventory, page_tasks, page_blocking, page_names);
REPORT_COMMAND(channels, "how full channels were, who waited, how large they should be", page_channels);
REPORT_COMMAND(workers, "what workers did over time, and who stole from whom", page_runtime, page_workers);
REPORT_COMMAND(wakes, "who woke whom", page_wakes);
REPORT_COMMAND(latency, "waits for a worker, for a lock, for a thread of the pool; the lateness of timers",
               page_latency, page_timers, page_pool, page_meetings);
