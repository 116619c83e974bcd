/* SPDX-License-Identifier: MIT */
/*
 * A program with trouble on demand, for tests of the flight recorder. It prints READY, and does what it reads:
 *
 *   stall     a poll holds its worker until …
 *   release   … now; prints RELEASED
 *   fill      a channel that nobody reads becomes full, and critical
 *   end       it ends, as at the end of the input
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weft.h>

enum { CAPACITY = 4 };

WEFT_CHANNEL_DEFINE(numbers, long)

static atomic_bool held;

static void must(const char *what, int code)
{
    if (code >= 0)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, weft_error_name(code), weft_error_detail());
    exit(1);
}

struct holder {
    weft_frame weft;
    atomic_bool *held;
};

static weft_poll holder(weft_context *cx, struct holder *self)
{
    WEFT_BEGIN(cx, self);
    while (atomic_load(self->held))
        usleep(1000);
    WEFT_END(0);
}

int main(void)
{
    weft_runtime *rt;
    weft_task task = {0};
    numbers_sender out;
    numbers_receiver in;
    char line[32];
    int rc;
    must("runtime", weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "troubled", .worker_threads = 2)));
    must("channel", numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "jam", .capacity = CAPACITY, .overflow = WEFT_FAIL),
                                   &out, &in));
    puts("READY");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) && strcmp(line, "end\n") != 0) {
        if (!strcmp(line, "stall\n")) {
            atomic_store(&held, true);
            task = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("holder", .joinable = true), holder, .held = &held);
            must("spawn", weft_task_error(task));
        } else if (!strcmp(line, "release\n")) {
            atomic_store(&held, false);
            must("join", weft_task_join_blocking(&task, WEFT_FOREVER, &rc));
            puts("RELEASED");
            fflush(stdout);
        } else if (!strcmp(line, "fill\n")) {
            while (numbers_try_send(&out, 1) >= 0)
                ;
        }
    }
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    must("finish", weft_runtime_finish(rt));
    return 0;
}
