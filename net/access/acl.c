/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl.c - deciding by lists of permissions, and showing them.
 *
 * Pure; any process.  Facts: spec/client-protocol.md 6.1, 6.3 to 6.5.
 */
#include "net/access/acl.h"

#include "net/access/acl_ip.h"
#include "net/access/acl_vector.h"
#include "net/access/acl_who.h"

enum { FEW_ENTRIES = 8 }; /* then a table costs more than it is worth */

unsigned
acl_flags_of(const struct conf *conf)
{
    return (conf->skip_acl ? ACL_SKIP : 0) |
           (conf->digest_auth_enabled ? 0 : ACL_NO_DIGEST);
}

bool
acl_has_scheme(struct bytes scheme, unsigned flags)
{
    return bytes_are(scheme, "ip") ||
           (bytes_are(scheme, "digest") && !(flags & ACL_NO_DIGEST));
}

/* Does some identity match the entry, by the rule of its scheme? */
static bool
somebody_matches(const struct acl_id *wanted, struct bytes ids)
{
    struct jute_in in;
    struct acl_id id;
    bool is_ip = bytes_are(wanted->scheme, "ip");

    for (int32_t n = acl_vector(ids, &in); n > 0 && acl_next_id(&in, &id); n--)
        if (is_ip ? bytes_are(id.scheme, "ip") &&
                        acl_ip_matches(wanted->id, id.id)
                  : bytes_equal(wanted->whole, id.whole))
            return true;
    return false;
}

/* The same, of those in a table. */
static bool
who_matches(const struct acl_id *wanted, const struct who *who)
{
    if (!bytes_are(wanted->scheme, "ip"))
        return who_has(who, wanted);
    for (uint32_t i = 0; i < who->ip_count; i++)
        if (acl_ip_matches(wanted->id, who->ip[i]))
            return true;
    return false;
}

bool
acl_is_super(struct bytes ids)
{
    struct jute_in in;
    struct acl_id id;

    for (int32_t n = acl_vector(ids, &in); n > 0 && acl_next_id(&in, &id); n--)
        if (bytes_are(id.scheme, "super"))
            return true;
    return false;
}

bool
acl_allows(struct bytes acl, int perm, struct bytes ids, unsigned flags)
{
    static struct who table; /* not for a stack */
    const struct who *who = NULL;
    struct jute_in in;
    struct acl_entry e;
    int32_t count = acl_vector(acl, &in);

    if (count == 0 || (flags & ACL_SKIP))
        return true;
    if (count > FEW_ENTRIES && who_init(&table, ids))
        who = &table;
    for (; count > 0 && acl_next_entry(&in, &e); count--) {
        if (!(e.perms & perm))
            continue;
        if (bytes_are(e.who.scheme, "world") && bytes_are(e.who.id, "anyone"))
            return true;
        if (acl_has_scheme(e.who.scheme, flags) &&
            (who ? who_matches(&e.who, who) : somebody_matches(&e.who, ids)))
            return true;
    }
    return acl_is_super(ids);
}

/* --- what getACL shows --------------------------------------------------- */

/*
 * The id up to its first ':', then `x` in place of the hash.
 * ZK: FinalRequestProcessor, getACL
 */
static void
put_masked_id(struct jute_out *out, struct bytes id)
{
    const uint8_t *colon = bytes_find(id, ':');
    int32_t keep = colon ? (int32_t)(colon + 1 - id.data) : 0;

    if (!colon) {
        jute_put_bytes(out, id);
        return;
    }
    jute_put_i32(out, keep + 1);
    jute_put_raw(out, id.data, (size_t)keep);
    jute_put_raw(out, "x", 1);
}

void
acl_put(struct bytes acl, bool masked, struct jute_out *out)
{
    struct jute_in in;
    struct acl_entry e;
    int32_t count = acl_vector(acl, &in);

    if (!masked || acl.size < 4) {
        jute_put_raw(out, acl.data, (size_t)bytes_size(acl));
        return;
    }
    jute_put_i32(out, count);
    for (; count > 0 && acl_next_entry(&in, &e); count--) {
        jute_put_i32(out, e.perms);
        jute_put_bytes(out, e.who.scheme);
        if (bytes_are(e.who.scheme, "digest"))
            put_masked_id(out, e.who.id);
        else
            jute_put_bytes(out, e.who.id);
    }
}
