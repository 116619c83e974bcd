/* SPDX-License-Identifier: MIT */
/*
 * Children. posix_spawn() and not fork(): the child runs nothing of the host's between the two, and no lock that another
 * thread holds is copied. A pidfd of a child that has not been waited for names that child and no other.
 */
#define _GNU_SOURCE
#include <weft/process.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "io/descriptor.h"
#include "task/context.h"

extern char **environ;

enum { PROCESS_CHILD = 1, PROCESS_GROUP = 2 };
enum { PROCESS_STATUS_SIGNAL = 256 };

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* The child's ends and ours of the three streams; -1: none. */
struct process_pipes {
    int child[3];
    int ours[3];
};

static void process_close(int fds[3])
{
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Open what the streams need. 0, or an error and nothing is open. */
static int process_open_streams(const weft_stream streams[3], struct process_pipes *pipes)
{
    for (int i = 0; i < 3; i++) {
        int fds[2], error = 0;
        if (streams[i] == WEFT_STREAM_PIPE) {
            error = pipe2(fds, O_CLOEXEC) < 0 ? -errno : 0;
            if (error == 0) {
                pipes->child[i] = fds[i == 0 ? 0 : 1];
                pipes->ours[i] = fds[i == 0 ? 1 : 0];
                fcntl(pipes->ours[i], F_SETFL, O_NONBLOCK);
            }
        } else if (streams[i] == WEFT_STREAM_NULL) {
            do
                pipes->child[i] = open("/dev/null", (i == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
            while (pipes->child[i] < 0 && errno == EINTR);
            error = pipes->child[i] < 0 ? -errno : 0;
        }
        if (error < 0) {
            process_close(pipes->child);
            process_close(pipes->ours);
            return error;
        }
    }
    return 0;
}

/* What happens to descriptors in the child. 0 or a negative errno. */
static int process_actions(posix_spawn_file_actions_t *actions, const weft_process_options *o,
                           const struct process_pipes *pipes)
{
    int error = 0;
    for (int i = 0; i < 3 && error == 0; i++)
        if (pipes->child[i] >= 0)
            error = posix_spawn_file_actions_adddup2(actions, pipes->child[i], i);
    if (error == 0 && o->error == WEFT_STREAM_OUTPUT)
        error = posix_spawn_file_actions_adddup2(actions, 1, 2);
    if (error == 0)
        error = posix_spawn_file_actions_addclosefrom_np(actions, 3);
    if (error == 0 && o->folder)
        error = posix_spawn_file_actions_addchdir_np(actions, o->folder);
    return -error;
}

static int process_spawn(const weft_process_options *o, const struct process_pipes *pipes, pid_t *out_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none); /* a worker has all of them blocked */
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                  (o->group ? POSIX_SPAWN_SETPGROUP : 0)));
    int error = process_actions(&actions, o, pipes);
    if (error == 0)
        error = -posix_spawnp(out_pid, o->argv[0], &actions, &attributes, o->argv, o->envp ? o->envp : environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Handles for our ends, and for the child. On failure what has none is closed. */
static int process_adopt(struct weft__io *io, int pidfd, struct process_pipes *pipes, weft_process *process)
{
    weft_fd *const handles[3] = {&process->input, &process->output, &process->error};
    static struct weft__label child = WEFT__LABEL("child");
    static struct weft__label labels[3] = {WEFT__LABEL("child input"), WEFT__LABEL("child output"), WEFT__LABEL("child error")};
    int error = weft__descriptor_open(io, pidfd, WEFT_FD_OTHER, &child, &process->fd);
    if (error < 0)
        close(pidfd);
    for (int i = 0; i < 3 && error == 0; i++) {
        if (pipes->ours[i] < 0)
            continue;
        error = weft__descriptor_open(io, pipes->ours[i], WEFT_FD_STREAM, &labels[i], handles[i]);
        if (error == 0)
            pipes->ours[i] = -1;
    }
    process_close(pipes->ours);
    return error;
}

static int process_check(const char *call, const weft_process_options *o, const weft_process *out)
{
    if (!o || o->size < sizeof *o || !out || !o->argv || !o->argv[0])
        return weft__refuse(WEFT_EINVAL, "%s: give WEFT_PROCESS_OPTIONS() with at least the program in .argv, and a place", call);
    const weft_stream streams[3] = {o->input, o->output, o->error};
    for (int i = 0; i < 3; i++)
        if ((unsigned)streams[i] > (i == 2 ? WEFT_STREAM_OUTPUT : WEFT_STREAM_PIPE))
            return weft__refuse(WEFT_EINVAL, "%s: stream %d is %d: give a weft_stream, and WEFT_STREAM_OUTPUT for the error only",
                                call, i, (int)streams[i]);
    if (out->weft__flags & PROCESS_CHILD)
        return weft__refuse(WEFT_EBUSY, "%s: the place is of child %d: wait for it, or release it, and zero it before its first "
                                        "use",
                            call, out->pid);
    return 0;
}

static void process_reap(int pidfd)
{
    siginfo_t info;
    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    while (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0 && errno == EINTR)
        continue;
}

/* A descriptor for a child that has begun. None is to be had: -1, *out_error says why, and the child has ended again. */
static int process_open_child(pid_t pid, int *out_error)
{
    const int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd >= 0)
        return pidfd;
    *out_error = -errno;
    kill(pid, SIGKILL); /* it is not waited for, so the number is its own */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return -1;
}

int weft_process_start(weft_runtime *rt, const weft_process_options *options, weft_process *out_process)
{
    static const char call[] = "weft_process_start";
    const int wrong = process_check(call, options, out_process);
    if (wrong)
        return wrong;
    int error;
    struct weft__io *io = weft__io_for(call, rt, &error);
    if (!io)
        return error;
    struct process_pipes pipes = {{-1, -1, -1}, {-1, -1, -1}};
    error = process_open_streams((const weft_stream[]){options->input, options->output, options->error}, &pipes);
    if (error < 0)
        return weft__refuse(error, "%s: a pipe for '%.100s': %s", call, options->argv[0], weft_error_text(error));
    pid_t pid = 0;
    error = process_spawn(options, &pipes, &pid);
    process_close(pipes.child);
    const int pidfd = error == 0 ? process_open_child(pid, &error) : -1;
    if (pidfd < 0) {
        process_close(pipes.ours);
        return weft__refuse(error, "%s: '%.100s': %s", call, options->argv[0], weft_error_text(error));
    }
    weft_process process = {.pid = pid, .weft__flags = PROCESS_CHILD | (options->group ? PROCESS_GROUP : 0)};
    error = process_adopt(io, pidfd, &pipes, &process);
    if (error < 0) {
        weft_process_release(&process);
        return weft__refuse(error, "%s: no memory for '%.100s': it was ended again", call, options->argv[0]);
    }
    *out_process = process;
    return 0;
}

static int process_status(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED ? info->si_status : PROCESS_STATUS_SIGNAL + info->si_status;
}

/* The end of the child, if it has come. */
static int process_attempt(struct weft__descriptor *descriptor, void *arguments)
{
    siginfo_t *info = arguments;
    info->si_pid = 0;
    if (waitid((idtype_t)P_PIDFD, (id_t)descriptor->fd, info, WEXITED | WNOHANG) < 0)
        return errno == EINTR ? WEFT_EAGAIN : -errno;
    return info->si_pid == 0 ? WEFT_EAGAIN : 0;
}

int weft_process_wait(weft_context *cx, weft_process *process, int *out_status)
{
    static const char call[] = "weft_process_wait";
    if (!cx || !process || !(process->weft__flags & PROCESS_CHILD))
        return weft__refuse(WEFT_EINVAL, "%s: give a context, and a child that was started and not waited for", call);
    siginfo_t info;
    const int answer = weft__io_await(
        cx, &(struct weft__io_operation){call, &process->fd, WEFT__IO_READ, process_attempt, &info}, &weft__cx_task(cx)->wait);
    if (answer != 0)
        return answer;
    if (out_status)
        *out_status = process_status(&info);
    process->weft__flags = 0;
    weft_fd_close(&process->fd);
    return 0;
}

struct process_signal {
    int signal;
    int group; /* whose; 0: the child alone */
};

static int process_signal_attempt(struct weft__descriptor *descriptor, void *arguments)
{
    const struct process_signal *wish = arguments;
    /* The group's number is the child's, which is its own until somebody has waited for it. */
    const long answer = wish->group ? kill(-wish->group, wish->signal)
                                    : syscall(SYS_pidfd_send_signal, descriptor->fd, wish->signal, NULL, 0);
    if (answer < 0 && errno == EINVAL)
        return weft__refuse(WEFT_EINVAL, "weft_process_signal: %d is no signal", wish->signal);
    return answer < 0 ? -errno : 0;
}

int weft_process_signal(weft_process *process, int signal)
{
    static const char call[] = "weft_process_signal";
    if (!process || !(process->weft__flags & PROCESS_CHILD))
        return weft__refuse(WEFT_EINVAL, "%s: give a child that was started and not waited for", call);
    struct process_signal wish = {signal, process->weft__flags & PROCESS_GROUP ? process->pid : 0};
    return weft__io_try(&(struct weft__io_operation){call, &process->fd, WEFT__IO_READ, process_signal_attempt, &wish});
}

/* The runtime has ended, and with it our descriptor. The child is ours as long as nobody has waited for it: then its number is. */
static void process_reap_orphan(int pid)
{
    siginfo_t info;
    const int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd >= 0 && waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        process_reap(pidfd);
    if (pidfd >= 0)
        close(pidfd);
}

static int process_reap_attempt(struct weft__descriptor *descriptor, void *arguments)
{
    (void)arguments;
    process_reap(descriptor->fd);
    return 0;
}

void weft_process_release(weft_process *process)
{
    if (!process)
        return;
    if ((process->weft__flags & PROCESS_CHILD) && process->fd.weft__descriptor &&
        weft__io_try(&(struct weft__io_operation){"weft_process_release", &process->fd, WEFT__IO_READ, process_reap_attempt, NULL}) ==
            WEFT_EBADF)
        process_reap_orphan(process->pid);
    weft_fd_close(&process->fd);
    weft_fd_close(&process->input);
    weft_fd_close(&process->output);
    weft_fd_close(&process->error);
    process->weft__flags = 0;
}
