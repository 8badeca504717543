/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_import.c - `zab import --from DIR`: brings Apache ZooKeeper's data
 * directory into an empty one for zabd, and reports what was in it.
 *
 * The newest snapshots and the log behind them are copied, so that the source
 * stays as it is; then the image is made from them, as zabd itself does when it
 * is started on such a directory, and verified (zab_verify.h).  After an error
 * the target is what it was before.  Copies get their names when all are there:
 * should the import be killed, no server takes some of them for all.
 * ZK: FileTxnSnapLog.restore (spec/quorum-protocol.md 11.9, 15.3)
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "storage/image/image_batch.h"
#include "storage/image/image_prepare.h"
#include "storage/log/epoch.h"
#include "storage/log/txlog.h"
#include "tools/zab.h"
#include "tools/zab_copy.h"
#include "tools/zab_owner.h"
#include "tools/zab_place.h"
#include "tools/zab_text.h"
#include "tools/zab_verify.h"

static const char ME[] = "import";

static const char REMEDY_NAMES[] =
    "Name the directory that Apache's zoo.cfg calls dataDir, and with "
    "--from-log what it calls dataLogDir; see that you may read it.";

/* As many as Apache always keeps: one that is damaged has older ones. */
enum { SNAPSHOTS_TAKEN = 3 };

enum { OPT_FROM = ZAB_OPT_OWN, OPT_FROM_LOG, OPT_TRUST_EMPTY };

static const struct option options[] = {
    ZAB_PLACE_OPTIONS,
    {"from", required_argument, NULL, OPT_FROM},
    {"from-log", required_argument, NULL, OPT_FROM_LOG},
    {"trust-empty", no_argument, NULL, OPT_TRUST_EMPTY},
    {0},
};

struct import {
    const char *from_data, *from_log;
    struct zab_place place;
    struct datadir from, to;
    struct zab_copied made;
    struct zab_progress progress;
    struct image_prepare prepared;
    bool was_torn;
    bool has_epochs;
    struct zab_verdict verdict;
    uint64_t sessions;
    struct data_error e;
};

static void
print_help(FILE *to)
{
    fputs("usage: zab import --from DIR [--from-log DIR]\n"
          "                  (-c zoo.cfg | --data DIR [--log DIR])\n\n"
          "Brings the data directory of Apache ZooKeeper into that of a zabd "
          "which is not\nrunning and has no data yet.  zabd does the same by "
          "itself when it is started\non Apache's own directory.\n\n"
          "  --from DIR          Apache's dataDir ...\n"
          "  --from-log DIR      ... and dataLogDir, if that is "
          "another\n" ZAB_PLACE_HELP
          "  --trust-empty       accept logs without any snapshot\n",
          to);
}

/* --- copying ------------------------------------------------------------- */

static int
cannot_read(struct import *x, const char *dir, int rc)
{
    return data_error_rc(&x->e, dir, rc, REMEDY_NAMES, "cannot be read");
}

/* Whether `dir` has files of that kind: 1, 0, -errno. */
static int
has_files(const char *dir, enum data_kind kind)
{
    struct data_list list;
    int rc = data_list_read(&list, dir, kind);

    if (rc == 0)
        rc = list.count > 0;
    data_list_free(&list);
    return rc == -ENOENT ? 0 : rc;
}

static int
cannot_list(struct import *x, const char *dir, int rc)
{
    return data_error_rc(&x->e, dir, rc, "See that you may read it.",
                         "cannot be listed");
}

static int
refuse_full_target(struct import *x)
{
    int snapshots = has_files(x->to.snap, DATA_SNAPSHOTS);
    int logs = has_files(x->to.log, DATA_LOGS);

    if (snapshots < 0)
        return cannot_list(x, x->to.snap, snapshots);
    if (logs < 0)
        return cannot_list(x, x->to.log, logs);
    if (!snapshots && !logs && access(x->to.image, F_OK) < 0)
        return 0;
    data_error_set(&x->e, x->to.snap, -1,
                   "Name a data directory without data; zabd started on "
                   "Apache's own directory takes that over by itself.",
                   "there is data here already");
    return -EEXIST;
}

static int
copy_one(struct import *x, const char *from, const char *to, const char *name)
{
    int rc;

    zab_progress_begin(&x->progress, ME, "copying");
    rc = zab_copy(&x->made, from, to, name, zab_progress, &x->progress, &x->e);
    zab_progress_end(&x->progress);
    return rc;
}

/* One of those that `from` has, or had when it was listed. */
static int
copy_listed(struct import *x, const char *from, const char *to,
            const char *name)
{
    int rc = copy_one(x, from, to, name);

    return rc == -ENOENT ? cannot_read(x, from, rc) : rc;
}

/* The newest snapshots; `since` is the oldest one's zxid, or -1. */
static int
copy_snapshots(struct import *x, zxid_t *since)
{
    struct data_list list;
    int rc = snapfile_candidates(&list, x->from.snap);
    size_t first =
        list.count > SNAPSHOTS_TAKEN ? list.count - SNAPSHOTS_TAKEN : 0;

    *since = rc == 0 && list.count > 0 ? list.file[first].zxid : -1;
    if (rc < 0)
        cannot_read(x, x->from.snap, rc);
    for (size_t i = first; rc == 0 && i < list.count; i++)
        rc = copy_listed(x, x->from.snap, x->to.snap, list.file[i].name);
    data_list_free(&list);
    return rc;
}

/* The files that may hold a transaction behind `since`. */
static int
copy_logs(struct import *x, zxid_t since)
{
    struct data_list list;
    int rc = data_list_read(&list, x->from.log, DATA_LOGS);

    if (rc < 0)
        cannot_read(x, x->from.log, rc);
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        bool is_last = i + 1 == list.count;

        if (!is_last && list.file[i + 1].zxid <= since + 1)
            continue;
        rc = copy_listed(x, x->from.log, x->to.log, list.file[i].name);
    }
    data_list_free(&list);
    return rc;
}

static int
copy_rest(struct import *x)
{
    static const char *const names[] = {EPOCH_CURRENT_FILE,
                                        EPOCH_ACCEPTED_FILE};
    char path[DATA_PATH_MAX];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(names); i++) {
        rc = copy_one(x, x->from.snap, x->to.snap, names[i]);
        x->has_epochs |= rc == 0;
        rc = rc == -ENOENT ? 0 : rc;
    }
    data_path(path, x->to.data, "myid");
    if (rc == 0 && access(path, F_OK) < 0)
        rc = copy_one(x, x->from.data, x->to.data, "myid");
    return rc == -ENOENT ? 0 : rc;
}

static int
copy_all(struct import *x)
{
    zxid_t since;
    int rc = copy_snapshots(x, &since);

    if (rc == 0)
        rc = copy_logs(x, since);
    if (rc == 0 && x->made.count == 0) {
        data_error_set(&x->e, x->from.snap, -1, REMEDY_NAMES,
                       "there is neither a snapshot nor a log");
        return -ENOENT;
    }
    if (rc == 0)
        rc = copy_rest(x);
    return rc == 0 ? zab_copied_show(&x->made, &x->e) : rc;
}

/* --- making the image ----------------------------------------------------- */

/* As the log process does at its start: a torn write at the end goes. */
static int
clean_log(struct import *x)
{
    const struct txlog_options plain = {.prealloc_bytes = 0};
    struct txlog log;
    int rc = txlog_open(&log, x->to.log, &plain, &x->was_torn, &x->e);

    if (rc == 0)
        txlog_close(&log);
    return rc;
}

static int
make_image(struct import *x)
{
    int rc;

    x->prepared.trusts_empty = x->place.trusts_empty;
    x->prepared.progress = zab_progress;
    x->prepared.progress_arg = &x->progress;
    zab_progress_begin(&x->progress, ME, "making the image");
    rc = image_prepare(&x->to, &x->prepared, &x->e);
    zab_progress_end(&x->progress);
    return rc;
}

static int
look_at_image(struct import *x)
{
    struct image im;
    uint64_t nodes;
    int rc = image_open(&im, x->to.image, IMAGE_READ, &x->e);

    if (rc < 0)
        return rc;
    zab_progress_begin(&x->progress, ME, "checking the image");
    rc = zab_verify(&im, x->to.log, zab_progress, &x->progress, &x->verdict,
                    &x->e);
    zab_progress_end(&x->progress);
    if (rc == 0 && (rc = image_count(&im, &nodes, &x->sessions)) < 0)
        data_error_rc(&x->e, im.dir, rc, zab_image_remedy,
                      "the image cannot be read");
    image_close(&im);
    return rc;
}

/* Promises of a member of an ensemble are kept; a server alone has none. */
static int
check_epochs(struct import *x)
{
    struct epochs epochs;

    return x->has_epochs
               ? epoch_load(&epochs, x->to.snap, x->prepared.zxid, &x->e)
               : 0;
}

/*
 * What a member of an ensemble logged last may be committed or not: its server
 * has to hear that from a leader, as if it had made the image itself.
 */
static int
leave_end_open(struct import *x)
{
    struct image_batch nothing;
    struct image im;
    int rc = image_open(&im, x->to.image, IMAGE_WRITE, &x->e);

    if (rc < 0)
        return rc;
    im.meta.exact = INT64_MAX;
    rc = image_batch_init(&nothing, &im);
    if (rc == 0)
        rc = image_batch_commit(&nothing, im.meta.zxid);
    if (rc < 0)
        data_error_rc(&x->e, im.dir, rc, "See that the disk has room.",
                      "the image cannot be written");
    image_batch_deinit(&nothing);
    image_close(&im);
    return rc;
}

/* What root made is the server's to use. */
static int
give_away(struct import *x)
{
    int rc = zab_give_away(x->place.data_found, "version-2", &x->e);

    if (rc == 0)
        rc = zab_give_away(x->place.log_found, "version-2", &x->e);
    return rc < 0 ? rc : zab_give_away(x->place.data_found, "myid", &x->e);
}

static int
import(struct import *x)
{
    int rc = give_away(x); /* the lock, too, should this fail */

    if (rc == 0)
        rc = refuse_full_target(x);
    if (rc < 0)
        return rc;
    rc = copy_all(x);
    if (rc == 0)
        rc = clean_log(x);
    if (rc == 0)
        rc = make_image(x);
    if (rc == 0)
        rc = look_at_image(x);
    if (rc == 0)
        rc = check_epochs(x);
    if (rc == 0 && x->has_epochs)
        rc = leave_end_open(x);
    if (rc == 0)
        rc = give_away(x);
    if (rc < 0) {
        (void)image_remove(x->to.image);
        zab_copied_undo(&x->made);
    }
    return rc;
}

/* Print what was found; true: the image is what the leader had. */
static bool
report(const struct import *x)
{
    const struct image_prepare *p = &x->prepared;

    printf("from        %s, %s and %" PRIu64 " transactions behind it\n",
           x->from.snap, *p->snapshot ? p->snapshot : "no snapshot", p->txns);
    if (p->damaged > 0)
        printf("damaged     %" PRIu32 " newer snapshots could not be read\n",
               p->damaged);
    if (x->was_torn)
        puts("torn        a write at the log's end never finished: left out");
    printf("to          %s\nzxid        0x%" PRIx64 "\ndigest      0x%" PRIx64
           "\n",
           x->to.image, (uint64_t)x->verdict.meta.zxid, x->verdict.meta.digest);
    zab_put_count(stdout, &x->verdict.count);
    printf("sessions    %" PRIu64 "\n", x->sessions);
    return zab_put_verdict(stdout, &x->verdict);
}

/* --- the command --------------------------------------------------------- */

static bool
take_option(struct import *x, int option, const char *value)
{
    switch (option) {
    case OPT_FROM:
        x->from_data = value;
        return true;
    case OPT_FROM_LOG:
        x->from_log = value;
        return true;
    case OPT_TRUST_EMPTY:
        x->place.trusts_empty = true;
        return true;
    default:
        return zab_place_take(&x->place, option, value);
    }
}

/* Before a target is made for what is not there. */
static int
look_for_source(struct import *x)
{
    int rc = datadir_name(&x->from, x->from_data, x->from_log, &x->e);

    if (rc == 0 && access(x->from.snap, R_OK | X_OK) < 0)
        rc = cannot_read(x, x->from.snap, -errno);
    if (rc == 0 && access(x->from.log, R_OK | X_OK) < 0)
        rc = cannot_read(x, x->from.log, -errno);
    return rc;
}

static int
run(struct import *x)
{
    int rc = look_for_source(x);

    if (rc == 0)
        rc = datadir_open(&x->to, x->place.data_found, x->place.log_found, true,
                          &x->e);
    if (rc < 0)
        return rc;
    rc = import(x);
    datadir_close(&x->to);
    return rc;
}

int
zab_import(int argc, char **argv)
{
    struct import x = {.made = {.is_hidden = true}, .e = {.offset = -1}};
    bool is_good;
    int option, rc;

    while ((option = getopt_long(argc, argv, ZAB_PLACE_SHORT, options, NULL)) !=
           -1) {
        if (option == 'h') {
            print_help(stdout);
            return ZAB_OK;
        }
        if (!take_option(&x, option, optarg))
            return ZAB_USAGE;
    }
    if (optind < argc || !x.from_data || !*x.from_data ||
        (x.from_log && !*x.from_log) || !zab_place_is_given(&x.place)) {
        print_help(stderr);
        return ZAB_USAGE;
    }
    if (!zab_place_find(&x.place, ME))
        return ZAB_USAGE;
    rc = run(&x);
    is_good = rc == 0 && report(&x);
    if (rc < 0)
        zab_complain_error(ME, &x.e);
    else if (!is_good)
        zab_complain(ME,
                     "the image is not what the leader had: compare nodes "
                     "with `zab image --nodes', or import from another server");
    zab_copied_free(&x.made);
    return is_good ? ZAB_OK : ZAB_FAILED;
}
