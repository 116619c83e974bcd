/* SPDX-License-Identifier: MIT */
/* See check.h: types, ranges, names and sections. Every environment is looked at, not only the one in force. */
#include "addons/config/check.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"

const char *weft__config_found(char out[WEFT__CONFIG_FOUND], const struct weft__config_node *node)
{
    char said[WEFT__CONFIG_SAID];
    switch (node->type) {
    case WEFT__TOML_TABLE:
        return "a table";
    case WEFT__TOML_ARRAY:
        return "an array";
    case WEFT__TOML_TIME:
        return "a date or time";
    case WEFT__TOML_FLAG:
        return node->flag ? "true" : "false";
    case WEFT__TOML_INTEGER:
        snprintf(out, WEFT__CONFIG_FOUND, "%" PRId64, node->integer);
        return out;
    case WEFT__TOML_NUMBER:
        snprintf(out, WEFT__CONFIG_FOUND, fabs(node->number) < 1e15 && node->number == trunc(node->number) ? "%.1f" : "%g", node->number);
        weft__number_point(out);
        return out;
    case WEFT__TOML_TEXT:
        snprintf(out, WEFT__CONFIG_FOUND, "the string '%s'", weft__config_said(said, node->text, node->text_length));
        return out;
    }
    return "";
}

/* "an integer from 1 to 1024" */
static void check_expected(char *out, size_t room, const struct weft__config_key *key)
{
    switch (key->value) {
    case WEFT__CONFIG_INTEGER:
        snprintf(out, room, "an integer from %" PRId64 " to %" PRId64, key->low, key->high);
        return;
    case WEFT__CONFIG_FRACTION:
        snprintf(out, room, "a number above 0 and at most 1");
        return;
    case WEFT__CONFIG_FLAG:
        snprintf(out, room, "true or false");
        return;
    case WEFT__CONFIG_TEXT:
        snprintf(out, room, "a string of %" PRId64 " to %" PRId64 " bytes without control characters", key->low, key->high);
        return;
    case WEFT__CONFIG_CHOICE: {
        size_t used = (size_t)snprintf(out, room, "one of");
        for (const char *word = key->choices; *word && used < room; word += strcspn(word, "|"), word += *word == '|')
            used += (size_t)snprintf(out + used, room - used, "%s '%.*s'", word == key->choices ? "" : ",",
                                     (int)strcspn(word, "|"), word);
        return;
    }
    }
}

static bool check_is_clean(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        const size_t step = weft__utf8_sequence(text + at);
        if (step == 0 || weft__utf8_is_control(text + at, step))
            return false;
        at += step;
    }
    return true;
}

static bool check_fits(const struct weft__config_key *key, const struct weft__config_node *node)
{
    switch (key->value) {
    case WEFT__CONFIG_INTEGER:
        return node->type == WEFT__TOML_INTEGER && node->integer >= key->low && node->integer <= key->high;
    case WEFT__CONFIG_FRACTION:
        return (node->type == WEFT__TOML_NUMBER && node->number > 0 && node->number <= 1) ||
               (node->type == WEFT__TOML_INTEGER && node->integer == 1);
    case WEFT__CONFIG_FLAG:
        return node->type == WEFT__TOML_FLAG;
    case WEFT__CONFIG_TEXT:
        return node->type == WEFT__TOML_TEXT && (int64_t)node->text_length >= key->low &&
               (int64_t)node->text_length <= key->high && check_is_clean(node->text, node->text_length);
    case WEFT__CONFIG_CHOICE:
        return node->type == WEFT__TOML_TEXT && weft__config_choice(key->choices, node->text, node->text_length) >= 0;
    }
    return false;
}

void weft__config_check_value(struct weft__config_problems *problems, const struct weft__config_path *path,
                              const struct weft__config_key *key, const struct weft__config_node *node)
{
    if (check_fits(key, node))
        return;
    char expected[160], found[WEFT__CONFIG_FOUND];
    check_expected(expected, sizeof expected, key);
    struct weft__config_near near = {0};
    if (key->value == WEFT__CONFIG_CHOICE && node->type == WEFT__TOML_TEXT)
        for (const char *word = key->choices; *word; word += strcspn(word, "|"), word += *word == '|')
            weft__config_near(&near, node->text, node->text_length, word, strcspn(word, "|"));
    char meant[64] = "";
    if (near.word)
        snprintf(meant, sizeof meant, ": did you mean '%.*s'?", (int)near.length, near.word);
    weft__config_problem(problems, WEFT_CONFIG_ERROR, node->variable, node->value_at, path->text, "expected %s, found %s%s",
                         expected, weft__config_found(found, node), meant);
}

static void check_not_a_table(struct weft__config_problems *problems, const struct weft__config_path *path,
                              const struct weft__config_node *node, const char *expected)
{
    char found[WEFT__CONFIG_FOUND];
    weft__config_problem(problems, WEFT_CONFIG_ERROR, node->variable, node->value_at, path->text, "expected %s, found %s",
                         expected, weft__config_found(found, node));
}

void weft__config_check_unknown(struct weft__config_problems *problems, const struct weft__config_path *path,
                                enum weft__config_section section, const struct weft__config_node *node)
{
    struct weft__config_near near = {0};
    for (const struct weft__config_key *key = NULL; (key = weft__config_key_next(section, key));)
        weft__config_near(&near, node->key, node->key_length, key->name, strlen(key->name));
    char meant[96] = "";
    const char *why = weft__config_key_why(section, node->key, node->key_length);
    const struct weft__config_key *member = weft__config_key_of_member(section, node->key, node->key_length);
    if (why)
        snprintf(meant, sizeof meant, ": there is none for this: %s", why);
    else if (member)
        snprintf(meant, sizeof meant, ": it is called '%s' here", member->name);
    else if (near.word)
        snprintf(meant, sizeof meant, ": did you mean '%.*s'?", (int)near.length, near.word);
    weft__config_problem(problems, WEFT_CONFIG_ERROR, node->variable, node->key_at, path->text, "unknown key%s", meant);
}

/* The keys of [section], or of [section.<name>]. */
static void check_keys(struct weft__config_problems *problems, struct weft__config_path *path,
                       enum weft__config_section section, const struct weft__config_node *table)
{
    for (const struct weft__config_node *node = table->first; node; node = node->next) {
        const size_t before = weft__config_path_push(path, node->key, node->key_length);
        const struct weft__config_key *key = weft__config_key_of(section, node->key, node->key_length);
        if (key)
            weft__config_check_value(problems, path, key, node);
        else
            weft__config_check_unknown(problems, path, section, node);
        weft__config_path_pop(path, before);
    }
}

/* [section.<name>] */
static void check_named(struct weft__config_problems *problems, struct weft__config_path *path,
                        enum weft__config_section section, const struct weft__config_node *table)
{
    if (table->key_length == 0 || table->key_length > WEFT__CONFIG_NAME_MAX || !check_is_clean(table->key, table->key_length))
        weft__config_problem(problems, WEFT_CONFIG_ERROR, table->variable, table->key_at, path->text,
                             "expected a name of 1 to %d bytes without control characters", WEFT__CONFIG_NAME_MAX);
    check_keys(problems, path, section, table);
}

static void check_section(struct weft__config_problems *problems, struct weft__config_path *path,
                          enum weft__config_section section, const struct weft__config_node *table)
{
    const enum weft__config_shape shape = weft__config_section_shape(section);
    if (table->type != WEFT__TOML_TABLE) {
        check_not_a_table(problems, path, table, "a table");
        return;
    }
    if (shape == WEFT__CONFIG_PLAIN) {
        check_keys(problems, path, section, table);
        return;
    }
    for (const struct weft__config_node *node = table->first; node; node = node->next) {
        const size_t before = weft__config_path_push(path, node->key, node->key_length);
        const struct weft__config_key *key = weft__config_key_of(section, node->key, node->key_length);
        if (key && shape == WEFT__CONFIG_BOTH)
            weft__config_check_value(problems, path, key, node);
        else if (node->type == WEFT__TOML_TABLE)
            check_named(problems, path, section, node);
        else if (node->type == WEFT__TOML_ARRAY)
            check_not_a_table(problems, path, node, "a table");
        else if (key)
            weft__config_problem(problems, WEFT_CONFIG_ERROR, node->variable, node->key_at, path->text,
                                 "this belongs into [%s.<name>]", weft__config_section_name(section));
        else
            weft__config_check_unknown(problems, path, section, node);
        weft__config_path_pop(path, before);
    }
}

/* A name at the top that is no section: it may be one misspelt, or a key that stands too far out. */
static void check_stranger(struct weft__config_problems *problems, const struct weft__config_path *path,
                           const struct weft__config_node *node, bool outermost)
{
    struct weft__config_near near = {0};
    char meant[96] = "";
    for (unsigned i = 0; i < WEFT__CONFIG_SECTIONS; i++) {
        const char *name = weft__config_section_name(i);
        weft__config_near(&near, node->key, node->key_length, name, strlen(name));
        if (node->type != WEFT__TOML_TABLE && weft__config_key_of(i, node->key, node->key_length) && !*meant)
            snprintf(meant, sizeof meant, ": it belongs into [%s%s]", name,
                     weft__config_section_shape(i) == WEFT__CONFIG_NAMED ? ".<name>" : "");
    }
    weft__config_near(&near, node->key, node->key_length, "app", 3);
    if (outermost)
        weft__config_near(&near, node->key, node->key_length, "env", 3);
    if (near.word)
        snprintf(meant, sizeof meant, ": did you mean [%.*s]?", (int)near.length, near.word);
    else if (!*meant)
        snprintf(meant, sizeof meant, ": what is the program's own stands below [app]");
    weft__config_problem(problems, WEFT_CONFIG_ERROR, node->variable, node->key_at, path->text, "unknown %s%s",
                         node->type == WEFT__TOML_TABLE ? "section" : "key", meant);
}

static void check_environments(struct weft__config_problems *problems, struct weft__config_path *path,
                               const struct weft__config_node *environments);

/* The top of a file, or of an environment. */
static void check_top(struct weft__config_problems *problems, struct weft__config_path *path,
                      const struct weft__config_node *top, bool outermost)
{
    for (const struct weft__config_node *node = top->first; node; node = node->next) {
        const size_t before = weft__config_path_push(path, node->key, node->key_length);
        const enum weft__config_section section = weft__config_section_of(node->key, node->key_length);
        if (section < WEFT__CONFIG_SECTIONS)
            check_section(problems, path, section, node);
        else if (outermost && node->key_length == 3 && memcmp(node->key, "env", 3) == 0)
            check_environments(problems, path, node);
        else if (node->key_length != 3 || memcmp(node->key, "app", 3) != 0)
            check_stranger(problems, path, node, outermost);
        else if (node->type != WEFT__TOML_TABLE)
            check_not_a_table(problems, path, node, "a table");
        weft__config_path_pop(path, before);
    }
}

static void check_environments(struct weft__config_problems *problems, struct weft__config_path *path,
                               const struct weft__config_node *environments)
{
    unsigned count = 0;
    if (environments->type != WEFT__TOML_TABLE)
        check_not_a_table(problems, path, environments, "a table");
    for (const struct weft__config_node *node = weft__config_first(environments); node; node = node->next) {
        const size_t before = weft__config_path_push(path, node->key, node->key_length);
        if (++count == WEFT__CONFIG_ENVIRONMENTS_MAX + 1)
            weft__config_problem(problems, WEFT_CONFIG_ERROR, NULL, node->key_at, path->text, "more than %d environments",
                                 WEFT__CONFIG_ENVIRONMENTS_MAX);
        if (node->type == WEFT__TOML_TABLE)
            check_top(problems, path, node, false);
        else
            check_not_a_table(problems, path, node, "a table");
        weft__config_path_pop(path, before);
    }
}

enum { CHECK_OVER = 1, CHECK_CHANNEL = 2 };

/* A threshold, and where it comes from. */
struct check_level {
    const struct weft__config_node *node; /* NULL: it is the default */
    double value;
    bool over, channel; /* from an environment; from a channel's own section */
};

static void check_level(struct check_level *level, const struct weft__config_node *table, const char *key, unsigned source)
{
    const struct weft__config_node *node = weft__config_find(table, key, strlen(key));
    if (!node || (node->type != WEFT__TOML_NUMBER && node->type != WEFT__TOML_INTEGER))
        return;
    *level = (struct check_level){
        .node = node, .value = node->type == WEFT__TOML_NUMBER ? node->number : (double)node->integer,
        .over = source & CHECK_OVER, .channel = source & CHECK_CHANNEL};
}

/* Degraded against critical, as four tables say: the monitor's, its overlay, the channel's, its overlay. */
static void check_levels(struct weft__config_problems *problems, const char *const keys[4],
                         const struct weft__config_node *tables[4])
{
    struct check_level degraded = {.value = 0.80}, critical = {.value = 0.95};
    for (int i = 0; i < 4; i++) { /* the nearest wins; i is CHECK_OVER and CHECK_CHANNEL */
        check_level(&degraded, tables[i], "degraded_at", (unsigned)i);
        check_level(&critical, tables[i], "critical_at", (unsigned)i);
    }
    /* What is wrong without the overlay, or without the channel, is said there. */
    const bool news = (!keys[0] || degraded.over || critical.over) && (!keys[3] || degraded.channel || critical.channel);
    const struct weft__config_node *at = degraded.node ? degraded.node : critical.node;
    if (degraded.value <= critical.value || !at || !news)
        return;
    char where[64] = "the default";
    if (at == degraded.node && critical.node && !critical.node->variable)
        snprintf(where, sizeof where, "that of line %u", critical.node->value_at.line);
    else if (at == degraded.node && critical.node)
        snprintf(where, sizeof where, "that of %.50s", critical.node->variable);
    struct weft__config_path path = {.length = 0};
    for (int i = 0; i < 4; i++)
        if (keys[i])
            weft__config_path_push(&path, keys[i], strlen(keys[i]));
    weft__config_path_push(&path, at->key, at->key_length);
    weft__config_problem(problems, WEFT_CONFIG_ERROR, at->variable, at->value_at, path.text,
                         at == degraded.node ? "degraded_at %g is above critical_at %g, %s"
                                             : "degraded_at %g, the default, is above critical_at %g",
                         degraded.value, critical.value, where);
}

void weft__config_check_thresholds(struct weft__config_problems *problems, const struct weft__config_node *base,
                                   const struct weft__config_node *over)
{
    const struct weft__config_node *monitor = weft__config_find(base, "monitor", 7);
    const struct weft__config_node *over_monitor = over ? weft__config_find(over, "monitor", 7) : NULL;
    const struct weft__config_node *over_channels = over ? weft__config_find(over, "channels", 8) : NULL;
    if (over && !over_monitor && !over_channels)
        return;
    const char *environment = over ? over->key : NULL;
    check_levels(problems, (const char *const[4]){over ? "env" : NULL, environment, "monitor", NULL},
                 (const struct weft__config_node *[4]){monitor, over_monitor, NULL, NULL});
    struct weft__config_pair pair = {.left = weft__config_first(weft__config_find(base, "channels", 8)),
                                     .right = weft__config_first(over_channels)};
    while (weft__config_pair_next(&pair)) {
        const struct weft__config_node *channel = pair.b ? pair.b : pair.a;
        check_levels(problems, (const char *const[4]){over ? "env" : NULL, environment, "channels", channel->key},
                     (const struct weft__config_node *[4]){monitor, over_monitor, pair.a, pair.b});
    }
}

void weft__config_check(struct weft__config_problems *problems, const struct weft__config_node *root)
{
    struct weft__config_path path = {.length = 0};
    check_top(problems, &path, root, true);
    if (problems->count)
        return; /* what does not fit by itself is not compared */
    weft__config_check_thresholds(problems, root, NULL);
    for (const struct weft__config_node *over = weft__config_first(weft__config_find(root, "env", 3)); over; over = over->next)
        weft__config_check_thresholds(problems, root, over);
}
