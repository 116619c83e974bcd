/* SPDX-License-Identifier: MIT */
/* See tally.h. The key has 24 bits for each side, which are more than there are kinds of things, and 16 for the kind.
 */
#include "cli/trace/analysis/tally.h"

#include <stdlib.h>

#include "cli/memory.h"
#include "cli/trace/duration.h"

void tally_fini(struct tally *tally)
{
    struct tally_row *row;
    for (size_t at = 0; (row = map_next(&tally->rows, &at));)
        free(row);
    map_fini(&tally->rows);
}

void tally_add(struct tally *tally, uint32_t from, uint32_t to, uint16_t kind, uint64_t count, int64_t ns)
{
    const uint64_t key = (uint64_t)(from & 0xffffff) << 40 | (uint64_t)(to & 0xffffff) << 16 | kind;
    struct tally_row *row = map_get(&tally->rows, key);
    if (!row) {
        if (tally->rows.count >= TALLY_ROWS_MAX) {
            tally->folded += count;
            return;
        }
        row = memory_zeroed(1, sizeof *row);
        *row = (struct tally_row){.from = from, .to = to, .kind = kind};
        map_put(&tally->rows, key, row);
    }
    row->count += count;
    duration_add(&row->sum_ns, ns);
}

static int tally_order(const void *left, const void *right)
{
    const struct tally_row *a = *(struct tally_row *const *)left, *b = *(struct tally_row *const *)right;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->to != b->to)
        return a->to < b->to ? -1 : 1;
    return (a->kind > b->kind) - (a->kind < b->kind);
}

struct tally_row **tally_sorted(const struct tally *tally, size_t *count)
{
    struct tally_row **rows = memory_zeroed(tally->rows.count, sizeof(struct tally_row *)), *row;
    size_t n = 0;
    for (size_t at = 0; (row = map_next(&tally->rows, &at));)
        rows[n++] = row;
    qsort(rows, n, sizeof(struct tally_row *), tally_order);
    *count = n;
    return rows;
}
