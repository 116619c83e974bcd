/* SPDX-License-Identifier: MIT */
#include "members.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

enum { MEMBERS_KEY = 32 }; /* bytes of the longest key, and its end */

struct members {
    struct weft__diag_json *json;
    const char *at;
    const char *end;
    char *text; /* as many bytes as there are to read, and one: a text is never longer than it was written */
};

static bool members_take(struct members *m, char c)
{
    if (m->at == m->end || *m->at != c)
        return false;
    m->at++;
    return true;
}

static bool members_take_word(struct members *m, const char *word)
{
    const size_t length = strlen(word);
    if ((size_t)(m->end - m->at) < length || memcmp(m->at, word, length) != 0)
        return false;
    m->at += length;
    return true;
}

/* What a backslash stands before: of u and four digits at most three bytes of UTF-8. NULL: something else. */
static char *members_escape(struct members *m, char *out)
{
    static const char digits[] = "0123456789abcdef";
    unsigned code = 0;
    if (m->at < m->end && (*m->at == '"' || *m->at == '\\')) {
        *out++ = *m->at++;
        return out;
    }
    if (m->end - m->at < 5 || !members_take(m, 'u'))
        return NULL;
    for (int i = 0; i < 4; i++) {
        const char *digit = memchr(digits, *m->at++, sizeof digits - 1);
        if (!digit)
            return NULL;
        code = code << 4 | (unsigned)(digit - digits);
    }
    if (code >= 0x800) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
    } else if (code >= 0x80) {
        *out++ = (char)(0xc0 | code >> 6);
    }
    *out++ = (char)(code < 0x80 ? code : 0x80 | (code & 0x3f));
    return out;
}

/* Valid until the next. NULL: it is no text. */
static const char *members_text(struct members *m)
{
    char *out = m->text;
    if (!members_take(m, '"'))
        return NULL;
    while (m->at < m->end && *m->at != '"') {
        if (members_take(m, '\\'))
            out = members_escape(m, out);
        else
            *out++ = *m->at++;
        if (!out)
            return NULL;
    }
    *out = '\0';
    return members_take(m, '"') ? m->text : NULL;
}

static bool members_number(struct members *m, const char *key)
{
    const bool negative = members_take(m, '-');
    const char *first = m->at;
    uint64_t number = 0;
    while (m->at < m->end && *m->at >= '0' && *m->at <= '9')
        number = number * 10 + (uint64_t)(*m->at++ - '0');
    if (negative)
        weft__diag_json_integer(m->json, key, -(int64_t)number);
    else
        weft__diag_json_count(m->json, key, number);
    return m->at > first;
}

static bool members_value(struct members *m, const char *key);

/* Members or elements, and the bracket that ends them; the other one has been taken. */
static bool members_until(struct members *m, char bracket)
{
    char key[MEMBERS_KEY];
    if (members_take(m, bracket))
        return true;
    do {
        if (bracket == '}') {
            const char *text = members_text(m);
            if (!text || strlen(text) >= sizeof key || !members_take(m, ':'))
                return false;
            memcpy(key, text, strlen(text) + 1);
        }
        if (!members_value(m, bracket == '}' ? key : NULL))
            return false;
    } while (members_take(m, ','));
    return members_take(m, bracket);
}

static bool members_inside(struct members *m, const char *key, char bracket)
{
    weft__diag_json_open(m->json, key, bracket);
    if (m->json->failed || !members_until(m, bracket == '{' ? '}' : ']')) /* too deep has failed, too */
        return false;
    weft__diag_json_close(m->json);
    return true;
}

/* `key` is NULL for an element of a list. */
static bool members_value(struct members *m, const char *key)
{
    if (members_take(m, '{'))
        return members_inside(m, key, '{');
    if (members_take(m, '['))
        return members_inside(m, key, '[');
    if (m->at < m->end && *m->at == '"') {
        const char *text = members_text(m);
        if (text)
            weft__diag_json_text(m->json, key, text);
        return text != NULL;
    }
    const bool yes = members_take_word(m, "true");
    if (yes || members_take_word(m, "false")) {
        weft__diag_json_flag(m->json, key, yes);
        return true;
    }
    return members_number(m, key);
}

bool weft__diag_members(struct weft__diag_json *json, const char *text, size_t length)
{
    struct members m = {json, text, text + length, malloc(length + 1)};
    const bool taken = m.text && members_take(&m, '{') && members_until(&m, '}') && m.at == m.end;
    free(m.text);
    return taken && !json->failed;
}
