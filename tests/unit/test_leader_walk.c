/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random walks: one leader, six learners that are as strict as Apache's.
 *
 * Every packet is judged by the learner that gets it, every commit by who
 * really has the transaction.  Servers 2 to 5 vote, 8 and 9 observe; any of
 * them comes, leaves, is slow or acknowledges in advance.  A failure prints
 * its seed.
 */
#include <stdio.h>

#include "tests/unit/leader_given.h"

enum { SEEDS = 300, STEPS = 4000, LEARNERS = 6, LOG_MAX = 4096, SYNCS = 64 };

static struct quorum five = {.count = 7,
                             .member = {{.sid = 1},
                                        {.sid = 2},
                                        {.sid = 3},
                                        {.sid = 4},
                                        {.sid = 5},
                                        {.sid = 8, .is_observer = true},
                                        {.sid = 9, .is_observer = true}}};

struct fake {
    sid_t sid;
    bool is_observer;
    int32_t accepted, current;
    zxid_t log[LOG_MAX];
    uint32_t size, committed; /* of log */
    zxid_t known;             /* by all commits it ever heard */
    /* this connection */
    bool is_here, has_info, has_plan, is_in_pair, has_new_leader, has_acked;
    bool is_served;
    uint32_t acked; /* of log */
    zxid_t ready_at;
    zxid_t sync[SYNCS]; /* what each has to wait for */
    uint32_t syncs;
};

static struct fake fakes[LEARNERS];
static uint64_t state;
static const char *wrong;
static uint32_t snapshots, cuts; /* over all seeds */

#define MUST(fact)                                                             \
    do {                                                                       \
        if (!(fact) && !wrong)                                                 \
            wrong = #fact;                                                     \
    } while (0)

static uint32_t
dice(uint32_t sides)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % sides;
}

static zxid_t
last_of(const struct fake *f)
{
    return f->size > 0 ? f->log[f->size - 1] : 0;
}

static zxid_t
committed_of(const struct fake *f)
{
    return f->committed > 0 ? f->log[f->committed - 1] : 0;
}

static bool
has(const struct fake *f, zxid_t zxid)
{
    for (uint32_t i = f->size; i > 0 && f->log[i - 1] >= zxid; i--)
        if (f->log[i - 1] == zxid)
            return true;
    return false;
}

/* The transaction of the leader behind what this learner has. */
static zxid_t
expected(const struct fake *f)
{
    for (uint32_t i = 0; i < past.count; i++)
        if (past.at[i] > last_of(f))
            return past.at[i];
    return 0;
}

/* --- what the leader does ------------------------------------------------ */

static void
judge_commit(zxid_t zxid)
{
    quorum_set_t set =
        leader.durable >= zxid ? quorum_bit(&five, leader.conf.me) : 0;

    for (uint32_t i = 0; i < LEARNERS; i++)
        if (has(&fakes[i], zxid))
            set |= quorum_bit(&five, fakes[i].sid);
    MUST(zxid == 0 || quorum_is_met(&five, set));
}

static void
perform(void)
{
    for (uint32_t i = 0; i < last.count; i++) {
        const struct leader_act *a = &last.act[i];

        if (a->kind == LEADER_COMMIT)
            judge_commit(a->zxid);
        if (a->kind == LEADER_CLOSE)
            fakes[a->slot].is_here = false;
    }
}

/* --- what a learner thinks of a packet ----------------------------------- */

static void
take_transaction(struct fake *f, zxid_t zxid)
{
    MUST(zxid == expected(f));
    MUST(f->size < LOG_MAX);
    f->log[f->size++] = zxid;
}

static void
take_commit(struct fake *f, zxid_t zxid)
{
    MUST(f->committed < f->size && f->log[f->committed] == zxid);
    MUST(zxid <= leader.committed || zxid <= leader.conf.last);
    f->committed++;
    f->known = zxid;
}

static void
take_cut(struct fake *f, zxid_t zxid)
{
    MUST(zxid >= f->known); /* nobody loses what it knows to be committed */
    MUST(has(f, zxid));
    cuts++;
    while (last_of(f) > zxid)
        f->size--;
}

static void
take_snapshot(struct fake *f, uint32_t slot)
{
    uint32_t n = 0;
    zxid_t end =
        leader.state == LEADER_BROADCAST ? leader.committed : leader.conf.last;

    while (n < past.count && past.at[n] <= end)
        n++;
    memcpy(f->log, past.at, n * sizeof past.at[0]);
    f->size = f->committed = n;
    MUST(last_of(f) >= f->known);
    f->known = last_of(f);
    leader_snapped(&leader, slot, last_of(f));
    snapshots++;
}

static void
take_plan(struct fake *f, uint32_t slot, int32_t type)
{
    MUST(f->has_info && !f->has_plan);
    f->has_plan = true;
    if (item.is_snapshot)
        take_snapshot(f, slot);
    else if (type == Q_TRUNC)
        take_cut(f, item.packet.zxid);
    f->committed = f->size; /* what is left is the leader's history */
}

static void
take_proposal(struct fake *f, zxid_t zxid)
{
    MUST(f->has_plan && !f->is_in_pair);
    MUST(!f->has_new_leader || !f->is_observer);
    f->is_in_pair = !f->has_new_leader;
    take_transaction(f, zxid);
}

static void
take_new_leader(struct fake *f)
{
    MUST(f->has_plan && !f->is_in_pair && !f->has_new_leader);
    MUST(f->committed == f->size);
    MUST(last_of(f) >= leader.conf.last);
    f->has_new_leader = true;
    f->current = (int32_t)leader.epoch;
    f->acked = f->size;
}

static void
take_sync(struct fake *f)
{
    MUST(f->is_served && f->syncs > 0);
    MUST(committed_of(f) >= f->sync[0]);
    memmove(f->sync, f->sync + 1, sizeof f->sync - sizeof f->sync[0]);
    f->syncs -= f->syncs > 0;
}

static void
take(struct fake *f, uint32_t slot)
{
    zxid_t zxid = item.packet.zxid;

    switch (item.packet.type) {
    case Q_LEADER_INFO:
        MUST(!f->has_info && zxid == EPOCH(leader.epoch));
        f->has_info = true;
        break;
    case Q_DIFF:
    case Q_TRUNC:
    case Q_SNAP:
        take_plan(f, slot, item.packet.type);
        break;
    case Q_PROPOSAL:
        take_proposal(f, zxid);
        break;
    case Q_COMMIT:
        take_commit(f, zxid);
        f->is_in_pair = false;
        break;
    case Q_INFORM:
        MUST(f->is_observer && f->has_new_leader);
        take_transaction(f, zxid);
        take_commit(f, zxid);
        break;
    case Q_NEW_LEADER:
        take_new_leader(f);
        break;
    case Q_UP_TO_DATE:
        MUST(f->has_acked && !f->is_served && zxid == -1);
        MUST(leader.state == LEADER_BROADCAST);
        MUST(committed_of(f) >= f->ready_at);
        f->is_served = true;
        break;
    case Q_SYNC:
        take_sync(f);
        break;
    case Q_PING:
        MUST(f->has_new_leader);
        break;
    default:
        wrong = "a packet that leaders send";
    }
}

/* --- steps --------------------------------------------------------------- */

static void
pull(struct fake *f, uint32_t slot, uint32_t packets)
{
    while (f->is_here && packets-- > 0 && next(slot))
        take(f, slot);
    perform();
}

static void
come(struct fake *f, uint32_t slot)
{
    struct learner_info info = {.sid = f->sid, .protocol = LEARNER_PROTOCOL};

    f->is_here = true;
    f->has_info = f->has_plan = f->is_in_pair = f->has_new_leader = false;
    f->has_acked = f->is_served = false;
    f->syncs = 0;
    joins(slot);
    hears_info(slot, f->is_observer ? Q_OBSERVER_INFO : Q_FOLLOWER_INFO,
               EPOCH(f->accepted), &info);
    perform();
}

static void
promise(struct fake *f, uint32_t slot)
{
    int32_t current = f->accepted == leader.epoch ? -1 : f->current;

    if (leader.peer[slot].stage != PEER_PROMISED)
        return;
    f->accepted = (int32_t)leader.epoch;
    promises(slot, current, last_of(f));
    perform();
}

/* Sometimes before NEW_LEADER has its ACK, sometimes twice, sometimes mad. */
static void
acknowledge(struct fake *f, uint32_t slot)
{
    if (!f->has_new_leader)
        return;
    if (dice(8) == 0) {
        acks(slot, ZXID(leader.epoch, 1 + dice(200)));
        f->acked = f->size; /* whatever that said: now it is true */
    } else if (!f->has_acked) {
        f->has_acked = true;
        f->ready_at = leader.state == LEADER_BROADCAST ? leader.committed
                                                       : leader.conf.last;
        acks(slot, EPOCH(leader.epoch));
    } else if (f->acked < f->size) {
        acks(slot, f->log[f->acked++]);
    }
    perform();
}

static void
ask(struct fake *f, uint32_t slot)
{
    uint8_t data[20] = {0};

    store_be32(data + 12, 9);
    if (!f->is_served || f->syncs == SYNCS)
        return;
    f->sync[f->syncs++] =
        zxid_counter(leader.proposed) ? leader.proposed : leader.conf.last;
    hears(slot, Q_REQUEST, -1, (struct bytes){data, sizeof data});
}

static void
step_learner(uint32_t slot)
{
    struct fake *f = &fakes[slot];

    if (!f->is_here) {
        if (dice(4) == 0)
            come(f, slot);
        return;
    }
    switch (dice(40)) {
    case 0:
        leaves(slot);
        f->is_here = false;
        break;
    case 1:
    case 2:
        promise(f, slot);
        break;
    case 3:
        ask(f, slot);
        break;
    case 4:
        if (f->has_new_leader)
            hears(slot, Q_PING, 0, BYTES_NULL);
        break;
    default:
        if (dice(2))
            acknowledge(f, slot);
        else
            pull(f, slot, dice(6));
    }
}

static void
step_leader(void)
{
    if (leader.state == LEADER_PROMISING || leader.state == LEADER_TAKING_OVER)
        stored();
    else if (leader.state == LEADER_BROADCAST && past.count < 300 && dice(2))
        proposes(zxid_counter(leader.proposed) ? leader.proposed + 1
                                               : ZXID(leader.epoch, 1));
    else if (past.count > 0 && past.at[past.count - 1] > leader.durable)
        is_durable(past.at[past.count - 1]);
    perform();
}

/* Prefixes of the leader's log; a minority may have more than it. */
static void
begin(uint64_t seed)
{
    struct leader_conf conf;
    uint32_t size;

    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    size = dice(6);
    memset(&past, 0, sizeof past);
    memset(fakes, 0, sizeof fakes);
    for (uint32_t n = 1; n <= size; n++)
        has_logged(n < 3 ? ZXID(3, n) : ZXID(4, n - 2));
    past.lost = dice(3) == 0 && size > 1 ? past.at[0] : 0;
    for (uint32_t i = 0; i < LEARNERS; i++) {
        struct fake *f = &fakes[i];

        f->sid = i < 4 ? 2 + i : 4 + i;
        f->is_observer = i >= 4;
        f->accepted = f->current = 4 - (int32_t)dice(2);
        f->size = dice(size + 1);
        memcpy(f->log, past.at, f->size * sizeof f->log[0]);
        if (i == 0 && size > 2 && dice(2)) {
            memcpy(f->log, past.at, size * sizeof f->log[0]);
            f->log[size] = ZXID(4, size - 1);
            f->size = size + 1;
        }
    }
    conf = usual();
    conf.quorum = &five;
    begins(&conf);
}

static bool
walk(uint64_t seed)
{
    wrong = NULL;
    begin(seed);
    for (uint32_t i = 0; i < STEPS && !wrong; i++) {
        if (leader.state == LEADER_OVER)
            break;
        if (dice(8) == 0)
            step_leader();
        else if (dice(50) == 0)
            passes(dice(300));
        else
            step_learner(dice(LEARNERS));
        perform();
        last.count = 0;
    }
    if (wrong)
        fprintf(stderr, "seed %u: not %s\n", (unsigned)seed, wrong);
    return !wrong;
}

/* It led, committed and brought up by all means: else nothing was shown. */
static void
learners_as_strict_as_apaches_find_nothing_wrong(void)
{
    uint32_t served = 0, committed = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        CU_ASSERT_TRUE(walk(seed));
        committed += zxid_counter(leader.committed) > 50;
        for (uint32_t i = 0; i < LEARNERS; i++)
            served += fakes[i].is_served;
    }
    CU_ASSERT_TRUE(committed > SEEDS / 2);
    CU_ASSERT_TRUE(served > SEEDS);
    CU_ASSERT_TRUE(snapshots > SEEDS / 4);
    CU_ASSERT_TRUE(cuts > SEEDS / 4);
}

UNIT_SUITE(leader_walk)
{
    unit_suite("leader_walk");
    UNIT(learners_as_strict_as_apaches_find_nothing_wrong);
}
