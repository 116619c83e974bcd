/* SPDX-License-Identifier: MIT */
/*
 * The n-th allocation of the process fails, for each n, while an endpoint is started, asked and stopped: of this component, of
 * libmicrohttpd and of jansson alike, since malloc() itself is the test's (lib/scarce.h). It is started or refused with WEFT_ENOMEM, an answer
 * is whole or 503 or none, and the next is served. Not under a sanitizer, whose malloc() it is then.
 */
#include "diag/lib/served.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/stress.h"

#if !WORLD_SANITIZED

#include "lib/scarce.h"

/* A GET that allocates nothing here. */
static int ask(const char *path, const char *request)
{
    char text[65536] = "";
    size_t length = 0;
    int status = 0;
    const int fd = http_connect(path);
    if (fd < 0)
        return 0;
    http_send(fd, request, strlen(request));
    for (ssize_t got; length < sizeof text - 1 && (got = read(fd, text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)got;
    text[length] = '\0';
    close(fd);
    if (sscanf(text, "HTTP/1.%*d %d", &status) == 1 && status == 200 && text[length - 1] != '\n')
        status = -1; /* a part of an answer */
    return status;
}

static const char *const requests[] = {
    "GET /api/tasks HTTP/1.0\r\n\r\n",
    "GET /api/overview HTTP/1.0\r\n\r\n",
    "GET /api/channels?sort=-saturation HTTP/1.0\r\n\r\n",
    "GET /health/detailed HTTP/1.0\r\n\r\n",
    "GET /metrics HTTP/1.0\r\n\r\n",
    "GET /api/waits HTTP/1.0\r\n\r\n",
    "GET /api/nothing HTTP/1.0\r\n\r\n",
    "POST /api HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody",
};

static void answer_without_memory_is_none_and_the_next_is_whole(void **state)
{
    (void)state;
    enum { TASKS = 20, LONGEST = 32 };
    struct served served;
    SERVED(&served);
    weft_runtime *rt = world_begin(2);
    atomic_uint leave = 0;
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 1, WEFT_WAIT, &out, &in);
    for (size_t i = 0; i < TASKS; i++) { /* names of each length about 15 and 31, where buffers grow that double */
        char name[LONGEST + 1];
        snprintf(name, sizeof name, "%.*s", (int)(LONGEST - i), "the longest of the names of tasks");
        assert_int_equal(weft_task_error(weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK(name), parked, .leave = &leave)), 0);
    }
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        unsigned long before = 0, sites = 0;
        const int whole = ask(served.path, requests[i]);
        assert_true(whole > 0);
        for (long n = 0;; n++, sites++) {
            before = scarce_failed();
            scarce_begin(n);
            const int status = ask(served.path, requests[i]);
            scarce_end();
            if (status != whole && status != 503 && status != 0 && status != 500)
                fail_msg("%.30s: allocation %ld failed: %d", requests[i], n, status);
            assert_int_equal(ask(served.path, requests[i]), whole);
            if (scarce_failed() == before)
                break;
        }
        print_message("%.*s: %lu allocations\n", (int)strcspn(requests[i], "\r"), requests[i], sites);
    }
    json_t *self = http_json(served.path, "/api/diag", 200);
    assert_int_equal(member_number(self, "body_bytes"), 0);
    json_decref(self);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    world_end(rt, TASKS);
    served_end(&served);
}

static void start_without_memory_leaves_nothing(void **state)
{
    (void)state;
    struct served served;
    served_folder(&served);
    const weft_diag_options options = {.size = sizeof options, .unix_path = served.path, .tcp_port = WEFT_DIAG_PORT_ANY,
                                       .token = "0123456789abcdef"};
    unsigned long before;
    unsigned threads = 0, files = 0;
    long n = -1;
    do {
        before = scarce_failed();
        if (n >= 0)
            scarce_begin(n);
        const int result = weft_diag_start(&served.diag, &options);
        scarce_end();
        if (result == 0)
            assert_int_equal(weft_diag_stop(served.diag), 0);
        else if (result != WEFT_ENOMEM && result != WEFT_EAGAIN)
            fail_msg("allocation %ld failed: %s", n, weft_error_detail());
        assert_int_equal(access(served.path, F_OK), -1);
        if (n < 0) { /* after one that went well: what is made once is there */
            files = child_count_entries("/proc/self/fd");
            threads = child_count_entries("/proc/self/task");
        }
        WORLD_UNTIL(child_count_entries("/proc/self/task") <= threads);
        assert_int_equal(child_count_entries("/proc/self/fd"), files);
    } while (n++ < 0 || scarce_failed() != before);
    assert_true(n > 3);
    served_remove(&served);
}

int main(void)
{
    if (world_in_valgrind())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_without_memory_is_none_and_the_next_is_whole),
        cmocka_unit_test(start_without_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    return 77;
}

#endif
