/* SPDX-License-Identifier: MIT */
/*
 * Linear probing, at most three quarters full. A removal shifts the entries behind it back instead of leaving a mark:
 * tasks come and go by the million, and marks would fill the table.
 */
#include "cli/trace/map.h"

#include <stdlib.h>

#include "cli/memory.h"

enum { MAP_SIZE_MIN = 64 };

/*
 * Where a key belongs: ids count upwards, and the multiplication spreads neighbours over the table. Its topmost bits are
 * those that every bit of the key reaches: keys that are pairs differ in their upper half only.
 */
static size_t map_home(const struct map *map, uint64_t key)
{
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> (__builtin_clzll(map->size) + 1));
}

/* The entry of a key, or the free one where it would go. The table has a free one. */
static struct map_entry *map_slot(const struct map *map, uint64_t key)
{
    size_t at = map_home(map, key);
    while (map->entries[at].value && map->entries[at].key != key)
        at = (at + 1) & (map->size - 1);
    return &map->entries[at];
}

static void map_grow(struct map *map)
{
    struct map old = *map;
    map->size = old.size ? old.size * 2 : MAP_SIZE_MIN;
    map->entries = memory_zeroed(map->size, sizeof *map->entries);
    for (size_t i = 0; i < old.size; i++)
        if (old.entries[i].value)
            *map_slot(map, old.entries[i].key) = old.entries[i];
    free(old.entries);
}

void map_fini(struct map *map)
{
    free(map->entries);
    *map = (struct map){0};
}

void *map_get(const struct map *map, uint64_t key)
{
    return map->count ? map_slot(map, key)->value : NULL;
}

void map_put(struct map *map, uint64_t key, void *value)
{
    if (map->count + 1 > map->size / 4 * 3)
        map_grow(map);
    struct map_entry *entry = map_slot(map, key);
    map->count += !entry->value;
    *entry = (struct map_entry){key, value};
}

void *map_remove(struct map *map, uint64_t key)
{
    if (!map->count)
        return NULL;
    struct map_entry *entry = map_slot(map, key);
    void *value = entry->value;
    if (!value)
        return NULL;
    map->count--;
    size_t mask = map->size - 1, hole = (size_t)(entry - map->entries);
    for (size_t at = (hole + 1) & mask; map->entries[at].value; at = (at + 1) & mask) {
        size_t home = map_home(map, map->entries[at].key);
        if (((at - home) & mask) >= ((at - hole) & mask)) { /* its way from home leads over the hole */
            map->entries[hole] = map->entries[at];
            hole = at;
        }
    }
    map->entries[hole].value = NULL;
    return value;
}

void *map_next(const struct map *map, size_t *at)
{
    while (*at < map->size) {
        void *value = map->entries[(*at)++].value;
        if (value)
            return value;
    }
    return NULL;
}
