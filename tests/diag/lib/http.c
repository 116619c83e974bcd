/* SPDX-License-Identifier: MIT */
#include "diag/lib/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int http_connect(const char *where)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in port = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const bool tcp = where[0] >= '0' && where[0] <= '9';
    const int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    port.sin_port = htons((uint16_t)atoi(where));
    snprintf(path.sun_path, sizeof path.sun_path, "%s", where);
    const int failed = tcp ? connect(fd, (struct sockaddr *)&port, sizeof port) : connect(fd, (struct sockaddr *)&path, sizeof path);
    if (failed == 0)
        return fd;
    close(fd);
    return -1;
}

bool http_send(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* The pieces of a chunked body, joined in place. */
static void http_join(char *body)
{
    char *out = body, *in = body;
    for (;;) {
        char *end = NULL;
        const unsigned long length = strtoul(in, &end, 16);
        if (length == 0 || strncmp(end, "\r\n", 2) != 0 || strlen(end + 2) < length)
            break;
        memmove(out, end + 2, length);
        out += length;
        in = end + 2 + length + 2;
    }
    *out = '\0';
}

void http_receive(int fd, struct http_answer *out)
{
    size_t room = 4096;
    *out = (struct http_answer){.text = malloc(room)};
    for (;;) {
        const ssize_t got = recv(fd, out->text + out->length, room - out->length - 1, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        out->length += (size_t)got;
        if (room - out->length < 2)
            out->text = realloc(out->text, room *= 2);
    }
    close(fd);
    out->text[out->length] = '\0';
    out->body = strstr(out->text, "\r\n\r\n");
    out->body = out->body ? out->body + 4 : out->text + out->length;
    char coding[32];
    if (sscanf(out->text, "HTTP/1.%*d %d", &out->status) == 1 && http_header(out, "Transfer-Encoding", coding, sizeof coding))
        http_join(out->body);
}

void http_raw(const char *where, const char *bytes, size_t length, struct http_answer *out)
{
    const int fd = http_connect(where);
    if (fd < 0) {
        *out = (struct http_answer){.text = calloc(1, 1)};
        out->body = out->text;
        return;
    }
    http_send(fd, bytes, length);
    shutdown(fd, SHUT_WR);
    http_receive(fd, out);
}

void http_get(const char *where, const char *target, const char *headers, struct http_answer *out)
{
    char *request = malloc(strlen(target) + (headers ? strlen(headers) : 0) + 128);
    const int length = sprintf(request, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n", target,
                               headers ? headers : "");
    const int fd = http_connect(where);
    if (fd < 0) {
        *out = (struct http_answer){.text = calloc(1, 1)};
        out->body = out->text;
    } else {
        http_send(fd, request, (size_t)length);
        http_receive(fd, out);
    }
    free(request);
}

void http_free(struct http_answer *answer)
{
    free(answer->text);
    *answer = (struct http_answer){0};
}

int http_status(const char *where, const char *target, const char *headers)
{
    struct http_answer answer;
    http_get(where, target, headers, &answer);
    const int status = answer.status;
    http_free(&answer);
    return status;
}

json_t *http_json(const char *where, const char *target, int status)
{
    struct http_answer answer;
    json_error_t error;
    http_get(where, target, NULL, &answer);
    if (answer.status != status)
        fail_msg("GET %s: %d instead of %d: %s", target, answer.status, status, answer.text);
    json_t *value = json_loads(answer.body, 0, &error);
    if (!value)
        fail_msg("GET %s: %s at %d: %s", target, error.text, error.position, answer.body);
    http_free(&answer);
    return value;
}

const char *http_header(const struct http_answer *answer, const char *name, char *out, size_t room)
{
    const size_t length = strlen(name);
    for (const char *line = strstr(answer->text, "\r\n"); line && line + 2 < answer->body - 2; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, length) != 0 || line[2 + length] != ':')
            continue;
        const char *value = line + 2 + length + 1 + strspn(line + 2 + length + 1, " ");
        snprintf(out, room, "%.*s", (int)strcspn(value, "\r"), value);
        return out;
    }
    return NULL;
}
