/* SPDX-License-Identifier: MIT */
/* Rules over workers, timers, the blocking pool, meeting points and the end: see LINT_RULES. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/text.h"
#include "cli/trace/advice/lint.h"
#include "cli/trace/duration.h"
#include "cli/trace/schema.h"

enum {
    ADMISSION_TIMES = 3, /* waiting per permit */
    STORM_MIN = 2000,    /* timers */
    STORM_RATE = 1000,   /* a second */
    PARKS_MIN = 1000,
    BUSY_NS = 100000000 /* a worker that did less has said nothing about balance */
};

static void lint_timers(struct findings *findings, struct analysis *analysis, const struct machine *machine)
{
    const int64_t p99 = histogram_quantile(&machine->lateness, 0.99);
    const double seconds = (double)(analysis->model.end_ns - analysis->model.begin_ns) / 1e9;
    char tail[TEXT_DURATION_SIZE], worst[TEXT_DURATION_SIZE];
    if (p99 >= findings->limits.late_ns) {
        const struct profile *other = profiles_at(&analysis->profiles, machine->late_worst.other);
        struct finding *finding =
            findings_add(findings, LINT_TIMER_LATE, SEVERITY_WARNING, (double)machine->lateness.sum / 1e9);
        finding_subject(finding, "%s", lint_name(analysis, profiles_at(&analysis->profiles, machine->late_of)));
        finding->at_ns = machine->late_worst.at_ns;
        finding_what(finding, "1 of 100 of all timers fired %s late or more, the latest %s%s%s%s",
                     text_duration(tail, p99), text_duration(worst, machine->late_worst.ns),
                     other ? ": its worker was held by '" : "", other ? lint_name(analysis, other) : "",
                     other ? "'" : "");
        finding_advice(finding, "a worker looks at its timers between two polls: shorten the long ones");
    }
    if (machine->fires >= STORM_MIN && machine->fires * 2 > analysis->polls.count &&
        (double)machine->fires >= STORM_RATE * seconds) {
        struct finding *finding =
            findings_add(findings, LINT_TIMER_STORM, SEVERITY_WARNING, (double)machine->fires / 1e6);
        finding_subject(finding, "timers");
        finding_what(finding, "%" PRIu64 " fired, %.0f a second, for %" PRIu64 " polls", machine->fires,
                     (double)machine->fires / seconds, analysis->polls.count);
        finding_advice(finding, "wait for the event instead of the time, or make the intervals longer");
    }
}

static void lint_pool(struct findings *findings, struct analysis *analysis, const struct machine *machine)
{
    const struct jobs *jobs = &machine->jobs;
    const int64_t p99 = histogram_quantile(&jobs->queueing, 0.99);
    char tail[TEXT_DURATION_SIZE], worst[TEXT_DURATION_SIZE], runs[TEXT_DURATION_SIZE];
    if (p99 < findings->limits.queue_ns)
        return;
    struct finding *finding =
        findings_add(findings, LINT_POOL_QUEUE, SEVERITY_WARNING, (double)jobs->queueing.sum / 1e9);
    finding_subject(finding, "%s", lint_name(analysis, profiles_at(&analysis->profiles, jobs->wait_worst_by)));
    finding->at_ns = jobs->wait_worst_at_ns;
    finding_what(finding,
                 "1 of 100 jobs waited %s or more for a thread of the blocking pool, the longest %s; up to %" PRIu32
                 " were queued, at most %" PRIu32 " ran at a time, half of them for %s or more",
                 text_duration(tail, p99), text_duration(worst, jobs->wait_worst_ns), jobs->queue_max, jobs->busy_max,
                 text_duration(runs, histogram_quantile(&jobs->running, 0.5)));
    finding_advice(finding, "more threads (.blocking_threads_max), shorter jobs, or fewer at a time");
}

static void lint_balance(struct findings *findings, const struct machine *machine)
{
    int64_t most = 0, all = 0;
    uint32_t workers = 0, busiest = 0;
    for (uint32_t i = 0; i < machine->lanes.size; i++) {
        const struct lane *lane = machine->lanes.list[i];
        if (!lane)
            continue;
        workers++;
        duration_add(&all, lane->busy_ns);
        if (lane->busy_ns > most) {
            most = lane->busy_ns;
            busiest = i;
        }
    }
    if (workers < 2 || most < BUSY_NS || (double)most * workers < 2 * (double)all)
        return;
    char busy[TEXT_DURATION_SIZE], mean[TEXT_DURATION_SIZE];
    struct finding *finding =
        findings_add(findings, LINT_IMBALANCE, SEVERITY_NOTE, (double)(most - all / workers) / 1e9);
    finding_subject(finding, "worker %" PRIu32, busiest);
    finding_what(finding, "was in polls for %s, all %" PRIu32 " workers for %s on average", text_duration(busy, most),
                 workers, text_duration(mean, all / workers));
    finding_advice(finding,
                   "one task or chain of tasks does most of the work: split it, or be content with fewer workers");
}

static void lint_sleepers(struct findings *findings, struct analysis *analysis, const struct machine *machine)
{
    const struct lanes *lanes = &machine->lanes;
    const int64_t all = analysis->model.end_ns - analysis->model.begin_ns;
    char wasted[TEXT_DURATION_SIZE];
    if (all > 0 && lanes->wasted_ns > all / 5) {
        struct finding *finding =
            findings_add(findings, LINT_IDLE_WORKERS, SEVERITY_NOTE, (double)lanes->wasted_ns / 1e9);
        finding_subject(finding, "workers");
        finding_what(finding, "for %s (%.0f%% of the time) a task was runnable while a worker slept",
                     text_duration(wasted, lanes->wasted_ns), 100.0 * (double)lanes->wasted_ns / (double)all);
        finding_advice(finding, "a machine with too few processors for its workers, or long polls before short ones");
    }
    uint64_t parks = 0, vain = 0;
    for (uint32_t i = 0; i < lanes->size; i++) {
        parks += lanes->list[i] ? lanes->list[i]->parks : 0;
        vain += lanes->list[i] ? lanes->list[i]->rests_in_vain : 0;
    }
    if (parks < PARKS_MIN || vain * 2 < parks)
        return;
    struct finding *finding = findings_add(findings, LINT_UNPARK_STORM, SEVERITY_NOTE, (double)vain / 1e6);
    finding_subject(finding, "workers");
    finding_what(finding, "%" PRIu64 " of %" PRIu64 " rests ended without a poll", vain, parks);
    finding_advice(finding, "fewer workers: what comes is too little to keep them all busy");
}

static void lint_place_of(struct findings *findings, const struct analysis *analysis, const struct place *place)
{
    const char *kind = schema_label(SCHEMA_sync_kind, place->kind);
    char worst[TEXT_DURATION_SIZE], held[TEXT_DURATION_SIZE], all[TEXT_DURATION_SIZE];
    const bool crowded = place->kind == WEFT_TRACE_sync_kind_SEMAPHORE && place->permits &&
                         place->waiting_max >= (uint64_t)ADMISSION_TIMES * place->permits;
    const bool slow = place->kind <= WEFT_TRACE_sync_kind_RWLOCK && place->wait_worst_ns >= findings->limits.blocked_ns;
    (void)analysis;
    if (!crowded && !slow)
        return;
    struct finding *finding = findings_add(findings, crowded ? LINT_ADMISSION : LINT_LOCK_WAIT, SEVERITY_WARNING,
                                           (double)place->waited.sum / 1e9);
    finding_subject(finding, "%s %s", kind ? kind : "?", place->name[0] ? place->name : "(unnamed)");
    finding->at_ns = place->wait_worst_at_ns;
    finding_what(finding,
                 "up to %" PRIu32 " tasks waited for %" PRIu32
                 " permits; the longest wait was %s, all waits together %s; "
                 "half of the holders kept it for %s or more; %" PRIu64 " gave up",
                 place->waiting_max, place->permits, text_duration(worst, place->wait_worst_ns),
                 text_duration(all, place->waited.sum), text_duration(held, histogram_quantile(&place->held, 0.5)),
                 place->given_up);
    finding_advice(finding, crowded
                                ? "take the permit before the task is spawned: a limit that bounds what runs and not "
                                  "what waits bounds no memory"
                                : "hold it for shorter, or give out more permits");
}

static void lint_end(struct findings *findings, struct analysis *analysis, const struct machine *machine)
{
    if (machine->shutdown_ns == LIFE_CLOSED || machine->stop_ns == LIFE_CLOSED)
        return;
    const int64_t took = machine->stop_ns - machine->shutdown_ns;
    if (took < findings->limits.shutdown_ns)
        return;
    char time[TEXT_DURATION_SIZE];
    const struct profile *last = profiles_at(&analysis->profiles, machine->last_profile);
    struct finding *finding = findings_add(findings, LINT_SLOW_SHUTDOWN, SEVERITY_WARNING, (double)took / 1e9);
    finding_subject(finding, "%s", lint_name(analysis, last));
    finding->at_ns = machine->shutdown_ns;
    finding_what(finding, "the shutdown took %s from the first task that was asked to end; this one ended last",
                 text_duration(time, took));
    lint_place(analysis, last, finding->where, sizeof finding->where);
    finding_advice(finding, "look at what it does when its await answers WEFT_ECANCELED");
}

void lint_machines(struct findings *findings, struct analysis *analysis)
{
    struct machine *machine;
    for (size_t at = 0; (machine = map_next(&analysis->machines, &at));) {
        lint_timers(findings, analysis, machine);
        lint_pool(findings, analysis, machine);
        lint_balance(findings, machine);
        lint_sleepers(findings, analysis, machine);
        lint_end(findings, analysis, machine);
        const struct place *place;
        for (size_t k = 0; (place = map_next(&machine->places.by_hash, &k));)
            for (; place; place = place->same_hash)
                lint_place_of(findings, analysis, place);
    }
}
