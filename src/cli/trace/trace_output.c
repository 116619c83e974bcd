/* SPDX-License-Identifier: MIT */
/* See trace_output.h. */
#include "cli/trace/trace_output.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/outfile.h"

enum { OUTPUT_ROWS = 25 };

/* How many arguments it takes, 0: it is none of these, -1: misused, and said. */
static int output_option(struct output *output, const struct command *command, int left, char **argv)
{
    if (!strcmp(argv[0], "--text"))
        output->print = doc_print_text;
    else if (!strcmp(argv[0], "--markdown"))
        output->print = doc_print_markdown;
    else if (!strcmp(argv[0], "--json"))
        output->print = doc_print_json;
    else if (!strcmp(argv[0], "--all"))
        output->rows = SIZE_MAX;
    else if (!strcmp(argv[0], "--html") && left < 2)
        return command_misused("weft trace", command, "--html takes the file to write"), -1;
    else if (!strcmp(argv[0], "--html"))
        return output->html = argv[1], 2;
    else
        return 0;
    return 1;
}

int output_arguments(struct output *output, const struct command *command, int recordings, int argc, char **argv,
                     int (*own)(void *context, int left, char **argv), void *context)
{
    *output = (struct output){.print = doc_print_text, .rows = OUTPUT_ROWS};
    for (int i = 1; i < argc;) {
        int took = output_option(output, command, argc - i, &argv[i]);
        if (!took && own && argv[i][0] == '-')
            took = own(context, argc - i, &argv[i]);
        if (took < 0)
            return COMMAND_MISUSED;
        i += took;
        if (took)
            continue;
        if (argv[i][0] == '-' || (output->path && (recordings == 1 || output->second)))
            return command_misused("weft trace", command, "what is '%s'?", argv[i]);
        if (output->path)
            output->second = argv[i++];
        else
            output->path = argv[i++];
    }
    if (!output->path || (recordings == 2 && !output->second))
        return command_misused("weft trace", command,
                               recordings == 2 ? "of which two recordings?" : "of which recording?");
    return 0;
}

void output_begin(const struct output *output, const struct command *command, struct doc *doc)
{
    char title[2 * 4096 + 64];
    if (output->second)
        snprintf(title, sizeof title, "%s of %s and %s", command->name, output->path, output->second);
    else
        snprintf(title, sizeof title, "%s of %s", command->name, output->path);
    doc_init(doc, title);
    doc->rows = output->rows;
}

int output_write(const struct output *output, const struct doc *doc, const struct command *command)
{
    if (!output->html) {
        output->print(doc, stdout);
        return 0;
    }
    struct outfile out;
    int error = outfile_open(&out, output->html);
    if (!error) {
        doc_print_html(doc, out.file);
        error = outfile_commit(&out);
    }
    if (!error)
        return 0;
    fprintf(stderr, "weft trace %s: %s: %s\n", command->name, output->html, strerror(-error));
    return COMMAND_FAILED;
}

/* ---- reading ---- */

struct output_reader {
    struct analysis *analysis;
    void (*also)(void *context, const struct analysis *analysis, const struct event *event);
    void *context;
};

static bool output_event(void *context, const struct event *event)
{
    const struct output_reader *reader = context;
    if (reader->also && event->kind == WEFT_TRACE_task_end) /* what it was is forgotten with it */
        reader->also(reader->context, reader->analysis, event);
    analysis_event(reader->analysis, event);
    if (reader->also && event->kind != WEFT_TRACE_task_end)
        reader->also(reader->context, reader->analysis, event);
    return true;
}

static void output_gap(void *context, const struct event_gap *gap)
{
    const struct output_reader *reader = context;
    analysis_gap(reader->analysis, gap);
}

int output_read(const char *path, const struct command *command, struct analysis *analysis, struct view *view,
                void (*also)(void *context, const struct analysis *analysis, const struct event *event), void *context)
{
    struct recording_facts facts;
    char text[4096 + 512];
    struct output_reader reader = {analysis, also, context};
    analysis_init(analysis);
    if (recording_read(path, &(struct recording_reader){&reader, output_event, output_gap}, &facts, text,
                       sizeof text)) {
        fprintf(stderr, "weft trace %s: %s\n", command->name, text);
        analysis_fini(analysis);
        return COMMAND_FAILED;
    }
    view_init(view, path, analysis);
    view->foreign = facts.foreign;
    view->unknown = facts.unknown;
    if (facts.cut)
        snprintf(view->cut, sizeof view->cut, "%.*s", (int)sizeof view->cut - 1, text);
    return 0;
}
