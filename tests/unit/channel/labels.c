/* SPDX-License-Identifier: MIT */
/*
 * Labels: channels of the same name share one, others do not, and one that finds no room has its own and is told apart as well. And
 * what a channel takes, which the layout is for.
 */
#include <stdio.h>
#include <weft.h>

#include "channel/channel.h"
#include "lib/verdict.h"

static weft_runtime *rt;

static int labels_begin(void **state)
{
    (void)state;
    return weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1));
}

static int labels_end(void **state)
{
    (void)state;
    return weft_runtime_destroy(rt);
}

struct ends {
    weft_sender out;
    weft_receiver in;
};

static struct ends open_named(const char *name, const char *component, double degraded_at, bool internal)
{
    struct ends ends;
    assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 1, .name = name, .component = component,
                                                                  .degraded_at = degraded_at, .internal = internal),
                                         sizeof(uint64_t), &ends.out, &ends.in),
                     0);
    return ends;
}

static void close_both(struct ends *ends)
{
    weft_sender_close(&ends->out);
    weft_receiver_close(&ends->in);
}

static const struct weft__channel_label *label_of(const struct ends *ends)
{
    return weft__channel_label(ends->out.weft__channel);
}

static size_t bytes_of(const struct ends *ends) { return weft__slot_size(ends->out.weft__channel); }

static void names_are(const struct ends *ends, const char *name, const char *component)
{
    weft_channel_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_sender_stats(&ends->out, &stats), 0);
    assert_string_equal(stats.name, name);
    assert_string_equal(stats.component, component);
}

static void label_is_shared_by_what_was_made_alike(void **state)
{
    (void)state;
    const char copy[] = "request"; /* by its text, not by its place */
    struct ends one = open_named("request", "door", 0, false), two = open_named(copy, "door", 0, false);
    assert_ptr_equal(label_of(&one), label_of(&two));
    close_both(&one);
    names_are(&two, "request", "door");
    close_both(&two);
}

static void label_is_not_shared_by_what_differs(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"request", "door"},  {"request", ""},       {"requests", "door"}, {"reques", "tdoor"},
                                           {"request", "doors"}, {"a", "door"},         {"", "door"},         {"abc", ""},
                                           {"a name of more than 16 bytes", "its part"}, {"a name of more than 15 bytes", "its part"}};
    enum { NAMES = sizeof names / sizeof *names };
    struct ends ends[NAMES + 2];
    for (int i = 0; i < NAMES; i++)
        ends[i] = open_named(names[i][0], names[i][1], 0, false);
    ends[NAMES] = open_named("request", "door", 0.5, false);
    ends[NAMES + 1] = open_named("request", "door", 0, true);
    for (int i = 0; i < NAMES + 2; i++)
        for (int other = 0; other < i; other++)
            assert_ptr_not_equal(label_of(&ends[i]), label_of(&ends[other]));
    for (int i = 0; i < NAMES; i++)
        names_are(&ends[i], names[i][0], names[i][1]);
    for (int i = 0; i < NAMES + 2; i++)
        close_both(&ends[i]);
}

static void label_whose_thresholds_were_set_is_not_found_by_the_old_ones(void **state)
{
    (void)state;
    struct ends old = open_named("inbox", "", 0, false);
    assert_int_equal(weft_channel_set_thresholds(rt, "inbox", 0.25, 0.5), 1);
    struct ends young = open_named("inbox", "", 0, false);
    assert_ptr_not_equal(label_of(&old), label_of(&young));
    assert_true(weft__channel_label_degraded_at(weft__load_relaxed(&weft__channel_label(old.out.weft__channel)->thresholds)) == 0.25);
    assert_true(weft__channel_label_critical_at(weft__load_relaxed(&weft__channel_label(young.out.weft__channel)->thresholds)) == 0.95);
    close_both(&old);
    close_both(&young);
}

/* More names than there is room for: each channel still has its own. */
enum { MANY = 2 * WEFT__CHANNEL_LABEL_BUCKETS * WEFT__CHANNEL_LABELS_BESIDE };

static void label_without_room_is_its_channels_own(void **state)
{
    (void)state;
    static struct ends ends[MANY];
    char name[32];
    int own = 0;
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "connection %d", i);
        ends[i] = open_named(name, "server", 0, false);
        const uintptr_t offset = (uintptr_t)label_of(&ends[i]) - (uintptr_t)ends[i].out.weft__channel;
        own += offset < bytes_of(&ends[i]) && bytes_of(&ends[i]) == 256;
    }
    assert_true(own >= MANY / 2 && own < MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "connection %d", i);
        names_are(&ends[i], name, "server");
        const uint64_t sent = (uint64_t)i;
        uint64_t received;
        assert_int_equal(weft_channel_try_send(&ends[i].out, &sent), 0); /* the place is not in the label */
        assert_int_equal(weft_channel_try_recv(&ends[i].in, &received), 0);
        assert_int_equal(received, sent);
        names_are(&ends[i], name, "server");
        close_both(&ends[i]);
    }
}

static void channel_takes_three_lines_and_what_is_in_it(void **state)
{
    (void)state;
    static const struct {
        uint32_t capacity, message_size;
        size_t bytes;
    } cases[] = {{1, 1, 192}, {1, 8, 192}, {1000, 8, 192}, {2, 8, 256}, {4, 8, 256}, {8, 8, 320}, {9, 8, 192}, {1, 16, 256}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ends ends;
        assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = cases[i].capacity,
                                                                      .name = "a name of more than fourteen bytes"),
                                             cases[i].message_size, &ends.out, &ends.in),
                         0);
        assert_int_equal(bytes_of(&ends), cases[i].bytes);
        close_both(&ends);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(label_is_shared_by_what_was_made_alike, labels_begin, labels_end),
        cmocka_unit_test_setup_teardown(label_is_not_shared_by_what_differs, labels_begin, labels_end),
        cmocka_unit_test_setup_teardown(label_whose_thresholds_were_set_is_not_found_by_the_old_ones, labels_begin, labels_end),
        cmocka_unit_test_setup_teardown(label_without_room_is_its_channels_own, labels_begin, labels_end),
        cmocka_unit_test_setup_teardown(channel_takes_three_lines_and_what_is_in_it, labels_begin, labels_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
