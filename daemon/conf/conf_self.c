/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_self.c - which server line is ours, and what it says of us.
 *
 * The file myid says which; it is read with the rest of the configuration.
 * Facts: spec/operations.md 2 and 4; ZK: QuorumPeerConfig.setupMyId
 */
#include "daemon/conf/conf_load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* "1, 2, 3" */
static void
list_members(const struct conf_loading *l, char *text, size_t size)
{
    size_t n = 0;

    for (uint32_t i = 0; i < l->conf.member_count && n < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%" PRId64, i ? ", " : "",
                              l->conf.member[i].sid);
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
    else if (!(self = conf_member_of(&l->conf, l->conf.my_sid)))
        tell_myid(l, path, 1, "My id %.60s not in the peer list", text);
    free(text);
    return self;
}

/* Our own line may say where clients connect. */
static void
take_client_address(struct conf_loading *l, const struct conf_member *m)
{
    struct conf *c = &l->conf;

    if (m->is_secure)
        conf_tell_member(l, CONF_ERROR, m,
                         "asks for a secure client port, and this zabd has no "
                         "TLS yet");
    if (m->client_port == 0)
        return;
    if (c->client_port != 0 && c->client_port != m->client_port)
        conf_tell_member(l, CONF_ERROR, m,
                         "names another client port than clientPort does");
    c->client_port = m->client_port;
    if (*m->client_host)
        memcpy(c->client_address, m->client_host, sizeof c->client_address);
}

static bool
is_election_port(const struct conf_member *m, int32_t port)
{
    struct conf_address a;

    for (uint32_t i = 0; conf_member_address(m, i, &a); i++)
        if (a.election_port == port)
            return true;
    return false;
}

/*
 * Where a follower accepts observers.  Its quorum port is free as long as it
 * follows, and may be the same; client and election port are not free.
 */
static void
look_at_observer_master(struct conf_loading *l, const struct conf_member *self)
{
    int32_t port = l->conf.observer_master_port;

    if (port == 0 || self->is_observer)
        return;
    if (port == l->conf.client_port || is_election_port(self, port))
        conf_tell_key(
            l, CONF_WARNING, "observerMasterPort",
            "is taken, by clientPort or by the election: no observer can "
            "come there");
}

/* ZK: the server's line beats peerType, with a warning. */
static void
take_self(struct conf_loading *l, const struct conf_member *self)
{
    struct conf *c = &l->conf;
    bool wants_observer = c->peer_type == 1;

    c->is_observer = self->is_observer;
    take_client_address(l, self);
    if (wants_observer != self->is_observer && conf_line_of(c, "peerType"))
        conf_tell_key(l, CONF_WARNING, "peerType",
                      "server.%" PRId64 " says %s, and that counts", self->sid,
                      self->is_observer ? "observer" : "participant");
    if (conf_member_meets(self, self->host, c->client_port) &&
        self->client_port != c->client_port)
        conf_tell_member(l, CONF_ERROR, self,
                         "has clientPort, %" PRId32 ", as a port for servers",
                         c->client_port);
    look_at_observer_master(l, self);
}

void
conf_self(struct conf_loading *l)
{
    const struct conf_member *self = *l->conf.data_dir ? find_self(l) : NULL;

    if (self)
        take_self(l, self);
}

void
conf_self_alone(struct conf_loading *l)
{
    take_client_address(l, &l->conf.member[0]);
}
