/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader_given.h - a leader, its past, and learners that are only a slot.
 *
 * Voters 1, 2, 3 and the observer 9; we are 1 and have accepted epoch 4; our
 * log is (4,1) (4,2) (4,3).  A server is heard in the slot of its sid unless
 * the test says otherwise.  After every event what must hold is checked.
 */
#ifndef TESTS_UNIT_LEADER_GIVEN_H
#define TESTS_UNIT_LEADER_GIVEN_H

#include <errno.h>

#include "net/zab/leader.h"
#include "tests/unit/unit.h"

enum { TICK_MS = 1000, INIT_TICKS = 10, SYNC_TICKS = 5, PAST_MAX = 4096 };

enum { INIT_MS = INIT_TICKS * TICK_MS, SYNC_MS = SYNC_TICKS * TICK_MS };

#define EPOCH(e) ZXID(e, 0)

static struct quorum three = {
    .count = 4,
    .member = {{.sid = 1},
               {.sid = 2},
               {.sid = 3},
               {.sid = 9, .is_observer = true}},
};

/* What this leader can read of its past. */
static struct {
    zxid_t at[PAST_MAX];
    uint32_t count;
    zxid_t lost; /* it and all before cannot be read any more */
    bool must_snap;
    zxid_t asked; /* `last` of the last plan */
    uint8_t txn[8];
} past;

static struct leader leader;
static struct leader_out last;
static struct leader_item item;
static mono_ms_t now;

static struct sync_plan
past_plan(void *arg, uint32_t slot, zxid_t learner, zxid_t end)
{
    struct sync_facts f = {
        .learner = learner, .end = end, .must_snap = past.must_snap};

    (void)arg;
    (void)slot;
    past.asked = learner;
    for (uint32_t i = 0; i < past.count; i++) {
        if (past.at[i] <= past.lost)
            continue;
        if (past.at[i] <= learner)
            f.floor = past.at[i];
        else if (f.ceiling == 0)
            f.ceiling = past.at[i];
    }
    return sync_decide(&f);
}

static int
past_next(void *arg, uint32_t slot, zxid_t after, zxid_t *zxid,
          struct bytes *txn)
{
    (void)arg;
    (void)slot;
    if (after < past.lost)
        return -ENOENT;
    for (uint32_t i = 0; i < past.count; i++)
        if (past.at[i] > after) {
            *zxid = past.at[i];
            store_be64(past.txn, (uint64_t)past.at[i]);
            *txn = (struct bytes){past.txn, sizeof past.txn};
            return 1;
        }
    return 0;
}

static const struct history past_history = {.plan = past_plan,
                                            .next = past_next};

static inline void
has_logged(zxid_t zxid)
{
    past.at[past.count++] = zxid;
}

/* --- what happens to the leader ------------------------------------------ */

static inline struct leader_conf
usual(void)
{
    return (struct leader_conf){
        .quorum = &three,
        .me = 1,
        .accepted = 4,
        .current = 4,
        .last = past.count ? past.at[past.count - 1] : 0,
        .tick_ms = TICK_MS,
        .init_ticks = INIT_TICKS,
        .sync_ticks = SYNC_TICKS,
        .ping_ms = 100,
        .config = BYTES_NULL,
        .flags = LEARNER_ZSTD | LEARNER_QUICK,
    };
}

static inline void
has_past(void)
{
    memset(&past, 0, sizeof past);
    for (uint32_t n = 1; n <= 3; n++)
        has_logged(ZXID(4, n));
}

static inline void
begins(const struct leader_conf *conf)
{
    now = 100000;
    last.count = 0;
    leader_init(&leader, conf, &past_history, now, &last);
    leader_check(&leader);
}

static inline void
given(void)
{
    struct leader_conf conf;

    has_past();
    conf = usual();
    begins(&conf);
}

static inline void
hears(uint32_t slot, int32_t type, zxid_t zxid, struct bytes data)
{
    static struct qpacket p;

    p = (struct qpacket){type, zxid, data, BYTES_NULL};
    last.count = 0;
    leader_hear(&leader, slot, &p, now, &last);
    leader_check(&leader);
}

static inline void
hears_info(uint32_t slot, int32_t type, zxid_t zxid,
           const struct learner_info *info)
{
    uint8_t data[64];
    struct jute_out out = jute_out_of(data, sizeof data);

    learner_info_put(&out, info);
    hears(slot, type, zxid, (struct bytes){data, (int32_t)jute_out_size(&out)});
}

static inline void
joins(uint32_t slot)
{
    leader_join(&leader, slot, now);
    leader_check(&leader);
}

/* A follower connects and says which epoch it accepted. */
static inline void
comes(sid_t sid, int64_t accepted)
{
    struct learner_info info = {.sid = sid, .protocol = LEARNER_PROTOCOL};

    joins((uint32_t)sid);
    hears_info((uint32_t)sid, Q_FOLLOWER_INFO, EPOCH(accepted), &info);
}

static inline void
observer_comes(int64_t accepted)
{
    struct learner_info info = {.sid = 9, .protocol = LEARNER_PROTOCOL};

    joins(9);
    hears_info(9, Q_OBSERVER_INFO, EPOCH(accepted), &info);
}

static inline void
stored(void)
{
    last.count = 0;
    leader_stored(&leader, now, &last);
    leader_check(&leader);
}

static inline void
is_durable(zxid_t zxid)
{
    last.count = 0;
    leader_durable(&leader, zxid, now, &last);
    leader_check(&leader);
}

static inline void
promises(uint32_t slot, int32_t current, zxid_t zxid)
{
    uint8_t data[4];

    store_be32(data, (uint32_t)current);
    hears(slot, Q_ACK_EPOCH, zxid, (struct bytes){data, sizeof data});
}

static inline void
acks(uint32_t slot, zxid_t zxid)
{
    hears(slot, Q_ACK, zxid, BYTES_NULL);
}

static inline void
snapped(uint32_t slot, zxid_t zxid)
{
    leader_snapped(&leader, slot, zxid);
    leader_check(&leader);
}

static inline void
proposes(zxid_t zxid)
{
    has_logged(zxid);
    leader_proposed(&leader, zxid);
    leader_check(&leader);
}

static inline void
passes(mono_ms_t ms)
{
    now += ms;
    last.count = 0;
    leader_tick(&leader, now, &last);
    leader_check(&leader);
}

static inline void
leaves(uint32_t slot)
{
    leader_leave(&leader, slot, now);
    leader_check(&leader);
}

/* --- what it does -------------------------------------------------------- */

static inline const struct leader_act *
act(enum leader_act_kind kind)
{
    for (uint32_t i = 0; i < last.count; i++)
        if (last.act[i].kind == kind)
            return &last.act[i];
    return NULL;
}

static inline bool
closed(uint32_t slot)
{
    for (uint32_t i = 0; i < last.count; i++)
        if (last.act[i].kind == LEADER_CLOSE && last.act[i].slot == slot)
            return last.act[i].why && leader.peer[slot].stage == PEER_FREE;
    return false;
}

static inline bool
gave_up(void)
{
    return act(LEADER_GIVE_UP) && act(LEADER_GIVE_UP)->why &&
           leader.state == LEADER_OVER;
}

/* Pull the next packet for `slot`. */
static inline bool
next(uint32_t slot)
{
    bool is_some;

    last.count = 0;
    memset(&item, 0xa5, sizeof item);
    is_some = leader_next(&leader, slot, now, &item, &last);
    leader_check(&leader);
    return is_some;
}

/* The next packet for `slot` is this one. */
static inline bool
sends(uint32_t slot, int32_t type, zxid_t zxid)
{
    return next(slot) && !item.is_snapshot && item.packet.type == type &&
           item.packet.zxid == zxid && item.packet.authinfo.size == -1;
}

/* The packet that came last carries this. */
static inline bool
data_is(const void *data, int32_t size)
{
    return item.packet.data.size == size &&
           memcmp(item.packet.data.data, data, (size_t)size) == 0;
}

static inline bool
sends_pair(uint32_t slot, zxid_t zxid)
{
    return sends(slot, Q_PROPOSAL, zxid) && item.packet.data.size == 8 &&
           load_be64(item.packet.data.data) == (uint64_t)zxid &&
           sends(slot, Q_COMMIT, zxid) && item.packet.data.size == -1;
}

static inline bool
sends_snapshot(uint32_t slot)
{
    return next(slot) && item.is_snapshot;
}

/* --- further on ---------------------------------------------------------- */

static inline void
given_leader_info(sid_t sid)
{
    CU_ASSERT_TRUE_FATAL(sends((uint32_t)sid, Q_LEADER_INFO, EPOCH(5)));
}

/* Server 2 came; what it was told is epoch 5. */
static inline void
given_epoch_acks(void)
{
    given();
    comes(2, 4);
    stored();
    given_leader_info(2);
}

/* Server 2 came and promised; the epoch 5 is ours. */
static inline void
given_epoch(zxid_t zxid_of_2)
{
    given_epoch_acks();
    promises(2, 4, zxid_of_2);
    stored();
    CU_ASSERT_EQUAL_FATAL(leader.state, LEADER_SYNCHRONIZING);
}

/* Any server joins a leader that has its epoch, up to its ACK_EPOCH. */
static inline void
comes_late(sid_t sid, int64_t accepted, int32_t current, zxid_t zxid)
{
    uint32_t slot = (uint32_t)sid;

    if (sid == 9)
        observer_comes(accepted);
    else
        comes(sid, accepted);
    CU_ASSERT_TRUE_FATAL(sends(slot, Q_LEADER_INFO, EPOCH(5)));
    promises(slot, current, zxid);
}

/* It is in step: DIFF, NEW_LEADER and nothing else. */
static inline void
is_brought_up(uint32_t slot)
{
    CU_ASSERT_TRUE_FATAL(next(slot) && item.packet.type == Q_DIFF);
    CU_ASSERT_TRUE_FATAL(sends(slot, Q_NEW_LEADER, EPOCH(5)));
    acks(slot, EPOCH(5));
}

/* We lead, server 2 follows. */
static inline void
given_led(void)
{
    given_epoch(ZXID(4, 3));
    is_durable(ZXID(4, 3));
    is_brought_up(2);
    CU_ASSERT_EQUAL_FATAL(leader.state, LEADER_BROADCAST);
    CU_ASSERT_TRUE_FATAL(sends(2, Q_UP_TO_DATE, -1));
}

/* ... and 3 as well. */
static inline void
given_led_by_all(void)
{
    given_led();
    comes_late(3, 4, 4, ZXID(4, 3));
    is_brought_up(3);
    CU_ASSERT_TRUE_FATAL(sends(3, Q_UP_TO_DATE, -1));
}

/* ... and the observer 9. */
static inline void
given_observer(void)
{
    given_led();
    comes_late(9, 4, 4, ZXID(4, 3));
    is_brought_up(9);
    CU_ASSERT_TRUE_FATAL(sends(9, Q_UP_TO_DATE, -1));
}

/* Proposals of this term, committed by server 2 and us. */
static inline void
commits(uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n <= to; n++)
        proposes(ZXID(5, n));
    while (next(2))
        ;
    is_durable(ZXID(5, to));
    acks(2, ZXID(5, to));
    CU_ASSERT_EQUAL_FATAL(leader.committed, ZXID(5, to));
    while (next(2))
        ;
}

#endif
