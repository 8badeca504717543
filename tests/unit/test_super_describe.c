/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/super_describe.c: what an operator reads. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "daemon/super.h"

static char text[SUPER_TEXT_MAX];

/* One that has served; all but replication is ready. */
static struct super *
given_super_without_replication(void)
{
    static struct super super;
    static struct shm_super super_part;
    static struct shm_replication replication;
    static struct shm_log log_part;
    static struct shm_image image;
    static struct shm shm = {.super = &super_part,
                             .replication = &replication,
                             .log = &log_part,
                             .image = &image};

    super = (struct super){.shm = &shm, .took_part = true};
    atomic_store(&log_part.proc.is_ready, 1);
    atomic_store(&log_part.failed, 0);
    atomic_store(&image.proc.is_ready, 1);
    return &super;
}

static void
who_loads_is_named_with_its_progress(void)
{
    struct super *s = given_super_without_replication();

    atomic_store(&s->shm->replication->proc.progress_permille, 123);
    super_describe_start(s, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "recovering: repl is loading, 12.3 %");
}

/* Replication is not forked before the log has all, which it never will. */
static void
a_failed_log_is_told_when_replication_is_gone_too(void)
{
    struct super *s = given_super_without_replication();

    atomic_store(&s->shm->log->failed, EIO);
    super_describe_start(s, text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "the transaction log failed"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, strerror(EIO)));
}

UNIT_SUITE(super_describe)
{
    unit_suite("super_describe");
    UNIT(who_loads_is_named_with_its_progress);
    UNIT(a_failed_log_is_told_when_replication_is_gone_too);
}
