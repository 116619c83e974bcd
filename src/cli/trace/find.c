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

enum {
    FIND_DEPTH_MAX = 12,
    FIND_PATH_MAX = 4096,
    PACKET_USED_AT = 24, /* of metadata: magic number, UUID and checksum, then bits used and bits in all */
    PACKET_SIZE_AT = 28,
    PACKET_HEAD = 37
};

static const char find_text[] = "/* CTF 1";

static uint32_t find_number(const unsigned char *at, bool swapped)
{
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return swapped ? __builtin_bswap32(number) : number;
}

/* Does the file end where a packet of metadata does? */
static bool find_whole(FILE *file)
{
    unsigned char head[PACKET_HEAD];
    const uint32_t magic = 0x75d11d57;
    long at = 0, end;
    if (fseek(file, 0, SEEK_END) || (end = ftell(file)) < 0)
        return false;
    while (at < end) {
        if (fseek(file, at, SEEK_SET) || fread(head, 1, sizeof head, file) != sizeof head)
            return false;
        const bool swapped = find_number(head, false) != magic;
        const uint32_t used = find_number(head + PACKET_USED_AT, swapped),
                       size = find_number(head + PACKET_SIZE_AT, swapped);
        if (find_number(head, swapped) != magic || used > size || used / 8 < PACKET_HEAD || size / 8 > end - at)
            return false;
        at += size / 8;
    }
    return true;
}

/* Is it the metadata of a trace? Either byte order: the magic number is 0x75d11d57. */
static bool find_metadata(const char *path, unsigned char uuid[FIND_UUID], bool *out_cut)
{
    unsigned char head[4 + FIND_UUID] = {0};
    FILE *file = fopen(path, "rbe");
    if (!file)
        return false;
    size_t size = fread(head, 1, sizeof head, file);
    *out_cut = size == sizeof head && !find_whole(file);
    fclose(file);
    memset(uuid, 0, FIND_UUID);
    if (size >= sizeof find_text - 1 && !memcmp(head, find_text, sizeof find_text - 1)) {
        *out_cut = false; /* plain text has no packets */
        return true;
    }
    if (size < sizeof head || (memcmp(head, "\x57\x1d\xd1\x75", 4) != 0 && memcmp(head, "\x75\xd1\x1d\x57", 4) != 0))
        return false;
    memcpy(uuid, head + 4, FIND_UUID);
    return true;
}

static void find_add(struct find *find, const char *path, const unsigned char uuid[FIND_UUID], bool cut)
{
    find->traces = memory_resize(find->traces, find->count + 1, sizeof *find->traces);
    struct find_trace *trace = &find->traces[find->count++];
    trace->path = memory_text(path);
    trace->cut = cut;
    memcpy(trace->uuid, uuid, FIND_UUID);
}

static int find_folder(struct find *find, const char *path, int depth)
{
    DIR *folder = opendir(path);
    if (!folder)
        return errno;
    char below[FIND_PATH_MAX];
    unsigned char uuid[FIND_UUID];
    bool cut;
    if (snprintf(below, sizeof below, "%s/metadata", path) < (int)sizeof below && find_metadata(below, uuid, &cut))
        find_add(find, path, uuid, cut);
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
