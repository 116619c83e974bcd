/* SPDX-License-Identifier: MIT */
/* Where it listens, who may come, and what is refused. */
#include "diag/lib/served.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"

enum { NOBODY = 65534 };

static int start(weft_diag **out, weft_diag_options options)
{
    options.size = sizeof options;
    return weft_diag_start(out, &options);
}
#define START(out, ...) start((out), (weft_diag_options){__VA_ARGS__})

#define REFUSED(code, text, ...)                                                                                       \
    do {                                                                                                               \
        weft_diag *refused = NULL;                                                                                     \
        assert_int_equal(START(&refused, __VA_ARGS__), code);                                                          \
        if (!strstr(weft_error_detail(), text))                                                                        \
            fail_msg("'%s' is not in: %s", text, weft_error_detail());                                                 \
        assert_ptr_equal(refused, NULL);                                                                               \
    } while (0)

static void options_that_are_none_are_refused(void **state)
{
    (void)state;
    char huge[300];
    memset(huge, 'x', sizeof huge - 1);
    huge[0] = '/';
    huge[sizeof huge - 1] = '\0';
    assert_int_equal(weft_diag_start(NULL, NULL), WEFT_EINVAL);
    weft_diag *none = NULL;
    assert_int_equal(weft_diag_start(&none, &(weft_diag_options){.size = 8}), WEFT_EINVAL);
    REFUSED(WEFT_EINVAL, "nowhere to listen", .unix_path = "");
    REFUSED(WEFT_EINVAL, "without a token", .unix_path = "", .tcp_port = 9464);
    REFUSED(WEFT_EINVAL, "a token of 5 bytes", .unix_path = "", .tcp_port = 9464, .token = "12345");
    REFUSED(WEFT_EINVAL, "tcp_port 70000", .tcp_port = 70000);
    REFUSED(WEFT_EINVAL, "tcp_port -2", .tcp_port = -2);
    REFUSED(WEFT_EINVAL, "loopback only", .unix_path = "", .tcp_port = -1, .tcp_address = "0.0.0.0", .token = "0123456789abcdef");
    REFUSED(WEFT_EINVAL, "loopback only", .unix_path = "", .tcp_port = -1, .tcp_address = "example.org", .token = "0123456789abcdef");
    REFUSED(WEFT_EINVAL, "connections_max", .connections_max = 4097);
    REFUSED(WEFT_EINVAL, "poll_critical_ms", .poll_degraded_ms = 10, .poll_critical_ms = 5);
    REFUSED(WEFT_ERANGE, "has at most 107", .unix_path = huge);
    assert_int_equal(weft_diag_stop(NULL), WEFT_EINVAL);
    assert_string_equal(weft_diag_path(NULL), "");
    assert_int_equal(weft_diag_port(NULL), 0);
}

/* The longest path there is, and one byte more. */
static void path_of_the_greatest_length_works(void **state)
{
    (void)state;
    struct served served;
    char path[128];
    served_folder(&served);
    const size_t length = strlen(served.folder);
    memset(path, 'a', sizeof path);
    memcpy(path, served.folder, length);
    path[length] = '/';
    path[WEFT_DIAG_PATH_MAX] = '\0';
    assert_int_equal(strlen(path), WEFT_DIAG_PATH_MAX);
    assert_int_equal(START(&served.diag, .unix_path = path), 0);
    assert_int_equal(http_status(path, "/health/live", NULL), 200);
    assert_int_equal(weft_diag_stop(served.diag), 0);
    strcat(path, "a");
    REFUSED(WEFT_ERANGE, "108 bytes", .unix_path = path);
    served_remove(&served);
}

/* A socket at the path, which nobody listens on any more. */
static void leave_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    close(fd);
}

/* known bug 108 */
static void dead_socket_of_ours_is_taken_over(void **state)
{
    (void)state;
    struct served served;
    served_folder(&served);
    leave_socket(served.path);
    assert_int_equal(START(&served.diag, .unix_path = served.path), 0);
    assert_int_equal(http_status(served.path, "/health/live", NULL), 200);
    REFUSED(WEFT_EADDRINUSE, "this process answers at", .unix_path = served.path); /* and one that lives is not */
    assert_int_equal(http_status(served.path, "/health/live", NULL), 200);
    served_end(&served);
}

/* As the one before, but another process answers there. */
static void socket_of_another_process_is_told_from_our_own(void **state)
{
    (void)state;
    struct served served;
    int pipes[2];
    char byte;
    served_folder(&served);
    assert_int_equal(pipe(pipes), 0);
    const pid_t child = fork();
    if (child == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        snprintf(address.sun_path, sizeof address.sun_path, "%s", served.path);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 8) == 0 && write(pipes[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    REFUSED(WEFT_EADDRINUSE, "somebody answers", .unix_path = served.path);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(pipes[0]);
    close(pipes[1]);
    unlink(served.path);
    served_remove(&served);
}

static void what_is_no_dead_socket_stays(void **state)
{
    (void)state;
    struct served served;
    char target[128];
    served_folder(&served);
    snprintf(target, sizeof target, "%s/target.sock", served.folder);
    FILE *file = fopen(served.path, "w");
    fputs("precious", file);
    fclose(file);
    REFUSED(WEFT_EADDRINUSE, "a file, not a socket", .unix_path = served.path);
    assert_int_equal(access(served.path, F_OK), 0);
    unlink(served.path);

    leave_socket(target);
    assert_int_equal(symlink(target, served.path), 0);
    REFUSED(WEFT_EADDRINUSE, "a symbolic link", .unix_path = served.path);
    assert_int_equal(access(target, F_OK), 0);
    unlink(served.path);
    unlink(target);

    assert_int_equal(mkdir(served.path, 0700), 0);
    REFUSED(WEFT_EADDRINUSE, "a folder, not a socket", .unix_path = served.path);
    rmdir(served.path);

    REFUSED(WEFT_ENOENT, "cannot open the folder", .unix_path = "/tmp/no/such/folder/weft.sock");
    served_remove(&served);
}

static void folder_in_which_others_may_write_is_refused(void **state)
{
    (void)state;
    struct served served;
    served_folder(&served);
    assert_int_equal(chmod(served.folder, 0777), 0);
    REFUSED(WEFT_EACCES, "others may exchange files", .unix_path = served.path);
    assert_int_equal(chmod(served.folder, 01777), 0); /* as /tmp */
    assert_int_equal(START(&served.diag, .unix_path = served.path), 0);
    served_end(&served);
}

static void socket_of_another_user_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct served served;
    served_folder(&served);
    leave_socket(served.path);
    assert_int_equal(chown(served.path, NOBODY, NOBODY), 0);
    REFUSED(WEFT_EACCES, "a socket of user 65534", .unix_path = served.path);
    assert_int_equal(access(served.path, F_OK), 0);
    unlink(served.path);
    assert_int_equal(chown(served.folder, NOBODY, NOBODY), 0);
    REFUSED(WEFT_EACCES, "others may exchange files", .unix_path = served.path);
    served_remove(&served);
}

static int ask_as_nobody(void *context)
{
    struct http_answer answer;
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        return 99;
    http_get(context, "/health/live", NULL, &answer);
    const int status = answer.status;
    http_free(&answer);
    return status == 403 ? 43 : status != 0; /* 0: it could not even connect */
}

/* scenario 57, known bug 107 */
static void another_user_is_refused_whatever_the_umask(void **state)
{
    (void)state;
    struct served served;
    struct stat found;
    const mode_t before = umask(0);
    SERVED(&served);
    umask(before);
    assert_int_equal(lstat(served.path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    if (geteuid() == 0) {
        assert_int_equal(chmod(served.folder, 0755), 0);
        assert_int_equal(child_run(ask_as_nobody, served.path), 0); /* by the file */
        assert_int_equal(chmod(served.path, 0666), 0);
        assert_int_equal(child_run(ask_as_nobody, served.path), 43); /* by who asks */
        json_t *self = http_json(served.path, "/api/diag", 200);
        assert_int_equal(member_number(self, "refused"), 1);
        json_decref(self);
        assert_int_equal(chmod(served.folder, 0700), 0);
    }
    served_end(&served);
    umask(0777); /* and one that takes everything */
    served_folder(&served);
    assert_int_equal(chmod(served.folder, 0700), 0);
    const int result = START(&served.diag, .unix_path = served.path);
    umask(before);
    assert_int_equal(result, 0);
    assert_int_equal(lstat(served.path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    served_end(&served);
}

static void default_path_is_in_a_folder_of_the_user_alone(void **state)
{
    (void)state;
    struct served served;
    weft_diag *diag;
    struct stat found;
    char expected[256], folder[128];
    served_folder(&served);
    assert_int_equal(setenv("XDG_RUNTIME_DIR", served.folder, 1), 0);
    const mode_t before = umask(0);
    assert_int_equal(weft_diag_start(&diag, NULL), 0);
    umask(before);
    snprintf(folder, sizeof folder, "%s/weft", served.folder);
    snprintf(expected, sizeof expected, "%s/%d.sock", folder, (int)getpid());
    assert_string_equal(weft_diag_path(diag), expected);
    assert_int_equal(lstat(folder, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0700);
    assert_int_equal(http_status(expected, "/health/live", NULL), 200);
    assert_int_equal(weft_diag_stop(diag), 0);

    /* What others have left behind goes, and nothing else. */
    static const char *const names[] = {"999999.sock", "other.sock", "999998.txt", "999997.sock"};
    char left[4][192];
    for (int i = 0; i < 4; i++)
        snprintf(left[i], sizeof left[i], "%s/%s", folder, names[i]);
    leave_socket(left[0]);
    leave_socket(left[1]);
    leave_socket(left[2]);
    struct served living = {.diag = NULL};
    assert_int_equal(START(&living.diag, .unix_path = left[3]), 0);
    assert_int_equal(weft_diag_start(&diag, NULL), 0);
    assert_int_equal(access(left[0], F_OK), -1);
    for (int i = 1; i < 4; i++)
        assert_int_equal(access(left[i], F_OK), 0);
    assert_int_equal(weft_diag_stop(diag), 0);
    assert_int_equal(weft_diag_stop(living.diag), 0);
    unlink(left[1]);
    unlink(left[2]);

    assert_int_equal(chmod(folder, 0750), 0);
    assert_int_equal(weft_diag_start(&diag, NULL), WEFT_EACCES);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(symlink("/tmp", folder), 0);
    assert_int_equal(weft_diag_start(&diag, NULL), WEFT_EACCES);
    unlink(folder);
    unsetenv("XDG_RUNTIME_DIR");
    assert_int_equal(weft_diag_start(&diag, NULL), 0);
    snprintf(expected, sizeof expected, "/tmp/weft-%u/%d.sock", (unsigned)geteuid(), (int)getpid());
    assert_string_equal(weft_diag_path(diag), expected);
    assert_int_equal(weft_diag_stop(diag), 0);
    served_remove(&served);
}

static void tcp_asks_for_the_token(void **state)
{
    (void)state;
    static const char token[] = "correct horse battery staple";
    struct served served;
    struct http_answer answer;
    char port[8], header[64];
    SERVED(&served, .tcp_port = WEFT_DIAG_PORT_ANY, .token = token);
    assert_true(weft_diag_port(served.diag) > 0);
    snprintf(port, sizeof port, "%d", weft_diag_port(served.diag));
    http_get(port, "/health/live", NULL, &answer);
    assert_int_equal(answer.status, 401);
    assert_non_null(http_header(&answer, "WWW-Authenticate", header, sizeof header));
    assert_string_equal(header, "Bearer");
    http_free(&answer);
    assert_int_equal(http_status(port, "/health/live", "Authorization: Bearer correct horse battery staple\r\n"), 200);
    assert_int_equal(http_status(port, "/health/live", "Authorization: bearer correct horse battery staple\r\n"), 200);
    assert_int_equal(http_status(port, "/health/live", "Authorization: Bearer correct horse battery stapl\r\n"), 401);
    assert_int_equal(http_status(port, "/health/live", "Authorization: Bearer \r\n"), 401);
    assert_int_equal(http_status(port, "/health/live", "Authorization: Basic correct horse battery staple\r\n"), 401);
    assert_int_equal(http_status(port, "/no/such/path", NULL), 401); /* it tells nothing before */
    assert_int_equal(http_status(served.path, "/health/live", NULL), 200); /* the Unix socket knows its user */
    REFUSED(WEFT_EADDRINUSE, "cannot listen on 127.0.0.1", .unix_path = "", .tcp_port = atoi(port), .token = token);
    served_end(&served);
}

static void page_of_another_origin_is_refused(void **state)
{
    (void)state;
    struct served served;
    struct http_answer answer;
    char port[8], request[512];
    SERVED(&served, .tcp_port = WEFT_DIAG_PORT_ANY, .token = "0123456789abcdef");
    snprintf(port, sizeof port, "%d", weft_diag_port(served.diag));
    static const struct {
        const char *host, *more;
        int status;
    } cases[] = {
        {"Host: localhost\r\n", "", 200},
        {"Host: 127.0.0.1:9464\r\n", "", 200},
        {"Host: [::1]:9464\r\n", "", 200},
        {"Host: LOCALHOST:1\r\n", "", 200},
        {"Host: evil.example\r\n", "", 403},
        {"Host: 127.0.0.1.evil.example\r\n", "", 403},
        {"Host: localhost.evil.example\r\n", "", 403},
        {"Host: localhost:\r\n", "", 403},
        {"Host: localhost:80x\r\n", "", 403},
        {"Host: 192.168.0.1\r\n", "", 403},
        {"Host:\r\n", "", 403},
        {"Host: localhost\r\n", "Origin: http://localhost\r\n", 200},
        {"Host: localhost:9464\r\n", "Origin: http://localhost:9464\r\n", 200},
        {"Host: localhost:9464\r\n", "Origin: http://localhost:9465\r\n", 403},
        {"Host: localhost\r\n", "Origin: https://localhost\r\n", 403},
        {"Host: localhost\r\n", "Origin: null\r\n", 403},
        {"Host: localhost\r\n", "Origin: http://evil.example\r\n", 403},
        {"Host: localhost\r\n", "Sec-Fetch-Site: same-origin\r\n", 200},
        {"Host: localhost\r\n", "Sec-Fetch-Site: none\r\n", 200},
        {"Host: localhost\r\n", "Sec-Fetch-Site: cross-site\r\n", 403},
        {"Host: localhost\r\n", "Sec-Fetch-Site: same-site\r\n", 403},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int length = snprintf(request, sizeof request, "GET /health/live HTTP/1.1\r\n%s%sAuthorization: Bearer "
                                                             "0123456789abcdef\r\nConnection: close\r\n\r\n",
                                    cases[i].host, cases[i].more);
        http_raw(port, request, (size_t)length, &answer);
        if (answer.status != cases[i].status)
            fail_msg("%s%s%d instead of %d", cases[i].host, cases[i].more, answer.status, cases[i].status);
        http_free(&answer);
    }
    served_end(&served);
}

static void stop_leaves_neither_threads_nor_descriptors(void **state)
{
    (void)state;
    struct served served;
    served_folder(&served);
    assert_int_equal(START(&served.diag, .unix_path = served.path), 0); /* what is made once */
    assert_int_equal(http_status(served.path, "/api/tasks", NULL), 200);
    assert_int_equal(weft_diag_stop(served.diag), 0);
    const unsigned threads = child_count_entries("/proc/self/task"), files = child_count_entries("/proc/self/fd");
    for (int i = 0; i < 20; i++) {
        int left[4];
        assert_int_equal(START(&served.diag, .unix_path = served.path, .tcp_port = WEFT_DIAG_PORT_ANY, .token = "0123456789abcdef"), 0);
        for (int n = 0; n < 4; n++)
            left[n] = http_connect(served.path); /* connected when it ends: one idle, one half, one asks, one streams */
        http_send(left[1], "GET /api", 8);
        http_send(left[2], "GET /api HTTP/1.1\r\nHost: x\r\n\r\n", 31);
        http_send(left[3], "GET /events HTTP/1.1\r\nHost: x\r\n\r\n", 34);
        if (i % 2)
            assert_int_equal(http_status(served.path, "/api/tasks", NULL), 200);
        assert_int_equal(weft_diag_stop(served.diag), 0);
        for (int n = 0; n < 4; n++)
            close(left[n]);
    }
    WORLD_UNTIL(child_count_entries("/proc/self/task") <= threads); /* a joined thread is listed for a moment: now, or before */
    assert_int_equal(child_count_entries("/proc/self/fd"), files);
    served_remove(&served);
}

static int child_of_fork(void *context)
{
    struct served *served = context;
    const unsigned files = child_count_entries("/proc/self/fd");
    if (http_status(served->path, "/health/live", NULL) != 200) /* the parent's answers */
        return 1;
    if (weft_diag_stop(served->diag) != 0) /* and goes on after this */
        return 2;
    if (http_status(served->path, "/health/live", NULL) != 200)
        return 3;
    weft_diag *own;
    char path[128];
    if (WORLD_TSAN) /* it lets a forked child of several threads start none */
        return 0;
    snprintf(path, sizeof path, "%s/child.sock", served->folder);
    if (START(&own, .unix_path = path) != 0 || http_status(path, "/health/live", NULL) != 200 || weft_diag_stop(own) != 0)
        return 4;
    return child_count_entries("/proc/self/fd") == files ? 0 : 5;
}

static void child_of_a_fork_leaves_the_parents_alone(void **state)
{
    (void)state;
    struct served served;
    SERVED(&served);
    const int streaming = http_connect(served.path);
    http_send(streaming, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n", 34);
    assert_int_equal(http_status(served.path, "/health/live", NULL), 200);
    assert_int_equal(child_run(child_of_fork, &served), 0);
    assert_int_equal(http_status(served.path, "/health/live", NULL), 200);
    close(streaming);
    served_end(&served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_that_are_none_are_refused),
        cmocka_unit_test(path_of_the_greatest_length_works),
        cmocka_unit_test(dead_socket_of_ours_is_taken_over),
        cmocka_unit_test(socket_of_another_process_is_told_from_our_own),
        cmocka_unit_test(what_is_no_dead_socket_stays),
        cmocka_unit_test(folder_in_which_others_may_write_is_refused),
        cmocka_unit_test(socket_of_another_user_is_refused),
        cmocka_unit_test(another_user_is_refused_whatever_the_umask),
        cmocka_unit_test(default_path_is_in_a_folder_of_the_user_alone),
        cmocka_unit_test(tcp_asks_for_the_token),
        cmocka_unit_test(page_of_another_origin_is_refused),
        cmocka_unit_test(stop_leaves_neither_threads_nor_descriptors),
        cmocka_unit_test(child_of_a_fork_leaves_the_parents_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
