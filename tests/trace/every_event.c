/* SPDX-License-Identifier: MIT */
/*
 * The provider alone: loads it as the core does and has it record each event of the table once, with extreme values;
 * what babeltrace2 should print of each goes to stdout. Then a fork, and one event in the child.
 *
 *   test-trace-every_event PROVIDER                  as said
 *   test-trace-every_event PROVIDER --wait           only loads it, and waits for the end of stdin
 *   test-trace-every_event PROVIDER --sessions N     prints "sessions: n" at each start of a recording, until there
 * were N
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft/trace.h>

/* The value of each type, and of each enumeration the label of its value 2. */
#define VALUE_u8        UINT8_MAX
#define VALUE_u16       UINT16_MAX
#define VALUE_u32       UINT32_MAX
#define VALUE_u64       UINT64_MAX
#define VALUE_s32       INT32_MIN
#define VALUE_str       "a \"b\" \\ caf\xc3\xa9"
#define PRINT_u8(name)  printf(#name " = %u", VALUE_u8)
#define PRINT_u16(name) printf(#name " = %u", VALUE_u16)
#define PRINT_u32(name) printf(#name " = %" PRIu32, VALUE_u32)
#define PRINT_u64(name) printf(#name " = %" PRIu64, VALUE_u64)
#define PRINT_s32(name) printf(#name " = %d", VALUE_s32)
#define PRINT_str(name) printf(#name " = \"a \\\"b\\\" \\\\ caf\xc3\xa9\"")

/* An enumeration of the table: VALUE_health, and PRINT_health, which asks label_of(). */
enum {
    VALUE_thread_kind = 2,
    VALUE_poll_source = 2,
    VALUE_poll_result = 2,
    VALUE_wake_source = 2,
    VALUE_task_state = 2
};
enum {
    VALUE_cancel_reason = 2,
    VALUE_channel_side = 1,
    VALUE_drop_reason = 2,
    VALUE_health = 255,
    VALUE_sync_kind = 2,
    VALUE_fd_kind = 2
};

static const char *label_of(const char *enumeration, int value)
{
#undef WEFT_ENUM_BEGIN
#undef WEFT_ENUM_VALUE
#undef WEFT_ENUM_END
#define WEFT_ENUM_BEGIN(name)
#define WEFT_ENUM_VALUE(name, label, number)                                                                           \
    if (!strcmp(enumeration, #name) && value == (number))                                                              \
        return #label;
#define WEFT_ENUM_END(name)
#define WEFT_EVENT1(...)
#define WEFT_EVENT2(...)
#define WEFT_EVENT3(...)
#define WEFT_EVENT4(...)
#define WEFT_EVENT5(...)
#define WEFT_EVENT6(...)
#include <weft/trace_events.def>
#undef WEFT_ENUM_BEGIN
#undef WEFT_ENUM_VALUE
#undef WEFT_ENUM_END
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6
    return "?";
}

#define PRINT_ENUM(type, name)                                                                                         \
    printf(#name " = ( \"%s\" : container = %d )", label_of(#type, VALUE_##type), VALUE_##type)
#define PRINT_thread_kind(name)   PRINT_ENUM(thread_kind, name)
#define PRINT_poll_source(name)   PRINT_ENUM(poll_source, name)
#define PRINT_poll_result(name)   PRINT_ENUM(poll_result, name)
#define PRINT_wake_source(name)   PRINT_ENUM(wake_source, name)
#define PRINT_task_state(name)    PRINT_ENUM(task_state, name)
#define PRINT_cancel_reason(name) PRINT_ENUM(cancel_reason, name)
#define PRINT_channel_side(name)  PRINT_ENUM(channel_side, name)
#define PRINT_drop_reason(name)   PRINT_ENUM(drop_reason, name)
#define PRINT_health(name)        PRINT_ENUM(health, name)
#define PRINT_sync_kind(name)     PRINT_ENUM(sync_kind, name)
#define PRINT_fd_kind(name)       PRINT_ENUM(fd_kind, name)

static void every_event(const weft_hooks *events)
{
#define BEGIN(e) printf("weft:" #e ": { ")
#define NEXT     printf(", ")
#define END      printf(" }\n")
#define WEFT_EVENT1(e, l, x, t1, n1)                                                                                   \
    events->e(NULL, VALUE_##t1);                                                                                       \
    BEGIN(e), PRINT_##t1(n1), END;
#define WEFT_EVENT2(e, l, x, t1, n1, t2, n2)                                                                           \
    events->e(NULL, VALUE_##t1, VALUE_##t2);                                                                           \
    BEGIN(e), PRINT_##t1(n1), NEXT, PRINT_##t2(n2), END;
#define WEFT_EVENT3(e, l, x, t1, n1, t2, n2, t3, n3)                                                                   \
    events->e(NULL, VALUE_##t1, VALUE_##t2, VALUE_##t3);                                                               \
    BEGIN(e), PRINT_##t1(n1), NEXT, PRINT_##t2(n2), NEXT, PRINT_##t3(n3), END;
#define WEFT_EVENT4(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4)                                                           \
    events->e(NULL, VALUE_##t1, VALUE_##t2, VALUE_##t3, VALUE_##t4);                                                   \
    BEGIN(e), PRINT_##t1(n1), NEXT, PRINT_##t2(n2), NEXT, PRINT_##t3(n3), NEXT, PRINT_##t4(n4), END;
#define WEFT_EVENT5(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                                                   \
    events->e(NULL, VALUE_##t1, VALUE_##t2, VALUE_##t3, VALUE_##t4, VALUE_##t5);                                       \
    BEGIN(e), PRINT_##t1(n1), NEXT, PRINT_##t2(n2), NEXT, PRINT_##t3(n3), NEXT, PRINT_##t4(n4), NEXT, PRINT_##t5(n5),  \
        END;
#define WEFT_EVENT6(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                                           \
    events->e(NULL, VALUE_##t1, VALUE_##t2, VALUE_##t3, VALUE_##t4, VALUE_##t5, VALUE_##t6);                           \
    BEGIN(e), PRINT_##t1(n1), NEXT, PRINT_##t2(n2), NEXT, PRINT_##t3(n3), NEXT, PRINT_##t4(n4), NEXT, PRINT_##t5(n5),  \
        NEXT, PRINT_##t6(n6), END;
#include <weft/trace_events.def>
}

static const weft_trace_provider *load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, WEFT_TRACE_PROVIDER_SYMBOL) : NULL;
    const weft_trace_provider *(*get)(void) = NULL;
    memcpy(&get, &symbol, sizeof get);
    if (!get) {
        fprintf(stderr, "%s: %s\n", path, dlerror());
        exit(1);
    }
    return get();
}

static void watch_sessions(const weft_trace_provider *provider, uint32_t until)
{
    uint32_t before = UINT32_MAX;
    while (provider->sessions() < until) {
        (void)provider->wanted(); /* as the core does */
        if (provider->sessions() != before)
            printf("sessions: %" PRIu32 "\n", before = provider->sessions());
        fflush(stdout);
        usleep(5000);
    }
    printf("sessions: %" PRIu32 "\n", provider->sessions());
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    const weft_trace_provider *provider = load(argv[1]);
    if (argc > 2 && !strcmp(argv[2], "--wait")) {
        printf("LOADED\n");
        fflush(stdout);
        while (getchar() != EOF)
            ;
        return 0;
    }
    if (argc > 3 && !strcmp(argv[2], "--sessions")) {
        watch_sessions(provider, (uint32_t)atoi(argv[3]));
        return 0;
    }
    provider->thread_start();
    every_event(&provider->events);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        provider->events.runtime_stop(NULL, (uint32_t)getpid());
        _exit(0);
    }
    if (child < 0 || waitpid(child, NULL, 0) < 0)
        return 1;
    provider->events.runtime_stop(NULL, (uint32_t)getpid());
    return 0;
}
