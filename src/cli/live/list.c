/* SPDX-License-Identifier: MIT */
/* See list.h. */
#include "cli/live/list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/text.h"

enum { IDLE_LONG_MS = 10000 }; /* a task that has waited for so long is worth a look */

void list_place(char out[LIST_CELL_SIZE], const char *file, uint64_t line)
{
    const char *base = strrchr(file, '/');
    out[0] = '\0';
    if (*file)
        snprintf(out, LIST_CELL_SIZE, "%s:%" PRIu64, base ? base + 1 : file, line);
}

void list_time(char out[LIST_CELL_SIZE], int64_t ns)
{
    char text[TEXT_DURATION_SIZE];
    snprintf(out, LIST_CELL_SIZE, "%s", ns == LIVE_UNKNOWN || ns < 0 ? "-" : text_duration(text, ns));
}

enum grid_style list_status_style(const char *status)
{
    if (!strcmp(status, "healthy"))
        return STYLE_GOOD;
    return !strcmp(status, "critical") ? STYLE_BAD : STYLE_WARN; /* what is unknown is not healthy */
}

/* Where a task waits: the innermost await, or where it was spawned. */
static void task_place(char out[LIST_CELL_SIZE], const struct live_task *task)
{
    const struct live_place *at = task->await_count ? &task->awaits[task->await_count - 1] : &task->site;
    list_place(out, at->file, at->line);
}

/* " has 12 of 12", for a channel; nothing for what is none. */
static void wait_fill(char out[64], const struct glance *glance, uint64_t runtime, uint64_t object)
{
    const struct live_channel *channel = snapshot_channel(glance->now, runtime, object);
    out[0] = '\0';
    if (channel)
        snprintf(out, 64, " (%s%" PRIu64 " of %" PRIu64 ")", channel->depth >= channel->capacity ? "full, " : "",
                 channel->depth, channel->capacity);
}

/* "; sender merger waits at m.c:12", or nothing; as much of it as there is room for. */
static void wait_holder(char *out, size_t room, const struct glance *glance, uint64_t runtime, const struct live_wait *wait)
{
    char at[LIST_CELL_SIZE] = "";
    const struct live_task *holder = wait->holder ? snapshot_task(glance->now, runtime, wait->holder) : NULL;
    out[0] = '\0';
    if (holder) {
        task_place(at, holder);
        snprintf(out, room, "; %.40s %.60s %.20s at %.60s", wait->holder_is, holder->name, holder->state, at);
    } else if (wait->holder) {
        snprintf(out, room, "; %.40s task %" PRIu64, wait->holder_is, wait->holder);
    }
}

void list_wait(char out[LIST_CELL_SIZE], const struct glance *glance, const struct live_task *task, size_t which)
{
    char lasting[LIST_CELL_SIZE], fill[64];
    const struct live_wait *wait = &task->waits[which];
    list_time(lasting, wait->for_ns);
    wait_fill(fill, glance, task->runtime, wait->object);
    snprintf(out, LIST_CELL_SIZE, "%.30s %.60s%s%s%.20s", wait->what, wait->name, fill, wait->for_ns == LIVE_UNKNOWN ? "" : " ",
             wait->for_ns == LIVE_UNKNOWN ? "" : lasting);
    const size_t written = strlen(out);
    wait_holder(out + written, LIST_CELL_SIZE - written, glance, task->runtime, wait);
}

/* Per second between the two looks, or -1. */
static double glance_rate(const struct glance *glance, uint64_t now, bool has_before, uint64_t before)
{
    const int64_t ns = glance->before ? glance->now->at_ns - glance->before->at_ns : 0;
    return !has_before || ns <= 0 || now < before ? -1 : (double)(now - before) * 1e9 / (double)ns;
}

static void rate_text(char out[LIST_CELL_SIZE], double rate)
{
    if (rate < 0)
        snprintf(out, LIST_CELL_SIZE, "-");
    else if (rate >= 99999.5)
        snprintf(out, LIST_CELL_SIZE, "%.3gM", rate / 1e6);
    else
        snprintf(out, LIST_CELL_SIZE, rate >= 9.95 || rate == 0 ? "%.0f" : "%.1f", rate);
}

#define TEXT(type, member)                                                                                             \
    static void type##_##member##_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)         \
    {                                                                                                                  \
        (void)glance;                                                                                                  \
        snprintf(out, LIST_CELL_SIZE, "%s", ((const struct live_##type *)row)->member);                                \
    }
#define COUNT(type, member)                                                                                            \
    static double type##_##member##_rank(const struct glance *glance, const void *row)                                 \
    {                                                                                                                  \
        (void)glance;                                                                                                  \
        return (double)((const struct live_##type *)row)->member;                                                      \
    }                                                                                                                  \
    static void type##_##member##_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)         \
    {                                                                                                                  \
        (void)glance;                                                                                                  \
        snprintf(out, LIST_CELL_SIZE, "%" PRIu64, ((const struct live_##type *)row)->member);                          \
    }
#define TIME(type, member)                                                                                             \
    static double type##_##member##_rank(const struct glance *glance, const void *row)                                 \
    {                                                                                                                  \
        (void)glance;                                                                                                  \
        return (double)((const struct live_##type *)row)->member;                                                      \
    }                                                                                                                  \
    static void type##_##member##_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)         \
    {                                                                                                                  \
        (void)glance;                                                                                                  \
        list_time(out, ((const struct live_##type *)row)->member);                                                     \
    }
#define PLACE(type)                                                                                                    \
    static void type##_place_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)              \
    {                                                                                                                  \
        const struct live_##type *of = row;                                                                            \
        (void)glance;                                                                                                  \
        list_place(out, of->file, of->line);                                                                           \
    }
/* How often a second a count grows. */
#define RATE(type, member, key)                                                                                        \
    static double type##_##member##_rate(const struct glance *glance, const void *row)                                 \
    {                                                                                                                  \
        const struct live_##type *of = row;                                                                            \
        const struct live_##type *before = glance->before ? snapshot_##type(glance->before, of->runtime, of->key) : NULL; \
        return glance_rate(glance, of->member, before != NULL, before ? before->member : 0);                           \
    }                                                                                                                  \
    static void type##_##member##_rate_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)    \
    {                                                                                                                  \
        rate_text(out, type##_##member##_rate(glance, row));                                                           \
    }
/* Rows, their number and their ids. */
#define ROWS(type, total_expression)                                                                                   \
    static size_t type##_count(const struct snapshot *snapshot)                                                        \
    {                                                                                                                  \
        return snapshot->type##_count;                                                                                 \
    }                                                                                                                  \
    static uint64_t type##_total(const struct snapshot *snapshot)                                                      \
    {                                                                                                                  \
        return total_expression;                                                                                       \
    }                                                                                                                  \
    static const void *type##_row(const struct snapshot *snapshot, size_t index)                                       \
    {                                                                                                                  \
        return &snapshot->type##s[index];                                                                              \
    }
#define ID(type, expression)                                                                                           \
    static uint64_t type##_id(const void *row)                                                                         \
    {                                                                                                                  \
        const struct live_##type *of = row;                                                                            \
        return expression;                                                                                             \
    }

/* Tasks. */

COUNT(task, id)
TEXT(task, name)
TEXT(task, category)
TEXT(task, state)
COUNT(task, polls)
RATE(task, polls, id)
TIME(task, age_ns)
TIME(task, idle_ns)
ROWS(task, snapshot->tasks_total)
ID(task, of->id)

static void task_place_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)
{
    (void)glance;
    task_place(out, row);
}

static void task_waits_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)
{
    const struct live_task *task = row;
    out[0] = '\0';
    for (size_t i = 0; i < task->wait_count; i++) {
        char one[LIST_CELL_SIZE];
        const size_t used = strlen(out);
        list_wait(one, glance, task, i);
        snprintf(out + used, LIST_CELL_SIZE - used, "%s%s", i ? " | " : "", one);
    }
}

static enum grid_style task_style(const struct glance *glance, const void *row)
{
    const struct live_task *task = row;
    (void)glance;
    return task->cancelled ? STYLE_BAD : !strcmp(task->state, "running") ? STYLE_GOOD : STYLE_PLAIN;
}

static enum grid_style task_idle_style(const struct glance *glance, const void *row)
{
    const struct live_task *task = row;
    (void)glance;
    /* A task that is ready and does not run is worse than one that waits. */
    return task->idle_ns <= IDLE_LONG_MS * INT64_C(1000000) ? STYLE_PLAIN : !strcmp(task->state, "scheduled") ? STYLE_BAD : STYLE_WARN;
}

static const struct column task_columns[] = {
    {"id", 9, true, task_id_text, task_id_rank, NULL},
    {"name", 22, false, task_name_text, NULL, NULL},
    {"category", 10, false, task_category_text, NULL, NULL},
    {"state", 9, false, task_state_text, NULL, task_style},
    {"polls", 9, true, task_polls_text, task_polls_rank, NULL},
    {"polls/s", 8, true, task_polls_rate_text, task_polls_rate, NULL},
    {"age", 8, true, task_age_ns_text, task_age_ns_rank, NULL},
    {"idle", 8, true, task_idle_ns_text, task_idle_ns_rank, task_idle_style},
    {"where", 18, false, task_place_text, NULL, NULL},
    {"waits for", 0, false, task_waits_text, NULL, NULL},
};

/* Channels. */

COUNT(channel, id)
TEXT(channel, name)
TEXT(channel, component)
TEXT(channel, health)
COUNT(channel, capacity)
COUNT(channel, depth)
COUNT(channel, depth_max)
COUNT(channel, senders_waiting)
COUNT(channel, dropped)
COUNT(channel, failed)
TIME(channel, oldest_ns)
RATE(channel, sent, id)
RATE(channel, received, id)
ROWS(channel, snapshot->channels_total)
ID(channel, of->id)

static double channel_saturation_rank(const struct glance *glance, const void *row)
{
    (void)glance;
    return ((const struct live_channel *)row)->saturation;
}

static void channel_saturation_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)
{
    snprintf(out, LIST_CELL_SIZE, "%.0f%%", 100 * channel_saturation_rank(glance, row));
}

static enum grid_style channel_style(const struct glance *glance, const void *row)
{
    (void)glance;
    return list_status_style(((const struct live_channel *)row)->health);
}

static enum grid_style channel_waiting_style(const struct glance *glance, const void *row)
{
    (void)glance;
    return ((const struct live_channel *)row)->senders_waiting ? STYLE_WARN : STYLE_PLAIN;
}

static enum grid_style channel_dropped_style(const struct glance *glance, const void *row)
{
    (void)glance;
    return ((const struct live_channel *)row)->dropped ? STYLE_BAD : STYLE_PLAIN;
}

static const struct column channel_columns[] = {
    {"id", 7, true, channel_id_text, channel_id_rank, NULL},
    {"name", 24, false, channel_name_text, NULL, NULL},
    {"component", 12, false, channel_component_text, NULL, NULL},
    {"health", 9, false, channel_health_text, NULL, channel_style},
    {"depth", 7, true, channel_depth_text, channel_depth_rank, NULL},
    {"of", 7, true, channel_capacity_text, channel_capacity_rank, NULL},
    {"full", 5, true, channel_saturation_text, channel_saturation_rank, channel_style},
    {"deepest", 8, true, channel_depth_max_text, channel_depth_max_rank, NULL},
    {"sent/s", 8, true, channel_sent_rate_text, channel_sent_rate, NULL},
    {"recv/s", 8, true, channel_received_rate_text, channel_received_rate, NULL},
    {"waiting", 8, true, channel_senders_waiting_text, channel_senders_waiting_rank, channel_waiting_style},
    {"oldest", 8, true, channel_oldest_ns_text, channel_oldest_ns_rank, NULL},
    {"dropped", 8, true, channel_dropped_text, channel_dropped_rank, channel_dropped_style},
    {"refused", 8, true, channel_failed_text, channel_failed_rank, NULL},
};

/* Workers. */

COUNT(worker, index)
TEXT(worker, name)
TEXT(worker, state)
COUNT(worker, queued)
COUNT(worker, thread)
COUNT(worker, stolen)
COUNT(worker, overflows)
TIME(worker, poll_ns)
RATE(worker, polls, index)
RATE(worker, parks, index)
PLACE(worker)
ROWS(worker, snapshot->worker_count)
ID(worker, of->index)

static void worker_runtime_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)
{
    const struct live_runtime *runtime = snapshot_runtime(glance->now, ((const struct live_worker *)row)->runtime);
    snprintf(out, LIST_CELL_SIZE, "%s", runtime ? runtime->name : "");
}

static enum grid_style worker_style(const struct glance *glance, const void *row)
{
    const struct live_worker *worker = row;
    const struct live_runtime *runtime = snapshot_runtime(glance->now, worker->runtime);
    const int64_t stall = runtime && runtime->stall_ns > 0 ? runtime->stall_ns : INT64_C(10000000);
    return worker->poll_ns < stall ? STYLE_PLAIN : worker->poll_ns < 100 * stall ? STYLE_WARN : STYLE_BAD;
}

static void worker_task_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)
{
    const struct live_worker *worker = row;
    const struct live_task *task = worker->task ? snapshot_task(glance->now, worker->runtime, worker->task) : NULL;
    const char *name = *worker->task_name ? worker->task_name : task ? task->name : "";
    out[0] = '\0';
    if (worker->task)
        snprintf(out, LIST_CELL_SIZE, "%" PRIu64 " %s", worker->task, name);
}

static const struct column worker_columns[] = {
    {"worker", 7, true, worker_index_text, worker_index_rank, NULL},
    {"runtime", 16, false, worker_runtime_text, NULL, NULL},
    {"thread", 16, false, worker_name_text, NULL, NULL},
    {"tid", 8, true, worker_thread_text, worker_thread_rank, NULL},
    {"state", 8, false, worker_state_text, NULL, NULL},
    {"queued", 7, true, worker_queued_text, worker_queued_rank, NULL},
    {"polls/s", 8, true, worker_polls_rate_text, worker_polls_rate, NULL},
    {"parks/s", 8, true, worker_parks_rate_text, worker_parks_rate, NULL},
    {"stolen", 9, true, worker_stolen_text, worker_stolen_rank, NULL},
    {"overflow", 9, true, worker_overflows_text, worker_overflows_rank, NULL},
    {"in poll", 8, true, worker_poll_ns_text, worker_poll_ns_rank, worker_style},
    {"where", 18, false, worker_place_text, NULL, NULL},
    {"task", 0, false, worker_task_text, NULL, NULL},
};

/* Resources. */

COUNT(resource, id)
TEXT(resource, name)
TEXT(resource, component)
TEXT(resource, kind)
COUNT(resource, waiting)
COUNT(resource, waits)
TIME(resource, longest_ns)
ROWS(resource, snapshot->resources_total)
ID(resource, of->id)

static double resource_permits_rank(const struct glance *glance, const void *row)
{
    (void)glance;
    return (double)((const struct live_resource *)row)->permits;
}

static void resource_permits_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)
{
    const struct live_resource *resource = row;
    (void)glance;
    out[0] = '\0';
    if (resource->permits_max)
        snprintf(out, LIST_CELL_SIZE, "%" PRIu64 "/%" PRIu64, resource->permits, resource->permits_max);
}

static void resource_owner_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)
{
    const struct live_resource *resource = row;
    const struct live_task *task = resource->owner ? snapshot_task(glance->now, resource->runtime, resource->owner) : NULL;
    char at[LIST_CELL_SIZE] = "";
    out[0] = '\0';
    if (task)
        task_place(at, task);
    if (resource->owner)
        snprintf(out, LIST_CELL_SIZE, "%" PRIu64 " %.80s %.60s", resource->owner, task ? task->name : "", at);
}

static enum grid_style resource_waiting_style(const struct glance *glance, const void *row)
{
    (void)glance;
    return ((const struct live_resource *)row)->waiting ? STYLE_WARN : STYLE_PLAIN;
}

static const struct column resource_columns[] = {
    {"id", 7, true, resource_id_text, resource_id_rank, NULL},
    {"kind", 10, false, resource_kind_text, NULL, NULL},
    {"name", 24, false, resource_name_text, NULL, NULL},
    {"component", 12, false, resource_component_text, NULL, NULL},
    {"permits", 9, true, resource_permits_text, resource_permits_rank, NULL},
    {"waiting", 8, true, resource_waiting_text, resource_waiting_rank, resource_waiting_style},
    {"waits", 9, true, resource_waits_text, resource_waits_rank, NULL},
    {"longest", 8, true, resource_longest_ns_text, resource_longest_ns_rank, NULL},
    {"owner", 0, false, resource_owner_text, NULL, NULL},
};

/* Blocking jobs. */

COUNT(job, id)
TEXT(job, name)
TEXT(job, state)
COUNT(job, parent)
TIME(job, waited_ns)
TIME(job, ran_ns)
PLACE(job)
ROWS(job, snapshot->jobs_total)
ID(job, of->id)

static const struct column job_columns[] = {
    {"id", 9, true, job_id_text, job_id_rank, NULL},
    {"name", 26, false, job_name_text, NULL, NULL},
    {"state", 9, false, job_state_text, NULL, NULL},
    {"waited", 9, true, job_waited_ns_text, job_waited_ns_rank, NULL},
    {"ran", 9, true, job_ran_ns_text, job_ran_ns_rank, NULL},
    {"by task", 9, true, job_parent_text, job_parent_rank, NULL},
    {"where", 24, false, job_place_text, NULL, NULL},
};

/* Warnings. */

TEXT(warning, status)
TEXT(warning, subject)
ROWS(warning, snapshot->warning_count)
ID(warning, of->number)

static enum grid_style warning_style(const struct glance *glance, const void *row)
{
    (void)glance;
    return list_status_style(((const struct live_warning *)row)->status);
}

static void warning_text_text(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row)
{
    const struct live_warning *warning = row;
    (void)glance;
    snprintf(out, LIST_CELL_SIZE, "%s%s%s", warning->text, *warning->hint ? ": " : "", warning->hint);
}

static const struct column warning_columns[] = {
    {"what", 18, false, warning_status_text, NULL, warning_style},
    {"subject", 24, false, warning_subject_text, NULL, NULL},
    {"why, and what to try", 0, false, warning_text_text, NULL, NULL},
};

#define LIST(name, part, type, sorted, falling)                                                                        \
    {name, part, type##_columns, (int)(sizeof type##_columns / sizeof *type##_columns), sorted, falling, type##_count, \
     type##_total, type##_row, type##_id}

const struct list lists[LISTS] = {
    [LIST_TASKS] = LIST("Tasks", LIVE_TASKS, task, 0, false),
    [LIST_CHANNELS] = LIST("Channels", LIVE_CHANNELS, channel, 6, true),
    [LIST_WORKERS] = LIST("Workers", LIVE_OVERVIEW, worker, 0, false),
    [LIST_RESOURCES] = LIST("Resources", LIVE_RESOURCES, resource, 5, true),
    [LIST_JOBS] = LIST("Blocking jobs", LIVE_BLOCKING, job, 4, true),
    [LIST_WARNINGS] = LIST("Warnings", LIVE_LINTS, warning, 0, false),
};
