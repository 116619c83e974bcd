/* SPDX-License-Identifier: MIT */
/* Rings come zeroed, whatever the ring before left there; what waits for the next is used again, and given back by a trim. */
#include "channel/rings.h"

#include <string.h>
#include <sys/mman.h>
#include <weft.h>

#include "lib/faulty.h"
#include "lib/verdict.h"

static struct weft__rings rings;

static int rings_begin(void **state)
{
    (void)state;
    faulty_begin();
    weft__rings_init(&rings);
    return 0;
}

static int rings_end(void **state)
{
    (void)state;
    faulty_disarm();
    weft__rings_fini(&rings);
    const bool nothing_left = faulty_blocks() == 0 && faulty_mapped() == 0;
    faulty_end();
    return nothing_left ? 0 : -1;
}

/* One of each way in which a ring lies in memory, and the borders between them. */
static const size_t sizes[] = {136, 2048, 4096, 4104, 8192, 8200, 65536, 131072, WEFT__RING_MAPPED, WEFT__RING_MAPPED + 8};
enum { SIZES = sizeof sizes / sizeof *sizes };

static bool all_zero(const unsigned char *ring, size_t size)
{
    return ring[0] == 0 && memcmp(ring, ring + 1, size - 1) == 0;
}

static void ring_is_zero_again_after_it_was_used(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t part = 0; part <= 4; part++) { /* nothing of it, a quarter, … */
            unsigned char *ring = weft__ring_alloc(&rings, sizes[i]);
            assert_non_null(ring);
            assert_true(all_zero(ring, sizes[i]));
            const size_t used = sizes[i] / 4 * part;
            memset(ring, 0xA5, used);
            weft__ring_free(&rings, ring, sizes[i], used);
        }
    }
}

static void ring_that_came_back_is_the_next_of_its_size(void **state)
{
    (void)state;
    unsigned char *first = weft__ring_alloc(&rings, 16384);
    weft__ring_free(&rings, first, 16384, 0);
    unsigned char *other = weft__ring_alloc(&rings, 32768);
    unsigned char *again = weft__ring_alloc(&rings, 10000); /* of the same class */
    assert_ptr_equal(again, first);
    assert_ptr_not_equal(other, first);
    weft__ring_free(&rings, other, 32768, 0);
    weft__ring_free(&rings, again, 10000, 0);
}

static void ring_that_nobody_touches_takes_no_memory(void **state)
{
    (void)state;
    unsigned char *ring = weft__ring_alloc(&rings, 1 << 20);
    unsigned char resident[256];
    assert_int_equal(mincore(ring, 1 << 20, resident), 0);
    for (int i = 0; i < 256; i++)
        assert_int_equal(resident[i] & 1, 0);
    weft__ring_free(&rings, ring, 1 << 20, 0);
}

static void rings_that_wait_since_the_last_trim_are_unmapped(void **state)
{
    (void)state;
    enum { COUNT = 5 };
    unsigned char *out[COUNT];
    for (int i = 0; i < COUNT; i++)
        out[i] = weft__ring_alloc(&rings, 16384);
    for (int i = 0; i < COUNT; i++)
        weft__ring_free(&rings, out[i], 16384, 16384);
    weft__rings_trim(&rings);
    assert_int_equal(faulty_mapped(), COUNT * 16384); /* they came back just now */
    out[0] = weft__ring_alloc(&rings, 16384);
    weft__rings_trim(&rings);
    assert_int_equal(faulty_mapped(), 16384); /* of five that waited, four were not needed */
    weft__ring_free(&rings, out[0], 16384, 0);
    weft__rings_trim(&rings);
    weft__rings_trim(&rings);
    assert_int_equal(faulty_mapped(), 0);
}

static void ring_without_memory_is_null(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        faulty_arm(FAULTY_MEMORY, 1, true);
        assert_null(weft__ring_alloc(&rings, sizes[i]));
        faulty_disarm();
    }
}

/* What one channel left in its ring is no message of the next. */
static void channel_with_the_ring_of_another_is_empty(void **state)
{
    (void)state;
    weft_runtime *rt;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1)), 0);
    for (size_t capacity = 1; capacity <= 4096; capacity *= 4) {
        for (int round = 0; round < 3; round++) {
            weft_sender out;
            weft_receiver in;
            uint64_t value = 0;
            assert_int_equal(weft_channel_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = capacity), 8, &out, &in), 0);
            assert_int_equal(weft_channel_try_recv(&in, &value), WEFT_EAGAIN);
            for (uint64_t i = 0; i < capacity + capacity / 2; i++) { /* all places, and some twice; the last stay there */
                assert_int_equal(weft_channel_try_send(&out, &i), 0);
                if (i >= capacity / 2) {
                    assert_int_equal(weft_channel_try_recv(&in, &value), 0);
                    assert_int_equal(value, i - capacity / 2);
                }
            }
            weft_sender_close(&out);
            weft_receiver_close(&in);
        }
    }
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

int main(void)
{
#define RINGS_TEST(test) cmocka_unit_test_setup_teardown(test, rings_begin, rings_end)
    const struct CMUnitTest tests[] = {
        RINGS_TEST(ring_is_zero_again_after_it_was_used),
        RINGS_TEST(ring_that_came_back_is_the_next_of_its_size),
        RINGS_TEST(ring_that_nobody_touches_takes_no_memory),
        RINGS_TEST(rings_that_wait_since_the_last_trim_are_unmapped),
        RINGS_TEST(ring_without_memory_is_null),
        RINGS_TEST(channel_with_the_ring_of_another_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
