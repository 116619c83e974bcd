/* SPDX-License-Identifier: MIT */
/* `weft watch`: the figures of a process as they change, one JSON object a line, for scripts. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/live/client.h"
#include "cli/text.h"

static int watch_run(int argc, char **argv);

const struct command command_watch = {
    "watch",
    "[--interval MS] [--count N] [PID | SOCKET | http://ADDRESS:PORT]",
    "the figures of a process as they change, one JSON object a line, for scripts",
    watch_run,
};

struct watch {
    long left; /* lines */
    long printed;
};

/* A line of server-sent events. Returns 1 when there are enough. */
static int watch_line(void *context, const char *text)
{
    struct watch *watch = context;
    if (strncmp(text, "data:", 5) != 0)
        return 0;
    printf("%s\n", text + 5 + (text[5] == ' '));
    watch->printed++;
    return fflush(stdout) != 0 || --watch->left == 0; /* whoever read has left */
}

static int watch_run(int argc, char **argv)
{
    long interval = 1000, count = LONG_MAX;
    struct target target;
    const char *word = NULL;
    char path[64];
    for (int i = 1; i < argc; i++) {
        const int takes = !strcmp(argv[i], "--interval") || !strcmp(argv[i], "--count");
        if (takes && i + 1 == argc)
            return command_misused("weft", &command_watch, "%s of what?", argv[i]);
        if (!strcmp(argv[i], "--interval"))
            interval = text_number(argv[++i]);
        else if (!strcmp(argv[i], "--count"))
            count = text_number(argv[++i]);
        else if (argv[i][0] == '-' || word)
            return command_misused("weft", &command_watch, "what is '%s'?", argv[i]);
        else
            word = argv[i];
    }
    if (interval < 50 || interval > 60000 || count < 1)
        return command_misused("weft", &command_watch, "the interval is 50 to 60000 ms, the count at least 1");
    if (!target_find(&target, word)) {
        fprintf(stderr, "weft watch: %s\n", target.says);
        return COMMAND_FAILED;
    }
    struct watch watch = {.left = count};
    struct client *client = client_open(&target);
    snprintf(path, sizeof path, "/events?interval_ms=%ld", interval);
    const int answer = client ? client_lines(client, path, watch_line, &watch) : -1;
    if (answer < 0)
        fprintf(stderr, "weft watch: %s\n", client ? client_says(client) : "no memory");
    else if (!watch.printed)
        fprintf(stderr, "weft watch: nothing came from %s\n", word ? word : target.socket);
    client_close(client);
    return answer >= 0 && watch.printed ? 0 : COMMAND_FAILED;
}
