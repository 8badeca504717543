/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_given.h - a log process without a process: what replication published
 * and ordered, and what a turn of the loop makes of it.
 *
 * The ring is not used: transactions are appended as the group's write does.
 */
#ifndef TESTS_UNIT_LOG_GIVEN_H
#define TESTS_UNIT_LOG_GIVEN_H

#include <inttypes.h>

#include "daemon/jute.h"
#include "storage/image/image_prepare.h"
#include "storage/log/epoch.h"
#include "storage/log/identity.h"
#include "storage/log/log_proc.h"
#include "storage/log/rebase.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

static struct shm_super given_super;
static struct shm_replication given_replication;
static struct shm_log given_log;
static struct shm_image given_image;
static struct shm_election given_election;
static struct shm given_shm;
static struct log_proc given;
static char given_dir[DATA_PATH_MAX];

/* A create of /n<zxid>, as replication would publish it. */
static inline struct bytes
given_txn(uint8_t room[256], zxid_t zxid)
{
    struct jute_out out = jute_out_of(room, 256);
    char path[32];

    snprintf(path, sizeof path, "/n%" PRIx64, (uint64_t)zxid);
    jute_put_i64(&out, 7); /* session, cxid, zxid, time, create */
    jute_put_i32(&out, 1);
    jute_put_i64(&out, zxid);
    jute_put_i64(&out, 1000);
    jute_put_i32(&out, 1);
    jute_put_bytes(&out, bytes_of(path));
    jute_put_bytes(&out, bytes_of("x"));
    jute_put_i32(&out, -1); /* ACL, not ephemeral, cversion */
    jute_put_bool(&out, false);
    jute_put_i32(&out, -1);
    return (struct bytes){room, (int32_t)jute_out_size(&out)};
}

/* The log process starts, as for the `life`th time. */
static inline int
given_start(uint32_t life)
{
    static const struct txlog_options options = {.prealloc_bytes = 65536};
    struct data_error e = {.offset = -1};
    int rc;

    given.shm = &given_shm;
    given.conf.member_count = 3;
    atomic_store(&given_super.life[PROC_LOG], life);
    CU_ASSERT_EQUAL(datadir_name(&given.dirs, given_dir, NULL, &e), 0);
    rc = log_start_begin(&given, &e);
    if (rc == 0)
        rc = txlog_open(&given.log, given.dirs.log, &options, NULL, &e);
    return rc < 0 ? rc : log_start_end(&given, &e);
}

/* A fresh directory and a log process in its first life. */
static inline void
given_server(void)
{
    char path[DATA_PATH_MAX];

    memset(&given, 0, sizeof given);
    given.conf.db_autocreate = true;
    memset(&given_super, 0, sizeof given_super);
    memset(&given_replication, 0, sizeof given_replication);
    memset(&given_log, 0, sizeof given_log);
    memset(&given_image, 0, sizeof given_image);
    given_shm = (struct shm){.super = &given_super,
                             .replication = &given_replication,
                             .log = &given_log,
                             .image = &given_image,
                             .election = &given_election};
    tempdir_make(given_dir);
    data_path(path, given_dir, "version-2");
    CU_ASSERT_EQUAL(mkdir(path, 0750), 0);
    CU_ASSERT_EQUAL(given_start(1), 0);
}

static inline void
given_end(void)
{
    txlog_close(&given.log);
    tempdir_remove(given_dir);
}

/* The process dies, another takes over; replication has lived meanwhile. */
static inline void
given_successor(void)
{
    txlog_close(&given.log);
    atomic_store(&given_super.life[PROC_REPLICATION], 1);
    CU_ASSERT_EQUAL(given_start(2), 0);
}

/* The server starts anew, on what lies there. */
static inline void
given_restart(void)
{
    txlog_close(&given.log);
    memset(&given_log, 0, sizeof given_log);
    atomic_store(&given_super.life[PROC_REPLICATION], 0);
    CU_ASSERT_EQUAL(given_start(1), 0);
}

static inline void
given_appended(zxid_t from, zxid_t to)
{
    uint8_t room[256];

    for (zxid_t z = from; z <= to; z++)
        CU_ASSERT_EQUAL(txlog_append(&given.log, z, given_txn(room, z)), 0);
    CU_ASSERT_EQUAL(txlog_flush(&given.log), 0);
    atomic_store(&given_log.durable_zxid, to);
}

/* Replication orders; nothing is done yet. */
static inline void
given_order(enum log_order kind, int64_t value)
{
    struct shm_log_order *o = &given_replication.log_order;

    atomic_store(&o->kind, kind);
    atomic_store(&o->value, value);
    atomic_store(&o->behind, given.appended);
    atomic_fetch_add(&o->number, 1);
}

static inline bool
given_is_answered(void)
{
    return atomic_load(&given_log.order_done) ==
           atomic_load(&given_replication.log_order.number);
}

/* Order it and let the log process work: its answer. */
static inline int
given_answer(enum log_order kind, int64_t value)
{
    given_order(kind, value);
    CU_ASSERT_EQUAL(log_orders_work(&given), 1);
    CU_ASSERT(given_is_answered());
    return atomic_load(&given_log.order_result);
}

/* The image as a start would make it of what lies there. */
static inline int
given_prepared(struct image_prepare *ask)
{
    struct data_error e = {.offset = -1};
    int rc = image_prepare(&given.dirs, ask, &e);

    if (rc == 0)
        atomic_store(&given_image.persisted_zxid, ask->zxid);
    return rc;
}

/* A snapshot `prefix`.<zxid>.zst with the first nodes and one named `node`. */
static inline void
given_snapshot(const char *prefix, zxid_t zxid, const char *node)
{
    struct znode_stat stat = {.czxid = 1, .mzxid = 1, .pzxid = 1};
    struct snapfile_writer w;
    char name[DATA_NAME_MAX], path[DATA_PATH_MAX];

    CU_ASSERT_EQUAL(snapfile_writer_open(&w, given.dirs.snap, zxid, SNAP_ZSTD),
                    0);
    memcpy(path, w.path, sizeof path);
    snapfile_put_count(&w, 0);
    snapfile_put_count(&w, 0);
    for (size_t i = 0; i < FIRST_NODES; i++)
        snapfile_put_node(&w, bytes_of(tree_first_nodes[i].path), bytes_of(""),
                          -1, &(struct znode_stat){0});
    snapfile_put_node(&w, bytes_of(node), bytes_of("s"), -1, &stat);
    CU_ASSERT_EQUAL(snapfile_writer_end(&w, zxid, 0), 0);
    if (strcmp(prefix, "snapshot") != 0) {
        char to[DATA_PATH_MAX];

        snapfile_name(name, prefix, zxid, SNAP_ZSTD);
        data_path(to, given.dirs.snap, name);
        CU_ASSERT_EQUAL(rename(path, to), 0);
    }
}

/* The epochs on disk, whatever the process believes. */
static inline struct epochs
given_epochs(void)
{
    struct epochs found = {-1, -1};
    struct data_error e;

    CU_ASSERT_EQUAL(epoch_load(&found, given.dirs.snap, 0, &e), 0);
    return found;
}

static inline bool
given_has(const char *name)
{
    char path[DATA_PATH_MAX];

    data_path(path, given.dirs.snap, name);
    return file_is_there(path);
}

#endif
