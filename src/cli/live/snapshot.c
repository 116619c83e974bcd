/* SPDX-License-Identifier: MIT */
/* See snapshot.h. Members that are missing read as nothing: an older program says less. */
#include "cli/live/snapshot.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static uint64_t count_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    const json_int_t number = json_integer_value(value);
    return number > 0 ? (uint64_t)number : 0;
}

static int64_t time_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : LIVE_UNKNOWN;
}

static bool flag_of(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

/* A category is a number; those of <weft/task.h> have names, others are the host's own. */
static const char *category_of(const json_t *task)
{
    static const char *const names[] = {"", "actor", "listener", "handler", "utility"};
    const uint64_t number = count_of(task, "category");
    return number < sizeof names / sizeof *names ? names[number] : "other";
}

static struct live_place place_of(const json_t *object, const char *name)
{
    return (struct live_place){.function = text_of(object, name), .file = text_of(object, "file"), .line = count_of(object, "line")};
}

static void read_runtime(struct live_runtime *to, const json_t *from)
{
    *to = (struct live_runtime){
        .id = count_of(from, "runtime"),
        .name = text_of(from, "name"),
        .workers = count_of(from, "workers"),
        .workers_parked = count_of(from, "workers_parked"),
        .live = count_of(from, "tasks_live"),
        .spawned = count_of(from, "tasks_spawned"),
        .polls = count_of(from, "polls"),
        .stalls = count_of(from, "stalls"),
        .stall_ns = time_of(from, "stall_threshold_ns"),
    };
}

static void read_worker(struct live_worker *to, const json_t *from)
{
    const json_t *task = json_object_get(from, "task");
    const json_t *awaits = json_object_get(task, "awaits");
    const json_t *place = json_array_size(awaits) ? json_array_get(awaits, json_array_size(awaits) - 1) : json_object_get(task, "site");
    *to = (struct live_worker){
        .runtime = count_of(from, "runtime"),
        .index = count_of(from, "index"),
        .name = text_of(from, "name"),
        .thread = count_of(from, "thread_id"),
        .state = text_of(from, "state"),
        .poll_ns = time_of(from, "poll_ns"),
        .queued = count_of(from, "queued"),
        .polls = count_of(from, "polls"),
        .stolen = count_of(from, "tasks_stolen"),
        .parks = count_of(from, "parks"),
        .overflows = count_of(from, "queue_overflows"),
        .task = count_of(task, "id"),
        .task_name = text_of(task, "name"),
        .file = text_of(place, "file"),
        .line = count_of(place, "line"),
    };
}

static void read_wait(struct live_wait *to, const json_t *from)
{
    *to = (struct live_wait){
        .what = text_of(from, "what"),
        .object = count_of(from, "object"),
        .name = text_of(from, "name"),
        .holder = count_of(from, "holder"),
        .holder_is = text_of(from, "holder_is"),
        .for_ns = time_of(from, "for_ns"),
    };
}

static void read_task(struct live_task *to, const json_t *from)
{
    size_t i;
    const json_t *element;
    *to = (struct live_task){
        .runtime = count_of(from, "runtime"),
        .id = count_of(from, "id"),
        .parent = count_of(from, "parent"),
        .name = text_of(from, "name"),
        .category = category_of(from),
        .state = text_of(from, "state"),
        .polls = count_of(from, "polls"),
        .age_ns = time_of(from, "age_ns"),
        .idle_ns = time_of(from, "idle_ns"),
        .cancelled = json_object_get(from, "cancelled") && !json_is_false(json_object_get(from, "cancelled")),
        .site = place_of(json_object_get(from, "site"), "function"),
    };
    json_array_foreach(json_object_get(from, "awaits"), i, element)
        if (to->await_count < LIVE_PLACES_MAX)
            to->awaits[to->await_count++] = place_of(element, "function");
    json_array_foreach(json_object_get(from, "waits_for"), i, element)
        if (to->wait_count < LIVE_WAITS_MAX)
            read_wait(&to->waits[to->wait_count++], element);
    json_array_foreach(json_object_get(from, "scopes"), i, element)
        if (to->scope_count < LIVE_SCOPES_MAX)
            to->scopes[to->scope_count++] = place_of(element, "name");
}

static void read_channel(struct live_channel *to, const json_t *from)
{
    *to = (struct live_channel){
        .runtime = count_of(from, "runtime"),
        .id = count_of(from, "id"),
        .name = text_of(from, "name"),
        .component = text_of(from, "component"),
        .health = text_of(from, "health"),
        .overflow = text_of(from, "overflow"),
        .capacity = count_of(from, "capacity"),
        .message_size = count_of(from, "message_size"),
        .depth = count_of(from, "depth"),
        .depth_max = count_of(from, "depth_max"),
        .saturation = json_number_value(json_object_get(from, "saturation")),
        .senders = count_of(from, "senders"),
        .senders_waiting = count_of(from, "senders_waiting"),
        .sent = count_of(from, "sent"),
        .received = count_of(from, "received"),
        .failed = count_of(from, "failed"),
        .dropped = count_of(from, "dropped"),
        .waits = count_of(from, "waits"),
        .wait_longest_ns = time_of(from, "wait_longest_ns"),
        .oldest_ns = time_of(from, "oldest_message_age_ns"),
        .closed = flag_of(from, "closed"),
        .receiver_waiting = flag_of(from, "receiver_waiting"),
    };
}

static void read_resource(struct live_resource *to, const json_t *from)
{
    *to = (struct live_resource){
        .runtime = count_of(from, "runtime"),
        .id = count_of(from, "id"),
        .name = text_of(from, "name"),
        .component = text_of(from, "component"),
        .kind = text_of(from, "kind"),
        .permits = count_of(from, "permits"),
        .permits_max = count_of(from, "permits_max"),
        .waiting = count_of(from, "waiting"),
        .waits = count_of(from, "waits"),
        .owner = count_of(from, "owner"),
        .longest_ns = time_of(from, "wait_longest_ns"),
        .closed = flag_of(from, "closed"),
    };
}

static void read_job(struct live_job *to, const json_t *from)
{
    *to = (struct live_job){
        .runtime = count_of(from, "runtime"),
        .id = count_of(from, "id"),
        .parent = count_of(from, "parent"),
        .name = text_of(from, "name"),
        .state = text_of(from, "state"),
        .file = text_of(from, "file"),
        .line = count_of(from, "line"),
        .waited_ns = time_of(from, "waited_ns"),
        .ran_ns = time_of(from, "ran_ns"),
    };
}

/* READ(runtime): make an array of the elements of a list. */
#define READ(to, what, count, list)                                                                                    \
    do {                                                                                                               \
        const json_t *array = (list);                                                                                  \
        (count) = json_array_size(array);                                                                              \
        (to) = memory_zeroed((count), sizeof *(to));                                                                   \
        for (size_t row = 0; row < (count); row++)                                                                     \
            read_##what(&(to)[row], json_array_get(array, row));                                                       \
    } while (0)

static void snapshot_warn(struct snapshot *snapshot, struct live_warning warning)
{
    snapshot->warnings = memory_resize(snapshot->warnings, snapshot->warning_count + 1, sizeof *snapshot->warnings);
    warning.number = snapshot->warning_count + 1;
    snapshot->warnings[snapshot->warning_count++] = warning;
}

static void snapshot_read_health(struct snapshot *snapshot, const json_t *root)
{
    size_t i;
    const json_t *reason;
    snapshot->status = text_of(root, "status");
    snapshot->pid = count_of(root, "pid");
    json_array_foreach(json_object_get(root, "reasons"), i, reason)
        snapshot_warn(snapshot, (struct live_warning){.runtime = count_of(reason, "runtime"),
                                                      .status = text_of(reason, "status"),
                                                      .text = text_of(reason, "text"),
                                                      .subject = "",
                                                      .hint = ""});
}

static void snapshot_read_lints(struct snapshot *snapshot, const json_t *root)
{
    size_t i;
    const json_t *lint;
    json_array_foreach(json_object_get(root, "lints"), i, lint)
        snapshot_warn(snapshot, (struct live_warning){.runtime = count_of(lint, "runtime"),
                                                      .status = text_of(lint, "lint"),
                                                      .text = text_of(lint, "evidence"),
                                                      .subject = text_of(lint, "subject"),
                                                      .hint = text_of(lint, "hint")});
}

static void snapshot_read_part(struct snapshot *snapshot, enum live_part part, const json_t *root)
{
    switch (part) {
    case LIVE_OVERVIEW:
        snapshot_read_part(snapshot, LIVE_HEALTH, root);
        snapshot_read_part(snapshot, LIVE_RUNTIMES, root);
        snapshot_read_part(snapshot, LIVE_WORKERS, root);
        break;
    case LIVE_HEALTH:
        snapshot_read_health(snapshot, root);
        break;
    case LIVE_RUNTIMES:
        READ(snapshot->runtimes, runtime, snapshot->runtime_count, json_object_get(root, "runtimes"));
        break;
    case LIVE_WORKERS:
        READ(snapshot->workers, worker, snapshot->worker_count, json_object_get(root, "workers"));
        break;
    case LIVE_TASKS:
        READ(snapshot->tasks, task, snapshot->task_count, json_object_get(root, "tasks"));
        snapshot->tasks_total = count_of(root, "total");
        break;
    case LIVE_CHANNELS:
        READ(snapshot->channels, channel, snapshot->channel_count, json_object_get(root, "channels"));
        snapshot->channels_total = count_of(root, "total");
        break;
    case LIVE_RESOURCES:
        READ(snapshot->resources, resource, snapshot->resource_count, json_object_get(root, "resources"));
        snapshot->resources_total = count_of(root, "total");
        break;
    case LIVE_BLOCKING:
        READ(snapshot->jobs, job, snapshot->job_count, json_object_get(root, "jobs"));
        snapshot->jobs_total = count_of(root, "total");
        break;
    case LIVE_LINTS:
        snapshot_read_lints(snapshot, root);
        break;
    case LIVE_METRICS:
    case LIVE_PARTS:
        break;
    }
}

/* A line `family_bucket{…,le="0.001"} 12` of the text format; counts of several runtimes add up. */
static void histogram_line(struct live_histogram *histogram, const char *line, const char *family)
{
    const size_t length = strlen(family);
    const char *bound = strstr(line, "le=\""), *value = strrchr(line, ' ');
    if (strncmp(line, family, length) != 0 || strncmp(line + length, "_bucket{", 8) != 0 || !bound || !value)
        return;
    const double limit = strtod(bound + 4, NULL); /* reads +Inf */
    size_t at = 0;
    while (at < histogram->count && histogram->bounds[at] < limit)
        at++;
    if (at == histogram->count) {
        if (at == LIVE_BUCKETS_MAX)
            return;
        histogram->bounds[at] = limit;
        histogram->count++;
    }
    histogram->counts[at] += strtod(value, NULL);
}

/* Of "at most this bound" the share of each bucket. */
static void histogram_part(struct live_histogram *histogram)
{
    for (size_t i = histogram->count; i-- > 1;)
        histogram->counts[i] -= histogram->counts[i - 1];
}

static void snapshot_read_metrics(struct snapshot *snapshot, const char *text)
{
    char line[1024];
    while (*text) {
        const size_t length = strcspn(text, "\n");
        if (length < sizeof line) {
            memcpy(line, text, length);
            line[length] = '\0';
            histogram_line(&snapshot->poll_time, line, "weft_runtime_poll_time_seconds");
            histogram_line(&snapshot->wake_latency, line, "weft_runtime_wake_latency_seconds");
        }
        text += length + (text[length] == '\n');
    }
    histogram_part(&snapshot->poll_time);
    histogram_part(&snapshot->wake_latency);
}

bool snapshot_read(struct snapshot *snapshot, enum live_part part, const char *text, char *says, size_t size)
{
    if (!snapshot->status)
        snapshot->status = "";
    if (part == LIVE_METRICS) {
        snapshot_read_metrics(snapshot, text);
        return true;
    }
    json_error_t error;
    json_t *root = json_loads(text, 0, &error);
    if (!json_is_object(root)) {
        snprintf(says, size, "the answer is no JSON: %s", root ? "not an object" : error.text);
        json_decref(root);
        return false;
    }
    json_decref(snapshot->replies[part]);
    snapshot->replies[part] = root;
    snapshot_read_part(snapshot, part, root);
    return true;
}

bool snapshot_page(const char *text, const char *list, uint64_t *out_total, uint64_t *out_last, size_t *out_count)
{
    json_t *root = json_loads(text, 0, NULL);
    const json_t *array = json_object_get(root, list);
    const bool is = json_is_array(array);
    if (is) {
        *out_total = count_of(root, "total");
        *out_count = json_array_size(array);
        if (*out_count)
            *out_last = count_of(json_array_get(array, *out_count - 1), "id");
    }
    json_decref(root);
    return is;
}

void snapshot_fini(struct snapshot *snapshot)
{
    free(snapshot->runtimes);
    free(snapshot->workers);
    free(snapshot->tasks);
    free(snapshot->channels);
    free(snapshot->resources);
    free(snapshot->jobs);
    free(snapshot->warnings);
    for (int part = 0; part < LIVE_PARTS; part++)
        json_decref(snapshot->replies[part]);
    *snapshot = (struct snapshot){0};
}
