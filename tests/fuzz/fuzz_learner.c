/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_learner.c - any leader, and a shell that keeps its part of the
 * contract, against the learner core.
 *
 * The first bytes are who the learner is; then come events, one byte each and
 * what they need.  Zxids are named by their place in the learner's history,
 * so that a few bytes lead into every state.  Beside learner_check: what the
 * core asks for is watched from outside, with what is on disk and what was
 * told to whom.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "net/zab/learner.h"

enum { EPOCH = 7, TICK_MS = 1000 };

struct shell {
    struct jute_in in; /* what the leader and the disk do next */
    struct learner l;
    mono_ms_t now;
    bool owes_epoch; /* LEARNER_STORE_* */
    bool is_current; /* ... of currentEpoch was done */
    bool is_serving, is_over;
    bool is_named;   /* the ensemble's id is known for good */
    uint32_t seals;  /* ACKs of NEW_LEADER */
    zxid_t appended; /* end of our log */
    zxid_t disk;     /* ... as far as it is on disk */
    zxid_t acked;
    zxid_t committed; /* known to the tree */
    zxid_t past;      /* what TRUNC or SNAP named */
    mono_ms_t told;   /* the leader of our sessions, the last time */
};

/* --- what the core asks for ---------------------------------------------- */

static void
on_send(struct shell *s, const struct qpacket *p)
{
    if (p->type != Q_ACK)
        return;
    check(p->zxid == ZXID(s->l.epoch, 0));
    check(s->is_current);
    check(++s->seals <= 2);
    check(s->seals == 1 || s->is_serving);
}

/* Of transactions that are on disk, and of each once. */
static void
on_ack(struct shell *s, zxid_t from, zxid_t to)
{
    check(s->seals == 2 && !s->l.conf.is_observer);
    check(zxid_epoch(from) == s->l.epoch);
    check(from > s->acked && from <= to);
    check(to <= s->disk);
    s->acked = to;
}

/* One epoch at a time: ACK_EPOCH or the seal waits for it. */
static void
on_store(struct shell *s, const struct learner_act *a)
{
    check(!s->owes_epoch);
    s->owes_epoch = true;
    if (a->kind == LEARNER_STORE_ACCEPTED) {
        check(a->epoch > s->l.conf.accepted);
        return;
    }
    check(a->epoch == s->l.conf.accepted);
    check(s->disk >= s->l.seal);
    check(a->identity.id == 0 || !s->l.conf.identity.is_confirmed);
}

static void
on_keep_identity(struct shell *s, const struct identity *id)
{
    check(s->is_serving && !s->is_named);
    check(id->id != 0 && id->is_confirmed);
    s->is_named = true;
}

/* What is committed is never cut, nor replaced by less. */
static void
on_past(struct shell *s, zxid_t zxid)
{
    check(zxid >= s->committed);
    s->past = zxid;
}

/* Without a gap. */
static void
on_append(struct shell *s, zxid_t zxid, const struct bytes *txn)
{
    check(zxid > s->appended && txn->size > 0);
    check(zxid == s->appended + 1 || zxid_counter(zxid) == 1);
    s->appended = zxid;
}

static void
on_act(struct shell *s, const struct learner_act *a)
{
    check(!s->is_over);
    switch (a->kind) {
    case LEARNER_SEND:
        on_send(s, &a->packet);
        break;
    case LEARNER_PONG:
        check(s->is_serving);
        if (a->tells)
            s->told = s->now;
        break;
    case LEARNER_VOUCHED:
        check(a->when > 0 && a->when <= s->told);
        break;
    case LEARNER_SYNCED:
    case LEARNER_REVALIDATED:
        check(s->is_serving);
        break;
    case LEARNER_ACK:
        on_ack(s, a->from, a->zxid);
        break;
    case LEARNER_STORE_ACCEPTED:
    case LEARNER_STORE_CURRENT:
        on_store(s, a);
        break;
    case LEARNER_KEEP_IDENTITY:
        on_keep_identity(s, &a->identity);
        break;
    case LEARNER_TRUNCATE:
    case LEARNER_TAKE_SNAP:
        on_past(s, a->zxid);
        break;
    case LEARNER_APPEND:
        on_append(s, a->zxid, &a->packet.data);
        break;
    case LEARNER_COMMIT:
        check(a->zxid >= s->committed && a->zxid <= s->appended);
        s->committed = a->zxid;
        break;
    case LEARNER_SERVE:
        check(!s->is_serving && s->seals == 1);
        s->is_serving = true;
        break;
    case LEARNER_GIVE_UP:
        check(a->why != NULL);
        s->is_over = true;
        break;
    }
}

static void
obey(struct shell *s, const struct learner_out *out)
{
    for (uint32_t i = 0; i < out->count; i++)
        on_act(s, &out->act[i]);
    check(!s->is_named || s->l.conf.identity.is_confirmed);
    learner_check(&s->l);
}

/* --- what happens to it -------------------------------------------------- */

static zxid_t
after(zxid_t zxid)
{
    return zxid < INT64_MAX ? zxid + 1 : zxid;
}

static zxid_t
some_zxid(struct shell *s)
{
    const struct learner *l = &s->l;
    uint8_t n = fuzz_byte(&s->in);

    switch (n % 16) {
    case 0:
        return -1;
    case 1:
        return 0;
    case 2:
        return ZXID(EPOCH, 0);
    case 3:
        return ZXID(EPOCH, 1);
    case 4:
    case 5:
    case 6:
        return after(l->last);
    case 7:
        return l->last;
    case 8:
    case 9:
        return after(l->agreed);
    case 10:
        return l->last - n / 16;
    case 11:
        return ZXID(n / 16, 1);
    case 12:
        return ZXID(zxid_epoch(l->last) ^ 1, 1);
    case 13:
        return INT64_MAX - n / 16;
    case 14:
        return l->committed;
    default:
        return jute_get_i64(&s->in);
    }
}

static bool
is_reading(const struct shell *s)
{
    return s->l.state != LEARNER_CUTTING && s->l.state != LEARNER_SNAPPING;
}

static void
hear(struct shell *s, struct learner_out *out)
{
    struct qpacket p = {.type = fuzz_byte(&s->in) % 21, .authinfo = BYTES_NULL};

    p.zxid = some_zxid(s);
    p.data = fuzz_some(&s->in, 32);
    if (is_reading(s))
        learner_hear(&s->l, &p, s->now, out);
}

static void
disk_moves(struct shell *s, struct learner_out *out)
{
    uint32_t less = fuzz_byte(&s->in) % 4;
    zxid_t to = s->appended;

    if (zxid_counter(to) > less)
        to -= less; /* one of ours, still */
    if (!is_reading(s) || to <= s->disk)
        return;
    s->disk = to;
    learner_durable(&s->l, to, out);
}

static void
epoch_is_stored(struct shell *s, struct learner_out *out)
{
    if (!s->owes_epoch)
        return;
    s->owes_epoch = false;
    s->is_current = s->l.state == LEARNER_SEALING;
    learner_stored(&s->l, s->now, out);
}

static void
past_is_changed(struct shell *s, struct learner_out *out)
{
    bool fails = fuzz_byte(&s->in) % 4 == 0;

    if (is_reading(s))
        return;
    if (!fails)
        s->appended = s->disk = s->past;
    if (s->l.state == LEARNER_CUTTING)
        learner_truncated(&s->l, fails ? -ENOENT : 0, s->now, out);
    else
        learner_snapped(&s->l, fails ? some_zxid(s) : s->past, s->now, out);
    if (fails)
        s->appended = s->disk = s->l.last;
}

static void
step(struct shell *s)
{
    struct learner_out out = {0};

    switch (fuzz_byte(&s->in) % 16) {
    case 0:
    case 1:
        disk_moves(s, &out);
        break;
    case 2:
    case 3:
        epoch_is_stored(s, &out);
        break;
    case 4:
        past_is_changed(s, &out);
        break;
    case 5:
        s->now += fuzz_byte(&s->in) * 16;
        learner_tick(&s->l, s->now, &out);
        break;
    case 6:
        learner_stirs(&s->l, s->now);
        break;
    case 7:
        learner_link_lives(&s->l, s->now);
        break;
    case 8:
        learner_has_read(&s->l, s->now);
        break;
    default:
        hear(s, &out);
    }
    obey(s, &out);
}

static void
begin(struct shell *s)
{
    uint8_t who = fuzz_byte(&s->in);
    zxid_t last = ZXID(EPOCH - 1, fuzz_byte(&s->in));
    struct learner_conf conf = {.me = 1,
                                .is_observer = who & 1,
                                .wants_snap = who & 2,
                                .accepted = who & 4 ? EPOCH : EPOCH - 1,
                                .current = EPOCH - 1,
                                .last = who & 8 ? last : 0,
                                .flags = LEARNER_QUICK,
                                .tick_ms = TICK_MS,
                                .init_ticks = 5,
                                .sync_ticks = 2,
                                .silence_ms = 500};
    struct learner_out out = {0};

    if (who & 96) {
        conf.flags |= LEARNER_IDENTITY;
        conf.identity = (struct identity){2, 3, who & 32};
        s->is_named = who & 32;
    }
    if (who & 16)
        conf.committed = conf.last - conf.last % 4;
    s->appended = s->disk = conf.last;
    s->committed = conf.committed;
    learner_init(&s->l, &conf, s->now, &out);
    obey(s, &out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shell s = {.in = jute_in_of(data, size), .now = 1000};

    begin(&s);
    while (jute_in_left(&s.in) > 0 && !s.in.bad)
        step(&s);
    return 0;
}
