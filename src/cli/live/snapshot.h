/* SPDX-License-Identifier: MIT */
/*
 * What a process answered at one moment, as plain structs. snapshot.c is the door to jansson: nothing else includes it. Texts
 * belong to the snapshot, are never NULL, and are as they came: whoever prints them cleans them. A time of LIVE_UNKNOWN: none.
 */
#ifndef WEFT_CLI_LIVE_SNAPSHOT_H
#define WEFT_CLI_LIVE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIVE_UNKNOWN INT64_MIN

struct live_runtime {
    uint64_t id, workers, workers_parked, live, spawned, polls, stalls;
    const char *name;
    int64_t stall_ns;
};

struct live_worker {
    uint64_t runtime, index, thread, queued, polls, stolen, parks, overflows, task;
    const char *name, *state;
    int64_t poll_ns;
    const char *task_name, *file; /* of the task that has held it for long */
    uint64_t line;
};

struct live_place {
    const char *function, *file;
    uint64_t line;
};

struct live_wait {
    uint64_t object, holder;
    const char *what, *name, *holder_is;
    int64_t for_ns;
};

enum { LIVE_PLACES_MAX = 32, LIVE_WAITS_MAX = 8, LIVE_SCOPES_MAX = 8 };

struct live_task {
    uint64_t runtime, id, parent, polls;
    const char *name, *category, *state;
    int64_t age_ns, idle_ns;
    bool cancelled;
    struct live_place site;
    struct live_place awaits[LIVE_PLACES_MAX]; /* the innermost last */
    size_t await_count;
    struct live_wait waits[LIVE_WAITS_MAX];
    size_t wait_count;
    struct live_place scopes[LIVE_SCOPES_MAX]; /* `function` is the scope's name */
    size_t scope_count;
};

struct live_channel {
    uint64_t runtime, id, capacity, message_size, depth, depth_max, senders, senders_waiting, sent, received,
        failed, dropped, waits;
    const char *name, *component, *health, *overflow;
    double saturation;
    int64_t wait_longest_ns, oldest_ns;
    bool closed, receiver_waiting;
};

struct live_resource {
    uint64_t runtime, id, permits, permits_max, waiting, waits, owner;
    const char *name, *component, *kind;
    int64_t longest_ns;
    bool closed;
};

struct live_job {
    uint64_t runtime, id, parent, line;
    const char *name, *state, *file;
    int64_t waited_ns, ran_ns;
};

/* A sentence about what is wrong, with its severity. */
struct live_warning {
    uint64_t runtime, number; /* 1 for the first */
    const char *status; /* how bad it is, or the kind of a lint */
    const char *text;
    const char *subject, *hint; /* "": of the whole process; nothing to try */
};

/* The parts of a snapshot, in the order in which they are asked for. An overview is health, runtimes and workers in one. */
enum live_part { LIVE_OVERVIEW, LIVE_HEALTH, LIVE_RUNTIMES, LIVE_WORKERS, LIVE_TASKS, LIVE_CHANNELS, LIVE_RESOURCES, LIVE_BLOCKING, LIVE_LINTS,
                 LIVE_METRICS, LIVE_PARTS };

/* How durations are spread, of all runtimes together. */
enum { LIVE_BUCKETS_MAX = 64 };
struct live_histogram {
    size_t count;
    double bounds[LIVE_BUCKETS_MAX]; /* seconds; the last may be infinite */
    double counts[LIVE_BUCKETS_MAX]; /* of each bucket alone */
};

struct snapshot {
    int64_t at_ns; /* when it was asked for, on the clock of the asker */
    uint64_t pid;
    const char *status; /* of the process */
    struct live_runtime *runtimes;
    struct live_worker *workers;
    struct live_task *tasks;
    struct live_channel *channels;
    struct live_resource *resources;
    struct live_job *jobs;
    struct live_warning *warnings;
    size_t runtime_count, worker_count, task_count, channel_count, resource_count, job_count, warning_count;
    uint64_t tasks_total, channels_total, resources_total, jobs_total;
    struct live_histogram poll_time, wake_latency;
    struct json_t *replies[LIVE_PARTS]; /* whose texts these are */
};

/* Take in the answer to one part. False: it is not what was expected; `says` has the reason. */
bool snapshot_read(struct snapshot *snapshot, enum live_part part, const char *text, char *says, size_t size);

/* What a list needs to be asked for page by page: how many match, and the largest id of this one; false: it is none. */
bool snapshot_page(const char *text, const char *list, uint64_t *out_total, uint64_t *out_last, size_t *out_count);

void snapshot_fini(struct snapshot *snapshot);

/* The task, channel or runtime of a number; NULL: it is not in there. */
const struct live_task *snapshot_task(const struct snapshot *snapshot, uint64_t runtime, uint64_t id);
const struct live_channel *snapshot_channel(const struct snapshot *snapshot, uint64_t runtime, uint64_t id);
const struct live_worker *snapshot_worker(const struct snapshot *snapshot, uint64_t runtime, uint64_t index);
const struct live_runtime *snapshot_runtime(const struct snapshot *snapshot, uint64_t id);

#endif
