/* SPDX-License-Identifier: MIT */
/*
 * A table of bounded size, by names that the host chose: so many rows, and one more for all that come when they are taken.
 * How many names share that one is estimated in a kilobyte, whatever their number.
 *
 * One thread at a time. Nothing is taken out.
 */
#ifndef WEFT_METRICS_ROWS_H
#define WEFT_METRICS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metrics/sketch.h"

#define WEFT__ROW_OTHER "(other)"

/* An entry begins with its key. */
struct weft__row {
    uint64_t hash;
    uint32_t kind;
    char name[128];
    char component[64];
};

struct weft__rows {
    unsigned char *entries; /* room, and behind them the other one */
    uint32_t *slots;        /* an open hash: 0, or the number of an entry + 1 */
    size_t entry_size;
    uint32_t room;
    uint32_t count;
    uint32_t slot_mask;
    struct weft__sketch others;
};

/* For `room` names, entries of that size. False: no memory. */
bool weft__rows_init(struct weft__rows *rows, uint32_t room, size_t entry_size);
void weft__rows_fini(struct weft__rows *rows);

/* The entry of a key, zeroed behind the key when it is new. */
void *weft__rows_take(struct weft__rows *rows, const char *name, const char *component, uint32_t kind);

/* The entry for all that have no row of their own. */
void *weft__rows_take_other(struct weft__rows *rows);

/* By number, from 0 to room; and the number of an entry. */
void *weft__rows_entry(const struct weft__rows *rows, uint32_t number);
uint32_t weft__rows_number(const struct weft__rows *rows, const void *entry);

/* How many entries there are to walk, and the i-th of them; the other one comes last, if it was needed. */
uint32_t weft__rows_walk(const struct weft__rows *rows);
void *weft__rows_at(const struct weft__rows *rows, uint32_t i);

/* About how many keys share the other one. */
uint64_t weft__rows_others(const struct weft__rows *rows);

/* Copy a name, a "?" for each byte that is not UTF-8. `room` includes the zero. */
void weft__rows_copy_name(char *out, size_t room, const char *name);

#endif
