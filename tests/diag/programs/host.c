/* SPDX-License-Identifier: MIT */
/*
 * A program that knows nothing of the endpoint: it has a runtime, says "runs" and what the runtime reports, and ends when its
 * input does. FORK=1: its child does the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft.h>

static void report(void *context, int code, const char *text)
{
    (void)context;
    printf("report %s %s\n", weft_error_name(code), text);
    fflush(stdout);
}

struct sleeper { weft_frame weft; };

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, WEFT_FOREVER));
    WEFT_END(0);
}

static int run(const char *says, int process)
{
    weft_runtime *rt;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "host", .worker_threads = 1, .report = report)) < 0)
        return 1;
    weft_spawn(weft_runtime_scope(rt), sleeper);
    printf("%s %d\n", says, process);
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0)
        ;
    return weft_runtime_destroy(rt) < 0;
}

int main(void)
{
    if (!getenv("FORK"))
        return run("runs", (int)getpid());
    weft_runtime *before; /* the parent has its endpoint when it forks */
    if (weft_runtime_create(&before, NULL) < 0)
        return 1;
    const pid_t child = fork();
    if (child == 0) {
        const int failed = run("child", (int)getpid());
        weft_runtime_destroy(before);
        exit(failed);
    }
    const int failed = run("runs", (int)getpid());
    int status = 1;
    waitpid(child, &status, 0);
    weft_runtime_destroy(before);
    return failed || status != 0;
}
