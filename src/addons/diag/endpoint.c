/* SPDX-License-Identifier: MIT */
/*
 * Making and removing the sockets. The file of a Unix socket is made with mode 0600 whatever the umask is: the mode of the
 * descriptor is what bind() gives it. (umask() would change that of every thread of the host.) It lies in a folder in
 * which nobody else may write, so nobody exchanges it.
 *
 * Two processes that begin at one path exclude each other by a lock on the folder: otherwise both would find the same dead
 * socket, and the second would remove what the first has just made.
 */
#include "endpoint.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <weft/diag.h>

#include "base/endpoint.h"

enum { ENDPOINT_BACKLOG = 512, ENDPOINT_LOCK_TRIES = 100, ENDPOINT_PAUSE_NS = 10000000, ENDPOINT_SWEEP = 256 };

static const char endpoint_call[] = "weft_diag_start";

static int endpoint_refuse_errno(const char *what, const char *path, int error)
{
    const int code = error == ENFILE ? WEFT_EMFILE : error == EROFS || error == EPERM ? WEFT_EACCES : -error;
    return weft_error_refuse(code, "%s: %s %s: %s", endpoint_call, what, path, strerror(error));
}

/* The folder of the default path: made if it is not there, and refused if it is not ours alone. */
static int endpoint_make_folder(const char *folder)
{
    if (mkdir(folder, 0700) < 0 && errno != EEXIST)
        return endpoint_refuse_errno("cannot make the folder", folder, errno);
    struct stat found;
    if (lstat(folder, &found) < 0)
        return endpoint_refuse_errno("cannot look at", folder, errno);
    if (!S_ISDIR(found.st_mode) || found.st_uid != geteuid() || (found.st_mode & 077) != 0)
        return weft_error_refuse(WEFT_EACCES, "%s: %s is not a folder of this user alone (mode 0700): remove it, or give "
                                              "another path",
                                 endpoint_call, folder);
    return 0;
}

/* A folder in which others may exchange files is no place for a socket that is trusted; /tmp, with its sticky bit, is. */
static int endpoint_check_folder(const char *folder, int fd)
{
    struct stat found;
    if (fstat(fd, &found) < 0)
        return endpoint_refuse_errno("cannot look at", folder, errno);
    const bool ours = found.st_uid == geteuid() || found.st_uid == 0;
    if (!ours || ((found.st_mode & 022) != 0 && !(found.st_mode & S_ISVTX)))
        return weft_error_refuse(WEFT_EACCES, "%s: others may exchange files in the folder %s: give a path in one of your own",
                                 endpoint_call, folder);
    return 0;
}

/* The lock of the folder; it is gone with the descriptor. */
static int endpoint_lock(const char *folder, int fd)
{
    const struct timespec pause = {0, ENDPOINT_PAUSE_NS};
    for (int i = 0; i < ENDPOINT_LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return endpoint_refuse_errno("cannot lock", folder, errno);
        nanosleep(&pause, NULL);
    }
    return weft_error_refuse(WEFT_EBUSY, "%s: another process is busy in the folder %s: try again, or give another path",
                             endpoint_call, folder);
}

/* The folder of a path, looked at and locked: its descriptor, or a refusal. */
static int endpoint_open_folder(const char *path)
{
    char folder[108];
    const char *slash = strrchr(path, '/');
    const int length = slash == path ? 1 : slash ? (int)(slash - path) : 1;
    snprintf(folder, sizeof folder, "%.*s", length, slash ? path : ".");
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return endpoint_refuse_errno("cannot open the folder", folder, errno);
    int wrong = endpoint_check_folder(folder, fd);
    if (!wrong)
        wrong = endpoint_lock(folder, fd);
    if (!wrong)
        return fd;
    close(fd);
    return wrong;
}

/* Whether it is refused to connect a socket of that type. Non-blocking: a process that is stopped, its queue full, is alive as well. */
static bool endpoint_refuses(const struct sockaddr_un *address, int type)
{
    const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false; /* who cannot ask must not remove */
    const bool refused = connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

/*
 * Whether a socket is bound there. One that does not listen yet refuses connections of its own type; to be of another type is what it
 * says to all others.
 */
static bool endpoint_is_alive(const struct sockaddr_un *address)
{
    return !endpoint_refuses(address, SOCK_DGRAM) || !endpoint_refuses(address, SOCK_STREAM);
}

/* Whether it is this process that answers there: its environment asked for an endpoint, and then the host. */
static bool endpoint_is_our_own(const struct sockaddr_un *address)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct ucred peer = {.pid = 0};
    socklen_t size = sizeof peer;
    const bool known = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
                       getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    if (fd >= 0)
        close(fd);
    return known && peer.pid == getpid();
}

/* What lies at the path is removed if it is a socket of ours that nobody answers. */
static int endpoint_clear(const struct sockaddr_un *address)
{
    const char *path = address->sun_path;
    struct stat found;
    if (lstat(path, &found) < 0)
        return errno == ENOENT ? 0 : endpoint_refuse_errno("cannot look at", path, errno);
    if (!S_ISSOCK(found.st_mode))
        return weft_error_refuse(WEFT_EADDRINUSE, "%s: %s is %s, not a socket: remove it, or give another path", endpoint_call,
                                 path, S_ISLNK(found.st_mode) ? "a symbolic link" : S_ISDIR(found.st_mode) ? "a folder" : "a file");
    if (found.st_uid != geteuid())
        return weft_error_refuse(WEFT_EACCES, "%s: %s is a socket of user %u: give another path", endpoint_call, path,
                                 (unsigned)found.st_uid);
    if (endpoint_is_our_own(address))
        return weft_error_refuse(WEFT_EADDRINUSE, "%s: this process answers at %s already, by WEFT_DIAG or an earlier call: leave "
                                 "one of them out, or give another path", endpoint_call, path);
    if (endpoint_is_alive(address))
        return weft_error_refuse(WEFT_EADDRINUSE, "%s: somebody answers at %s: give another path", endpoint_call, path);
    if (unlink(path) < 0)
        return endpoint_refuse_errno("cannot remove the dead socket", path, errno);
    return 0;
}

static int endpoint_bind(const struct sockaddr_un *address, struct weft__diag_endpoint *out)
{
    const char *path = address->sun_path;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return endpoint_refuse_errno("no socket for", path, errno);
    struct stat made;
    if (fchmod(fd, 0600) < 0 || bind(fd, (const struct sockaddr *)address, sizeof *address) < 0) {
        const int error = errno;
        close(fd);
        return endpoint_refuse_errno("cannot make the socket", path, error);
    }
    /* The umask may have taken from the mode. Nobody else could have put anything there meanwhile. */
    if (chmod(path, 0600) < 0 || lstat(path, &made) < 0 || listen(fd, ENDPOINT_BACKLOG) < 0) {
        const int error = errno;
        unlink(path);
        close(fd);
        return endpoint_refuse_errno("cannot listen at", path, error);
    }
    out->fd = fd;
    out->device = made.st_dev;
    out->inode = made.st_ino;
    snprintf(out->path, sizeof out->path, "%s", path);
    return 0;
}

/*
 * In the folder of default paths: sockets of processes that were killed. Each start looks at some of them, under the lock, so
 * that they do not add up. What is answered, or is no socket of ours, stays.
 */
static void endpoint_sweep(int folder, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int copy = dup(folder); /* the folder's position is the descriptor's, and closedir() closes it */
    DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;
    if (!entries && copy >= 0)
        close(copy);
    for (int i = 0; entries && i < ENDPOINT_SWEEP && (entry = readdir(entries)) != NULL; i++) {
        const size_t digits = strspn(entry->d_name, "0123456789");
        struct stat found;
        if (digits == 0 || strcmp(entry->d_name + digits, ".sock") != 0 ||
            snprintf(address.sun_path, sizeof address.sun_path, "%.*s/%s", (int)(strrchr(path, '/') - path), path, entry->d_name) >=
                (int)sizeof address.sun_path)
            continue;
        if (lstat(address.sun_path, &found) == 0 && S_ISSOCK(found.st_mode) && found.st_uid == geteuid() && !endpoint_is_alive(&address))
            unlink(address.sun_path);
    }
    if (entries)
        closedir(entries);
}

static int endpoint_default(char *out, size_t room)
{
    char folder[4096];
    const int length = weft__endpoint_folder(folder, sizeof folder);
    if (length < 0 || (size_t)length >= sizeof folder || (size_t)weft__endpoint_path(getpid(), out, room) >= room)
        return weft_error_refuse(WEFT_ERANGE, "%s: XDG_RUNTIME_DIR is too long for a socket: give a unix_path", endpoint_call);
    return endpoint_make_folder(folder);
}

int weft__diag_listen_unix(const char *path, struct weft__diag_endpoint *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path && strlen(path) > WEFT_DIAG_PATH_MAX)
        return weft_error_refuse(WEFT_ERANGE, "%s: a unix_path of %zu bytes: a socket's has at most %d", endpoint_call,
                                 strlen(path), WEFT_DIAG_PATH_MAX);
    const int wrong = path ? 0 : endpoint_default(address.sun_path, sizeof address.sun_path);
    if (wrong)
        return wrong;
    if (path)
        memcpy(address.sun_path, path, strlen(path));
    *out = (struct weft__diag_endpoint){.fd = -1};
    const int folder = endpoint_open_folder(address.sun_path);
    if (folder < 0)
        return folder;
    if (!path)
        endpoint_sweep(folder, address.sun_path);
    int result = endpoint_clear(&address);
    if (!result)
        result = endpoint_bind(&address, out);
    close(folder);
    return result;
}

static int endpoint_loopback(const char *text, int port, struct sockaddr_storage *out, socklen_t *out_length)
{
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)out;
    memset(out, 0, sizeof *out);
    if (strcmp(text, "127.0.0.1") == 0) {
        *four = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                     .sin_addr = {htonl(INADDR_LOOPBACK)}};
        *out_length = sizeof *four;
        return 0;
    }
    if (strcmp(text, "::1") == 0) {
        *six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_loopback};
        *out_length = sizeof *six;
        return 0;
    }
    return weft_error_refuse(WEFT_EINVAL, "%s: tcp_address '%.40s': it listens on the loopback only: 127.0.0.1 or ::1",
                             endpoint_call, text);
}

int weft__diag_listen_tcp(const char *text, int port, struct weft__diag_endpoint *out)
{
    struct sockaddr_storage address;
    socklen_t length;
    const int wrong = endpoint_loopback(text, port, &address, &length), yes = 1;
    if (wrong)
        return wrong;
    *out = (struct weft__diag_endpoint){.fd = -1};
    const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return endpoint_refuse_errno("no socket for", text, errno);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        bind(fd, (const struct sockaddr *)&address, length) < 0 || listen(fd, ENDPOINT_BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        const int error = errno;
        close(fd);
        return weft_error_refuse(-error, "%s: cannot listen on %s, port %d: %s", endpoint_call, text, port, strerror(error));
    }
    out->fd = fd;
    out->port = ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)(void *)&address)->sin_port
                                                   : ((struct sockaddr_in6 *)(void *)&address)->sin6_port);
    return 0;
}

void weft__diag_unlisten(struct weft__diag_endpoint *endpoint)
{
    if (endpoint->fd < 0)
        return;
    struct stat found;
    if (endpoint->path[0] && lstat(endpoint->path, &found) == 0 && found.st_dev == endpoint->device &&
        found.st_ino == endpoint->inode)
        unlink(endpoint->path);
    close(endpoint->fd);
    endpoint->fd = -1;
}

bool weft__diag_peer_allowed(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}
