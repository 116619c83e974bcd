/* SPDX-License-Identifier: MIT */
/*
 * See scan.h. A parser that takes `a.a.a. …` builds a table in a table for each part and takes them down by recursion: a
 * megabyte of it would overflow the stack. Dots count where a key can be; in strings and comments they do not.
 */
#include "addons/config/scan.h"

#include <stdbool.h>
#include <weft/config.h>

#include "base/utf8.h"

struct scan {
    const char *at, *end;
    struct weft__toml_place place;
    uint32_t dots; /* since the last thing that ends a key */
    char quote;    /* 0: outside of a string */
    bool triple;
};

/* Quotes at the place: one or three of them; a string begins or ends there. */
static size_t scan_quote(struct scan *scan)
{
    const char quote = *scan->at;
    const bool three = scan->at[1] == quote && scan->at[2] == quote; /* the text ends with a zero */
    if (!scan->quote) {
        scan->quote = quote;
        scan->triple = three;
        return three ? 3 : 1;
    }
    if (quote != scan->quote || (scan->triple && !three))
        return 1;
    scan->quote = 0;
    return scan->triple ? 3 : 1;
}

/* One step outside of strings and comments; how many characters it took. */
static size_t scan_outside(struct scan *scan)
{
    switch (*scan->at) {
    case '"':
    case '\'':
        return scan_quote(scan);
    case '.':
        scan->dots++;
        return 1;
    case '\n':
    case '=':
    case ',':
    case '[':
    case ']':
    case '{':
    case '}':
        scan->dots = 0;
        return 1;
    default:
        return 1;
    }
}

static size_t scan_inside(struct scan *scan)
{
    if (*scan->at == scan->quote)
        return scan_quote(scan);
    if (*scan->at == '\\' && scan->quote == '"' && (scan->at[1] == '"' || scan->at[1] == '\\'))
        return 2;
    if (*scan->at == '\n' && !scan->triple)
        scan->quote = 0; /* it has no end: the parser says so */
    return 1;
}

/* Over so many characters of one byte, or one of several. */
static const char *scan_step(struct scan *scan, size_t count)
{
    const size_t length = weft__utf8_sequence(scan->at);
    if (*scan->at == '\0')
        return "there is a zero byte: a configuration file is text";
    if (length == 0)
        return "this is not UTF-8";
    if (*scan->at == '\n') {
        scan->place.line++;
        scan->place.column = 0;
    }
    scan->place.column += (uint32_t)count;
    scan->at += length > 1 ? length : count;
    return NULL;
}

const char *weft__config_scan(const char *text, size_t length, struct weft__toml_place *out_place)
{
    struct scan scan = {.at = text, .end = text + length, .place = {1, 1}};
    const char *wrong = NULL;
    bool comment = false;
    while (scan.at < scan.end && !wrong) {
        if (*scan.at == '\n')
            comment = false;
        else if (*scan.at == '#' && !scan.quote)
            comment = true;
        const size_t count = comment ? 1 : scan.quote ? scan_inside(&scan) : scan_outside(&scan);
        if (scan.dots >= WEFT_CONFIG_DEPTH_MAX)
            wrong = "this key has more than 32 parts";
        else
            wrong = scan_step(&scan, count);
    }
    *out_place = scan.place;
    return wrong;
}
