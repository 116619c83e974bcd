/* SPDX-License-Identifier: MIT */
/*
 * Where liburcu ends the program: it asks for pages without a way to say no. Each of its calls for memory is made to fail
 * in a child, and what happens is compared with docs/design/dependencies.md. Our own mmap and malloc stand before the C
 * library's and look at who calls, so a sanitizer, which does the same, has to be elsewhere.
 */
#define _GNU_SOURCE
#include "lib/world.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if WORLD_SANITIZED
int main(void) { return 77; }
#else

#define OURS __attribute__((visibility("default"))) /* what is hidden stands before nobody's */

static atomic_uint map_calls, remap_calls, heap_calls;
static atomic_uint fail_map_at; /* 0: none */
static atomic_bool fail_remap, watching;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);

static bool caller_is_urcu(void *address)
{
    Dl_info info;
    return atomic_load(&watching) && dladdr(address, &info) != 0 && info.dli_fname && strstr(info.dli_fname, "liburcu");
}

OURS void *mmap(void *where, size_t length, int protection, int flags, int fd, off_t offset)
{
    if (caller_is_urcu(__builtin_return_address(0)) &&
        atomic_fetch_add(&map_calls, 1) + 1 == atomic_load(&fail_map_at)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, where, length, protection, flags, fd, offset);
}

OURS void *mremap(void *old, size_t old_size, size_t new_size, int flags, ...)
{
    if (caller_is_urcu(__builtin_return_address(0))) {
        atomic_fetch_add(&remap_calls, 1);
        if (atomic_load(&fail_remap)) {
            errno = ENOMEM;
            return MAP_FAILED;
        }
    }
    return (void *)syscall(SYS_mremap, old, old_size, new_size, flags, NULL);
}

OURS void *malloc(size_t size)
{
    if (caller_is_urcu(__builtin_return_address(0)))
        atomic_fetch_add(&heap_calls, 1);
    return __libc_malloc(size);
}

OURS void *calloc(size_t count, size_t size)
{
    if (caller_is_urcu(__builtin_return_address(0)))
        atomic_fetch_add(&heap_calls, 1);
    return __libc_calloc(count, size);
}

struct outcome {
    int signal; /* that ended the child; 0: it ended well */
    unsigned maps, remaps, heaps;
};

/* 40 workers, that all use RCU: the registry of readers grows several times. */
static int scenario(int report)
{
    weft_runtime *rt = NULL;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 40)) != 0)
        return 1;
    struct latch entered = LATCH, leave = LATCH;
    for (int i = 0; i < 40; i++)
        weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("held"), plug, .entered = &entered, .leave = &leave);
    latch_wait(&entered, 40); /* one on each worker */
    latch_up(&leave);
    if (weft_runtime_finish(rt) != 0)
        return 2;
    const unsigned counts[3] = {atomic_load(&map_calls), atomic_load(&remap_calls), atomic_load(&heap_calls)};
    return write(report, counts, sizeof counts) == (ssize_t)sizeof counts ? 0 : 3;
}

static struct outcome try_with(unsigned map, bool remap)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        fclose(stderr); /* liburcu says what failed; it is expected */
        atomic_store(&fail_map_at, map);
        atomic_store(&fail_remap, remap);
        atomic_store(&watching, true);
        _exit(scenario(pipes[1]));
    }
    close(pipes[1]);
    struct outcome outcome = {0};
    unsigned counts[3] = {0};
    const ssize_t got = read(pipes[0], counts, sizeof counts);
    close(pipes[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        outcome.signal = WTERMSIG(status);
    } else {
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_int_equal(got, sizeof counts);
        outcome = (struct outcome){0, counts[0], counts[1], counts[2]};
    }
    return outcome;
}

/*
 * known bug 102: liburcu asks for pages when a thread uses RCU for the first time and there is no room; nothing else
 * of it allocates.
 */
static void reader_registry_is_the_only_thing_that_allocates(void **state)
{
    (void)state;
    const struct outcome outcome = try_with(0, false);
    assert_int_equal(outcome.signal, 0);
    assert_int_equal(outcome.heaps, 0);
    assert_in_range(outcome.maps, 1, 20);
    printf("%u calls of mmap, %u of mremap, %u of malloc and calloc by liburcu with 40 workers\n", outcome.maps,
           outcome.remaps, outcome.heaps);
}

/* known bug 102: each refused mmap ends the program: the list in docs/design/dependencies.md. */
static void refused_mmap_ends_the_program(void **state)
{
    (void)state;
    unsigned aborts = 0;
    for (unsigned n = 1; n < 30; n++) {
        const struct outcome outcome = try_with(n, false);
        if (outcome.signal == 0 && outcome.maps < n)
            break; /* there was no n-th */
        assert_int_equal(outcome.signal, SIGABRT);
        aborts++;
    }
    assert_true(aborts >= 1);
    printf("%u places, all abort()\n", aborts);
}

/* A refused mremap is survived: liburcu begins another piece, with mmap. */
static void refused_mremap_is_survived(void **state)
{
    (void)state;
    assert_int_equal(try_with(0, true).signal, 0);
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_registry_is_the_only_thing_that_allocates),
        cmocka_unit_test(refused_mmap_ends_the_program),
        cmocka_unit_test(refused_mremap_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
