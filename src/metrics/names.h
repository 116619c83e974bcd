/* SPDX-License-Identifier: MIT */
/*
 * Numbers for the names of tasks, so that a spawn counts by adding to a place: a name with a category gets a number of the
 * process when it is first seen, and keeps it. There are 500; what comes then shares one, and a sketch says about how many
 * names those are. The table is the process's and not a runtime's, like the spawn sites, which remember their number.
 *
 * Threads: any. Finding a name takes no lock; a new one is put in under it.
 * Edges: NM-R1 -> NM-A1   the slot of the hash is released when the entry is written; whoever finds it there reads a whole one.
 *        NM-R2 -> NM-A2   the same by the count, for those who walk.
 */
#ifndef WEFT_METRICS_NAMES_H
#define WEFT_METRICS_NAMES_H

#include <stddef.h>
#include <stdint.h>

#ifndef WEFT__NAMES_MAX /* fewer are for tests */
#define WEFT__NAMES_MAX 500
#endif

/* 0 is no number, the last is that of all others. */
enum { WEFT__NAMES_OTHER = WEFT__NAMES_MAX + 1, WEFT__NAMES_PLACES = WEFT__NAMES_MAX + 2 };

struct weft__name {
    uint64_t hash;
    uint32_t category;
    uint32_t length;
    char text[128];
};

/* The number of a name of so many bytes, at most 127. */
uint32_t weft__names_number(const char *name, size_t length, uint32_t category);

/* The greatest number that was given, but for the others'; and what has the number. */
uint32_t weft__names_count(void);
const struct weft__name *weft__names_at(uint32_t number);

/* About how many names share the last number. */
uint64_t weft__names_others(void);

/* fork(): nobody else is in the middle of it. After: in both processes. */
void weft__names_before_fork(void);
void weft__names_after_fork(void);

#endif
