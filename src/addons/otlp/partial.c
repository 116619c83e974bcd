/* SPDX-License-Identifier: MIT */
#include "partial.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

enum { PARTIAL_KEY = 32, PARTIAL_DEPTH = 32 }; /* bytes of the longest key that is looked for, and its end */
enum partial_place { PARTIAL_ELSEWHERE, PARTIAL_ANSWER, PARTIAL_SUCCESS }; /* whose members these are */

struct partial {
    const char *at;
    const char *end; /* there is no zero */
    int depth;
    const char *rejected;
    uint64_t count;
    char *why;
    size_t room;
};

static void partial_forget(struct partial *p)
{
    p->count = 0;
    *p->why = '\0';
}

static bool partial_is(const struct partial *p, char c)
{
    return p->at < p->end && *p->at == c;
}

static bool partial_is_digit(const struct partial *p)
{
    return p->at < p->end && *p->at >= '0' && *p->at <= '9';
}

static bool partial_take(struct partial *p, char c)
{
    const bool taken = partial_is(p, c);
    p->at += taken;
    return taken;
}

static void partial_pass_space(struct partial *p)
{
    while (p->at < p->end && memchr(" \t\r\n", *p->at, 4))
        p->at++;
}

/* One of "{}[],:", and the space about it. */
static bool partial_take_sign(struct partial *p, char c)
{
    partial_pass_space(p);
    if (!partial_take(p, c))
        return false;
    partial_pass_space(p);
    return true;
}

static bool partial_take_word(struct partial *p, const char *word)
{
    const size_t length = strlen(word);
    if ((size_t)(p->end - p->at) < length || memcmp(p->at, word, length) != 0)
        return false;
    p->at += length;
    return true;
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

/* Four hexadecimal digits; UINT32_MAX: they are none. */
static uint32_t partial_code(struct partial *p)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        const char *digit = p->at < p->end ? memchr(digits, *p->at, sizeof digits - 1) : NULL;
        if (!digit)
            return UINT32_MAX;
        code = code << 4 | ((uint32_t)(digit - digits) & 15);
        p->at++;
    }
    return code;
}

/* What a backslash and `u` stand before, as UTF-8: its bytes; 0: half of a pair, a zero, or no such thing. */
static size_t partial_unicode(struct partial *p, char out[4])
{
    uint32_t code = partial_code(p);
    if (code >= 0xd800 && code < 0xdc00) {
        const uint32_t low = partial_take(p, '\\') && partial_take(p, 'u') ? partial_code(p) : UINT32_MAX;
        code = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : UINT32_MAX;
    }
    if (code == 0 || code > 0x10ffff || (code >= 0xdc00 && code < 0xe000))
        return 0;
    const size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(heads[length] | code);
    return length;
}

/* The next character of a text: its bytes; 0: there is none, and the text is no such. */
static size_t partial_character(struct partial *p, char out[4])
{
    static const char named[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (partial_take(p, '\\')) {
        if (partial_take(p, 'u'))
            return partial_unicode(p, out);
        const char *name = p->at < p->end ? memchr(named, *p->at, sizeof named - 1) : NULL;
        if (!name)
            return 0;
        p->at++;
        out[0] = meant[name - named];
        return 1;
    }
    const size_t left = (size_t)(p->end - p->at);
    char next[5] = "";
    memcpy(next, p->at, left < 4 ? left : 4);
    const size_t length = (unsigned char)next[0] < 0x20 ? 0 : weft__utf8_sequence(next);
    memcpy(out, next, length);
    p->at += length;
    return length;
}

/* As much of it as there is room for, of whole characters. */
static bool partial_text(struct partial *p, char *out, size_t room)
{
    size_t length = 0;
    bool fits = true;
    if (!partial_take(p, '"'))
        return false;
    while (p->at < p->end && !partial_is(p, '"')) {
        char character[4];
        const size_t bytes = partial_character(p, character);
        if (bytes == 0)
            return false;
        fits = fits && length + bytes < room;
        if (fits) {
            memcpy(out + length, character, bytes);
            length += bytes;
        }
    }
    out[length] = '\0';
    return partial_take(p, '"');
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static bool partial_digits(struct partial *p)
{
    const char *first = p->at;
    while (partial_is_digit(p))
        p->at++;
    return p->at > first;
}

static bool partial_number(struct partial *p)
{
    partial_take(p, '-');
    if (!partial_take(p, '0') && !partial_digits(p))
        return false;
    if (partial_take(p, '.') && !partial_digits(p))
        return false;
    if (!partial_take(p, 'e') && !partial_take(p, 'E'))
        return true;
    if (!partial_take(p, '+'))
        partial_take(p, '-');
    return partial_digits(p);
}

/* What a value that has been passed says, in digits or, as 64-bit numbers are to be written, in a text of them: 0 where it says else. */
static uint64_t partial_count(const char *value, const char *end)
{
    struct partial p = {.at = value, .end = end};
    uint64_t count = 0;
    const bool quoted = partial_take(&p, '"');
    for (; partial_is_digit(&p); p.at++) {
        const uint64_t digit = (uint64_t)(*p.at - '0');
        count = count > (UINT64_MAX - digit) / 10 ? UINT64_MAX : count * 10 + digit;
    }
    return p.at == end || (quoted && partial_is(&p, '"')) ? count : 0;
}

static bool partial_members(struct partial *p, enum partial_place place, char bracket);

/* Any value; if it is an object, one at this place. */
static bool partial_value(struct partial *p, enum partial_place place)
{
    char unused[1];
    if (partial_is(p, '"'))
        return partial_text(p, unused, sizeof unused);
    if (partial_is(p, '{') || partial_is(p, '[')) {
        const char bracket = partial_is(p, '{') ? '}' : ']';
        if (p->depth == PARTIAL_DEPTH)
            return false;
        p->depth++;
        p->at++;
        const bool passed = partial_members(p, bracket == '}' ? place : PARTIAL_ELSEWHERE, bracket);
        p->depth--;
        return passed;
    }
    return partial_take_word(p, "true") || partial_take_word(p, "false") || partial_take_word(p, "null") || partial_number(p);
}

/* Of two members with one key the last is meant. */
static bool partial_member(struct partial *p, enum partial_place place, const char *key)
{
    const char *value = p->at;
    if (place == PARTIAL_SUCCESS && strcmp(key, "errorMessage") == 0) {
        *p->why = '\0';
        return partial_is(p, '"') ? partial_text(p, p->why, p->room) : partial_value(p, PARTIAL_ELSEWHERE);
    }
    if (place == PARTIAL_ANSWER && strcmp(key, "partialSuccess") == 0) {
        partial_forget(p);
        return partial_value(p, PARTIAL_SUCCESS);
    }
    if (!partial_value(p, PARTIAL_ELSEWHERE))
        return false;
    if (place == PARTIAL_SUCCESS && strcmp(key, p->rejected) == 0)
        p->count = partial_count(value, p->at);
    return true;
}

/* Members or elements, and the bracket that ends them; the other one has been taken. */
static bool partial_members(struct partial *p, enum partial_place place, char bracket)
{
    if (partial_take_sign(p, bracket))
        return true;
    do {
        char key[PARTIAL_KEY] = "";
        if (bracket == '}' && !(partial_text(p, key, sizeof key) && partial_take_sign(p, ':')))
            return false;
        if (!partial_member(p, place, key))
            return false;
    } while (partial_take_sign(p, ','));
    return partial_take_sign(p, bracket);
}

uint64_t weft__otlp_partial(const char *text, size_t length, const char *rejected, char *out_why, size_t room)
{
    struct partial p = {.at = text, .end = text + length, .rejected = rejected, .why = out_why, .room = room};
    partial_forget(&p);
    partial_pass_space(&p);
    const bool passed = partial_value(&p, PARTIAL_ANSWER);
    partial_pass_space(&p);
    if (!passed || p.at < p.end)
        partial_forget(&p);
    return p.count;
}
