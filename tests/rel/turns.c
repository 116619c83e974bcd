/* SPDX-License-Identifier: MIT */
/*
 * Figure L5: how long a task that is ready waits for its turn among ten thousand. Time is counted in polls, of all tasks
 * together, there is one worker, and the clock stands: then the machine's other work changes nothing. The ideal is round robin:
 * between two polls of a task one of each other that is ready.
 *
 * With two workers and four it is a figure of the machine, too, which takes a worker away in the middle. There a walker's poll takes
 * 20 us, so that a round is long beside the time for which that happens. ctest-cost: 10
 */
#include <sched.h>
#include <weft.h>

#include "lib/chaos.h"
#include "lib/rel.h"
#include "lib/stress.h"
#include "lib/vclock.h"
#include "sched/pace.h"

enum { WALKERS = 10000, BURST = 300, BINS_PER_IDEAL = 100, BINS = 64 * BINS_PER_IDEAL };

static weft_runtime *rt;
static uint64_t ready, last_poll;
static int64_t poll_ns; /* what a walker's poll takes */
static _Atomic uint64_t polls;
static _Atomic uint64_t woken_at[WALKERS]; /* in polls; 0: it waits */
static _Atomic uint64_t bins[BINS];        /* of waits, in hundredths of the ideal */
static weft_waker walkers[WALKERS];
static _Atomic uint32_t waiting; /* walkers that can be woken for the first time */

/* Note how long this walker waited, and that the other is ready from now on. Whether to go on. */
static bool turn(uint32_t number, uint32_t next)
{
    for (const int64_t begun = poll_ns > 0 ? weft_clock() : 0; poll_ns > 0 && weft_clock() - begun < poll_ns;)
        ;
    const uint64_t now = atomic_fetch_add(&polls, 1) + 1;
    const uint64_t since = atomic_exchange(&woken_at[number], 0);
    const uint64_t bin = since != 0 ? (now - since) * BINS_PER_IDEAL / ready : 0;
    if (since != 0)
        atomic_fetch_add_explicit(&bins[bin < BINS ? bin : BINS - 1], 1, memory_order_relaxed);
    if (now >= last_poll)
        return false;
    atomic_store(&woken_at[next], now);
    return true;
}

/* A walker is ready again by giving way, */
struct yielder {
    weft_frame weft;
    uint32_t number;
};

static weft_poll yielder(weft_context *cx, struct yielder *self)
{
    WEFT_BEGIN(cx, self);
    while (turn(self->number, self->number))
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

/* by waking itself, or by its partner, whom it wakes before it waits. */
struct waker {
    weft_frame weft;
    uint32_t number;
    uint32_t next;
    bool begun;
};

static weft_poll waker(weft_context *cx, struct waker *self)
{
    (void)cx;
    if (!self->begun) { /* all handles are to be known first */
        self->begun = true;
        atomic_fetch_add(&waiting, 1);
        return WEFT_PENDING;
    }
    const bool more = turn(self->number, self->next);
    weft_wake(walkers[self->next]);
    return more ? WEFT_PENDING : WEFT_READY;
}

/* What is in the way: two that wake each other all the time, */
static weft_waker pair[2];

struct pinger {
    weft_frame weft;
    uint32_t number;
};

static weft_poll pinger(weft_context *cx, struct pinger *self)
{
    (void)cx;
    const bool over = atomic_fetch_add(&polls, 1) >= last_poll;
    weft_wake(pair[1 - self->number]);
    return over ? WEFT_READY : WEFT_PENDING;
}

/* and one that spawns more than a ring holds in each of its polls. */
struct mayfly {
    weft_frame weft;
};

static weft_poll mayfly(weft_context *cx, struct mayfly *self)
{
    (void)cx;
    (void)self;
    atomic_fetch_add(&polls, 1);
    return WEFT_READY;
}

struct burster {
    weft_frame weft;
    int i;
};

static weft_poll burster(weft_context *cx, struct burster *self)
{
    WEFT_BEGIN(cx, self);
    while (atomic_fetch_add(&polls, 1) < last_poll) {
        for (self->i = 0; self->i < BURST; self->i++)
            VERDICT(weft_task_error(weft_spawn(weft_runtime_scope(rt), mayfly)) == 0);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

enum how { YIELDS, WAKES_ITSELF, WAKES_ITS_PARTNER };

struct company {
    const char *what;
    enum how how;
    bool pair;
    bool bursts;
};

static weft_task company_walker(enum how how, uint32_t number)
{
    if (how == YIELDS)
        return weft_spawn(weft_runtime_scope(rt), yielder, .number = number);
    return weft_spawn(weft_runtime_scope(rt), waker, .number = number, .next = how == WAKES_ITSELF ? number : number ^ 1);
}

static void company_begin(const struct company *company, uint64_t rounds)
{
    ready = WALKERS / (company->how == WAKES_ITS_PARTNER ? 2 : 1) + (company->pair ? 1 : 0) + (company->bursts ? BURST : 0);
    last_poll = rounds * ready;
    atomic_store(&polls, 0);
    atomic_store(&waiting, 0);
    for (int i = 0; i < BINS; i++)
        atomic_store(&bins[i], 0);
    for (uint32_t i = 0; i < WALKERS; i++)
        walkers[i] = (weft_waker){company_walker(company->how, i)};
    while (company->how != YIELDS && atomic_load(&waiting) < WALKERS)
        sched_yield();
    if (company->bursts)
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), burster)), 0);
    for (uint32_t i = 0; i < 2 && company->pair; i++)
        pair[i] = (weft_waker){weft_spawn(weft_runtime_scope(rt), pinger, .number = i)};
    if (company->pair)
        weft_wake(pair[0]);
    for (uint32_t i = 0; i < WALKERS && company->how != YIELDS; i += company->how == WAKES_ITS_PARTNER ? 2 : 1)
        weft_wake(walkers[i]);
}

/* The wait that so many of a thousand do not exceed, in ideals. */
static double company_waited(uint64_t per_mille)
{
    uint64_t total = 0, seen = 0;
    for (int i = 0; i < BINS; i++)
        total += atomic_load(&bins[i]);
    int bin = 0;
    while (bin < BINS && (seen += atomic_load(&bins[bin])) * 1000 < total * per_mille)
        bin++;
    return (double)(bin + 1) / BINS_PER_IDEAL;
}

static const struct company companies[] = {
    {"yield", YIELDS, false, false},
    {"yield, beside a pair", YIELDS, true, false},
    {"yield, beside bursts", YIELDS, false, true},
    {"wake themselves", WAKES_ITSELF, false, false},
    {"wake themselves, beside a pair and bursts", WAKES_ITSELF, true, true},
    {"wake each other", WAKES_ITS_PARTNER, false, false},
    {"wake each other, beside a pair and bursts", WAKES_ITS_PARTNER, true, true},
};

struct waits {
    double p99; /* of those who make themselves ready */
    double max; /* of all */
};

/* All companies, with so many polls between looks into the shared queue; 0: as the worker finds fit. */
static struct waits turns_of_all(uint32_t workers, uint32_t interval, uint64_t rounds)
{
    struct waits waits = {0};
    for (size_t c = 0; c < sizeof companies / sizeof companies[0]; c++) {
        const weft_runtime_options *options =
            WEFT_RUNTIME_OPTIONS(.worker_threads = workers, .global_queue_interval = interval, .seed = stress_seed());
        assert_int_equal(weft_runtime_create(&rt, options), 0);
        company_begin(&companies[c], rounds);
        assert_int_equal(weft_runtime_finish(rt), 0);
        verdict_assert();
        const double p50 = company_waited(500), p99 = company_waited(990), max = company_waited(1000);
        print_message("workers %u, interval %u: tasks that %s wait p50 %.2f p99 %.2f max %.2f of round robin\n", workers, interval,
                      companies[c].what, p50, p99, max);
        if (companies[c].how != WAKES_ITS_PARTNER && p99 > waits.p99)
            waits.p99 = p99;
        waits.max = max > waits.max ? max : waits.max;
    }
    return waits;
}

/*
 * scenario 3, scenario 4, known bug 84, known bug 86, known bug 88. What a task that wakes its partner gains by the next
 * slot it pays back later, so for those only the longest wait is held against the limit. The interval that a worker finds follows
 * the clock, and with it a count of polls: the figure is that of the shortest and the longest that it may find.
 */
static void turns_come_round(void **state)
{
    (void)state;
    const uint64_t rounds = rel_size(40, 4000);
    vclock_begin(INT64_C(1) << 40); /* it stands: no monitor takes tasks from a worker that the machine holds up, and is held up then */
    const struct waits short_one = turns_of_all(1, WEFT__PACE_MIN, rounds), long_one = turns_of_all(1, WEFT__PACE_MAX, rounds);
    vclock_end();
    if (CHAOS_BUILD)
        return; /* a ring of 8 goes round many times between two looks into the shared queue: all go on, and it is no figure */
    const double p99 = short_one.p99 > long_one.p99 ? short_one.p99 : long_one.p99;
    const double max = short_one.max > long_one.max ? short_one.max : long_one.max;
    const bool usually = rel_line("L5-p99", p99, 2, p99 <= 2, stress_seed());
    const bool always = rel_line("L5-max", max, 10, max <= 10, stress_seed());
    assert_true(usually && always);
    assert_true(turns_of_all(1, 0, rounds).p99 <= 2);
}

static void turns_come_round_with(uint32_t workers, const char *p99_id, const char *max_id)
{
    const struct waits waits = turns_of_all(workers, 0, rel_size(2, 40));
    if (!rel_is_long())
        return; /* two rounds show that all go on, and are no figure */
    rel_line(p99_id, waits.p99, 2, waits.p99 <= 2, stress_seed());
    rel_line(max_id, waits.max, 10, waits.max <= 10, stress_seed());
}

static void turns_come_round_among_workers(void **state)
{
    (void)state;
    poll_ns = rel_is_long() ? 20000 : 1000;
    turns_come_round_with(2, "L5-2-workers-p99", "L5-2-workers-max");
    turns_come_round_with(4, "L5-4-workers-p99", "L5-4-workers-max");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_come_round),
        cmocka_unit_test(turns_come_round_among_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
