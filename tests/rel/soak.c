/* SPDX-License-Identifier: MIT */
/*
 * Figure L7: everything at once for as long as one likes, in laps. After each lap all is quiet, and memory, descriptors and
 * threads are counted: what one lap leaves, the next must not add to. At the end the cost of doing nothing. A soak that is watched
 * for half an hour or more (WEFT_REL_SECONDS) says, too, by how many kilobytes an hour it grew.
 *
 * Two threads play the mixed load, one looks on, two create small runtimes with a load and end them: in peace, or amid it.
 */
/* ctest-timeout: 600, ctest-cost: 12 */
#include <inttypes.h>
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>
#include <weft.h>

#include "lib/load.h"
#include "lib/onlooker.h"
#include "lib/rel.h"
#include "lib/stress.h"

enum { PLAYERS = 2, BUILDERS = 2, TEAM = PLAYERS + BUILDERS + 1, QUIET_SAMPLES = 12, GROWN_LIMIT_KB = 256 };
enum { LAPS_MAX = 128, LAP_SECONDS = 50, SLOPE_SECONDS_MIN = 1800, SLOPE_LIMIT_KB = 64 };

static weft_runtime *rt;
static _Atomic bool over; /* the lap is */
static bool done;         /* all laps are; written while nobody runs */
static pthread_barrier_t line;
static _Atomic uint64_t scenes, runtimes;
static struct onlooker onlooker;

static void soak_pause(int64_t ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static void player(void)
{
    while (!atomic_load(&over))
        load_play(rt, atomic_fetch_add(&scenes, 400), 400);
}

/* Runtimes that are finished have done all; those that are destroyed have refused, cancelled and cleaned up. */
static void builder(struct weft__rng *rng)
{
    while (!atomic_load(&over)) {
        weft_runtime *mine = NULL;
        if (!VERDICT(weft_runtime_create(&mine, WEFT_RUNTIME_OPTIONS(.worker_threads = 1 + weft__rng_below(rng, 2),
                                                                     .blocking_threads_max = 2)) == 0))
            return;
        if (weft__rng_below(rng, 2)) {
            load_play(mine, 0, 16);
            VERDICT(weft_runtime_finish(mine) == 0);
        } else {
            for (uint64_t i = 0; i < 32; i++) {
                weft_task scene = load_begin(mine, i);
                VERDICT(weft_task_detach(&scene) == 0);
            }
            soak_pause(weft__rng_below(rng, 4));
            VERDICT(weft_runtime_destroy(mine) == 0);
        }
        atomic_fetch_add(&runtimes, 1);
    }
}

/* The same threads run all laps: a new one would touch more of some stack that the C library keeps for threads to come. */
static void runner(void *context, unsigned number)
{
    (void)context;
    struct weft__rng rng = stress_rng(number);
    for (;;) {
        pthread_barrier_wait(&line);
        if (done)
            return;
        if (number < PLAYERS)
            player();
        else if (number < PLAYERS + BUILDERS)
            builder(&rng);
        for (; number == TEAM - 1 && !atomic_load(&over); soak_pause(20))
            onlooker_look(&onlooker, rt, 20);
        pthread_barrier_wait(&line);
    }
}

static void lap(uint64_t milliseconds)
{
    atomic_store(&over, false);
    pthread_barrier_wait(&line);
    soak_pause((int64_t)milliseconds);
    atomic_store(&over, true);
    pthread_barrier_wait(&line);
    verdict_assert();
}

static uint64_t task_bytes(void)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_runtime_stats_get(rt, &stats), 0);
    return stats.task_bytes;
}

struct holdings {
    int64_t at_ns;
    uint64_t bytes;
    unsigned threads, descriptors;
};

static struct holdings holdings_now(void)
{
    return (struct holdings){weft_clock(), stress_process_bytes(), stress_process_threads(), stress_process_descriptors()};
}

/* What the process holds once it holds the same for a while, and nothing for tasks: pages go back within seconds. */
static struct holdings settled(void)
{
    struct holdings before = holdings_now();
    for (int same = 0; same < QUIET_SAMPLES || task_bytes() > 0;) {
        soak_pause(100);
        const struct holdings now = holdings_now();
        same = (now.bytes == before.bytes || stress_sanitized()) && now.threads == before.threads ? same + 1 : 0;
        before = now;
    }
    return before;
}

static double processor_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Percent of a processor that the process takes while nothing is to be done. */
static double idle_percent(int64_t milliseconds)
{
    const double used = processor_seconds();
    const int64_t since = weft_clock();
    soak_pause(milliseconds);
    return (processor_seconds() - used) / ((double)(weft_clock() - since) / 1e9) * 100;
}

static double seconds_between(const struct holdings *from, const struct holdings *to)
{
    return (double)(to->at_ns - from->at_ns) / 1e9;
}

/* Kilobytes a second, by least squares over `count` laps. */
static double kilobytes_a_second(const struct holdings *laps, int count)
{
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (int i = 0; i < count; i++) {
        const double kilobytes = (double)laps[i].bytes / 1024, at = seconds_between(&laps[0], &laps[i]);
        n++, x += at, y += kilobytes, xx += at * at, xy += at * kilobytes;
    }
    return (n * xy - x * y) / (n * xx - x * x);
}

/* Say how the memory of `count` laps goes; whether it stays within its limits. */
static bool grown_little(const struct holdings *laps, int count)
{
    const double slope = kilobytes_a_second(laps, count), watched = seconds_between(&laps[0], &laps[count - 1]);
    bool little = rel_line("L7-grown", slope * watched, GROWN_LIMIT_KB, slope * watched <= GROWN_LIMIT_KB, stress_seed());
    if (watched >= SLOPE_SECONDS_MIN)
        little &= rel_line("L7-slope", slope * 3600, SLOPE_LIMIT_KB, slope * 3600 <= SLOPE_LIMIT_KB, stress_seed());
    return little;
}

static int laps_in(uint64_t seconds)
{
    const uint64_t laps = seconds / LAP_SECONDS;
    return laps < 12 ? 12 : laps > LAPS_MAX ? LAPS_MAX : (int)laps;
}

/* scenario 9 */
static void soaked_process_ends_as_it_began(void **state)
{
    (void)state;
    const uint64_t seconds = rel_seconds(3);
    const int laps = rel_is_long() ? laps_in(seconds) : 3, warm = laps / 3; /* what is kept for good is kept by then */
    struct holdings held[LAPS_MAX];
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .blocking_keep_alive_ms = 200,
                                                                   .stall_threshold_us = 1000, .seed = stress_seed())),
                     0);
    pthread_barrier_init(&line, NULL, TEAM + 1);
    struct stress_team *team = stress_team_begin(TEAM, runner, NULL);
    bool constant = true;
    for (int i = 0; i < laps; i++) {
        lap(seconds * 1000 / (uint64_t)laps);
        held[i] = settled();
        constant &= held[i].threads == held[0].threads && held[i].descriptors == held[0].descriptors;
        print_message("lap %d: %" PRIu64 " scenes, %" PRIu64 " runtimes, worst stall %.1f ms; holds %" PRIu64
                      " KB, %u threads, %u descriptors\n",
                      i + 1, atomic_load(&scenes), atomic_load(&runtimes), (double)atomic_load(&onlooker.stall_ns) / 1e6, held[i].bytes / 1024,
                      held[i].threads, held[i].descriptors);
    }
    const double idle = idle_percent(rel_is_long() ? 30000 : 1000);
    done = true;
    pthread_barrier_wait(&line);
    stress_team_join(team);
    pthread_barrier_destroy(&line);
    assert_int_equal(weft_runtime_finish(rt), 0);

    const bool little = grown_little(held + warm, laps - warm);
    rel_line("L7-threads", held[laps - 1].threads, held[0].threads, constant, stress_seed());
    rel_line("L7-idle", idle, 0.5, idle <= 0.5, stress_seed()); /* of processor time, which a busy machine makes dearer */
    assert_true(constant && (stress_sanitized() || little));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(soaked_process_ends_as_it_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
