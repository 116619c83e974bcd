/* SPDX-License-Identifier: MIT */
/*
 * Atomic operations named by their memory order, so that orders can be read, searched for and weakened one at a time.
 * Every atomic access of the library goes through here; the objects are C11 _Atomic. There are no fences but the
 * compiler's: ThreadSanitizer does not model them, so an edge is always an operation on a named word.
 *
 * A compare-and-swap that fails reads with acquire if the success order acquires, and relaxed otherwise.
 *
 * In the chaos build (chaos.h) others go first now and then where an order is asked for, and weak ones fail for nothing.
 */
#ifndef WEFT_BASE_ATOMIC_H
#define WEFT_BASE_ATOMIC_H

#include <stdatomic.h>

#include "base/chaos.h"

#define weft__load_relaxed(p) atomic_load_explicit((p), memory_order_relaxed)
#define weft__load_acquire(p) WEFT__CHAOS_POINT(atomic_load_explicit((p), memory_order_acquire))
#define weft__load_seq_cst(p) WEFT__CHAOS_POINT(atomic_load_explicit((p), memory_order_seq_cst))

#define weft__store_relaxed(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define weft__store_release(p, v) WEFT__CHAOS_POINT(atomic_store_explicit((p), (v), memory_order_release))
#define weft__store_seq_cst(p, v) WEFT__CHAOS_POINT(atomic_store_explicit((p), (v), memory_order_seq_cst))

#define weft__exchange_relaxed(p, v) atomic_exchange_explicit((p), (v), memory_order_relaxed)
#define weft__exchange_acquire(p, v) WEFT__CHAOS_POINT(atomic_exchange_explicit((p), (v), memory_order_acquire))
#define weft__exchange_release(p, v) WEFT__CHAOS_POINT(atomic_exchange_explicit((p), (v), memory_order_release))
#define weft__exchange_acq_rel(p, v) WEFT__CHAOS_POINT(atomic_exchange_explicit((p), (v), memory_order_acq_rel))
#define weft__exchange_seq_cst(p, v) WEFT__CHAOS_POINT(atomic_exchange_explicit((p), (v), memory_order_seq_cst))

#define weft__fetch_add_relaxed(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define weft__fetch_add_acquire(p, v) WEFT__CHAOS_POINT(atomic_fetch_add_explicit((p), (v), memory_order_acquire))
#define weft__fetch_add_release(p, v) WEFT__CHAOS_POINT(atomic_fetch_add_explicit((p), (v), memory_order_release))
#define weft__fetch_add_acq_rel(p, v) WEFT__CHAOS_POINT(atomic_fetch_add_explicit((p), (v), memory_order_acq_rel))
#define weft__fetch_add_seq_cst(p, v) WEFT__CHAOS_POINT(atomic_fetch_add_explicit((p), (v), memory_order_seq_cst))

#define weft__fetch_sub_relaxed(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_relaxed)
#define weft__fetch_sub_acquire(p, v) WEFT__CHAOS_POINT(atomic_fetch_sub_explicit((p), (v), memory_order_acquire))
#define weft__fetch_sub_release(p, v) WEFT__CHAOS_POINT(atomic_fetch_sub_explicit((p), (v), memory_order_release))
#define weft__fetch_sub_acq_rel(p, v) WEFT__CHAOS_POINT(atomic_fetch_sub_explicit((p), (v), memory_order_acq_rel))
#define weft__fetch_sub_seq_cst(p, v) WEFT__CHAOS_POINT(atomic_fetch_sub_explicit((p), (v), memory_order_seq_cst))

#define weft__fetch_or_relaxed(p, v) atomic_fetch_or_explicit((p), (v), memory_order_relaxed)
#define weft__fetch_or_acquire(p, v) WEFT__CHAOS_POINT(atomic_fetch_or_explicit((p), (v), memory_order_acquire))
#define weft__fetch_or_release(p, v) WEFT__CHAOS_POINT(atomic_fetch_or_explicit((p), (v), memory_order_release))
#define weft__fetch_or_acq_rel(p, v) WEFT__CHAOS_POINT(atomic_fetch_or_explicit((p), (v), memory_order_acq_rel))
#define weft__fetch_or_seq_cst(p, v) WEFT__CHAOS_POINT(atomic_fetch_or_explicit((p), (v), memory_order_seq_cst))

#define weft__fetch_and_relaxed(p, v) atomic_fetch_and_explicit((p), (v), memory_order_relaxed)
#define weft__fetch_and_acquire(p, v) WEFT__CHAOS_POINT(atomic_fetch_and_explicit((p), (v), memory_order_acquire))
#define weft__fetch_and_release(p, v) WEFT__CHAOS_POINT(atomic_fetch_and_explicit((p), (v), memory_order_release))
#define weft__fetch_and_acq_rel(p, v) WEFT__CHAOS_POINT(atomic_fetch_and_explicit((p), (v), memory_order_acq_rel))
#define weft__fetch_and_seq_cst(p, v) WEFT__CHAOS_POINT(atomic_fetch_and_explicit((p), (v), memory_order_seq_cst))

#define weft__cas_weak_relaxed(p, expected, v)                                                                         \
    WEFT__CHAOS_WEAK((p), (expected), memory_order_relaxed,                                                            \
                     atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_relaxed, memory_order_relaxed))
#define weft__cas_weak_acquire(p, expected, v)                                                                         \
    WEFT__CHAOS_WEAK((p), (expected), memory_order_acquire,                                                            \
                     atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_acquire, memory_order_acquire))
#define weft__cas_weak_release(p, expected, v)                                                                         \
    WEFT__CHAOS_WEAK((p), (expected), memory_order_relaxed,                                                            \
                     atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_release, memory_order_relaxed))
#define weft__cas_weak_acq_rel(p, expected, v)                                                                         \
    WEFT__CHAOS_WEAK((p), (expected), memory_order_acquire,                                                            \
                     atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_acq_rel, memory_order_acquire))
#define weft__cas_weak_seq_cst(p, expected, v)                                                                         \
    WEFT__CHAOS_WEAK((p), (expected), memory_order_seq_cst,                                                            \
                     atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_seq_cst, memory_order_seq_cst))

#define weft__cas_strong_relaxed(p, expected, v)                                                                       \
    atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_relaxed, memory_order_relaxed)
#define weft__cas_strong_acquire(p, expected, v)                                                                       \
    WEFT__CHAOS_POINT(atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_acquire, memory_order_acquire))
#define weft__cas_strong_release(p, expected, v)                                                                       \
    WEFT__CHAOS_POINT(atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_release, memory_order_relaxed))
#define weft__cas_strong_acq_rel(p, expected, v)                                                                       \
    WEFT__CHAOS_POINT(atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_acq_rel, memory_order_acquire))
#define weft__cas_strong_seq_cst(p, expected, v)                                                                       \
    WEFT__CHAOS_POINT(atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_seq_cst, memory_order_seq_cst))

/* The compiler keeps what stands before it before what stands after it; the processor may not. */
#define weft__compiler_barrier() atomic_signal_fence(memory_order_seq_cst)

/* Between two looks at a word that another processor is about to write: leaves it, and a sibling, the line and the units. */
static inline void weft__pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
