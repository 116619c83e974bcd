/* SPDX-License-Identifier: MIT */
/* An await in a function that is no step. */
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
    self->kept = 1;
    WEFT_END(0);
}

weft_poll outside(weft_context *cx, struct step *self);
weft_poll outside(weft_context *cx, struct step *self)
{
#ifdef WRONG
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
#else
    self->weft.rc = weft_yield(cx);
#endif
    return WEFT_READY;
}
