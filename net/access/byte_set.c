/* SPDX-License-Identifier: Apache-2.0 */
/* byte_set.c - see byte_set.h.  Pure; any process. */
#include "net/access/byte_set.h"

#include "daemon/check.h"
#include "daemon/hash.h"

enum { PLACES_MIN = 8 };

static uint64_t seed = HASH_ODD;

void
byte_set_seed(uint64_t random)
{
    seed = random;
}

/* At most half of the places are taken, so that a search soon meets a gap. */
void
byte_set_clear(struct byte_set *s, uint32_t room)
{
    uint32_t places = PLACES_MIN;

    check(room <= BYTE_SET_MAX);
    while (places < 2 * room)
        places *= 2;
    memset(s->place, 0, places * sizeof s->place[0]);
    s->mask = places - 1;
    s->room = room;
}

/* Where it is, or the gap where it would be. */
static uint32_t
find(const struct byte_set *s, struct bytes string, uint32_t hash)
{
    uint32_t i = hash & s->mask;

    for (; s->place[i].data; i = (i + 1) & s->mask)
        if (s->place[i].hash == hash && s->place[i].size == string.size &&
            memcmp(s->place[i].data, string.data, (size_t)string.size) == 0)
            break;
    return i;
}

bool
byte_set_add(struct byte_set *s, struct bytes string)
{
    uint32_t hash = hash_bytes(seed, 0, string);
    uint32_t i = find(s, string, hash);

    if (s->place[i].data)
        return false;
    check(s->room > 0);
    s->room--;
    s->place[i].data = string.data;
    s->place[i].size = string.size;
    s->place[i].hash = hash;
    return true;
}

bool
byte_set_has(const struct byte_set *s, struct bytes string)
{
    return s->place[find(s, string, hash_bytes(seed, 0, string))].data != NULL;
}
