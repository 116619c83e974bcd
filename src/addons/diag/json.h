/* SPDX-License-Identifier: MIT */
/*
 * JSON as it is answered: written in order, as in `object, key, value`. The door to jansson: nothing else includes it. The few
 * lines that open and close it stand again in libweft-otlp: components share base/ alone, where no foreign library is known.
 *
 * Whatever the names are the text parses: what is no UTF-8 becomes U+FFFD. If memory ends on the way the whole document has
 * failed, and nothing of it is answered.
 */
#ifndef WEFT_DIAG_JSON_H
#define WEFT_DIAG_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

enum { WEFT__DIAG_JSON_DEPTH = 12 };

struct weft__diag_json {
    struct json_t *root;
    struct json_t *inside[WEFT__DIAG_JSON_DEPTH]; /* the open objects and lists, the innermost last */
    int depth;
    bool failed;
};

void weft__diag_json_begin(struct weft__diag_json *json); /* the outermost value is an object, and open */

/* `key` is NULL for an element of a list. */
void weft__diag_json_open(struct weft__diag_json *json, const char *key, char bracket); /* '{' or '[' */
void weft__diag_json_close(struct weft__diag_json *json);

/* Open an object as an element of the open list, and perhaps take it back. */
void weft__diag_json_element(struct weft__diag_json *json);
void weft__diag_json_drop(struct weft__diag_json *json);

void weft__diag_json_text(struct weft__diag_json *json, const char *key, const char *text); /* NULL: null */
void weft__diag_json_count(struct weft__diag_json *json, const char *key, uint64_t number);
void weft__diag_json_integer(struct weft__diag_json *json, const char *key, int64_t number);
void weft__diag_json_time(struct weft__diag_json *json, const char *key, int64_t ns); /* below 0: null, it is not known */
void weft__diag_json_ratio(struct weft__diag_json *json, const char *key, double number);
void weft__diag_json_flag(struct weft__diag_json *json, const char *key, bool flag);
void weft__diag_json_null(struct weft__diag_json *json, const char *key);

void weft__diag_json_free(struct weft__diag_json *json);

/* Write it, and free it. False: it has failed. */
bool weft__diag_json_end(struct weft__diag_json *json, struct weft__diag_buffer *out);

#endif
