/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_connect.c - from a ConnectRequest to a session.
 *
 * Refused here: a client that cannot be served now, has seen a later state, or
 * has a wrong password.  All others wait for replication's word, and with them
 * the requests that they sent right behind.
 *
 * Facts: spec/client-protocol.md 1.4 to 1.7.
 * ZK: ZooKeeperServer.processConnectRequest.
 * Ours: the password is checked first; a wrong one closes nobody else.
 */
#include "net/client/client_connect.h"

#include <inttypes.h>

#include "daemon/check.h"
#include "daemon/log.h"
#include "net/client/client_answer.h"
#include "net/client/client_ask.h"
#include "net/client/client_deliver.h"
#include "net/client/client_lease.h"
#include "net/client/client_session.h"
#include "net/client/client_table.h"
#include "net/wire/reply.h"

/* Write a ConnectResponse; session 0 refuses.  False: the client is gone. */
static bool
put_response(struct client_proc *p, struct client *c, session_id_t session,
             int32_t timeout_ms)
{
    struct jute_out out;

    if (!client_out(p, c, REPLY_CONNECT_BYTES, &out))
        return false;
    reply_put_connect(&out, session, timeout_ms, c->has_read_only,
                      p->is_read_only);
    conn_out_end(&c->conn, &out);
    return true;
}

void
client_refused(struct client_proc *p, struct client *c)
{
    if (put_response(p, c, 0, 0))
        client_count_sent(p, c);
    client_close(p, c);
}

void
client_accepted(struct client_proc *p, struct client *c, session_id_t session,
                uint32_t slot, int32_t timeout_ms)
{
    struct client *older = client_of_session(p, session);
    uint32_t asked_ms = c->since_ms;

    if (older && older != c)
        client_drop(p, older);
    client_bind_session(p, c, session, slot, timeout_ms);
    client_heard(p, c);
    if (!c->is_local)
        client_lease_begin(p, c);
    client_set_state(p, c, CLIENT_OPEN);
    if (!put_response(p, c, session, timeout_ms))
        return;
    client_count_reply(p, c, ZK_OP_CREATE_SESSION, p->zxid, asked_ms);
    client_list_add(p, &p->todo, c); /* reads on what was sent behind */
}

static int32_t
clamp(const struct client_proc *p, int32_t timeout_ms)
{
    if (timeout_ms < p->conf.min_session_timeout_ms)
        return p->conf.min_session_timeout_ms;
    if (timeout_ms > p->conf.max_session_timeout_ms)
        return p->conf.max_session_timeout_ms;
    return timeout_ms;
}

static bool
password_fits(const struct connect_request *r)
{
    uint8_t password[ZK_PASSWORD_BYTES];

    session_password(r->session, password);
    return r->password.size == ZK_PASSWORD_BYTES &&
           memcmp(r->password.data, password, sizeof password) == 0;
}

/* There is room in the request ring. */
static void
ask(struct client_proc *p, struct client *c, const struct connect_request *r)
{
    check(client_ask_session(p, c, r->session, clamp(p, r->timeout_ms)));
    c->has_read_only = r->has_read_only;
    client_set_state(p, c, CLIENT_CONNECTING);
    conn_pause(&c->conn, CONN_PAUSE_WAITING);
}

/* Has it seen what this server has not?  We have caught up with that. */
static bool
is_ahead(struct client_proc *p, struct client *c,
         const struct connect_request *r)
{
    if (r->last_zxid > p->zxid)
        client_reach(p);
    if (r->last_zxid <= p->zxid)
        return false;
    log_info("Refusing session(0x%" PRIx64 ") request for client %s as it has "
             "seen zxid 0x%" PRIx64 " our last zxid is 0x%" PRIx64
             " client must try another server",
             (uint64_t)r->session, client_name(p, c), (uint64_t)r->last_zxid,
             (uint64_t)p->zxid);
    return true;
}

static enum connect_kind
kind_of(const struct client_proc *p, const struct connect_request *r)
{
    if (r->session != 0)
        return CONNECT_RENEW;
    return p->is_read_only ||
                   (p->conf.local_sessions && p->conf.member_count > 0)
               ? CONNECT_LOCAL
               : CONNECT_NEW;
}

/* Only a client that said so can make do with reads. */
static bool
wants_more(struct client_proc *p, struct client *c,
           const struct connect_request *r)
{
    if (!p->is_read_only || r->read_only)
        return false;
    log_info("Refusing session request for not-read-only client %s",
             client_name(p, c));
    return true;
}

static bool
take_token(struct client_proc *p, enum connect_kind kind)
{
    bool has = limits_connect(&p->tokens, &p->conf, p->shm->super->client_count,
                              kind, p->now_ms);

    p->own->stats.drop_ppm = (uint64_t)(p->tokens.drop * 1e6);
    return has;
}

static bool
is_anybody_welcome(struct client_proc *p)
{
    if (!client_is_serving(p))
        client_follow(p); /* it may serve since we last looked */
    return client_is_serving(p) && !p->shm->super->is_stopping;
}

static bool
may_connect(struct client_proc *p, struct client *c,
            const struct connect_request *r)
{
    if (!take_token(p, kind_of(p, r))) {
        log_warn_often("Refusing session request for client %s: the tokens of "
                       "connection_throttle_tokens are used up",
                       client_name(p, c));
        COUNT(p->own->stats.throttle_drops, 1);
        return false;
    }
    return !wants_more(p, c, r) && !is_ahead(p, c, r);
}

/*
 * It would be let go at once.  But it has been heard of, and so its session
 * goes on here as long as it tries, whoever will count it.
 */
static bool
is_unheard(struct client_proc *p, struct client *c,
           const struct connect_request *r)
{
    uint32_t slot;

    if (kind_of(p, r) == CONNECT_LOCAL ||
        !client_lease_is_over(p, clamp(p, r->timeout_ms)))
        return false;
    slot = client_find_slot(p, r->session);
    if (slot != UINT32_MAX)
        atomic_store(&p->heard[slot], shm_heard_at(p->now_ms));
    log_warn_often("Refusing session request for client %s: nobody is known "
                   "to have heard of our sessions for too long",
                   client_name(p, c));
    return true;
}

/* True: it gets no session here, and knows by now. */
static bool
is_turned_away(struct client_proc *p, struct client *c,
               const struct connect_request *r)
{
    if (!may_connect(p, c, r)) {
        client_drop(p, c);
        return true;
    }
    if (r->session != 0 && !password_fits(r)) {
        log_warn_often("%s: wrong password for session 0x%" PRIx64,
                       client_name(p, c), (uint64_t)r->session);
        c->has_read_only = r->has_read_only;
        client_refused(p, c);
        return true;
    }
    if (is_unheard(p, c, r)) {
        client_drop(p, c);
        return true;
    }
    return false;
}

bool
client_on_connect(struct client_proc *p, struct client *c, struct bytes frame)
{
    struct connect_request r;

    if (!request_connect(frame, &r)) {
        log_warn_often("%s: no ConnectRequest, but %d bytes of something else",
                       client_name(p, c), frame.size);
        client_drop(p, c);
        return true;
    }
    if (!is_anybody_welcome(p)) {
        client_drop(p, c);
        return true;
    }
    client_catch_up(p); /* any process may have shown it what is applied */
    if (!client_may_ask(p, 0, 0))
        return false; /* it comes again: a token is taken only once */
    if (is_turned_away(p, c, &r))
        return true;
    ask(p, c, &r);
    COUNT(p->own->stats.connection_requests, 1);
    COUNT(p->own->stats.revalidations, r.session != 0);
    COUNT(p->own->stats.received, 1);
    client_info(p, c)->received++;
    return true;
}
