/* SPDX-License-Identifier: MIT */
/*
 * See variables.h. Names have only capitals, digits and underscores, so a part stands for the key that looks like it: one
 * that the file has already, or the part in small letters. The row of the key says of which type the value is; below [app]
 * the value that the file has says it, and without one it is a string.
 */
#include "addons/config/variables.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "addons/config/check.h"
#include "base/number.h"

const char *weft__config_variables_environment(void) { return secure_getenv("WEFT_ENV"); }

static bool variables_is_ours(const char *text, const char *prefix)
{
    const size_t length = strlen(prefix);
    const char *end = strchr(text, '=');
    const char *mark = strncmp(text, prefix, length) == 0 ? strstr(text + length, "__") : NULL;
    return mark && end && mark < end && mark != text + length;
}

int weft__config_variables_read(struct weft__config_tree *tree, const char *prefix, struct weft__config_variable **out_list)
{
    for (char **entry = getauxval(AT_SECURE) ? NULL : environ; entry && *entry; entry++) {
        if (!variables_is_ours(*entry, prefix))
            continue;
        const size_t length = (size_t)(strchr(*entry, '=') - *entry);
        struct weft__config_variable *variable = weft__config_tree_alloc(tree, sizeof *variable);
        if (!variable)
            return WEFT_ENOMEM;
        variable->next = *out_list;
        variable->name = weft__config_tree_copy(tree, *entry, length);
        variable->value = weft__config_tree_copy(tree, *entry + length + 1, strlen(*entry + length + 1));
        if (!variable->name || !variable->value)
            return WEFT_ENOMEM;
        *out_list = variable;
    }
    return 0;
}

static bool variables_alike(const char *part, size_t part_length, const char *key, size_t length)
{
    if (part_length != length)
        return false;
    for (size_t i = 0; i < length; i++) {
        const char c = isalnum((unsigned char)key[i]) ? (char)toupper((unsigned char)key[i]) : '_';
        if (c != toupper((unsigned char)part[i]))
            return false;
    }
    return true;
}

/* The key of a table that a part stands for; NULL: no memory. */
static struct weft__config_node *variables_step(struct weft__config_tree *tree, struct weft__config_node *table,
                                                const char *part, size_t length)
{
    for (struct weft__config_node *node = table->first; node; node = node->next)
        if (variables_alike(part, length, node->key, node->key_length))
            return node;
    char *name = weft__config_tree_copy(tree, part, length);
    for (char *c = name; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return name ? weft__config_reach(tree, table, name) : NULL;
}

/* A value as it would be written in the file, as far as it is of that type; as a string if it is not. */
static void variables_value(struct weft__config_node *node, enum weft__toml_type type, const char *value)
{
    char *end = NULL;
    errno = 0;
    if (type == WEFT__TOML_INTEGER) {
        node->integer = strtoll(value, &end, 10);
    } else if (type == WEFT__TOML_NUMBER) {
        node->number = weft__number_read(value, &end);
    } else if (type == WEFT__TOML_FLAG && (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)) {
        node->flag = *value == 't';
        node->type = type;
        return;
    }
    const bool whole = end && end != value && *end == '\0' && errno == 0 && !isspace((unsigned char)*value);
    node->type = whole ? type : WEFT__TOML_TEXT;
    node->text = value;
    node->text_length = strlen(value);
}

static enum weft__toml_type variables_type(const struct weft__config_key *key, const struct weft__config_node *node)
{
    static const enum weft__toml_type types[] = {
        [WEFT__CONFIG_INTEGER] = WEFT__TOML_INTEGER, [WEFT__CONFIG_FRACTION] = WEFT__TOML_NUMBER,
        [WEFT__CONFIG_FLAG] = WEFT__TOML_FLAG,       [WEFT__CONFIG_TEXT] = WEFT__TOML_TEXT,
        [WEFT__CONFIG_CHOICE] = WEFT__TOML_TEXT,
    };
    return key ? types[key->value] : node->type;
}

/* The row of parts[0].parts[1], or of parts[0].<name>.parts[2]; NULL: none. */
static const struct weft__config_key *variables_row(enum weft__config_section section, unsigned depth,
                                                    const struct weft__config_node *leaf)
{
    const enum weft__config_shape shape = weft__config_section_shape(section);
    const unsigned wanted = shape == WEFT__CONFIG_PLAIN ? 2 : shape == WEFT__CONFIG_NAMED ? 3 : depth == 3 ? 3 : 2;
    return depth == wanted ? weft__config_key_of(section, leaf->key, leaf->key_length) : NULL;
}

static void variables_apply_one(struct weft__config_problems *problems, struct weft__config_tree *tree, const char *parts,
                                const struct weft__config_variable *variable)
{
    struct weft__config_path path = {.length = 0};
    struct weft__config_node *node = &tree->root, *top = NULL;
    const struct weft__toml_place nowhere = {0, 0};
    unsigned depth = 0;
    for (const char *part = parts; part; depth++) {
        const char *end = strstr(part, "__");
        const size_t length = end ? (size_t)(end - part) : strlen(part);
        if (length == 0 || depth == WEFT_CONFIG_DEPTH_MAX || node->type != WEFT__TOML_TABLE) {
            weft__config_problem(problems, WEFT_CONFIG_ERROR, variable->name, nowhere, path.text,
                                 "expected a name of the form SECTION__KEY or SECTION__NAME__KEY");
            return;
        }
        if (!(node = variables_step(tree, node, part, length))) {
            problems->no_memory = true;
            return;
        }
        weft__config_path_push(&path, node->key, node->key_length);
        top = top ? top : node;
        part = end ? end + 2 : NULL;
    }
    const enum weft__config_section section = weft__config_section_of(top->key, top->key_length);
    const bool app = top->key_length == 3 && memcmp(top->key, "app", 3) == 0;
    const struct weft__config_key *key = section < WEFT__CONFIG_SECTIONS ? variables_row(section, depth, node) : NULL;
    node->variable = variable->name;
    if (section < WEFT__CONFIG_SECTIONS && !key) {
        weft__config_check_unknown(problems, &path, section, node);
        return;
    }
    if (!key && (!app || depth < 2)) {
        weft__config_problem(problems, WEFT_CONFIG_ERROR, variable->name, nowhere, path.text, "unknown section");
        return;
    }
    if (!key && node->first) {
        weft__config_problem(problems, WEFT_CONFIG_ERROR, variable->name, nowhere, path.text,
                             "this is %s in the file", node->type == WEFT__TOML_ARRAY ? "an array" : "a table");
        return;
    }
    variables_value(node, variables_type(key, node), variable->value);
    if (key)
        weft__config_check_value(problems, &path, key, node);
}

void weft__config_variables_apply(struct weft__config_problems *problems, struct weft__config_tree *tree, const char *prefix,
                                  const struct weft__config_variable *list)
{
    for (; list; list = list->next)
        variables_apply_one(problems, tree, list->name + strlen(prefix), list);
}
