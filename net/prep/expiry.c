/* SPDX-License-Identifier: Apache-2.0 */
/* expiry.c - see expiry.h.  Pure.  Links are slot + 1; 0 is the end. */
#include "net/prep/expiry.h"

#include "daemon/check.h"

#define AHEAD_MAX (UINT32_C(3) << 30)

static mono_ms_t
bucket_after(const struct expiry *e, mono_ms_t t)
{
    return (t / e->tick + 1) * e->tick;
}

/* A bucket's number, of which 32 bits are enough: see is_ahead. */
static uint32_t
number(const struct expiry *e, mono_ms_t bucket)
{
    return (uint32_t)(bucket / e->tick);
}

/*
 * Its turn is later.  A session's bucket is as far ahead as its timeout, which
 * is 2^31 ms at most, and as the wheel is late.  All others are near.
 */
static bool
is_ahead(uint32_t bucket, uint32_t due)
{
    uint32_t by = bucket - due;

    return by > 0 && by < AHEAD_MAX;
}

static uint32_t *
place(struct expiry *e, uint32_t bucket)
{
    return &e->wheel[bucket % EXPIRY_WHEEL];
}

void
expiry_init(struct expiry *e, struct session_table *sessions, mono_ms_t tick,
            mono_ms_t now)
{
    check(tick > 0);
    *e = (struct expiry){.sessions = sessions, .tick = tick};
    e->due = bucket_after(e, now);
}

static void
put(struct expiry *e, struct session *s, uint32_t bucket)
{
    uint32_t *head = place(e, bucket);
    uint32_t own = session_slot(e->sessions, s) + 1;

    s->has_bucket = 1;
    s->bucket = bucket;
    s->bucket_prev = 0;
    s->bucket_next = *head;
    if (*head)
        session_at(e->sessions, *head - 1)->bucket_prev = own;
    *head = own;
}

void
expiry_remove(struct expiry *e, struct session *s)
{
    uint32_t own;

    if (!s->has_bucket)
        return;
    own = session_slot(e->sessions, s) + 1;
    if (e->visiting == own)
        e->visiting = s->bucket_next;
    if (s->bucket_next)
        session_at(e->sessions, s->bucket_next - 1)->bucket_prev =
            s->bucket_prev;
    if (s->bucket_prev)
        session_at(e->sessions, s->bucket_prev - 1)->bucket_next =
            s->bucket_next;
    else
        *place(e, s->bucket) = s->bucket_next;
    s->has_bucket = 0;
    s->bucket_next = s->bucket_prev = 0;
}

void
expiry_touch(struct expiry *e, struct session *s, mono_ms_t now)
{
    mono_ms_t bucket = bucket_after(e, now + s->timeout_ms);

    if (bucket < e->due)
        bucket = e->due; /* the wheel has passed what was asked for */
    if (s->has_bucket && s->bucket == number(e, bucket))
        return;
    expiry_remove(e, s);
    put(e, s, number(e, bucket));
}

/* The session ends; or it was heard of, or its turn of the wheel is later. */
static bool
ends(struct expiry *e, struct session *s, mono_ms_t now, expiry_heard_fn *heard,
     void *arg)
{
    mono_ms_t last, bucket;

    if (is_ahead(s->bucket, number(e, e->due)))
        return false;
    last = heard(arg, session_slot(e->sessions, s), now);
    bucket = last > 0 ? bucket_after(e, last + s->timeout_ms) : 0;
    expiry_remove(e, s);
    if (bucket <= e->due)
        return true;
    put(e, s, number(e, bucket));
    return false;
}

struct session *
expiry_next(struct expiry *e, mono_ms_t now, expiry_heard_fn *heard, void *arg)
{
    while (e->due <= now) {
        if (e->visiting == 0)
            e->visiting = *place(e, number(e, e->due));
        while (e->visiting != 0) {
            struct session *s = session_at(e->sessions, e->visiting - 1);

            e->visiting = s->bucket_next;
            if (ends(e, s, now, heard, arg))
                return s;
        }
        e->due += e->tick;
    }
    return NULL;
}
