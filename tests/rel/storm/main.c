/* SPDX-License-Identifier: MIT */
/*
 * Figure F3: runtimes that are ended amid their load, at a random moment, by each way to end one. Of each the books must
 * balance: what was spawned has ended, what was sent was received or given back, what was submitted ran or was taken back; and
 * neither a thread nor a descriptor is left. A life is decided by its seed, but for how threads meet: WEFT_SEED=<that of the
 * line> begins with it.
 *
 * An end that takes 5 s is late: the watchdog says what hangs, by name, and the line says FAIL. One that takes a minute is taken for one that
 * never comes, and ends the program.
 */
/* ctest-timeout: 600 */
#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/load.h"
#include "lib/rel.h"
#include "lib/stress.h"
#include "storm.h"

enum { LIVES = 1000, LIVES_LONG = 100000, WARM = 50, LATE_S = 5, NEVER_S = 60, HELPERS = 2, GROWN_LIMIT = 1 << 20 };

/* --- the watchdog ----------------------------------------------------------------------------------------------------- */

static struct {
    _Atomic uint64_t seed;       /* of the life that ends */
    _Atomic int64_t since;       /* when its end began; 0: none does */
    _Atomic(weft_runtime *) rt;  /* while it may be looked at */
    _Atomic bool over;
    unsigned late;
    pthread_t thread;
} dog;

static int dog_write(void *context, const char *text, size_t length)
{
    (void)context;
    return fwrite(text, 1, length, stderr) == length ? 0 : -1;
}

static void dog_print_file(const char *thread, const char *name)
{
    char path[300], line[200];
    snprintf(path, sizeof path, "/proc/self/task/%s/%s", thread, name);
    FILE *file = fopen(path, "re");
    if (file && fgets(line, sizeof line, file))
        fprintf(stderr, "  %s", strtok(line, "\n"));
    if (file)
        fclose(file);
}

/* Each thread with its name and the system call it is in, and each task with what it waits for. */
static void dog_tell(int64_t seconds)
{
    fprintf(stderr, "WEFT_SEED=%" PRIu64 ": not ended for %" PRId64 " s\n", atomic_load(&dog.seed), seconds);
    DIR *threads = opendir("/proc/self/task");
    for (const struct dirent *entry; threads && (entry = readdir(threads)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        fprintf(stderr, "thread %s", entry->d_name);
        dog_print_file(entry->d_name, "comm");
        dog_print_file(entry->d_name, "syscall");
        fputc('\n', stderr);
    }
    if (threads)
        closedir(threads);
    weft_runtime *rt = atomic_load(&dog.rt);
    weft_blocking_stats pool = {.size = sizeof pool};
    if (rt && weft_blocking_stats_get(rt, &pool) == 0)
        fprintf(stderr, "jobs: %u queued, %u running, on %u threads of which %u idle\n", pool.queued, pool.running, pool.threads,
                pool.threads_idle);
    if (rt)
        weft_task_dump(rt, WEFT_DUMP_TEXT, dog_write, NULL);
}

static void *dog_main(void *unused)
{
    (void)unused;
    const struct timespec pause = {.tv_nsec = 100000000};
    int64_t told = 0;
    while (!atomic_load(&dog.over)) {
        nanosleep(&pause, NULL);
        const int64_t since = atomic_load(&dog.since), seconds = since ? (weft_clock() - since) / 1000000000 : 0;
        if (seconds >= LATE_S && told != since) {
            dog_tell(seconds);
            told = since;
            dog.late++;
        }
        if (seconds >= NEVER_S) {
            dog_tell(seconds);
            abort();
        }
    }
    return NULL;
}

/* --- a life ----------------------------------------------------------------------------------------------------------- */

static void storm_pause(uint32_t microseconds)
{
    const struct timespec pause = {.tv_nsec = (long)microseconds * 1000};
    nanosleep(&pause, NULL);
}

static void storm_create(struct storm *storm, bool driven)
{
    struct weft__rng *rng = &storm->rng;
    const int rc = weft_runtime_create(&storm->rt, WEFT_RUNTIME_OPTIONS(
        .name = "storm", .drive = driven ? WEFT_DRIVE_TURNS : WEFT_DRIVE_THREADS,
        .worker_threads = driven ? 0 : 1 + weft__rng_below(rng, 3), .blocking_threads_max = 1 + weft__rng_below(rng, 3),
        .blocking_queue_max = 1 + weft__rng_below(rng, 4), .blocking_keep_alive_ms = 1 + weft__rng_below(rng, 3),
        .monitor_interval_ms = 1, .coop_budget = 1 + weft__rng_below(rng, 128), .seed = weft__rng_next(rng)));
    if (rc != 0)
        fail_msg("weft_runtime_create: %s", weft_error_detail());
}

/* Threads of the host, which go on while the runtime ends: one sends, and waits for room; one cancels, wakes and looks. */
struct helper {
    numbers_sender out;
    weft_task some[8];
    unsigned some_count;
    unsigned kind;
    pthread_t thread;
};

static void *helper_main(void *argument)
{
    struct helper *helper = argument;
    int rc = 0;
    for (uint64_t i = 0; helper->kind == 0 && rc >= 0; i++) {
        rc = numbers_send_blocking(&helper->out, i, WEFT_FOREVER);
        if (rc >= 0)
            atomic_fetch_add(&books.sent, 1);
    }
    for (unsigned i = 0; helper->kind == 1 && i < helper->some_count; i++) {
        weft_task_info info = {.size = sizeof info};
        weft_wake((weft_waker){helper->some[i]});
        if (weft_task_inspect(helper->some[i], &info) == 0 && i % 2)
            weft_task_cancel(helper->some[i]);
    }
    numbers_sender_close(&helper->out);
    return NULL;
}

static void helpers_begin(struct helper helpers[HELPERS], const struct storm *storm)
{
    for (unsigned i = 0; i < HELPERS; i++) {
        helpers[i] = (struct helper){.kind = i, .some_count = storm->some_count};
        memcpy(helpers[i].some, storm->some, sizeof storm->some);
        VERDICT(numbers_sender_clone(&storm->out[0], &helpers[i].out) == 0);
        world_thread(&helpers[i].thread, helper_main, &helpers[i]);
    }
}

/* So long it lives: some turns, or some time. */
static void storm_live(struct storm *storm, bool driven)
{
    const uint32_t moment = weft__rng_below(&storm->rng, 4) ? weft__rng_below(&storm->rng, 2000) : 0;
    if (!driven) {
        if (moment > 0)
            storm_pause(moment);
        return;
    }
    for (uint32_t turns = moment / 100; turns > 0; turns--)
        VERDICT(weft_runtime_turn(storm->rt, 1 + weft__rng_below(&storm->rng, 50)) >= 0);
}

static void *shut_down(void *rt)
{
    VERDICT(weft_runtime_shutdown(rt, WEFT_FOREVER) == 0);
    return NULL;
}

/* The runtime's own books, once all has ended. */
static void storm_look(weft_runtime *rt)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    weft_blocking_stats pool = {.size = sizeof pool};
    VERDICT(weft_runtime_stats_get(rt, &stats) == 0 && weft_blocking_stats_get(rt, &pool) == 0);
    VERDICT(stats.tasks_live == 0 && stats.tasks_spawned == stats.tasks_ended);
    VERDICT(pool.submitted == pool.completed + pool.cancelled && pool.queued == 0 && pool.running == 0 && pool.waiting == 0);
}

enum { DESTROY, SHUT_DOWN, SHUT_DOWN_LATER, SHUT_DOWN_BY_TWO, ENDS };

static void storm_end(struct storm *storm, bool driven)
{
    weft_runtime *rt = storm->rt;
    uint32_t way = weft__rng_below(&storm->rng, ENDS);
    if (driven && way == SHUT_DOWN_BY_TWO)
        way = SHUT_DOWN;
    pthread_t other;
    if (way == SHUT_DOWN_LATER) {
        const int rc = weft_runtime_shutdown(rt, weft_clock() + (int64_t)weft__rng_below(&storm->rng, 300) * 1000);
        VERDICT(rc == 0 || rc == WEFT_ETIMEDOUT);
    }
    if (way == SHUT_DOWN_BY_TWO)
        world_thread(&other, shut_down, rt);
    if (way != DESTROY) {
        shut_down(rt);
        storm_look(rt);
    }
    if (way == SHUT_DOWN_BY_TWO)
        pthread_join(other, NULL);
    atomic_store(&dog.rt, NULL);
    VERDICT(weft_runtime_destroy(rt) == 0);
}

static int64_t longest;

/* Whether its books balance. */
static bool storm_one(uint64_t seed)
{
    struct storm storm = {0};
    struct helper helpers[HELPERS];
    memset(&books, 0, sizeof books);
    weft__rng_seed(&storm.rng, seed);
    for (int i = 0; i < 8; i++) /* near seeds begin alike */
        weft__rng_next(&storm.rng);
    const bool driven = weft__rng_below(&storm.rng, 4) == 0, helped = weft__rng_below(&storm.rng, 2) == 0;
    storm_create(&storm, driven);
    storm_load(&storm);
    for (uint64_t i = weft__rng_below(&storm.rng, 10); i > 0; i--) {
        weft_task scene = load_begin(storm.rt, seed + i); /* at locks, barriers, letters and news */
        VERDICT(weft_task_detach(&scene) == 0);
    }
    if (helped)
        helpers_begin(helpers, &storm);
    storm_live(&storm, driven);

    const int64_t since = weft_clock();
    atomic_store(&dog.seed, seed);
    atomic_store(&dog.rt, storm.rt);
    atomic_store(&dog.since, since);
    if (seed % 2) /* whoever waits for room in a channel that nobody receives from */
        storm_close(&storm);
    storm_end(&storm, driven);
    storm_close(&storm);
    weft_semaphore_destroy(&storm.semaphore);
    for (unsigned i = 0; helped && i < HELPERS; i++)
        pthread_join(helpers[i].thread, NULL);
    atomic_store(&dog.since, 0);
    const int64_t took = weft_clock() - since;
    longest = took > longest ? took : longest;
    books_balance();
    return verdict_holds();
}

/* A thread that was joined may be listed for a moment. */
static void await_threads(unsigned threads)
{
    STRESS_UNTIL(stress_process_threads() <= threads);
}

/* scenario 21, known bug 32, known bug 37, known bug 40 */
static void storm_of_shutdowns_loses_nothing(void **state)
{
    (void)state;
    const uint64_t first = stress_seed(), count = rel_size(LIVES, LIVES_LONG), warm = count < WARM ? count / 2 : WARM;
    unsigned threads = 0, descriptors = 0;
    uint64_t bytes = 0, done = 0;
    bool held = true;
    world_thread(&dog.thread, dog_main, NULL);
    for (; held && done < count; done++) {
        if (done == warm) { /* what is made once is there */
            threads = stress_process_threads();
            descriptors = stress_process_descriptors();
            bytes = stress_process_bytes();
        }
        held = storm_one(first + done);
    }
    atomic_store(&dog.over, true);
    pthread_join(dog.thread, NULL);
    const uint64_t seed = held ? first : first + done - 1;
    rel_line("F3", (double)done, (double)count, held, seed);
    rel_line("F3-late", dog.late, 0, dog.late == 0, seed);
    verdict_assert();
    const int64_t grown = (int64_t)(stress_process_bytes() - bytes);
    print_message("the longest end took %.1f ms; %" PRId64 " KB more are held than after %" PRIu64 " lives\n", (double)longest / 1e6,
                  grown / 1024, warm);
    await_threads(threads - 1); /* the watchdog */
    assert_int_equal(stress_process_descriptors(), descriptors);
    if (!stress_sanitized())
        assert_true(grown < GROWN_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(storm_of_shutdowns_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
