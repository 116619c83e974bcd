/* SPDX-License-Identifier: MIT */
/* See tasks.h. Events of a task may be missing at either end of the recording and in its gaps; each is taken for
 * itself. */
#include "cli/trace/model/tasks.h"

#include <stdlib.h>
#include <string.h>
#include <weft/error.h>

#include "cli/memory.h"
#include "cli/trace/duration.h"

static void task_free(struct task *task)
{
    free(task->name);
    free(task);
}

static void task_site_free(struct task_site *site)
{
    free(site->name);
    free(site->function);
    free(site->file);
    free(site);
}

const struct task_group *tasks_next_group(const struct tasks *tasks, size_t *at, const struct task_group *before)
{
    return before && before->same_hash ? before->same_hash : map_next(&tasks->groups, at);
}

void tasks_fini(struct tasks *tasks)
{
    struct task *task;
    for (size_t at = 0; (task = map_next(&tasks->live, &at));)
        task_free(task);
    struct task_site *site;
    for (size_t at = 0; (site = map_next(&tasks->sites, &at));)
        task_site_free(site);
    struct task_group *group;
    for (size_t at = 0; (group = map_next(&tasks->groups, &at));)
        while (group) {
            struct task_group *next = group->same_hash;
            free(group->name);
            free(group);
            group = next;
        }
    map_fini(&tasks->live);
    map_fini(&tasks->ended);
    map_fini(&tasks->sites);
    map_fini(&tasks->groups);
}

struct task *tasks_find(const struct tasks *tasks, uint64_t id)
{
    return map_get(&tasks->live, id);
}

struct task *tasks_need(struct tasks *tasks, uint64_t id)
{
    struct task *task = tasks_find(tasks, id);
    if (!task) {
        task = memory_zeroed(1, sizeof *task);
        task->id = id;
        task->poll_ns = TASKS_CLOSED;
        task->wait_ns = TASKS_CLOSED;
        task->totals.tasks = 1;
        task->totals.live = 1;
        task->totals.before = 1; /* until its spawn is seen */
        map_put(&tasks->live, id, task);
    }
    return task;
}

void tasks_site(struct tasks *tasks, const struct event *event)
{
    if (map_get(&tasks->sites, event->site_def.site))
        return; /* announced again */
    struct task_site *site = memory_zeroed(1, sizeof *site);
    site->id = event->site_def.site;
    site->name = memory_text(event->site_def.name);
    site->function = memory_text(event->site_def.function);
    site->file = memory_text(event->site_def.file);
    site->line = event->site_def.line;
    site->bytes = event->site_def.bytes;
    map_put(&tasks->sites, site->id, site);
}

void tasks_announcing(struct tasks *tasks, bool announcing)
{
    if (!announcing) {
        map_fini(&tasks->ended);
        tasks->ended = (struct map){0};
    }
    for (uint32_t i = 0; announcing && i < TASKS_ENDED; i++)
        if (tasks->last_ended[i])
            map_put(&tasks->ended, tasks->last_ended[i], tasks);
    tasks->announcing = announcing;
}

/* An announcement goes through what lives one by one, and may tell of a task after the task's own last event. */
static bool tasks_has_ended(const struct tasks *tasks, uint64_t id)
{
    return tasks->announcing && map_get(&tasks->ended, id);
}

static void tasks_keep_ended(struct tasks *tasks, uint64_t id)
{
    tasks->last_ended[tasks->last_at++ % TASKS_ENDED] = id;
    if (tasks->announcing)
        map_put(&tasks->ended, id, tasks);
}

void tasks_name(struct tasks *tasks, const struct event *event)
{
    if (tasks_has_ended(tasks, event->task_name.task))
        return;
    struct task *task = tasks_need(tasks, event->task_name.task);
    task->category = event->task_name.category;
    if (!task->name && event->task_name.name[0])
        task->name = memory_text(event->task_name.name);
}

void tasks_spawn(struct tasks *tasks, const struct event *event)
{
    struct task *task = tasks_need(tasks, event->task_spawn.task);
    task->parent = event->task_spawn.parent;
    task->site = event->task_spawn.site;
    task->totals.before = 0;
}

void tasks_announce(struct tasks *tasks, const struct event *event)
{
    if (tasks_has_ended(tasks, event->statedump_task.task))
        return;
    struct task *task = tasks_need(tasks, event->statedump_task.task);
    task->parent = event->statedump_task.parent;
    task->site = event->statedump_task.site;
    uint64_t all = event->statedump_task.polls;
    if (task->totals.before && all > task->totals.polls)
        task->totals.polls_before = all - task->totals.polls;
}

void task_totals_add(struct task_totals *sum, const struct task_totals *one)
{
    sum->tasks += one->tasks;
    sum->live += one->live;
    sum->before += one->before;
    sum->ok += one->ok;
    sum->cancelled += one->cancelled;
    sum->failed += one->failed;
    if (!sum->first_error)
        sum->first_error = one->first_error;
    sum->polls += one->polls;
    sum->polls_untimed += one->polls_untimed;
    sum->polls_before += one->polls_before;
    sum->wakes += one->wakes;
    sum->wakes_noop += one->wakes_noop;
    duration_add(&sum->busy_ns, one->busy_ns);
    if (one->longest_ns > sum->longest_ns)
        sum->longest_ns = one->longest_ns;
}

/* FNV-1a over what tells groups apart. */
static uint64_t tasks_hash(uint64_t site, const char *name, uint32_t category)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ site ^ (uint64_t)category << 32;
    hash *= UINT64_C(0x100000001b3);
    for (; name && *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return hash;
}

static struct task_group *tasks_group(struct tasks *tasks, uint64_t site, const char *name, uint32_t category)
{
    uint64_t hash = tasks_hash(site, name, category);
    struct task_group *first = map_get(&tasks->groups, hash), *group = first;
    while (group && (group->site != site || group->category != category || !group->name != !name ||
                     (name && strcmp(group->name, name) != 0)))
        group = group->same_hash;
    if (group)
        return group;
    if (name && tasks->named_groups >= TASKS_NAMES_MAX) {
        tasks->names_folded++;
        return tasks_group(tasks, site, NULL, category);
    }
    group = memory_zeroed(1, sizeof *group);
    group->site = site;
    group->name = memory_text(name);
    group->category = category;
    group->same_hash = first;
    map_put(&tasks->groups, hash, group);
    tasks->named_groups += name != NULL;
    return group;
}

void tasks_end(struct tasks *tasks, uint64_t id, int32_t result)
{
    struct task *task = tasks_need(tasks, id);
    task->totals.live = 0;
    if (result >= 0) {
        task->totals.ok = 1;
    } else if (result == WEFT_ECANCELED) {
        task->totals.cancelled = 1;
    } else {
        task->totals.failed = 1;
        task->totals.first_error = result;
    }
    if (task->poll_ns != TASKS_CLOSED)
        task->totals.polls_untimed++;
    task_totals_add(&tasks_group(tasks, task->site, task->name, task->category)->totals, &task->totals);
    map_remove(&tasks->live, id);
    task_free(task);
    tasks_keep_ended(tasks, id);
}

void tasks_poll_start(struct tasks *tasks, uint64_t id, int64_t ns)
{
    struct task *task = tasks_need(tasks, id);
    if (task->poll_ns != TASKS_CLOSED)
        task->totals.polls_untimed++; /* its end is missing */
    task->poll_ns = ns;
    task->totals.polls++;
}

int64_t tasks_poll_end(struct tasks *tasks, uint64_t id, int64_t ns, int64_t certain_ns)
{
    struct task *task = tasks_need(tasks, id);
    int64_t begun = task->poll_ns;
    task->poll_ns = TASKS_CLOSED;
    if (begun == TASKS_CLOSED)
        task->totals.polls++; /* its beginning was not seen */
    if (begun == TASKS_CLOSED || begun <= certain_ns) {
        task->totals.polls_untimed++;
        return -1;
    }
    int64_t took = ns - begun;
    duration_add(&task->totals.busy_ns, took);
    if (took > task->totals.longest_ns)
        task->totals.longest_ns = took;
    return took;
}

const char *tasks_name_of(const struct tasks *tasks, const char *own, uint64_t site)
{
    const struct task_site *spawned = own ? NULL : map_get(&tasks->sites, site);
    return spawned ? spawned->name : own;
}
