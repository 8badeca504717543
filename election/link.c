/* SPDX-License-Identifier: Apache-2.0 */
/* link.c - see link.h.  Pure; the election process. */
#include "election/link.h"

#include "daemon/check.h"

void
link_init(struct link *l, sid_t me, sid_t peer)
{
    check(me != peer);
    *l = (struct link){.me = me, .peer = peer};
}

bool
link_tell(struct link *l, const struct vote *note)
{
    l->note = *note;
    l->has_note = l->is_waiting = true;
    return l->state == LINK_DOWN;
}

void
link_dial(struct link *l)
{
    check(l->state == LINK_DOWN);
    l->state = LINK_DIALLING;
}

/*
 * The last note is told once more on every new connection: the one it was
 * sent on may have died with it.
 */
static void
come_up(struct link *l)
{
    l->state = LINK_UP;
    l->was_up = true;
    l->has_failed = false;
    l->is_waiting = l->has_note;
}

enum link_verdict
link_dialled(struct link *l)
{
    check(l->state == LINK_DIALLING);
    if (l->peer > l->me) {
        l->state = LINK_EXPECTED;
        l->has_failed = false;
        return LINK_CLOSE;
    }
    come_up(l);
    return LINK_KEEP;
}

/*
 * Of a smaller peer: its hello and our own connection may have crossed.  Then
 * it has ours by now, and to call it back would only break that; Apache does,
 * and connects again.
 */
enum link_verdict
link_met(struct link *l, bool is_fresh)
{
    if (l->peer > l->me) {
        come_up(l);
        return LINK_KEEP;
    }
    if (l->state == LINK_DIALLING || (l->state == LINK_UP && is_fresh))
        return LINK_LEAVE;
    /* It began anew, whatever our side of an older connection says. */
    l->state = LINK_DOWN;
    l->has_failed = false;
    return LINK_REDIAL;
}

void
link_lost(struct link *l)
{
    l->state = LINK_DOWN;
    l->has_failed = true;
}

const struct vote *
link_take_note(struct link *l)
{
    if (l->state != LINK_UP || !l->is_waiting)
        return NULL;
    l->is_waiting = false;
    return &l->note;
}

bool
link_may_answer(const struct link *l, bool is_beginning)
{
    return l->state == LINK_UP || !l->has_failed ||
           (is_beginning && !l->was_up);
}
