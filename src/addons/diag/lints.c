/* SPDX-License-Identifier: MIT */
/*
 * /api/lints: what is suspicious, with its evidence and a hint. Much of it shows only from one look to the next, so what a look
 * remembers of each runtime is kept: ask every second or so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/inspect.h>
#include <weft/lints.h>
#include <weft/runtime.h>

#include "page.h"

enum { LINTS_KIND, LINTS_TASK, LINTS_SUBJECT };
static const char *const lints_columns[] = {"lint", "task", "subject", NULL};

/* What the walks over one runtime remember. */
struct weft__diag_lints {
    struct weft__diag_lints *next;
    weft_lints *memory;
    uint32_t runtime;
    bool seen; /* it lives still */
};

struct lint_row {
    struct weft__diag_key key;
    uint64_t task, object;
    const char *name, *hint; /* static */
    uint32_t runtime;
    char subject[128];
    char evidence[512];
};

struct lints {
    struct weft__diag_view *view;
    struct weft__diag_page page;
    const char *wanted; /* NULL: all */
    uint32_t runtime;
};

static int lints_offer(void *context, const weft_lint *lint)
{
    struct lints *lints = context;
    struct weft__diag_key key = {.id = lint->task ? lint->task : lint->object, .number = (int64_t)lint->kind};
    if (lints->wanted && strcmp(lints->wanted, lint->name) != 0)
        return 0;
    if (lints->page.sort == LINTS_TASK)
        key.number = (int64_t)lint->task;
    else if (lints->page.sort == LINTS_SUBJECT)
        weft__diag_key_text(&key, lint->subject);
    struct lint_row *row = weft__diag_page_offer(&lints->page, &key);
    if (!row)
        return 0;
    row->task = lint->task;
    row->object = lint->object;
    row->name = lint->name;
    row->hint = lint->hint;
    row->runtime = lints->runtime;
    snprintf(row->subject, sizeof row->subject, "%s", lint->subject);
    snprintf(row->evidence, sizeof row->evidence, "%s", lint->evidence);
    return 0;
}

/* The memory of a runtime, made if there is none; NULL: no memory. */
static struct weft__diag_lints *lints_of(struct weft__diag_memory *memory, uint32_t runtime)
{
    struct weft__diag_lints *of = memory->lints;
    while (of && of->runtime != runtime)
        of = of->next;
    if (of)
        return of;
    of = calloc(1, sizeof *of);
    if (!of || weft_lints_create(&of->memory, NULL) < 0) {
        free(of);
        return NULL;
    }
    of->runtime = runtime;
    of->next = memory->lints;
    memory->lints = of;
    return of;
}

static int lints_of_runtime(void *context, weft_runtime *rt)
{
    struct lints *lints = context;
    lints->runtime = weft__diag_runtime_number(rt);
    struct weft__diag_lints *of = lints_of(lints->view->memory, lints->runtime);
    if (!of) {
        lints->page.failed = true;
        return 0;
    }
    of->seen = true;
    if (weft__diag_view_wants(lints->view, rt) && weft_lints_visit(rt, of->memory, lints_offer, lints) == WEFT_ENOMEM)
        lints->page.failed = true;
    return 0;
}

static void lints_forget(struct weft__diag_memory *memory, bool all)
{
    for (struct weft__diag_lints **spot = &memory->lints; *spot;) {
        struct weft__diag_lints *of = *spot;
        if (!all && of->seen) {
            of->seen = false;
            spot = &of->next;
            continue;
        }
        *spot = of->next;
        weft_lints_destroy(of->memory);
        free(of);
    }
}

void weft__diag_lints_free(struct weft__diag_memory *memory) { lints_forget(memory, true); }

void weft__diag_lints(struct weft__diag_view *view)
{
    struct lints lints = {.view = view, .wanted = weft__diag_uri_get(view->uri, "lint")};
    const struct lint_row *row;
    uint32_t at = 0;
    if (!weft__diag_page_begin(&lints.page, view, lints_columns, sizeof(struct lint_row)))
        return;
    weft_runtime_visit(lints_of_runtime, &lints);
    lints_forget(view->memory, false); /* runtimes that have gone */
    if (!weft__diag_page_sort(&lints.page, view))
        return;
    weft__diag_json_open(&view->json, "lints", '[');
    while ((row = weft__diag_page_next(&lints.page, &at)) != NULL) {
        weft__diag_json_element(&view->json);
        weft__diag_json_count(&view->json, "runtime", row->runtime);
        weft__diag_json_text(&view->json, "lint", row->name);
        if (row->task)
            weft__diag_json_count(&view->json, "task", row->task);
        else
            weft__diag_json_null(&view->json, "task");
        weft__diag_json_count(&view->json, "object", row->object);
        weft__diag_json_text(&view->json, "subject", row->subject);
        weft__diag_json_text(&view->json, "evidence", row->evidence);
        weft__diag_json_text(&view->json, "hint", row->hint);
        weft__diag_json_close(&view->json);
    }
    weft__diag_json_close(&view->json);
}
