/* SPDX-License-Identifier: MIT */
/*
 * `weft trace live`: the report of a session that runs, again and again, from the relay daemon that it is sent to. The
 * session is somebody else's, or one of its own for a program that it starts, or for a process.
 *
 * Finishing an analysis closes what is open, and this one goes on: each frame is made by a process of its own, which
 * has the analysis as it was in that moment, and does with it what it likes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/trace/follow/relay.h"
#include "cli/trace/follow/relayd.h"
#include "cli/trace/page/page.h"
#include "cli/trace/record/options.h"
#include "cli/trace/record/run.h"
#include "cli/trace/record/session.h"
#include "cli/trace/record/subject.h"
#include "cli/trace/recording.h"
#include "cli/trace/trace.h"

enum { LIVE_ROWS = 10, LIVE_LOOK_EVENTS = 256, LIVE_SCREEN_ROWS = 24, LIVE_TEXT = 4096 };

/* babeltrace2 asks the relay daemon for streams that are new when it has found nothing, and has to find them then. */
enum { LIVE_LOOKS = 3 };
enum { LIVE_DELAY_LEAST_NS = 10000000, LIVE_DELAY_MOST_NS = 1000000000 };

struct live {
    struct options options;
    struct relay relay;
    FILE *out;
    struct analysis analysis;
    long left; /* frames; below 0: no end */
    bool attached;
    bool failed;     /* what was printed could not be written */
    int64_t last_ns; /* of the clock, when the last frame was made */
    uint64_t last_events;
    uint64_t last_lost;
    /* of a session of its own */
    struct subject subject;
    struct relayd relayd;
    struct session session;
    bool over;          /* the program, or the process, or the time for it: nothing more is recorded */
    int64_t stopped_ns; /* since then */
    int looks;          /* that found nothing more since; LIVE_LOOKS: the session is gone */
    bool known;
    int code; /* not 0: the program could not be started */
};

#define live_say(...) (fputs("weft trace live: ", stderr), fprintf(stderr, __VA_ARGS__), fputc('\n', stderr))

static bool live_is_own(const struct live *live)
{
    return !live->options.session;
}

static int64_t live_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- a frame ---- */

static void live_page(const struct live *live, int64_t now_ns, struct doc *doc)
{
    static const struct doc_column columns[] = {{"interval_ns", NULL, DOC_COUNT},      {"events", NULL, DOC_COUNT},
                                                {"events_a_second", NULL, DOC_NUMBER}, {"events_lost", NULL, DOC_COUNT},
                                                {"behind_ns", NULL, DOC_COUNT},        {NULL, NULL, DOC_TEXT}};
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    const struct model *model = &live->analysis.model;
    const int64_t behind = wall.tv_sec * INT64_C(1000000000) + wall.tv_nsec - model->end_ns;
    const uint64_t events = model->events - live->last_events, lost = model->events_lost - live->last_lost;
    const double seconds = (double)(now_ns - live->last_ns) / 1e9;
    const double rate = seconds > 0 ? (double)events / seconds : 0;
    doc_section(doc, "live", "LIVE");
    doc_note(doc, "%.0f events a second in the last %.1f s%s; the newest is %.1f s old.", rate, seconds,
             lost ? ", and some were lost" : "", (double)behind / 1e9);
    doc_table(doc, "interval", columns);
    doc_count(doc, (uint64_t)(now_ns - live->last_ns));
    doc_count(doc, events);
    doc_number(doc, rate);
    doc_count(doc, lost);
    doc_count(doc, (uint64_t)(behind > 0 ? behind : 0));
}

/* The first lines of a text, from the upper left corner of the terminal on. */
static void live_screen(const char *text, FILE *out)
{
    struct winsize size;
    const int rows = !ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_row > 1 ? size.ws_row : LIVE_SCREEN_ROWS;
    fputs("\033[H", out);
    for (int row = 1; row < rows && *text; row++) {
        const size_t length = strcspn(text, "\n");
        fprintf(out, "%.*s\033[K\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
    fputs("\033[J", out);
}

static void live_print_text(const struct doc *doc, FILE *out)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return;
    doc_print_text(doc, memory);
    fclose(memory);
    if (isatty(fileno(out)))
        live_screen(text, out);
    else
        fputs(text, out);
    free(text);
}

/* In the child: it does not return. */
static _Noreturn void live_print(struct live *live, int64_t now_ns)
{
    struct view view;
    struct doc doc;
    char title[RELAY_URL + 32];
    snprintf(title, sizeof title, "live: %s", live->relay.session);
    doc_init(&doc, title);
    doc.rows = LIVE_ROWS;
    view_init(&view, live->relay.url, &live->analysis);
    live_page(live, now_ns, &doc);
    if (live->options.json) {
        page_report(&view, &doc);
        doc_print_json_line(&doc, live->out);
    } else {
        void (*const pages[])(const struct view *, struct doc *) = {
            page_recording, page_tasks, page_channels, page_runtime, page_workers, page_latency, page_recommendations};
        for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
            pages[i](&view, &doc);
        live_print_text(&doc, live->out);
    }
    _exit(fflush(live->out) || ferror(live->out) ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* false: there is nobody to print for. */
static bool live_frame(struct live *live)
{
    int status = 0;
    const int64_t now_ns = live_now_ns();
    const pid_t child = fork();
    if (child == 0)
        live_print(live, now_ns);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    live->last_ns = now_ns;
    live->last_events = live->analysis.model.events;
    live->last_lost = live->analysis.model.events_lost;
    live->failed = child < 0 || status != 0;
    return !live->failed && --live->left != 0;
}

/* ---- what comes ---- */

/* Who attaches late has missed the names: the runtimes are asked to say them again, where that can be asked for. */
static void live_ask_names(const struct live *live)
{
    char said[LIVE_TEXT], session[RELAY_URL + 16];
    snprintf(session, sizeof session, "--session=%s", live->relay.session);
    (void)run_command((const char *const[]){"lttng", "--no-sessiond", "regenerate", "statedump", session, NULL}, said,
                      sizeof said);
}

/* From now on nothing is missed. false: there is nothing to wait for. */
static bool live_attached(struct live *live)
{
    live->attached = true;
    if (!live->options.program)
        live_ask_names(live);
    if (!live_is_own(live))
        return true;
    live->code = subject_begin(&live->subject);
    return !live->code;
}

/* Nothing more is recorded; what was is still to come. */
static void live_stop_session(struct live *live)
{
    live->over = true;
    live->known = live->options.pid && session_knows(live->options.pid);
    if (session_stop(&live->session))
        live_say("%s", live->session.text);
    live->stopped_ns = live_now_ns();
}

static bool live_look(struct live *live)
{
    if (!live->attached && !live_attached(live))
        return false;
    if (live_is_own(live) && !live->over && !subject_goes_on(&live->subject))
        live_stop_session(live);
    if (live_now_ns() - live->last_ns < live->options.interval_ns)
        return true;
    if (live->analysis.model.events)
        return live_frame(live);
    live->last_ns = live_now_ns(); /* of nothing there is no report */
    return true;
}

static bool live_event(void *context, const struct event *event)
{
    struct live *live = context;
    analysis_event(&live->analysis, event);
    return live->analysis.model.events % LIVE_LOOK_EVENTS ? true : live_look(live);
}

static void live_gap(void *context, const struct event_gap *gap)
{
    analysis_gap(&((struct live *)context)->analysis, gap);
}

static bool live_tick(void *context, int64_t looked_ns)
{
    struct live *live = context;
    if (live->over && looked_ns > live->stopped_ns && ++live->looks == LIVE_LOOKS)
        session_destroy(&live->session); /* the relay daemon says so when all of it was read: that is the end */
    return live_look(live);
}

/* ---- from its beginning to its end ---- */

static void live_conclude(struct live *live)
{
    const unsigned long long events = live->analysis.model.events;
    if (events != live->last_events) /* what came since the last frame */
        (void)live_frame(live);
    if (live_is_own(live) && events)
        live_say("%llu events of weft", events);
    else if (live_is_own(live))
        live_say("no event of weft came: %s", subject_why(&live->subject, live->known));
    else if (events)
        live_say("the session %s is gone, after %llu events of weft", live->relay.session, events);
    else
        live_say("the session %s is gone; no event of weft came while it was watched", live->relay.session);
}

/* 0, or -1, and why has been said; the session is gone, or nobody wants to know. */
static int live_follow(struct live *live)
{
    struct recording_facts facts;
    char text[LIVE_TEXT + RELAY_URL];
    live->last_ns = live_now_ns();
    live->left = live->options.count;
    const int failed = recording_follow(live->relay.url, &(struct recording_reader){live, live_event, live_gap},
                                        live_tick, &facts, text, sizeof text);
    if (failed && !live->attached && !live_is_own(live))
        live_say("no live session %s: `babeltrace2 -i lttng-live net://%s:%s` lists those that there are (%s)",
                 live->relay.session, live->relay.host, live->relay.port, text);
    else if (failed)
        live_say("%s", text);
    else if (live->code && live->subject.text[0])
        live_say("%s", live->subject.text);
    else if (!live->code && !live->failed && live->left)
        live_conclude(live);
    return failed || live->failed ? -1 : 0;
}

/* Where the reports go: standard output, but that is the program's if there is one. */
static int live_open(struct live *live)
{
    const char *name = live->options.output;
    if (name)
        live->out = fopen(name, "we");
    else if (live->options.program)
        live->out = fdopen(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0), "w");
    else
        live->out = stdout;
    if (live->out)
        return 0;
    live_say("%s: %s", name ? name : "standard error", strerror(errno));
    return -1;
}

static int live_run_session(struct live *live)
{
    char text[LIVE_TEXT];
    if (relay_check(&live->relay, text, sizeof text)) {
        live_say("%s", text);
        return COMMAND_FAILED;
    }
    return live_follow(live) ? COMMAND_FAILED : 0;
}

/* A session of its own: 0, or -1 and why has been said. */
static int live_make_session(struct live *live)
{
    struct session *session = &live->session;
    const struct options *options = &live->options;
    const int64_t delay_ns = options->interval_ns / 2;
    char text[LIVE_TEXT], host[RELAY_HOST] = "", url[2 * RELAY_HOST];
    if (relayd_start(&live->relayd, text, sizeof text)) {
        live_say("%s", text);
        return -1;
    }
    *session = (struct session){.kind = SESSION_LIVE,
                                .control = live->relayd.ports[RELAYD_CONTROL],
                                .data = live->relayd.ports[RELAYD_DATA],
                                .delay_ns = delay_ns < LIVE_DELAY_LEAST_NS  ? LIVE_DELAY_LEAST_NS
                                            : delay_ns > LIVE_DELAY_MOST_NS ? LIVE_DELAY_MOST_NS
                                                                            : delay_ns,
                                .only = options->only,
                                .buffers = options->buffers.count ? options->buffers : buffers_of_machine()};
    snprintf(session->name, sizeof session->name, "weft-live-%d", (int)getpid());
    (void)gethostname(host, sizeof host - 1);
    snprintf(url, sizeof url, "net://127.0.0.1:%u/host/%s/%s", live->relayd.ports[RELAYD_LIVE], host, session->name);
    if (!session_find_daemon(session) && !session_create(session) &&
        (!options->pid || !session_only_process(session, live->subject.vpid)) && !session_start(session))
        return relay_parse(&live->relay, url, text, sizeof text);
    live_say("%s", session->text);
    return -1;
}

static int live_run_own(struct live *live)
{
    int code = SUBJECT_FAILED;
    if (subject_find(&live->subject, &live->options) || subject_listen(&live->subject, false)) {
        live_say("%s", live->subject.text);
    } else if (!live_make_session(live)) {
        const int failed = live_follow(live);
        session_end(&live->session); /* also if somebody else goes on: it records for nobody */
        relayd_stop(&live->relayd);
        subject_wait(&live->subject);
        code = live->code             ? live->code
               : live->options.program ? subject_code(&live->subject)
               : failed                ? SUBJECT_FAILED
                                       : 0;
    }
    session_end(&live->session);
    relayd_stop(&live->relayd);
    subject_end(&live->subject);
    return code;
}

static int live_run(int argc, char **argv)
{
    struct live live = {0};
    char text[RELAY_URL + OPTIONS_TEXT];
    if (options_parse(&live.options, OPTIONS_LIVE, argc, argv, text) ||
        (!live_is_own(&live) && relay_parse(&live.relay, live.options.session, text, sizeof text)))
        return command_misused("weft trace", &trace_live, "%s", text);
    if (live_open(&live))
        return live_is_own(&live) ? SUBJECT_FAILED : COMMAND_FAILED;
    analysis_init(&live.analysis);
    const int code = live_is_own(&live) ? live_run_own(&live) : live_run_session(&live);
    analysis_fini(&live.analysis);
    if (live.out != stdout)
        (void)fclose(live.out); /* each frame has flushed it */
    return code;
}

const struct command trace_live = {
    "live",
    "[--interval DURATION] [--count N] [--json] [-o FILE] [--only PATTERN,…] [--buffers NxSIZE]\n"
    "         [--provider FILE | --no-preload] -- PROGRAM [ARGUMENTS]\n"
    "         | --pid N [--for DURATION]\n"
    "         | SESSION | net://HOST[:PORT]/host/NAME/SESSION",
    "the report, each second, of a program, of a process that runs, or of a session that somebody has made;\n"
    "        --json: one object a line",
    live_run,
};
