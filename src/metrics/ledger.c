/* SPDX-License-Identifier: MIT */
#include "metrics/ledger.h"

const double weft__coarse_bounds[WEFT__COARSE_BOUNDS] = {0.001, 0.004, 0.016, 0.064, 0.256, 1.024, 4.096, 16.384, 65.536};

bool weft__ledger_init(struct weft__ledger *ledger, uint32_t room)
{
    return weft__rows_init(&ledger->rows, room, sizeof(struct weft__ledger_row));
}

void weft__ledger_fini(struct weft__ledger *ledger)
{
    weft__rows_fini(&ledger->rows);
}

struct weft__ledger_row *weft__ledger_of(struct weft__ledger *ledger, _Atomic uint16_t *number, const char *name,
                                         const char *component, uint32_t kind)
{
    const uint32_t known = weft__load_relaxed(number); /* the rows are there for ever */
    if (known != 0)
        return weft__rows_entry(&ledger->rows, known - 1);
    weft__lock(&ledger->lock);
    struct weft__ledger_row *row = weft__rows_take(&ledger->rows, name, component, kind);
    weft__unlock(&ledger->lock);
    weft__store_relaxed(number, (uint16_t)(weft__rows_number(&ledger->rows, row) + 1));
    return row;
}

void weft__coarse_add(struct weft__coarse *coarse, int64_t ns)
{
    unsigned bucket = 0;
    for (int64_t bound = 1000000; bucket < WEFT__COARSE_BOUNDS && ns > bound; bound *= 4)
        bucket++;
    weft__fetch_add_relaxed(&coarse->counts[bucket], 1); /* statistics */
    if (ns > 0) /* mostly it is not: within one turn of a worker its clock stands */
        weft__fetch_add_relaxed(&coarse->sum_ns, (uint64_t)ns);
}

void weft__coarse_add_none(struct weft__coarse *coarse, uint32_t count)
{
    weft__fetch_add_relaxed(&coarse->counts[0], count); /* statistics */
}

void weft__coarse_copy(struct weft__coarse *coarse, struct weft__coarse_copy *out)
{
    for (int i = 0; i < WEFT__COARSE_BUCKETS; i++) {
        const uint64_t count = weft__load_relaxed(&coarse->counts[i]); /* statistics */
        out->counts[i] += count;
        out->count += count;
    }
    out->sum_ns += (double)weft__load_relaxed(&coarse->sum_ns);
}

void weft__ledger_walk(struct weft__ledger *ledger, void (*see)(void *context, struct weft__ledger_row *row), void *context)
{
    weft__lock(&ledger->lock);
    for (uint32_t i = 0; i < weft__rows_walk(&ledger->rows); i++)
        see(context, weft__rows_at(&ledger->rows, i));
    weft__unlock(&ledger->lock);
}
