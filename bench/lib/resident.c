/* SPDX-License-Identifier: MIT */
/* /proc, in pages. */
#include "lib/resident.h"

#include <stdio.h>
#include <unistd.h>

int64_t bench_resident_of(pid_t process)
{
    char path[64];
    long total = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)process);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    const int read = fscanf(file, "%ld %ld", &total, &resident);
    fclose(file);
    return read == 2 ? (int64_t)resident * sysconf(_SC_PAGESIZE) : 0;
}

int64_t bench_resident(void)
{
    return bench_resident_of(getpid());
}
