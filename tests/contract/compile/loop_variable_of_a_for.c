/* SPDX-License-Identifier: MIT */
/* The variable of a for loop with an await in it. */
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
    for (int i = 0; i < 3; i++)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
#else
    for (self->kept = 0; self->kept < 3; self->kept++)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
#endif
    WEFT_END(0);
}
