/* SPDX-License-Identifier: MIT */
/* A frame whose member `weft` is missing. */
/* languages: c c++ */
#include <weft.h>

struct baker {
#ifndef WRONG
    weft_frame weft;
#endif
    int loaves;
};

weft_poll baker(weft_context *cx, struct baker *self);

weft_task start(weft_scope *scope);
weft_task start(weft_scope *scope)
{
    return weft_spawn_joinable(scope, baker, .loaves = 3);
}
