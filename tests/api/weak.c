/* SPDX-License-Identifier: MIT */
/* Weak senders: they keep the channel's memory and nothing else, and make a sender while there is one. */
#include "lib/verdict.h"
#include "lib/runtime.h"

/* WEAK-01 */
static void weak_sender_does_not_keep_the_channel_open(void **state)
{
    (void)state;
    numbers_sender out, again, more;
    numbers_receiver in;
    numbers_weak_sender weak, second;
    uint64_t got;
    world_channel(rt, 4, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_sender_downgrade(&out, &weak), 0);
    assert_int_equal(numbers_weak_sender_clone(&weak, &second), 0);
    assert_int_equal(world_stats(&in).senders, 1);
    assert_int_equal(numbers_weak_sender_upgrade(&weak, &again), 0); /* while there is one */
    assert_int_equal(world_stats(&in).senders, 2);
    numbers_sender_close(&out);
    assert_int_equal(numbers_weak_sender_upgrade(&second, &more), 0); /* any one */
    assert_int_equal(numbers_try_send(&more, 1), 0);
    numbers_sender_close(&again);
    numbers_sender_close(&more);
    assert_true(world_stats(&in).closed);
    more.weft.weft__state = 77;
    assert_int_equal(numbers_weak_sender_upgrade(&weak, &more), WEFT_EPIPE); /* and no more after the last */
    assert_int_equal(more.weft.weft__state, 77);
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(got, 1);
    assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EPIPE);
    numbers_receiver_close(&in);
    assert_int_equal(world_channels(rt), 1); /* the weak ones hold what they may ask */
    assert_int_equal(numbers_weak_sender_upgrade(&second, &more), WEFT_EPIPE);
    numbers_weak_sender_close(&weak);
    numbers_weak_sender_close(&weak);
    assert_int_equal(world_channels(rt), 1);
    numbers_weak_sender_close(&second);
    assert_int_equal(world_channels(rt), 0);
}

/* WEAK-01: a permit is no sender: the receiver waits for it, and nobody can be made of it. */
static void permit_alone_gives_no_sender(void **state)
{
    (void)state;
    numbers_sender out, none;
    numbers_receiver in;
    numbers_weak_sender weak;
    numbers_permit permit;
    uint64_t got;
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_sender_downgrade(&out, &weak), 0);
    assert_int_equal(numbers_try_reserve(&out, &permit), 0);
    numbers_sender_close(&out);
    assert_int_equal(numbers_weak_sender_upgrade(&weak, &none), WEFT_EPIPE);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
    assert_int_equal(numbers_permit_send(&permit, 9), 0);
    assert_int_equal(numbers_try_recv(&in, &got), 0);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EPIPE);
    numbers_weak_sender_close(&weak);
    numbers_receiver_close(&in);
}

/* WEAK-05 */
static void upgrade_before_the_last_close_keeps_the_channel_usable(void **state)
{
    (void)state;
    numbers_sender out, strong;
    numbers_receiver in;
    numbers_weak_sender weak;
    uint64_t got;
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    assert_int_equal(numbers_sender_downgrade(&out, &weak), 0);
    assert_int_equal(numbers_weak_sender_upgrade(&weak, &strong), 0);
    numbers_sender_close(&out);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
    for (uint64_t i = 0; i < 10; i++) {
        assert_int_equal(numbers_try_send(&strong, i), 0);
        assert_int_equal(numbers_try_recv(&in, &got), 0);
        assert_int_equal(got, i);
    }
    numbers_weak_sender_close(&weak);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EAGAIN);
    numbers_sender_close(&strong);
    assert_int_equal(numbers_try_recv(&in, &got), WEFT_EPIPE);
    numbers_receiver_close(&in);
}

static atomic_uint dropped;
static void count_drop(void *message, void *context)
{
    (void)message;
    (void)context;
    atomic_fetch_add(&dropped, 1);
}

/* WEAK-04: what nobody will receive is dropped with the receiver, whoever holds a handle, weak or not. */
static void close_of_the_receiver_drops_messages_though_weak_senders_remain(void **state)
{
    (void)state;
    numbers_sender out, strong;
    numbers_receiver in;
    numbers_weak_sender weak;
    assert_int_equal(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 4, .drop = count_drop), &out, &in), 0);
    assert_int_equal(numbers_sender_downgrade(&out, &weak), 0);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(numbers_try_send(&out, i), 0);
    numbers_receiver_close(&in);
    assert_int_equal(atomic_load(&dropped), 3);
    assert_int_equal(numbers_weak_sender_upgrade(&weak, &strong), 0); /* there is one; it has nobody to send to */
    assert_int_equal(numbers_try_send(&strong, 4), WEFT_EPIPE);
    numbers_sender_close(&strong);
    numbers_sender_close(&out);
    numbers_weak_sender_close(&weak);
}

static void weak_handles_misused_are_refused(void **state)
{
    (void)state;
    numbers_sender out;
    numbers_receiver in;
    weft_sender sender, never = {NULL, 0, 0};
    weft_weak_sender weak, none = {NULL, 0, 0};
    world_channel(rt, 2, WEFT_WAIT, &out, &in);
    assert_int_equal(weft_sender_downgrade(NULL, &weak), WEFT_EINVAL);
    assert_int_equal(weft_sender_downgrade(&out.weft, NULL), WEFT_EINVAL);
    assert_int_equal(weft_sender_downgrade(&never, &weak), WEFT_EINVAL);
    assert_int_equal(weft_weak_sender_upgrade(NULL, &sender), WEFT_EINVAL);
    assert_int_equal(weft_weak_sender_upgrade(&none, &sender), WEFT_EINVAL);
    assert_non_null(strstr(weft_error_detail(), "weft_weak_sender_upgrade"));
    assert_int_equal(weft_weak_sender_clone(&none, &weak), WEFT_EINVAL);
    assert_int_equal(weft_weak_sender_clone(NULL, &weak), WEFT_EINVAL);
    weft_weak_sender_close(NULL);
    weft_weak_sender_close(&none);
    assert_int_equal(weft_sender_downgrade(&out.weft, &weak), 0);
    assert_int_equal(weft_weak_sender_upgrade(&weak, NULL), WEFT_EINVAL);
    assert_int_equal(weft_weak_sender_clone(&weak, NULL), WEFT_EINVAL);
    weft_weak_sender stale = weak;
    weft_weak_sender_close(&weak);
    assert_int_equal(weft_weak_sender_upgrade(&weak, &sender), WEFT_EPIPE);
    assert_int_equal(weft_weak_sender_clone(&weak, &none), WEFT_EPIPE);
    numbers_sender_close(&out);
    assert_int_equal(weft_sender_downgrade(&out.weft, &weak), WEFT_EPIPE);
    numbers_receiver_close(&in);
    assert_int_equal(weft_weak_sender_upgrade(&stale, &sender), WEFT_ESRCH);
    weft_weak_sender_close(&stale);
}

/* Upgrades against the close of the last: each has a sender with which every send works, or none. */
enum { RACES = 2000 };
static numbers_weak_sender racing;
static atomic_uint round_number, upgraded;

static void *racer(void *context)
{
    (void)context;
    for (unsigned i = 1; i <= RACES; i++) {
        WORLD_UNTIL(atomic_load(&round_number) >= i);
        numbers_sender mine;
        const int rc = numbers_weak_sender_upgrade(&racing, &mine);
        VERDICT(rc == 0 || rc == WEFT_EPIPE);
        if (rc == 0) {
            VERDICT(numbers_try_send(&mine, i) == 0);
            numbers_sender_close(&mine);
        }
        atomic_store(&upgraded, i * 2 + (rc == 0));
    }
    return NULL;
}

static void upgrade_racing_with_the_last_close_is_whole_or_refused(void **state)
{
    (void)state;
    pthread_t thread;
    atomic_store(&round_number, 0);
    pthread_create(&thread, NULL, racer, NULL);
    for (unsigned i = 1; i <= RACES; i++) {
        numbers_sender out;
        numbers_receiver in;
        uint64_t got = 0;
        world_channel(rt, 1, WEFT_WAIT, &out, &in);
        assert_int_equal(numbers_sender_downgrade(&out, &racing), 0);
        atomic_store(&round_number, i);
        for (unsigned wait = i % 64; wait > 0; wait--)
            atomic_load(&upgraded);
        numbers_sender_close(&out);
        const int rc = numbers_recv_blocking(&in, &got, WEFT_FOREVER);
        WORLD_UNTIL(atomic_load(&upgraded) >= i * 2);
        assert_int_equal(rc, atomic_load(&upgraded) % 2 ? 0 : WEFT_EPIPE);
        assert_true(rc < 0 || got == i);
        assert_int_equal(numbers_recv_blocking(&in, &got, WEFT_FOREVER), WEFT_EPIPE);
        numbers_weak_sender_close(&racing);
        numbers_receiver_close(&in);
    }
    pthread_join(thread, NULL);
    verdict_assert();
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weak_sender_does_not_keep_the_channel_open),
        cmocka_unit_test(permit_alone_gives_no_sender),
        cmocka_unit_test(upgrade_before_the_last_close_keeps_the_channel_usable),
        cmocka_unit_test(close_of_the_receiver_drops_messages_though_weak_senders_remain),
        cmocka_unit_test(weak_handles_misused_are_refused),
        cmocka_unit_test(upgrade_racing_with_the_last_close_is_whole_or_refused),
    };
    return cmocka_run_group_tests(tests, runtime_of_two, runtime_end);
}
