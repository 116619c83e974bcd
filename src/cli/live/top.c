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
#include "cli/live/screen.h"
#include "cli/live/source.h"
#include "cli/live/display.h"
#include "cli/text.h"

struct top {
    struct target target;
    struct source source;
    struct display display;
    struct grid grid;
    struct snapshot now, before;
    bool seen, seen_before;
};

static volatile sig_atomic_t top_ended;

static void top_end(int signal)
{
    (void)signal;
    top_ended = 1;
}

static int64_t top_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* A list that was cut is filtered by the process; another here, by all its cells. */
static void top_filter(struct top *top)
{
    const bool cut = top->seen && top->display.shown < LISTS && lists[top->display.shown].total(&top->now) > lists[top->display.shown].count(&top->now);
    if (!top->display.filter[0] || cut)
        snprintf(top->source.filter, sizeof top->source.filter, "%s", top->display.filter);
}

/* One look. A process that does not answer is asked again; what was seen last stays on the terminal. */
static void top_look(struct top *top)
{
    struct snapshot next;
    top_filter(top);
    if (!source_take(&top->source, display_parts(&top->display), top_clock(), &next)) {
        top->display.problem = top->source.ended ? "the recording ends here" : top->source.says;
        return;
    }
    top->display.problem = NULL;
    snapshot_fini(&top->before);
    top->before = top->now;
    top->seen_before = top->seen;
    top->now = next;
    top->seen = true;
}

static void top_draw(struct top *top)
{
    int rows, columns;
    screen_size(&rows, &columns);
    if (rows != top->grid.rows || columns != top->grid.columns) {
        grid_fini(&top->grid);
        grid_init(&top->grid, rows, columns);
    }
    display_draw(&top->display, &top->grid, top->seen ? &top->now : NULL, top->seen_before ? &top->before : NULL);
    screen_show(&top->grid);
}

/*
 * Until the next look. A process is kept busy for at most a hundredth of the time by being looked at, however many tasks it has; but
 * nobody waits for longer than two seconds for that.
 */
static int64_t top_pause(const struct top *top, int64_t took)
{
    const int64_t interval = top->display.interval_ms * INT64_C(1000000), two_seconds = INT64_C(2000000000);
    const int64_t spares = took < two_seconds / 100 ? 100 * took : two_seconds;
    return top->display.replay || interval > spares ? interval : spares;
}

static void top_loop(struct top *top)
{
    int64_t due = top_clock();
    for (bool going = true; going && !top_ended;) {
        const int64_t now = top_clock();
        if (now >= due) {
            if (!top->display.frozen && !top->source.ended)
                top_look(top);
            const int64_t done = top_clock();
            due = done + top_pause(top, done - now);
        }
        top_draw(top);
        const source_parts parts = display_parts(&top->display);
        const int key = screen_key((int)((due - top_clock()) / 1000000) + 1);
        if (key != KEY_NONE)
            going = display_key(&top->display, key);
        if (parts != display_parts(&top->display) && !top->display.replay) /* another list needs what was not asked for */
            due = 0;
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
    return top->seen;
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
    snapshot_fini(&top->now);
    snapshot_fini(&top->before);
    grid_fini(&top->grid);
    free(top);
    return code;
}
