/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_auth.c - auth and sasl packets: who a connection is.
 *
 * Taken at once, before what was sent earlier is answered; only the reply
 * keeps its place.  Identities lie in the client itself until they outgrow
 * it, then in a buffer.  Facts: spec/client-protocol.md 6.6, 13.1.
 */
#include "net/client/client_request.h"

#include <inttypes.h>

#include "daemon/log.h"
#include "net/client/client_answer.h"
#include "net/client/client_table.h"

/*
 * Make room for more identities: in the client itself, then in a buffer.  With
 * the largest buffer it may still be too little; auth_add knows what it needs.
 */
static bool
grow_ids(struct client_proc *p, struct client *c, uint32_t more)
{
    size_t want = (size_t)c->ids.size + more;
    struct buf *b;

    if (want > AUTH_IDS_MAX)
        want = AUTH_IDS_MAX;
    if (want <= c->ids.room)
        return true;
    b = buf_take(&p->home.pool, want);
    if (!b)
        return false;
    memcpy(b->data, c->ids.data, c->ids.size);
    client_give_ids(p, c);
    c->ids.data = b->data;
    c->ids.room = (uint16_t)want;
    return true;
}

bool
client_on_auth(struct client_proc *p, struct client *c, const struct request *r)
{
    struct auth_request auth;
    struct queued q;
    enum zk_code err = ZK_AUTH_FAILED;

    if (!request_auth(r->body, &auth)) {
        log_warn_often("%s: an auth packet that cannot be read",
                       client_name(p, c));
        client_drop(p, c);
        return true;
    }
    if (grow_ids(p, c, auth_growth(auth.auth)))
        err = auth_add(&p->conf, auth.scheme, auth.auth, &c->ids);
    if (err != ZK_OK) {
        COUNT(p->own->stats.auth_failed, 1);
        log_warn_often("%s: authentication failed, session 0x%" PRIx64,
                       client_name(p, c), (uint64_t)c->session);
        return client_answer_last(p, c, r, 0, err);
    }
    q = client_queued_reply(p, r, 0, ZK_OK);
    return client_answer(p, c, &q);
}

bool
client_on_sasl(struct client_proc *p, struct client *c, const struct request *r)
{
    struct queued q = client_queued_reply(p, r, 0, ZK_OK);
    struct bytes token;

    if (!request_sasl(r->body, &token)) {
        log_warn_often("%s: a sasl packet that cannot be read",
                       client_name(p, c));
        client_drop(p, c);
        return true;
    }
    return client_answer(p, c, &q);
}
