/* SPDX-License-Identifier: MIT */
/* Loads the endpoint, starts and stops it, and unloads it, many times; forks after each, when its code is gone. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft.h>
#include <weft/diag.h>

static void *symbol(void *library, const char *name, void *out)
{
    void *found = dlsym(library, name);
    memcpy(out, &found, sizeof found); /* ISO C has no conversion from object to function pointers */
    return found;
}

int main(int argc, char **argv)
{
    weft_runtime *rt;
    if (argc < 3 || weft_runtime_create(&rt, NULL) < 0)
        return 2;
    for (int i = 0; i < 20; i++) {
        int (*start)(weft_diag **, const weft_diag_options *);
        int (*stop)(weft_diag *);
        weft_diag *diag;
        void *library = dlopen(argv[1], RTLD_NOW);
        if (!library || !symbol(library, "weft_diag_start", &start) || !symbol(library, "weft_diag_stop", &stop)) {
            printf("%s\n", dlerror());
            return 3;
        }
        if (start(&diag, WEFT_DIAG_OPTIONS(.unix_path = argv[2])) < 0 || stop(diag) < 0) {
            printf("%s\n", weft_error_detail());
            return 4;
        }
        dlclose(library);
        if (dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD))
            return 5; /* it stays loaded: then this would show nothing */
        int status = 1;
        const pid_t child = fork();
        if (child == 0)
            _exit(0);
        if (waitpid(child, &status, 0) != child || status != 0)
            return 6;
    }
    return weft_runtime_destroy(rt) < 0;
}
