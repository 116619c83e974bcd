/* SPDX-License-Identifier: MIT */
/* Writing JSON (RFC 8259) as it comes: commas, quotes and escapes are right whatever the names are. */
#ifndef WEFT_CLI_JSON_H
#define WEFT_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_DEPTH_MAX = 16 };

struct json {
    FILE *out;
    int depth;
    int line_from; /* from this depth on everything is on the line of what holds it; 0: each value has a line */
    bool in_page; /* no '<' is written as such, so that it can lie in a page of HTML */
    bool inside[JSON_DEPTH_MAX]; /* the list at this depth has an element */
};

/* `key` is NULL for an element of an array, and for the outermost value. */
void json_open(struct json *json, const char *key, char bracket);     /* '{' or '[' */
void json_close(struct json *json, char bracket);                     /* '}' or ']' */
void json_text(struct json *json, const char *key, const char *text); /* NULL: null */
void json_count(struct json *json, const char *key, uint64_t number);
void json_integer(struct json *json, const char *key, int64_t number);
void json_ratio(struct json *json, const char *key, double number); /* below 0: null, there is none */
void json_micros(struct json *json, const char *key, int64_t ns);   /* microseconds, exactly: 12.345 */
void json_flag(struct json *json, const char *key, bool flag);

#endif
