/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "lib/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define INJECT_ARCH AUDIT_ARCH_X86_64
#else
#define INJECT_ARCH 0
#endif

enum { INJECT_THREADS = 256, INJECT_NONE = -1, INJECT_NO_FILTER = -2 };

/* The child's two sides; the counts are in memory that the parent sees. */
static struct {
    const struct inject_plan *plan;
    int (*body)(void *context);
    void *context;
    struct inject_outcome *out;
    atomic_int listener; /* INJECT_NONE: not yet */
    uint64_t answered[INJECT_THREADS]; /* of a thread: a bit for each watched call that goes through next time */
} inject = {.listener = INJECT_NONE};

/* The filter of the calling thread; what it begins inherits it. The listener, or a negative errno. */
static int inject_filter(const struct inject_plan *plan)
{
    struct sock_filter code[INJECT_WATCHED_MAX + 8];
    unsigned short n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, INJECT_ARCH, 1, 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < plan->watched_count; i++) /* to the last line, over the others and over the one before it */
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)plan->watched[i],
                                                 (unsigned char)(plan->watched_count - i), 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    const struct sock_fprog program = {.len = n, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -errno;
    const int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    return listener >= 0 ? listener : -errno;
}

static void *inject_thread(void *unused)
{
    (void)unused;
    const int listener = inject_filter(inject.plan);
    atomic_store(&inject.listener, listener >= 0 ? listener : INJECT_NO_FILTER);
    if (listener >= 0)
        inject.out->code = inject.body(inject.context);
    return NULL;
}

static bool inject_is_ours(const struct seccomp_notif *request)
{
    return syscall(SYS_tgkill, getpid(), request->pid, 0) == 0;
}

/* Whether it is of this program, in whatever process: what another program makes of its errors is not of interest. */
static bool inject_is_this_program(const struct seccomp_notif *request)
{
    char path[64];
    struct stat theirs, ours;
    if (inject_is_ours(request))
        return true;
    snprintf(path, sizeof path, "/proc/%u/exe", request->pid);
    return stat(path, &theirs) == 0 && stat("/proc/self/exe", &ours) == 0 && theirs.st_ino == ours.st_ino &&
           theirs.st_dev == ours.st_dev;
}

static bool inject_is_file(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/* Whether a descriptor is not in the epoll yet: of one that is the kernel says so before anything else. */
static bool inject_is_new(int epoll, int fd)
{
    char path[64], line[128];
    int found = -1;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll);
    FILE *info = fopen(path, "re");
    while (info && found != fd && fgets(line, sizeof line, info))
        if (sscanf(line, "tfd: %d", &found) != 1)
            found = -1;
    if (info)
        fclose(info);
    return found != fd;
}

/*
 * Whether a kernel could answer the error. It fails no wake of a futex, and of epoll only what adds a descriptor. A close that fails closes all the same, which is done
 * here, so it must be of this process. Only what lies on a device fails with that.
 */
static bool inject_counts(const struct seccomp_notif *request)
{
    const struct seccomp_data *call = &request->data;
    const unsigned operation = (unsigned)call->args[1] & FUTEX_CMD_MASK;
    const int error = inject.plan->error;
    switch (call->nr) {
    case SYS_futex:
        return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET;
    case SYS_epoll_ctl:
        return call->args[1] == EPOLL_CTL_ADD && inject_is_ours(request) && inject_is_new((int)call->args[0], (int)call->args[2]);
    case SYS_close:
        return inject_is_ours(request) && fcntl((int)call->args[0], F_GETFD) >= 0;
    case SYS_read:
    case SYS_write:
        return (error != EIO && error != ENOSPC) || (inject_is_ours(request) && inject_is_file((int)call->args[0]));
    default:
        return true;
    }
}

/* Whether this thread makes its call again, after it was answered EINTR. */
static bool inject_again(uint32_t thread, int call)
{
    unsigned index = 0;
    while (inject.plan->watched[index] != call)
        index++;
    uint64_t *answered = &inject.answered[thread % INJECT_THREADS];
    *answered ^= UINT64_C(1) << index;
    return !(*answered >> index & 1);
}

/* The error for a call, or 0: it goes through. */
static int inject_decide(const struct seccomp_notif *request)
{
    const struct inject_plan *plan = inject.plan;
    const int call = request->data.nr;
    if (!inject_is_this_program(request) || !inject_counts(request) || call < 0 || call >= INJECT_CALLS)
        return 0;
    const uint32_t count = ++inject.out->counts[call];
    if (plan->interrupt)
        return inject_again(request->pid, call) ? 0 : EINTR;
    return plan->error != 0 && (count == plan->nth || (plan->sticky && count > plan->nth)) ? plan->error : 0;
}

static void inject_serve(int listener)
{
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    while (poll(&waiting, 1, -1) < 0 || !(waiting.revents & POLLHUP)) { /* until none is left who could ask */
        struct seccomp_notif request;
        memset(&request, 0, sizeof request);
        if (!(waiting.revents & POLLIN) || ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0)
            continue;
        const int error = inject_decide(&request);
        struct seccomp_notif_resp answer = {.id = request.id, .error = -error,
                                            .flags = error == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0};
        inject.out->failed += error != 0;
        if (error != 0 && request.data.nr == SYS_close)
            close((int)request.data.args[0]); /* whatever it answers, the descriptor is gone */
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

static void inject_child(int (*check)(int code))
{
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0 && !getenv("WEFT_FAULTS_LOUD")) {
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
    }
    close(nowhere);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    signal(SIGABRT, SIG_DFL); /* cmocka has handlers */
    signal(SIGSEGV, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    alarm(INJECT_SECONDS);
    pthread_t thread;
    if (pthread_create(&thread, NULL, inject_thread, NULL) != 0)
        _exit(INJECT_UNAVAILABLE);
    int listener;
    while ((listener = atomic_load(&inject.listener)) == INJECT_NONE)
        sched_yield();
    if (listener == INJECT_NO_FILTER)
        _exit(INJECT_UNAVAILABLE);
    inject_serve(listener);
    pthread_join(thread, NULL);
    close(listener);
    _exit(check(inject.out->code));
}

void inject_run(const struct inject_plan *plan, int (*body)(void *context), int (*check)(int code), void *context,
                struct inject_outcome *out)
{
    struct inject_outcome *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || INJECT_ARCH == 0) {
        *out = (struct inject_outcome){.code = INJECT_UNAVAILABLE};
        return;
    }
    inject.plan = plan;
    inject.body = body;
    inject.context = context;
    inject.out = shared;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0)
        inject_child(check);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0)
        continue;
    *out = *shared;
    out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    out->code = child < 0 ? INJECT_UNAVAILABLE : WEXITSTATUS(status);
    munmap(shared, sizeof *shared);
}
