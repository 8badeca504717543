/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_ensemble.c - what the server lines of one file mean together.
 *
 * Several voters are an ensemble, and then the limits, the file myid and the
 * groups must be right; one voter is a server of its own, which is told.
 * Errors are collected: an operator wants to hear of all at once.  The texts
 * in ZooKeeper's words are those that operators search for.
 * Facts: spec/operations.md 2 and 4; ZK: QuorumPeerConfig, QuorumHierarchical
 */
#include "daemon/conf_load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* All server lines, groups and weights stand in the dynamic file, if any. */
#define tell_line(l, severity, kind, number, line, ...)                        \
    do {                                                                       \
        const char *file_ = (l)->file;                                         \
        char key_[CONF_KEY_MAX];                                               \
                                                                               \
        if (*(l)->dynamic_path)                                                \
            (l)->file = (l)->dynamic_path;                                     \
        snprintf(key_, sizeof key_, kind ".%" PRId64, (int64_t)(number));      \
        conf_tell(l, severity, key_, line, __VA_ARGS__);                       \
        (l)->file = file_;                                                     \
    } while (0)

#define tell_member(l, severity, m, ...)                                       \
    tell_line(l, severity, "server", (m)->sid, (m)->line, __VA_ARGS__)

static uint32_t
count_voters(const struct conf_loading *l)
{
    uint32_t voters = 0;

    for (uint32_t i = 0; i < l->member_count; i++)
        voters += !l->member[i].is_observer;
    return voters;
}

static struct conf_member *
member_find(struct conf_loading *l, sid_t sid)
{
    for (uint32_t i = 0; i < l->member_count; i++)
        if (l->member[i].sid == sid)
            return &l->member[i];
    return NULL;
}

static int
by_sid(const void *a, const void *b)
{
    const struct conf_member *x = a, *y = b;

    return (x->sid > y->sid) - (x->sid < y->sid);
}

/* Our own line may say where clients connect. */
static void
take_client_address(struct conf_loading *l, const struct conf_member *m)
{
    struct conf *c = &l->conf;

    if (m->is_secure)
        tell_member(l, CONF_ERROR, m,
                    "asks for a secure client port, and this zabd has no "
                    "TLS yet");
    if (m->client_port == 0)
        return;
    if (c->client_port != 0 && c->client_port != m->client_port)
        tell_member(l, CONF_ERROR, m,
                    "names another client port than clientPort does");
    c->client_port = m->client_port;
    if (*m->client_host)
        memcpy(c->client_address, m->client_host, sizeof c->client_address);
}

static void
rule_limits(struct conf_loading *l)
{
    if (l->conf.init_limit_ticks == 0)
        conf_tell(l, CONF_ERROR, "initLimit", conf_line_of(l, "initLimit"),
                  "initLimit is not set; an ensemble needs it, in ticks");
    if (l->conf.sync_limit_ticks == 0)
        conf_tell(l, CONF_ERROR, "syncLimit", conf_line_of(l, "syncLimit"),
                  "syncLimit is not set; an ensemble needs it, in ticks");
}

/* ZK: the number is the highest byte of every session id. */
static void
rule_numbers(struct conf_loading *l)
{
    sid_t max = l->conf.extended_types ? CONF_SID_MAX - 1 : CONF_SID_MAX;

    for (uint32_t i = 0; i < l->member_count; i++)
        if (l->member[i].sid > max)
            tell_member(l, CONF_ERROR, &l->member[i],
                        "the server's number is out of range; allowed: 0 to "
                        "%" PRId64 "%s",
                        max,
                        l->conf.extended_types ? " with extendedTypesEnabled"
                                               : "");
}

static void
rule_size(struct conf_loading *l, uint32_t voters)
{
    const struct conf_member *last = &l->member[l->member_count - 1];

    if (voters <= 2)
        tell_member(l, CONF_WARNING, last,
                    "No server failure will be tolerated. You need at least "
                    "3 servers.");
    else if (voters % 2 == 0)
        tell_member(l, CONF_WARNING, last,
                    "Non-optimal configuration, consider an odd number of "
                    "servers.");
}

/* The port of `b` that `port` of a server at `host` meets, or 0. */
static int32_t
meets(const struct conf_member *b, const char *host, int32_t port)
{
    struct conf_address a;

    if (port == 0)
        return 0;
    for (uint32_t i = 0; conf_member_address(b, i, &a); i++)
        if (strcmp(a.host, host) == 0 &&
            (port == a.quorum_port || port == a.election_port ||
             port == b->client_port))
            return port;
    return 0;
}

static void
rule_ports_of(struct conf_loading *l, const struct conf_member *m)
{
    struct conf_address a;

    for (uint32_t i = 0; conf_member_address(m, i, &a); i++) {
        if (a.quorum_port == a.election_port)
            tell_member(l, CONF_ERROR, m,
                        "quorum and election port are the same, %" PRId32,
                        a.quorum_port);
        if (m->client_port != 0 && (m->client_port == a.quorum_port ||
                                    m->client_port == a.election_port))
            tell_member(l, CONF_ERROR, m,
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
        port = meets(other, a.host, a.quorum_port);
        port = port ? port : meets(other, a.host, a.election_port);
        port = port ? port : meets(other, a.host, m->client_port);
    }
    return port;
}

static void
rule_ports(struct conf_loading *l)
{
    for (uint32_t i = 0; i < l->member_count; i++) {
        const struct conf_member *m = &l->member[i];

        rule_ports_of(l, m);
        for (uint32_t j = 0; j < i; j++) {
            const struct conf_member *other = &l->member[j];
            int32_t port = common_port(m, other);

            if (port)
                tell_member(l, CONF_ERROR, m,
                            "has the port %" PRId32 " of server.%" PRId64
                            " on the same host",
                            port, other->sid);
        }
    }
}

static void
assign_group(struct conf_loading *l, const struct conf_group *g, sid_t sid)
{
    struct conf_member *m = member_find(l, sid);

    if (!m)
        tell_line(l, CONF_ERROR, "group", g->number, g->line,
                  "names %" PRId64 ", and there is no server.%" PRId64, sid,
                  sid);
    else if (m->is_observer)
        tell_line(l, CONF_ERROR, "group", g->number, g->line,
                  "names %" PRId64 ", an observer, which has no vote", sid);
    else if (m->group != 0)
        tell_line(l, CONF_ERROR, "group", g->number, g->line,
                  "names %" PRId64 ", which is in group.%" PRId32 " already",
                  sid, m->group);
    else
        m->group = g->number;
}

static void
assign_weights(struct conf_loading *l)
{
    for (uint32_t i = 0; i < l->member_count; i++)
        l->member[i].weight = 1;
    for (uint32_t i = 0; i < l->weight_count; i++) {
        const struct conf_weight *w = &l->weight[i];
        struct conf_member *m = member_find(l, w->sid);

        if (m)
            m->weight = w->weight;
        else
            tell_line(l, CONF_ERROR, "weight", w->sid, w->line,
                      "there is no server.%" PRId64, w->sid);
    }
}

static int64_t
weight_of_all(const struct conf_loading *l)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < l->member_count; i++)
        if (!l->member[i].is_observer)
            sum += l->member[i].weight;
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
    for (uint32_t i = 0; i < l->member_count; i++)
        if (!l->member[i].is_observer && l->member[i].group == 0)
            tell_member(l, CONF_ERROR, &l->member[i],
                        "is in no group; with group or weight keys every "
                        "voter must be in exactly one");
    if (weight_of_all(l) == 0)
        tell_line(l, CONF_ERROR, "weight", l->weight[0].sid, l->weight[0].line,
                  "no voter has any weight: there could be no quorum");
}

static bool
is_any_multihome(const struct conf_loading *l)
{
    for (uint32_t i = 0; i < l->member_count; i++)
        if (*l->member[i].more)
            return true;
    return false;
}

static void
rule_algorithm(struct conf_loading *l)
{
    uint32_t line = conf_line_of(l, "electionAlg");
    int32_t alg = l->conf.election_alg;

    if (alg != 3 && alg != 0)
        conf_tell(l, CONF_ERROR, "electionAlg", line,
                  "Invalid electionAlg value. Only 3 is supported, and 0 "
                  "between zabd servers.");
    else if (alg == 0 && is_grouped(l))
        conf_tell(l, CONF_ERROR, "electionAlg", line,
                  "the polling election knows no groups and no weights; "
                  "allowed: 3");
    else if (alg == 0 && is_any_multihome(l))
        conf_tell(l, CONF_ERROR, "electionAlg", line,
                  "the polling election knows one address of each server; "
                  "allowed: 3");
    else if (alg == 0)
        conf_tell(l, CONF_WARNING, "electionAlg", line,
                  "every server must have it: the polling election and the "
                  "fast one do not understand each other");
}

static void
rule_local_sessions(struct conf_loading *l)
{
    if (l->conf.local_sessions_upgrading && !l->conf.local_sessions)
        conf_tell(l, CONF_WARNING, "localSessionsUpgradingEnabled",
                  conf_line_of(l, "localSessionsUpgradingEnabled"),
                  "has no effect without localSessionsEnabled=true");
}

/* "1, 2, 3" */
static void
list_members(const struct conf_loading *l, char *text, size_t size)
{
    size_t n = 0;

    for (uint32_t i = 0; i < l->member_count && n < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%" PRId64, i ? ", " : "",
                              l->member[i].sid);
}

static void
tell_myid(struct conf_loading *l, const char *path, uint32_t line,
          const char *what, const char *value)
{
    struct conf_message m = {.severity = CONF_ERROR, .line = line};
    char members[CONF_TEXT_MAX - 64];

    list_members(l, members, sizeof members);
    snprintf(m.file, sizeof m.file, "%.250s", path);
    snprintf(m.text, sizeof m.text, what, value);
    snprintf(m.allowed, sizeof m.allowed, "this server's number, one of %s",
             members);
    conf_report_put(l->report, &m);
}

/* The first line of `text`, blanks around it dropped, as a number. */
static bool
myid_of(char *text, sid_t *sid)
{
    char *start = text + strspn(text, " \t"), *end;
    size_t n;

    start[strcspn(start, "\r\n")] = '\0';
    n = strlen(start);
    while (n > 0 && (start[n - 1] == ' ' || start[n - 1] == '\t'))
        start[--n] = '\0';
    memmove(text, start, n + 1);
    errno = 0;
    *sid = strtoll(text, &end, 10);
    return errno == 0 && n > 0 && *end == '\0' && *text >= '0' && *text <= '9';
}

/* Read <dataDir>/myid and find our own line; NULL after an error. */
static const struct conf_member *
find_self(struct conf_loading *l)
{
    const struct conf_member *self = NULL;
    char path[CONF_PATH_MAX + 8], *text = NULL;
    int32_t size = 0;
    int rc;

    snprintf(path, sizeof path, "%s/myid", l->conf.data_dir);
    rc = conf_slurp(path, &text, &size);
    if (rc == 0)
        text[size] = '\0';
    if (rc == -ENOENT)
        tell_myid(l, path, 0, "myid file is missing%s", "");
    else if (rc < 0)
        tell_myid(l, path, 0, "cannot be read: %.100s", strerror(-rc));
    else if (!myid_of(text, &l->conf.my_sid))
        tell_myid(l, path, 1, "serverid %.60s is not a number", text);
    else if (!(self = member_find(l, l->conf.my_sid)))
        tell_myid(l, path, 1, "My id %.60s not in the peer list", text);
    free(text);
    return self;
}

/* ZK: the server's line beats peerType, with a warning. */
static void
take_self(struct conf_loading *l, const struct conf_member *self)
{
    struct conf *c = &l->conf;
    bool wants_observer = c->peer_type == 1;

    c->is_observer = self->is_observer;
    take_client_address(l, self);
    if (wants_observer != self->is_observer && conf_line_of(l, "peerType"))
        conf_tell(l, CONF_WARNING, "peerType", conf_line_of(l, "peerType"),
                  "server.%" PRId64 " says %s, and that counts", self->sid,
                  self->is_observer ? "observer" : "participant");
    if (meets(self, self->host, c->client_port) &&
        self->client_port != c->client_port)
        tell_member(l, CONF_ERROR, self,
                    "has clientPort, %" PRId32 ", as a port for servers",
                    c->client_port);
}

static void
take_ensemble(struct conf_loading *l, uint32_t voters)
{
    const struct conf_member *self;
    struct conf *c = &l->conf;

    qsort(l->member, l->member_count, sizeof *l->member, by_sid);
    rule_limits(l);
    rule_numbers(l);
    rule_size(l, voters);
    rule_ports(l);
    rule_groups(l);
    rule_algorithm(l);
    rule_local_sessions(l);
    self = *c->data_dir ? find_self(l) : NULL;
    if (self)
        take_self(l, self);
    c->member_count = l->member_count;
    memcpy(c->member, l->member, l->member_count * sizeof *l->member);
}

/*
 * Serving alone although the file names more voters would give the ensemble
 * two histories: never done.  ZK: QuorumPeerConfig, a lone voter is
 * standalone unless standaloneEnabled is false.
 */
void
conf_ensemble(struct conf_loading *l)
{
    uint32_t voters = count_voters(l);
    bool may_be_alone = l->conf.standalone_enabled;

    if (l->member_count == 0 && may_be_alone)
        return;
    if (l->member_count == 0)
        conf_tell(l, CONF_ERROR, "standaloneEnabled",
                  conf_line_of(l, "standaloneEnabled"),
                  "standaloneEnabled = false then number of participants "
                  "should be >0");
    else if (voters == 0)
        tell_member(l, CONF_ERROR, &l->member[0],
                    "Observers w/o participants is an invalid configuration");
    else if (voters > 1 || !may_be_alone)
        take_ensemble(l, voters);
    else if (l->member_count > 1)
        tell_member(l, CONF_ERROR, &l->member[0],
                    "observers beside a single voter need "
                    "standaloneEnabled=false");
    else {
        tell_member(l, CONF_WARNING, &l->member[0],
                    "is the only voter: running in standalone mode");
        take_client_address(l, &l->member[0]);
    }
}

uint32_t
conf_voters(const struct conf *conf)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < conf->member_count; i++)
        n += !conf->member[i].is_observer;
    return n;
}
