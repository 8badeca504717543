/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_deliver.c - claims about how events go out: client_deliver.c and
 * the pace that it sets (client_pace.c).
 */
#include "net/client/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/memory_given.h"
#include "tests/unit/txn_given.h"
#include "tests/unit/unit.h"

enum { RING = 1 << 20, WATCHERS = 20, ENTRIES = 2000 };

static struct shm shm;
static struct client_proc p;
static int peer[WATCHERS];
static zxid_t zxid;

static const struct conn_ops ops; /* nothing is sent or read */

static void
given_nobody(void)
{
    static struct shm_super super = {.client_count = 1};
    static struct shm_replication replication;
    static struct shm_client own;

    if (!shm.ring.base) {
        shm.ring = (struct txring){memory_twice(RING), RING};
        shm.conns[0] = memory_reserved(CONNS_MAX * CONN_INFO_BYTES);
        shm.super = &super;
        shm.replication = &replication;
        shm.client[0] = &own;
    }
    replication = (struct shm_replication){0};
    own = (struct shm_client){0};
    p = (struct client_proc){.shm = &shm, .own = &own, .period = 1};
    p.conf.memory_limit = 16 << 20;
    p.loop = ev_loop_new(0);
    conn_home_init(&p.home, p.loop, &ops, 64 << 20);
    client_table_init(&p);
    zxid = 0;
}

static void
given_watchers(const char *path)
{
    struct sockaddr_in from = {.sin_family = AF_INET};

    given_nobody();
    for (int i = 0; i < WATCHERS; i++) {
        struct client *c;
        int ends[2];

        CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        c = client_open(&p, ends[0], (struct sockaddr *)&from);
        client_set_state(&p, c, CLIENT_OPEN);
        watch_add(&p.watch, c->id, bytes_of(path), WATCH_PERSISTENT);
        peer[i] = ends[1];
    }
}

static void
nobody_is_left(void)
{
    for (uint32_t i = 0; i < p.client_count; i++)
        close(peer[i]);
    client_drop_all(&p);
    ev_loop_destroy(p.loop);
}

/* Somebody else's writes to `path`, applied. */
static void
is_written(const char *path, int times)
{
    ring_pos_t head = shm.replication->applied;

    for (; times > 0; times--) {
        struct bytes txn = a_set_data(++zxid, path, "x", 1);
        struct ring_entry *e = txring_at(&shm.ring, head);

        *e = (struct ring_entry){
            .size = ring_entry_size((uint32_t)txn.size, 1,
                                    sizeof(struct outcome), false),
            .kind = RING_TXN,
            .worker = RING_NOBODY,
            .zxid = zxid,
            .payload_size = (uint32_t)txn.size,
            .outcome_count = 1,
        };
        memcpy(e + 1, txn.data, (size_t)txn.size);
        *(struct outcome *)ring_outcomes(e) = (struct outcome){0};
        head += e->size;
    }
    shm.replication->applied = head;
}

static void
what_few_watch_sets_no_pace(void)
{
    given_watchers("/watched");
    is_written("/other", ENTRIES);
    CU_ASSERT_FALSE(client_deliver(&p, UINT64_MAX));
    CU_ASSERT_EQUAL(p.delivered, shm.replication->applied);
    CU_ASSERT_EQUAL(p.own->apply_until, 0);
    nobody_is_left();
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
    nobody_is_left();
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
    CU_ASSERT_EQUAL(p.zxid, ENTRIES);
    CU_ASSERT_EQUAL(p.own->apply_until, mark);
    client_pace_turn(&p);
    CU_ASSERT_TRUE(p.own->apply_until > p.delivered);
    nobody_is_left();
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
    nobody_is_left();
}

UNIT_SUITE(client_deliver)
{
    unit_suite("client_deliver");
    UNIT(what_few_watch_sets_no_pace);
    UNIT(many_events_go_out_in_slices);
    UNIT(who_catches_up_does_not_let_replication_on);
    UNIT(the_pace_is_given_up_when_there_is_little_to_tell);
}
