/* SPDX-License-Identifier: MIT */
/* Readiness: who is told of what, and when. */
#define _GNU_SOURCE
#include "lib/world.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/sockets.h"
#include "lib/vclock.h"
#include "lib/verdict.h"

/* Waits `times` for events, and adds up which came. */
struct watcher {
    weft_frame weft;
    weft_fd *fd;
    unsigned events;
    int times;
    atomic_uint *woken;
    atomic_uint *seen;
};

static weft_poll watcher(weft_context *cx, struct watcher *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->times > 0; self->times--) {
        WEFT_AWAIT(self->weft.rc, weft_fd_wait(cx, self->fd, self->events));
        if (self->weft.rc < 0) {
            VERDICT(self->weft.rc != WEFT_EPERM || strstr(weft_error_detail(), "weft_fd_wait: descriptor ") != NULL);
            WEFT_RETURN(self->weft.rc);
        }
        atomic_fetch_or(self->seen, (unsigned)self->weft.rc);
        atomic_fetch_add(self->woken, 1);
    }
    WEFT_END(0);
}

/*
 * IO-01, known bug 8, known bug 90: nothing is remembered of an event, so nothing has to be cleared, and no old event can
 * wipe out a new one: while
 * something can be read each wait says so, and after it was read none does.
 */
static void readiness_is_asked_anew_by_each_wait(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_pipe(rt, &one, &other), 0);
    assert_int_equal(weft_fd_try_write(&other, "ab", 2), 2);
    atomic_uint woken = 0, seen = 0;
    weft_spawn(weft_runtime_scope(rt), watcher, .fd = &one, .events = WEFT_READABLE, .times = 5, .woken = &woken, .seen = &seen);
    world_settle(rt);
    assert_int_equal(woken, 5); /* nobody read */
    assert_int_equal(seen, WEFT_READABLE);
    char bytes[2];
    assert_int_equal(weft_fd_try_read(&one, bytes, 2), 2);
    weft_spawn(weft_runtime_scope(rt), watcher, .fd = &one, .events = WEFT_READABLE, .times = 1, .woken = &woken, .seen = &seen);
    WORLD_UNTIL(sockets_waiting(&one) == 1);
    assert_int_equal(woken, 5);
    assert_int_equal(weft_fd_try_write(&other, "c", 1), 1);
    world_settle(rt);
    assert_int_equal(woken, 6);
    weft_fd_close(&one);
    weft_fd_close(&other);
    world_end(rt, 2);
}

/* IO-02: all who wait for an event are woken, and those who wait for another are not. */
static void all_who_wait_are_woken_and_sides_are_independent(void **state)
{
    (void)state;
    enum { WATCHERS = 50 };
    weft_runtime *rt = world_begin(2);
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_socket_pair(rt, &one, &other), 0);
    char filler[4096] = {0};
    while (weft_fd_try_write(&one, filler, sizeof filler) > 0)
        continue; /* no room to write */
    atomic_uint readers = 0, writers = 0, seen = 0;
    for (int i = 0; i < WATCHERS; i++) {
        weft_spawn(weft_runtime_scope(rt), watcher, .fd = &one, .events = WEFT_READABLE, .times = 1, .woken = &readers, .seen = &seen);
        weft_spawn(weft_runtime_scope(rt), watcher, .fd = &one, .events = WEFT_WRITABLE, .times = 1, .woken = &writers, .seen = &seen);
    }
    WORLD_UNTIL(sockets_waiting(&one) == 2 * WATCHERS);
    assert_int_equal(weft_fd_try_write(&other, "r", 1), 1);
    WORLD_UNTIL(readers == WATCHERS);
    assert_int_equal(writers, 0);
    assert_int_equal(sockets_waiting(&one), WATCHERS);
    while (weft_fd_try_read(&other, filler, sizeof filler) > 0)
        continue;
    world_settle(rt);
    assert_int_equal(writers, WATCHERS);
    weft_fd_close(&one);
    weft_fd_close(&other);
    world_end(rt, 2 * WATCHERS);
}

/* A device that epoll refuses. known bug 92: the refusal is the wait's answer, each time, and nothing is left behind. */
static void descriptor_that_cannot_be_polled_says_so(void **state)
{
    (void)state;
    const int before = sockets_open_fds();
    weft_runtime *rt = world_begin(1);
    const int null = open("/dev/null", O_RDWR);
    weft_fd fd = {0};
    assert_int_equal(weft_fd_open(rt, null, NULL, &fd), 0);
    char byte;
    assert_int_equal(weft_fd_try_read(&fd, &byte, 1), 0); /* reading needs no poll */
    atomic_uint woken = 0, seen = 0;
    for (int i = 0; i < 3; i++) {
        weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), watcher, .fd = &fd, .events = WEFT_READABLE, .times = 1,
                                             .woken = &woken, .seen = &seen);
        int result = 0;
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
        assert_int_equal(result, WEFT_EPERM);
    }
    assert_int_equal(woken, 0);
    weft_fd_close(&fd);
    assert_int_equal(weft_runtime_destroy(rt), 0);
    assert_true(sockets_open_fds() <= before + 2); /* libuv's pipe, if this loop was the first of the process */
    verdict_assert();
}

/* Closes another descriptor that is ready in the same turn of the loop, and opens one that gets its number. */
struct reuser {
    weft_frame weft;
    weft_fd *mine, *other, *reader, *writer;
    char byte;
};

static weft_poll reuser(weft_context *cx, struct reuser *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, self->mine, &self->byte, 1));
    const int number = weft_fd_number(self->other);
    weft_fd_close(self->other);
    VERDICT(weft_pipe(weft_context_runtime(cx), self->reader, self->writer) == 0);
    VERDICT(weft_fd_number(self->reader) == number || weft_fd_number(self->writer) == number);
    WEFT_END(self->weft.rc == 1 ? 0 : -1);
}

/* known bug 93: an event of the descriptor that had the number before is not told to the one that has it now. */
static void number_that_is_used_again_gets_no_stale_event(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd one[2] = {{0}, {0}}, two[2] = {{0}, {0}}, reader = {0}, writer = {0};
    assert_int_equal(weft_pipe(rt, &one[0], &one[1]), 0);
    assert_int_equal(weft_pipe(rt, &two[0], &two[1]), 0);
    atomic_int rc = 1, new_rc = 77;
    struct latch entered = LATCH, leave = LATCH;
    weft_spawn(weft_runtime_scope(rt), reuser, .mine = &one[0], .other = &two[0], .reader = &reader, .writer = &writer);
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &two[0], .rc = &rc);
    WORLD_UNTIL(sockets_waiting(&one[0]) == 1 && sockets_waiting(&two[0]) == 1);
    weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave); /* both come in one turn */
    latch_wait(&entered, 1);
    assert_int_equal(weft_fd_try_write(&one[1], "1", 1), 1);
    assert_int_equal(weft_fd_try_write(&two[1], "2", 1), 1);
    latch_up(&leave);
    world_settle(rt);
    assert_true(rc == WEFT_EBADF || rc == 1); /* closed under the wait, or read before */
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &reader, .rc = &new_rc);
    WORLD_UNTIL(sockets_waiting(&reader) == 1);
    assert_int_equal(new_rc, 77);
    assert_int_equal(weft_fd_try_write(&writer, "3", 1), 1);
    world_settle(rt);
    assert_int_equal(new_rc, 1);
    weft_fd_close(&one[0]);
    weft_fd_close(&one[1]);
    weft_fd_close(&two[1]);
    weft_fd_close(&reader);
    weft_fd_close(&writer);
    world_end(rt, 4);
    verdict_assert();
}

/* IO-05: out-of-band data is an event of its own, and the end and an error of the other side come with the events. */
static void priority_hangup_and_fault_are_told(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_address address;
    weft_fd listener = sockets_listener(rt, &address), fd = {0};
    const int raw = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(raw, (const struct sockaddr *)(const void *)address.sockaddr.bytes, address.length), 0);
    assert_int_equal(weft_fd_open(rt, accept(weft_fd_number(&listener), NULL, NULL), NULL, &fd), 0);
    atomic_uint woken = 0, seen = 0;
    weft_spawn(weft_runtime_scope(rt), watcher, .fd = &fd, .events = WEFT_PRIORITY, .times = 1, .woken = &woken, .seen = &seen);
    WORLD_UNTIL(sockets_waiting(&fd) == 1);
    assert_int_equal(send(raw, "u", 1, MSG_OOB), 1);
    world_settle(rt);
    assert_true(seen & WEFT_PRIORITY);
    char byte;
    assert_int_equal(recv(weft_fd_number(&fd), &byte, 1, MSG_OOB), 1);
    atomic_store(&seen, 0);
    weft_spawn(weft_runtime_scope(rt), watcher, .fd = &fd, .events = WEFT_READABLE, .times = 1, .woken = &woken, .seen = &seen);
    WORLD_UNTIL(sockets_waiting(&fd) == 1);
    const struct linger now = {1, 0};
    setsockopt(raw, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(raw);
    world_settle(rt);
    assert_true(seen & WEFT_READABLE);
    assert_true(seen & WEFT_FAULT);
    weft_fd_close(&fd);
    weft_fd_close(&listener);
    world_end(rt, 2);
}

/* Always ready: gives its turn away until it is told to leave. */
struct spinner {
    weft_frame weft;
    atomic_bool *leave;
};

static weft_poll spinner(weft_context *cx, struct spinner *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(self->leave))
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

struct timed {
    weft_frame weft;
    int left;
};

static weft_poll timed(weft_context *cx, struct timed *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left--)
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 100000));
    WEFT_END(0);
}

/* RT-07: with 100 tasks that are always ready on the one worker, descriptors and timers are served. TIM-06 */
static void descriptors_and_timers_are_served_beside_tasks_that_never_wait(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    atomic_bool leave = false;
    for (int i = 0; i < 100; i++)
        weft_spawn(weft_runtime_scope(rt), spinner, .leave = &leave);
    weft_address address;
    weft_fd listener = sockets_listener(rt, &address);
    const weft_task serving = weft_spawn(weft_runtime_scope(rt), server, .listener = listener);
    atomic_uint right = 0;
    weft_task tasks[2] = {
        weft_spawn_joinable(weft_runtime_scope(rt), client, .address = &address, .rounds = 20, .right = &right),
        weft_spawn_joinable(weft_runtime_scope(rt), timed, .left = 20),
    };
    for (int i = 0; i < 2; i++) {
        int result = -1;
        assert_int_equal(weft_task_join_blocking(&tasks[i], WEFT_FOREVER, &result), 0);
        assert_int_equal(result, 0);
    }
    assert_int_equal(right, 20);
    atomic_store(&leave, true);
    assert_int_equal(weft_task_cancel(serving), 0);
    world_end(rt, 104);
}

/* Counts what the loop says of one descriptor. */
struct readiness {
    uint64_t object;
    atomic_uint count;
};

static void count_ready(void *context, uint64_t object, uint32_t events)
{
    struct readiness *readiness = context;
    (void)events;
    if (object == readiness->object)
        atomic_fetch_add(&readiness->count, 1);
}

/* The other side of an idle connection goes with a reset. Whoever waits is told once; after that nobody waits, the handle stays
 * open, and the loop does not come back to it. scenario 43, known bug 97 */
static void reset_of_an_idle_connection_is_told_once(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_address address;
    weft_fd listener = sockets_listener(rt, &address), fd = {0};
    const int raw = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(raw, (const struct sockaddr *)(const void *)address.sockaddr.bytes, address.length), 0);
    const int accepted = accept(weft_fd_number(&listener), NULL, NULL);
    assert_true(accepted >= 0);
    assert_int_equal(weft_fd_open(rt, accepted, NULL, &fd), 0);
    weft_fd_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_fd_stats_get(&fd, &stats), 0);
    struct readiness readiness = {.object = stats.id};
    weft_hooks_handle handle;
    assert_int_equal(weft_hooks_add(rt, WEFT_HOOKS(.context = &readiness, .io_ready = count_ready), &handle), 0);
    atomic_int rc = 1;
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &fd, .rc = &rc);
    WORLD_UNTIL(sockets_waiting(&fd) == 1);
    const struct linger now = {1, 0};
    setsockopt(raw, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(raw);
    world_settle(rt);
    assert_int_equal(rc, WEFT_ECONNRESET);
    /* The loop is turned many times more, for others. */
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_socket_pair(rt, &one, &other), 0);
    weft_spawn(weft_runtime_scope(rt), echo, .fd = other);
    for (int i = 0; i < 100; i++) {
        char byte;
        assert_int_equal(weft_fd_try_write(&one, "p", 1), 1);
        while (weft_fd_try_read(&one, &byte, 1) != 1)
            sched_yield();
    }
    assert_true(readiness.count >= 1 && readiness.count <= 2); /* once for the wait; once with nobody there, and off */
    assert_int_equal(weft_hooks_remove(handle), 0);
    weft_fd_close(&one);
    weft_fd_close(&fd);
    weft_fd_close(&listener);
    world_end(rt, 2);
}

/* Does the other side's part when the task that waits has suspended: both are on one worker. */
struct otherwise {
    weft_frame weft;
    int peer;
    const char *text, *urgent, *more;
    bool end;
};

static weft_poll otherwise(weft_context *cx, struct otherwise *self)
{
    WEFT_BEGIN(cx, self);
    VERDICT(!self->text || send(self->peer, self->text, strlen(self->text), 0) == (ssize_t)strlen(self->text));
    VERDICT(!self->urgent || send(self->peer, self->urgent, 1, MSG_OOB) == 1);
    VERDICT(!self->more || send(self->peer, self->more, strlen(self->more), 0) == (ssize_t)strlen(self->more));
    VERDICT(!self->end || shutdown(self->peer, SHUT_WR) == 0);
    WEFT_END(0);
}

struct edges {
    weft_frame weft;
    weft_fd listener, fd;
    int peer;
    char buffer[16];
    int got;
};

static void other_side(weft_context *cx, struct otherwise part)
{
    weft_spawn(weft_runtime_scope(weft_context_runtime(cx)), otherwise, .peer = part.peer, .text = part.text,
               .urgent = part.urgent, .more = part.more, .end = part.end);
}

static weft_poll edges(weft_context *cx, struct edges *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_accept(cx, &self->listener, &self->fd, NULL));
    VERDICT(self->weft.rc == 0);

    /* A full read says nothing of the rest; a short one that there is none. */
    other_side(cx, (struct otherwise){.peer = self->peer, .text = "abcdef"});
    WEFT_AWAIT(self->got, weft_fd_read(cx, &self->fd, self->buffer, 4));
    VERDICT(self->got == 4 && memcmp(self->buffer, "abcd", 4) == 0);
    WEFT_AWAIT(self->got, weft_fd_read(cx, &self->fd, self->buffer, 4));
    VERDICT(self->got == 2 && memcmp(self->buffer, "ef", 2) == 0);

    /* Readiness is a level, though the connection was told of by edges before: it is told as long as nobody reads. */
    other_side(cx, (struct otherwise){.peer = self->peer, .text = "ghi"});
    WEFT_AWAIT(self->got, weft_fd_read(cx, &self->fd, self->buffer, 1));
    VERDICT(self->got == 1);
    for (self->got = 0; self->got < 3; self->got++) {
        WEFT_AWAIT(self->weft.rc, weft_fd_wait(cx, &self->fd, WEFT_READABLE));
        VERDICT(self->weft.rc == WEFT_READABLE);
    }
    WEFT_AWAIT(self->got, weft_fd_read(cx, &self->fd, self->buffer, sizeof self->buffer));
    VERDICT(self->got == 2);
    other_side(cx, (struct otherwise){.peer = self->peer, .text = "jkl"});
    WEFT_AWAIT(self->got, weft_fd_read(cx, &self->fd, self->buffer, sizeof self->buffer));
    VERDICT(self->got == 3);
    weft_fd_close(&self->fd);
    WEFT_END(0);
}

struct ends {
    weft_frame weft;
    weft_fd listener, fd;
    int peer;
    char buffer[16];
    int got;
};

/* Bytes, urgent ones, and the end, in one go: the short read in front of the end is not taken for the last word. */
static weft_poll ends(weft_context *cx, struct ends *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_accept(cx, &self->listener, &self->fd, NULL));
    VERDICT(self->weft.rc == 0);
    other_side(cx, (struct otherwise){.peer = self->peer, .text = "ab"});
    WEFT_AWAIT(self->got, weft_fd_read(cx, &self->fd, self->buffer, sizeof self->buffer));
    VERDICT(self->got == 2);
    other_side(cx, (struct otherwise){.peer = self->peer, .text = "cd", .urgent = "!", .more = "ef", .end = true});
    WEFT_AWAIT(self->got, weft_fd_read(cx, &self->fd, self->buffer, sizeof self->buffer));
    VERDICT(self->got == 2); /* a read ends in front of the urgent byte, and leaves that out */
    WEFT_AWAIT(self->got, weft_fd_read(cx, &self->fd, self->buffer, sizeof self->buffer));
    VERDICT(self->got == 2 && memcmp(self->buffer, "ef", 2) == 0);
    WEFT_AWAIT(self->got, weft_fd_read(cx, &self->fd, self->buffer, sizeof self->buffer));
    VERDICT(self->got == 0);
    WEFT_AWAIT(self->got, weft_fd_read(cx, &self->fd, self->buffer, sizeof self->buffer));
    VERDICT(self->got == 0); /* as often as it is asked */
    weft_fd_close(&self->fd);
    WEFT_END(0);
}

static void bytes_behind_a_short_read_are_not_missed(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        weft_runtime *rt = world_begin(1);
        weft_address address;
        weft_fd listener = sockets_listener(rt, &address);
        const int peer = sockets_connect_plainly(&address);
        weft_task task = i == 0 ? weft_spawn_joinable(weft_runtime_scope(rt), edges, .listener = listener, .peer = peer)
                                : weft_spawn_joinable(weft_runtime_scope(rt), ends, .listener = listener, .peer = peer);
        int result = -1;
        assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
        verdict_assert();
        close(peer);
        world_settle(rt);
        weft_fd_close(&listener);
        world_end(rt, i == 0 ? 4 : 3);
    }
}

/* Who was woken by an edge is cancelled before it reads: the next to ask finds what has come. */
static void edge_is_not_lost_with_who_was_woken(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_address address;
    weft_fd listener = sockets_listener(rt, &address), one = {0};
    const int peer = sockets_connect_accepted(rt, &address, listener, &one);
    atomic_int rc = 5, next = 5;
    const weft_task first = weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &one, .rc = &rc);
    WORLD_UNTIL(sockets_waiting(&one) == 1);
    struct latch entered = LATCH, leave = LATCH;
    weft_spawn(weft_runtime_scope(rt), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 1); /* the worker is held: the monitor turns its loop, and nobody polls whom that wakes */
    assert_int_equal(send(peer, "x", 1, 0), 1);
    WORLD_UNTIL(sockets_waiting(&one) == 0);
    assert_int_equal(weft_task_cancel(first), 0);
    latch_up(&leave);
    WORLD_UNTIL(rc == WEFT_ECANCELED);
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &one, .rc = &next);
    world_settle(rt);
    assert_int_equal(next, 1);
    close(peer);
    weft_fd_close(&one);
    weft_fd_close(&listener);
    world_end(rt, 4);
}

/* In how many of the process's epolls a descriptor is. */
static int polls_of(int fd)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fdinfo");
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[300], line[256];
        snprintf(path, sizeof path, "/proc/self/fdinfo/%s", entry->d_name);
        FILE *info = fopen(path, "r");
        for (int polled; info && fgets(line, sizeof line, info);)
            count += sscanf(line, "tfd: %d", &polled) == 1 && polled == fd;
        if (info)
            fclose(info);
    }
    closedir(folder);
    return count;
}

/* The system tells of a connection for as long as anybody has it open: a copy, or a child. After the close there is nobody to tell. */
static void connection_that_was_copied_is_told_of_no_more_once_closed(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_address address;
    weft_fd listener = sockets_listener(rt, &address), one = {0};
    const int peer = sockets_connect_accepted(rt, &address, listener, &one);
    const int number = weft_fd_number(&one), copy = dup(number);
    atomic_int rc = 1;
    weft_spawn(weft_runtime_scope(rt), fd_waiter, .fd = &one, .rc = &rc);
    WORLD_UNTIL(polls_of(number) == 1);
    assert_true(copy >= 0);
    weft_fd closed = one; /* the task reads `one` */
    weft_fd_close(&closed);
    WORLD_UNTIL(rc == WEFT_EBADF);
    WORLD_UNTIL(polls_of(number) == 0);
    assert_int_equal(send(peer, "x", 1, 0), 1);
    char byte = 0;
    assert_int_equal(recv(copy, &byte, 1, 0), 1); /* the copy is open */
    close(copy);
    close(peer);
    weft_fd_close(&listener);
    world_end(rt, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readiness_is_asked_anew_by_each_wait),
        cmocka_unit_test(all_who_wait_are_woken_and_sides_are_independent),
        cmocka_unit_test(bytes_behind_a_short_read_are_not_missed),
        cmocka_unit_test(edge_is_not_lost_with_who_was_woken),
        cmocka_unit_test(connection_that_was_copied_is_told_of_no_more_once_closed),
        cmocka_unit_test(priority_hangup_and_fault_are_told),
        cmocka_unit_test(descriptor_that_cannot_be_polled_says_so),
        cmocka_unit_test_setup_teardown(number_that_is_used_again_gets_no_stale_event, vclock_stop, vclock_go),
        cmocka_unit_test(descriptors_and_timers_are_served_beside_tasks_that_never_wait),
        cmocka_unit_test(reset_of_an_idle_connection_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
