/* SPDX-License-Identifier: MIT */
/* See door.h. */
#include "cli/page/door.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

/* A line of a head, without its end; lines of headers are cut in two. */
struct line {
    const char *name, *value;
    size_t name_length, value_length;
};

int door_token(struct door *door)
{
    unsigned char bytes[(DOOR_TOKEN_SIZE - 1) / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(door->token + 2 * i, 3, "%02x", bytes[i]);
    return 1;
}

size_t door_head(const char *bytes, size_t length)
{
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    return end ? (size_t)(end - bytes) + 4 : 0;
}

static bool text_is(const char *text, size_t length, const char *wanted)
{
    return length == strlen(wanted) && strncasecmp(text, wanted, length) == 0;
}

/* Every line ends with CR LF, and neither stands anywhere else, nor another control character but a tab. */
static bool head_is_clean(const char *head, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)head[i];
        const bool end = byte == '\r' ? i + 1 < length && head[i + 1] == '\n' : byte == '\n' ? i > 0 && head[i - 1] == '\r' : true;
        if (!end || byte == 127 || (byte < 32 && byte != '\r' && byte != '\n' && byte != '\t'))
            return false;
    }
    return true;
}

/* The line at *at, which goes on behind it; false: it was the empty one. */
static bool line_next(const char **at, struct line *out)
{
    const char *end = strstr(*at, "\r\n"); /* a head ends with two */
    *out = (struct line){.name = *at, .name_length = (size_t)(end - *at)};
    *at = end + 2;
    return out->name_length > 0;
}

/* "Name: value", the name a word without a space before the colon. */
static bool line_split(struct line *line)
{
    const char *colon = memchr(line->name, ':', line->name_length), *end = line->name + line->name_length;
    if (!colon || colon == line->name)
        return false;
    for (const char *at = line->name; at < colon; at++)
        if (*at == ' ' || *at == '\t')
            return false;
    line->name_length = (size_t)(colon - line->name);
    for (line->value = colon + 1; line->value < end && (*line->value == ' ' || *line->value == '\t'); line->value++)
        ;
    while (end > line->value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    line->value_length = (size_t)(end - line->value);
    return true;
}

/* "GET /path HTTP/1.1". The status; 0: it is one. */
static int request_judge(const struct line *line, const char **path, size_t *path_length)
{
    static const char version[] = " HTTP/1.";
    const char *space = memchr(line->name, ' ', line->name_length), *end = line->name + line->name_length;
    if (!space)
        return 400;
    const size_t method = (size_t)(space - line->name);
    if (!(method == 3 && memcmp(line->name, "GET", 3) == 0) && !(method == 4 && memcmp(line->name, "HEAD", 4) == 0))
        return 405;
    const char *target = space + 1, *after = memchr(target, ' ', (size_t)(end - target));
    if (!after || after == target || *target != '/' || (size_t)(end - after) != sizeof version || memcmp(after, version, sizeof version - 1) != 0 ||
        (end[-1] != '0' && end[-1] != '1'))
        return 400;
    const char *query = memchr(target, '?', (size_t)(after - target));
    *path = target;
    *path_length = (size_t)((query ? query : after) - target);
    return 0;
}

/* What the page is made of. The process refuses "..", "//" and the like, so a path that begins so stays there. */
static bool path_is_open(const char *path, size_t length)
{
    static const char folder[] = "/page/";
    return length == 1 || (length > sizeof folder - 1 && memcmp(path, folder, sizeof folder - 1) == 0);
}

static bool host_is_ours(const struct door *door, const struct line *line)
{
    char here[32], local[32];
    snprintf(here, sizeof here, "127.0.0.1:%u", door->port);
    snprintf(local, sizeof local, "localhost:%u", door->port);
    return text_is(line->value, line->value_length, here) || text_is(line->value, line->value_length, local);
}

/* In a time that does not depend on where they differ. */
static bool token_is_ours(const struct door *door, const struct line *line)
{
    static const char scheme[] = "Bearer ";
    const size_t length = sizeof scheme - 1;
    if (line->value_length != length + DOOR_TOKEN_SIZE - 1 || strncasecmp(line->value, scheme, length) != 0)
        return false;
    unsigned differs = 0;
    for (size_t i = 0; i < DOOR_TOKEN_SIZE - 1; i++)
        differs |= (unsigned)(line->value[length + i] ^ door->token[i]);
    return differs == 0;
}

struct seen {
    unsigned hosts, tokens; /* how many lines */
    bool ours, token, body;
};

/* 0, or 400. */
static int headers_look(const struct door *door, const char *at, struct seen *seen)
{
    struct line line;
    while (line_next(&at, &line)) {
        if (!line_split(&line))
            return 400;
        if (text_is(line.name, line.name_length, "Host")) {
            seen->hosts++;
            seen->ours = host_is_ours(door, &line);
        } else if (text_is(line.name, line.name_length, "Authorization")) {
            seen->tokens++;
            seen->token = token_is_ours(door, &line);
        } else if (text_is(line.name, line.name_length, "Content-Length") || text_is(line.name, line.name_length, "Transfer-Encoding")) {
            seen->body = true;
        }
    }
    return seen->hosts == 1 && seen->tokens <= 1 ? 0 : 400;
}

int door_judge(const struct door *door, const char *head, size_t length, const char **out_says)
{
    struct line request;
    struct seen seen = {0};
    const char *at = head, *path;
    size_t path_length;
    *out_says = "this is no request";
    if (!head_is_clean(head, length) || !line_next(&at, &request))
        return 400;
    int status = request_judge(&request, &path, &path_length);
    if (status == 405)
        *out_says = "only GET and HEAD are answered";
    if (status == 0)
        status = headers_look(door, at, &seen);
    if (status)
        return status;
    *out_says = "a body is not read here";
    if (seen.body)
        return 413;
    *out_says = "the host is not this one";
    if (!seen.ours)
        return 403;
    *out_says = "the token is missing, or another one: open the whole address that weft page printed";
    return seen.token || path_is_open(path, path_length) ? 0 : 401;
}

size_t door_rewrite(const char *head, size_t length, char *out)
{
    static const char close[] = "Connection: close\r\n\r\n";
    struct line line;
    const char *at = head;
    size_t used = 0;
    (void)length;
    for (bool first = true; line_next(&at, &line); first = false) {
        const size_t whole = line.name_length + 2;
        const char *begin = line.name;
        if (!first && line_split(&line) && (text_is(line.name, line.name_length, "Connection") || text_is(line.name, line.name_length, "Keep-Alive")))
            continue;
        memcpy(out + used, begin, whole);
        used += whole;
    }
    memcpy(out + used, close, sizeof close - 1);
    return used + sizeof close - 1;
}
