/* SPDX-License-Identifier: MIT */
/*
 * `weft trace record`: a recording of a program from its start to its end, or of a process for a while, and its report.
 * Whatever is under way when a signal comes is brought to an end, and what was begun is taken back.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/trace/record/flight.h"
#include "cli/trace/record/folder.h"
#include "cli/trace/record/loss.h"
#include "cli/trace/record/options.h"
#include "cli/trace/record/session.h"
#include "cli/trace/record/subject.h"
#include "cli/trace/recording.h"
#include "cli/trace/trace.h"

enum { RECORD_REFRESH_S = 10 };

struct record {
    struct options options;
    struct subject subject;
    struct session session;
    struct flight flight;
    char folder[PATH_MAX];
    bool recorded; /* something is in the folder */
};

#define record_say(...) (fputs("weft trace record: ", stderr), fprintf(stderr, __VA_ARGS__), fputc('\n', stderr))

/* ---- where to ---- */

static int record_make_folder(struct record *record)
{
    char name[64];
    const time_t now = time(NULL);
    struct tm local;
    const char *wanted = record->options.output;
    if (!wanted) {
        strftime(name, sizeof name, "weft-%Y%m%d-%H%M%S", localtime_r(&now, &local));
        wanted = name;
    }
    if (mkdir(wanted, 0777) && (errno != EEXIST || rmdir(wanted) || mkdir(wanted, 0777))) { /* an empty one will do */
        if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
            record_say("%s is there already: name another with -o, or remove it", wanted);
        else
            record_say("cannot make the folder %s: %s. Name another with -o", wanted, strerror(errno));
        return -1;
    }
    if (!realpath(wanted, record->folder)) {
        record_say("%s: %s", wanted, strerror(errno));
        return -1;
    }
    return 0;
}

/* ---- before it starts ---- */

static int record_begin(struct record *record)
{
    struct session *session = &record->session;
    char buffers[BUFFERS_TEXT];
    session->kind = record->options.flight ? SESSION_FLIGHT : SESSION_WHOLE;
    session->folder = record->folder;
    session->only = record->options.only;
    session->buffers = record->options.buffers.count ? record->options.buffers : buffers_of_machine();
    snprintf(session->name, sizeof session->name, "weft-record-%d", (int)getpid());
    if (session_find_daemon(session) || session_create(session) ||
        (record->options.pid && session_only_process(session, record->subject.vpid)) ||
        (record->options.flight &&
         flight_begin(&record->flight, session, record->options.snapshots, record->subject.vpid)) ||
        session_start(session)) {
        record_say("%s", session->text);
        return -1;
    }
    if (session->daemon)
        record_say("no session daemon ran: started one (process %d), which ends with this recording",
                   (int)session->daemon);
    if (record->options.flight)
        record_say(
            "the last %s bytes of events per processor are kept; a stall, a critical channel, or `kill -USR1 %d` "
            "writes them to a folder in %s",
            buffers_text(buffers, session->buffers), (int)getpid(), record->folder);
    else
        record_say("recording into %s%s", record->folder, record->options.pid ? ": Ctrl-C ends it" : "");
    return 0;
}

/* ---- while it runs ---- */

static void record_wait(struct record *record)
{
    struct subject *subject = &record->subject;
    struct pollfd on[] = {{subject->signals, POLLIN, 0},
                          {subject->timer, POLLIN, 0},
                          {subject->target, POLLIN, 0},
                          {record->options.flight ? record->flight.watch : -1, POLLIN, 0}};
    while (subject_goes_on(subject)) {
        if (subject->asked && flight_snapshot(&record->flight, "signal"))
            record_say("%s", record->session.text);
        subject->asked = false;
        if (poll(on, sizeof on / sizeof *on, record->options.flight ? RECORD_REFRESH_S * 1000 : -1) == 0)
            flight_refresh(&record->flight);
        if (on[3].revents)
            flight_look(&record->flight);
    }
}

/* ---- afterwards ---- */

static bool record_first(void *context, const struct event *event)
{
    (void)event;
    *(bool *)context = true;
    return false;
}

static bool record_count(void *context, const struct event *event)
{
    (void)event;
    ++*(uint64_t *)context;
    return true;
}

static bool record_has_events(const struct record *record)
{
    struct recording_facts facts;
    char text[PATH_MAX + 512];
    bool any = false;
    (void)recording_read(record->folder, &(struct recording_reader){&any, record_first, NULL}, &facts, text,
                         sizeof text);
    return any;
}

static void record_say_loss(const struct record *record)
{
    struct loss loss;
    struct recording_facts facts;
    char text[PATH_MAX + 512], had[BUFFERS_TEXT], better[BUFFERS_TEXT];
    uint64_t events = 0;
    loss_read(record->folder, SESSION_EVENTS_CHANNEL, &loss);
    if (!loss.events)
        return;
    (void)recording_read(record->folder, &(struct recording_reader){&events, record_count, NULL}, &facts, text,
                         sizeof text);
    const double each = events ? (double)loss.bytes / (double)events : 0;
    const struct buffers hold = buffers_hold(record->session.buffers, (uint64_t)((double)loss.burst * each) + 1);
    record_say(
        "%llu events were lost, for the buffers were full (%s per processor). %s would have held them: --buffers "
        "%s%s",
        (unsigned long long)loss.events, buffers_text(had, record->session.buffers), buffers_text(better, hold), better,
        hold.count * hold.size >> 30 ? ", or record less: --only 'task_*,chan_*'" : "");
}

static void record_report(const struct record *record)
{
    char name[] = "report", folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", record->folder);
    fflush(stdout);
    if (record->options.program) /* standard output is the program's: who reads it does not look for a report in it */
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
    (void)trace_report.run(2, (char *[]){name, folder, NULL});
    fflush(stdout);
}

static void record_conclude_flight(struct record *record)
{
    if (record->options.program && WIFSIGNALED(record->subject.status) && flight_snapshot(&record->flight, "crash"))
        record_say("%s", record->session.text);
    flight_look(&record->flight);
    record->recorded = record->flight.taken > 0;
    if (record->recorded)
        record_say("%u snapshot%s in %s: weft trace report %s/%s", record->flight.taken,
                   record->flight.taken == 1 ? "" : "s", record->folder, record->folder, record->flight.last);
    else
        record_say("nothing happened that would have been worth a snapshot, and nobody asked for one");
}

static void record_conclude(struct record *record)
{
    if (record->options.flight) {
        record_conclude_flight(record);
        return;
    }
    const bool known = record->options.pid && session_knows(record->options.pid);
    if (session_stop(&record->session))
        record_say("%s", record->session.text);
    session_end(&record->session);
    if (!record_has_events(record)) {
        record_say("no event was recorded: %s", subject_why(&record->subject, known));
        return;
    }
    record->recorded = true;
    record_say_loss(record);
    if (record->options.no_report)
        record_say("done: weft trace report %s", record->folder);
    else
        record_report(record);
}

/* ---- the command ---- */

static int record_session(struct record *record)
{
    if (record_begin(record))
        return SUBJECT_FAILED;
    const int failed = subject_begin(&record->subject);
    if (failed && record->subject.text[0])
        record_say("%s", record->subject.text);
    if (failed)
        return failed;
    record_wait(record);
    record_conclude(record);
    return subject_code(&record->subject);
}

static int record_run(int argc, char **argv)
{
    struct record record = {.flight.watch = -1};
    char text[OPTIONS_TEXT];
    int code = SUBJECT_FAILED;
    if (options_parse(&record.options, OPTIONS_RECORD, argc, argv, text))
        return command_misused("weft trace", &trace_record, "%s", text);
    if (subject_find(&record.subject, &record.options)) {
        record_say("%s", record.subject.text);
    } else if (!record_make_folder(&record)) {
        if (subject_listen(&record.subject, record.options.flight))
            record_say("%s", record.subject.text);
        else
            code = record_session(&record);
        if (record.options.flight && record.flight.session)
            flight_end(&record.flight);
        session_end(&record.session);
        if (!record.recorded) /* what LTTng has made there is of no use, and in the way of the next attempt */
            folder_remove(record.folder);
    }
    subject_end(&record.subject);
    return code;
}

const struct command trace_record = {
    "record",
    "[-o DIR] [--no-report] [--buffers NxSIZE] [--only PATTERN,…] [--flight [--snapshots N]]\n"
    "         [--provider FILE | --no-preload] -- PROGRAM [ARGUMENTS]\n"
    "         | --pid N [--for DURATION]",
    "record a program, or a process that runs, and print the report; the exit code is the program's",
    record_run,
};
