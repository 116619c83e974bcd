/* SPDX-License-Identifier: MIT */
/* See span.h. Any event may be missing; a state that no event tells is no span. */
#include "cli/trace/export/span.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/memory.h"
#include "cli/trace/advice/lint.h"
#include "cli/trace/schema.h"

enum strand_state { STRAND_UNKNOWN, STRAND_RUN, STRAND_READY, STRAND_WAIT, STRAND_OVER };

/* A live task. */
struct strand {
    uint64_t task;
    enum strand_state state;
    bool announced; /* as waiting, and nothing was seen of it since */
    bool again;     /* it was woken while it ran: runnable as soon as the poll ends */
    uint16_t worker;
    uint8_t source;
    uint32_t line;
    int64_t since_ns;
    int64_t seen_ns;          /* that it still ran then is certain */
    struct span_wake wake;    /* in front of what it does now */
    struct span_wake told;    /* what events say that it will wait for */
    struct span_wake pending; /* of `again` */
};

/* The last poll of a worker: who ended in it still wakes his joiner. */
struct bench {
    uint16_t worker;
    uint64_t task;
    int64_t begin_ns;
    int64_t end_ns;
};

struct span_machine {
    uint64_t id;
    struct map strands;
    struct map bench_at; /* worker → 1 + its bench, as a pointer: broken bytes name workers far from all others */
    struct bench *benches;
    uint32_t bench_count;
};

void spans_init(struct spans *spans, const struct span_taker *takers, uint32_t count)
{
    *spans = (struct spans){.from_ns = INT64_MIN, .to_ns = INT64_MAX, .takers = takers, .taker_count = count};
}

void spans_fini(struct spans *spans)
{
    struct span_machine *machine;
    struct strand *strand;
    for (size_t at = 0; (machine = map_next(&spans->machines, &at));) {
        for (size_t of = 0; (strand = map_next(&machine->strands, &of));)
            free(strand);
        map_fini(&machine->strands);
        map_fini(&machine->bench_at);
        free(machine->benches);
        free(machine);
    }
    map_fini(&spans->machines);
}

static struct span_machine *span_machine(struct spans *spans, uint64_t process)
{
    struct span_machine *machine = map_get(&spans->machines, process);
    if (!machine) {
        machine = memory_zeroed(1, sizeof *machine);
        machine->id = process;
        map_put(&spans->machines, process, machine);
    }
    return machine;
}

static struct strand *strand_need(struct span_machine *machine, uint64_t task)
{
    struct strand *strand = map_get(&machine->strands, task);
    if (!strand) {
        strand = memory_zeroed(1, sizeof *strand);
        strand->task = task;
        strand->wake.cause = strand->told.cause = SPAN_UNTOLD;
        strand->wake.worker = strand->told.worker = SPAN_NOWHERE;
        strand->pending = (struct span_wake){.cause = READY_AGAIN, .worker = SPAN_NOWHERE};
        map_put(&machine->strands, task, strand);
    }
    return strand;
}

static struct bench *bench_of(struct span_machine *machine, uint16_t worker)
{
    if (worker == WEFT_TRACE_NO_WORKER)
        return NULL;
    uintptr_t at = (uintptr_t)map_get(&machine->bench_at, worker);
    if (!at) {
        machine->benches = memory_resize(machine->benches, machine->bench_count + 1u, sizeof *machine->benches);
        machine->benches[machine->bench_count] = (struct bench){.worker = worker};
        at = ++machine->bench_count;
        map_put(&machine->bench_at, worker, (void *)at);
    }
    return &machine->benches[at - 1];
}

/* ---- spans ---- */

static void span_tell(struct spans *spans, const struct analysis *analysis, const struct span_machine *machine,
                      const struct strand *strand, struct span span)
{
    if (span.begin_ns <= analysis->model.certain_ns || span.begin_ns >= spans->to_ns || span.end_ns <= spans->from_ns)
        return;
    span.cut |= span.begin_ns < spans->from_ns || span.end_ns > spans->to_ns;
    span.begin_ns = span.begin_ns < spans->from_ns ? spans->from_ns : span.begin_ns;
    span.end_ns = span.end_ns > spans->to_ns ? spans->to_ns : span.end_ns;
    const struct machine *known = map_get(&analysis->machines, machine->id);
    const struct life *life = known ? life_find(known, strand->task) : NULL;
    if (span.wake.worker != SPAN_NOWHERE && span.wake.ns < spans->from_ns)
        span.wake.worker = SPAN_NOWHERE; /* that poll is not told */
    span.process = machine->id;
    span.task = strand->task;
    span.profile = life ? life->profile->number : 0;
    for (uint32_t i = 0; i < spans->taker_count; i++)
        if (spans->takers[i].span)
            spans->takers[i].span(spans->takers[i].context, analysis, &span);
}

/* What it did until `ns` is over. `wake` is what ended a wait. */
static void strand_end(struct spans *spans, const struct analysis *analysis, const struct span_machine *machine,
                       struct strand *strand, int64_t ns, const struct span_wake *wake, bool cut)
{
    struct span span = {.cut = cut, .begin_ns = strand->since_ns, .end_ns = ns, .from_line = strand->line};
    if (strand->state == STRAND_READY) {
        span.what = SPAN_READY;
        span.worker = strand->worker;
        span.wake = strand->wake;
    } else if (strand->state == STRAND_WAIT || (strand->announced && strand->state == STRAND_UNKNOWN)) {
        span.what = SPAN_WAIT;
        span.worker = SPAN_NOWHERE;
        span.wake = *wake;
        span.cut |= strand->announced;
    } else {
        return;
    }
    strand->announced = false;
    span_tell(spans, analysis, machine, strand, span);
}

static void strand_to(struct strand *strand, enum strand_state state, int64_t ns)
{
    strand->state = state;
    strand->since_ns = strand->seen_ns = ns;
    strand->announced = false;
}

/* ---- wakes ---- */

/* In whose poll was it done, if that is told? One that has just ended is still its task's. */
static void wake_place(const struct analysis *analysis, struct span_machine *machine, struct span_wake *wake,
                       int64_t ns)
{
    struct strand *by = wake->by ? map_get(&machine->strands, wake->by) : NULL;
    wake->worker = SPAN_NOWHERE;
    wake->ns = ns;
    if (by && by->state == STRAND_RUN) {
        wake->worker = by->since_ns > analysis->model.certain_ns ? by->worker : SPAN_NOWHERE;
        by->seen_ns = ns;
        return;
    }
    const struct bench *last = NULL; /* it may have been the last on several workers */
    for (uint32_t i = 0; wake->by && i < machine->bench_count; i++) {
        const struct bench *bench = &machine->benches[i];
        if (bench->task == wake->by && bench->end_ns && bench->begin_ns > analysis->model.certain_ns &&
            (!last || bench->end_ns > last->end_ns))
            last = bench;
    }
    if (last) {
        wake->worker = last->worker;
        wake->ns = last->end_ns > last->begin_ns ? last->end_ns - 1 : last->end_ns;
    }
}

static void span_spawn(const struct analysis *analysis, struct span_machine *machine, const struct event *event)
{
    struct strand *strand = strand_need(machine, event->task_spawn.task);
    strand->wake = (struct span_wake){.cause = READY_SPAWN, .by = event->task_spawn.parent};
    wake_place(analysis, machine, &strand->wake, event->ns);
    strand_to(strand, STRAND_READY, event->ns);
}

static void span_wake(struct spans *spans, const struct analysis *analysis, struct span_machine *machine,
                      const struct event *event)
{
    struct strand *strand = strand_need(machine, event->wake.task);
    struct span_wake wake = {.cause = event->wake.source < READY_WAKES ? event->wake.source : SPAN_UNTOLD,
                             .by = event->wake.by,
                             .object = event->wake.object};
    wake_place(analysis, machine, &wake, event->ns);
    if (strand->state == STRAND_RUN) { /* the end of its poll is still to be told */
        strand->again = true;
        strand->pending = wake;
        return;
    }
    if (strand->state == STRAND_READY)
        return;
    struct span_wake ended = wake;
    if (wake.cause == WEFT_TRACE_wake_source_CANCEL && strand->told.cause != SPAN_UNTOLD) {
        ended.cause = strand->told.cause; /* that is what it waited for, in vain */
        ended.object = strand->told.object;
    }
    strand_end(spans, analysis, machine, strand, event->ns, &ended, false);
    strand->wake = wake;
    strand_to(strand, STRAND_READY, event->ns);
}

/* Its event may come after the end of the poll in which it found the task. */
static void span_wake_noop(const struct analysis *analysis, struct span_machine *machine, const struct event *event)
{
    struct strand *strand = map_get(&machine->strands, event->wake_noop.task);
    if (!strand || (strand->state != STRAND_RUN && strand->state != STRAND_WAIT))
        return;
    strand->again = strand->state == STRAND_RUN;
    strand->pending = (struct span_wake){.cause = READY_AGAIN, .by = event->wake_noop.by};
    wake_place(analysis, machine, &strand->pending, event->ns);
}

/* ---- polls ---- */

static void span_poll_start(struct spans *spans, const struct analysis *analysis, struct span_machine *machine,
                            const struct event *event)
{
    static const struct span_wake untold = {.cause = SPAN_UNTOLD, .worker = SPAN_NOWHERE};
    static const struct span_wake again = {.cause = READY_AGAIN, .worker = SPAN_NOWHERE};
    struct strand *strand = strand_need(machine, event->poll_start.task);
    strand->worker = event->poll_start.worker;
    if (strand->state == STRAND_WAIT && analysis->model.events_of[WEFT_TRACE_wake]) {
        strand->state = STRAND_READY; /* wakes are recorded, and none came: it was woken while it ran */
        strand->wake = strand->pending;
    } else if (strand->state != STRAND_READY) {
        strand->wake = untold;
    }
    strand_end(spans, analysis, machine, strand, event->ns, &untold, false);
    strand->pending = again;
    strand->source = event->poll_start.source;
    strand->again = false;
    strand_to(strand, STRAND_RUN, event->ns);
    struct bench *bench = bench_of(machine, strand->worker);
    if (bench)
        *bench = (struct bench){.worker = strand->worker, .task = strand->task, .begin_ns = event->ns};
}

static struct span strand_poll(const struct strand *strand, int64_t ns, uint8_t result, uint32_t line)
{
    return (struct span){.what = SPAN_RUN,
                         .cut = result == SPAN_UNENDED,
                         .begin_ns = strand->since_ns,
                         .end_ns = ns,
                         .worker = strand->worker,
                         .source = strand->source,
                         .result = result,
                         .from_line = strand->line,
                         .to_line = line,
                         .wake = strand->wake};
}

static void span_poll_end(struct spans *spans, const struct analysis *analysis, struct span_machine *machine,
                          const struct event *event)
{
    struct strand *strand = strand_need(machine, event->poll_end.task);
    const uint8_t result = event->poll_end.result;
    struct bench *bench = bench_of(machine, event->poll_end.worker);
    if (bench && bench->task == strand->task)
        bench->end_ns = event->ns;
    if (strand->state == STRAND_RUN)
        span_tell(spans, analysis, machine, strand, strand_poll(strand, event->ns, result, event->poll_end.line));
    if (event->poll_end.line != strand->line && strand->state == STRAND_RUN && strand->told.ns < strand->since_ns)
        strand->told = (struct span_wake){.cause = SPAN_UNTOLD, .worker = SPAN_NOWHERE};
    strand->line = event->poll_end.line;
    if (result == WEFT_TRACE_poll_result_YIELD) {
        strand->wake = (struct span_wake){.cause = READY_YIELD, .by = strand->task, .worker = SPAN_NOWHERE};
        strand_to(strand, STRAND_READY, event->ns);
    } else if (result == WEFT_TRACE_poll_result_PENDING && strand->again) {
        strand->wake = strand->pending;
        strand_to(strand, STRAND_READY, event->ns);
    } else {
        strand_to(strand, result == WEFT_TRACE_poll_result_PENDING ? STRAND_WAIT : STRAND_OVER, event->ns);
    }
}

/* ---- what else is told ---- */

static void span_told(struct span_machine *machine, uint64_t task, uint8_t cause, uint64_t object, int64_t ns)
{
    struct strand *strand = task ? map_get(&machine->strands, task) : NULL;
    if (strand)
        strand->told = (struct span_wake){.cause = cause, .object = object, .worker = SPAN_NOWHERE, .ns = ns};
}

static void span_announced(struct span_machine *machine, const struct event *event)
{
    struct strand *strand = strand_need(machine, event->statedump_task.task);
    if (strand->state != STRAND_UNKNOWN)
        return;
    strand->announced = event->statedump_task.state == WEFT_TRACE_task_state_WAITING;
    strand->since_ns = event->ns;
}

static void span_end(struct spans *spans, const struct analysis *analysis, struct span_machine *machine,
                     const struct event *event)
{
    struct strand *strand = map_remove(&machine->strands, event->task_end.task);
    if (!strand)
        return;
    strand_end(spans, analysis, machine, strand, event->ns, &strand->told, true);
    free(strand);
}

static void span_take(struct spans *spans, const struct analysis *analysis, const struct event *event)
{
    struct span_machine *machine = span_machine(spans, event->process);
    switch (event->kind) {
    case WEFT_TRACE_task_spawn:
        span_spawn(analysis, machine, event);
        break;
    case WEFT_TRACE_statedump_task:
        span_announced(machine, event);
        break;
    case WEFT_TRACE_task_end:
        span_end(spans, analysis, machine, event);
        break;
    case WEFT_TRACE_poll_start:
        span_poll_start(spans, analysis, machine, event);
        break;
    case WEFT_TRACE_poll_end:
        span_poll_end(spans, analysis, machine, event);
        break;
    case WEFT_TRACE_wake:
        span_wake(spans, analysis, machine, event);
        break;
    case WEFT_TRACE_wake_noop:
        span_wake_noop(analysis, machine, event);
        break;
    case WEFT_TRACE_chan_wait:
        span_told(machine, event->chan_wait.task, WEFT_TRACE_wake_source_CHANNEL, event->chan_wait.chan, event->ns);
        break;
    case WEFT_TRACE_sync_wait:
        span_told(machine, event->sync_wait.task, WEFT_TRACE_wake_source_SYNC, event->sync_wait.object, event->ns);
        break;
    case WEFT_TRACE_timer_arm:
        span_told(machine, event->timer_arm.task, WEFT_TRACE_wake_source_TIMER, 0, event->ns);
        break;
    case WEFT_TRACE_io_wait:
        span_told(machine, event->io_wait.task, WEFT_TRACE_wake_source_IO, event->io_wait.object, event->ns);
        break;
    case WEFT_TRACE_blocking_queue:
        span_told(machine, event->blocking_queue.task, WEFT_TRACE_wake_source_BLOCKING, event->blocking_queue.job,
                  event->ns);
        break;
    default:
        break;
    }
}

void spans_event(struct spans *spans, const struct analysis *analysis, const struct event *event)
{
    if (!spans->taker_count)
        return;
    span_take(spans, analysis, event);
    if (event->ns < spans->from_ns || event->ns > spans->to_ns)
        return;
    for (uint32_t i = 0; i < spans->taker_count; i++)
        if (spans->takers[i].event)
            spans->takers[i].event(spans->takers[i].context, analysis, event);
}

/* The end of a poll may be among what is missing: what it did before that is told. */
static void strand_lose(struct spans *spans, const struct analysis *analysis, const struct span_machine *machine,
                        struct strand *strand, const struct event_gap *gap)
{
    const int64_t until = gap->begin_ns > strand->seen_ns ? gap->begin_ns : strand->seen_ns;
    if (strand->state == STRAND_RUN) {
        struct span span = strand_poll(strand, until, SPAN_UNENDED, PROFILE_STILL);
        span.lost = true;
        span_tell(spans, analysis, machine, strand, span);
    }
    strand_to(strand, STRAND_UNKNOWN, 0);
}

void spans_gap(struct spans *spans, const struct analysis *analysis, const struct event_gap *gap)
{
    struct span_machine *machine;
    struct strand *strand;
    for (size_t at = 0; (machine = map_next(&spans->machines, &at));) {
        for (size_t of = 0; (strand = map_next(&machine->strands, &of));)
            strand_lose(spans, analysis, machine, strand, gap);
        for (uint32_t i = 0; i < machine->bench_count; i++)
            machine->benches[i] = (struct bench){.worker = machine->benches[i].worker};
    }
    for (uint32_t i = 0; i < spans->taker_count; i++)
        if (spans->takers[i].gap)
            spans->takers[i].gap(spans->takers[i].context, gap);
}

void spans_finish(struct spans *spans, const struct analysis *analysis, int64_t ns)
{
    struct span_machine *machine;
    struct strand *strand;
    for (size_t at = 0; (machine = map_next(&spans->machines, &at));)
        for (size_t of = 0; (strand = map_next(&machine->strands, &of));) {
            if (strand->state == STRAND_RUN)
                span_tell(spans, analysis, machine, strand, strand_poll(strand, ns, SPAN_UNENDED, PROFILE_STILL));
            else
                strand_end(spans, analysis, machine, strand, ns, &strand->told, true);
            strand_to(strand, STRAND_UNKNOWN, 0);
        }
}

/* ---- words ---- */

const char *span_name(const struct analysis *analysis, uint32_t profile)
{
    return lint_name(analysis, profiles_at(&analysis->profiles, profile));
}

static const char *wake_object(const struct analysis *analysis, uint64_t process, const struct span_wake *wake)
{
    const struct machine *machine = map_get(&analysis->machines, process);
    if (!machine || !wake->object)
        return NULL;
    if (wake->cause == WEFT_TRACE_wake_source_CHANNEL) {
        const struct flow *flow = map_get(&machine->flows, wake->object);
        return flow ? flow->stream->name : NULL;
    }
    if (wake->cause == WEFT_TRACE_wake_source_SYNC) {
        const struct place *place = places_find(&machine->places, wake->object);
        return place ? place->name && place->name[0] ? place->name : schema_label(SCHEMA_sync_kind, place->kind) : NULL;
    }
    if (wake->cause == WEFT_TRACE_wake_source_IO) {
        const uintptr_t kind = (uintptr_t)map_get(&machine->descriptors, wake->object);
        return kind ? schema_label(SCHEMA_fd_kind, kind - 1) : NULL;
    }
    return NULL;
}

const char *span_wake_text(const struct analysis *analysis, uint64_t process, const struct span_wake *wake, char *out,
                           size_t size)
{
    static const char *const words[READY_CAUSES] = {[WEFT_TRACE_wake_source_WAKER] = "a waker",
                                                    [WEFT_TRACE_wake_source_CHANNEL] = "channel",
                                                    [WEFT_TRACE_wake_source_JOIN] = "a task",
                                                    [WEFT_TRACE_wake_source_SCOPE] = "its scope",
                                                    [WEFT_TRACE_wake_source_CANCEL] = "a cancellation",
                                                    [WEFT_TRACE_wake_source_TIMER] = "a timer",
                                                    [WEFT_TRACE_wake_source_IO] = "descriptor",
                                                    [WEFT_TRACE_wake_source_SYNC] = "meeting point",
                                                    [WEFT_TRACE_wake_source_BLOCKING] = "its job",
                                                    [READY_SPAWN] = "spawned",
                                                    [READY_YIELD] = "gave way",
                                                    [READY_AGAIN] = "woken while it ran"};
    const char *object = wake_object(analysis, process, wake);
    snprintf(out, size, "%s%s%s", wake->cause < READY_CAUSES ? words[wake->cause] : "something not told",
             object ? " " : "", object ? object : "");
    return out;
}
