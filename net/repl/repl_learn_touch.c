/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn_touch.c - a learner's PINGs, with the sessions that it heard of.
 *
 * The leader counts the time of all sessions, and hears of ours, and of our
 * observers', through us alone: those that said a word since the last time go
 * with the answer to its PING.
 *
 * The replication process, learning.
 * ZK: Learner.ping, LearnerSessionTracker.snapshot
 */
#include "daemon/clock.h"
#include "net/repl/repl_learn.h"
#include "net/repl/repl_serve.h"
#include "net/repl/repl_session.h"

enum {
    TOUCHES_MAX = 64 * 1024,
    NOTED_LATE_MS = 100, /* ten times what a turn of a client process takes */
};

/*
 * Every session that was heard of since, in as many packets as it takes.  A
 * client process notes the time at which its turn began, and does so in the
 * course of it: what is a little older may not have been there last time.
 */
static void
put_touches(struct repl_learn *l, zxid_t zxid, mono_ms_t since, mono_ms_t now)
{
    static uint8_t data[TOUCHES_MAX * QPACKET_TOUCH_BYTES];
    struct repl *r = l->r;
    struct jute_out out = jute_out_of(data, sizeof data);
    uint32_t end = session_slot_end(r->sessions);

    for (uint32_t i = 0; i < end; i++) {
        const struct session *s = session_at(r->sessions, i);

        if (s->id == 0 || repl_last_heard(r, i, now) < since - NOTED_LATE_MS)
            continue;
        jute_put_i64(&out, s->id);
        jute_put_i32(&out, s->timeout_ms);
        if (jute_out_size(&out) == sizeof data) {
            qlink_put(&l->conn, Q_PING, zxid, (struct bytes){data, sizeof data},
                      BYTES_NULL);
            out = jute_out_of(data, sizeof data);
        }
    }
    qlink_put(&l->conn, Q_PING, zxid,
              (struct bytes){data, (int32_t)jute_out_size(&out)}, BYTES_NULL);
}

/*
 * A leader that is zabd pings often; touches go as often as with Apache, whose
 * pings come each half a tick, and may come a moment early.
 *
 * A PING that is so much later than the last touches shows that the leader had
 * those (vouched): as long as nothing of ours reaches it, TCP brings us nothing
 * new of it.  PINGs that waited while we stood still show nothing: all of them
 * are read at once, too soon behind the touches that went with the first.
 */
void
learn_pong(struct repl_learn *l, zxid_t zxid)
{
    static const uint8_t nothing[1];
    mono_ms_t now = clock_mono_ms(), since = l->ponged;

    if (now - since < l->r->conf.tick_time_ms / 3) {
        qlink_put(&l->conn, Q_PING, zxid, (struct bytes){nothing, 0},
                  BYTES_NULL);
        return;
    }
    repl_vouched(l->r, since);
    l->ponged = now;
    put_touches(l, zxid, since, now);
}
