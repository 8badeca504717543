/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_machine.c - see conf_machine.h.
 *
 * /proc/meminfo is hidden by the unit's ProcSubset=pid, hence sysinfo.
 */
#include "daemon/conf/conf_machine.h"

#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

/*
 * The image process makes batches and packs snapshots, 40 MB; then there are
 * heaps, connections, and pages of files that were just written.
 */
enum { PROCESSES_BYTES = 64 << 20 };

int32_t
conf_machine_cores(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) < 0 || CPU_COUNT(&set) < 1)
        return 1;
    return CPU_COUNT(&set);
}

/* The number in a file; INT64_MAX: "max", no number, no file. */
static int64_t
number_in(const char *path)
{
    int64_t v = INT64_MAX;
    FILE *f = fopen(path, "re");

    if (!f)
        return INT64_MAX;
    if (fscanf(f, "%" SCNd64, &v) != 1 || v <= 0)
        v = INT64_MAX;
    fclose(f);
    return v;
}

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The least of `file` in the folder base/group and in all above it. */
static int64_t
least_upwards(const char *base, const char *group, const char *file)
{
    char path[PATH_MAX];
    int64_t v = INT64_MAX;
    size_t n = strlen(group);

    for (;;) {
        snprintf(path, sizeof path, "%s%.*s/%s", base, (int)n, group, file);
        v = least(v, number_in(path));
        if (n == 0)
            return v;
        while (n > 0 && group[--n] != '/')
            ;
    }
}

/* One line of /proc/self/cgroup: number:controllers:/path. */
static int64_t
limit_of_line(char *line, const char *root)
{
    char base[PATH_MAX];
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    int64_t v;

    if (!group)
        return INT64_MAX;
    *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    if (strstr(controllers, "memory")) {
        snprintf(base, sizeof base, "%s/memory", root);
        return least_upwards(base, group, "memory.limit_in_bytes");
    }
    if (controllers[1])
        return INT64_MAX;
    v = least(least_upwards(root, group, "memory.max"),
              least_upwards(root, group, "memory.high"));
    snprintf(base, sizeof base, "%s/unified", root);
    v = least(v, least_upwards(base, group, "memory.max"));
    return least(v, least_upwards(base, group, "memory.high"));
}

int64_t
conf_cgroup_memory(const char *self, const char *root)
{
    char line[PATH_MAX];
    int64_t v = INT64_MAX;
    FILE *f = fopen(self, "re");

    if (!f)
        return v;
    while (fgets(line, sizeof line, f))
        v = least(v, limit_of_line(line, root));
    fclose(f);
    return v;
}

int64_t
conf_machine_memory(void)
{
    struct sysinfo info;
    int64_t machine = INT64_C(1) << 30; /* if the kernel does not say */

    if (sysinfo(&info) == 0)
        machine = (int64_t)((uint64_t)info.totalram * info.mem_unit);
    return least(machine,
                 conf_cgroup_memory("/proc/self/cgroup", "/sys/fs/cgroup"));
}

int64_t
conf_memory_beside(int64_t machine, int64_t rings)
{
    int64_t rest = rings + PROCESSES_BYTES;

    return (machine / 2 > rest ? machine - rest : machine / 2) / 4 * 3;
}
