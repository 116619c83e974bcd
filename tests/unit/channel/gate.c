/* SPDX-License-Identifier: MIT */
/* The arithmetic of the gate and of a slot's word. CMakeLists.txt builds this file twice: with positions of 36 bits and of 8. */
#include "channel/gate.h"
#include "lib/verdict.h"

static const uint64_t last = WEFT__GATE_POS_MASK; /* the position before the wrap */

static uint64_t gate_of(uint64_t pos, uint32_t reserved, unsigned flags)
{
    return (pos & last) << WEFT__GATE_SHIFT | reserved * WEFT__GATE_RESERVED_ONE | flags;
}

static void gate_fields_do_not_touch_each_other(void **state)
{
    (void)state;
    const uint32_t most = (1u << 24) - 1; /* a capacity fits into reserved */
    const uint64_t gate = gate_of(last, most, WEFT__GATE_STOPPED | WEFT__GATE_GONE | WEFT__GATE_WAITERS);
    assert_true(weft__gate_pos(gate) == last);
    assert_int_equal(weft__gate_reserved(gate), most);
    assert_int_equal(gate & 7, 7);
    assert_int_equal(weft__gate_pos(gate_of(0, most, 7)), 0);
    assert_int_equal(weft__gate_reserved(gate_of(last, 0, 7)), 0);
}

static void gate_pos_wraps_and_leaves_the_rest(void **state)
{
    (void)state;
    const uint64_t gate = gate_of(last, 5, WEFT__GATE_WAITERS) + WEFT__GATE_POS_ONE;
    assert_int_equal(weft__gate_pos(gate), 0);
    assert_int_equal(weft__gate_reserved(gate), 5);
    assert_int_equal(gate & 7, WEFT__GATE_WAITERS);
}

static void gate_depth_is_right_across_the_wrap(void **state)
{
    (void)state;
    for (uint64_t head = last - 20; head != last + 20; head++) /* the head of a channel does not wrap with the gate */
        for (uint32_t depth = 0; depth < 100; depth++)
            assert_int_equal(weft__gate_depth(gate_of(head + depth, 3, 0), head), depth);
    assert_int_equal(weft__gate_depth(gate_of(7 * (last + 1) + 3, 0, 0), 7 * (last + 1) - 2), 5);
}

static void gate_is_full_when_claimed_and_reserved_reach_the_capacity(void **state)
{
    (void)state;
    for (uint32_t capacity = 1; capacity < 20; capacity++)
        for (uint32_t depth = 0; depth <= capacity; depth++)
            for (uint32_t reserved = 0; depth + reserved <= capacity; reserved++)
                for (uint64_t head = last - 3; head != last + 3; head++)
                    assert_int_equal(weft__gate_full(gate_of(head + depth, reserved, 0), head, capacity),
                                     depth + reserved == capacity);
}

static void gate_permit_to_message_keeps_the_sum(void **state)
{
    (void)state;
    const uint64_t before = gate_of(last, 2, 0);
    const uint64_t after = before - WEFT__GATE_RESERVED_ONE + WEFT__GATE_POS_ONE;
    assert_int_equal(weft__gate_reserved(after), 1);
    assert_int_equal(weft__gate_depth(after, last - 1), weft__gate_depth(before, last - 1) + 1);
}

static void slot_word_carries_number_and_stamp(void **state)
{
    (void)state;
    const uint64_t word = weft__slot_word(weft__slot_seq(last - 1), UINT32_MAX);
    assert_int_equal(weft__slot_word_seq(word), weft__slot_seq(last - 1));
    assert_int_equal(weft__slot_word_stamp(word), UINT32_MAX);
    assert_int_not_equal(weft__slot_seq(0), 0); /* the zeroed word of a new ring holds no message */
    assert_int_equal(weft__slot_seq(last), 0);  /* by then the slot holds a message of half a circle ago, not zeros */
}

/* What a slot can hold while a message is expected there: the message of the round before, the expected one, or the mark. */
static void slot_marks_of_neighbouring_rounds_differ(void **state)
{
    (void)state;
    for (uint64_t slots = 1; slots <= 64; slots *= 2)
        for (uint64_t pos = last - 200; pos != last + 200; pos++) {
            assert_int_not_equal(weft__slot_seq(pos), weft__slot_seq(pos + slots));
            assert_int_not_equal(weft__slot_abandoned(pos), weft__slot_seq(pos));
            assert_int_not_equal(weft__slot_abandoned(pos), weft__slot_seq(pos + slots));
            assert_int_not_equal(weft__slot_abandoned(pos), weft__slot_seq(pos - slots));
            assert_true(weft__slot_abandoned(pos) <= WEFT__SLOT_SEQ_MASK);
            assert_int_not_equal(weft__slot_trailed(pos), weft__slot_seq(pos));
            assert_int_not_equal(weft__slot_trailed(pos), weft__slot_abandoned(pos));
            assert_true(weft__slot_trailed(pos) <= WEFT__SLOT_SEQ_MASK);
            assert_int_not_equal(weft__slot_trailed(pos), weft__slot_seq(pos - slots));
            assert_int_not_equal(weft__slot_trailed(pos), weft__slot_trailed(pos - slots));
            assert_int_not_equal(weft__slot_trailed(pos - slots), weft__slot_seq(pos));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gate_fields_do_not_touch_each_other),
        cmocka_unit_test(gate_pos_wraps_and_leaves_the_rest),
        cmocka_unit_test(gate_depth_is_right_across_the_wrap),
        cmocka_unit_test(gate_is_full_when_claimed_and_reserved_reach_the_capacity),
        cmocka_unit_test(gate_permit_to_message_keeps_the_sum),
        cmocka_unit_test(slot_word_carries_number_and_stamp),
        cmocka_unit_test(slot_marks_of_neighbouring_rounds_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
