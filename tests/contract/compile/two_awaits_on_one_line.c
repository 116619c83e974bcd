/* SPDX-License-Identifier: MIT */
/* Two awaits on one line have one number. */
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
    WEFT_AWAIT(self->weft.rc, weft_yield(cx)); WEFT_AWAIT(self->weft.rc, weft_yield(cx));
#else
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
#endif
    WEFT_END(0);
}
