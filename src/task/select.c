/* SPDX-License-Identifier: MIT */
/*
 * The first of several. Each future has a wait node of its own and registers it where it waits; the task's node stands
 * for the whole, so that a task which turns away from the wait, or ends, takes all of them back.
 *
 * At each poll every future is asked, beginning at a random one unless biased; the first that is ready wins, and the
 * rest are withdrawn before its result is handed out: a place that one of them had been granted is passed on.
 */
#include <weft/error.h>

#include "base/error.h"
#include "task/future.h"

_Static_assert(WEFT_SELECT_MAX <= WEFT__ABOUTS_MAX, "each future can be told");

static void select_withdraw(weft_select_state *state, const weft_future *but)
{
    for (uint32_t i = 0; i < state->weft__count; i++)
        if (state->weft__futures[i] != but)
            weft__wait_leave(weft__future_wait(state->weft__futures[i]));
    state->weft__count = 0;
}

static void select_abandon(struct weft__waitable *waitable, struct weft__wait *wait)
{
    select_withdraw((weft_select_state *)(void *)waitable, NULL);
    wait->object = NULL;
}

static int select_check(const weft_context *cx, const weft_select_state *state, weft_future *const *futures, size_t count)
{
    if (!cx || !state || !futures || count == 0 || count > WEFT_SELECT_MAX)
        return weft__refuse(WEFT_EINVAL, "weft_select: %zu futures: give a context, a state, and 1 to %d", count,
                            WEFT_SELECT_MAX);
    for (size_t i = 0; i < count; i++)
        if (!futures[i] || !futures[i]->weft__poll)
            return weft__refuse(WEFT_EINVAL, "weft_select: future %zu is null, or was not begun", i);
    return 0;
}

static void select_describe(struct weft__waitable *waitable, const struct weft__wait *wait, struct weft__abouts *abouts)
{
    const weft_select_state *state = (const weft_select_state *)(const void *)waitable;
    (void)wait;
    for (uint32_t i = 0; i < state->weft__count; i++) {
        const struct weft__wait *each = weft__future_wait(state->weft__futures[i]);
        if (each->object && each->object->ops->describe)
            each->object->ops->describe(each->object, each, abouts);
    }
}

static const struct weft__waitable_ops select_ops = {select_abandon, select_describe};

int weft_select_from(weft_context *cx, weft_select_state *state, weft_future *const *futures, size_t count, bool biased)
{
    const int wrong = select_check(cx, state, futures, count);
    if (wrong)
        return wrong;
    struct weft__wait *wait = &weft__cx_task(cx)->wait;
    if (!weft__select_under_way(cx, state)) {
        weft__wait_leave(wait);
        state->weft__count = 0;
    }
    if (weft__cx_cancelled(cx)) {
        weft__wait_leave(wait);
        return WEFT_ECANCELED;
    }
    weft__select_waitable(state)->ops = &select_ops;
    for (size_t i = 0; i < count; i++)
        state->weft__futures[i] = futures[i];
    state->weft__count = (uint32_t)count;
    wait->object = weft__select_waitable(state); /* from here on turning away withdraws */

    const size_t first = biased ? 0 : weft__rng_below(&weft__cx_thread(cx)->choices, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const size_t place = (first + i) % count;
        const int answer = futures[place]->weft__poll(cx, futures[place]);
        if (answer == WEFT_AWAITING)
            continue;
        if (answer == WEFT_ECANCELED && weft_context_cancelled(cx) != WEFT_REASON_NONE) { /* it was cancelled after the look above */
            weft__wait_leave(wait);
            return WEFT_ECANCELED;
        }
        futures[place]->result = answer;
        wait->object = NULL;
        select_withdraw(state, futures[place]);
        return (int)place;
    }
    return WEFT_AWAITING;
}
