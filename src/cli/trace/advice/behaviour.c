/* SPDX-License-Identifier: MIT */
/* See behaviour.h. */
#include "cli/trace/advice/behaviour.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/text.h"

enum { HANDLERS_MIN = 8 }; /* fewer that live shortly are no pattern */

#define LONG_SHARE  0.3 /* of the recording */
#define SHORT_SHARE 0.2

static double behaviour_share(const struct analysis *analysis, const struct profile *profile)
{
    const int64_t all = analysis->model.end_ns - analysis->model.begin_ns;
    return all > 0 && profile->tasks ? (double)profile->lived_ns / (double)profile->tasks / (double)all : 0;
}

bool behaviour_lives_long(const struct analysis *analysis, const struct profile *profile)
{
    return behaviour_share(analysis, profile) >= LONG_SHARE;
}

static uint64_t behaviour_wakes(const struct profile *profile)
{
    uint64_t wakes = 0;
    for (int i = 0; i < READY_WAKES; i++)
        wakes += profile->ready[i];
    return wakes;
}

/* Messages from threads of the host are the outside, too. */
static bool behaviour_hears_the_outside(const struct analysis *analysis, const struct profile *profile)
{
    if (profile->ready[WEFT_TRACE_wake_source_IO] * 2 > behaviour_wakes(profile))
        return true;
    const struct stream *stream = streams_at(&analysis->streams, profile->stream);
    if (!stream || !stream->sent)
        return false;
    uint64_t outside = 0;
    const struct tally_row *row;
    for (size_t at = 0; (row = map_next(&analysis->sends.rows, &at));)
        if (row->to == stream->number && !row->from)
            outside += row->count;
    return outside * 2 > stream->sent;
}

static enum behaviour behaviour_long(const struct analysis *analysis, const struct profile *profile, const char **why)
{
    const uint64_t wakes = behaviour_wakes(profile);
    if (profile->accepts) {
        *why = "it accepts connections";
        return BEHAVIOUR_LISTENER;
    }
    if (behaviour_hears_the_outside(analysis, profile) && (profile->spawns || profile->sends)) {
        *why = profile->spawns ? "the outside wakes it and it spawns tasks" : "the outside wakes it and it sends on";
        return BEHAVIOUR_LISTENER;
    }
    if (wakes >= 4 && profile->ready[WEFT_TRACE_wake_source_TIMER] * 2 > wakes) {
        *why = "time wakes it";
        return BEHAVIOUR_POLLER;
    }
    if (profile->receives) {
        *why = "it serves messages";
        return BEHAVIOUR_ACTOR;
    }
    *why = "it serves no messages";
    return BEHAVIOUR_SERVICE;
}

enum behaviour behaviour_of(const struct analysis *analysis, const struct profile *profile,
                            char reason[BEHAVIOUR_REASON_SIZE])
{
    const double share = behaviour_share(analysis, profile);
    char life[TEXT_DURATION_SIZE];
    const char *why = "";
    text_duration(life, profile->tasks ? profile->lived_ns / (int64_t)profile->tasks : 0);
    if (profile->tasks >= HANDLERS_MIN && share < SHORT_SHARE && profile->tasks > 2 * profile->at_once) {
        snprintf(reason, BEHAVIOUR_REASON_SIZE, "%" PRIu64 " of them, each lived for %s, at most %" PRIu64 " at a time",
                 profile->tasks, life, profile->at_once);
        return BEHAVIOUR_HANDLER;
    }
    if (share >= LONG_SHARE) {
        const enum behaviour found = behaviour_long(analysis, profile, &why);
        snprintf(reason, BEHAVIOUR_REASON_SIZE, "lives for %.0f%% of the recording; %s", share * 100, why);
        return found;
    }
    if (profile->tasks >= HANDLERS_MIN) {
        snprintf(reason, BEHAVIOUR_REASON_SIZE, "%" PRIu64 " of them, each lived for %s, up to %" PRIu64 " at a time",
                 profile->tasks, life, profile->at_once);
        return BEHAVIOUR_HANDLER;
    }
    snprintf(reason, BEHAVIOUR_REASON_SIZE, "lived for %s", life);
    return BEHAVIOUR_UTILITY;
}

const char *behaviour_name(enum behaviour behaviour)
{
    static const char *const names[] = {"long-running actor",  "listener", "poller", "long-running task",
                                        "per-request handler", "utility"};
    return names[behaviour];
}

const char *behaviour_constant(enum behaviour behaviour)
{
    static const char *const names[] = {"WEFT_ACTOR",   "WEFT_LISTENER", "WEFT_UTILITY",
                                        "WEFT_UTILITY", "WEFT_HANDLER",  "WEFT_UTILITY"};
    return names[behaviour];
}

/* ---- names ---- */

/* "read_loop_task" is "read loop". */
static void naming_words(const char *identifier, char out[NAMING_SIZE])
{
    static const char *const endings[] = {"_task", "_step", "_fn", "_main", "_poll", "_run"};
    snprintf(out, NAMING_SIZE, "%s", identifier);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t length = strlen(out), end = strlen(endings[i]);
        if (length > end && !strcmp(out + length - end, endings[i]))
            out[length - end] = '\0';
    }
    for (char *c = out; *c; c++)
        if (*c == '_')
            *c = ' ';
}

static bool naming_says_nothing(const char *name)
{
    static const char *const empty[] = {"run",  "main", "task", "step", "worker", "loop",
                                        "work", "poll", "body", "fn",   ""};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        if (!strcmp(name, empty[i]))
            return true;
    return false;
}

/* Another unnamed site whose step has the same name: the name has to say which. */
static bool naming_is_shared(const struct analysis *analysis, const struct profile *profile, const char *step)
{
    for (uint32_t i = 0; i < analysis->profiles.count; i++) {
        const struct profile *other = analysis->profiles.list[i];
        const struct task_site *site = other->name ? NULL : analysis_site(analysis, other);
        if (site && other->site != profile->site && other->process == profile->process && !strcmp(site->name, step))
            return true;
    }
    return false;
}

const char *naming_of(const struct analysis *analysis, const struct profile *profile, char out[NAMING_SIZE])
{
    const struct task_site *site = analysis_site(analysis, profile);
    const struct stream *stream = streams_at(&analysis->streams, profile->stream);
    if (!site || !site->name)
        return NULL;
    naming_words(site->name, out);
    char of[NAMING_SIZE], whole[2 * NAMING_SIZE];
    if (naming_says_nothing(out) && stream && stream->name) {
        snprintf(whole, sizeof whole, "%s receiver", stream->name);
    } else if (naming_says_nothing(out) || naming_is_shared(analysis, profile, site->name)) {
        naming_words(site->function ? site->function : "", of);
        snprintf(whole, sizeof whole, "%s of %s", out[0] ? out : "task", of);
    } else {
        return out;
    }
    snprintf(out, NAMING_SIZE, "%.*s", NAMING_SIZE - 1, whole);
    return out;
}

const char *naming_component(const struct analysis *analysis, const struct profile *profile, char out[NAMING_SIZE])
{
    const struct stream *stream = streams_at(&analysis->streams, profile->stream);
    const struct task_site *site = analysis_site(analysis, profile);
    if (stream && stream->component[0]) {
        snprintf(out, NAMING_SIZE, "%s", stream->component);
        return out;
    }
    if (!site || !site->file)
        return NULL;
    const char *slash = strrchr(site->file, '/');
    snprintf(out, NAMING_SIZE, "%s", slash ? slash + 1 : site->file);
    char *dot = strrchr(out, '.');
    if (dot)
        *dot = '\0';
    return out;
}
