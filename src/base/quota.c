/* SPDX-License-Identifier: MIT */
/*
 * Two tables of the kernel say where to look: /proc/self/cgroup the path of the group in its hierarchy, and
 * /proc/self/mountinfo where the hierarchy is mounted, and from which group on: a container may see only a part of it.
 */
#include "base/quota.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { QUOTA_PATH = 512, QUOTA_LINE = 1024, QUOTA_MAX = 1024 };

/* The hierarchy that limits processors. */
struct quota_group {
    bool found;
    bool unified;              /* version 2 */
    char path[QUOTA_PATH];     /* of the group, in its hierarchy */
    char folder[QUOTA_PATH];   /* where it is mounted, behind the root */
    char mounted[QUOTA_PATH];  /* which of its groups lies there */
};

static FILE *quota_open(const char *root, const char *path)
{
    char whole[QUOTA_PATH + 64];
    if ((size_t)snprintf(whole, sizeof whole, "%s%s", root, path) >= sizeof whole)
        return NULL;
    return fopen(whole, "re");
}

/* Whether a word stands in a list with commas. */
static bool quota_lists(const char *list, const char *word)
{
    const size_t length = strlen(word);
    for (; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
        if (strncmp(list, word, length) == 0 && (list[length] == ',' || list[length] == '\0'))
            return true;
    return false;
}

static bool quota_keep(char out[QUOTA_PATH], const char *text)
{
    return (size_t)snprintf(out, QUOTA_PATH, "%s", text) < QUOTA_PATH;
}

/* "4:cpu,cpuacct:/a/b" of version 1, "0::/a/b" of version 2. */
static void quota_find_path(const char *root, struct quota_group *group)
{
    char line[QUOTA_LINE];
    FILE *file = quota_open(root, "/proc/self/cgroup");
    while (file && fgets(line, sizeof line, file)) {
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';
        const bool unified = strncmp(line, "0:", 2) == 0 && controllers[1] == '\0';
        const bool better = quota_lists(controllers + 1, "cpu") || (unified && !group->found);
        if (!better || !quota_keep(group->path, path))
            continue;
        group->found = true;
        group->unified = unified;
    }
    if (file)
        fclose(file);
}

/* Blanks and the like are written as three octal digits behind a backslash. */
static void quota_decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        unsigned code;
        if (from[0] == '\\' && sscanf(from + 1, "%3o", &code) == 1) {
            *to = (char)code;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* "31 23 0:28 /mounted /folder rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct". */
static bool quota_is_mounted_by(char *line, struct quota_group *group)
{
    char mounted[QUOTA_PATH], folder[QUOTA_PATH], type[32], options[QUOTA_PATH];
    const char *rest = strstr(line, " - ");
    if (!rest || sscanf(line, "%*s %*s %*s %511s %511s", mounted, folder) != 2 ||
        sscanf(rest, " - %31s %*s %511s", type, options) != 2)
        return false;
    if (group->unified ? strcmp(type, "cgroup2") != 0 : strcmp(type, "cgroup") != 0 || !quota_lists(options, "cpu"))
        return false;
    quota_decode(mounted);
    quota_decode(folder);
    return quota_keep(group->mounted, mounted) && quota_keep(group->folder, folder);
}

static bool quota_find_folder(const char *root, struct quota_group *group)
{
    char line[QUOTA_LINE];
    bool found = false;
    FILE *file = quota_open(root, "/proc/self/mountinfo");
    while (file && !found && fgets(line, sizeof line, file))
        found = quota_is_mounted_by(line, group);
    if (file)
        fclose(file);
    return found;
}

/* The first number of a file, or two of them; how many. */
static int quota_read(const char *root, const char *folder, const char *name, long long numbers[2])
{
    char path[QUOTA_PATH + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = quota_open(root, path);
    const int count = file ? fscanf(file, "%lld %lld", &numbers[0], &numbers[1]) : 0;
    if (file)
        fclose(file);
    return count;
}

/* Processors that this one group allows; 0: any. "max 100000" has no number at its beginning. */
static unsigned quota_of(const char *root, const char *folder, bool unified)
{
    long long quota[2] = {0}, period[2] = {0};
    if (unified) {
        if (quota_read(root, folder, "cpu.max", quota) != 2)
            return 0;
        period[0] = quota[1];
    } else if (quota_read(root, folder, "cpu.cfs_quota_us", quota) < 1 || quota_read(root, folder, "cpu.cfs_period_us", period) < 1) {
        return 0;
    }
    if (quota[0] <= 0 || period[0] <= 0) /* -1: version 1 has none */
        return 0;
    const long long processors = (quota[0] - 1) / period[0] + 1;
    return processors > QUOTA_MAX ? QUOTA_MAX : (unsigned)processors;
}

unsigned weft__quota_processors(const char *root)
{
    struct quota_group group = {0};
    quota_find_path(root, &group);
    if (!group.found || !quota_find_folder(root, &group))
        return 0;

    /* The group's folder: its path without the part that lies at the mount point, or the mount point if it is not below. */
    char folder[2 * QUOTA_PATH];
    const size_t part = strcmp(group.mounted, "/") == 0 ? 0 : strlen(group.mounted);
    const bool below = strncmp(group.path, group.mounted, part) == 0 && group.path[part] == '/' && !strstr(group.path, "/..");
    const size_t top = strlen(group.folder);
    snprintf(folder, sizeof folder, "%s%s", group.folder, below ? group.path + part : "");

    unsigned least = 0;
    for (size_t length = strlen(folder);; folder[length] = '\0') {
        const unsigned processors = quota_of(root, folder, group.unified);
        if (processors != 0 && (least == 0 || processors < least))
            least = processors;
        if (length <= top)
            return least;
        do
            length--;
        while (length > top && folder[length] != '/');
    }
}
