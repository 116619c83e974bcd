/* SPDX-License-Identifier: MIT */
/*
 * The processor time that the control groups of this process leave it. A group is asked by its own path, and so is each
 * above it, since the tightest counts: on a machine with systemd, or in a container that sees the host's groups, the limit
 * is seldom that of the root. Both versions of control groups, and both at once, where version 1 has the controller.
 *
 * Any thread. What cannot be read, or is no number, is no limit.
 */
#ifndef WEFT_BASE_QUOTA_H
#define WEFT_BASE_QUOTA_H

/* In processors, rounded up; 0: no limit. `root` stands before each path that is read: "", but for tests. */
unsigned weft__quota_processors(const char *root);

#endif
