/* SPDX-License-Identifier: MIT */
/* The quota of control groups, read from trees that are made for it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/quota.h"
#include "lib/verdict.h"

static char root[64];

/* A file, with the folders that it lies in. */
static void put(const char *path, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = '\0';
        mkdir(whole, 0700);
    }
    FILE *file = fopen(whole, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int begin(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/weft-test-quota-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

#define MOUNT_2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define MOUNT_1 "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"

static void put_2(const char *group)
{
    char line[256];
    snprintf(line, sizeof line, "0::%s\n", group);
    put("/proc/self/cgroup", line);
    put("/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" MOUNT_2);
}

/* known bug 109 */
static void quota_of_version_2_is_that_of_the_group_or_of_one_above(void **state)
{
    (void)state;
    put_2("/system.slice/a.service");
    assert_int_equal(weft__quota_processors(root), 0);
    put("/sys/fs/cgroup/system.slice/a.service/cpu.max", "200000 100000\n");
    assert_int_equal(weft__quota_processors(root), 2);
    put("/sys/fs/cgroup/system.slice/cpu.max", "50000 100000\n"); /* the tightest */
    assert_int_equal(weft__quota_processors(root), 1);
    put("/sys/fs/cgroup/system.slice/cpu.max", "max 100000\n");
    assert_int_equal(weft__quota_processors(root), 2);
    put("/sys/fs/cgroup/system.slice/a.service/cpu.max", "max 100000\n");
    assert_int_equal(weft__quota_processors(root), 0);
    put("/sys/fs/cgroup/cpu.max", "350000 100000\n"); /* the root of a container's own view */
    assert_int_equal(weft__quota_processors(root), 4);
}

static void quota_of_a_container_that_has_a_view_of_its_own(void **state)
{
    (void)state;
    put_2("/");
    put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
    assert_int_equal(weft__quota_processors(root), 2);
    put_2("/../../elsewhere"); /* above what it may see */
    assert_int_equal(weft__quota_processors(root), 2);
}

static void quota_of_version_1_is_in_two_files(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "9:name=systemd:/user\n4:cpuset:/\n3:cpu,cpuacct:/a/b\n0::/unified\n");
    put("/proc/self/mountinfo", MOUNT_2 "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n" MOUNT_1);
    put("/sys/fs/cgroup/unified/cpu.max", "100000 100000\n"); /* of a hierarchy that has not the controller */
    put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
    assert_int_equal(weft__quota_processors(root), 0);
    put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
    assert_int_equal(weft__quota_processors(root), 3);
    put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "10000\n"); /* a tenth is one, rounded up */
    assert_int_equal(weft__quota_processors(root), 1);
}

/* The group by the host's path, of which only its own part is mounted; and a mount point with a blank in it. */
static void quota_of_a_container_that_sees_the_host_s_path(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "3:cpu:/docker/abc/inner\n");
    put("/proc/self/mountinfo", "33 31 0:30 /docker/abc /my\\040groups ro - cgroup cgroup rw,cpu\n");
    put("/my groups/cpu.cfs_quota_us", "400000\n");
    put("/my groups/cpu.cfs_period_us", "100000\n");
    assert_int_equal(weft__quota_processors(root), 4);
    put("/my groups/inner/cpu.cfs_quota_us", "300000\n");
    put("/my groups/inner/cpu.cfs_period_us", "100000\n");
    assert_int_equal(weft__quota_processors(root), 3);
    put("/proc/self/cgroup", "3:cpu:/docker/abcdef\n"); /* its name only begins alike */
    assert_int_equal(weft__quota_processors(root), 4);
}

static void what_is_no_number_is_no_limit(void **state)
{
    (void)state;
    static const char *const garbage[] = {"", "max", "-5 100000", "100000", "100000 0", "100000 -1", "x y", "\n\n"};
    assert_int_equal(weft__quota_processors("/nowhere"), 0);
    put_2("/a");
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        put("/sys/fs/cgroup/a/cpu.max", garbage[i]);
        assert_int_equal(weft__quota_processors(root), 0);
    }
    put("/sys/fs/cgroup/a/cpu.max", "9223372036854775807 1");
    assert_int_equal(weft__quota_processors(root), 1024);
    put("/proc/self/mountinfo", "- - -\n31 23 0:28 / /sys\n33 - cgroup2\n");
    assert_int_equal(weft__quota_processors(root), 0);
    put("/proc/self/cgroup", "0\n0:\n:::\n");
    assert_int_equal(weft__quota_processors(root), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(quota_of_version_2_is_that_of_the_group_or_of_one_above, begin, end),
        cmocka_unit_test_setup_teardown(quota_of_a_container_that_has_a_view_of_its_own, begin, end),
        cmocka_unit_test_setup_teardown(quota_of_version_1_is_in_two_files, begin, end),
        cmocka_unit_test_setup_teardown(quota_of_a_container_that_sees_the_host_s_path, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_number_is_no_limit, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
