/* SPDX-License-Identifier: MIT */
/*
 * More than a page of the endpoint holds: so many guests who wait, each with a number in the name, of the second runtime of two.
 * The endpoint is at the path, or where WEFT_DIAG says. Prints its path, and ends at the end of stdin.
 *
 *   multitude GUESTS [SOCKET]
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <weft.h>
#include <weft/diag.h>

struct guest { weft_frame weft; };
static weft_poll guest(weft_context *cx, struct guest *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, INT64_C(3600000000000)));
    WEFT_END(0);
}

int main(int argc, char **argv)
{
    weft_runtime *empty, *full;
    weft_diag *diag;
    char end, name[32];
    const int guests = argc > 1 ? atoi(argv[1]) : 0;
    if (weft_runtime_create(&empty, WEFT_RUNTIME_OPTIONS(.name = "empty", .worker_threads = 1)) < 0 ||
        weft_runtime_create(&full, WEFT_RUNTIME_OPTIONS(.name = "full", .worker_threads = 1)) < 0 ||
        weft_diag_start(&diag, WEFT_DIAG_OPTIONS(.unix_path = argc > 2 ? argv[2] : NULL)) < 0) {
        fprintf(stderr, "%s\n", weft_error_detail());
        return 1;
    }
    for (int i = 0; i < guests; i++) {
        snprintf(name, sizeof name, "guest %d", i);
        if (weft_task_error(weft_spawn_as(weft_runtime_scope(full), WEFT_TASK(name), guest)) < 0)
            return 1;
    }
    printf("%s\n", weft_diag_path(diag));
    fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0)
        ;
    weft_diag_stop(diag);
    return weft_runtime_destroy(full) < 0 || weft_runtime_destroy(empty) < 0;
}
