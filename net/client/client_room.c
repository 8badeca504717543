/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_room.c - all buffers of this process are in use, and one is needed.
 *
 * Some are held by connections that do nothing: they do not take their answers,
 * or do not finish what they began to say.  It is those who go, not the one
 * that needs a buffer now; who has been silent longest is the first.  Where all
 * move, however slowly, nobody has to make room, and who came last finds none.
 */
#include "net/client/client_table.h"

#include "daemon/log.h"

enum {
    SILENT_MS = 1000,  /* of who has to go, at least */
    PAUSE_MS = 100,    /* from one look at all that was in vain to the next */
    LITTLE = 16 << 10, /* bytes that others always find: conn_buf.h */
};

/* How long it has neither said nor taken anything. */
static int32_t
silence_ms(const struct client_proc *p, const struct client *c)
{
    uint32_t heard = c->slot == UINT32_MAX ? c->since_ms : p->heard[c->slot];

    return (int32_t)((uint32_t)p->now_ms - heard);
}

static struct client *
longest_silent(const struct client_proc *p, const struct conn *asker)
{
    struct client *found = NULL;
    int32_t longest = SILENT_MS;

    for (uint32_t i = 0; i < p->client_end; i++) {
        struct client *c = &p->client[i];

        if (!c->conn.is_open || &c->conn == asker ||
            conn_holds(&c->conn) <= LITTLE || silence_ms(p, c) < longest)
            continue;
        longest = silence_ms(p, c);
        found = c;
    }
    return found;
}

bool
client_make_room(struct conn *asker)
{
    struct client_proc *p = &client_proc;
    struct client *c;

    if (p->no_room_at != 0 && p->now_ms - p->no_room_at < PAUSE_MS)
        return false;
    c = longest_silent(p, asker);
    p->no_room_at = c ? 0 : p->now_ms;
    if (!c)
        return false;
    log_warn_often("%s: connection closed, it moved nothing for %d ms, and "
                   "others need the %zu bytes of buffers that it holds",
                   client_name(p, c), silence_ms(p, c), conn_holds(&c->conn));
    conn_surrender(&c->conn);
    client_drop_later(p, c);
    return true;
}
