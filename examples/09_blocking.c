/* SPDX-License-Identifier: MIT */
/*
 * Teaches where functions belong that would stop a worker. What waits in the system (here: files) runs as a job on the
 * blocking pool, and the task waits for it as for anything else. What only computes runs through on a worker, as a job in
 * a scope.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <weft.h>

/* A file, as the two jobs below see it. It lives in the task's frame: while a job runs, the task cannot end. */
struct file { char path[32]; char text[64]; int length; };

/* Runs on a thread of the pool, and may take as long as the disk does. */
static int file_write(void *argument)
{
    struct file *self = argument;
    const int fd = mkstemp(self->path);
    if (fd < 0)
        return -errno;
    const int written = (int)write(fd, self->text, (size_t)self->length);
    close(fd);
    return written;
}

static int file_read(void *argument)
{
    struct file *self = argument;
    FILE *in = fopen(self->path, "r");
    if (!in)
        return -errno;
    self->length = (int)fread(self->text, 1, sizeof self->text, in);
    fclose(in);
    unlink(self->path);
    return self->length;
}

/* Runs once on a worker, to its end; its frame needs no weft_frame, since it never waits. */
struct count { const struct file *file; char letter; int *out; };
static int count(struct count *self)
{
    for (int i = 0; i < self->file->length; i++)
        *self->out += self->file->text[i] == self->letter;
    return 0;
}

struct author { weft_frame weft; struct file file; weft_job job; weft_scope scope; int result; int found[2]; };

static weft_poll author(weft_context *cx, struct author *self)
{
    WEFT_BEGIN(cx, self);
    self->file.length = snprintf(self->file.text, sizeof self->file.text, "the shuttle carries the weft through the warp");
    snprintf(self->file.path, sizeof self->file.path, "/tmp/weft-example-XXXXXX");

    /* The await answers whether the job ran; what it returned is in self->result. */
    WEFT_AWAIT(self->weft.rc, weft_blocking(cx, &self->job, file_write, &self->file, &self->result));
    if (self->weft.rc < 0 || self->result < 0)
        WEFT_RETURN(self->weft.rc < 0 ? self->weft.rc : self->result);
    printf("written: %d bytes\n", self->result);

    WEFT_AWAIT(self->weft.rc, weft_blocking(cx, &self->job, file_read, &self->file, &self->result));
    if (self->weft.rc < 0 || self->result < 0)
        WEFT_RETURN(self->weft.rc < 0 ? self->weft.rc : self->result);
    printf("read: %.*s\n", self->file.length, self->file.text);

    self->weft.rc = weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "letters"));
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    weft_spawn_job(&self->scope, count, .file = &self->file, .letter = 't', .out = &self->found[0]);
    weft_spawn_job(&self->scope, count, .file = &self->file, .letter = 'w', .out = &self->found[1]);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope)); /* both have ended */
    printf("t: %d, w: %d\n", self->found[0], self->found[1]);
    WEFT_END(0);
}

int main(void)
{
    weft_runtime *rt;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "blocking", .blocking_threads_max = 4)) < 0)
        return 1;
    weft_spawn(weft_runtime_scope(rt), author);
    return weft_runtime_finish(rt) < 0;
}
