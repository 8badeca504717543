/* SPDX-License-Identifier: Apache-2.0 */
/* local.c - see local.h.  Pure; the replication process. */
#include "net/prep/local.h"

#include "daemon/check.h"

void
local_init(struct local *l, void *memory, mono_ms_t tick, mono_ms_t now)
{
    l->sessions = session_table_init(memory, session_table_bytes());
    expiry_init(&l->expiry, l->sessions, tick, now);
}

void
local_clear(struct local *l, mono_ms_t now)
{
    mono_ms_t tick = l->expiry.tick;

    session_table_clear(l->sessions);
    expiry_init(&l->expiry, l->sessions, tick, now);
}

struct session *
local_open(struct local *l, session_id_t id, int32_t timeout_ms,
           const struct origin *o, mono_ms_t now)
{
    struct session *s;

    check(!session_find(l->sessions, id));
    s = session_take(l->sessions, id);
    if (!s)
        return NULL;
    s->is_alive = 1;
    local_resume(l, s, timeout_ms, o, now);
    return s;
}

struct session *
local_find(const struct local *l, session_id_t id)
{
    return session_find(l->sessions, id);
}

void
local_resume(struct local *l, struct session *s, int32_t timeout_ms,
             const struct origin *o, mono_ms_t now)
{
    s->timeout_ms = timeout_ms;
    session_set_owner(s, o);
    expiry_touch(&l->expiry, s, now);
}

void
local_end(struct local *l, struct session *s)
{
    expiry_remove(&l->expiry, s);
    session_give(l->sessions, s);
}

void
local_stay(struct local *l)
{
    uint32_t end = session_slot_end(l->sessions);

    for (uint32_t i = 0; i < end; i++)
        session_at(l->sessions, i)->is_closing = 0;
}

/* One that is becoming global is the leader's to end. */
struct session *
local_expired(struct local *l, mono_ms_t now, expiry_heard_fn *heard, void *arg)
{
    struct session *s;

    while ((s = expiry_next(&l->expiry, now, heard, arg)) != NULL) {
        if (!s->is_closing)
            return s;
        expiry_touch(&l->expiry, s, now);
    }
    return NULL;
}

void
local_retry(struct local *l, struct session *s, mono_ms_t now)
{
    expiry_touch(&l->expiry, s, now - s->timeout_ms);
}
