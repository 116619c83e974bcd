/* SPDX-License-Identifier: MIT */
/* See json.h. Text that is no UTF-8 becomes U+FFFD, since JSON has no other bytes. */
#include "cli/json.h"

#include <inttypes.h>

#include "base/utf8.h"

/* How many of the bytes here are written as they are, one by one: ASCII without what JSON, or a page, would take. */
static size_t json_plain(const struct json *json, const char *text)
{
    size_t length = 0;
    for (unsigned char c; (c = (unsigned char)text[length]) >= 0x20 && c < 0x7f; length++)
        if (c == '"' || c == '\\' || (c == '<' && json->in_page))
            break;
    return length;
}

static void json_quote(struct json *json, const char *text)
{
    fputc('"', json->out);
    for (size_t length; *text; text += length) {
        length = json_plain(json, text);
        if (length) {
            fwrite(text, 1, length, json->out);
            continue;
        }
        const unsigned char first = (unsigned char)*text;
        length = weft__utf8_sequence(text);
        if (!length)
            fputs("\\ufffd", json->out);
        else if (first == '"' || first == '\\')
            fprintf(json->out, "\\%c", first);
        else if (first < 0x20 || first == 0x7f || first == '<')
            fprintf(json->out, "\\u%04x", first);
        else
            fwrite(text, 1, length, json->out);
        length += !length;
    }
    fputc('"', json->out);
}

/* What is inside of this depth has lines of its own. */
static bool json_has_lines(const struct json *json, int depth)
{
    return !json->line_from || depth < json->line_from;
}

static void json_line(struct json *json)
{
    if (json->line_from)
        fputc('\n', json->out); /* for programs */
    else
        fprintf(json->out, "\n%*s", 2 * json->depth, "");
}

/* What stands in front of a value: a comma, a new line, its key. */
static void json_begin(struct json *json, const char *key)
{
    if (json->depth) {
        if (json->inside[json->depth])
            fputc(',', json->out);
        json->inside[json->depth] = true;
        if (json_has_lines(json, json->depth))
            json_line(json);
    }
    if (key) {
        json_quote(json, key);
        fputs(json->line_from ? ":" : ": ", json->out);
    }
}

void json_open(struct json *json, const char *key, char bracket)
{
    json_begin(json, key);
    fputc(bracket, json->out);
    json->inside[++json->depth] = false;
}

void json_close(struct json *json, char bracket)
{
    bool had = json->inside[json->depth--];
    if (had && json_has_lines(json, json->depth + 1))
        json_line(json);
    fputc(bracket, json->out);
    if (!json->depth)
        fputc('\n', json->out);
}

void json_text(struct json *json, const char *key, const char *text)
{
    json_begin(json, key);
    if (text)
        json_quote(json, text);
    else
        fputs("null", json->out);
}

void json_count(struct json *json, const char *key, uint64_t number)
{
    json_begin(json, key);
    fprintf(json->out, "%" PRIu64, number);
}

void json_integer(struct json *json, const char *key, int64_t number)
{
    json_begin(json, key);
    fprintf(json->out, "%" PRId64, number);
}

void json_ratio(struct json *json, const char *key, double number)
{
    json_begin(json, key);
    if (number < 0)
        fputs("null", json->out);
    else
        fprintf(json->out, "%.6g", number);
}

void json_micros(struct json *json, const char *key, int64_t ns)
{
    const uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    json_begin(json, key);
    fprintf(json->out, "%s%" PRIu64 ".%03" PRIu64, ns < 0 ? "-" : "", size / 1000, size % 1000);
}

void json_flag(struct json *json, const char *key, bool flag)
{
    json_begin(json, key);
    fputs(flag ? "true" : "false", json->out);
}
