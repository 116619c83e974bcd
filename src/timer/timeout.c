/* SPDX-License-Identifier: MIT */
/* A wait with a limit: the first of a future and a sleep, asked in this order. */
#include <weft/error.h>
#include <weft/timer.h>

#include "base/error.h"
#include "task/future.h"

static int timeout_check(const char *call, const weft_context *cx, const weft_timeout_state *state,
                         const weft_future *future)
{
    if (!cx || !state || !future || !future->weft__poll)
        return weft__refuse(WEFT_EINVAL, "%s: give a context, a state, and a future that was begun", call);
    return 0;
}

/* The limit has been set. */
static int timeout_go_on(weft_context *cx, weft_timeout_state *state, weft_future *future)
{
    weft_future *const futures[] = {future, &state->weft__limit.future};
    const int which = weft_select_from(cx, &state->weft__select, futures, 2, true);
    return which == 0 ? future->result : which == 1 ? WEFT_ETIMEDOUT : which;
}

int weft_timeout_until(weft_context *cx, weft_timeout_state *state, weft_future *future, int64_t deadline_ns)
{
    const int wrong = timeout_check("weft_timeout_until", cx, state, future);
    if (wrong)
        return wrong;
    if (!weft__select_under_way(cx, &state->weft__select))
        weft_sleep_begin(&state->weft__limit, deadline_ns);
    return timeout_go_on(cx, state, future);
}

int weft_timeout(weft_context *cx, weft_timeout_state *state, weft_future *future, int64_t delay_ns)
{
    const int wrong = timeout_check("weft_timeout", cx, state, future);
    if (wrong)
        return wrong;
    if (!weft__select_under_way(cx, &state->weft__select))
        weft_sleep_begin(&state->weft__limit, weft_deadline_in(delay_ns));
    return timeout_go_on(cx, state, future);
}
