/* SPDX-License-Identifier: MIT */
/* Two descriptors of one open file, which share its flags, are registered at once, and one of them is refused. */
#include "lib/world.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/faulty.h"

static struct {
    weft_runtime *rt;
    int number;
    weft_fd handle;
    int answer;
} other;

/* Without threads, whose memory could be what is refused. */
static weft_runtime *begin(void)
{
    weft_runtime *rt = NULL;
    faulty_begin();
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_TURNS)), 0);
    return rt;
}

static void register_the_other(void) { other.answer = weft_fd_open(other.rt, other.number, NULL, &other.handle); }

static bool blocks(int fd) { return !(fcntl(fd, F_GETFL) & O_NONBLOCK); }

/* The one that is refused for lack of memory has not touched them, so that what it undoes is not the work of another. */
static void refusal_leaves_the_flags_that_another_has_set(void **state)
{
    (void)state;
    int ends[2];
    weft_fd one = {0};
    other.rt = begin();
    assert_int_equal(pipe(ends), 0);
    other.number = dup(ends[0]);
    faulty_before_refusal(register_the_other);
    faulty_arm(FAULTY_MEMORY, 1, false);
    assert_int_equal(weft_fd_open(other.rt, ends[0], WEFT_FD_OPTIONS(.name = "one"), &one), WEFT_ENOMEM);
    faulty_disarm();
    faulty_before_refusal(NULL);
    assert_int_equal(other.answer, 0);
    assert_false(blocks(other.number));
    char byte;
    assert_int_equal(weft_fd_try_read(&other.handle, &byte, 1), WEFT_EAGAIN);
    weft_fd_close(&other.handle);
    close(ends[0]);
    close(ends[1]);
    world_end(other.rt, 0);
    faulty_end();
}

/* Refused alone: as it was. */
static void refused_descriptor_blocks_as_before(void **state)
{
    (void)state;
    int ends[2];
    weft_fd one = {0};
    weft_runtime *rt = begin();
    assert_int_equal(pipe(ends), 0);
    for (unsigned n = 1; n <= 2; n++) { /* the name, the page of the slot */
        faulty_arm(FAULTY_MEMORY, n, false);
        assert_int_equal(weft_fd_open(rt, ends[0], WEFT_FD_OPTIONS(.name = "one"), &one), WEFT_ENOMEM);
        faulty_disarm();
        assert_true(blocks(ends[0]));
    }
    assert_int_equal(weft_fd_open(rt, ends[0], WEFT_FD_OPTIONS(.name = "one"), &one), 0);
    assert_false(blocks(ends[0]));
    weft_fd_close(&one);
    close(ends[1]);
    world_end(rt, 0);
    faulty_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusal_leaves_the_flags_that_another_has_set),
        cmocka_unit_test(refused_descriptor_blocks_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
