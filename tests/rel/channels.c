/* SPDX-License-Identifier: MIT */
/*
 * Figure L2: very many channels at once, each with two senders that are tasks and a receiver that is one. Every message
 * arrives once and in its sender's order, and the memory of all of it goes back.
 */
/* ctest-timeout: 600, ctest-cost: 10 */
#include <inttypes.h>
#include <sched.h>
#include <weft.h>

#include "lib/rel.h"
#include "lib/stress.h"

enum { CAPACITY = 8, SENDERS = 2, MESSAGES = 100, EACH = MESSAGES / SENDERS, BACK_PERCENT = 20 };

static weft_runtime *rt;
static _Atomic uint64_t received, wrong;

struct letter {
    uint32_t sender;
    uint32_t number;
};

struct sender {
    weft_frame weft;
    weft_sender out;
    struct letter letter;
};

static weft_poll sender(weft_context *cx, struct sender *self)
{
    WEFT_BEGIN(cx, self);
    for (self->letter.number = 0; self->letter.number < EACH; self->letter.number++) {
        WEFT_AWAIT(self->weft.rc, weft_channel_send(cx, &self->out, &self->letter));
        VERDICT(self->weft.rc == 0);
    }
    weft_sender_close(&self->out);
    WEFT_END(0);
}

struct receiver {
    weft_frame weft;
    weft_receiver in;
    struct letter letter;
    uint32_t next[SENDERS];
};

static weft_poll receiver(weft_context *cx, struct receiver *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_channel_recv(cx, &self->in, &self->letter));
        if (self->weft.rc < 0)
            break;
        if (self->letter.sender < SENDERS && self->letter.number == self->next[self->letter.sender]++)
            atomic_fetch_add_explicit(&received, 1, memory_order_relaxed);
        else
            atomic_fetch_add(&wrong, 1);
    }
    VERDICT(self->weft.rc == WEFT_EPIPE);
    for (int i = 0; i < SENDERS; i++)
        VERDICT(self->next[i] == EACH);
    weft_receiver_close(&self->in);
    WEFT_END(0);
}

/* Open one and put its tasks to work. The receiver comes last: the channel is full by then, as often as not. */
static void channel_begin(void)
{
    weft_sender out[SENDERS];
    weft_receiver in;
    assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = CAPACITY), sizeof(struct letter), &out[0], &in), 0);
    for (int i = 1; i < SENDERS; i++)
        assert_int_equal(weft_sender_clone(&out[0], &out[i]), 0);
    for (uint32_t i = 0; i < SENDERS; i++)
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), sender, .out = out[i], .letter.sender = i)), 0);
    assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), receiver, .in = in)), 0);
}

static void many_channels_lose_nothing_and_their_memory_goes_back(void **state)
{
    (void)state;
    const uint64_t channels = rel_size(100000, 100000);
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .seed = stress_seed())), 0);
    const uint64_t before = stress_process_bytes();
    stress_hold(rt, 2); /* all the channels come to be before the first message is sent */
    for (uint64_t i = 0; i < channels; i++)
        channel_begin();
    const uint64_t peak = stress_process_bytes();
    stress_release();
    stress_settle(rt);
    const uint64_t allowed = (peak - before) * BACK_PERCENT / 100;
    const uint64_t after = rel_bytes_back(before + allowed / 2); /* half of what is allowed would do */
    assert_int_equal(weft_runtime_finish(rt), 0);
    verdict_assert();

    print_message("%" PRIu64 " channels and three tasks each: %" PRIu64 " bytes\n", channels, (peak - before) / channels);
    const double stays = after > before ? 100.0 * (double)(after - before) / (double)(peak - before) : 0;
    const uint64_t sent = channels * MESSAGES;
    const bool exact = rel_line("L2", (double)atomic_load(&received), (double)sent,
                                atomic_load(&received) == sent && atomic_load(&wrong) == 0, stress_seed());
    const bool back = rel_line("L2-back", stays, BACK_PERCENT, stays <= BACK_PERCENT, stress_seed());
    assert_true(exact && (stress_sanitized() || back)); /* a sanitizer's own memory is not ours */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_channels_lose_nothing_and_their_memory_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
