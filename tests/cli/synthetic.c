/* SPDX-License-Identifier: MIT */
/*
 * Recordings made up by a generator that knows the answers: random lives of tasks on workers, with channels between
 * them. It keeps every duration that it makes, so each figure of the analysis is compared with the exact one; whole,
 * from the middle with an announcement, and with a gap over which nothing may be timed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

#include "base/rng.h"
#include "cli/trace/analysis/analysis.h"

enum { KINDS = 4, CHANNELS = 3, WORKERS = 4, TASKS_MAX = 40, STEPS = 60000, DEPTH_MAX = 64, NOTED_MAX = 100000 };

/* Exact durations of one sort. */
struct noted {
    int64_t *list;
    size_t count;
    int64_t sum;
    int64_t max;
};

enum task_now { NOBODY, READY, POLLED, WAITS };

struct synthetic {
    struct weft__rng rng;
    struct analysis *analysis;
    int64_t now;
    int64_t blind_from; /* events in between are lost, or before the recording */
    int64_t blind_to;
    uint64_t next_id;
    struct {
        enum task_now now;
        uint64_t id;
        int kind;
        int told; /* the kind, or KINDS if its spawn was lost */
        int worker;
        int64_t since;
        int64_t born;
    } task[TASKS_MAX];
    int on[WORKERS]; /* 1 + the task that it polls; 0: none; -1: it sleeps */
    int64_t parked[WORKERS];
    struct {
        uint64_t id;
        uint32_t capacity;
        int64_t sent[DEPTH_MAX];
        uint32_t depth;
        int64_t since;
    } chan[CHANNELS];
    struct noted waits[KINDS + 1], polls[KINDS + 1], lives[KINDS + 1], lie[CHANNELS]; /* the last: kind not told */
    uint64_t spawned[KINDS + 1], sent[CHANNELS], received[CHANNELS];
    int64_t busy[WORKERS], slept[WORKERS];
    double full[CHANNELS], integral[CHANNELS];
    uint64_t events;
};

static void note(struct noted *noted, int64_t ns)
{
    if (!noted->list)
        noted->list = calloc(NOTED_MAX, sizeof *noted->list);
    assert_true(noted->count < NOTED_MAX);
    noted->list[noted->count++] = ns;
    noted->sum += ns;
    noted->max = ns > noted->max ? ns : noted->max;
}

/* Is it seen? */
static bool seen(const struct synthetic *s, int64_t ns)
{
    return ns < s->blind_from || ns > s->blind_to;
}

/* Is what lasted from then until now timed? Neither end is lost, and no gap is in between. */
static bool timed(const struct synthetic *s, int64_t since)
{
    return seen(s, since) && seen(s, s->now) && !(since <= s->blind_to && s->now >= s->blind_from);
}

#define TELL(s, e, ...)                                                                                                \
    do {                                                                                                               \
        const struct event told = {.ns = (s)->now, .process = 1, .kind = WEFT_TRACE_##e, .e = {__VA_ARGS__}};          \
        if (seen(s, told.ns)) {                                                                                        \
            analysis_event((s)->analysis, &told);                                                                      \
            (s)->events++;                                                                                             \
        }                                                                                                              \
    } while (0)

static uint32_t draw(struct synthetic *s, uint32_t below)
{
    return weft__rng_below(&s->rng, below);
}

/* From nanoseconds to milliseconds: no two events at one time. */
static void pass(struct synthetic *s)
{
    s->now += 1 + draw(s, draw(s, 20) ? 2000 : 3000000);
}

static int some(struct synthetic *s, enum task_now now)
{
    const int first = (int)draw(s, TASKS_MAX);
    for (int i = 0; i < TASKS_MAX; i++)
        if (s->task[(first + i) % TASKS_MAX].now == now)
            return (first + i) % TASKS_MAX;
    return -1;
}

static void spawn(struct synthetic *s)
{
    const int i = some(s, NOBODY), parent = some(s, POLLED);
    if (i < 0)
        return;
    s->task[i].kind = (int)draw(s, KINDS);
    s->task[i].id = s->next_id++;
    s->task[i].born = s->task[i].since = s->now;
    s->task[i].now = READY;
    s->task[i].told = seen(s, s->now) || s->blind_from == INT64_MIN ? s->task[i].kind : KINDS; /* or it is announced */
    if (seen(s, s->now))
        s->spawned[s->task[i].kind]++;
    TELL(s, task_spawn, .task = s->task[i].id, .parent = parent < 0 ? 0 : s->task[parent].id,
         .site = 100u + (unsigned)s->task[i].kind);
}

static void start(struct synthetic *s)
{
    const int i = some(s, READY), w = (int)draw(s, WORKERS);
    if (i < 0 || s->on[w] != 0)
        return;
    if (timed(s, s->task[i].since))
        note(&s->waits[s->task[i].told], s->now - s->task[i].since);
    s->on[w] = i + 1;
    s->task[i].now = POLLED;
    s->task[i].worker = w;
    s->task[i].since = s->now;
    TELL(s, poll_start, .task = s->task[i].id, .worker = (uint16_t)w, .source = (uint8_t)draw(s, 4));
}

static void stop(struct synthetic *s)
{
    const int i = some(s, POLLED);
    if (i < 0)
        return;
    const int kind = s->task[i].told, w = s->task[i].worker;
    const uint32_t fate = draw(s, 10);
    if (timed(s, s->task[i].since)) {
        note(&s->polls[kind], s->now - s->task[i].since);
        s->busy[w] += s->now - s->task[i].since;
    }
    s->on[w] = 0;
    TELL(s, poll_end, .task = s->task[i].id, .worker = (uint16_t)w,
         .result = fate == 0   ? WEFT_TRACE_poll_result_READY
                   : fate == 1 ? WEFT_TRACE_poll_result_YIELD
                               : WEFT_TRACE_poll_result_PENDING,
         .line = draw(s, 5));
    s->task[i].since = s->now;
    s->task[i].now = fate == 1 ? READY : WAITS;
    if (fate != 0)
        return;
    s->now++;
    if (seen(s, s->now) && seen(s, s->task[i].born))
        note(&s->lives[kind], s->now - s->task[i].born);
    TELL(s, task_end, .task = s->task[i].id, .result = 0, .worker = (uint16_t)w);
    s->task[i].now = NOBODY;
}

static void wake(struct synthetic *s)
{
    const int i = some(s, WAITS), by = some(s, POLLED);
    if (i < 0)
        return;
    s->task[i].now = READY;
    s->task[i].since = s->now;
    TELL(s, wake, .task = s->task[i].id, .by = by < 0 ? 0 : s->task[by].id, .source = (uint8_t)draw(s, READY_WAKES));
}

/* What a channel was like until now. */
static void channel_passed(struct synthetic *s, int c)
{
    const int64_t since = s->chan[c].since > s->blind_to ? s->chan[c].since : s->blind_to + 1;
    (void)since;
    if (timed(s, s->chan[c].since)) {
        const double took = (double)(s->now - s->chan[c].since);
        s->integral[c] += took * s->chan[c].depth;
        s->full[c] += s->chan[c].depth == s->chan[c].capacity ? took : 0;
    }
    s->chan[c].since = s->now;
}

static void send(struct synthetic *s)
{
    const int by = some(s, POLLED), c = (int)draw(s, CHANNELS);
    if (s->chan[c].depth == s->chan[c].capacity)
        return;
    channel_passed(s, c);
    s->chan[c].sent[s->chan[c].depth++] = s->now;
    s->sent[c] += seen(s, s->now);
    TELL(s, chan_send, .chan = s->chan[c].id, .task = by < 0 ? 0 : s->task[by].id, .depth = s->chan[c].depth);
}

static void receive(struct synthetic *s)
{
    const int by = some(s, POLLED), c = (int)draw(s, CHANNELS);
    if (!s->chan[c].depth)
        return;
    const uint32_t count = 1 + draw(s, s->chan[c].depth);
    channel_passed(s, c);
    for (uint32_t i = 0; i < count; i++)
        if (timed(s, s->chan[c].sent[i]))
            note(&s->lie[c], s->now - s->chan[c].sent[i]);
    s->chan[c].depth -= count;
    memmove(s->chan[c].sent, s->chan[c].sent + count, s->chan[c].depth * sizeof(int64_t));
    s->received[c] += seen(s, s->now) ? count : 0;
    TELL(s, chan_recv, .chan = s->chan[c].id, .task = by < 0 ? 0 : s->task[by].id, .count = count,
         .depth = s->chan[c].depth);
}

static void rest(struct synthetic *s)
{
    const int w = (int)draw(s, WORKERS);
    if (s->on[w] > 0)
        return;
    if (s->on[w] == 0) {
        s->on[w] = -1;
        s->parked[w] = s->now;
        TELL(s, worker_park, .worker = (uint16_t)w);
        return;
    }
    s->on[w] = 0;
    if (timed(s, s->parked[w]))
        s->slept[w] += s->now - s->parked[w];
    TELL(s, worker_unpark, .worker = (uint16_t)w, .by = WEFT_TRACE_NO_WORKER);
}

static void definitions(struct synthetic *s)
{
    static const char *const names[KINDS] = {"alpha", "beta", "gamma", "delta"};
    for (unsigned i = 0; i < KINDS; i++)
        TELL(s, site_def, .site = 100 + i, .name = names[i], .function = "main", .file = "a.c", .line = i);
}

static void channels(struct synthetic *s)
{
    static const char *const names[CHANNELS] = {"one", "two", "three"};
    for (unsigned c = 0; c < CHANNELS; c++)
        TELL(s, chan_open, .chan = s->chan[c].id, .capacity = s->chan[c].capacity, .name = names[c], .component = "");
}

/* The recording begins in the middle: what lives is told. */
static void announce(struct synthetic *s)
{
    s->now++;
    TELL(s, statedump_begin, .runtime = 1, .generation = 1);
    definitions(s);
    channels(s);
    for (int c = 0; c < CHANNELS; c++) {
        TELL(s, statedump_chan, .chan = s->chan[c].id, .depth = s->chan[c].depth, .sent = 9, .received = 9);
        s->chan[c].since = s->now;
    }
    for (int i = 0; i < TASKS_MAX; i++)
        if (s->task[i].now != NOBODY)
            TELL(s, statedump_task, .task = s->task[i].id, .site = 100u + (unsigned)s->task[i].kind, .polls = 1);
    TELL(s, statedump_end, .runtime = 1, .generation = 1);
}

static void step(struct synthetic *s)
{
    static void (*const steps[])(struct synthetic * s) = {spawn, start, start, start, stop,    stop,
                                                          wake,  wake,  send,  send,  receive, rest};
    pass(s);
    steps[draw(s, sizeof steps / sizeof *steps)](s);
}

enum how { WHOLE, LATE, LOSSY };

static void synthesize(struct synthetic *s, struct analysis *analysis, uint64_t seed, enum how how)
{
    *s = (struct synthetic){
        .analysis = analysis, .next_id = 1, .now = 1000, .blind_from = INT64_MAX, .blind_to = INT64_MIN};
    weft__rng_seed(&s->rng, seed);
    analysis_init(analysis);
    for (unsigned c = 0; c < CHANNELS; c++) {
        s->chan[c].id = 7 + c;
        s->chan[c].capacity = 4u << (2 * c);
        s->chan[c].since = s->now;
    }
    if (how == LATE)
        s->blind_from = INT64_MIN, s->blind_to = INT64_MAX;
    definitions(s);
    channels(s);
    for (int i = 0; i < STEPS / 3; i++)
        step(s);
    if (how == LATE) {
        s->blind_to = s->now;
        announce(s);
    }
    if (how == LOSSY) {
        s->blind_from = s->now + 1;
        s->blind_to = INT64_MAX;
        for (int i = 0; i < STEPS / 3; i++)
            step(s);
        s->blind_to = s->now;
        analysis_gap(analysis, &(struct event_gap){
                                   .begin_ns = s->blind_from, .end_ns = s->blind_to, .count = 1, .counted = true});
    }
    for (int i = 0; i < STEPS / 3; i++)
        step(s);
    analysis_finish(analysis);
}

static int order(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void same(const char *what, int which, struct noted *noted, const struct histogram *histogram)
{
    static const double at[] = {0.5, 0.9, 0.99, 0.999};
    if (noted->count != histogram->count || noted->sum != histogram->sum ||
        (noted->count && noted->max != histogram->max))
        fail_msg("%s %d: %zu of %lld ns, at most %lld; the analysis has %llu of %lld, at most %lld", what, which,
                 noted->count, (long long)noted->sum, (long long)noted->max, (unsigned long long)histogram->count,
                 (long long)histogram->sum, (long long)histogram->max);
    if (noted->list)
        qsort(noted->list, noted->count, sizeof *noted->list, order);
    for (size_t i = 0; noted->count && i < sizeof at / sizeof *at; i++) {
        const int64_t want = noted->list[(size_t)ceil(at[i] * (double)noted->count) - 1];
        assert_true(llabs(histogram_quantile(histogram, at[i]) - want) <= want / 32 + 1);
    }
    free(noted->list);
}

static const struct profile *profile_of(const struct analysis *analysis, int kind)
{
    for (uint32_t i = 0; i < analysis->profiles.count; i++)
        if (analysis->profiles.list[i]->site == (kind < KINDS ? 100u + (unsigned)kind : 0))
            return analysis->profiles.list[i];
    return NULL;
}

static void check(struct synthetic *s, enum how how)
{
    struct analysis *analysis = s->analysis;
    const struct machine *machine = map_get(&analysis->machines, 1);
    uint32_t runnable = 0;
    for (int kind = 0; kind <= KINDS; kind++) {
        const struct profile *profile = profile_of(analysis, kind);
        if (!profile && !s->waits[kind].count && !s->polls[kind].count)
            continue;
        assert_non_null(profile);
        same("waits", kind, &s->waits[kind], &profile->waits);
        same("polls", kind, &s->polls[kind], &profile->polls);
        assert_int_equal(profile->tasks - profile->before, s->spawned[kind]);
        if (how == WHOLE)
            same("lives", kind, &s->lives[kind], &profile->lives);
        else
            free(s->lives[kind].list);
    }
    for (unsigned c = 0; c < CHANNELS; c++) {
        const struct stream *stream = analysis->streams.list[c];
        same("messages", (int)c, &s->lie[c], &stream->residence);
        assert_int_equal(stream->sent, s->sent[c]);
        assert_int_equal(stream->received, s->received[c]);
        s->now = analysis->model.end_ns;
        channel_passed(s, (int)c);
        if (how == WHOLE) {
            assert_true(fabs(stream->full_ns - s->full[c]) < 1);
            assert_true(fabs(stream->depth_ns - s->integral[c]) < 1e-6 * s->integral[c] + 1);
            assert_true(fabs(series_mean(stream->depth, s->now) * stream->known_ns - s->integral[c]) <
                        1e-3 * s->integral[c] + 1000);
        }
    }
    for (int w = 0; w < WORKERS; w++) {
        assert_int_equal(machine->lanes.list[w]->busy_ns, s->busy[w]);
        assert_int_equal(machine->lanes.list[w]->parked_ns, s->slept[w]);
    }
    for (int i = 0; i < TASKS_MAX; i++)
        runnable += s->task[i].now == READY && (how == WHOLE || s->task[i].since > s->blind_to);
    assert_int_equal(machine->lanes.runnable, runnable);
}

static void synthetic(enum how how)
{
    static struct synthetic s;
    static struct analysis analysis;
    const char *given = getenv("WEFT_SEED");
    for (uint64_t seed = given ? strtoull(given, NULL, 10) : 1, last = given ? seed : 12; seed <= last; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        synthesize(&s, &analysis, seed, how);
        check(&s, how);
        analysis_fini(&analysis);
    }
}

static void whole_recordings_are_told_exactly(void **state)
{
    (void)state;
    synthetic(WHOLE);
}

static void recordings_that_begin_late_are_right_from_there(void **state)
{
    (void)state;
    synthetic(LATE);
}

static void recordings_with_a_gap_are_right_before_and_after_it(void **state)
{
    (void)state;
    synthetic(LOSSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_recordings_are_told_exactly),
        cmocka_unit_test(recordings_that_begin_late_are_right_from_there),
        cmocka_unit_test(recordings_with_a_gap_are_right_before_and_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
