/* SPDX-License-Identifier: MIT */
#include "uri.h"

#include <string.h>

static int uri_hex(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    const char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Decode in place what ends at `end`, and end it there. False: an escape that is none, or a byte that must not be there. */
static bool uri_decode(char *text, const char *end, bool plus)
{
    char *out = text;
    for (const char *in = text; in < end; in++) {
        unsigned char byte = (unsigned char)*in;
        if (byte == '%') {
            const int high = end - in > 2 ? uri_hex(in[1]) : -1, low = end - in > 2 ? uri_hex(in[2]) : -1;
            if (high < 0 || low < 0)
                return false;
            byte = (unsigned char)(high << 4 | low);
            in += 2;
        } else if (byte == '+' && plus) {
            byte = ' ';
        }
        if (byte < 0x20 || byte == 0x7f)
            return false;
        *out++ = (char)byte;
    }
    *out = '\0';
    return true;
}

/* Each segment is a name: not empty (but the last), not "." or "..". */
static bool uri_path_is_plain(const char *path)
{
    if (path[0] != '/')
        return false;
    for (const char *segment = path + 1; *segment;) {
        const size_t length = strcspn(segment, "/");
        if (length == 0 || (length <= 2 && strspn(segment, ".") >= length))
            return false;
        segment += length + (segment[length] == '/');
    }
    return true;
}

/* One "name=value", or "name". */
static bool uri_parameter(struct weft__diag_uri *out, char *text, char *end)
{
    if (text == end)
        return true; /* "a=1&&b=2" */
    if (out->count == WEFT__DIAG_PARAMETERS_MAX)
        return false;
    char *equals = memchr(text, '=', (size_t)(end - text));
    char *value = equals ? equals + 1 : end;
    if (!uri_decode(value, end, true) || (equals && !uri_decode(text, equals, true)) || text[0] == '\0')
        return false;
    if (!equals && !uri_decode(text, end, true))
        return false;
    out->parameters[out->count].name = text;
    out->parameters[out->count++].value = equals ? value : "";
    return true;
}

int weft__diag_uri_parse(const char *uri, struct weft__diag_uri *out)
{
    const size_t length = strlen(uri);
    out->count = 0;
    if (length > WEFT__DIAG_URI_MAX)
        return 414;
    memcpy(out->text, uri, length + 1);
    char *end = out->text + length;
    char *query = memchr(out->text, '?', length);
    char *path_end = query ? query : end;
    if (memchr(out->text, '#', length) || !uri_decode(out->text, path_end, false) || !uri_path_is_plain(out->text))
        return 400;
    out->path = out->text;
    for (char *text = query ? query + 1 : end; text < end;) {
        char *stop = memchr(text, '&', (size_t)(end - text));
        if (!stop)
            stop = end;
        if (!uri_parameter(out, text, stop))
            return 400;
        text = stop + 1;
    }
    return 0;
}

const char *weft__diag_uri_get(const struct weft__diag_uri *uri, const char *name)
{
    for (uint32_t i = 0; i < uri->count; i++)
        if (strcmp(uri->parameters[i].name, name) == 0)
            return uri->parameters[i].value;
    return NULL;
}

bool weft__diag_uri_digits(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t number = 0;
    if (*text == '\0')
        return false;
    for (; *text; text++) {
        const unsigned digit = (unsigned)(*text - '0');
        if (digit > 9 || number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (number > max)
        return false;
    *out = number;
    return true;
}

bool weft__diag_uri_number(const struct weft__diag_uri *uri, const char *name, uint64_t max, uint64_t *out)
{
    const char *text = weft__diag_uri_get(uri, name);
    return !text || weft__diag_uri_digits(text, max, out);
}

const char *weft__diag_uri_unknown(const struct weft__diag_uri *uri, const char *const *known)
{
    for (uint32_t i = 0; i < uri->count; i++) {
        const char *const *at = known;
        while (*at && strcmp(*at, uri->parameters[i].name) != 0)
            at++;
        if (!*at)
            return uri->parameters[i].name;
    }
    return NULL;
}
