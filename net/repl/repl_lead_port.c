/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_lead_port.c - the port where learners come, as long as there is one.
 *
 * The same for a leader and for an observer master: a port, a clock, and what
 * the core wants done with learners.  What else it wants is for the one who
 * opened the port (struct lead_duty).
 *
 * The replication process.  ZK: Leader, ObserverMaster
 */
#include <inttypes.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "net/repl/repl_lead.h"

enum {
    LEAD_BUFFERS = 1 << 30, /* bytes of all connections together */
    PING_MS = 100,          /* to learners that are zabd, too; at most */
    BIND_PAUSE_MS = 100,
};

/* --- what the core says -------------------------------------------------- */

static void
perform(struct repl_lead *l, const struct leader_act *a)
{
    struct lead_peer *p = &l->peer[a->slot];

    switch (a->kind) {
    case LEADER_REQUEST:
    case LEADER_REVALIDATE:
        p->is_waiting = !l->duty->ask(p, a->packet);
        break;
    case LEADER_TOUCH:
        lead_touch(p, a->packet);
        break;
    case LEADER_FOREIGN:
        log_warn_often("%s: %s is of another ensemble, %016" PRIx64
                       ", and told so",
                       l->duty->name, p->name, a->identity.id);
        break;
    case LEADER_TWIN:
        lead_tell_of_twin(p, &l->peer[a->first]);
        break;
    case LEADER_CLOSE:
        log_warn("%s: %s is dropped: %s", l->duty->name, p->name, a->why);
        lead_peer_close(p);
        break;
    case LEADER_GIVE_UP:
        l->why = a->why;
        break;
    default:
        l->duty->act(l, a);
    }
}

void
lead_perform(struct repl_lead *l, const struct leader_out *out)
{
    for (uint32_t i = 0; i < out->count; i++)
        perform(l, &out->act[i]);
}

/* --- the port ------------------------------------------------------------ */

static struct bytes
write_config(struct repl_lead *l, int64_t version)
{
    size_t size =
        config_text(&l->r->conf, version, l->config, sizeof l->config);

    return (struct bytes){(const uint8_t *)l->config, (int32_t)size};
}

/* Who has a later version has told our election process before it comes. */
static void
follow_config_version(struct repl_lead *l)
{
    int64_t version = atomic_load(&l->r->shm->election->config_version);

    if (version > l->core.conf.config_version)
        leader_know_config(&l->core, version, write_config(l, version));
}

static void
on_knock(void *arg, int fd)
{
    follow_config_version(arg);
    lead_peer_open(arg, fd, port_peer_name(fd));
}

/* Somebody else may have the port for a moment: told once. */
static void
on_bind_failed(void *arg, const char *why, int times)
{
    const struct repl_lead *l = arg;

    if (times == 1)
        log_error("%s: %s; trying again", l->duty->name, why);
}

/* --- open and closed ----------------------------------------------------- */

/* What the core cannot see: a link is alive, whatever its peer does. */
static void
note_links(struct repl_lead *l, mono_ms_t now)
{
    for (uint32_t i = 0; i < l->core.peer_end; i++) {
        int64_t ms = l->peer[i].is_used
                         ? qlink_silence_ms(conn_fd(&l->peer[i].conn))
                         : -1;

        if (ms >= 0 && ms <= now - l->core.ticked)
            leader_link_lives(&l->core, i);
    }
}

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct repl_lead *l = timer->data;
    struct leader_out out;
    mono_ms_t now = clock_mono_ms();

    (void)loop, (void)events;
    out.count = 0;
    note_links(l, now);
    leader_tick(&l->core, now, &out);
    lead_perform(l, &out);
    lead_peers_watch(l, now);
}

static struct repl_lead *
make(struct repl *r)
{
    struct repl_lead *l = memory_reserve(sizeof *l);

    l->r = r;
    l->history = repl_history_of(r->history);
    conn_home_init(&l->home, r->loop, &lead_conn_ops, LEAD_BUFFERS);
    port_init(&l->port, &r->resolver, "learners", on_knock, on_bind_failed, l,
              BIND_PAUSE_MS);
    ev_init(&l->tick, on_tick);
    l->tick.data = l;
    return l;
}

/* Two a tick, as Apache's leader: syncLimit may be as short as one. */
static int32_t
ping_ms(const struct conf *c)
{
    int32_t half = c->tick_time_ms > 1 ? c->tick_time_ms / 2 : 1;

    return half < PING_MS ? half : PING_MS;
}

struct repl_lead *
lead_open(struct repl *r, const struct lead_duty *duty, int32_t port)
{
    struct repl_lead *l;

    if (!r->lead)
        r->lead = make(r);
    l = r->lead;
    l->duty = duty;
    l->is_on = true;
    l->why = NULL;
    repl_history_begin_term(r->history);
    port_open_quorum(&l->port, &r->conf, port);
    l->tick.repeat = ping_ms(&r->conf) / 1000.;
    ev_timer_again(r->loop, &l->tick);
    return l;
}

void
lead_close(struct repl_lead *l)
{
    l->is_on = false;
    ev_timer_stop(l->r->loop, &l->tick);
    port_close(&l->port);
    for (uint32_t i = 0; i < LEADER_PEERS_MAX; i++)
        lead_peer_close(&l->peer[i]);
}

struct leader_conf
lead_conf(struct repl_lead *l)
{
    const struct conf *conf = &l->r->conf;

    return (struct leader_conf){
        .me = conf->my_sid,
        .tick_ms = conf->tick_time_ms,
        .init_ticks = conf->init_limit_ticks,
        .sync_ticks = conf->sync_limit_ticks,
        .snaps_max = conf->snap_syncs_max,
        .diffs_max = conf->diff_syncs_max,
        .ping_ms = ping_ms(conf),
        .silence_ms = conf->leader_silence_ms,
        .config = write_config(l, 0),
        .flags = LEARNER_OURS,
    };
}
