/* SPDX-License-Identifier: MIT */
/* The worker threads of one process, and its runtimes. */
#ifndef WEFT_CLI_TRACE_MODEL_WORKERS_H
#define WEFT_CLI_TRACE_MODEL_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/trace/event.h"
#include "cli/trace/map.h"

#define WORKER_CLOSED INT64_MIN /* for a time: nothing is open */

struct worker {
    uint16_t number;
    bool announced; /* thread_start was seen, so runtime and tid are known */
    uint32_t runtime;
    int32_t tid;
    int64_t begin_ns; /* its start, or the first event that names it */
    int64_t end_ns;   /* its stop, or WORKER_CLOSED while it runs */
    int64_t park_ns;  /* when it went to sleep, or WORKER_CLOSED */
    uint64_t polls;
    int64_t busy_ns;
    uint64_t parks;
    int64_t parked_ns;
    uint64_t steals;
    uint64_t stolen; /* tasks */
    uint64_t overflows;
};

struct runtime {
    uint32_t id;
    uint16_t schema;
    uint16_t workers;
    char *name;
    char *version;
    bool stopped;
};

struct workers {
    struct worker **list; /* in the order in which they appeared */
    size_t count;
    struct map by_number; /* the one that has the number now */
    bool mixed;           /* one number, two threads at a time: processes that the recording does not tell apart */
    struct runtime *runtimes;
    size_t runtime_count;
};

void workers_fini(struct workers *workers);

void workers_runtime_start(struct workers *workers, const struct event *runtime_start);
void workers_runtime_stop(struct workers *workers, const struct event *runtime_stop);
void workers_start(struct workers *workers, const struct event *thread_start);
void workers_stop(struct workers *workers, const struct event *thread_stop);

/* A poll ended on worker `number`; `took_ns` is -1 if its time is not known. */
void workers_poll(struct workers *workers, uint16_t number, int64_t ns, int64_t took_ns);
void workers_park(struct workers *workers, uint16_t number, int64_t ns);

/* Whatever a worker does shows that it is awake; a sleep that began before `certain_ns` is not counted. */
void workers_awake(struct workers *workers, uint16_t number, int64_t ns, int64_t certain_ns);
void workers_steal(struct workers *workers, const struct event *steal);
void workers_overflow(struct workers *workers, const struct event *queue_overflow);

const struct runtime *workers_runtime(const struct workers *workers, uint32_t id);

#endif
