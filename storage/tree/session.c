/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - the session table in shared memory.
 *
 * Slots in an array, found through chained buckets by id; free slots are in
 * a list by hash_next.  A session touches 52 bytes: a slot and a bucket.
 *
 * Pure.  The replication process writes; readers may see a chain torn, so a
 * walk is bounded, by all there can be, and a slot number tested before use.
 */
#include "storage/tree/session.h"

#include <endian.h>

#include "daemon/check.h"

enum { BUCKETS = 1 << 17 }; /* eight sessions each when the table is full */

struct session_table {
    uint32_t count;
    uint32_t slot_end;
    uint32_t free; /* slot + 1 */
    uint32_t reserved;
    uint32_t bucket[BUCKETS]; /* slot + 1 */
    struct session slot[SESSIONS_MAX];
};

size_t
session_table_bytes(void)
{
    return sizeof(struct session_table);
}

static uint32_t
bucket_of(const struct session_table *table, session_id_t id)
{
    return session_hash(hash_seed_at(table), id) % BUCKETS;
}

struct session_table *
session_table_init(void *memory, size_t size)
{
    struct session_table *table = memory;

    check(size >= sizeof *table);
    session_table_clear(table);
    return table;
}

void
session_table_clear(struct session_table *table)
{
    uint32_t used = table->slot_end;

    check(used <= SESSIONS_MAX);
    if (used == 0)
        return; /* untouched: leave the pages alone */
    memset(table->slot, 0, used * sizeof table->slot[0]);
    memset(table->bucket, 0, sizeof table->bucket);
    table->count = 0;
    table->free = 0;
    table->slot_end = 0;
}

/* What is tested is what is used, so each is loaded once. */
struct session *
session_find(const struct session_table *table, session_id_t id)
{
    uint32_t next =
        __atomic_load_n(&table->bucket[bucket_of(table, id)], __ATOMIC_RELAXED);

    for (uint32_t i = 0; i < SESSIONS_MAX && id != 0; i++) {
        const struct session *s;

        if (next - 1 >= SESSIONS_MAX)
            return NULL;
        s = &table->slot[next - 1];
        if (__atomic_load_n(&s->id, __ATOMIC_RELAXED) == id)
            return session_at(table, next - 1);
        next = __atomic_load_n(&s->hash_next, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* An unused slot's number, or SESSIONS_MAX. */
static uint32_t
take_slot(struct session_table *table)
{
    uint32_t slot = table->free - 1;

    if (table->free != 0) {
        table->free = table->slot[slot].hash_next;
        return slot;
    }
    if (table->slot_end == SESSIONS_MAX)
        return SESSIONS_MAX;
    return table->slot_end++;
}

struct session *
session_take(struct session_table *table, session_id_t id)
{
    struct session *s = session_find(table, id);
    uint32_t slot, *bucket;

    check(id != 0);
    if (s)
        return s;
    slot = take_slot(table);
    if (slot == SESSIONS_MAX)
        return NULL;
    s = &table->slot[slot];
    bucket = &table->bucket[bucket_of(table, id)];
    *s = (struct session){.id = id, .hash_next = *bucket};
    *bucket = slot + 1;
    table->count++;
    return s;
}

void
session_give(struct session_table *table, struct session *s)
{
    uint32_t number = session_slot(table, s) + 1;
    uint32_t *link = &table->bucket[bucket_of(table, s->id)];

    check(s->id != 0 && s->ephemerals == 0);
    while (*link != number) {
        check(*link != 0);
        link = &table->slot[*link - 1].hash_next;
    }
    *link = s->hash_next;
    *s = (struct session){.hash_next = table->free};
    table->free = number;
    table->count--;
}

uint32_t
session_slot(const struct session_table *table, const struct session *s)
{
    ptrdiff_t slot = s - table->slot;

    check(slot >= 0 && slot < SESSIONS_MAX);
    return (uint32_t)slot;
}

/* Only the writer may write to it, though readers get no const. */
struct session *
session_at(const struct session_table *table, uint32_t slot)
{
    uintptr_t at = (uintptr_t)&table->slot[slot];

    check(slot < SESSIONS_MAX);
    return (struct session *)at;
}

uint32_t
session_count(const struct session_table *table)
{
    return table->count;
}

uint32_t
session_slot_end(const struct session_table *table)
{
    return table->slot_end;
}

void
session_password(session_id_t id, uint8_t password[ZK_PASSWORD_BYTES])
{
    const uint64_t mask = (UINT64_C(1) << 48) - 1;
    uint64_t s = (uint64_t)id ^ UINT64_C(0xB3415C00);

    s = (s ^ UINT64_C(0x5DEECE66D)) & mask;
    for (int i = 0; i < ZK_PASSWORD_BYTES; i += 4) {
        uint32_t word;

        s = (s * UINT64_C(0x5DEECE66D) + 0xB) & mask;
        word = htole32((uint32_t)(s >> 16));
        memcpy(password + i, &word, sizeof word);
    }
}
