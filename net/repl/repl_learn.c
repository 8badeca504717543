/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn.c - following and observing: the shell around the learner core.
 *
 * Packets from the leader are taken one by one to the core, which says what to
 * append, what is committed and what to answer.  A packet that finds no room
 * in the ring stays where it is, and the connection is not read until there
 * is.
 *
 * The replication process.  ZK: Learner, Follower, Observer
 */
#include "net/repl/repl_learn.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "net/repl/repl_master.h"
#include "net/repl/repl_order.h"
#include "net/repl/repl_ring.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_serve.h"

enum { LEARN_BUFFERS = 1 << 30, STILL_SILENT_MS = 1000 };

static const double tick_seconds = 0.1;

/* --- what the leader says ------------------------------------------------ */

/* False: not now. */
static bool
take_packet(struct repl_learn *l, const struct qpacket *packet, mono_ms_t now)
{
    struct learner_out out;

    out.count = 0;
    if (!learn_has_room(l, packet)) {
        l->r->is_stalled = true;
        conn_pause(&l->conn, CONN_PAUSE_QUEUE);
        return false;
    }
    learner_hear(&l->core, packet, now, &out);
    learn_perform(l, &out);
    return true;
}

static size_t
input(struct conn *c, const uint8_t *data, size_t size)
{
    struct repl_learn *l = (struct repl_learn *)(void *)c;
    mono_ms_t now = clock_mono_ms();
    size_t taken = 0;

    learner_stirs(&l->core, now);
    while (taken < size && !c->pauses && !l->why) {
        struct qpacket packet;
        int64_t n;

        if (l->snap == LEARN_SNAP_FLOWS) {
            taken += learn_feed_snap(l, data + taken, size - taken);
            continue;
        }
        n = qlink_get(data + taken, size - taken, QPACKET_DATA_MAX, &packet);
        if (n < 0)
            l->why = "the leader sent what is no packet";
        if (n <= 0 || !take_packet(l, &packet, now))
            break;
        taken += (size_t)n;
    }
    l->heard += taken;
    return taken;
}

static void
broken(struct conn *c, int error)
{
    struct repl_learn *l = (struct repl_learn *)(void *)c;

    if (error)
        log_info("learner: the connection to the leader broke: %s",
                 strerror(error));
    conn_pause(c, CONN_PAUSE_END);
    if (!l->why)
        l->why = "the connection to the leader is lost";
}

static const struct conn_ops ops = {.input = input, .broken = broken};

/* --- the role ------------------------------------------------------------ */

/*
 * A server whose replication process hangs can be elected again, as long as its
 * election process does not know; it accepts connections and says nothing.
 */
static bool
is_silent_still(const struct repl_learn *l, mono_ms_t now)
{
    return l->leader == l->silent && l->core.state == LEARNER_DISCOVERY &&
           now - l->connected_at >= STILL_SILENT_MS;
}

/* What the core cannot see: data comes that cannot be read yet. */
static void
note_link(struct repl_learn *l, mono_ms_t now)
{
    uint32_t segments = qlink_segments(conn_fd(&l->conn));

    if (segments != l->segments)
        learner_link_lives(&l->core, now);
    l->segments = segments;
}

/* Nor what waits, here or in the kernel, while it is told something. */
static void
note_backlog(struct repl_learn *l, mono_ms_t now)
{
    if (l->heard < l->came)
        return;
    learner_has_read(&l->core, l->came_at);
    l->came = qlink_received(conn_fd(&l->conn));
    l->came_at = now;
}

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct repl_learn *l = timer->data;
    struct learner_out out;
    mono_ms_t now = clock_mono_ms();

    out.count = 0;
    (void)loop, (void)events;
    if (!l->is_connected) {
        learn_dial_tick(l, now);
        return;
    }
    if (l->conn.pauses & (CONN_PAUSE_WAITING | CONN_PAUSE_QUEUE))
        learner_stirs(&l->core, now); /* it is we who do not listen */
    if (is_silent_still(l, now)) {
        l->why = "the leader that fell silent is silent still";
        return;
    }
    note_link(l, now);
    note_backlog(l, now);
    learner_tick(&l->core, now, &out);
    learn_perform(l, &out);
}

static struct repl_learn *
make(struct repl *r)
{
    struct repl_learn *l = memory_reserve(sizeof *l);

    l->r = r;
    l->silent = SID_NONE;
    conn_home_init(&l->home, r->loop, &ops, LEARN_BUFFERS);
    ev_timer_init(&l->tick, on_tick, 0, tick_seconds);
    l->tick.data = l;
    learn_dial_init(l);
    learn_touch_init(l);
    return l;
}

void
repl_learn(struct repl *r, sid_t leader)
{
    if (!r->learn)
        r->learn = make(r);
    r->role = &role_learning;
    r->learn->leader = leader;
    r->learn->is_on = true;
    r->learn->is_connected = false;
    r->learn->why = NULL;
    log_info("replication: elected server %" PRId64 " to lead us "
             "zxid=0x%" PRIx64,
             (int64_t)leader, (uint64_t)r->last);
    ev_timer_again(r->loop, &r->learn->tick);
    learn_dial(r->learn, clock_mono_ms());
}

/*
 * Only the leader that asked for what we do not have hears that we have
 * nothing: it has all that is committed, or it would not have led.  Others hear
 * what we have, and must not lead us if they have less; an observer's word is
 * not counted.
 */
static void
expect_snap_of_no_other(struct repl_learn *l)
{
    struct repl *r = l->r;

    if (r->snap_from != l->leader && !r->conf.is_observer)
        r->snap_from = SID_NONE;
}

static struct learner_conf
conf_of(const struct repl *r)
{
    const struct shm_log *log = r->shm->log;
    const struct conf *c = &r->conf;

    return (struct learner_conf){
        .me = c->my_sid,
        .is_observer = c->is_observer,
        .accepted = atomic_load(&log->accepted_epoch),
        .current = atomic_load(&log->current_epoch),
        .identity = identity_shared(&log->identity),
        .last = r->last,
        .committed = r->known_committed,
        .served = r->service.epoch,
        .wants_snap = r->snap_from != SID_NONE,
        .flags = LEARNER_OURS,
        .tick_ms = c->tick_time_ms,
        .init_ticks = c->init_limit_ticks,
        .sync_ticks = c->sync_limit_ticks,
        .silence_ms = c->leader_silence_ms,
    };
}

void
learn_connected(struct repl_learn *l, int fd)
{
    mono_ms_t now = clock_mono_ms();
    struct learner_conf conf;
    struct learner_out out;

    out.count = 0;
    conn_open(&l->conn, &l->home, fd);
    l->is_connected = true;
    l->connected_at = now;
    l->segments = 0;
    l->heard = l->came = 0;
    l->came_at = now;
    expect_snap_of_no_other(l);
    conf = conf_of(l->r);
    learner_init(&l->core, &conf, now, &out);
    learn_perform(l, &out);
}

static void
hear_log(struct repl_learn *l, mono_ms_t now)
{
    zxid_t durable = repl_durable(l->r);
    struct learner_out out;

    out.count = 0;
    learn_past_turn(l, &out, now);
    learn_perform(l, &out);
    if (learn_changes_past(l))
        return;
    out.count = 0;
    if (durable > l->core.durable)
        learner_durable(&l->core, durable, &out);
    learn_perform(l, &out);
}

static void
learning_turn(struct repl *r)
{
    struct repl_learn *l = r->learn;

    if (l->is_connected && !l->why) {
        hear_log(l, clock_mono_ms());
        conn_resume(&l->conn, CONN_PAUSE_QUEUE);
        repl_publish(r);
        if (l->conn.pauses & CONN_PAUSE_QUEUE)
            learn_full(l);
        repl_master_turn(r, clock_mono_ms());
        conn_flush_dirty(&l->home);
    }
    if (l->why)
        repl_look(r, l->why);
}

static bool
learning_take(struct repl *r, const struct req *req, const struct origin *o)
{
    if (r->learn->core.state != LEARNER_BROADCAST || !r->learn->is_connected)
        return repl_serves_nobody(r);
    return learn_ask(r->learn, req, o);
}

static void
learning_end(struct repl *r)
{
    struct repl_learn *l = r->learn;

    if (!l->is_on)
        return;
    l->is_on = false;
    repl_parts(r, l->core.has_read);
    repl_master_end(r);
    ev_timer_stop(r->loop, &l->tick);
    learn_dial_stop(l);
    if (l->is_connected)
        conn_close(&l->conn);
    conn_flush_dirty(&l->home); /* requests of this turn: it may be listed */
    l->is_connected = false;
    learn_past_end(l);
}

const struct role role_learning = {
    .name = "learning",
    .take = learning_take,
    .turn = learning_turn,
    .end = learning_end,
};
