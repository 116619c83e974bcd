/* SPDX-License-Identifier: MIT */
/* A table from numbers to pointers: open addressing, so that a million live tasks cost 24 bytes each beside themselves.
 */
#ifndef WEFT_CLI_TRACE_MAP_H
#define WEFT_CLI_TRACE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map {
    struct map_entry *entries; /* a power of two of them; NULL values are free */
    size_t size;
    size_t count;
};

struct map_entry {
    uint64_t key;
    void *value;
};

/* A map that is all zeroes is empty. */
void map_fini(struct map *map);

void *map_get(const struct map *map, uint64_t key); /* NULL: not there */

/* `value` is not NULL; what the key had before is replaced. */
void map_put(struct map *map, uint64_t key, void *value);

/* What the key had, or NULL. */
void *map_remove(struct map *map, uint64_t key);

/* for (size_t at = 0; (value = map_next(&map, &at));) in no order; the map must not change meanwhile. */
void *map_next(const struct map *map, size_t *at);

#endif
