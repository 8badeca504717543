/* SPDX-License-Identifier: Apache-2.0 */
/* acl_who.c - see acl_who.h.  Pure. */
#include "net/access/acl_who.h"

bool
who_init(struct who *w, struct bytes ids)
{
    struct jute_in in;
    struct acl_id id;
    int32_t count = acl_vector(ids, &in);

    if (count > BYTE_SET_MAX)
        return false;
    byte_set_clear(&w->ids, (uint32_t)count);
    w->ip_count = 0;
    for (; count > 0; count--) {
        if (!acl_next_id(&in, &id))
            return false;
        byte_set_add(&w->ids, id.whole);
        if (!bytes_are(id.scheme, "ip"))
            continue;
        if (w->ip_count == WHO_IPS_MAX)
            return false;
        w->ip[w->ip_count++] = id.id;
    }
    return true;
}
