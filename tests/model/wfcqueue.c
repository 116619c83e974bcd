/* SPDX-License-Identifier: MIT */
/* liburcu's wait-free queue for the explorer: its own code, from its own header, with its atomic operations spelled in C11.
 *
 * liburcu's are inline assembly on x86, which no instrumentation sees. Here an xchg or cmpxchg is a full barrier on both
 * sides. CMM_LOAD_SHARED loads pointers that are followed, and hardware orders what depends on them; C11 has no usable word
 * for that, so it is an acquire. CMM_STORE_SHARED follows a full barrier; it is a release, so that the store itself is known
 * to whoever reads it and then frees the node. Both are a little too strong, for liburcu's own code only. build.sh makes a copy of the header in which the plain stores to `next` are
 * CMM_STORE_SHARED as well: liburcu counts on them being single stores. The functions below have the names that
 * liburcu-cds exports, so that sources which call the library link unchanged. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <urcu/arch.h>
#include <urcu/compiler.h>
#include <urcu/system.h>
#include <urcu/uatomic.h>

#include "model.h"

#undef CMM_LOAD_SHARED
#undef CMM_STORE_SHARED
#undef cmm_smp_rmb
#undef cmm_smp_read_barrier_depends
#undef caa_cpu_relax
#undef uatomic_xchg
#undef uatomic_cmpxchg
#define CMM_LOAD_SHARED(p)             __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define CMM_STORE_SHARED(p, v)         __atomic_store_n(&(p), (v), __ATOMIC_RELEASE)
#define cmm_smp_rmb()                  atomic_thread_fence(memory_order_acquire)
#define cmm_smp_read_barrier_depends() atomic_thread_fence(memory_order_acquire)
#define caa_cpu_relax()                model_relax()
#define CDS_WFCQ_WAIT_SLEEP(ms)        model_relax()
#define uatomic_xchg(p, v)                                             \
    __extension__({                                                    \
        atomic_thread_fence(memory_order_seq_cst);                     \
        __auto_type old = __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST); \
        atomic_thread_fence(memory_order_seq_cst);                     \
        old;                                                           \
    })
#define uatomic_cmpxchg(p, expected, v)                                                                    \
    __extension__({                                                                                        \
        __typeof__(*(p)) seen = (expected);                                                                \
        atomic_thread_fence(memory_order_seq_cst);                                                         \
        __atomic_compare_exchange_n((p), &seen, (v), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);               \
        atomic_thread_fence(memory_order_seq_cst);                                                         \
        seen;                                                                                              \
    })

#define _LGPL_SOURCE
#include <urcu/wfcqueue.h>

#undef cds_wfcq_node_init
#undef __cds_wfcq_init
#undef cds_wfcq_enqueue
#undef cds_wfcq_empty
#undef __cds_wfcq_first_nonblocking
#undef __cds_wfcq_next_nonblocking
#undef __cds_wfcq_dequeue_nonblocking
#undef __cds_wfcq_dequeue_blocking
#undef __cds_wfcq_splice_nonblocking
#undef __cds_wfcq_splice_blocking

void cds_wfcq_node_init(struct cds_wfcq_node *node);
void __cds_wfcq_init(struct __cds_wfcq_head *head, struct cds_wfcq_tail *tail);
bool cds_wfcq_enqueue(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail, struct cds_wfcq_node *node);
bool cds_wfcq_empty(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail);
struct cds_wfcq_node *__cds_wfcq_first_nonblocking(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail);
struct cds_wfcq_node *__cds_wfcq_next_nonblocking(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail, struct cds_wfcq_node *node);
struct cds_wfcq_node *__cds_wfcq_dequeue_nonblocking(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail);
struct cds_wfcq_node *__cds_wfcq_dequeue_blocking(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail);
enum cds_wfcq_ret __cds_wfcq_splice_nonblocking(cds_wfcq_head_ptr_t to_head, struct cds_wfcq_tail *to_tail,
                                                cds_wfcq_head_ptr_t from_head, struct cds_wfcq_tail *from_tail);
enum cds_wfcq_ret __cds_wfcq_splice_blocking(cds_wfcq_head_ptr_t to_head, struct cds_wfcq_tail *to_tail,
                                             cds_wfcq_head_ptr_t from_head, struct cds_wfcq_tail *from_tail);

void cds_wfcq_node_init(struct cds_wfcq_node *node)
{
    _cds_wfcq_node_init(node);
}

void __cds_wfcq_init(struct __cds_wfcq_head *head, struct cds_wfcq_tail *tail)
{
    ___cds_wfcq_init(head, tail);
}

bool cds_wfcq_enqueue(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail, struct cds_wfcq_node *node)
{
    return _cds_wfcq_enqueue(head, tail, node);
}

bool cds_wfcq_empty(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail)
{
    return _cds_wfcq_empty(head, tail);
}

struct cds_wfcq_node *__cds_wfcq_first_nonblocking(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail)
{
    return ___cds_wfcq_first_nonblocking(head, tail);
}

struct cds_wfcq_node *__cds_wfcq_next_nonblocking(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail, struct cds_wfcq_node *node)
{
    return ___cds_wfcq_next_nonblocking(head, tail, node);
}

struct cds_wfcq_node *__cds_wfcq_dequeue_nonblocking(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail)
{
    return ___cds_wfcq_dequeue_nonblocking(head, tail);
}

struct cds_wfcq_node *__cds_wfcq_dequeue_blocking(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail)
{
    return ___cds_wfcq_dequeue_blocking(head, tail);
}

enum cds_wfcq_ret __cds_wfcq_splice_nonblocking(cds_wfcq_head_ptr_t to_head, struct cds_wfcq_tail *to_tail,
                                                cds_wfcq_head_ptr_t from_head, struct cds_wfcq_tail *from_tail)
{
    return ___cds_wfcq_splice_nonblocking(to_head, to_tail, from_head, from_tail);
}

enum cds_wfcq_ret __cds_wfcq_splice_blocking(cds_wfcq_head_ptr_t to_head, struct cds_wfcq_tail *to_tail,
                                             cds_wfcq_head_ptr_t from_head, struct cds_wfcq_tail *from_tail)
{
    return ___cds_wfcq_splice_blocking(to_head, to_tail, from_head, from_tail);
}
