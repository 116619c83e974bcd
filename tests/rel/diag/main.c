/* SPDX-License-Identifier: MIT */
/*
 * B3, the endpoint under bad input: requests that are none over its socket, targets that are none in the process, and what 200
 * clients that dribble take from the workers: how long it takes from a wake to its poll, without them and with them. And what
 * a console costs that is attached: the time of the endpoint's thread, in percent of one processor. ctest-cost: 6
 */
#include "addons/diag/uri.h"
#include "diag/lib/bad.h"
#include "diag/lib/served.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/rel.h"

enum { SLOW = 200, WAKES = 2000, ROUNDS_MAX = 1000 };

/* Polled once for each wake; says when. */
struct bell { weft_frame weft; _Atomic int64_t *polled; atomic_bool *leave; };

static weft_poll bell(weft_context *cx, struct bell *self)
{
    (void)cx;
    atomic_store(self->polled, weft_clock());
    return atomic_load(self->leave) ? WEFT_READY : WEFT_PENDING;
}

static int sorts(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The 99th percentile from a wake to the poll, of wakes some 100 us apart; ns. */
static int64_t wake_latency(weft_task task, _Atomic int64_t *polled)
{
    static int64_t all[WAKES];
    for (int i = 0; i < WAKES; i++) {
        const int64_t before = weft_clock();
        atomic_store(polled, 0);
        weft_wake((weft_waker){task});
        WORLD_UNTIL(atomic_load(polled) != 0);
        all[i] = atomic_load(polled) - before;
        usleep(100);
    }
    qsort(all, WAKES, sizeof all[0], sorts);
    return all[WAKES * 99 / 100];
}

/* Clients that send a byte each now and then, and come again when they are cut off. */
struct crowd {
    const char *path;
    atomic_bool over;
    atomic_uint cut;
};

static void *dribble(void *argument)
{
    struct crowd *crowd = argument;
    static const char request[] = "GET /api HTTP/1.1\r\nHost: x\r\nX-Padding: ";
    int fds[SLOW];
    size_t at[SLOW] = {0};
    for (int i = 0; i < SLOW; i++)
        fds[i] = http_connect(crowd->path);
    while (!atomic_load(&crowd->over)) {
        for (int i = 0; i < SLOW; i++) {
            const char byte = at[i] < sizeof request - 1 ? request[at[i]] : 'y';
            at[i]++;
            if (send(fds[i], &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno == EAGAIN)
                continue;
            close(fds[i]);
            fds[i] = http_connect(crowd->path);
            at[i] = 0;
            atomic_fetch_add(&crowd->cut, 1);
        }
        usleep(50000);
    }
    for (int i = 0; i < SLOW; i++)
        close(fds[i]);
    return NULL;
}

static void workers_do_not_feel_slow_clients(void **state)
{
    (void)state;
    struct served served;
    struct crowd crowd = {.path = served.path};
    static int64_t with[ROUNDS_MAX], without[ROUNDS_MAX];
    _Atomic int64_t polled = 0;
    atomic_bool leave = false;
    pthread_t thread;
    SERVED(&served, .request_timeout_ms = 2000);
    weft_runtime *rt = world_begin(2);
    const weft_task task = weft_spawn(weft_runtime_scope(rt), bell, .polled = &polled, .leave = &leave);
    WORLD_UNTIL(atomic_load(&polled) != 0);
    const int64_t end = weft_clock() + (int64_t)rel_seconds(3) * 1000000000;
    int rounds = 0;
    for (; rounds < 3 || (weft_clock() < end && rounds < ROUNDS_MAX); rounds++) { /* in turns: other load comes and goes */
        without[rounds] = wake_latency(task, &polled);
        atomic_store(&crowd.over, false);
        world_thread(&thread, dribble, &crowd);
        with[rounds] = wake_latency(task, &polled);
        assert_int_equal(http_status(served.path, "/health/live", NULL), 200);
        atomic_store(&crowd.over, true);
        pthread_join(thread, NULL);
    }
    qsort(without, (size_t)rounds, sizeof without[0], sorts);
    qsort(with, (size_t)rounds, sizeof with[0], sorts);
    const double ratio = (double)with[rounds / 2] / (double)without[rounds / 2];
    printf("from wake to poll, 99th percentile, the middle one of %d: %lld us, with %d slow clients %lld us\n", rounds,
           (long long)without[rounds / 2] / 1000, SLOW, (long long)with[rounds / 2] / 1000);
    rel_line("B3", ratio, 1.1, ratio <= 1.1, 0);
    atomic_store(&leave, true);
    weft_wake((weft_waker){task});
    world_settle(rt);
    world_end(rt, 1);
    served_end(&served);
}

/* The time that the endpoint's thread has had of a processor, ns; 0: the system does not say. */
static int64_t endpoint_time(void)
{
    char path[320], name[32];
    long long time = 0;
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *entry;
    while (tasks && (entry = readdir(tasks)) != NULL) {
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        const bool it = file && fgets(name, sizeof name, file) && strcmp(name, "weft-diag\n") == 0;
        if (file)
            fclose(file);
        snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", entry->d_name);
        if (!it || (file = fopen(path, "r")) == NULL)
            continue;
        if (fscanf(file, "%lld", &time) != 1)
            time = 0;
        fclose(file);
    }
    if (tasks)
        closedir(tasks);
    return time;
}

enum { COST_TASKS = 1000, COST_CHANNELS = 200 };

/* A console that is attached: ten snapshots a second, and once a second a page of each list. */
static void console_costs_a_hundredth_of_a_processor(void **state)
{
    (void)state;
    struct served served;
    static numbers_sender out[COST_CHANNELS];
    static numbers_receiver in[COST_CHANNELS];
    static const char events[] = "GET /events?interval_ms=100 HTTP/1.1\r\nHost: x\r\n\r\n";
    atomic_uint leave = 0;
    char bytes[65536];
    SERVED(&served);
    weft_runtime *rt = world_begin(2);
    for (int i = 0; i < COST_TASKS; i++)
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), parked, .leave = &leave)), 0);
    for (int i = 0; i < COST_CHANNELS; i++)
        world_channel(rt, 4, WEFT_WAIT, &out[i], &in[i]);
    const int fd = http_connect(served.path);
    http_send(fd, events, sizeof events - 1);
    const int64_t begun = weft_clock(), before = endpoint_time(), end = begun + (int64_t)rel_seconds(2) * 1000000000;
    for (int64_t next = begun; weft_clock() < end;) {
        assert_true(recv(fd, bytes, sizeof bytes, 0) > 0); /* it comes by the clock of the endpoint */
        if (weft_clock() < next)
            continue;
        next += 1000000000;
        static const char *const pages[] = {"/api/tasks?sort=-idle", "/api/channels?sort=-saturation", "/api/workers", "/api/resources"};
        for (int i = 0; i < 4; i++)
            assert_int_equal(http_status(served.path, pages[i], NULL), 200);
    }
    const double percent = 100.0 * (double)(endpoint_time() - before) / (double)(weft_clock() - begun);
    rel_line("B3-cost", percent, 1.0, percent <= 1.0, 0);
    close(fd);
    for (int i = 0; i < COST_CHANNELS; i++) {
        numbers_sender_close(&out[i]);
        numbers_receiver_close(&in[i]);
    }
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    world_end(rt, COST_TASKS);
    served_end(&served);
}

static void bad_requests_do_no_harm(void **state)
{
    (void)state;
    struct served served;
    const uint64_t seed = world_seed(), count = rel_size(2000, 10000000);
    uint64_t rng = seed;
    SERVED(&served);
    bad_storm(served.path, count, &rng);
    rel_line("B3-requests", (double)count, (double)count, true, seed);
    served_end(&served);
}

static void bad_targets_do_no_harm(void **state)
{
    (void)state;
    const uint64_t seed = world_seed(), count = rel_size(1000000, 100000000);
    uint64_t rng = seed;
    struct weft__diag_uri uri;
    for (uint64_t n = 0; n < count; n++) {
        char text[64] = "/";
        const uint32_t length = world_random(&rng, sizeof text - 1);
        static const char bytes[] = "/%?&=.+#a0e2\x80\x01";
        for (uint32_t i = 1; i < length; i++)
            text[i] = bytes[world_random(&rng, sizeof bytes - 1)];
        text[length ? length : 1] = '\0';
        const int status = weft__diag_uri_parse(text, &uri);
        assert_true(status == 400 || (status == 0 && uri.path[0] == '/' && !strstr(uri.path, "//")));
    }
    rel_line("B3-targets", (double)count, (double)count, true, seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_requests_do_no_harm),
        cmocka_unit_test(bad_targets_do_no_harm),
        cmocka_unit_test(workers_do_not_feel_slow_clients),
        cmocka_unit_test(console_costs_a_hundredth_of_a_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
