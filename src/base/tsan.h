/* SPDX-License-Identifier: MIT */
/*
 * What ThreadSanitizer cannot see: the order that code which it did not compile (liburcu) establishes. A release here
 * pairs with an acquire of the same address. Empty in every other build.
 */
#ifndef WEFT_BASE_TSAN_H
#define WEFT_BASE_TSAN_H

#if defined(__SANITIZE_THREAD__)
#define WEFT__TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT__TSAN 1
#endif
#endif

#ifdef WEFT__TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define weft__tsan_acquire(address) __tsan_acquire(address)
#define weft__tsan_release(address) __tsan_release(address)
/*
 * For readers of recycled memory whose result is thrown away if the memory changed meanwhile. It holds for the function's own reads:
 * what it calls is instrumented, since no compiler makes the two one, and so may read nothing there but by an atomic operation.
 */
#define WEFT__NO_TSAN __attribute__((no_sanitize("thread"), noinline))
#else
#define weft__tsan_acquire(address) ((void)(address))
#define weft__tsan_release(address) ((void)(address))
#define WEFT__NO_TSAN
#endif

#endif
