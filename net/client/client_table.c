/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_table.c - the connections of one client process: places and life.
 *
 * A place is reused, its number is not: an entry of the ring or a hint of a
 * watch that names an older connection of the place finds nobody.  Places of
 * connections that ended are freed at the end of a turn (client_sweep), so
 * no caller is left with a client that has become somebody else.
 */
#include "net/client/client_table.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "daemon/clock.h"
#include "daemon/memory.h"
#include "net/client/client_session.h"

void
client_table_init(struct client_proc *p, uint64_t seed)
{
    size_t arena = (size_t)p->conf.memory_limit;
    size_t arena_max = (size_t)WATCH_UNIT << WATCH_HANDLE_BITS;

    if (arena > arena_max)
        arena = arena_max;
    arena = ALIGN_UP(arena, (size_t)1 << 20);
    p->client = memory_reserve(CONNS_MAX * sizeof(struct client));
    client_session_init(p);
    watch_init(&p->watch, memory_reserve(watch_bytes(CONNS_MAX, arena)),
               CONNS_MAX, arena, seed);
}

/* --- lists ---------------------------------------------------------------- */

static void
unlink_state(struct client_proc *p, struct client *c)
{
    struct client *prev = client_at(p, c->list_prev),
                  *next = client_at(p, c->list_next);

    *(prev ? &prev->list_next : &p->list[c->state]) = c->list_next;
    *(next ? &next->list_prev : &p->list_last[c->state]) = c->list_prev;
}

static void
link_state(struct client_proc *p, struct client *c)
{
    uint32_t self = client_place(c) + 1;
    struct client *last = client_at(p, p->list_last[c->state]);

    c->list_prev = p->list_last[c->state];
    c->list_next = 0;
    *(last ? &last->list_next : &p->list[c->state]) = self;
    p->list_last[c->state] = self;
}

void
client_set_state(struct client_proc *p, struct client *c,
                 enum client_state state)
{
    unlink_state(p, c);
    c->state = (uint8_t)state;
    c->since_ms = (uint32_t)p->now_ms;
    link_state(p, c);
}

/* Behind the last of `list`, of which `last` becomes the last. */
static void
append(struct client_proc *p, struct client_list *list, uint32_t first,
       uint32_t last)
{
    *(list->first ? &client_at(p, list->last)->todo_next : &list->first) =
        first;
    list->last = last;
}

void
client_list_add(struct client_proc *p, struct client_list *list,
                struct client *c)
{
    uint32_t self = client_place(c) + 1;

    if (c->is_todo)
        return;
    c->is_todo = true;
    c->todo_next = 0;
    append(p, list, self, self);
}

struct client *
client_list_take(struct client_proc *p, struct client_list *list)
{
    struct client *c = client_at(p, list->first);

    list->first = c->todo_next;
    c->is_todo = false;
    return c;
}

void
client_list_join(struct client_proc *p, struct client_list *list,
                 struct client_list *more)
{
    if (more->first)
        append(p, list, more->first, more->last);
    more->first = 0;
}

/* --- life ----------------------------------------------------------------- */

static struct client *
take_place(struct client_proc *p)
{
    struct client *c = client_at(p, p->client_free);
    uint32_t number;

    if (c) {
        p->client_free = c->todo_next;
    } else if (p->client_end < CONNS_MAX) {
        c = &p->client[p->client_end];
        c->id = p->client_end++;
    } else {
        return NULL;
    }
    number = (c->id >> WATCH_CONN_BITS) + 1;
    if (number >> (32 - WATCH_CONN_BITS))
        number = 1; /* never 0 */
    *c = (struct client){.id = number << WATCH_CONN_BITS | client_place(c)};
    return c;
}

static void
open_info(struct client_proc *p, struct client *c, const struct sockaddr *peer)
{
    const struct sockaddr_in *v4 = (const void *)peer;
    const struct sockaddr_in6 *v6 = (const void *)peer;
    struct conn_info *info = client_info(p, c);

    memset(info, 0, sizeof *info);
    info->established_ms = clock_wall_ms();
    if (peer->sa_family == AF_INET) {
        info->port = ntohs(v4->sin_port);
        memcpy(info->address, &v4->sin_addr, 4);
    } else if (peer->sa_family == AF_INET6) {
        info->port = ntohs(v6->sin6_port);
        info->is_v6 = !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        memcpy(info->address, v6->sin6_addr.s6_addr + (info->is_v6 ? 0 : 12),
               info->is_v6 ? 16 : 4);
    }
    atomic_store_explicit(&info->id, c->id, memory_order_release);
    if (p->own->stats.conn_end < p->client_end)
        atomic_store(&p->own->stats.conn_end, p->client_end);
}

struct client *
client_open(struct client_proc *p, int fd, const struct sockaddr *peer)
{
    struct client *c = take_place(p);

    if (!c)
        return NULL;
    conn_open(&c->conn, &p->home, fd);
    c->slot = UINT32_MAX;
    c->ip_slot = IP_SLOT_NONE;
    c->state = CLIENT_NEW;
    c->since_ms = (uint32_t)p->now_ms;
    c->ids = (struct auth_ids){.data = c->ids_inline, .room = IDS_INLINE};
    auth_add_ip(peer, &c->ids);
    link_state(p, c);
    open_info(p, c, peer);
    p->client_count++;
    COUNT(p->own->stats.connections, 1);
    return c;
}

void
client_give_ids(struct client_proc *p, struct client *c)
{
    if (c->ids.data != c->ids_inline)
        buf_give(
            &p->home.pool,
            (struct buf *)(void *)(c->ids.data - offsetof(struct buf, data)));
}

void
client_drop(struct client_proc *p, struct client *c)
{
    if (c->state == CLIENT_FREE || c->state == CLIENT_GONE)
        return;
    atomic_store(&client_info(p, c)->id, 0);
    client_unbind_session(p, c);
    if (c->has_watched)
        watch_close(&p->watch, c->id);
    COUNT(p->own->stats.outstanding, -queue_sent(&c->queue));
    queue_clear(&p->home.pool, &c->queue);
    client_give_ids(p, c);
    conn_close(&c->conn);
    limits_ip_drop(p->own->ips, c->ip_slot);
    client_set_state(p, c, CLIENT_GONE);
    p->client_count--;
    COUNT(p->own->stats.connections, -UINT64_C(1));
}

void
client_drop_later(struct client_proc *p, struct client *c)
{
    c->is_deaf = true;
    client_list_add(p, &p->todo, c);
}

void
client_close(struct client_proc *p, struct client *c)
{
    conn_pause(&c->conn, CONN_PAUSE_END);
    if (c->state == CLIENT_GONE)
        return;
    client_set_state(p, c, CLIENT_CLOSING);
    if (conn_unsent(&c->conn) == 0)
        client_drop(p, c);
}

struct client *
client_find(const struct client_proc *p, uint32_t id)
{
    uint32_t place = id & (CONNS_MAX - 1);
    struct client *c = &p->client[place];

    return place < p->client_end && c->id == id && c->state != CLIENT_GONE &&
                   c->state != CLIENT_FREE
               ? c
               : NULL;
}

void
client_sweep(struct client_proc *p)
{
    struct client *next;

    for (struct client *c = client_at(p, p->list[CLIENT_GONE]); c; c = next) {
        next = client_at(p, c->list_next);
        if (c->is_todo || c->conn.is_dirty)
            continue; /* a list still leads to it */
        unlink_state(p, c);
        c->state = CLIENT_FREE;
        c->todo_next = p->client_free;
        p->client_free = client_place(c) + 1;
    }
}

void
client_drop_all(struct client_proc *p)
{
    for (uint32_t i = 0; i < p->client_end; i++)
        client_drop(p, &p->client[i]);
}

const char *
client_name(const struct client_proc *p, const struct client *c)
{
    static char text[64];
    const struct conn_info *info = client_info(p, c);
    char address[INET6_ADDRSTRLEN];

    inet_ntop(info->is_v6 ? AF_INET6 : AF_INET, info->address, address,
              sizeof address);
    snprintf(text, sizeof text, info->is_v6 ? "/[%s]:%u" : "/%s:%u", address,
             info->port);
    return text;
}
