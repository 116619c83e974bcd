/* SPDX-License-Identifier: MIT */
/*
 * Each operation is a function of its arguments, which lie in the op, and runs on a thread of the pool; the awaitable in
 * front of it puts them there at its first evaluation. While the job runs the op is the job's.
 */
#define _GNU_SOURCE
#include <weft/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/platform.h"
#include "blocking/pool.h"

enum { FILE_TRANSFER_MAX = 1 << 30 }; /* bytes of one call; a count is returned as an int */

static int file_errno(int64_t answer) { return answer < 0 ? -errno : (int)answer; }

/* Run it as a job, or go on waiting for it: one evaluation. */
static int file_run(const char *call, weft_context *cx, weft_file_op *op, const weft_job_options *options)
{
    int result = 0;
    const int code = weft__job_run(call, cx, &op->job, options, &result);
    return code != 0 ? code : result;
}

/* Whether the arguments are there; and put them into an op that does nothing yet. */
static int file_set(const char *call, const weft_context *cx, weft_file_op *op, const void *first, const void *second,
                    const void *third)
{
    if (!cx || !op || !first || !second || !third)
        return weft__refuse(WEFT_EINVAL, "%s: null: give a context, a zeroed weft_file_op, and all that the call works on",
                            call);
    if (op->job.id == 0) {
        op->weft__pointers[0] = first;
        op->weft__pointers[1] = second;
        op->weft__pointers[2] = third;
    }
    return 0;
}

static void file_set_numbers(weft_file_op *op, int64_t first, int64_t second, int64_t third)
{
    if (op->job.id != 0)
        return; /* it runs */
    op->weft__numbers[0] = first;
    op->weft__numbers[1] = second;
    op->weft__numbers[2] = third;
}

#define FILE_RUN(cx, op, function, title) file_run(__func__, (cx), (op), WEFT_JOB(function, (op), .name = (title)))

/* Signals are blocked here, but a stop of the process, or a file system in a process of its own, interrupts all the same. */
static int file_open(const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static int file_sync(int fd)
{
    int answer;
    do
        answer = fsync(fd);
    while (answer < 0 && errno == EINTR);
    return answer;
}

/* Interrupted or not, Linux has closed it. */
static int file_close(int fd)
{
    return close(fd) < 0 && errno != EINTR ? -1 : 0;
}

static int file_do_open(void *argument)
{
    const weft_file_op *op = argument;
    return file_errno(file_open(op->weft__pointers[0], (int)op->weft__numbers[0], (mode_t)op->weft__numbers[1]));
}

int weft_file_open(weft_context *cx, weft_file_op *op, const char *path, int flags, uint32_t mode)
{
    const int wrong = file_set("weft_file_open", cx, op, path, path, path);
    if (wrong)
        return wrong;
    file_set_numbers(op, flags, mode, 0);
    return FILE_RUN(cx, op, file_do_open, "file open");
}

static int file_do_close(void *argument)
{
    const weft_file_op *op = argument;
    return file_errno(file_close((int)op->weft__numbers[0]));
}

int weft_file_close(weft_context *cx, weft_file_op *op, int fd)
{
    const int wrong = file_set("weft_file_close", cx, op, op, op, op);
    if (wrong)
        return wrong;
    file_set_numbers(op, fd, 0, 0);
    return FILE_RUN(cx, op, file_do_close, "file close");
}

static int file_do_read(void *argument)
{
    const weft_file_op *op = argument;
    void *buffer = (void *)(uintptr_t)op->weft__pointers[0];
    const int fd = (int)op->weft__numbers[0];
    const size_t length = (size_t)op->weft__numbers[1];
    const int64_t offset = op->weft__numbers[2];
    ssize_t moved;
    do
        moved = offset < 0 ? read(fd, buffer, length) : pread(fd, buffer, length, offset);
    while (moved < 0 && errno == EINTR);
    return file_errno(moved);
}

/* A length of one call, and an offset that is one. */
static int file_transfer(const char *call, weft_file_op *op, int fd, size_t length, int64_t offset)
{
    if (offset < WEFT_FILE_NEXT)
        return weft__refuse(WEFT_EINVAL, "%s: offset %lld: give 0 or more, or WEFT_FILE_NEXT", call, (long long)offset);
    file_set_numbers(op, fd, (int64_t)(length < FILE_TRANSFER_MAX ? length : FILE_TRANSFER_MAX), offset);
    return 0;
}

int weft_file_read(weft_context *cx, weft_file_op *op, int fd, void *buffer, size_t length, int64_t offset)
{
    static const char call[] = "weft_file_read";
    int wrong = file_set(call, cx, op, buffer, buffer, buffer);
    if (!wrong)
        wrong = file_transfer(call, op, fd, length, offset);
    return wrong ? wrong : FILE_RUN(cx, op, file_do_read, "file read");
}

/* Write all; how many, or the error of the first piece that failed. */
static int64_t file_write_all(int fd, const unsigned char *bytes, size_t length, int64_t offset)
{
    size_t done = 0;
    while (done < length) {
        const ssize_t moved = offset < 0 ? write(fd, bytes + done, length - done)
                                         : pwrite(fd, bytes + done, length - done, offset + (int64_t)done);
        if (moved < 0 && errno == EINTR)
            continue;
        if (moved < 0)
            return -1;
        done += (size_t)moved;
    }
    return (int64_t)done;
}

static int file_do_write(void *argument)
{
    const weft_file_op *op = argument;
    return file_errno(file_write_all((int)op->weft__numbers[0], op->weft__pointers[0], (size_t)op->weft__numbers[1],
                                     op->weft__numbers[2]));
}

int weft_file_write(weft_context *cx, weft_file_op *op, int fd, const void *buffer, size_t length, int64_t offset)
{
    static const char call[] = "weft_file_write";
    if (length > FILE_TRANSFER_MAX) /* to write a part of it would be an answer that nobody looks for */
        return weft__refuse(WEFT_ERANGE, "%s: %zu bytes: give at most %d at a time", call, length, FILE_TRANSFER_MAX);
    int wrong = file_set(call, cx, op, buffer, buffer, buffer);
    if (!wrong)
        wrong = file_transfer(call, op, fd, length, offset);
    return wrong ? wrong : FILE_RUN(cx, op, file_do_write, "file write");
}

static int file_do_sync(void *argument)
{
    const weft_file_op *op = argument;
    return file_errno(file_sync((int)op->weft__numbers[0]));
}

int weft_file_sync(weft_context *cx, weft_file_op *op, int fd)
{
    const int wrong = file_set("weft_file_sync", cx, op, op, op, op);
    if (wrong)
        return wrong;
    file_set_numbers(op, fd, 0, 0);
    return FILE_RUN(cx, op, file_do_sync, "file sync");
}

static weft_file_kind file_kind(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return WEFT_FILE_REGULAR;
    case S_IFDIR:
        return WEFT_FILE_FOLDER;
    case S_IFSOCK:
        return WEFT_FILE_SOCKET;
    case S_IFIFO:
        return WEFT_FILE_PIPE;
    default:
        return WEFT_FILE_OTHER;
    }
}

/* File systems keep times that are farther away than 63 bits of nanoseconds: those are the last or the first there is. */
static int64_t file_time(struct timespec time)
{
    if (time.tv_sec >= INT64_MAX / 1000000000)
        return INT64_MAX;
    if (time.tv_sec <= INT64_MIN / 1000000000)
        return INT64_MIN;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int file_do_stat(void *argument)
{
    const weft_file_op *op = argument;
    weft_file_info *out = (weft_file_info *)(uintptr_t)op->weft__pointers[1];
    struct stat about;
    if (stat(op->weft__pointers[0], &about) < 0)
        return -errno;
    *out = (weft_file_info){
        .size = (uint64_t)about.st_size,
        .modified_ns = file_time(about.st_mtim),
        .mode = about.st_mode & 07777,
        .kind = file_kind(about.st_mode),
    };
    return 0;
}

int weft_file_stat(weft_context *cx, weft_file_op *op, const char *path, weft_file_info *out_info)
{
    const int wrong = file_set("weft_file_stat", cx, op, path, out_info, path);
    return wrong ? wrong : FILE_RUN(cx, op, file_do_stat, "file stat");
}

/* Read to the end, which may be further on than fstat() said: some files of the system have no size. */
static int file_load(int fd, size_t limit, unsigned char **out_bytes, size_t *out_length)
{
    size_t room = 4096, length = 0;
    struct stat about;
    if (fstat(fd, &about) == 0 && about.st_size > 0 && (uint64_t)about.st_size <= limit)
        room = (size_t)about.st_size + 2;
    unsigned char *bytes = malloc(room);
    for (;;) {
        if (!bytes)
            return WEFT_ENOMEM;
        ssize_t moved = read(fd, bytes + length, room - length - 1);
        if (moved < 0 && errno == EINTR)
            continue;
        const int error = moved < 0 ? -errno : length + (size_t)moved > limit ? WEFT_ERANGE : 0;
        if (error != 0 || moved == 0) {
            bytes[length] = 0;
            *out_bytes = bytes;
            *out_length = length;
            return error;
        }
        length += (size_t)moved;
        if (length + 1 < room)
            continue;
        unsigned char *grown = realloc(bytes, room * 2);
        if (!grown)
            free(bytes);
        bytes = grown;
        room *= 2;
    }
}

static int file_do_load(void *argument)
{
    const weft_file_op *op = argument;
    void **out_bytes = (void **)(uintptr_t)op->weft__pointers[1];
    size_t *out_length = (size_t *)(uintptr_t)op->weft__pointers[2];
    const int fd = file_open(op->weft__pointers[0], O_RDONLY, 0);
    if (fd < 0)
        return -errno;
    unsigned char *bytes = NULL;
    size_t length = 0;
    const int error = file_load(fd, (size_t)op->weft__numbers[0], &bytes, &length);
    close(fd);
    if (error < 0) {
        free(bytes);
        return error;
    }
    *out_bytes = bytes;
    *out_length = length;
    return 0;
}

int weft_file_load(weft_context *cx, weft_file_op *op, const char *path, size_t limit, void **out_bytes, size_t *out_length)
{
    const int wrong = file_set("weft_file_load", cx, op, path, out_bytes, out_length);
    if (wrong)
        return wrong;
    file_set_numbers(op, (int64_t)(limit < INT64_MAX ? limit : INT64_MAX), 0, 0);
    return FILE_RUN(cx, op, file_do_load, "file load");
}

/* A new file beside `path`, of a name that nobody has, which is put into `beside`. The system takes the umask off the mode. */
static int store_open(char *beside, size_t room, const char *path, mode_t mode)
{
    int fd;
    do {
        snprintf(beside, room, "%s.%08x", path, (unsigned)weft__platform->random());
        fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    } while (fd < 0 && (errno == EINTR || errno == EEXIST));
    return fd;
}

/*
 * What makes a name durable: a descriptor of its folder, or, where that may not be read, one of the file, by which its whole
 * file system is synchronised.
 */
static int store_open_folder(char *beside, int fd)
{
    char *slash = strrchr(beside, '/');
    char after = '\0';
    if (slash) {
        after = slash[1];
        slash[1] = '\0';
    }
    const int folder = file_open(slash ? beside : ".", O_RDONLY | O_DIRECTORY, 0);
    if (slash)
        slash[1] = after;
    return folder >= 0 || errno != EACCES ? folder : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static int store_sync_name(int folder)
{
    struct stat about;
    if (fstat(folder, &about) == 0 && !S_ISDIR(about.st_mode))
        return syncfs(folder);
    return file_sync(folder) < 0 && errno != EINVAL ? -1 : 0; /* some file systems have nothing to do there, and say it so */
}

/* All of it into the open file, with the mode of the one before. 0 or a negative errno. */
static int store_fill(int fd, const weft_file_op *op, const struct stat *before)
{
    if (before && fchmod(fd, before->st_mode & 07777) < 0)
        return -errno;
    if (file_write_all(fd, op->weft__pointers[1], (size_t)op->weft__numbers[0], -1) < 0 || file_sync(fd) < 0)
        return -errno;
    return 0;
}

/* Into a file beside it, and then its name. */
static int store_in(char *beside, size_t room, const weft_file_op *op)
{
    const char *path = op->weft__pointers[0];
    struct stat before;
    const bool exists = stat(path, &before) == 0;
    const int fd = store_open(beside, room, path, exists ? 0600 : 0666);
    if (fd < 0)
        return -errno;
    int error = store_fill(fd, op, exists ? &before : NULL);
    const int folder = error == 0 ? store_open_folder(beside, fd) : -1;
    if (error == 0 && folder < 0)
        error = -errno;
    if (file_close(fd) < 0 && error == 0)
        error = -errno;
    if (error == 0 && rename(beside, path) < 0)
        error = -errno;
    if (error < 0)
        unlink(beside);
    else if (store_sync_name(folder) < 0)
        error = -errno;
    if (folder >= 0)
        close(folder);
    return error;
}

static int file_do_store(void *argument)
{
    const weft_file_op *op = argument;
    const size_t room = strlen(op->weft__pointers[0]) + sizeof ".01234567";
    char *beside = malloc(room);
    if (!beside)
        return WEFT_ENOMEM;
    const int error = store_in(beside, room, op);
    free(beside);
    return error;
}

int weft_file_store(weft_context *cx, weft_file_op *op, const char *path, const void *bytes, size_t length)
{
    const int wrong = file_set("weft_file_store", cx, op, path, bytes, path);
    if (wrong)
        return wrong;
    file_set_numbers(op, (int64_t)length, 0, 0);
    return FILE_RUN(cx, op, file_do_store, "file store");
}

static int file_is_name(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* By their bytes: alphasort() goes by the host's language. */
static int file_by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int file_do_list(void *argument)
{
    const weft_file_op *op = argument;
    char **out_names = (char **)(uintptr_t)op->weft__pointers[1];
    struct dirent **entries;
    const int count = scandir(op->weft__pointers[0], &entries, file_is_name, file_by_bytes);
    if (count < 0)
        return -errno;
    size_t room = 1, at = 0;
    for (int i = 0; i < count; i++)
        room += strlen(entries[i]->d_name) + 1;
    char *names = malloc(room);
    for (int i = 0; i < count; i++) {
        const size_t length = strlen(entries[i]->d_name) + 1;
        if (names)
            memcpy(names + at, entries[i]->d_name, length);
        at += length;
        free(entries[i]);
    }
    free(entries);
    if (!names)
        return WEFT_ENOMEM;
    names[at] = '\0';
    *out_names = names;
    return count;
}

int weft_file_list(weft_context *cx, weft_file_op *op, const char *path, char **out_names)
{
    const int wrong = file_set("weft_file_list", cx, op, path, out_names, path);
    return wrong ? wrong : FILE_RUN(cx, op, file_do_list, "file list");
}

static int file_do_make_folder(void *argument)
{
    const weft_file_op *op = argument;
    return file_errno(mkdir(op->weft__pointers[0], (mode_t)op->weft__numbers[0]));
}

int weft_file_make_folder(weft_context *cx, weft_file_op *op, const char *path, uint32_t mode)
{
    const int wrong = file_set("weft_file_make_folder", cx, op, path, path, path);
    if (wrong)
        return wrong;
    file_set_numbers(op, mode, 0, 0);
    return FILE_RUN(cx, op, file_do_make_folder, "file make folder");
}

static int file_do_rename(void *argument)
{
    const weft_file_op *op = argument;
    return file_errno(rename(op->weft__pointers[0], op->weft__pointers[1]));
}

int weft_file_rename(weft_context *cx, weft_file_op *op, const char *from, const char *to)
{
    const int wrong = file_set("weft_file_rename", cx, op, from, to, from);
    return wrong ? wrong : FILE_RUN(cx, op, file_do_rename, "file rename");
}

static int file_do_remove(void *argument)
{
    const weft_file_op *op = argument;
    return file_errno(remove(op->weft__pointers[0]));
}

int weft_file_remove(weft_context *cx, weft_file_op *op, const char *path)
{
    const int wrong = file_set("weft_file_remove", cx, op, path, path, path);
    return wrong ? wrong : FILE_RUN(cx, op, file_do_remove, "file remove");
}
