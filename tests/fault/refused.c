/* SPDX-License-Identifier: MIT */
/* What becomes of an operation if one system call of it is refused, and not the first: the kernel answers in its place. */
#define _GNU_SOURCE
#include "lib/inject.h"
#include "lib/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The whole of a program in the child: one task; what it answered is the child's code. */
static int in_a_runtime(weft_poll_fn *fn, weft_site *site, const void *frame, size_t size)
{
    weft_runtime *rt = NULL;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1)) < 0)
        return 100;
    weft_spawn_frame(weft_runtime_scope(rt), site, NULL, fn, frame, size);
    return weft_runtime_finish(rt) == 0 ? 0 : 101;
}

static int as_it_is(int code)
{
    return code;
}

static int outcome_of(const struct inject_plan *plan, int (*body)(void *context), void *context)
{
    struct inject_outcome outcome;
    inject_run(plan, body, as_it_is, context, &outcome);
    if (outcome.code == INJECT_UNAVAILABLE)
        skip();
    assert_int_equal(outcome.signal, 0);
    assert_int_equal(outcome.failed, plan->error != 0);
    return outcome.code;
}

/* A file is stored; the answer is 0 if that was said to be so, 1 if WEFT_EIO was. */
struct storer {
    weft_frame weft;
    weft_file_op op;
    int *answer;
    const char *path;
};
static weft_poll storer(weft_context *cx, struct storer *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(*self->answer, weft_file_store(cx, &self->op, self->path, "kept", 4));
    WEFT_END(0);
}
static int store(void *context)
{
    static weft_site site = {__FILE__, __func__, "storer", __LINE__, UINT32_MAX, 0};
    int answer = 99;
    const struct storer frame = {.answer = &answer, .path = context};
    const int ran = in_a_runtime((weft_poll_fn *)(void (*)(void))storer, &site, &frame, sizeof frame);
    return ran != 0 ? ran : answer == 0 ? 0 : answer == WEFT_EIO ? 1 : 2;
}

/* It is on the disk after, and its name: the second is the folder's business, which has an answer of its own. */
static void store_is_told_that_its_name_is_not_on_the_disk(void **state)
{
    (void)state;
    char path[] = "/tmp/weft-test-refused-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct inject_plan plan = {.watched = {SYS_fsync}, .watched_count = 1};
    assert_int_equal(outcome_of(&plan, store, path), 0);
    plan.error = EIO;
    for (plan.nth = 1; plan.nth <= 2; plan.nth++)
        assert_int_equal(outcome_of(&plan, store, path), 1);
    assert_int_equal(unlink(path), 0);
}

/* A listener, and one that connects and is not answered in the first attempt. */
struct server {
    weft_frame weft;
    weft_fd listener, connection;
    int *answer;
};
static weft_poll server(weft_context *cx, struct server *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(*self->answer, weft_accept(cx, &self->listener, &self->connection, NULL));
    weft_fd_close(&self->connection);
    weft_fd_close(&self->listener);
    WEFT_END(0);
}
static int serve(void *context)
{
    (void)context;
    static weft_site site = {__FILE__, __func__, "server", __LINE__, UINT32_MAX, 0};
    weft_runtime *rt = NULL;
    weft_address address;
    int answer = 99;
    struct server frame = {.answer = &answer};
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1)) < 0 || weft_address_parse("127.0.0.1:0", &address) < 0 ||
        weft_listen(rt, &address, NULL, &frame.listener) < 0 || weft_fd_addresses(&frame.listener, &address, NULL) < 0 ||
        connect(client, (const struct sockaddr *)(const void *)address.sockaddr.bytes, address.length) < 0)
        return 100;
    weft_spawn_frame(weft_runtime_scope(rt), &site, NULL, (weft_poll_fn *)(void (*)(void))server, &frame, sizeof frame);
    const int ended = weft_runtime_finish(rt);
    close(client);
    return ended != 0 ? 101 : answer == 0 ? 0 : 1;
}

/* Errors that wait at a connection come by accept(): a server that ends by one of them ends by what a stranger does. */
static void accept_passes_over_a_connection_that_failed(void **state)
{
    (void)state;
    const int errors[] = {0, ECONNABORTED, EPROTO, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENOPROTOOPT, ENONET};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        const struct inject_plan plan = {.watched = {SYS_accept4}, .watched_count = 1, .error = errors[i], .nth = 1};
        assert_int_equal(outcome_of(&plan, serve, NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(store_is_told_that_its_name_is_not_on_the_disk),
        cmocka_unit_test(accept_passes_over_a_connection_that_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
