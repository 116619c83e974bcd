#!/bin/sh
# A host that has nothing of weft loads libweft.so, uses it and closes it, twenty times; a thread of the host that used it
# lives on and ends later. No thread and no descriptor stays, and of the library one copy: it is linked so that it is never
# unmapped, since liburcu runs a function when such a thread ends.
set -eu
build=$(cd "$1" && pwd)
include=$(cd "$(dirname "$0")/../../include" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/host.c" <<'HOST'
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

static unsigned entries(const char *path)
{
    unsigned count = 0;
    DIR *folder = opendir(path);
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

static unsigned mappings(const char *word)
{
    char line[600];
    unsigned count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps))
        count += strstr(line, word) != NULL;
    if (maps)
        fclose(maps);
    return count;
}

static void *find(void *library, const char *name)
{
    void *symbol = dlsym(library, name);
    if (!symbol) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return symbol;
}

static weft_poll run(weft_context *cx, void *frame)
{
    (void)cx;
    atomic_fetch_add(*(atomic_uint **)frame, 1);
    return WEFT_READY;
}

static void (*wake)(weft_waker);
static atomic_uint stage;

static void *outliving(void *argument)
{
    wake((weft_waker){{.id = 1, .weft__runtime = 1}});
    atomic_store(&stage, 1);
    while (atomic_load(&stage) != 2)
        sched_yield();
    return argument;
}

static void check(int fine, const char *what)
{
    if (!fine) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

int main(int count, char **words)
{
    static weft_site site = {__FILE__, "main", "run", __LINE__, UINT32_MAX, 0};
    unsigned descriptors = 0, mapped = 0;
    pthread_t thread;
    check(count == 2, "give the library");
    for (int i = 0; i < 20; i++) {
        void *library = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
        if (!library) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        int (*create)(weft_runtime **, const weft_runtime_options *);
        int (*finish)(weft_runtime *);
        weft_scope *(*scope)(weft_runtime *);
        weft_task (*spawn)(weft_scope *, weft_site *, const weft_task_options *, weft_poll_fn *, const void *, size_t);
        *(void **)&create = find(library, "weft_runtime_create");
        *(void **)&finish = find(library, "weft_runtime_finish");
        *(void **)&scope = find(library, "weft_runtime_scope");
        *(void **)&spawn = find(library, "weft_spawn_frame");
        *(void **)&wake = find(library, "weft_wake");
        weft_runtime *rt = NULL;
        atomic_uint ran = 0;
        atomic_uint *where = &ran;
        check(create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2)) == 0, "no runtime");
        for (int t = 0; t < 100; t++)
            spawn(scope(rt), &site, NULL, run, &where, sizeof where);
        if (i == 10) {
            check(pthread_create(&thread, NULL, outliving, NULL) == 0, "no thread");
            while (atomic_load(&stage) != 1)
                sched_yield();
        }
        check(finish(rt) == 0 && atomic_load(&ran) == 100, "not every task has run");
        check(dlclose(library) == 0, "not closed");
        if (i == 0) {
            descriptors = entries("/proc/self/fd");
            mapped = mappings("libweft") + mappings("liburcu");
        }
        check(mappings("libweft") + mappings("liburcu") == mapped, "another copy of a library stays");
        check(entries("/proc/self/fd") == descriptors, "a descriptor stays");
    }
    atomic_store(&stage, 2);
    check(pthread_join(thread, NULL) == 0, "not joined"); /* liburcu's destructor runs */
    while (entries("/proc/self/task") != 3) /* itself, and the two dots */
        sched_yield();
    printf("%u mappings of the libraries stay, and nothing else\n", mapped);
    return 0;
}
HOST
cc -std=gnu11 -Wall -Wextra -Werror -O1 -g "-I$include" "$work/host.c" -o "$work/host" -ldl -lpthread
"$work/host" "$build/lib/libweft.so"
