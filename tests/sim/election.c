/* SPDX-License-Identifier: Apache-2.0 */
/*
 * election.c - drives elect.c, or poll.c, for one simulated server, and
 * keeps its mesh of election connections.
 *
 * As the election process does: one connection for each pair, the one that
 * the larger sid opened; the last note is sent again when one comes up.
 */
#include "tests/sim/election.h"

#include "storage/log/epoch.h"
#include "tests/sim/claims.h"
#include "tests/sim/lead.h"
#include "tests/sim/learn.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

/* Who is connected, and who may be: of the others it is known. */
static quorum_set_t
reachable(const struct server *s)
{
    quorum_set_t set = 0;

    for (uint32_t i = 0; i < sim.servers; i++)
        if (s->mesh[i] ? s->mesh[i]->is_accepted || !s->is_silent[i]
                       : !s->is_silent[i])
            set |= quorum_bit(&sim.quorum, sim.server[i].sid);
    return set;
}

static int
node_of(sid_t sid)
{
    for (uint32_t i = 0; i < sim.servers; i++)
        if (sim.server[i].sid == sid)
            return (int)i;
    return -1;
}

static void
mesh_send(struct server *s, int to)
{
    struct msg *m = msg_take(MSG_NOTE);

    m->note = s->told[to];
    wire_send(s->mesh[to], s->node, m);
}

static void
tell(struct server *s, sid_t sid, const struct vote *v)
{
    int to = node_of(sid);

    if (to < 0 || to == s->node)
        return;
    s->told[to] =
        (struct msg_note){*v, s->elect.self.epoch, s->elect.self.zxid};
    s->has_told[to] = true;
    if (!s->mesh[to])
        s->mesh[to] = wire_dial(s->node, to, PORT_ELECTION);
    else if (s->mesh[to]->is_accepted)
        mesh_send(s, to);
}

static void
decided(struct server *s, sid_t sid, const char *why)
{
    int leader = node_of(sid);

    check(leader >= 0);
    TRACE("server %d: decides for %d: %s", s->node, leader, why);
    if (sim.plan.only_election)
        only_begin(s, leader);
    else if (leader == s->node)
        lead_begin(s);
    else
        learn_begin(s, leader);
}

static void
perform(struct server *s, const struct elect_out *out)
{
    uint32_t life = s->life;

    for (uint32_t i = 0; i < out->count && s->life == life; i++) {
        const struct elect_act *a = &out->act[i];

        switch (a->kind) {
        case ELECT_TELL:
            tell(s, a->to, &a->vote);
            break;
        case ELECT_TELL_ALL:
            for (uint32_t j = 0; j < sim.servers; j++)
                if (!sim.server[j].is_observer)
                    tell(s, sim.server[j].sid, &a->vote);
            break;
        case ELECT_SET_ALARM:
            sched_after(server_after(s, a->ms), EV_ALARM, s->node, ++s->alarm,
                        NULL);
            break;
        case ELECT_DECIDE:
            claim_election_vote(s, &a->vote);
            s->outcome = a->vote;
            s->has_outcome = true;
            decided(s, a->vote.leader, a->why);
            break;
        }
    }
}

/*
 * As the election process finds it in shared memory.  Later than that, so that
 * those who elect a foreigner meet it on the quorum port.
 */
static uint64_t
ensemble_of(const struct server *s)
{
    return s->identity.is_confirmed && sim.now >= sim.plan.named_at
               ? s->identity.id
               : 0;
}

/* --- polling ------------------------------------------------------------- */

static void
poll_ask_all(struct server *s)
{
    poll_know(&s->poll, ensemble_of(s));
    poll_begin(&s->poll, (int32_t)rng_next(&sim.rng));
    s->heard_to_look = 0;
    s->poll_asks = true;
    for (uint32_t i = 0; i < sim.servers; i++) {
        struct msg *m;

        if (sim.server[i].is_observer)
            continue;
        m = msg_take(MSG_POLL);
        m->from = (uint8_t)s->node;
        m->to = (uint8_t)i;
        m->poll.answer.xid = s->poll.xid;
        wire_datagram(m);
    }
    sched_after(server_after(s, POLL_ANSWER_MS), EV_POLL, s->node, ++s->alarm,
                NULL);
}

static void
poll_is_over(struct server *s)
{
    usec_t pause;

    s->poll_asks = false;
    if (!poll_end(&s->poll)) {
        pause = MSEC * (1 + rng_below(&sim.rng, POLL_AGAIN_MS));
        sched_after(pause, EV_POLL, s->node, ++s->alarm, NULL);
        return;
    }
    claim_poll_vote(s);
    decided(s, s->poll.mine.leader, "most votes of a poll");
}

void
election_poll(struct server *s)
{
    if (s->role != ROLE_LOOK)
        return;
    if (s->poll_asks)
        poll_is_over(s);
    else
        poll_ask_all(s);
}

/* As net/repl/repl_role.c, has_vote. */
static zxid_t
zxid_to_look_with(const struct server *s)
{
    return s->current == EPOCH_NONE ? -1 : last_of(s->log, s->count);
}

static zxid_t
candidacy_of(const struct server *s)
{
    return poll_candidacy(zxid_to_look_with(s), s->current);
}

/* What we are and whom we are for, as the state says. */
static struct poll_answer
poll_answer_of(const struct server *s, int32_t xid)
{
    struct poll_answer a = {
        .xid = xid, .id = s->sid, .ensemble = ensemble_of(s)};

    if (s->role == ROLE_LEAD) {
        a.leader = s->sid;
        a.zxid = candidacy_of(s);
    } else if (s->role == ROLE_LEARN) {
        a.leader = sim.server[s->leader_node].sid;
        a.zxid = last_of(s->log, s->count);
    } else {
        a.leader = s->poll.mine.leader;
        a.zxid = s->poll.mine.zxid;
    }
    return a;
}

static void
poll_answered(struct server *s, const struct msg *m)
{
    const struct msg_poll *a = &m->poll;
    struct tally before = s->poll.tally;

    if (s->role != ROLE_LOOK || !s->poll_asks)
        return;
    poll_hear(&s->poll, &a->answer);
    claim_poll_round(s, &a->answer, &before);
    claim_are_foreign(s, s->poll.foreign);
    if (a->answer.xid == s->poll.xid) {
        s->heard_zxid[m->from] = a->self_zxid;
        s->heard_to_look |= (uint32_t)a->looks << m->from;
    }
    if (poll_heard_all(&s->poll) || poll_is_won(&s->poll))
        poll_is_over(s);
}

void
election_datagram(struct server *s, const struct msg *m)
{
    if (m->kind == MSG_POLL_ANSWER) {
        poll_answered(s, m);
    } else if (s->role >= ROLE_LOOK && !s->is_observer) {
        struct msg *answer = msg_take(MSG_POLL_ANSWER);

        answer->from = m->to;
        answer->to = m->from;
        answer->poll = (struct msg_poll){
            .answer = poll_answer_of(s, m->poll.answer.xid),
            .self_zxid = candidacy_of(s),
            .looks = s->role == ROLE_LOOK,
        };
        wire_datagram(answer);
    }
}

/* --- events -------------------------------------------------------------- */

static void
reach_changed(struct server *s)
{
    struct elect_out out = {0};

    elect_reach(&s->elect, reachable(s), &out);
    perform(s, &out);
}

void
election_start(struct server *s)
{
    elect_init(&s->elect, &sim.quorum, s->sid, 2000);
    memset(s->mesh, 0, sizeof s->mesh);
    memset(s->has_told, 0, sizeof s->has_told);
    memset(s->is_silent, 0, sizeof s->is_silent);
    s->has_outcome = false;
    reach_changed(s);
}

void
election_look(struct server *s)
{
    struct elect_out out = {0};

    if (sim.plan.polls) {
        poll_init(&s->poll, &sim.quorum, s->sid, candidacy_of(s));
        poll_ask_all(s);
        return;
    }
    elect_know(&s->elect, ensemble_of(s));
    elect_look(&s->elect, zxid_to_look_with(s), s->current, &out);
    perform(s, &out);
}

void
election_alarm(struct server *s)
{
    struct elect_out out = {0};

    elect_alarm(&s->elect, &out);
    perform(s, &out);
}

void
election_established(struct server *s, int64_t epoch)
{
    s->outcome.epoch = epoch;
    if (!sim.plan.polls)
        elect_established(&s->elect, epoch);
}

void
election_over(struct server *s)
{
    if (!sim.plan.polls && s->elect.state == ELECT_DECIDED)
        elect_over(&s->elect);
}

/* What was decided stands; a look that goes on begins again. */
void
election_dies(struct server *s)
{
    struct vote outcome = s->outcome;
    bool has_outcome = s->has_outcome;

    if (s->role < ROLE_DRAINING || sim.plan.polls || is_frozen(s))
        return;
    for (uint32_t i = 0; i < sim.servers; i++)
        if (s->mesh[i])
            wire_close(s->mesh[i], s->node);
    election_start(s);
    s->alarm++;
    if (has_outcome)
        elect_restore(&s->elect, &outcome);
    s->outcome = outcome;
    s->has_outcome = has_outcome;
    if (s->role <= ROLE_LOOK)
        election_over(s);
    if (s->role == ROLE_LOOK)
        election_look(s);
}

static const char *
peer_state_name(enum server_state state)
{
    static const char *const name[] = {"looking", "following", "leading",
                                       "observing"};

    return name[state];
}

static void
hear(struct server *s, int from, const struct msg_note *note)
{
    struct elect_out out = {0};
    struct vote v = note->vote;

    v.from = sim.server[from].sid;
    v.version = 2;
    TRACE("server %d: hears that %d, %s, is for %lld: epoch %lld, zxid %llx, "
          "round %lld",
          s->node, from, peer_state_name(v.state), (long long)v.leader,
          (long long)v.epoch, (unsigned long long)v.zxid, (long long)v.round);
    if (v.state == SERVER_LOOKING && v.round >= s->elect.round) {
        s->heard_epoch[from] = note->self_epoch;
        s->heard_zxid[from] = note->self_zxid;
    }
    elect_know(&s->elect, ensemble_of(s));
    elect_hear(&s->elect, &v, &out);
    claim_are_foreign(s, s->elect.foreign);
    perform(s, &out);
}

/* A smaller sid is called back; a larger one's connection replaces ours. */
static void
mesh_hello(struct server *s, struct conn *c, int from)
{
    if (s->mesh[from] && s->mesh[from] != c)
        wire_close(s->mesh[from], s->node);
    s->mesh[from] = NULL;
    if (sim.server[from].sid < s->sid) {
        wire_close(c, s->node);
        s->mesh[from] = wire_dial(s->node, from, PORT_ELECTION);
    } else {
        s->mesh[from] = c;
        s->is_silent[from] = false;
        if (s->has_told[from])
            mesh_send(s, from);
    }
    reach_changed(s);
}

void
election_receives(struct server *s, struct conn *c, const struct msg *m)
{
    int from = c->node[c->node[0] == s->node];

    switch (m->kind) {
    case MSG_HELLO:
        mesh_hello(s, c, from);
        break;
    case MSG_UP:
        if (s->mesh[from] != c)
            break;
        s->is_silent[from] = false;
        if (s->has_told[from])
            mesh_send(s, from);
        reach_changed(s);
        break;
    case MSG_REFUSED:
    case MSG_END:
        wire_close(c, s->node);
        if (s->mesh[from] != c)
            break;
        s->mesh[from] = NULL;
        s->is_silent[from] = true;
        reach_changed(s);
        break;
    case MSG_NOTE:
        hear(s, from, &m->note);
        break;
    default:
        break;
    }
}
