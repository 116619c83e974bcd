/* SPDX-License-Identifier: MIT */
/*
 * See mend.h. A packet of LTTng 2 begins with its magic number, the trace's UUID, the number of its stream class and
 * that of its stream; then come, packed, the clock at its begin and end, how many bits of it are used, and how many
 * there are.
 */
#include "cli/trace/mend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/memory.h"

enum {
    PACKET_MAGIC = (int)0xc1fc1fc1,
    PACKET_END_AT = 40,
    PACKET_CONTENT_AT = 48,
    PACKET_SIZE_AT = 56,
    PACKET_HEAD = 64,
    MEND_PATH_MAX = 4096
};

static uint64_t mend_number(const unsigned char *at)
{
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

uint64_t mend_whole_bytes(int fd, uint64_t size, uint64_t *out_end_ns)
{
    unsigned char head[PACKET_HEAD];
    uint64_t whole = 0;
    *out_end_ns = 0;
    while (whole + PACKET_HEAD <= size && pread(fd, head, sizeof head, (off_t)whole) == (ssize_t)sizeof head) {
        uint32_t magic;
        memcpy(&magic, head, sizeof magic);
        const uint64_t bits = mend_number(head + PACKET_SIZE_AT), used = mend_number(head + PACKET_CONTENT_AT);
        if (magic != (uint32_t)PACKET_MAGIC || bits % 8 || bits / 8 < PACKET_HEAD || used > bits ||
            bits / 8 > size - whole)
            break;
        whole += bits / 8;
        *out_end_ns = mend_number(head + PACKET_END_AT);
    }
    return whole;
}

static int mend_copy(int from, const char *to, uint64_t bytes)
{
    char block[1 << 16];
    const int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : 0;
    for (uint64_t at = 0; !error && at < bytes;) {
        const size_t want = bytes - at < sizeof block ? (size_t)(bytes - at) : sizeof block;
        const ssize_t got = pread(from, block, want, (off_t)at);
        if (got <= 0 || write(fd, block, (size_t)got) != got)
            error = errno ? errno : EIO;
        else
            at += (uint64_t)got;
    }
    if (fd >= 0 && close(fd) && !error)
        error = errno;
    errno = error;
    return error ? -1 : 0;
}

/* One file of the trace into the folder: as it is, or as far as it is whole. */
static int mend_file(struct mend *mend, int folder, const char *name, const char *from, const char *to)
{
    struct stat stat;
    uint64_t end_ns;
    const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat)) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    int failed = 0;
    const uint64_t size = (uint64_t)stat.st_size;
    const uint64_t whole = strcmp(name, "metadata") != 0 ? mend_whole_bytes(fd, size, &end_ns) : size;
    if (!S_ISREG(stat.st_mode)) {
        mend->index = true; /* which readers make again from what is whole */
    } else if (whole == size) {
        failed = symlink(from, to);
    } else {
        failed = whole ? mend_copy(fd, to, whole) : 0;
        mend->cut++;
        mend->lost += size - whole;
        mend->until_ns = end_ns < mend->until_ns ? end_ns : mend->until_ns;
        snprintf(mend->name, sizeof mend->name, "%s", name);
    }
    close(fd);
    return failed;
}

static int mend_folder(struct mend *mend, const char *path, DIR *folder)
{
    char from[MEND_PATH_MAX], to[MEND_PATH_MAX], whole[MEND_PATH_MAX];
    if (!realpath(path, whole))
        return -1;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(from, sizeof from, "%s/%s", whole, entry->d_name) >= (int)sizeof from ||
            snprintf(to, sizeof to, "%s/%s", mend->folder, entry->d_name) >= (int)sizeof to) {
            errno = ENAMETOOLONG;
            return -1;
        }
        if (mend_file(mend, dirfd(folder), entry->d_name, from, to))
            return -1;
    }
    return mend->cut || mend->index ? 0 : -1;
}

static void mend_remove(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return;
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    (void)rmdir(path);
}

/* What the terminal sends goes to all processes of a command, and this one has to stay until the others are gone. */
static _Noreturn void mend_keep(const char *path, int gone)
{
    static const int ignored[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE};
    char byte;
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        (void)signal(ignored[i], SIG_IGN);
    while (read(gone, &byte, 1) < 0 && errno == EINTR)
        ;
    mend_remove(path);
    _exit(0);
}

/* From its first moment on the folder has somebody who removes it: no signal comes in between. */
static int mend_make(struct mend *mend, char *path)
{
    sigset_t all, before;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return -1;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    const bool made = mkdtemp(path) != NULL;
    mend->keeper = made ? fork() : -1;
    if (mend->keeper == 0) {
        close(ends[1]);
        mend_keep(path, ends[0]);
    }
    const int error = errno;
    close(ends[0]);
    mend->alive = ends[1];
    if (made)
        mend->folder = memory_text(path); /* without a keeper, if there can be none */
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return made ? 0 : -1;
}

int mend_trace(struct mend *mend, const char *path)
{
    const char *tmp = getenv("TMPDIR");
    char folder[MEND_PATH_MAX];
    *mend = (struct mend){.until_ns = UINT64_MAX, .keeper = -1, .alive = -1};
    snprintf(folder, sizeof folder, "%s/weft-mended-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
    DIR *from = opendir(path);
    if (!from)
        return -1;
    const bool mended = !mend_make(mend, folder) && !mend_folder(mend, path, from);
    const int error = errno;
    closedir(from);
    if (mended)
        return 0;
    mend_fini(mend);
    errno = error;
    return -1;
}

void mend_fini(struct mend *mend)
{
    if (mend->folder)
        mend_remove(mend->folder);
    if (mend->keeper > 0) {
        kill(mend->keeper, SIGKILL);
        while (waitpid(mend->keeper, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (mend->alive >= 0)
        close(mend->alive);
    free(mend->folder);
    mend->folder = NULL;
}
