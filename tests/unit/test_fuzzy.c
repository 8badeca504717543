/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A claim about snap_intake.c, tree_apply.c and image_import.c together: a
 * snapshot that a leader wrote while its tree changed, and the transactions
 * behind it, make the leader's tree, in memory and in the image.
 *
 * Random transactions change a leader's tree while it is written out the way
 * Apache does: a node is read whole with the names of its children, which are
 * read later, one by one.  FUZZY_ROUNDS and FUZZY_SEED choose how much.
 *
 * ZK: DataTree.serializeNode (spec/quorum-protocol.md 4.7, 10.4)
 */
#include <stdio.h>

#include "storage/image/image_batch.h"
#include "storage/image/image_prepare.h"
#include "storage/log/rebase.h"
#include "storage/log/snap_intake.h"
#include "storage/log/txlog.h"
#include "storage/log/txlog_reader.h"
#include "tests/unit/random.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/tree_given.h"

enum {
    TXNS_MAX = 4000,
    TXN_BYTES = 512,
    PAYLOAD_BYTES = 1 << 22,
    SESSIONS = 4,
    ACLS = 4,
    RESTARTS = 12,
};

/* The leader; `tree` and `sessions` of tree_given.h are the learner's. */
static struct tree *leader;
static struct session_table *leaders;
static zxid_t leaders_zxid;
static uint8_t txn_room[TXNS_MAX][TXN_BYTES];
static int32_t txn_size[TXNS_MAX]; /* of zxid i + 1 */
static uint8_t *payload;
static char base[DATA_PATH_MAX];
static struct datadir dirs;

/* --- the leader ---------------------------------------------------------- */

static struct bytes
acl_number(int number)
{
    static uint8_t list[ACLS][32];
    struct jute_out out = jute_out_of(list[number], sizeof list[number]);
    char id[2] = {(char)('a' + number), 0};

    if (number == 0)
        return acl_open_to_all;
    jute_put_i32(&out, 1);
    jute_put_i32(&out, 31);
    jute_put_bytes(&out, bytes_of("ip"));
    jute_put_bytes(&out, bytes_of(id));
    return (struct bytes){list[number], (int32_t)jute_out_size(&out)};
}

/* Of few names, so that nodes come and go under the same one. */
static void
some_path(char path[64])
{
    uint32_t depth = 1 + random_below(3);

    *path = '\0';
    for (uint32_t i = 0; i < depth; i++) {
        char name[8];

        snprintf(name, sizeof name, "/%c", 'a' + (char)random_below(4));
        strcat(path, name);
    }
}

static struct jute_out
header(session_id_t session, int32_t type)
{
    struct txn_header h = {.session = session,
                           .zxid = leaders_zxid + 1,
                           .time = 1000 + leaders_zxid,
                           .type = type};
    struct jute_out out = jute_out_of(txn_room[leaders_zxid], TXN_BYTES);

    txn_put_header(&out, &h);
    return out;
}

static bool
make_create(const char *path)
{
    static const int32_t kinds[] = {ZK_OP_CREATE, ZK_OP_CREATE, ZK_OP_CREATE2,
                                    ZK_OP_CREATE_CONTAINER};
    int32_t kind = kinds[random_below(4)];
    session_id_t owner = kind <= ZK_OP_CREATE && random_below(3) == 0
                             ? 1 + random_below(SESSIONS)
                             : 0;
    struct bytes acl = acl_number((int)random_below(ACLS));
    struct znode_view parent, node;
    struct jute_out out;

    if (!tree_view(leader, tree_parent_path(bytes_of(path)), &parent) ||
        tree_view(leader, bytes_of(path), &node) || parent.stat.owner > 0)
        return false;
    if (owner != 0 && !session_find(leaders, owner))
        return false;
    out = header(owner, kind);
    jute_put_bytes(&out, bytes_of(path));
    jute_put_bytes(&out, bytes_of("made"));
    jute_put_raw(&out, acl.data, (size_t)acl.size);
    if (kind != ZK_OP_CREATE_CONTAINER)
        jute_put_bool(&out, owner != 0);
    jute_put_i32(&out, parent.stat.cversion + 1);
    txn_size[leaders_zxid] = (int32_t)jute_out_size(&out);
    return true;
}

static bool
make_change(const char *path)
{
    struct znode_view node;
    struct jute_out out;
    char data[16];

    if (!tree_view(leader, bytes_of(path), &node))
        return false;
    if (random_below(4) == 0) {
        struct bytes acl = acl_number((int)random_below(ACLS));

        out = header(0, ZK_OP_SET_ACL);
        jute_put_bytes(&out, bytes_of(path));
        jute_put_raw(&out, acl.data, (size_t)acl.size);
        jute_put_i32(&out, node.stat.aversion + 1);
    } else if (random_below(3) == 0 && node.stat.child_count == 0) {
        out = header(0, ZK_OP_DELETE);
        jute_put_bytes(&out, bytes_of(path));
    } else {
        snprintf(data, sizeof data, "%x", (unsigned)leaders_zxid);
        out = header(0, ZK_OP_SET_DATA);
        jute_put_bytes(&out, bytes_of(path));
        jute_put_bytes(&out, bytes_of(data));
        jute_put_i32(&out, node.stat.version + 1);
    }
    txn_size[leaders_zxid] = (int32_t)jute_out_size(&out);
    return true;
}

/* A node with a child, both deleted at once: multi. */
static bool
make_multi(const char *path)
{
    struct jute_out out, sub;
    struct znode_view node, child;
    uint8_t room[64];
    char below[64];

    snprintf(below, sizeof below, "%.60s/a", path);
    if (!tree_view(leader, bytes_of(path), &node) ||
        !tree_view(leader, bytes_of(below), &child) ||
        node.stat.child_count != 1 || child.stat.child_count != 0)
        return false;
    out = header(0, ZK_OP_MULTI);
    jute_put_i32(&out, 2);
    for (int i = 0; i < 2; i++) {
        sub = jute_out_of(room, sizeof room);
        jute_put_bytes(&sub, bytes_of(i == 0 ? below : path));
        jute_put_i32(&out, ZK_OP_DELETE);
        jute_put_bytes(&out,
                       (struct bytes){room, (int32_t)jute_out_size(&sub)});
    }
    txn_size[leaders_zxid] = (int32_t)jute_out_size(&out);
    return true;
}

static bool
make_session(void)
{
    session_id_t id = 1 + random_below(SESSIONS);
    struct jute_out out;

    if (session_find(leaders, id)) {
        out = header(id, ZK_OP_CLOSE_SESSION);
        tree_put_ephemerals(leader, id, BYTES_NULL, &out);
    } else {
        out = header(id, ZK_OP_CREATE_SESSION);
        jute_put_i32(&out, 4000 + (int32_t)random_below(9));
    }
    txn_size[leaders_zxid] = (int32_t)jute_out_size(&out);
    return true;
}

static bool
make_txn(void)
{
    uint32_t kind = random_below(100);
    char path[64];

    some_path(path);
    return kind < 45   ? make_create(path)
           : kind < 94 ? make_change(path)
           : kind < 98 ? make_multi(path)
                       : make_session();
}

static void
apply_to(struct tree *t, zxid_t zxid_of_txn)
{
    struct bytes entry = {txn_room[zxid_of_txn - 1], txn_size[zxid_of_txn - 1]};
    struct txn txn;

    CU_ASSERT_EQUAL_FATAL(txn_open(&txn, entry), 0);
    tree_batch_begin(t);
    tree_apply_txn(t, &txn, NULL);
    tree_batch_end(t, 0);
}

static void
leader_goes_on(uint32_t txns)
{
    while (txns > 0 && leaders_zxid < TXNS_MAX - 1) {
        if (!make_txn())
            continue;
        apply_to(leader, ++leaders_zxid);
        txns--;
    }
}

/* --- its snapshot, written while it goes on ------------------------------ */

static int64_t
id_of_acl(struct bytes list)
{
    for (int i = 1; i < ACLS; i++)
        if (bytes_equal(list, acl_number(i)))
            return i;
    for (size_t i = 0; i < FIRST_NODES; i++)
        if (bytes_equal(list, tree_first_nodes[i].acl))
            return ACLS + (int64_t)i;
    return -1;
}

static void
write_acls(struct jute_out *out)
{
    jute_put_i32(out, ACLS - 1 + FIRST_NODES);
    for (int i = 1; i < ACLS + FIRST_NODES; i++) {
        struct bytes list =
            i < ACLS ? acl_number(i) : tree_first_nodes[i - ACLS].acl;

        jute_put_i64(out, i);
        if (list.size < 0)
            list = acl_open_to_all;
        jute_put_raw(out, list.data, (size_t)list.size);
    }
}

static void
write_node(struct jute_out *out, const char *path)
{
    uint8_t names_room[512];
    struct jute_out names = jute_out_of(names_room, sizeof names_room);
    struct znode_view v;
    struct jute_in in;

    if (!tree_view(leader, bytes_of(path), &v))
        return;
    jute_put_bytes(out, bytes_of(path));
    jute_put_bytes(out, v.data);
    jute_put_i64(out, id_of_acl(tree_acl(leader, v.acl)));
    znode_stat_put_persisted(out, &v.stat);
    tree_put_children(leader, &v, &names);
    in = jute_in_of(names_room, jute_out_size(&names));
    for (int32_t left = jute_get_count(&in); left > 0; left--) {
        struct bytes name = jute_get_bytes(&in);
        char child[128];

        leader_goes_on(random_below(6) == 0 ? random_below(60)
                                            : random_below(3));
        snprintf(child, sizeof child, "%s/%.*s", path, (int)name.size,
                 (const char *)name.data);
        write_node(out, child);
    }
}

static size_t
write_payload(void)
{
    struct jute_out out = jute_out_of(payload, PAYLOAD_BYTES);
    int32_t count = 0;

    for (uint32_t i = 0; i < session_slot_end(leaders); i++)
        count += session_at(leaders, i)->is_alive;
    jute_put_i32(&out, count);
    for (uint32_t i = 0; i < session_slot_end(leaders); i++) {
        const struct session *s = session_at(leaders, i);

        if (!s->is_alive)
            continue;
        jute_put_i64(&out, s->id);
        jute_put_i32(&out, s->timeout_ms);
    }
    leader_goes_on(random_below(5));
    write_acls(&out);
    write_node(&out, "");
    jute_put_bytes(&out, bytes_of("/"));
    jute_put_bytes(&out, bytes_of("BenWasHere"));
    CU_ASSERT_FALSE_FATAL(out.bad);
    return jute_out_size(&out);
}

/* --- the learner --------------------------------------------------------- */

static void
take(zxid_t at, size_t size)
{
    struct snap_intake intake;
    size_t used;

    CU_ASSERT_EQUAL(
        snap_intake_begin(&intake, dirs.snap, at, false, tree, sessions), 0);
    CU_ASSERT_EQUAL_FATAL(snap_intake_feed(&intake, payload, size, &used), 1);
    CU_ASSERT_EQUAL(used, size);
    CU_ASSERT_EQUAL(snap_intake_end(&intake), 0);
}

static uint32_t compared;

static void
compare_stats(const struct znode_stat *a, const struct znode_stat *b)
{
    CU_ASSERT_EQUAL(a->czxid, b->czxid);
    CU_ASSERT_EQUAL(a->mzxid, b->mzxid);
    CU_ASSERT_EQUAL(a->pzxid, b->pzxid);
    CU_ASSERT_EQUAL(a->ctime, b->ctime);
    CU_ASSERT_EQUAL(a->mtime, b->mtime);
    CU_ASSERT_EQUAL(a->version, b->version);
    CU_ASSERT_EQUAL(a->cversion, b->cversion);
    CU_ASSERT_EQUAL(a->aversion, b->aversion);
    CU_ASSERT_EQUAL(a->owner, b->owner);
    CU_ASSERT_EQUAL(a->data_size, b->data_size);
    CU_ASSERT_EQUAL(a->child_count, b->child_count);
}

/* A node and all below it, in both trees. */
static void
compare(const char *path)
{
    uint8_t names_room[512];
    struct jute_out names = jute_out_of(names_room, sizeof names_room);
    struct znode_view a, b;
    struct jute_in in;

    CU_ASSERT_FATAL(tree_view(leader, bytes_of(path), &a));
    if (!tree_view(tree, bytes_of(path), &b)) {
        CU_FAIL("a node is missing");
        return;
    }
    compared++;
    compare_stats(&a.stat, &b.stat);
    CU_ASSERT(bytes_equal(a.data, b.data));
    CU_ASSERT(bytes_equal(tree_acl(leader, a.acl), tree_acl(tree, b.acl)));
    tree_put_children(leader, &a, &names);
    in = jute_in_of(names_room, jute_out_size(&names));
    for (int32_t left = jute_get_count(&in); left > 0; left--) {
        struct bytes name = jute_get_bytes(&in);
        char child[128];

        snprintf(child, sizeof child, "%s/%.*s", path, (int)name.size,
                 (const char *)name.data);
        compare(child);
    }
}

static void
check_same(void)
{
    struct tree_totals a, b;

    compare("");
    tree_totals(leader, &a);
    tree_totals(tree, &b);
    CU_ASSERT_EQUAL(a.zxid, b.zxid);
    CU_ASSERT_EQUAL(a.digest, b.digest);
    CU_ASSERT_EQUAL(a.node_count, b.node_count);
    for (session_id_t id = 1; id <= SESSIONS; id++) {
        struct session *x = session_find(leaders, id);
        struct session *y = session_find(sessions, id);

        CU_ASSERT_EQUAL(x && x->is_alive, y && y->is_alive);
        if (x && y && x->is_alive) {
            CU_ASSERT_EQUAL(x->timeout_ms, y->timeout_ms);
            CU_ASSERT_EQUAL(x->ephemeral_count, y->ephemeral_count);
        }
    }
}

static void
log_from(zxid_t first)
{
    static const struct txlog_options options = {.prealloc_bytes = 65536};
    struct data_error e;
    struct txlog l;

    CU_ASSERT_EQUAL(txlog_open(&l, dirs.log, &options, NULL, &e), 0);
    for (zxid_t z = first; z <= leaders_zxid; z++)
        CU_ASSERT_EQUAL(
            txlog_append(&l, z,
                         (struct bytes){txn_room[z - 1], txn_size[z - 1]}),
            0);
    CU_ASSERT_EQUAL(txlog_flush(&l), 0);
    txlog_close(&l);
}

/* Fold from the log up to `limit`, as the image process does. */
static void
fold(zxid_t limit, zxid_t exact)
{
    struct image_batch batch;
    struct txlog_reader r;
    struct data_error e;
    struct bytes entry;
    struct image im;
    zxid_t z;

    CU_ASSERT_EQUAL_FATAL(image_open(&im, dirs.image, IMAGE_WRITE, &e), 0);
    CU_ASSERT_EQUAL(im.meta.exact, INT64_MAX);
    CU_ASSERT_EQUAL(image_batch_init(&batch, &im), 0);
    CU_ASSERT_EQUAL(txlog_reader_open(&r, dirs.log, im.meta.zxid), 0);
    while (batch.zxid < limit) {
        CU_ASSERT_EQUAL_FATAL(txlog_reader_next(&r, &entry, &z), 1);
        batch.is_fuzzy = z <= exact;
        CU_ASSERT_EQUAL_FATAL(image_batch_apply(&batch, entry), 0);
        if (random_below(20) == 0)
            CU_ASSERT_EQUAL(image_batch_commit(&batch, batch.zxid), 0);
    }
    CU_ASSERT_EQUAL(image_batch_commit(&batch, batch.zxid), 0);
    txlog_reader_close(&r);
    image_batch_deinit(&batch);
    image_close(&im);
}

/* As a start does it: the image, then the log behind it. */
static void
load_image(void)
{
    struct tree_totals totals;
    struct data_error e;
    struct image im;

    CU_ASSERT_EQUAL_FATAL(image_open(&im, dirs.image, IMAGE_READ, &e), 0);
    CU_ASSERT_EQUAL(image_committed(&im), 0);
    session_table_clear(sessions);
    tree_clear(tree);
    tree_batch_begin(tree);
    CU_ASSERT_EQUAL_FATAL(image_load(&im, tree, sessions, NULL, NULL, &e), 0);
    tree_batch_end(tree, 0);
    image_close(&im);
    tree_totals(tree, &totals);
    for (zxid_t z = totals.zxid + 1; z <= leaders_zxid; z++)
        apply_to(tree, z);
}

static void
given_leader(void)
{
    static void *arena, *memory;
    struct data_error e;

    if (!arena) {
        arena = memory_reserved(GIVEN_BYTES);
        memory = memory_reserved(session_table_bytes());
        leaders = session_table_init(memory, session_table_bytes());
        payload = memory_reserved(PAYLOAD_BYTES);
    }
    session_table_clear(leaders);
    leader = tree_init(arena, GIVEN_BYTES, leaders);
    leaders_zxid = 0;
    given_tree();
    tempdir_make(base);
    CU_ASSERT_EQUAL(datadir_open(&dirs, base, NULL, true, &e), 0);
}

static void
one_round(void)
{
    struct image_prepare ask = {.has_limit = true, .exact = INT64_MAX};
    zxid_t at, exact;
    struct data_error e;
    size_t size;

    given_leader();
    leader_goes_on(50 + random_below(150));
    at = leaders_zxid;
    size = write_payload();
    exact = leaders_zxid;
    leader_goes_on(random_below(100));
    take(at, size);
    for (zxid_t z = at + 1; z <= leaders_zxid; z++)
        apply_to(tree, z);
    check_same();

    CU_ASSERT_EQUAL(rebase(&dirs, at, &e), 0);
    log_from(at + 1);
    ask.limit = at + (zxid_t)random_below((uint32_t)(exact - at) / 2 + 1);
    CU_ASSERT_EQUAL_FATAL(image_prepare(&dirs, &ask, &e), 0);
    CU_ASSERT_EQUAL(ask.zxid, ask.limit);
    load_image();
    check_same();
    for (int i = 0; i < RESTARTS && ask.limit < exact; i++) {
        ask.limit +=
            1 + (zxid_t)random_below((uint32_t)(exact - ask.limit) / 4 + 1);
        fold(ask.limit, exact);
        load_image();
        check_same();
    }
    fold(leaders_zxid, exact);
    load_image();
    check_same();
    datadir_close(&dirs);
    tempdir_remove(base);
}

static long
number(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text ? atol(text) : otherwise;
}

static void
a_fuzzy_snapshot_and_what_follows_make_the_leaders_tree(void)
{
    long rounds = number("FUZZY_ROUNDS", 40), first = number("FUZZY_SEED", 1);

    for (long i = first; i < first + rounds; i++) {
        unsigned failed = CU_get_number_of_failures();

        random_state = (uint32_t)i * 2654435761u;
        one_round();
        if (CU_get_number_of_failures() > failed) {
            printf("FUZZY_SEED=%ld FUZZY_ROUNDS=1\n", i);
            return;
        }
    }
    CU_ASSERT(compared > (uint32_t)rounds);
}

UNIT_SUITE(fuzzy)
{
    unit_suite("fuzzy");
    UNIT(a_fuzzy_snapshot_and_what_follows_make_the_leaders_tree);
}
