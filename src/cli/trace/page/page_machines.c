/* SPDX-License-Identifier: MIT */
/* Runtimes and workers, wakes, waits for a worker, timers, the blocking pool, meeting points. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/text.h"
#include "cli/trace/page/page.h"
#include "cli/trace/schema.h"

/* Nanoseconds that workers lived, all together, as far as the recording shows. */
static double page_worker_ns(const struct view *view, const struct machine *machine)
{
    double all = 0;
    const struct workers *workers = &machine->process->workers;
    for (size_t i = 0; i < workers->count; i++) {
        const struct worker *worker = workers->list[i];
        const int64_t end = worker->end_ns == WORKER_CLOSED ? view->analysis->model.end_ns : worker->end_ns;
        all += (double)(end - worker->begin_ns);
    }
    return all;
}

void page_runtime(const struct view *view, struct doc *doc)
{
    static const struct doc_column runtimes[] = {{"process", "process", DOC_COUNT},
                                                 {"runtime", "runtime", DOC_COUNT},
                                                 {"name", "name", DOC_TEXT},
                                                 {"version", "weft", DOC_TEXT},
                                                 {"workers", "workers", DOC_COUNT},
                                                 {"stopped", "ended", DOC_TEXT},
                                                 {NULL, NULL, DOC_TEXT}};
    static const struct doc_column use[] = {{"process", "process", DOC_COUNT},
                                            {"utilisation", "workers busy", DOC_SHARE},
                                            {"parked", "asleep", DOC_SHARE},
                                            {"polls", "polls", DOC_COUNT},
                                            {"polls_per_second", "a second", DOC_NUMBER},
                                            {"runnable_mean", "runnable tasks", DOC_NUMBER},
                                            {"wasted_share", "runnable while one slept", DOC_SHARE},
                                            {"pool_threads", "pool threads", DOC_COUNT},
                                            {"ready", "runnable over time", DOC_SHAPE},
                                            {NULL, NULL, DOC_TEXT}};
    const int64_t all = view->analysis->model.end_ns - view->analysis->model.begin_ns;
    struct machine *machine;
    doc_section(doc, "runtime", "RUNTIME");
    doc_table(doc, "runtimes", runtimes);
    for (size_t at = 0; (machine = map_next(&view->analysis->machines, &at));)
        for (size_t i = 0; i < machine->process->workers.runtime_count; i++) {
            const struct runtime *runtime = &machine->process->workers.runtimes[i];
            doc_count(doc, machine->id);
            doc_count(doc, runtime->id);
            doc_text(doc, runtime->name);
            doc_text(doc, runtime->version);
            doc_count(doc, runtime->workers);
            doc_text(doc, runtime->stopped ? "yes" : "no");
        }
    doc_table(doc, "use", use);
    for (size_t at = 0; (machine = map_next(&view->analysis->machines, &at));) {
        const double time = page_worker_ns(view, machine);
        double busy = 0, parked = 0, polls = 0;
        for (uint32_t i = 0; i < machine->lanes.size; i++) {
            const struct lane *lane = machine->lanes.list[i];
            busy += lane ? (double)lane->busy_ns : 0;
            parked += lane ? (double)lane->parked_ns : 0;
            polls += lane ? (double)lane->polls : 0;
        }
        doc_count(doc, machine->id);
        doc_share(doc, time > 0 ? busy / time : -1);
        doc_share(doc, time > 0 ? parked / time : -1);
        doc_count(doc, (uint64_t)polls);
        doc_number(doc, all > 0 ? polls / ((double)all / 1e9) : -1);
        doc_number(doc, series_mean(&machine->lanes.ready, view->analysis->model.end_ns));
        doc_share(doc, all > 0 ? (double)machine->lanes.wasted_ns / (double)all : -1);
        doc_count(doc, machine->jobs.threads_max);
        page_series(view, doc, &machine->lanes.ready);
    }
}

/* ---- workers ---- */

static void page_lanes(const struct view *view, struct doc *doc, struct machine *machine)
{
    for (uint32_t i = 0; i < machine->lanes.size; i++) {
        struct lane *lane = machine->lanes.list[i];
        const struct worker *worker = map_get(&machine->process->workers.by_number, i);
        if (!lane || !worker)
            continue;
        const int64_t end = worker->end_ns == WORKER_CLOSED ? view->analysis->model.end_ns : worker->end_ns;
        const double time = (double)(end - worker->begin_ns);
        doc_count(doc, machine->id);
        doc_count(doc, i);
        doc_count(doc, (uint64_t)(uint32_t)worker->tid);
        doc_count(doc, lane->polls);
        doc_ns(doc, lane->busy_ns);
        doc_share(doc, time > 0 ? (double)lane->busy_ns / time : -1);
        doc_share(doc, time > 0 ? (double)lane->parked_ns / time : -1);
        doc_count(doc, lane->parks);
        doc_count(doc, lane->rests_in_vain);
        doc_count(doc, lane->steals);
        doc_count(doc, lane->stolen);
        doc_count(doc, lane->robbed);
        for (int source = 0; source < 4; source++)
            doc_count(doc, lane->sources[source]);
        page_series(view, doc, &lane->busy);
    }
}

static void page_imbalance(struct doc *doc, const struct machine *machine)
{
    double most = 0, all = 0;
    uint32_t workers = 0;
    for (uint32_t i = 0; i < machine->lanes.size; i++) {
        const struct lane *lane = machine->lanes.list[i];
        workers += lane != NULL;
        const double busy = lane ? (double)lane->busy_ns : 0;
        all += busy;
        most = busy > most ? busy : most;
    }
    if (workers > 1 && all > 0)
        doc_note(doc,
                 "Imbalance: the busiest worker did %.2f times the mean (1: all the same, %" PRIu32
                 ": one did everything).",
                 most * workers / all, workers);
}

static void page_steals(const struct view *view, struct doc *doc)
{
    static const struct doc_column columns[] = {{"process", NULL, DOC_COUNT},
                                                {"from", "from worker", DOC_COUNT},
                                                {"to", "to worker", DOC_COUNT},
                                                {"tasks", "tasks stolen", DOC_COUNT},
                                                {NULL, NULL, DOC_TEXT}};
    struct machine *machine;
    doc_table(doc, "steals", columns);
    for (size_t at = 0; (machine = map_next(&view->analysis->machines, &at));) {
        size_t count;
        struct tally_row **rows = tally_sorted(&machine->lanes.steals, &count);
        for (size_t i = 0; i < count; i++) {
            doc_count(doc, machine->id);
            doc_count(doc, rows[i]->from);
            doc_count(doc, rows[i]->to);
            doc_count(doc, rows[i]->count);
        }
        free(rows);
    }
}

void page_workers(const struct view *view, struct doc *doc)
{
    const struct doc_column columns[] = {PAGE_PROCESS(view),
                                         {"worker", "worker", DOC_COUNT},
                                         {"thread", NULL, DOC_COUNT},
                                         {"polls", "polls", DOC_COUNT},
                                         {"busy_ns", "busy", DOC_NS},
                                         {"busy_share", "of time", DOC_SHARE},
                                         {"parked_share", "asleep", DOC_SHARE},
                                         {"parks", "rests", DOC_COUNT},
                                         {"rests_in_vain", "in vain", DOC_COUNT},
                                         {"steals", NULL, DOC_COUNT},
                                         {"stolen", "stolen", DOC_COUNT},
                                         {"robbed", "lost", DOC_COUNT},
                                         {"from_next", "next", DOC_COUNT},
                                         {"from_local", "local", DOC_COUNT},
                                         {"from_global", "shared", DOC_COUNT},
                                         {"from_stolen", NULL, DOC_COUNT},
                                         {NULL, NULL, DOC_TEXT}};
    struct doc_column with_series[DOC_COLUMNS_MAX + 2];
    size_t n = 0;
    for (; columns[n].key; n++)
        with_series[n] = columns[n];
    with_series[n] = (struct doc_column){"busy", "busy over time", DOC_SHAPE};
    with_series[n + 1] = (struct doc_column){NULL, NULL, DOC_TEXT};
    doc_section(doc, "workers", "WORKERS");
    doc_table(doc, "workers", with_series);
    struct machine *machine;
    for (size_t at = 0; (machine = map_next(&view->analysis->machines, &at));)
        page_lanes(view, doc, machine);
    for (size_t at = 0; (machine = map_next(&view->analysis->machines, &at));)
        page_imbalance(doc, machine);
    page_steals(view, doc);
    for (size_t at = 0; (machine = map_next(&view->analysis->machines, &at));) {
        double ready[DOC_CHART_POINTS], awake[DOC_CHART_POINTS], max[DOC_CHART_POINTS];
        char key[48], title[96];
        snprintf(key, sizeof key, "load_%" PRIu64, machine->id);
        snprintf(title, sizeof title, "Runnable tasks and waking workers over time%s",
                 view->processes ? " of one process" : "");
        series_columns(&machine->lanes.ready, view->analysis->model.end_ns, DOC_POINTS, ready, max);
        series_columns(&machine->lanes.awake, view->analysis->model.end_ns, DOC_POINTS, awake, max);
        doc_chart(doc, key, title, false, DOC_NUMBER, "the beginning", "the end");
        doc_line(doc, "runnable", ready, DOC_POINTS);
        doc_line(doc, "awake", awake, DOC_POINTS);
    }
}

/* ---- wakes ---- */

void page_wakes(const struct view *view, struct doc *doc)
{
    static const struct doc_column edges[] = {{"from", "who", DOC_TEXT},
                                              {"to", "woke", DOC_TEXT},
                                              {"cause", "by", DOC_TEXT},
                                              {"count", "times", DOC_COUNT},
                                              {NULL, NULL, DOC_TEXT}};
    static const struct doc_column counts[] = {{"name", "task", DOC_TEXT},
                                               {"woken", "woken", DOC_COUNT},
                                               {"self", "by itself", DOC_COUNT},
                                               {"yields", "gave way", DOC_COUNT},
                                               {"again", "woken while it ran", DOC_COUNT},
                                               {"noops", "needlessly", DOC_COUNT},
                                               {"idle", "found nothing", DOC_COUNT},
                                               {NULL, NULL, DOC_TEXT}};
    size_t count;
    struct tally_row **rows = tally_sorted(&view->analysis->wakes, &count);
    doc_section(doc, "wakes", "WAKES");
    doc_note(doc, "Who made whom runnable. (outside) is no task: a thread of the host, a timer, a descriptor.");
    doc_table(doc, "edges", edges);
    for (size_t i = 0; i < count; i++) {
        doc_text(doc, page_name(view, rows[i]->from));
        doc_text(doc, page_name(view, rows[i]->to));
        doc_text(doc, page_cause((uint8_t)rows[i]->kind));
        doc_count(doc, rows[i]->count);
    }
    free(rows);
    doc_table(doc, "tasks", counts);
    for (size_t i = 0; i < view->profile_count; i++) {
        const struct profile *profile = view->profiles[i];
        uint64_t woken = 0;
        for (int cause = 0; cause < READY_WAKES; cause++)
            woken += profile->ready[cause];
        doc_text(doc, page_name(view, profile->number));
        doc_count(doc, woken);
        doc_count(doc, profile->self_wakes);
        doc_count(doc, profile->ready[READY_YIELD]);
        doc_count(doc, profile->ready[READY_AGAIN]);
        doc_count(doc, profile->noops);
        doc_count(doc, profile->idle_polls);
    }
}

/* ---- latency ---- */

void page_latency(const struct view *view, struct doc *doc)
{
    static const struct doc_column causes[] = {{"cause", "runnable by", DOC_TEXT},
                                               {"count", "times", DOC_COUNT},
                                               PAGE_QUANTILES("wait", ""),
                                               {"shape", "by length", DOC_SHAPE},
                                               {NULL, NULL, DOC_TEXT}};
    static const struct doc_column tasks[] = {{"name", "task", DOC_TEXT},
                                              {"count", "times", DOC_COUNT},
                                              PAGE_QUANTILES("wait", ""),
                                              {"shape", "by length", DOC_SHAPE},
                                              {"worst_at_ns", "longest at", DOC_NS},
                                              {"worst_task", NULL, DOC_COUNT},
                                              {"worst_worker", "on worker", DOC_COUNT},
                                              {"culprit", "held by", DOC_TEXT},
                                              {"culprit_ns", "for", DOC_NS},
                                              {NULL, NULL, DOC_TEXT}};
    struct histogram all = {0};
    doc_section(doc, "latency", "FROM RUNNABLE TO POLLED");
    doc_table(doc, "causes", causes);
    for (uint8_t cause = 0; cause < READY_CAUSES; cause++) {
        const struct histogram *histogram = &view->analysis->ready[cause];
        if (!histogram->count)
            continue;
        histogram_merge(&all, histogram);
        doc_text(doc, page_cause(cause));
        doc_count(doc, histogram->count);
        page_quantiles(doc, histogram);
        page_octaves(doc, histogram);
    }
    doc_table(doc, "tasks", tasks);
    for (size_t i = 0; i < view->profile_count; i++) {
        const struct profile *profile = view->profiles[i];
        const struct culprit *worst = &profile->wait_worst;
        if (!profile->waits.count)
            continue;
        doc_text(doc, page_name(view, profile->number));
        doc_count(doc, profile->waits.count);
        page_quantiles(doc, &profile->waits);
        page_octaves(doc, &profile->waits);
        doc_ns(doc, page_since(view, worst->at_ns));
        doc_count(doc, worst->task);
        doc_count(doc, worst->worker);
        doc_text(doc, worst->other ? page_name(view, worst->other) : NULL);
        if (worst->other)
            doc_ns(doc, worst->other_ns);
        else
            doc_none(doc);
    }
    page_histogram(doc, "all_waits", "All waits for a worker by length, an octave a bar", &all);
    histogram_fini(&all);
}

void page_timers(const struct view *view, struct doc *doc)
{
    const struct doc_column columns[] = {PAGE_PROCESS(view),
                                         {"fires", "fired", DOC_COUNT},
                                         {"apart", NULL, DOC_COUNT},
                                         PAGE_QUANTILES("late", "late "),
                                         {"shape", "by length", DOC_SHAPE},
                                         {"worst_at_ns", "latest was due at", DOC_NS},
                                         {"worst_of", "of", DOC_TEXT},
                                         {"culprit", "worker held by", DOC_TEXT},
                                         {NULL, NULL, DOC_TEXT}};
    const struct machine *machine;
    doc_section(doc, "timers", "TIMERS");
    doc_table(doc, "timers", columns);
    for (size_t at = 0; (machine = map_next(&view->analysis->machines, &at));) {
        if (!machine->fires)
            continue;
        doc_count(doc, machine->id);
        doc_count(doc, machine->fires);
        doc_count(doc, machine->fires_apart);
        page_quantiles(doc, &machine->lateness);
        page_octaves(doc, &machine->lateness);
        doc_ns(doc, machine->late_worst.ns ? page_since(view, machine->late_worst.at_ns) : 0);
        doc_text(doc, machine->late_worst.ns ? page_name(view, machine->late_of) : NULL);
        doc_text(doc, machine->late_worst.other ? page_name(view, machine->late_worst.other) : NULL);
    }
    if (!doc_rows(doc))
        doc_note(doc, "No timer fired.");
}

void page_pool(const struct view *view, struct doc *doc)
{
    const struct doc_column columns[] = {PAGE_PROCESS(view),
                                         {"queued", "jobs", DOC_COUNT},
                                         {"refused", "not begun", DOC_COUNT},
                                         {"queue_max", "queue", DOC_COUNT},
                                         {"busy_max", "at once", DOC_COUNT},
                                         PAGE_QUANTILES("queueing", "queued "),
                                         PAGE_QUANTILES("running", "ran "),
                                         {"worst_by", "longest queued, of", DOC_TEXT},
                                         {NULL, NULL, DOC_TEXT}};
    const struct machine *machine;
    doc_section(doc, "pool", "BLOCKING POOL");
    doc_table(doc, "pool", columns);
    for (size_t at = 0; (machine = map_next(&view->analysis->machines, &at));) {
        const struct jobs *jobs = &machine->jobs;
        if (!jobs->queued && !jobs->started)
            continue;
        doc_count(doc, machine->id);
        doc_count(doc, jobs->queued);
        doc_count(doc, jobs->refused);
        doc_count(doc, jobs->queue_max);
        doc_count(doc, jobs->busy_max);
        page_quantiles(doc, &jobs->queueing);
        page_quantiles(doc, &jobs->running);
        doc_text(doc, jobs->wait_worst_ns ? page_name(view, jobs->wait_worst_by) : NULL);
    }
    if (!doc_rows(doc))
        doc_note(doc, "No blocking job was recorded.");
}

void page_meetings(const struct view *view, struct doc *doc)
{
    const struct doc_column columns[] = {PAGE_PROCESS(view),
                                         {"kind", "kind", DOC_TEXT},
                                         {"name", "name", DOC_TEXT},
                                         {"permits", "permits", DOC_COUNT},
                                         {"objects", "objects", DOC_COUNT},
                                         {"acquires", "acquired", DOC_COUNT},
                                         {"waits", "waited", DOC_COUNT},
                                         {"waiting_max", "at once", DOC_COUNT},
                                         {"given_up", "gave up", DOC_COUNT},
                                         {"wait_p50_ns", "wait p50", DOC_NS},
                                         {"wait_p99_ns", "p99", DOC_NS},
                                         {"wait_max_ns", "max", DOC_NS},
                                         {"held_p50_ns", "held p50", DOC_NS},
                                         {"held_max_ns", "max", DOC_NS},
                                         {NULL, NULL, DOC_TEXT}};
    const struct machine *machine;
    const struct place *place;
    doc_section(doc, "meetings", "MEETING POINTS");
    doc_table(doc, "meetings", columns);
    for (size_t at = 0; (machine = map_next(&view->analysis->machines, &at));)
        for (size_t k = 0; (place = map_next(&machine->places.by_hash, &k));)
            for (; place; place = place->same_hash) {
                doc_count(doc, machine->id);
                doc_text(doc, schema_label(SCHEMA_sync_kind, place->kind));
                doc_text(doc, place->name[0] ? place->name : NULL);
                doc_count(doc, place->permits);
                doc_count(doc, place->objects);
                doc_count(doc, place->acquires);
                doc_count(doc, place->waits);
                doc_count(doc, place->waiting_max);
                doc_count(doc, place->given_up);
                doc_ns(doc, histogram_quantile(&place->waited, 0.5));
                doc_ns(doc, histogram_quantile(&place->waited, 0.99));
                doc_ns(doc, place->waited.count ? place->waited.max : 0);
                doc_ns(doc, histogram_quantile(&place->held, 0.5));
                doc_ns(doc, place->held.count ? place->held.max : 0);
            }
    if (!doc_rows(doc))
        doc_note(doc, "No lock, semaphore or other meeting point was recorded.");
}
