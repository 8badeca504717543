/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/tree/tree_apply.c. */
#include "tests/unit/tree_given.h"
#include "tests/unit/tree_sound.h"

/* A list with one entry for `id`. */
static struct bytes
acl_of(const char *id)
{
    static uint8_t room[4][100];
    static int turn;
    uint8_t *at = room[turn++ % 4];
    struct jute_out out = jute_out_of(at, 100);

    jute_put_i32(&out, 1);
    jute_put_i32(&out, ZK_PERM_ALL);
    jute_put_bytes(&out, bytes_of("digest"));
    jute_put_bytes(&out, bytes_of(id));
    return (struct bytes){at, (int32_t)jute_out_size(&out)};
}

static int32_t
create_again(int32_t op, const char *path, int32_t parent_cversion,
             struct bytes acl)
{
    struct change c = {.kind = CHANGE_CREATE,
                       .op = op,
                       .path = bytes_of(path),
                       .data = bytes_of("again"),
                       .acl = acl,
                       .parent_cversion = parent_cversion};

    return change(c, 0).err;
}

/* --- create -------------------------------------------------------------- */

static void
a_created_node_has_the_transaction_in_its_stat(void)
{
    given_tree();
    zxid = 41;
    CU_ASSERT_EQUAL(create("/a", "data"), ZK_OK);
    CU_ASSERT_EQUAL(last.stat.czxid, 42);
    CU_ASSERT_EQUAL(last.stat.mzxid, 42);
    CU_ASSERT_EQUAL(last.stat.pzxid, 42);
    CU_ASSERT_EQUAL(last.stat.ctime, 1000);
    CU_ASSERT_EQUAL(last.stat.mtime, 1000);
    CU_ASSERT_EQUAL(last.stat.version, 0);
    CU_ASSERT_EQUAL(last.stat.data_size, 4);
    CU_ASSERT_EQUAL(stat_of("/").pzxid, 42);
    CU_ASSERT_EQUAL(stat_of("/").cversion, 1);
    CU_ASSERT_TRUE(data_is("/a", "data"));
}

static void
null_and_empty_data_stay_what_they_are(void)
{
    given_tree();
    create("/null", NULL);
    create("/empty", "");
    CU_ASSERT_TRUE(data_is("/null", NULL));
    CU_ASSERT_TRUE(data_is("/empty", ""));
    CU_ASSERT_EQUAL(stat_of("/null").data_size, 0);
}

static void
a_node_without_parent_is_not_created(void)
{
    uint64_t digest;

    given_tree();
    digest = totals().digest;
    CU_ASSERT_EQUAL(create("/a/b", "x"), ZK_NO_NODE);
    CU_ASSERT_EQUAL(totals().digest, digest);
    CU_ASSERT_EQUAL(totals().node_count, 5);
}

static void
what_is_no_path_is_not_created(void)
{
    given_tree();
    CU_ASSERT_EQUAL(create("", "x"), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(create("a", "x"), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(create("/", "x"), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(create("/a/", "x"), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(create("//a", "x"), ZK_NO_NODE);
    CU_ASSERT_EQUAL(totals().node_count, 5);
}

static void
parents_counters_only_rise(void)
{
    given_tree();
    create("/p", NULL);
    create_again(ZK_OP_CREATE, "/p/a", 10, BYTES_NULL);
    CU_ASSERT_EQUAL(stat_of("/p").cversion, 10);
    CU_ASSERT_EQUAL(stat_of("/p").pzxid, 2);
    create_again(ZK_OP_CREATE, "/p/b", 9, BYTES_NULL);
    CU_ASSERT_EQUAL(stat_of("/p").cversion, 10);
    CU_ASSERT_EQUAL(stat_of("/p").pzxid, 2);
    CU_ASSERT_TRUE(exists("/p/b"));
    create("/p/c", NULL); /* -1: the next one */
    CU_ASSERT_EQUAL(stat_of("/p").cversion, 11);
    CU_ASSERT_EQUAL(stat_of("/p").pzxid, 4);
}

/* Overflow: the counter sticks at its maximum, and pzxid with it. */
static void
the_counter_of_creations_sticks_at_its_maximum(void)
{
    given_tree();
    create("/p", NULL);
    create_again(ZK_OP_CREATE, "/p/a", INT32_MAX, BYTES_NULL);
    create_again(ZK_OP_CREATE, "/p/b", INT32_MIN, BYTES_NULL);
    create("/p/c", NULL);
    CU_ASSERT_EQUAL(stat_of("/p").cversion, INT32_MAX);
    CU_ASSERT_EQUAL(stat_of("/p").pzxid, 2);
    CU_ASSERT_EQUAL(stat_of("/p").child_count, 3);
}

/* Not as Apache, for type create only: effect.h. */
static void
every_creation_raises_the_parent_of_a_node_that_exists(void)
{
    static const int32_t kinds[] = {ZK_OP_CREATE, ZK_OP_CREATE2,
                                    ZK_OP_CREATE_CONTAINER, ZK_OP_CREATE_TTL};

    given_tree();
    create("/p", NULL);
    create("/p/a", "first");
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        int32_t cversion = 50 + (int32_t)i;

        CU_ASSERT_EQUAL(create_again(kinds[i], "/p/a", cversion, BYTES_NULL),
                        ZK_NODE_EXISTS);
        CU_ASSERT_EQUAL(stat_of("/p").cversion, cversion);
        CU_ASSERT_EQUAL(stat_of("/p").pzxid, zxid);
    }
    CU_ASSERT_TRUE(data_is("/p/a", "first"));
    CU_ASSERT_EQUAL(last.stat.czxid, 0);
}

static void
a_node_that_exists_gets_the_list_of_the_transaction(void)
{
    struct znode_view view;

    given_tree();
    create("/a", NULL);
    create_again(ZK_OP_CREATE, "/a", -1, acl_of("me:x"));
    tree_view(tree, bytes_of("/a"), &view);
    CU_ASSERT_TRUE(bytes_equal(tree_acl(tree, view.acl), acl_of("me:x")));
}

static void
names_of_any_length_work(void)
{
    static char path[200002] = "/";
    struct znode_view view;
    struct jute_out out;
    static uint8_t room[300000];

    given_tree();
    memset(path + 1, 'n', 65535);
    CU_ASSERT_EQUAL(create(path, "short"), ZK_OK);
    memset(path + 1, 'n', 200000);
    CU_ASSERT_EQUAL(create(path, "long"), ZK_OK);
    CU_ASSERT_TRUE(data_is(path, "long"));
    CU_ASSERT_EQUAL(totals().data_bytes, 44 + 65536 + 5 + 200001 + 4);
    tree_view(tree, bytes_of("/"), &view);
    out = jute_out_of(room, sizeof room);
    tree_put_children(tree, &view, &out);
    CU_ASSERT_FALSE(out.bad);
    CU_ASSERT_EQUAL(jute_out_size(&out), 4 + 4 + 65535 + 4 + 200000 + 4 + 9);
    CU_ASSERT_EQUAL(delete (path), ZK_OK);
    CU_ASSERT_FALSE(exists(path));
    path[65536] = 0;
    CU_ASSERT_TRUE(data_is(path, "short"));
}

/* As Java counts: characters, not bytes. */
static void
a_name_counts_its_characters(void)
{
    char path[128] = "/";

    given_tree();
    for (uint64_t n = 1; n <= 20; n++) {
        uint64_t before = totals().data_bytes;

        strcat(path, n % 2 ? "\xe2\x82\xac" : "\xc3\xa9");
        CU_ASSERT_EQUAL(create(path, NULL), ZK_OK);
        CU_ASSERT_EQUAL(totals().data_bytes, before + 1 + n);
    }
}

/* --- delete -------------------------------------------------------------- */

static void
a_deletion_raises_pzxid_only(void)
{
    given_tree();
    create("/p", NULL);
    create("/p/a", NULL);
    CU_ASSERT_EQUAL(delete ("/p/a"), ZK_OK);
    CU_ASSERT_FALSE(exists("/p/a"));
    CU_ASSERT_EQUAL(stat_of("/p").pzxid, 3);
    CU_ASSERT_EQUAL(stat_of("/p").cversion, 1);
    CU_ASSERT_EQUAL(stat_of("/p").child_count, 0);
}

static void
deleting_what_is_gone_still_raises_pzxid(void)
{
    given_tree();
    create("/p", NULL);
    CU_ASSERT_EQUAL(delete ("/p/gone"), ZK_NO_NODE);
    CU_ASSERT_EQUAL(stat_of("/p").pzxid, 2);
    CU_ASSERT_EQUAL(stat_of("/p").cversion, 0);
    zxid = 0; /* an older transaction, replayed */
    delete ("/p/gone");
    CU_ASSERT_EQUAL(stat_of("/p").pzxid, 2);
    CU_ASSERT_EQUAL(delete ("/no/where"), ZK_NO_NODE);
    CU_ASSERT_EQUAL(delete ("/"), ZK_BAD_ARGUMENTS);
}

/* Replay over a snapshot that has later children of the same name. */
static void
deleting_a_parent_takes_what_is_below(void)
{
    uint64_t digest, bytes;

    given_tree();
    create("/keep", NULL);
    digest = totals().digest;
    bytes = totals().data_bytes;
    create("/p", "1");
    create("/p/a", "2");
    create("/p/a/b", "3");
    create_ephemeral("/p/e", 7);
    CU_ASSERT_EQUAL(delete ("/p"), ZK_OK);
    CU_ASSERT_FALSE(exists("/p/a/b"));
    CU_ASSERT_EQUAL(totals().node_count, 6);
    CU_ASSERT_EQUAL(totals().ephemeral_count, 0);
    CU_ASSERT_EQUAL(totals().data_bytes, bytes);
    CU_ASSERT_NOT_EQUAL(totals().digest, digest); /* the root's counters */
    CU_ASSERT_EQUAL(create("/p", NULL), ZK_OK);
    CU_ASSERT_EQUAL(stat_of("/p").child_count, 0);
}

static void
a_deletions_outcome_has_the_list_that_was(void)
{
    struct bytes acl = acl_of("me:x");
    tree_ref_t ref;

    given_tree();
    create("/a", NULL);
    set_acl("/a", acl, 1);
    ref = last.node_acl;
    CU_ASSERT_NOT_EQUAL(ref, 0);
    delete ("/a");
    CU_ASSERT_EQUAL(last.node_acl, ref);
    CU_ASSERT_TRUE(bytes_equal(tree_acl(tree, ref), acl));
}

/* --- set ----------------------------------------------------------------- */

static void
set_data_changes_mzxid_mtime_and_version(void)
{
    struct znode_stat stat;

    given_tree();
    create("/a", "x");
    CU_ASSERT_EQUAL(set_data("/a", "longer", 7), ZK_OK);
    stat = stat_of("/a");
    CU_ASSERT_EQUAL(stat.mzxid, 2);
    CU_ASSERT_EQUAL(stat.version, 7);
    CU_ASSERT_EQUAL(stat.pzxid, 1);
    CU_ASSERT_EQUAL(stat.data_size, 6);
    CU_ASSERT_EQUAL(last.stat.version, 7);
    CU_ASSERT_EQUAL(set_data("/b", "x", 1), ZK_NO_NODE);
}

static void
the_root_has_two_names_for_set_data(void)
{
    given_tree();
    CU_ASSERT_EQUAL(set_data("/", "x", 1), ZK_OK);
    CU_ASSERT_TRUE(data_is("", "x"));
    CU_ASSERT_EQUAL(stat_of("/").version, 1);
}

static void
set_acl_changes_aversion_only(void)
{
    struct znode_stat stat;

    given_tree();
    create("/a", "x");
    CU_ASSERT_EQUAL(set_acl("/a", acl_of("me:x"), 3), ZK_OK);
    stat = stat_of("/a");
    CU_ASSERT_EQUAL(stat.aversion, 3);
    CU_ASSERT_EQUAL(stat.mzxid, 1);
    CU_ASSERT_EQUAL(stat.version, 0);
}

/* --- ACL lists ----------------------------------------------------------- */

static void
equal_lists_are_one(void)
{
    tree_ref_t first;

    given_tree();
    create("/a", NULL);
    create("/b", NULL);
    set_acl("/a", acl_of("me:x"), 1);
    first = last.node_acl;
    set_acl("/b", acl_of("me:x"), 1);
    CU_ASSERT_EQUAL(last.node_acl, first);
    set_acl("/b", acl_of("you:x"), 1);
    CU_ASSERT_NOT_EQUAL(last.node_acl, first);
    set_acl("/b", tree_acl(tree, 0), 1);
    CU_ASSERT_EQUAL(last.node_acl, 0);
}

/* A list stays readable until all have read past the batch that dropped it. */
static void
a_dropped_list_waits_for_the_readers(void)
{
    struct bytes acl = acl_of("me:x");
    uint64_t used;
    tree_ref_t ref;

    given_tree();
    create("/a", NULL);
    used = totals().used_bytes;
    set_acl("/a", acl, 1);
    ref = last.node_acl;
    set_acl("/a", BYTES_NULL, 2);
    tree_reclaim(tree, applied - 1);
    CU_ASSERT_TRUE(bytes_equal(tree_acl(tree, ref), acl));
    CU_ASSERT_TRUE(totals().used_bytes > used);
    tree_reclaim(tree, applied);
    CU_ASSERT_EQUAL(totals().used_bytes, used);
}

static void
a_dropped_list_may_be_used_again(void)
{
    struct bytes acl = acl_of("me:x");
    tree_ref_t ref;

    given_tree();
    create("/a", NULL);
    set_acl("/a", acl, 1);
    ref = last.node_acl;
    set_acl("/a", BYTES_NULL, 2);
    set_acl("/a", acl, 3); /* takes it up again */
    CU_ASSERT_EQUAL(last.node_acl, ref);
    tree_reclaim(tree, applied);
    CU_ASSERT_TRUE(bytes_equal(tree_acl(tree, ref), acl));
    set_acl("/a", BYTES_NULL, 4); /* and the later date counts */
    tree_reclaim(tree, applied - 1);
    CU_ASSERT_TRUE(bytes_equal(tree_acl(tree, ref), acl));
}

/* --- sessions ------------------------------------------------------------ */

static void
a_session_opens_with_its_timeout(void)
{
    given_tree();
    open_session(7);
    CU_ASSERT_EQUAL(session_find(sessions, 7)->timeout_ms, 5000);
    CU_ASSERT_TRUE(session_find(sessions, 7)->is_alive);
}

static void
closing_removes_ephemerals_that_are_not_listed(void)
{
    given_tree();
    open_session(7);
    create("/p", NULL);
    create_ephemeral("/p/a", 7);
    create_ephemeral("/p/b", 7);
    create_ephemeral("/p/other", 8);
    CU_ASSERT_EQUAL(totals().ephemeral_count, 3);
    close_session(7);
    CU_ASSERT_FALSE(exists("/p/a"));
    CU_ASSERT_FALSE(exists("/p/b"));
    CU_ASSERT_TRUE(exists("/p/other"));
    CU_ASSERT_EQUAL(totals().ephemeral_count, 1);
    CU_ASSERT_EQUAL(stat_of("/p").pzxid, zxid);
    CU_ASSERT_PTR_NULL(session_find(sessions, 7));
}

/* For those who watch, until all have read past it. */
static void
what_closing_removed_unlisted_can_be_told(void)
{
    struct bytes acl = acl_of("me:x"), path;
    struct outcome gone, close;
    uint64_t used;

    given_tree();
    create("/p", NULL);
    create("/p/other", NULL);
    used = totals().used_bytes;
    create_ephemeral("/p/a", 7);
    create_ephemeral("/p/b", 7);
    set_acl("/p/b", acl, 1);
    close_session(7);
    close = last;
    tree_reclaim(tree, applied - 1);
    CU_ASSERT_TRUE(tree_unlisted_next(tree, &close.unlisted, &path, &gone));
    CU_ASSERT_TRUE(bytes_are(path, "/p/a"));
    CU_ASSERT_EQUAL(gone.node_acl, 0);
    CU_ASSERT_TRUE(tree_unlisted_next(tree, &close.unlisted, &path, &gone));
    CU_ASSERT_TRUE(bytes_are(path, "/p/b"));
    CU_ASSERT_TRUE(bytes_equal(tree_acl(tree, gone.node_acl), acl));
    CU_ASSERT_FALSE(tree_unlisted_next(tree, &close.unlisted, &path, &gone));
    tree_reclaim(tree, applied);
    CU_ASSERT_EQUAL(totals().used_bytes, used);
}

static void
closing_twice_is_no_harm(void)
{
    given_tree();
    open_session(7);
    close_session(7);
    close_session(7);
    CU_ASSERT_EQUAL(session_count(sessions), 0);
}

/* Only a replay brings it about; every node must be representable. */
static void
an_ephemeral_may_have_had_children(void)
{
    given_tree();
    create_ephemeral("/e", 7);
    create("/e/a", NULL);
    CU_ASSERT_EQUAL(stat_of("/e").child_count, 1);
    CU_ASSERT_EQUAL(stat_of("/e").owner, 7);
    create_ephemeral("/f", 7);
    close_session(7);
    CU_ASSERT_FALSE(exists("/e"));
    CU_ASSERT_FALSE(exists("/f"));
    CU_ASSERT_EQUAL(totals().node_count, 5);
}

static bool
count_visit(void *arg, struct bytes path, const struct znode_view *view)
{
    int *count = arg;

    CU_ASSERT_TRUE(path.size >= 2 && path.data[0] == '/');
    CU_ASSERT_NOT_EQUAL(view->stat.owner, 0);
    return ++*count < 2;
}

static void
visiting_stops_when_told(void)
{
    int count = 0;

    given_tree();
    create_ephemeral("/e", 7);
    create_ephemeral("/f", 7);
    create_ephemeral("/g", 7);
    create_ephemeral("/h", 8);
    tree_visit_owned(tree, 7, count_visit, &count);
    CU_ASSERT_EQUAL(count, 2);
    count = 0;
    tree_visit_owned(tree, 8, count_visit, &count);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_EQUAL(totals().ephemeral_count, 4);
}

/* The last character of each path visited; stops at "/#". */
static bool
spell_visit(void *arg, struct bytes path, const struct znode_view *view)
{
    char *text = arg, c[2] = {(char)path.data[path.size - 1], 0};

    (void)view;
    if (c[0] != '#')
        strcat(text, c);
    return c[0] != '#';
}

static void
create_timed(const char *names)
{
    char path[3] = "/";

    for (; *names; names++) {
        path[1] = *names;
        create_as(ZK_OP_CREATE_TTL, path, NULL, ZK_OWNER_TTL_MASK | 5);
    }
}

static void
timed_nodes_are_visited_a_few_at_a_time(void)
{
    char seen[10] = "";

    given_tree();
    create_timed("edcba"); /* the latest comes first */
    create_ephemeral("/x", 7);
    CU_ASSERT_TRUE(tree_visit_timed(tree, true, 2, spell_visit, seen));
    CU_ASSERT_STRING_EQUAL(seen, "ab");
    delete ("/c"); /* where the walk stands */
    delete ("/b"); /* and behind it */
    create_timed("y");
    CU_ASSERT_TRUE(tree_visit_timed(tree, false, 1, spell_visit, seen));
    CU_ASSERT_FALSE(tree_visit_timed(tree, false, 9, spell_visit, seen));
    CU_ASSERT_STRING_EQUAL(seen, "abde");
    CU_ASSERT_FALSE(tree_visit_timed(tree, false, 9, spell_visit, seen));
    CU_ASSERT_STRING_EQUAL(seen, "abde");
}

static void
a_walk_goes_on_where_it_was_stopped(void)
{
    char seen[10] = "";

    given_tree();
    create_timed("b#a");
    CU_ASSERT_TRUE(tree_visit_timed(tree, true, 9, spell_visit, seen));
    CU_ASSERT_TRUE(tree_visit_timed(tree, false, 9, spell_visit, seen));
    CU_ASSERT_STRING_EQUAL(seen, "a");
    delete ("/#");
    CU_ASSERT_FALSE(tree_visit_timed(tree, false, 9, spell_visit, seen));
    CU_ASSERT_STRING_EQUAL(seen, "ab");
}

/* --- whole transactions -------------------------------------------------- */

static uint8_t room[1000];

static struct txn
given_multi(void)
{
    uint8_t body[100];
    struct txn_header h = {
        .session = 7, .zxid = 90, .time = 5, .type = ZK_OP_MULTI};
    struct jute_out out = jute_out_of(room, sizeof room);
    struct jute_out sub = jute_out_of(body, sizeof body);
    struct txn txn;

    txn_put_header(&out, &h);
    jute_put_i32(&out, 2);
    jute_put_bytes(&sub, bytes_of("/a"));
    jute_put_bytes(&sub, bytes_of("x"));
    jute_put_raw(&sub, tree_acl(tree, 0).data, 27);
    jute_put_bool(&sub, false);
    jute_put_i32(&sub, 1);
    jute_put_i32(&out, ZK_OP_CREATE);
    jute_put_bytes(&out, (struct bytes){body, (int32_t)jute_out_size(&sub)});
    sub = jute_out_of(body, sizeof body);
    jute_put_bytes(&sub, bytes_of("/a"));
    jute_put_bytes(&sub, bytes_of("y"));
    jute_put_i32(&sub, 1);
    jute_put_i32(&out, ZK_OP_SET_DATA);
    jute_put_bytes(&out, (struct bytes){body, (int32_t)jute_out_size(&sub)});
    CU_ASSERT_EQUAL(
        txn_open(&txn, (struct bytes){room, (int32_t)jute_out_size(&out)}), 0);
    return txn;
}

static void
each_operation_of_a_multi_has_the_stat_of_its_moment(void)
{
    struct outcome outcomes[2];
    struct txn txn;

    given_tree();
    txn = given_multi();
    tree_batch_begin(tree);
    tree_apply_txn(tree, &txn, outcomes);
    tree_batch_end(tree, ++applied);
    CU_ASSERT_EQUAL(outcomes[0].stat.version, 0);
    CU_ASSERT_EQUAL(outcomes[1].stat.version, 1);
    CU_ASSERT_EQUAL(outcomes[1].stat.czxid, 90);
    CU_ASSERT_EQUAL(outcomes[1].stat.mzxid, 90);
    CU_ASSERT_EQUAL(totals().zxid, 90);
    CU_ASSERT_TRUE(data_is("/a", "y"));
}

static void
changed_too(struct change c)
{
    struct txn_header h = {.zxid = zxid, .time = 1000, .type = c.op};

    tree_apply(tree, &h, &c, &last);
    CU_ASSERT_EQUAL(last.err, ZK_OK);
}

static struct change
made(enum change_kind kind, const char *path)
{
    return (struct change){.kind = kind,
                           .path = bytes_of(path),
                           .data = BYTES_NULL,
                           .acl = BYTES_NULL,
                           .parent_cversion = -1};
}

/* Each is taken out of the digest and put in again, or not. */
static void
a_node_may_change_and_go_in_one_transaction(void)
{
    given_tree();
    zxid++;
    tree_batch_begin(tree);
    changed_too(made(CHANGE_CREATE, "/p"));
    changed_too(made(CHANGE_SET_DATA, "/p"));
    changed_too(made(CHANGE_CREATE, "/p/a"));
    changed_too(made(CHANGE_CREATE, "/p/b"));
    changed_too(made(CHANGE_DELETE, "/p/a"));
    changed_too(made(CHANGE_DELETE, "/p/b"));
    changed_too(made(CHANGE_DELETE, "/p"));
    changed_too(made(CHANGE_CREATE, "/q"));
    changed_too(made(CHANGE_SET_ACL, "/q"));
    tree_batch_end(tree, ++applied);
    tree_check_sound(tree);
}

static void
the_zxid_never_goes_back(void)
{
    struct txn txn;

    given_tree();
    txn = given_multi();
    tree_batch_begin(tree);
    tree_load_done(tree, 100);
    tree_apply_txn(tree, &txn, NULL);
    tree_batch_end(tree, ++applied);
    CU_ASSERT_EQUAL(totals().zxid, 100);
}

/* quorum-protocol.md 16.3 and 16.7: bytes of a proposal of Apache 3.8.0. */
static void
a_captured_proposal_has_the_digest_it_says(void)
{
    static const uint8_t proposal[] = {
        0x01, 0x00, 0x00, 0x17, 0xeb, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x01, 0xa2,
        0x06, 0x1e, 0x56, 0xa3, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02,
        '/',  'a',  0x00, 0x00, 0x00, 0x05, 'h',  'e',  'l',  'l',  'o',  0x00,
        0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x1f, 0x00, 0x00, 0x00, 0x05, 'w',
        'o',  'r',  'l',  'd',  0x00, 0x00, 0x00, 0x06, 'a',  'n',  'y',  'o',
        'n',  'e',  0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00,
        0x00, 0x00, 0x01, 0x42, 0xa2, 0x34, 0x7f};
    struct txn txn;

    given_tree();
    CU_ASSERT_EQUAL(totals().digest, 0x51c6d660);
    CU_ASSERT_EQUAL(txn_open(&txn, (struct bytes){proposal, sizeof proposal}),
                    0);
    tree_batch_begin(tree);
    tree_apply_txn(tree, &txn, NULL);
    tree_batch_end(tree, ++applied);
    CU_ASSERT_EQUAL(txn.digest, 0x142a2347f);
    CU_ASSERT_EQUAL(totals().digest, 0x142a2347f);
    CU_ASSERT_TRUE(tree_agrees(tree, &txn));
    txn.digest++;
    CU_ASSERT_FALSE(tree_agrees(tree, &txn));
    txn.digest_version++; /* which we cannot compare */
    CU_ASSERT_TRUE(tree_agrees(tree, &txn));
    txn.has_digest = false;
    CU_ASSERT_TRUE(tree_agrees(tree, &txn));
}

UNIT_SUITE(tree_apply)
{
    unit_suite("tree_apply");
    UNIT(a_created_node_has_the_transaction_in_its_stat);
    UNIT(null_and_empty_data_stay_what_they_are);
    UNIT(a_node_without_parent_is_not_created);
    UNIT(what_is_no_path_is_not_created);
    UNIT(parents_counters_only_rise);
    UNIT(the_counter_of_creations_sticks_at_its_maximum);
    UNIT(every_creation_raises_the_parent_of_a_node_that_exists);
    UNIT(a_node_that_exists_gets_the_list_of_the_transaction);
    UNIT(names_of_any_length_work);
    UNIT(a_name_counts_its_characters);
    UNIT(a_deletion_raises_pzxid_only);
    UNIT(deleting_what_is_gone_still_raises_pzxid);
    UNIT(deleting_a_parent_takes_what_is_below);
    UNIT(a_deletions_outcome_has_the_list_that_was);
    UNIT(set_data_changes_mzxid_mtime_and_version);
    UNIT(the_root_has_two_names_for_set_data);
    UNIT(set_acl_changes_aversion_only);
    UNIT(equal_lists_are_one);
    UNIT(a_dropped_list_waits_for_the_readers);
    UNIT(a_dropped_list_may_be_used_again);
    UNIT(a_session_opens_with_its_timeout);
    UNIT(closing_removes_ephemerals_that_are_not_listed);
    UNIT(what_closing_removed_unlisted_can_be_told);
    UNIT(closing_twice_is_no_harm);
    UNIT(an_ephemeral_may_have_had_children);
    UNIT(visiting_stops_when_told);
    UNIT(timed_nodes_are_visited_a_few_at_a_time);
    UNIT(a_walk_goes_on_where_it_was_stopped);
    UNIT(each_operation_of_a_multi_has_the_stat_of_its_moment);
    UNIT(a_node_may_change_and_go_in_one_transaction);
    UNIT(the_zxid_never_goes_back);
    UNIT(a_captured_proposal_has_the_digest_it_says);
}
