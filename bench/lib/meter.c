/* SPDX-License-Identifier: MIT */
/* getrusage(), the clock of a process, /proc, and perf_event_open(). */
#include "lib/meter.h"

#include <dirent.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"

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

/* The number behind a name in a file of /proc, like "voluntary_ctxt_switches: 12"; 0 if it is not there. */
static int64_t proc_number(const char *path, const char *name)
{
    char row[256];
    long long number = 0;
    FILE *file = fopen(path, "r");
    while (file && fgets(row, sizeof row, file))
        if (strncmp(row, name, strlen(name)) == 0 && sscanf(row + strlen(name), ": %lld", &number) == 1)
            break;
    if (file)
        fclose(file);
    return number;
}

/* Of all threads that a process has now. */
static int64_t process_switches(pid_t process)
{
    char path[64 + sizeof(((struct dirent *)0)->d_name)];
    int64_t sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    DIR *threads = opendir(path);
    for (const struct dirent *thread; threads && (thread = readdir(threads)) != NULL;)
        if (thread->d_name[0] != '.') {
            snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)process, thread->d_name);
            sum += proc_number(path, "voluntary_ctxt_switches");
        }
    if (threads)
        closedir(threads);
    return sum;
}

static int64_t process_cpu(pid_t process)
{
    clockid_t clock;
    struct timespec used = {0};
    if (clock_getcpuclockid(process, &clock) == 0)
        clock_gettime(clock, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static void meter_read(const struct meter *meter, struct meter_reading *out)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    out->own_ns = out->cpu_ns = timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
    out->switches = usage.ru_nvcsw;
    out->instructions = counter_read(meter->counter);
    if (meter->process != 0) {
        out->cpu_ns = process_cpu(meter->process);
        out->switches = process_switches(meter->process);
        out->instructions = -1;
        out->own_ns += out->cpu_ns;
    }
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

void meter_start(struct meter *meter, pid_t process)
{
    meter->process = process;
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
    out_used->own_ns = now.own_ns - before->own_ns;
    const double others = machine_busy() - meter->busy - (double)out_used->own_ns / 1e9;
    out_used->foreign = others > 0 && out_used->wall_ns > 0 ? others * 1e9 / (double)out_used->wall_ns : 0;
}
