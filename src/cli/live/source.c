/* SPDX-License-Identifier: MIT */
/* See source.h. */
#include "cli/live/source.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/live/client.h"
#include "cli/memory.h"

static const struct {
    const char *name;
    const char *path;
    bool named; /* takes a filter of names */
    bool optional; /* an older program has no such path */
} parts[LIVE_PARTS] = {
    [LIVE_OVERVIEW] = {"overview", "/api/overview", false, true},
    [LIVE_HEALTH] = {"health", "/health/detailed?limit=0", false, false},
    [LIVE_RUNTIMES] = {"runtimes", "/api/runtimes", false, false},
    [LIVE_WORKERS] = {"workers", "/api/workers", false, false},
    [LIVE_TASKS] = {"tasks", "/api/tasks?limit=1000", true, false},
    [LIVE_CHANNELS] = {"channels", "/api/channels?limit=1000", true, false},
    [LIVE_RESOURCES] = {"resources", "/api/resources?limit=1000", true, false},
    [LIVE_BLOCKING] = {"blocking", "/api/blocking?limit=1000", true, false},
    [LIVE_LINTS] = {"lints", "/api/lints", false, true},
    [LIVE_METRICS] = {"metrics", "/metrics", false, false},
};

static bool source_refuse(struct source *source, const char *what, const char *why)
{
    snprintf(source->says, sizeof source->says, "%.300s: %.200s", what, why);
    return false;
}

bool source_replay(struct source *source, const char *file)
{
    char head[32] = "";
    source->tape = fopen(file, "r");
    if (!source->tape)
        return source_refuse(source, file, strerror(errno));
    if (!fgets(head, sizeof head, source->tape) || strcmp(head, "weft-live 1\n") != 0)
        return source_refuse(source, file, "this is no recording of `weft top --record`");
    return true;
}

bool source_record(struct source *source, const char *file)
{
    source->tape = fopen(file, "w");
    if (!source->tape || fputs("weft-live 1\n", source->tape) < 0)
        return source_refuse(source, file, strerror(errno));
    return true;
}

/* Append the filter to a path, escaped; the letters of names stay readable. */
static void source_path(const struct source *source, enum live_part part, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s", parts[part].path);
    if (!parts[part].named || !source->filter[0])
        return;
    used += (size_t)snprintf(out + used, size - used, "&name=");
    for (const char *from = source->filter; *from && used + 4 < size; from++)
        used += (size_t)snprintf(out + used, size - used, isalnum((unsigned char)*from) ? "%c" : "%%%02X", (unsigned char)*from);
}

static bool source_write(struct source *source, enum live_part part, const char *text)
{
    if (!source->tape)
        return true;
    if (fprintf(source->tape, "part %s %zu\n%s\n", parts[part].name, strlen(text), text) < 0)
        return source_refuse(source, "the recording", strerror(errno));
    return true;
}

/* 503 is an answer too: it says what is wrong. */
static bool source_ask(struct source *source, enum live_part part, struct snapshot *snapshot)
{
    char path[512], why[128];
    int status = 0;
    source_path(source, part, path, sizeof path);
    char *text = client_get(source->client, path, &status);
    if (!text)
        return source_refuse(source, "no answer", client_says(source->client));
    source->cost_ns += client_cost(source->client);
    const bool missing = parts[part].optional && status == 404;
    source->older |= missing && part == LIVE_OVERVIEW;
    bool done = missing || status == 200 || status == 503;
    if (!done) {
        snprintf(why, sizeof why, "answered with %d%s", status, status == 401 || status == 403 ? ": you may not ask" : "");
        source_refuse(source, path, why);
    } else if (!missing) {
        done = snapshot_read(snapshot, part, text, why, sizeof why) || source_refuse(source, path, why);
        done = done && source_write(source, part, text);
    }
    free(text);
    return done;
}

/* What an overview is made of: for processes that do not know it, and for recordings, which others may have to read that do not. */
static const source_parts source_pieces = 1u << LIVE_HEALTH | 1u << LIVE_RUNTIMES | 1u << LIVE_WORKERS;

static bool source_ask_parts(struct source *source, source_parts wanted, struct snapshot *snapshot)
{
    for (int part = 0; part < LIVE_PARTS; part++)
        if (wanted & 1u << part && !source_ask(source, (enum live_part)part, snapshot))
            return false;
    return true;
}

static bool source_ask_all(struct source *source, source_parts wanted, struct snapshot *snapshot)
{
    if (source->tape) {
        wanted = ~SOURCE_ALWAYS;
        if (fprintf(source->tape, "at %" PRId64 "\n", snapshot->at_ns) < 0)
            return source_refuse(source, "the recording", strerror(errno));
    }
    const bool older = source->older;
    if (older && wanted & SOURCE_ALWAYS)
        wanted = (wanted & ~SOURCE_ALWAYS) | source_pieces;
    if (!source_ask_parts(source, wanted, snapshot))
        return false;
    if (source->older && !older && !source_ask_parts(source, source_pieces, snapshot))
        return false;
    if (source->tape && (fputs("end\n", source->tape) < 0 || fflush(source->tape) != 0))
        return source_refuse(source, "the recording", strerror(errno));
    return true;
}

static int source_part(const char *name)
{
    for (int part = 0; part < LIVE_PARTS; part++)
        if (strcmp(parts[part].name, name) == 0)
            return part;
    return -1; /* of a later version */
}

/* One line of a recorded snapshot. 1: go on; 0: it is whole; -1: it ends here. */
static int source_replay_line(struct source *source, struct snapshot *snapshot)
{
    char line[128], name[32], why[128];
    size_t length;
    if (!fgets(line, sizeof line, source->tape))
        return -1;
    if (strcmp(line, "end\n") == 0)
        return 0;
    if (sscanf(line, "at %" SCNd64, &snapshot->at_ns) == 1)
        return 1;
    if (sscanf(line, "part %31s %zu", name, &length) != 2 || length > CLIENT_BODY_MAX)
        return -1;
    char *text = memory_zeroed(length + 1, 1);
    const int part = source_part(name);
    int answer = fread(text, 1, length, source->tape) == length && fgetc(source->tape) == '\n' ? 1 : -1;
    if (answer == 1 && part >= 0 && !snapshot_read(snapshot, (enum live_part)part, text, why, sizeof why))
        answer = -1;
    free(text);
    return answer;
}

static bool source_replay_next(struct source *source, struct snapshot *snapshot)
{
    int answer;
    do
        answer = source_replay_line(source, snapshot);
    while (answer == 1);
    source->ended = answer < 0;
    return answer == 0;
}

bool source_take(struct source *source, source_parts wanted, int64_t now_ns, struct snapshot *snapshot)
{
    *snapshot = (struct snapshot){.at_ns = now_ns, .status = ""};
    const bool taken = source->client ? source_ask_all(source, wanted, snapshot) : source_replay_next(source, snapshot);
    if (!taken)
        snapshot_fini(snapshot);
    return taken;
}

void source_close(struct source *source)
{
    client_close(source->client);
    if (source->tape)
        fclose(source->tape);
}
