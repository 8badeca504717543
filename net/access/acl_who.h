/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_who.h - the identities of a caller, to be found by what an entry names.
 *
 * A list of 4,096 entries and a caller with hundreds of identities are more
 * than a million pairs.  So for a long list the identities are entered into a
 * table first, and an entry looks at its own place there.
 *
 * Pure; net/access/acl.c.
 */
#ifndef NET_ACCESS_ACL_WHO_H
#define NET_ACCESS_ACL_WHO_H

#include "net/access/acl_vector.h"
#include "net/access/byte_set.h"

enum { WHO_IPS_MAX = 8 }; /* a connection has one */

struct who {
    struct byte_set ids;
    struct bytes ip[WHO_IPS_MAX]; /* those of scheme ip: compared, not found */
    uint32_t ip_count;
};

/* Borrows vector<Id> `ids`.  False: there are too many, or it is none. */
bool who_init(struct who *w, struct bytes ids);

/* Is this, to the byte, one of them? */
static inline bool
who_has(const struct who *w, const struct acl_id *id)
{
    return byte_set_has(&w->ids, id->whole);
}

#endif
