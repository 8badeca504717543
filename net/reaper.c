/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reaper.c - containers and TTL nodes that are to go.
 *
 * Pure.  The replication process.
 */
#include "net/reaper.h"

void
reaper_init(struct reaper *r, const struct conf *conf, mono_ms_t now)
{
    int32_t per_minute = conf->container_max_per_minute;

    *r = (struct reaper){
        .interval = conf->container_check_interval_ms,
        .spacing = per_minute > 0 ? 60000 / per_minute : 60000,
        .never_used_ms = conf->container_never_used_ms,
    };
    r->next_look = now + r->interval;
}

bool
reaper_wants(const struct znode_stat *stat, wall_ms_t never_used_ms,
             wall_ms_t wall)
{
    wall_ms_t age = wall - stat->mtime;

    if (stat->child_count > 0)
        return false;
    if (stat->owner == ZK_OWNER_CONTAINER)
        return stat->cversion > 0 ||
               (never_used_ms != 0 && age > never_used_ms);
    return znode_ttl_ms(stat->owner) > 0 && age > znode_ttl_ms(stat->owner);
}

static bool
note(void *arg, struct bytes path, const struct znode_view *view)
{
    struct reaper *r = arg;
    struct jute_out out;

    if (!reaper_wants(&view->stat, r->never_used_ms, r->wall))
        return true;
    out = jute_out_of(r->list + r->size, sizeof r->list - r->size);
    jute_put_bytes(&out, path);
    r->is_cut = out.bad && r->size > 0;
    if (out.bad)
        return r->size == 0; /* a path longer than the list: pass it by */
    r->size += (uint32_t)jute_out_size(&out);
    return true;
}

static void
look(struct reaper *r, const struct tree *t, mono_ms_t now, wall_ms_t wall)
{
    r->size = r->at = 0;
    r->is_cut = false;
    r->wall = wall;
    tree_visit_owned(t, 0, note, r);
    r->next_look = r->is_cut ? now : now + r->interval;
}

struct bytes
reaper_next(struct reaper *r, const struct tree *t, mono_ms_t now,
            wall_ms_t wall, mono_ms_t *again)
{
    struct bytes path = BYTES_NULL;
    struct jute_in in;

    if (r->at == r->size && now >= r->next_look)
        look(r, t, now, wall);
    if (r->at < r->size && now >= r->next_out) {
        in = jute_in_of(r->list + r->at, r->size - r->at);
        path = jute_get_bytes(&in);
        r->at += 4 + (uint32_t)path.size;
        r->next_out = now + r->spacing;
    }
    *again = r->at < r->size ? r->next_out : r->next_look;
    if (*again < r->next_out)
        *again = r->next_out;
    return path;
}
