/* SPDX-License-Identifier: MIT */
/*
 * What does it cost a thread of the host to have the runtime do one thing, and to wait for the answer? One thread, or
 * several, spawn a task that answers at once, join it, and do so again.
 *
 *     threads=N      that ask at the same time, an equal share each
 *     us=N           what a task computes before it answers
 *     gap_us=N       between an answer and the next question
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "lib/runtime.h"

static long thread_count;
static long share;
static uint64_t answer_turns, gap_turns;
static atomic_int failed;

struct answer {
    weft_frame weft;
};

static weft_poll answer(weft_context *cx, struct answer *self)
{
    WEFT_BEGIN(cx, self);
    if (answer_turns > 0)
        bench_work(answer_turns);
    WEFT_END(0);
}

static void *ask_share(void *unused)
{
    for (long i = 0; i < share; i++) {
        if (bench_join(weft_spawn_joinable(weft_runtime_scope(bench_runtime), answer)) < 0)
            atomic_store(&failed, 1);
        if (gap_turns > 0)
            bench_work(gap_turns);
    }
    return unused;
}

static int begin(struct bench *bench)
{
    thread_count = bench_param(bench, "threads", 1);
    const long us = bench_param(bench, "us", 0), gap_us = bench_param(bench, "gap_us", 0);
    if (thread_count < 1)
        return 1;
    share = bench->ops / thread_count;
    bench->ops = share * thread_count;
    answer_turns = us ? bench_work_turns(us * 1000) : 0;
    gap_turns = gap_us ? bench_work_turns(gap_us * 1000) : 0;
    return bench_runtime_begin(bench);
}

static int ask_all(struct bench *bench)
{
    (void)bench;
    pthread_t *threads = calloc((size_t)thread_count, sizeof *threads);
    if (!threads)
        return 1;
    for (long i = 1; i < thread_count; i++)
        if (pthread_create(&threads[i], NULL, ask_share, NULL) != 0)
            abort();
    ask_share(NULL);
    for (long i = 1; i < thread_count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return atomic_load(&failed);
}

static const struct bench_line line = {
    .name = "ask", .unit = "ns", .ops = 20000, .begin = begin, .round = ask_all, .end = bench_runtime_end};
BENCH_WEFT(line)
