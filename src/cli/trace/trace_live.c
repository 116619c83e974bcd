/* SPDX-License-Identifier: MIT */
/*
 * `weft trace live`: the report of a session that runs, again and again, from the relay daemon that it is sent to.
 *
 * Finishing an analysis closes what is open, and this one goes on: each frame is made by a process of its own, which
 * has the analysis as it was in that moment, and does with it what it likes.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/trace/follow/relay.h"
#include "cli/trace/page/page.h"
#include "cli/trace/record/options.h"
#include "cli/trace/record/run.h"
#include "cli/trace/recording.h"
#include "cli/trace/trace.h"

enum { LIVE_ROWS = 10, LIVE_LOOK_EVENTS = 256, LIVE_SCREEN_ROWS = 24, LIVE_TEXT = 4096 };

struct live {
    struct relay relay;
    struct analysis analysis;
    int64_t interval_ns;
    long left; /* frames; below 0: no end */
    bool json;
    bool attached;
    bool failed;     /* what was printed could not be written */
    int64_t last_ns; /* of the clock, when the last frame was made */
    uint64_t last_events;
    uint64_t last_lost;
};

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
static void live_screen(const char *text)
{
    struct winsize size;
    const int rows = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row > 1 ? size.ws_row : LIVE_SCREEN_ROWS;
    fputs("\033[H", stdout);
    for (int row = 1; row < rows && *text; row++) {
        const size_t length = strcspn(text, "\n");
        printf("%.*s\033[K\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
    fputs("\033[J", stdout);
}

static void live_print_text(const struct doc *doc)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return;
    doc_print_text(doc, memory);
    fclose(memory);
    if (isatty(STDOUT_FILENO))
        live_screen(text);
    else
        fputs(text, stdout);
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
    if (live->json) {
        page_report(&view, &doc);
        doc_print_json_line(&doc, stdout);
    } else {
        void (*const pages[])(const struct view *, struct doc *) = {
            page_recording, page_tasks, page_channels, page_runtime, page_workers, page_latency, page_recommendations};
        for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
            pages[i](&view, &doc);
        live_print_text(&doc);
    }
    _exit(fflush(stdout) || ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS);
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
static void live_attached(struct live *live)
{
    char said[LIVE_TEXT], session[RELAY_URL + 16];
    live->attached = true;
    snprintf(session, sizeof session, "--session=%s", live->relay.session);
    (void)run_command((const char *const[]){"lttng", "--no-sessiond", "regenerate", "statedump", session, NULL}, said,
                      sizeof said);
}

static bool live_look(struct live *live)
{
    if (!live->attached)
        live_attached(live);
    if (live_now_ns() - live->last_ns < live->interval_ns)
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

static bool live_tick(void *context)
{
    return live_look(context);
}

/* ---- the command ---- */

static int live_misused(const char *what)
{
    return command_misused("weft trace", &trace_live, "%s", what);
}

/* 0, or an exit code. */
static int live_arguments(struct live *live, int argc, char **argv)
{
    char text[RELAY_URL + 128];
    const char *word = NULL;
    for (int i = 1; i < argc; i++) {
        char *end = NULL;
        if (!strcmp(argv[i], "--json")) {
            live->json = true;
        } else if (!strcmp(argv[i], "--interval") && i + 1 < argc) {
            live->interval_ns = options_duration(argv[++i]);
            if (live->interval_ns < 0)
                return live_misused("--interval takes a duration such as 1s or 500ms");
        } else if (!strcmp(argv[i], "--count") && i + 1 < argc) {
            live->left = strtol(argv[++i], &end, 10);
            if (*end || live->left <= 0)
                return live_misused("--count takes how many reports to print");
        } else if (argv[i][0] == '-' || word) {
            return command_misused("weft trace", &trace_live, "what is '%s'?", argv[i]);
        } else {
            word = argv[i];
        }
    }
    if (!word)
        return live_misused("of which session?");
    if (relay_parse(&live->relay, word, text, sizeof text))
        return live_misused(text);
    return 0;
}

static void live_conclude(struct live *live)
{
    const struct model *model = &live->analysis.model;
    if (model->events != live->last_events) /* what came since the last frame */
        (void)live_frame(live);
    fprintf(stderr, "weft trace live: the session %s is gone", live->relay.session);
    if (model->events)
        fprintf(stderr, ", after %llu events of weft\n", (unsigned long long)model->events);
    else
        fputs("; no event of weft came while it was watched\n", stderr);
}

static int live_run(int argc, char **argv)
{
    struct live live = {.interval_ns = 1000000000, .left = -1};
    struct recording_facts facts;
    char text[LIVE_TEXT + RELAY_URL];
    int code = live_arguments(&live, argc, argv);
    if (code)
        return code;
    if (relay_check(&live.relay, text, sizeof text)) {
        fprintf(stderr, "weft trace live: %s\n", text);
        return COMMAND_FAILED;
    }
    analysis_init(&live.analysis);
    live.last_ns = live_now_ns();
    const long wanted = live.left;
    const int failed = recording_follow(live.relay.url, &(struct recording_reader){&live, live_event, live_gap},
                                        live_tick, &facts, text, sizeof text);
    if (failed && !live.attached)
        fprintf(stderr,
                "weft trace live: no live session %s: `babeltrace2 -i lttng-live net://%s:%s` lists those that "
                "there are (%s)\n",
                live.relay.session, live.relay.host, live.relay.port, text);
    else if (failed)
        fprintf(stderr, "weft trace live: %s\n", text);
    else if (!live.failed && (wanted < 0 || live.left > 0))
        live_conclude(&live);
    analysis_fini(&live.analysis);
    return failed || live.failed ? COMMAND_FAILED : 0;
}

const struct command trace_live = {
    "live",
    "[--interval DURATION] [--count N] [--json] SESSION | net://HOST[:PORT]/host/NAME/SESSION",
    "the report of a session that runs, from lttng-relayd, each second; --json: one object a line",
    live_run,
};
