/* SPDX-License-Identifier: MIT */
/* See options.h. */
#include "cli/trace/record/options.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_SNAPSHOTS = 10, OPTIONS_DAYS = 366 };

int64_t options_duration(const char *text)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"", 1e9}};
    char *end;
    const double number = strtod(text, &end);
    if (end == text || !isfinite(number) || number <= 0)
        return -1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(end, units[i].unit))
            return number * units[i].ns >= 1 && number * units[i].ns < OPTIONS_DAYS * 86400e9
                       ? (int64_t)(number * units[i].ns)
                       : -1;
    return -1;
}

static long options_number(const char *text, long most)
{
    char *end;
    errno = 0;
    const long number = strtol(text, &end, 10);
    return errno || *end || end == text || number <= 0 || number > most ? -1 : number;
}

/* What takes a value keeps it, or says what it wants. */

static const char *options_output(struct options *options, const char *value)
{
    options->output = value;
    return NULL;
}

static const char *options_only(struct options *options, const char *value)
{
    options->only = value;
    return NULL;
}

static const char *options_provider(struct options *options, const char *value)
{
    options->provider = value;
    return NULL;
}

static const char *options_pid(struct options *options, const char *value)
{
    options->pid = (pid_t)options_number(value, INT32_MAX);
    return options->pid < 0 ? "the number of a process" : NULL;
}

static const char *options_for(struct options *options, const char *value)
{
    options->for_ns = options_duration(value);
    return options->for_ns < 0 ? "a duration such as 10s, 500ms or 2m" : NULL;
}

static const char *options_interval(struct options *options, const char *value)
{
    options->interval_ns = options_duration(value);
    return options->interval_ns < 0 ? "a duration such as 1s or 500ms" : NULL;
}

static const char *options_count(struct options *options, const char *value)
{
    options->count = options_number(value, INT32_MAX);
    return options->count < 0 ? "how many reports to print" : NULL;
}

static const char *options_snapshots(struct options *options, const char *value)
{
    const long snapshots = options_number(value, 100000);
    options->snapshots = (unsigned)snapshots;
    return snapshots < 0 ? "how many snapshots at most" : NULL;
}

static const char *options_buffers(struct options *options, const char *value)
{
    return buffers_parse(value, &options->buffers) ? "how many sub-buffers of which size, both powers of two: 8x4M"
                                                   : NULL;
}

enum { BOTH = OPTIONS_RECORD | OPTIONS_LIVE };
static const struct option {
    const char *name;
    unsigned commands;
    size_t flag; /* of one without a value */
    const char *(*value)(struct options *options, const char *value);
} options_all[] = {
    {"-o", BOTH, 0, options_output},
    {"--output", BOTH, 0, options_output},
    {"--only", BOTH, 0, options_only},
    {"--buffers", BOTH, 0, options_buffers},
    {"--provider", BOTH, 0, options_provider},
    {"--no-preload", BOTH, offsetof(struct options, no_preload), NULL},
    {"--pid", BOTH, 0, options_pid},
    {"--for", BOTH, 0, options_for},
    {"--no-report", OPTIONS_RECORD, offsetof(struct options, no_report), NULL},
    {"--flight", OPTIONS_RECORD, offsetof(struct options, flight), NULL},
    {"--snapshots", OPTIONS_RECORD, 0, options_snapshots},
    {"--interval", OPTIONS_LIVE, 0, options_interval},
    {"--count", OPTIONS_LIVE, 0, options_count},
    {"--json", OPTIONS_LIVE, offsetof(struct options, json), NULL},
};

static const struct option *options_find(enum options_command command, const char *name)
{
    for (size_t i = 0; i < sizeof options_all / sizeof *options_all; i++)
        if (options_all[i].commands & command && !strcmp(name, options_all[i].name))
            return &options_all[i];
    return NULL;
}

/* How many arguments it took, or -1. */
static int options_take(struct options *options, enum options_command command, char **argv, char text[OPTIONS_TEXT])
{
    const struct option *option = options_find(command, argv[0]);
    if (!option) {
        snprintf(text, OPTIONS_TEXT, "what is '%.60s'?", argv[0]);
        return -1;
    }
    if (!option->value) {
        *(bool *)((char *)options + option->flag) = true;
        return 1;
    }
    if (!argv[1]) {
        snprintf(text, OPTIONS_TEXT, "%s needs a value", argv[0]);
        return -1;
    }
    const char *wanted = option->value(options, argv[1]);
    if (!wanted)
        return 2;
    snprintf(text, OPTIONS_TEXT, "%s takes %s, not '%.60s'", argv[0], wanted, argv[1]);
    return -1;
}

/* What cannot be together. */
static const char *options_contradiction(const struct options *options, enum options_command command)
{
    if (!options->program && !options->pid && !options->session)
        return command == OPTIONS_RECORD
                   ? "which program? Name it behind --, or a process with --pid"
                   : "of which session? Name one, or a program behind --, or a process with --pid";
    if (options->program && options->pid)
        return "a program or a process: not both";
    if (options->session && (options->program || options->pid))
        return "a session, a program or a process: one of them";
    if (options->session && (options->only || options->provider || options->no_preload || options->buffers.count))
        return "what a session records says who made it: --only, --buffers, --provider and --no-preload need a program "
               "or a process";
    if (options->for_ns && !options->pid)
        return "--for needs --pid: a program is recorded until it ends";
    if (options->pid && (options->provider || options->no_preload))
        return "into a process that runs no provider can be loaded";
    if (options->snapshots && !options->flight)
        return "--snapshots needs --flight";
    return NULL;
}

int options_parse(struct options *out_options, enum options_command command, int argc, char **argv,
                  char text[OPTIONS_TEXT])
{
    struct options options = {.interval_ns = 1000000000, .count = -1};
    int i = 1, took;
    for (; i < argc && strcmp(argv[i], "--") != 0; i += took) {
        took = 1;
        if (argv[i][0] == '-') {
            if ((took = options_take(&options, command, &argv[i], text)) < 0)
                return -1;
        } else if (command == OPTIONS_RECORD) {
            break;
        } else if (options.session) {
            snprintf(text, OPTIONS_TEXT, "what is '%.60s'?", argv[i]);
            return -1;
        } else {
            options.session = argv[i];
        }
    }
    if (i < argc && !strcmp(argv[i], "--"))
        i++;
    if (i < argc)
        options.program = &argv[i];
    const char *wrong = options_contradiction(&options, command);
    if (wrong) {
        snprintf(text, OPTIONS_TEXT, "%s", wrong);
        return -1;
    }
    if (!options.snapshots)
        options.snapshots = OPTIONS_SNAPSHOTS;
    *out_options = options;
    return 0;
}
