/* SPDX-License-Identifier: MIT */
#include "lib/simulated.h"

#include "lib/verdict.h"

char simulated_reports[8192];

static void report(void *context, int code, const char *text)
{
    (void)context;
    (void)code;
    if (strlen(simulated_reports) + strlen(text) + 2 < sizeof simulated_reports)
        strcat(strcat(simulated_reports, text), "\n");
}

weft_runtime *simulated_begin(uint64_t seed)
{
    weft_runtime *rt = NULL;
    simulated_reports[0] = '\0';
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "sim", .drive = WEFT_DRIVE_SIM, .seed = seed, .report = report)))
        fail_msg("%s", weft_error_detail());
    return rt;
}

bool simulated_said(const char *text) { return strstr(weft_error_detail(), text) != NULL; }

weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->delay_ns));
    *self->woke_ns = weft_clock();
    WEFT_END(self->weft.rc);
}

weft_poll busy(weft_context *cx, struct busy *self)
{
    WEFT_BEGIN(cx, self);
    while (self->polls-- > 0) {
        VERDICT(weft_clock() == epoch);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    WEFT_END(0);
}

weft_mutex simulated_mutex(weft_runtime *rt, const char *name)
{
    weft_mutex mutex;
    assert_int_equal(weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = name), &mutex), 0);
    return mutex;
}

int simulated_plus_one(void *argument) { return *(int *)argument + 1; }
