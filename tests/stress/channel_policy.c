/* SPDX-License-Identifier: MIT */
/*
 * Channels that do not wait: what an overflow drops, what a reservation finds, and what the monitor says meanwhile.
 * Host threads only, so that two processors really meet.
 */
#include <string.h>
#include <weft.h>

#include "lib/stress.h"

static weft_runtime *rt;
static weft_sender out;
static weft_receiver in;
static _Atomic int stop;
static uint64_t rounds;

static int policy_begin(void **state)
{
    (void)state;
    atomic_store(&stop, 0);
    return weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1));
}

static int policy_end(void **state)
{
    (void)state;
    weft_sender_close(&out);
    weft_receiver_close(&in);
    return weft_runtime_destroy(rt);
}

static void open_channel(const weft_channel_options *options)
{
    assert_int_equal(weft_channel_create(rt, options, sizeof(uint64_t), &out, &in), 0);
}

/* One processor sends and receives, at most one message at a time; the other reserves: there is always room. */
static void reserve_beside_traffic(void *context, unsigned number)
{
    (void)context;
    if (number == 0) {
        for (uint64_t i = 0, got; i < rounds; i++) {
            VERDICT(weft_channel_try_send(&out, &i) == 0);
            VERDICT(weft_channel_try_recv(&in, &got) == 0 && got == i);
        }
        atomic_store(&stop, 1);
        return;
    }
    weft_sender mine;
    VERDICT(weft_sender_clone(&out, &mine) == 0);
    while (!atomic_load(&stop)) {
        weft_permit permit;
        if (VERDICT(weft_channel_try_reserve(&mine, &permit) == 0))
            weft_permit_release(&permit);
    }
    weft_sender_close(&mine);
}

/* known bug 61 */
static void reserve_with_room_is_never_refused(void **state)
{
    (void)state;
    rounds = stress_scale(2000000);
    open_channel(WEFT_CHANNEL_OPTIONS(.capacity = 8));
    stress_threads(2, reserve_beside_traffic, NULL);
    verdict_assert();
    weft_channel_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_sender_stats(&out, &stats), 0);
    assert_int_equal(stats.failed, 0);
    assert_int_equal(stats.reserved, 0);
}

/* The newest may be dropped only if every place is reserved, and here none is. */
static _Thread_local uint64_t sending;
static _Atomic uint64_t dropped;

static void drop_old(void *message, void *context)
{
    (void)context;
    uint64_t value;
    memcpy(&value, message, sizeof value);
    VERDICT(sending == 0 || value < sending);
    atomic_fetch_add(&dropped, 1);
}

static _Atomic uint64_t taken;

static void send_beside_receive(void *context, unsigned number)
{
    (void)context;
    if (number == 0) {
        for (sending = 1; sending <= rounds; sending++) {
            const uint64_t value = sending;
            VERDICT(weft_channel_try_send(&out, &value) >= 0);
        }
        sending = 0;
        atomic_store(&stop, 1);
        return;
    }
    for (uint64_t got, last = 0;;) {
        const int stopped = atomic_load(&stop);
        if (weft_channel_try_recv(&in, &got) == 0) {
            VERDICT(got > last);
            last = got;
            atomic_fetch_add(&taken, 1);
        } else if (stopped) {
            VERDICT(last == rounds); /* the newest always arrives */
            return;
        }
    }
}

static void drop_oldest_never_drops_the_newest(void **state)
{
    (void)state;
    for (size_t capacity = 1; capacity <= 3; capacity++) {
        rounds = stress_scale(500000);
        atomic_store(&stop, 0);
        atomic_store(&dropped, 0);
        atomic_store(&taken, 0);
        open_channel(WEFT_CHANNEL_OPTIONS(.capacity = capacity, .overflow = WEFT_DROP_OLDEST, .drop = drop_old));
        stress_threads(2, send_beside_receive, NULL);
        verdict_assert();
        assert_int_equal(atomic_load(&taken) + atomic_load(&dropped), rounds);
        weft_channel_stats stats = {.size = sizeof stats};
        assert_int_equal(weft_sender_stats(&out, &stats), 0);
        assert_int_equal(stats.sent, rounds);
        assert_int_equal(stats.received, atomic_load(&taken));
        assert_int_equal(stats.dropped, atomic_load(&dropped));
        if (capacity < 3) {
            weft_sender_close(&out);
            weft_receiver_close(&in);
        }
    }
}

/* A reader of the statistics beside it all: no count is ever negative, none goes back, and depth fits the capacity. */
static void look_beside_dropping(void *context, unsigned number)
{
    (void)context;
    if (number < 2) {
        weft_sender mine;
        VERDICT(weft_sender_clone(&out, &mine) == 0);
        for (uint64_t i = 0; i < rounds; i++) {
            uint64_t got;
            VERDICT(weft_channel_try_send(&mine, &i) >= 0);
            if (number == 0 && i % 64 == 0 && weft_channel_try_recv(&in, &got) == 0)
                atomic_fetch_add(&taken, 1);
        }
        weft_sender_close(&mine);
        atomic_fetch_add(&stop, 1);
        return;
    }
    weft_channel_stats before = {.size = sizeof before};
    while (atomic_load(&stop) < 2) {
        weft_channel_stats now = {.size = sizeof now};
        VERDICT(weft_sender_stats(&out, &now) == 0);
        VERDICT(now.depth <= now.capacity && now.depth_max <= now.capacity);
        VERDICT(now.received <= now.sent && now.dropped <= now.sent);
        VERDICT(now.sent >= before.sent && now.received >= before.received && now.dropped >= before.dropped);
        VERDICT(now.saturation >= 0 && now.saturation <= 1);
        before = now;
    }
}

/* known bug 59 */
static void stats_beside_dropping_are_never_negative(void **state)
{
    (void)state;
    rounds = stress_scale(1000000);
    atomic_store(&taken, 0);
    open_channel(WEFT_CHANNEL_OPTIONS(.capacity = 4, .overflow = WEFT_DROP_OLDEST));
    stress_threads(3, look_beside_dropping, NULL);
    verdict_assert();
    weft_channel_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_sender_stats(&out, &stats), 0);
    assert_int_equal(stats.sent, 2 * rounds);
    assert_int_equal(stats.received, atomic_load(&taken));
    assert_int_equal(stats.sent, stats.received + stats.dropped + stats.depth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reserve_with_room_is_never_refused, policy_begin, policy_end),
        cmocka_unit_test_setup_teardown(drop_oldest_never_drops_the_newest, policy_begin, policy_end),
        cmocka_unit_test_setup_teardown(stats_beside_dropping_are_never_negative, policy_begin, policy_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
