/* SPDX-License-Identifier: MIT */
/* Rules over channels: see LINT_RULES. */
#include <inttypes.h>

#include "cli/text.h"
#include "cli/trace/advice/capacity.h"
#include "cli/trace/advice/lint.h"

static const char *lint_receiver(const struct analysis *analysis, const struct stream *stream)
{
    const struct profile *receiver = profiles_at(&analysis->profiles, stream->receiver);
    return receiver ? lint_name(analysis, receiver) : stream->received ? "a thread of the host" : "its receiver";
}

static const char *lint_stream(const struct stream *stream)
{
    return stream->name ? stream->name : "(not told)";
}

static void lint_full(struct findings *findings, struct analysis *analysis, const struct stream *stream,
                      const struct capacity *capacity)
{
    if (capacity->verdict == CAPACITY_RECEIVER ||
        (capacity->verdict == CAPACITY_LARGER && capacity->full_share >= findings->limits.full_share)) {
        struct finding *finding = findings_add(
            findings, LINT_CHANNEL_SATURATED,
            capacity->verdict == CAPACITY_RECEIVER ? SEVERITY_CRITICAL : SEVERITY_WARNING, stream->full_ns / 1e9);
        finding_subject(finding, "%s", lint_stream(stream));
        finding_what(finding, "%s", capacity->reason);
        if (capacity->verdict == CAPACITY_RECEIVER)
            finding_advice(finding, "make '%s' faster (batches, several receivers), or let less in",
                           lint_receiver(analysis, stream));
        else
            finding_advice(finding, "a capacity of %" PRIu32 " in place of %" PRIu32, capacity->recommended,
                           stream->capacity);
    } else if (capacity->verdict == CAPACITY_LARGER) {
        struct finding *finding = findings_add(findings, LINT_CHANNEL_SMALL, SEVERITY_NOTE, stream->full_ns / 1e9);
        finding_subject(finding, "%s", lint_stream(stream));
        finding_what(finding, "%s", capacity->reason);
        finding_advice(finding, "a capacity of %" PRIu32 " in place of %" PRIu32, capacity->recommended,
                       stream->capacity);
    } else if (capacity->verdict == CAPACITY_SMALLER) {
        struct finding *finding = findings_add(findings, LINT_CHANNEL_OVERSIZED, SEVERITY_NOTE, 0);
        finding_subject(finding, "%s", lint_stream(stream));
        finding_what(finding, "%s", capacity->reason);
        finding_advice(finding, "a capacity of %" PRIu32 " in place of %" PRIu32, capacity->recommended,
                       stream->capacity);
    }
}

static void lint_blocked(struct findings *findings, struct analysis *analysis, const struct stream *stream)
{
    const int64_t longest = stream->wait_worst_ns > stream->blocked_ns ? stream->wait_worst_ns : stream->blocked_ns;
    if (longest < findings->limits.blocked_ns)
        return;
    char worst[TEXT_DURATION_SIZE], all[TEXT_DURATION_SIZE];
    const struct profile *by = profiles_at(&analysis->profiles, stream->wait_worst_by);
    struct finding *finding = findings_add(findings, LINT_SENDER_BLOCKED, SEVERITY_WARNING,
                                           ((double)stream->send_waits.sum + (double)stream->blocked_ns) / 1e9);
    finding_subject(finding, "%s", lint_stream(stream));
    finding->at_ns = stream->wait_worst_ns == longest ? stream->wait_worst_at_ns : 0;
    finding_what(finding,
                 "senders waited for room %" PRIu64 " times, up to %" PRIu32 " at a time, %s in all; the longest wait "
                 "was %s, of %s%s%s%s",
                 stream->waits, stream->waiting_max, text_duration(all, stream->send_waits.sum),
                 text_duration(worst, longest), by ? "'" : "",
                 by ? lint_name(analysis, by) : "a thread or a task that still waits", by ? "'" : "",
                 stream->blocked_ns == longest ? ", and it had not ended" : "");
    finding_advice(finding, "'%s' is who should drain it", lint_receiver(analysis, stream));
}

static void lint_lost_messages(struct findings *findings, const struct stream *stream)
{
    const uint64_t dropped = stream->dropped[0] + stream->dropped[1] + stream->dropped[2];
    if (!dropped && !stream->failed)
        return;
    struct finding *finding =
        findings_add(findings, LINT_MESSAGES_LOST, SEVERITY_WARNING, (double)(dropped + stream->failed));
    finding_subject(finding, "%s", lint_stream(stream));
    finding_what(finding,
                 "%" PRIu64 " sends were refused; dropped: %" PRIu64 " new ones, %" PRIu64 " of the oldest, %" PRIu64
                 " that lay in it when it was closed; %" PRIu64 " were sent",
                 stream->failed, stream->dropped[0], stream->dropped[1], stream->dropped[2], stream->sent);
    finding_advice(finding, stream->dropped[2] > dropped / 2 + stream->failed
                                ? "drain it before its receiver closes it"
                                : "a larger capacity, a faster receiver, or a sender that waits");
}

static void lint_abandoned(struct findings *findings, const struct stream *stream)
{
    if (!stream->no_receiver)
        return;
    struct finding *finding = findings_add(findings, LINT_NO_RECEIVER, SEVERITY_WARNING, (double)stream->no_receiver);
    finding_subject(finding, "%s", lint_stream(stream));
    finding_what(finding, "messages lie in %" PRIu64 " of %" PRIu64 " and nobody has received from %s",
                 stream->no_receiver, stream->channels, stream->no_receiver == 1 ? "it" : "them");
    finding_advice(finding, "spawn its receiver, or close the receiving end so that senders learn of it");
}

/* Every runtime of the process has ended, and the channel has not. */
static void lint_leaked(struct findings *findings, const struct analysis *analysis, const struct stream *stream)
{
    const struct machine *machine = map_get(&analysis->machines, stream->process);
    if (!stream->live || !machine || machine->stop_ns == LIFE_CLOSED)
        return;
    for (size_t i = 0; i < machine->process->workers.runtime_count; i++)
        if (!machine->process->workers.runtimes[i].stopped)
            return;
    struct finding *finding = findings_add(findings, LINT_LEAKED_HANDLE, SEVERITY_NOTE, (double)stream->live);
    finding_subject(finding, "%s", lint_stream(stream));
    finding_what(finding,
                 "%" PRIu64 " of %" PRIu64 " had open handles when all runtimes of the process had ended; its last "
                 "receiver was '%s'",
                 stream->live, stream->channels, lint_receiver(analysis, stream));
    finding_advice(finding,
                   "close each sender and the receiver, also in the drop of a task that may be cancelled before it "
                   "begins");
}

void lint_channels(struct findings *findings, struct analysis *analysis)
{
    for (uint32_t i = 0; i < analysis->streams.count; i++) {
        const struct stream *stream = analysis->streams.list[i];
        const struct capacity capacity = capacity_of(analysis, stream);
        lint_full(findings, analysis, stream, &capacity);
        lint_blocked(findings, analysis, stream);
        lint_lost_messages(findings, stream);
        lint_abandoned(findings, stream);
        lint_leaked(findings, analysis, stream);
    }
}
