/* SPDX-License-Identifier: MIT */
/* The public clock. */
#include <weft/types.h>

#include "base/platform.h"

int64_t weft_clock(void)
{
    return weft__clock_now();
}

int64_t weft_deadline_in(int64_t delay_ns)
{
    const int64_t now = weft__clock_now();
    if (delay_ns <= 0)
        return now;
    return delay_ns >= WEFT_FOREVER - now ? WEFT_FOREVER : now + delay_ns;
}
