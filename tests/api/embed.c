/* SPDX-License-Identifier: MIT */
/*
 * Living in somebody else's program: <weft/guest.h>, a receiver that is polled, and the three ways to live in a host, in
 * one process at once. What a turn does is tests/api/drive.c's.
 */
#include "lib/world.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <uv.h>

#include "lib/verdict.h"

static bool is_readable(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    return poll(&polled, 1, 0) == 1;
}

/* Readable at first, so that the host looks; quiet after it has looked; readable again with the next message and the end. */
static void polled_receiver_says_when_to_ask(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    const int fd = numbers_receiver_descriptor(&in);
    assert_true(fd >= 0);
    assert_int_equal(numbers_receiver_descriptor(&in), fd); /* the same */
    assert_true(is_readable(fd));
    uint64_t got = 0;
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
    assert_false(is_readable(fd));
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(numbers_try_send(&out, i), 0);
    assert_true(is_readable(fd));
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(got, 1);
    assert_true(is_readable(fd)); /* there is more, and nobody has been told otherwise */
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
    assert_false(is_readable(fd));
    assert_int_equal(numbers_recv_blocking(&in, &got, weft_clock()), WEFT_ETIMEDOUT); /* the usual way goes still */
    assert_int_equal(numbers_try_send(&out, 4), 0);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), 0);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
    assert_false(is_readable(fd));
    numbers_sender_close(&out);
    assert_true(is_readable(fd));
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EPIPE);
    numbers_receiver_close(&in);
    assert_true(numbers_receiver_descriptor(&in) == WEFT_EPIPE);
    numbers_receiver unset = {0};
    assert_int_equal(numbers_receiver_descriptor(&unset), WEFT_EINVAL);
    assert_int_equal(weft_receiver_descriptor(NULL), WEFT_EINVAL);
    world_end(rt, 0);
}

/* A host that sleeps in poll gets every message of senders that never wait for it. */
static void polled_receiver_misses_nothing(void **state)
{
    (void)state;
    enum { SENDERS = 3, EACH = 3000 };
    weft_runtime *rt = world_begin(2);
    numbers_sender out;
    numbers_receiver in;
    world_channel(rt, 8, WEFT_WAIT, &out, &in);
    for (int i = 0; i < SENDERS; i++) {
        numbers_sender mine;
        assert_int_equal(numbers_sender_clone(&out, &mine), 0);
        weft_spawn(weft_runtime_scope(rt), pusher, .out = mine, .from = 1, .count = EACH);
    }
    numbers_sender_close(&out);
    struct pollfd polled = {.fd = numbers_receiver_descriptor(&in), .events = POLLIN};
    uint64_t sum = 0, value;
    int rc = 0;
    while (rc != WEFT_EPIPE) {
        assert_int_equal(poll(&polled, 1, -1), 1); /* a lost ring is a test that never ends */
        while ((rc = numbers_try_recv(&in, &value)) == 0)
            sum += value;
    }
    assert_int_equal(sum, (uint64_t)SENDERS * EACH * (EACH + 1) / 2);
    numbers_receiver_close(&in);
    world_end(rt, SENDERS);
}

/* Passes on what it receives, and closes both ends. */
struct relay {
    weft_frame weft;
    numbers_receiver in;
    numbers_sender out;
    uint64_t value;
};

static weft_poll relay(weft_context *cx, struct relay *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, self->value + 1));
        if (self->weft.rc < 0)
            break;
    }
    numbers_receiver_close(&self->in);
    numbers_sender_close(&self->out);
    WEFT_END(0);
}

/* Reads bytes of a pipe until its end, with a sleep between them. */
struct trickle {
    weft_frame weft;
    weft_fd fd;
    char byte;
    int *count;
};

static weft_poll trickle(weft_context *cx, struct trickle *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, &self->byte, 1));
        if (self->weft.rc <= 0)
            break;
        ++*self->count;
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 100000));
    }
    weft_fd_close(&self->fd);
    WEFT_END(0);
}

static weft_runtime *driven(const char *name)
{
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = name, .drive = WEFT_DRIVE_TURNS)), 0);
    return rt;
}

static uint64_t live(weft_runtime *rt)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    return weft_runtime_stats_get(rt, &stats) == 0 ? stats.tasks_live : 0;
}

struct host {
    uv_loop_t loop;
    uv_poll_t epoll;
    weft_runtime *by_hand;
    int set;
};

/* The host's own epoll set, which the runtime that is driven by hand is in, on the host's libuv loop. */
static void host_epoll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct host *host = poll->data;
    struct epoll_event event;
    while (epoll_wait(host->set, &event, 1, 0) == 1)
        if (weft_runtime_turn(host->by_hand, 10) < 0)
            break;
    if (live(host->by_hand) == 0)
        uv_poll_stop(poll);
}

/*
 * Numbers go from a runtime with threads, through a guest on a libuv loop, through one that is driven by hand, to a host
 * thread that polls: three ways to live in a host, and a descriptor in each.
 */
static void three_ways_live_in_one_process(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    struct host host;
    weft_runtime *threads = world_begin(2), *guest_rt = driven("guest");
    host.by_hand = driven("by hand");
    numbers_sender one_out, two_out, three_out;
    numbers_receiver one, two, three;
    world_channel(guest_rt, 8, WEFT_WAIT, &one_out, &one);
    world_channel(host.by_hand, 8, WEFT_WAIT, &two_out, &two);
    world_channel(threads, 1024, WEFT_WAIT, &three_out, &three);

    assert_int_equal(uv_loop_init(&host.loop), 0);
    weft_guest *guest;
    assert_int_equal(weft_guest_begin(guest_rt, &host.loop, &guest), 0);
    host.set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    assert_int_equal(epoll_ctl(host.set, EPOLL_CTL_ADD, weft_runtime_descriptor(host.by_hand), &event), 0);
    assert_int_equal(uv_poll_init(&host.loop, &host.epoll, host.set), 0);
    host.epoll.data = &host;
    assert_int_equal(uv_poll_start(&host.epoll, UV_READABLE, host_epoll), 0);

    int trickled = 0;
    weft_fd reader = {0}, writer = {0};
    assert_int_equal(weft_pipe(guest_rt, &reader, &writer), 0);
    assert_int_equal(weft_fd_try_write(&writer, "0123456789", 10), 10);
    weft_fd_close(&writer);
    weft_spawn(weft_runtime_scope(guest_rt), trickle, .fd = reader, .count = &trickled);
    weft_spawn(weft_runtime_scope(guest_rt), relay, .in = one, .out = two_out);
    weft_spawn(weft_runtime_scope(host.by_hand), relay, .in = two, .out = three_out);
    weft_spawn(weft_runtime_scope(threads), pusher, .out = one_out, .from = 1, .count = COUNT);
    uv_run(&host.loop, UV_RUN_DEFAULT); /* until neither the guest nor the one by hand has a task */

    assert_int_equal(trickled, 10);
    uint64_t sum = 0, value;
    while (numbers_try_recv(&three, &value) == 0)
        sum += value - 2; /* it went through two hands */
    assert_int_equal(sum, (uint64_t)COUNT * (COUNT + 1) / 2);
    numbers_receiver_close(&three);
    uv_close((uv_handle_t *)&host.epoll, NULL);
    weft_guest_end(guest);
    uv_run(&host.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&host.loop), 0); /* nothing of the guest is left there */
    close(host.set);
    world_end(threads, 1);
    world_end(guest_rt, 2);
    world_end(host.by_hand, 1);
}

static void guest_needs_a_driven_runtime(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1), *mine = driven("mine");
    weft_guest *guest = NULL;
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(weft_guest_begin(rt, &loop, &guest), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "WEFT_DRIVE_TURNS"));
    assert_int_equal(weft_guest_begin(NULL, &loop, &guest), WEFT_EINVAL);
    assert_int_equal(weft_guest_begin(mine, NULL, &guest), WEFT_EINVAL);
    assert_int_equal(weft_guest_begin(mine, &loop, NULL), WEFT_EINVAL);
    weft_guest_end(NULL);
    assert_int_equal(weft_guest_begin(mine, &loop, &guest), 0);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0); /* no task: nothing keeps the loop */
    weft_guest_end(guest);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    world_end(rt, 0);
    world_end(mine, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polled_receiver_says_when_to_ask),
        cmocka_unit_test(polled_receiver_misses_nothing),
        cmocka_unit_test(three_ways_live_in_one_process),
        cmocka_unit_test(guest_needs_a_driven_runtime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
