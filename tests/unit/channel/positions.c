/* SPDX-License-Identifier: MIT */
/*
 * A channel whose positions wrap, by one thread. CMakeLists.txt builds this file twice: as it is, and together with a
 * channel room whose positions have 8 bits, so that 256 messages are once around.
 */
#include <weft.h>

#include "lib/stress.h"

enum { ROUNDS = 1000 };

static weft_runtime *rt;

static int positions_begin(void **state)
{
    (void)state;
    return weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1));
}

static int positions_end(void **state)
{
    (void)state;
    return weft_runtime_destroy(rt);
}

static unsigned drops;
static void drop(void *message, void *context)
{
    (void)message;
    (void)context;
    drops++;
}

static const unsigned capacities[] = {1, 2, 3, 7, 33, 64};

/* known bug 73 */
static void channel_around_the_wrap_keeps_order_and_capacity(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++) {
        weft_sender out;
        weft_receiver in;
        unsigned sent = 0, received = 0, message;
        struct weft__rng rng = stress_rng((unsigned)c);
        assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = capacities[c]), sizeof message, &out, &in), 0);
        for (int round = 0; round < ROUNDS; round++) {
            const unsigned depth = sent - received;
            for (unsigned i = weft__rng_below(&rng, capacities[c] - depth + 1); i > 0; i--, sent++)
                assert_int_equal(weft_channel_try_send(&out, &sent), 0);
            if (sent - received == capacities[c])
                assert_int_equal(weft_channel_try_send(&out, &sent), WEFT_EAGAIN);
            weft_channel_stats stats = {.size = sizeof stats};
            assert_int_equal(weft_sender_stats(&out, &stats), 0);
            assert_int_equal(stats.depth, sent - received);
            for (unsigned i = weft__rng_below(&rng, sent - received + 1); i > 0; i--, received++) {
                assert_int_equal(weft_channel_try_recv(&in, &message), 0);
                assert_int_equal(message, received);
            }
            if (sent == received)
                assert_int_equal(weft_channel_try_recv(&in, &message), WEFT_EAGAIN);
        }
        weft_sender_close(&out);
        for (; received < sent; received++) {
            assert_int_equal(weft_channel_try_recv(&in, &message), 0);
            assert_int_equal(message, received);
        }
        assert_int_equal(weft_channel_try_recv(&in, &message), WEFT_EPIPE);
        weft_receiver_close(&in);
    }
}

static void channel_permits_around_the_wrap(void **state)
{
    (void)state;
    weft_sender out;
    weft_receiver in;
    unsigned message;
    assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 3), sizeof message, &out, &in), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        weft_permit permits[4];
        for (int i = 0; i < 3; i++)
            assert_int_equal(weft_channel_try_reserve(&out, &permits[i]), 0);
        assert_int_equal(weft_channel_try_reserve(&out, &permits[3]), WEFT_EAGAIN);
        assert_int_equal(weft_channel_try_send(&out, &round), WEFT_EAGAIN);
        weft_permit_release(&permits[round % 3]);
        assert_int_equal(weft_channel_try_send(&out, &round), 0);
        for (int i = 0; i < 3; i++)
            if (permits[i].weft__channel) {
                const unsigned value = round + 1;
                assert_int_equal(weft_permit_send(&permits[i], &value), 0);
            }
        for (int i = 0; i < 3; i++) {
            assert_int_equal(weft_channel_try_recv(&in, &message), 0);
            assert_int_equal(message, round + (i > 0));
        }
        assert_int_equal(weft_channel_try_recv(&in, &message), WEFT_EAGAIN);
    }
    weft_sender_close(&out);
    weft_receiver_close(&in);
}

static void channel_drop_oldest_around_the_wrap_keeps_the_newest(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++) {
        weft_sender out;
        weft_receiver in;
        unsigned message;
        drops = 0;
        assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = capacities[c], .overflow = WEFT_DROP_OLDEST,
                                                                      .drop = drop), sizeof message, &out, &in), 0);
        for (unsigned i = 0; i < ROUNDS; i++)
            assert_int_equal(weft_channel_try_send(&out, &i), i >= capacities[c]);
        assert_int_equal(drops, ROUNDS - capacities[c]);
        for (unsigned i = ROUNDS - capacities[c]; i < ROUNDS; i++) {
            assert_int_equal(weft_channel_try_recv(&in, &message), 0);
            assert_int_equal(message, i);
        }
        assert_int_equal(weft_channel_try_recv(&in, &message), WEFT_EAGAIN);
        weft_sender_close(&out);
        weft_receiver_close(&in);
    }
}

/* known bug 73 */
static void channel_closed_anywhere_on_the_circle_drops_what_is_queued(void **state)
{
    (void)state;
    for (unsigned start = 0; start < 300; start++) {
        weft_sender out;
        weft_receiver in;
        unsigned message;
        drops = 0;
        assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 7, .drop = drop), sizeof message, &out, &in), 0);
        for (unsigned i = 0; i < start; i++) {
            assert_int_equal(weft_channel_try_send(&out, &i), 0);
            assert_int_equal(weft_channel_try_recv(&in, &message), 0);
        }
        for (unsigned i = 0; i < start % 8; i++)
            assert_int_equal(weft_channel_try_send(&out, &i), 0);
        weft_receiver_close(&in);
        assert_int_equal(drops, start % 8);
        assert_int_equal(weft_channel_try_send(&out, &message), WEFT_EPIPE);
        weft_sender_close(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channel_around_the_wrap_keeps_order_and_capacity),
        cmocka_unit_test(channel_permits_around_the_wrap),
        cmocka_unit_test(channel_drop_oldest_around_the_wrap_keeps_the_newest),
        cmocka_unit_test(channel_closed_anywhere_on_the_circle_drops_what_is_queued),
    };
    return cmocka_run_group_tests(tests, positions_begin, positions_end);
}
