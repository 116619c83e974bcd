/* SPDX-License-Identifier: MIT */
/*
 * When a process is asked again. Figures hardly depend on what lives; lists cost as much as there are tasks, and come as
 * often as that allows. A process gives less than a hundredth of its time to whoever looks at it: two fifths to its figures, two to its
 * lists, one to connections that are open. Only figures are never older than two seconds: while one worker is stuck among a million
 * tasks they are found in all of them. No clock of its own, no thread: time is an argument.
 */
#ifndef WEFT_CLI_LIVE_PACE_H
#define WEFT_CLI_LIVE_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum { PACE_SHARE = 250 }; /* of the time, one part */

#define PACE_FIGURES_NS INT64_C(2000000000) /* that nobody waits longer for them */
#define PACE_LISTS_NS   INT64_MAX

struct pace {
    int64_t due_ns; /* at once, at first */
};

static inline bool pace_is_due(const struct pace *pace, int64_t now_ns) { return now_ns >= pace->due_ns; }

/* It was asked until now, and that has cost it so much; the next time is an interval away, or later, but not by more than the most. */
static inline void pace_next(struct pace *pace, int64_t now_ns, int64_t cost_ns, int64_t interval_ns, int64_t most_ns)
{
    int64_t spares = cost_ns * (PACE_SHARE - 1); /* the cost itself is one of the parts */
    if (spares > most_ns)
        spares = most_ns;
    pace->due_ns = now_ns + (interval_ns > spares ? interval_ns : spares);
}

#endif
