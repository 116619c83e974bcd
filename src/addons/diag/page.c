/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_ROOM_FIRST = 64 };

void weft__diag_key_text(struct weft__diag_key *key, const char *text)
{
    snprintf(key->text, sizeof key->text, "%s", text);
}

/* "sort=age", "sort=-age". False: there is no such column. */
static bool page_sort_by(struct weft__diag_page *page, const char *text, const char *const *columns)
{
    page->descending = text[0] == '-';
    text += page->descending;
    for (page->sort = 0; columns[page->sort]; page->sort++)
        if (strcmp(columns[page->sort], text) == 0)
            return true;
    return false;
}

bool weft__diag_page_begin(struct weft__diag_page *page, struct weft__diag_view *view, const char *const *columns,
                           size_t row_size)
{
    uint64_t limit = WEFT__DIAG_LIMIT, offset = 0, after = 0;
    const char *sort = weft__diag_uri_get(view->uri, "sort");
    *page = (struct weft__diag_page){.row_size = row_size};
    if (!weft__diag_uri_number(view->uri, "limit", WEFT__DIAG_LIMIT_MAX, &limit) ||
        !weft__diag_uri_number(view->uri, "offset", WEFT__DIAG_OFFSET_MAX, &offset) ||
        !weft__diag_uri_number(view->uri, "after", UINT64_MAX, &after)) {
        weft__diag_refuse(view, 400, "limit is 0 to %d, offset 0 to %d, after an id", WEFT__DIAG_LIMIT_MAX,
                          WEFT__DIAG_OFFSET_MAX);
        return false;
    }
    if (sort && !page_sort_by(page, sort, columns)) {
        weft__diag_refuse(view, 400, "there is no sort '%.40s' here", sort);
        return false;
    }
    page->limit = (uint32_t)limit;
    page->offset = (uint32_t)offset;
    page->after = after;
    return true;
}

static struct weft__diag_key *page_key(const struct weft__diag_page *page, uint32_t index)
{
    return (struct weft__diag_key *)(void *)(page->rows + (size_t)index * page->row_size);
}

/* Below 0: the first comes before the second. */
static int page_compare(const struct weft__diag_page *page, const struct weft__diag_key *a, const struct weft__diag_key *b)
{
    int way = a->number < b->number ? -1 : a->number > b->number;
    if (way == 0)
        way = strcmp(a->text, b->text);
    if (way != 0)
        return page->descending ? -way : way;
    return a->id < b->id ? -1 : a->id > b->id;
}

static bool page_before(const struct weft__diag_page *page, uint32_t a, uint32_t b)
{
    return page_compare(page, page_key(page, page->order[a]), page_key(page, page->order[b])) < 0;
}

static void page_swap(struct weft__diag_page *page, uint32_t a, uint32_t b)
{
    const uint32_t kept = page->order[a];
    page->order[a] = page->order[b];
    page->order[b] = kept;
}

/* The root comes after all others. */
static void page_sift_up(struct weft__diag_page *page, uint32_t at)
{
    for (uint32_t parent; at > 0 && page_before(page, parent = (at - 1) / 2, at); at = parent)
        page_swap(page, at, parent);
}

static void page_sift_down(struct weft__diag_page *page, uint32_t at, uint32_t count)
{
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && page_before(page, child, child + 1))
            child++;
        if (!page_before(page, at, child))
            return;
        page_swap(page, at, child);
    }
}

/* Room for one row more. */
static bool page_grow(struct weft__diag_page *page)
{
    if (page->count < page->room)
        return true;
    const uint32_t room = page->room ? 2 * page->room : PAGE_ROOM_FIRST;
    char *rows = realloc(page->rows, room * page->row_size);
    if (rows)
        page->rows = rows;
    uint32_t *order = realloc(page->order, room * sizeof *order);
    if (order)
        page->order = order;
    if (rows && order)
        page->room = room;
    return rows && order;
}

void *weft__diag_page_offer(struct weft__diag_page *page, const struct weft__diag_key *key)
{
    page->total++;
    if (page->failed || key->id <= page->after)
        return NULL;
    if (page->count < page->offset + page->limit) {
        if (!page_grow(page)) {
            page->failed = true;
            return NULL;
        }
        page->order[page->count] = page->count;
        *page_key(page, page->count) = *key;
        char *place = page->rows + (size_t)page->count * page->row_size;
        page_sift_up(page, page->count++);
        return place;
    }
    if (page->count == 0 || page_compare(page, key, page_key(page, page->order[0])) >= 0)
        return NULL;
    const uint32_t index = page->order[0];
    *page_key(page, index) = *key;
    page_sift_down(page, 0, page->count);
    return page->rows + (size_t)index * page->row_size;
}

static void page_free(struct weft__diag_page *page)
{
    free(page->rows);
    free(page->order);
    page->rows = NULL;
    page->order = NULL;
    page->count = 0;
}

bool weft__diag_page_sort(struct weft__diag_page *page, struct weft__diag_view *view)
{
    if (page->failed) {
        weft__diag_refuse(view, 503, "no memory for so many rows");
        page_free(page);
        return false;
    }
    for (uint32_t count = page->count; count > 1; count--) {
        page_swap(page, 0, count - 1);
        page_sift_down(page, 0, count - 1);
    }
    weft__diag_json_count(&view->json, "total", page->total);
    weft__diag_json_count(&view->json, "limit", page->limit);
    weft__diag_json_count(&view->json, "offset", page->offset);
    return true;
}

const void *weft__diag_page_next(struct weft__diag_page *page, uint32_t *at)
{
    const uint32_t index = page->offset + (*at)++;
    if (index < page->count)
        return page_key(page, page->order[index]);
    page_free(page);
    return NULL;
}
