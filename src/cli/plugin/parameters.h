/* SPDX-License-Identifier: MIT */
/* The parameters of a component: what babeltrace2's -p gives. Each is asked for once; what is left was misspelt. */
#ifndef WEFT_CLI_PLUGIN_PARAMETERS_H
#define WEFT_CLI_PLUGIN_PARAMETERS_H

#include <babeltrace2/babeltrace.h>
#include <stdbool.h>

enum { PARAMETERS_TEXT = 512 };

struct parameters {
    const bt_value *map;
    uint64_t asked; /* how many of its entries */
    bool failed;    /* `text` says why; what was asked for later stays as it was */
    char text[PARAMETERS_TEXT];
};

/* Its value, or NULL: there is none, or it is no text. The text is the map's. */
const char *parameters_text(struct parameters *parameters, const char *key);

/* One of these words, by its place, and the first if there is none; `words` ends with NULL. */
unsigned parameters_word(struct parameters *parameters, const char *key, const char *const *words);

bool parameters_flag(struct parameters *parameters, const char *key);

/* Is there an entry that nobody asked for? Then it has failed. `known` says which there are. */
void parameters_end(struct parameters *parameters, const char *known);

/* It has failed with this sentence. */
void parameters_refuse(struct parameters *parameters, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
