/* SPDX-License-Identifier: MIT */
/* See lane.h. */
#include "cli/trace/analysis/lane.h"

#include <stdlib.h>

#include "cli/memory.h"
#include "cli/trace/duration.h"

#define LANE_AWAKE INT64_MIN

void lanes_init(struct lanes *lanes, int64_t begin_ns)
{
    *lanes = (struct lanes){.since_ns = begin_ns};
    series_init(&lanes->ready, begin_ns);
    series_init(&lanes->awake, begin_ns);
}

void lanes_fini(struct lanes *lanes)
{
    for (uint32_t i = 0; i < lanes->size; i++)
        free(lanes->list[i]);
    free(lanes->list);
    tally_fini(&lanes->steals);
}

struct lane *lanes_need(struct lanes *lanes, uint16_t number, int64_t ns)
{
    if (number == WEFT_TRACE_NO_WORKER)
        return NULL;
    if (number >= lanes->size) {
        const uint32_t size = (uint32_t)number + 1;
        lanes->list = memory_resize(lanes->list, size, sizeof(struct lane *));
        for (uint32_t i = lanes->size; i < size; i++)
            lanes->list[i] = NULL;
        lanes->size = size;
    }
    struct lane *lane = lanes->list[number];
    if (!lane) {
        lane = lanes->list[number] = memory_zeroed(1, sizeof *lane);
        lane->number = number;
        lane->park_ns = LANE_AWAKE;
        series_init(&lane->busy, lanes->ready.begin_ns);
        series_set(&lane->busy, ns, 0);
        lanes->seen++;
        series_change(&lanes->awake, ns, 1);
    }
    return lane;
}

/* Account for the time until now: a task waited for a worker, and a worker waited for a task. */
static void lanes_advance(struct lanes *lanes, int64_t ns)
{
    if (lanes->runnable && lanes->parked)
        duration_add(&lanes->wasted_ns, ns - lanes->since_ns);
    lanes->since_ns = ns;
}

void lanes_runnable(struct lanes *lanes, int64_t ns, int delta)
{
    lanes_advance(lanes, ns);
    if (delta > 0 || lanes->runnable)
        lanes->runnable = (uint32_t)((int64_t)lanes->runnable + delta);
    series_set(&lanes->ready, ns, lanes->runnable);
}

void lanes_forget(struct lanes *lanes, int64_t ns)
{
    if (ns < lanes->since_ns)
        ns = lanes->since_ns;
    lanes_advance(lanes, ns);
    lanes->runnable = 0;
    for (uint32_t i = 0; i < lanes->size; i++)
        if (lanes->list[i])
            lanes->list[i]->task = 0;
}

static void lane_awake(struct lanes *lanes, struct lane *lane, int64_t ns, int64_t certain_ns)
{
    if (lane->park_ns == LANE_AWAKE)
        return;
    if (lane->park_ns > certain_ns)
        duration_add(&lane->parked_ns, ns - lane->park_ns);
    lane->park_ns = LANE_AWAKE;
    lane->polled = false;
    lanes_advance(lanes, ns);
    lanes->parked--;
    series_change(&lanes->awake, ns, 1);
}

static void lane_park(struct lanes *lanes, struct lane *lane, int64_t ns)
{
    if (lane->parks && !lane->polled)
        lane->rests_in_vain++;
    lane->parks++;
    if (lane->park_ns == LANE_AWAKE) {
        lanes_advance(lanes, ns);
        lanes->parked++;
        series_change(&lanes->awake, ns, -1);
    }
    lane->park_ns = ns;
}

void lane_poll_start(struct lanes *lanes, uint16_t number, uint64_t task, uint32_t profile, uint8_t source, int64_t ns)
{
    struct lane *lane = lanes_need(lanes, number, ns);
    if (!lane)
        return;
    lane_awake(lanes, lane, ns, INT64_MAX); /* its waking is missing: for how long it slept is not known */
    lane->task = task;
    lane->profile = profile;
    lane->poll_ns = ns;
    lane->polled = true;
    if (source < 4)
        lane->sources[source]++;
    series_set(&lane->busy, ns, 1);
}

void lane_poll_end(struct lanes *lanes, uint16_t number, int64_t ns, int64_t took_ns)
{
    struct lane *lane = lanes_need(lanes, number, ns);
    if (!lane)
        return;
    lane->polls++;
    series_set(&lane->busy, ns, 0);
    if (took_ns >= 0) {
        duration_add(&lane->busy_ns, took_ns);
        lane->recent[lane->recent_at++ % LANE_RECENT] = (struct lane_poll){lane->task, lane->profile, ns - took_ns, ns};
    }
    lane->task = 0;
}

void lanes_event(struct lanes *lanes, const struct event *event, int64_t certain_ns)
{
    struct lane *lane, *victim;
    switch (event->kind) {
    case WEFT_TRACE_worker_park:
        if ((lane = lanes_need(lanes, event->worker_park.worker, event->ns)))
            lane_park(lanes, lane, event->ns);
        break;
    case WEFT_TRACE_worker_unpark:
        if ((lane = lanes_need(lanes, event->worker_unpark.worker, event->ns)))
            lane_awake(lanes, lane, event->ns, certain_ns);
        break;
    case WEFT_TRACE_steal:
        if ((lane = lanes_need(lanes, event->steal.worker, event->ns))) {
            lane->steals++;
            lane->stolen += event->steal.count;
        }
        if ((victim = lanes_need(lanes, event->steal.victim, event->ns)))
            victim->robbed += event->steal.count;
        tally_add(&lanes->steals, event->steal.victim, event->steal.worker, 0, event->steal.count, 0);
        break;
    case WEFT_TRACE_queue_overflow:
        if ((lane = lanes_need(lanes, event->queue_overflow.worker, event->ns)))
            lane->overflows++;
        break;
    default:
        break;
    }
}

const struct lane_poll *lane_longest_between(const struct lanes *lanes, uint16_t number, int64_t from_ns,
                                             int64_t until_ns)
{
    const struct lane *lane = number < lanes->size ? lanes->list[number] : NULL;
    const struct lane_poll *longest = NULL;
    int64_t longest_ns = 0;
    for (uint32_t i = 0; lane && i < LANE_RECENT; i++) {
        const struct lane_poll *poll = &lane->recent[i];
        const int64_t begin = poll->begin_ns > from_ns ? poll->begin_ns : from_ns;
        const int64_t end = poll->end_ns < until_ns ? poll->end_ns : until_ns;
        if (poll->task && end - begin > longest_ns) {
            longest = poll;
            longest_ns = end - begin;
        }
    }
    return longest;
}
