/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_vector.h - vector<ACL> and vector<Id>, element by element.
 *
 *      ACL   i32 perms, Id          Id   string scheme, string id
 *
 * An Id lies the same in both, so two of them are equal if their bytes are.
 * Private to net/access.  Pure; bounded by the bytes given, which may be torn.
 */
#ifndef NET_ACCESS_ACL_VECTOR_H
#define NET_ACCESS_ACL_VECTOR_H

#include "daemon/jute.h"

struct acl_id {
    struct bytes scheme, id;
    struct bytes whole; /* both, as they lie */
};

struct acl_entry {
    int32_t perms;
    struct acl_id who;
    struct bytes whole;
};

/* How many elements follow; 0 of null, of nothing, of a broken count. */
static inline int32_t
acl_vector(struct bytes vector, struct jute_in *in)
{
    int32_t count;

    *in = jute_in_bytes(vector);
    count = jute_get_count(in);
    return in->bad || count < 0 ? 0 : count;
}

/* What lies from `from` to where `in` is now. */
static inline struct bytes
acl_read_since(const struct jute_in *in, const uint8_t *from)
{
    return (struct bytes){from, (int32_t)(in->at - from)};
}

/* False: the bytes end before it does. */
static inline bool
acl_next_id(struct jute_in *in, struct acl_id *id)
{
    const uint8_t *from = in->at;

    id->scheme = jute_get_bytes(in);
    id->id = jute_get_bytes(in);
    id->whole = acl_read_since(in, from);
    return !in->bad;
}

static inline bool
acl_next_entry(struct jute_in *in, struct acl_entry *e)
{
    const uint8_t *from = in->at;

    e->perms = jute_get_i32(in);
    acl_next_id(in, &e->who);
    e->whole = acl_read_since(in, from);
    return !in->bad;
}

#endif
