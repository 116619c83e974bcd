/* SPDX-License-Identifier: MIT */
/* A small random generator per worker: victims and choices, not secrets. Source: G. Marsaglia, "Xorshift RNGs", 2003. */
#ifndef WEFT_BASE_RNG_H
#define WEFT_BASE_RNG_H

#include <stdint.h>

struct weft__rng {
    uint64_t state;
};

static inline void weft__rng_seed(struct weft__rng *rng, uint64_t seed)
{
    rng->state = seed * 0x9E3779B97F4A7C15u | 1; /* never zero, and near seeds start far apart */
}

static inline uint32_t weft__rng_next(struct weft__rng *rng)
{
    uint64_t x = rng->state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    rng->state = x;
    return (uint32_t)((x * 0x2545F4914F6CDD1Du) >> 32);
}

/* 0 to bound - 1, without a division. */
static inline uint32_t weft__rng_below(struct weft__rng *rng, uint32_t bound)
{
    return (uint32_t)(((uint64_t)weft__rng_next(rng) * bound) >> 32);
}

#endif
