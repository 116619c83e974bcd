/* SPDX-License-Identifier: MIT */
/* See outfile.h. */
#include "cli/outfile.h"

#include <errno.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/memory.h"

static char *outfile_part(const char *path)
{
    const size_t size = strlen(path) + sizeof ".part";
    char *part = memory_zeroed(size, 1);
    snprintf(part, size, "%s.part", path);
    return part;
}

int outfile_open(struct outfile *out, const char *path)
{
    struct stat there;
    *out = (struct outfile){0};
    if (!strcmp(path, "-")) {
        out->file = stdout;
    } else {
        if (stat(path, &there) || S_ISREG(there.st_mode))
            out->part = outfile_part(path);
        out->file = fopen(out->part ? out->part : path, "we");
    }
    if (!out->file) {
        const int error = errno;
        free(out->part);
        out->part = NULL;
        return -error;
    }
    (void)__fsetlocking(out->file, FSETLOCKING_BYCALLER); /* one thread writes; a lock per character is dear */
    out->path = memory_text(path);
    return 0;
}

/* 0, or -errno: what is buffered has left, and nothing failed before. */
static int outfile_close(struct outfile *out)
{
    errno = 0;
    const int failed = fflush(out->file) || ferror(out->file);
    int error = failed ? errno ? errno : EIO : 0;
    if (out->file != stdout && fclose(out->file) && !error)
        error = errno;
    out->file = NULL;
    return -error;
}

static void outfile_end(struct outfile *out)
{
    free(out->part);
    free(out->path);
    *out = (struct outfile){0};
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
