/* SPDX-License-Identifier: MIT */
/* See problem.h. */
#include "addons/config/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/platform.h"
#include "base/utf8.h"

enum { PROBLEM_TEXT = 400, PATH_PART = 128 };

/* Append one character of what comes from outside; how many bytes of it were taken. */
static size_t said_one(char *out, size_t room, size_t *used, const char *text, size_t left)
{
    const size_t length = weft__utf8_sequence(text); /* the text ends with a zero */
    const bool bad = *text == '\0' || length == 0 || length > left || weft__utf8_is_control(text, length);
    const size_t need = bad ? 1 : length;
    if (*used + need >= room)
        return 0;
    memcpy(out + *used, bad ? "?" : text, need);
    *used += need;
    return length && length <= left ? length : 1;
}

static size_t said_all(char *out, size_t room, const char *text, size_t length)
{
    size_t used = 0;
    for (size_t at = 0; at < length;) {
        const size_t taken = said_one(out, room, &used, text + at, length - at);
        if (taken == 0)
            break;
        at += taken;
    }
    out[used] = '\0';
    return used;
}

const char *weft__config_said(char out[WEFT__CONFIG_SAID], const char *text, size_t length)
{
    static const char more[] = "…";
    const size_t whole = WEFT__CONFIG_SAID - sizeof more;
    const size_t used = said_all(out, whole, text, length);
    if (length >= whole)
        memcpy(out + used, more, sizeof more);
    return out;
}

static bool path_is_bare(const char *key, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", key[i]) || !key[i])
            return false;
    return length > 0;
}

size_t weft__config_path_push(struct weft__config_path *path, const char *key, size_t length)
{
    const size_t before = path->length;
    char part[PATH_PART];
    said_all(part, sizeof part, key, length);
    const char *quote = path_is_bare(key, length) ? "" : "\"";
    const int size = snprintf(path->text + before, sizeof path->text - before, "%s%s%s%s", before ? "." : "", quote, part,
                              quote);
    path->length = before + (size_t)size < sizeof path->text ? before + (size_t)size : before;
    path->text[path->length] = '\0'; /* a part that does not fit is left out whole */
    return before;
}

void weft__config_path_pop(struct weft__config_path *path, size_t before)
{
    path->length = before;
    path->text[before] = '\0';
}

void weft__config_problems_fini(struct weft__config_problems *problems)
{
    weft__free(problems->list);
    problems->list = NULL;
}

static bool problems_grow(struct weft__config_problems *problems)
{
    if (problems->count < problems->room)
        return true;
    const size_t room = problems->room ? 2 * problems->room : 8;
    weft_config_problem *list = weft__alloc(room * sizeof *list);
    if (!list)
        return false;
    if (problems->count)
        memcpy(list, problems->list, problems->count * sizeof *list);
    weft__free(problems->list);
    problems->list = list;
    problems->room = room;
    return true;
}

void weft__config_problem(struct weft__config_problems *problems, weft_config_kind kind, const char *variable,
                          struct weft__toml_place at, const char *key, const char *format, ...)
{
    if (problems->count == WEFT__CONFIG_PROBLEMS_MAX)
        return;
    char text[PROBLEM_TEXT];
    va_list arguments;
    va_start(arguments, format);
    weft__number_print(text, sizeof text, format, arguments);
    va_end(arguments);
    char clean[PROBLEM_TEXT];
    said_all(clean, sizeof clean, text, strlen(text)); /* it may quote what it read */
    weft_config_problem problem = {.kind = kind, .file = problems->file, .line = at.line, .column = at.column};
    problem.key = weft__config_tree_copy(problems->tree, key, strlen(key));
    problem.text = weft__config_tree_copy(problems->tree, clean, strlen(clean));
    if (variable) {
        problem.file = variable;
        problem.line = problem.column = 0;
    }
    if (!problem.key || !problem.text || !problems_grow(problems)) {
        problems->no_memory = true;
        return;
    }
    problems->list[problems->count++] = problem;
}

static int problems_compare(const void *left, const void *right)
{
    const weft_config_problem *a = left, *b = right;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    const int keys = strcmp(a->key, b->key);
    return keys ? keys : strcmp(a->text, b->text);
}

static void problems_sort(struct weft__config_problems *problems)
{
    if (problems->count)
        qsort(problems->list, problems->count, sizeof *problems->list, problems_compare);
}

void weft__config_problems_tell(struct weft__config_problems *problems, weft_config_report_fn *report, void *context)
{
    problems_sort(problems);
    for (size_t i = 0; report && i < problems->count; i++)
        report(context, &problems->list[i]);
}

int weft__config_problems_refuse(struct weft__config_problems *problems, const char *call, int code)
{
    problems_sort(problems);
    const weft_config_problem *p = &problems->list[0];
    char place[32] = "", more[40] = "";
    if (p->line && p->column)
        snprintf(place, sizeof place, "%u:%u: ", p->line, p->column);
    else if (p->line)
        snprintf(place, sizeof place, "%u: ", p->line);
    if (problems->count > 1)
        snprintf(more, sizeof more, " (and %zu more)", problems->count - 1);
    return weft_error_refuse(code, "%s: %.100s:%s%s%s%s%s%s", call, p->file, *place ? "" : " ", place, p->key, *p->key ? ": " : "",
                             p->text, more);
}
