/* SPDX-License-Identifier: MIT */
/*
 * See loss.h. Behind the numbers that mend.c knows a packet's head has its number and how many events its stream has
 * lost from the beginning up to its end: 8 bytes each.
 */
#include "cli/trace/record/loss.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/trace/find.h"

enum { PACKET_CONTENT_AT = 48, PACKET_SIZE_AT = 56, PACKET_LOST_AT = 72, PACKET_HEAD = 80 };

static uint64_t loss_number(const unsigned char *at)
{
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

static void loss_read_stream(int fd, struct loss *loss)
{
    unsigned char head[PACKET_HEAD];
    uint64_t lost = 0, burst = 0;
    for (uint64_t at = 0; pread(fd, head, sizeof head, (off_t)at) == (ssize_t)sizeof head;) {
        const uint64_t size = loss_number(head + PACKET_SIZE_AT) / 8, now = loss_number(head + PACKET_LOST_AT);
        if (head[0] != 0xc1 || head[3] != 0xc1 || size < sizeof head || size > INT64_MAX - at)
            break; /* no packet, or none of ours */
        burst = now > lost ? burst + now - lost : 0;
        loss->burst = burst > loss->burst ? burst : loss->burst;
        loss->events += now > lost ? now - lost : 0;
        loss->bytes += loss_number(head + PACKET_CONTENT_AT) / 8;
        lost = now > lost ? now : lost;
        at += size;
    }
}

static void loss_read_trace(const char *path, const char *channel, struct loss *loss)
{
    DIR *folder = opendir(path);
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strncmp(entry->d_name, channel, strlen(channel)) != 0)
            continue;
        const int fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            loss_read_stream(fd, loss);
            close(fd);
        }
    }
    if (folder)
        closedir(folder);
}

void loss_read(const char *folder, const char *channel, struct loss *out_loss)
{
    struct find find;
    *out_loss = (struct loss){0};
    (void)find_traces(&find, folder);
    for (size_t i = 0; i < find.count; i++)
        loss_read_trace(find.traces[i].path, channel, out_loss);
    find_fini(&find);
}
