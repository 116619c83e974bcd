/* SPDX-License-Identifier: MIT */
/* Writing as one of several that a task waits for: what was not the first leaves nothing half done that nobody knows of. */
#include "lib/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/sockets.h"
#include "lib/verdict.h"

enum { LENGTH = 3000000 };

/* Writes all, and at each word that comes meanwhile begins again where it was. */
struct writer {
    weft_frame weft;
    weft_fd *fd;
    const char *data;
    numbers_receiver in;
    weft_fd_write_all_future write;
    weft_recv_future word;
    weft_select_state select;
    uint64_t value;
    size_t done;
    atomic_size_t *came; /* how far, at the last word */
    atomic_uint *words;
};

static weft_poll writer(weft_context *cx, struct writer *self)
{
    WEFT_BEGIN(cx, self);
    do {
        weft_fd_write_all_begin(&self->write, self->fd, self->data, LENGTH, &self->done);
        numbers_recv_begin(&self->word, &self->in, &self->value);
        WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->write.future, &self->word.future));
        if (self->weft.rc == 1) {
            atomic_store(self->came, self->done);
            atomic_fetch_add(self->words, 1);
        }
    } while (self->weft.rc == 1);
    VERDICT(self->weft.rc == 0 && self->write.future.result == 0 && self->done == LENGTH);
    numbers_receiver_close(&self->in);
    weft_fd_close(self->fd);
    WEFT_END(0);
}

/* All that comes until the end is what was written, once. */
static void expect_all(const weft_fd *fd, const char *data)
{
    weft_fd from = *fd;
    char *got = malloc(LENGTH + 1);
    size_t count = 0;
    for (int moved; (moved = weft_fd_try_read(&from, got + count, LENGTH + 1 - count)) != 0;) {
        assert_true(moved > 0 || moved == WEFT_EAGAIN);
        count += moved > 0 ? (size_t)moved : 0;
        if (moved < 0)
            sched_yield();
    }
    assert_true(count == LENGTH && memcmp(got, data, LENGTH) == 0);
    free(got);
}

static void write_all_goes_on_where_another_was_first(void **state)
{
    (void)state;
    enum { WORDS = 3 };
    char *data = malloc(LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        data[i] = (char)(i * 31 + i / 251);
    weft_runtime *rt = world_begin(1);
    weft_fd one = {0}, other = {0};
    numbers_sender out;
    numbers_receiver in;
    atomic_size_t came = 0;
    atomic_uint words = 0;
    assert_int_equal(weft_socket_pair(rt, &one, &other), 0);
    world_channel(rt, WORDS, WEFT_WAIT, &out, &in);
    weft_spawn(weft_runtime_scope(rt), writer, .fd = &one, .data = data, .in = in, .came = &came, .words = &words);
    for (unsigned i = 1; i <= WORDS; i++) {
        WORLD_UNTIL(sockets_waiting(&one) == 1); /* full, and nobody reads */
        assert_int_equal(numbers_try_send(&out, i), 0);
        WORLD_UNTIL(atomic_load(&words) == i);
        assert_true(atomic_load(&came) > 0 && atomic_load(&came) < LENGTH);
    }
    expect_all(&other, data);
    world_settle(rt);
    numbers_sender_close(&out);
    weft_fd_close(&other);
    world_end(rt, 1);
    verdict_assert();
    free(data);
}

/* Sends one datagram; a word that comes first is told. */
struct poster {
    weft_frame weft;
    weft_fd *fd;
    const weft_address *to;
    numbers_receiver in;
    weft_send_to_future send;
    weft_recv_future word;
    weft_select_state select;
    uint64_t value;
    atomic_uint *words;
};

static weft_poll poster(weft_context *cx, struct poster *self)
{
    WEFT_BEGIN(cx, self);
    do {
        weft_send_to_begin(&self->send, self->fd, "late", 4, self->to);
        numbers_recv_begin(&self->word, &self->in, &self->value);
        WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->send.future, &self->word.future));
        if (self->weft.rc == 1)
            atomic_fetch_add(self->words, 1);
    } while (self->weft.rc == 1);
    VERDICT(self->weft.rc == 0 && self->send.future.result == 4);
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

/* Sends to who is bound at the address until it takes no more, or there is no room here; how many. */
static int send_many(const weft_address *address)
{
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int count = 0;
    assert_true(fd >= 0);
    while (sendto(fd, "early", 5, 0, (const struct sockaddr *)(const void *)address->sockaddr.bytes, address->length) == 5)
        count++;
    assert_int_equal(errno, EAGAIN);
    close(fd);
    return count;
}

/* The other's queue is full, which no event tells of: nothing is asked of the loop, and the datagram comes when there is room. */
static void datagram_is_sent_once_and_not_before_it_is_its_turn(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    char text[80], bytes[8];
    snprintf(text, sizeof text, "unix:@weft-test-several-%d", (int)getpid());
    const weft_address address = sockets_address(text);
    const int receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(receiver, (const struct sockaddr *)(const void *)address.sockaddr.bytes, address.length), 0);
    int filled = 0;
    for (int sent; (sent = send_many(&address)) > 0;) /* until its queue is full, whose length is the system's setting */
        filled += sent;
    weft_address own = {.length = sizeof(sa_family_t)}; /* of any name */
    ((struct sockaddr *)(void *)own.sockaddr.bytes)->sa_family = AF_UNIX;
    weft_fd fd = {0};
    assert_int_equal(weft_datagram_open(rt, &own, NULL, &fd), 0);
    numbers_sender out;
    numbers_receiver in;
    atomic_uint words = 0;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    weft_spawn(weft_runtime_scope(rt), poster, .fd = &fd, .to = &address, .in = in, .words = &words);
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(numbers_try_send(&out, i), 0);
        WORLD_UNTIL(atomic_load(&words) == i); /* it was not sent: its future was not the first */
    }
    weft_fd_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_fd_stats_get(&fd, &stats), 0);
    assert_true(stats.waits == 0 && stats.writes == 0);
    for (int i = 0; i < filled; i++)
        assert_int_equal(recv(receiver, bytes, sizeof bytes, 0), 5);
    world_settle(rt);
    assert_int_equal(recv(receiver, bytes, sizeof bytes, 0), 4);
    assert_int_equal(recv(receiver, bytes, sizeof bytes, 0), -1);
    numbers_sender_close(&out);
    weft_fd_close(&fd);
    close(receiver);
    world_end(rt, 1);
    verdict_assert();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_all_goes_on_where_another_was_first),
        cmocka_unit_test(datagram_is_sent_once_and_not_before_it_is_its_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
