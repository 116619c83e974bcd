/* SPDX-License-Identifier: MIT */
/* See buffers.h. */
#include "cli/trace/record/buffers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { BUFFERS_COUNT = 8, KIB = 1 << 10, MIB = 1 << 20 };
static const uint64_t buffers_most = UINT64_C(4) * MIB, buffers_least = UINT64_C(64) * KIB;
static const uint64_t buffers_unthinkable = UINT64_C(1) << 40;

static int buffers_is_power(uint64_t number)
{
    return number && !(number & (number - 1));
}

int buffers_parse(const char *text, struct buffers *out_buffers)
{
    char *end;
    errno = 0;
    const unsigned long long count = strtoull(text, &end, 10);
    if (errno || end == text || *end != 'x' || text[0] == '-')
        return -1;
    const char *second = end + 1;
    unsigned long long size = strtoull(second, &end, 10);
    if (errno || end == second || second[0] == '-' || second[0] == '+' || size > buffers_unthinkable)
        return -1;
    if (*end == 'k' || *end == 'K')
        size *= KIB, end++;
    else if (*end == 'M')
        size *= MIB, end++;
    if (*end || count < 2 || count > KIB || size < KIB * 4 || size > buffers_unthinkable || !buffers_is_power(count) ||
        !buffers_is_power(size))
        return -1;
    *out_buffers = (struct buffers){count, size};
    return 0;
}

const char *buffers_text(char out[BUFFERS_TEXT], struct buffers buffers)
{
    const unsigned long long count = buffers.count, size = buffers.size;
    if (size >= MIB && size % MIB == 0)
        snprintf(out, BUFFERS_TEXT, "%llux%lluM", count, size / MIB);
    else
        snprintf(out, BUFFERS_TEXT, "%llux%lluK", count, size / KIB);
    return out;
}

struct buffers buffers_fit(uint64_t processors, uint64_t memory_free, uint64_t shared_free)
{
    const uint64_t memory = memory_free / 8 < shared_free / 2 ? memory_free / 8 : shared_free / 2;
    struct buffers buffers = {BUFFERS_COUNT, buffers_most};
    while (buffers.size > buffers_least && buffers.count * buffers.size > memory / (processors ? processors : 1))
        buffers.size /= 2;
    return buffers;
}

struct buffers buffers_hold(struct buffers had, uint64_t bytes_more)
{
    struct buffers buffers = {had.count > BUFFERS_COUNT ? had.count : BUFFERS_COUNT, had.size};
    /* One sub-buffer is being written, and one read: neither holds anything back. */
    while (buffers.size < buffers_unthinkable &&
           (buffers.count - 2) * buffers.size < (had.count - 1) * had.size + bytes_more)
        buffers.size *= 2;
    return buffers;
}

/* "MemAvailable:  123 kB" */
static uint64_t buffers_memory_free(void)
{
    char line[128];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib ? (uint64_t)kib * KIB : UINT64_MAX;
}

static uint64_t buffers_shared_free(void)
{
    struct statvfs shared;
    return statvfs("/dev/shm", &shared) ? UINT64_MAX : (uint64_t)shared.f_bavail * shared.f_frsize;
}

struct buffers buffers_of_machine(void)
{
    const long processors = sysconf(_SC_NPROCESSORS_CONF); /* also those that are off: LTTng prepares for them */
    return buffers_fit(processors > 0 ? (uint64_t)processors : 1, buffers_memory_free(), buffers_shared_free());
}
