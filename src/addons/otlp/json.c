/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "w3c.h"

/* Put a new value where the document is; it is the document's, or freed. */
static void json_put(struct weft__otlp_json *json, const char *key, json_t *value)
{
    json_t *inside = json->inside[json->depth];
    const int failed = !value ? -1 : key ? json_object_set_new_nocheck(inside, key, value) : json_array_append_new(inside, value);
    json->failed |= failed != 0;
}

void weft__otlp_json_begin(struct weft__otlp_json *json)
{
    *json = (struct weft__otlp_json){.root = json_object()};
    json->inside[0] = json->root;
    json->failed = !json->root;
}

void weft__otlp_json_open(struct weft__otlp_json *json, const char *key, char bracket)
{
    json_t *value = bracket == '{' ? json_object() : json_array();
    json_put(json, key, value);
    if (json->depth + 1 < WEFT__OTLP_JSON_DEPTH)
        json->inside[++json->depth] = json->failed ? NULL : value;
    else
        json->failed = true;
}

void weft__otlp_json_close(struct weft__otlp_json *json)
{
    if (json->depth > 0)
        json->depth--;
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

void weft__otlp_json_text(struct weft__otlp_json *json, const char *key, const char *text)
{
    json_put(json, key, json_of_text(text));
}

void weft__otlp_json_hex(struct weft__otlp_json *json, const char *key, const uint8_t *bytes, size_t size)
{
    char text[33];
    weft__otlp_hex(bytes, size, text);
    json_put(json, key, json_string_nocheck(text));
}

void weft__otlp_json_integer(struct weft__otlp_json *json, const char *key, int64_t number)
{
    json_put(json, key, json_integer(number));
}

void weft__otlp_json_long(struct weft__otlp_json *json, const char *key, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    json_put(json, key, json_string_nocheck(text));
}

void weft__otlp_json_count(struct weft__otlp_json *json, const char *key, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    json_put(json, key, json_string_nocheck(text));
}

void weft__otlp_json_number(struct weft__otlp_json *json, const char *key, double number)
{
    if (isfinite(number))
        json_put(json, key, json_real(number));
    else /* as the JSON mapping of protobuf spells them */
        json_put(json, key, json_string_nocheck(isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity"));
}

void weft__otlp_json_flag(struct weft__otlp_json *json, const char *key, bool flag)
{
    json_put(json, key, json_boolean(flag));
}

void weft__otlp_json_attribute(struct weft__otlp_json *json, const weft_otlp_attribute *attribute)
{
    weft__otlp_json_open(json, NULL, '{');
    weft__otlp_json_text(json, "key", attribute->key);
    weft__otlp_json_open(json, "value", '{');
    switch (attribute->kind) {
    case 'i':
        weft__otlp_json_long(json, "intValue", attribute->integer);
        break;
    case 'n':
        weft__otlp_json_number(json, "doubleValue", attribute->number);
        break;
    case 'b':
        weft__otlp_json_flag(json, "boolValue", attribute->integer != 0);
        break;
    default:
        weft__otlp_json_text(json, "stringValue", attribute->text ? attribute->text : "");
    }
    weft__otlp_json_close(json);
    weft__otlp_json_close(json);
}

void weft__otlp_json_attribute_text(struct weft__otlp_json *json, const char *key, const char *text)
{
    const weft_otlp_attribute attribute = weft_otlp_text(key, text);
    weft__otlp_json_attribute(json, &attribute);
}

void weft__otlp_json_notes(struct weft__otlp_json *json, const struct weft__otlp_notes *notes)
{
    for (uint32_t i = 0; i < notes->count; i++)
        weft__otlp_json_attribute(json, &notes->of[i]);
    weft__otlp_json_close(json);
    if (notes->dropped > 0)
        weft__otlp_json_integer(json, "droppedAttributesCount", notes->dropped);
}

void weft__otlp_json_free(struct weft__otlp_json *json)
{
    json_decref(json->root);
    json->root = NULL;
}

char *weft__otlp_json_end(struct weft__otlp_json *json, size_t *out_length)
{
    char *text = json->failed ? NULL : json_dumps(json->root, JSON_COMPACT);
    weft__otlp_json_free(json);
    if (text)
        *out_length = strlen(text);
    return text;
}
