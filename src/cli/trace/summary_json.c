/* SPDX-License-Identifier: MIT */
/* The summary for programs: every row, times in nanoseconds, null for what the recording does not tell. */
#include "cli/json.h"
#include "cli/trace/schema.h"
#include "cli/trace/summary.h"

static void summary_json_events(struct json *json, const struct report *report)
{
    json_open(json, "events_by_kind", '{');
    for (size_t i = 0; i < report->kind_count; i++)
        json_count(json, schema_events[report->kinds[i].kind].name, report->kinds[i].count);
    json_close(json, '}');
}

static void summary_json_tasks(struct json *json, const struct report *report)
{
    json_open(json, "tasks", '[');
    for (size_t i = 0; i < report->task_count; i++) {
        const struct report_tasks *row = &report->tasks[i];
        json_open(json, NULL, '{');
        json_count(json, "process", row->process);
        json_text(json, "name", row->name);
        json_count(json, "category", row->category);
        json_count(json, "tasks", row->totals.tasks);
        json_count(json, "live", row->totals.live);
        json_count(json, "before_recording", row->totals.before);
        json_count(json, "ok", row->totals.ok);
        json_count(json, "cancelled", row->totals.cancelled);
        json_count(json, "failed", row->totals.failed);
        json_integer(json, "first_error", row->totals.first_error);
        json_count(json, "polls", row->totals.polls);
        json_count(json, "polls_untimed", row->totals.polls_untimed);
        json_count(json, "polls_before_recording", row->totals.polls_before);
        json_integer(json, "busy_ns", row->totals.busy_ns);
        json_integer(json, "longest_poll_ns", row->totals.longest_ns);
        json_count(json, "wakes", row->totals.wakes);
        json_count(json, "wakes_noop", row->totals.wakes_noop);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void summary_json_channels(struct json *json, const struct report *report)
{
    json_open(json, "channels", '[');
    for (size_t i = 0; i < report->channel_count; i++) {
        const struct report_channels *row = &report->channels[i];
        json_open(json, NULL, '{');
        json_count(json, "process", row->process);
        json_text(json, "name", row->name);
        json_text(json, "component", row->component);
        json_count(json, "channels", row->totals.channels);
        json_count(json, "live", row->totals.live);
        json_count(json, "before_recording", row->totals.before);
        json_count(json, "capacity", row->capacity);
        json_count(json, "depth_max", row->totals.depth_max);
        json_ratio(json, "saturation_max", row->saturation);
        json_count(json, "sent", row->totals.sent);
        json_count(json, "received", row->totals.received);
        json_count(json, "sent_before_recording", row->totals.sent_before);
        json_count(json, "received_before_recording", row->totals.received_before);
        json_count(json, "dropped", row->totals.dropped);
        json_count(json, "failed", row->totals.failed);
        json_count(json, "send_waits", row->totals.waits_send);
        json_integer(json, "send_wait_ns", row->totals.wait_send_ns);
        json_count(json, "receive_waits", row->totals.waits_receive);
        json_text(json, "health", schema_label(SCHEMA_health, row->health));
        json_flag(json, "health_told_by_monitor", row->health_said);
        json_text(json, "health_worst", schema_label(SCHEMA_health, row->totals.health_worst));
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void summary_json_workers(struct json *json, const struct report *report)
{
    json_open(json, "workers", '[');
    for (size_t i = 0; i < report->worker_count; i++) {
        const struct report_worker *row = &report->workers[i];
        json_open(json, NULL, '{');
        json_count(json, "process", row->process);
        json_count(json, "worker", row->worker->number);
        json_text(json, "runtime", row->runtime ? row->runtime->name : NULL);
        json_integer(json, "thread", row->worker->tid);
        json_integer(json, "time_ns", row->time_ns);
        json_count(json, "polls", row->worker->polls);
        json_integer(json, "busy_ns", row->worker->busy_ns);
        json_count(json, "parks", row->worker->parks);
        json_integer(json, "parked_ns", row->worker->parked_ns);
        json_count(json, "steals", row->worker->steals);
        json_count(json, "tasks_stolen", row->worker->stolen);
        json_count(json, "queue_overflows", row->worker->overflows);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void summary_json_stall(struct json *json, const struct summary *summary)
{
    const struct process *process = summary->report->stalled;
    if (!process)
        return;
    const struct stall *longest = &process->stall_longest;
    json_open(json, "stall_longest", '{');
    json_integer(json, "poll_ns", longest->ns);
    json_text(json, "task", longest->task[0] ? longest->task : NULL);
    json_text(json, "function", longest->function);
    json_text(json, "file", longest->file);
    json_count(json, "line", longest->line);
    json_close(json, '}');
}

void summary_json(const struct summary *summary, FILE *out)
{
    const struct model *model = summary->model;
    struct json json = {.out = out};
    json_open(&json, NULL, '{');
    json_text(&json, "recording", summary->path);
    json_count(&json, "events_lost", model->events_lost);
    json_count(&json, "packets_lost", model->packets_lost);
    json_flag(&json, "lost_uncounted", model->lost_uncounted);
    json_integer(&json, "begin_ns", model->begin_ns);
    json_integer(&json, "end_ns", model->end_ns);
    json_count(&json, "events", model->events);
    json_count(&json, "events_foreign", summary->foreign);
    json_count(&json, "events_unknown", summary->unknown);
    json_count(&json, "processes", summary->report->process_count);
    json_flag(&json, "processes_mixed", summary->report->mixed);
    json_count(&json, "announcements", summary->report->announcements);
    json_count(&json, "stalls", summary->report->stalls);
    summary_json_stall(&json, summary);
    summary_json_events(&json, summary->report);
    summary_json_tasks(&json, summary->report);
    summary_json_channels(&json, summary->report);
    summary_json_workers(&json, summary->report);
    json_close(&json, '}');
}
