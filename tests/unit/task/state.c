/* SPDX-License-Identifier: MIT */
/* Every move of the state word, from every word it may meet, against a table written by hand. */
#include <weft/types.h>

#include "lib/verdict.h"
#include "task/state.h"

enum { S = WEFT__SCHEDULED, R = WEFT__RUNNING, N = WEFT__NOTIFIED, X = WEFT__CANCELLED, C = WEFT__COMPLETE, K = WEFT__CLAIMED,
       F = WEFT__FREE };

#define TAG UINT32_C(0x89ABCDEF)

static uint64_t word_of(unsigned bits) { return (uint64_t)TAG << 32 | bits; }

static void state_init_is_scheduled_with_its_tag(void **state)
{
    (void)state;
    weft__state word = F;
    weft__state_init(&word, TAG, true);
    assert_int_equal(word, word_of(S | K));
    weft__state_init(&word, 0xFFFFFFFF, false);
    assert_int_equal(word, UINT64_C(0xFFFFFFFF00000000) | S);
    assert_int_equal(weft__state_tag(word), 0xFFFFFFFF);
}

/* from, what a wake makes of it, and what the waker must do */
static const struct {
    unsigned from, to;
    enum weft__move move;
} wakes[] = {
    {0, S, WEFT__MOVE_SUBMIT},
    {S, S, WEFT__MOVE_NONE},
    {R, R | N, WEFT__MOVE_NONE},
    {R | N, R | N, WEFT__MOVE_NONE},
    {K, K | S, WEFT__MOVE_SUBMIT},
    {S | K, S | K, WEFT__MOVE_NONE},
    {R | K, R | N | K, WEFT__MOVE_NONE},
    {X, X | S, WEFT__MOVE_SUBMIT},
    {R | X, R | X | N, WEFT__MOVE_NONE},
    {C, C, WEFT__MOVE_GONE},
    {C | K, C | K, WEFT__MOVE_GONE},
    {F, F, WEFT__MOVE_GONE},
};

static void state_wake_by_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wakes / sizeof wakes[0]; i++) {
        weft__state word = word_of(wakes[i].from);
        assert_int_equal(weft__state_wake(&word, TAG), wakes[i].move);
        assert_int_equal(word, word_of(wakes[i].to));
        const uint64_t before = word_of(wakes[i].from);
        word = before;
        assert_int_equal(weft__state_wake(&word, TAG + 1), WEFT__MOVE_GONE); /* of another task: nothing */
        assert_int_equal(word, before);
    }
}

static void state_cancel_by_the_table_keeps_the_first_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wakes / sizeof wakes[0]; i++) {
        bool first;
        weft__state word = word_of(wakes[i].from);
        const bool gone = wakes[i].move == WEFT__MOVE_GONE, again = wakes[i].from & X;
        assert_int_equal(weft__state_cancel(&word, TAG, WEFT_REASON_SIBLING, &first), wakes[i].move);
        assert_int_equal(first, !gone && !again);
        if (gone) {
            assert_int_equal(word, word_of(wakes[i].to));
            continue;
        }
        assert_int_equal((unsigned)word & 0xFF, wakes[i].to | X);
        assert_int_equal(weft__state_reason(word), again ? 0 : WEFT_REASON_SIBLING);
        if (!again) {
            assert_true(weft__state_cancel(&word, TAG, WEFT_REASON_SHUTDOWN, &first) != WEFT__MOVE_GONE);
            assert_false(first);
            assert_int_equal(weft__state_reason(word), WEFT_REASON_SIBLING);
        }
        const uint64_t before = word;
        assert_int_equal(weft__state_cancel(&word, TAG - 1, WEFT_REASON_USER, &first), WEFT__MOVE_GONE);
        assert_false(first);
        assert_int_equal(word, before);
    }
}

static void state_scoped_wakes_and_stays_until_it_is_taken_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wakes / sizeof wakes[0]; i++) {
        if (wakes[i].move == WEFT__MOVE_GONE)
            continue; /* the scope keeps its owner from ending */
        weft__state word = word_of(wakes[i].from);
        assert_int_equal(weft__state_scoped(&word), wakes[i].move);
        assert_int_equal(word, word_of(wakes[i].to | WEFT__SCOPED));
        weft__state_wake(&word, TAG);
        assert_int_equal(word, word_of(wakes[i].to | WEFT__SCOPED));
    }
    weft__state word = word_of(S);
    weft__state_start(&word);
    weft__state_scoped(&word);
    assert_int_equal(weft__state_suspend(&word), WEFT__MOVE_SUBMIT); /* the owner is polled and hears of it */
    assert_int_equal(word, word_of(S | WEFT__SCOPED));
}

static void state_every_reason_survives_every_move(void **state)
{
    (void)state;
    for (unsigned reason = WEFT_REASON_USER; reason <= WEFT_REASON_SHUTDOWN; reason++) {
        bool first;
        weft__state word;
        weft__state_init(&word, TAG, false);
        assert_int_equal(weft__state_cancel(&word, TAG, reason, &first), WEFT__MOVE_NONE);
        assert_int_equal(weft__state_start(&word), word_of(S | X | reason << WEFT__REASON_SHIFT));
        weft__state_wake(&word, TAG);
        assert_int_equal(weft__state_suspend(&word), WEFT__MOVE_SUBMIT);
        weft__state_start(&word);
        weft__state_requeue(&word);
        weft__state_start(&word);
        assert_int_equal(weft__state_suspend(&word), WEFT__MOVE_NONE);
        weft__state_wake(&word, TAG);
        weft__state_start(&word);
        assert_int_equal(weft__state_complete(&word), WEFT__MOVE_NONE);
        assert_int_equal(weft__state_reason(word), reason);
        assert_int_equal(weft__state_tag(word), TAG);
        assert_int_equal(weft__state_claim(&word, TAG), WEFT__MOVE_FREE);
        assert_int_equal(word, word_of(C | X | K | reason << WEFT__REASON_SHIFT));
    }
}

static void state_poll_moves_by_the_table(void **state)
{
    (void)state;
    static const unsigned extras[] = {0, K, X, K | X};
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++) {
        const unsigned e = extras[i];
        weft__state word = word_of(S | e);
        assert_int_equal(weft__state_start(&word), word_of(S | e)); /* answers the word before */
        assert_int_equal(word, word_of(R | e));
        assert_int_equal(weft__state_suspend(&word), WEFT__MOVE_NONE);
        assert_int_equal(word, word_of(e));
        word = word_of(R | N | e);
        assert_int_equal(weft__state_suspend(&word), WEFT__MOVE_SUBMIT);
        assert_int_equal(word, word_of(S | e));
        word = word_of(R | e);
        weft__state_requeue(&word);
        assert_int_equal(word, word_of(S | e));
        word = word_of(R | N | e);
        weft__state_requeue(&word); /* the wake is paid by the turn that follows */
        assert_int_equal(word, word_of(S | e));
        const enum weft__move end = e & K ? WEFT__MOVE_FREE : WEFT__MOVE_NONE;
        const uint64_t ended = e & K ? F : word_of(C | e); /* nobody asks: free in the same move */
        word = word_of(R | e);
        assert_int_equal(weft__state_complete(&word), end);
        assert_int_equal(word, ended);
        word = word_of(R | N | e);
        assert_int_equal(weft__state_complete(&word), end);
        assert_int_equal(word, ended);
    }
}

static void state_claim_by_the_table(void **state)
{
    (void)state;
    static const struct {
        unsigned from, to;
        enum weft__move move;
    } claims[] = {
        {S, S | K, WEFT__MOVE_NONE},     {R, R | K, WEFT__MOVE_NONE},         {R | N, R | N | K, WEFT__MOVE_NONE},
        {0, K, WEFT__MOVE_NONE},         {C, C | K, WEFT__MOVE_FREE},         {X, X | K, WEFT__MOVE_NONE},
        {S | K, S | K, WEFT__MOVE_GONE}, {C | K, C | K, WEFT__MOVE_GONE},     {F, F, WEFT__MOVE_GONE},
        {K, K, WEFT__MOVE_GONE},         {X | C, X | C | K, WEFT__MOVE_FREE},
    };
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        weft__state word = word_of(claims[i].from);
        assert_int_equal(weft__state_ended(&word, TAG), claims[i].move == WEFT__MOVE_FREE);
        assert_false(weft__state_ended(&word, TAG ^ 1));
        assert_int_equal(weft__state_claim(&word, TAG), claims[i].move);
        assert_int_equal(word, word_of(claims[i].to));
        word = word_of(claims[i].from);
        assert_int_equal(weft__state_claim(&word, TAG ^ 1), WEFT__MOVE_GONE);
        assert_int_equal(word, word_of(claims[i].from));
    }
}

static void state_after_free_everybody_comes_too_late(void **state)
{
    (void)state;
    bool first;
    weft__state word;
    weft__state_init(&word, TAG, true);
    weft__state_start(&word);
    assert_int_equal(weft__state_complete(&word), WEFT__MOVE_FREE);
    assert_int_equal(word, F);
    assert_int_equal(weft__state_wake(&word, TAG), WEFT__MOVE_GONE);
    assert_int_equal(weft__state_wake(&word, 0), WEFT__MOVE_GONE); /* the tag of nobody */
    assert_int_equal(weft__state_cancel(&word, TAG, WEFT_REASON_USER, &first), WEFT__MOVE_GONE);
    assert_int_equal(weft__state_claim(&word, TAG), WEFT__MOVE_GONE);
    assert_int_equal(weft__state_claim(&word, 0), WEFT__MOVE_GONE);
    assert_int_equal(word, F);
    weft__state_init(&word, TAG + 1, true); /* the slot's next task does not hear wakes for the last */
    assert_int_equal(weft__state_wake(&word, TAG), WEFT__MOVE_GONE);
    assert_int_equal(word, (uint64_t)(TAG + 1) << 32 | S | K);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_init_is_scheduled_with_its_tag),
        cmocka_unit_test(state_wake_by_the_table),
        cmocka_unit_test(state_cancel_by_the_table_keeps_the_first_reason),
        cmocka_unit_test(state_scoped_wakes_and_stays_until_it_is_taken_back),
        cmocka_unit_test(state_every_reason_survives_every_move),
        cmocka_unit_test(state_poll_moves_by_the_table),
        cmocka_unit_test(state_claim_by_the_table),
        cmocka_unit_test(state_after_free_everybody_comes_too_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
