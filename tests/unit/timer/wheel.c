/* SPDX-License-Identifier: MIT */
/*
 * The wheel alone: time is an argument, so 50 years take a second. Every entry is held against its own arithmetic, which is
 * done here a second time and differently: not before its time, and in the turn at the first tick that is not before it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/stress.h"
#include "timer/wheel.h"

enum { DIGIT_BITS = __builtin_ctz(WEFT__WHEEL_SLOTS) };
static uint8_t tick_shift; /* all tests run with either kind of tick */
static int64_t tick_ns;
static const int64_t ms = 1000000;

/* The time of the first tick that is not before `at`; -1 if that never comes. */
static int64_t due_of(int64_t at)
{
    if (at <= 0)
        return 0;
    if (at == INT64_MAX)
        return -1;
    const int64_t over = at % tick_ns;
    if (over == 0)
        return at;
    return at > INT64_MAX - (tick_ns - over) ? -1 : at + (tick_ns - over);
}

/* The wheel under test, and the only entry that most tests need. */
static struct weft__wheel wheel;
static struct weft__timed one;

static void begin(int64_t now)
{
    memset(&wheel, 0xa5, sizeof wheel); /* a level and a slot begin when something falls into them */
    weft__wheel_init(&wheel, now, tick_shift);
}

static void put(struct weft__timed *entry, int64_t at)
{
    *entry = (struct weft__timed){.at = at};
    weft__wheel_insert(&wheel, entry);
}

/* The next that is due, or NULL. */
static struct weft__timed *turn(int64_t now)
{
    struct weft__timed *due;
    return weft__wheel_turn(&wheel, now, &due, 1) == 1 ? due : NULL;
}

/* Turn to `now`; nothing may be due. */
static void assert_silent(int64_t now)
{
    assert_null(turn(now));
}

static void assert_empty(void)
{
    assert_true(weft__wheel_next(&wheel) == INT64_MAX);
    assert_true(wheel.levels == 0); /* of a level without a bit nothing is read */
}

/* Go from `now` as a worker does, from one possible moment to the next, until the entry fires; how many steps it took. */
static unsigned run_to(struct weft__timed *entry)
{
    for (unsigned steps = 1;; steps++) {
        const int64_t next = weft__wheel_next(&wheel);
        assert_true(next < INT64_MAX);
        struct weft__timed *fired = turn(next);
        if (!fired)
            continue;
        assert_ptr_equal(fired, entry);
        assert_true(next == due_of(entry->at));
        return steps;
    }
}

static void wheel_empty_has_no_next_and_fires_nothing(void **state)
{
    (void)state;
    begin(0);
    const int64_t times[] = {0, 1, tick_ns, 1000 * ms, INT64_MAX};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        assert_empty();
        assert_silent(times[i]);
    }
    assert_empty();
}

/* known bug 47: what is due already is due at the very next turn, whatever else is in. */
static void wheel_time_that_has_passed_is_due_at_once(void **state)
{
    (void)state;
    const int64_t now = 1000 * ms;
    const int64_t times[] = {INT64_MIN, -1, 0, 1, now - tick_ns, now - now % tick_ns};
    struct weft__timed far;
    begin(now);
    put(&far, now + 100 * ms);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        put(&one, times[i]);
        assert_true(weft__wheel_next(&wheel) <= now);
        assert_ptr_equal(turn(now), &one);
        assert_silent(now);
    }
    weft__wheel_remove(&wheel, &far);
    assert_empty();
}

/* The nanoseconds around a tick; one before its time nothing fires. */
static void wheel_never_fires_early_and_less_than_a_tick_late(void **state)
{
    (void)state;
    for (int64_t at = 41 * tick_ns - 2; at <= 41 * tick_ns + 2; at++) {
        const int64_t due = due_of(at);
        assert_in_range(due - at, 0, tick_ns - 1);
        begin(0);
        put(&one, at);
        assert_silent(due - 1);
        assert_ptr_equal(turn(due), &one);
        assert_empty();
    }
}

/* One entry, from a start to a time: silent before it is due, and soon there from one possible moment to the next. */
static void attempt(int64_t start, int64_t at)
{
    const int64_t due = due_of(at);
    begin(start);
    put(&one, at);
    if (due < 0) {
        assert_silent(INT64_MAX);
        weft__wheel_remove(&wheel, &one);
        assert_empty();
        return;
    }
    if (due <= start) { /* its tick is the wheel's own, or before it */
        assert_ptr_equal(turn(start), &one);
        assert_empty();
        return;
    }
    assert_silent(start);
    assert_silent(due - 1);
    assert_ptr_equal(turn(due), &one);
    assert_empty();

    begin(start);
    put(&one, at);
    assert_in_range(run_to(&one), 1, WEFT__WHEEL_LEVELS);
    assert_empty();
}

/* Every slot of every level, at its first and last tick and a nanosecond around them, from near and from far. */
/* TIM-02 known bug 51 */
static void wheel_fires_at_every_border_of_every_level(void **state)
{
    (void)state;
    for (unsigned shift = tick_shift; shift < 63; shift += DIGIT_BITS) {
        for (int64_t slot = 0; slot < WEFT__WHEEL_SLOTS && slot <= INT64_MAX >> shift; slot++) {
            const int64_t border = slot << shift;
            const int64_t starts[] = {0, 3 * ms + 1, border / 2, border - tick_ns, border - 1};
            for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
                for (int64_t off = -1; off <= 1; off++) {
                    const int64_t start = starts[i] > 0 ? starts[i] : 0;
                    attempt(start, border + off);
                    attempt(start, border - tick_ns + off);
                }
        }
    }
}

/*
 * A clock that has run for just under 2^k ticks, nanoseconds or milliseconds, for every k: short timers over the border,
 * which is where a top level that wraps would lose them.
 */
/* known bug 43 known bug 52 */
static void wheel_started_just_before_any_power_of_two_loses_nothing(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 63; k++) {
        const int64_t power = INT64_C(1) << k;
        const int64_t bases[] = {power, power <= INT64_MAX / tick_ns ? power * tick_ns : 0, power <= INT64_MAX / ms ? power * ms : 0};
        for (size_t base = 0; base < 3; base++)
            for (int64_t before = 1; before <= 2 * tick_ns; before += tick_ns > 1 ? tick_ns - 1 : 1) {
                const int64_t start = bases[base] - before;
                if (start < 0)
                    continue;
                const int64_t delays[] = {0, 1, ms / 3, ms, 4 * ms, 17 * ms, 3600 * 1000 * ms};
                for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++)
                    attempt(start, start > INT64_MAX - delays[i] ? INT64_MAX : start + delays[i]);
            }
    }
}

/* scenario 36 known bug 45 */
static void wheel_greatest_time_never_fires_and_short_ones_beside_it_do(void **state)
{
    (void)state;
    const int64_t greatest[] = {INT64_MAX, INT64_MAX - 1, INT64_MAX - (tick_ns > 1 ? tick_ns - 2 : 0)}; /* with ticks of 1 ns, only the first */
    for (size_t i = 0; i < (tick_ns > 1 ? 3 : 1); i++) {
        struct weft__timed far;
        begin(5 * ms);
        put(&far, greatest[i]);
        for (int64_t at = 6 * ms; at < INT64_MAX / 3; at *= 3) {
            put(&one, at);
            assert_silent(due_of(at) - 1);
            assert_ptr_equal(turn(due_of(at)), &one);
            assert_silent(due_of(at));
        }
        assert_silent(INT64_MAX);
        assert_true(weft__wheel_next(&wheel) == INT64_MAX);
        weft__wheel_remove(&wheel, &far);
        assert_empty();
    }
}

/* TIM-05: each of 1,024 timers at successive milliseconds fires at its own tick, and turning twice there is harmless. */
static void wheel_successive_milliseconds_fire_each_at_its_tick(void **state)
{
    (void)state;
    enum { COUNT = 1024 };
    static struct weft__timed entries[COUNT];
    const int64_t start = 77 * ms + 777;
    begin(start);
    for (int64_t i = 0; i < COUNT; i++)
        put(&entries[i], start + i * ms);
    for (int64_t i = 0; i < COUNT; i++) {
        const int64_t due = due_of(start + i * ms);
        assert_silent(due - 1);
        assert_ptr_equal(turn(due), &entries[i]);
        assert_silent(due);
        assert_silent(due);
    }
    assert_empty();
}

/* Each entry of a full slot is taken out alone, first and last and between, at each level. */
static void wheel_removal_leaves_the_others_and_no_trace(void **state)
{
    (void)state;
    enum { COUNT = 5 };
    struct weft__timed entries[COUNT];
    for (unsigned shift = tick_shift; shift < 61; shift += DIGIT_BITS) {
        const int64_t at = INT64_C(3) << shift;
        for (int out = 0; out < COUNT; out++) {
            begin(0);
            for (int i = 0; i < COUNT; i++)
                put(&entries[i], at);
            weft__wheel_remove(&wheel, &entries[out]);
            assert_false(weft__link_in_list(&entries[out].link));
            for (int i = 0; i < COUNT; i++)
                if (i != out)
                    assert_ptr_equal(turn(at), &entries[i]);
            assert_silent(at);
            assert_empty();
        }
        begin(0);
        for (int i = 0; i < COUNT; i++)
            put(&entries[i], at);
        for (int i = 0; i < COUNT; i++)
            weft__wheel_remove(&wheel, &entries[i]);
        assert_empty(); /* known bug 49: nothing is left that a worker would wake for */
    }
}

/* Between two answers of one turn the rest of what is due is still in, and some of it has just fallen from above. */
static void wheel_removal_between_two_answers_of_a_turn(void **state)
{
    (void)state;
    enum { COUNT = 12 };
    struct weft__timed entries[COUNT];
    begin(0);
    const int64_t slot = tick_ns << 2 * DIGIT_BITS; /* a slot of level 2, as it is seen from 0 */
    for (int i = 0; i < COUNT; i++)
        put(&entries[i], slot + (i / 2) * tick_ns); /* two at each tick: the slot falls apart when it comes */
    const int64_t now = slot + COUNT / 2 * tick_ns;
    for (int i = 0; i < COUNT; i += 2) {
        assert_ptr_equal(turn(now), &entries[i]);
        weft__wheel_remove(&wheel, &entries[i + 1]); /* the other one of the same tick */
    }
    assert_silent(now);
    assert_empty();
}

/* However many there are in a slot, and however many are taken at a time: each comes once, and those of a tick in their order. */
static void wheel_turn_takes_as_many_as_there_is_room_for(void **state)
{
    (void)state;
    enum { MOST = 9 };
    struct weft__timed entries[MOST], *due[MOST + 1];
    const int64_t slot = tick_ns << 2 * DIGIT_BITS; /* of level 2: they fall twice, and in the last slot they lie all together */
    for (size_t count = 1; count <= MOST; count++) {
        for (size_t room = 1; room <= count + 1; room++) {
            begin(0);
            for (size_t i = 0; i < count; i++)
                put(&entries[i], slot + 3 * tick_ns);
            assert_silent(slot + 2 * tick_ns);
            size_t taken = 0, came;
            do {
                came = weft__wheel_turn(&wheel, slot + 3 * tick_ns, due, room);
                assert_true(came <= room && taken + came <= count);
                for (size_t i = 0; i < came; i++)
                    assert_ptr_equal(due[i], &entries[taken + i]);
                taken += came;
            } while (came == room);
            assert_int_equal(taken, count);
            assert_empty();
        }
    }
}

/* What is put in between two answers of a turn, for now or before, is due in the same turn. */
static void wheel_insertion_between_two_answers_of_a_turn(void **state)
{
    (void)state;
    struct weft__timed entries[4];
    const int64_t now = 900 * ms;
    begin(0);
    put(&entries[0], 100 * ms);
    put(&entries[1], 800 * ms);
    assert_ptr_equal(turn(now), &entries[0]);
    put(&entries[2], 50 * ms); /* before what has fired */
    put(&entries[3], now + tick_ns);
    bool seen[4] = {false};
    for (int i = 0; i < 2; i++) {
        const struct weft__timed *fired = turn(now);
        assert_non_null(fired);
        seen[fired - entries] = true;
    }
    assert_true(seen[1] && seen[2]);
    assert_silent(now);
    assert_ptr_equal(turn(due_of(now + tick_ns)), &entries[3]);
    assert_empty();
}

/* A turn to an older time than the last one changes nothing: two threads may have read the clock. */
static void wheel_turned_to_an_older_time_is_harmless(void **state)
{
    (void)state;
    const int64_t then = (WEFT__WHEEL_SLOTS + 6) * tick_ns;
    begin(0);
    assert_silent(then);
    put(&one, then + 5 * tick_ns); /* at level 0, as it is seen from there */
    const int64_t older[] = {INT64_MIN, -1, 0, tick_ns, 11 * tick_ns, then - 1, then};
    for (size_t i = 0; i < sizeof older / sizeof older[0]; i++)
        assert_silent(older[i]);
    assert_silent(then + 5 * tick_ns - 1);
    assert_ptr_equal(turn(then + 5 * tick_ns), &one);
    assert_empty();
}

/* ---- against a list in order of time ---- */

enum { MODEL_ENTRIES = 512, MODEL_ROOM = 5 /* at most, of one turn */ };

static struct {
    struct weft__timed entries[MODEL_ENTRIES];
    int64_t due[MODEL_ENTRIES]; /* -1: not in */
    int64_t now;
    unsigned count;
} model;

/* Times and distances of every magnitude alike, from none to `bits` bits. */
static int64_t model_random(struct weft__rng *rng, unsigned bits)
{
    const uint64_t whole = (uint64_t)weft__rng_next(rng) << 32 | weft__rng_next(rng);
    return (int64_t)(whole >> (63 - weft__rng_below(rng, bits + 1)) >> 1);
}
static int64_t model_distance(struct weft__rng *rng) { return model_random(rng, 57); } /* up to four years */

static void model_put(struct weft__rng *rng)
{
    const uint32_t i = weft__rng_below(rng, MODEL_ENTRIES);
    if (model.due[i] >= 0)
        return;
    const int64_t distance = model_distance(rng), tick = model.now - model.now % tick_ns;
    const int64_t at = weft__rng_below(rng, 16) == 0 ? model.now - distance : model.now + distance;
    put(&model.entries[i], at);
    model.due[i] = due_of(at) > tick ? due_of(at) : tick; /* what is overdue is due now */
    model.count++;
}

static void model_take(struct weft__rng *rng)
{
    const uint32_t i = weft__rng_below(rng, MODEL_ENTRIES);
    if (model.due[i] < 0)
        return;
    weft__wheel_remove(&wheel, &model.entries[i]);
    model.due[i] = -1;
    model.count--;
}

/* When the next one is due, by looking at all; INT64_MAX if none is in. */
static int64_t model_earliest(void)
{
    int64_t earliest = INT64_MAX;
    for (unsigned i = 0; i < MODEL_ENTRIES; i++)
        if (model.due[i] >= 0 && model.due[i] < earliest)
            earliest = model.due[i];
    return earliest;
}

/* What is due fires now, in order, each once, and nothing else does. */
static void model_turn(int64_t now)
{
    int64_t last = 0;
    struct weft__timed *fired[MODEL_ROOM];
    const size_t room = 1 + (uint64_t)now % MODEL_ROOM;
    size_t count;
    model.now = now;
    do {
        count = weft__wheel_turn(&wheel, now, fired, room);
        for (size_t i = 0; i < count; i++) {
            int64_t *due = &model.due[fired[i] - model.entries];
            assert_true(*due >= last && *due <= now);
            last = *due;
            *due = -1;
            model.count--;
        }
    } while (count == room);
    assert_true(model_earliest() > now);
}

static void model_begin(int64_t start)
{
    for (unsigned i = 0; i < MODEL_ENTRIES; i++)
        model.due[i] = -1;
    model.now = start;
    model.count = 0;
    begin(start);
}

static void wheel_agrees_with_a_sorted_reference(void **state)
{
    (void)state;
    struct weft__rng rng = stress_rng(0);
    const int64_t end = INT64_MAX / 4 * 3;
    for (uint64_t round = stress_scale(40); round > 0; round--) {
        model_begin(model_random(&rng, 62));
        for (unsigned step = 0; step < 4000 && model.now < end; step++) {
            const uint32_t what = weft__rng_below(&rng, 8);
            const int64_t next = weft__wheel_next(&wheel);
            assert_true(next <= model_earliest() && (next == INT64_MAX) == (model.count == 0));
            if (what < 4)
                model_put(&rng);
            else if (what < 6)
                model_take(&rng);
            else
                model_turn(what == 6 && next > model.now && next < end ? next : model.now + model_distance(&rng) / 64);
        }
        while (model.count > 0)
            model_take(&rng);
        assert_empty();
    }
}

/* ---- 50 years, from one possible moment to the next, as an idle worker lives through them ---- */

static void wheel_runs_for_fifty_years(void **state)
{
    (void)state;
    enum { LIVE = 64 };
    const int64_t end = INT64_C(50) * 365 * 86400 * 1000 * ms;
    struct weft__rng rng = stress_rng(1);
    uint64_t fired = 0, moments = 0;
    model_begin(0);
    while (model.count < LIVE)
        model_put(&rng);
    while (model.now < end) {
        const int64_t next = weft__wheel_next(&wheel);
        assert_true(next < INT64_MAX && next >= model.now);
        const unsigned before = model.count;
        model_turn(next);
        fired += before - model.count;
        moments++;
        while (model.count < LIVE)
            model_put(&rng);
    }
    assert_true(fired > 1000);
    assert_true(moments <= (fired + LIVE) * WEFT__WHEEL_LEVELS); /* each entry falls at most once at each level */
    print_message("%llu timers in 50 years, %llu moments\n", (unsigned long long)fired, (unsigned long long)moments);
}

int main(void)
{
    stress_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheel_empty_has_no_next_and_fires_nothing),
        cmocka_unit_test(wheel_time_that_has_passed_is_due_at_once),
        cmocka_unit_test(wheel_never_fires_early_and_less_than_a_tick_late),
        cmocka_unit_test(wheel_fires_at_every_border_of_every_level),
        cmocka_unit_test(wheel_started_just_before_any_power_of_two_loses_nothing),
        cmocka_unit_test(wheel_greatest_time_never_fires_and_short_ones_beside_it_do),
        cmocka_unit_test(wheel_successive_milliseconds_fire_each_at_its_tick),
        cmocka_unit_test(wheel_removal_leaves_the_others_and_no_trace),
        cmocka_unit_test(wheel_removal_between_two_answers_of_a_turn),
        cmocka_unit_test(wheel_insertion_between_two_answers_of_a_turn),
        cmocka_unit_test(wheel_turn_takes_as_many_as_there_is_room_for),
        cmocka_unit_test(wheel_turned_to_an_older_time_is_harmless),
        cmocka_unit_test(wheel_agrees_with_a_sorted_reference),
        cmocka_unit_test(wheel_runs_for_fifty_years),
    };
    static const uint8_t shifts[] = {WEFT__WHEEL_SHIFT, WEFT__WHEEL_SHIFT_EXACT};
    int failed = 0;
    for (size_t i = 0; i < sizeof shifts; i++) {
        tick_shift = shifts[i];
        tick_ns = INT64_C(1) << tick_shift;
        failed += cmocka_run_group_tests_name(i == 0 ? "ticks of 65,536 ns" : "ticks of 1 ns", tests, NULL, NULL);
    }
    return failed;
}
