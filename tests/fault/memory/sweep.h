/* SPDX-License-Identifier: MIT */
/*
 * The n-th allocation fails, once or from there on, for every n until a scenario passes unharmed. Expected of each: a
 * documented code with a text that names the call, everything given back, earlier work unharmed, nothing lost.
 *
 * A scenario is a function. It counts what it sees and asserts nothing: what it counted is held against each other when
 * nothing is armed any more.
 */
#ifndef WEFT_TESTS_FAULT_MEMORY_SWEEP_H
#define WEFT_TESTS_FAULT_MEMORY_SWEEP_H

#include "lib/faulty.h"
#include "lib/world.h"

#define SCENARIOS(XX)                                                                                                  \
    XX(create_1) XX(create_4) XX(create_with_every_option) XX(create_driven) XX(create_simulated) XX(two_runtimes)     \
    XX(spawn) XX(spawn_named) XX(spawn_jobs) XX(join) XX(scope) XX(nested_scopes) XX(select) XX(timers) XX(end)        \
    XX(channel) XX(policies) XX(permits) XX(large_messages) XX(traffic) XX(channel_futures) XX(outliving_channels)     \
    XX(semaphore) XX(mutex) XX(rwlock) XX(notify) XX(barrier) XX(once) XX(oneshot) XX(watch) XX(broadcast)             \
    XX(pool) XX(pool_copies) XX(pool_in_tasks)                                                                         \
    XX(hooks) XX(visits) XX(dump) XX(health) XX(metrics)                                                               \
    XX(descriptors) XX(connections) XX(loop_calls) XX(files)

struct tally {
    unsigned refused;      /* calls that answered WEFT_ENOMEM */
    unsigned wrong;        /* calls that answered anything else than 0 or WEFT_ENOMEM, or what else is not right */
    int wrong_line;        /* the first of them */
    unsigned silent;       /* refusals without a text that names the call */
    unsigned accepted;     /* tasks */
    atomic_uint ended;     /* tasks */
    uint64_t sent;
    uint64_t received;
};

#define SCENARIO(name) void scenario_##name(struct tally *tally)
#define DECLARE(name) SCENARIO(name);
SCENARIOS(DECLARE)
#undef DECLARE

/* A call that may be refused for lack of memory; its code. The test's thread, or the only task that counts. */
int tally_code(struct tally *tally, const char *call, int code, int line);
#define TRY(call, code) tally_code(tally, (call), (code), __LINE__)

/* The same of a spawn, which counts as a task if it was accepted. */
int tally_spawn(struct tally *tally, weft_task task, int line);
#define TRY_SPAWN(task) tally_spawn(tally, (task), __LINE__)

/* What must hold, memory or not. */
void tally_hold(struct tally *tally, bool held, int line);
#define HOLDS(condition) tally_hold(tally, (condition), __LINE__)

/* A runtime with so many workers; NULL: no memory. */
weft_runtime *tally_create(struct tally *tally, uint32_t workers);

/* Its end. Neither allocates, whatever it has to end. */
void tally_finish(struct tally *tally, weft_runtime *rt);
void tally_destroy(struct tally *tally, weft_runtime *rt);

#endif
