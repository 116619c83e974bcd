/* SPDX-License-Identifier: MIT */
/* A stranger's program: two tasks and a channel, built against an installed weft as C11 and, the same text, as C++17. */
#include <stdio.h>
#include <string.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(numbers, int)

struct producer {
    weft_frame weft;
    numbers_sender out;
    int i;
};

static weft_poll producer(weft_context *cx, struct producer *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 1000; self->i++) {
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, self->i));
        if (self->weft.rc < 0)
            break;
    }
    numbers_sender_close(&self->out);
    WEFT_END(0);
}

struct consumer {
    weft_frame weft;
    numbers_receiver in;
    int value;
    long sum;
};

static weft_poll consumer(weft_context *cx, struct consumer *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        self->sum += self->value;
    }
    printf("sum %ld\n", self->sum);
    WEFT_END(0);
}

int main(void)
{
    weft_runtime *rt;
    numbers_sender out;
    numbers_receiver in;
    if (strcmp(weft_version(), WEFT_VERSION) != 0)
        return 2;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "hello")) < 0)
        return 3;
    if (numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "numbers", .capacity = 64), &out, &in) < 0)
        return 4;
    weft_spawn(weft_runtime_scope(rt), producer, .out = out);
    weft_spawn(weft_runtime_scope(rt), consumer, .in = in);
    return weft_runtime_finish(rt) < 0;
}
