/* SPDX-License-Identifier: MIT */
/* Which path is answered by whom, and with which parameters. */
#ifndef WEFT_DIAG_ROUTES_H
#define WEFT_DIAG_ROUTES_H

#include "view.h"

/* `view` has the options, the counts and the memory; the rest is filled in here. */
void weft__diag_answer(struct weft__diag_view *view, const struct weft__diag_request *request, struct weft__diag_reply *reply);

#endif
