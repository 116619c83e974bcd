/* SPDX-License-Identifier: MIT */
/*
 * A barrier of so many parties that they are told in several turns, with time for others between two of them. The clock stands
 * still but for the test.
 */
#include "lib/meet.h"
#include "lib/vclock.h"
#include "sync/queue.h"

static const int64_t start = 12345678901234, ms = 1000000;

static weft_runtime *rt;
static weft_barrier barrier;
static struct visit parties[WEFT__WAKES_MAX];
static atomic_uint turns, openings;
static struct guest late;

static int arrive(weft_context *cx, const void *object, uint32_t amount)
{
    return (void)amount, weft_barrier_wait(cx, object);
}

static int block(const void *object, uint32_t amount, int64_t deadline_ns)
{
    return (void)amount, weft_barrier_wait_blocking(object, deadline_ns);
}

/* The first turn is being told: the time of the thread in the next runs out, and it has its answer. */
static void run_out_of_time(void *context, uint64_t object, uint64_t task, uint32_t permits, uint32_t waiting)
{
    (void)context, (void)object, (void)task, (void)permits, (void)waiting;
    if (atomic_fetch_add(&openings, 1) > 0)
        return;
    vclock_advance(2 * ms);
    WORLD_UNTIL(atomic_load(&late.rc) != MEET_NOTHING_YET);
}

static void party_of_a_barrier_that_has_opened_is_through_although_its_time_is_up(void **state)
{
    (void)state;
    vclock_begin(start);
    rt = world_begin(1);
    weft_hooks_handle hooks;
    assert_int_equal(weft_hooks_add(rt, WEFT_HOOKS(.sync_acquire = run_out_of_time), &hooks), 0);
    assert_int_equal(weft_barrier_create(rt, WEFT_BARRIER_OPTIONS(.name = "gate", .parties = WEFT__WAKES_MAX + 2), &barrier), 0);
    for (int i = 0; i < WEFT__WAKES_MAX; i++)
        meet_send(rt, "gate", &parties[i], (struct visitor){.enter = arrive, .object = &barrier, .clock = &turns});
    late = (struct guest){.enter = block, .object = &barrier, .deadline_ns = start + ms};
    meet_guest(&late);
    WORLD_UNTIL(meet_stats(rt, "gate").waiting == WEFT__WAKES_MAX + 1);
    assert_int_equal(weft_barrier_wait_blocking(&barrier, WEFT_FOREVER), 1); /* the last, which opens it */
    assert_int_equal(meet_guest_answer(&late), 0);
    for (int i = 0; i < WEFT__WAKES_MAX; i++)
        assert_int_equal(meet_answer(&parties[i]), 0);
    assert_int_equal(weft_barrier_wait_blocking(&barrier, start), WEFT_ETIMEDOUT); /* of the next round nobody has come */
    assert_int_equal(meet_stats(rt, "gate").permits, WEFT__WAKES_MAX + 2);
    assert_int_equal(weft_hooks_remove(hooks), 0);
    weft_barrier_destroy(&barrier);
    world_end(rt, WEFT__WAKES_MAX);
    vclock_end();
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(party_of_a_barrier_that_has_opened_is_through_although_its_time_is_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
