/* SPDX-License-Identifier: MIT */
/* See moments.h. */
#include "cli/trace/moments.h"

static int64_t moments_within(int64_t ns, int64_t least_ns)
{
    return ns < least_ns ? least_ns : ns > MOMENTS_MAX ? MOMENTS_MAX : ns;
}

void moments_take(struct moments *moments, struct event *event)
{
    event->ns = moments->last_ns = moments_within(event->ns, moments->last_ns);
    event->clock_ns = moments_within(event->clock_ns, 0); /* of several programs, so in no order */
}
