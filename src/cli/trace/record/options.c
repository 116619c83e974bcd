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

/* The options with a value: 0 if it is good. */
static int options_value(struct options *options, const char *name, const char *value, char text[OPTIONS_TEXT])
{
    const char *wanted = NULL;
    if (!strcmp(name, "-o") || !strcmp(name, "--output")) {
        options->folder = value;
    } else if (!strcmp(name, "--only")) {
        options->only = value;
    } else if (!strcmp(name, "--provider")) {
        options->provider = value;
    } else if (!strcmp(name, "--pid")) {
        const long pid = options_number(value, INT32_MAX);
        options->pid = (pid_t)pid;
        wanted = pid < 0 ? "the number of a process" : NULL;
    } else if (!strcmp(name, "--for")) {
        options->for_ns = options_duration(value);
        wanted = options->for_ns < 0 ? "a duration such as 10s, 500ms or 2m" : NULL;
    } else if (!strcmp(name, "--snapshots")) {
        const long snapshots = options_number(value, 100000);
        options->snapshots = (unsigned)snapshots;
        wanted = snapshots < 0 ? "how many snapshots at most" : NULL;
    } else {
        wanted = buffers_parse(value, &options->buffers)
                     ? "how many sub-buffers of which size, both powers of two: 8x4M"
                     : NULL;
    }
    if (wanted)
        snprintf(text, OPTIONS_TEXT, "%s takes %s, not '%.60s'", name, wanted, value);
    return wanted ? -1 : 0;
}

static bool options_flag(struct options *options, const char *name)
{
    static const struct {
        const char *name;
        size_t at;
    } flags[] = {{"--no-report", offsetof(struct options, no_report)},
                 {"--no-preload", offsetof(struct options, no_preload)},
                 {"--flight", offsetof(struct options, flight)}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (!strcmp(name, flags[i].name))
            return *(bool *)((char *)options + flags[i].at) = true;
    return false;
}

static bool options_has_value(const char *name)
{
    static const char *const names[] = {"-o",    "--output", "--only",      "--provider",
                                        "--pid", "--for",    "--snapshots", "--buffers"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

/* What cannot be together. */
static const char *options_contradiction(const struct options *options)
{
    if (!options->program && !options->pid)
        return "which program? Name it behind --, or a process with --pid";
    if (options->program && options->pid)
        return "a program or a process: not both";
    if (options->for_ns && !options->pid)
        return "--for needs --pid: a program is recorded until it ends";
    if (options->pid && (options->provider || options->no_preload))
        return "into a process that runs no provider can be loaded";
    if (options->snapshots && !options->flight)
        return "--snapshots needs --flight";
    return NULL;
}

int options_parse(struct options *out_options, int argc, char **argv, char text[OPTIONS_TEXT])
{
    struct options options = {0};
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0; i++) {
        if (options_flag(&options, argv[i]))
            continue;
        if (!options_has_value(argv[i])) {
            snprintf(text, OPTIONS_TEXT, "what is '%.60s'?", argv[i]);
            return -1;
        }
        if (i + 1 == argc) {
            snprintf(text, OPTIONS_TEXT, "%s needs a value", argv[i]);
            return -1;
        }
        if (options_value(&options, argv[i], argv[i + 1], text))
            return -1;
        i++;
    }
    if (i < argc && !strcmp(argv[i], "--"))
        i++;
    if (i < argc)
        options.program = &argv[i];
    const char *wrong = options_contradiction(&options);
    if (wrong) {
        snprintf(text, OPTIONS_TEXT, "%s", wrong);
        return -1;
    }
    if (!options.snapshots)
        options.snapshots = OPTIONS_SNAPSHOTS;
    *out_options = options;
    return 0;
}
