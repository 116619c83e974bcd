/* SPDX-License-Identifier: MIT */
/*
 * Teaches limits for what runs on the blocking pool. A lookup of a name is a future of its own. A file is read by a task, since
 * its buffer is in use until the system is done with it: who waits for that task can turn to something else meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <weft.h>

#define PATIENCE_NS INT64_C(20000000000)

/* Reads a file, and answers how many bytes it has. */
struct reader { weft_frame weft; weft_file_op op; const char *path; void *bytes; size_t length; };

static weft_poll reader(weft_context *cx, struct reader *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_file_load(cx, &self->op, self->path, 1 << 20, &self->bytes, &self->length));
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    free(self->bytes);
    WEFT_END((int)self->length);
}

struct visitor {
    weft_frame weft;
    weft_timeout_state limit;
    weft_resolve_op op;
    weft_resolve_future lookup;
    weft_address addresses[4];
    weft_file_op store;
    char path[32];
    weft_scope scope;
    weft_task task;
    weft_join_future read;
    int length;
};

static weft_poll visitor(weft_context *cx, struct visitor *self)
{
    WEFT_BEGIN(cx, self);
    weft_resolve_begin(&self->lookup, &self->op, "localhost:80", self->addresses, 4);
    WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->limit, &self->lookup.future, PATIENCE_NS));
    if (self->weft.rc == WEFT_ETIMEDOUT || self->weft.rc == WEFT_ECANCELED)
        weft_resolve_close(&self->op); /* it goes on without us, and its answer is thrown away */
    printf("localhost: %s\n", self->weft.rc > 0 ? "found" : weft_error_text(self->weft.rc));

    snprintf(self->path, sizeof self->path, "/tmp/weft-limits-%d", (int)getpid());
    WEFT_AWAIT(self->weft.rc, weft_file_store(cx, &self->store, self->path, "warp and weft\n", 14));
    if (self->weft.rc < 0 || weft_scope_open(cx, &self->scope, NULL) < 0)
        WEFT_RETURN(-1);
    self->task = weft_spawn_joinable(&self->scope, reader, .path = self->path);
    weft_join_begin(&self->read, &self->task, &self->length);
    WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->limit, &self->read.future, PATIENCE_NS));
    if (self->weft.rc == WEFT_ETIMEDOUT)
        weft_scope_cancel(&self->scope); /* a read that has not begun is taken back; one that has is waited for here: */
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    unlink(self->path);
    printf("the file: %d bytes\n", self->length);
    WEFT_END(self->weft.rc);
}

int main(void)
{
    weft_runtime *rt;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "limits")) < 0)
        return 1;
    weft_spawn(weft_runtime_scope(rt), visitor);
    return weft_runtime_finish(rt) < 0;
}
