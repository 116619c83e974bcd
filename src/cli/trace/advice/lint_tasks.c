/* SPDX-License-Identifier: MIT */
/* Rules over what tasks did: see LINT_RULES. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/trace/advice/behaviour.h"
#include "cli/trace/advice/lint.h"

enum {
    LONG_POLL_TIMES = 10, /* of the limit: then it is critical */
    PATTERN_MIN = 5,      /* polls that make a pattern */
    SELF_WAKES_MIN = 1000,
    IDLE_POLLS_MIN = 100,
    SILENT_NS = 1000000000, /* a wait of which nothing is known */
    LEAK_MIN = 20
};

static const char lint_move_away[] =
    "move what blocks or computes to the pool (weft_blocking), or give way in between (weft_yield)";

/* Every poll of the stretch takes long, and about as long: it is the code, not the machine. */
static bool lint_is_pattern(const struct segment *segment, int64_t limit)
{
    return segment->polls.count >= PATTERN_MIN && histogram_quantile(&segment->polls, 0.5) >= limit / 10;
}

static void lint_long_polls(struct findings *findings, struct analysis *analysis)
{
    const int64_t limit = findings->limits.poll_ns;
    size_t count;
    struct segment **longer = segments_longer(&analysis->segments, limit, &count);
    for (size_t i = 0; i < count; i++) {
        const struct segment *segment = longer[i];
        const struct profile *profile = profiles_at(&analysis->profiles, segment->profile);
        const bool pattern = lint_is_pattern(segment, limit);
        const uint64_t over = histogram_above(&segment->polls, limit);
        const int64_t spent = segment_time_above(segment, limit);
        char longest[TEXT_DURATION_SIZE], median[TEXT_DURATION_SIZE], total[TEXT_DURATION_SIZE], at[TEXT_DURATION_SIZE];
        struct finding *finding = findings_add(
            findings, pattern ? LINT_BLOCKING_CALL : LINT_LONG_POLL,
            segment->polls.max >= LONG_POLL_TIMES * limit ? SEVERITY_CRITICAL : SEVERITY_WARNING, (double)spent / 1e9);
        finding->at_ns = segment->at_ns;
        finding_subject(finding, "%s", lint_name(analysis, profile));
        finding_what(finding,
                     "%" PRIu64 " of %" PRIu64 " polls took %s or more, %s in all; the longest took %s (task %" PRIu64
                     "), half of them up to %s",
                     over ? over : 1, segment->polls.count, text_duration(at, limit), text_duration(total, spent),
                     text_duration(longest, segment->polls.max), segment->task,
                     text_duration(median, histogram_quantile(&segment->polls, 0.5)));
        lint_stretch(analysis, profile, segment->from_line, segment->to_line, finding->where, sizeof finding->where);
        finding_advice(finding,
                       pattern ? "that code takes so long whenever it runs: %s"
                               : "rare: a long computation, or the machine took the processor away. If it repeats: %s",
                       lint_move_away);
    }
    free(longer);
}

static void lint_never_yielded(struct findings *findings, struct analysis *analysis, const struct profile *profile)
{
    const int64_t limit = LONG_POLL_TIMES * findings->limits.poll_ns;
    char longest[TEXT_DURATION_SIZE];
    const bool still = profile->poll_worst.to_line == PROFILE_STILL && profile->poll_worst.ns >= limit;
    if (profile->longest_alone_ns < limit && !still)
        return;
    const int64_t ns = still ? profile->poll_worst.ns : profile->longest_alone_ns;
    struct finding *finding = findings_add(findings, LINT_NEVER_YIELDED, SEVERITY_CRITICAL, (double)ns / 1e9);
    finding_subject(finding, "%s", lint_name(analysis, profile));
    finding->at_ns = still ? profile->poll_worst.at_ns : 0;
    finding_what(finding, still ? "a poll had run for %s when the recording ended" : "ran through in one poll of %s",
                 text_duration(longest, ns));
    lint_place(analysis, profile, finding->where, sizeof finding->where);
    finding_advice(finding, "%s", lint_move_away);
}

static void lint_starved(struct findings *findings, struct analysis *analysis, const struct profile *profile)
{
    const int64_t p99 = histogram_quantile(&profile->waits, 0.99);
    if (p99 < findings->limits.wait_ns || !profile->waits.count)
        return;
    const struct culprit *worst = &profile->wait_worst;
    char tail[TEXT_DURATION_SIZE], longest[TEXT_DURATION_SIZE], other_ns[TEXT_DURATION_SIZE], by[256] = "";
    const struct profile *other = profiles_at(&analysis->profiles, worst->other);
    if (other)
        snprintf(by, sizeof by, ", while worker %u was held by '%s' for %s", worst->worker, lint_name(analysis, other),
                 text_duration(other_ns, worst->other_ns));
    struct finding *finding =
        findings_add(findings, LINT_STARVED,
                     worst->ns >= LONG_POLL_TIMES * findings->limits.wait_ns ? SEVERITY_CRITICAL : SEVERITY_WARNING,
                     (double)profile->waits.sum / 1e9);
    finding_subject(finding, "%s", lint_name(analysis, profile));
    finding->at_ns = worst->at_ns;
    finding_what(finding, "1 of 100 waits for a worker took %s or more, the longest %s%s", text_duration(tail, p99),
                 text_duration(longest, worst->ns), by);
    finding_advice(finding,
                   other ? "make the polls of '%s' shorter" : "shorten the longest polls of '%s' and of others",
                   lint_name(analysis, other ? other : profile));
}

static void lint_self_wake(struct findings *findings, struct analysis *analysis, const struct profile *profile)
{
    const uint64_t own = profile->self_wakes + profile->ready[READY_YIELD];
    uint64_t all = profile->noops; /* READY_AGAIN is what some of them did */
    for (int i = 0; i < READY_AGAIN; i++)
        all += profile->ready[i];
    if (own < SELF_WAKES_MIN || own * 2 < all)
        return;
    char busy[TEXT_DURATION_SIZE];
    struct finding *finding =
        findings_add(findings, LINT_SELF_WAKE, SEVERITY_WARNING, (double)profile->polls.sum / 1e9);
    finding_subject(finding, "%s", lint_name(analysis, profile));
    finding_what(finding,
                 "made itself runnable %" PRIu64 " times (of %" PRIu64 "), %" PRIu64
                 " of them by giving way; its polls "
                 "took %s",
                 own, all, profile->ready[READY_YIELD], text_duration(busy, profile->polls.sum));
    lint_place(analysis, profile, finding->where, sizeof finding->where);
    finding_advice(finding, "wait for what it looks for (a channel, weft_notify, a timer) instead of asking again");
}

static void lint_idle_polls(struct findings *findings, struct analysis *analysis, const struct profile *profile)
{
    if (profile->idle_polls < IDLE_POLLS_MIN || profile->idle_polls * 2 < profile->polls.count)
        return;
    struct finding *finding =
        findings_add(findings, LINT_IDLE_POLL, SEVERITY_WARNING, (double)profile->polls.sum / 1e9);
    finding_subject(finding, "%s", lint_name(analysis, profile));
    finding_what(finding, "%" PRIu64 " of %" PRIu64 " polls were woken, did nothing and waited again at the same line",
                 profile->idle_polls, profile->polls.count);
    lint_place(analysis, profile, finding->where, sizeof finding->where);
    finding_advice(finding,
                   "many wait for one message or one permit: wake one of them, or let one task wait and hand on");
}

static void lint_lost_waker(struct findings *findings, struct analysis *analysis, const struct profile *profile)
{
    const int64_t all = analysis->model.end_ns - analysis->model.begin_ns;
    if (profile->silent_ns < SILENT_NS || profile->silent_ns < all / 4)
        return;
    char silent[TEXT_DURATION_SIZE], line[48] = "";
    struct finding *finding =
        findings_add(findings, LINT_LOST_WAKER, SEVERITY_WARNING, (double)profile->silent_ns / 1e9);
    if (profile->silent_line)
        snprintf(line, sizeof line, " at line %" PRIu32, profile->silent_line);
    finding_subject(finding, "%s", lint_name(analysis, profile));
    finding_what(finding,
                 "task %" PRIu64 " waited%s for %s, until the end or a shutdown; it is in no channel, lock, timer or "
                 "descriptor, and has no child",
                 profile->silent_task, line, text_duration(silent, profile->silent_ns));
    lint_place(analysis, profile, finding->where, sizeof finding->where);
    finding_advice(finding,
                   "look who keeps its waker: a poll that answers WEFT_PENDING must have given it to somebody");
}

static void lint_leak(struct findings *findings, struct analysis *analysis, const struct profile *profile)
{
    const int64_t all = analysis->model.end_ns - analysis->model.begin_ns;
    const uint64_t spawned = profile->tasks - profile->before;
    if (profile->left < LEAK_MIN || profile->left * 2 < profile->tasks || spawned < LEAK_MIN ||
        profile->age_ns < all / 2) /* or they have just been spawned */
        return;
    char age[TEXT_DURATION_SIZE];
    struct finding *finding = findings_add(findings, LINT_LEAK, SEVERITY_WARNING, (double)profile->left);
    finding_subject(finding, "%s", lint_name(analysis, profile));
    finding_what(finding, "%" PRIu64 " of %" PRIu64 " had not ended by themselves when the %s, the oldest lived for %s",
                 profile->left, profile->tasks, profile->left > profile->live ? "shutdown began" : "recording ended",
                 text_duration(age, profile->age_ns));
    lint_place(analysis, profile, finding->where, sizeof finding->where);
    finding_advice(finding, "end each with what it is for, in one scope; weft_task_dump() shows what they wait for");
}

static void lint_unnamed(struct findings *findings, struct analysis *analysis, const struct profile *profile)
{
    char name[NAMING_SIZE], why[BEHAVIOUR_REASON_SIZE];
    if (profile->name || !profile->site || !behaviour_lives_long(analysis, profile) || profile->tasks > 64)
        return;
    const struct task_site *site = analysis_site(analysis, profile);
    if (!site || !naming_of(analysis, profile, name))
        return;
    struct finding *finding = findings_add(findings, LINT_UNNAMED, SEVERITY_NOTE, 0);
    finding_subject(finding, "%s", site->name);
    finding_what(finding, "%" PRIu64 " without a name of %s own", profile->tasks,
                 profile->tasks == 1 ? "its" : "their");
    lint_place(analysis, profile, finding->where, sizeof finding->where);
    finding_advice(finding, "weft_spawn_as(scope, WEFT_TASK(\"%s\", .category = %s), %s, …)", name,
                   behaviour_constant(behaviour_of(analysis, profile, why)), site->name);
}

static void lint_large_frame(struct findings *findings, struct analysis *analysis, const struct profile *profile)
{
    const struct task_site *site = analysis_site(analysis, profile);
    if (!site || site->bytes < findings->limits.frame_bytes)
        return;
    const double all = (double)site->bytes * (double)profile->at_once;
    struct finding *finding = findings_add(findings, LINT_LARGE_FRAME, SEVERITY_NOTE, all / 1e9);
    finding_subject(finding, "%s", lint_name(analysis, profile));
    finding_what(finding, "each takes %" PRIu32 " bytes, and up to %" PRIu64 " lived at the same time: %.3g MB",
                 site->bytes, profile->at_once, all / 1e6);
    lint_place(analysis, profile, finding->where, sizeof finding->where);
    finding_advice(finding, "keep large state behind a pointer: the frame is held while the task lives");
}

static void lint_ends(struct findings *findings, struct analysis *analysis, const struct profile *profile)
{
    struct finding *finding;
    const uint64_t late = profile->cancelled[WEFT_TRACE_cancel_reason_DEADLINE];
    if (profile->failed) {
        finding = findings_add(findings, LINT_FAILED,
                               profile->failed * 10 >= profile->tasks ? SEVERITY_WARNING : SEVERITY_NOTE,
                               (double)profile->failed);
        finding_subject(finding, "%s", lint_name(analysis, profile));
        finding_what(finding, "%" PRIu64 " of %" PRIu64 " ended with an error", profile->failed, profile->tasks);
        finding_advice(finding, "weft trace tasks says which error came first");
    }
    if (!late)
        return;
    finding = findings_add(findings, LINT_TIMEOUT, SEVERITY_WARNING, (double)late);
    finding_subject(finding, "%s", lint_name(analysis, profile));
    finding_what(finding, "%" PRIu64 " of %" PRIu64 " were cancelled since their deadline had passed", late,
                 profile->tasks);
    finding_advice(finding, "weft trace path shows what one of them waited for");
}

static void lint_knots(struct findings *findings, struct analysis *analysis)
{
    for (uint32_t i = 0; i < analysis->knot_count; i++) {
        const struct knot *knot = &analysis->knots[i];
        char circle[FINDING_TEXT_SIZE] = "";
        size_t used = 0;
        for (uint32_t k = 0; k < knot->count && used < sizeof circle - 1; k++) {
            const struct stream *stream = streams_at(&analysis->streams, knot->at[k].stream);
            const char *name = lint_name(analysis, profiles_at(&analysis->profiles, knot->at[k].profile));
            if (stream)
                used += (size_t)snprintf(circle + used, sizeof circle - used, "%s'%s' waits for room in '%s'",
                                         k ? ", " : "", name, stream->name ? stream->name : "?");
            else
                used += (size_t)snprintf(circle + used, sizeof circle - used, "%s'%s' waits for a lock", k ? ", " : "",
                                         name);
        }
        struct finding *finding = findings_add(findings, LINT_DEADLOCK, SEVERITY_CRITICAL, 1e6 + knot->count);
        finding_subject(finding, "%s", lint_name(analysis, profiles_at(&analysis->profiles, knot->at[0].profile)));
        finding_what(finding, "%s; each is what the one before waits for", circle);
        finding_advice(finding,
                       "break the circle: let one of them send without waiting (try_send, drop-oldest), or put "
                       "the two directions into tasks of their own");
    }
}

void lint_tasks(struct findings *findings, struct analysis *analysis)
{
    lint_knots(findings, analysis);
    lint_long_polls(findings, analysis);
    for (uint32_t i = 0; i < analysis->profiles.count; i++) {
        const struct profile *profile = analysis->profiles.list[i];
        lint_never_yielded(findings, analysis, profile);
        lint_starved(findings, analysis, profile);
        lint_self_wake(findings, analysis, profile);
        lint_idle_polls(findings, analysis, profile);
        lint_lost_waker(findings, analysis, profile);
        lint_leak(findings, analysis, profile);
        lint_large_frame(findings, analysis, profile);
        lint_unnamed(findings, analysis, profile);
        lint_ends(findings, analysis, profile);
    }
}
