/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_lead.c - leading: the shell around the leader core.
 *
 * A term begins with the election's word: the quorum port is bound at once,
 * for followers give up after 0.4 s of refusals.  The core then says what to
 * store, when to lead and what is committed.  A term that is over closes
 * every learner's connection and the port.
 *
 * The replication process.  ZK: Leader.lead (spec/quorum-protocol.md 4.4, 6.2)
 */
#include "net/repl_lead.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/listen.h"
#include "daemon/log.h"

enum {
    LEAD_BUFFERS = 1 << 30, /* bytes of all connections together */
    LISTEN_BACKLOG = 64,
    BIND_PAUSE_MS = 100,
    PING_MS = 100, /* to learners that are zabd, too */
};

/* --- what the core says ----------------------------------------------------
 */

/* The tree has it all, clients may come. */
static void
begin_leading(struct repl_lead *l, int64_t epoch)
{
    struct repl *r = l->r;

    repl_commit(r, r->last);
    repl_apply_all(r);
    repl_reached(r, epoch);
    repl_prepare_from(r, ZXID(epoch, 0));
    repl_serve(r, ROLE_LEADING, epoch);
    repl_established(r, epoch);
    log_info("replication: leading epoch %" PRId64 ": a quorum has the "
             "history zxid=0x%" PRIx64,
             epoch, (uint64_t)r->last);
}

static void
perform(struct repl_lead *l, const struct leader_act *a)
{
    struct lead_peer *p = &l->peer[a->slot];

    switch (a->kind) {
    case LEADER_STORE_ACCEPTED:
        repl_order(l->r, LOG_ACCEPT_EPOCH, a->epoch);
        break;
    case LEADER_STORE_CURRENT:
        repl_order(l->r, LOG_CURRENT_EPOCH, a->epoch);
        break;
    case LEADER_LEAD:
        begin_leading(l, a->epoch);
        break;
    case LEADER_COMMIT:
        repl_commit(l->r, a->zxid);
        break;
    case LEADER_REQUEST:
        p->is_waiting = !lead_request(p, a->packet);
        break;
    case LEADER_REVALIDATE:
        lead_revalidate(p, a->packet);
        break;
    case LEADER_TOUCH:
        lead_touch(p, a->packet);
        break;
    case LEADER_CLOSE:
        log_warn("leader: %s is dropped: %s", p->name, a->why);
        lead_peer_close(p);
        break;
    case LEADER_GIVE_UP:
        l->why = a->why;
        break;
    }
}

void
lead_perform(struct repl_lead *l, const struct leader_out *out, mono_ms_t now)
{
    (void)now;
    for (uint32_t i = 0; i < out->count; i++)
        perform(l, &out->act[i]);
}

/* --- the quorum port --------------------------------------------------------
 */

static void
on_connection(struct ev_loop *loop, ev_io *io, int events)
{
    struct repl_lead *l = io->data;
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    char text[80];
    int fd;

    (void)loop, (void)events;
    while ((fd = accept4(io->fd, (struct sockaddr *)&from, &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        qlink_name((const struct sockaddr *)&from, text, sizeof text);
        lead_peer_open(l, fd, text);
        size = sizeof from;
    }
}

static void
bind_port(struct repl_lead *l, mono_ms_t now)
{
    const struct conf *conf = &l->r->conf;
    const struct conf_member *me = conf_myself(conf);
    char why[256];
    int fd = listen_open(conf->listen_on_all_ips ? "" : me->host,
                         me->quorum_port, LISTEN_BACKLOG, why, sizeof why);

    if (fd < 0) {
        l->bind_again = now + BIND_PAUSE_MS;
        if (l->bind_failures++ == 0)
            log_error("leader: %s", why);
        return;
    }
    l->bind_again = 0;
    l->bind_failures = 0;
    ev_io_init(&l->listener, on_connection, fd, EV_READ);
    l->listener.data = l;
    ev_io_start(l->r->loop, &l->listener);
}

static void
close_port(struct repl_lead *l)
{
    if (l->bind_again != 0)
        return;
    ev_io_stop(l->r->loop, &l->listener);
    close(l->listener.fd);
}

/* --- the role ---------------------------------------------------------------
 */

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct repl_lead *l = timer->data;
    struct leader_out out = {0};
    mono_ms_t now = clock_mono_ms();

    (void)loop, (void)events;
    if (l->bind_again != 0 && now >= l->bind_again)
        bind_port(l, now);
    leader_tick(&l->core, now, &out);
    lead_perform(l, &out, now);
}

static struct repl_lead *
make(struct repl *r)
{
    struct repl_lead *l = mmap(NULL, sizeof *l, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (l == MAP_FAILED)
        fatal(EXIT_UNEXPECTED, "replication: no memory to lead");
    l->r = r;
    l->history = repl_history_of(r->history);
    conn_home_init(&l->home, r->loop, &lead_conn_ops, LEAD_BUFFERS);
    ev_timer_init(&l->tick, on_tick, 0, PING_MS / 1000.);
    l->tick.data = l;
    return l;
}

static struct leader_conf
conf_of(struct repl_lead *l)
{
    const struct repl *r = l->r;
    const struct shm_log *log = r->shm->log;

    l->config_size = config_text(&r->conf, l->config, sizeof l->config);
    return (struct leader_conf){
        .quorum = &r->quorum,
        .me = r->conf.my_sid,
        .accepted = atomic_load(&log->accepted_epoch),
        .current = atomic_load(&log->current_epoch),
        .last = r->last,
        .tick_ms = r->conf.tick_time_ms,
        .init_ticks = r->conf.init_limit_ticks,
        .sync_ticks = r->conf.sync_limit_ticks,
        .ping_ms = PING_MS,
        .config = {(const uint8_t *)l->config, (int32_t)l->config_size},
        .flags = LEARNER_ZSTD | LEARNER_QUICK,
    };
}

void
repl_lead(struct repl *r)
{
    mono_ms_t now = clock_mono_ms();
    struct leader_out out = {0};
    struct leader_conf conf;

    if (!r->lead)
        r->lead = make(r);
    r->role = &role_leading;
    r->lead->is_on = true;
    r->lead->why = NULL;
    bind_port(r->lead, now);
    log_info("replication: elected to lead, waiting for a quorum "
             "zxid=0x%" PRIx64,
             (uint64_t)r->last);
    conf = conf_of(r->lead);
    leader_init(&r->lead->core, &conf, &r->lead->history, now, &out);
    ev_timer_again(r->loop, &r->lead->tick);
    lead_perform(r->lead, &out, now);
}

/* What the log process did since the last turn. */
static void
hear_log(struct repl_lead *l, struct leader_out *out, mono_ms_t now)
{
    zxid_t durable = repl_durable(l->r);
    int result;

    if (repl_order_done(l->r, &result)) {
        if (result < 0)
            leader_resign(&l->core, "an epoch cannot be stored", out);
        else
            leader_stored(&l->core, now, out);
    }
    if (durable > l->core.durable)
        leader_durable(&l->core, durable, now, out);
}

static void
leading_turn(struct repl *r)
{
    struct repl_lead *l = r->lead;
    struct leader_out out = {0};
    mono_ms_t now = clock_mono_ms();

    if (l->core.state == LEADER_BROADCAST && r->last > l->core.proposed)
        leader_proposed(&l->core, r->last);
    hear_log(l, &out, now);
    if (r->is_worn)
        leader_resign(&l->core, "the zxids of this epoch are used up", &out);
    lead_perform(l, &out, now);
    lead_peers_resume(l);
    lead_peers_pump(l, now);
    if (l->why)
        repl_look(r, l->why);
}

static bool
leading_take(struct repl *r, const struct req *req, const struct origin *o)
{
    if (r->lead->core.state != LEADER_BROADCAST)
        return true; /* of a connection that is closed by now */
    return repl_take_ordering(r, req, o);
}

static void
leading_end(struct repl *r)
{
    struct repl_lead *l = r->lead;

    if (!l->is_on)
        return;
    l->is_on = false;
    ev_timer_stop(r->loop, &l->tick);
    close_port(l);
    for (uint32_t i = 0; i < LEADER_PEERS_MAX; i++)
        lead_peer_close(&l->peer[i]);
    r->is_worn = false;
}

const struct role role_leading = {
    .name = "leading",
    .orders = true,
    .take = leading_take,
    .turn = leading_turn,
    .end = leading_end,
};
