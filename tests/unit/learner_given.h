/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learner_given.h - a learner brought to where a test begins.
 *
 * The learner and what the last event made it do; every event ends with
 * learner_check.  Server 1, tick 1000 ms, initLimit 10, syncLimit 5; the
 * leader's epoch is EPOCH, ours is one less unless a test says more.
 */
#ifndef TESTS_UNIT_LEARNER_GIVEN_H
#define TESTS_UNIT_LEARNER_GIVEN_H

#include "tests/unit/unit.h"

#include "net/zab/learner.h"

enum { EPOCH = 7, TICK_MS = 1000, INIT_MS = 10000, SYNC_MS = 5000 };

#define OLD(counter) ZXID(EPOCH - 1, counter) /* of the epoch before */
#define NEW(counter) ZXID(EPOCH, counter)     /* of this one */

struct given {
    struct learner l;
    struct learner_out out;
    mono_ms_t now;
};

/* The last of the log; all else as usual. */
static inline struct learner_conf
conf_with(zxid_t last)
{
    return (struct learner_conf){.me = 1,
                                 .accepted = EPOCH - 1,
                                 .current = EPOCH - 1,
                                 .last = last,
                                 .flags = LEARNER_QUICK,
                                 .tick_ms = TICK_MS,
                                 .init_ticks = 10,
                                 .sync_ticks = 5};
}

static inline void
connect_with(struct given *g, struct learner_conf conf)
{
    *g = (struct given){.now = 1000};
    learner_init(&g->l, &conf, g->now, &g->out);
    learner_check(&g->l);
}

static inline void
hear_packet(struct given *g, struct qpacket p)
{
    g->out.count = 0;
    learner_hear(&g->l, &p, g->now, &g->out);
    learner_check(&g->l);
}

/* What carries a transaction carries one; nothing else has data. */
static inline void
hear(struct given *g, int32_t type, zxid_t zxid)
{
    bool has_txn = type == Q_PROPOSAL || type == Q_INFORM;

    hear_packet(g, (struct qpacket){type, zxid,
                                    has_txn ? bytes_of("txn") : BYTES_NULL,
                                    BYTES_NULL});
}

static inline void
hear_pair(struct given *g, zxid_t zxid)
{
    hear(g, Q_PROPOSAL, zxid);
    hear(g, Q_COMMIT, zxid);
}

static inline void
hear_leader_info(struct given *g, int64_t epoch)
{
    static const uint8_t protocol[] = {0, 1, 0, 0};

    hear_packet(g,
                (struct qpacket){
                    Q_LEADER_INFO, ZXID(epoch, 0), {protocol, 4}, BYTES_NULL});
}

static inline void
stored(struct given *g)
{
    g->out.count = 0;
    learner_stored(&g->l, g->now, &g->out);
    learner_check(&g->l);
}

static inline void
durable(struct given *g, zxid_t zxid)
{
    g->out.count = 0;
    learner_durable(&g->l, zxid, &g->out);
    learner_check(&g->l);
}

static inline void
truncated(struct given *g, int rc)
{
    g->out.count = 0;
    learner_truncated(&g->l, rc, g->now, &g->out);
    learner_check(&g->l);
}

static inline void
snapped(struct given *g, zxid_t zxid)
{
    g->out.count = 0;
    learner_snapped(&g->l, zxid, g->now, &g->out);
    learner_check(&g->l);
}

static inline void
tick_after(struct given *g, int64_t ms)
{
    g->now += ms;
    g->out.count = 0;
    learner_tick(&g->l, g->now, &g->out);
    learner_check(&g->l);
}

/* --- where a test begins ------------------------------------------------- */

static inline void
given_awaiting(struct given *g, struct learner_conf conf)
{
    connect_with(g, conf);
    hear_leader_info(g, EPOCH);
    if (g->l.state == LEARNER_PROMISING)
        stored(g);
    CU_ASSERT_EQUAL_FATAL(g->l.state, LEARNER_AWAITING);
}

static inline void
given_syncing(struct given *g, struct learner_conf conf)
{
    given_awaiting(g, conf);
    hear(g, Q_DIFF, conf.last);
    CU_ASSERT_EQUAL_FATAL(g->l.state, LEARNER_SYNCING);
}

/* NEW_LEADER is acknowledged; all before it is on disk. */
static inline void
given_sealed(struct given *g, struct learner_conf conf)
{
    given_syncing(g, conf);
    hear(g, Q_NEW_LEADER, NEW(0));
    stored(g);
    CU_ASSERT_EQUAL_FATAL(g->l.state, LEARNER_SEALED);
}

static inline void
given_broadcast(struct given *g, struct learner_conf conf)
{
    given_sealed(g, conf);
    hear(g, Q_UP_TO_DATE, -1);
    CU_ASSERT_EQUAL_FATAL(g->l.state, LEARNER_BROADCAST);
}

/* --- what it did --------------------------------------------------------- */

static inline const struct learner_act *
did(const struct given *g, uint32_t n, enum learner_act_kind kind)
{
    CU_ASSERT_TRUE_FATAL(n < g->out.count);
    CU_ASSERT_EQUAL_FATAL(g->out.act[n].kind, kind);
    return &g->out.act[n];
}

static inline void
did_nothing(const struct given *g)
{
    CU_ASSERT_EQUAL(g->out.count, 0);
}

static inline const struct learner_act *
sent(const struct given *g, uint32_t n, int32_t type, zxid_t zxid)
{
    const struct learner_act *a = did(g, n, LEARNER_SEND);

    CU_ASSERT_EQUAL(a->packet.type, type);
    CU_ASSERT_EQUAL(a->packet.zxid, zxid);
    return a;
}

static inline void
acked(const struct given *g, uint32_t n, zxid_t from, zxid_t zxid)
{
    const struct learner_act *a = did(g, n, LEARNER_ACK);

    CU_ASSERT_EQUAL(a->from, from);
    CU_ASSERT_EQUAL(a->zxid, zxid);
}

static inline void
committed(const struct given *g, uint32_t n, zxid_t zxid)
{
    CU_ASSERT_EQUAL(did(g, n, LEARNER_COMMIT)->zxid, zxid);
}

/* It ended the connection, and did nothing else. */
static inline void
gave_up(const struct given *g)
{
    CU_ASSERT_EQUAL(g->out.count, 1);
    CU_ASSERT_PTR_NOT_NULL(did(g, 0, LEARNER_GIVE_UP)->why);
    CU_ASSERT_EQUAL(g->l.state, LEARNER_OVER);
}

static inline struct learner_conf
observer_with(zxid_t last)
{
    struct learner_conf conf = conf_with(last);

    conf.is_observer = true;
    return conf;
}

#endif
