/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history_given.h - a replication process's ring, log and image to ask about.
 *
 * One struct repl in a directory of its own, without other processes: the
 * test is the log process, too, when it proposes (log_one, log_flushed).
 * Transactions are setData's whose data says which it is.
 */
#ifndef TESTS_UNIT_HISTORY_GIVEN_H
#define TESTS_UNIT_HISTORY_GIVEN_H

#include "net/repl/repl_history.h"
#include "storage/log/txlog.h"
#include "tests/unit/memory_given.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/tree_given.h"

/* A transaction of the epoch at hand. */
#define E(counter) ZXID(3, counter)

enum { KIT_RING = 1 << 20, KIT_TXN_MAX = 64 * 1024 };

static char base[DATA_PATH_MAX];
static struct shm shm;
static struct repl r;
static struct repl_history *past;
static struct history history;
static struct txlog log_file;
static zxid_t appended; /* last in the ring */

/* A server whose history ends with `last`, with an empty ring and log. */
static inline void
given_past(zxid_t last_one)
{
    static struct shm_super super;
    static struct shm_replication replication;
    static struct shm_log log_part;
    static struct shm_image image_part;
    struct txlog_options options = {.prealloc_bytes = 1 << 20,
                                    .roll_bytes = 200 * 1000};
    struct data_error e;
    struct datadir dirs;

    tempdir_make(base);
    CU_ASSERT_EQUAL_FATAL(datadir_open(&dirs, base, NULL, true, &e), 0);
    if (!shm.ring.base)
        shm.ring = (struct txring){memory_twice(KIT_RING), KIT_RING};
    given_tree();
    shm.super = &super;
    shm.replication = &replication;
    shm.log = &log_part;
    shm.image = &image_part;
    r = (struct repl){.shm = &shm, .tree = tree, .last = last_one};
    snprintf(r.conf.data_dir, sizeof r.conf.data_dir, "%s", base);
    r.conf.snap_size_factor = 0.33;
    ring_memory_init(&r.ring_memory, shm.ring.base, KIT_RING, 0);
    CU_ASSERT_EQUAL_FATAL(txlog_open(&log_file, dirs.log, &options, NULL, &e),
                          0);
    log_file.last = last_one;
    datadir_close(&dirs);
    past = repl_history_new(&r);
    CU_ASSERT_FATAL(past != NULL);
    history = repl_history_of(past);
    appended = last_one;
    atomic_store(&log_part.durable_zxid, last_one);
    atomic_store(&replication.committed_zxid, last_one);
    atomic_store(&replication.image_wanted, 0);
    atomic_store(&image_part.persisted_zxid, 0);
}

static inline void
no_past(void)
{
    repl_history_free(past);
    txlog_close(&log_file);
    tempdir_remove(base);
}

/* The bytes of a transaction, a function of its zxid. */
static inline struct bytes
txn_of(zxid_t z, uint32_t data_size)
{
    static uint8_t room[KIT_TXN_MAX];
    static uint8_t data[KIT_TXN_MAX];
    struct jute_out out = jute_out_of(room, sizeof room);
    struct txn_header h = {.zxid = z, .time = 1000, .type = ZK_OP_SET_DATA};

    memset(data, (int)(z % 251), data_size);
    txn_put_header(&out, &h);
    jute_put_bytes(&out, bytes_of("/node"));
    jute_put_bytes(&out, (struct bytes){data, (int32_t)data_size});
    jute_put_i32(&out, 7);
    return (struct bytes){room, (int32_t)jute_out_size(&out)};
}

static inline uint32_t
size_of_txn(zxid_t z)
{
    return (uint32_t)(zxid_counter(z) * 37 % 300);
}

static inline void
append_kind(uint16_t kind, zxid_t z, struct bytes payload)
{
    struct ring_entry *e = txring_at(&shm.ring, r.head);
    uint32_t size = (uint32_t)ring_entry_size((uint32_t)payload.size, 1, false);

    repl_history_reach(past, r.head + size);
    *e = (struct ring_entry){.size = size,
                             .kind = kind,
                             .worker = RING_NOBODY,
                             .zxid = z,
                             .payload_size = (uint32_t)payload.size,
                             .outcome_count = 1};
    if (payload.size > 0)
        memcpy(e + 1, payload.data, (size_t)payload.size);
    if (kind == RING_TXN) {
        repl_history_note(past, z, r.head);
        appended = z;
    }
    r.head += size;
    r.published = r.head;
}

static inline void
log_one(zxid_t z)
{
    CU_ASSERT_EQUAL_FATAL(txlog_append(&log_file, z, txn_of(z, size_of_txn(z))),
                          0);
}

static inline void
log_flushed(void)
{
    CU_ASSERT_EQUAL_FATAL(txlog_flush(&log_file), 0);
    atomic_store(&shm.log->durable_zxid, log_file.last);
}

/* `z` goes to the ring and to the log; every third with a word before it. */
static inline void
propose(zxid_t z)
{
    if (z % 3 == 0)
        append_kind(RING_SYNCED, appended, (struct bytes){NULL, 0});
    append_kind(RING_TXN, z, txn_of(z, size_of_txn(z)));
    log_one(z);
}

static inline void
propose_up_to(zxid_t z)
{
    while (appended < z)
        propose(appended + 1);
    log_flushed();
}

static inline struct sync_plan
plan_for(uint32_t slot, zxid_t learner)
{
    return history.plan(history.arg, slot, learner, appended);
}

/* As the leader does, again and again while there is more to read. */
static inline int
next_of(uint32_t slot, zxid_t after, zxid_t *z, struct bytes *txn)
{
    int rc;

    do {
        (void)repl_history_is_reading(past);
        rc = history.next(history.arg, slot, after, z, txn);
    } while (rc == 0 && repl_history_is_reading(past));
    return rc;
}

/* Take the one behind `after` and compare its bytes; its zxid, 0: none. */
static inline zxid_t
take(uint32_t slot, zxid_t after)
{
    struct bytes txn = BYTES_NULL;
    zxid_t z = 0;
    int rc = next_of(slot, after, &z, &txn);

    CU_ASSERT_TRUE_FATAL(rc == 0 || rc == 1);
    if (rc == 1)
        CU_ASSERT_TRUE_FATAL(bytes_equal(txn, txn_of(z, size_of_txn(z))));
    return rc == 1 ? z : 0;
}

/* The next one, which has the next number. */
static inline void
advance(uint32_t slot, zxid_t *at)
{
    zxid_t z = take(slot, *at);

    CU_ASSERT_EQUAL_FATAL(z, *at + 1);
    *at = z;
}

#endif
