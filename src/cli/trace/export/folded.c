/* SPDX-License-Identifier: MIT */
/*
 * See folded.h. A node is a kind of task under the kinds that spawned it. A kind that spawns itself, at once or over
 * others, is one node with its ancestor: a chain of a thousand generations is a loop, and no tower.
 */
#include "cli/trace/export/folded.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/memory.h"
#include "cli/trace/advice/lint.h"

enum { FOLDED_TEXT = 160, FOLDED_NONE = 0 };

struct folded_node {
    uint32_t parent; /* 0: the first node, which is nobody */
    uint32_t profile;
    uint32_t depth;
    uint64_t process;
};

struct folded_row {
    uint32_t node;
    uint32_t from_line;
    uint32_t to_line;
    enum span_what what;
    bool rest; /* there were too many to tell them apart */
    char object[FOLDED_TEXT];
    uint64_t ns;
    struct folded_row *same_hash;
};

void folded_init(struct folded *folded, bool waits)
{
    *folded = (struct folded){.waits = waits, .node_count = 1};
    folded->nodes = memory_zeroed(1, sizeof *folded->nodes);
}

void folded_fini(struct folded *folded)
{
    struct folded_row *row;
    for (size_t at = 0; (row = map_next(&folded->rows, &at));)
        while (row) {
            struct folded_row *next = row->same_hash;
            free(row);
            row = next;
        }
    map_fini(&folded->rows);
    map_fini(&folded->by_kind);
    map_fini(&folded->tasks);
    free(folded->nodes);
}

/* ---- who spawned whom ---- */

static uint64_t folded_task(uint64_t process, uint64_t task)
{
    return task ^ process << 40;
}

static uint32_t folded_node(struct folded *folded, uint32_t parent, uint64_t process, uint32_t profile)
{
    for (uint32_t at = parent; at != FOLDED_NONE; at = folded->nodes[at].parent)
        if (folded->nodes[at].profile == profile && folded->nodes[at].process == process)
            return at;
    const uint64_t key = profile ? (uint64_t)parent << 32 | profile : UINT64_C(1) << 63 | process << 16 | parent;
    const uintptr_t known = (uintptr_t)map_get(&folded->by_kind, key);
    if (known)
        return (uint32_t)(known - 1);
    if (folded->nodes[parent].depth == FOLDED_DEPTH_MAX || folded->node_count == FOLDED_NODES_MAX)
        return parent;
    if ((folded->node_count & (folded->node_count - 1)) == 0) /* room is a power of two */
        folded->nodes = memory_resize(folded->nodes, 2 * (size_t)folded->node_count, sizeof *folded->nodes);
    const uint32_t number = folded->node_count++;
    folded->nodes[number] = (struct folded_node){
        .parent = parent, .profile = profile, .depth = folded->nodes[parent].depth + 1, .process = process};
    map_put(&folded->by_kind, key, (void *)(uintptr_t)(number + 1u));
    return number;
}

static uint32_t folded_known(const struct folded *folded, uint64_t process, uint64_t task)
{
    const uintptr_t known = task ? (uintptr_t)map_get(&folded->tasks, folded_task(process, task)) : 0;
    return known ? (uint32_t)(known - 1) : FOLDED_NONE;
}

/* A task that was spawned, or announced, under another. */
static void folded_child(struct folded *folded, const struct analysis *analysis, const struct event *event,
                         uint64_t task, uint64_t parent)
{
    const struct machine *machine = map_get(&analysis->machines, event->process);
    const struct life *life = machine ? life_find(machine, task) : NULL;
    if (!life || !life->profile->number || folded_known(folded, event->process, task))
        return;
    const uint32_t under = folded_known(folded, event->process, parent);
    const uint32_t node = folded_node(folded, under, event->process, life->profile->number);
    map_put(&folded->tasks, folded_task(event->process, task), (void *)(uintptr_t)(node + 1u));
}

static void folded_event(void *context, const struct analysis *analysis, const struct event *event)
{
    struct folded *folded = context;
    if (event->kind == WEFT_TRACE_task_spawn)
        folded_child(folded, analysis, event, event->task_spawn.task, event->task_spawn.parent);
    else if (event->kind == WEFT_TRACE_statedump_task)
        folded_child(folded, analysis, event, event->statedump_task.task, event->statedump_task.parent);
    else if (event->kind == WEFT_TRACE_task_end)
        map_remove(&folded->tasks, folded_task(event->process, event->task_end.task));
}

/* ---- stacks ---- */

static uint64_t folded_hash(const struct folded_row *row)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a, by words for the numbers */
    const uint64_t numbers[] = {row->node, row->from_line, row->to_line, (uint64_t)row->what, row->rest};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        hash = (hash ^ numbers[i]) * UINT64_C(0x100000001b3);
    for (const char *at = row->object; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    return hash;
}

static bool folded_same(const struct folded_row *a, const struct folded_row *b)
{
    return a->node == b->node && a->from_line == b->from_line && a->to_line == b->to_line && a->what == b->what &&
           a->rest == b->rest && !strcmp(a->object, b->object);
}

static void folded_add(struct folded *folded, struct folded_row row)
{
    if (folded->row_count >= FOLDED_ROWS_MAX && !row.rest) { /* unless it is known it counts for its task */
        const struct folded_row *known = map_get(&folded->rows, folded_hash(&row));
        while (known && !folded_same(known, &row))
            known = known->same_hash;
        if (!known)
            row = (struct folded_row){.node = row.node, .what = row.what, .rest = true, .ns = row.ns};
    }
    const uint64_t hash = folded_hash(&row);
    struct folded_row *first = map_get(&folded->rows, hash), *at = first;
    while (at && !folded_same(at, &row))
        at = at->same_hash;
    if (at) {
        at->ns += row.ns;
        return;
    }
    struct folded_row *fresh = memory_zeroed(1, sizeof *fresh);
    *fresh = row;
    fresh->same_hash = first;
    map_put(&folded->rows, hash, fresh);
    folded->row_count++;
}

static void folded_span(void *context, const struct analysis *analysis, const struct span *span)
{
    struct folded *folded = context;
    if ((span->what == SPAN_RUN) == folded->waits || span->lost || span->end_ns <= span->begin_ns)
        return;
    struct folded_row row = {.node = folded_known(folded, span->process, span->task),
                             .what = span->what,
                             .ns = (uint64_t)(span->end_ns - span->begin_ns)};
    if (!row.node)
        row.node = folded_node(folded, FOLDED_NONE, span->process, span->profile);
    if (span->what != SPAN_READY)
        row.from_line = span->from_line;
    if (span->what == SPAN_RUN)
        row.to_line = span->result == SPAN_UNENDED ? PROFILE_STILL : span->to_line;
    if (span->what == SPAN_WAIT)
        span_wake_text(analysis, span->process, &span->wake, row.object, sizeof row.object);
    folded_add(folded, row);
}

struct span_taker folded_taker(struct folded *folded)
{
    return (struct span_taker){folded, folded_span, folded_event, NULL};
}

/* ---- lines ---- */

/* A frame: what separates frames, and what is no text, is replaced. */
static void folded_frame(const char *text, FILE *out)
{
    while (*text) {
        const size_t length = weft__utf8_sequence(text);
        if (!length || weft__utf8_is_control(text, length))
            fputc('?', out);
        else if (*text == ';')
            fputc(':', out);
        else
            fwrite(text, 1, length, out);
        text += length ? length : 1;
    }
}

static void folded_path(const struct folded *folded, const struct analysis *analysis, uint32_t node, FILE *out)
{
    uint32_t path[FOLDED_DEPTH_MAX + 1], depth = 0;
    for (uint32_t at = node; at != FOLDED_NONE; at = folded->nodes[at].parent)
        path[depth++] = at;
    if (analysis->machines.count > 1)
        fprintf(out, "process %" PRIu64 ";", folded->nodes[node].process);
    while (depth) {
        folded_frame(span_name(analysis, folded->nodes[path[--depth]].profile), out);
        fputc(';', out);
    }
}

static void folded_leaf(const struct folded *folded, const struct analysis *analysis, const struct folded_row *row,
                        FILE *out)
{
    char text[FOLDED_TEXT];
    if (row->rest) {
        fputs("(the rest)", out);
    } else if (row->what == SPAN_RUN) {
        const struct profile *profile = profiles_at(&analysis->profiles, folded->nodes[row->node].profile);
        lint_stretch(analysis, profile, row->from_line, row->to_line, text, sizeof text);
        folded_frame(text, out);
    } else if (row->what == SPAN_READY) {
        fputs("waits for a worker", out);
    } else {
        if (row->from_line)
            fprintf(out, "waits at line %" PRIu32 ";", row->from_line);
        folded_frame(row->object, out);
    }
}

static int folded_order(const void *left, const void *right)
{
    const struct folded_row *a = *(const struct folded_row *const *)left, *b = *(const struct folded_row *const *)right;
    if (a->node != b->node)
        return a->node < b->node ? -1 : 1;
    if (a->what != b->what)
        return a->what < b->what ? -1 : 1;
    if (a->from_line != b->from_line)
        return a->from_line < b->from_line ? -1 : 1;
    if (a->to_line != b->to_line)
        return a->to_line < b->to_line ? -1 : 1;
    return strcmp(a->object, b->object);
}

void folded_print(const struct folded *folded, const struct analysis *analysis, FILE *out)
{
    struct folded_row **rows = memory_zeroed(folded->row_count ? folded->row_count : 1, sizeof(struct folded_row *));
    struct folded_row *row;
    size_t count = 0;
    for (size_t at = 0; (row = map_next(&folded->rows, &at));)
        for (; row; row = row->same_hash)
            rows[count++] = row;
    qsort(rows, count, sizeof *rows, folded_order);
    for (size_t i = 0; i < count; i++) {
        folded_path(folded, analysis, rows[i]->node, out);
        folded_leaf(folded, analysis, rows[i], out);
        fprintf(out, " %" PRIu64 "\n", rows[i]->ns);
    }
    free(rows);
}
