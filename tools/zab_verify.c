/* SPDX-License-Identifier: Apache-2.0 */
/* zab_verify.c - see zab_verify.h. */
#include "tools/zab_verify.h"

#include <inttypes.h>
#include <stdlib.h>

#include "storage/log/txlog_scan.h"
#include "storage/tree/txn.h"

const char zab_image_remedy[] =
    "Stop the server, move this directory away and start again: the image is "
    "made anew from snapshot and log.";

/* --- walking ------------------------------------------------------------- */

static int
each_short(const struct image *im, MDB_txn *txn, zab_visit_fn *visit, void *arg)
{
    MDB_val key, value;
    MDB_cursor *cursor;
    struct image_row row;
    int rc = image_rc(mdb_cursor_open(txn, im->nodes, &cursor)), mdb = 0;

    if (rc < 0)
        return rc;
    while (rc == 0 &&
           (mdb = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        rc = image_row_get(&row, value.mv_data, value.mv_size, false);
        if (rc == 0)
            rc = visit(arg, (struct bytes){key.mv_data, (int32_t)key.mv_size},
                       &row);
    }
    mdb_cursor_close(cursor);
    return rc < 0 || mdb == MDB_NOTFOUND ? rc : image_rc(mdb);
}

int
zab_each_node(const struct image *im, MDB_txn *txn, zab_visit_fn *visit,
              void *arg)
{
    struct image_row *rows;
    size_t count;
    int rc = each_short(im, txn, visit, arg);

    if (rc < 0)
        return rc;
    rc = image_long_rows(im, txn, &rows, &count);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = visit(arg, rows[i].path, &rows[i]);
    free(rows);
    return rc;
}

/* --- what the image says -------------------------------------------------- */

struct look {
    const struct image *image;
    MDB_txn *txn;
    struct zab_verdict *v;
    progress_fn *progress;
    void *progress_arg;
    uint64_t total;
};

/* Whether `table` has the key: 1, 0, -errno. */
static int
has_key(MDB_txn *txn, MDB_dbi table, const void *data, size_t size)
{
    MDB_val key = {size, (void *)(uintptr_t)data}, value;
    int rc = mdb_get(txn, table, &key, &value);

    return rc == 0 ? 1 : rc == MDB_NOTFOUND ? 0 : image_rc(rc);
}

static int
has_node(const struct look *l, struct bytes path)
{
    struct image_key key;

    image_key_of(&key, path, l->image->meta.seed);
    return has_key(l->txn, key.is_long ? l->image->longs : l->image->nodes,
                   key.data, key.size);
}

static int
has_parent(const struct look *l, struct bytes path)
{
    return path.size > 1 ? has_node(l, tree_parent_path(path)) : 1;
}

static int
is_listed(const struct look *l, struct bytes path, int64_t owner)
{
    uint8_t owned[IMAGE_OWNED_KEY_MAX];
    struct image_key key;

    if (!image_is_owned(owner))
        return 1;
    image_key_of(&key, path, l->image->meta.seed);
    return has_key(l->txn, l->image->ephemerals, owned,
                   image_owned_key(owned, owner, &key));
}

static int
look_at(void *arg, struct bytes path, const struct image_row *row)
{
    struct look *l = arg;
    int parent = has_parent(l, path);
    int listed = is_listed(l, path, row->stat.owner);

    if (parent < 0 || listed < 0)
        return parent < 0 ? parent : listed;
    l->v->orphans += parent == 0;
    l->v->unlisted += listed == 0;
    zab_count_node(&l->v->count, path, row->data, &row->stat);
    if (l->progress && l->v->count.nodes % 4096 == 0)
        l->progress(l->progress_arg, l->v->count.nodes, l->total);
    return 0;
}

static int
look_at_image(struct image *im, struct zab_verdict *v, progress_fn *progress,
              void *progress_arg)
{
    struct look l = {.image = im,
                     .v = v,
                     .progress = progress,
                     .progress_arg = progress_arg};
    uint64_t sessions;
    int rc = image_count(im, &l.total, &sessions);

    if (rc == 0)
        rc = image_rc(mdb_txn_begin(im->env, NULL, MDB_RDONLY, &l.txn));
    if (rc < 0)
        return rc;
    rc = image_get_meta(im, l.txn);
    v->meta = im->meta;
    if (rc == 0)
        rc = zab_each_node(im, l.txn, look_at, &l);
    mdb_txn_abort(l.txn);
    return rc;
}

/* --- what the log says ---------------------------------------------------- */

/* The file that has transaction `zxid`, if any has. */
static int
find_log(const char *log_dir, zxid_t zxid, char path[DATA_PATH_MAX])
{
    struct data_list list;
    int rc = data_list_read(&list, log_dir, DATA_LOGS);

    path[0] = '\0';
    for (size_t i = 0; rc == 0 && i < list.count; i++)
        if (list.file[i].zxid <= zxid)
            data_path(path, log_dir, list.file[i].name);
    data_list_free(&list);
    return rc;
}

/*
 * The leader's digest of the tree at meta.zxid: in that transaction, or in an
 * earlier one when only errors, which change nothing, came after it.
 */
static int
scan_log(struct txlog_scan *s, struct zab_verdict *v)
{
    struct bytes entry;
    struct txn txn;
    zxid_t here = 0;
    bool has = false;
    int rc;

    while (here < v->meta.zxid && (rc = txlog_scan_next(s, &entry)) != 0) {
        if (rc < 0)
            return rc;
        here = txlog_entry_zxid(entry);
        if (here > v->meta.zxid || txn_open(&txn, entry) < 0)
            continue; /* a server that cannot read it says so at start */
        if (txn_has_tree_digest(&txn)) {
            v->log_digest = (uint64_t)txn.digest;
            has = true;
        } else if (txn.header.type != ZK_OP_ERROR) {
            has = false;
        }
    }
    v->has_log_digest = has && here == v->meta.zxid;
    return 0;
}

static int
look_at_log(const char *log_dir, struct zab_verdict *v, struct data_error *e)
{
    struct txlog_scan scan = {.fd = -1};
    char path[DATA_PATH_MAX];
    int rc = find_log(log_dir, v->meta.zxid, path);

    if (rc == 0 && *path)
        rc = txlog_scan_open(&scan, path);
    if (rc == 0 && *path)
        rc = scan_log(&scan, v);
    txlog_scan_deinit(&scan);
    if (rc < 0)
        data_error_rc(e, *path ? path : log_dir, rc,
                      "See that it is a log and that you may read it.",
                      "cannot be read");
    return rc;
}

int
zab_verify(struct image *im, const char *log_dir, progress_fn *progress,
           void *progress_arg, struct zab_verdict *v, struct data_error *e)
{
    int rc;

    *v = (struct zab_verdict){.has_log_digest = false};
    rc = look_at_image(im, v, progress, progress_arg);
    if (rc < 0)
        return data_error_rc(e, im->dir, rc, zab_image_remedy,
                             "the image cannot be read");
    return look_at_log(log_dir, v, e);
}

bool
zab_put_verdict(FILE *to, const struct zab_verdict *v)
{
    bool is_sum = v->count.digest == v->meta.digest;
    bool is_fuzzy = image_is_fuzzy(&v->meta);
    bool is_leaders = !v->has_log_digest || v->log_digest == v->meta.digest;

    fprintf(to, "nodes' sum  0x%" PRIx64 ": %s\n", v->count.digest,
            is_sum ? "the same" : "NOT the image's digest");
    if (is_fuzzy)
        fputs("made from a leader's snapshot, exact some transactions later\n",
              to);
    if (v->has_log_digest)
        fprintf(to, "log's       0x%" PRIx64 ": %s\n", v->log_digest,
                is_leaders ? "the same" : "NOT the image's digest");
    else
        fputs("log's       there is none of this zxid\n", to);
    if (v->orphans > 0)
        fprintf(to, "nodes without a parent: %" PRIu64 "\n", v->orphans);
    if (v->unlisted > 0)
        fprintf(to, "ephemerals missing in their session's list: %" PRIu64 "\n",
                v->unlisted);
    return is_sum && (is_leaders || is_fuzzy) && v->orphans == 0 &&
           v->unlisted == 0;
}
