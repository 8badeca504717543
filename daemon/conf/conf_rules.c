/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_rules.c - what the keys of one file mean together; see conf_load.h.
 *
 * First the derived values are resolved, then each rule looks at the result,
 * also after errors: an operator wants to hear of all at once.
 * The texts in ZooKeeper's words are those that operators search for.
 * Facts: spec/operations.md 2, table of cross-key validation.
 */
#include "daemon/conf/conf_load.h"

#include <inttypes.h>

#include "daemon/conf/conf_machine.h"
#include "daemon/shm.h"

/*
 * An entry of the transaction ring takes up to RING_HOLDS times the request, a
 * page with each, and has 32 bits for its size.
 */
enum { REQUEST_MAX = (1 << 29) - SHM_PAGE };

_Static_assert((uint64_t)RING_HOLDS *(REQUEST_MAX + SHM_PAGE) <= UINT64_C(1)
                                                                     << 32,
               "the longest entry has a size");

/* As much as is meant by "as much as you like". */
static void
bound_request(struct conf_loading *l)
{
    if (l->conf.jute_maxbuffer <= REQUEST_MAX)
        return;
    conf_tell_key(l, CONF_WARNING, "jute.maxbuffer",
                  "is more than a request can have; %d is taken", REQUEST_MAX);
    l->conf.jute_maxbuffer = REQUEST_MAX;
}

/* ZK: tickTime * 2 and * 20; the row bounds the tick, so nothing overflows. */
static void
resolve_sessions(struct conf *c)
{
    if (c->min_session_timeout_ms < 0)
        c->min_session_timeout_ms = 2 * c->tick_time_ms;
    if (c->max_session_timeout_ms < 0)
        c->max_session_timeout_ms = 20 * c->tick_time_ms;
}

/* As large as they will be: requests may need more than was asked for. */
static int64_t
bytes_of_rings(const struct conf *c)
{
    return (int64_t)(shm_ring_bytes(c) +
                     (uint64_t)c->client_processes * shm_request_ring_bytes(c));
}

static void
resolve_machine(struct conf *c)
{
    if (c->client_processes == 0) {
        c->client_processes = conf_machine_cores();
        if (c->client_processes > CONF_CLIENTS_MAX)
            c->client_processes = CONF_CLIENTS_MAX;
    }
    if (c->memory_limit == 0)
        c->memory_limit =
            conf_memory_beside(conf_machine_memory(), bytes_of_rings(c));
}

/*
 * Alone, what all have read is of no use, and a ring that stays in the
 * processor's cache is worth more than a long one.  In an ensemble learners are
 * served from it, and it holds what they cannot apply yet.
 */
static void
resolve_rings(struct conf *c)
{
    if (c->ring_bytes == 0)
        c->ring_bytes = c->member_count > 0 ? 64 << 20 : 16 << 20;
    c->ring_bytes = (int64_t)power_of_two_from((uint64_t)c->ring_bytes);
    c->request_ring_bytes =
        (int64_t)power_of_two_from((uint64_t)c->request_ring_bytes);
}

/* What follows it begins with a slash, which it may have as well. */
static void
resolve_commands(struct conf *c)
{
    size_t n = strlen(c->admin_command_url);

    while (n > 0 && c->admin_command_url[n - 1] == '/')
        c->admin_command_url[--n] = '\0';
}

static void
resolve(struct conf *c)
{
    resolve_sessions(c);
    resolve_rings(c);
    resolve_machine(c);
    resolve_commands(c);
    if (!*c->data_log_dir)
        memcpy(c->data_log_dir, c->data_dir, sizeof c->data_log_dir);
    if (c->listen_backlog < 0)
        c->listen_backlog = 4096;
    if (c->jute_maxbuffer_extra < 0)
        c->jute_maxbuffer_extra = c->jute_maxbuffer;
    if (c->readonly_mode)
        c->four_letter_words |= 1U << CONF_WORD_ISRO;
}

static void
rule_data(struct conf_loading *l)
{
    const struct conf *c = &l->conf;

    if (!*c->data_dir && !conf_line_of(c, "dataDir"))
        conf_tell_key(l, CONF_ERROR, "dataDir", "dataDir is not set");
    else if (!l->is_embedded && *c->data_dir && *c->data_dir != '/')
        conf_tell_key(
            l, CONF_WARNING, "dataDir",
            "is relative to the folder that the server is started in");
    if (!l->is_embedded && *c->data_log_dir && *c->data_log_dir != '/' &&
        conf_line_of(c, "dataLogDir"))
        conf_tell_key(
            l, CONF_WARNING, "dataLogDir",
            "is relative to the folder that the server is started in");
    if (!c->force_sync)
        conf_tell_key(l, CONF_WARNING, "forceSync",
                      "WRITES ARE ACKNOWLEDGED BEFORE THEY ARE ON DISK: "
                      "a power cut loses them");
}

static void
rule_sessions(struct conf_loading *l)
{
    const struct conf *c = &l->conf;

    if (c->min_session_timeout_ms > c->max_session_timeout_ms)
        conf_tell_key(
            l, CONF_ERROR,
            conf_line_of(c, "minSessionTimeout") ? "minSessionTimeout"
                                                 : "maxSessionTimeout",
            "minSessionTimeout must not be larger than maxSessionTimeout "
            "(%d and %d ms)",
            c->min_session_timeout_ms, c->max_session_timeout_ms);
    else if (c->max_session_timeout_ms == 0)
        conf_tell_key(l, CONF_ERROR, "maxSessionTimeout",
                      "gives every session a timeout of 0, which tells its "
                      "client that there is none; allowed: 1 ms at least");
}

/* An empty tree takes some 300 KB; 0 is resolved by now. */
static void
rule_memory(struct conf_loading *l)
{
    if (l->conf.memory_limit < 1 << 20)
        conf_tell_key(l, CONF_ERROR, "memory.limit",
                      "leaves an empty tree no room for a node; allowed: 1M at "
                      "least, or 0");
}

static void
rule_ports(struct conf_loading *l)
{
    const struct conf *c = &l->conf;

    if (c->client_port == 0 && !conf_line_of(c, "clientPort") &&
        conf_line_of(c, "clientPortAddress"))
        conf_tell_key(l, CONF_ERROR, "clientPortAddress",
                      "clientPortAddress is set but clientPort is not set");
    else if (c->client_port == 0 && !conf_line_of(c, "clientPort"))
        conf_tell_key(l, CONF_ERROR, "clientPort",
                      "clientPort is not set: no client could connect");
    if (c->admin_enabled && c->admin_port == c->client_port)
        conf_tell_key(l, CONF_ERROR, "admin.serverPort",
                      "is clientPort as well");
}

static void
rule_admin(struct conf_loading *l)
{
    const struct conf *c = &l->conf;

    /* An empty one is 127.0.0.1: net/admin/admin_main.c. */
    if (c->admin_enabled && *c->admin_address &&
        !conf_is_loopback(c->admin_address))
        conf_tell_key(
            l, CONF_WARNING, "admin.serverAddress",
            "opens the HTTP server, which asks for no password, to others "
            "than this machine");
    if (c->admin_enabled && *c->admin_command_url &&
        *c->admin_command_url != '/')
        conf_tell_key(l, CONF_ERROR, "admin.commandURL",
                      "is no path: no request could name it; allowed: what "
                      "begins with a slash");
}

/* Ours: who needs more than there ever is would wait for ever. */
static void
rule_bucket(struct conf_loading *l)
{
    const struct conf *c = &l->conf;
    int64_t most = (int64_t)c->connect_tokens * c->connect_weight_global;

    if (c->connect_fill_count == 0)
        conf_tell_key(l, CONF_ERROR, "connection_throttle_fill_count",
                      "never fills the bucket again, and nobody could connect "
                      "behind the first %d; allowed: 1 at least",
                      c->connect_tokens);
    if (c->connect_weight_enabled && c->connect_weight_renew > most)
        conf_tell_key(l, CONF_ERROR, "connection_throttle_renew_session_weight",
                      "is more than there ever are, so that no session could "
                      "come back; allowed: connection_throttle_tokens times "
                      "that of a new session (%" PRId64 ") at most",
                      most);
}

/* ZK: ConnectThrottle's weights must be ordered or the start fails. */
static void
rule_throttle(struct conf_loading *l)
{
    const struct conf *c = &l->conf;

    if (c->connect_tokens > 0)
        rule_bucket(l);
    if (!c->connect_weight_enabled)
        return;
    if (c->connect_weight_local > c->connect_weight_renew)
        conf_tell_key(
            l, CONF_ERROR, "connection_throttle_local_session_weight",
            "must not be larger than the weight of a renewed session (%d)",
            c->connect_weight_renew);
    if (c->connect_weight_local > c->connect_weight_global)
        conf_tell_key(
            l, CONF_ERROR, "connection_throttle_local_session_weight",
            "must not be larger than the weight of a global session (%d)",
            c->connect_weight_global);
}

static void
rule_acl(struct conf_loading *l)
{
    const struct conf *c = &l->conf;

    if (c->skip_acl)
        conf_tell_key(l, CONF_WARNING, "skipACL",
                      "ACLS ARE NOT CHECKED: everybody may do everything");
    if (*c->super_digest && !strchr(c->super_digest, ':'))
        conf_tell_key(l, CONF_WARNING,
                      "DigestAuthenticationProvider.superDigest",
                      "is not user:digest, so nobody can be this user");
}

/* ZK: AuthenticationHelper ends the server when a scheme is not there. */
static void
rule_enforced_auth(struct conf_loading *l)
{
    static const char schemes[] = "enforce.auth.schemes";
    struct conf *c = &l->conf;

    if (!c->enforce_auth)
        c->enforce_auth_schemes = 0;
    else if (c->enforce_auth_schemes == 0)
        conf_tell_key(l, CONF_ERROR, schemes,
                      "is empty although enforce.auth.enabled is true; "
                      "allowed: a comma list of digest and ip");
    else if (c->enforce_auth_schemes & CONF_SCHEME_UNKNOWN)
        conf_tell_key(
            l, CONF_ERROR, schemes,
            "names a scheme that this zabd does not have; it has digest "
            "and ip");
    else if (c->enforce_auth_schemes & CONF_SCHEME_DIGEST &&
             !c->digest_auth_enabled)
        conf_tell_key(
            l, CONF_ERROR, schemes,
            "names digest, which DigestAuthenticationProvider.enabled "
            "turns off");
}

void
conf_rules(struct conf_loading *l)
{
    conf_ensemble(l);
    bound_request(l);
    resolve(&l->conf);
    rule_data(l);
    rule_sessions(l);
    rule_memory(l);
    rule_ports(l);
    rule_admin(l);
    rule_throttle(l);
    rule_acl(l);
    rule_enforced_auth(l);
}
