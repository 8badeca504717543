/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_reload.c - what a new configuration changes in a running server.
 *
 * Pure but for snprintf.  A row's reload class decides; three things need
 * more than a row: bounds derived from a tick that stays, a larger request
 * than the rings, which are mapped once, can carry, and the members, which
 * change by a restart of one server after the other.
 * Facts: spec/operations.md 5.
 */
#include "daemon/conf/conf_load.h"

#include <inttypes.h>

#include "daemon/shm.h"

static const void *
field_of(const struct conf_row *row, const struct conf *conf)
{
    return (const char *)conf + row->offset;
}

static bool
differs(const struct conf_row *row, const struct conf *a, const struct conf *b)
{
    return memcmp(field_of(row, a), field_of(row, b), row->size) != 0;
}

/* By the tick, if not given; where they would cross, what is given counts. */
static void
derive_session_bounds(int32_t tick_ms, struct conf *wanted)
{
    int32_t *least = &wanted->min_session_timeout_ms;
    int32_t *most = &wanted->max_session_timeout_ms;
    bool is_least_given = conf_line_of(wanted, "minSessionTimeout") != 0;

    if (!conf_line_of(wanted, "maxSessionTimeout"))
        *most = 20 * tick_ms;
    if (!is_least_given)
        *least = 2 * tick_ms;
    if (*least > *most && is_least_given)
        *most = *least;
    else if (*least > *most)
        *least = *most;
}

/*
 * Values that are not given follow others.  The tick needs a restart: until
 * then the session bounds follow the running one.  What stored transactions
 * may have extra is fixed at start, whatever jute.maxbuffer becomes; so is what
 * the tree has beside the rings.
 */
static void
derive_from_running(const struct conf *running, struct conf *wanted)
{
    if (!conf_line_of(running, "jute.maxbuffer.extrasize") &&
        !conf_line_of(wanted, "jute.maxbuffer.extrasize"))
        wanted->jute_maxbuffer_extra = running->jute_maxbuffer_extra;
    if (!conf_line_of(running, "memory.limit") &&
        !conf_line_of(wanted, "memory.limit"))
        wanted->memory_limit = running->memory_limit;
    if (running->tick_time_ms == wanted->tick_time_ms)
        return;
    derive_session_bounds(running->tick_time_ms, wanted);
}

int32_t
conf_request_max(const struct conf *running)
{
    int64_t sent = running->request_ring_bytes / REQUEST_RING_HOLDS - SHM_PAGE;
    int64_t held = running->ring_bytes / RING_HOLDS - SHM_PAGE;
    int64_t most = sent < held ? sent : held;

    if (most > INT32_MAX)
        most = INT32_MAX;
    return most > running->jute_maxbuffer ? (int32_t)most
                                          : running->jute_maxbuffer;
}

static bool
can_change(const struct conf_row *row, const struct conf *running,
           const struct conf *wanted)
{
    if (row->offset == offsetof(struct conf, jute_maxbuffer))
        return wanted->jute_maxbuffer <= conf_request_max(running);
    return row->reload == CONF_LIVE || row->reload == CONF_NEW;
}

static void
tell_change(const struct conf_row *row, const struct conf *running,
            const struct conf *wanted, bool now, struct conf_report *report)
{
    struct conf_message m = {.severity = now ? CONF_NOTE : CONF_WARNING};
    char old[CONF_TEXT_MAX], new[CONF_TEXT_MAX];

    conf_value_format(row, running, old, sizeof old);
    conf_value_format(row, wanted, new, sizeof new);
    snprintf(m.file, sizeof m.file, "%.250s", wanted->path);
    snprintf(m.key, sizeof m.key, "%.90s", row->key);
    m.line = wanted->line[row - conf_rows];
    if (now)
        snprintf(m.text, sizeof m.text, "%.100s is now %.100s", old, new);
    else
        snprintf(m.text, sizeof m.text,
                 "needs a restart (running: %.90s, file: %.90s)", old, new);
    conf_report_put(report, &m);
}

/* All that a member's keys say, "none" for no member. */
static void
member_text(const struct conf_member *m, char *text, size_t size)
{
    size_t n;

    if (!m) {
        snprintf(text, size, "none");
        return;
    }
    n = conf_member_format(m, text, size);
    if (m->group != 0)
        snprintf(text + n, size - n, ", group %" PRId32 ", weight %" PRId64,
                 m->group, m->weight);
}

/* Member `sid`, in one of the two at least: 1 if it is not the same. */
static uint32_t
diff_member(const struct conf *running, const struct conf *wanted, sid_t sid,
            struct conf_report *report)
{
    const struct conf_member *new_one = conf_member_of(wanted, sid);
    struct conf_message m = {.severity = CONF_WARNING};
    char old[CONF_MEMBER_TEXT_MAX], new[CONF_MEMBER_TEXT_MAX];

    member_text(conf_member_of(running, sid), old, sizeof old);
    member_text(new_one, new, sizeof new);
    if (strcmp(old, new) == 0)
        return 0;
    snprintf(m.file, sizeof m.file, "%.250s", wanted->path);
    snprintf(m.key, sizeof m.key, "server.%" PRId64, sid);
    m.line = new_one ? new_one->line : 0;
    snprintf(m.text, sizeof m.text,
             "needs a restart (running: %.90s, file: %.90s)", old, new);
    conf_report_put(report, &m);
    return 1;
}

static uint32_t
diff_members(const struct conf *running, const struct conf *wanted,
             struct conf_report *report)
{
    uint32_t pending = 0;

    for (uint32_t i = 0; i < running->member_count; i++)
        pending += diff_member(running, wanted, running->member[i].sid, report);
    for (uint32_t i = 0; i < wanted->member_count; i++)
        if (!conf_member_of(running, wanted->member[i].sid))
            pending +=
                diff_member(running, wanted, wanted->member[i].sid, report);
    return pending;
}

uint32_t
conf_diff(const struct conf *running, const struct conf *wanted,
          struct conf_report *report)
{
    struct conf then = *wanted;
    uint32_t pending = 0;

    derive_from_running(running, &then);
    for (uint32_t i = 0; i < conf_row_count; i++) {
        const struct conf_row *row = &conf_rows[i];
        bool now;

        if (row->size == 0 || !differs(row, running, &then))
            continue;
        now = can_change(row, running, &then);
        pending += !now;
        tell_change(row, running, &then, now, report);
    }
    return pending + diff_members(running, &then, report);
}

void
conf_take_live(struct conf *running, const struct conf *wanted)
{
    struct conf then = *wanted;

    derive_from_running(running, &then);
    for (uint32_t i = 0; i < conf_row_count; i++) {
        const struct conf_row *row = &conf_rows[i];

        if (row->size == 0 || !can_change(row, running, &then))
            continue;
        memcpy(conf_row_field(row, running), field_of(row, &then), row->size);
        running->line[i] = then.line[i];
    }
}
