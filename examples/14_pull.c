/* SPDX-License-Identifier: MIT */
/*
 * A host that pulls: a plain thread with a poll loop of its own takes work from a channel, whose descriptor is one of those
 * that it polls. While it does something else the channel fills, and its monitor tells for how long the oldest has waited.
 */
#include <poll.h>
#include <stdio.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(work, int)

enum { PIECES = 100, CAPACITY = 10 };

struct maker { weft_frame weft; work_sender out; int i; };

static weft_poll maker(weft_context *cx, struct maker *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 1; self->i <= PIECES; self->i++) {
        WEFT_AWAIT(self->weft.rc, work_send(cx, &self->out, self->i)); /* waits while the host does not pull */
        if (self->weft.rc < 0)
            break;
    }
    work_sender_close(&self->out);
    WEFT_END(0);
}

static weft_channel_stats look(const work_receiver *in)
{
    weft_channel_stats stats = {.size = sizeof stats};
    weft_receiver_stats(&in->weft, &stats);
    return stats;
}

int main(void)
{
    weft_runtime *rt;
    work_sender out;
    work_receiver in;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "pull")) < 0 ||
        work_create(rt, WEFT_CHANNEL_OPTIONS(.name = "work", .capacity = CAPACITY), &out, &in) < 0)
        return 1;
    struct pollfd polled = {.fd = work_receiver_descriptor(&in), .events = POLLIN};
    if (polled.fd < 0)
        return 1;
    weft_spawn(weft_runtime_scope(rt), maker, .out = out);

    /* The host is busy elsewhere, and it can be seen. */
    while (look(&in).senders_waiting == 0 || look(&in).oldest_message_age_ns < 5000000)
        continue;
    printf("not pulled: depth %u of %u, a sender waits\n", look(&in).depth, look(&in).capacity);

    int sum = 0, value = 0, rc = 0;
    while (rc != WEFT_EPIPE) {
        poll(&polled, 1, -1); /* and whatever else it polls; a timeout is poll's own */
        while ((rc = work_try_recv(&in, &value)) == 0)
            sum += value;
    }
    printf("pulled: sum %d\n", sum);
    work_receiver_close(&in);
    return weft_runtime_finish(rt);
}
