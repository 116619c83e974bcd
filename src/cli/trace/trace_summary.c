/* SPDX-License-Identifier: MIT */
/* `weft trace summary`: reads a recording into the model and prints what it says. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/trace/model/report.h"
#include "cli/trace/recording.h"
#include "cli/trace/summary.h"
#include "cli/trace/trace.h"

enum { SUMMARY_ROWS = 40 };

static bool summary_event(void *model, const struct event *event)
{
    model_event(model, event);
    return true;
}

static void summary_gap(void *model, const struct event_gap *gap)
{
    model_gap(model, gap);
}

static int summary_run(int argc, char **argv)
{
    struct summary summary = {.rows = SUMMARY_ROWS};
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            json = true;
        else if (!strcmp(argv[i], "--all"))
            summary.rows = SIZE_MAX;
        else if (argv[i][0] == '-' || summary.path)
            return command_misused("weft trace", &trace_summary, "what is '%s'?", argv[i]);
        else
            summary.path = argv[i];
    }
    if (!summary.path)
        return command_misused("weft trace", &trace_summary, "of which recording?");

    struct model model;
    struct recording_facts facts;
    char text[4096 + 512];
    model_init(&model);
    int failed = recording_read(summary.path, &(struct recording_reader){&model, summary_event, summary_gap}, &facts,
                                text, sizeof text);
    if (failed) {
        fprintf(stderr, "weft trace summary: %s\n", text);
    } else {
        struct report report;
        if (facts.cut)
            fprintf(stderr, "weft trace summary: CUT OFF: %s\n", text);
        report_init(&report, &model);
        summary.model = &model;
        summary.report = &report;
        summary.foreign = facts.foreign;
        summary.unknown = facts.unknown;
        (json ? summary_json : summary_text)(&summary, stdout);
        report_fini(&report);
    }
    model_fini(&model);
    return failed ? COMMAND_FAILED : 0;
}

const struct command trace_summary = {
    "summary",
    "DIR [--all] [--json]",
    "what was recorded: events, tasks by name, channels, workers",
    summary_run,
};
