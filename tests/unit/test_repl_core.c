/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_repl_core.c - prep, transactions and tree together, against a model.
 *
 * Random requests, with a random number of them in flight.  After every
 * transaction the digest that prep put into it must be the tree's; every
 * answer must be the model's, which knows paths, versions, children and
 * owners and nothing else.
 */

#include "tests/unit/prep_given.h"
#include "tests/unit/random.h"

enum { MODEL_MAX = 4000, STEPS = 20000, NAMES = 6, FLIGHT_MAX = 40 };

struct model_node {
    char path[80];
    int32_t version, aversion, cversion, children;
    int64_t owner; /* session, or 1 container */
};

struct model {
    struct model_node node[MODEL_MAX];
    int count;
};

static struct model_node *
model_find(struct model *m, const char *path)
{
    for (int i = 0; i < m->count; i++)
        if (strcmp(m->node[i].path, path) == 0)
            return &m->node[i];
    return NULL;
}

static struct model_node *
model_parent(struct model *m, const char *path)
{
    char parent[80];

    snprintf(parent, sizeof parent, "%s", path);
    *strrchr(parent, '/') = 0;
    return model_find(m, parent);
}

static int32_t
model_create(struct model *m, char path[80], int32_t flags, session_id_t s)
{
    struct model_node *parent = model_parent(m, path), *n;
    bool sequential =
        flags == ZK_PERSISTENT_SEQUENTIAL || flags == ZK_EPHEMERAL_SEQUENTIAL;

    if (!parent)
        return ZK_NO_NODE;
    if (sequential)
        snprintf(path + strlen(path), 12, "%010d", parent->cversion);
    if (model_find(m, path))
        return ZK_NODE_EXISTS;
    if (parent->owner > 1)
        return ZK_NO_CHILDREN_FOR_EPHEMERALS;
    check(m->count < MODEL_MAX);
    parent->cversion++;
    parent->children++;
    n = &m->node[m->count++];
    *n = (struct model_node){0};
    snprintf(n->path, sizeof n->path, "%s", path);
    if (flags == ZK_EPHEMERAL || flags == ZK_EPHEMERAL_SEQUENTIAL)
        n->owner = s;
    return ZK_OK;
}

static void
model_remove(struct model *m, struct model_node *n)
{
    model_parent(m, n->path)->children--;
    *n = m->node[--m->count];
}

static int32_t
model_delete(struct model *m, const char *path, int32_t version)
{
    struct model_node *n = model_find(m, path);

    if (!model_parent(m, path) || !n)
        return ZK_NO_NODE;
    if (version != -1 && version != n->version)
        return ZK_BAD_VERSION;
    if (n->children > 0)
        return ZK_NOT_EMPTY;
    model_remove(m, n);
    return ZK_OK;
}

static int32_t
model_set(struct model *m, const char *path, int32_t version, bool is_acl)
{
    struct model_node *n = model_find(m, path);
    int32_t *at;

    if (!n)
        return ZK_NO_NODE;
    at = is_acl ? &n->aversion : &n->version;
    if (version != -1 && version != *at)
        return ZK_BAD_VERSION;
    *at += 1;
    return ZK_OK;
}

static void
model_close(struct model *m, session_id_t s)
{
    for (int i = m->count - 1; i >= 0; i--)
        if (m->node[i].owner == s)
            model_remove(m, &m->node[i]);
}

static void
random_path(char path[80])
{
    uint32_t depth = 1 + random_below(3);

    path[0] = 0;
    for (uint32_t i = 0; i < depth; i++)
        snprintf(path + strlen(path), 8, "/n%u", random_below(NAMES));
}

static int32_t
random_version(void)
{
    return random_below(3) ? -1 : (int32_t)random_below(3);
}

/* --- requests ------------------------------------------------------------ */

static int32_t
put_random_op(struct model *m, struct jute_out *out, int32_t *op,
              session_id_t s)
{
    static const int32_t flags[] = {0, 0, 0, 1, 2, 3};
    static const int32_t ops[] = {ZK_OP_CREATE, ZK_OP_CREATE2, ZK_OP_DELETE,
                                  ZK_OP_SET_DATA};
    char path[80];
    int32_t version = random_version(), flag = flags[random_below(6)];

    random_path(path);
    *op = ops[random_below(4)];
    if (out->at != out->base)
        put_multi_header(out, *op);
    put_text(out, path);
    if (*op == ZK_OP_DELETE) {
        jute_put_i32(out, version);
        return model_delete(m, path, version);
    }
    put_text(out, random_below(4) ? "some data" : NULL);
    if (*op == ZK_OP_SET_DATA) {
        jute_put_i32(out, version);
        return model_set(m, path, version, false);
    }
    put_acl(out,
            random_below(3)
                ? acl_open_to_all
                : acl_of(31, "ip", random_below(2) ? "127.0.0.1" : "::/0"));
    jute_put_i32(out, flag);
    return model_create(m, path, flag, s);
}

static int32_t
single(struct kit *k, struct model *m, session_id_t s)
{
    struct jute_out out = kit_record();
    int32_t op, want = put_random_op(m, &out, &op, s);
    int32_t got = kit_step(k, op, s, kit_bytes(&out), 0);

    CU_ASSERT_EQUAL(got, want);
    return got;
}

/* The model takes its own step back when one of the operations fails. */
static void
multi(struct kit *k, struct model *m, session_id_t s)
{
    static struct model before, scratch;
    static uint8_t record[8192];
    struct jute_out out = jute_out_of(record, sizeof record);
    uint32_t count = 1 + random_below(6);
    int32_t err = 0;

    before = *m;
    jute_put_raw(&out, "", 1); /* so that headers are written */
    for (uint32_t i = 0; i < count; i++) {
        int32_t op, rc;

        if (err != 0)
            scratch = *m;
        rc = put_random_op(err ? &scratch : m, &out, &op, s);
        if (err == 0)
            err = rc;
    }
    put_multi_header(&out, -1);
    if (err != 0)
        *m = before;
    CU_ASSERT_EQUAL(
        kit_step(k, ZK_OP_MULTI, s,
                 (struct bytes){record + 1, (int32_t)jute_out_size(&out) - 1},
                 0),
        err);
    CU_ASSERT_EQUAL(k->result.outcome_count, count);
}

static void
set_acl(struct kit *k, struct model *m)
{
    char path[80];
    int32_t version = random_version();

    random_path(path);
    CU_ASSERT_EQUAL(
        ask_set_acl(k, path,
                    acl_of(31, "digest", random_below(2) ? "a:b" : "c:d"),
                    version),
        model_set(m, path, version, true));
}

static void
close_and_reopen(struct kit *k, struct model *m, session_id_t s)
{
    CU_ASSERT_EQUAL(ask_close(k, s), ZK_OK);
    CU_ASSERT_FALSE(k->result.is_partial);
    model_close(m, s);
}

static void
step(struct kit *k, struct model *m)
{
    session_id_t s = random_below(2) ? KIT_SESSION : KIT_OTHER;
    struct session *session = session_find(k->sessions, s);

    k->ids = ids_of("super", "");
    if (!session) {
        kit_session(k, s);
    } else if (session->is_closing) {
        ask_close(k, s);
        CU_ASSERT_EQUAL(k->verdict, PREP_DROP);
        return;
    }
    switch (random_below(20)) {
    case 0:
        if (random_below(8) == 0)
            close_and_reopen(k, m, s);
        return;
    case 1:
        if (!session_find(k->sessions, KIT_SESSION) ||
            session_find(k->sessions, KIT_SESSION)->is_closing)
            return;
        set_acl(k, m);
        return;
    case 2:
    case 3:
    case 4:
    case 5:
        multi(k, m, s);
        return;
    default:
        single(k, m, s);
        return;
    }
}

/* Apply one and compare the digest it carries with the tree's. */
static bool
apply_and_compare(struct kit *k)
{
    struct txn t;

    if (k->first == k->last)
        return false;
    check(txn_open(&t, k->txn[k->first]) == 0);
    kit_apply(k);
    if (t.has_digest)
        CU_ASSERT_EQUAL_FATAL((uint64_t)t.digest, kit_digest(k));
    CU_ASSERT_EQUAL_FATAL(t.has_digest, t.header.type != ZK_OP_ERROR);
    return true;
}

static void
compare_whole(struct kit *k, struct model *m, uint64_t fresh)
{
    struct tree_totals totals;

    tree_totals(k->tree, &totals);
    CU_ASSERT_EQUAL(totals.node_count, fresh + (uint64_t)m->count - 1);
    for (int i = 0; i < m->count; i++) {
        const struct model_node *n = &m->node[i];
        struct znode_view view;

        CU_ASSERT_TRUE_FATAL(kit_view(k, n->path, &view));
        CU_ASSERT_EQUAL(view.stat.version, n->version);
        CU_ASSERT_EQUAL(view.stat.aversion, n->aversion);
        CU_ASSERT_EQUAL(view.stat.cversion, n->cversion);
        CU_ASSERT_EQUAL(view.stat.owner, n->owner);
        if (n->path[0] != 0)
            CU_ASSERT_EQUAL(view.stat.child_count, n->children);
    }
}

static void
run(uint64_t from, uint32_t flight)
{
    static struct model m;
    struct kit *k = kit_open();
    struct tree_totals totals;

    tree_totals(k->tree, &totals);
    random_state = from;
    m.count = 1;
    m.node[0] = (struct model_node){.path = ""};
    for (int i = 0; i < STEPS; i++) {
        step(k, &m);
        while (k->last - k->first > random_below(flight))
            apply_and_compare(k);
        if (m.count > MODEL_MAX - 100)
            break;
    }
    while (apply_and_compare(k))
        ;
    CU_ASSERT_EQUAL(k->prep.pending.used, 0);
    compare_whole(k, &m, totals.node_count);
    kit_close(k);
}

static void
each_request_on_an_applied_tree(void)
{
    run(1, 1);
}

static void
many_requests_in_flight(void)
{
    for (uint64_t s = 2; s < 6; s++)
        run(s, FLIGHT_MAX);
}

UNIT_SUITE(repl_core)
{
    unit_suite("repl_core");
    UNIT(each_request_on_an_applied_tree);
    UNIT(many_requests_in_flight);
}
