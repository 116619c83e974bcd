/* SPDX-License-Identifier: MIT */
/*
 * See session.h. The session is always named: the "current session" of lttng is one file that all of a user's programs
 * share. Definitions and warnings have a channel of their own, which a flood of polls cannot push out: what names
 * things is rare, and without it the rest is numbers.
 */
#include "cli/trace/record/session.h"

#include <errno.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/trace/record/run.h"
#include "cli/trace/schema.h"

enum {
    SESSION_ARGUMENTS = 24,
    SESSION_NAMES = 4096,
    DAEMON_END_MS = 10000,
    SESSION_LIST = 1 << 22 /* all events of all programs */
};

#define DEFINITIONS "definitions"
#define EVENTS      SESSION_EVENTS_CHANNEL

/* Which events tell names, states and warnings: what LTTng's --loglevel=INFO takes. */
static const bool session_is_definition[WEFT_TRACE_EVENTS] = {
#define LEVEL_WARNING          true
#define LEVEL_NOTICE           true
#define LEVEL_INFO             true
#define LEVEL_DEBUG_PROCESS    false
#define LEVEL_DEBUG_MODULE     false
#define LEVEL_DEBUG_UNIT       false
#define LEVEL_DEBUG_LINE       false
#define WEFT_EVENT1(e, l, ...) LEVEL_##l,
#define WEFT_EVENT2(e, l, ...) LEVEL_##l,
#define WEFT_EVENT3(e, l, ...) LEVEL_##l,
#define WEFT_EVENT4(e, l, ...) LEVEL_##l,
#define WEFT_EVENT5(e, l, ...) LEVEL_##l,
#define WEFT_EVENT6(e, l, ...) LEVEL_##l,
#include <weft/trace_events.def>
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6
};

int session_lttng(struct session *session, const char *hint, const char *const words[])
{
    const char *argv[SESSION_ARGUMENTS] = {"lttng", "--no-sessiond"};
    char said[2048];
    size_t count = 2;
    for (size_t i = 0; words[i] && count < SESSION_ARGUMENTS - 1; i++)
        argv[count++] = words[i];
    const int code = run_command(argv, said, sizeof said);
    if (code == 0)
        return 0;
    if (code == RUN_ABSENT)
        snprintf(session->text, sizeof session->text,
                 "the program `lttng` is not there: install it (Debian: apt install lttng-tools)");
    else if (code == RUN_SILENT)
        snprintf(session->text, sizeof session->text,
                 "the session daemon does not answer: `lttng %s` has waited for a minute. End the process "
                 "lttng-sessiond, and try again",
                 words[0]);
    else
        snprintf(session->text, sizeof session->text, "`lttng %s` says: %s. %s", words[0], said[0] ? said : "(nothing)",
                 hint);
    return -1;
}

/* ---- the daemon ---- */

/* lttng-sessiond writes its number when it is ready: it answers from then on. */
static pid_t session_daemon_number(const char *path)
{
    FILE *file = fopen(path, "re");
    int number = 0;
    if (file && fscanf(file, "%d", &number) != 1)
        number = 0;
    if (file)
        fclose(file);
    return number;
}

static int session_start_daemon(struct session *session)
{
    char said[2048], folder[] = "/tmp/weft-record-XXXXXX", file[64], option[80];
    if (!mkdtemp(folder)) {
        snprintf(session->text, sizeof session->text, "cannot write to /tmp: %s", strerror(errno));
        return -1;
    }
    snprintf(file, sizeof file, "%s/pid", folder);
    snprintf(option, sizeof option, "--pidfile=%s", file);
    const int code = run_command((const char *const[]){"lttng-sessiond", "--daemonize", "--no-kernel", option, NULL},
                                 said, sizeof said);
    session->daemon = code ? 0 : session_daemon_number(file);
    (void)unlink(file);
    (void)rmdir(folder);
    if (!code)
        return 0;
    if (code == RUN_ABSENT)
        snprintf(session->text, sizeof session->text,
                 "no session daemon runs, and there is no lttng-sessiond to start: install it (Debian: apt install "
                 "lttng-tools)");
    else
        snprintf(session->text, sizeof session->text,
                 "no session daemon runs, and lttng-sessiond does not start: %s. It needs a folder that it may write "
                 "to, in HOME or named by LTTNG_HOME; `lttng-sessiond -vvv` says more",
                 said[0]              ? said
                 : code == RUN_SILENT ? "it was not ready within a minute"
                                      : "(it says nothing)");
    return -1;
}

int session_find_daemon(struct session *session)
{
    char said[2048];
    const int code = run_command((const char *const[]){"lttng", "--no-sessiond", "list", NULL}, said, sizeof said);
    if (code == 0)
        return 0;
    if (code == RUN_ABSENT || code == RUN_SILENT)
        return SESSION_LTTNG(session, "", "list");
    return session_start_daemon(session);
}

/* Other sessions may have come meanwhile: then it stays, for them. */
static void session_stop_daemon(struct session *session)
{
    char said[2048];
    (void)run_command((const char *const[]){"lttng", "--no-sessiond", "list", NULL}, said, sizeof said);
    if (!session->daemon || strstr(said, "1) "))
        return;
    const int end = run_watch(session->daemon);
    kill(session->daemon, SIGTERM);
    if (end >= 0) {
        (void)poll(&(struct pollfd){.fd = end, .events = POLLIN}, 1, DAEMON_END_MS);
        close(end);
    }
    session->daemon = 0;
}

/* ---- the session ---- */

static bool session_wants(const struct session *session, const char *name)
{
    char patterns[1024], *rest = patterns;
    if (!session->only)
        return true;
    snprintf(patterns, sizeof patterns, "%s", session->only);
    for (const char *pattern; (pattern = strsep(&rest, ","));)
        if (!fnmatch(pattern, name, 0))
            return true;
    return false;
}

/* "weft:task_spawn,weft:task_end": an exclusion would say it shorter, and crash the session daemon of LTTng 2.13. */
static void session_events(const struct session *session, char names[SESSION_NAMES])
{
    size_t length = 0;
    names[0] = '\0';
    for (uint32_t i = 0; i < WEFT_TRACE_EVENTS; i++)
        if (!session_is_definition[i] && session_wants(session, schema_events[i].name))
            length += (size_t)snprintf(names + length, SESSION_NAMES - length, "%sweft:%s", length ? "," : "",
                                       schema_events[i].name);
}

static int session_channel(struct session *session, const char *channel, struct buffers buffers)
{
    char name[80], count[40], size[40];
    snprintf(name, sizeof name, "--session=%s", session->name);
    snprintf(count, sizeof count, "--num-subbuf=%llu", (unsigned long long)buffers.count);
    snprintf(size, sizeof size, "--subbuf-size=%llu", (unsigned long long)buffers.size);
    return SESSION_LTTNG(session, "Smaller buffers may do: --buffers 8x256K", "enable-channel", "--userspace", name,
                         count, size, channel) ||
                   SESSION_LTTNG(session, "", "add-context", "--userspace", name, "--channel", channel, "--type=vpid")
               ? -1
               : 0;
}

static int session_enable(struct session *session)
{
    char name[80], events[SESSION_NAMES];
    const struct buffers definitions = session->kind == SESSION_FLIGHT ? (struct buffers){16, UINT64_C(1) << 16}
                                                                       /* a snapshot takes one */
                                                                       : (struct buffers){4, UINT64_C(1) << 18};
    snprintf(name, sizeof name, "--session=%s", session->name);
    session_events(session, events);
    if (session_channel(session, DEFINITIONS, definitions) || session_channel(session, EVENTS, session->buffers) ||
        SESSION_LTTNG(session, "", "enable-event", "--userspace", name, "--channel=" DEFINITIONS, "weft:*",
                      "--loglevel=INFO"))
        return -1;
    return events[0] ? SESSION_LTTNG(session, "", "enable-event", "--userspace", name, "--channel=" EVENTS, events) : 0;
}

/* "session=NAME" in the file in which `lttng` keeps it. */
static void session_remember(struct session *session)
{
    const char *home = getenv("LTTNG_HOME");
    char path[4096], line[sizeof session->current + 16];
    if (!home)
        home = getenv("HOME");
    session->current[0] = '\0';
    if (!home || snprintf(path, sizeof path, "%s/.lttngrc", home) >= (int)sizeof path)
        return;
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "session=", 8))
            snprintf(session->current, sizeof session->current, "%.*s", (int)strcspn(line + 8, "\n"), line + 8);
    if (file)
        fclose(file);
}

/* Where it goes to: the words of `lttng create` behind the name. */
static int session_create_live(struct session *session, const char *hint)
{
    char live[40], control[64], data[64];
    snprintf(live, sizeof live, "--live=%lld", (long long)(session->delay_ns / 1000));
    snprintf(control, sizeof control, "--ctrl-url=tcp://127.0.0.1:%u", session->control);
    snprintf(data, sizeof data, "--data-url=tcp://127.0.0.1:%u", session->data);
    return SESSION_LTTNG(session, hint, "create", session->name, live, control, data);
}

static int session_create_folder(struct session *session, const char *hint)
{
    char output[4096 + 16];
    snprintf(output, sizeof output, "--output=%s", session->folder);
    return SESSION_LTTNG(session, hint, "create", session->name, output,
                         session->kind == SESSION_FLIGHT ? "--snapshot" : NULL);
}

int session_create(struct session *session)
{
    static const char hint[] = "`lttng list` shows the sessions that there are";
    session_remember(session);
    if (session->kind == SESSION_LIVE ? session_create_live(session, hint) : session_create_folder(session, hint))
        return -1;
    session->created = true;
    return session_enable(session);
}

int session_only_process(struct session *session, pid_t vpid)
{
    char name[80], number[40];
    snprintf(name, sizeof name, "--session=%s", session->name);
    snprintf(number, sizeof number, "--vpid=%d", (int)vpid);
    return SESSION_LTTNG(session, "", "track", "--userspace", name, number);
}

int session_start(struct session *session)
{
    return SESSION_LTTNG(session, "`df /dev/shm` shows whether there is memory for the buffers", "start",
                         session->name);
}

int session_stop(struct session *session)
{
    return SESSION_LTTNG(session, "What was recorded so far may be there", "stop", session->name);
}

bool session_knows(pid_t pid)
{
    char number[40];
    char *said = memory_zeroed(SESSION_LIST, 1);
    snprintf(number, sizeof number, "PID: %d ", (int)pid);
    const int code =
        run_command((const char *const[]){"lttng", "--no-sessiond", "list", "--userspace", NULL}, said, SESSION_LIST);
    const bool knows = code == 0 && strstr(said, number);
    free(said);
    return knows;
}

void session_destroy(struct session *session)
{
    if (session->created)
        (void)SESSION_LTTNG(session, "", "destroy", session->name);
    if (session->created && session->current[0])
        (void)SESSION_LTTNG(session, "", "set-session", session->current);
    session->created = false;
}

void session_end(struct session *session)
{
    session_destroy(session);
    if (session->daemon)
        session_stop_daemon(session);
}
