/* SPDX-License-Identifier: MIT */
/* See target.h. */
#include "cli/trace/record/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weft/trace.h>

#include "cli/memory.h"

extern char **environ;

#define PROVIDER "libweft-lttng.so"

/* ---- the provider ---- */

bool target_find_provider(char *path, size_t size)
{
    static const char *const places[] = {"", "../lib/", "../" WEFT_LIBDIR "/"};
    char own[PATH_MAX], at[2 * PATH_MAX], whole[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length > 0 ? length : 0] = '\0';
    char *end = strrchr(own, '/');
    if (end)
        end[1] = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(at, sizeof at, "%s%s" PROVIDER, own, places[i]);
        if (realpath(at, whole)) {
            snprintf(path, size, "%s", whole);
            return true;
        }
    }
    snprintf(path, size, "%s and %s../" WEFT_LIBDIR, own, own);
    return false;
}

/* ---- a program that is started ---- */

static bool target_is(const char *entry, const char *name)
{
    const size_t length = strlen(name);
    return !strncmp(entry, name, length) && entry[length] == '=';
}

/* The environment with the provider before what was to be preloaded, and time for the session daemon to answer. */
static char **target_environment(const char *provider, char *preload, size_t size)
{
    const char *before = getenv("LD_PRELOAD");
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **copy = memory_zeroed(count + 3, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        if (!provider || !target_is(environ[i], "LD_PRELOAD"))
            copy[kept++] = environ[i];
    if (provider) {
        snprintf(preload, size, "LD_PRELOAD=%s%s%s", provider, before && before[0] ? ":" : "", before ? before : "");
        copy[kept++] = preload;
    }
    /* LTTng's own 3 s are too few on a busy machine, and what is not registered by then is missing at the beginning. */
    if (!getenv("LTTNG_UST_REGISTER_TIMEOUT"))
        copy[kept++] = (char *)(uintptr_t) "LTTNG_UST_REGISTER_TIMEOUT=60000";
    return copy;
}

int target_start(char *const argv[], const char *provider, const sigset_t *mask, pid_t *out_pid)
{
    posix_spawnattr_t attributes;
    const char *before = getenv("LD_PRELOAD");
    const size_t size = (provider ? strlen(provider) : 0) + (before ? strlen(before) : 0) + sizeof "LD_PRELOAD=:";
    char *preload = memory_zeroed(size, 1);
    char **environment = target_environment(provider, preload, size);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, mask);
    const int error = posix_spawnp(out_pid, argv[0], NULL, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    free(environment);
    free(preload);
    return error;
}

/* Does the file hold one of these? */
static enum target_linked target_look_in(const char *path)
{
    static const char *const signs[] = {WEFT_TRACE_PROVIDER_SYMBOL, "libweft.so"};
    enum target_linked linked = TARGET_UNKNOWN;
    struct stat stat;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *bytes = MAP_FAILED;
    if (fd >= 0 && !fstat(fd, &stat) && stat.st_size > 4)
        bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes != MAP_FAILED) {
        linked = memcmp(bytes, "#!", 2) != 0 ? TARGET_NOT_LINKED : TARGET_IS_SCRIPT;
        for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
            if (memmem(bytes, (size_t)stat.st_size, signs[i], strlen(signs[i])))
                linked = TARGET_LINKED;
        munmap(bytes, (size_t)stat.st_size);
    }
    if (fd >= 0)
        close(fd);
    return linked;
}

enum target_linked target_linked(const char *name)
{
    char folders[PATH_MAX], at[2 * PATH_MAX], *rest = folders;
    const char *path = getenv("PATH");
    if (strchr(name, '/'))
        return target_look_in(name);
    snprintf(folders, sizeof folders, "%s", path ? path : "/bin:/usr/bin");
    for (const char *folder; (folder = strsep(&rest, ":"));) {
        snprintf(at, sizeof at, "%s/%s", folder[0] ? folder : ".", name);
        if (!access(at, X_OK))
            return target_look_in(at);
    }
    return TARGET_UNKNOWN;
}

/* ---- a process that runs ---- */

/* "NSpid: 4711 17": the last is what it calls itself, which LTTng's `vpid` is. */
static pid_t target_vpid(pid_t pid)
{
    char path[64], line[256];
    int vpid = pid;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        char *last = strncmp(line, "NSpid:", 6) ? NULL : strrchr(line, '\t');
        if (last)
            vpid = atoi(last + 1);
    }
    if (file)
        fclose(file);
    return vpid > 0 ? vpid : pid;
}

/* Whether a name is among the files that the process has mapped; negative: an errno. */
static int target_maps(pid_t pid, const char *name, bool *out_any)
{
    char path[64], line[PATH_MAX + 128];
    int found = 0;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    errno = 0;
    while (fgets(line, sizeof line, file)) {
        *out_any = true;
        found |= strstr(line, name) != NULL;
    }
    const int error = errno;
    fclose(file);
    return *out_any ? found : -error;
}

int target_check(pid_t pid, const char *provider, pid_t *out_vpid, char *text, size_t size)
{
    char exe[64];
    bool any = false;
    snprintf(exe, sizeof exe, "/proc/%d/exe", (int)pid);
    const int maps = target_maps(pid, PROVIDER, &any);
    if (maps == 1) {
        *out_vpid = target_vpid(pid);
        return 0;
    }
    if (maps == -EACCES || maps == -EPERM)
        snprintf(text, size,
                 "no permission to look at process %d: it is another user's. Be that user, or root: sudo weft trace "
                 "record --pid %d",
                 (int)pid, (int)pid);
    else if (maps < 0)
        snprintf(text, size, "there is no process %d", (int)pid);
    else if (!any)
        snprintf(text, size, "process %d has ended", (int)pid);
    else if (target_maps(pid, "libweft.so", &any) == 1 || target_look_in(exe) == TARGET_LINKED)
        snprintf(text, size,
                 "process %d has not loaded " PROVIDER
                 ", and that cannot be done while it runs: start it with .tracing = "
                 "true in the options of its runtime, or with LD_PRELOAD=%s",
                 (int)pid, provider ? provider : PROVIDER);
    else
        snprintf(text, size, "process %d is not linked with weft", (int)pid);
    return -1;
}
