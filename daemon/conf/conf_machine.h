/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_machine.h - what this process was given: cores and memory.
 *
 * Reads files of the kernel and never fails: what it cannot learn is the
 * smallest sensible value.  For daemon/conf/ and its tests only.
 */
#ifndef DAEMON_CONF_CONF_MACHINE_H
#define DAEMON_CONF_CONF_MACHINE_H

#include <stdint.h>

/* The cores that this process may run on, at least 1. */
int32_t conf_machine_cores(void);

/* Bytes of memory: the least of the machine's and the cgroups' limits. */
int64_t conf_machine_memory(void);

/*
 * What the tree and all that grows with it may take of `machine` bytes when
 * the rings take so many: three quarters of what is left beside them and the
 * processes, at least three eighths.  With the eighth by which the tree may
 * pass its limit, and snapshots, it still fits.
 */
int64_t conf_memory_beside(int64_t machine, int64_t rings);

/*
 * The least memory limit of the cgroups that the file `self` (as
 * /proc/self/cgroup) names below `root` (as /sys/fs/cgroup), version 1 or 2;
 * INT64_MAX if there is none.
 */
int64_t conf_cgroup_memory(const char *self, const char *root);

#endif
