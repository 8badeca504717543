/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_export.c - `zab export OUTDIR`: writes a data directory that Apache
 * ZooKeeper starts on, from a data directory of zabd's, whether that server
 * is running or not.
 *
 *     OUTDIR/version-2/snapshot.<hex>     plain, exact: the image at one zxid
 *     OUTDIR/version-2/log.<hex>          the transactions behind it, if any
 *     OUTDIR/version-2/acceptedEpoch, currentEpoch
 *     OUTDIR/myid                         if the server has one with a number
 *
 * An LMDB read transaction keeps the image as it is; the log behind it is
 * copied first, before a running server may purge it.  Then the epochs, current
 * before accepted: a server only ever raises them, accepted first, so the
 * copies keep their order. ZK: spec/quorum-protocol.md 15.3, 7
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "storage/image/image_snapshot.h"
#include "storage/log/epoch.h"
#include "storage/log/rebase.h"
#include "storage/log/txlog.h"
#include "storage/log/txlog_reader.h"
#include "storage/tree/quota_text.h"
#include "storage/tree/txn.h"
#include "tools/zab.h"
#include "tools/zab_copy.h"
#include "tools/zab_owner.h"
#include "tools/zab_place.h"
#include "tools/zab_text.h"

static const char ME[] = "export";

enum { STEP_ROWS = 4096 };

static const struct option options[] = {ZAB_PLACE_OPTIONS, {0}};

struct exporting {
    struct datadir from, to;
    struct image image;
    struct image_snapshot snapshot;
    struct zab_copied made;
    uint64_t nodes, txns;
    zxid_t first, last; /* of the log written; last: where it all leads */
    struct epochs epochs;
    bool has_myid, is_myid_left, is_place_new;
    struct data_error e;
};

static void
print_help(FILE *to)
{
    fputs("usage: zab export [-c zoo.cfg | --data DIR [--log DIR]] OUTDIR\n\n"
          "Writes a data directory that Apache ZooKeeper 3.8 starts on.  The "
          "server may be\nrunning.  OUTDIR is made, or must be empty.  What "
          "root makes belongs to the\nowner of the server's dataDir, or of an "
          "OUTDIR that was there.\n\n" ZAB_PLACE_HELP,
          to);
}

static int
fail(struct exporting *x, const char *path, int rc, const char *what)
{
    return data_error_rc(&x->e, path, rc,
                         "See that you may write there and that the disk has "
                         "room.",
                         what);
}

/* --- the place ----------------------------------------------------------- */

/* Whether nothing is in `dir`: 1, 0, -errno. */
static int
is_empty(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    int rc = 1;

    if (!d)
        return -errno;
    while (rc == 1 && (entry = readdir(d)))
        if (data_is_below(entry->d_name))
            rc = 0;
    closedir(d);
    return rc;
}

/* It goes, should the export fail. */
static int
remember(struct exporting *x, const char *path)
{
    int rc = zab_copied_add(&x->made, path);

    return rc < 0 ? fail(x, path, rc, "cannot be made") : 0;
}

/* Make one directory. */
static int
make_dir(struct exporting *x, const char *path)
{
    if (mkdir(path, 0750) < 0)
        return fail(x, path, -errno, "cannot be made");
    return remember(x, path);
}

static int
make_place(struct exporting *x)
{
    int rc = is_empty(x->to.data);

    x->is_place_new = rc == -ENOENT;
    if (x->is_place_new)
        rc = make_dir(x, x->to.data);
    else if (rc < 0)
        return fail(x, x->to.data, rc, "cannot be read");
    else if (rc == 0) {
        data_error_set(&x->e, x->to.data, -1,
                       "Name a directory that is empty or that does not exist.",
                       "is not empty");
        return -ENOTEMPTY;
    }
    return rc < 0 ? rc : make_dir(x, x->to.snap);
}

/*
 * While a leader's snapshot replaces a learner's image and log, they go one
 * after the other; what is left of them lacks what it acknowledged.
 */
static int
refuse_rebase(struct exporting *x)
{
    char path[DATA_PATH_MAX];
    int rc = rebase_is_pending(&x->from);

    data_path(path, x->from.snap, REBASE_MARKER);
    if (rc < 0)
        return fail(x, path, rc, "cannot be read");
    if (rc == 0)
        return 0;
    data_error_set(&x->e, path, -1,
                   "Start zabd on this directory, which goes on with it, or "
                   "try again when the running one has.",
                   "a leader's snapshot is taking the place of image and log");
    return -EBUSY;
}

/* --- what Apache ends of ------------------------------------------------- */

/*
 * A quota on the root is a plain node here.  Apache ends of it at each start:
 * where it loads a tree that has it, and where it replays its creation or its
 * deletion.
 * ZK: DataTree.setupQuota, createNode, deleteNode; PathTrie
 */
#define ROOT_QUOTA QUOTA_ROOT "/" QUOTA_LIMITS_NAME

static int
refuse_root_quota(struct exporting *x)
{
    data_error_set(&x->e, x->from.data, -1,
                   "Delete it, stop zabd, which takes that into its image, and "
                   "export again.",
                   "Apache ZooKeeper would end of " ROOT_QUOTA
                   ", a quota on the root");
    return -EINVAL;
}

static int
look_into_image(struct exporting *x)
{
    char path[] = ROOT_QUOTA;
    MDB_val key = {sizeof path - 1, path}, value;
    int rc = mdb_get(x->snapshot.stream.txn, x->image.nodes, &key, &value);

    if (rc == 0)
        return refuse_root_quota(x);
    return rc == MDB_NOTFOUND
               ? 0
               : fail(x, x->from.image, image_rc(rc), "cannot be read");
}

static int
look_into_entry(struct exporting *x, struct bytes entry)
{
    struct txn t;
    struct change c;
    int rc = txn_open_known(&t, entry);

    while (rc == 0 && txn_next(&t, &c))
        if ((c.kind == CHANGE_CREATE || c.kind == CHANGE_DELETE) &&
            bytes_are(c.path, ROOT_QUOTA))
            return refuse_root_quota(x);
    return 0;
}

/* --- the parts ----------------------------------------------------------- */

static int
copy_records(struct exporting *x, struct txlog_reader *r, struct txlog *log)
{
    char path[DATA_PATH_MAX], name[DATA_NAME_MAX];
    struct bytes entry;
    zxid_t zxid;
    int rc;

    while ((rc = txlog_reader_next(r, &entry, &zxid)) == 1) {
        if (x->txns++ == 0) {
            x->first = zxid;
            data_name(name, "log", zxid);
            data_path(path, x->to.log, name);
            rc = remember(x, path);
            if (rc < 0)
                return rc;
        }
        rc = look_into_entry(x, entry);
        if (rc < 0)
            return rc;
        rc = txlog_append(log, zxid, entry);
        if (rc < 0)
            return fail(x, x->to.log, rc, "the log cannot be written");
        x->last = zxid;
    }
    if (rc < 0) {
        x->e = r->error;
        return rc;
    }
    rc = txlog_flush(log);
    return rc < 0 ? fail(x, x->to.log, rc, "the log cannot be written") : 0;
}

static int
write_log(struct exporting *x)
{
    const struct txlog_options plain = {.prealloc_bytes = 0};
    struct txlog_reader r;
    struct txlog log;
    int rc = txlog_open(&log, x->to.log, &plain, NULL, &x->e);

    x->last = x->snapshot.stream.zxid;
    if (rc < 0)
        return rc;
    rc = txlog_reader_open(&r, x->from.log, x->snapshot.stream.zxid);
    if (rc == 0)
        rc = copy_records(x, &r, &log);
    else
        x->e = r.error;
    txlog_reader_close(&r);
    txlog_close(&log);
    return rc;
}

/* Copied, then put in order as a server would at its start. */
static int
write_epochs(struct exporting *x)
{
    static const char *const names[] = {EPOCH_CURRENT_FILE,
                                        EPOCH_ACCEPTED_FILE};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char path[DATA_PATH_MAX];
        int rc = zab_copy(&x->made, x->from.snap, x->to.snap, names[i], NULL,
                          NULL, &x->e);

        if (rc == -ENOENT) { /* epoch_load makes it */
            data_path(path, x->to.snap, names[i]);
            rc = remember(x, path);
        }
        if (rc < 0)
            return rc;
    }
    return epoch_load(&x->epochs, x->to.snap, x->last, &x->e);
}

/*
 * One server alone does not read its myid here.  Apache's does, and does not
 * start on what is no number, as on Debian's, which asks to be replaced.
 * ZK: QuorumPeerConfig.setupMyId
 */
static bool
is_myid_readable(const struct exporting *x)
{
    char text[64];
    size_t digits;

    if (data_read(x->from.data, "myid", text, sizeof text) < 0)
        return true; /* zab_copy says why */
    digits = strspn(text, "0123456789");
    return digits > 0 && strchr("\r\n", text[digits]); /* or the end */
}

static int
write_myid(struct exporting *x)
{
    int rc;

    x->is_myid_left = !is_myid_readable(x);
    if (x->is_myid_left)
        return 0;
    rc =
        zab_copy(&x->made, x->from.data, x->to.data, "myid", NULL, NULL, &x->e);
    x->has_myid = rc == 0;
    return rc == -ENOENT ? 0 : rc;
}

static int
write_snapshot(struct exporting *x)
{
    struct zab_progress progress;
    int rc = remember(x, x->snapshot.writer.path); /* once it has that name */

    if (rc < 0) {
        image_snapshot_abort(&x->snapshot);
        return rc;
    }
    zab_progress_begin(&progress, ME, "writing the snapshot");
    while ((rc = image_snapshot_step(&x->snapshot, STEP_ROWS)) == 1)
        zab_progress(&progress, x->snapshot.stream.done,
                     x->snapshot.stream.total);
    zab_progress_end(&progress);
    if (rc == -EBADMSG) {
        data_error_set(
            &x->e, x->from.image, -1, image_remedy,
            "the image is damaged: its nodes do not add up to its digest");
        return rc;
    }
    return rc < 0 ? fail(x, x->to.snap, rc, "the snapshot cannot be written")
                  : 0;
}

/* Who runs zabd shall be able to run Apache on what root exports. */
static int
give_away(struct exporting *x)
{
    int rc;

    if (x->is_place_new)
        return zab_give_whole(x->to.data, x->from.data, &x->e);
    rc = zab_give_away(x->to.data, "version-2", &x->e);
    return rc < 0 ? rc : zab_give_away(x->to.data, "myid", &x->e);
}

static int
write_all(struct exporting *x)
{
    int rc =
        image_snapshot_begin(&x->snapshot, &x->image, x->to.snap, SNAP_PLAIN);

    if (rc < 0)
        return fail(x, x->to.snap, rc, "the snapshot cannot be begun");
    x->nodes = x->snapshot.stream.total / 2; /* of two passes */
    rc = look_into_image(x);
    if (rc == 0)
        rc = write_log(x);
    if (rc == 0)
        rc = refuse_rebase(x); /* of a server that runs, and began meanwhile */
    if (rc == 0)
        rc = write_epochs(x);
    if (rc == 0)
        rc = write_myid(x);
    if (rc < 0) {
        image_snapshot_abort(&x->snapshot);
        return rc;
    }
    rc = write_snapshot(x);
    if (rc == 0)
        rc = give_away(x);
    if (rc < 0)
        return rc;
    rc = data_sync_dir(x->to.data);
    return rc < 0 ? fail(x, x->to.data, rc, "cannot be synced") : 0;
}

/* --- the whole ----------------------------------------------------------- */

static void
report(const struct exporting *x)
{
    printf("%s/version-2/snapshot.%" PRIx64 ": %" PRIu64 " nodes\n", x->to.data,
           (uint64_t)x->image.meta.zxid, x->nodes);
    if (x->txns > 0)
        printf("%s/version-2/log.%" PRIx64 ": %" PRIu64 " transactions\n",
               x->to.data, (uint64_t)x->first, x->txns);
    printf("zxid 0x%" PRIx64 ", acceptedEpoch %" PRId64
           ", currentEpoch %" PRId64 "%s\n",
           (uint64_t)x->last, x->epochs.accepted, x->epochs.current,
           x->has_myid       ? ", myid"
           : x->is_myid_left ? ", myid left out: it is no number"
                             : "");
}

static struct exporting *unfinished;

/* A damaged image may end us in the middle: image_guard.h. */
static void
leave_nothing(void)
{
    if (!unfinished)
        return;
    snapfile_writer_abort(&unfinished->snapshot.writer);
    zab_copied_undo(&unfinished->made);
}

static int
run(struct exporting *x)
{
    int rc = refuse_rebase(x);

    if (rc == 0)
        rc = image_open(&x->image, x->from.image, IMAGE_READ, &x->e);
    if (rc == -ENOENT)
        data_error_set(&x->e, x->from.image, -1,
                       "Name the data directory of a zabd that has run; what "
                       "is Apache's already needs no export.",
                       "there is no finished image");
    if (rc < 0)
        return rc;
    unfinished = x;
    rc = atexit(leave_nothing) == 0
             ? make_place(x)
             : fail(x, x->to.data, -ENOMEM, "cannot be made");
    if (rc == 0)
        rc = write_all(x);
    unfinished = NULL;
    if (rc == 0)
        report(x);
    else
        zab_copied_undo(&x->made);
    image_close(&x->image);
    return rc;
}

int
zab_export(int argc, char **argv)
{
    struct exporting x = {.snapshot = {.writer = {.fd = -1}},
                          .e = {.offset = -1}};
    struct zab_place place = {0};
    int option, rc;

    while ((option = getopt_long(argc, argv, ZAB_PLACE_SHORT, options, NULL)) !=
           -1) {
        if (option == 'h') {
            print_help(stdout);
            return ZAB_OK;
        }
        if (!zab_place_take(&place, option, optarg))
            return ZAB_USAGE;
    }
    if (optind + 1 != argc || !*argv[optind]) {
        print_help(stderr);
        return ZAB_USAGE;
    }
    if (!zab_place_find(&place, ME))
        return ZAB_USAGE;
    rc = datadir_name(&x.from, place.data_found, place.log_found, &x.e);
    if (rc == 0)
        rc = datadir_name(&x.to, argv[optind], NULL, &x.e);
    if (rc == 0)
        rc = run(&x);
    if (rc < 0)
        zab_complain_error(ME, &x.e);
    zab_copied_free(&x.made);
    return rc < 0 ? ZAB_FAILED : ZAB_OK;
}
