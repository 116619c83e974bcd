/* SPDX-License-Identifier: MIT */
/* `weft trace export`: a recording in the forms that other programs read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trace/export/export.h"
#include "cli/trace/recording.h"
#include "cli/trace/trace.h"

struct export_run {
    struct export export;
    struct analysis analysis;
};

static bool export_run_event(void *context, const struct event *event)
{
    struct export_run *run = context;
    export_event(&run->export, &run->analysis, event);
    return true;
}

static void export_run_gap(void *context, const struct event_gap *gap)
{
    struct export_run *run = context;
    export_gap(&run->export, &run->analysis, gap);
}

/* ---- arguments ---- */

/* How many of an option's own, 0: it is none that takes a place to write to, -1: misused, and said. */
static int export_place(struct export_wish *wish, int left, char **argv)
{
    const struct {
        const char *option;
        const char **place;
        const char *takes;
    } places[] = {{"--perfetto", &wish->perfetto, "the file to write, or -"},
                  {"--timeline", &wish->timeline, "the file to write, or -"},
                  {"--folded", &wish->folded, "the file to write, or -"},
                  {"--csv", &wish->csv, "the folder to write"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strcmp(argv[0], places[i].option) != 0)
            continue;
        const bool out = left > 1 && !strcmp(argv[1], "-");
        if (left > 1 && argv[1][0] && (argv[1][0] != '-' || (out && places[i].place != &wish->csv)))
            return *places[i].place = argv[1], 2;
        return command_misused("weft trace", &trace_export, "%s takes %s", argv[0], places[i].takes), -1;
    }
    return 0;
}

enum { EXPORT_SECONDS_MAX = 1000000000 }; /* what fits into nanoseconds since 1970 */

static int export_between(struct export_wish *wish, int left, char **argv)
{
    char *end[2] = {NULL, NULL};
    if (left > 2) {
        wish->from_s = strtod(argv[1], &end[0]);
        wish->to_s = strtod(argv[2], &end[1]);
    }
    if (left > 2 && end[0] != argv[1] && end[1] != argv[2] && !*end[0] && !*end[1] && wish->from_s >= 0 &&
        wish->from_s < wish->to_s && wish->to_s <= EXPORT_SECONDS_MAX)
        return 3;
    return command_misused("weft trace", &trace_export, "--between takes two times in seconds, the earlier first"), -1;
}

static int export_argument(struct export_wish *wish, const char **path, int left, char **argv)
{
    const int took = export_place(wish, left, argv);
    if (took)
        return took;
    if (!strcmp(argv[0], "--between"))
        return export_between(wish, left, argv);
    if (!strcmp(argv[0], "--weight=busy") || !strcmp(argv[0], "--weight=wait"))
        return wish->waits = !strcmp(argv[0] + 9, "wait"), 1;
    if (argv[0][0] == '-' || *path)
        return command_misused("weft trace", &trace_export, "what is '%s'?", argv[0]), -1;
    *path = argv[0];
    return 1;
}

/* How many forms go to standard output. */
static int export_to_output(const struct export_wish *wish)
{
    const char *const files[] = {wish->perfetto, wish->timeline, wish->folded};
    int count = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        count += files[i] && !strcmp(files[i], "-");
    return count;
}

static int export_arguments(struct export_wish *wish, const char **path, int argc, char **argv)
{
    for (int i = 1, took; i < argc; i += took)
        if ((took = export_argument(wish, path, argc - i, &argv[i])) < 0)
            return COMMAND_MISUSED;
    if (!*path)
        return command_misused("weft trace", &trace_export, "of which recording?");
    if (!wish->perfetto && !wish->timeline && !wish->folded && !wish->csv)
        return command_misused("weft trace", &trace_export, "into which form?");
    if (export_to_output(wish) > 1)
        return command_misused("weft trace", &trace_export, "one form goes to standard output, not several");
    if (wish->to_s > 0 && wish->csv)
        return command_misused("weft trace", &trace_export, "--csv is of the whole recording, not --between");
    return 0;
}

/* ---- run ---- */

static int export_read(struct export_run *run, const char *path)
{
    struct recording_facts facts;
    struct view view;
    char text[4096 + 512];
    if (recording_read(path, &(struct recording_reader){run, export_run_event, export_run_gap}, &facts, text,
                       sizeof text)) {
        fprintf(stderr, "weft trace export: %s\n", text);
        return COMMAND_FAILED;
    }
    if (facts.cut)
        fprintf(stderr, "weft trace export: CUT OFF: %s\n", text);
    view_init(&view, path, &run->analysis);
    const int failed = export_write(&run->export, &view);
    view_fini(&view);
    if (failed)
        fprintf(stderr, "weft trace export: %s\n", run->export.text);
    return failed ? COMMAND_FAILED : 0;
}

static int export_run(int argc, char **argv)
{
    struct export_wish wish = {0};
    const char *path = NULL;
    struct export_run run;
    int code = export_arguments(&wish, &path, argc, argv);
    if (code)
        return code;
    analysis_init(&run.analysis);
    if (export_open(&run.export, &wish)) {
        fprintf(stderr, "weft trace export: %s\n", run.export.text);
        code = COMMAND_FAILED;
    } else {
        code = export_read(&run, path);
    }
    export_close(&run.export);
    analysis_fini(&run.analysis);
    return code;
}

const struct command trace_export = {
    "export",
    "DIR [--perfetto FILE] [--timeline FILE] [--folded FILE [--weight=busy|wait]] [--csv FOLDER] [--between SECONDS "
    "SECONDS]",
    "the recording for other programs: a trace for Perfetto, a picture, flame graphs, tables; FILE may be -",
    export_run,
};
