/* SPDX-License-Identifier: MIT */
#include "w3c.h"

#include <stdio.h>
#include <string.h>

enum { W3C_MEMBERS_MAX = 32, W3C_KEY_MAX = 256, W3C_VALUE_MAX = 256, W3C_LENGTH = 55 };

static int w3c_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; /* upper case is refused by the standard */
}

static bool w3c_bytes(const char *text, size_t size, uint8_t *out)
{
    for (size_t i = 0; i < size; i++) {
        const int high = w3c_digit(text[2 * i]), low = high < 0 ? -1 : w3c_digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool weft__otlp_id_is_zero(const uint8_t *id, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (id[i] != 0)
            return false;
    return true;
}

void weft__otlp_hex(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = '\0';
}

const char *weft__otlp_traceparent_read(const char *text, weft_otlp_context *out)
{
    weft_otlp_context context = {.flags = 0};
    uint8_t version;
    const size_t length = strnlen(text, W3C_LENGTH + 1);
    if (length < 2 || !w3c_bytes(text, 1, &version))
        return "it does not begin with a version of two hexadecimal digits in lower case";
    if (version == 0xff)
        return "version ff is not allowed";
    if (length < W3C_LENGTH)
        return "it is shorter than 55 characters";
    if (text[2] != '-' || text[35] != '-' || text[52] != '-')
        return "its fields of 2, 32, 16 and 2 digits are not divided by '-'";
    if (length > W3C_LENGTH && (version == 0 || text[W3C_LENGTH] != '-'))
        return version == 0 ? "something follows the flags, which version 00 does not have" : "what follows the flags does not begin with '-'";
    if (!w3c_bytes(text + 3, 16, context.trace_id))
        return "the trace id is not of hexadecimal digits in lower case";
    if (!w3c_bytes(text + 36, 8, context.span_id))
        return "the parent id is not of hexadecimal digits in lower case";
    if (!w3c_bytes(text + 53, 1, &context.flags))
        return "the flags are not of hexadecimal digits in lower case";
    if (weft__otlp_id_is_zero(context.trace_id, 16))
        return "the trace id is zero";
    if (weft__otlp_id_is_zero(context.span_id, 8))
        return "the parent id is zero";
    if (version != 0)
        context.flags &= 1; /* of a later version nothing else is known */
    *out = context;
    return NULL;
}

void weft__otlp_traceparent_write(const weft_otlp_context *context, char *out)
{
    char trace[33], span[17];
    weft__otlp_hex(context->trace_id, 16, trace);
    weft__otlp_hex(context->span_id, 8, span);
    snprintf(out, WEFT_OTLP_TRACEPARENT_SIZE, "00-%s-%s-%02x", trace, span, context->flags);
}

static bool w3c_is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool w3c_is_digit(char c) { return c >= '0' && c <= '9'; }
static bool w3c_in_key(char c) { return w3c_is_lower(c) || w3c_is_digit(c) || (c && strchr("_-*/", c)); }

/* key = simple-key / tenant "@" system, each of at most so many characters. */
static bool w3c_key(const char *key, size_t length)
{
    const char *at = memchr(key, '@', length);
    const size_t first = at ? (size_t)(at - key) : length, second = at ? length - first - 1 : 0;
    if (first == 0 || first > (at ? 241 : W3C_KEY_MAX) || (at && (second == 0 || second > 14)))
        return false;
    if (at ? !w3c_in_key(key[0]) || strchr("_-*/", key[0]) || !w3c_is_lower(at[1]) : !w3c_is_lower(key[0]) && !w3c_is_digit(key[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (key + i != at && !w3c_in_key(key[i]))
            return false;
    return true;
}

/* Printable ASCII without ',' and '='; a space at the end was cut off before. */
static bool w3c_value(const char *value, size_t length)
{
    if (length == 0 || length > W3C_VALUE_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if (value[i] < 0x20 || value[i] > 0x7e || value[i] == ',' || value[i] == '=')
            return false;
    return true;
}

static bool w3c_member(const char *member, size_t length)
{
    const char *equals = memchr(member, '=', length);
    return equals && w3c_key(member, (size_t)(equals - member)) && w3c_value(equals + 1, length - (size_t)(equals - member) - 1);
}

static bool w3c_has_key(const char *list, const char *member)
{
    const size_t length = (size_t)(strchr(member, '=') - member) + 1;
    for (const char *at = list; at && *at; at = strchr(at, ','), at = at ? at + 1 : NULL)
        if (strncmp(at, member, length) == 0)
            return true;
    return false;
}

bool weft__otlp_tracestate_read(const char *text, char out[WEFT_OTLP_TRACESTATE_SIZE])
{
    char list[WEFT_OTLP_TRACESTATE_SIZE];
    size_t used = 0;
    int members = 0;
    out[0] = list[0] = '\0';
    for (const char *at = text; *at;) {
        size_t length = strcspn(at, ","), step = length + (at[length] == ',');
        const char *member = at;
        for (; length > 0 && (*member == ' ' || *member == '\t'); length--)
            member++;
        for (; length > 0 && (member[length - 1] == ' ' || member[length - 1] == '\t'); length--)
            ;
        at += step;
        if (length == 0)
            continue; /* an empty member is allowed, and means nothing */
        if (!w3c_member(member, length) || w3c_has_key(list, member) || ++members > W3C_MEMBERS_MAX ||
            used + length + (used > 0) >= sizeof list)
            return false;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%.*s", used > 0 ? "," : "", (int)length, member);
    }
    memcpy(out, list, used + 1);
    return true;
}
