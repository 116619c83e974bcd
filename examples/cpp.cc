/* SPDX-License-Identifier: MIT */
/* Teaches that the headers are C++17, too: 01_hello in C++. Frames stay plain structs, which are copied bytewise. */
#include <cstdio>
#include <type_traits>
#include <weft.h>

/* A step has the name of its frame. That is fine in both languages, but gcc's -Wshadow calls it hiding a constructor. */
#pragma GCC diagnostic ignored "-Wshadow"

WEFT_CHANNEL_DEFINE(numbers, int)

struct producer { weft_frame weft; numbers_sender out; int i; };
static_assert(std::is_trivially_copyable<producer>::value, "a frame with a constructor would not be moved, but copied");

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

struct consumer { weft_frame weft; numbers_receiver in; int value; long sum; };

static weft_poll consumer(weft_context *cx, struct consumer *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        self->sum += self->value;
    }
    numbers_receiver_close(&self->in);
    std::printf("sum %ld\n", self->sum);
    WEFT_END(0);
}

int main()
{
    weft_runtime *rt;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "hello from C++")) < 0)
        return 1;
    numbers_sender out;
    numbers_receiver in;
    if (numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "numbers", .capacity = 64), &out, &in) < 0)
        return 1;
    weft_spawn(weft_runtime_scope(rt), producer, .out = out);
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("the consumer", .category = WEFT_ACTOR), consumer, .in = in);
    return weft_runtime_finish(rt);
}
