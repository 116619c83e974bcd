/* SPDX-License-Identifier: MIT */
/* See outfile.h. */
#include "cli/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/memory.h"

enum { OUTFILE_BUFFER = 65536 };

static char *outfile_part(const char *path)
{
    const size_t size = strlen(path) + sizeof ".part";
    char *part = memory_zeroed(size, 1);
    snprintf(part, size, "%s.part", path);
    return part;
}

static void outfile_end(struct outfile *out)
{
    free(out->end);
    free(out->part);
    free(out->path);
    *out = (struct outfile){0};
}

/* A stream of stdio's own forgets why a write failed when others succeed after it; this one keeps it. */
struct outfile_end {
    int fd;
    int error; /* the first errno, 0: none */
};

static ssize_t outfile_write(void *cookie, const char *bytes, size_t size)
{
    struct outfile_end *end = cookie;
    size_t done = 0;
    while (done < size && !end->error) {
        const ssize_t wrote = write(end->fd, bytes + done, size - done);
        if (wrote > 0)
            done += (size_t)wrote;
        else if (wrote == 0 || errno != EINTR)
            end->error = wrote == 0 ? EIO : errno;
    }
    return (ssize_t)done;
}

static int outfile_shut(void *cookie)
{
    struct outfile_end *end = cookie;
    if (close(end->fd) && !end->error)
        end->error = errno;
    return end->error ? -1 : 0;
}

/* The descriptor of a place; below 0: -errno. */
static int outfile_descriptor(const char *path)
{
    const bool out = !strcmp(path, "-");
    if (out && fflush(stdout))
        return -errno;
    const int fd =
        out ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return fd < 0 ? -errno : fd;
}

int outfile_open(struct outfile *out, const char *path)
{
    struct stat there;
    *out = (struct outfile){0};
    if (strcmp(path, "-") != 0 && (stat(path, &there) || S_ISREG(there.st_mode)))
        out->part = outfile_part(path);
    const int fd = outfile_descriptor(out->part ? out->part : path);
    if (fd < 0) {
        free(out->part);
        out->part = NULL;
        return fd;
    }
    out->path = memory_text(path);
    out->end = memory_zeroed(1, sizeof *out->end);
    out->end->fd = fd;
    out->file = fopencookie(out->end, "w", (cookie_io_functions_t){.write = outfile_write, .close = outfile_shut});
    if (!out->file) {
        (void)close(fd);
        outfile_end(out);
        return -ENOMEM;
    }
    (void)setvbuf(out->file, NULL, _IOFBF, OUTFILE_BUFFER);
    (void)__fsetlocking(out->file, FSETLOCKING_BYCALLER); /* one thread writes; a lock per character is dear */
    return 0;
}

/* 0, or -errno: what is buffered has left, and nothing failed before. */
static int outfile_close(struct outfile *out)
{
    (void)fclose(out->file);
    out->file = NULL;
    return -out->end->error;
}

int outfile_commit(struct outfile *out)
{
    int error = outfile_close(out);
    if (!error && out->part && rename(out->part, out->path))
        error = -errno;
    if (error && out->part)
        (void)unlink(out->part);
    outfile_end(out);
    return error;
}

void outfile_abort(struct outfile *out)
{
    if (!out->file)
        return;
    (void)outfile_close(out);
    if (out->part)
        (void)unlink(out->part);
    outfile_end(out);
}
