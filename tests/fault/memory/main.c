/* SPDX-License-Identifier: MIT */
#include "sweep.h"

#include <stdio.h>

#include "lib/rel.h"

int tally_code(struct tally *tally, const char *call, int code, int line)
{
    if (code == WEFT_ENOMEM) {
        tally->refused++;
        const size_t length = strlen(call);
        if (strncmp(weft_error_detail(), call, length) != 0 || strncmp(weft_error_detail() + length, ": ", 2) != 0)
            tally->silent++;
    } else {
        tally_hold(tally, code == 0, line);
    }
    return code;
}

int tally_spawn(struct tally *tally, weft_task task, int line)
{
    const int code = tally_code(tally, "weft_spawn", weft_task_error(task), line);
    tally->accepted += code == 0;
    return code;
}

void tally_hold(struct tally *tally, bool held, int line)
{
    if (held)
        return;
    if (tally->wrong++ == 0)
        tally->wrong_line = line;
}

weft_runtime *tally_create(struct tally *tally, uint32_t workers)
{
    weft_runtime *rt = NULL;
    const int code = TRY("weft_runtime_create", weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = workers)));
    HOLDS((code == 0) == (rt != NULL));
    return rt;
}

void tally_finish(struct tally *tally, weft_runtime *rt)
{
    if (rt)
        HOLDS(weft_runtime_finish(rt) == 0);
}

void tally_destroy(struct tally *tally, weft_runtime *rt)
{
    if (rt)
        HOLDS(weft_runtime_destroy(rt) == 0);
}

static unsigned sites_tried;

static bool tally_is_right(struct tally *tally, bool fired)
{
    return !tally->wrong && !tally->silent && tally->accepted == atomic_load(&tally->ended) &&
           tally->sent == tally->received && fired == (tally->refused > 0) && faulty_blocks() == 0 && faulty_mapped() == 0;
}

static void sweep(const char *name, void (*scenario)(struct tally *tally))
{
    unsigned sites = 0;
    for (int sticky = 0; sticky < 2; sticky++)
        for (unsigned n = 1;; n++) {
            struct tally tally = {0};
            faulty_arm(FAULTY_MEMORY, n, sticky);
            scenario(&tally);
            const bool fired = faulty_fired();
            faulty_disarm();
            if (!tally_is_right(&tally, fired))
                fail_msg("%s, allocation %u, %s: %u wrong (line %d), %u silent, %u of %u tasks ended, %llu of %llu messages, "
                         "fired %d and %u refused, %lld blocks and %lld bytes kept; %s",
                         name, n, sticky ? "sticky" : "once", tally.wrong, tally.wrong_line, tally.silent,
                         atomic_load(&tally.ended), tally.accepted, (unsigned long long)tally.received,
                         (unsigned long long)tally.sent, fired, tally.refused, (long long)faulty_blocks(),
                         (long long)faulty_mapped(), weft_error_detail());
            if (!fired)
                break;
            sites++;
        }
    assert_true(sites > 0);
    sites_tried += sites;
}

#define SWEEP(name)                                                                                                    \
    static void name##_without_memory(void **state)                                                                    \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        sweep(#name, scenario_##name);                                                                                 \
    }
SCENARIOS(SWEEP)

/* A channel of more bytes than there are, and one whose size would not fit a word. */
static void channel_of_absurd_size_has_no_memory(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_sender out = {0};
    weft_receiver in = {0};
    assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = WEFT_CHANNEL_CAPACITY_MAX),
                                         WEFT_MESSAGE_SIZE_MAX, &out, &in),
                     WEFT_ENOMEM);
    assert_null(out.weft__channel);
    assert_null(in.weft__channel);
    world_end(rt, 0);
    assert_true(faulty_blocks() == 0 && faulty_mapped() == 0);
}

/* The last: how many places were tried, each twice. */
static void figure_of_places_tried(void **state)
{
    (void)state;
    enum {
#define COUNT(name) COUNT_##name,
        SCENARIOS(COUNT) COUNTED
#undef COUNT
    };
    printf("%u faults in %d scenarios\n", sites_tried, COUNTED);
    rel_line("F1", sites_tried, COUNTED, true, 0);
}

static int begin(void **state)
{
    (void)state;
    faulty_begin();
    return 0;
}

int main(void)
{
    world_seed();
    const struct CMUnitTest tests[] = {
#define ENTRY(name) cmocka_unit_test(name##_without_memory),
        SCENARIOS(ENTRY)
#undef ENTRY
        cmocka_unit_test(channel_of_absurd_size_has_no_memory),
        cmocka_unit_test(figure_of_places_tried),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
