/* SPDX-License-Identifier: MIT */
/* Clients that are slow, that do not read, that are too many: bounded, cut off, and in nobody's way. ctest-cost: 10 */
#include "diag/lib/served.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/child.h"

static int64_t counted(struct served *served, const char *what)
{
    json_t *self = http_json(served->path, "/api/diag", 200);
    const int64_t number = member_number(self, what);
    json_decref(self);
    return number;
}

/* Whether the other side has closed; what came is read away. */
static bool is_over(int fd, char *first, size_t room)
{
    char bytes[4096];
    for (;;) {
        const ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return true;
        if (got < 0)
            return false;
        if (room > 0 && first[0] == '\0')
            snprintf(first, room, "%.*s", (int)got, bytes);
    }
}

enum { SLOW = 200 };

/* scenario 56: a byte now and then moves no deadline. */
static void clients_that_dribble_are_cut_off_while_a_good_one_is_served(void **state)
{
    (void)state;
    static const char request[] = "GET /api HTTP/1.1\r\nHost: x\r\nX-Padding: ";
    static int fds[SLOW];
    char first[SLOW][32];
    struct served served;
    unsigned left = SLOW;
    SERVED(&served, .request_timeout_ms = 1500);
    for (int i = 0; i < SLOW; i++) {
        fds[i] = http_connect(served.path);
        assert_true(fds[i] >= 0);
        first[i][0] = '\0';
    }
    for (size_t at = 0; left > 0; at++) {
        for (int i = 0; i < SLOW; i++) {
            const char byte = at < sizeof request - 1 ? request[at] : 'y';
            if (fds[i] < 0 || send(fds[i], &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
                continue;
            assert_true(is_over(fds[i], first[i], sizeof first[i]));
            close(fds[i]);
            fds[i] = -1;
            left--;
        }
        WORLD_UNTIL(http_status(served.path, "/health/live", NULL) == 200); /* which the system may have kept from asking in time */
    }
    int told = 0; /* the answer may have been lost with what was still unread there */
    for (int i = 0; i < SLOW; i++)
        told += strncmp(first[i], "HTTP/1.1 408", 12) == 0;
    assert_true(told > 0);
    assert_true(counted(&served, "timed_out") >= SLOW);
    assert_int_equal(counted(&served, "open"), 1);
    served_end(&served);
}

/* known bug 106: the answer is complete before it is sent, and whoever does not take it holds nothing of the runtime. */
static void client_that_does_not_read_is_cut_off_and_holds_nothing(void **state)
{
    (void)state;
    static const char request[] = "GET /api/tasks?limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n";
    struct served served;
    atomic_uint leave = 0;
    SERVED(&served, .reply_timeout_ms = 1000);
    weft_runtime *rt = world_begin(2);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), parked, .leave = &leave)), 0);
    int fds[8];
    for (int i = 0; i < 8; i++) {
        fds[i] = http_connect(served.path);
        http_send(fds[i], request, sizeof request - 1);
    }
    while (counted(&served, "requests") < 8 || counted(&served, "body_bytes") == 0)
        if (counted(&served, "timed_out") >= 8)
            break; /* they are over already */
    for (int i = 0; i < 1000; i++) /* the runtime goes on meanwhile, to its end */
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), ender, .result = 0)), 0);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    world_end(rt, 2000);
    WORLD_UNTIL(counted(&served, "timed_out") == 8);
    WORLD_UNTIL(counted(&served, "body_bytes") == 0);
    WORLD_UNTIL(counted(&served, "open") == 1);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    served_end(&served);
}

/* What a stream has said so far; it grows by each call. */
struct heard {
    size_t length;
    char text[1 << 20];
};

static void hear(int fd, struct heard *heard)
{
    const ssize_t got = recv(fd, heard->text + heard->length, sizeof heard->text - heard->length - 1, 0);
    assert_true(got > 0);
    heard->length += (size_t)got;
    heard->text[heard->length] = '\0';
}

/* Until it has said so much, or more: who is late leaves numbers out. */
static void hear_until(int fd, struct heard *heard, unsigned long long last)
{
    unsigned long long id = 0;
    while (id < last) {
        hear(fd, heard);
        for (const char *at = heard->text; (at = strstr(at, "id: ")) != NULL; at += 4)
            if (strchr(at, '\n'))
                id = strtoull(at + 4, NULL, 10);
        if (id < last && heard->length > sizeof heard->text / 2) { /* the end is enough */
            memmove(heard->text, heard->text + heard->length - 4096, 4097);
            heard->length = 4096;
        }
    }
}

static void ask_for_events(int fd)
{
    static const char request[] = "GET /events?interval_ms=50 HTTP/1.1\r\nHost: x\r\n\r\n";
    http_send(fd, request, sizeof request - 1);
}

static void events_come_until_the_client_leaves(void **state)
{
    (void)state;
    static struct heard heard;
    struct served served;
    SERVED(&served);
    weft_runtime *rt = world_begin(1);
    const int fd = http_connect(served.path);
    ask_for_events(fd);
    heard.length = 0;
    hear_until(fd, &heard, 4);
    assert_non_null(strstr(heard.text, "Content-Type: text/event-stream"));
    static const char event[] = "event: snapshot\ndata: "; /* the first may say before it that it is late */
    const char *data = strstr(heard.text, event);
    assert_non_null(data);
    json_t *snapshot = json_loads(data + sizeof event - 1, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(snapshot);
    const json_t *one = json_array_get(member(snapshot, "runtimes"), 0);
    assert_int_equal(member_number(one, "tasks_spawned"), 0);
    assert_int_equal(json_array_size(member(one, "workers")), 1);
    json_decref(snapshot);
    assert_int_equal(counted(&served, "streams"), 1);
    close(fd);
    WORLD_UNTIL(counted(&served, "streams") == 0);
    world_end(rt, 0);
    served_end(&served);
}

/* known bug 103: what is kept for it does not grow. */
static void slow_listener_misses_events_and_is_told_how_many(void **state)
{
    (void)state;
    static struct heard heard;
    struct served served;
    SERVED(&served, .reply_timeout_ms = 60000);
    weft_runtime *rt = world_begin(32); /* so that a snapshot is some KiB */
    const int slow = http_connect(served.path), fast = http_connect(served.path);
    ask_for_events(slow);
    ask_for_events(fast);
    heard.length = 0;
    hear_until(fast, &heard, 80);
    /* By now the slow one has been given all that its socket holds, 128 KiB, and waits to read. */
    heard.length = 0;
    heard.text[0] = '\0';
    while (!strstr(heard.text, "event: lag")) {
        if (heard.length > sizeof heard.text / 2)
            heard.length = 0;
        hear(slow, &heard);
    }
    assert_non_null(strstr(heard.text, "data: {\"dropped\":"));
    WORLD_UNTIL(counted(&served, "events_dropped") > 0);
    close(slow);
    close(fast);
    world_end(rt, 0);
    served_end(&served);
}

static void listener_that_does_not_read_is_cut_off(void **state)
{
    (void)state;
    struct served served;
    SERVED(&served, .reply_timeout_ms = 300);
    weft_runtime *rt = world_begin(32);
    const int fd = http_connect(served.path);
    ask_for_events(fd);
    WORLD_UNTIL(counted(&served, "timed_out") == 1);
    WORLD_UNTIL(counted(&served, "streams") == 0);
    close(fd);
    world_end(rt, 0);
    served_end(&served);
}

static void streams_are_limited(void **state)
{
    (void)state;
    struct served served;
    int fds[4];
    SERVED(&served, .connections_max = 8);
    for (int i = 0; i < 4; i++) {
        fds[i] = http_connect(served.path);
        ask_for_events(fds[i]);
    }
    WORLD_UNTIL(counted(&served, "failed") == 2); /* of the others */
    assert_int_equal(counted(&served, "streams"), 2);
    struct http_answer answer;
    char header[16];
    http_get(served.path, "/events", NULL, &answer);
    assert_int_equal(answer.status, 503);
    assert_non_null(http_header(&answer, "Retry-After", header, sizeof header));
    http_free(&answer);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    served_end(&served);
}

/* As many as the limit of descriptors lets this process have at both ends. */
static int crowd(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit.rlim_cur >= 1600 ? 1000 : (int)limit.rlim_cur / 2;
}

/* Without waiting: when the queue of the system is full this one is not connected. */
static int connect_at_once(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static void thousand_connections_are_survived(void **state)
{
    (void)state;
    static int fds[1000];
    struct served served;
    const int count = crowd();
    SERVED(&served);
    for (int i = 0; i < count; i++)
        fds[i] = connect_at_once(served.path);
    assert_int_equal(http_status(served.path, "/health/live", NULL), 200); /* it gets a place */
    assert_true(counted(&served, "evicted") > 0);
    assert_true(counted(&served, "open") <= 256);
    for (int i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    WORLD_UNTIL(counted(&served, "open") == 1);
    served_end(&served);
}

static int run_out_of_descriptors(void *context)
{
    struct served *served = context;
    struct rlimit limit;
    weft_diag *own;
    char path[128];
    snprintf(path, sizeof path, "%s/child.sock", served->folder);
    weft_diag_options options = {.size = sizeof options, .unix_path = path};
    if (weft_diag_start(&own, &options) != 0 || http_status(path, "/health/live", NULL) != 200)
        return 1;
    const int next = dup(0);
    getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t before = limit.rlim_cur;
    close(next);
    limit.rlim_cur = (rlim_t)next + 1; /* one more, which the client takes */
    setrlimit(RLIMIT_NOFILE, &limit);
    const int fd = http_connect(path);
    http_send(fd, "GET /api/diag HTTP/1.0\r\n\r\n", 26);
    const int64_t cpu = (int64_t)clock();
    struct pollfd none = {.fd = -1};
    poll(&none, 1, 500); /* for this long nothing can be accepted */
    const int64_t used = (int64_t)clock() - cpu;
    limit.rlim_cur = before;
    setrlimit(RLIMIT_NOFILE, &limit);
    struct http_answer answer;
    http_receive(fd, &answer); /* served as soon as there are some, without anybody's help */
    json_t *self = json_loads(answer.body, 0, NULL);
    const bool starved = self && json_integer_value(json_object_get(self, "starved")) > 0;
    json_decref(self);
    http_free(&answer);
    if (weft_diag_stop(own) != 0)
        return 2;
    return !starved ? 3 : used > CLOCKS_PER_SEC / 4 ? 4 : 0;
}

/* scenario 41 */
static void lack_of_descriptors_is_waited_for(void **state)
{
    (void)state;
    struct served served;
    if (world_in_valgrind())
        skip(); /* it keeps this limit itself, and not with every call */
    served_folder(&served);
    int answer;
    do
        answer = child_run(run_out_of_descriptors, &served);
    while (answer == 3); /* the endpoint had not looked by then */
    assert_int_equal(answer, 0);
    served_remove(&served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_that_dribble_are_cut_off_while_a_good_one_is_served),
        cmocka_unit_test(client_that_does_not_read_is_cut_off_and_holds_nothing),
        cmocka_unit_test(events_come_until_the_client_leaves),
        cmocka_unit_test(slow_listener_misses_events_and_is_told_how_many),
        cmocka_unit_test(listener_that_does_not_read_is_cut_off),
        cmocka_unit_test(streams_are_limited),
        cmocka_unit_test(thousand_connections_are_survived),
        cmocka_unit_test(lack_of_descriptors_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
