/* SPDX-License-Identifier: MIT */
/* `weft trace events`: one line per event, with the names that the recording has told by then. */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/trace/model/model.h"
#include "cli/trace/recording.h"
#include "cli/trace/schema.h"
#include "cli/trace/trace.h"

enum { NAME_SIZE = 160 };

struct events {
    struct model model;
    const char *only; /* a pattern for names of events, or NULL */
    uint64_t head;    /* lines to print yet */
    int64_t last_ns;  /* of the line before */
};

static void events_name(const char *name)
{
    char clean[NAME_SIZE];
    printf("(%s)", text_clean(clean, sizeof clean, name));
}

/* In quotes: a name can end neither them nor the line. */
static void events_text(const char *text)
{
    char clean[NAME_SIZE];
    putchar('"');
    for (const char *c = text_clean(clean, sizeof clean, text); *c; c++) {
        if (*c == '"' || *c == '\\')
            putchar('\\');
        putchar(*c);
    }
    putchar('"');
}

/* " task=17(order intake)", " source=STOLEN", " name="…"" */
static void events_field(const struct events *events, const struct event *event, const struct schema_field *field)
{
    const char *text;
    uint64_t number = schema_get(event, field, &text);
    const char *label = schema_label(field->type, number);
    printf(" %s=", field->name);
    if (field->type == SCHEMA_str) {
        events_text(text);
    } else if (label) {
        fputs(label, stdout);
    } else if (field->type == SCHEMA_s32) {
        printf("%" PRId64, (int64_t)number);
    } else if (number == WEFT_TRACE_NO_WORKER && field->type == SCHEMA_u16) {
        putchar('-');
    } else {
        printf("%" PRIu64, number);
    }
    if (!strcmp(field->name, "task") || !strcmp(field->name, "by") || !strcmp(field->name, "parent")) {
        const char *name = field->type == SCHEMA_u64 ? model_task_name(&events->model, event->process, number) : NULL;
        if (name)
            events_name(name);
    } else if (!strcmp(field->name, "chan")) {
        const struct process *process = model_process(&events->model, event->process);
        const struct channel *channel = process ? channels_find(&process->channels, number) : NULL;
        if (channel && channel->name)
            events_name(channel->name);
    }
}

static void events_line(struct events *events, const struct event *event)
{
    const struct schema_event *row = &schema_events[event->kind];
    int64_t since = event->ns - events->model.begin_ns;
    printf("%" PRId64 ".%09" PRId64 " +%" PRId64 " ", since / 1000000000, since % 1000000000,
           event->ns - events->last_ns);
    if (event->process)
        printf("%" PRIu64 " ", event->process);
    fputs(row->name, stdout);
    for (uint32_t i = 0; i < row->fields; i++)
        events_field(events, event, &row->field[i]);
    putchar('\n');
    events->last_ns = event->ns;
}

static bool events_take(void *context, const struct event *event)
{
    struct events *events = context;
    bool ends = event->kind == WEFT_TRACE_task_end || event->kind == WEFT_TRACE_chan_end;
    bool wanted = !events->only || !fnmatch(events->only, schema_events[event->kind].name, 0);
    if (!events->model.events)
        events->last_ns = events->model.begin_ns = event->ns;
    if (!ends) /* a definition names what its own line speaks of; an end forgets it */
        model_event(&events->model, event);
    if (wanted && events->head) {
        events_line(events, event);
        events->head--;
    }
    if (ends)
        model_event(&events->model, event);
    return events->head && !ferror(stdout);
}

static void events_gap(void *context, const struct event_gap *gap)
{
    struct events *events = context;
    model_gap(&events->model, gap);
    if (gap->counted && gap->count <= INT64_MAX)
        printf("-- %" PRIu64 " %s lost --\n", gap->count, gap->packets ? "packets" : "events");
    else
        puts("-- lost: nobody knows how much --");
}

static int events_run(int argc, char **argv)
{
    struct events events = {.head = UINT64_MAX};
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--only") && i + 1 < argc) {
            events.only = argv[++i];
        } else if (!strcmp(argv[i], "--head") && i + 1 < argc) {
            char *end;
            errno = 0;
            events.head = strtoull(argv[++i], &end, 10);
            if (errno || *end || end == argv[i] || argv[i][0] == '-')
                return command_misused("weft trace", &trace_events, "--head takes a number, not '%s'", argv[i]);
        } else if (argv[i][0] == '-' || path) {
            return command_misused("weft trace", &trace_events, "what is '%s'?", argv[i]);
        } else {
            path = argv[i];
        }
    }
    if (!path)
        return command_misused("weft trace", &trace_events, "of which recording?");

    struct recording_facts facts;
    char text[4096 + 512];
    model_init(&events.model);
    int failed =
        recording_read(path, &(struct recording_reader){&events, events_take, events_gap}, &facts, text, sizeof text);
    if (failed || facts.cut)
        fprintf(stderr, "weft trace events: %s%s\n", facts.cut ? "CUT OFF: " : "", text);
    model_fini(&events.model);
    return failed ? COMMAND_FAILED : 0;
}

const struct command trace_events = {
    "events",
    "DIR [--head N] [--only PATTERN]",
    "one line per event: seconds since the first, nanoseconds since the line before, what happened",
    events_run,
};
