/* SPDX-License-Identifier: MIT */
#include "exporter.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/error.h>

#include "base/futex.h"
#include "base/thread.h"
#include "encode.h"
#include "log.h"
#include "partial.h"
#include "span.h"

enum { EXPORTER_TURN_MS = 50, EXPORTER_BACKOFF_MAX = 6 };
static const int64_t exporter_ms = 1000000;

static __attribute__((format(printf, 2, 3))) void exporter_note(struct weft__otlp_exporter *x, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    weft__lock(&x->lock);
    vsnprintf(x->error, sizeof x->error, format, arguments);
    weft__unlock(&x->lock);
    va_end(arguments);
}

void weft__otlp_exporter_error(struct weft__otlp_exporter *x, char *out, size_t room)
{
    weft__lock(&x->lock);
    snprintf(out, room, "%s", x->error);
    weft__unlock(&x->lock);
}

/* --- things ------------------------------------------------------------------------------------------------------- */

static void thing_free(enum weft__otlp_signal signal, struct weft__otlp_node *node)
{
    if (signal == WEFT__OTLP_TRACES)
        weft_trail_unref(&weft__otlp_span_of_node(node)->trail);
    else
        weft__otlp_log_free(weft__otlp_log_of(node));
}

static void things_free(enum weft__otlp_signal signal, struct weft__otlp_node *node, uint32_t count)
{
    weft__otlp_gone(signal, count);
    while (node && count-- > 0) {
        struct weft__otlp_node *next = node->next;
        thing_free(signal, node);
        node = next;
    }
}

/* --- lanes -------------------------------------------------------------------------------------------------------- */

/* What is in the queue goes behind what waits. Only when it is needed: as long as the queue is not empty nobody rouses. */
static void lane_fetch(enum weft__otlp_signal signal, struct weft__otlp_lane *lane)
{
    struct weft__otlp_node *fresh = weft__otlp_take(signal), **end = &lane->waiting;
    while (*end)
        end = &(*end)->next;
    *end = fresh;
    for (; fresh; fresh = fresh->next)
        lane->waiting_count++;
}

/* Whether something waits to be sent, taken from the queue or not. */
static bool lane_has(const struct weft__otlp_lane *lane, enum weft__otlp_signal signal)
{
    return lane->waiting || weft__load_relaxed(&weft__otlp_queues[signal].head); /* who pushes the first one rouses */
}

/* The batch is done with, in whatever way. */
static void lane_clear(enum weft__otlp_signal signal, struct weft__otlp_lane *lane, _Atomic uint64_t *tally, uint64_t count)
{
    weft__fetch_add_relaxed(tally, count); /* a statistic */
    lane->gone += signal == WEFT__OTLP_METRICS ? 1 : lane->batch_count;
    if (signal != WEFT__OTLP_METRICS)
        things_free(signal, lane->batch, lane->batch_count);
    free(lane->body);
    lane->body = NULL;
    lane->batch = NULL;
    lane->batch_count = lane->items = 0;
    lane->state = WEFT__OTLP_IDLE;
}

static void lane_post(struct weft__otlp_exporter *x, enum weft__otlp_signal signal)
{
    struct weft__otlp_lane *lane = &x->lanes[signal];
    struct weft__otlp_tally *tally = &weft__otlp_queues[signal].tally;
    weft__fetch_add_relaxed(&tally->requests, 1); /* statistics */
    if (lane->attempts++ > 0)
        weft__fetch_add_relaxed(&tally->retries, 1);
    lane->state = WEFT__OTLP_SENDING;
    if (weft__otlp_post(x->poster, signal, lane->body, lane->length))
        return;
    exporter_note(x, "no memory for a request to %.150s", x->settings->targets[signal].shown);
    lane_clear(signal, lane, &tally->dropped, lane->items);
}

/* Cut a batch off what waits, and make a request of it. */
static void lane_begin(struct weft__otlp_exporter *x, enum weft__otlp_signal signal)
{
    struct weft__otlp_lane *lane = &x->lanes[signal];
    const struct weft__otlp_target *target = &x->settings->targets[signal];
    lane_fetch(signal, lane);
    lane->since = 0;
    const uint32_t count = lane->waiting_count < target->batch_max ? lane->waiting_count : target->batch_max;
    struct weft__otlp_node *last = lane->waiting;
    for (uint32_t i = 1; i < count; i++)
        last = last->next;
    lane->batch = lane->waiting;
    lane->waiting = last->next;
    last->next = NULL;
    lane->waiting_count -= count;
    lane->batch_count = lane->items = count;
    lane->attempts = 0;
    lane->body = signal == WEFT__OTLP_TRACES ? weft__otlp_encode_spans(&x->settings->resource, lane->batch, count, &lane->length)
                                             : weft__otlp_encode_logs(&x->settings->resource, lane->batch, count, &lane->length);
    if (lane->body) {
        lane_post(x, signal);
        return;
    }
    exporter_note(x, "no memory for a batch of %u", count);
    lane_clear(signal, lane, &weft__otlp_queues[signal].tally.dropped, count);
}

static void lane_tell_metrics(struct weft__otlp_exporter *x, int64_t now)
{
    struct weft__otlp_lane *lane = &x->lanes[WEFT__OTLP_METRICS];
    lane->since = now;
    lane->attempts = 0;
    lane->body = weft__otlp_metrics_tell(x->metrics, &x->settings->resource, &lane->length, &lane->items);
    if (lane->body)
        lane_post(x, WEFT__OTLP_METRICS);
    else
        lane_clear(WEFT__OTLP_METRICS, lane, &weft__otlp_queues[WEFT__OTLP_METRICS].tally.dropped, 1);
}

/* An attempt came to nothing that another could not mend. */
static void lane_pause(struct weft__otlp_exporter *x, enum weft__otlp_signal signal, const struct weft__otlp_answer *answer, int64_t now)
{
    struct weft__otlp_lane *lane = &x->lanes[signal];
    if (lane->attempts > x->settings->retries_max) {
        lane_clear(signal, lane, &weft__otlp_queues[signal].tally.failed, lane->items);
        return;
    }
    const uint32_t doublings = lane->attempts - 1 < EXPORTER_BACKOFF_MAX ? lane->attempts - 1 : EXPORTER_BACKOFF_MAX;
    const int64_t pause = ((int64_t)x->settings->retry_ms * exporter_ms) << doublings;
    const int64_t jittered = pause / 2 + (int64_t)((double)weft__rng_next(&x->rng) / 4294967296.0 * (double)pause); /* half to one and a half */
    lane->again = now + (answer->retry_after_ns > 0 ? answer->retry_after_ns : jittered);
    lane->state = WEFT__OTLP_PAUSING;
}

static void lane_accepted(struct weft__otlp_exporter *x, enum weft__otlp_signal signal, const struct weft__otlp_answer *answer)
{
    static const char *const names[] = {"rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"};
    struct weft__otlp_lane *lane = &x->lanes[signal];
    struct weft__otlp_tally *tally = &weft__otlp_queues[signal].tally;
    char why[160];
    uint64_t rejected = weft__otlp_partial(answer->body, answer->length, names[signal], why, sizeof why);
    if (rejected > lane->items)
        rejected = lane->items;
    if (rejected > 0 || *why)
        exporter_note(x, "%.80s rejected %llu: %s", x->settings->targets[signal].shown, (unsigned long long)rejected, why);
    weft__fetch_add_relaxed(&tally->rejected, rejected); /* a statistic */
    lane_clear(signal, lane, &tally->exported, lane->items - rejected);
}

static bool answer_may_be_repeated(int status)
{
    return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

static void lane_answered(struct weft__otlp_exporter *x, enum weft__otlp_signal signal, const struct weft__otlp_answer *answer, int64_t now)
{
    struct weft__otlp_lane *lane = &x->lanes[signal];
    if (answer->status >= 200 && answer->status < 300) {
        lane_accepted(x, signal, answer);
        return;
    }
    if (answer->status == 0)
        exporter_note(x, "%.80s: %s", x->settings->targets[signal].shown, answer->error);
    else
        exporter_note(x, "%.80s answered %d", x->settings->targets[signal].shown, answer->status);
    if (answer_may_be_repeated(answer->status))
        lane_pause(x, signal, answer, now);
    else
        lane_clear(signal, lane, &weft__otlp_queues[signal].tally.failed, lane->items);
}

/* When the lane has something to do by itself; INT64_MAX: when something comes. */
static int64_t lane_due(const struct weft__otlp_exporter *x, enum weft__otlp_signal signal)
{
    const struct weft__otlp_lane *lane = &x->lanes[signal];
    const struct weft__otlp_target *target = &x->settings->targets[signal];
    if (!target->on || lane->state == WEFT__OTLP_SENDING)
        return INT64_MAX;
    if (lane->state == WEFT__OTLP_PAUSING)
        return lane->again;
    if (signal == WEFT__OTLP_METRICS ? x->hurry : !lane_has(lane, signal))
        return INT64_MAX;
    if (signal != WEFT__OTLP_METRICS && weft__load_relaxed(&weft__otlp_queues[signal].count) >= target->batch_max)
        return INT64_MIN; /* of an idle lane, all that it counts waits */
    return lane->since + (int64_t)target->delay_ms * exporter_ms;
}

static void lane_step(struct weft__otlp_exporter *x, enum weft__otlp_signal signal, int64_t now)
{
    struct weft__otlp_lane *lane = &x->lanes[signal];
    struct weft__otlp_answer answer;
    if (lane->state == WEFT__OTLP_SENDING && weft__otlp_post_answer(x->poster, signal, &answer))
        lane_answered(x, signal, &answer, now);
    if (lane->state == WEFT__OTLP_PAUSING && now >= lane->again)
        lane_post(x, signal);
    if (lane->state != WEFT__OTLP_IDLE || !x->settings->targets[signal].on)
        return;
    if (signal == WEFT__OTLP_METRICS) {
        if (x->hurry ? lane->gone + 1 == lane->flush_until : now >= lane_due(x, signal))
            lane_tell_metrics(x, now);
        return;
    }
    if (lane->since == 0 && lane_has(lane, signal))
        lane->since = now;
    if (lane_has(lane, signal) && (x->hurry || now >= lane_due(x, signal)))
        lane_begin(x, signal);
}

static bool lane_is_empty(const struct weft__otlp_exporter *x, enum weft__otlp_signal signal)
{
    const struct weft__otlp_lane *lane = &x->lanes[signal];
    return lane->state == WEFT__OTLP_IDLE && (signal == WEFT__OTLP_METRICS || !lane_has(lane, signal));
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

/* Whether what there was at the beginning of the flush has gone: others may go on to push. */
static bool exporter_has_flushed(const struct weft__otlp_exporter *x)
{
    for (int signal = 0; signal < WEFT__OTLP_SIGNALS; signal++)
        if (x->lanes[signal].gone < x->lanes[signal].flush_until && (signal == WEFT__OTLP_METRICS || !lane_is_empty(x, signal)))
            return false;
    return true;
}

/*
 * A flush, or the stop, which is one: what there is has to go. Metrics are told once more; if a request of them is under way,
 * after that.
 */
static void exporter_hurry(struct weft__otlp_exporter *x, int64_t now)
{
    if (x->settings->targets[WEFT__OTLP_LOGS].on)
        weft__otlp_suspicions_look(&x->suspicions, now);
    for (int signal = 0; signal < WEFT__OTLP_SIGNALS; signal++) {
        struct weft__otlp_lane *lane = &x->lanes[signal];
        const uint64_t metrics = x->settings->targets[signal].on ? 1 + (lane->state != WEFT__OTLP_IDLE) : 0;
        lane->flush_until = lane->gone + (signal == WEFT__OTLP_METRICS ? metrics : weft__load_relaxed(&weft__otlp_queues[signal].count));
    }
}

/* Sleep until something is due or somebody rouses; or, while requests are under way, until something comes of them. */
static void exporter_wait(struct weft__otlp_exporter *x, int64_t until)
{
    bool sending = false;
    for (int signal = 0; signal < WEFT__OTLP_SIGNALS; signal++) {
        const int64_t due = lane_due(x, signal);
        until = due < until ? due : until;
        sending |= x->lanes[signal].state == WEFT__OTLP_SENDING;
    }
    if (sending)
        weft__otlp_post_turn(x->poster, EXPORTER_TURN_MS);
    else if (until > weft_clock())
        weft__otlp_sleep(until);
}

/* One round. False: that was the last. */
static bool exporter_turn(struct weft__otlp_exporter *x)
{
    const int64_t now = weft_clock();
    const bool stopping = weft__load_acquire(&x->stop); /* OX-A1 */
    const int64_t deadline = weft__load_relaxed(&x->stop_deadline); /* written before it */
    const uint32_t wanted = weft__load_relaxed(&x->flush_wanted), done = weft__load_relaxed(&x->flush_done); /* its own */
    if (x->flush_begun == done && wanted != done) {
        x->flush_begun = wanted;
        exporter_hurry(x, now);
    }
    x->hurry = stopping || x->flush_begun != done;
    int64_t until = stopping ? deadline : INT64_MAX;
    if (x->settings->targets[WEFT__OTLP_LOGS].on) {
        const int64_t look = weft__otlp_suspicions_turn(&x->suspicions, now);
        until = look < until ? look : until;
    }
    for (int signal = 0; signal < WEFT__OTLP_SIGNALS; signal++)
        lane_step(x, signal, now);
    if (x->hurry && exporter_has_flushed(x)) {
        weft__store_release(&x->flush_done, x->flush_begun); /* OX-R2 */
        weft__futex_wake(&x->flush_done, WEFT__WAKE_ALL);
        x->whole = stopping && x->flush_begun == weft__load_relaxed(&x->flush_wanted); /* the stop's own was counted before */
        return !x->whole; /* there may be another */
    }
    if (stopping && now >= deadline)
        return false;
    exporter_wait(x, until);
    return true;
}

static void *exporter_main(void *context)
{
    struct weft__otlp_exporter *x = context;
    char name[WEFT__THREAD_NAME];
    weft__thread_set_name("weft-otlp", 0, name);
    while (exporter_turn(x))
        ;
    return NULL;
}

int weft__otlp_exporter_start(struct weft__otlp_exporter **out, const struct weft__otlp_settings *settings)
{
    struct weft__otlp_exporter *x = calloc(1, sizeof *x);
    if (!x)
        return WEFT_ENOMEM;
    x->settings = settings;
    x->metrics = weft__otlp_metrics_create();
    x->poster = weft__otlp_poster_create(settings);
    uint64_t seed;
    weft__otlp_new_id((uint8_t *)&seed, sizeof seed);
    weft__rng_seed(&x->rng, seed);
    x->lanes[WEFT__OTLP_METRICS].since = weft_clock();
    const int error = x->poster && x->metrics ? weft__thread_start(&x->thread, 0, exporter_main, x) : WEFT_ENOMEM;
    if (error == 0) {
        *out = x;
        return 0;
    }
    weft__otlp_poster_destroy(x->poster);
    weft__otlp_metrics_destroy(x->metrics);
    free(x);
    return error;
}

int weft__otlp_exporter_flush(struct weft__otlp_exporter *x, int64_t deadline_ns)
{
    const uint32_t mine = weft__fetch_add_relaxed(&x->flush_wanted, 1) + 1; /* the queues have edges of their own */
    weft__otlp_rouse();
    for (uint32_t done; (int32_t)((done = weft__load_acquire(&x->flush_done)) - mine) < 0;) { /* OX-A2 */
        if (weft_clock() >= deadline_ns)
            return WEFT_ETIMEDOUT;
        weft__futex_wait(&x->flush_done, done, deadline_ns);
    }
    return 0;
}

bool weft__otlp_exporter_stop(struct weft__otlp_exporter *x, int64_t deadline_ns)
{
    weft__fetch_add_relaxed(&x->flush_wanted, 1); /* released with the next */
    weft__store_relaxed(&x->stop_deadline, deadline_ns);
    weft__store_release(&x->stop, 1); /* OX-R1 */
    weft__otlp_rouse();
    pthread_join(x->thread, NULL);
    weft__otlp_poster_destroy(x->poster); /* before the bodies of its requests */
    const bool whole = x->whole;
    for (int signal = 0; signal < WEFT__OTLP_SIGNALS; signal++) {
        struct weft__otlp_lane *lane = &x->lanes[signal];
        lane_fetch(signal, lane); /* what was pushed beside the stop is no part of what it waited for: dropped, and counted */
        if (signal != WEFT__OTLP_METRICS)
            things_free(signal, lane->waiting, lane->waiting_count);
        lane_clear(signal, lane, &weft__otlp_queues[signal].tally.dropped, lane->items + lane->waiting_count);
    }
    weft__otlp_metrics_destroy(x->metrics);
    weft__otlp_suspicions_end(&x->suspicions);
    free(x);
    return whole;
}
