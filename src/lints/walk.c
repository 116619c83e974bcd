/* SPDX-License-Identifier: MIT */
/* See walk.h: memories, and the course of a walk. */
#include "lints/walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <weft/runtime.h>

#include "base/error.h"
#include "base/platform.h"
#include "base/utf8.h"

static const struct {
    const char *name, *hint;
} lints[] = {
#define ROW(symbol, name, hint) {name, hint},
    WEFT_LINT_MAP(ROW)
#undef ROW
};

static uint32_t lints_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

int weft_lints_create(weft_lints **out_lints, const weft_lints_options *options)
{
    static const weft_lints_options defaults = {.size = sizeof defaults};
    const weft_lints_options *o = options ? options : &defaults;
    if (!out_lints)
        return weft__refuse(WEFT_EINVAL, "weft_lints_create: the place for the memory must not be null");
    if (o->size < sizeof *o)
        return weft__refuse(WEFT_EINVAL, "weft_lints_create: options of %zu bytes, not %zu: use WEFT_LINTS_OPTIONS()", o->size,
                            sizeof *o);
    if (!(o->oversized_below >= 0 && o->oversized_below <= 1))
        return weft__refuse(WEFT_EINVAL, "weft_lints_create: oversized_below %g: give a share, 0 to 1", o->oversized_below);
    weft_lints *made = weft__alloc_zeroed(1, sizeof *made);
    if (!made)
        return weft__refuse(WEFT_ENOMEM, "weft_lints_create: no memory");
    made->options = (weft_lints_options){
        .size = sizeof *o,
        .poll_ms = o->poll_ms,
        .starved_ms = lints_default(o->starved_ms, 500),
        .lost_ms = lints_default(o->lost_ms, 10000),
        .unnamed_ms = lints_default(o->unnamed_ms, 60000),
        .leaked_ms = lints_default(o->leaked_ms, 60000),
        .self_wakes = lints_default(o->self_wakes, 10000),
        .idle_wakes = lints_default(o->idle_wakes, 100),
        .timer_wakes = lints_default(o->timer_wakes, 1000),
        .frame_bytes = lints_default(o->frame_bytes, 16384),
        .oversized_below = o->oversized_below > 0 ? o->oversized_below : 0.10,
    };
    *out_lints = made;
    return 0;
}

void weft_lints_destroy(weft_lints *memory)
{
    if (!memory)
        return;
    weft__free(memory->tasks.places);
    weft__free(memory);
}

/* Names come from outside: what acts on a terminal, or is no text, is a question mark. */
static void lints_clean(char *text)
{
    size_t length;
    for (char *at = text; *at; at += length) {
        length = weft__utf8_sequence(at);
        if (length == 0 || weft__utf8_is_control(at, length)) {
            memset(at, '?', length ? length : 1);
            length = length ? length : 1;
        }
    }
}

void weft__lints_tell(struct weft__lints_walk *walk, weft_lint_kind kind, uint64_t task, uint64_t object, const char *subject,
                      const char *format, ...)
{
    char evidence[512];
    va_list arguments;
    if (walk->answer != 0)
        return;
    va_start(arguments, format);
    vsnprintf(evidence, sizeof evidence, format, arguments);
    va_end(arguments);
    lints_clean(evidence);
    walk->answer = walk->visit(walk->context, &(weft_lint){
                                                  .size = sizeof(weft_lint),
                                                  .kind = kind,
                                                  .name = lints[kind].name,
                                                  .hint = lints[kind].hint,
                                                  .evidence = evidence,
                                                  .task = task,
                                                  .object = object,
                                                  .subject = subject,
                                              });
}

/* The place of an id, or the free one where it would be. */
static struct weft__lints_task *table_place(const struct weft__lints_table *table, uint64_t id)
{
    uint32_t at = (uint32_t)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (table->size - 1);
    while (table->places[at].id != 0 && table->places[at].id != id)
        at = (at + 1) & (table->size - 1);
    return &table->places[at];
}

const struct weft__lints_task *weft__lints_before(const struct weft__lints_walk *walk, uint64_t id)
{
    const struct weft__lints_table *table = &walk->lints->tasks;
    const struct weft__lints_task *place = table->size ? table_place(table, id) : NULL;
    return place && place->id == id ? place : NULL;
}

static bool table_grow(struct weft__lints_table *table)
{
    struct weft__lints_table larger = {.size = table->size ? 2 * table->size : 64, .used = table->used};
    larger.places = weft__alloc_zeroed(larger.size, sizeof *larger.places);
    if (!larger.places)
        return false;
    for (uint32_t i = 0; i < table->size; i++)
        if (table->places[i].id != 0)
            *table_place(&larger, table->places[i].id) = table->places[i];
    weft__free(table->places);
    *table = larger;
    return true;
}

void weft__lints_remember(struct weft__lints_walk *walk, const struct weft__lints_task *task)
{
    struct weft__lints_table *table = &walk->tasks;
    if (walk->no_memory || table->used == WEFT_LINTS_TASKS_MAX)
        return;
    if (2 * table->used >= table->size && !table_grow(table)) {
        walk->no_memory = true;
        return;
    }
    struct weft__lints_task *place = table_place(table, task->id);
    table->used += place->id == 0;
    *place = *task;
}

/* What a rate is of: the time since the walk before of the same runtime, and the wakes in it. */
static void walk_compare(struct weft__lints_walk *walk, const weft_runtime_info *info)
{
    weft_lints *memory = walk->lints;
    weft_runtime_stats stats = {.size = sizeof stats};
    if (memory->runtime != info->number) {
        weft__free(memory->tasks.places);
        memory->tasks = (struct weft__lints_table){0};
        memory->looked = 0;
        memory->runtime = info->number;
    }
    weft_runtime_stats_get(walk->rt, &stats);
    walk->now = weft_runtime_clock(walk->rt);
    walk->elapsed = memory->looked ? walk->now - memory->looked : 0;
    walk->wakes = stats.wakes - memory->wakes;
    walk->poll_ns = memory->options.poll_ms ? (int64_t)memory->options.poll_ms * 1000000 : info->stall_threshold_ns;
    memory->looked = walk->now;
    memory->wakes = stats.wakes;
}

int weft_lints_visit(weft_runtime *rt, weft_lints *memory, int (*visit)(void *context, const weft_lint *lint), void *context)
{
    weft_runtime_info info = {.size = sizeof info};
    if (!memory || !visit)
        return weft__refuse(WEFT_EINVAL, "weft_lints_visit: memory and function must not be null");
    if (weft_runtime_inspect(rt, &info) < 0)
        return weft__refuse(WEFT_EINVAL, "weft_lints_visit: not a live runtime");
    struct weft__lints_walk walk = {.rt = rt, .lints = memory, .visit = visit, .context = context};
    walk_compare(&walk, &info);
    weft__lints_collect_workers(&walk);
    weft__lints_collect_waits(&walk);
    weft__lints_tasks(&walk);
    weft__lints_cycles(&walk);
    weft__lints_channels(&walk);
    weft__free(walk.workers);
    weft__free(walk.waits);
    weft__free(memory->tasks.places);
    memory->tasks = walk.tasks;
    if (walk.no_memory)
        return weft__refuse(WEFT_ENOMEM, "weft_lints_visit: no memory for what is compared");
    return walk.answer;
}
