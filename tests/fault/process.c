/* SPDX-License-Identifier: MIT */
/*
 * The process around the library: it exits with a live runtime, from a task, forks, loads and unloads the library, and
 * makes a thousand runtimes. What could end the program runs in a child. ctest-cost: 6
 */
#include "lib/child.h"
#include "lib/world.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Lines of /proc/self/maps that say `word`. */
static unsigned count_mappings(const char *word)
{
    char line[600];
    unsigned count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps)
        return 0;
    while (fgets(line, sizeof line, maps))
        count += strstr(line, word) != NULL;
    fclose(maps);
    return count;
}

static long resident_pages(void)
{
    long size = 0, resident = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (!statm || fscanf(statm, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (statm)
        fclose(statm);
    return resident;
}

enum { CHILDREN = WORLD_SANITIZED ? 5 : 20 };

static weft_runtime *busy_runtime(void)
{
    weft_runtime *rt = NULL;
    numbers_sender out;
    numbers_receiver in;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 3)) != 0 ||
        numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 2), &out, &in) != 0)
        exit(90);
    weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = UINT64_MAX);
    weft_spawn(weft_runtime_scope(rt), puller, .in = in);
    for (int i = 0; i < 100; i++)
        weft_spawn(weft_runtime_scope(rt), parked);
    return rt;
}

static weft_runtime *kept; /* reachable, so that a leak checker is content */

static int exit_with_a_live_runtime(void *context)
{
    (void)context;
    kept = busy_runtime();
    return 17;
}

static void process_exits_with_a_live_runtime(void **state)
{
    (void)state;
    for (int i = 0; i < CHILDREN; i++)
        assert_int_equal(child_run(exit_with_a_live_runtime, NULL), 17);
}

struct quitter {
    weft_frame weft;
    int code;
};

static weft_poll quitter(weft_context *cx, struct quitter *self)
{
    WEFT_BEGIN(cx, self);
    exit(self->code);
    WEFT_END(0);
}

static int exit_by_a_task(void *context)
{
    (void)context;
    kept = busy_runtime();
    weft_spawn(weft_runtime_scope(kept), quitter, .code = 18);
    while (kept)
        pause();
    return 89;
}

static void process_exits_by_a_task(void **state)
{
    (void)state;
    for (int i = 0; i < CHILDREN; i++)
        assert_int_equal(child_run(exit_by_a_task, NULL), 18);
}

static int exit_beside_destroy_body(void *context)
{
    (void)context;
    weft_runtime *rt = busy_runtime();
    return weft_runtime_destroy(rt) == 0 ? 19 : 91;
}

static void process_exits_right_after_the_destruction(void **state)
{
    (void)state;
    for (int i = 0; i < CHILDREN; i++)
        assert_int_equal(child_run(exit_beside_destroy_body, NULL), 19);
}

/* With workers running: a child that ends at once, one that exits, one that runs another program; the parent goes on. */
static int fork_with_workers(void *context)
{
    (void)context;
    weft_runtime *rt = busy_runtime();
    for (int i = 0; i < 60; i++) {
        const pid_t child = fork();
        if (child == 0) {
            if (i % 3 == 0)
                _exit(3);
            if (i % 3 == 1) { /* exec */
                execl("/bin/true", "true", (char *)NULL);
                _exit(4);
            }
            signal(SIGALRM, SIG_DFL);
            alarm(20); /* should it hang, it ends */
            _exit(weft_error_name(WEFT_EPIPE)[0] == 'W' ? 5 : 6);
        }
        int status;
        if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
            return 92;
        const int expected[] = {3, 0, 5};
        if (WEXITSTATUS(status) != expected[i % 3])
            return 93;
    }
    atomic_uint ended = 0;
    weft_spawn(weft_runtime_scope(rt), ender, .ended = &ended);
    WORLD_UNTIL(atomic_load(&ended) == 1);
    return weft_runtime_destroy(rt) == 0 ? 20 : 94;
}

/* known bug 98 */
static void process_forks_with_workers_running(void **state)
{
    (void)state;
    if (WORLD_TSAN)
        skip(); /* it does not let a multi-threaded program fork */
    assert_int_equal(child_run(fork_with_workers, NULL), 20);
}

/* known bug 40: threads, descriptors and memory are where they were after a thousand runtimes that worked. */
static void thousand_runtimes_leave_nothing(void **state)
{
    (void)state;
    const int rounds = WORLD_SANITIZED ? 100 : 1000;
    unsigned threads = 0, descriptors = 0, mappings = 0;
    long pages = 0;
    for (int i = 0; i < rounds; i++) {
        if (i == rounds / 10) { /* what is made once is there by now */
            threads = child_count_entries("/proc/self/task");
            descriptors = child_count_entries("/proc/self/fd");
            mappings = count_mappings(" ");
            pages = resident_pages();
        }
        weft_runtime *rt = world_begin(1 + (uint32_t)i % 3);
        numbers_sender out;
        numbers_receiver in;
        world_channel(rt, 4, WEFT_WAIT, &out, &in);
        weft_spawn(weft_runtime_scope(rt), pusher, .out = out, .count = 20);
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("named"), puller, .in = in);
        if (i % 2)
            weft_spawn(weft_runtime_scope(rt), parked);
        else
            world_settle(rt);
        world_end(rt, i % 2 ? 3 : 2);
    }
    WORLD_UNTIL(child_count_entries("/proc/self/task") <= threads); /* a joined thread is listed for a moment: now, or before */
    assert_int_equal(child_count_entries("/proc/self/fd"), descriptors);
    if (!WORLD_SANITIZED && !world_in_valgrind()) { /* whose books are in the same memory */
        assert_in_range(count_mappings(" "), 1, mappings + 4); /* malloc's arenas, at most one a processor */
        assert_in_range(resident_pages(), 1, pages + 256);     /* a megabyte */
    }
}

/* The interface by its names, as a host finds it that loads libweft.so when it runs. */
struct loaded {
    void *library;
    int (*create)(weft_runtime **, const weft_runtime_options *);
    int (*finish)(weft_runtime *);
    weft_scope *(*scope)(weft_runtime *);
    weft_task (*spawn)(weft_scope *, weft_site *, const weft_task_options *, weft_poll_fn *, const void *, size_t);
    void (*wake)(weft_waker);
};

static void find(struct loaded *loaded, const char *name, void *out)
{
    void *symbol = dlsym(loaded->library, name);
    if (!symbol) {
        fprintf(stderr, "%s\n", dlerror());
        exit(95);
    }
    memcpy(out, &symbol, sizeof symbol);
}

static weft_poll load_poll(weft_context *cx, void *frame)
{
    (void)cx;
    atomic_fetch_add(*(atomic_uint **)frame, 1);
    return WEFT_READY;
}

static struct loaded load(void)
{
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 40);
    if (length <= 0)
        exit(96);
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    strcpy(slash, "/../lib/libweft.so");
    struct loaded loaded = {.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    if (!loaded.library) {
        fprintf(stderr, "%s\n", dlerror());
        exit(97);
    }
    find(&loaded, "weft_runtime_create", &loaded.create);
    find(&loaded, "weft_runtime_finish", &loaded.finish);
    find(&loaded, "weft_runtime_scope", &loaded.scope);
    find(&loaded, "weft_spawn_frame", &loaded.spawn);
    find(&loaded, "weft_wake", &loaded.wake);
    return loaded;
}

static struct latch thread_used = LATCH, thread_leave = LATCH;

/* A host thread that used the library, and ends after the library has gone. */
static void *outliving_thread(void *argument)
{
    struct loaded *loaded = argument;
    loaded->wake((weft_waker){{.id = 1, .weft__runtime = 1}});
    latch_up(&thread_used);
    latch_wait(&thread_leave, 1);
    return NULL;
}

static int load_and_unload(void *context)
{
    (void)context;
    unsigned threads = 0, descriptors = 0;
    pthread_t thread;
    for (int i = 0; i < 100; i++) {
        struct loaded loaded = load();
        weft_runtime *rt = NULL;
        static weft_site site = {__FILE__, __func__, "load_poll", __LINE__, UINT32_MAX, 0};
        atomic_uint ran = 0;
        atomic_uint *where = &ran;
        if (loaded.create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2)) != 0)
            return 81;
        for (int t = 0; t < 100; t++)
            loaded.spawn(loaded.scope(rt), &site, NULL, load_poll, &where, sizeof where);
        if (i == 10) {
            world_thread(&thread, outliving_thread, &loaded);
            latch_wait(&thread_used, 1);
        }
        if (loaded.finish(rt) != 0 || atomic_load(&ran) != 100)
            return 82;
        if (i == 1) {
            threads = child_count_entries("/proc/self/task");
            descriptors = child_count_entries("/proc/self/fd");
        }
        if (dlclose(loaded.library) != 0)
            return 83;
    }
    latch_up(&thread_leave);
    pthread_join(thread, NULL);
    if (child_count_entries("/proc/self/fd") != descriptors)
        return 84;
    WORLD_UNTIL(child_count_entries("/proc/self/task") <= threads);
    return 21;
}

/* known bug 101 */
static void library_can_be_loaded_and_unloaded(void **state)
{
    (void)state;
    if (WORLD_SANITIZED)
        skip(); /* a sanitizer keeps what was loaded */
    assert_int_equal(child_run(load_and_unload, NULL), 21);
}

/* A step that is resumed at a line where it has no await: its frame was overwritten, or an await stood in a `switch`. */
struct switcher {
    weft_frame weft;
    int way;
};

static weft_poll switcher(weft_context *cx, struct switcher *self)
{
    WEFT_BEGIN(cx, self);
    switch (self->way) { /* what <weft/step.h> warns of: the label belongs to this switch */
    case 0:
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        break;
    default:
        break;
    }
    WEFT_END(0);
}

static int resume_in_a_switch(void)
{
    weft_runtime *rt = NULL;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    signal(SIGILL, SIG_DFL); /* cmocka has a handler */
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1)) != 0)
        return 88;
    weft_spawn(weft_runtime_scope(rt), switcher, .way = 0);
    return weft_runtime_finish(rt);
}

static void await_in_a_switch_dies_at_the_resume(void **state)
{
    (void)state;
    if (WORLD_SANITIZED)
        skip(); /* it turns the signal into a report */
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0)
        _exit(resume_in_a_switch());
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGILL); /* __builtin_trap(): not one line of the step runs at the wrong place */
}

/* A runtime before and after a fork of a process without workers: the child may have its own. */
static int own_runtime(void *context)
{
    (void)context;
    weft_runtime *rt = NULL;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2)) != 0)
        return 98;
    atomic_uint ended = 0;
    for (int i = 0; i < 50; i++)
        weft_spawn(weft_runtime_scope(rt), ender, .ended = &ended);
    return weft_runtime_finish(rt) == 0 && atomic_load(&ended) == 50 ? 23 : 99;
}

/* known bug 98 */
static void child_of_a_process_without_a_runtime_has_its_own(void **state)
{
    (void)state;
    if (WORLD_TSAN)
        skip();
    assert_int_equal(child_run(own_runtime, NULL), 23);
    weft_runtime *rt = world_begin(2); /* one was here, and has gone */
    world_end(rt, 0);
    assert_int_equal(child_run(own_runtime, NULL), 23);
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process_exits_with_a_live_runtime),
        cmocka_unit_test(process_exits_by_a_task),
        cmocka_unit_test(process_exits_right_after_the_destruction),
        cmocka_unit_test(process_forks_with_workers_running),
        cmocka_unit_test(await_in_a_switch_dies_at_the_resume),
        cmocka_unit_test(library_can_be_loaded_and_unloaded),
        cmocka_unit_test(child_of_a_process_without_a_runtime_has_its_own),
        cmocka_unit_test(thousand_runtimes_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
