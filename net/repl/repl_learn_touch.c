/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn_touch.c - a learner's PINGs, with the sessions that it heard of.
 *
 * The core says which go (net/zab/learner_vouch.c): those that said a word
 * which no leader was told yet, our observers' among them, or all of ours.  A
 * word is known by its time.  A client process notes that at which its turn
 * began, and does so in the course of it, however long it takes: so what was
 * told is kept, and not only when.
 *
 * The replication process, learning.
 * ZK: Learner.ping, LearnerSessionTracker.snapshot
 */
#include "daemon/clock.h"
#include "daemon/memory.h"
#include "net/repl/repl_learn.h"
#include "net/repl/repl_session.h"

enum { APACHES_TOUCHES = 64 * 1024 }; /* in a packet: 1 MB, jute.maxbuffer */

void
learn_touch_init(struct repl_learn *l)
{
    l->told = memory_reserve(SESSIONS_MAX * sizeof *l->told);
}

/* Whether the leader has something to learn of it, which it knows then. */
static bool
tell(struct repl_learn *l, uint32_t slot, bool is_first, mono_ms_t now)
{
    const struct session *s = session_at(l->r->sessions, slot);
    mono_ms_t word = repl_last_heard(l->r, slot, now);
    bool is_ours = s->id != 0 && word != 0 && now - word <= s->timeout_ms;

    if (!is_ours || (!is_first && l->told[slot] == (uint32_t)word))
        return false;
    l->told[slot] = (uint32_t)word;
    return true;
}

/* What is in `out`, which is empty then. */
static void
put_ping(struct repl_learn *l, zxid_t zxid, struct jute_out *out)
{
    qlink_put(&l->conn, Q_PING, zxid,
              (struct bytes){out->base, (int32_t)jute_out_size(out)},
              BYTES_NULL);
    out->at = out->base;
}

/*
 * In as many packets as it takes an Apache.  A zabd times its pings by their
 * answers, and is given each in one packet: leader_vouch.c.
 */
void
learn_pong(struct repl_learn *l, const struct learner_act *a)
{
    static uint8_t data[SESSIONS_MAX * QPACKET_TOUCH_BYTES];
    const struct session_table *sessions = l->r->sessions;
    uint32_t most = l->core.is_leader_zabd ? SESSIONS_MAX : APACHES_TOUCHES;
    uint32_t end = a->tells ? session_slot_end(sessions) : 0;
    struct jute_out out = jute_out_of(data, most * QPACKET_TOUCH_BYTES);
    mono_ms_t now = clock_mono_ms();

    for (uint32_t i = 0; i < end; i++) {
        const struct session *s = session_at(sessions, i);

        if (!tell(l, i, a->is_first, now))
            continue;
        jute_put_i64(&out, s->id);
        jute_put_i32(&out, s->timeout_ms);
        if (out.at == out.end)
            put_ping(l, a->zxid, &out);
    }
    put_ping(l, a->zxid, &out);
}
