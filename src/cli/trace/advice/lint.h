/* SPDX-License-Identifier: MIT */
/* What a recording shows that is probably not what its author wants: each with the evidence, the place, the way out. */
#ifndef WEFT_CLI_TRACE_ADVICE_LINT_H
#define WEFT_CLI_TRACE_ADVICE_LINT_H

#include "cli/trace/analysis/analysis.h"

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_CRITICAL };

enum { FINDING_TEXT_SIZE = 512, FINDING_NAME_SIZE = 160, FINDINGS_MAX = 512 };

/* Every rule by its id, with what it looks for; `weft trace lints --fail-on=` takes them. */
#define LINT_RULES(XX)                                                                                                 \
    XX(EVENTS_LOST, "events-lost", "the recording has gaps")                                                           \
    XX(DEADLOCK, "deadlock", "tasks wait for each other in a circle")                                                  \
    XX(LONG_POLL, "long-poll", "a poll holds its worker for long")                                                     \
    XX(BLOCKING_CALL, "blocking-call", "a step spends each poll of one await in the same long stretch")                \
    XX(NEVER_YIELDED, "never-yielded", "a task ran through, for long, without an await that waited")                   \
    XX(STARVED, "starved", "tasks wait for a worker for long")                                                         \
    XX(LOST_WAKER, "lost-waker", "a task waits, and nothing that is recorded will wake it")                            \
    XX(SELF_WAKE, "self-wake", "a task keeps itself runnable")                                                         \
    XX(IDLE_POLL, "idle-poll", "tasks are woken and find nothing to do")                                               \
    XX(CHANNEL_SATURATED, "channel-saturated", "a channel is full for a good part of the time")                        \
    XX(CHANNEL_SMALL, "channel-small", "bursts fill a channel")                                                        \
    XX(CHANNEL_OVERSIZED, "channel-oversized", "a channel is never more than a fraction full")                         \
    XX(SENDER_BLOCKED, "sender-blocked", "senders wait for room for long")                                             \
    XX(MESSAGES_LOST, "messages-lost", "messages were refused, dropped or left behind")                                \
    XX(NO_RECEIVER, "no-receiver", "messages lie in a channel from which nobody receives")                             \
    XX(LEAKED_HANDLE, "leaked-handle", "a channel's handles were not closed when its program ended")                   \
    XX(ADMISSION, "unbounded-admission", "tasks queue up at a meeting point without a bound")                          \
    XX(LOCK_WAIT, "lock-wait", "tasks wait at a meeting point for long")                                               \
    XX(TIMER_LATE, "timer-late", "timers fire late")                                                                   \
    XX(TIMER_STORM, "timer-storm", "most polls are timers'")                                                           \
    XX(POOL_QUEUE, "pool-queue", "jobs wait for a thread of the blocking pool for long")                               \
    XX(IMBALANCE, "worker-imbalance", "one worker does far more than the others")                                      \
    XX(IDLE_WORKERS, "idle-workers", "workers sleep while tasks are runnable")                                         \
    XX(UNPARK_STORM, "unpark-storm", "workers are woken and find no task")                                             \
    XX(LEAK, "task-leak", "tasks of a kind become more and do not end")                                                \
    XX(LARGE_FRAME, "large-frame", "tasks of a kind take much memory each")                                            \
    XX(UNNAMED, "unnamed", "a task that lives long has no name")                                                       \
    XX(FAILED, "task-failed", "tasks ended with an error")                                                             \
    XX(TIMEOUT, "timeout", "tasks were cancelled by a deadline")                                                       \
    XX(SLOW_SHUTDOWN, "slow-shutdown", "the shutdown waited for a task for long")

enum lint {
#define XX(constant, id, text) LINT_##constant,
    LINT_RULES(XX)
#undef XX
        LINT_COUNT
};

/* From which value on something is said. */
struct lint_limits {
    int64_t poll_ns;    /* a poll */
    int64_t wait_ns;    /* from runnable to polled, 99 of 100 */
    int64_t blocked_ns; /* a sender, or a waiter at a meeting point */
    int64_t late_ns;    /* timers, 99 of 100 */
    int64_t queue_ns;   /* a job in the pool's queue, 99 of 100 */
    int64_t shutdown_ns;
    uint32_t frame_bytes; /* of a task, as the lints of a runtime that lives count it */
    double full_share;    /* of the time */
};
#define LINT_LIMITS                                                                                                    \
    (struct lint_limits)                                                                                               \
    {                                                                                                                  \
        .poll_ns = 10000000, .wait_ns = 10000000, .blocked_ns = 100000000, .late_ns = 10000000, .queue_ns = 10000000,  \
        .shutdown_ns = 1000000000, .frame_bytes = 16384, .full_share = 0.05                                            \
    }

struct finding {
    enum lint lint;
    enum severity severity;
    int64_t at_ns;                   /* when the worst of it began; 0: no moment */
    double weight;                   /* within a severity: how much there is to win, in seconds of somebody's time */
    char subject[FINDING_NAME_SIZE]; /* the task, channel, … by its name */
    char what[FINDING_TEXT_SIZE];    /* the evidence, with its numbers */
    char where[FINDING_NAME_SIZE];   /* place in the source, "" if there is none */
    char advice[FINDING_TEXT_SIZE];
};

struct findings {
    struct finding *list; /* most important first */
    size_t count;
    struct lint_limits limits;
    size_t left_out; /* more than FINDINGS_MAX */
};

/* Look for everything; the analysis is finished. */
void findings_init(struct findings *findings, struct analysis *analysis, struct lint_limits limits);
void findings_fini(struct findings *findings);

const char *lint_id(enum lint lint);
const char *lint_text(enum lint lint);
const char *severity_name(enum severity severity);
enum lint lint_find(const char *id); /* LINT_COUNT: there is none */

/* The next finding, for rules: severity and weight are set, the texts are empty. */
struct finding *findings_add(struct findings *findings, enum lint lint, enum severity severity, double weight);

/* Texts of a finding. */
void finding_subject(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));
void finding_what(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));
void finding_where(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));
void finding_advice(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The rules, by what they look at. */
void lint_tasks(struct findings *findings, struct analysis *analysis);
void lint_channels(struct findings *findings, struct analysis *analysis);
void lint_machines(struct findings *findings, struct analysis *analysis);

/* "orders.c:12 in serve", "step intake, between its awaits in lines 5 and 9": where a profile's code is. */
void lint_place(const struct analysis *analysis, const struct profile *profile, char *out, size_t size);
void lint_stretch(const struct analysis *analysis, const struct profile *profile, uint32_t from_line, uint32_t to_line,
                  char *out, size_t size);

/* A profile's name for a sentence; never NULL. */
const char *lint_name(const struct analysis *analysis, const struct profile *profile);

#endif
