/* SPDX-License-Identifier: MIT */
/*
 * A trace is a folder with a file `metadata` that is CTF: packets (a magic number and the trace's UUID), or text that
 * says so. Chunks of a rotated recording and snapshots share their trace's UUID and have to be read as one, since
 * packets may be in several of them.
 */
#include "cli/trace/find.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

enum { FIND_DEPTH_MAX = 12, FIND_PATH_MAX = 4096 };

static const char find_text[] = "/* CTF 1";

/* Is it the metadata of a trace? Either byte order: the magic number is 0x75d11d57. */
static bool find_metadata(const char *path, unsigned char uuid[FIND_UUID])
{
    unsigned char head[4 + FIND_UUID] = {0};
    FILE *file = fopen(path, "rbe");
    if (!file)
        return false;
    size_t size = fread(head, 1, sizeof head, file);
    fclose(file);
    memset(uuid, 0, FIND_UUID);
    if (size >= sizeof find_text - 1 && !memcmp(head, find_text, sizeof find_text - 1))
        return true;
    if (size < sizeof head || (memcmp(head, "\x57\x1d\xd1\x75", 4) != 0 && memcmp(head, "\x75\xd1\x1d\x57", 4) != 0))
        return false;
    memcpy(uuid, head + 4, FIND_UUID);
    return true;
}

static void find_add(struct find *find, const char *path, const unsigned char uuid[FIND_UUID])
{
    find->traces = memory_resize(find->traces, find->count + 1, sizeof *find->traces);
    struct find_trace *trace = &find->traces[find->count++];
    trace->path = memory_text(path);
    memcpy(trace->uuid, uuid, FIND_UUID);
}

static int find_folder(struct find *find, const char *path, int depth)
{
    DIR *folder = opendir(path);
    if (!folder)
        return errno;
    char below[FIND_PATH_MAX];
    unsigned char uuid[FIND_UUID];
    if (snprintf(below, sizeof below, "%s/metadata", path) < (int)sizeof below && find_metadata(below, uuid))
        find_add(find, path, uuid);
    for (const struct dirent *entry; depth < FIND_DEPTH_MAX && (entry = readdir(folder));) {
        if (entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
            continue;
        if (snprintf(below, sizeof below, "%s/%s", path, entry->d_name) < (int)sizeof below)
            (void)find_folder(find, below, depth + 1); /* what cannot be read holds nothing for us */
    }
    closedir(folder);
    return 0;
}

static int find_order(const void *left, const void *right)
{
    const struct find_trace *a = left, *b = right;
    int order = memcmp(a->uuid, b->uuid, FIND_UUID);
    return order ? order : strcmp(a->path, b->path);
}

int find_traces(struct find *find, const char *path)
{
    *find = (struct find){0};
    int error = find_folder(find, path, 0);
    if (find->count)
        qsort(find->traces, find->count, sizeof *find->traces, find_order);
    return error;
}

void find_fini(struct find *find)
{
    for (size_t i = 0; i < find->count; i++)
        free(find->traces[i].path);
    free(find->traces);
}
