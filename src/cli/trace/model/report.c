/* SPDX-License-Identifier: MIT */
/*
 * Rows are gathered without looking, one per group and per live object, then sorted by what makes them one row, and
 * neighbours are added up: sites that share a name are one row, and so are channels that do.
 */
#include "cli/trace/model/report.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

#define DEGRADED_AT 0.80 /* the monitor's defaults */
#define CRITICAL_AT 0.95

static int report_order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* A NULL comes last. */
static int report_order_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) : !a - !b;
}

/* ---- tasks ---- */

static void report_add_tasks(struct report *report, const struct process *process, const char *own, uint64_t site,
                             uint32_t category, const struct task_totals *totals)
{
    if ((report->task_count & (report->task_count - 1)) == 0) /* room is a power of two */
        report->tasks =
            memory_resize(report->tasks, report->task_count ? 2 * report->task_count : 1, sizeof *report->tasks);
    report->tasks[report->task_count++] = (struct report_tasks){
        .process = process->id,
        .name = tasks_name_of(&process->tasks, own, site),
        .category = category,
        .totals = *totals,
    };
}

static void report_gather_tasks(struct report *report, const struct process *process)
{
    const struct task_group *group = NULL;
    for (size_t at = 0; (group = tasks_next_group(&process->tasks, &at, group));)
        report_add_tasks(report, process, group->name, group->site, group->category, &group->totals);
    const struct task *task;
    for (size_t at = 0; (task = map_next(&process->tasks.live, &at));)
        report_add_tasks(report, process, task->name, task->site, task->category, &task->totals);
}

static int report_same_tasks(const void *left, const void *right)
{
    const struct report_tasks *a = left, *b = right;
    int order = report_order(a->process, b->process);
    if (!order)
        order = report_order_text(a->name, b->name);
    return order ? order : report_order(a->category, b->category);
}

static int report_busy_tasks(const void *left, const void *right)
{
    const struct report_tasks *a = left, *b = right;
    int order = report_order((uint64_t)b->totals.busy_ns, (uint64_t)a->totals.busy_ns);
    if (!order)
        order = report_order(b->totals.tasks, a->totals.tasks);
    return order ? order : report_same_tasks(left, right);
}

static void report_merge_tasks(struct report *report)
{
    if (!report->task_count)
        return;
    struct report_tasks *rows = report->tasks;
    qsort(rows, report->task_count, sizeof *rows, report_same_tasks);
    size_t last = 0;
    for (size_t i = 1; i < report->task_count; i++)
        if (report_same_tasks(&rows[last], &rows[i]) == 0)
            task_totals_add(&rows[last].totals, &rows[i].totals);
        else
            rows[++last] = rows[i];
    report->task_count = last + 1;
    for (size_t i = 0; i < report->task_count; i++)
        task_totals_add(&report->all_tasks, &rows[i].totals);
    qsort(rows, report->task_count, sizeof *rows, report_busy_tasks);
}

/* ---- channels ---- */

static void report_add_channels(struct report *report, uint64_t process, const char *name, const char *component,
                                uint32_t capacity, const struct channel_totals *totals)
{
    if ((report->channel_count & (report->channel_count - 1)) == 0)
        report->channels = memory_resize(report->channels, report->channel_count ? 2 * report->channel_count : 1,
                                         sizeof *report->channels);
    report->channels[report->channel_count++] = (struct report_channels){
        .process = process,
        .name = name,
        .component = component,
        .capacity = capacity,
        .totals = *totals,
    };
}

static void report_gather_channels(struct report *report, const struct process *process)
{
    const struct channel_group *group = NULL;
    for (size_t at = 0; (group = channels_next_group(&process->channels, &at, group));)
        report_add_channels(report, process->id, group->name, group->component, group->capacity, &group->totals);
    const struct channel *channel;
    for (size_t at = 0; (channel = map_next(&process->channels.live, &at));)
        report_add_channels(report, process->id, channel->name, channel->component, channel->capacity,
                            &channel->totals);
}

static int report_same_channels(const void *left, const void *right)
{
    const struct report_channels *a = left, *b = right;
    int order = report_order(a->process, b->process);
    if (!order)
        order = report_order_text(a->name, b->name);
    if (!order)
        order = report_order_text(a->component, b->component);
    return order ? order : report_order(a->capacity, b->capacity);
}

static void report_judge_channels(struct report_channels *row)
{
    row->saturation = row->capacity ? (double)row->totals.depth_max / row->capacity : -1;
    row->health = row->totals.health;
    row->health_said = row->health != WEFT_TRACE_health_UNKNOWN;
    if (!row->health_said && row->capacity)
        row->health = row->saturation >= CRITICAL_AT   ? WEFT_TRACE_health_CRITICAL
                      : row->saturation >= DEGRADED_AT ? WEFT_TRACE_health_DEGRADED
                                                       : WEFT_TRACE_health_HEALTHY;
}

static void report_merge_channels(struct report *report)
{
    if (!report->channel_count)
        return;
    struct report_channels *rows = report->channels;
    qsort(rows, report->channel_count, sizeof *rows, report_same_channels);
    size_t last = 0;
    for (size_t i = 1; i < report->channel_count; i++)
        if (report_same_channels(&rows[last], &rows[i]) == 0)
            channel_totals_add(&rows[last].totals, &rows[i].totals);
        else
            rows[++last] = rows[i];
    report->channel_count = last + 1;
    for (size_t i = 0; i < report->channel_count; i++) {
        report_judge_channels(&rows[i]);
        channel_totals_add(&report->all_channels, &rows[i].totals);
    }
}

/* ---- workers and the rest ---- */

static void report_gather_workers(struct report *report, const struct model *model, const struct process *process)
{
    const struct workers *workers = &process->workers;
    report->workers = memory_resize(report->workers, report->worker_count + workers->count, sizeof *report->workers);
    for (size_t i = 0; i < workers->count; i++) {
        const struct worker *worker = workers->list[i];
        int64_t end = worker->end_ns == WORKER_CLOSED ? model->end_ns : worker->end_ns;
        int64_t time = end - worker->begin_ns;
        report->workers[report->worker_count++] = (struct report_worker){
            .process = process->id,
            .worker = worker,
            .runtime = worker->announced ? workers_runtime(workers, worker->runtime) : NULL,
            .time_ns = time,
            .busy = time > 0 ? (double)worker->busy_ns / (double)time : 0,
        };
    }
}

static int report_worker_order(const void *left, const void *right)
{
    const struct report_worker *a = left, *b = right;
    int order = report_order(a->process, b->process);
    if (!order)
        order = report_order(a->worker->number, b->worker->number);
    return order ? order : report_order((uint64_t)a->worker->begin_ns, (uint64_t)b->worker->begin_ns);
}

static int report_kind_order(const void *left, const void *right)
{
    const struct report_kind *a = left, *b = right;
    int order = report_order(b->count, a->count);
    return order ? order : report_order(a->kind, b->kind);
}

static void report_gather_kinds(struct report *report, const struct model *model)
{
    report->kinds = memory_zeroed(WEFT_TRACE_EVENTS, sizeof *report->kinds);
    for (uint32_t kind = 0; kind < WEFT_TRACE_EVENTS; kind++)
        if (model->events_of[kind])
            report->kinds[report->kind_count++] = (struct report_kind){kind, model->events_of[kind]};
    qsort(report->kinds, report->kind_count, sizeof *report->kinds, report_kind_order);
}

void report_init(struct report *report, const struct model *model)
{
    *report = (struct report){.process_count = model->processes.count};
    channel_totals_init(&report->all_channels);
    report_gather_kinds(report, model);
    const struct process *process;
    for (size_t at = 0; (process = map_next(&model->processes, &at));) {
        report_gather_tasks(report, process);
        report_gather_channels(report, process);
        report_gather_workers(report, model, process);
        report->announcements += process->announcements;
        report->mixed |= process->workers.mixed;
        report->stalls += process->stalls;
        report->names_folded += process->tasks.names_folded;
        if (process->stalls && (!report->stalled || process->stall_longest.ns > report->stalled->stall_longest.ns))
            report->stalled = process;
    }
    report_merge_tasks(report);
    report_merge_channels(report);
    if (report->worker_count)
        qsort(report->workers, report->worker_count, sizeof *report->workers, report_worker_order);
}

void report_fini(struct report *report)
{
    free(report->kinds);
    free(report->tasks);
    free(report->channels);
    free(report->workers);
}
