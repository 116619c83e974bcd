/* SPDX-License-Identifier: MIT */
/* A stranger's program with the component weft-config, in C: nothing of C++ has to be known to it. */
#include <stdio.h>
#include <weft.h>
#include <weft/config.h>

int main(void)
{
    static const char text[] = "[runtime.main]\nworker_threads = 3\n", bad[] = "[runtime]\nworker_threads = 0\n";
    weft_config *cfg;
    weft_runtime *rt;
    if (weft_config_parse(&cfg, text, sizeof text - 1, NULL) < 0)
        return 2;
    if (weft_config_runtime_create(cfg, "main", NULL, &rt) < 0)
        return 3;
    if (weft_config_replace(cfg, bad, sizeof bad - 1, rt) != WEFT_EINVAL)
        return 4;
    printf("%u workers; %s\n", weft_runtime_workers(rt), weft_error_detail()); /* the text of the one library, not of two */
    weft_config_destroy(cfg);
    return weft_runtime_finish(rt) < 0;
}
