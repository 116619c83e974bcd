/* SPDX-License-Identifier: MIT */
/*
 * Some rows of many: those of a walk that come first in the order that was asked for. However many there are, only
 * `offset + limit` are kept, in a heap whose root is the last of them; the rest is counted.
 */
#ifndef WEFT_DIAG_PAGE_H
#define WEFT_DIAG_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view.h"

enum { WEFT__DIAG_LIMIT = 100, WEFT__DIAG_LIMIT_MAX = 1000, WEFT__DIAG_OFFSET_MAX = 10000 };

/* A row begins with this. Order: the number, then the text, then the id, which also goes up when the others go down. */
struct weft__diag_key {
    int64_t number;
    uint64_t id;
    char text[128];
};

struct weft__diag_page {
    uint32_t limit;
    uint32_t offset;
    uint64_t after;  /* only ids above it */
    int sort;        /* which of the columns */
    bool descending;
    bool failed;     /* no memory: the rows are not all */
    uint64_t total;  /* that were offered */
    size_t row_size;
    uint32_t count;  /* kept */
    uint32_t room;
    char *rows;
    uint32_t *order; /* indices of rows: a heap, and after the sort their order */
};

/* The parameters that every list has; columns: the names of `sort`, to NULL; the first is the default. False: refused. */
bool weft__diag_page_begin(struct weft__diag_page *page, struct weft__diag_view *view, const char *const *columns,
                           size_t row_size);

/* A place for a row with this key, to be filled in behind it; NULL: it is counted, and does not come in. */
void *weft__diag_page_offer(struct weft__diag_page *page, const struct weft__diag_key *key);

/* The walk is over: write "total", "limit", "offset", and have the rows in order. False: refused, and freed. */
bool weft__diag_page_sort(struct weft__diag_page *page, struct weft__diag_view *view);

/* The next row of the page, beginning with *at 0; NULL: no more, and all is freed. */
const void *weft__diag_page_next(struct weft__diag_page *page, uint32_t *at);

/* A text as a key's. */
void weft__diag_key_text(struct weft__diag_key *key, const char *text);

#endif
