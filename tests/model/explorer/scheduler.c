/* SPDX-License-Identifier: MIT */
/* Threads as coroutines, and who runs next.
 *
 * The one system thread enters everything. A coroutine is made once for each thread number and reused by all
 * executions: it runs a function, reports its end, and waits on its own stack for the next one, so that an execution
 * costs no system call. Stacks change by scheduler_exchange(), which keeps what a call has to keep; libc's longjmp() takes
 * five times as long for what nobody needs here. A coroutine that was left in the middle of an execution (an abandoned one)
 * gets a stack on which nothing stands.
 *
 * Switches happen at scheduler_point() only: plain memory accesses are not points, since the race detector judges them
 * by happens-before and not by when they run. Ends: all threads finished; nobody can run ("DEADLOCK"); more steps than
 * allowed
 * ("STUCK": a livelock, or a lost wake-up under a spinning waiter).
 *
 * Thread-local variables: the program's image (PT_TLS of this executable) is swapped with the coroutine, so __thread
 * works as written; only its address must not be given to another thread. */
#include "scheduler.h"
#include "chance.h"
#include "report.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum state { STATE_NONE, STATE_READY, STATE_WAITING, STATE_FINISHED };

struct thread {
    void *at; /* its stack pointer while it does not run */
    char *stack;
    char *local; /* its thread-local image while it does not run */
    void *(*run)(void *);
    void *argument;
    void *result;
    enum state state;
    bool timed_out;
    int64_t deadline_ns;
    const char *why;
    const void *object;
};

int scheduler_current;
int scheduler_count;
bool scheduler_alone;
uint64_t scheduler_steps;
uint64_t scheduler_steps_max = 20000;
enum { SCHEDULER_SPIN_NS = 10000 };

uint64_t scheduler_clock_ns;

static struct thread scheduler_threads[MODEL_THREADS];
static uint32_t scheduler_ready; /* bits of threads that can go on */
static uint32_t scheduler_timed; /* bits of waiting threads that have a deadline */
static void *scheduler_home;     /* the stack pointer of where an execution ends */
static bool scheduler_abandoned;

/* --- thread-local image --- */

static char *scheduler_local;
static const char *scheduler_local_initial;
static size_t scheduler_local_bytes;
static size_t scheduler_local_initial_bytes;

#if defined(__x86_64__)
extern const Elf64_Ehdr __ehdr_start;

/* On x86-64 the executable's block ends at the thread pointer. */
static void scheduler_find_local(void)
{
    const Elf64_Phdr *header = (const void *)((const char *)&__ehdr_start + __ehdr_start.e_phoff);
    for (int i = 0; i < __ehdr_start.e_phnum; i++) {
        if (header[i].p_type == PT_TLS && header[i].p_memsz) {
            size_t align = header[i].p_align ? header[i].p_align : 1;
            scheduler_local_bytes = (header[i].p_memsz + align - 1) & ~(align - 1);
            scheduler_local = (char *)__builtin_thread_pointer() - scheduler_local_bytes;
            scheduler_local_initial = (const char *)header[i].p_vaddr;
            scheduler_local_initial_bytes = header[i].p_filesz;
        }
    }
}
#else
#error "the explorer knows the thread-local layout of x86-64 only"
#endif

static void scheduler_reset_local(struct thread *t)
{
    if (scheduler_local_bytes) {
        memset(t->local, 0, scheduler_local_bytes);
        memcpy(t->local, scheduler_local_initial, scheduler_local_initial_bytes);
    }
}

static inline void scheduler_swap_local(struct thread *from, struct thread *to)
{
    if (scheduler_local_bytes) {
        memcpy(from->local, scheduler_local, scheduler_local_bytes);
        memcpy(scheduler_local, to->local, scheduler_local_bytes);
    }
}

/* --- coroutines --- */

/* Leaves the stack pointer in `*out_from`, with the registers that a callee keeps below it, and goes on where `to` was left. The
 * jump in place of a return is one that the processor foresees. */
__attribute__((naked, noipa)) static void scheduler_exchange(void **out_from __attribute__((unused)),
                                                              void *to __attribute__((unused)))
{
    __asm__("push %rbp\n\t"
            "push %rbx\n\t"
            "push %r12\n\t"
            "push %r13\n\t"
            "push %r14\n\t"
            "push %r15\n\t"
            "mov %rsp, (%rdi)\n\t"
            "mov %rsi, %rsp\n\t"
            "pop %r15\n\t"
            "pop %r14\n\t"
            "pop %r13\n\t"
            "pop %r12\n\t"
            "pop %rbx\n\t"
            "pop %rbp\n\t"
            "pop %rcx\n\t"
            "jmp *%rcx");
}

enum { SCHEDULER_KEPT = 6 }; /* registers, above which is where to go on */

static __attribute__((noinline)) void scheduler_switch(int next)
{
    struct thread *from = &scheduler_threads[scheduler_current];
    struct thread *to = &scheduler_threads[next];
    scheduler_swap_local(from, to);
    scheduler_current = next;
    scheduler_exchange(&from->at, to->at);
}

static int scheduler_pick(uint32_t set)
{
    unsigned skip = chance_below((unsigned)__builtin_popcount(set));
    while (skip--) {
        set &= set - 1;
    }
    return __builtin_ctz(set);
}

static int scheduler_earliest(uint32_t set)
{
    int best = __builtin_ctz(set);
    for (set &= set - 1; set; set &= set - 1) {
        int i = __builtin_ctz(set);
        if (scheduler_threads[i].deadline_ns < scheduler_threads[best].deadline_ns) {
            best = i;
        }
    }
    return best;
}

static bool scheduler_is_due(void)
{
    return scheduler_threads[scheduler_earliest(scheduler_timed)].deadline_ns <= (int64_t)scheduler_clock_ns;
}

/* Deadlines pass in order, so only the earliest may end next. */
static void scheduler_expire(void)
{
    struct thread *t = &scheduler_threads[scheduler_earliest(scheduler_timed)];
    if (scheduler_clock_ns < (uint64_t)t->deadline_ns) {
        scheduler_clock_ns = (uint64_t)t->deadline_ns;
    }
    t->timed_out = true;
    scheduler_wake((int)(t - scheduler_threads));
}

static _Noreturn void scheduler_deadlock(void)
{
    for (int i = 0; i < scheduler_count; i++) {
        struct thread *t = &scheduler_threads[i];
        if (t->state == STATE_WAITING) {
            bool join =
                t->object >= (void *)scheduler_threads && t->object < (void *)(scheduler_threads + MODEL_THREADS);
            if (join) {
                report_detail("T%d waits for %s T%d", i, t->why, (int)((struct thread *)t->object - scheduler_threads));
            } else {
                report_detail("T%d waits for %s %s", i, t->why, report_name(t->object));
            }
        }
    }
    report_fail("DEADLOCK");
}

/* The current thread cannot go on: somebody must, or the execution is over. */
static void scheduler_leave(void)
{
    if (scheduler_timed && (!scheduler_ready || chance(chance_temperament.timeout))) {
        scheduler_expire();
    }
    if (scheduler_ready) {
        int next = scheduler_pick(scheduler_ready);
        if (next != scheduler_current) {
            scheduler_switch(next);
        }
        return;
    }
    for (int i = 0; i < scheduler_count; i++) {
        if (scheduler_threads[i].state != STATE_FINISHED) {
            scheduler_deadlock();
        }
    }
    scheduler_exchange(&scheduler_threads[scheduler_current].at, scheduler_home);
}

static void scheduler_loop(void)
{
    for (;;) {
        struct thread *t = &scheduler_threads[scheduler_current];
        t->result = t->run(t->argument);
        t->state = STATE_FINISHED;
        scheduler_ready &= ~(1u << scheduler_current);
        REPORT_TRACE(0, "ends");
        for (uint32_t set = scheduler_waiters(t); set; set &= set - 1) {
            scheduler_wake(__builtin_ctz(set));
        }
        scheduler_leave();
    }
}

/* As if scheduler_loop() had been called at the very top, which is where no frame is: 0 stands for its return address. */
static void scheduler_prepare(struct thread *t)
{
    void **top = (void **)(t->stack + MODEL_STACK_BYTES - 16); /* a multiple of 16, as it is before a call */
    top[-1] = NULL;
    top[-2] = (void *)scheduler_loop;
    memset(top - 2 - SCHEDULER_KEPT, 0, SCHEDULER_KEPT * sizeof *top);
    t->at = top - 2 - SCHEDULER_KEPT;
}

/* --- what others call --- */

void scheduler_init(char *stacks)
{
    scheduler_find_local();
    for (int i = 0; i < MODEL_THREADS; i++) {
        struct thread *t = &scheduler_threads[i];
        t->stack = stacks + (size_t)i * MODEL_STACK_BYTES;
        t->local = scheduler_local_bytes ? malloc(scheduler_local_bytes) : NULL;
        scheduler_prepare(t);
    }
}

int scheduler_spawn(void *(*run)(void *), void *argument)
{
    if (scheduler_count == MODEL_THREADS) {
        report_fail("limit: more than %d threads (MODEL_THREADS)", MODEL_THREADS);
    }
    struct thread *t = &scheduler_threads[scheduler_count];
    t->run = run;
    t->argument = argument;
    t->state = STATE_READY;
    scheduler_reset_local(t);
    scheduler_ready |= 1u << scheduler_count;
    scheduler_alone = scheduler_count == 0;
    return scheduler_count++;
}

bool scheduler_run(void *(*program)(void *))
{
    scheduler_count = 0;
    scheduler_ready = 0;
    scheduler_timed = 0;
    scheduler_steps = 0;
    scheduler_clock_ns = 1000000;
    scheduler_abandoned = false;
    scheduler_current = scheduler_spawn(program, NULL);
    if (scheduler_local_bytes) {
        memcpy(scheduler_local, scheduler_threads[0].local, scheduler_local_bytes);
    }
    scheduler_exchange(&scheduler_home, scheduler_threads[scheduler_current].at);
    if (!scheduler_abandoned) {
        return true;
    }
    for (int i = 0; i < scheduler_count; i++) {
        if (scheduler_threads[i].state != STATE_FINISHED) {
            scheduler_prepare(&scheduler_threads[i]);
        }
    }
    return false;
}

void scheduler_point(void)
{
    if (++scheduler_steps > scheduler_steps_max) {
        report_fail("STUCK after %llu steps (livelock or lost wake-up)", (unsigned long long)scheduler_steps_max);
    }
    if (scheduler_timed && chance(chance_temperament.timeout)) {
        scheduler_expire();
    }
    uint32_t others = scheduler_ready & ~(1u << scheduler_current);
    if (others && chance(chance_temperament.preempt)) {
        scheduler_switch(scheduler_pick(others));
    }
}

/* Whoever spins takes time by it: a sleep until a deadline beside a spinner comes to its end. */
void scheduler_yield(void)
{
    scheduler_point();
    scheduler_clock_ns += SCHEDULER_SPIN_NS;
    uint32_t others = scheduler_ready & ~(1u << scheduler_current);
    if (scheduler_timed && (!others || scheduler_is_due())) {
        scheduler_expire();
        others = scheduler_ready & ~(1u << scheduler_current);
    }
    if (others) {
        scheduler_switch(scheduler_pick(others));
    }
}

bool scheduler_block(const char *why, const void *object, int64_t deadline_ns)
{
    struct thread *t = &scheduler_threads[scheduler_current];
    uint32_t bit = 1u << scheduler_current;
    t->state = STATE_WAITING;
    t->why = why;
    t->object = object;
    t->timed_out = false;
    t->deadline_ns = deadline_ns;
    scheduler_ready &= ~bit;
    if (deadline_ns != SCHEDULER_FOREVER) {
        scheduler_timed |= bit;
    }
    scheduler_leave();
    return !t->timed_out;
}

uint32_t scheduler_waiters(const void *object)
{
    uint32_t set = 0;
    for (int i = 0; i < scheduler_count; i++) {
        struct thread *t = &scheduler_threads[i];
        if (t->state == STATE_WAITING && t->object == object) {
            set |= 1u << i;
        }
    }
    return set;
}

void scheduler_wake(int thread)
{
    uint32_t bit = 1u << thread;
    scheduler_threads[thread].state = STATE_READY;
    scheduler_ready |= bit;
    scheduler_timed &= ~bit;
}

void *scheduler_join(int thread)
{
    struct thread *t = &scheduler_threads[thread];
    if (t->state != STATE_FINISHED) {
        scheduler_block("the end of", t, SCHEDULER_FOREVER);
    }
    return t->result;
}

bool scheduler_ended(int thread)
{
    return scheduler_threads[thread].state == STATE_FINISHED;
}

void scheduler_abandon(void)
{
    scheduler_abandoned = true;
    scheduler_exchange(&scheduler_threads[scheduler_current].at, scheduler_home);
    abort(); /* it is prepared anew */
}
