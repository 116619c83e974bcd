/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "request.h"

#include <string.h>
#include <strings.h>

size_t request_head_length(const char *bytes, size_t length)
{
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    return end ? (size_t)(end - bytes) + 4 : 0;
}

const char *request_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {200, "OK"},         {400, "Bad Request"},       {403, "Forbidden"},        {404, "Not Found"},
        {405, "Method Not Allowed"}, {408, "Request Timeout"}, {413, "Content Too Large"}, {414, "URI Too Long"},
        {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"}, {501, "Not Implemented"},
        {503, "Service Unavailable"}, {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Error";
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decode the path up to '?' or its end. */
static int parse_path(const char *from, size_t length, char *out)
{
    size_t at = 0;
    for (size_t i = 0; i < length && from[i] != '?' && from[i] != '#'; i++) {
        int c = (unsigned char)from[i];
        if (c == '%') {
            const int high = i + 1 < length ? hex(from[i + 1]) : -1, low = i + 2 < length ? hex(from[i + 2]) : -1;
            if (high < 0 || low < 0)
                return 400;
            c = high * 16 + low;
            i += 2;
        }
        if (c < 0x20 || c == 0x7f)
            return 400;
        if (at + 1 >= REQUEST_PATH_MAX)
            return 414;
        out[at++] = (char)c;
    }
    out[at] = '\0';
    if (out[0] != '/')
        return 400;
    return strstr(out, "//") || strstr(out, "/../") || strcmp(out, "/..") == 0 ||
                   (at >= 3 && strcmp(out + at - 3, "/..") == 0)
               ? 403
               : 200;
}

/* "GET /index.html HTTP/1.1" */
static int parse_line(const char *line, size_t length, struct request *out)
{
    static const char *const others[] = {"POST ", "PUT ", "DELETE ", "OPTIONS ", "TRACE ", "CONNECT ", "PATCH "};
    const char *target = memchr(line, ' ', length);
    const char *version = target ? memrchr(line, ' ', length) : NULL;
    if (!target || version == target)
        return 400;
    const size_t version_length = length - (size_t)(version + 1 - line);
    if (version_length != 8 || strncmp(version + 1, "HTTP/", 5) != 0)
        return 400;
    if (strncmp(version + 1, "HTTP/1.", 7) != 0)
        return 505;
    out->keep_alive = version[8] != '0';
    out->head_only = strncmp(line, "HEAD ", 5) == 0;
    if (!out->head_only && strncmp(line, "GET ", 4) != 0) {
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
            if (strncmp(line, others[i], strlen(others[i])) == 0)
                return 405;
        return 501;
    }
    return parse_path(target + 1, (size_t)(version - target - 1), out->path);
}

/* Whether the field's value has the word, whatever its case. */
static bool has_word(const char *value, size_t length, const char *word)
{
    const size_t size = strlen(word);
    for (size_t i = 0; i + size <= length; i++)
        if (strncasecmp(value + i, word, size) == 0)
            return true;
    return false;
}

/* One field. `*hosts` counts those called Host. */
static int parse_field(const char *line, size_t length, struct request *out, int *hosts)
{
    const char *colon = memchr(line, ':', length);
    if (!colon || colon == line || memchr(line, ' ', (size_t)(colon - line)) || memchr(line, '\0', length))
        return 400;
    const size_t name = (size_t)(colon - line), size = length - name - 1;
    if (name == 4 && strncasecmp(line, "Host", 4) == 0)
        ++*hosts;
    if (name == 10 && strncasecmp(line, "Connection", 10) == 0) {
        if (has_word(colon + 1, size, "close"))
            out->keep_alive = false;
        else if (has_word(colon + 1, size, "keep-alive"))
            out->keep_alive = true;
    }
    if (name == 17 && strncasecmp(line, "Transfer-Encoding", 17) == 0)
        return 501; /* a body is not expected, and this is a way to smuggle one */
    if (name == 14 && strncasecmp(line, "Content-Length", 14) == 0)
        return has_word(colon + 1, size, "0") && size <= 2 ? 200 : 413;
    return 200;
}

int request_parse(const char *head, size_t length, struct request *out)
{
    *out = (struct request){.keep_alive = false};
    int hosts = 0, status = 200;
    bool first = true;
    for (size_t at = 0; at + 2 < length && status == 200; first = false) {
        const char *end = memmem(head + at, length - at, "\r\n", 2);
        const size_t size = (size_t)(end - head) - at;
        status = first ? parse_line(head + at, size, out) : parse_field(head + at, size, out, &hosts);
        at += size + 2;
    }
    if (status == 200 && hosts != 1 && out->keep_alive)
        status = 400; /* HTTP/1.1 has exactly one */
    if (status != 200)
        out->keep_alive = false;
    return status;
}
