/* SPDX-License-Identifier: MIT */
/*
 * A chat on a Unix socket: what one says, all others hear, by a broadcast. ctest-timeout: 0
 *
 *     example-chat unix:/tmp/chat.sock          then, in other windows: nc -U /tmp/chat.sock
 *
 * Two tasks for each guest, in one scope: one reads lines and tells them, one hears and writes. When either ends the other
 * is cancelled with it. A guest that does not read misses lines, is told how many, and holds nobody up.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <weft.h>

enum { LINE_MAX_BYTES = 200, KEPT_LINES = 64 };

struct line {
    unsigned guest; /* who said it; 0: the house */
    char text[LINE_MAX_BYTES + 1];
};

WEFT_BROADCAST_DEFINE(room, struct line)

static struct line line_of(unsigned guest, const char *format, const char *name, const char *text)
{
    struct line line = {.guest = guest};
    snprintf(line.text, sizeof line.text, format, name, text);
    return line;
}

/* Reads lines; the first is the guest's name. */
struct mouth {
    weft_frame weft;
    weft_fd *fd;
    const room_sender *room;
    unsigned guest;
    size_t have;
    char name[32];
    char bytes[LINE_MAX_BYTES];
};

/* Tell each whole line of what was read; what is left stays at the front. */
static void mouth_tell(struct mouth *self)
{
    char *begin = self->bytes, *end;
    while ((end = memchr(begin, '\n', self->have - (size_t)(begin - self->bytes))) != NULL) {
        *end = '\0';
        if (self->name[0])
            room_send(self->room, line_of(self->guest, "%s: %.160s\n", self->name, begin));
        else if (begin[0]) {
            snprintf(self->name, sizeof self->name, "%.31s", begin);
            room_send(self->room, line_of(self->guest, "%s has come%s\n", self->name, ""));
        }
        begin = end + 1;
    }
    self->have -= (size_t)(begin - self->bytes);
    memmove(self->bytes, begin, self->have);
    if (self->have == sizeof self->bytes)
        self->have = 0; /* a line without end */
}

static weft_poll mouth(weft_context *cx, struct mouth *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, self->fd, self->bytes + self->have, sizeof self->bytes - self->have));
        if (self->weft.rc <= 0)
            break;
        self->have += (size_t)self->weft.rc;
        mouth_tell(self);
    }
    if (self->name[0])
        room_send(self->room, line_of(self->guest, "%s has gone%s\n", self->name, ""));
    WEFT_END(1); /* the first success ends the other one */
}

/* Greets, and writes what the others say. */
struct ear {
    weft_frame weft;
    weft_fd *fd;
    room_receiver heard;
    unsigned guest;
    uint64_t lost;
    size_t done;
    struct line line;
};

static weft_poll ear(weft_context *cx, struct ear *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, self->fd, "welcome: who are you?\n", 22, &self->done));
    while (self->weft.rc >= 0) {
        WEFT_AWAIT(self->weft.rc, room_recv(cx, &self->heard, &self->line, &self->lost));
        if (self->weft.rc == WEFT_ELAGGED)
            snprintf(self->line.text, sizeof self->line.text, "(you have missed %llu lines)\n", (unsigned long long)self->lost);
        else if (self->weft.rc < 0)
            break;
        else if (self->line.guest == self->guest)
            continue;
        self->done = 0;
        WEFT_AWAIT(self->weft.rc,
                   weft_fd_write_all(cx, self->fd, self->line.text, strlen(self->line.text), &self->done));
    }
    room_receiver_close(&self->heard);
    WEFT_END(1);
}

struct guest {
    weft_frame weft;
    weft_fd fd;
    room_sender room;
    unsigned number;
    room_receiver heard;
    weft_scope both;
};

static weft_poll guest(weft_context *cx, struct guest *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = room_subscribe(&self->room, &self->heard);
    if (self->weft.rc == 0) {
        self->weft.rc = weft_scope_open(cx, &self->both, WEFT_SCOPE_OPTIONS(.name = "guest", .policy = WEFT_FIRST_SUCCESS));
        if (weft_task_error(weft_spawn(&self->both, ear, .fd = &self->fd, .heard = self->heard, .guest = self->number)) < 0)
            room_receiver_close(&self->heard);
        weft_spawn(&self->both, mouth, .fd = &self->fd, .room = &self->room, .guest = self->number);
        WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->both));
    }
    weft_fd_close(&self->fd);
    room_sender_close(&self->room);
    WEFT_END(0);
}

struct door {
    weft_frame weft;
    weft_fd listener, fd;
    room_sender room, for_guest;
    unsigned guests;
    weft_scope all;
};

static weft_poll door(weft_context *cx, struct door *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->all, WEFT_SCOPE_OPTIONS(.name = "guests", .policy = WEFT_COLLECT_ALL));
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_accept(cx, &self->listener, &self->fd, NULL));
        if (self->weft.rc < 0)
            break;
        if (room_sender_clone(&self->room, &self->for_guest) < 0 ||
            weft_task_error(weft_spawn(&self->all, guest, .fd = self->fd, .room = self->for_guest, .number = ++self->guests)) < 0)
            weft_fd_close(&self->fd);
    }
    weft_fd_close(&self->listener);
    room_sender_close(&self->room);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->all));
    WEFT_END(0);
}

struct stopper {
    weft_frame weft;
    weft_fd signals;
    weft_signal got;
    weft_task door;
};

static weft_poll stopper(weft_context *cx, struct stopper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_signals_wait(cx, &self->signals, &self->got));
    weft_fd_close(&self->signals);
    weft_task_cancel(self->door);
    WEFT_END(0);
}

int main(int argc, char **argv)
{
    const int ends[] = {SIGINT, SIGTERM};
    weft_runtime *rt;
    weft_address address;
    weft_fd listener = {0}, signals = {0};
    room_sender room;
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    if (weft_address_parse(argc > 1 ? argv[1] : "unix:/tmp/weft-chat.sock", &address) < 0 ||
        weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "chat")) < 0) {
        fprintf(stderr, "example-chat: %s\n", weft_error_detail());
        return 1;
    }
    if (weft_signals_open(rt, ends, 2, &signals) < 0 || weft_listen(rt, &address, NULL, &listener) < 0 ||
        room_create(rt, WEFT_BROADCAST_OPTIONS(.name = "room", .capacity = KEPT_LINES), &room, NULL) < 0) {
        fprintf(stderr, "example-chat: %s\n", weft_error_detail());
        weft_runtime_destroy(rt);
        return 1;
    }
    printf("the door is open\n");
    fflush(stdout);
    const weft_task entering = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("door", .category = WEFT_LISTENER), door,
                                             .listener = listener, .room = room);
    weft_spawn(weft_runtime_scope(rt), stopper, .signals = signals, .door = entering);
    return weft_runtime_finish(rt) < 0;
}
