/* SPDX-License-Identifier: MIT */
/* See path.h: the way back. What is kept of the window is made in path_window.c. */
#include <stdlib.h>

#include "cli/memory.h"
#include "cli/trace/path/path.h"

struct walk {
    struct path *path;
    uint64_t task;
    int64_t ns; /* everything after it has been told */
    struct map reached; /* task → 1 + the event to which walk_latest() came, as a pointer: what is later is of no interest any more */
    bool done;
};

const char *path_kind_name(enum path_leg_kind kind)
{
    static const char *const names[PATH_KINDS] = {"running",
                                                  "waits for a worker",
                                                  "message in a channel",
                                                  "waits for room",
                                                  "waits for a lock",
                                                  "waits for a time",
                                                  "waits for a descriptor",
                                                  "job waits for a thread",
                                                  "job runs",
                                                  "waits for the outside",
                                                  "not recorded"};
    return names[kind];
}

static void walk_leg(struct walk *walk, enum path_leg_kind kind, int64_t from_ns, const struct path_event *of,
                     const char *label, uint32_t line)
{
    struct path *path = walk->path;
    if (from_ns < path->begin_ns)
        from_ns = path->begin_ns;
    if (path->leg_count == PATH_LEGS_MAX) {
        walk->done = true;
        return;
    }
    if (from_ns < walk->ns) {
        if ((path->leg_count & (path->leg_count - 1)) == 0) /* room is a power of two */
            path->legs = memory_resize(path->legs, path->leg_count ? 2 * path->leg_count : 1, sizeof *path->legs);
        path->legs[path->leg_count++] = (struct path_leg){
            .kind = kind,
            .from_ns = from_ns,
            .to_ns = walk->ns,
            .task = of->task,
            .profile = of->profile,
            .line = line,
            .label = label,
        };
        walk->ns = from_ns;
    }
    walk->done |= from_ns <= path->begin_ns;
}

static const struct path_event *walk_at(const struct walk *walk, uint32_t index)
{
    struct path *path = walk->path;
    path->looks++;
    return index ? &path->events[index - 1] : NULL;
}

/* The latest event of the task up to now. Each event is passed once, however often the way comes by its task. */
static const struct path_event *walk_latest(struct walk *walk)
{
    const struct path *path = walk->path;
    void *reached = map_get(&walk->reached, walk->task);
    const struct path_event *event = walk_at(walk, (uint32_t)(uintptr_t)(reached ? reached : map_get(&path->last, walk->task)));
    while (event && event->ns > walk->ns)
        event = walk_at(walk, event->before);
    if (event)
        map_put(&walk->reached, walk->task, (void *)(uintptr_t)(event - path->events + 1));
    return event;
}

static void walk_to(struct walk *walk, uint64_t task)
{
    walk->task = task;
    if (!task)
        walk->done = true;
}

/* It took a message: on with who sent it, when it did. */
static void walk_message(struct walk *walk, const struct path_event *receive, uint32_t line)
{
    const struct path_event *send = walk_at(walk, receive->match);
    walk_leg(walk, PATH_RUNNING, receive->ns, receive, NULL, line);
    if (walk->done)
        return;
    walk_leg(walk, PATH_MESSAGE, send->ns, receive, receive->label, 0);
    if (!send->task && !walk->done)
        walk_leg(walk, PATH_OUTSIDE, walk->path->begin_ns, receive, NULL, 0);
    walk_to(walk, send->task);
}

/* The job's own times, if the window has them. */
static void walk_job(struct walk *walk, const struct path_event *wake)
{
    const struct path_event *event = wake, *queued = NULL;
    int64_t start_ns = INT64_MIN;
    for (; event && !queued; event = walk_at(walk, event->before)) {
        if (event->kind == WEFT_TRACE_blocking_start && event->other == wake->other)
            start_ns = event->ns;
        else if (event->kind == WEFT_TRACE_blocking_queue && event->other == wake->other)
            queued = event;
    }
    if (start_ns != INT64_MIN)
        walk_leg(walk, PATH_JOB, start_ns, wake, NULL, 0);
    if (!walk->done)
        walk_leg(walk, start_ns != INT64_MIN ? PATH_POOL : PATH_JOB, queued ? queued->ns : walk->path->begin_ns, wake,
                 NULL, 0);
}

/* The end of the poll before the wake: since then it waited. */
static const struct path_event *walk_poll_before(const struct walk *walk, const struct path_event *wake)
{
    const struct path_event *event = walk_at(walk, wake->before);
    while (event && event->kind != WEFT_TRACE_poll_end)
        event = walk_at(walk, event->before);
    return event;
}

static bool walk_waited_for_room(const struct walk *walk, const struct path_event *wake)
{
    const struct path_event *event = walk_at(walk, wake->before);
    for (; event && event->kind != WEFT_TRACE_poll_start; event = walk_at(walk, event->before))
        if (event->kind == WEFT_TRACE_chan_wait && event->detail == WEFT_TRACE_channel_side_SENDER)
            return true;
    return false;
}

/* It was woken: on with who did it, or with the wait itself where the other side is no step of this work. */
static void walk_wake(struct walk *walk, const struct path_event *wake)
{
    enum path_leg_kind kind;
    if (wake->detail == WEFT_TRACE_wake_source_BLOCKING) {
        walk_job(walk, wake);
        return;
    }
    if (wake->detail == WEFT_TRACE_wake_source_CHANNEL && walk_waited_for_room(walk, wake))
        kind = PATH_ROOM;
    else if (wake->detail == WEFT_TRACE_wake_source_SYNC)
        kind = PATH_LOCK;
    else if (wake->detail == WEFT_TRACE_wake_source_TIMER)
        kind = PATH_TIMER;
    else if (wake->detail == WEFT_TRACE_wake_source_IO)
        kind = PATH_IO;
    else if (!wake->other || wake->other == walk->task)
        kind = PATH_OUTSIDE;
    else {
        walk_to(walk, wake->other);
        return;
    }
    const struct path_event *end = walk_poll_before(walk, wake);
    walk_leg(walk, kind, end ? end->ns : walk->path->begin_ns, wake, wake->label, end ? end->number : 0);
}

static bool walk_is_ready(const struct path_event *event)
{
    return event->kind == WEFT_TRACE_wake || event->kind == WEFT_TRACE_task_spawn;
}

/* The recording does not tell what it did since then. */
static void walk_unknown(struct walk *walk, const struct path_event *since)
{
    const struct path_event nobody = {.task = walk->task};
    walk_leg(walk, PATH_UNKNOWN, since ? since->ns : walk->path->begin_ns, since ? since : &nobody, NULL,
             since ? since->number : 0);
    walk->done |= !since;
}

/* It was runnable until now: on with what made it so. */
static void walk_ready(struct walk *walk, const struct path_event *ready)
{
    walk_leg(walk, PATH_QUEUED, ready->ns, ready, NULL, 0);
    if (!walk->done && ready->kind == WEFT_TRACE_wake)
        walk_wake(walk, ready);
    else if (!walk->done && ready->kind == WEFT_TRACE_task_spawn)
        walk_to(walk, ready->other);
}

static void walk_poll(struct walk *walk, const struct path_event *start, uint32_t line)
{
    const struct path_event *ready = walk_at(walk, start->before);
    walk_leg(walk, PATH_RUNNING, start->ns, start, NULL, line);
    while (ready && !walk_is_ready(ready) && ready->kind != WEFT_TRACE_poll_end)
        ready = walk_at(walk, ready->before);
    if (walk->done)
        return;
    if (ready)
        walk_ready(walk, ready); /* the end of a poll: it gave way, or was woken while it ran */
    else
        walk_unknown(walk, NULL);
}

/* What the time until now went by with: the latest event of the task tells. */
static void walk_step(struct walk *walk)
{
    const struct path_event *event = walk_latest(walk);
    uint32_t line = 0;
    if (event && event->kind == WEFT_TRACE_poll_end) {
        if (event->ns < walk->ns && event->detail == WEFT_TRACE_poll_result_PENDING) {
            walk_unknown(walk, event);
            return;
        }
        walk_leg(walk, PATH_RUNNING, event->ns, event, NULL, 0); /* its worker sees to its end */
        if (walk->done)
            return;
        line = event->number;
        event = walk_at(walk, event->before);
    }
    for (; event && !walk_is_ready(event); event = walk_at(walk, event->before)) {
        if (event->kind == WEFT_TRACE_poll_start) {
            walk_poll(walk, event, line);
            return;
        }
        if (event->kind == WEFT_TRACE_chan_recv && event->match) {
            walk_message(walk, event, line);
            return;
        }
        if (event->kind == WEFT_TRACE_poll_end)
            break;
    }
    if (event && walk_is_ready(event))
        walk_ready(walk, event);
    else
        walk_unknown(walk, event);
}

static void walk_reverse(struct path *path)
{
    for (size_t i = 0, k = path->leg_count; i + 1 < k; i++) {
        const struct path_leg leg = path->legs[i];
        path->legs[i] = path->legs[--k];
        path->legs[k] = leg;
    }
}

void path_walk(struct path *path, uint64_t task)
{
    struct walk walk = {.path = path, .task = task, .ns = path->end_ns};
    size_t idle = 0;
    path->leg_count = 0;
    path->looks = 0;
    while (!walk.done && idle < 1000) { /* steps that cost no time: wakes within one moment */
        const int64_t before = walk.ns;
        walk_step(&walk);
        idle = walk.ns < before ? 0 : idle + 1;
    }
    if (walk.ns > path->begin_ns && path->count) {
        const struct path_event nobody = {.task = walk.task};
        walk_leg(&walk, PATH_UNKNOWN, path->begin_ns, &nobody, NULL, 0);
    }
    map_fini(&walk.reached);
    walk_reverse(path);
}
