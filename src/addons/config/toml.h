/* SPDX-License-Identifier: MIT */
/*
 * The one door to toml++: it reads a text and hands on what is there, item by item, to C. No exception and no type of C++
 * comes out. Keys of one table come in the order of their bytes, a table before what is in it.
 */
#ifndef WEFT_ADDONS_CONFIG_TOML_H
#define WEFT_ADDONS_CONFIG_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum weft__toml_type {
    WEFT__TOML_TABLE,
    WEFT__TOML_ARRAY,
    WEFT__TOML_TEXT,
    WEFT__TOML_INTEGER,
    WEFT__TOML_NUMBER,
    WEFT__TOML_FLAG,
    WEFT__TOML_TIME, /* a date, a time, or both */
};

struct weft__toml_place {
    uint32_t line, column;
};

struct weft__toml_item {
    enum weft__toml_type type;
    const char *key; /* NULL: an element of an array */
    size_t key_length;
    struct weft__toml_place key_at, value_at;
    const char *text; /* with what it has of zeros */
    size_t text_length;
    int64_t integer;
    double number;
    bool flag;
};

/* Takes an item that lies in `parent`, NULL for the root's, and answers what its own items are given as parent; NULL: no
 * memory. */
typedef void *weft__toml_add_fn(void *context, void *parent, const struct weft__toml_item *item);

/* 0, WEFT_ENOMEM, or WEFT_EINVAL: then where and what, in at most `room` bytes. The text is valid UTF-8. */
int weft__toml_parse(const char *text, size_t length, weft__toml_add_fn *add, void *context,
                     struct weft__toml_place *out_place, char *out_text, size_t room);

#ifdef __cplusplus
}
#endif

#endif
