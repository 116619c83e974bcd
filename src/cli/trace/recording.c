/* SPDX-License-Identifier: MIT */
/*
 * The reading itself is in a process apart (graph.c), since a broken recording can make babeltrace abort, crash, or
 * turn in circles. Here is what is done with its words, and what becomes of a recording that it cannot read: once more,
 * if it was cut off, from a copy that is whole; and what had been read before it broke off is right.
 */
#include "cli/trace/recording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/version.h>

#include "cli/memory.h"
#include "cli/trace/apart.h"
#include "cli/trace/find.h"
#include "cli/trace/graph.h"
#include "cli/trace/mend.h"
#include "cli/trace/moments.h"
#include "cli/trace/schema.h"
#include "cli/trace/wire.h"

enum {
    RECORDING_CPU_S =
        30, /* of the reader's processor time without a message; the metadata of a chunk takes milliseconds */
    RECORDING_HOW = 768
};

struct recording {
    const char *path;
    const struct recording_reader *reader;
    bool (*tick)(void *context, int64_t looked_ns);
    struct recording_facts *facts;
    const char *other_shape; /* an event of weft's whose fields are not those of the table */
    bool begun;              /* something was said */
    bool crashed;            /* a reader did, in this way: */
    char how[RECORDING_HOW];
    bool enough;
    struct moments moments;
    char *text;
    size_t text_size;
    struct mend *mended; /* traces that were cut off, one each; they are removed at the end */
    size_t mended_count;
    size_t cut;        /* stream files of them that end in the middle of a packet */
    uint64_t until_ns; /* of the traces' clock: from then on events of a cut-off stream are missing; 0: of none */
};

/* ---- what the reader says ---- */

/* Of what was cut off nothing is known from here on: whatever is open now, or opens later, may have ended there. */
static void recording_tell_cut(struct recording *recording, const struct event *event)
{
    const struct event_gap gap = {.begin_ns = event->ns, .end_ns = INT64_MAX};
    recording->until_ns = 0;
    if (recording->reader->gap)
        recording->reader->gap(recording->reader->context, &gap);
}

static void recording_take_event(struct recording *recording, struct event *event)
{
    if (!event)
        return;
    moments_take(&recording->moments, event);
    recording->facts->events++;
    if (recording->until_ns && (uint64_t)event->clock_ns > recording->until_ns)
        recording_tell_cut(recording, event);
    recording->enough = !recording->reader->event(recording->reader->context, event);
}

static void recording_take_gap(const struct recording *recording, const struct event_gap *gap)
{
    if (gap && recording->reader->gap)
        recording->reader->gap(recording->reader->context, gap);
}

static int recording_take_end(struct recording *recording, const struct wire_end *end)
{
    if (!end) {
        snprintf(recording->text, recording->text_size, "%s: libbabeltrace2 gave up on it as broken (its last words are none)",
                 recording->path);
        return -1;
    }
    recording->facts->foreign = end->foreign;
    recording->facts->unknown = end->unknown;
    if (end->other_shape)
        recording->other_shape = schema_events[end->other_shape - 1].name;
    if (end->result)
        snprintf(recording->text, recording->text_size, "%s", end->text);
    return end->result;
}

/* The reader did not come to an end of its own. */
static void recording_say_crash(struct recording *recording)
{
    snprintf(recording->text, recording->text_size,
             recording->crashed ? "%s: libbabeltrace2 gave up on it as broken (%s)"
                                : "%s: the process that read it was ended from outside: %s",
             recording->path, recording->how);
}

/* Reads it once, as far as it can be read. 0, or -1 with a text. */
static int recording_attempt(struct recording *recording, const struct find *find)
{
    struct apart apart;
    struct graph_request request = {recording->path, find};
    if (apart_start(&apart, RECORDING_CPU_S * INT64_C(1000000000), graph_read, &request)) {
        snprintf(recording->text, recording->text_size, "%s: cannot start a process to read it: %s", recording->path,
                 strerror(errno));
        return -1;
    }
    int result = 0;
    uint32_t what;
    size_t bytes;
    for (void *record; !recording->enough && (record = apart_take(&apart, &what, &bytes));) {
        if (what == WIRE_EVENT)
            recording_take_event(recording, wire_event(record, bytes));
        else if (what == WIRE_GAP)
            recording_take_gap(recording, wire_gap(record, bytes));
        else if (what == WIRE_TICK && recording->tick && bytes >= sizeof(int64_t))
            recording->enough = !recording->tick(recording->reader->context, *(int64_t *)record);
        else if (what == WIRE_END)
            result = recording_take_end(recording, wire_end(record, bytes));
        recording->begun |= what != WIRE_END;
    }
    bool crashed;
    if (!apart_end(&apart, &crashed, recording->how, sizeof recording->how) && !result) {
        recording->crashed = crashed;
        recording_say_crash(recording);
        result = -1;
    }
    return result;
}

/* Each folder with a file that was cut off is replaced by a copy that is whole. Whether any was. */
static bool recording_mend(struct recording *recording, struct find *find)
{
    recording->mended = memory_zeroed(find->count, sizeof *recording->mended);
    for (size_t i = 0; i < find->count; i++) {
        struct mend *mend = &recording->mended[recording->mended_count];
        if (mend_trace(mend, find->traces[i].path))
            continue;
        recording->mended_count++;
        recording->cut += mend->cut;
        free(find->traces[i].path);
        find->traces[i].path = memory_text(mend->folder);
        if (!recording->until_ns || mend->until_ns < recording->until_ns)
            recording->until_ns = mend->until_ns ? mend->until_ns : 1;
    }
    return recording->mended_count > 0;
}

static int recording_run(struct recording *recording, struct find *find)
{
    for (size_t i = 0; i < find->count; i++)
        if (find->traces[i].cut) {
            snprintf(
                recording->text, recording->text_size,
                "%s/metadata ends in the middle of a packet, or is broken: without it nothing of the trace can be read",
                find->traces[i].path);
            return -1;
        }
    int failed = recording_attempt(recording, find);
    if (failed && !recording->begun && recording_mend(recording, find))
        failed = recording_attempt(recording, find);
    return failed;
}

/* It was read, as far as it is whole: say how far that was. */
static void recording_say_cut(struct recording *recording)
{
    const char *name = "";
    uint64_t lost = 0;
    for (size_t i = recording->mended_count; i-- > 0;) {
        name = recording->mended[i].cut ? recording->mended[i].name : name;
        lost += recording->mended[i].lost;
    }
    const bool one = recording->cut == 1;
    snprintf(recording->text, recording->text_size,
             "%zu of its stream files (%s) end%s in the middle of a packet, or %s broken from one on: the last %llu "
             "bytes are left out",
             recording->cut, name, one ? "s" : "", one ? "is" : "are", (unsigned long long)lost);
}

/* Read well, and yet of no use: say why. */
static int recording_judge(struct recording *recording)
{
    if (recording->other_shape) {
        snprintf(
            recording->text, recording->text_size,
            "%s: event weft:%s has other fields than in weft %s (schema %d): read it with the `weft` of the version "
            "that recorded it",
            recording->path, recording->other_shape, WEFT_VERSION, WEFT_TRACE_SCHEMA);
        return -1;
    }
    if (recording->facts->events)
        return 0;
    if (recording->mended_count && recording->crashed) {
        recording_say_crash(recording); /* and in what could be mended nothing is left */
        return -1;
    }
    if (recording->cut) {
        snprintf(
            recording->text, recording->text_size,
            "%s: its stream files end in the middle of a packet, and what is whole before that has no event of weft",
            recording->path);
        return -1;
    }
    snprintf(
        recording->text, recording->text_size,
        "%s: no event of weft in it (%llu of others): enable them with `lttng enable-event -u -s SESSION -c CHANNEL "
        "'weft:*'` before `lttng start`, and load the provider into the program with .tracing = true or "
        "LD_PRELOAD=libweft-lttng.so",
        recording->path, (unsigned long long)recording->facts->foreign);
    return -1;
}

int recording_read(const char *path, const struct recording_reader *reader, struct recording_facts *facts, char *text,
                   size_t text_size)
{
    *facts = (struct recording_facts){0};
    struct recording recording = {.path = path, .reader = reader, .facts = facts, .text = text, .text_size = text_size};
    struct find find;
    int error = find_traces(&find, path);
    if (error) {
        snprintf(text, text_size, "%s: %s", path, strerror(error));
        return -1;
    }
    int result = -1;
    if (!find.count)
        snprintf(text, text_size,
                 "%s: no CTF trace in it or below it: give the folder that `weft trace record -o FOLDER`, or `lttng create`, has "
                 "made; if it is that, no program with events ran while the session was started",
                 path);
    else
        result = recording_run(&recording, &find);
    facts->traces = find.count;
    if ((result || recording.cut) && facts->events && !recording.other_shape) {
        if (!result)
            recording_say_cut(&recording);
        facts->cut = true; /* what was read before it broke off is right */
        result = 0;
    }
    if (recording.other_shape || (!result && !recording.enough))
        result = recording_judge(&recording);
    for (size_t i = 0; i < recording.mended_count; i++)
        mend_fini(&recording.mended[i]);
    free(recording.mended);
    find_fini(&find);
    return result;
}

int recording_follow(const char *url, const struct recording_reader *reader, bool (*tick)(void *context, int64_t looked_ns),
                     struct recording_facts *facts, char *text, size_t text_size)
{
    *facts = (struct recording_facts){0};
    struct recording recording = {
        .path = url, .reader = reader, .tick = tick, .facts = facts, .text = text, .text_size = text_size};
    const int result = recording_attempt(&recording, NULL);
    return recording.other_shape ? recording_judge(&recording) : result;
}
