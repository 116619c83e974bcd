/* SPDX-License-Identifier: MIT */
/* getrusage(), /proc/stat, /proc/self/statm and perf_event_open(). */
#include "lib/meter.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/harness.h"

/* Seconds that the machine's processors have been busy since it started; 0 where /proc cannot be read. */
static double machine_busy(void)
{
    FILE *file = fopen("/proc/stat", "r");
    double user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, stolen = 0;
    if (!file)
        return 0;
    const int read =
        fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &user, &nice, &system, &idle, &wait, &irq, &soft, &stolen);
    fclose(file);
    return read == 8 ? (user + nice + system + irq + soft + stolen) / (double)sysconf(_SC_CLK_TCK) : 0;
}

static int64_t timeval_ns(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000;
}

static int64_t counter_read(int counter)
{
    int64_t value;
    return counter >= 0 && read(counter, &value, sizeof value) == sizeof value ? value : -1;
}

static void meter_read(const struct meter *meter, struct meter_reading *out)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    out->cpu_ns = timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
    out->switches = usage.ru_nvcsw;
    out->instructions = counter_read(meter->counter);
    out->wall_ns = bench_now();
    out->foreign = 0;
}

void meter_init(struct meter *meter)
{
    struct perf_event_attr wanted = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof wanted,
        .config = PERF_COUNT_HW_INSTRUCTIONS,
        .inherit = 1, /* threads that are started later */
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    meter->counter = (int)syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0);
}

void meter_fini(struct meter *meter)
{
    if (meter->counter >= 0)
        close(meter->counter);
}

void meter_start(struct meter *meter)
{
    meter->busy = machine_busy();
    meter_read(meter, &meter->before);
}

void meter_stop(struct meter *meter, struct meter_reading *out_used)
{
    struct meter_reading now;
    meter_read(meter, &now);
    const struct meter_reading *before = &meter->before;
    out_used->wall_ns = now.wall_ns - before->wall_ns;
    out_used->cpu_ns = now.cpu_ns - before->cpu_ns;
    out_used->switches = now.switches - before->switches;
    out_used->instructions = now.instructions < 0 ? -1 : now.instructions - before->instructions;
    const double others = machine_busy() - meter->busy - (double)out_used->cpu_ns / 1e9;
    out_used->foreign = others > 0 && out_used->wall_ns > 0 ? others * 1e9 / (double)out_used->wall_ns : 0;
}

int64_t bench_resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long total = 0, resident = 0;
    if (!file)
        return 0;
    const int read = fscanf(file, "%ld %ld", &total, &resident);
    fclose(file);
    return read == 2 ? (int64_t)resident * sysconf(_SC_PAGESIZE) : 0;
}
