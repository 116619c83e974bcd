/* SPDX-License-Identifier: MIT */
/*
 * How long was waited, by the names of what was waited for: kept by the runtime and not by the objects, so that a channel or a
 * lock stays as small as it is, one that lives shortly is counted, and the memory is bounded (metrics/rows.h). An object
 * remembers the number of its row; it is looked up when there is something to count for the first time.
 *
 * The times are those that a wait or a message has anyway, to about a millisecond; so the buckets are coarse.
 *
 * Threads: any. Lock: ledger, a leaf.
 */
#ifndef WEFT_METRICS_LEDGER_H
#define WEFT_METRICS_LEDGER_H

#include "base/lock.h"
#include "metrics/rows.h"

enum { WEFT__COARSE_BOUNDS = 9, WEFT__COARSE_BUCKETS = WEFT__COARSE_BOUNDS + 1 };

/* 1, 4, 16, 64, 256 ms and so on to 65 s; in seconds. */
extern const double weft__coarse_bounds[WEFT__COARSE_BOUNDS];

struct weft__coarse {
    _Atomic uint64_t counts[WEFT__COARSE_BUCKETS]; /* relaxed: statistics */
    _Atomic uint64_t sum_ns;
};

struct weft__coarse_copy {
    uint64_t counts[WEFT__COARSE_BUCKETS];
    uint64_t count;
    double sum_ns;
};

struct weft__ledger_row {
    struct weft__row row;      /* first */
    struct weft__coarse waits; /* for room in a channel; at a meeting point */
    struct weft__coarse stays; /* of messages in a channel */
};

struct weft__ledger {
    struct weft__lock lock;
    struct weft__rows rows;
};

/* False: no memory. */
bool weft__ledger_init(struct weft__ledger *ledger, uint32_t room);
void weft__ledger_fini(struct weft__ledger *ledger);

/* The row that an object remembers in *number, 0 at first; else that of its name, which it remembers from now on. */
struct weft__ledger_row *weft__ledger_of(struct weft__ledger *ledger, _Atomic uint16_t *number, const char *name,
                                         const char *component, uint32_t kind);

void weft__coarse_add(struct weft__coarse *coarse, int64_t ns);

/* So many that took no time. */
void weft__coarse_add_none(struct weft__coarse *coarse, uint32_t count);

/* Added to a copy. */
void weft__coarse_copy(struct weft__coarse *coarse, struct weft__coarse_copy *out);

/* See every row; the last may be that of the others, whose kind is UINT32_MAX. The lock is held meanwhile. */
void weft__ledger_walk(struct weft__ledger *ledger, void (*see)(void *context, struct weft__ledger_row *row), void *context);

#endif
