/* SPDX-License-Identifier: MIT */
/*
 * A hierarchical timer wheel, pure: time is an argument, nothing is locked, nothing is called. Entries are intrusive;
 * insert and remove are O(1), and a turn costs what it moves.
 *
 * Time is cut into ticks of 65,536 ns, or, where time is simulated, of 1 ns. An entry is due at the first tick that is
 * not before its time, so it is never early and less than a tick late. Level n has 64 slots of 64^n ticks; an entry lies
 * at the level of the highest digit (to the base 64) in which its tick differs from the wheel's, in the slot of that
 * digit. Eleven levels reach 2^63 ticks, which is all that an int64_t of nanoseconds can say.
 *
 * Invariant: in each level all occupied slots are ahead of the wheel's own digit (in level 0 also at it); so the first
 * occupied slot of the lowest occupied level is the next thing to happen.
 *
 * Source: G. Varghese, A. Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987, scheme 7.
 */
#ifndef WEFT_TIMER_WHEEL_H
#define WEFT_TIMER_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/timed.h"

/* A smaller base is for tests, where entries have to fall through levels. */
#ifndef WEFT__WHEEL_DIGIT_BITS
#define WEFT__WHEEL_DIGIT_BITS 6
#endif

enum {
    WEFT__WHEEL_SLOTS = 1 << WEFT__WHEEL_DIGIT_BITS,
    WEFT__WHEEL_LEVELS = (64 + WEFT__WHEEL_DIGIT_BITS - 1) / WEFT__WHEEL_DIGIT_BITS,
    WEFT__WHEEL_SHIFT = 16, /* a tick is 2^shift ns: this, */
    WEFT__WHEEL_SHIFT_EXACT = 0 /* or this */
};

struct weft__wheel {
    uint64_t tick; /* nothing before this is in */
    uint8_t shift;
    uint64_t levels; /* a bit for each with an occupied slot */
    uint64_t occupied[WEFT__WHEEL_LEVELS]; /* of a level without a bit, and a slot without one, nothing is read */
    struct weft__link slots[WEFT__WHEEL_LEVELS][WEFT__WHEEL_SLOTS];
};

/* An empty wheel that stands at `now`. */
void weft__wheel_init(struct weft__wheel *wheel, int64_t now, uint8_t shift);

/* Put an entry in; a time that has passed is due at the next turn. */
void weft__wheel_insert(struct weft__wheel *wheel, struct weft__timed *entry);

/* Take an entry out that is in. */
void weft__wheel_remove(struct weft__wheel *wheel, struct weft__timed *entry);

/*
 * Take those out that are due at `now`, as far as there is room for them: by their ticks, and those of one tick in the order in which
 * they were put in. How many; if there was room for more, the wheel stands at `now`.
 */
size_t weft__wheel_turn(struct weft__wheel *wheel, int64_t now, struct weft__timed **out_due, size_t room);

/* The time of the next turn that can have something to do; INT64_MAX if the wheel is empty. */
int64_t weft__wheel_next(const struct weft__wheel *wheel);

#endif
