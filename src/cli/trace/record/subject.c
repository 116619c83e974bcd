/* SPDX-License-Identifier: MIT */
/* See subject.h. */
#include "cli/trace/record/subject.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/trace/record/run.h"
#include "cli/trace/record/target.h"

static void subject_find_provider(struct subject *subject)
{
    const struct options *options = subject->options;
    subject->has_provider = true;
    if (!options->provider)
        subject->has_provider = target_find_provider(subject->provider, sizeof subject->provider);
    else if (!realpath(options->provider, subject->provider))
        subject->has_provider = false, snprintf(subject->provider, sizeof subject->provider, "%s", options->provider);
}

int subject_find(struct subject *subject, const struct options *options)
{
    *subject = (struct subject){.options = options, .signals = -1, .timer = -1, .target = -1};
    subject_find_provider(subject);
    if (options->provider && !subject->has_provider) {
        snprintf(subject->text, sizeof subject->text, "--provider %.1024s: %s", options->provider, strerror(errno));
        return -1;
    }
    if (!options->pid)
        return 0;
    if (target_check(options->pid, subject->has_provider ? subject->provider : NULL, &subject->vpid, subject->text,
                     sizeof subject->text))
        return -1;
    subject->target = run_watch(options->pid);
    return 0;
}

int subject_listen(struct subject *subject, bool wants_usr1)
{
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGCHLD);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGQUIT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    if (wants_usr1)
        sigaddset(&ours, SIGUSR1);
    sigprocmask(SIG_BLOCK, &ours, &subject->mask);
    subject->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    subject->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (subject->signals >= 0 && subject->timer >= 0)
        return 0;
    snprintf(subject->text, sizeof subject->text, "%s", strerror(errno));
    return -1;
}

/* ---- while it is recorded ---- */

/* Ctrl-C while the session was being made: the program has not heard of it. The exit code that it would have had, or 0.
 */
static int subject_interrupted(const struct subject *subject)
{
    struct signalfd_siginfo signal;
    while (read(subject->signals, &signal, sizeof signal) == (ssize_t)sizeof signal)
        if (signal.ssi_signo != SIGCHLD && signal.ssi_signo != SIGUSR1)
            return 128 + (int)signal.ssi_signo;
    return 0;
}

/* 0, or the exit code. */
static int subject_start(struct subject *subject)
{
    const struct options *options = subject->options;
    const bool preload = subject->has_provider && !options->no_preload;
    const int error =
        target_start(options->program, preload ? subject->provider : NULL, &subject->mask, &subject->program);
    if (!error)
        return 0;
    subject->program = 0;
    snprintf(subject->text, sizeof subject->text, "%.1024s: %s", options->program[0], strerror(error));
    return error == ENOENT ? SUBJECT_NOT_FOUND : SUBJECT_NOT_RUNNABLE;
}

int subject_begin(struct subject *subject)
{
    const int64_t ns = subject->options->for_ns;
    const struct itimerspec time = {{0, 0}, {ns / 1000000000, ns % 1000000000}};
    if (ns)
        timerfd_settime(subject->timer, 0, &time, NULL);
    subject->text[0] = '\0';
    const int code = subject_interrupted(subject);
    return code || !subject->options->program ? code : subject_start(subject);
}

static void subject_reap(struct subject *subject)
{
    if (subject->program && waitpid(subject->program, &subject->status, WNOHANG) == subject->program)
        subject->program = 0;
}

/* false: it is over. */
static bool subject_signal(struct subject *subject, const struct signalfd_siginfo *signal)
{
    switch (signal->ssi_signo) {
    case SIGCHLD:
        subject_reap(subject);
        return subject->program || subject->options->pid;
    case SIGUSR1:
        subject->asked = true;
        return true;
    default:
        if (!subject->options->program)
            return false;
        /* The terminal's own went to the program, too. */
        if (subject->program && signal->ssi_code != SI_KERNEL)
            kill(subject->program, (int)signal->ssi_signo);
        return true;
    }
}

bool subject_goes_on(struct subject *subject)
{
    struct pollfd ends[] = {{subject->timer, POLLIN, 0}, {subject->target, POLLIN, 0}};
    struct signalfd_siginfo signal;
    while (read(subject->signals, &signal, sizeof signal) == (ssize_t)sizeof signal)
        if (!subject_signal(subject, &signal))
            return false;
    return poll(ends, sizeof ends / sizeof *ends, 0) <= 0;
}

void subject_wait(struct subject *subject)
{
    while (subject->program && subject_goes_on(subject))
        (void)poll(&(struct pollfd){subject->signals, POLLIN, 0}, 1, -1);
}

/* ---- afterwards ---- */

int subject_code(const struct subject *subject)
{
    if (!subject->options->program)
        return 0;
    return WIFSIGNALED(subject->status) ? 128 + WTERMSIG(subject->status) : WEXITSTATUS(subject->status);
}

const char *subject_why(struct subject *subject, bool known)
{
    const struct options *options = subject->options;
    const char *name = options->pid ? "" : options->program[0];
    const enum target_linked linked = options->pid ? TARGET_UNKNOWN : target_linked(name);
    char *text = subject->text;
    const size_t size = sizeof subject->text;
    if (options->pid && !known)
        snprintf(text, size,
                 "process %d is not registered with the session daemon. It listens to that of another user, or of "
                 "another LTTNG_HOME",
                 (int)options->pid);
    else if (options->pid || (options->only && linked == TARGET_LINKED))
        snprintf(text, size, "nothing happened in this time that is an event%s%.256s", options->only ? " named " : "",
                 options->only ? options->only : "");
    else if (!subject->has_provider && !options->no_preload)
        snprintf(text, size,
                 "libweft-lttng.so is not there: it was looked for in %s. Build weft with -DWEFT_LTTNG=ON, or name the "
                 "file with --provider",
                 subject->provider);
    else if (linked == TARGET_NOT_LINKED)
        snprintf(text, size, "%.1024s is not linked with weft, and started nothing that is", name);
    else if (linked == TARGET_IS_SCRIPT)
        snprintf(text, size, "%.1024s is a script, and started nothing that is linked with weft", name);
    else
        snprintf(text, size,
                 "%.1024s ended before it created a runtime, or its runtime could not use the provider%s: "
                 "weft_runtime_tracing() and .report in its options say why",
                 name, options->no_preload ? " (--no-preload: it has to ask for it with .tracing = true)" : "");
    return text;
}

void subject_end(struct subject *subject)
{
    int *const all[] = {&subject->signals, &subject->timer, &subject->target};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (*all[i] >= 0)
            (void)close(*all[i]);
        *all[i] = -1;
    }
}
