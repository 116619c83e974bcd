/* SPDX-License-Identifier: MIT */
/* The rules of tasks, and of the workers that they hold. */
#include <string.h>

#include "lints/walk.h"

#define MS(ns) ((long long)((ns) / 1000000))
#define ID(info) ((unsigned long long)(info)->task.id)

static const char *tasks_file(const weft_task_info *info)
{
    return info->site && info->site->file ? info->site->file : "?";
}

/* It holds a worker: by computing, or asleep in the system; in its first poll, or a later one. */
static void tasks_held(struct weft__lints_walk *walk, const weft_task_info *info)
{
    for (uint32_t i = 0; i < walk->worker_count; i++) {
        const struct weft__lints_worker *worker = &walk->workers[i];
        if (worker->task != info->task.id)
            continue;
        const weft_lint_kind kind = worker->blocked     ? WEFT_LINT_BLOCKING_CALL
                                    : info->polls == 0 ? WEFT_LINT_NEVER_YIELDED
                                                       : WEFT_LINT_LONG_POLL;
        weft__lints_tell(walk, kind, info->task.id, 0, info->name,
                         "task '%s' (%llu) has held worker %u for %lld ms%s, in poll %u, since line %u of %s", info->name,
                         ID(info), worker->index, MS(worker->poll_ns),
                         worker->blocked ? ", and its thread sleeps in the system" : "", info->polls + 1,
                         info->await_line ? info->await_line : info->site ? info->site->line : 0, tasks_file(info));
    }
}

/* What shows in one look. */
static void tasks_seen(struct weft__lints_walk *walk, const weft_task_info *info)
{
    const weft_lints_options *o = &walk->lints->options;
    const char *own = info->site && info->site->name ? info->site->name : "";
    if (info->bytes >= o->frame_bytes)
        weft__lints_tell(walk, WEFT_LINT_LARGE_FRAME, info->task.id, 0, info->name,
                         "task '%s' (%llu), spawned at %s:%u, takes %u bytes", info->name, ID(info), tasks_file(info),
                         info->site ? info->site->line : 0, info->bytes);
    if (info->state != WEFT_TASK_ENDED && info->age_ns >= (int64_t)o->unnamed_ms * 1000000 && strcmp(info->name, own) == 0)
        weft__lints_tell(walk, WEFT_LINT_UNNAMED, info->task.id, 0, info->name,
                         "task %llu has lived for %lld ms under the name of its function, '%s', spawned at %s:%u", ID(info),
                         MS(info->age_ns), info->name, tasks_file(info), info->site ? info->site->line : 0);
    if (info->state == WEFT_TASK_WAITING && info->idle_ns >= (int64_t)o->lost_ms * 1000000 &&
        !weft__lints_wait_of(walk, info->task.id))
        weft__lints_tell(walk, WEFT_LINT_LOST_WAKER, info->task.id, 0, info->name,
                         "task '%s' (%llu) has waited for %lld ms after %u polls, for nothing that weft knows: perhaps nobody "
                         "has its waker",
                         info->name, ID(info), MS(info->idle_ns), info->polls);
}

/* What has lasted since an earlier walk: runnable and not polled, ended and not joined. */
static void tasks_lasting(struct weft__lints_walk *walk, const weft_task_info *info, int64_t since)
{
    const weft_lints_options *o = &walk->lints->options;
    const int64_t lasted = walk->now - since;
    if (info->state == WEFT_TASK_SCHEDULED && lasted >= (int64_t)o->starved_ms * 1000000)
        weft__lints_tell(walk, WEFT_LINT_STARVED, info->task.id, 0, info->name,
                         "task '%s' (%llu) has been runnable for %lld ms and was not polled", info->name, ID(info), MS(lasted));
    if (info->state == WEFT_TASK_ENDED && lasted >= (int64_t)o->leaked_ms * 1000000)
        weft__lints_tell(walk, WEFT_LINT_LEAKED_HANDLE, info->task.id, 0, info->name,
                         "task '%s' (%llu), spawned joinable at %s:%u, ended more than %lld ms ago and nobody has joined it",
                         info->name, ID(info), tasks_file(info), info->site ? info->site->line : 0, MS(lasted));
}

/* So many polls in the time between the walks are at least so many a second. */
static bool tasks_rate(const struct weft__lints_walk *walk, uint64_t polls, uint32_t per_second)
{
    return polls * 1e9 >= (double)per_second * (double)walk->elapsed;
}

/* How long all that it waits for has been waited for: the shortest of its waits. */
static int64_t tasks_waited(const struct weft__lints_wait *wait)
{
    int64_t shortest = wait->for_ns;
    for (uint32_t i = 1; i < wait->several; i++)
        shortest = wait[i].for_ns < shortest ? wait[i].for_ns : shortest;
    return shortest;
}

/* What it was polled for since the walk before: for a wait that did not end, for a time again and again, or for itself. */
static void tasks_polled(struct weft__lints_walk *walk, const weft_task_info *info, uint32_t polls)
{
    const weft_lints_options *o = &walk->lints->options;
    const struct weft__lints_wait *wait = weft__lints_wait_of(walk, info->task.id);
    if (info->state == WEFT_TASK_WAITING && wait && tasks_waited(wait) >= walk->elapsed) {
        if (tasks_rate(walk, polls, o->idle_wakes))
            weft__lints_tell(walk, WEFT_LINT_IDLE_POLL, info->task.id, wait->object, info->name,
                             "task '%s' (%llu) was polled %u times in %lld ms, and all the while waited for the same: %s '%s'",
                             info->name, ID(info), polls, MS(walk->elapsed), wait->what, wait->name);
    } else if (info->state == WEFT_TASK_WAITING && wait && strcmp(wait->what, "a time") == 0) {
        if (tasks_rate(walk, polls, o->timer_wakes))
            weft__lints_tell(walk, WEFT_LINT_TIMER_STORM, info->task.id, 0, info->name,
                             "task '%s' (%llu) was polled %u times in %lld ms, and sleeps again, at line %u of %s", info->name,
                             ID(info), polls, MS(walk->elapsed), wait->line, wait->file ? wait->file : tasks_file(info));
    } else if (!wait && polls > walk->wakes && tasks_rate(walk, polls - walk->wakes, o->self_wakes)) {
        weft__lints_tell(walk, WEFT_LINT_SELF_WAKE, info->task.id, 0, info->name,
                         "task '%s' (%llu) was polled %u times in %lld ms, while %llu wakes made any task runnable: it wakes "
                         "itself, or yields in a loop",
                         info->name, ID(info), polls, MS(walk->elapsed), (unsigned long long)walk->wakes);
    }
}

static int tasks_visit(void *context, const weft_task_info *info)
{
    struct weft__lints_walk *walk = context;
    const struct weft__lints_task *before = weft__lints_before(walk, info->task.id);
    const bool same = before && before->polls == info->polls && before->state == (uint32_t)info->state;
    const struct weft__lints_task now = {
        .id = info->task.id, .since = same ? before->since : walk->now, .polls = info->polls, .state = info->state};
    weft__lints_remember(walk, &now);
    tasks_held(walk, info);
    tasks_seen(walk, info);
    tasks_lasting(walk, info, now.since);
    if (before && walk->elapsed > 0)
        tasks_polled(walk, info, info->polls - before->polls);
    return walk->answer;
}

void weft__lints_tasks(struct weft__lints_walk *walk)
{
    weft_task_visit(walk->rt, tasks_visit, walk);
}
