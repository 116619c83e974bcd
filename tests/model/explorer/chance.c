/* SPDX-License-Identifier: MIT */
/* The seeded generator and the temperaments; chance.h says what they are for. Entered by the one thread there is. */
#include "chance.h"

struct temperament chance_temperament;
bool chance_sequential;
bool chance_oom;
uint64_t chance_bits;
unsigned chance_left;
static uint64_t chance_state;

/* splitmix64: neighbouring seeds give unrelated sequences. */
uint64_t chance_refill(void)
{
    uint64_t z = chance_state += 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

void chance_seed(uint64_t seed)
{
    static const unsigned preempts[] = {128, 64, 32, 12};
    static const unsigned stales[] = {0, 32, 64, 128};
    static const unsigned reorders[] = {0, 32, 64, 128};
    static const unsigned spurious[] = {0, 0, 8, 48};
    static const unsigned timeouts[] = {0, 0, 2, 24};

    chance_state = seed;
    chance_left = 0;
    chance_temperament = (struct temperament){
        .preempt = preempts[chance_take(2)],
        .stale = stales[chance_take(2)],
        .reorder = reorders[chance_take(2)],
        .spurious = spurious[chance_take(2)],
        .timeout = timeouts[chance_take(2)],
        .recycle = chance_take(2) == 0,
        .refuse = chance_oom && chance_take(1) ? 32 : 0,
    };
    if (chance_sequential) {
        chance_temperament.stale = 0;
        chance_temperament.reorder = 0;
    }
}
