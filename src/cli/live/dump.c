/* SPDX-License-Identifier: MIT */
/* `weft dump`: everything that lives in a process, as one JSON object: the answers of its endpoint, whole lists put together. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/live/client.h"
#include "cli/live/snapshot.h"

enum { PAGE = 1000 };

static int dump_run(int argc, char **argv);

const struct command command_dump = {
    "dump",
    "[PID | SOCKET | http://ADDRESS:PORT]",
    "everything that lives in a process, as JSON, for scripts",
    dump_run,
};

/* NULL: said why on stderr. 503 is an answer: what is not healthy says so. */
static char *dump_get(struct client *client, const char *path)
{
    int status = 0;
    char *text = client_get(client, path, &status);
    if (text && (status == 200 || status == 503))
        return text;
    if (text)
        fprintf(stderr, "weft dump: %s answered with %d\n", path, status);
    else
        fprintf(stderr, "weft dump: no answer: %s\n", client_says(client));
    free(text);
    return NULL;
}

static bool dump_one(struct client *client, const char *before, const char *name, const char *path)
{
    char *text = dump_get(client, path);
    if (text)
        printf("%s,\n\"%s\": %s", before, name, text);
    free(text);
    return text != NULL;
}

/* A list comes in pages, each behind the largest id of the one before. They are printed as they come: a list of pages. */
static bool dump_list(struct client *client, const char *name)
{
    uint64_t total, last = 0;
    size_t count = PAGE;
    printf(",\n\"%s\": [", name);
    for (int page = 0; count == PAGE; page++) {
        char path[128];
        snprintf(path, sizeof path, "/api/%s?limit=%d&after=%" PRIu64, name, PAGE, last);
        char *text = dump_get(client, path);
        if (!text || !snapshot_page(text, name, &total, &last, &count)) {
            if (text)
                fprintf(stderr, "weft dump: %s is no list\n", path);
            free(text);
            return false;
        }
        printf("%s\n%s", page ? "," : "", text);
        free(text);
    }
    printf("]");
    return true;
}

static int dump_run(int argc, char **argv)
{
    struct target target;
    if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
        return command_misused("weft", &command_dump, "what is '%s'?", argv[argv[1][0] == '-' ? 1 : 2]); /* the first of them */
    if (!target_find(&target, argc > 1 ? argv[1] : NULL)) {
        fprintf(stderr, "weft dump: %s\n", target.says);
        return COMMAND_FAILED;
    }
    struct client *client = client_open(&target);
    if (!client)
        fputs("weft dump: no memory\n", stderr);
    const bool done = client && dump_one(client, "{\"version\": 1", "health", "/health/detailed?limit=1000") &&
                      dump_one(client, "", "runtimes", "/api/runtimes") && dump_one(client, "", "workers", "/api/workers") &&
                      dump_list(client, "tasks") && dump_list(client, "channels") && dump_list(client, "resources") &&
                      dump_one(client, "", "blocking", "/api/blocking?limit=1000") && dump_one(client, "", "lints", "/api/lints");
    if (done)
        printf("\n}\n");
    client_close(client);
    return done ? 0 : COMMAND_FAILED;
}
