/* SPDX-License-Identifier: MIT */
/*
 * The target of a request: a path and parameters, decoded. It comes from outside, and anything that is not exactly what a
 * path of ours looks like is refused: no byte 0, no control characters, no "//", no "." or ".." as a segment, no '%' that
 * is no escape.
 */
#ifndef WEFT_DIAG_URI_H
#define WEFT_DIAG_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WEFT__DIAG_URI_MAX = 2048, WEFT__DIAG_PARAMETERS_MAX = 16 };

struct weft__diag_uri {
    const char *path;
    uint32_t count;
    struct {
        const char *name;
        const char *value; /* "" if it has none */
    } parameters[WEFT__DIAG_PARAMETERS_MAX];
    char text[WEFT__DIAG_URI_MAX + 1];
};

/* 0, or the status of the answer: 400, 414. */
int weft__diag_uri_parse(const char *uri, struct weft__diag_uri *out);

/* The value of a parameter, or NULL. */
const char *weft__diag_uri_get(const struct weft__diag_uri *uri, const char *name);

/* A number in decimal, of at most `max`. `out` keeps what it is if there is no such parameter. False: it is no such number. */
bool weft__diag_uri_number(const struct weft__diag_uri *uri, const char *name, uint64_t max, uint64_t *out);

/* The text as a number, wholly. */
bool weft__diag_uri_digits(const char *text, uint64_t max, uint64_t *out);

/* The first parameter whose name is none of the list, which ends with NULL; NULL: all are known. */
const char *weft__diag_uri_unknown(const struct weft__diag_uri *uri, const char *const *known);

#endif
