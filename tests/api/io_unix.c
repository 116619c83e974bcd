/* SPDX-License-Identifier: MIT */
/* The files of Unix sockets: which are replaced, which are not, and by whom. */
#include "lib/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sockets.h"

/* A path of this test's own, and its address. */
static weft_address address_of_file(char *path, size_t room, const char *name)
{
    char text[80];
    snprintf(path, room, "/tmp/weft-test-%s-%d.sock", name, (int)getpid());
    snprintf(text, sizeof text, "unix:%s", path);
    return sockets_address(text);
}

/* A dead socket's file is replaced; a living one's, and another file, is not. */
static void unix_socket_replaces_only_what_is_dead(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    char path[64];
    const weft_address address = address_of_file(path, sizeof path, "dead");
    weft_fd one = {0}, other = {0};
    assert_int_equal(weft_listen(rt, &address, NULL, &one), 0);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(weft_listen(rt, &address, NULL, &other), WEFT_EADDRINUSE);
    weft_fd_close(&one); /* the file stays */
    assert_int_equal(weft_listen(rt, &address, NULL, &other), 0);
    weft_fd_close(&other);
    unlink(path);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(weft_listen(rt, &address, NULL, &other), WEFT_EADDRINUSE);
    unlink(path);
    world_end(rt, 0);
}

/* A plain socket that is bound at the path of an address, and nothing more. */
static int bind_plainly(const weft_address *address, int type)
{
    const int fd = socket(AF_UNIX, type, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)address->sockaddr.bytes, address->length), 0);
    return fd;
}

/* Who is between bind() and listen() is alive, and who listens is asked nothing. */
static void unix_socket_that_is_bound_is_not_taken_for_dead(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    char path[64];
    const weft_address address = address_of_file(path, sizeof path, "bound");
    weft_fd fd = {0};
    const int packets = bind_plainly(&address, SOCK_SEQPACKET);
    assert_int_equal(weft_listen(rt, &address, NULL, &fd), WEFT_EADDRINUSE);
    close(packets);
    unlink(path);
    const int bound = bind_plainly(&address, SOCK_STREAM | SOCK_NONBLOCK);
    assert_int_equal(weft_listen(rt, &address, NULL, &fd), WEFT_EADDRINUSE);
    assert_int_equal(weft_datagram_open(rt, &address, NULL, &fd), WEFT_EADDRINUSE);
    assert_int_equal(listen(bound, 1), 0);
    assert_int_equal(weft_listen(rt, &address, NULL, &fd), WEFT_EADDRINUSE);
    assert_int_equal(accept(bound, NULL, NULL), -1); /* nobody has come to see whether it is alive */
    assert_int_equal(errno, EAGAIN);
    close(sockets_connect_plainly(&address)); /* its file is where it was */
    close(bound);
    assert_int_equal(weft_listen(rt, &address, NULL, &fd), 0);
    weft_fd_close(&fd);
    unlink(path);
    world_end(rt, 0);
}

struct replacer {
    weft_runtime *rt;
    const weft_address *address;
    pthread_barrier_t *start;
    weft_fd listener;
    int answer;
};

static void *replace(void *argument)
{
    struct replacer *self = argument;
    pthread_barrier_wait(self->start);
    self->answer = weft_listen(self->rt, self->address, NULL, &self->listener);
    return NULL;
}

/* A dead socket that several replace at once: one of them listens there, and the others are told so. */
static void unix_socket_is_replaced_by_one_of_several(void **state)
{
    (void)state;
    enum { REPLACERS = 4, ROUNDS = 40 };
    weft_runtime *rt = world_begin(1);
    char path[64];
    const weft_address address = address_of_file(path, sizeof path, "several");
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, REPLACERS);
    for (int round = 0; round < ROUNDS; round++) {
        struct replacer replacers[REPLACERS];
        pthread_t threads[REPLACERS];
        int listening = 0;
        close(bind_plainly(&address, SOCK_STREAM)); /* dead */
        for (int i = 0; i < REPLACERS; i++) {
            replacers[i] = (struct replacer){.rt = rt, .address = &address, .start = &start};
            world_thread(&threads[i], replace, &replacers[i]);
        }
        for (int i = 0; i < REPLACERS; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < REPLACERS; i++) {
            assert_true(replacers[i].answer == 0 || replacers[i].answer == WEFT_EADDRINUSE);
            listening += replacers[i].answer == 0;
        }
        assert_int_equal(listening, 1);
        close(sockets_connect_plainly(&address));
        for (int i = 0; i < REPLACERS; i++)
            weft_fd_close(&replacers[i].listener);
        unlink(path);
    }
    pthread_barrier_destroy(&start);
    world_end(rt, 0);
}

/* The same of datagrams; and nothing is sent to it by other users. */
static void unix_datagram_socket_replaces_only_what_is_dead(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    char path[64];
    const weft_address address = address_of_file(path, sizeof path, "gram");
    weft_fd one = {0}, other = {0};
    const mode_t mask = umask(0);
    assert_int_equal(weft_datagram_open(rt, &address, NULL, &one), 0);
    umask(mask);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(weft_datagram_open(rt, &address, NULL, &other), WEFT_EADDRINUSE);
    assert_int_equal(weft_listen(rt, &address, NULL, &other), WEFT_EADDRINUSE); /* of another type, and alive */
    weft_fd_close(&one); /* the file stays */
    assert_int_equal(weft_datagram_open(rt, &address, NULL, &other), 0);
    weft_fd_close(&other);
    unlink(path);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(weft_datagram_open(rt, &address, NULL, &other), WEFT_EADDRINUSE);
    unlink(path);
    world_end(rt, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unix_socket_replaces_only_what_is_dead),
        cmocka_unit_test(unix_socket_that_is_bound_is_not_taken_for_dead),
        cmocka_unit_test(unix_socket_is_replaced_by_one_of_several),
        cmocka_unit_test(unix_datagram_socket_replaces_only_what_is_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
