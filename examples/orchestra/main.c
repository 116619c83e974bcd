/* SPDX-License-Identifier: MIT */
/* The host's side: two runtimes, seven channels, orders from a thread, and the end of it all. */
#define _GNU_SOURCE /* getopt_long, nanosleep */
#include "orchestra.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
    "usage: orchestra [OPTION]...\n"
    "An orchestrator and a worker: orders go through seven channels and fourteen tasks, each is worked on by a task of its own.\n"
    "\n"
    "  --orders N      how many (400)\n"
    "  --ms N          over how many milliseconds they come (200)\n"
    "  --workers N     threads of each runtime (2)\n"
    "  --sizes LIST    of the channels: requests,initialize,ready,work,results,finalize,events\n"
    "                  (5000,5000,2000,1000,1000,5000,5000)\n"
    "  --fault N       1 to 11: something that goes wrong; --faults lists them\n"
    "  --trace         let LTTng record the run\n"
    "\n"
    "Exit code: 0, 1 if something failed, 2 for a wrong option.\n";

static int complain(const char *what, int code)
{
    const char *detail = weft_error_detail();
    fprintf(stderr, "orchestra: %s: %s: %s\n", what, weft_error_name(code), *detail ? detail : weft_error_text(code));
    return 1;
}

/* ---- options ---- */

static bool number(const char *text, unsigned long min, unsigned long max, unsigned long *out)
{
    char *end;
    errno = 0;
    *out = strtoul(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !errno && !*end && *out >= min && *out <= max)
        return true;
    fprintf(stderr, "orchestra: %s: give a number from %lu to %lu\n", text, min, max);
    return false;
}

static bool sizes(char *list, uint32_t out[LANES])
{
    char *rest = NULL, *word = strtok_r(list, ",", &rest);
    for (int lane = 0; lane < LANES; lane++, word = strtok_r(NULL, ",", &rest)) {
        unsigned long size;
        if (!word) {
            fprintf(stderr, "orchestra: --sizes takes %d numbers, with commas between\n", LANES);
            return false;
        }
        if (!number(word, 1, 1 << 20, &size))
            return false;
        out[lane] = (uint32_t)size;
    }
    return true;
}

/* True: go on; else *out_code is the exit code. */
static bool parse(int argc, char **argv, struct options *options, int *out_code)
{
    enum { ORDERS, MS, WORKERS, SIZES, FAULT, LIST, TRACE, HELP };
    static const struct option names[] = {{"orders", required_argument, NULL, ORDERS}, {"ms", required_argument, NULL, MS},
                                          {"workers", required_argument, NULL, WORKERS}, {"sizes", required_argument, NULL, SIZES},
                                          {"fault", required_argument, NULL, FAULT}, {"faults", no_argument, NULL, LIST},
                                          {"trace", no_argument, NULL, TRACE}, {"help", no_argument, NULL, HELP},
                                          {NULL, 0, NULL, 0}};
    unsigned long n = 0;
    bool good = true;
    *options = (struct options){.workers = 2, .orders = 400, .milliseconds = 200, .sizes = {5000, 5000, 2000, 1000, 1000, 5000, 5000}};
    *out_code = 2;
    for (int name; good && (name = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (name) {
        case ORDERS: good = number(optarg, 1, 100000000, &n); options->orders = n; break;
        case MS: good = number(optarg, 0, 3600000, &n); options->milliseconds = (uint32_t)n; break;
        case WORKERS: good = number(optarg, 1, WEFT_WORKERS_MAX, &n); options->workers = (uint32_t)n; break;
        case SIZES: good = sizes(optarg, options->sizes); break;
        case FAULT: good = number(optarg, 1, FAULTS, &n); options->fault = (int)n; break;
        case TRACE: options->trace = true; break;
        case LIST:
            for (int i = 1; i <= FAULTS; i++)
                printf("S%d  %s\n", i, fault_names[i]);
            *out_code = 0;
            return false;
        case HELP: fputs(usage, stdout); *out_code = 0; return false;
        default: fputs(usage, stderr); return false;
        }
    }
    if (good && optind < argc) {
        fputs(usage, stderr);
        good = false;
    }
    return good;
}

/* ---- the run ---- */

static int channels_open(struct orchestra *o)
{
    static const char *const names[LANES] = {"requests", "initialize", "ready", "work", "results", "finalize", "events"};
    static const char *const components[LANES] = {"intake", "orchestrator", "orchestrator", "worker", "worker", "orchestrator", "log"};
    for (int lane = 0; lane < LANES; lane++) {
        const int rc = orders_create(lane == WORK ? o->worker : o->orchestrator,
                                     WEFT_CHANNEL_OPTIONS(.name = names[lane], .component = components[lane],
                                                          .capacity = o->options.sizes[lane],
                                                          .overflow = lane == EVENTS && fault_is(o, 9) ? WEFT_DROP_NEWEST
                                                                                                       : WEFT_WAIT),
                                     &o->to[lane], &o->from[lane]);
        if (rc < 0)
            return rc;
    }
    return weft_semaphore_create(o->worker,
                                 WEFT_SEMAPHORE_OPTIONS(.name = "handlers", .component = "worker", .permits = HANDLERS, .permits_max = HANDLERS),
                                 &o->handlers);
}

/* Orders come evenly, a thousand times a second. */
static int orders_come(struct orchestra *o)
{
    const struct timespec rest = {.tv_nsec = 1000000};
    const int64_t begin = weft_clock(), all = o->options.milliseconds * INT64_C(1000000);
    for (uint64_t id = 0; id < o->options.orders; id++) {
        while (weft_clock() - begin < all * (int64_t)id / (int64_t)o->options.orders)
            nanosleep(&rest, NULL);
        const int rc = orders_send_blocking(&o->to[REQUESTS], (struct order){id}, WEFT_FOREVER);
        if (rc < 0)
            return rc;
    }
    while (weft_clock() - begin < all)
        nanosleep(&rest, NULL);
    orders_sender_close(&o->to[REQUESTS]);
    return 0;
}

static void report(void *context, int code, const char *text)
{
    (void)context;
    if (getenv("ORCHESTRA_SAYS"))
        fprintf(stderr, "weft: %s: %s\n", weft_error_name(code), text);
}

static int runtimes_create(struct orchestra *o)
{
    int rc = weft_runtime_create(&o->orchestrator,
                                 WEFT_RUNTIME_OPTIONS(.name = "orchestrator", .worker_threads = o->options.workers,
                                                      .tracing = o->options.trace, .report = report));
    if (rc < 0)
        return rc;
    return weft_runtime_create(&o->worker,
                               WEFT_RUNTIME_OPTIONS(.name = "worker", .worker_threads = o->options.workers,
                                                    .blocking_threads_max = fault_is(o, 11) ? 1 : 16, .report = report));
}

int main(int argc, char **argv)
{
    static struct orchestra o; /* static: tasks refer to it until both runtimes have ended */
    weft_task last;
    int code, result = 0;
    if (!parse(argc, argv, &o.options, &code))
        return code;
    int rc = runtimes_create(&o);
    if (rc < 0)
        return complain("no runtime", rc);
    if ((rc = channels_open(&o)) < 0 || (rc = worker_start(&o)) < 0 || (rc = orchestrator_start(&o, &last)) < 0 ||
        (rc = fault_start(&o)) < 0)
        return complain("no start", rc);
    rc = orders_come(&o);
    if (rc >= 0)
        rc = weft_task_join_blocking(&last, WEFT_FOREVER, &result);
    if (rc < 0)
        return complain("no orders", rc);
    /* The ways have ended by themselves; pollers, and what a fault left behind, are cancelled. */
    weft_runtime_destroy(o.worker);
    weft_runtime_destroy(o.orchestrator);
    weft_semaphore_destroy(&o.handlers);
    printf("%llu orders, %llu finalized%s%s\n", (unsigned long long)o.options.orders, (unsigned long long)o.finalized,
           o.options.fault ? ", with fault: " : "", o.options.fault ? fault_names[o.options.fault] : "");
    return o.finalized == o.options.orders ? 0 : 1;
}
