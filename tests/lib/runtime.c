/* SPDX-License-Identifier: MIT */
#include "lib/runtime.h"

#include "lib/verdict.h"

weft_runtime *rt;

int runtime_of_one(void **state)
{
    (void)state;
    rt = world_begin(1);
    return 0;
}

int runtime_of_two(void **state)
{
    (void)state;
    rt = world_begin(2);
    return 0;
}

int runtime_end(void **state)
{
    (void)state;
    world_end(rt, -1);
    verdict_assert();
    return 0;
}
