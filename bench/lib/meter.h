/* SPDX-License-Identifier: MIT */
/*
 * What a stretch of time cost: wall, processor time of this process, what the rest of the machine used meanwhile, and
 * how often a thread of ours gave its processor up. Instructions come from the processor's counters where the kernel
 * lets them be read (in most virtual machines it does not). Or time and switches of another process, a server that this
 * one loads; then neither of the two is the rest of the machine.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdint.h>
#include <sys/types.h>

struct meter_reading {
    int64_t wall_ns;
    int64_t cpu_ns;
    int64_t own_ns;       /* processor time that is not foreign: cpu_ns, and of a server's load that of this process, too */
    int64_t switches;     /* voluntary ones: a thread slept */
    int64_t instructions; /* -1: they cannot be counted here */
    double foreign;       /* processors that others kept busy; /proc/stat counts in hundredths of a second */
};

struct meter {
    int counter;   /* a descriptor, or -1 */
    pid_t process; /* 0: this one */
    struct meter_reading before;
    double busy; /* seconds of the whole machine */
};

void meter_init(struct meter *meter);
void meter_fini(struct meter *meter);
void meter_start(struct meter *meter, pid_t process);
void meter_stop(struct meter *meter, struct meter_reading *out_used);

#endif
