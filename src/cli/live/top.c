/* SPDX-License-Identifier: MIT */
/* `weft top`: a process, or a recording of one, on a terminal. */
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/live/client.h"
#include "cli/live/pace.h"
#include "cli/live/screen.h"
#include "cli/live/source.h"
#include "cli/live/display.h"
#include "cli/text.h"

/* Snapshots of the same parts: the newest, the one before, and when the next is due. */
struct seen {
    struct snapshot now, before;
    bool any, several;
    bool failed; /* the last time */
    struct pace pace;
};

struct top {
    struct target target;
    struct source source;
    struct display display;
    struct grid grid;
    struct seen figures, whole; /* of a recording, and while one is made, only what is whole */
};

static volatile sig_atomic_t top_ended;

static void top_end(int signal)
{
    (void)signal;
    top_ended = 1;
}

static int64_t top_time(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t top_clock(void) { return top_time(CLOCK_MONOTONIC); }

/* A list that was cut is filtered by the process; another here, by all its cells. */
static void top_filter(struct top *top)
{
    const struct list *list = top->display.shown < LISTS ? &lists[top->display.shown] : NULL;
    const bool cut = list && top->whole.any && list->total(&top->whole.now) > list->count(&top->whole.now);
    if (!top->display.filter[0] || cut)
        snprintf(top->source.filter, sizeof top->source.filter, "%s", top->display.filter);
}

/* One look. A process that does not answer is asked again; what was seen last stays on the terminal. */
static void top_take(struct top *top, struct seen *seen, source_parts parts)
{
    struct snapshot next;
    const int64_t spent = top->source.cost_ns;
    const bool taken = source_take(&top->source, parts, top_clock(), &next);
    const int64_t cost = top->display.replay ? 0 : top->source.cost_ns - spent;
    pace_next(&seen->pace, seen == &top->figures ? &pace_figures : &pace_lists, top_clock(), cost, top->display.interval_ms * INT64_C(1000000));
    seen->failed = !taken;
    if (!taken)
        return;
    snapshot_fini(&seen->before);
    seen->before = seen->now;
    seen->several = seen->any;
    seen->now = next;
    seen->any = true;
}

/* Whether what is shown is made of figures alone; a recording has all parts at each time. */
static bool top_splits(const struct top *top) { return !top->source.tape; }
static bool top_lists(const struct top *top) { return !top_splits(top) || display_parts(&top->display) != SOURCE_ALWAYS; }

/* What is due; the list last, which comes behind the figures then. */
static void top_look(struct top *top)
{
    top_filter(top);
    if (top_splits(top) && pace_is_due(&top->figures.pace, top_clock()))
        top_take(top, &top->figures, SOURCE_ALWAYS);
    if (top_lists(top) && pace_is_due(&top->whole.pace, top_clock()))
        top_take(top, &top->whole, display_parts(&top->display));
    const bool failed = top->figures.failed || (top_lists(top) && top->whole.failed);
    if (!top->display.replay)
        toll_note(&top->display.toll, top_clock(), top->source.cost_ns, top_time(CLOCK_PROCESS_CPUTIME_ID));
    top->display.problem = !failed ? NULL : top->source.ended ? "the recording ends here" : top->source.says;
}

static struct glance top_glance(const struct seen *seen)
{
    return (struct glance){seen->any ? &seen->now : NULL, seen->several ? &seen->before : NULL};
}

static void top_draw(struct top *top)
{
    int rows, columns;
    screen_size(&rows, &columns);
    if (rows != top->grid.rows || columns != top->grid.columns) {
        grid_fini(&top->grid);
        grid_init(&top->grid, rows, columns);
    }
    display_draw(&top->display, &top->grid, &(struct scene){
        .figures = top_glance(top_splits(top) ? &top->figures : &top->whole),
        .list = top_glance(top_lists(top) ? &top->whole : &top->figures),
    });
    screen_show(&top->grid);
}

static bool top_rests(const struct top *top) { return top->display.frozen || top->source.ended; }

/* Milliseconds until the next look; where there is none, until the terminal is looked at again. */
static int top_pause(const struct top *top)
{
    const int64_t now = top_clock(), figures = top->figures.pace.due_ns, whole = top->whole.pace.due_ns;
    if (top_rests(top))
        return top->display.interval_ms;
    const int64_t due = !top_lists(top) || (top_splits(top) && figures < whole) ? figures : whole;
    return due > now ? (int)((due - now) / 1000000) + 1 : 0;
}

static void top_loop(struct top *top)
{
    for (bool going = true; going && !top_ended;) {
        if (!top_rests(top))
            top_look(top);
        top_draw(top);
        const source_parts parts = display_parts(&top->display);
        const int key = screen_key(top_pause(top));
        if (key != KEY_NONE)
            going = display_key(&top->display, key);
        const bool other = parts != display_parts(&top->display); /* needs what was not asked for */
        if ((other || top->display.again) && !top->display.replay)
            top->whole.pace = (struct pace){0};
        top->display.again = false;
    }
}

static int top_run(int argc, char **argv);

const struct command command_top = {
    "top",
    "[--interval MS] [--record FILE] [PID | SOCKET | http://ADDRESS:PORT], or --replay FILE",
    "what lives in a process, on a terminal: tasks, channels, workers, locks; ? shows the keys",
    top_run,
};

struct top_options {
    const char *record, *replay, *word;
    long interval_ms;
};

/* 0, or the exit code. */
static int top_options(struct top_options *options, int argc, char **argv)
{
    *options = (struct top_options){.interval_ms = 1000};
    for (int i = 1; i < argc; i++) {
        const bool takes = !strcmp(argv[i], "--interval") || !strcmp(argv[i], "--record") || !strcmp(argv[i], "--replay");
        if (takes && i + 1 == argc)
            return command_misused("weft", &command_top, "%s of what?", argv[i]);
        if (!strcmp(argv[i], "--interval"))
            options->interval_ms = text_number(argv[++i]);
        else if (!strcmp(argv[i], "--record"))
            options->record = argv[++i];
        else if (!strcmp(argv[i], "--replay"))
            options->replay = argv[++i];
        else if (argv[i][0] == '-' || options->word)
            return command_misused("weft", &command_top, "what is '%s'?", argv[i]);
        else
            options->word = argv[i];
    }
    if (options->interval_ms < DISPLAY_INTERVAL_MIN_MS || options->interval_ms > DISPLAY_INTERVAL_MAX_MS)
        return command_misused("weft", &command_top, "the interval is %d to %d ms", DISPLAY_INTERVAL_MIN_MS, DISPLAY_INTERVAL_MAX_MS);
    if (options->replay && (options->record || options->word))
        return command_misused("weft", &command_top, "a recording is replayed without a process");
    return 0;
}

static bool top_open(struct top *top, const struct top_options *options)
{
    display_init(&top->display, options->replay ? options->replay : "", (int)options->interval_ms);
    top->display.replay = options->replay != NULL;
    if (options->replay)
        return source_replay(&top->source, options->replay);
    if (!target_find(&top->target, options->word)) {
        snprintf(top->source.says, sizeof top->source.says, "%s", top->target.says);
        return false;
    }
    top->display.target = top->target.socket[0] ? top->target.socket : top->target.base;
    top->source.client = client_open(&top->target);
    if (options->record && !source_record(&top->source, options->record))
        return false;
    top_look(top); /* what cannot be asked is said before the terminal is taken */
    return top_splits(top) ? top->figures.any : top->whole.any;
}

static int top_run(int argc, char **argv)
{
    struct top *top = calloc(1, sizeof *top);
    struct top_options options;
    int code = top_options(&options, argc, argv);
    if (!top || code) {
        free(top);
        return code ? code : COMMAND_FAILED;
    }
    setlocale(LC_CTYPE, "");
    if (!top_open(top, &options)) {
        fprintf(stderr, "weft top: %s\n", top->source.says);
        code = COMMAND_FAILED;
    } else if (!screen_begin()) {
        fputs("weft top: this is no terminal that can be drawn on; `weft watch` and `weft dump` need none\n", stderr);
        code = COMMAND_FAILED;
    } else {
        signal(SIGTERM, top_end);
        signal(SIGINT, top_end);
        signal(SIGHUP, top_end);
        top_loop(top);
        screen_end();
    }
    source_close(&top->source);
    snapshot_fini(&top->figures.now);
    snapshot_fini(&top->figures.before);
    snapshot_fini(&top->whole.now);
    snapshot_fini(&top->whole.before);
    grid_fini(&top->grid);
    free(top);
    return code;
}
