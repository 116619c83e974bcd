/* SPDX-License-Identifier: MIT */
#include "lib/scarcity.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

void scarcity_begin(struct scarcity *self)
{
    self->count = 0;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &self->before), 0);
    struct rlimit tight = self->before;
    tight.rlim_cur = SCARCITY_LIMIT;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    while (self->count < SCARCITY_LIMIT && (self->fillers[self->count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        self->count++;
}

void scarcity_end(struct scarcity *self)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &self->before), 0);
    while (self->count > 0)
        close(self->fillers[--self->count]);
}
