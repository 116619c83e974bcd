/* SPDX-License-Identifier: MIT */
/* What is collected before the rules look: workers that are held, and what tasks wait for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "lints/walk.h"
#include "task/name.h"

/* Room for one more; false: no memory. */
static bool collect_grow(struct weft__lints_walk *walk, void *list, uint32_t *room, uint32_t count, size_t size)
{
    void **array = list;
    if (count < *room)
        return true;
    const uint32_t larger = *room ? 2 * *room : 32;
    void *grown = weft__alloc(larger * size);
    if (!grown) {
        walk->no_memory = true;
        return false;
    }
    if (count)
        memcpy(grown, *array, count * size);
    weft__free(*array);
    *array = grown;
    *room = larger;
    return true;
}

/* The state of a thread, from the line that begins "tid (name) S": the name may have any characters, also ')'. */
bool weft__lints_thread_sleeps(int32_t thread_id)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread_id);
    FILE *file = thread_id > 0 ? fopen(path, "re") : NULL;
    if (!file)
        return false;
    const size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = '\0';
    const char *end = strrchr(line, ')');
    return end && (end[2] == 'S' || end[2] == 'D');
}

struct collect_again {
    const weft_worker_info *before;
    bool same;
};

/* Whether the worker is still in the poll that it was in. */
static int collect_compare(void *context, const weft_worker_info *info)
{
    struct collect_again *again = context;
    if (info->index != again->before->index)
        return 0;
    again->same = info->task == again->before->task && info->polls == again->before->polls;
    return 1;
}

static int collect_worker(void *context, const weft_worker_info *info)
{
    struct weft__lints_walk *walk = context;
    struct collect_again again = {.before = info};
    if (info->task == 0 || info->poll_ns < walk->poll_ns)
        return 0;
    const bool sleeps = weft__lints_thread_sleeps(info->thread_id);
    weft_worker_visit(walk->rt, collect_compare, &again); /* the thread slept in this poll, and not after it */
    if (again.same && collect_grow(walk, &walk->workers, &walk->worker_room, walk->worker_count, sizeof *walk->workers))
        walk->workers[walk->worker_count++] =
            (struct weft__lints_worker){.task = info->task, .poll_ns = info->poll_ns, .index = info->index, .blocked = sleeps};
    return 0;
}

void weft__lints_collect_workers(struct weft__lints_walk *walk)
{
    weft_worker_visit(walk->rt, collect_worker, walk);
}

/* Who would have to act, where that is certain: of a message any sender, and who entered last may have left. */
static uint64_t collect_holder(const weft_wait_info *info)
{
    static const char *const certain[] = {"receiver", "owner", "joined"};
    for (size_t i = 0; info->holder_is && i < sizeof certain / sizeof *certain; i++)
        if (strcmp(info->holder_is, certain[i]) == 0)
            return info->holder;
    return 0;
}

static void collect_name(char *out, size_t room, const char *name)
{
    const size_t length = weft__name_fit(name, room - 1);
    memcpy(out, name, length);
    out[length] = '\0';
}

static int collect_wait(void *context, const weft_wait_info *info)
{
    struct weft__lints_walk *walk = context;
    if (walk->wait_count >= 2 * WEFT_LINTS_TASKS_MAX ||
        !collect_grow(walk, &walk->waits, &walk->wait_room, walk->wait_count, sizeof *walk->waits))
        return 1;
    struct weft__lints_wait *wait = &walk->waits[walk->wait_count++];
    *wait = (struct weft__lints_wait){
        .task = info->task,
        .object = info->object,
        .holder = collect_holder(info),
        .for_ns = info->for_ns,
        .what = info->what,
        .file = info->file,
        .line = info->line,
        .ends = info->ends_in_ns >= 0,
    };
    collect_name(wait->task_name, sizeof wait->task_name, info->task_name);
    collect_name(wait->name, sizeof wait->name, info->name);
    return 0;
}

static int collect_by_task(const void *left, const void *right)
{
    const struct weft__lints_wait *a = left, *b = right;
    return a->task < b->task ? -1 : a->task > b->task;
}

void weft__lints_collect_waits(struct weft__lints_walk *walk)
{
    weft_wait_visit(walk->rt, collect_wait, walk);
    if (walk->wait_count)
        qsort(walk->waits, walk->wait_count, sizeof *walk->waits, collect_by_task);
    for (uint32_t i = 0, first = 0; i <= walk->wait_count; i++) {
        if (i < walk->wait_count && walk->waits[i].task == walk->waits[first].task)
            continue;
        for (uint32_t j = first; j < i; j++)
            walk->waits[j].several = i - first;
        first = i;
    }
}

const struct weft__lints_wait *weft__lints_wait_of(const struct weft__lints_walk *walk, uint64_t task)
{
    uint32_t low = 0, high = walk->wait_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (walk->waits[middle].task < task)
            low = middle + 1;
        else
            high = middle;
    }
    return low < walk->wait_count && walk->waits[low].task == task ? &walk->waits[low] : NULL;
}
