/* SPDX-License-Identifier: MIT */
/* The part of POSIX and libc that programs under test may use: threads, mutexes, the heap, assert.
 *
 * build.sh renames each function of interpose.syms in the program's objects to the model_* function here, so the
 * explorer's own libc is untouched. What is not modelled (condition variables, semaphores, sleeping) is renamed to a
 * name that does not exist: a link error says so at once.
 *
 * A mutex keeps its state in its own bytes, so static initialisers and memset work; its view lives in a table. Blocking
 * is a scheduler wait, so a lock cycle ends as DEADLOCK. */
#include "../model.h"
#include "heap.h"
#include "memory.h"
#include "posix.h"
#include "report.h"
#include "scheduler.h"
#include "shadow.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PC ((uintptr_t)__builtin_return_address(0))

/* --- threads --- */

int model_pthread_create(pthread_t *out_thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int model_pthread_join(pthread_t thread, void **out_result);
pthread_t model_pthread_self(void);
int model_sched_yield(void);

int model_pthread_create(pthread_t *out_thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    (void)attributes;
    int thread = scheduler_spawn(run, argument);
    memory_begin_thread(thread, scheduler_current);
    shadow_plain(out_thread, sizeof *out_thread, true, PC);
    *out_thread = (pthread_t)thread;
    REPORT_TRACE(PC, "creates T%d", thread);
    scheduler_point();
    return 0;
}

int model_pthread_join(pthread_t thread, void **out_result)
{
    scheduler_point();
    void *result = scheduler_join((int)thread);
    memory_join_thread((int)thread);
    REPORT_TRACE(PC, "joined T%d", (int)thread);
    if (out_result) {
        shadow_plain(out_result, sizeof *out_result, true, PC);
        *out_result = result;
    }
    return 0;
}

pthread_t model_pthread_self(void)
{
    return (pthread_t)scheduler_current;
}

void model_membarrier(void)
{
    memory_fence_everywhere(PC);
}

int model_sched_yield(void)
{
    scheduler_yield();
    return 0;
}

/* --- mutexes --- */

enum { MUTEXES = 256 };

struct mutex {
    uint32_t owner; /* 1 + thread; 0: free, as in PTHREAD_MUTEX_INITIALIZER */
    uint32_t view;  /* 1 + index */
};

static struct view posix_views[MUTEXES];
static uint32_t posix_view_count;

void posix_reset(void)
{
    posix_view_count = 0;
}

int model_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int model_pthread_mutex_destroy(pthread_mutex_t *mutex);
int model_pthread_mutex_lock(pthread_mutex_t *mutex);
int model_pthread_mutex_trylock(pthread_mutex_t *mutex);
int model_pthread_mutex_unlock(pthread_mutex_t *mutex);

int model_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    (void)attributes;
    shadow_plain(mutex, sizeof *mutex, true, PC);
    memset(mutex, 0, sizeof *mutex);
    return 0;
}

int model_pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    if (((struct mutex *)mutex)->owner) {
        report_detail("at %s", report_place(PC));
        report_fail("MUTEX %s destroyed while locked", report_name(mutex));
    }
    return 0;
}

static void posix_take(struct mutex *m)
{
    if (!m->view) {
        if (posix_view_count == MUTEXES) {
            report_fail("limit: more than %d mutexes", MUTEXES);
        }
        view_clear(&posix_views[posix_view_count]);
        m->view = ++posix_view_count;
    }
    m->owner = 1u + (uint32_t)scheduler_current;
    memory_learn(&posix_views[m->view - 1]);
}

int model_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    struct mutex *m = (struct mutex *)mutex;
    shadow_touch(mutex);
    scheduler_point();
    if (m->owner == 1u + (uint32_t)scheduler_current) {
        report_detail("at %s", report_place(PC));
        report_fail("MUTEX %s locked twice by T%d", report_name(mutex), scheduler_current);
    }
    while (m->owner) {
        scheduler_block("mutex", mutex, SCHEDULER_FOREVER);
    }
    posix_take(m);
    REPORT_TRACE(PC, "lock %s", report_name(mutex));
    return 0;
}

int model_pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    struct mutex *m = (struct mutex *)mutex;
    shadow_touch(mutex);
    scheduler_point();
    if (m->owner) {
        return EBUSY;
    }
    posix_take(m);
    REPORT_TRACE(PC, "lock %s", report_name(mutex));
    return 0;
}

int model_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    struct mutex *m = (struct mutex *)mutex;
    if (m->owner != 1u + (uint32_t)scheduler_current) {
        report_detail("at %s", report_place(PC));
        report_fail("MUTEX %s unlocked by T%d, which does not hold it", report_name(mutex), scheduler_current);
    }
    scheduler_point();
    REPORT_TRACE(PC, "unlock %s", report_name(mutex));
    memory_publish(&posix_views[m->view - 1]);
    m->owner = 0;
    for (uint32_t set = scheduler_waiters(mutex); set; set &= set - 1) {
        scheduler_wake(__builtin_ctz(set));
    }
    return 0;
}

/* --- heap --- */

void *model_malloc(size_t size);
void *model_calloc(size_t count, size_t size);
void *model_realloc(void *old, size_t size);
void *model_aligned_alloc(size_t alignment, size_t size);
int model_posix_memalign(void **out_memory, size_t alignment, size_t size);
void model_free(void *memory);

void *model_malloc(size_t size)
{
    return heap_alloc(size, 16, false, PC);
}

void *model_calloc(size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : heap_alloc(bytes, 16, true, PC);
}

void *model_realloc(void *old, size_t size)
{
    void *memory = heap_alloc(size, 16, false, PC);
    if (old && memory) {
        size_t known = heap_size(old);
        size_t common = known < size ? known : size;
        shadow_plain(old, common, false, PC);
        shadow_plain(memory, common, true, PC);
        memcpy(memory, old, common);
        heap_free(old, PC);
    }
    return memory;
}

void *model_aligned_alloc(size_t alignment, size_t size)
{
    return heap_alloc(size, alignment, false, PC);
}

int model_posix_memalign(void **out_memory, size_t alignment, size_t size)
{
    void *memory = heap_alloc(size, alignment, false, PC);
    if (!memory) {
        return ENOMEM;
    }
    shadow_plain(out_memory, sizeof *out_memory, true, PC);
    *out_memory = memory;
    return 0;
}

void *model_pages(size_t size, size_t alignment)
{
    return heap_alloc(size, alignment, true, PC);
}

void model_discard(void *pages, size_t size)
{
    scheduler_point();
    REPORT_TRACE(PC, "discards %zu bytes of %s", size, report_name(pages));
    shadow_discard(pages, size, PC);
}

void model_free(void *memory)
{
    heap_free(memory, PC);
}

/* --- giving up --- */

_Noreturn void model_assert_fail(const char *expression, const char *file, unsigned line, const char *function);
_Noreturn void model_abort(void);
_Noreturn void model_exit(int status);

void model_assert_fail(const char *expression, const char *file, unsigned line, const char *function)
{
    const char *name = strrchr(file, '/');
    REPORT_TRACE(PC, "assertion fails");
    report_fail("ASSERT %s (%s:%u %s)", expression, name ? name + 1 : file, line, function);
}

void model_abort(void)
{
    report_fail("ABORT at %s", report_place(PC));
}

void model_exit(int status)
{
    report_fail("exit(%d) called at %s", status, report_place(PC));
}
