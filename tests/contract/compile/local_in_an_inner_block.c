/* SPDX-License-Identifier: MIT */
/* A local of an inner block, lost over the await in that block. */
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
    if (self->kept) {
        int local = self->kept;
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        self->kept = local;
    }
#else
    if (self->kept) {
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        int local = self->kept; /* after the await, and not over one */
        self->kept = local + 1;
    }
#endif
    WEFT_END(0);
}
