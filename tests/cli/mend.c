/* SPDX-License-Identifier: MIT */
/* Recordings that were cut off: stream files made by hand, whole, cut in a packet, and no packets at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/trace/mend.h"

enum { PACKET = 4096 };

static char folder[64];

static int mend_setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/weft-mend-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int mend_teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void file_write(const char *name, const void *bytes, size_t size)
{
    char at[128];
    snprintf(at, sizeof at, "%s/%s", folder, name);
    FILE *file = fopen(at, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* `count` packets, the n-th ends at n * 1000. */
static unsigned char *packets(size_t count)
{
    unsigned char *bytes = calloc(count, PACKET);
    for (size_t i = 0; i < count; i++) {
        const uint32_t magic = 0xc1fc1fc1;
        const uint64_t end = (i + 1) * 1000, content = 8 * 200, size = UINT64_C(8) * PACKET;
        memcpy(bytes + i * PACKET, &magic, 4);
        memcpy(bytes + i * PACKET + 40, &end, 8);
        memcpy(bytes + i * PACKET + 48, &content, 8);
        memcpy(bytes + i * PACKET + 56, &size, 8);
    }
    return bytes;
}

static uint64_t size_of(const char *in, const char *name)
{
    char at[512];
    struct stat stat_of;
    snprintf(at, sizeof at, "%s/%s", in, name);
    assert_int_equal(stat(at, &stat_of), 0);
    return (uint64_t)stat_of.st_size;
}

static void file_is_cut_after_its_last_whole_packet(void **state)
{
    (void)state;
    unsigned char *bytes = packets(3);
    struct mend mend;
    file_write("hot_0", bytes, 3 * PACKET - 10);
    file_write("hot_1", bytes, 3 * PACKET);
    file_write("metadata", "/* CTF 1.8 */", 13);
    assert_int_equal(mend_trace(&mend, folder), 0);
    assert_int_equal(mend.cut, 1);
    assert_int_equal(mend.lost, PACKET - 10);
    assert_int_equal(mend.until_ns, 2000);
    assert_string_equal(mend.name, "hot_0");
    assert_int_equal(size_of(mend.folder, "hot_0"), 2 * PACKET);
    assert_int_equal(size_of(mend.folder, "hot_1"), 3 * PACKET);
    assert_int_equal(size_of(mend.folder, "metadata"), 13);
    char gone[256];
    strcpy(gone, mend.folder);
    mend_fini(&mend);
    assert_int_equal(access(gone, F_OK), -1);
    assert_int_equal(size_of(folder, "hot_0"), 3 * PACKET - 10); /* what was recorded is untouched */
    free(bytes);
}

static void whole_trace_is_not_mended(void **state)
{
    (void)state;
    unsigned char *bytes = packets(2);
    struct mend mend;
    file_write("hot_0", bytes, 2 * PACKET);
    assert_int_equal(mend_trace(&mend, folder), -1);
    assert_null(mend.folder);
    assert_int_equal(mend_trace(&mend, "/nonexistent"), -1);
    free(bytes);
}

/* Without its index, which may be what is broken. */
static void index_is_left_out(void **state)
{
    (void)state;
    unsigned char *bytes = packets(2);
    struct mend mend;
    char at[128];
    file_write("hot_0", bytes, 2 * PACKET);
    snprintf(at, sizeof at, "%s/index", folder);
    assert_int_equal(mkdir(at, 0700), 0);
    file_write("index/hot_0.idx", bytes, 100);
    assert_int_equal(mend_trace(&mend, folder), 0);
    assert_true(mend.index);
    assert_int_equal(mend.cut, 0);
    assert_int_equal(size_of(mend.folder, "hot_0"), 2 * PACKET);
    snprintf(at, sizeof at, "%s/index", mend.folder);
    assert_int_equal(access(at, F_OK), -1);
    mend_fini(&mend);
    free(bytes);
}

static void file_without_a_whole_packet_is_left_out(void **state)
{
    (void)state;
    unsigned char *bytes = packets(1);
    struct mend mend;
    file_write("hot_0", bytes, 100);
    file_write("hot_1", "nonsense", 8);
    file_write("hot_2", "", 0);
    assert_int_equal(mend_trace(&mend, folder), 0);
    assert_int_equal(mend.cut, 2);
    assert_int_equal(mend.lost, 108);
    assert_int_equal(mend.until_ns, 0);
    mend_fini(&mend);
    free(bytes);
}

/* Sizes from outside must not lead it out of the file, or round for ever. */
static void broken_sizes_end_what_is_whole(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 8, 7, UINT64_MAX, UINT64_MAX - 7, UINT64_C(8) * PACKET * 2};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *bytes = packets(2);
        uint64_t end;
        memcpy(bytes + PACKET + 56, &sizes[i], 8);
        file_write("hot_0", bytes, 2 * PACKET);
        char at[128];
        snprintf(at, sizeof at, "%s/hot_0", folder);
        const int fd = open(at, O_RDONLY | O_CLOEXEC);
        assert_int_equal(mend_whole_bytes(fd, 2 * PACKET, &end), PACKET);
        assert_int_equal(end, 1000);
        close(fd);
        free(bytes);
    }
}

/* Whoever mended is killed while the copy is in use: it goes away, and with it the last writer of the pipe. */
static void copy_goes_with_a_process_that_is_killed(void **state)
{
    (void)state;
    unsigned char *bytes = packets(2);
    int ends[2];
    char gone[sizeof(((struct dirent *)NULL)->d_name)] = "";
    file_write("hot_0", bytes, 2 * PACKET - 10);
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        struct mend mend;
        close(ends[0]);
        if (mend_trace(&mend, folder) || write(ends[1], mend.folder, strlen(mend.folder)) < 0)
            _exit(1);
        kill(mend.keeper, SIGINT); /* as Ctrl-C does, to all of a command */
        raise(SIGKILL);
    }
    close(ends[1]);
    assert_true(read(ends[0], gone, sizeof gone - 1) > 0);
    assert_non_null(strstr(gone, "weft-mended-"));
    char byte;
    assert_int_equal(read(ends[0], &byte, 1), 0);
    assert_int_equal(access(gone, F_OK), -1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ends[0]);
    free(bytes);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, mend_setup, mend_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(file_is_cut_after_its_last_whole_packet),
        TEST(whole_trace_is_not_mended),
        TEST(index_is_left_out),
        TEST(file_without_a_whole_packet_is_left_out),
        TEST(broken_sizes_end_what_is_whole),
        TEST(copy_goes_with_a_process_that_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
