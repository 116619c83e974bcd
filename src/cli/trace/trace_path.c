/* SPDX-License-Identifier: MIT */
/*
 * `weft trace path`: reads the recording twice. First to find the task and the window: the one with this number, the
 * slowest of a name, or the task of an event; then to keep what happened in the window.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trace/page/page_path.h"
#include "cli/trace/schema.h"
#include "cli/trace/trace.h"
#include "cli/trace/trace_output.h"

struct search {
    uint64_t task;    /* that is wanted, 0: any of the name */
    const char *name; /* NULL: any */
    double from_s;    /* of --between, below 0: not asked for */
    double to_s;
    struct model model;
    struct map born; /* task → its spawn, 1 + nanoseconds since the beginning, as a pointer */
    /* what was found */
    uint64_t found;
    uint64_t process;
    int64_t begin_ns;
    int64_t end_ns;
    char found_name[128];
};

static int search_number(const char *text, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    return errno || *end || end == text || *out < 0 ? -1 : 0;
}

static int search_option(void *context, int left, char **argv)
{
    struct search *search = context;
    char *end;
    if (!strcmp(argv[0], "--name") && left > 1) {
        search->name = argv[1];
        return 2;
    }
    if (!strcmp(argv[0], "--task") && left > 1) {
        search->task = strtoull(argv[1], &end, 10);
        return *end || !search->task
                   ? (command_misused("weft trace", &trace_path, "--task takes a number, not '%s'", argv[1]), -1)
                   : 2;
    }
    if (!strcmp(argv[0], "--between") && left > 2) {
        if (search_number(argv[1], &search->from_s) || search_number(argv[2], &search->to_s) ||
            search->from_s >= search->to_s) {
            command_misused("weft trace", &trace_path, "--between takes two times in seconds, the earlier first");
            return -1;
        }
        return 3;
    }
    return 0;
}

static uint64_t search_key(const struct event *event, uint64_t task)
{
    return task ^ event->process << 40;
}

static void search_take(struct search *search, const struct event *event, uint64_t task, int64_t begin_ns)
{
    const char *name = model_task_name(&search->model, event->process, task);
    search->found = task;
    search->process = event->process;
    search->begin_ns = begin_ns;
    search->end_ns = event->ns;
    snprintf(search->found_name, sizeof search->found_name, "%s", name ? name : "");
}

/* A task ends: is it the one, or slower than the slowest of the name so far? */
static void search_end(struct search *search, const struct event *event)
{
    const uint64_t task = event->task_end.task;
    const void *born = map_remove(&search->born, search_key(event, task));
    const char *name = model_task_name(&search->model, event->process, task);
    const int64_t begin = search->model.begin_ns + (born ? (int64_t)(uintptr_t)born - 1 : 0);
    if (search->task ? task != search->task : !born || !name || strcmp(name, search->name) != 0)
        return;
    if (!search->found || event->ns - begin > search->end_ns - search->begin_ns)
        search_take(search, event, task, begin);
}

/* The task that an event is about, 0: none. */
static uint64_t search_task_of(const struct event *event)
{
    const struct schema_event *row = &schema_events[event->kind];
    const char *text;
    for (uint32_t i = 0; i < row->fields; i++)
        if (!strcmp(row->field[i].name, "task"))
            return schema_get(event, &row->field[i], &text);
    return 0;
}

static bool search_event(void *context, const struct event *event)
{
    struct search *search = context;
    if (event->kind != WEFT_TRACE_task_end)
        model_event(&search->model, event);
    const int64_t since = event->ns - search->model.begin_ns;
    if (search->from_s >= 0) {
        const uint64_t task = search_task_of(event);
        if (task && (double)since / 1e9 >= search->to_s - 1e-9) {
            search_take(search, event, task, search->model.begin_ns + (int64_t)(search->from_s * 1e9));
            return false;
        }
    } else if (event->kind == WEFT_TRACE_task_spawn) {
        map_put(&search->born, search_key(event, event->task_spawn.task), (void *)(uintptr_t)(since + 1));
    } else if (event->kind == WEFT_TRACE_task_end) {
        search_end(search, event);
    }
    if (event->kind == WEFT_TRACE_task_end)
        model_event(&search->model, event);
    return !search->task || !search->found;
}

static int search_run(struct search *search, const char *path)
{
    struct recording_facts facts;
    char text[4096 + 512];
    model_init(&search->model);
    int failed =
        recording_read(path, &(struct recording_reader){search, search_event, NULL}, &facts, text, sizeof text);
    if (!failed && !search->found && search->task &&
        search->model.events) { /* it had not ended: until the last event */
        const struct event last = {.ns = search->model.end_ns};
        struct process *process;
        for (size_t at = 0; !search->found && (process = map_next(&search->model.processes, &at));)
            if (tasks_find(&process->tasks, search->task)) {
                const struct event of = {.ns = last.ns, .process = process->id};
                const void *born = map_get(&search->born, search_key(&of, search->task));
                search_take(search, &of, search->task,
                            search->model.begin_ns + (born ? (int64_t)(uintptr_t)born - 1 : 0));
            }
    }
    if (failed)
        fprintf(stderr, "weft trace path: %s\n", text);
    else if (!search->found)
        fprintf(stderr, "weft trace path: %s: %s\n", path,
                search->from_s >= 0 ? "no event of a task at or after the second time"
                : search->task      ? "there is no such task"
                                    : "no task of that name was born and has ended in it");
    map_fini(&search->born);
    model_fini(&search->model);
    return failed || !search->found ? COMMAND_FAILED : 0;
}

static void path_also(void *context, const struct analysis *analysis, const struct event *event)
{
    path_event(context, analysis, event);
}

static int path_run(int argc, char **argv)
{
    struct search search = {.from_s = -1};
    struct output output;
    struct analysis analysis;
    struct view view;
    struct path path;
    struct doc doc;
    char what[512];
    int code = output_arguments(&output, &trace_path, 1, argc, argv, search_option, &search);
    if (code)
        return code;
    if (!search.task && !search.name && search.from_s < 0)
        return command_misused("weft trace", &trace_path, "the path of which task, or between which times?");
    code = search_run(&search, output.path);
    if (code)
        return code;
    path_init(&path, search.process, search.found, search.begin_ns, search.end_ns);
    code = output_read(output.path, &trace_path, &analysis, &view, path_also, &path);
    if (!code) {
        path_walk(&path, search.found);
        snprintf(what, sizeof what, "task %" PRIu64 " (%s), %s", search.found,
                 search.found_name[0] ? search.found_name : "not told",
                 search.from_s >= 0 ? "between the two times"
                 : search.task      ? "from its birth to its end"
                                    : "the slowest of its name, from its birth to its end");
        output_begin(&output, &trace_path, &doc);
        page_recording(&view, &doc);
        page_path(&view, &doc, &path, what);
        code = output_write(&output, &doc, &trace_path);
        doc_fini(&doc);
        view_fini(&view);
        analysis_fini(&analysis);
    }
    path_fini(&path);
    return code;
}

const struct command trace_path = {
    "path",
    "DIR (--name NAME | --task ID | --between SECONDS SECONDS) " OUTPUT_ARGUMENTS,
    "what the time of one task went by with: the slowest of a name, one by its number, or up to an event",
    path_run,
};
