/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "otlp/lib/collector.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

enum { REQUESTS_MAX = 4096, SILENT_MAX = 64, HEAD_MAX = 16384, BODY_MAX = 8 << 20 };

struct request {
    char path[64];
    char head[HEAD_MAX];
    json_t *body; /* NULL: it does not parse */
    int status;
};

static struct {
    pthread_mutex_t mutex;
    pthread_t thread;
    collector_answer *answer;
    int listener, wake;
    char url[64];
    struct request *requests[REQUESTS_MAX];
    unsigned count;
    int silent[SILENT_MAX]; /* who waits for an answer that does not come */
    unsigned silent_count;
} collector = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static unsigned collector_count_locked(const char *path)
{
    unsigned count = 0;
    for (unsigned i = 0; i < collector.count; i++)
        count += strcmp(collector.requests[i]->path, path) == 0;
    return count;
}

/* Read until the head has ended and its length has come. NULL: the other side has gone. */
static char *read_request(int fd, size_t *out_head, size_t *out_length)
{
    char *text = malloc(BODY_MAX);
    size_t length = 0, wanted = SIZE_MAX;
    *out_head = 0;
    while (length < wanted && length < BODY_MAX - 1) {
        const ssize_t got = recv(fd, text + length, BODY_MAX - 1 - length, 0);
        if (got <= 0) {
            free(text);
            return NULL;
        }
        length += (size_t)got;
        text[length] = '\0';
        const char *end = *out_head ? NULL : strstr(text, "\r\n\r\n");
        if (end) {
            *out_head = (size_t)(end - text) + 4;
            const char *says = strcasestr(text, "\r\ncontent-length:");
            wanted = *out_head + (says && says < end ? strtoul(says + 17, NULL, 10) : 0);
        }
    }
    *out_length = length;
    return text;
}

/* What the collector sees of a body: what it was before it was packed, if the head says that it is. */
static json_t *read_body(const char *head, const char *body, size_t length)
{
    if (!strcasestr(head, "\r\ncontent-encoding: gzip\r\n"))
        return json_loadb(body, length, JSON_REJECT_DUPLICATES, NULL);
    char *plain = malloc(BODY_MAX);
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)body, .avail_in = (uInt)length, .next_out = (Bytef *)plain, .avail_out = BODY_MAX};
    json_t *json = NULL;
    if (plain && inflateInit2(&stream, 15 + 16) == Z_OK) { /* gzip, and nothing else */
        if (inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0)
            json = json_loadb(plain, stream.total_out, JSON_REJECT_DUPLICATES, NULL);
        inflateEnd(&stream);
    }
    free(plain);
    return json;
}

static void answer_request(int fd, const struct collector_reply *reply)
{
    char head[2048];
    const char *body = reply->body ? reply->body : "{}";
    const int length = snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n",
                                reply->status, reply->headers ? reply->headers : "", strlen(body));
    if (send(fd, head, (size_t)length, MSG_NOSIGNAL) > 0 && *body)
        if (send(fd, body, strlen(body), MSG_NOSIGNAL) < 0)
            return;
}

static void serve(int fd)
{
    size_t head, length;
    char *text = read_request(fd, &head, &length);
    struct request *request = text ? calloc(1, sizeof *request) : NULL;
    if (!request) {
        close(fd);
        return;
    }
    if (sscanf(text, "POST %63s", request->path) != 1)
        strcpy(request->path, "?");
    snprintf(request->head, sizeof request->head, "%.*s", (int)(head < HEAD_MAX ? head : HEAD_MAX - 1), text);
    request->body = read_body(request->head, text + head, length - head);
    free(text);
    pthread_mutex_lock(&collector.mutex);
    const unsigned n = collector_count_locked(request->path);
    pthread_mutex_unlock(&collector.mutex);
    const struct collector_reply reply = collector.answer ? collector.answer(n, request->path) : (struct collector_reply){.status = 200};
    request->status = reply.status;
    pthread_mutex_lock(&collector.mutex);
    if (collector.count < REQUESTS_MAX)
        collector.requests[collector.count++] = request;
    else
        free(request);
    pthread_mutex_unlock(&collector.mutex);
    if (reply.status == COLLECTOR_SILENCE && collector.silent_count < SILENT_MAX) {
        collector.silent[collector.silent_count++] = fd;
        return;
    }
    if (reply.status > 0)
        answer_request(fd, &reply);
    shutdown(fd, SHUT_WR);
    close(fd);
}

static void *collector_main(void *nothing)
{
    for (;;) {
        struct pollfd polled[2] = {{.fd = collector.listener, .events = POLLIN}, {.fd = collector.wake, .events = POLLIN}};
        if (poll(polled, 2, -1) < 0 && errno != EINTR)
            return nothing;
        if (polled[1].revents)
            return nothing;
        const int fd = polled[0].revents ? accept(collector.listener, NULL, NULL) : -1;
        if (fd >= 0)
            serve(fd);
    }
}

void collector_begin(collector_answer *answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    collector.answer = answer;
    collector.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    collector.wake = eventfd(0, EFD_CLOEXEC);
    assert_true(collector.listener >= 0 && collector.wake >= 0);
    assert_int_equal(bind(collector.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(collector.listener, 64), 0);
    assert_int_equal(getsockname(collector.listener, (struct sockaddr *)&address, &length), 0);
    snprintf(collector.url, sizeof collector.url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&collector.thread, NULL, collector_main, NULL), 0);
}

void collector_end(void)
{
    const uint64_t one = 1;
    assert_int_equal(write(collector.wake, &one, sizeof one), sizeof one);
    pthread_join(collector.thread, NULL);
    close(collector.listener);
    close(collector.wake);
    while (collector.silent_count > 0)
        close(collector.silent[--collector.silent_count]);
    while (collector.count > 0) {
        struct request *request = collector.requests[--collector.count];
        json_decref(request->body);
        free(request);
    }
}

const char *collector_url(void)
{
    return collector.url;
}

unsigned collector_count(const char *path)
{
    pthread_mutex_lock(&collector.mutex);
    const unsigned count = collector_count_locked(path);
    pthread_mutex_unlock(&collector.mutex);
    return count;
}

void collector_await(const char *path, unsigned count)
{
    while (collector_count(path) < count)
        usleep(1000);
}

static struct request *collector_request(const char *path, unsigned n)
{
    struct request *found = NULL;
    pthread_mutex_lock(&collector.mutex);
    for (unsigned i = 0; i < collector.count && !found; i++)
        if (strcmp(collector.requests[i]->path, path) == 0 && n-- == 0)
            found = collector.requests[i];
    pthread_mutex_unlock(&collector.mutex);
    assert_non_null(found);
    return found;
}

json_t *collector_body(const char *path, unsigned n)
{
    return collector_request(path, n)->body;
}

const char *collector_head(const char *path, unsigned n)
{
    return collector_request(path, n)->head;
}

/* What is in the three lists of each request that was taken. */
static json_t *collector_all(const char *path, const char *resources, const char *scopes, const char *things)
{
    json_t *all = json_array(), *resource, *scope, *thing;
    size_t i, j, k;
    pthread_mutex_lock(&collector.mutex);
    for (unsigned n = 0; n < collector.count; n++) {
        const struct request *request = collector.requests[n];
        if (strcmp(request->path, path) != 0 || request->status != 200)
            continue;
        json_array_foreach(json_object_get(request->body, resources), i, resource)
            json_array_foreach(json_object_get(resource, scopes), j, scope)
                json_array_foreach(json_object_get(scope, things), k, thing)
                    json_array_append(all, thing);
    }
    pthread_mutex_unlock(&collector.mutex);
    return all;
}

json_t *collector_spans(void)
{
    return collector_all("/v1/traces", "resourceSpans", "scopeSpans", "spans");
}

json_t *collector_logs(void)
{
    return collector_all("/v1/logs", "resourceLogs", "scopeLogs", "logRecords");
}

json_t *collector_metrics(void)
{
    return collector_all("/v1/metrics", "resourceMetrics", "scopeMetrics", "metrics");
}

json_t *collector_named(json_t *list, const char *name)
{
    json_t *thing, *found = NULL;
    size_t i;
    json_array_foreach(list, i, thing)
        if (strcmp(collector_text(thing, "name"), name) == 0) {
            assert_null(found);
            found = thing;
        }
    if (!found)
        print_error("nothing is called '%s'\n", name);
    assert_non_null(found);
    return found;
}

const char *collector_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

const char *collector_attribute(const json_t *thing, const char *key)
{
    static char number[64];
    json_t *attribute;
    size_t i;
    json_array_foreach(json_object_get(thing, "attributes"), i, attribute) {
        const json_t *value = json_object_get(attribute, "value");
        if (strcmp(collector_text(attribute, "key"), key) != 0)
            continue;
        if (json_object_get(value, "doubleValue")) {
            snprintf(number, sizeof number, "%g", json_real_value(json_object_get(value, "doubleValue")));
            return number;
        }
        if (json_object_get(value, "boolValue"))
            return json_is_true(json_object_get(value, "boolValue")) ? "true" : "false";
        return json_object_get(value, "intValue") ? collector_text(value, "intValue") : collector_text(value, "stringValue");
    }
    return "";
}

weft_otlp *collector_start(weft_otlp_options *options)
{
    weft_otlp_options o = {.size = sizeof o};
    weft_otlp *otlp = NULL;
    if (options)
        o = *options;
    o.size = sizeof o;
    o.environment = WEFT_OTLP_ENVIRONMENT_IGNORED;
    if (!o.endpoint)
        o.endpoint = collector.url;
    if (!o.service_name)
        o.service_name = "test";
    if (!o.retry_ms)
        o.retry_ms = 1;
    assert_int_equal(weft_otlp_start(&otlp, &o), 0);
    return otlp;
}

void collector_flush(weft_otlp *otlp)
{
    assert_int_equal(weft_otlp_flush(otlp, WEFT_FOREVER), 0);
}

weft_otlp_status collector_status(weft_otlp *otlp)
{
    weft_otlp_status status = {.size = sizeof status};
    assert_int_equal(weft_otlp_status_get(otlp, &status), 0);
    return status;
}

void collector_stop(weft_otlp *otlp)
{
    assert_int_equal(weft_otlp_stop(otlp, WEFT_FOREVER), 0);
}

unsigned collector_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned count = 0;
    for (const struct dirent *entry; tasks && (entry = readdir(tasks));)
        count += entry->d_name[0] != '.';
    if (tasks)
        closedir(tasks);
    return count;
}
