/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about net/repl/repl_history_snap.c and storage/image/image_stream.c: a
 * learner that decodes the payload has the image's tree.
 */
#include <sys/wait.h>
#include <zstd.h>

#include "storage/image/image_batch.h"
#include "storage/image/image_prepare.h"
#include "storage/image/image_snapshot.h"
#include "tests/unit/history_given.h"
#include "tests/unit/txn_given.h"

enum {
    PAYLOAD_MAX = 4 << 20,
    NODES = 2500,
    SESSION = 0xabc,
    HEADER_BYTES = 16,
    FILE_TAIL_BYTES = 5 + 2 * SNAP_SEAL_BYTES + SNAP_DIGEST_BYTES,
    PAYLOAD_TAIL_BYTES = 5 + 4 + 10,
};

/* --- an image ------------------------------------------------------------ */

static const uint8_t some_acl[] = "\0\0\0\1\0\0\0\1\0\0\0\2ip\0\0\0\1x";

static struct image image;
static struct image_batch batch;
static zxid_t folded;

static void
open_image(void)
{
    struct data_error e;

    CU_ASSERT_EQUAL_FATAL(image_open(&image, past->dirs.image, IMAGE_WRITE, &e),
                          0);
    CU_ASSERT_EQUAL_FATAL(image_batch_init(&batch, &image), 0);
}

static void
close_image(void)
{
    CU_ASSERT_EQUAL_FATAL(image_batch_commit(&batch, batch.zxid), 0);
    image_batch_deinit(&batch);
    image_close(&image);
}

static void
fold(struct bytes txn)
{
    CU_ASSERT_EQUAL_FATAL(image_batch_apply(&batch, txn), 0);
    folded = txlog_entry_zxid(txn);
}

static void
fold_nodes(void)
{
    static uint8_t large[300000];
    struct bytes acl = {some_acl, sizeof some_acl - 1};
    char path[1200];

    memset(large, 'l', sizeof large);
    fold(a_session(E(1), SESSION, 4000));
    fold(a_session(E(2), -2, 6000));
    for (int i = 0; i < NODES; i++) {
        snprintf(path, sizeof path, "/n%04d", i);
        fold(a_create_with(folded + 1, path, bytes_of("some data"),
                           i % 3 ? acl_open_to_all : acl, 0, -1));
        if (i % 5 == 0) {
            strcat(path, "/child");
            fold(a_create(folded + 1, path, NULL, i % 2 ? SESSION : 0, -1));
        }
    }
    fold(a_create_with(folded + 1, "/large",
                       (struct bytes){large, sizeof large}, acl, 0, -1));
    snprintf(path, sizeof path, "/large/%0600d", 7);
    fold(a_create(folded + 1, path, "l", 0, -1));
    strcat(path, "/short");
    fold(a_create(folded + 1, path, "", 0, -1));
}

/* A past that ends with the image's zxid; everything is committed. */
static void
given_image(void)
{
    struct image_prepare p = {0};
    struct data_error e;

    given_past(0);
    CU_ASSERT_EQUAL_FATAL(image_prepare(&past->dirs, &p, &e), 0);
    open_image();
    fold_nodes();
    close_image();
    r.last = appended = folded;
    log_file.last = folded;
    repl_history_begin(past, folded);
    atomic_store(&shm.image->persisted_zxid, folded);
    atomic_store(&shm.replication->committed_zxid, folded);
}

/* --- a learner ----------------------------------------------------------- */

static uint8_t payload[PAYLOAD_MAX];

/* Everything from `slot` in pieces of `room`; its size. */
static size_t
read_payload(uint32_t slot, uint8_t *to, size_t room)
{
    bool is_end = false;
    size_t size = 0;

    while (!is_end) {
        size_t n = PAYLOAD_MAX - size < room ? PAYLOAD_MAX - size : room;
        int64_t got = repl_history_snap_read(past, slot, to + size, n, &is_end);

        CU_ASSERT_TRUE_FATAL(got >= 0);
        CU_ASSERT_TRUE_FATAL(got > 0 || is_end ||
                             repl_history_is_reading(past));
        size += (size_t)got;
    }
    return size;
}

static size_t
snap(uint32_t slot, int32_t flags, uint8_t *to, size_t room)
{
    zxid_t z = 0;

    (void)plan_for(slot, 0);
    CU_ASSERT_EQUAL_FATAL(repl_history_snap_begin(past, slot, flags, &z), 0);
    CU_ASSERT_EQUAL(z, folded);
    return read_payload(slot, to, room);
}

static int
on_session(void *arg, session_id_t id, int32_t timeout_ms)
{
    struct session *s = session_take(sessions, id);

    (void)arg;
    CU_ASSERT_FATAL(s != NULL);
    s->timeout_ms = timeout_ms;
    return 0;
}

static int
on_node(void *arg, struct bytes path, struct bytes data, struct bytes acl,
        const struct znode_stat *stat)
{
    (void)arg;
    if (image_is_owned(stat->owner))
        CU_ASSERT_PTR_NOT_NULL(session_find(sessions, stat->owner));
    return tree_load_node(tree, path, data, acl, stat);
}

/* As a learner does: parents that are missing would be an error. */
static void
load_payload(const uint8_t *data, size_t size, size_t piece)
{
    const struct snap_visitor v = {on_session, on_node, NULL};
    struct snap_decode d;
    size_t at = 0, end = 0;

    given_tree();
    r.tree = tree;
    snap_decode_init(&d, &v, true);
    tree_batch_begin(tree);
    while (d.part != SNAP_DONE) {
        size_t used;

        end = end + piece < size ? end + piece : size;
        CU_ASSERT_EQUAL_FATAL(
            snap_decode_feed(&d, data + at, end - at, end == size, &used), 0);
        at += used;
        CU_ASSERT_TRUE_FATAL(end < size || d.part == SNAP_DONE);
    }
    CU_ASSERT_EQUAL(at, size);
    CU_ASSERT_EQUAL(d.unknown_acls, 0);
    snap_decode_deinit(&d);
    tree_load_done(tree, folded);
    tree_batch_end(tree, 0);
}

static uint64_t
digest_of_tree(void)
{
    struct tree_totals totals;

    tree_totals(tree, &totals);
    return totals.digest;
}

static void
tree_is_the_images(void)
{
    struct data_error e;
    uint64_t nodes, count;
    struct tree_totals totals;
    const char *path = "/n0003";
    struct znode_view view;

    CU_ASSERT_EQUAL_FATAL(image_open(&image, past->dirs.image, IMAGE_READ, &e),
                          0);
    CU_ASSERT_EQUAL(image_count(&image, &nodes, &count), 0);
    tree_totals(tree, &totals);
    CU_ASSERT_EQUAL(totals.node_count, nodes + 1); /* the alias of the root */
    CU_ASSERT_EQUAL(totals.digest, image.meta.digest);
    CU_ASSERT_EQUAL(session_count(sessions), count);
    CU_ASSERT_EQUAL(session_find(sessions, SESSION)->timeout_ms, 4000);
    CU_ASSERT_EQUAL(session_find(sessions, -2)->timeout_ms, 6000);
    CU_ASSERT_TRUE_FATAL(tree_view(tree, bytes_of(path), &view));
    CU_ASSERT_TRUE(bytes_equal(tree_acl(tree, view.acl),
                               (struct bytes){some_acl, sizeof some_acl - 1}));
    image_close(&image);
}

/* --- claims -------------------------------------------------------------- */

static void
the_payload_is_the_images_tree(void)
{
    static const size_t rooms[] = {1, 7, 4096, 65536, PAYLOAD_MAX};

    given_image();
    for (size_t i = 0; i < ARRAY_COUNT(rooms); i++) {
        size_t size = snap(0, 0, payload, rooms[i]);

        load_payload(payload, size, 1 + i * 50000);
        tree_is_the_images();
    }
    no_past();
}

static void
packed_it_is_one_frame_of_the_same(void)
{
    static uint8_t packed[PAYLOAD_MAX], plain[PAYLOAD_MAX];
    size_t size, packed_size, frame;

    given_image();
    size = snap(0, 0, payload, 65536);
    for (size_t room = 13; room < PAYLOAD_MAX; room *= 300) {
        packed_size = snap(1, LEARNER_ZSTD | LEARNER_QUICK, packed, room);
        CU_ASSERT_TRUE(packed_size < size / 3);
        frame = ZSTD_findFrameCompressedSize(packed, packed_size);
        CU_ASSERT_EQUAL(frame, packed_size);
        CU_ASSERT_EQUAL(
            ZSTD_decompress(plain, sizeof plain, packed, packed_size), size);
        CU_ASSERT_EQUAL(memcmp(plain, payload, size), 0);
    }
    no_past();
}

/* One code writes both; a snapshot file has a header and seals around it. */
static void
a_snapshot_file_has_the_same_body(void)
{
    struct image_snapshot s;
    char path[DATA_PATH_MAX], name[DATA_NAME_MAX];
    struct data_error e;
    uint8_t *file;
    size_t size, file_size;

    given_image();
    size = snap(0, 0, payload, 65536);
    CU_ASSERT_EQUAL_FATAL(image_open(&image, past->dirs.image, IMAGE_READ, &e),
                          0);
    CU_ASSERT_EQUAL_FATAL(
        image_snapshot_begin(&s, &image, past->dirs.snap, SNAP_PLAIN), 0);
    while (image_snapshot_step(&s, 100) == 1)
        ;
    image_close(&image);
    data_name(name, "snapshot", folded);
    data_path(path, past->dirs.snap, name);
    file = file_read(path, &file_size);
    CU_ASSERT_EQUAL_FATAL(file_size - HEADER_BYTES - FILE_TAIL_BYTES,
                          size - PAYLOAD_TAIL_BYTES);
    CU_ASSERT_EQUAL(
        memcmp(file + HEADER_BYTES, payload, size - PAYLOAD_TAIL_BYTES), 0);
    CU_ASSERT_EQUAL(memcmp(payload + size - PAYLOAD_TAIL_BYTES,
                           "\0\0\0\1/\0\0\0\nBenWasHere", PAYLOAD_TAIL_BYTES),
                    0);
    free(file);
    no_past();
}

/* The image process, which is another one, goes on committing. */
static void
commit_more_elsewhere(void)
{
    pid_t child = fork();
    int status;

    CU_ASSERT_TRUE_FATAL(child >= 0);
    if (child == 0) {
        open_image();
        for (int i = 0; i < 1000; i++) {
            char path[32];

            snprintf(path, sizeof path, "/new%d", i);
            fold(a_create(folded + 1, path, NULL, 0, -1));
        }
        close_image();
        _exit(0);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL_FATAL(status, 0);
}

static void
it_is_exact_while_the_image_goes_on(void)
{
    uint64_t digest;
    bool is_end;
    zxid_t z;
    int64_t n;

    given_image();
    load_payload(payload, snap(0, 0, payload, 65536), 65536);
    digest = digest_of_tree();
    (void)plan_for(0, 0);
    CU_ASSERT_EQUAL_FATAL(repl_history_snap_begin(past, 0, 0, &z), 0);
    do
        n = repl_history_snap_read(past, 0, payload, 1000, &is_end);
    while (n == 0);
    commit_more_elsewhere();
    load_payload(payload,
                 (size_t)n + read_payload(0, payload + n, PAYLOAD_MAX / 2),
                 65536);
    CU_ASSERT_EQUAL(digest_of_tree(), digest);
    CU_ASSERT_EQUAL_FATAL(repl_history_snap_begin(past, 0, 0, &z), 0);
    CU_ASSERT_EQUAL(z, folded + 1000); /* the next one has it */
    repl_history_leave(past, 0);
    no_past();
}

static void
a_learner_that_dies_holds_nothing(void)
{
    uint8_t few[100];
    bool is_end;
    zxid_t z;

    given_image();
    CU_ASSERT_EQUAL_FATAL(repl_history_snap_begin(past, 0, LEARNER_ZSTD, &z),
                          0);
    CU_ASSERT_EQUAL_FATAL(repl_history_snap_begin(past, 1, 0, &z), 0);
    for (int i = 0; i < 5; i++)
        CU_ASSERT_TRUE(
            repl_history_snap_read(past, 0, few, sizeof few, &is_end) >= 0);
    repl_history_leave(past, 0);
    CU_ASSERT_EQUAL(past->snapping, 1);
    CU_ASSERT_EQUAL(repl_history_snap_read(past, 0, few, 9, &is_end), -EINVAL);
    repl_history_leave(past, 1);
    CU_ASSERT_EQUAL(past->snapping, 0);
    CU_ASSERT_PTR_NULL(past->image.env);
    no_past();
}

static void
a_large_image_comes_in_steps(void)
{
    bool is_end;
    zxid_t z;

    given_image();
    CU_ASSERT_EQUAL_FATAL(repl_history_snap_begin(past, 0, 0, &z), 0);
    CU_ASSERT_EQUAL(
        repl_history_snap_read(past, 0, payload, PAYLOAD_MAX, &is_end), 0);
    CU_ASSERT_EQUAL(past->slot[0].stream.done, HISTORY_STEP_ROWS);
    CU_ASSERT_TRUE(repl_history_is_reading(past));
    repl_history_leave(past, 0);
    no_past();
}

static void
an_image_that_is_behind_is_waited_for(void)
{
    zxid_t z, before;

    given_image();
    before = folded;
    propose_up_to(before + 10);
    atomic_store(&shm.replication->committed_zxid, before + 10);
    (void)plan_for(0, before + 5); /* it is ahead of the image */
    CU_ASSERT_EQUAL(repl_history_snap_begin(past, 0, 0, &z), -EAGAIN);
    CU_ASSERT_EQUAL(atomic_load(&shm.replication->image_wanted), before + 10);
    atomic_store(&shm.replication->committed_zxid, before + 20);
    CU_ASSERT_EQUAL(repl_history_snap_begin(past, 0, 0, &z), -EAGAIN);
    CU_ASSERT_EQUAL(atomic_load(&shm.replication->image_wanted), before + 10);
    CU_ASSERT_EQUAL(past->snapping, 0);
    atomic_store(&shm.image->persisted_zxid, before + 10); /* it is not */
    CU_ASSERT_EQUAL(repl_history_snap_begin(past, 0, 0, &z), -EAGAIN);
    (void)plan_for(0, before);
    CU_ASSERT_EQUAL(repl_history_snap_begin(past, 0, 0, &z), 0);
    repl_history_leave(past, 0);
    no_past();
}

/* Behind the snapshot the learner gets what came since, without a gap. */
static void
transactions_follow_the_snapshot(void)
{
    given_image();
    propose_up_to(folded + 10);
    (void)snap(0, 0, payload, 65536);
    for (zxid_t z = folded; z < folded + 10; z++)
        CU_ASSERT_EQUAL(take(0, z), z + 1);
    no_past();
}

/* The log begins long after the image: nothing leads on from it. */
static void
an_image_that_nothing_goes_on_from_is_waited_for(void)
{
    zxid_t z;

    given_image();
    log_file.last = folded + 99;
    log_one(folded + 100);
    log_flushed();
    r.last = folded + 100;
    repl_history_begin(past, r.last);
    CU_ASSERT_EQUAL(repl_history_snap_begin(past, 0, 0, &z), -EAGAIN);
    no_past();
}

/* The image process made it anew and renamed it. */
static void
an_image_that_was_replaced_is_opened_again(void)
{
    char aside[DATA_PATH_MAX + 8];
    struct image_prepare p = {0};
    struct data_error e;
    zxid_t z;

    given_image();
    CU_ASSERT_EQUAL(repl_history_snap_begin(past, 0, 0, &z), 0);
    snprintf(aside, sizeof aside, "%s.old", past->dirs.image);
    CU_ASSERT_EQUAL(rename(past->dirs.image, aside), 0);
    CU_ASSERT_EQUAL(repl_history_snap_begin(past, 1, 0, &z), -EAGAIN);
    CU_ASSERT_EQUAL(image_prepare(&past->dirs, &p, &e), 0);
    CU_ASSERT_EQUAL(repl_history_snap_begin(past, 1, 0, &z), -EAGAIN);
    (void)read_payload(0, payload, 65536); /* its own goes on */
    repl_history_begin(past, 0);
    CU_ASSERT_EQUAL(repl_history_snap_begin(past, 1, 0, &z), 0);
    CU_ASSERT_EQUAL(z, p.zxid);
    no_past();
}

UNIT_SUITE(repl_history_snap)
{
    unit_suite("repl_history_snap");
    UNIT(the_payload_is_the_images_tree);
    UNIT(packed_it_is_one_frame_of_the_same);
    UNIT(a_snapshot_file_has_the_same_body);
    UNIT(it_is_exact_while_the_image_goes_on);
    UNIT(a_learner_that_dies_holds_nothing);
    UNIT(a_large_image_comes_in_steps);
    UNIT(an_image_that_is_behind_is_waited_for);
    UNIT(transactions_follow_the_snapshot);
    UNIT(an_image_that_nothing_goes_on_from_is_waited_for);
    UNIT(an_image_that_was_replaced_is_opened_again);
}
