/* SPDX-License-Identifier: MIT */
/*
 * See flight.h. Each snapshot ends a sub-buffer of each channel, also of the one with the definitions: after as many as
 * it has sub-buffers the names would be gone. So the runtimes are asked to announce their state again after each.
 */
#include "cli/trace/record/flight.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <weft/monitor.h>

static const struct {
    const char *why; /* begins the snapshot's name */
    const char *event;
    const char *filter; /* of LTTng's; NULL: none */
} flight_triggers[] = {
    {"stall", "weft:stall", NULL},
    {"critical", "weft:chan_health", "now == 2"},
};
enum { FLIGHT_TRIGGERS = sizeof flight_triggers / sizeof *flight_triggers, FLIGHT_ACTION = 5 };
_Static_assert(WEFT_CRITICAL == 2, "what the filter says");

static void flight_trigger_name(const struct flight *flight, unsigned number, char name[96])
{
    snprintf(name, 96, "%s-%s", flight->session->name, flight_triggers[number].why);
}

static int flight_add_trigger(struct flight *flight, unsigned number, pid_t vpid)
{
    struct session *session = flight->session;
    char name[96], filter[96], named[128], event[64], path[PATH_MAX + 8], prefix[32];
    flight_trigger_name(flight, number, name);
    snprintf(named, sizeof named, "--name=%s", name);
    snprintf(event, sizeof event, "--name=%s", flight_triggers[number].event);
    snprintf(path, sizeof path, "--path=%s", session->folder);
    snprintf(prefix, sizeof prefix, "--name=%s", flight_triggers[number].why);
    const char *only = flight_triggers[number].filter;
    if (vpid)
        snprintf(filter, sizeof filter, "--filter=$ctx.vpid == %d%s%s", (int)vpid, only ? " && " : "",
                 only ? only : "");
    else
        snprintf(filter, sizeof filter, "--filter=%s", only ? only : "");
    const char *words[] = {"add-trigger",
                           named,
                           "--condition=event-rule-matches",
                           "--type=user:tracepoint",
                           event,
                           "--action=snapshot-session",
                           session->name,
                           path,
                           prefix,
                           NULL,
                           NULL};
    if (vpid || only) { /* it belongs to the condition, so before the action */
        memmove(&words[FLIGHT_ACTION + 1], &words[FLIGHT_ACTION], 4 * sizeof *words);
        words[FLIGHT_ACTION] = filter;
    }
    return session_lttng(session, "Triggers need LTTng 2.13", words);
}

static void flight_remove_triggers(struct flight *flight)
{
    char name[96];
    while (flight->session->triggers) {
        flight_trigger_name(flight, --flight->session->triggers, name);
        (void)SESSION_LTTNG(flight->session, "", "remove-trigger", name);
    }
}

int flight_begin(struct flight *flight, struct session *session, unsigned most, pid_t vpid)
{
    *flight = (struct flight){.session = session, .most = most, .watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
    if (flight->watch < 0 || inotify_add_watch(flight->watch, session->folder, IN_CREATE | IN_ONLYDIR) < 0) {
        snprintf(session->text, sizeof session->text, "cannot watch %s: %s", session->folder, strerror(errno));
        return -1;
    }
    for (unsigned i = 0; i < FLIGHT_TRIGGERS; i++) {
        if (flight_add_trigger(flight, i, vpid))
            return -1;
        session->triggers++;
    }
    return 0;
}

static bool flight_is_by_itself(const char *name)
{
    for (unsigned i = 0; i < FLIGHT_TRIGGERS; i++)
        if (!strncmp(name, flight_triggers[i].why, strlen(flight_triggers[i].why)))
            return true;
    return false;
}

static void flight_appeared(struct flight *flight, const char *name)
{
    flight->taken++;
    snprintf(flight->last, sizeof flight->last, "%.255s", name);
    fprintf(stderr, "weft trace record: snapshot %s/%s\n", flight->session->folder, name);
    if (!flight_is_by_itself(name) || ++flight->by_itself < flight->most || !flight->session->triggers)
        return;
    flight_remove_triggers(flight);
    fprintf(stderr,
            "weft trace record: that makes %u: from now on none is taken of itself (--snapshots N), only by a signal\n",
            flight->by_itself);
}

void flight_look(struct flight *flight)
{
    _Alignas(struct inotify_event) char news[4096];
    bool any = false;
    for (ssize_t got; (got = read(flight->watch, news, sizeof news)) > 0;)
        for (char *at = news; at < news + got;) {
            const struct inotify_event *event = (const void *)at;
            if (event->len && event->mask & IN_ISDIR) {
                flight_appeared(flight, event->name);
                any = true;
            }
            at += sizeof *event + event->len;
        }
    if (any)
        flight_refresh(flight);
}

int flight_snapshot(struct flight *flight, const char *why)
{
    char name[80], prefix[64];
    snprintf(name, sizeof name, "--session=%s", flight->session->name);
    snprintf(prefix, sizeof prefix, "--name=%s", why);
    return SESSION_LTTNG(flight->session, "`df` shows whether the disk is full", "snapshot", "record", name, prefix);
}

void flight_refresh(struct flight *flight)
{
    char name[80];
    snprintf(name, sizeof name, "--session=%s", flight->session->name);
    (void)SESSION_LTTNG(flight->session, "", "regenerate", "statedump", name);
}

void flight_end(struct flight *flight)
{
    flight_remove_triggers(flight);
    if (flight->watch >= 0)
        close(flight->watch);
    flight->watch = -1;
}
