/* SPDX-License-Identifier: MIT */
/*
 * OTLP in JSON, written in order, as in `object, key, value`. The door to jansson: nothing else includes it. The few lines that
 * open and close it stand again in libweft-diag: components share base/ alone, where no foreign library is known.
 *
 * By the mapping that OTLP defines: keys in lowerCamelCase, 64-bit numbers as texts, enumerations as numbers, ids as
 * hexadecimal digits. What is no UTF-8 becomes U+FFFD. If memory ends on the way the whole document has failed.
 */
#ifndef WEFT_OTLP_JSON_H
#define WEFT_OTLP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "notes.h"

enum { WEFT__OTLP_JSON_DEPTH = 16 };

struct weft__otlp_json {
    struct json_t *root;
    struct json_t *inside[WEFT__OTLP_JSON_DEPTH]; /* the open objects and lists, the innermost last */
    int depth;
    bool failed;
};

void weft__otlp_json_begin(struct weft__otlp_json *json); /* the outermost value is an object, and open */

/* `key` is NULL for an element of a list. */
void weft__otlp_json_open(struct weft__otlp_json *json, const char *key, char bracket); /* '{' or '[' */
void weft__otlp_json_close(struct weft__otlp_json *json);

void weft__otlp_json_text(struct weft__otlp_json *json, const char *key, const char *text);
void weft__otlp_json_hex(struct weft__otlp_json *json, const char *key, const uint8_t *bytes, size_t size); /* at most 16 bytes */
void weft__otlp_json_integer(struct weft__otlp_json *json, const char *key, int64_t number); /* up to 32 bits, and enumerations */
void weft__otlp_json_long(struct weft__otlp_json *json, const char *key, int64_t number);    /* of 64 bits: a text */
void weft__otlp_json_count(struct weft__otlp_json *json, const char *key, uint64_t number);  /* of 64 bits: a text */
void weft__otlp_json_number(struct weft__otlp_json *json, const char *key, double number);   /* also NaN and infinities */
void weft__otlp_json_flag(struct weft__otlp_json *json, const char *key, bool flag);

/* An element of an open list of attributes. */
void weft__otlp_json_attribute(struct weft__otlp_json *json, const weft_otlp_attribute *attribute);
void weft__otlp_json_attribute_text(struct weft__otlp_json *json, const char *key, const char *text);

/* The rest of an open list of attributes, and its end; and how many were left out. */
void weft__otlp_json_notes(struct weft__otlp_json *json, const struct weft__otlp_notes *notes);

void weft__otlp_json_free(struct weft__otlp_json *json);

/* The text, to be freed, and its length; the document is freed. NULL: it has failed. */
char *weft__otlp_json_end(struct weft__otlp_json *json, size_t *out_length);

#endif
