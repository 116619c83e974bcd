/* SPDX-License-Identifier: MIT */
/*
 * See perfetto.h. A span is known when it has ended, so events of one track come in the order of their time, and those
 * of different tracks do not; the format allows it and every reader sorts. Lines end where an event does.
 *
 * Arrows begin and end within polls (`bp` is "e", the enclosing slice), and both ends are written with the poll that
 * the arrow leads to: no arrow is left hanging.
 */
#include "cli/trace/export/perfetto.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <weft/version.h>

#include "cli/memory.h"
#include "cli/trace/schema.h"

enum { PERFETTO_NAME = 192, PERFETTO_EVENT_DEPTH = 3 };

#define PERFETTO_AWAKE  INT64_MIN       /* for the time at which a worker went to sleep */
#define PERFETTO_UNSEEN (INT64_MIN + 1) /* it has no track */

struct perfetto_process {
    uint64_t id;
    struct map tasks; /* that have a track → their name */
    int64_t *rests;   /* by worker: since when it sleeps, or PERFETTO_AWAKE, or PERFETTO_UNSEEN */
    uint32_t workers; /* that have a track are below this */
    uint32_t runnable;
    uint32_t awake;
    bool counted;
    bool named;
};

void perfetto_init(struct perfetto *perfetto, const struct spans *spans, FILE *out)
{
    *perfetto = (struct perfetto){.json = {.out = out, .line_from = PERFETTO_EVENT_DEPTH}, .spans = spans};
}

void perfetto_fini(struct perfetto *perfetto)
{
    struct perfetto_process *process;
    char *name;
    for (size_t at = 0; (process = map_next(&perfetto->processes, &at));) {
        for (size_t of = 0; (name = map_next(&process->tasks, &of));)
            free(name);
        map_fini(&process->tasks);
        free(process->rests);
        free(process);
    }
    map_fini(&perfetto->processes);
}

/* ---- events ---- */

static void perfetto_begin_file(struct perfetto *perfetto, int64_t ns)
{
    struct json *json = &perfetto->json;
    if (json->depth)
        return;
    perfetto->begin_ns = perfetto->last_ns = ns;
    json_open(json, NULL, '{');
    json_text(json, "displayTimeUnit", "ns");
    json_open(json, "otherData", '{');
    json_text(json, "writer", "weft " WEFT_VERSION);
    json_integer(json, "begin_ns", ns);
    json_close(json, '}');
    json_open(json, "traceEvents", '[');
}

/* Process 0 is one that the recording does not tell: the readers take 0 for the kernel's. */
static uint64_t perfetto_pid(uint64_t process)
{
    return process ? process : 1;
}

static void perfetto_open(struct perfetto *perfetto, const char *phase, const char *category, const char *name,
                          uint64_t process, int64_t ns)
{
    struct json *json = &perfetto->json;
    json_open(json, NULL, '{');
    json_text(json, "ph", phase);
    if (category)
        json_text(json, "cat", category);
    json_text(json, "name", name);
    json_count(json, "pid", perfetto_pid(process));
    json_micros(json, "ts", ns - perfetto->begin_ns);
}

static void perfetto_close(struct perfetto *perfetto)
{
    json_close(&perfetto->json, '}');
}

static void perfetto_close_arguments(struct perfetto *perfetto)
{
    json_close(&perfetto->json, '}');
    json_close(&perfetto->json, '}');
}

static void perfetto_thread(struct perfetto *perfetto, uint16_t worker)
{
    json_count(&perfetto->json, "tid", worker + 1u); /* 0 is not a thread */
}

static void perfetto_call(struct perfetto *perfetto, const char *what, uint64_t process, int worker, const char *name)
{
    struct json *json = &perfetto->json;
    json_open(json, NULL, '{');
    json_text(json, "ph", "M");
    json_text(json, "name", what);
    json_count(json, "pid", perfetto_pid(process));
    if (worker >= 0)
        perfetto_thread(perfetto, (uint16_t)worker);
    json_open(json, "args", '{');
    json_text(json, "name", name);
    perfetto_close_arguments(perfetto);
}

static struct perfetto_process *perfetto_process(struct perfetto *perfetto, uint64_t id)
{
    struct perfetto_process *process = map_get(&perfetto->processes, id);
    if (!process) {
        process = memory_zeroed(1, sizeof *process);
        process->id = id;
        map_put(&perfetto->processes, id, process);
    }
    return process;
}

static void perfetto_need_worker(struct perfetto *perfetto, struct perfetto_process *process, uint16_t worker)
{
    char name[32];
    if (worker == WEFT_TRACE_NO_WORKER)
        return;
    if (worker >= process->workers) {
        process->rests = memory_resize(process->rests, worker + 1u, sizeof *process->rests);
        for (uint32_t i = process->workers; i <= worker; i++)
            process->rests[i] = PERFETTO_UNSEEN;
        process->workers = worker + 1u;
    }
    if (process->rests[worker] != PERFETTO_UNSEEN)
        return;
    snprintf(name, sizeof name, "worker %" PRIu16, worker);
    perfetto_call(perfetto, "thread_name", process->id, worker, name);
    process->rests[worker] = PERFETTO_AWAKE;
}

/* For how long it slept, if it does, is not known. */
static void perfetto_wake(struct perfetto_process *process, uint32_t worker)
{
    if (worker < process->workers && process->rests[worker] != PERFETTO_UNSEEN)
        process->rests[worker] = PERFETTO_AWAKE;
}

/* ---- tasks ---- */

static void perfetto_async(struct perfetto *perfetto, const char *phase, const char *name, uint64_t process,
                           uint64_t task, int64_t ns)
{
    char id[32];
    snprintf(id, sizeof id, "0x%" PRIx64, task);
    perfetto_open(perfetto, phase, "task", name, process, ns);
    json_open(&perfetto->json, "id2", '{'); /* numbers of tasks are of their process */
    json_text(&perfetto->json, "local", id);
    json_close(&perfetto->json, '}');
}

/* The track of a task begins with what is known of it first. */
static void perfetto_need_task(struct perfetto *perfetto, const struct analysis *analysis, uint64_t process,
                               uint64_t task, uint32_t profile, int64_t ns)
{
    struct perfetto_process *of = perfetto_process(perfetto, process);
    if (map_get(&of->tasks, task))
        return;
    const struct profile *kind = profiles_at(&analysis->profiles, profile);
    const char *name = span_name(analysis, profile);
    char where[PERFETTO_NAME];
    map_put(&of->tasks, task, memory_text(name));
    perfetto_async(perfetto, "b", name, process, task, ns);
    json_open(&perfetto->json, "args", '{');
    json_count(&perfetto->json, "task", task);
    if (kind) {
        lint_place(analysis, kind, where, sizeof where);
        json_text(&perfetto->json, "site", where);
    }
    perfetto_close_arguments(perfetto);
}

static void perfetto_end_task(struct perfetto *perfetto, uint64_t process, uint64_t task, int64_t ns)
{
    struct perfetto_process *of = perfetto_process(perfetto, process);
    char *name = map_remove(&of->tasks, task);
    if (!name)
        return;
    perfetto_async(perfetto, "e", name, process, task, ns);
    perfetto_close(perfetto);
    free(name);
}

/* ---- spans ---- */

static const char *perfetto_outcome(const struct span *span)
{
    const char *label = span->lost                     ? "not told: events are missing"
                        : span->result == SPAN_UNENDED ? "still running"
                                                       : schema_label(SCHEMA_poll_result, span->result);
    return label ? label : "?";
}

static void perfetto_arrow(struct perfetto *perfetto, const struct span *span)
{
    if (span->wake.worker == SPAN_NOWHERE || span->worker == WEFT_TRACE_NO_WORKER)
        return;
    const char *cause = page_cause(span->wake.cause);
    perfetto->flows++;
    perfetto_open(perfetto, "s", "wake", cause, span->process, span->wake.ns);
    perfetto_thread(perfetto, span->wake.worker);
    json_count(&perfetto->json, "id", perfetto->flows);
    perfetto_close(perfetto);
    perfetto_open(perfetto, "f", "wake", cause, span->process, span->begin_ns);
    perfetto_thread(perfetto, span->worker);
    json_count(&perfetto->json, "id", perfetto->flows);
    json_text(&perfetto->json, "bp", "e");
    perfetto_close(perfetto);
}

static void perfetto_poll(struct perfetto *perfetto, const struct analysis *analysis, const struct span *span)
{
    struct json *json = &perfetto->json;
    const char *source = schema_label(SCHEMA_poll_source, span->source);
    char where[PERFETTO_NAME];
    perfetto_need_worker(perfetto, perfetto_process(perfetto, span->process), span->worker);
    perfetto_open(perfetto, "X", "poll", span_name(analysis, span->profile), span->process, span->begin_ns);
    perfetto_thread(perfetto, span->worker);
    json_micros(json, "dur", span->end_ns - span->begin_ns);
    json_open(json, "args", '{');
    json_count(json, "task", span->task);
    lint_stretch(analysis, profiles_at(&analysis->profiles, span->profile), span->from_line, span->to_line, where,
                 sizeof where);
    json_text(json, "code", where);
    json_text(json, "outcome", perfetto_outcome(span));
    json_text(json, "taken from", source ? source : "?");
    if (span->wake.cause != SPAN_UNTOLD)
        json_text(json, "runnable by", page_cause(span->wake.cause));
    perfetto_close_arguments(perfetto);
    perfetto_arrow(perfetto, span);
}

static void perfetto_span(void *context, const struct analysis *analysis, const struct span *span)
{
    struct perfetto *perfetto = context;
    char object[PERFETTO_NAME], name[PERFETTO_NAME + 16];
    perfetto_begin_file(perfetto, analysis->model.begin_ns);
    perfetto_need_task(perfetto, analysis, span->process, span->task, span->profile, span->begin_ns);
    if (span->what == SPAN_RUN)
        perfetto_poll(perfetto, analysis, span);
    if (span->what == SPAN_RUN)
        snprintf(name, sizeof name, "running");
    else if (span->what == SPAN_READY)
        snprintf(name, sizeof name, "ready");
    else
        snprintf(name, sizeof name, "waits for %s",
                 span_wake_text(analysis, span->process, &span->wake, object, sizeof object));
    perfetto_async(perfetto, "b", name, span->process, span->task, span->begin_ns);
    if (span->from_line && span->what == SPAN_WAIT) {
        json_open(&perfetto->json, "args", '{');
        json_count(&perfetto->json, "line", span->from_line);
        json_close(&perfetto->json, '}');
    }
    perfetto_close(perfetto);
    perfetto_async(perfetto, "e", name, span->process, span->task, span->end_ns);
    perfetto_close(perfetto);
}

/* ---- counters ---- */

static void perfetto_count(struct perfetto *perfetto, const char *name, uint64_t id, const char *key, uint64_t process,
                           int64_t ns, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, id);
    perfetto_open(perfetto, "C", NULL, name, process, ns);
    if (id)
        json_text(&perfetto->json, "id", text);
    json_open(&perfetto->json, "args", '{');
    json_count(&perfetto->json, key, value);
    perfetto_close_arguments(perfetto);
}

static void perfetto_depth(struct perfetto *perfetto, const struct analysis *analysis, const struct event *event,
                           uint64_t id, uint64_t depth)
{
    const struct process *process = model_process(&analysis->model, event->process);
    const struct channel *channel = process ? channels_find(&process->channels, id) : NULL;
    char name[PERFETTO_NAME];
    snprintf(name, sizeof name, "channel %s", channel && channel->name ? channel->name : "(not told)");
    perfetto_count(perfetto, name, id, "depth", event->process, event->ns, depth);
}

/* How many wait for a worker, and how many workers do not sleep, whenever it changes. */
static void perfetto_load(struct perfetto *perfetto, const struct analysis *analysis, const struct event *event)
{
    const struct machine *machine = map_get(&analysis->machines, event->process);
    struct perfetto_process *process = perfetto_process(perfetto, event->process);
    if (!machine)
        return;
    const uint32_t awake = machine->lanes.seen - machine->lanes.parked;
    if (!process->counted || machine->lanes.runnable != process->runnable)
        perfetto_count(perfetto, "runnable tasks", 0, "tasks", event->process, event->ns, machine->lanes.runnable);
    if (!process->counted || awake != process->awake)
        perfetto_count(perfetto, "workers awake", 0, "workers", event->process, event->ns, awake);
    process->counted = true;
    process->runnable = machine->lanes.runnable;
    process->awake = awake;
}

/* ---- moments ---- */

/* `scope`: "t" of a worker, "p" of a process, "g" of the recording. The arguments are open. */
static void perfetto_moment(struct perfetto *perfetto, const char *category, const char *name, const char *scope,
                            uint64_t process, int64_t ns)
{
    perfetto_open(perfetto, "i", category, name, process, ns);
    json_text(&perfetto->json, "s", scope);
}

static void perfetto_stall(struct perfetto *perfetto, const struct analysis *analysis, const struct event *event)
{
    const struct machine *machine = map_get(&analysis->machines, event->process);
    const struct life *life = machine ? life_find(machine, event->stall.task) : NULL;
    struct json *json = &perfetto->json;
    perfetto_need_worker(perfetto, perfetto_process(perfetto, event->process), event->stall.worker);
    perfetto_moment(perfetto, "stall", "stall", "t", event->process, event->ns);
    perfetto_thread(perfetto, event->stall.worker);
    json_open(json, "args", '{');
    json_count(json, "task", event->stall.task);
    json_text(json, "name", span_name(analysis, life ? life->profile->number : 0));
    json_count(json, "poll_ns", event->stall.poll_ns);
    json_text(json, "function", event->stall.function);
    json_text(json, "file", event->stall.file);
    json_count(json, "line", event->stall.line);
    perfetto_close_arguments(perfetto);
}

static void perfetto_health(struct perfetto *perfetto, const struct analysis *analysis, const struct event *event)
{
    const struct process *process = model_process(&analysis->model, event->process);
    const struct channel *channel = process ? channels_find(&process->channels, event->chan_health.chan) : NULL;
    const char *now = schema_label(SCHEMA_health, event->chan_health.now);
    char name[PERFETTO_NAME];
    snprintf(name, sizeof name, "channel %s: %s", channel && channel->name ? channel->name : "(not told)",
             now ? now : "?");
    perfetto_moment(perfetto, "health", name, "p", event->process, event->ns);
    json_open(&perfetto->json, "args", '{');
    json_count(&perfetto->json, "saturation_permille", event->chan_health.saturation_permille);
    perfetto_close_arguments(perfetto);
}

static void perfetto_gap(void *context, const struct event_gap *gap)
{
    struct perfetto *perfetto = context;
    struct perfetto_process *process;
    for (size_t at = 0; (process = map_next(&perfetto->processes, &at));)
        for (uint32_t i = 0; i < process->workers; i++)
            perfetto_wake(process, i);
    if (!perfetto->json.depth)
        return;
    const int64_t ns = gap->begin_ns > perfetto->begin_ns ? gap->begin_ns : perfetto->last_ns;
    if (ns < perfetto->spans->from_ns || ns > perfetto->spans->to_ns)
        return;
    perfetto_moment(perfetto, "lost", gap->packets ? "packets lost" : "events lost", "g", 0, ns);
    json_open(&perfetto->json, "args", '{');
    if (gap->counted && gap->count <= INT64_MAX)
        json_count(&perfetto->json, "count", gap->count);
    perfetto_close_arguments(perfetto);
}

/* ---- what happens ---- */

static void perfetto_rest(struct perfetto *perfetto, const struct event *event, uint16_t worker, bool begins)
{
    struct perfetto_process *process = perfetto_process(perfetto, event->process);
    if (worker == WEFT_TRACE_NO_WORKER)
        return;
    perfetto_need_worker(perfetto, process, worker);
    const int64_t since = process->rests[worker];
    process->rests[worker] = begins ? event->ns : PERFETTO_AWAKE;
    if (begins || since == PERFETTO_AWAKE)
        return;
    perfetto_open(perfetto, "X", "worker", "asleep", event->process, since);
    perfetto_thread(perfetto, worker);
    json_micros(&perfetto->json, "dur", event->ns - since);
    perfetto_close(perfetto);
}

static void perfetto_event(void *context, const struct analysis *analysis, const struct event *event)
{
    struct perfetto *perfetto = context;
    perfetto_begin_file(perfetto, analysis->model.begin_ns);
    perfetto->last_ns = event->ns;
    const struct machine *machine = map_get(&analysis->machines, event->process);
    const struct life *life = NULL;
    switch (event->kind) {
    case WEFT_TRACE_runtime_start:
        if (!perfetto_process(perfetto, event->process)->named)
            perfetto_call(perfetto, "process_name", event->process, -1, event->runtime_start.name);
        perfetto_process(perfetto, event->process)->named = true; /* by the first of several runtimes */
        break;
    case WEFT_TRACE_thread_start:
        if (event->thread_start.kind == WEFT_TRACE_thread_kind_WORKER)
            perfetto_need_worker(perfetto, perfetto_process(perfetto, event->process), event->thread_start.worker);
        break;
    case WEFT_TRACE_task_spawn:
        life = machine ? life_find(machine, event->task_spawn.task) : NULL;
        perfetto_need_task(perfetto, analysis, event->process, event->task_spawn.task, life ? life->profile->number : 0,
                           event->ns);
        break;
    case WEFT_TRACE_task_end:
        perfetto_end_task(perfetto, event->process, event->task_end.task, event->ns);
        break;
    case WEFT_TRACE_poll_start: /* its waking may be missing */
        perfetto_wake(perfetto_process(perfetto, event->process), event->poll_start.worker);
        break;
    case WEFT_TRACE_worker_park:
        perfetto_rest(perfetto, event, event->worker_park.worker, true);
        break;
    case WEFT_TRACE_worker_unpark:
        perfetto_rest(perfetto, event, event->worker_unpark.worker, false);
        break;
    case WEFT_TRACE_chan_send:
        perfetto_depth(perfetto, analysis, event, event->chan_send.chan, event->chan_send.depth);
        break;
    case WEFT_TRACE_chan_recv:
        perfetto_depth(perfetto, analysis, event, event->chan_recv.chan, event->chan_recv.depth);
        break;
    case WEFT_TRACE_statedump_chan:
        perfetto_depth(perfetto, analysis, event, event->statedump_chan.chan, event->statedump_chan.depth);
        break;
    case WEFT_TRACE_chan_end:
        perfetto_depth(perfetto, analysis, event, event->chan_end.chan, 0);
        break;
    case WEFT_TRACE_chan_health:
        perfetto_health(perfetto, analysis, event);
        break;
    case WEFT_TRACE_stall:
        perfetto_stall(perfetto, analysis, event);
        break;
    default:
        break;
    }
    perfetto_load(perfetto, analysis, event);
}

struct span_taker perfetto_taker(struct perfetto *perfetto)
{
    return (struct span_taker){perfetto, perfetto_span, perfetto_event, perfetto_gap};
}

/* ---- the end ---- */

static void perfetto_end_tasks(struct perfetto *perfetto, struct perfetto_process *process, int64_t ns)
{
    const struct map tasks = process->tasks;
    process->tasks = (struct map){0};
    for (size_t i = 0; i < tasks.size; i++) {
        char *name = tasks.entries[i].value;
        if (!name)
            continue;
        perfetto_async(perfetto, "e", name, process->id, tasks.entries[i].key, ns);
        perfetto_close(perfetto);
        free(name);
    }
    free(tasks.entries);
}

/* A finding without a moment is of the whole recording, and stands at its end. */
static void perfetto_finding(struct perfetto *perfetto, const struct finding *finding, int64_t end_ns)
{
    struct json *json = &perfetto->json;
    const int64_t ns = finding->at_ns > perfetto->begin_ns && finding->at_ns <= end_ns ? finding->at_ns : end_ns;
    if (ns < perfetto->spans->from_ns || ns > perfetto->spans->to_ns)
        return;
    perfetto_moment(perfetto, "lint", lint_id(finding->lint), "g", 0, ns);
    json_open(json, "args", '{');
    json_text(json, "severity", severity_name(finding->severity));
    json_text(json, "subject", finding->subject);
    json_text(json, "what", finding->what);
    if (finding->where[0])
        json_text(json, "where", finding->where);
    json_text(json, "advice", finding->advice);
    perfetto_close_arguments(perfetto);
}

void perfetto_finish(struct perfetto *perfetto, const struct view *view)
{
    const struct model *model = &view->analysis->model;
    const int64_t end = model->end_ns < perfetto->spans->to_ns ? model->end_ns : perfetto->spans->to_ns;
    struct perfetto_process *process;
    perfetto_begin_file(perfetto, model->begin_ns);
    for (size_t at = 0; (process = map_next(&perfetto->processes, &at));)
        perfetto_end_tasks(perfetto, process, end);
    for (size_t i = 0; i < view->findings.count; i++)
        perfetto_finding(perfetto, &view->findings.list[i], end);
    json_close(&perfetto->json, ']');
    json_close(&perfetto->json, '}');
}
