/* SPDX-License-Identifier: Apache-2.0 */
/* zxid_runs.c - see zxid_runs.h. */
#include "net/zab/zxid_runs.h"

#include "daemon/check.h"

void
zxid_runs_begin(struct zxid_runs *r, zxid_t last)
{
    r->count = 1;
    r->run[0].first = r->run[0].last = last;
}

void
zxid_runs_add(struct zxid_runs *r, zxid_t zxid)
{
    check(zxid > zxid_runs_last(r));
    if (zxid == zxid_runs_last(r) + 1) {
        r->run[r->count - 1].last = zxid;
        return;
    }
    if (r->count == ZXID_RUNS_MAX) {
        memmove(&r->run[0], &r->run[1], sizeof r->run - sizeof r->run[0]);
        r->count--;
    }
    r->run[r->count].first = r->run[r->count].last = zxid;
    r->count++;
}

void
zxid_runs_cut(struct zxid_runs *r, zxid_t zxid)
{
    while (r->count > 1 && r->run[r->count - 1].first > zxid)
        r->count--;
    if (r->run[r->count - 1].first > zxid)
        zxid_runs_begin(r, zxid);
    else if (r->run[r->count - 1].last > zxid)
        r->run[r->count - 1].last = zxid;
}

zxid_t
zxid_runs_floor(const struct zxid_runs *r, zxid_t zxid)
{
    for (uint32_t i = r->count; i > 0; i--)
        if (r->run[i - 1].first <= zxid)
            return zxid < r->run[i - 1].last ? zxid : r->run[i - 1].last;
    return 0;
}

zxid_t
zxid_runs_ceiling(const struct zxid_runs *r, zxid_t zxid)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (zxid < r->run[i].last)
            return zxid < r->run[i].first ? r->run[i].first : zxid + 1;
    return 0;
}
