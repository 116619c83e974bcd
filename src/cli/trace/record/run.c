/* SPDX-License-Identifier: MIT */
/*
 * See run.h. What is printed goes into memory that needs nobody to read it meanwhile: a daemon that the command leaves
 * behind may keep it open.
 */
#include "cli/trace/record/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/text.h"

extern char **environ;

enum { RUN_PATIENCE_MS = 60000, RUN_END_MS = 10000 };

int run_watch(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0); /* glibc has a name for it since 2.36 */
}

static int run_spawn(pid_t *out_pid, const char *const argv[], int said)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, said, 1);
    posix_spawn_file_actions_adddup2(&actions, said, 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    const int error = posix_spawnp(out_pid, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Without what a terminal would take for a command. */
void run_said(int said, char *text, size_t size)
{
    char *end = memory_zeroed(size, 1);
    const off_t all = lseek(said, 0, SEEK_END);
    const ssize_t got = pread(said, end, size - 1, all >= (off_t)size ? all - (off_t)size + 1 : 0);
    end[got > 0 ? got : 0] = '\0';
    for (size_t length = strlen(end); length && strchr(" \n\r", end[length - 1]); length--)
        end[length - 1] = '\0';
    for (char *line = end; (line = strchr(line, '\n'));)
        *line = ' ';
    text_clean(text, size, end);
    free(end);
}

int run_command(const char *const argv[], char *said, size_t size)
{
    return run_within(RUN_PATIENCE_MS, argv, said, size);
}

int run_start(const char *const argv[], pid_t *out_pid, int *out_said)
{
    const int memory = memfd_create("weft-said", MFD_CLOEXEC);
    if (memory < 0 || run_spawn(out_pid, argv, memory)) {
        if (memory >= 0)
            close(memory);
        return RUN_ABSENT;
    }
    *out_said = memory;
    return 0;
}

/* Whether it ends meanwhile. */
static bool run_ends_within(pid_t pid, int patience_ms)
{
    int ready = 1;
    const int end = run_watch(pid);
    if (end >= 0) { /* a kernel without it waits for ever */
        do
            ready = poll(&(struct pollfd){.fd = end, .events = POLLIN}, 1, patience_ms);
        while (ready < 0 && errno == EINTR);
        close(end);
    }
    return ready != 0;
}

static int run_reap(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

void run_end(pid_t pid, int said)
{
    kill(pid, SIGTERM);
    if (!run_ends_within(pid, RUN_END_MS))
        kill(pid, SIGKILL);
    (void)run_reap(pid);
    close(said);
}

int run_within(int patience_ms, const char *const argv[], char *said, size_t size)
{
    pid_t pid;
    int memory;
    said[0] = '\0';
    if (run_start(argv, &pid, &memory))
        return RUN_ABSENT;
    const bool ended = run_ends_within(pid, patience_ms);
    if (!ended)
        kill(pid, SIGKILL);
    const int status = run_reap(pid);
    run_said(memory, said, size);
    close(memory);
    if (!ended)
        return RUN_SILENT;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
