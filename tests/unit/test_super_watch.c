/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/super_watch.c: who hangs, and who is only slow. */
#include "tests/unit/unit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/proc.h"
#include "daemon/super.h"

enum { LOOK_MS = 100 };

static struct super super;
static mono_ms_t now;

/* A supervisor whose image process lives, and does nothing by itself. */
static struct super *
given_super(void)
{
    static struct shm_super super_part;
    static struct shm_image image_part;
    static struct shm shm = {.super = &super_part, .image = &image_part};

    memset(&super, 0, sizeof super);
    super.shm = &shm;
    super.child[PROC_IMAGE].pid = fork();
    if (super.child[PROC_IMAGE].pid == 0)
        for (;;)
            pause();
    super.child[PROC_IMAGE].beats_at = now;
    return &super;
}

/* The supervisor looks for so long. */
static void
watches(struct super *s, mono_ms_t ms)
{
    for (mono_ms_t end = now + ms; now < end;) {
        now += LOOK_MS;
        super_watch(s, now);
    }
}

/* Was it ended?  It is, now. */
static bool
was_ended(struct super *s)
{
    pid_t pid = s->child[PROC_IMAGE].pid;
    int status;

    kill(pid, SIGTERM);
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    return WTERMSIG(status) == SIGKILL;
}

static void
who_is_silent_for_ten_seconds_is_ended(void)
{
    struct super *s = given_super();

    watches(s, 9000);
    CU_ASSERT_FALSE(was_ended(s));

    s = given_super();
    watches(s, 11000);
    CU_ASSERT_TRUE(was_ended(s));
}

static void
who_waits_for_a_disk_has_a_minute(void)
{
    struct super *s = given_super();

    proc_disk_begin(PROC_IMAGE, s->shm);
    watches(s, 59000);
    proc_disk_end(PROC_IMAGE, s->shm);
    CU_ASSERT_FALSE(was_ended(s));

    s = given_super();
    proc_disk_begin(PROC_IMAGE, s->shm);
    watches(s, 61000);
    proc_disk_end(PROC_IMAGE, s->shm);
    CU_ASSERT_TRUE(was_ended(s));
}

/* Its loop has not turned yet: it was silent as long as the disk was slow. */
static void
who_comes_back_from_a_slow_disk_is_there(void)
{
    struct super *s = given_super();

    proc_disk_begin(PROC_IMAGE, s->shm);
    watches(s, 12000);
    proc_disk_end(PROC_IMAGE, s->shm);
    watches(s, 9000);
    CU_ASSERT_FALSE(was_ended(s));
}

UNIT_SUITE(super_watch)
{
    unit_suite("super_watch");
    UNIT(who_is_silent_for_ten_seconds_is_ended);
    UNIT(who_waits_for_a_disk_has_a_minute);
    UNIT(who_comes_back_from_a_slow_disk_is_there);
}
