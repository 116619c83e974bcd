/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* Put a new value where the document is; it is the document's, or freed. */
static void json_put(struct weft__diag_json *json, const char *key, json_t *value)
{
    json_t *inside = json->inside[json->depth];
    const int failed = !value ? -1 : key ? json_object_set_new_nocheck(inside, key, value) : json_array_append_new(inside, value);
    json->failed |= failed != 0;
}

void weft__diag_json_begin(struct weft__diag_json *json)
{
    *json = (struct weft__diag_json){.root = json_object()};
    json->inside[0] = json->root;
    json->failed = !json->root;
}

void weft__diag_json_open(struct weft__diag_json *json, const char *key, char bracket)
{
    json_t *value = bracket == '{' ? json_object() : json_array();
    json_put(json, key, value);
    if (json->depth + 1 < WEFT__DIAG_JSON_DEPTH)
        json->inside[++json->depth] = json->failed ? NULL : value;
    else
        json->failed = true;
}

void weft__diag_json_close(struct weft__diag_json *json)
{
    if (json->depth > 0)
        json->depth--;
}

void weft__diag_json_element(struct weft__diag_json *json)
{
    weft__diag_json_open(json, NULL, '{');
}

void weft__diag_json_drop(struct weft__diag_json *json)
{
    weft__diag_json_close(json);
    json_t *list = json->inside[json->depth];
    json->failed |= json_array_remove(list, json_array_size(list) - 1) != 0;
}

/* The text, with U+FFFD for what is no UTF-8. NULL: no memory. */
static json_t *json_of_text(const char *text)
{
    if (weft__utf8_is_valid(text))
        return json_string_nocheck(text);
    char *clean = malloc(3 * strlen(text) + 1);
    json_t *value = clean ? json_stringn_nocheck(clean, weft__utf8_replace(clean, text)) : NULL;
    free(clean);
    return value;
}

void weft__diag_json_text(struct weft__diag_json *json, const char *key, const char *text)
{
    json_put(json, key, text ? json_of_text(text) : json_null());
}

void weft__diag_json_count(struct weft__diag_json *json, const char *key, uint64_t number)
{
    json_put(json, key, json_integer(number <= INT64_MAX ? (json_int_t)number : INT64_MAX));
}

void weft__diag_json_integer(struct weft__diag_json *json, const char *key, int64_t number)
{
    json_put(json, key, json_integer(number));
}

void weft__diag_json_time(struct weft__diag_json *json, const char *key, int64_t ns)
{
    json_put(json, key, ns < 0 ? json_null() : json_integer(ns));
}

void weft__diag_json_ratio(struct weft__diag_json *json, const char *key, double number)
{
    json_put(json, key, json_real(number));
}

void weft__diag_json_flag(struct weft__diag_json *json, const char *key, bool flag)
{
    json_put(json, key, json_boolean(flag));
}

void weft__diag_json_null(struct weft__diag_json *json, const char *key)
{
    json_put(json, key, json_null());
}

void weft__diag_json_free(struct weft__diag_json *json)
{
    json_decref(json->root);
    json->root = NULL;
}

static int json_write(const char *bytes, size_t length, void *context)
{
    struct weft__diag_buffer *out = context;
    weft__diag_buffer_add(out, bytes, length);
    return out->failed ? -1 : 0;
}

bool weft__diag_json_end(struct weft__diag_json *json, struct weft__diag_buffer *out)
{
    const bool written = !json->failed && json_dump_callback(json->root, json_write, out, JSON_COMPACT) == 0;
    if (written)
        weft__diag_buffer_add(out, "\n", 1);
    weft__diag_json_free(json);
    return written && !out->failed;
}
