/* SPDX-License-Identifier: Apache-2.0 */
/* acl_who.c - see acl_who.h.  Pure. */
#include "net/access/acl_who.h"

static uint32_t
hash_on(uint32_t h, struct bytes b)
{
    for (int32_t i = 0; i < b.size; i++)
        h = (h ^ b.data[i]) * 16777619u;
    return (h ^ (uint32_t)b.size) * 16777619u;
}

static uint32_t
hash_of(struct bytes scheme, struct bytes id)
{
    uint32_t h = hash_on(hash_on(2166136261u, scheme), id);

    return h ^ h >> 15;
}

static void
enter(struct who *w, uint32_t hash, uint32_t at)
{
    uint32_t i = hash & w->mask;

    while (w->place[i].at != 0)
        i = (i + 1) & w->mask;
    w->place[i].hash = hash;
    w->place[i].at = at;
}

/* At most half of the places are taken. */
static void
clear(struct who *w, uint32_t count)
{
    for (w->mask = 7; w->mask < 2 * count; w->mask = 2 * w->mask + 1)
        ;
    memset(w->place, 0, (w->mask + 1) * sizeof w->place[0]);
    w->ip_count = 0;
}

bool
who_init(struct who *w, struct bytes ids)
{
    struct jute_in in =
        jute_in_of(ids.data, ids.size < 0 ? 0 : (size_t)ids.size);
    int32_t count = ids.size > 0 ? jute_get_count(&in) : 0;

    if (count < 0 || count >= WHO_IDS_MAX)
        return false;
    w->ids = ids;
    clear(w, (uint32_t)count);
    for (; count > 0; count--) {
        uint32_t at = (uint32_t)(in.at - ids.data);
        struct bytes scheme = jute_get_bytes(&in);
        struct bytes id = jute_get_bytes(&in);

        if (in.bad)
            return false;
        enter(w, hash_of(scheme, id), at);
        if (!bytes_are(scheme, "ip"))
            continue;
        if (w->ip_count == WHO_IPS_MAX)
            return false;
        w->ip[w->ip_count++] = id;
    }
    return true;
}

static bool
is_at(const struct who *w, uint32_t at, struct bytes scheme, struct bytes id)
{
    struct jute_in in = jute_in_of(w->ids.data + at, (size_t)w->ids.size - at);

    return bytes_equal(jute_get_bytes(&in), scheme) &&
           bytes_equal(jute_get_bytes(&in), id);
}

bool
who_has(const struct who *w, struct bytes scheme, struct bytes id)
{
    uint32_t hash = hash_of(scheme, id), i = hash & w->mask;

    for (; w->place[i].at != 0; i = (i + 1) & w->mask)
        if (w->place[i].hash == hash && is_at(w, w->place[i].at, scheme, id))
            return true;
    return false;
}
