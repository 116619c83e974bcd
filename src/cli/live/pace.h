/* SPDX-License-Identifier: MIT */
/*
 * When a process is asked again, and what asking has cost. A process gives at most four thousandths of one processor's time to whoever
 * looks at it: two to its figures, one to its lists, one to connections that are open. Figures hardly depend on what lives; lists
 * cost as much as there are tasks, and come as often as that allows. Only figures are never older than two seconds: while one worker is
 * stuck among a million tasks they are found in all of them. No clock of its own, no thread: times are arguments.
 */
#ifndef WEFT_CLI_LIVE_PACE_H
#define WEFT_CLI_LIVE_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace_of {
    int64_t parts;   /* of the time, one goes to it */
    int64_t most_ns; /* that nobody waits longer for it */
};

static const struct pace_of pace_figures = {500, INT64_C(2000000000)}, pace_lists = {1000, INT64_MAX};

struct pace {
    int64_t due_ns; /* at once, at first */
};

static inline bool pace_is_due(const struct pace *pace, int64_t now_ns) { return now_ns >= pace->due_ns; }

/* It was asked until now, and that has cost it so much; the next time is an interval away, or later. */
static inline void pace_next(struct pace *pace, const struct pace_of *of, int64_t now_ns, int64_t cost_ns, int64_t interval_ns)
{
    int64_t spares = cost_ns * (of->parts - 1); /* the cost itself is one of the parts */
    if (spares > of->most_ns)
        spares = of->most_ns;
    pace->due_ns = now_ns + (interval_ns > spares ? interval_ns : spares);
}

enum { TOLL_S = 2 }; /* seconds from one to the next */

/* Of the last seconds: which share of one processor's time looking took, of the process that is looked at and of this one. */
struct toll {
    bool known, begun;
    double there, here;
    int64_t at_ns, there_ns, here_ns; /* when it was told last, and what they had taken until then */
};

static inline void toll_note(struct toll *toll, int64_t now_ns, int64_t there_ns, int64_t here_ns)
{
    const int64_t passed = now_ns - toll->at_ns;
    if (toll->begun && passed < TOLL_S * INT64_C(1000000000))
        return;
    if (toll->begun) {
        toll->there = (double)(there_ns - toll->there_ns) / (double)passed;
        toll->here = (double)(here_ns - toll->here_ns) / (double)passed;
        toll->known = true;
    }
    toll->begun = true;
    toll->at_ns = now_ns;
    toll->there_ns = there_ns;
    toll->here_ns = here_ns;
}

#endif
