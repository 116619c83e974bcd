/* SPDX-License-Identifier: MIT */
/* A send that is to drop the oldest message while another thread, which has been preempted, is still writing just that. */
#include "base/platform.h"
#include "channel/channel.h"
#include "lib/verdict.h"
#include "lib/world.h"

static struct weft__platform table;
static atomic_uint rests;

static void rest(int64_t ns)
{
    atomic_fetch_add(&rests, 1);
    weft__platform_linux.rest(ns);
}

static void *sender(void *out)
{
    VERDICT(numbers_try_send(out, 2) == 1); /* one was dropped for it */
    return NULL;
}

/* At a real-time priority it would keep the writer from its processor for ever by looking and yielding alone. */
static void sender_rests_while_the_oldest_is_being_written(void **state)
{
    (void)state;
    table = weft__platform_linux;
    table.rest = rest;
    weft__platform = &table;
    weft_runtime *rt = world_begin(1);
    numbers_sender out;
    numbers_receiver in;
    assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1, .overflow = WEFT_DROP_OLDEST), &out, &in), 0);
    weft_channel *channel = out.weft.weft__channel;
    unsigned char *slot = weft__channel_slot(channel, 0);
    weft__fetch_add_acq_rel(&channel->gate, WEFT__GATE_POS_ONE); /* the place is claimed; the message is to come */
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, sender, &out), 0);
    WORLD_UNTIL(atomic_load(&rests) >= 3);
    *(uint64_t *)(void *)slot = 1;
    weft__store_release(weft__channel_word(channel, slot), weft__slot_word(weft__slot_seq(0), 0));
    pthread_join(thread, NULL);
    verdict_assert();
    uint64_t got = 0;
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(got, 2);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    world_end(rt, 0);
    weft__platform = &weft__platform_linux;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sender_rests_while_the_oldest_is_being_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
