/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/proc.c: what a child asks of the system. */
#include "daemon/proc.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { NICENESS = 7 };

/* In a child, for a test must not become nice itself: its exit status. */
static int
give_way(void)
{
    struct sched_attr attr = {0};

    proc_give_way(NICENESS);
    if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) != 0)
        return 1;
    return attr.sched_policy == SCHED_BATCH && attr.sched_nice == NICENESS ? 0
                                                                           : 2;
}

static void
work_in_the_background_is_known_as_such_to_the_kernel(void)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        _exit(give_way());
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
}

UNIT_SUITE(proc)
{
    unit_suite("proc");
    UNIT(work_in_the_background_is_known_as_such_to_the_kernel);
}
