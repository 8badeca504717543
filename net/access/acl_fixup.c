/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_fixup.c - from the list that was asked for to the one that is stored.
 *
 * Pure; any process.  Facts: spec/client-protocol.md 6.2.
 * ZK: PrepRequestProcessor.fixupACL
 */
#include "net/access/acl.h"

#include "net/access/acl_ip.h"
#include "net/access/acl_vector.h"
#include "net/access/byte_set.h"
#include "storage/tree/znode.h"

/* One list on its way. */
struct fixup {
    struct bytes ids; /* of who asks */
    unsigned flags;   /* enum acl_flags */
    struct jute_out *out;
    int32_t written; /* entries */
};

/* --- one entry ------------------------------------------------------------ */

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

/* `who` is one of those that may be stored, and its id is not null. */
static bool
id_valid(const struct acl_id *who)
{
    if (bytes_are(who->scheme, "world"))
        return bytes_are(who->id, "anyone");
    if (bytes_are(who->scheme, "ip"))
        return acl_ip_valid(who->id);
    return digest_id_valid(who->id);
}

static void
put_entry(struct fixup *f, int32_t perms, const struct acl_id *who)
{
    jute_put_i32(f->out, perms);
    jute_put_raw(f->out, who->whole.data, (size_t)who->whole.size);
    f->written++;
}

/* One entry for each identity whose scheme counts as authenticated. */
static enum zk_code
expand_auth(struct fixup *f, int32_t perms)
{
    int32_t before = f->written;
    struct jute_in in;
    struct acl_id id;

    for (int32_t n = acl_vector(f->ids, &in); n > 0 && acl_next_id(&in, &id);
         n--)
        if (bytes_are(id.scheme, "digest") && !(f->flags & ACL_NO_DIGEST))
            put_entry(f, perms, &id);
    return f->written > before ? ZK_OK : ZK_INVALID_ACL;
}

static enum zk_code
fixup_entry(struct fixup *f, const struct acl_entry *e)
{
    const struct acl_id *who = &e->who;

    if (bytes_are(who->scheme, "auth"))
        return expand_auth(f, e->perms);
    if (!bytes_are(who->scheme, "world") &&
        !acl_has_scheme(who->scheme, f->flags))
        return ZK_INVALID_ACL; /* a null scheme too */
    if (who->id.size < 0)
        return ZK_MARSHALLING;
    if (!id_valid(who))
        return ZK_INVALID_ACL;
    put_entry(f, e->perms, who);
    return ZK_OK;
}

/* --- all of them ---------------------------------------------------------- */

/* What an entry begins with.  Each says where it ends: none is another kind. */
static struct bytes
perms_of(const struct acl_entry *e)
{
    return (struct bytes){e->whole.data, 4};
}

static struct bytes
perms_and_scheme_of(const struct acl_entry *e)
{
    return (struct bytes){e->whole.data, 8 + bytes_size(e->who.scheme)};
}

enum { NOTES_EACH = 3 }; /* of one entry: the two and the whole */

_Static_assert(NOTES_EACH *ACL_ENTRIES_MAX <= BYTE_SET_MAX, "all have room");

/* False: the same entry has been seen before. */
static bool
note(struct byte_set *seen, const struct acl_entry *e)
{
    byte_set_add(seen, perms_of(e));
    byte_set_add(seen, perms_and_scheme_of(e));
    return byte_set_add(seen, e->whole);
}

/*
 * Java looks for duplicates first, comparing perms, scheme and id as long as
 * they are equal, and throws where it comes to a null.
 * ZK: PrepRequestProcessor.removeDuplicates, ACL.equals, Id.equals
 */
static bool
is_compared_by_a_null(const struct byte_set *seen, const struct acl_entry *e)
{
    if (e->who.scheme.size < 0)
        return byte_set_has(seen, perms_of(e));
    return e->who.id.size < 0 && byte_set_has(seen, perms_and_scheme_of(e));
}

/* The first error counts, but for one that Java meets before it begins. */
static enum zk_code
fixup_many(struct fixup *f, struct jute_in *in, int32_t count)
{
    static struct byte_set seen; /* not for a stack */
    enum zk_code err = ZK_OK;
    struct acl_entry e;

    byte_set_clear(&seen, NOTES_EACH * (uint32_t)count);
    for (; count > 0; count--) {
        if (!acl_next_entry(in, &e) || is_compared_by_a_null(&seen, &e))
            return ZK_MARSHALLING;
        if (note(&seen, &e) && err == ZK_OK)
            err = fixup_entry(f, &e);
    }
    return err;
}

enum zk_code
acl_fixup(struct bytes acl, struct bytes ids, unsigned flags,
          struct jute_out *out)
{
    struct fixup f = {.ids = ids, .flags = flags, .out = out};
    struct jute_in in;
    struct acl_entry e;
    int32_t count = acl_vector(acl, &in);
    uint8_t *head;
    enum zk_code err;

    if (bytes_equal(acl, acl_open_to_all)) {
        jute_put_raw(out, acl.data, (size_t)acl.size);
        return ZK_OK;
    }
    head = jute_room(out, 4);
    if (count == 0 || count > ACL_ENTRIES_MAX)
        return ZK_INVALID_ACL;
    if (count > 1)
        err = fixup_many(&f, &in, count);
    else
        err = acl_next_entry(&in, &e) ? fixup_entry(&f, &e) : ZK_MARSHALLING;
    if (head)
        store_be32(head, (uint32_t)f.written);
    return err;
}
