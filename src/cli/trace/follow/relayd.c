/* SPDX-License-Identifier: MIT */
/* See relayd.h. Between looking for a free port and the daemon's taking it, somebody else may: then others are tried. */
#include "cli/trace/follow/relayd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/trace/record/folder.h"
#include "cli/trace/record/run.h"

enum { RELAYD_ATTEMPTS = 5, RELAYD_LOOK_MS = 20, RELAYD_LOOKS = 3000 };

static struct sockaddr_in relayd_address(unsigned port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Ports that nobody has in this moment. */
static int relayd_find_ports(struct relayd *relayd)
{
    int fds[RELAYD_PORTS], failed = 0;
    for (int i = 0; i < RELAYD_PORTS; i++) {
        struct sockaddr_in at = relayd_address(0);
        socklen_t length = sizeof at;
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        failed |= fds[i] < 0 || bind(fds[i], (struct sockaddr *)&at, sizeof at) ||
                  getsockname(fds[i], (struct sockaddr *)&at, &length);
        relayd->ports[i] = ntohs(at.sin_port);
    }
    for (int i = 0; i < RELAYD_PORTS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return failed ? -1 : 0;
}

static bool relayd_answers(unsigned port)
{
    const struct sockaddr_in at = relayd_address(port);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool answers = fd >= 0 && !connect(fd, (const struct sockaddr *)&at, sizeof at);
    if (fd >= 0)
        close(fd);
    return answers;
}

static int relayd_spawn(struct relayd *relayd)
{
    static const char *const names[RELAYD_PORTS] = {"control", "data", "live"};
    char ports[RELAYD_PORTS][64], output[PATH_MAX + 16];
    for (int i = 0; i < RELAYD_PORTS; i++)
        snprintf(ports[i], sizeof ports[i], "--%s-port=tcp://127.0.0.1:%u", names[i], relayd->ports[i]);
    snprintf(output, sizeof output, "--output=%s", relayd->folder);
    return run_start((const char *const[]){"lttng-relayd", output, ports[0], ports[1], ports[2], NULL}, &relayd->pid,
                     &relayd->said);
}

/* false: it has ended, or says nothing for a minute. */
static bool relayd_is_ready(const struct relayd *relayd)
{
    const int end = run_watch(relayd->pid);
    bool ready = false, ended = false;
    for (int i = 0; i < RELAYD_LOOKS && !ready && !ended; i++) {
        ended = poll(&(struct pollfd){.fd = end, .events = POLLIN}, 1, RELAYD_LOOK_MS) > 0;
        ready = !ended && relayd_answers(relayd->ports[RELAYD_CONTROL]) && relayd_answers(relayd->ports[RELAYD_DATA]) &&
                relayd_answers(relayd->ports[RELAYD_LIVE]);
    }
    if (end >= 0)
        close(end);
    return ready;
}

static int relayd_attempt(struct relayd *relayd, char *text, size_t size)
{
    char said[1024];
    if (relayd_find_ports(relayd)) {
        snprintf(text, size, "no free port of 127.0.0.1 for a relay daemon: %s", strerror(errno));
        return -1;
    }
    if (relayd_spawn(relayd)) {
        relayd->pid = 0;
        snprintf(text, size, "there is no lttng-relayd to start: install it (Debian: apt install lttng-tools)");
        return -1;
    }
    if (relayd_is_ready(relayd))
        return 0;
    run_said(relayd->said, said, sizeof said);
    run_end(relayd->pid, relayd->said);
    relayd->pid = 0;
    snprintf(text, size, "lttng-relayd does not start: %s. `lttng-relayd -vvv` says more",
             said[0] ? said : "it does not answer");
    return 1;
}

int relayd_start(struct relayd *relayd, char *text, size_t size)
{
    *relayd = (struct relayd){0};
    if (folder_make(relayd->folder, "weft-relay")) {
        snprintf(text, size, "cannot make a folder for a relay daemon, %s: %s", relayd->folder, strerror(errno));
        relayd->folder[0] = '\0';
        return -1;
    }
    int failed = 1;
    for (int i = 0; i < RELAYD_ATTEMPTS && failed > 0; i++)
        failed = relayd_attempt(relayd, text, size);
    if (failed)
        relayd_stop(relayd);
    return failed ? -1 : 0;
}

void relayd_stop(struct relayd *relayd)
{
    if (relayd->pid)
        run_end(relayd->pid, relayd->said);
    if (relayd->folder[0])
        folder_remove(relayd->folder);
    *relayd = (struct relayd){0};
}
