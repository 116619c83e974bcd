/* SPDX-License-Identifier: MIT */
#include "lib/stress.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <weft.h>

#include "base/platform.h"
#include "base/tsan.h"

#if defined(__SANITIZE_ADDRESS__)
#define STRESS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STRESS_ASAN 1
#endif
#endif

static uint64_t stress_seed_value;

static void stress_seed_choose(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const char *given = getenv("WEFT_SEED");
    stress_seed_value = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    printf("WEFT_SEED=%" PRIu64 "\n", stress_seed_value);
    fflush(stdout);
}

uint64_t stress_seed(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, stress_seed_choose);
    return stress_seed_value;
}

struct weft__rng stress_rng(unsigned number)
{
    struct weft__rng rng;
    weft__rng_seed(&rng, stress_seed() + number);
    for (int i = 0; i < 8; i++) /* near seeds begin alike */
        weft__rng_next(&rng);
    return rng;
}

int stress_sanitized(void)
{
#if defined(WEFT__TSAN) || defined(STRESS_ASAN)
    return 1;
#else
    return getenv("WEFT_VALGRIND") != NULL;
#endif
}

uint64_t stress_scale(uint64_t count)
{
    const char *given = getenv("WEFT_STRESS_PERCENT");
    const uint64_t percent = given ? strtoull(given, NULL, 10) : stress_sanitized() ? 25 : 100;
    return count * percent >= 100 ? count * percent / 100 : 1;
}

struct stress_member {
    struct stress_team *team;
    pthread_t thread;
    unsigned number;
};

struct stress_team {
    void (*body)(void *context, unsigned number);
    void *context;
    unsigned count;
    pthread_barrier_t start;
    struct stress_member members[];
};

static void *stress_member_main(void *argument)
{
    struct stress_member *member = argument;
    pthread_barrier_wait(&member->team->start);
    member->team->body(member->team->context, member->number);
    return NULL;
}

struct stress_team *stress_team_begin(unsigned count, void (*body)(void *context, unsigned number), void *context)
{
    struct stress_team *team = calloc(1, sizeof *team + count * sizeof team->members[0]);
    assert_non_null(team);
    team->body = body;
    team->context = context;
    team->count = count;
    pthread_barrier_init(&team->start, NULL, count);
    for (unsigned i = 0; i < count; i++) {
        team->members[i].team = team;
        team->members[i].number = i;
        assert_int_equal(pthread_create(&team->members[i].thread, NULL, stress_member_main, &team->members[i]), 0);
    }
    return team;
}

void stress_team_join(struct stress_team *team)
{
    for (unsigned i = 0; i < team->count; i++)
        pthread_join(team->members[i].thread, NULL);
    pthread_barrier_destroy(&team->start);
    free(team);
}

void stress_threads(unsigned count, void (*body)(void *context, unsigned number), void *context)
{
    stress_team_join(stress_team_begin(count, body, context));
}

static _Atomic uint32_t stress_moves_count;

uint32_t stress_moves(void)
{
    return atomic_load_explicit(&stress_moves_count, memory_order_acquire);
}

void stress_moved(void)
{
    atomic_fetch_add_explicit(&stress_moves_count, 1, memory_order_release);
    weft__platform_linux.futex_wake(&stress_moves_count, INT32_MAX);
}

void stress_sleep(uint32_t seen)
{
    (void)weft__platform_linux.futex_wait(&stress_moves_count, seen, INT64_MAX);
}

static unsigned stress_count_entries(const char *path)
{
    unsigned count = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            count++;
    closedir(folder);
    return count;
}

uint64_t stress_tasks_live(weft_runtime *rt)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    return weft_runtime_stats_get(rt, &stats) == 0 ? stats.tasks_live : 1;
}

void stress_settle(weft_runtime *rt)
{
    STRESS_UNTIL(stress_tasks_live(rt) == 0);
}

static atomic_uint stress_held; /* holders that are in their poll */
static atomic_bool stress_let_go;

struct holder {
    weft_frame weft;
};

static weft_poll holder(weft_context *cx, struct holder *self)
{
    (void)cx, (void)self;
    atomic_fetch_add(&stress_held, 1);
    STRESS_UNTIL(atomic_load(&stress_let_go));
    atomic_fetch_sub(&stress_held, 1);
    return WEFT_READY;
}

void stress_hold(weft_runtime *rt, unsigned workers)
{
    atomic_store(&stress_let_go, false);
    for (unsigned i = 0; i < workers; i++)
        assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), holder)), 0);
    STRESS_UNTIL(atomic_load(&stress_held) == workers);
}

void stress_release(void)
{
    atomic_store(&stress_let_go, true);
    STRESS_UNTIL(atomic_load(&stress_held) == 0); /* one that had not looked yet would be kept by the next hold */
}

unsigned stress_process_threads(void) { return stress_count_entries("/proc/self/task"); }
unsigned stress_process_descriptors(void) { return stress_count_entries("/proc/self/fd"); }

uint64_t stress_process_bytes(void)
{
    unsigned long long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%llu %llu", &total, &resident), 2);
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
