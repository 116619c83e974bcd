/* SPDX-License-Identifier: MIT */
/*
 * A copy of a handle that was closed is refused for ever, also when the memory of the channel has been given back to the
 * system, and when another channel lives there.
 */
#include <weft.h>

#include "channel/channel.h"
#include "lib/stress.h"
#include "sync/meeting.h"
#include "task/env.h"

static weft_runtime *rt;

static int stale_begin(void **state)
{
    (void)state;
    return weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1));
}

static int stale_end(void **state)
{
    (void)state;
    return weft_runtime_destroy(rt);
}

/* What the monitor's thread does every second, until nothing is left to give back. */
static void trim(void)
{
    for (int i = 0; i < 3; i++) {
        weft__slab_trim(&weft__env_of(rt)->channels->slab);
        weft__sync_trim(weft__env_of(rt)->sync);
    }
}

enum { CHANNELS = 200 }; /* some pages of them: the one slot that shares a page with the header is not alone */

static void copies_of_closed_handles_are_refused_after_the_trim(void **state)
{
    (void)state;
    static weft_sender senders[CHANNELS], stale_out[CHANNELS];
    static weft_receiver receivers[CHANNELS], stale_in[CHANNELS];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < CHANNELS; i++)
            assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1), sizeof(int), &senders[i],
                                                 &receivers[i]), 0);
        const uint64_t bytes = weft__load_relaxed(&weft__env_of(rt)->channels->slab.bytes);
        for (int i = 0; round == 1 && i < CHANNELS; i++) /* others live there now */
            assert_int_equal(weft_channel_try_send(&stale_out[i], &i), WEFT_ESRCH);
        for (int i = 0; i < CHANNELS; i++) {
            stale_out[i] = senders[i];
            stale_in[i] = receivers[i];
            weft_sender_close(&senders[i]);
            weft_receiver_close(&receivers[i]);
        }
        trim();
        assert_true(weft__load_relaxed(&weft__env_of(rt)->channels->slab.bytes) < bytes / 8);
        for (int i = 0; i < CHANNELS; i++) {
            int value = i;
            weft_sender clone;
            weft_channel_stats stats = {.size = sizeof stats};
            assert_int_equal(weft_channel_try_send(&stale_out[i], &value), WEFT_ESRCH);
            assert_int_equal(weft_channel_try_recv(&stale_in[i], &value), WEFT_ESRCH);
            assert_int_equal(weft_sender_clone(&stale_out[i], &clone), WEFT_ESRCH);
            assert_int_equal(weft_receiver_stats(&stale_in[i], &stats), WEFT_ESRCH);
        }
    }
}

static void copies_of_destroyed_meeting_points_are_refused_after_the_trim(void **state)
{
    (void)state;
    static weft_semaphore semaphores[CHANNELS], stale[CHANNELS];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < CHANNELS; i++)
            assert_int_equal(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.permits = 3), &semaphores[i]), 0);
        for (int i = 0; round == 1 && i < CHANNELS; i++)
            assert_int_equal(weft_semaphore_try_acquire(&stale[i], 1), WEFT_ESRCH);
        for (int i = 0; i < CHANNELS; i++) {
            stale[i] = semaphores[i];
            weft_semaphore_destroy(&semaphores[i]);
        }
        trim();
        for (int i = 0; i < CHANNELS; i++) {
            assert_int_equal(weft_semaphore_try_acquire(&stale[i], 1), WEFT_ESRCH);
            assert_int_equal(weft_semaphore_release(&stale[i], 1), WEFT_ESRCH);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_of_closed_handles_are_refused_after_the_trim),
        cmocka_unit_test(copies_of_destroyed_meeting_points_are_refused_after_the_trim),
    };
    return cmocka_run_group_tests(tests, stale_begin, stale_end);
}
