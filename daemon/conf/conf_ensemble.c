/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_ensemble.c - what the server lines of one file mean together.
 *
 * Several voters are an ensemble, and then the limits, the ports and the
 * groups must be right, and one line must be ours (conf_self.c); one voter is
 * a server of its own, with a warning.
 * Errors are collected: an operator wants to hear of all at once.  The texts
 * in ZooKeeper's words are those that operators search for.
 * Facts: spec/operations.md 2 and 4; ZK: QuorumPeerConfig, QuorumHierarchical
 */
#include "daemon/conf/conf_load.h"

#include <inttypes.h>
#include <stdlib.h>

/* Less is for tests; a zabd leader pings every 100 ms. */
enum { SYNC_MIN_MS = 500, SILENCE_MIN_MS = 200 };

uint32_t
conf_voters(const struct conf *conf)
{
    uint32_t voters = 0;

    for (uint32_t i = 0; i < conf->member_count; i++)
        voters += !conf->member[i].is_observer;
    return voters;
}

/* As conf_member_of, to be changed. */
static struct conf_member *
member_of(struct conf_loading *l, sid_t sid)
{
    const struct conf_member *m = conf_member_of(&l->conf, sid);

    return m ? &l->conf.member[m - l->conf.member] : NULL;
}

int32_t
conf_member_meets(const struct conf_member *m, const char *host, int32_t port)
{
    struct conf_address a;

    if (port == 0)
        return 0;
    for (uint32_t i = 0; conf_member_address(m, i, &a); i++)
        if (conf_is_same_host(a.host, host) &&
            (port == a.quorum_port || port == a.election_port ||
             port == m->client_port))
            return port;
    return 0;
}

static int
by_sid(const void *a, const void *b)
{
    const struct conf_member *x = a, *y = b;

    return (x->sid > y->sid) - (x->sid < y->sid);
}

static void
rule_limits(struct conf_loading *l)
{
    if (l->conf.init_limit_ticks == 0)
        conf_tell_key(l, CONF_ERROR, "initLimit",
                      "initLimit is not set; an ensemble needs it, in ticks");
    if (l->conf.sync_limit_ticks == 0)
        conf_tell_key(l, CONF_ERROR, "syncLimit",
                      "syncLimit is not set; an ensemble needs it, in ticks");
}

/* Ours.  Whoever is silent for so long is out, and a busy one may be. */
static void
rule_patience(struct conf_loading *l)
{
    const struct conf *c = &l->conf;
    int64_t sync_ms = (int64_t)c->tick_time_ms * c->sync_limit_ticks;

    if (sync_ms > 0 && sync_ms < SYNC_MIN_MS)
        conf_tell_key(
            l, CONF_WARNING, "syncLimit",
            "is %lld ms in all: a busy machine or disk may be silent for "
            "longer, and drops out each time; %d ms at least are "
            "advised",
            (long long)sync_ms, SYNC_MIN_MS);
    if (c->leader_silence_ms > 0 && c->leader_silence_ms < SILENCE_MIN_MS)
        conf_tell_key(l, CONF_WARNING, "leader.silence",
                      "is hardly longer than a leader rests between two pings: "
                      "one that is late is taken for dead; %d ms at least are "
                      "advised, or 0",
                      SILENCE_MIN_MS);
}

/* ZK: the number is the highest byte of every session id. */
static void
rule_numbers(struct conf_loading *l)
{
    sid_t max = l->conf.extended_types ? CONF_SID_MAX - 1 : CONF_SID_MAX;

    for (uint32_t i = 0; i < l->conf.member_count; i++)
        if (l->conf.member[i].sid > max)
            conf_tell_member(
                l, CONF_ERROR, &l->conf.member[i],
                "the server's number is out of range; allowed: 0 to "
                "%" PRId64 "%s",
                max,
                l->conf.extended_types ? " with extendedTypesEnabled" : "");
}

static void
rule_size(struct conf_loading *l, uint32_t voters)
{
    const struct conf_member *last = &l->conf.member[l->conf.member_count - 1];

    if (voters <= 2)
        conf_tell_member(
            l, CONF_WARNING, last,
            "No server failure will be tolerated. You need at least "
            "3 servers.");
    else if (voters % 2 == 0)
        conf_tell_member(l, CONF_WARNING, last,
                         "Non-optimal configuration, consider an odd number of "
                         "servers.");
}

static void
rule_ports_of(struct conf_loading *l, const struct conf_member *m)
{
    struct conf_address a;

    for (uint32_t i = 0; conf_member_address(m, i, &a); i++) {
        if (a.quorum_port == a.election_port)
            conf_tell_member(l, CONF_ERROR, m,
                             "quorum and election port are the same, %" PRId32,
                             a.quorum_port);
        if (m->client_port != 0 && (m->client_port == a.quorum_port ||
                                    m->client_port == a.election_port))
            conf_tell_member(l, CONF_ERROR, m,
                             "the client port %" PRId32
                             " is a port for servers as well",
                             m->client_port);
    }
}

/* A port that both have at the same host, or 0. */
static int32_t
common_port(const struct conf_member *m, const struct conf_member *other)
{
    struct conf_address a;
    int32_t port = 0;

    for (uint32_t i = 0; port == 0 && conf_member_address(m, i, &a); i++) {
        port = conf_member_meets(other, a.host, a.quorum_port);
        port = port ? port : conf_member_meets(other, a.host, a.election_port);
        port = port ? port : conf_member_meets(other, a.host, m->client_port);
    }
    return port;
}

static void
rule_ports(struct conf_loading *l)
{
    for (uint32_t i = 0; i < l->conf.member_count; i++) {
        const struct conf_member *m = &l->conf.member[i];

        rule_ports_of(l, m);
        for (uint32_t j = 0; j < i; j++) {
            const struct conf_member *other = &l->conf.member[j];
            int32_t port = common_port(m, other);

            if (port)
                conf_tell_member(l, CONF_ERROR, m,
                                 "has the port %" PRId32 " of server.%" PRId64
                                 " on the same host",
                                 port, other->sid);
        }
    }
}

/*
 * ZK: QuorumHierarchical.computeGroupWeight.  An observer's weight counts in
 * what its group is worth and never in a quorum; without any it is a number
 * in the list, and files of existing ensembles have such.
 */
static void
assign_group(struct conf_loading *l, const struct conf_group *g, sid_t sid)
{
    struct conf_member *m = member_of(l, sid);

    if (!m)
        conf_tell_line(l, CONF_ERROR, "group", g->number, g->line,
                       "names %" PRId64 ", and there is no server.%" PRId64,
                       sid, sid);
    else if (m->is_observer && m->weight != 0)
        conf_tell_line(l, CONF_ERROR, "group", g->number, g->line,
                       "names %" PRId64 ", an observer, which has no vote: "
                       "with weight.%" PRId64 "=0 only",
                       sid, sid);
    else if (m->group != 0)
        conf_tell_line(l, CONF_ERROR, "group", g->number, g->line,
                       "names %" PRId64 ", which is in group.%" PRId32
                       " already",
                       sid, m->group);
    else
        m->group = g->number;
}

static void
assign_weights(struct conf_loading *l)
{
    for (uint32_t i = 0; i < l->conf.member_count; i++)
        l->conf.member[i].weight = 1;
    for (uint32_t i = 0; i < l->weight_count; i++) {
        const struct conf_weight *w = &l->weight[i];
        struct conf_member *m = member_of(l, w->sid);

        if (m)
            m->weight = w->weight;
        else
            conf_tell_line(l, CONF_ERROR, "weight", w->sid, w->line,
                           "there is no server.%" PRId64, w->sid);
    }
}

static int64_t
weight_of_all(const struct conf_loading *l)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < l->conf.member_count; i++)
        if (!l->conf.member[i].is_observer)
            sum += l->conf.member[i].weight;
    return sum;
}

/* ZK: any group or weight makes the quorums hierarchical. */
static bool
is_grouped(const struct conf_loading *l)
{
    for (uint32_t g = 1; g <= CONF_GROUPS_MAX; g++)
        if (l->group[g].line != 0)
            return true;
    return l->weight_count > 0;
}

static void
rule_groups(struct conf_loading *l)
{
    assign_weights(l);
    for (uint32_t g = 1; g <= CONF_GROUPS_MAX; g++)
        for (uint32_t i = 0; i < l->group[g].count; i++)
            assign_group(l, &l->group[g], l->group[g].sid[i]);
    if (!is_grouped(l))
        return;
    for (uint32_t i = 0; i < l->conf.member_count; i++)
        if (!l->conf.member[i].is_observer && l->conf.member[i].group == 0)
            conf_tell_member(l, CONF_ERROR, &l->conf.member[i],
                             "is in no group; with group or weight keys every "
                             "voter must be in exactly one");
    if (weight_of_all(l) == 0)
        conf_tell_line(l, CONF_ERROR, "weight", l->weight[0].sid,
                       l->weight[0].line,
                       "no voter has any weight: there could be no quorum");
}

static bool
is_any_multihome(const struct conf_loading *l)
{
    for (uint32_t i = 0; i < l->conf.member_count; i++)
        if (*l->conf.member[i].more)
            return true;
    return false;
}

static void
rule_algorithm(struct conf_loading *l)
{
    int32_t alg = l->conf.election_alg;

    if (alg != 3 && alg != 0)
        conf_tell_key(l, CONF_ERROR, "electionAlg",
                      "Invalid electionAlg value. Only 3 is supported, and 0 "
                      "between zabd servers.");
    else if (alg == 0 && is_grouped(l))
        conf_tell_key(l, CONF_ERROR, "electionAlg",
                      "the polling election knows no groups and no weights; "
                      "allowed: 3");
    else if (alg == 0 && is_any_multihome(l))
        conf_tell_key(l, CONF_ERROR, "electionAlg",
                      "the polling election knows one address of each server; "
                      "allowed: 3");
    else if (alg == 0)
        conf_tell_key(l, CONF_WARNING, "electionAlg",
                      "every server must have it: the polling election and the "
                      "fast one do not understand each other");
}

static void
rule_local_sessions(struct conf_loading *l)
{
    if (l->conf.local_sessions_upgrading && !l->conf.local_sessions)
        conf_tell_key(l, CONF_WARNING, "localSessionsUpgradingEnabled",
                      "has no effect without localSessionsEnabled=true");
}

static void
take_ensemble(struct conf_loading *l, uint32_t voters)
{
    qsort(l->conf.member, l->conf.member_count, sizeof *l->conf.member, by_sid);
    rule_limits(l);
    rule_patience(l);
    rule_numbers(l);
    rule_size(l, voters);
    rule_ports(l);
    rule_groups(l);
    rule_algorithm(l);
    rule_local_sessions(l);
    conf_self(l);
}

/* The only line is ours, and says where clients connect. */
static void
take_alone(struct conf_loading *l)
{
    conf_tell_member(l, CONF_WARNING, &l->conf.member[0],
                     "is the only voter: running in standalone mode");
    conf_self_alone(l);
    memset(l->conf.member, 0, sizeof l->conf.member);
    l->conf.member_count = 0;
}

/*
 * Serving alone although the file names more voters would give the ensemble
 * two histories: never done.  ZK: QuorumPeerConfig, a lone voter is
 * standalone unless standaloneEnabled is false.
 */
void
conf_ensemble(struct conf_loading *l)
{
    uint32_t voters = conf_voters(&l->conf);
    bool may_be_alone = l->conf.standalone_enabled;

    if (l->conf.member_count == 0 && may_be_alone)
        return;
    if (l->conf.member_count == 0)
        conf_tell_key(l, CONF_ERROR, "standaloneEnabled",
                      "standaloneEnabled = false then number of participants "
                      "should be >0");
    else if (voters == 0)
        conf_tell_member(
            l, CONF_ERROR, &l->conf.member[0],
            "Observers w/o participants is an invalid configuration");
    else if (voters > 1 || !may_be_alone)
        take_ensemble(l, voters);
    else if (l->conf.member_count > 1)
        conf_tell_member(l, CONF_ERROR, &l->conf.member[0],
                         "observers beside a single voter need "
                         "standaloneEnabled=false");
    else
        take_alone(l);
}
