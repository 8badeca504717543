/* SPDX-License-Identifier: Apache-2.0 */
/* reaper.c - see reaper.h.  Pure. */
#include "net/prep/reaper.h"

enum { STEP_NODES = 1000 }; /* a third of a millisecond */

void
reaper_init(struct reaper *r, const struct conf *conf, mono_ms_t now,
            wall_ms_t wall)
{
    *r = (struct reaper){.clocks = {now, wall}, .next_look = INT64_MAX};
    reaper_follow(r, conf, now);
}

void
reaper_follow(struct reaper *r, const struct conf *conf, mono_ms_t now)
{
    r->interval = conf->container_check_interval_ms;
    r->spacing = 60000 / conf->container_max_per_minute;
    r->never_used_ms = conf->container_never_used_ms;
    if (r->next_look > now + r->interval)
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

/* --- a clock that is set -------------------------------------------------- */

/* The oldest two become one: what was made between them lives longer. */
static void
leap_forwards(struct reaper *r, wall_ms_t to, int64_t ms)
{
    if (r->leap_count == REAPER_LEAPS_MAX) {
        r->leap[1].ms += r->leap[0].ms;
        memmove(&r->leap[0], &r->leap[1], --r->leap_count * sizeof r->leap[0]);
    }
    r->leap[r->leap_count].to = to;
    r->leap[r->leap_count++].ms = ms;
}

/* As far as it had been set forwards, that is taken back. */
static void
leap_back(struct reaper *r, int64_t ms)
{
    while (r->leap_count > 0 && ms > 0) {
        int64_t *last = &r->leap[r->leap_count - 1].ms;
        int64_t taken = ms < *last ? ms : *last;

        ms -= taken;
        *last -= taken;
        r->leap_count -= *last == 0;
    }
}

static void
follow_clock(struct reaper *r, mono_ms_t now, wall_ms_t wall)
{
    int64_t jump = clock_jump(&r->clocks, now, wall);

    if (jump > 0)
        leap_forwards(r, wall, jump);
    else
        leap_back(r, -jump);
}

/* What the wall's clock would show, had it run on since `then`. */
static wall_ms_t
wall_since(const struct reaper *r, wall_ms_t then)
{
    wall_ms_t wall = r->wall;

    for (uint32_t i = 0; i < r->leap_count; i++)
        if (then < r->leap[i].to)
            wall -= r->leap[i].ms;
    return wall;
}

/* --- looking -------------------------------------------------------------- */

static bool
note(void *arg, struct bytes path, const struct znode_view *view)
{
    struct reaper *r = arg;
    struct jute_out out;

    if (!reaper_wants(&view->stat, r->never_used_ms,
                      wall_since(r, view->stat.mtime)))
        return true;
    out = jute_out_of(r->list + r->size, sizeof r->list - r->size);
    jute_put_bytes(&out, path);
    if (out.bad)
        return r->size == 0; /* a path longer than the list: pass it by */
    r->size += (uint32_t)jute_out_size(&out);
    return true;
}

static void
look(struct reaper *r, struct tree *t, mono_ms_t now, wall_ms_t wall)
{
    r->size = r->at = 0;
    r->wall = wall;
    r->is_looking = tree_visit_timed(t, !r->is_looking, STEP_NODES, note, r);
    r->next_look = r->is_looking ? now : now + r->interval;
}

struct bytes
reaper_next(struct reaper *r, struct tree *t, mono_ms_t now, wall_ms_t wall,
            mono_ms_t *again)
{
    struct bytes path = BYTES_NULL;
    struct jute_in in;

    follow_clock(r, now, wall);
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
