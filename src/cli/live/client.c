/* SPDX-License-Identifier: MIT */
/* See client.h. */
#include "cli/live/client.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/memory.h"

enum { CONNECT_MS = 3000, ANSWER_MS = 30000 };

struct client {
    CURL *curl;
    struct curl_slist *headers;
    const char *base, *socket; /* "": over TCP */
    double made_ms; /* as the last answer says; below 0: it does not */
    int64_t cost_ns;
    char says[CLIENT_SAYS_SIZE];
    char problem[CURL_ERROR_SIZE];
};

/* What comes, as one text. */
struct body {
    char *text;
    size_t length;
    size_t room;
    int (*line)(void *context, const char *text); /* NULL: kept whole */
    void *context;
    int answer;
    bool too_long;
};

static void body_append(struct body *body, const char *data, size_t size)
{
    if (body->length + size + 1 > body->room) {
        body->room = 2 * (body->length + size + 1);
        body->text = memory_resize(body->text, body->room, 1);
    }
    memcpy(body->text + body->length, data, size);
    body->length += size;
    body->text[body->length] = '\0';
}

static void body_tell_lines(struct body *body)
{
    char *begin = body->text, *end;
    while (body->answer == 0 && (end = memchr(begin, '\n', body->length - (size_t)(begin - body->text)))) {
        *end = '\0';
        body->answer = body->line(body->context, begin);
        begin = end + 1;
    }
    body->length -= (size_t)(begin - body->text);
    memmove(body->text, begin, body->length + 1);
}

static size_t body_write(char *data, size_t size, size_t count, void *context)
{
    struct body *body = context;
    body->too_long = body->length + size * count > CLIENT_BODY_MAX;
    if (body->too_long)
        return 0; /* curl ends the transfer */
    body_append(body, data, size * count);
    if (body->line)
        body_tell_lines(body);
    return body->answer ? 0 : size * count;
}

/* "Server-Timing: make;dur=12.345" */
static size_t head_read(char *line, size_t size, size_t count, void *context)
{
    static const char name[] = "Server-Timing: make;dur=";
    struct client *client = context;
    const size_t length = size * count;
    char number[32] = "";
    if (length > sizeof name - 1 && strncasecmp(line, name, sizeof name - 1) == 0) {
        const size_t rest = length - (sizeof name - 1);
        memcpy(number, line + sizeof name - 1, rest < sizeof number - 1 ? rest : sizeof number - 1);
        client->made_ms = strtod(number, NULL);
    }
    return length;
}

struct client *client_open(const struct target *target)
{
    struct client *client = memory_zeroed(1, sizeof *client);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    client->curl = curl_easy_init();
    client->base = target->base;
    client->socket = target->socket;
    if (!client->curl) {
        free(client);
        return NULL;
    }
    if (target->socket[0])
        curl_easy_setopt(client->curl, CURLOPT_UNIX_SOCKET_PATH, target->socket);
    if (target->token) {
        char header[512];
        snprintf(header, sizeof header, "Authorization: Bearer %s", target->token);
        client->headers = curl_slist_append(NULL, header);
        curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
    }
    curl_easy_setopt(client->curl, CURLOPT_NOPROXY, "*"); /* it is on this machine */
    curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, body_write);
    curl_easy_setopt(client->curl, CURLOPT_HEADERFUNCTION, head_read);
    curl_easy_setopt(client->curl, CURLOPT_HEADERDATA, client);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, client->problem);
    curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    return client;
}

void client_close(struct client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    curl_slist_free_all(client->headers);
    free(client);
    curl_global_cleanup();
}

/* What curl says of a Unix socket speaks of a host and a port that nobody gave. */
static void client_say(struct client *client, const char *path, const struct body *body, CURLcode code)
{
    char *says = client->says;
    if (body->too_long)
        snprintf(says, CLIENT_SAYS_SIZE, "the answer to %.200s has more than %d MiB", path, CLIENT_BODY_MAX >> 20);
    else if (code == CURLE_COULDNT_CONNECT && client->socket[0])
        snprintf(says, CLIENT_SAYS_SIZE, "nobody is at %s: the program has ended, or its endpoint has", client->socket);
    else if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING)
        snprintf(says, CLIENT_SAYS_SIZE, "the answer broke off: the program has ended, or its endpoint has");
    else
        snprintf(says, CLIENT_SAYS_SIZE, "%s", client->problem[0] ? client->problem : curl_easy_strerror(code));
}

static CURLcode client_ask(struct client *client, const char *path, struct body *body, long limit_ms)
{
    char url[2048];
    if ((size_t)snprintf(url, sizeof url, "%s%s", client->base, path) >= sizeof url)
        return CURLE_URL_MALFORMAT;
    client->problem[0] = '\0';
    client->made_ms = -1;
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, limit_ms);
    const CURLcode code = curl_easy_perform(client->curl);
    if (code != CURLE_OK)
        client_say(client, path, body, code);
    return code;
}

char *client_get(struct client *client, const char *path, int *out_status)
{
    struct body body = {0};
    long status = 0;
    double took_s = 0;
    body_append(&body, "", 0);
    if (client_ask(client, path, &body, ANSWER_MS) != CURLE_OK) {
        free(body.text);
        return NULL;
    }
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(client->curl, CURLINFO_TOTAL_TIME, &took_s);
    client->cost_ns = (int64_t)(client->made_ms >= 0 ? client->made_ms * 1e6 : took_s * 1e9);
    *out_status = (int)status;
    return body.text;
}

int client_lines(struct client *client, const char *path, int (*line)(void *context, const char *text), void *context)
{
    struct body body = {.line = line, .context = context};
    body_append(&body, "", 0);
    const CURLcode code = client_ask(client, path, &body, 0);
    free(body.text);
    return body.answer ? body.answer : code == CURLE_OK ? 0 : -1;
}

int64_t client_cost(const struct client *client) { return client->cost_ns; }

const char *client_says(const struct client *client)
{
    return client->says;
}
