/* SPDX-License-Identifier: MIT */
/*
 * The gate of a channel: one word that says how many places were claimed, how many are held by permits, and who may
 * claim more. Pure arithmetic; the operations on it are in send.c, recv.c and close.c.
 *
 *     bits 28 to 63   pos       messages claimed since the beginning; wraps
 *     bits  4 to 27   reserved  places held by permits, and by waiting senders that were granted one
 *     bit   0         STOPPED   no new claims: the receiver stopped, or is gone
 *     bit   1         GONE      no more messages at all, also not by permits
 *     bit   2         WAITERS   senders wait: a newcomer may not pass them
 *
 * `head` counts the messages taken out. depth = pos - head, and pos - head + reserved <= capacity always.
 *
 * The word is compared and swapped while `head` is read beside it; a thread that slept between the two for exactly
 * 2^36 messages would be fooled. At 10 ns a message that is a quarter of an hour.
 */
#ifndef WEFT_CHANNEL_GATE_H
#define WEFT_CHANNEL_GATE_H

#include <stdbool.h>
#include <stdint.h>

/* Narrower positions are for tests, where they have to wrap. */
#ifndef WEFT__GATE_POS_BITS
#define WEFT__GATE_POS_BITS 36
#endif

enum {
    WEFT__GATE_SHIFT = 64 - WEFT__GATE_POS_BITS,
    WEFT__GATE_STOPPED = 1,
    WEFT__GATE_GONE = 2,
    WEFT__GATE_WAITERS = 4,
    WEFT__GATE_RESERVED_SHIFT = 4
};

#define WEFT__GATE_POS_ONE (UINT64_C(1) << WEFT__GATE_SHIFT)
#define WEFT__GATE_RESERVED_ONE (UINT64_C(1) << WEFT__GATE_RESERVED_SHIFT)
#define WEFT__GATE_POS_MASK ((UINT64_C(1) << WEFT__GATE_POS_BITS) - 1)

static inline uint64_t weft__gate_pos(uint64_t gate) { return gate >> WEFT__GATE_SHIFT; }
static inline uint32_t weft__gate_reserved(uint64_t gate)
{
    return (uint32_t)(gate >> WEFT__GATE_RESERVED_SHIFT & ((UINT64_C(1) << (WEFT__GATE_SHIFT - 4)) - 1));
}

/* Messages claimed and not taken out. */
static inline uint32_t weft__gate_depth(uint64_t gate, uint64_t head)
{
    return (uint32_t)((weft__gate_pos(gate) - head) & WEFT__GATE_POS_MASK);
}

/* Whether so many more places are free. With a head that is younger than the gate the sum wraps, and is right. */
static inline bool weft__gate_fits(uint64_t gate, uint64_t head, uint32_t capacity, uint32_t count)
{
    return weft__gate_depth(gate, head) + weft__gate_reserved(gate) + count <= capacity;
}

static inline bool weft__gate_full(uint64_t gate, uint64_t head, uint32_t capacity)
{
    return !weft__gate_fits(gate, head, capacity, 1);
}

/*
 * A slot's word: in the upper half which message it holds, counted from 1 and cut to 32 bits; in the lower half when it
 * was sent, in milliseconds. ABANDONED, half a circle away from any message that the slot could hold next, tells a
 * sender that the receiver left between its claim and its writing. TRAILED, a quarter and one away, which is no other round's
 * message whatever the size of the ring, is a message with a trail between it and the word (<weft/trail.h>): to a receiver
 * that compares it looks like none, so only then it looks closer.
 */
#define WEFT__SLOT_SEQ_BITS (WEFT__GATE_POS_BITS < 32 ? WEFT__GATE_POS_BITS : 32)
#define WEFT__SLOT_SEQ_MASK ((uint32_t)((UINT64_C(1) << WEFT__SLOT_SEQ_BITS) - 1))

static inline uint32_t weft__slot_seq(uint64_t pos) { return (uint32_t)(pos + 1) & WEFT__SLOT_SEQ_MASK; }
static inline uint32_t weft__slot_abandoned(uint64_t pos)
{
    return weft__slot_seq(pos) ^ UINT32_C(1) << (WEFT__SLOT_SEQ_BITS - 1);
}
static inline uint32_t weft__slot_trailed(uint64_t pos)
{
    return weft__slot_seq(pos) ^ (UINT32_C(1) << (WEFT__SLOT_SEQ_BITS - 2) | 1);
}
static inline uint64_t weft__slot_word(uint32_t seq, uint32_t stamp) { return (uint64_t)seq << 32 | stamp; }
static inline uint32_t weft__slot_word_seq(uint64_t word) { return (uint32_t)(word >> 32); }
static inline bool weft__slot_word_is_trailed(uint64_t word, uint64_t pos)
{
    return weft__slot_word_seq(word) == weft__slot_trailed(pos);
}
/* Whether the message of this position is there. */
static inline bool weft__slot_word_holds(uint64_t word, uint64_t pos)
{
    return weft__slot_word_seq(word) == weft__slot_seq(pos) || weft__slot_word_is_trailed(word, pos);
}
static inline uint32_t weft__slot_word_stamp(uint64_t word) { return (uint32_t)word; }

#endif
