/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* getopt_long */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <weft.h>

static const char options_usage[] =
    "usage: pipeline [OPTION]... [PATH]...\n"
    "Count the words of files and folders (by default the documentation that Debian installed).\n"
    "\n"
    "  --workers N    worker threads; 0, the default: one per processor of this process\n"
    "  --capacity N   messages that a channel holds (64)\n"
    "  --chunk BYTES  size of the pieces that files are cut into (65536)\n"
    "  --top N        how many of the most frequent words to print (20)\n"
    "  --all          print a line 'count word' for every word instead, by word\n"
    "  --stats        print the channels and the changes of their health on stderr\n"
    "  --trace        let LTTng record the run\n"
    "  --help         print this\n"
    "\n"
    "Exit code: 0, or 1 if something could not be read or failed, 2 for a wrong option, 130 if interrupted.\n";

static char *const options_default_paths[] = {"/usr/share/doc", "/usr/share/common-licenses", NULL};

static bool options_number(const char *name, const char *text, size_t min, size_t max, size_t *out_value)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < min || value > max) {
        fprintf(stderr, "pipeline: --%s %s: give a number from %zu to %zu\n", name, text, min, max);
        return false;
    }
    *out_value = (size_t)value;
    return true;
}

bool options_parse(int argc, char **argv, struct options *out_options, int *out_exit_code)
{
    enum { WORKERS, CAPACITY, CHUNK, TOP, ALL, STATS, TRACE, HELP };
    static const struct option names[] = {
        {"workers", required_argument, NULL, WORKERS}, {"capacity", required_argument, NULL, CAPACITY},
        {"chunk", required_argument, NULL, CHUNK},     {"top", required_argument, NULL, TOP},
        {"all", no_argument, NULL, ALL},               {"stats", no_argument, NULL, STATS},
        {"trace", no_argument, NULL, TRACE},           {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0}};
    struct options options = {.capacity = 64, .chunk_size = 65536, .top = 20};
    size_t workers = 0;
    bool good = true;
    *out_exit_code = 2;
    for (int name, index; good && (name = getopt_long(argc, argv, "", names, &index)) != -1;) {
        switch (name) {
        case WORKERS: good = options_number("workers", optarg, 0, WEFT_WORKERS_MAX, &workers); break;
        case CAPACITY: good = options_number("capacity", optarg, 0, SIZE_MAX, &options.capacity); break;
        case CHUNK: good = options_number("chunk", optarg, 1, 1 << 30, &options.chunk_size); break;
        case TOP: good = options_number("top", optarg, 0, SIZE_MAX, &options.top); break;
        case ALL: options.all = true; break;
        case STATS: options.stats = true; break;
        case TRACE: options.trace = true; break;
        case HELP: fputs(options_usage, stdout); *out_exit_code = 0; return false;
        default: fputs("pipeline --help tells the options\n", stderr); return false;
        }
    }
    if (!good)
        return false;
    options.workers = (uint32_t)workers;
    options.paths = optind < argc ? argv + optind : options_default_paths;
    *out_options = options;
    return true;
}
