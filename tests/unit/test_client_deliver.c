/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_deliver.c - claims about how events go out: client_deliver.c and
 * the pace that it sets (client_pace.c).
 */
#include "net/client/client_deliver.h"

#include "net/client/client_ask.h"
#include "net/client/client_connect.h"
#include "net/wire/reply.h"
#include "tests/unit/client_given.h"
#include "tests/unit/tree_given.h"
#include "tests/unit/txn_given.h"

enum { WATCHERS = 20, ENTRIES = 2000 };

static tree_ref_t acl; /* of what is written; 0: open to all */
static tree_ref_t unlisted;

static void
given_watchers(const char *path)
{
    given_process();
    zxid = 0;
    acl = 0;
    for (int i = 0; i < WATCHERS; i++)
        watch_add(&p.watch, given_client()->id, bytes_of(path),
                  WATCH_PERSISTENT);
}

/* A transaction with one outcome; the entry's owner is in `e`. */
static void
is_applied(struct ring_entry e, struct bytes txn)
{
    struct ring_entry *at = txring_at(&shm.ring, shm.replication->applied);

    e.kind = RING_TXN;
    e.size = (uint32_t)ring_entry_size((uint32_t)txn.size, 1, false);
    e.zxid = zxid;
    e.payload_size = (uint32_t)txn.size;
    e.outcome_count = 1;
    *at = e;
    memcpy(at + 1, txn.data, (size_t)txn.size);
    *(struct outcome *)ring_outcomes(at) =
        (struct outcome){.node_acl = acl, .unlisted = unlisted};
    shm.replication->applied += e.size;
}

/* Somebody else's writes to `path`, applied. */
static void
is_written(const char *path, int times)
{
    for (; times > 0; times--)
        is_applied((struct ring_entry){.worker = RING_NOBODY},
                   a_set_data(++zxid, path, "x", 1));
}

static void
what_few_watch_sets_no_pace(void)
{
    given_watchers("/watched");
    is_written("/other", ENTRIES);
    CU_ASSERT_FALSE(client_deliver(&p, UINT64_MAX));
    CU_ASSERT_EQUAL(p.delivered, shm.replication->applied);
    CU_ASSERT_EQUAL(p.own->apply_until, 0);
    no_process();
}

/* Replication may be ahead by as much as made a slice of events. */
static void
many_events_go_out_in_slices(void)
{
    given_watchers("/watched");
    is_written("/watched", ENTRIES);
    CU_ASSERT_TRUE(client_deliver(&p, UINT64_MAX));
    CU_ASSERT_TRUE(p.delivered > 0 &&
                   p.delivered < shm.replication->applied / 4);
    CU_ASSERT_EQUAL(p.own->delivered, p.delivered);
    CU_ASSERT_EQUAL(p.own->apply_until, 2 * p.delivered);
    CU_ASSERT_TRUE(p.must_ring);
    no_process();
}

/* It is work to find that nobody may know. */
static void
events_that_nobody_may_know_of_set_the_pace_as_well(void)
{
    static const uint8_t nobody[] = "\0\0\0\1\0\0\0\37\0\0\0\6digest"
                                    "\0\0\0\3a:b";
    struct change c = {.kind = CHANGE_CREATE,
                       .op = ZK_OP_CREATE,
                       .path = bytes_of("/watched"),
                       .data = BYTES_NULL,
                       .acl = {nobody, sizeof nobody - 1},
                       .parent_cversion = -1};

    given_watchers("/watched");
    given_tree();
    p.tree = tree;
    acl = change(c, 0).node_acl;
    CU_ASSERT_NOT_EQUAL(acl, 0);
    is_written("/watched", ENTRIES);
    CU_ASSERT_TRUE(client_deliver(&p, UINT64_MAX));
    CU_ASSERT_TRUE(p.delivered < shm.replication->applied / 4);
    CU_ASSERT_EQUAL(conn_unsent(&p.client[0].conn), 0);
    no_process();
}

/* Or what is applied would run before it. */
static void
who_catches_up_does_not_let_replication_on(void)
{
    ring_pos_t mark;

    given_watchers("/watched");
    is_written("/watched", ENTRIES);
    client_deliver(&p, UINT64_MAX);
    mark = p.own->apply_until;
    client_catch_up(&p);
    CU_ASSERT_EQUAL(p.delivered, shm.replication->applied);
    CU_ASSERT_EQUAL(p.zxid, zxid);
    CU_ASSERT_EQUAL(p.own->apply_until, mark);
    client_pace_turn(&p);
    CU_ASSERT_TRUE(p.own->apply_until > p.delivered);
    no_process();
}

/*
 * Who stood still finds a ring full of events: they leave slice by slice, or a
 * watcher that reads would be taken for one that does not.
 */
static void
what_is_caught_up_with_leaves_in_slices(void)
{
    uint8_t byte;

    given_watchers("/watched");
    is_written("/watched", ENTRIES);
    client_catch_up(&p);
    for (int i = 0; i < WATCHERS; i++)
        CU_ASSERT_EQUAL(recv(peer[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT), 1);
    no_process();
}

/* Is read on as its output leaves, and asks as much as there is room for. */
static size_t
asks_much(struct conn *c, const uint8_t *data, size_t size)
{
    (void)data;
    while (client_ask_session(&p, client_of(c), 0, 1000))
        ;
    return size;
}

/* What it asks for comes behind all that was applied. */
static void
who_connects_may_find_that_others_took_the_room_meanwhile(void)
{
    static const struct conn_ops ops = {.input = asks_much};
    struct client *c, *other;

    given_watchers("/watched");
    p.home.ops = &ops;
    other = &p.client[0];
    CU_ASSERT_TRUE_FATAL(buf_reserve(&p.home.pool, &other->conn.in, 1));
    other->conn.in->end = 1;
    conn_pause(&other->conn, CONN_PAUSE_OUTPUT);
    is_written("/watched", ENTRIES);
    c = given_client();
    client_set_state(&p, c, CLIENT_NEW);
    CU_ASSERT_FALSE(client_on_connect(&p, c, a_connect_request()));
    CU_ASSERT_EQUAL(c->state, CLIENT_NEW);
    no_process();
}

static void
the_pace_is_given_up_when_there_is_little_to_tell(void)
{
    int turns = 0;

    given_watchers("/watched");
    is_written("/watched", ENTRIES);
    client_catch_up(&p);
    client_pace_turn(&p);
    for (; p.own->apply_until != 0 && turns < 20; turns++) {
        is_written("/watched", 1);
        client_deliver(&p, UINT64_MAX);
        client_pace_turn(&p);
    }
    CU_ASSERT_TRUE(turns > 1 && turns < 20);
    no_process();
}

/* It lists none where an Apache leader has closeSessionTxn.enabled=false. */
static void
watchers_hear_of_what_the_end_of_a_session_does_not_list(void)
{
    struct jute_out close;

    given_watchers("/e");
    given_tree();
    p.tree = tree;
    create_ephemeral("/e", 7);
    close_session(7);
    unlisted = last.unlisted;
    close = txn_begun(7, zxid, ZK_OP_CLOSE_SESSION);
    is_applied((struct ring_entry){.worker = RING_NOBODY,
                                   .op = ZK_OP_CLOSE_SESSION,
                                   .session = 7},
               whole(&close));
    unlisted = 0;
    client_catch_up(&p);
    CU_ASSERT_EQUAL(conn_unsent(&p.client[0].conn), REPLY_EVENT_BYTES + 2);
    no_process();
}

/* A leader of as many sessions as there can be says so to a learner. */
static void
who_gets_no_session_is_not_left_waiting(void)
{
    struct jute_out out = txn_begun(5, ++zxid, ZK_OP_ERROR);
    struct ring_entry e = {.op = ZK_OP_CREATE_SESSION, .session = 5};
    struct client *c;

    given_process();
    c = given_client();
    client_set_state(&p, c, CLIENT_CONNECTING);
    e.conn = c->id;
    jute_put_i32(&out, ZK_SYSTEM_ERROR);
    is_applied(e, whole(&out));
    client_catch_up(&p);
    CU_ASSERT_EQUAL(c->state, CLIENT_GONE);
    no_process();
}

/* Apache's leaders refuse a multi by its first operation. */
static void
a_multi_of_who_has_lost_its_session_is_not_answered(void)
{
    static const uint8_t moved[] = "\0\0\0\1"          /* operations: one, */
                                   "\377\377\377\377"  /* an error */
                                   "\0\0\0\4"          /* of 4 bytes: */
                                   "\377\377\377\212"; /* -118 */
    struct jute_out out = txn_begun(7, ++zxid, ZK_OP_MULTI);
    struct ring_entry e = {.op = ZK_OP_MULTI, .session = 7, .xid = 1};
    struct queued asked = {.kind = QUEUED_SENT, .xid = 1, .op = ZK_OP_MULTI};
    struct client *c;

    given_process();
    c = given_client();
    CU_ASSERT_TRUE_FATAL(queue_put(&p.home.pool, &c->queue, &asked, NULL));
    e.conn = c->id;
    jute_put_raw(&out, moved, sizeof moved - 1);
    is_applied(e, whole(&out));
    client_catch_up(&p);
    CU_ASSERT_EQUAL(c->state, CLIENT_GONE);
    no_process();
}

/* What the leader said of session 7, to a client that waits for it. */
static struct client *
given_who_may_resume(void)
{
    struct ring_entry *e = txring_at(&shm.ring, 0);
    struct client *c;

    given_process();
    given_tree();
    p.tree = tree;
    p.sessions = sessions;
    c = given_client();
    client_set_state(&p, c, CLIENT_CONNECTING);
    *e = (struct ring_entry){.size = RING_WORD_BYTES,
                             .kind = RING_RESUMED,
                             .conn = c->id,
                             .session = 7,
                             .timeout_ms = 5000};
    shm.replication->applied = e->size;
    return c;
}

static void
who_comes_back_is_let_in(void)
{
    struct client *c = given_who_may_resume();

    open_session(7);
    client_catch_up(&p);
    CU_ASSERT_EQUAL(c->state, CLIENT_OPEN);
    no_process();
}

/* Its end may come between the leader's word and the SYNC behind that. */
static void
nobody_is_let_into_a_session_that_has_ended(void)
{
    struct client *c = given_who_may_resume();

    client_catch_up(&p);
    CU_ASSERT_EQUAL(c->state, CLIENT_GONE);
    no_process();
}

UNIT_SUITE(client_deliver)
{
    unit_suite("client_deliver");
    UNIT(what_few_watch_sets_no_pace);
    UNIT(many_events_go_out_in_slices);
    UNIT(events_that_nobody_may_know_of_set_the_pace_as_well);
    UNIT(who_catches_up_does_not_let_replication_on);
    UNIT(what_is_caught_up_with_leaves_in_slices);
    UNIT(who_connects_may_find_that_others_took_the_room_meanwhile);
    UNIT(the_pace_is_given_up_when_there_is_little_to_tell);
    UNIT(watchers_hear_of_what_the_end_of_a_session_does_not_list);
    UNIT(who_gets_no_session_is_not_left_waiting);
    UNIT(a_multi_of_who_has_lost_its_session_is_not_answered);
    UNIT(who_comes_back_is_let_in);
    UNIT(nobody_is_let_into_a_session_that_has_ended);
}
