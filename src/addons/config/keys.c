/* SPDX-License-Identifier: MIT */
/* See keys.h. */
#include "addons/config/keys.h"

#include <ctype.h>
#include <string.h>
#include <weft/config.h>
#include <weft/diag.h>
#include <weft/otlp.h>

/* A key's place in the section's option struct, where the section has one. */
#define KEYS_OF(type, name) .member = #name, .offset = offsetof(type, name), .size = sizeof(((type *)0)->name)
#define KEYS_IN_runtime(name) KEYS_OF(weft_runtime_options, name)
#define KEYS_IN_channels(name) KEYS_OF(weft_channel_options, name)
#define KEYS_IN_diag(name) KEYS_OF(weft_diag_options, name)
#define KEYS_IN_otlp(name) KEYS_OF(weft_otlp_options, name)
#define KEYS_IN_monitor(name) .member = "", .size = 0

enum { KEYS_START, KEYS_LIVE };

static const struct {
    const char *name;
    enum weft__config_shape shape;
} sections[] = {
#define WEFT_CONFIG_SECTION(section, shape, text) {#section, WEFT__CONFIG_##shape},
#include "addons/config/rows.h"
};

static const struct weft__config_key keys[] = {
#define KEYS_ROW(in, key, kind, when, ...)                                                                             \
    {.section = WEFT__CONFIG_##in, .name = #key, .value = WEFT__CONFIG_##kind, .live = KEYS_##when, __VA_ARGS__},
#define WEFT_CONFIG_INTEGER(section, key, member, from, to, otherwise, when, text)                                     \
    KEYS_ROW(section, key, INTEGER, when, .low = from, .high = to, KEYS_IN_##section(member))
#define WEFT_CONFIG_FRACTION(section, key, member, otherwise, when, text)                                              \
    KEYS_ROW(section, key, FRACTION, when, KEYS_IN_##section(member))
#define WEFT_CONFIG_FLAG(section, key, member, otherwise, when, text)                                                  \
    KEYS_ROW(section, key, FLAG, when, KEYS_IN_##section(member))
#define WEFT_CONFIG_TEXT(section, key, member, from, to, otherwise, when, text)                                        \
    KEYS_ROW(section, key, TEXT, when, .low = from, .high = to, KEYS_IN_##section(member))
#define WEFT_CONFIG_CHOICE(section, key, member, words, otherwise, when, text)                                         \
    KEYS_ROW(section, key, CHOICE, when, .choices = words, KEYS_IN_##section(member))
#include "addons/config/rows.h"
};

static const struct {
    enum weft__config_section section;
    const char *member, *why;
} keyless[] = {
#define WEFT_CONFIG_NOT(section, member, why) {WEFT__CONFIG_##section, #member, why},
#include "addons/config/rows.h"
};

enum { KEYS_COUNT = sizeof keys / sizeof *keys };

static bool keys_same(const char *word, const char *name, size_t length)
{
    return strlen(word) == length && memcmp(word, name, length) == 0;
}

const char *weft__config_section_name(enum weft__config_section section) { return sections[section].name; }

enum weft__config_shape weft__config_section_shape(enum weft__config_section section) { return sections[section].shape; }

enum weft__config_section weft__config_section_of(const char *name, size_t length)
{
    unsigned section = 0;
    while (section < WEFT__CONFIG_SECTIONS && !keys_same(sections[section].name, name, length))
        section++;
    return (enum weft__config_section)section;
}

const struct weft__config_key *weft__config_key_next(enum weft__config_section section, const struct weft__config_key *key)
{
    for (key = key ? key + 1 : keys; key < keys + KEYS_COUNT; key++)
        if (key->section == section)
            return key;
    return NULL;
}

const struct weft__config_key *weft__config_key_of(enum weft__config_section section, const char *name, size_t length)
{
    const struct weft__config_key *key = NULL;
    while ((key = weft__config_key_next(section, key)) && !keys_same(key->name, name, length)) {
    }
    return key;
}

const struct weft__config_key *weft__config_key_of_member(enum weft__config_section section, const char *member, size_t length)
{
    const struct weft__config_key *key = NULL;
    while ((key = weft__config_key_next(section, key)) && !keys_same(key->member, member, length)) {
    }
    return key;
}

const char *weft__config_key_why(enum weft__config_section section, const char *member, size_t length)
{
    for (size_t i = 0; i < sizeof keyless / sizeof *keyless; i++)
        if (keyless[i].section == section && keys_same(keyless[i].member, member, length))
            return keyless[i].why;
    return NULL;
}

int weft__config_choice(const char *choices, const char *word, size_t length)
{
    for (int at = 0;; at++) {
        const size_t size = strcspn(choices, "|");
        if (size == length && memcmp(choices, word, length) == 0)
            return at;
        if (!choices[size])
            return -1;
        choices += size + 1;
    }
}

enum { NEAR_LENGTH = 40 };

/*
 * Letters that are missing, too many, wrong, or two that have changed places: how many. The restricted edit distance of
 * F. Damerau, "A technique for computer detection and correction of spelling errors", 1964, row by row.
 */
static bool near_same(char a, char b) { return tolower((unsigned char)a) == tolower((unsigned char)b); }

static unsigned near_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned row[3][NEAR_LENGTH + 1];
    for (unsigned j = 0; j <= b_length; j++)
        row[0][j] = j;
    for (unsigned i = 1; i <= a_length; i++) {
        unsigned *now = row[i % 3], *before = row[(i + 2) % 3], *second = row[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= b_length; j++) {
            unsigned best = before[j - 1] + !near_same(a[i - 1], b[j - 1]);
            best = before[j] + 1 < best ? before[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && near_same(a[i - 1], b[j - 2]) && near_same(a[i - 2], b[j - 1]) &&
                second[j - 2] + 1 < best)
                best = second[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[a_length % 3][b_length];
}

void weft__config_near(struct weft__config_near *near, const char *written, size_t written_length, const char *word,
                       size_t length)
{
    if (written_length == 0 || written_length > NEAR_LENGTH || length > NEAR_LENGTH)
        return;
    const unsigned distance = near_distance(written, written_length, word, length);
    const unsigned enough = length < 4 ? 1 : length < 9 ? 2 : 3;
    if (distance > enough || (near->word && distance >= near->distance))
        return;
    *near = (struct weft__config_near){.word = word, .length = length, .distance = distance};
}
