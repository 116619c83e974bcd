/* SPDX-License-Identifier: MIT */
/* See workers.h. */
#include "cli/trace/model/workers.h"

#include <stdlib.h>

#include "cli/memory.h"
#include "cli/trace/duration.h"

void workers_fini(struct workers *workers)
{
    for (size_t i = 0; i < workers->runtime_count; i++) {
        free(workers->runtimes[i].name);
        free(workers->runtimes[i].version);
    }
    for (size_t i = 0; i < workers->count; i++)
        free(workers->list[i]);
    free(workers->runtimes);
    free(workers->list);
    map_fini(&workers->by_number);
}

static struct worker *workers_add(struct workers *workers, uint16_t number, int64_t ns)
{
    struct worker *worker = memory_zeroed(1, sizeof *worker);
    worker->number = number;
    worker->begin_ns = ns;
    worker->end_ns = WORKER_CLOSED;
    worker->park_ns = WORKER_CLOSED;
    workers->list = memory_resize(workers->list, workers->count + 1, sizeof(struct worker *));
    workers->list[workers->count++] = worker;
    map_put(&workers->by_number, number, worker);
    return worker;
}

/* NULL for a thread that is no worker. */
static struct worker *workers_need(struct workers *workers, uint16_t number, int64_t ns)
{
    if (number == WEFT_TRACE_NO_WORKER)
        return NULL;
    struct worker *worker = map_get(&workers->by_number, number);
    return worker ? worker : workers_add(workers, number, ns);
}

const struct runtime *workers_runtime(const struct workers *workers, uint32_t id)
{
    for (size_t i = workers->runtime_count; i-- > 0;)
        if (workers->runtimes[i].id == id)
            return &workers->runtimes[i];
    return NULL;
}

void workers_runtime_start(struct workers *workers, const struct event *event)
{
    const struct runtime *known = workers_runtime(workers, event->runtime_start.runtime);
    if (known && !known->stopped)
        return; /* announced again */
    workers->runtimes = memory_resize(workers->runtimes, workers->runtime_count + 1, sizeof *workers->runtimes);
    workers->runtimes[workers->runtime_count++] = (struct runtime){
        .id = event->runtime_start.runtime,
        .schema = event->runtime_start.schema,
        .workers = event->runtime_start.workers,
        .name = memory_text(event->runtime_start.name),
        .version = memory_text(event->runtime_start.version),
    };
}

void workers_runtime_stop(struct workers *workers, const struct event *event)
{
    struct runtime *runtime = (struct runtime *)workers_runtime(workers, event->runtime_stop.runtime);
    if (runtime)
        runtime->stopped = true;
}

void workers_start(struct workers *workers, const struct event *event)
{
    if (event->thread_start.kind != WEFT_TRACE_thread_kind_WORKER)
        return;
    struct worker *worker = workers_need(workers, event->thread_start.worker, event->ns);
    if (!worker)
        return;
    if (worker->end_ns != WORKER_CLOSED) /* a later runtime has taken the number of one that is gone */
        worker = workers_add(workers, event->thread_start.worker, event->ns);
    if (worker->announced && worker->tid != event->thread_start.tid)
        workers->mixed = true;
    worker->announced = true;
    worker->runtime = event->thread_start.runtime;
    worker->tid = event->thread_start.tid;
}

void workers_stop(struct workers *workers, const struct event *event)
{
    struct worker *worker = event->thread_stop.kind == WEFT_TRACE_thread_kind_WORKER
                                ? workers_need(workers, event->thread_stop.worker, event->ns)
                                : NULL;
    if (worker)
        worker->end_ns = event->ns;
}

void workers_poll(struct workers *workers, uint16_t number, int64_t ns, int64_t took_ns)
{
    struct worker *worker = workers_need(workers, number, ns);
    if (!worker)
        return;
    worker->polls++;
    if (took_ns > 0)
        duration_add(&worker->busy_ns, took_ns);
}

void workers_park(struct workers *workers, uint16_t number, int64_t ns)
{
    struct worker *worker = workers_need(workers, number, ns);
    if (!worker)
        return;
    worker->parks++;
    worker->park_ns = ns;
}

void workers_awake(struct workers *workers, uint16_t number, int64_t ns, int64_t certain_ns)
{
    struct worker *worker = workers_need(workers, number, ns);
    if (!worker || worker->park_ns == WORKER_CLOSED)
        return;
    if (worker->park_ns > certain_ns)
        duration_add(&worker->parked_ns, ns - worker->park_ns);
    worker->park_ns = WORKER_CLOSED;
}

void workers_steal(struct workers *workers, const struct event *event)
{
    struct worker *worker = workers_need(workers, event->steal.worker, event->ns);
    if (!worker)
        return;
    worker->steals++;
    worker->stolen += event->steal.count;
}

void workers_overflow(struct workers *workers, const struct event *event)
{
    struct worker *worker = workers_need(workers, event->queue_overflow.worker, event->ns);
    if (worker)
        worker->overflows++;
}
