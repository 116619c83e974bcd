/* SPDX-License-Identifier: MIT */
/* Channels: of each policy, of each way to send and to receive. */
#include "sweep.h"

#include <stdlib.h>

SCENARIO(channel)
{
    weft_runtime *rt = tally_create(tally, 1);
    if (!rt)
        return;
    for (int i = 0; i < 20; i++) {
        numbers_sender out = {0}, second = {0};
        numbers_receiver in = {0};
        const int code = TRY("weft_channel_create",
                               numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "c", .capacity = 4), &out, &in));
        if (code != 0) {
            HOLDS(!out.weft.weft__channel && !in.weft.weft__channel);
            continue;
        }
        const unsigned before = faulty_calls_here();
        numbers_permit permit;
        uint64_t got;
        HOLDS(numbers_sender_clone(&out, &second) == 0);
        HOLDS(numbers_try_send(&out, 1) == 0);
        HOLDS(numbers_send_blocking(&second, 2, 0) == 0);
        HOLDS(numbers_try_reserve(&out, &permit) == 0);
        HOLDS(numbers_permit_send(&permit, 3) == 0);
        HOLDS(numbers_try_reserve(&out, &permit) == 0);
        numbers_permit_release(&permit);
        tally->sent += 3;
        weft_channel_stats stats = {.size = sizeof stats};
        HOLDS(weft_receiver_stats(&in.weft, &stats) == 0);
        numbers_sender_close(&out);
        numbers_sender_close(&second);
        while (numbers_recv_blocking(&in, &got, WEFT_FOREVER) == 0)
            tally->received++;
        numbers_receiver_stop(&in);
        numbers_receiver_close(&in);
        HOLDS(faulty_calls_here() == before); /* nothing of this allocates */
    }
    tally_destroy(tally, rt);
}

/* Tasks that wait at both ends of a channel, and are cancelled or served. */
SCENARIO(traffic)
{
    weft_runtime *rt = tally_create(tally, 2);
    if (!rt)
        return;
    numbers_sender out;
    numbers_receiver in;
    atomic_ullong count = 0;
    if (TRY("weft_channel_create", numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), &out, &in)) == 0) {
        for (uint64_t i = 0; i < 3; i++) {
            numbers_sender mine;
            HOLDS(numbers_sender_clone(&out, &mine) == 0);
            if (TRY_SPAWN(weft_spawn(weft_runtime_scope(rt), pusher, .out = mine, .from = i, .count = 50,
                                              .done = &tally->ended)) == 0)
                tally->sent += 50;
            else
                numbers_sender_close(&mine); /* the frame was not taken: the handle is still ours */
        }
        numbers_sender_close(&out);
        if (TRY_SPAWN(weft_spawn(weft_runtime_scope(rt), puller, .in = in, .count = &count,
                                          .done = &tally->ended)) != 0) {
            uint64_t got;
            while (numbers_recv_blocking(&in, &got, WEFT_FOREVER) == 0)
                atomic_fetch_add(&count, 1);
            numbers_receiver_close(&in);
        }
    }
    tally_finish(tally, rt);
    tally->received = atomic_load(&count);
}

/* What is full does what its policy says, and asks nobody for memory. */
SCENARIO(policies)
{
    static const weft_overflow policies[] = {WEFT_WAIT, WEFT_FAIL, WEFT_DROP_NEWEST, WEFT_DROP_OLDEST};
    weft_runtime *rt = tally_create(tally, 1);
    for (int i = 0; rt && i < 4; i++) {
        numbers_sender out;
        numbers_receiver in;
        if (TRY("weft_channel_create",
                numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 3, .overflow = policies[i]), &out, &in)) != 0)
            continue;
        const unsigned before = faulty_calls_here();
        for (uint64_t n = 0; n < 10; n++) {
            const int code = numbers_try_send(&out, n);
            HOLDS(code >= 0 || (code == WEFT_EAGAIN && policies[i] <= WEFT_FAIL));
        }
        uint64_t got;
        while (numbers_try_recv(&in, &got) == 0)
            continue;
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
        HOLDS(faulty_calls_here() == before);
    }
    tally_destroy(tally, rt);
}

SCENARIO(permits)
{
    weft_runtime *rt = tally_create(tally, 1);
    numbers_sender out;
    numbers_receiver in;
    if (rt && TRY("weft_channel_create", numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 8), &out, &in)) == 0) {
        numbers_permit permits[8];
        const unsigned before = faulty_calls_here();
        for (int i = 0; i < 8; i++)
            HOLDS(numbers_try_reserve(&out, &permits[i]) == 0);
        numbers_sender_close(&out); /* they outlive it */
        for (int i = 0; i < 8; i++)
            if (i % 2)
                HOLDS(numbers_permit_send(&permits[i], (uint64_t)i) == 0);
            else
                numbers_permit_release(&permits[i]);
        uint64_t got;
        tally->sent += 4;
        while (numbers_recv_blocking(&in, &got, WEFT_FOREVER) == 0)
            tally->received++;
        numbers_receiver_close(&in);
        HOLDS(faulty_calls_here() == before);
    }
    tally_destroy(tally, rt);
}

/* Rings from a page's slot to a megabyte: the small ones live in slabs, the large ones on the heap. */
SCENARIO(large_messages)
{
    static const size_t sizes[] = {1, 100, 4000, 60000, 1000000};
    weft_runtime *rt = tally_create(tally, 1);
    unsigned char *message = calloc(1, 1000000), *got = malloc(1000000);
    for (int i = 0; rt && message && got && i < 5; i++) {
        weft_sender out;
        weft_receiver in;
        message[sizes[i] - 1] = (unsigned char)i;
        if (TRY("weft_channel_create",
                weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 2), sizes[i], &out, &in)) != 0)
            continue;
        HOLDS(weft_channel_try_send(&out, message) == 0);
        HOLDS(weft_channel_try_recv(&in, got) == 0 && got[sizes[i] - 1] == i);
        weft_sender_close(&out);
        weft_receiver_close(&in);
    }
    free(message);
    free(got);
    tally_destroy(tally, rt);
}

/* Each operation as one of two futures. */
struct futures {
    weft_frame weft;
    struct tally *tally;
    numbers_sender out;
    numbers_receiver in;
    numbers_permit permit;
    uint64_t number, got;
    weft_select_state select;
    weft_send_future send;
    weft_recv_future recv;
    weft_reserve_future reserve;
    unsigned before;
};

static weft_poll futures(weft_context *cx, struct futures *self)
{
    struct tally *const tally = self->tally;
    WEFT_BEGIN(cx, self);
    self->before = faulty_calls_here();
    weft_send_begin(&self->send, &self->out.weft, &self->number);
    WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->send.future));
    HOLDS(self->weft.rc == 0 && self->send.future.result == 0);
    weft_recv_begin(&self->recv, &self->in.weft, &self->got);
    WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->recv.future));
    HOLDS(self->weft.rc == 0 && self->recv.future.result == 0 && self->got == self->number);
    weft_reserve_begin(&self->reserve, &self->out.weft, &self->permit.weft);
    WEFT_AWAIT(self->weft.rc, weft_select(cx, &self->select, &self->reserve.future));
    HOLDS(self->weft.rc == 0 && self->reserve.future.result == 0);
    numbers_permit_release(&self->permit);
    HOLDS(faulty_calls_here() == self->before);
    numbers_sender_close(&self->out);
    numbers_receiver_close(&self->in);
    atomic_fetch_add(&tally->ended, 1);
    WEFT_END(0);
}

SCENARIO(channel_futures)
{
    weft_runtime *rt = tally_create(tally, 1);
    numbers_sender out;
    numbers_receiver in;
    if (rt && TRY("weft_channel_create", numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), &out, &in)) == 0 &&
        TRY_SPAWN(weft_spawn(weft_runtime_scope(rt), futures, .tally = tally, .out = out, .in = in, .number = 7)) != 0) {
        numbers_sender_close(&out);
        numbers_receiver_close(&in);
    }
    tally_finish(tally, rt);
}

/* Handles that are used, and closed, after their runtime has gone. */
SCENARIO(outliving_channels)
{
    weft_runtime *rt = tally_create(tally, 1);
    if (!rt)
        return;
    numbers_sender outs[12];
    numbers_receiver ins[12];
    int made = 0;
    for (int i = 0; i < 12; i++)
        made += TRY("weft_channel_create",
                    numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 2), &outs[made], &ins[made])) == 0;
    const unsigned before = faulty_calls_here();
    tally_destroy(tally, rt);
    for (int i = 0; i < made; i++) {
        uint64_t got;
        HOLDS(numbers_try_send(&outs[i], (uint64_t)i) == 0);
        numbers_sender_close(&outs[i]);
        HOLDS(numbers_try_recv(&ins[i], &got) == 0 && got == (uint64_t)i);
        numbers_receiver_close(&ins[i]);
    }
    HOLDS(faulty_calls_here() == before);
}
