/* SPDX-License-Identifier: MIT */
/* The summary for a terminal. What makes the numbers doubtful comes first. */
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <weft/error.h>
#include <weft/types.h>

#include "cli/table.h"
#include "cli/text.h"
#include "cli/trace/schema.h"
#include "cli/trace/summary.h"

enum { NAME_SIZE = 128, RESULT_SIZE = 160 };

const char *summary_category(uint32_t category, char *out, size_t size)
{
    static const char *const names[] = {"-", "actor", "listener", "handler", "utility"};
    if (category < sizeof names / sizeof *names)
        return names[category];
    snprintf(out, size, category >= WEFT_CATEGORY_HOST ? "host %" PRIu32 : "%" PRIu32, category);
    return out;
}

static const char *summary_name(char out[NAME_SIZE], const char *name)
{
    return name ? text_clean(out, NAME_SIZE, name) : "(not told)";
}

/* A duration, or "-" for none. */
static const char *summary_time(char out[TEXT_DURATION_SIZE], int64_t ns)
{
    return ns ? text_duration(out, ns) : "-";
}

/* ---- the head ---- */

static void summary_losses(const struct summary *summary, FILE *out)
{
    const struct model *model = summary->model;
    if (!model->events_lost && !model->packets_lost && !model->lost_uncounted)
        return;
    fputs("LOST  ", out);
    if (model->events_lost)
        fprintf(out, "%" PRIu64 " events were discarded. ", model->events_lost);
    if (model->packets_lost)
        fprintf(out, "%" PRIu64 " packets of events were overwritten. ", model->packets_lost);
    if (model->lost_uncounted)
        fputs("An unknown number of events is missing. ", out);
    fputs("\n  Counts are too low, and what crosses a gap is not timed. Record with larger buffers:\n"
          "  lttng enable-channel -u -s SESSION CHANNEL --subbuf-size=4M --num-subbuf=8\n\n",
          out);
}

static void summary_mixture(const struct summary *summary, FILE *out)
{
    if (summary->report->mixed)
        fputs("MIXED  Several processes are in it, and nothing tells their events apart: tasks and channels of one "
              "number\n"
              "  are taken for one. Record with: lttng add-context -u -s SESSION -c CHANNEL -t vpid\n\n",
              out);
}

static void summary_runtimes(const struct summary *summary, FILE *out)
{
    const struct process *process;
    char name[NAME_SIZE], version[NAME_SIZE];
    size_t shown = 0;
    for (size_t at = 0; (process = map_next(&summary->model->processes, &at));)
        for (size_t i = 0; i < process->workers.runtime_count && shown++ < summary->rows; i++) {
            const struct runtime *runtime = &process->workers.runtimes[i];
            fprintf(out, "  runtime %" PRIu32 " \"%s\", weft %s, %u workers", runtime->id,
                    summary_name(name, runtime->name), summary_name(version, runtime->version), runtime->workers);
            if (process->id)
                fprintf(out, ", process %" PRIu64, process->id);
            fputc('\n', out);
        }
}

static void summary_lateness(const struct summary *summary, FILE *out)
{
    const struct task_totals *tasks = &summary->report->all_tasks;
    const struct channel_totals *channels = &summary->report->all_channels;
    if (!tasks->before && !channels->before)
        return;
    fprintf(out,
            "  It began late. Before it lived: tasks %" PRIu64 " (polls %" PRIu64 "), channels %" PRIu64
            " (sent %" PRIu64 ", received %" PRIu64 "); what they did before is not counted below.\n",
            tasks->before, tasks->polls_before, channels->before, channels->sent_before, channels->received_before);
}

static void summary_head(const struct summary *summary, FILE *out)
{
    const struct model *model = summary->model;
    char path[4096], when[64] = "?", duration[TEXT_DURATION_SIZE];
    time_t begin = (time_t)(model->begin_ns / 1000000000);
    struct tm local;
    if (localtime_r(&begin, &local))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);
    fprintf(out, "RECORDING  %s\n", text_clean(path, sizeof path, summary->path));
    fprintf(out, "  %s for %s: %" PRIu64 " events of weft, %zu process%s\n", when,
            text_duration(duration, model->end_ns - model->begin_ns), model->events, summary->report->process_count,
            summary->report->process_count == 1 ? "" : "es");
    if (summary->foreign)
        fprintf(out, "  %" PRIu64 " events of other providers are left out.\n", summary->foreign);
    if (summary->unknown)
        fprintf(out, "  %" PRIu64 " events come from a later weft and are left out.\n", summary->unknown);
    summary_runtimes(summary, out);
    summary_lateness(summary, out);
}

/* ---- the tables ---- */

static size_t summary_rows(const struct summary *summary, size_t count)
{
    return count < summary->rows ? count : summary->rows;
}

/* Print, free, and say what was left out. */
static void summary_end_table(struct table *table, size_t shown, size_t count, FILE *out)
{
    table_print(table, out);
    table_fini(table);
    if (shown < count)
        fprintf(out, "  … and %zu more: --all\n", count - shown);
}

static void summary_events(const struct summary *summary, FILE *out)
{
    static const char *const names[] = {"event", ">count", NULL};
    struct table table;
    table_init(&table, names);
    fputs("\nEVENTS\n", out);
    for (size_t i = 0; i < summary->report->kind_count; i++) {
        table_cell(&table, "%s", schema_events[summary->report->kinds[i].kind].name);
        table_cell(&table, "%" PRIu64, summary->report->kinds[i].count);
    }
    summary_end_table(&table, 0, 0, out);
}

/* "3 ok, 1 cancelled, 1 failed (WEFT_EPIPE)", or "ok" if there is nothing else to say. */
static const char *summary_result(char out[RESULT_SIZE], const struct task_totals *totals)
{
    if (!totals->cancelled && !totals->failed)
        return totals->ok ? "ok" : "-";
    size_t used = 0;
    if (totals->ok)
        used += (size_t)snprintf(out, RESULT_SIZE, "%" PRIu64 " ok, ", totals->ok);
    if (totals->cancelled)
        used += (size_t)snprintf(out + used, RESULT_SIZE - used, "%" PRIu64 " cancelled%s", totals->cancelled,
                                 totals->failed ? ", " : "");
    if (totals->failed) {
        const char *name = weft_error_name(totals->first_error);
        char number[16];
        if (!strcmp(name, "WEFT_E?")) {
            snprintf(number, sizeof number, "%" PRId32, totals->first_error);
            name = number;
        }
        snprintf(out + used, RESULT_SIZE - used, "%" PRIu64 " failed (%s)", totals->failed, name);
    }
    return out;
}

/* The process is a column only where there are several. */
static const char *const *summary_columns(const struct summary *summary, const char *const *names)
{
    return summary->report->process_count > 1 ? names : names + 1;
}

static void summary_process(const struct summary *summary, struct table *table, uint64_t process)
{
    if (summary->report->process_count > 1)
        table_cell(table, "%" PRIu64, process);
}

static void summary_tasks(const struct summary *summary, FILE *out)
{
    static const char *const names[] = {">process", "name",          "category", ">tasks", ">live", ">polls",
                                        ">busy",    ">longest poll", ">wakes",   "result", NULL};
    const struct report *report = summary->report;
    struct table table;
    table_init(&table, summary_columns(summary, names));
    fprintf(out, "\nTASKS  %" PRIu64 "\n", report->all_tasks.tasks);
    size_t shown = summary_rows(summary, report->task_count);
    for (size_t i = 0; i < shown; i++) {
        const struct report_tasks *row = &report->tasks[i];
        char name[NAME_SIZE], category[24], busy[TEXT_DURATION_SIZE], longest[TEXT_DURATION_SIZE], result[RESULT_SIZE];
        summary_process(summary, &table, row->process);
        table_cell(&table, "%s", summary_name(name, row->name));
        table_cell(&table, "%s", summary_category(row->category, category, sizeof category));
        table_cell(&table, "%" PRIu64, row->totals.tasks);
        table_cell(&table, "%" PRIu64, row->totals.live);
        table_cell(&table, "%" PRIu64, row->totals.polls);
        table_cell(&table, "%s", summary_time(busy, row->totals.busy_ns));
        table_cell(&table, "%s", summary_time(longest, row->totals.longest_ns));
        table_cell(&table, "%" PRIu64, row->totals.wakes);
        table_cell(&table, "%s", summary_result(result, &row->totals));
    }
    summary_end_table(&table, shown, report->task_count, out);
}

static const char *summary_health(uint8_t health)
{
    static const char *const names[] = {"healthy", "degraded", "critical"};
    return health < sizeof names / sizeof *names ? names[health] : "unknown";
}

static void summary_channel(struct table *table, const struct report_channels *row)
{
    char name[NAME_SIZE], component[NAME_SIZE], waited[TEXT_DURATION_SIZE];
    const struct channel_totals *totals = &row->totals;
    table_cell(table, "%s", summary_name(name, row->name));
    table_cell(table, "%s", row->component && row->component[0] ? summary_name(component, row->component) : "-");
    table_cell(table, "%" PRIu64, totals->channels);
    if (row->capacity)
        table_cell(table, "%" PRIu32, row->capacity);
    else
        table_cell(table, "?");
    table_cell(table, "%" PRIu32, totals->depth_max);
    if (row->saturation >= 0)
        table_cell(table, "%.0f%%", row->saturation * 100);
    else
        table_cell(table, "?");
    table_cell(table, "%" PRIu64, totals->sent);
    table_cell(table, "%" PRIu64, totals->received);
    table_cell(table, "%" PRIu64, totals->dropped);
    table_cell(table, "%" PRIu64, totals->failed);
    table_cell(table, "%" PRIu64, totals->waits_send);
    table_cell(table, "%s", summary_time(waited, totals->wait_send_ns));
    table_cell(table, "%s%s", summary_health(row->health), row->health_said ? "" : " *");
}

static void summary_channels(const struct summary *summary, FILE *out)
{
    static const char *const names[] = {">process",    "name",         "component", ">channels", ">capacity",
                                        ">high-water", ">of capacity", ">sent",     ">received", ">dropped",
                                        ">failed",     ">waits",       ">waited",   "health",    NULL};
    const struct report *report = summary->report;
    fprintf(out, "\nCHANNELS  %" PRIu64 "\n", report->all_channels.channels);
    if (!report->channel_count)
        return;
    struct table table;
    table_init(&table, summary_columns(summary, names));
    size_t shown = summary_rows(summary, report->channel_count);
    bool judged = false;
    for (size_t i = 0; i < shown; i++) {
        summary_process(summary, &table, report->channels[i].process);
        summary_channel(&table, &report->channels[i]);
        judged |= !report->channels[i].health_said;
    }
    summary_end_table(&table, shown, report->channel_count, out);
    if (judged)
        fputs("  * not told by the program's monitor in this recording: judged by the high-water mark\n", out);
}

static void summary_workers(const struct summary *summary, FILE *out)
{
    static const char *const names[] = {">process", ">worker", "runtime", ">thread",       ">polls", ">busy",
                                        ">parks",   ">asleep", ">steals", ">tasks stolen", NULL};
    const struct report *report = summary->report;
    struct table table;
    table_init(&table, summary_columns(summary, names));
    fprintf(out, "\nWORKERS  %zu\n", report->worker_count);
    size_t shown = summary_rows(summary, report->worker_count);
    for (size_t i = 0; i < shown; i++) {
        const struct report_worker *row = &report->workers[i];
        char name[NAME_SIZE], asleep[TEXT_DURATION_SIZE];
        summary_process(summary, &table, row->process);
        table_cell(&table, "%u", row->worker->number);
        table_cell(&table, "%s", row->runtime ? summary_name(name, row->runtime->name) : "?");
        table_cell(&table, "%" PRId32, row->worker->tid);
        table_cell(&table, "%" PRIu64, row->worker->polls);
        table_cell(&table, "%.1f%%", row->busy * 100);
        table_cell(&table, "%" PRIu64, row->worker->parks);
        table_cell(&table, "%s", summary_time(asleep, row->worker->parked_ns));
        table_cell(&table, "%" PRIu64, row->worker->steals);
        table_cell(&table, "%" PRIu64, row->worker->stolen);
    }
    summary_end_table(&table, shown, report->worker_count, out);
}

/* The task and the await since which it ran: that it was so long was known while it lasted. */
static void summary_stalls(const struct summary *summary, FILE *out)
{
    const struct report *report = summary->report;
    char time[TEXT_DURATION_SIZE], name[NAME_SIZE], function[NAME_SIZE], file[NAME_SIZE];
    if (!report->stalled)
        return;
    const struct stall *longest = &report->stalled->stall_longest;
    fprintf(out, "\nSTALLS  %" PRIu64 ": polls that held their worker for longer than the threshold\n", report->stalls);
    fprintf(out, "  the longest was at %s by then: '%s'", text_duration(time, longest->ns),
            summary_name(name, longest->task[0] ? longest->task : NULL));
    if (longest->function[0])
        fprintf(out, " since %s, %s:%" PRIu32, text_clean(function, sizeof function, longest->function),
                text_clean(file, sizeof file, longest->file), longest->line);
    fputc('\n', out);
}

static void summary_notes(const struct summary *summary, FILE *out)
{
    const struct report *report = summary->report;
    if (report->names_folded)
        fprintf(out, "\n%" PRIu64 " tasks had one of more than %d different names and count for their spawn site\n",
                report->names_folded, TASKS_NAMES_MAX);
}

void summary_text(const struct summary *summary, FILE *out)
{
    summary_losses(summary, out);
    summary_mixture(summary, out);
    summary_head(summary, out);
    summary_events(summary, out);
    summary_tasks(summary, out);
    summary_channels(summary, out);
    summary_workers(summary, out);
    summary_stalls(summary, out);
    summary_notes(summary, out);
}
