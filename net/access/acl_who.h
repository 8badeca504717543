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

#include "daemon/jute.h"

enum {
    WHO_IDS_MAX = 2048,           /* as many as AUTH_IDS_MAX can hold */
    WHO_PLACES = 2 * WHO_IDS_MAX, /* a power of two */
    WHO_IPS_MAX = 8,              /* a connection has one */
};

struct who {
    struct bytes ids;             /* borrowed: vector<Id> */
    struct bytes ip[WHO_IPS_MAX]; /* those of scheme ip: compared, not found */
    uint32_t ip_count;
    uint32_t mask; /* of the places in use */
    struct {
        uint32_t hash;
        uint32_t at; /* where in `ids`; 0: nobody */
    } place[WHO_PLACES];
};

/* False: there are too many, or it is no such vector. */
bool who_init(struct who *w, struct bytes ids);

/* Is this, to the byte, one of them? */
bool who_has(const struct who *w, struct bytes scheme, struct bytes id);

#endif
