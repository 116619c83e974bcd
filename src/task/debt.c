/* SPDX-License-Identifier: MIT */
#include "task/debt.h"

#include <stddef.h>

#include "task/env.h"

void weft__debt_pay(struct weft__thread *self)
{
    void (*const pay)(void *) = self->debt.pay;
    void *const owing = self->debt.owing;
    self->debt.pay = NULL;
    self->debt.owing = NULL;
    if (!self->env->inherited)
        pay(owing);
}
