/* SPDX-License-Identifier: MIT */
/* How much memory a process has of the machine. */
#ifndef BENCH_RESIDENT_H
#define BENCH_RESIDENT_H

#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Resident memory of this process in bytes, and of another; 0 where /proc cannot be read. */
int64_t bench_resident(void);
int64_t bench_resident_of(pid_t process);

#ifdef __cplusplus
}
#endif

#endif
