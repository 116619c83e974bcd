/* SPDX-License-Identifier: MIT */
/*
 * About how many different things were seen, in a kilobyte: each hash says which register it is for, and how many zeros it
 * begins with; the register keeps the longest. The error is 3 % (one standard deviation), and less while they are few.
 *
 * Source: P. Flajolet, E. Fusy, O. Gandouet, F. Meunier, "HyperLogLog", AofA 2007. While registers are empty it counts those
 * instead, by how many throws fill so many of m boxes: m (1/m + 1/(m-1) + …), which needs no logarithm.
 */
#ifndef WEFT_METRICS_SKETCH_H
#define WEFT_METRICS_SKETCH_H

#include <stdint.h>

#include "base/atomic.h"

enum { WEFT__SKETCH_BITS = 10, WEFT__SKETCH_REGISTERS = 1 << WEFT__SKETCH_BITS };

struct weft__sketch {
    _Atomic uint8_t registers[WEFT__SKETCH_REGISTERS]; /* relaxed: an estimate */
};

/* `hash` is evenly distributed in all of its bits. Any thread; of two that meet in a register one may be forgotten. */
static inline void weft__sketch_add(struct weft__sketch *sketch, uint64_t hash)
{
    _Atomic uint8_t *reg = &sketch->registers[hash >> (64 - WEFT__SKETCH_BITS)];
    const uint8_t rank = (uint8_t)(1 + __builtin_clzll(hash << WEFT__SKETCH_BITS | 1));
    if (rank > weft__load_relaxed(reg)) /* which is rare, soon: the line stays shared */
        weft__store_relaxed(reg, rank);
}

uint64_t weft__sketch_count(struct weft__sketch *sketch);

#endif
