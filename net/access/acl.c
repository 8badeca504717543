/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl.c - deciding, storing and showing lists of permissions.
 *
 * Pure; any process.  Facts: spec/client-protocol.md 6.1 to 6.5.
 */
#include "net/access/acl.h"

#include "net/access/acl_ip.h"
#include "net/access/acl_who.h"
#include "storage/tree/znode.h"

enum { FEW_ENTRIES = 8 }; /* then a table costs more than it is worth */

struct entry {
    int32_t perms;
    struct bytes scheme, id;
};

/* The vector's elements; 0 of null, of nothing, of a broken count. */
static int32_t
open_vector(struct bytes vector, struct jute_in *in)
{
    int32_t count;

    *in = jute_in_of(vector.data, vector.size < 0 ? 0 : (size_t)vector.size);
    count = jute_get_count(in);
    return in->bad || count < 0 ? 0 : count;
}

static bool
next_entry(struct jute_in *in, struct entry *e)
{
    e->perms = jute_get_i32(in);
    e->scheme = jute_get_bytes(in);
    e->id = jute_get_bytes(in);
    return !in->bad;
}

static bool
next_id(struct jute_in *in, struct entry *id)
{
    id->scheme = jute_get_bytes(in);
    id->id = jute_get_bytes(in);
    return !in->bad;
}

unsigned
acl_flags_of(const struct conf *conf)
{
    return (conf->skip_acl ? ACL_SKIP : 0) |
           (conf->digest_auth_enabled ? 0 : ACL_NO_DIGEST);
}

static bool
is_registered(struct bytes scheme, unsigned flags)
{
    return bytes_are(scheme, "ip") ||
           (bytes_are(scheme, "digest") && !(flags & ACL_NO_DIGEST));
}

/* Does some identity match the entry, by the rule of its scheme? */
static bool
somebody_matches(const struct entry *e, struct bytes ids, unsigned flags)
{
    struct jute_in in;
    struct entry id;
    bool is_ip = bytes_are(e->scheme, "ip");

    if (!is_registered(e->scheme, flags))
        return false;
    for (int32_t n = open_vector(ids, &in); n > 0 && next_id(&in, &id); n--) {
        if (!bytes_equal(id.scheme, e->scheme))
            continue;
        if (is_ip ? acl_ip_matches(e->id, id.id) : bytes_equal(e->id, id.id))
            return true;
    }
    return false;
}

/* The same, of those in a table. */
static bool
who_matches(const struct entry *e, const struct who *who, unsigned flags)
{
    if (!is_registered(e->scheme, flags))
        return false;
    if (!bytes_are(e->scheme, "ip"))
        return who_has(who, e->scheme, e->id);
    for (uint32_t i = 0; i < who->ip_count; i++)
        if (acl_ip_matches(e->id, who->ip[i]))
            return true;
    return false;
}

bool
acl_is_super(struct bytes ids)
{
    struct jute_in in;
    struct entry id;

    for (int32_t n = open_vector(ids, &in); n > 0 && next_id(&in, &id); n--)
        if (bytes_are(id.scheme, "super"))
            return true;
    return false;
}

bool
acl_allows(struct bytes acl, int perm, struct bytes ids, unsigned flags)
{
    static struct who table; /* 32 KiB: not for a stack */
    const struct who *who = NULL;
    struct jute_in in;
    struct entry e;
    int32_t count = open_vector(acl, &in);

    if (count == 0 || (flags & ACL_SKIP))
        return true;
    if (count > FEW_ENTRIES && who_init(&table, ids))
        who = &table;
    for (; count > 0 && next_entry(&in, &e); count--) {
        if (!(e.perms & perm))
            continue;
        if (bytes_are(e.scheme, "world") && bytes_are(e.id, "anyone"))
            return true;
        if (who ? who_matches(&e, who, flags)
                : somebody_matches(&e, ids, flags))
            return true;
    }
    return acl_is_super(ids);
}

/* --- what create and setACL store ---------------------------------------- */

/*
 * Exactly two parts when split at ':' as Java does it, which drops empty
 * parts at the end.
 * ZK: DigestAuthenticationProvider.isValid
 */
static bool
digest_id_valid(struct bytes id)
{
    int colons = 0;

    while (id.size > 0 && id.data[id.size - 1] == ':')
        id.size--;
    for (int32_t i = 0; i < id.size; i++)
        colons += id.data[i] == ':';
    return colons == 1;
}

static void
put_entry(struct jute_out *out, int32_t perms, struct bytes scheme,
          struct bytes id)
{
    jute_put_i32(out, perms);
    jute_put_bytes(out, scheme);
    jute_put_bytes(out, id);
}

/* One entry for each identity whose scheme counts as authenticated. */
static int32_t
expand_auth(int32_t perms, struct bytes ids, unsigned flags,
            struct jute_out *out)
{
    struct jute_in in;
    struct entry id;
    int32_t written = 0;

    for (int32_t n = open_vector(ids, &in); n > 0 && next_id(&in, &id); n--) {
        if (!bytes_are(id.scheme, "digest") || (flags & ACL_NO_DIGEST))
            continue;
        put_entry(out, perms, id.scheme, id.id);
        written++;
    }
    return written;
}

/* Write what `e` becomes and add its entries to `count`. */
static enum zk_code
fixup_entry(const struct entry *e, struct bytes ids, unsigned flags,
            struct jute_out *out, int32_t *count)
{
    bool is_world = bytes_are(e->scheme, "world");

    if (bytes_are(e->scheme, "auth")) {
        int32_t n = expand_auth(e->perms, ids, flags, out);

        *count += n;
        return n > 0 ? ZK_OK : ZK_INVALID_ACL;
    }
    if (!is_world && !is_registered(e->scheme, flags))
        return ZK_INVALID_ACL; /* a null scheme too */
    if (e->id.size < 0)
        return ZK_MARSHALLING;
    if (is_world                     ? !bytes_are(e->id, "anyone")
        : bytes_are(e->scheme, "ip") ? !acl_ip_valid(e->id)
                                     : !digest_id_valid(e->id))
        return ZK_INVALID_ACL;
    put_entry(out, e->perms, e->scheme, e->id);
    *count += 1;
    return ZK_OK;
}

/* Entries seen so far, by hash and place in the list. */
struct seen {
    int32_t count;
    uint32_t hash[ACL_ENTRIES_MAX];
    struct bytes entry[ACL_ENTRIES_MAX];
};

static uint32_t
hash_bytes(struct bytes b)
{
    uint32_t h = 2166136261u;

    for (int32_t i = 0; i < b.size; i++)
        h = (h ^ b.data[i]) * 16777619u;
    return h;
}

static bool
seen_before(struct seen *seen, struct bytes entry)
{
    uint32_t hash = hash_bytes(entry);

    for (int32_t i = 0; i < seen->count; i++)
        if (seen->hash[i] == hash && bytes_equal(seen->entry[i], entry))
            return true;
    seen->hash[seen->count] = hash;
    seen->entry[seen->count++] = entry;
    return false;
}

/*
 * Java looks for duplicates first, comparing perms, scheme and id as long as
 * they are equal, and throws where it comes to a null.
 * ZK: PrepRequestProcessor.removeDuplicates, ACL.equals, Id.equals
 */
static bool
is_compared_by_a_null(const struct seen *seen, const struct entry *e,
                      const uint8_t *from)
{
    size_t size = e->scheme.size < 0 ? 4 : 8 + (size_t)e->scheme.size;

    if (e->scheme.size >= 0 && e->id.size >= 0)
        return false;
    for (int32_t i = 0; i < seen->count; i++)
        if ((size_t)seen->entry[i].size >= size &&
            memcmp(seen->entry[i].data, from, size) == 0)
            return true;
    return false;
}

/* The first error counts, but for one that Java meets before it begins. */
static enum zk_code
fixup_many(struct jute_in *in, int32_t left, struct bytes ids, unsigned flags,
           struct jute_out *out, int32_t *written)
{
    static struct seen seen; /* 80 KiB: not for a stack */
    enum zk_code err = ZK_OK;

    seen.count = 0;
    for (; left > 0; left--) {
        const uint8_t *from = in->at;
        struct entry e;

        if (!next_entry(in, &e) || is_compared_by_a_null(&seen, &e, from))
            return ZK_MARSHALLING;
        if (!seen_before(&seen,
                         (struct bytes){from, (int32_t)(in->at - from)}) &&
            err == ZK_OK)
            err = fixup_entry(&e, ids, flags, out, written);
    }
    return err;
}

enum zk_code
acl_fixup(struct bytes acl, struct bytes ids, unsigned flags,
          struct jute_out *out)
{
    struct jute_in in;
    struct entry e;
    int32_t count, written = 0;
    uint8_t *head;
    enum zk_code err;

    if (bytes_equal(acl, acl_open_to_all)) {
        jute_put_raw(out, acl.data, (size_t)acl.size);
        return ZK_OK;
    }
    count = open_vector(acl, &in);
    head = jute_room(out, 4);
    if (count == 0 || count > ACL_ENTRIES_MAX)
        return ZK_INVALID_ACL;
    if (count > 1)
        err = fixup_many(&in, count, ids, flags, out, &written);
    else
        err = next_entry(&in, &e) ? fixup_entry(&e, ids, flags, out, &written)
                                  : ZK_MARSHALLING;
    if (head)
        store_be32(head, (uint32_t)written);
    return err;
}

/* --- what getACL shows --------------------------------------------------- */

/*
 * The id up to its first ':', then `x` in place of the hash.
 * ZK: FinalRequestProcessor, getACL
 */
static void
put_masked_id(struct jute_out *out, struct bytes id)
{
    const uint8_t *colon =
        id.size > 0 ? memchr(id.data, ':', (size_t)id.size) : NULL;
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
    struct entry e;
    int32_t count = open_vector(acl, &in);

    if (!masked || acl.size < 4) {
        jute_put_raw(out, acl.data, acl.size < 0 ? 0 : (size_t)acl.size);
        return;
    }
    jute_put_i32(out, count);
    for (; count > 0 && next_entry(&in, &e); count--) {
        jute_put_i32(out, e.perms);
        jute_put_bytes(out, e.scheme);
        if (bytes_are(e.scheme, "digest"))
            put_masked_id(out, e.id);
        else
            jute_put_bytes(out, e.id);
    }
}
