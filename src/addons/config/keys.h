/* SPDX-License-Identifier: MIT */
/* The keys that there are, from <weft/config_keys.def>, and the one that was probably meant. */
#ifndef WEFT_ADDONS_CONFIG_KEYS_H
#define WEFT_ADDONS_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum weft__config_section {
#define WEFT_CONFIG_SECTION(section, shape, text) WEFT__CONFIG_##section,
#include "addons/config/rows.h"
    WEFT__CONFIG_SECTIONS
};

/* [section] has keys, [section.<name>] has. */
enum weft__config_shape { WEFT__CONFIG_PLAIN = 1, WEFT__CONFIG_NAMED = 2, WEFT__CONFIG_BOTH = 3 };

enum weft__config_value {
    WEFT__CONFIG_INTEGER,
    WEFT__CONFIG_FRACTION,
    WEFT__CONFIG_FLAG,
    WEFT__CONFIG_TEXT,
    WEFT__CONFIG_CHOICE,
};

struct weft__config_key {
    enum weft__config_section section;
    const char *name;
    enum weft__config_value value;
    int64_t low, high;
    const char *choices; /* "a|b|c" */
    bool live;
    const char *member;  /* of the section's option struct */
    size_t offset, size; /* of it; size 0: of no struct */
};

const char *weft__config_section_name(enum weft__config_section section);
enum weft__config_shape weft__config_section_shape(enum weft__config_section section);

/* The section of this name; WEFT__CONFIG_SECTIONS: there is none. */
enum weft__config_section weft__config_section_of(const char *name, size_t length);

/* The key of this name, or NULL. */
const struct weft__config_key *weft__config_key_of(enum weft__config_section section, const char *name, size_t length);

/* The key for this member of the section's option struct, or NULL; and why there is none for a member, or NULL. */
const struct weft__config_key *weft__config_key_of_member(enum weft__config_section section, const char *member, size_t length);
const char *weft__config_key_why(enum weft__config_section section, const char *member, size_t length);

/* The section's keys one after another, from NULL on, and NULL at the end. */
const struct weft__config_key *weft__config_key_next(enum weft__config_section section, const struct weft__config_key *key);

/* Which of "a|b|c" it is, from 0; -1: none. */
int weft__config_choice(const char *choices, const char *word, size_t length);

/* The word that was probably meant, of those that are offered one by one: begin with a zeroed one. */
struct weft__config_near {
    const char *word; /* the best so far, or NULL */
    size_t length;
    unsigned distance;
};
void weft__config_near(struct weft__config_near *near, const char *written, size_t written_length, const char *word,
                       size_t length);

#endif
