/* SPDX-License-Identifier: MIT */
#include "metrics/rows.h"

#include <string.h>

#include "base/platform.h"
#include "base/utf8.h"

bool weft__rows_init(struct weft__rows *rows, uint32_t room, size_t entry_size)
{
    uint32_t slots = 4;
    while (slots < 2 * room)
        slots *= 2;
    *rows = (struct weft__rows){.entry_size = entry_size, .room = room, .slot_mask = slots - 1};
    rows->entries = weft__alloc_zeroed((size_t)room + 1, entry_size); /* what is not used stays untouched */
    rows->slots = weft__alloc_zeroed(slots, sizeof *rows->slots);
    if (rows->entries && rows->slots)
        return true;
    weft__rows_fini(rows);
    return false;
}

void weft__rows_fini(struct weft__rows *rows)
{
    weft__free(rows->entries);
    weft__free(rows->slots);
    rows->entries = NULL;
    rows->slots = NULL;
}

void weft__rows_copy_name(char *out, size_t room, const char *name)
{
    size_t length = 0;
    while (name[0] != '\0') {
        const size_t sequence = weft__utf8_sequence(name);
        const size_t take = sequence ? sequence : 1;
        if (length + take >= room)
            break;
        memcpy(out + length, sequence ? name : "?", take);
        length += take;
        name += take;
    }
    out[length] = '\0';
}

static uint64_t rows_hash(const struct weft__row *key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ key->kind; /* FNV-1a */
    for (const char *c = key->name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    hash = (hash ^ 0xff) * UINT64_C(0x100000001b3); /* no byte of UTF-8 */
    for (const char *c = key->component; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9); /* and the end of splitmix64, for the upper bits */
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return hash ^ hash >> 31;
}

static struct weft__row *rows_entry(const struct weft__rows *rows, uint32_t i)
{
    return (struct weft__row *)(void *)(rows->entries + i * rows->entry_size);
}

void *weft__rows_entry(const struct weft__rows *rows, uint32_t number)
{
    return rows_entry(rows, number);
}

uint32_t weft__rows_number(const struct weft__rows *rows, const void *entry)
{
    return (uint32_t)((size_t)((const unsigned char *)entry - rows->entries) / rows->entry_size);
}

void *weft__rows_take_other(struct weft__rows *rows)
{
    struct weft__row *other = rows_entry(rows, rows->room);
    memcpy(other->name, WEFT__ROW_OTHER, sizeof WEFT__ROW_OTHER);
    memcpy(other->component, WEFT__ROW_OTHER, sizeof WEFT__ROW_OTHER);
    other->kind = UINT32_MAX;
    return other;
}

static struct weft__row *rows_other(struct weft__rows *rows, uint64_t hash)
{
    weft__sketch_add(&rows->others, hash);
    return weft__rows_take_other(rows);
}

static bool rows_equal(const struct weft__row *a, const struct weft__row *b)
{
    return a->hash == b->hash && a->kind == b->kind && strcmp(a->name, b->name) == 0 &&
           strcmp(a->component, b->component) == 0;
}

void *weft__rows_take(struct weft__rows *rows, const char *name, const char *component, uint32_t kind)
{
    struct weft__row key = {.kind = kind};
    weft__rows_copy_name(key.name, sizeof key.name, name);
    weft__rows_copy_name(key.component, sizeof key.component, component);
    key.hash = rows_hash(&key);
    uint32_t at = (uint32_t)key.hash & rows->slot_mask;
    for (; rows->slots[at] != 0; at = (at + 1) & rows->slot_mask) {
        struct weft__row *row = rows_entry(rows, rows->slots[at] - 1);
        if (rows_equal(row, &key))
            return row;
    }
    if (rows->count == rows->room)
        return rows_other(rows, key.hash);
    struct weft__row *row = rows_entry(rows, rows->count);
    *row = key;
    rows->slots[at] = ++rows->count;
    return row;
}

static bool rows_have_other(const struct weft__rows *rows)
{
    return rows_entry(rows, rows->room)->name[0] != '\0';
}

uint64_t weft__rows_others(const struct weft__rows *rows)
{
    return weft__sketch_count((struct weft__sketch *)(uintptr_t)&rows->others); /* atomics have no const */
}

uint32_t weft__rows_walk(const struct weft__rows *rows)
{
    return rows->count + rows_have_other(rows);
}

void *weft__rows_at(const struct weft__rows *rows, uint32_t i)
{
    return rows_entry(rows, i < rows->count ? i : rows->room);
}
