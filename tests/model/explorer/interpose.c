/* SPDX-License-Identifier: MIT */
/* The compiler's side: the functions that gcc -fsanitize=thread calls for each access.
 *
 * The program under test is linked with this instead of libtsan, so its sources need no change. Only what gcc 12 emits
 * for C is here; 128-bit atomics are missing on purpose, so that using one is a link error and not a wrong answer. Also
 * the memory functions of <string.h>, which build.sh renames in the program's objects (they would be unwatched
 * otherwise). */
#include "memory.h"
#include "shadow.h"

#include <stdint.h>
#include <string.h>

#define PC ((uintptr_t)__builtin_return_address(0))

/* clang-format off */

/* --- plain accesses --- */

#define INTERPOSE_PLAIN(bytes)                                                              \
    void __tsan_read##bytes(void *p);                                                       \
    void __tsan_write##bytes(void *p);                                                      \
    void __tsan_unaligned_read##bytes(void *p);                                             \
    void __tsan_unaligned_write##bytes(void *p);                                            \
    void __tsan_volatile_read##bytes(void *p);                                              \
    void __tsan_volatile_write##bytes(void *p);                                             \
    void __tsan_read##bytes(void *p) { shadow_plain(p, bytes, false, PC); }                 \
    void __tsan_write##bytes(void *p) { shadow_plain(p, bytes, true, PC); }                 \
    void __tsan_unaligned_read##bytes(void *p) { shadow_plain(p, bytes, false, PC); }       \
    void __tsan_unaligned_write##bytes(void *p) { shadow_plain(p, bytes, true, PC); }       \
    void __tsan_volatile_read##bytes(void *p) { shadow_plain(p, bytes, false, PC); }        \
    void __tsan_volatile_write##bytes(void *p) { shadow_plain(p, bytes, true, PC); }

INTERPOSE_PLAIN(1)
INTERPOSE_PLAIN(2)
INTERPOSE_PLAIN(4)
INTERPOSE_PLAIN(8)
INTERPOSE_PLAIN(16)

void __tsan_init(void);
void __tsan_func_entry(void *pc);
void __tsan_func_exit(void);
void __tsan_read_range(void *p, size_t size);
void __tsan_write_range(void *p, size_t size);

void __tsan_init(void) { }
void __tsan_func_entry(void *pc) { (void)pc; }
void __tsan_func_exit(void) { }
void __tsan_read_range(void *p, size_t size) { shadow_plain(p, size, false, PC); }
void __tsan_write_range(void *p, size_t size) { shadow_plain(p, size, true, PC); }

/* --- atomic accesses --- */

#define INTERPOSE_MODIFY(bits, type, name, operation)                                       \
    type __tsan_atomic##bits##_##name(volatile void *p, type v, int order);                 \
    type __tsan_atomic##bits##_##name(volatile void *p, type v, int order)                  \
    {                                                                                       \
        return (type)memory_modify((void *)p, sizeof(type), operation, v, order, PC);       \
    }

#define INTERPOSE_ATOMIC(bits, type)                                                        \
    type __tsan_atomic##bits##_load(const volatile void *p, int order);                     \
    void __tsan_atomic##bits##_store(volatile void *p, type v, int order);                  \
    int __tsan_atomic##bits##_compare_exchange_strong(volatile void *p, void *expected, type v, int success, int failure); \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile void *p, void *expected, type v, int success, int failure);   \
    type __tsan_atomic##bits##_load(const volatile void *p, int order)                      \
    {                                                                                       \
        return (type)memory_load((const void *)p, sizeof(type), order, PC);                 \
    }                                                                                       \
    void __tsan_atomic##bits##_store(volatile void *p, type v, int order)                   \
    {                                                                                       \
        memory_store((void *)p, sizeof(type), v, order, PC);                                \
    }                                                                                       \
    int __tsan_atomic##bits##_compare_exchange_strong(volatile void *p, void *expected, type v, int success, int failure)  \
    {                                                                                       \
        struct memory_cas how = {sizeof(type), false, success, failure};                    \
        return memory_compare_exchange((void *)p, expected, v, how, PC);                    \
    }                                                                                       \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile void *p, void *expected, type v, int success, int failure)    \
    {                                                                                       \
        struct memory_cas how = {sizeof(type), true, success, failure};                     \
        return memory_compare_exchange((void *)p, expected, v, how, PC);                    \
    }                                                                                       \
    INTERPOSE_MODIFY(bits, type, exchange, MEMORY_EXCHANGE)                                 \
    INTERPOSE_MODIFY(bits, type, fetch_add, MEMORY_ADD)                                     \
    INTERPOSE_MODIFY(bits, type, fetch_sub, MEMORY_SUB)                                     \
    INTERPOSE_MODIFY(bits, type, fetch_and, MEMORY_AND)                                     \
    INTERPOSE_MODIFY(bits, type, fetch_or, MEMORY_OR)                                       \
    INTERPOSE_MODIFY(bits, type, fetch_xor, MEMORY_XOR)                                     \
    INTERPOSE_MODIFY(bits, type, fetch_nand, MEMORY_NAND)

INTERPOSE_ATOMIC(8, uint8_t)
INTERPOSE_ATOMIC(16, uint16_t)
INTERPOSE_ATOMIC(32, uint32_t)
INTERPOSE_ATOMIC(64, uint64_t)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_thread_fence(int order) { memory_fence(order, PC); }
void __tsan_atomic_signal_fence(int order) { (void)order; }

/* Hints for code that TSan did not compile (src/base/tsan.h). Here everything is compiled, so they must prove nothing. */
void __tsan_acquire(void *address);
void __tsan_release(void *address);
void __tsan_acquire(void *address) { (void)address; }
void __tsan_release(void *address) { (void)address; }

/* clang-format on */

/* --- <string.h> --- */

void *model_memcpy(void *to, const void *from, size_t size);
void *model_memmove(void *to, const void *from, size_t size);
void *model_memset(void *to, int byte, size_t size);
int model_memcmp(const void *a, const void *b, size_t size);

void *model_memcpy(void *to, const void *from, size_t size)
{
    shadow_plain(from, size, false, PC);
    shadow_plain(to, size, true, PC);
    return memcpy(to, from, size);
}

void *model_memmove(void *to, const void *from, size_t size)
{
    shadow_plain(from, size, false, PC);
    shadow_plain(to, size, true, PC);
    return memmove(to, from, size);
}

void *model_memset(void *to, int byte, size_t size)
{
    shadow_plain(to, size, true, PC);
    return memset(to, byte, size);
}

int model_memcmp(const void *a, const void *b, size_t size)
{
    shadow_plain(a, size, false, PC);
    shadow_plain(b, size, false, PC);
    return memcmp(a, b, size);
}
