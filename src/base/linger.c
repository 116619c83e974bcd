/* SPDX-License-Identifier: MIT */
/* The account of looks and wakes. */
#include "base/linger.h"

#include "base/atomic.h"
#include "base/platform.h"

enum {
    LINGER_LOOK_NS = 8, /* a look takes longer: their number ends them, too, should the clock stand */
    LINGER_CHEAP = 2 * WEFT__LINGER_SHARE,
    LINGER_LOOKS = 16,  /* that the mean is of: so many that one in vain is borne, and the first, which finds the other asleep */
};

bool weft__linger(struct weft__linger *linger, int64_t until_ns, bool (*is_there)(void *context), void *context)
{
    const int64_t limit = weft__linger_limit(linger);
    if (limit == 0)
        return false;
    const int64_t since = weft__clock_now(), end = until_ns < since + limit ? until_ns : since + limit;
    int64_t now = since, looks = limit / LINGER_LOOK_NS;
    bool there = false;
    while (!there && now < end && looks-- > 0) {
        weft__pause();
        there = is_there(context);
        now = weft__clock_now();
    }
    weft__linger_looked(linger, now - since);
    return there;
}

void weft__linger_slept(struct weft__linger *linger, int64_t away_ns, int64_t wake_ns)
{
    const int64_t most = WEFT__LINGER_WAKE_MAX_NS, wake = wake_ns < 0 ? 0 : wake_ns < most ? wake_ns : most;
    linger->wake_ns = linger->wake_ns == 0 ? wake : linger->wake_ns + (wake - linger->wake_ns) / 8;
    if (away_ns - wake_ns > 2 * linger->wake_ns)
        linger->brief = 0;
    else if (linger->brief < UINT32_MAX)
        linger->brief++;
}

void weft__linger_looked(struct weft__linger *linger, int64_t took_ns)
{
    linger->spent_ns += (took_ns - linger->spent_ns) / LINGER_LOOKS;
    if (linger->spent_ns > linger->wake_ns / WEFT__LINGER_SHARE) {
        linger->spent_ns = linger->wake_ns / WEFT__LINGER_SHARE - linger->wake_ns / LINGER_LOOKS; /* next time one in vain is enough */
        linger->brief = 0;
        linger->doubled += linger->doubled < WEFT__LINGER_DOUBLED_MAX;
    } else if (linger->spent_ns <= linger->wake_ns / LINGER_CHEAP && took_ns <= linger->wake_ns / LINGER_CHEAP) {
        linger->doubled = 0;
    }
}
