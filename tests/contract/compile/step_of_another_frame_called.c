/* SPDX-License-Identifier: MIT */
/* WEFT_CALL of a step with another step's frame. */
/* languages: c-warns c++ */
#include <weft.h>

struct inner {
    weft_frame weft;
    int value;
};
struct other {
    weft_frame weft;
    long value;
};
struct step {
    weft_frame weft;
    struct inner right;
    struct other wrong;
};

weft_poll inner(weft_context *cx, struct inner *self);
weft_poll step(weft_context *cx, struct step *self);
weft_poll step(weft_context *cx, struct step *self)
{
    WEFT_BEGIN(cx, self);
#ifdef WRONG
    WEFT_CALL(self->weft.rc, inner, &self->wrong);
#else
    WEFT_CALL(self->weft.rc, inner, &self->right);
#endif
    WEFT_END(0);
}
