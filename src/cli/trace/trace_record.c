/* SPDX-License-Identifier: MIT */
/*
 * `weft trace record`: a recording of a program from its start to its end, or of a process for a while, and its report.
 *
 * Signals come through a descriptor, so whatever is under way is brought to an end, and what was begun is taken back.
 * What the terminal sends reaches the program by itself; what is sent to this process alone is passed on to it.
 */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/trace/record/flight.h"
#include "cli/trace/record/loss.h"
#include "cli/trace/record/options.h"
#include "cli/trace/record/run.h"
#include "cli/trace/record/session.h"
#include "cli/trace/record/target.h"
#include "cli/trace/recording.h"
#include "cli/trace/trace.h"

enum { RECORD_FAILED = 125, RECORD_NOT_RUNNABLE = 126, RECORD_NOT_FOUND = 127 }; /* as env, timeout and the shells */
enum { RECORD_REFRESH_S = 10, RECORD_FOLDERS_OPEN = 8 };

struct record {
    struct options options;
    struct session session;
    struct flight flight;
    char folder[PATH_MAX];
    char provider[PATH_MAX];
    bool has_provider;
    sigset_t mask; /* before ours */
    int signals;
    int timer;  /* the end of --for */
    int target; /* tells the end of the process of --pid; -1: nothing does */
    pid_t vpid;
    bool recorded; /* something is in the folder */
    bool known;    /* the session daemon has the process of --pid */
    pid_t program; /* that was started and has not ended; 0: none */
    int status;    /* how it ended */
};

#define record_say(...) (fputs("weft trace record: ", stderr), fprintf(stderr, __VA_ARGS__), fputc('\n', stderr))

/* ---- where to ---- */

static int record_make_folder(struct record *record)
{
    char name[64];
    const time_t now = time(NULL);
    struct tm local;
    const char *wanted = record->options.folder;
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

static int record_remove(const char *path, const struct stat *stat, int type, struct FTW *where)
{
    (void)stat, (void)type, (void)where;
    (void)remove(path);
    return 0;
}

/* Nothing was recorded: what LTTng has made in our folder is of no use, and in the way of the next attempt. */
static void record_remove_folder(const struct record *record)
{
    (void)nftw(record->folder, record_remove, RECORD_FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* ---- before it starts ---- */

static void record_find_provider(struct record *record)
{
    const struct options *options = &record->options;
    record->has_provider = true;
    if (!options->provider)
        record->has_provider = target_find_provider(record->provider, sizeof record->provider);
    else if (!realpath(options->provider, record->provider))
        record->has_provider = false, snprintf(record->provider, sizeof record->provider, "%s", options->provider);
}

static int record_check_target(struct record *record)
{
    char text[PATH_MAX + 512];
    record_find_provider(record);
    if (record->options.provider && !record->has_provider) {
        record_say("--provider %s: %s", record->options.provider, strerror(errno));
        return -1;
    }
    if (!record->options.pid)
        return 0;
    if (target_check(record->options.pid, record->has_provider ? record->provider : NULL, &record->vpid, text,
                     sizeof text)) {
        record_say("%s", text);
        return -1;
    }
    record->target = run_watch(record->options.pid);
    return 0;
}

static int record_take_signals(struct record *record)
{
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGCHLD);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGQUIT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    if (record->options.flight)
        sigaddset(&ours, SIGUSR1);
    sigprocmask(SIG_BLOCK, &ours, &record->mask);
    record->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    record->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (record->signals >= 0 && record->timer >= 0)
        return 0;
    record_say("%s", strerror(errno));
    return -1;
}

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
        (record->options.pid && session_only_process(session, record->vpid)) ||
        (record->options.flight &&
         flight_begin(&record->flight, session, record->options.snapshots, record->options.pid ? record->vpid : 0)) ||
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

static void record_set_timer(struct record *record)
{
    const int64_t ns = record->options.for_ns;
    const struct itimerspec time = {{0, 0}, {ns / 1000000000, ns % 1000000000}};
    if (ns)
        timerfd_settime(record->timer, 0, &time, NULL);
}

static void record_reap(struct record *record)
{
    if (record->program && waitpid(record->program, &record->status, WNOHANG) == record->program)
        record->program = 0;
}

/* false: the recording ends. */
static bool record_signal(struct record *record, const struct signalfd_siginfo *signal)
{
    switch (signal->ssi_signo) {
    case SIGCHLD:
        record_reap(record);
        return record->program || record->options.pid;
    case SIGUSR1:
        if (flight_snapshot(&record->flight, "signal"))
            record_say("%s", record->session.text);
        return true;
    default:
        if (!record->options.program)
            return false;
        /* The terminal's own went to the program, too. */
        if (record->program && signal->ssi_code != SI_KERNEL)
            kill(record->program, (int)signal->ssi_signo);
        return true;
    }
}

static void record_wait(struct record *record)
{
    struct pollfd on[] = {{record->signals, POLLIN, 0},
                          {record->timer, POLLIN, 0},
                          {record->target, POLLIN, 0},
                          {record->options.flight ? record->flight.watch : -1, POLLIN, 0}};
    struct signalfd_siginfo signal;
    for (bool more = true; more;) {
        if (poll(on, sizeof on / sizeof *on, record->options.flight ? RECORD_REFRESH_S * 1000 : -1) == 0)
            flight_refresh(&record->flight);
        if (on[3].revents)
            flight_look(&record->flight);
        while (more && read(record->signals, &signal, sizeof signal) == (ssize_t)sizeof signal)
            more = record_signal(record, &signal);
        if (on[1].revents || on[2].revents)
            more = false;
    }
}

/* Ctrl-C while the session was being made: the program has not heard of it. The exit code that it would have had, or 0.
 */
static int record_interrupted(const struct record *record)
{
    struct signalfd_siginfo signal;
    while (read(record->signals, &signal, sizeof signal) == (ssize_t)sizeof signal)
        if (signal.ssi_signo != SIGCHLD && signal.ssi_signo != SIGUSR1)
            return 128 + (int)signal.ssi_signo;
    return 0;
}

/* 0, or the exit code. */
static int record_start_program(struct record *record)
{
    const struct options *options = &record->options;
    const bool preload = record->has_provider && !options->no_preload;
    const int error =
        target_start(options->program, preload ? record->provider : NULL, &record->mask, &record->program);
    if (!error)
        return 0;
    record->program = 0;
    record_say("%s: %s", options->program[0], strerror(error));
    return error == ENOENT ? RECORD_NOT_FOUND : RECORD_NOT_RUNNABLE;
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

/* Nothing came: say why, as far as it can be known. */
static void record_say_why(const struct record *record)
{
    const struct options *options = &record->options;
    const char *name = options->pid ? "" : options->program[0];
    if (options->pid && !record->known) {
        record_say("no event was recorded: process %d is not registered with the session daemon. It listens to that of "
                   "another user, or of another LTTNG_HOME",
                   (int)options->pid);
        return;
    }
    if (options->pid || (options->only && target_linked(name) == TARGET_LINKED)) {
        record_say("no event was recorded: nothing happened in this time that is an event%s%s",
                   options->only ? " named " : "", options->only ? options->only : "");
        return;
    }
    if (!record->has_provider && !options->no_preload)
        record_say("no event was recorded, and libweft-lttng.so is not there: it was looked for in %s. Build weft with "
                   "-DWEFT_LTTNG=ON, or name the file with --provider",
                   record->provider);
    else if (target_linked(name) == TARGET_NOT_LINKED)
        record_say("no event was recorded: %s is not linked with weft, and started nothing that is", name);
    else if (target_linked(name) == TARGET_IS_SCRIPT)
        record_say("no event was recorded: %s is a script, and started nothing that is linked with weft", name);
    else
        record_say("no event was recorded: %s ended before it created a runtime, or its runtime could not use the "
                   "provider%s: weft_runtime_tracing() and .report in its options say why",
                   name, options->no_preload ? " (--no-preload: it has to ask for it with .tracing = true)" : "");
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
    if (record->options.program && WIFSIGNALED(record->status) && flight_snapshot(&record->flight, "crash"))
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
    record->known = record->options.pid && session_knows(record->options.pid);
    if (session_stop(&record->session))
        record_say("%s", record->session.text);
    session_end(&record->session);
    if (!record_has_events(record)) {
        record_say_why(record);
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

static int record_code(const struct record *record)
{
    if (!record->options.program)
        return 0;
    return WIFSIGNALED(record->status) ? 128 + WTERMSIG(record->status) : WEXITSTATUS(record->status);
}

static int record_session(struct record *record)
{
    if (record_begin(record))
        return RECORD_FAILED;
    record_set_timer(record);
    int failed = record_interrupted(record);
    if (!failed && record->options.program)
        failed = record_start_program(record);
    if (failed)
        return failed;
    record_wait(record);
    record_conclude(record);
    return record_code(record);
}

static int record_run(int argc, char **argv)
{
    struct record record = {.signals = -1, .timer = -1, .target = -1, .flight.watch = -1};
    char text[OPTIONS_TEXT];
    if (options_parse(&record.options, argc, argv, text))
        return command_misused("weft trace", &trace_record, "%s", text);
    if (record_check_target(&record) || record_make_folder(&record))
        return RECORD_FAILED;
    int code = RECORD_FAILED;
    if (!record_take_signals(&record))
        code = record_session(&record);
    if (record.options.flight && record.flight.session)
        flight_end(&record.flight);
    session_end(&record.session);
    if (!record.recorded)
        record_remove_folder(&record);
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
