/* SPDX-License-Identifier: Apache-2.0 */
/* client_watch.c - see client_watch.h. */
#include "net/client/client_watch.h"

#include "daemon/log.h"
#include "net/client/client_table.h"

/* A path that the connection watches already takes no memory. */
static bool
may_grow(const struct client_proc *p, const struct client *c, struct bytes path)
{
    return !p->is_full || watch_modes(&p->watch, c->id, path) != 0;
}

bool
client_watch(struct client_proc *p, struct client *c, struct bytes path,
             unsigned modes)
{
    c->has_watched = true;
    if (!may_grow(p, c, path) || !watch_add(&p->watch, c->id, path, modes)) {
        log_warn_often("%s: watch refused, memory.limit is reached",
                       client_name(p, c));
        COUNT(p->own->stats.watches_refused, 1);
        return false;
    }
    return true;
}

/* Only when they changed: this runs before every flush. */
void
client_watch_publish(struct client_proc *p)
{
    struct client_stats *s = &p->own->stats;
    const struct watch_totals *t = &p->watch.totals;

    if (memcmp(&p->published, t, sizeof *t) == 0)
        return;
    p->published = *t;
    s->watches = t->data_watches;
    s->child_watches = t->child_watches;
    s->watched_paths = t->data_paths;
    s->watching_connections = t->connections;
    s->watch_bytes = (uint64_t)p->watch.arena.used * WATCH_UNIT;
}

bool
client_is_watching(const struct client_proc *p)
{
    return p->published.data_watches || p->published.child_watches;
}

static bool
is_full(const struct client_proc *p)
{
    struct tree_totals totals;
    uint64_t bytes = 0;

    if (!client_is_serving(p))
        return false;
    tree_totals(p->tree, &totals);
    for (uint32_t w = 0; w < p->shm->super->client_count; w++)
        bytes += p->shm->client[w]->stats.watch_bytes;
    return totals.memory_bytes + bytes >= (uint64_t)p->conf.memory_limit;
}

void
client_watch_tick(struct client_proc *p)
{
    p->is_full = is_full(p);
}
