/* SPDX-License-Identifier: MIT */
/*
 * Driven by the host's own epoll loop, which is how any loop takes weft in: one descriptor, one timeout, one call. A
 * second runtime with threads of its own sends messages to it.
 */
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(numbers, int)

enum { COUNT = 1000 };

struct producer { weft_frame weft; numbers_sender out; int i; };

static weft_poll producer(weft_context *cx, struct producer *self) /* on the other runtime's workers */
{
    WEFT_BEGIN(cx, self);
    for (self->i = 1; self->i <= COUNT; self->i++) {
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, self->i));
        if (self->weft.rc < 0)
            break;
    }
    numbers_sender_close(&self->out);
    WEFT_END(0);
}

struct consumer { weft_frame weft; numbers_receiver in; int value; long *sum; };

static weft_poll consumer(weft_context *cx, struct consumer *self) /* on the thread of main() */
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        *self->sum += self->value;
    }
    numbers_receiver_close(&self->in);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 1000000)); /* the timeout is needed, too */
    WEFT_END(0);
}

static int live(weft_runtime *rt)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    return weft_runtime_stats_get(rt, &stats) == 0 && stats.tasks_live > 0;
}

int main(void)
{
    weft_runtime *mine, *other;
    numbers_sender out;
    numbers_receiver in;
    long sum = 0;
    if (weft_runtime_create(&mine, WEFT_RUNTIME_OPTIONS(.name = "mine", .drive = WEFT_DRIVE_TURNS)) < 0 ||
        weft_runtime_create(&other, WEFT_RUNTIME_OPTIONS(.name = "other")) < 0 ||
        numbers_create(mine, WEFT_CHANNEL_OPTIONS(.name = "numbers", .capacity = 16), &out, &in) < 0)
        return 1;
    weft_spawn(weft_runtime_scope(mine), consumer, .in = in, .sum = &sum);
    weft_spawn(weft_runtime_scope(other), producer, .out = out);

    const int loop = epoll_create1(EPOLL_CLOEXEC), fd = weft_runtime_descriptor(mine);
    struct epoll_event event = {.events = EPOLLIN};
    if (loop < 0 || fd < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) < 0)
        return 1;
    while (live(mine)) {
        epoll_wait(loop, &event, 1, weft_runtime_timeout_ms(mine)); /* and whatever else the host waits for */
        if (weft_runtime_turn(mine, 100) < 0)
            break;
    }
    close(loop);
    printf("sum %ld\n", sum);
    const int result = weft_runtime_finish(mine);
    return weft_runtime_finish(other) < 0 || result < 0;
}
