/* SPDX-License-Identifier: MIT */
/* A local over WEFT_CALL. */
/* languages: c c++ */
#include <weft.h>

struct inner {
    weft_frame weft;
};

weft_poll inner(weft_context *cx, struct inner *self);
weft_poll inner(weft_context *cx, struct inner *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

struct step {
    weft_frame weft;
    int kept;
    struct inner child;
};

weft_poll step(weft_context *cx, struct step *self);
weft_poll step(weft_context *cx, struct step *self)
{
    WEFT_BEGIN(cx, self);
#ifdef WRONG
    int local = 5;
    WEFT_CALL(self->weft.rc, inner, &self->child);
    self->kept = local;
#else
    self->kept = 5;
    WEFT_CALL(self->weft.rc, inner, &self->child);
    self->kept++;
#endif
    WEFT_END(0);
}
