/* SPDX-License-Identifier: MIT */
/* See analysis.h: here each kind of event is sent to what it changes. */
#include "cli/trace/analysis/analysis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

void analysis_init(struct analysis *analysis)
{
    memset(analysis, 0, sizeof *analysis);
    model_init(&analysis->model);
}

static void machine_free(struct machine *machine)
{
    lives_fini(machine);
    flows_fini(machine);
    map_fini(&machine->descriptors);
    map_fini(&machine->holders);
    lanes_fini(&machine->lanes);
    jobs_fini(&machine->jobs);
    places_fini(&machine->places);
    histogram_fini(&machine->lateness);
    free(machine);
}

void analysis_fini(struct analysis *analysis)
{
    struct machine *machine;
    for (size_t at = 0; (machine = map_next(&analysis->machines, &at));)
        machine_free(machine);
    map_fini(&analysis->machines);
    profiles_fini(&analysis->profiles);
    streams_fini(&analysis->streams);
    segments_fini(&analysis->segments);
    tally_fini(&analysis->wakes);
    tally_fini(&analysis->sends);
    tally_fini(&analysis->takes);
    histogram_fini(&analysis->polls);
    for (int i = 0; i < READY_CAUSES; i++)
        histogram_fini(&analysis->ready[i]);
    model_fini(&analysis->model);
}

static struct machine *analysis_machine(struct analysis *analysis, uint64_t process)
{
    if (analysis->last && analysis->last->id == process)
        return analysis->last;
    struct machine *machine = map_get(&analysis->machines, process);
    if (!machine) {
        machine = memory_zeroed(1, sizeof *machine);
        machine->id = process;
        machine->process = model_need(&analysis->model, process); /* its first event may be the end of a task */
        machine->shutdown_ns = machine->stop_ns = LIFE_CLOSED;
        lanes_init(&machine->lanes, analysis->model.begin_ns);
        map_put(&analysis->machines, process, machine);
    }
    return analysis->last = machine;
}

void analysis_gap(struct analysis *analysis, const struct event_gap *gap)
{
    model_gap(&analysis->model, gap);
    analysis->gaps++;
    struct machine *machine;
    for (size_t at = 0; (machine = map_next(&analysis->machines, &at));) {
        lanes_forget(&machine->lanes, analysis->model.end_ns);
        flows_forget(machine);
    }
}

/*
 * What waits now, and for what: when the recording ends, or when a shutdown begins, which lets everything go. What a
 * process leaves behind is seen then or never.
 */
static void analysis_look(struct analysis *analysis, struct machine *machine, int64_t ns)
{
    analysis_find_knots(analysis, machine);
    flows_look(analysis, machine, ns);
    lives_look(analysis, machine, ns);
}

static void analysis_shutdown(struct analysis *analysis, struct machine *machine, int64_t ns)
{
    if (machine->shutdown_ns != LIFE_CLOSED)
        return;
    machine->shutdown_ns = ns;
    analysis_look(analysis, machine, ns);
}

static void analysis_stall(struct analysis *analysis, const struct machine *machine, const struct event *event)
{
    const struct life *life = life_find(machine, event->stall.task);
    const uint32_t profile = life ? life->profile->number : 0;
    const size_t length = strlen(event->stall.file);
    struct stalled *at = NULL;
    for (uint32_t i = 0; i < analysis->stalled_count && !at; i++)
        if (analysis->stalled[i].profile == profile && analysis->stalled[i].line == event->stall.line)
            at = &analysis->stalled[i];
    if (!at) {
        if (analysis->stalled_count == STALLED_MAX)
            return; /* the model counts it */
        at = &analysis->stalled[analysis->stalled_count++];
        *at = (struct stalled){.profile = profile, .line = event->stall.line};
        const size_t room = sizeof at->file - 1;
        snprintf(at->function, sizeof at->function, "%s", event->stall.function);
        snprintf(at->file, sizeof at->file, "%s", event->stall.file + (length > room ? length - room : 0));
    }
    at->count++;
    if ((int64_t)event->stall.poll_ns > at->longest_ns)
        at->longest_ns = (int64_t)event->stall.poll_ns;
}

/* What a machine's own parts do not take. */
static void analysis_rest(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    const struct profile *by;
    switch (event->kind) {
    case WEFT_TRACE_thread_start:
        if (event->thread_start.kind == WEFT_TRACE_thread_kind_WORKER)
            (void)lanes_need(&machine->lanes, event->thread_start.worker, event->ns);
        else if (event->thread_start.kind == WEFT_TRACE_thread_kind_BLOCKING)
            jobs_thread(&machine->jobs, 1);
        break;
    case WEFT_TRACE_thread_stop:
        if (event->thread_stop.kind == WEFT_TRACE_thread_kind_BLOCKING)
            jobs_thread(&machine->jobs, -1);
        break;
    case WEFT_TRACE_runtime_stop:
        machine->stop_ns = event->ns;
        break;
    case WEFT_TRACE_scope_cancel:
        if (event->scope_cancel.reason == WEFT_TRACE_cancel_reason_SHUTDOWN)
            analysis_shutdown(analysis, machine, event->ns);
        break;
    case WEFT_TRACE_task_cancel:
        if (event->task_cancel.reason == WEFT_TRACE_cancel_reason_SHUTDOWN)
            analysis_shutdown(analysis, machine, event->ns);
        life_event(analysis, machine, event);
        break;
    case WEFT_TRACE_sync_open:
        places_open(&machine->places, machine->id, event);
        break;
    case WEFT_TRACE_sync_end:
        places_end(&machine->places, event->sync_end.object);
        break;
    case WEFT_TRACE_blocking_queue:
        by = life_did(machine, event->blocking_queue.task);
        (void)life_waits(machine, event->blocking_queue.task);
        if (by)
            life_find(machine, event->blocking_queue.task)->profile->jobs++;
        jobs_event(&machine->jobs, event, by ? by->number : 0, analysis->model.certain_ns);
        break;
    case WEFT_TRACE_blocking_start:
    case WEFT_TRACE_blocking_end:
        jobs_event(&machine->jobs, event, 0, analysis->model.certain_ns);
        break;
    case WEFT_TRACE_stall:
        analysis_stall(analysis, machine, event);
        break;
    default:
        break;
    }
}

void analysis_event(struct analysis *analysis, const struct event *event)
{
    if (event->kind != WEFT_TRACE_task_end) /* the model forgets a task with its end */
        model_event(&analysis->model, event);
    else if (!analysis->model.events)
        analysis->model.begin_ns = event->ns;
    struct machine *machine;
    switch (event->kind) {
    case WEFT_TRACE_worker_park:
    case WEFT_TRACE_worker_unpark:
    case WEFT_TRACE_steal:
    case WEFT_TRACE_queue_overflow:
        machine = analysis_machine(analysis, event->process);
        lanes_event(&machine->lanes, event, analysis->model.certain_ns);
        break;
    case WEFT_TRACE_chan_open:
    case WEFT_TRACE_chan_end:
    case WEFT_TRACE_statedump_chan:
    case WEFT_TRACE_chan_send:
    case WEFT_TRACE_chan_recv:
    case WEFT_TRACE_chan_wait:
    case WEFT_TRACE_chan_fail:
    case WEFT_TRACE_chan_drop:
    case WEFT_TRACE_chan_close:
        flow_event(analysis, analysis_machine(analysis, event->process), event);
        break;
    case WEFT_TRACE_thread_start:
    case WEFT_TRACE_thread_stop:
    case WEFT_TRACE_runtime_stop:
    case WEFT_TRACE_scope_cancel:
    case WEFT_TRACE_task_cancel:
    case WEFT_TRACE_sync_open:
    case WEFT_TRACE_sync_end:
    case WEFT_TRACE_blocking_queue:
    case WEFT_TRACE_blocking_start:
    case WEFT_TRACE_blocking_end:
    case WEFT_TRACE_stall:
        analysis_rest(analysis, analysis_machine(analysis, event->process), event);
        break;
    default:
        life_event(analysis, analysis_machine(analysis, event->process), event);
        break;
    }
    if (event->kind == WEFT_TRACE_task_end)
        model_event(&analysis->model, event);
}

void analysis_finish(struct analysis *analysis)
{
    if (analysis->finished)
        return;
    analysis->finished = true;
    const int64_t end = analysis->model.end_ns;
    struct machine *machine;
    for (size_t at = 0; (machine = map_next(&analysis->machines, &at));) {
        if (machine->shutdown_ns == LIFE_CLOSED)
            analysis_look(analysis, machine, end);
        flows_finish(analysis, machine, end);
        lives_finish(analysis, machine, end);
        lanes_runnable(&machine->lanes, end, 0);
    }
}

static const struct process *analysis_process(const struct analysis *analysis, const struct profile *profile)
{
    return profile ? model_process(&analysis->model, profile->process) : NULL;
}

const struct task_site *analysis_site(const struct analysis *analysis, const struct profile *profile)
{
    const struct process *process = analysis_process(analysis, profile);
    return process ? map_get(&process->tasks.sites, profile->site) : NULL;
}

const char *analysis_name(const struct analysis *analysis, const struct profile *profile)
{
    const struct process *process = analysis_process(analysis, profile);
    return process ? tasks_name_of(&process->tasks, profile->name, profile->site) : NULL;
}

const struct stalled *analysis_source(const struct analysis *analysis, uint32_t profile)
{
    for (uint32_t i = 0; profile && i < analysis->stalled_count; i++)
        if (analysis->stalled[i].profile == profile && analysis->stalled[i].function[0])
            return &analysis->stalled[i];
    return NULL;
}
