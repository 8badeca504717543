/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_history_log.c - learners that need more than the ring holds.
 *
 * The replication process reads the log process's files, usually from the
 * page cache, a bounded piece at a time.  txlog_reader sees gaps by their
 * numbers; one kind has none: a server that was given a snapshot just when
 * an epoch began goes on with (e,1), and its older files end in the middle of
 * an older epoch.  Ours remove such files; Apache's leave them, and then the
 * snapshot lies between.
 *
 * ZK: ZKDatabase.getProposalsFromTxnLog (spec/quorum-protocol.md 4.6)
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/repl/repl_history.h"

enum { PROBE_BYTES = 4096 };

void
history_log_close(struct history_log *l)
{
    if (l->is_open)
        txlog_reader_close(&l->reader);
    l->is_open = l->is_found = false;
}

static int
stand_behind(struct repl_history *h, struct history_log *l, zxid_t after)
{
    int rc;

    if (l->is_open && l->is_found && l->zxid == after) {
        l->after = l->previous = after;
        l->is_found = false;
        return 0;
    }
    if (l->is_open && l->after == after)
        return 0;
    history_log_close(l);
    rc = txlog_reader_open(&l->reader, h->dirs.log, after);
    l->is_open = true;
    l->reader.skip_max = HISTORY_STEP_BYTES;
    l->after = after;
    l->previous = 0;
    return rc;
}

/* 1 if there is a snapshot of a state between two transactions. */
static int
has_snapshot_between(const struct repl_history *h, zxid_t low, zxid_t high)
{
    struct data_list list;
    int rc = data_list_read(&list, h->dirs.snap, DATA_SNAPSHOTS);

    for (size_t i = 0; rc == 0 && i < list.count; i++)
        if (list.file[i].zxid > low && list.file[i].zxid < high)
            rc = 1;
    data_list_free(&list);
    return rc;
}

int
history_log_gap(const struct repl_history *h, struct history_log *l)
{
    data_error_set(
        &l->reader.error, h->dirs.log, -1, "It will get a snapshot instead.",
        "0x%" PRIx64 " is not what follows there", (uint64_t)l->zxid);
    return -ENODATA;
}

/* The record before is the one that history has before. */
static int
check_join(const struct repl_history *h, struct history_log *l)
{
    int rc;

    if (l->previous == 0 || l->zxid == l->previous + 1 ||
        l->reader.file.zxid != l->zxid)
        return 1;
    rc = has_snapshot_between(h, l->previous, l->zxid);
    if (rc < 0)
        return rc;
    return rc == 1 ? history_log_gap(h, l) : 1;
}

int
history_log_find(struct repl_history *h, struct history_log *l, zxid_t after)
{
    int rc = stand_behind(h, l, after);

    if (rc < 0 || l->is_found)
        return rc < 0 ? rc : 1;
    rc = txlog_reader_next(&l->reader, &l->txn, &l->zxid);
    if (rc != 1)
        return rc; /* perhaps it is still skipping */
    if (l->previous == 0)
        l->previous = l->reader.skipped;
    rc = check_join(h, l);
    l->is_found = rc == 1;
    return rc;
}

/* --- what the files' names say ------------------------------------------- */

bool
history_log_has(const struct repl_history *h, zxid_t after)
{
    struct data_list list;
    int rc = data_list_read(&list, h->dirs.log, DATA_LOGS);
    bool has = false;

    if (rc == 0 && list.count > 0) {
        zxid_t oldest = list.file[0].zxid;

        has = oldest <= after + 1 ||
              (after >= zxid_runs_first(&h->runs) &&
               oldest <= zxid_runs_ceiling(&h->runs, after));
    }
    data_list_free(&list);
    return has;
}

/* Whether the block at `at` holds zeros, or nothing. */
static bool
is_blank(int fd, off_t at)
{
    uint8_t block[PROBE_BYTES];
    ssize_t n = pread(fd, block, sizeof block, at);

    for (ssize_t i = 0; i < n; i++)
        if (block[i] != 0)
            return false;
    return true;
}

/*
 * About how much of a file was written; what is allocated ahead reads as
 * zeros.  (SEEK_HOLE takes what was only read ahead for data.)  Zeros within
 * the records may mislead it: the answer is only about costs.
 */
static uint64_t
used_bytes(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st = {0};
    off_t low = 0, high;

    if (fd < 0 || fstat(fd, &st) < 0)
        st.st_size = 0;
    high = st.st_size;
    while (high - low > PROBE_BYTES) {
        off_t middle = low + (high - low) / 2;

        if (is_blank(fd, middle))
            high = middle;
        else
            low = middle;
    }
    if (fd >= 0)
        close(fd);
    return (uint64_t)high;
}

/* Apache counts whole files, too. */
uint64_t
history_log_bytes(const struct repl_history *h, zxid_t after)
{
    struct data_list list;
    int rc = data_list_read(&list, h->dirs.log, DATA_LOGS);
    char path[DATA_PATH_MAX];
    uint64_t bytes = 0;

    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        if (i + 1 < list.count && list.file[i + 1].zxid <= after + 1)
            continue;
        data_path(path, h->dirs.log, list.file[i].name);
        bytes += used_bytes(path);
    }
    data_list_free(&list);
    return bytes;
}
