/* SPDX-License-Identifier: MIT */
/* A local that was assigned before an await is used after it. */
/* languages: c c++ */
#include <weft.h>

struct step {
    weft_frame weft;
    int kept;
};

weft_poll step(weft_context *cx, struct step *self);
weft_poll step(weft_context *cx, struct step *self)
{
    WEFT_BEGIN(cx, self);
#ifdef WRONG
    int local;
    local = self->kept * 2;
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    self->kept = local;
#else
    self->kept *= 2;
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    self->kept++;
#endif
    WEFT_END(0);
}
