/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoch.c - acceptedEpoch and currentEpoch on disk.
 */
#include "storage/log/epoch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char REMEDY[] =
    "The epoch files and the transactions do not belong together. Restore the "
    "directory from one backup, or move it away and let this server take "
    "everything from the leader.";

static int
store(const char *dir, const char *name, int64_t epoch)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%" PRId64, epoch);

    return data_replace(dir, name, text, (size_t)size);
}

/* Apache's readLine takes either end of a line. */
static bool
is_end(const char *text)
{
    return *text == '\0' || *text == '\n' || strncmp(text, "\r\n", 2) == 0;
}

/* What the file says, or what keeps it from being read or written. */
static int
fail(struct data_error *e, const char *dir, const char *name, int rc)
{
    char path[DATA_PATH_MAX];
    const char *what = rc == -EINVAL   ? "is not the number of an epoch"
                       : rc == -ERANGE ? "is an epoch that none can follow"
                                       : NULL;

    data_path(path, dir, name);
    data_error_set(e, path, -1, what ? REMEDY : data_remedy_access, "%s",
                   what ? what : strerror(-rc));
    return rc;
}

/*
 * 0, -ENOENT without the file, -EINVAL for anything but a number, -ERANGE for
 * one that no epoch can follow: it takes half of a zxid.
 */
static int
load(const char *dir, const char *name, int64_t *epoch)
{
    char text[32], *end;
    long long value;
    int rc = data_read(dir, name, text, sizeof text);

    if (rc < 0)
        return rc;
    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno == ERANGE || value > EPOCH_MAX)
        return -ERANGE;
    if (end == text || value < EPOCH_NONE || !is_end(end))
        return -EINVAL;
    *epoch = value;
    return 0;
}

/* The file, or made from `otherwise` where there is none. */
static int
load_or_make(const char *dir, const char *name, int64_t otherwise,
             int64_t *epoch, struct data_error *e)
{
    int rc = load(dir, name, epoch);

    if (rc == -ENOENT) {
        *epoch = otherwise;
        rc = store(dir, name, otherwise);
    }
    if (rc == 0 && *epoch == EPOCH_NONE)
        rc = -EINVAL;
    return rc < 0 ? fail(e, dir, name, rc) : 0;
}

/*
 * The current epoch is behind the history: the crash came after the new
 * history was durable and before the file was.  Whoever holds a transaction
 * of an epoch holds that epoch's whole initial history, so raising is safe
 * when the epoch was promised.
 * Ours: Apache takes currentEpoch.tmp if it is there, else refuses
 * (spec 14.3, ZOOKEEPER-2307).
 */
static int
raise_current(struct epochs *found, const char *dir, int64_t history,
              struct data_error *e)
{
    char path[DATA_PATH_MAX];
    int rc;

    if (found->accepted >= history) {
        found->current = history;
        rc = store(dir, EPOCH_CURRENT_FILE, history);
        return rc < 0 ? fail(e, dir, EPOCH_CURRENT_FILE, rc) : 0;
    }
    data_path(path, dir, EPOCH_CURRENT_FILE);
    data_error_set(e, path, -1, REMEDY,
                   "the current epoch is %" PRId64 ", the accepted %" PRId64
                   ", but there are transactions of "
                   "epoch %" PRId64,
                   found->current, found->accepted, history);
    return -EINVAL;
}

/*
 * What was promised is not below what was taken over, nor far above it: a
 * server with a broken file can still be elected, and its term would begin
 * there (EPOCH_LEAP_MAX).  A new server, whose current epoch is 0, may have
 * promised any.
 */
static int
check_promise(const struct epochs *found, const char *dir, struct data_error *e)
{
    bool is_below = found->accepted < found->current;
    bool is_leap =
        found->current > 0 && found->accepted - found->current > EPOCH_LEAP_MAX;
    char path[DATA_PATH_MAX];

    if (!is_below && !is_leap)
        return 0;
    data_path(path, dir, EPOCH_ACCEPTED_FILE);
    data_error_set(
        e, path, -1, REMEDY,
        "the accepted epoch %" PRId64 " is %s the current one %" PRId64,
        found->accepted, is_below ? "below" : "too far above", found->current);
    return -EINVAL;
}

int
epoch_load(struct epochs *epochs, const char *dir, zxid_t last,
           struct data_error *e)
{
    int64_t history = zxid_epoch(last);
    struct epochs found;
    int rc = load_or_make(dir, EPOCH_CURRENT_FILE, history, &found.current, e);

    if (rc == 0)
        rc = load_or_make(dir, EPOCH_ACCEPTED_FILE,
                          found.current > history ? found.current : history,
                          &found.accepted, e);
    if (rc == 0 && found.current < history)
        rc = raise_current(&found, dir, history, e);
    if (rc == 0)
        rc = check_promise(&found, dir, e);
    if (rc == 0)
        *epochs = found;
    return rc;
}

/* --- a server that was empty ---------------------------------------------- */

bool
epoch_is_none(const char *dir)
{
    int64_t epoch;

    return load(dir, EPOCH_CURRENT_FILE, &epoch) == 0 && epoch == EPOCH_NONE;
}

/* Apache's such servers have promised -1, too. */
static int
end_none(const char *dir, const char *name, struct data_error *e)
{
    int64_t epoch;
    int rc = load(dir, name, &epoch);

    if (rc == 0 && epoch == EPOCH_NONE)
        rc = store(dir, name, 0);
    return rc < 0 && rc != -ENOENT ? fail(e, dir, name, rc) : 0;
}

int
epoch_load_none(struct epochs *epochs, const char *dir, struct data_error *e)
{
    int64_t accepted;
    int rc = end_none(dir, EPOCH_ACCEPTED_FILE, e);

    if (rc == 0)
        rc = load_or_make(dir, EPOCH_ACCEPTED_FILE, 0, &accepted, e);
    if (rc < 0)
        return rc;
    if (!epoch_is_none(dir))
        rc = store(dir, EPOCH_CURRENT_FILE, EPOCH_NONE);
    if (rc < 0)
        return fail(e, dir, EPOCH_CURRENT_FILE, rc);
    *epochs = (struct epochs){.accepted = accepted, .current = EPOCH_NONE};
    return 0;
}

int
epoch_end_none(const char *dir, struct data_error *e)
{
    int rc = end_none(dir, EPOCH_ACCEPTED_FILE, e);

    return rc < 0 ? rc : end_none(dir, EPOCH_CURRENT_FILE, e);
}

int
epoch_store_accepted(const char *dir, int64_t epoch)
{
    return store(dir, EPOCH_ACCEPTED_FILE, epoch);
}

int
epoch_store_current(const char *dir, int64_t epoch)
{
    return store(dir, EPOCH_CURRENT_FILE, epoch);
}
