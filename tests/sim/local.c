/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.c - sessions that only one server knows: as net/repl/repl_local.c,
 * over the real net/prep/local.c.
 *
 * No transaction opens or ends them.  Where sessions are upgraded, one that is
 * to own an ephemeral becomes global: its createSession goes before the write.
 */
#include "tests/sim/local.h"

#include <sys/mman.h>

#include "net/prep/local.h"

#include "tests/sim/attach.h"
#include "tests/sim/hold.h"
#include "tests/sim/lead.h"
#include "tests/sim/learn.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

void
local_begins(struct server *s)
{
    if (!s->local_memory)
        s->local_memory =
            mmap(NULL, session_table_bytes(), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    check(s->local_memory != MAP_FAILED);
    local_init(&s->local, s->local_memory, sim.plan.tick_ms, server_now(s));
}

struct session *
local_of(const struct server *s, session_id_t id)
{
    return id == 0 ? NULL : local_find(&s->local, id);
}

static struct origin
origin_of(const struct server *s, const struct attached *a)
{
    return (struct origin){.worker = (uint16_t)(a - s->client),
                           .conn = a->conn->number};
}

static void
connected(struct server *s, struct attached *a)
{
    attach_connected(s, a);
    a->is_local = true;
}

void
local_opens(struct server *s, struct attached *a)
{
    struct origin o = origin_of(s, a);

    a->session = attach_session_id(s);
    check(local_open(&s->local, a->session, a->timeout_ms, &o, server_now(s)));
    connected(s, a);
}

void
local_comes_back(struct server *s, struct attached *a, struct session *own)
{
    struct origin o = origin_of(s, a);

    local_resume(&s->local, own, a->timeout_ms, &o, server_now(s));
    connected(s, a);
}

void
local_closes(struct server *s, struct attached *a)
{
    struct session *own = local_of(s, a->session);

    if (own && !own->is_closing)
        local_end(&s->local, own);
}

void
local_touches(struct server *s, session_id_t session)
{
    struct session *own = local_of(s, session);

    if (own)
        expiry_touch(&s->local.expiry, own, server_now(s));
}

/* --- becoming global ----------------------------------------------------- */

static enum asked
ask(struct server *s, const struct req *open, const struct origin *o)
{
    uint8_t body[4];
    struct bytes b = {body, sizeof body};
    struct origin own = {.worker = OWN_CLIENTS, .life = o->conn};

    store_be32(body, (uint32_t)open->timeout_ms);
    if (s->role == ROLE_LEAD)
        return lead_request(s, &own, ZK_OP_CREATE_SESSION, open->session, 0, b);
    learn_request(s, ZK_OP_CREATE_SESSION, open->session, 0, b);
    hold_keep(s, open, BYTES_NULL, o->worker, open->session);
    return ASK_DONE;
}

enum asked
local_upgrades(struct server *s, const struct attached *a, int32_t op,
               struct bytes body)
{
    struct session *own = local_of(s, a->session);
    struct origin o = origin_of(s, a);
    struct req open = {.kind = REQ_SESSION_OPEN,
                       .conn = o.conn,
                       .session = a->session,
                       .op = ZK_OP_CREATE_SESSION};
    enum asked asked;

    if (!own || own->is_closing || !sim.plan.upgrades ||
        !prep_makes_ephemeral(op, body))
        return ASK_DONE;
    open.timeout_ms = own->timeout_ms;
    asked = ask(s, &open, &o);
    if (asked != ASK_DONE)
        return asked;
    TRACE("server %d: session %llx becomes global", s->node,
          (unsigned long long)own->id);
    own->is_closing = 1;
    return ASK_DONE;
}

bool
local_upgrades_again(struct server *s, const struct req *req,
                     const struct origin *o)
{
    struct session *own = local_of(s, req->session);

    if (hold_has_left(s, req->session))
        return true; /* it has ended meanwhile */
    if (ask(s, req, o) == ASK_WAITS)
        return false;
    if (own)
        own->is_closing = 1;
    return true;
}

void
local_applied(struct server *s, session_id_t session)
{
    struct session *own = local_of(s, session);
    struct session *global = session_find(s->sessions, session);

    if (own && global)
        global->has_left = own->has_left;
    if (own)
        local_end(&s->local, own);
}

/* --- their ends ---------------------------------------------------------- */

void
local_stays(struct server *s)
{
    local_stay(&s->local);
}

void
local_is_over(struct server *s)
{
    local_clear(&s->local, server_now(s));
}

static mono_ms_t
heard(void *arg, uint32_t slot, mono_ms_t now)
{
    (void)arg, (void)slot, (void)now;
    return 0; /* touches go into the wheel as they come */
}

void
local_tick(struct server *s)
{
    struct session *gone;

    while ((gone = local_expired(&s->local, server_now(s), heard, s)) != NULL) {
        struct origin o = session_owner(gone);
        struct attached *a = attach_asker(s, &o);

        TRACE("server %d: session %llx expires, local", s->node,
              (unsigned long long)gone->id);
        local_end(&s->local, gone);
        if (a)
            attach_drop(s, a);
    }
}
