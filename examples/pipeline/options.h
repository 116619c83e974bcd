/* SPDX-License-Identifier: MIT */
/* The command line of the pipeline. */
#ifndef PIPELINE_OPTIONS_H
#define PIPELINE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    uint32_t workers;
    size_t capacity;
    size_t chunk_size;
    size_t top;
    bool all;
    bool stats;
    bool trace;
    char *const *paths;
};

/* True: go on. False: the program ends with *out_exit_code; what there was to say has been printed. */
bool options_parse(int argc, char **argv, struct options *out_options, int *out_exit_code);

#endif
