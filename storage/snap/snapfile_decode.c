/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile_decode.c - see snapfile_decode.h.
 */
#include "storage/snap/snapfile_decode.h"

#include <errno.h>
#include <libdeflate.h>

enum {
    ITEM_MAX = 1 << 30,      /* no item is longer: a length beyond is damage */
    TRAILER_MAX = 64 * 1024, /* and what follows that is not looked at */
    FIXED_NODE_BYTES = 8 + ZK_STAT_PERSISTED_BYTES, /* ACL id and stat */
};

void
snap_decode_init(struct snap_decode *d, const struct snap_visitor *v,
                 bool is_payload)
{
    *d = (struct snap_decode){
        .visitor = v,
        .is_payload = is_payload,
        .part = is_payload ? SNAP_SESSION_COUNT : SNAP_HEADER,
        .adler = 1,
        .need = 1,
    };
}

void
snap_decode_deinit(struct snap_decode *d)
{
    snap_acl_map_free(&d->acls);
}

static int
bad(struct snap_decode *d, const char *what)
{
    d->what = what;
    return -EBADMSG;
}

/* Each part's function returns bytes consumed, 0 for "more", or -errno. */
typedef int64_t part_fn(struct snap_decode *d, const uint8_t *p, size_t left);

/* Whether `wanted` bytes are there; if not, they are what is needed. */
static bool
has(struct snap_decode *d, size_t left, size_t wanted)
{
    d->need = wanted;
    return left >= wanted;
}

/*
 * The buffer or string at p + *at; *at goes behind it, though its bytes may not
 * be there yet.  1; 0: more is needed; -EBADMSG: `what` is wrong.
 */
static int
take_buffer(struct snap_decode *d, const uint8_t *p, size_t left, size_t *at,
            struct bytes *buffer, const char *what)
{
    int32_t size;

    if (!has(d, left, *at + 4))
        return 0;
    size = (int32_t)load_be32(p + *at);
    if (size < -1 || size > ITEM_MAX)
        return bad(d, what);
    *at += 4;
    *buffer = size < 0 ? BYTES_NULL : (struct bytes){p + *at, size};
    *at += (size_t)bytes_size(*buffer);
    return 1;
}

static int64_t
on_header(struct snap_decode *d, const uint8_t *p, size_t left)
{
    if (!has(d, left, 16))
        return 0;
    if (load_be32(p) != SNAP_MAGIC)
        return bad(d, "it is not a snapshot");
    d->part = SNAP_SESSION_COUNT;
    return 16;
}

/* The count before sessions and ACLs; none at all skips to `after`. */
static int64_t
on_count(struct snap_decode *d, const uint8_t *p, size_t left,
         enum snap_part items, enum snap_part after)
{
    int32_t count;

    if (!has(d, left, 4))
        return 0;
    count = (int32_t)load_be32(p);
    if (count < 0)
        return bad(d, "a count is negative");
    d->left = (uint32_t)count;
    d->part = count > 0 ? items : after;
    return 4;
}

static int64_t
on_session_count(struct snap_decode *d, const uint8_t *p, size_t left)
{
    return on_count(d, p, left, SNAP_SESSIONS, SNAP_ACL_COUNT);
}

static int64_t
on_acl_count(struct snap_decode *d, const uint8_t *p, size_t left)
{
    return on_count(d, p, left, SNAP_ACLS, SNAP_NODES);
}

static int64_t
on_session(struct snap_decode *d, const uint8_t *p, size_t left)
{
    int rc;

    if (!has(d, left, 12))
        return 0;
    rc = d->visitor->session(d->visitor->arg, (session_id_t)load_be64(p),
                             (int32_t)load_be32(p + 8));
    if (rc < 0)
        return rc;
    d->sessions++;
    if (--d->left == 0)
        d->part = SNAP_ACL_COUNT;
    return 12;
}

/* Over one entry of a vector<ACL>, `*at` behind it: 1, 0 or -EBADMSG. */
static int
pass_acl(struct snap_decode *d, const uint8_t *p, size_t left, size_t *at)
{
    static const char what[] = "an ACL has an impossible length";

    *at += 4; /* permissions; then scheme and id */
    for (int part = 0; part < 2; part++) {
        struct bytes text;
        int rc = take_buffer(d, p, left, at, &text, what);

        if (rc != 1)
            return rc;
        if (*at > ITEM_MAX)
            return bad(d, what);
    }
    return has(d, left, *at);
}

/*
 * The size of the vector<ACL> at `p`: 0 when more bytes are needed, -EBADMSG
 * when it cannot be one.  What was passed is not looked at again when more of
 * a long one has come.
 */
static int64_t
acl_list_size(struct snap_decode *d, const uint8_t *p, size_t left)
{
    int32_t count;

    if (!has(d, left, 4))
        return 0;
    count = (int32_t)load_be32(p);
    if (count < -1)
        return bad(d, "an ACL has a negative count");
    for (; d->acl.entries < count; d->acl.entries++) {
        size_t at = 4 + d->acl.bytes;
        int rc = pass_acl(d, p, left, &at);

        if (rc != 1)
            return rc;
        d->acl.bytes = at - 4;
    }
    return (int64_t)(4 + d->acl.bytes);
}

static int64_t
on_acl(struct snap_decode *d, const uint8_t *p, size_t left)
{
    int64_t size;
    int rc;

    if (!has(d, left, 12))
        return 0;
    size = acl_list_size(d, p + 8, left - 8);
    d->need += 8;
    if (size <= 0)
        return size;
    rc = snap_acl_map_put(&d->acls, (int64_t)load_be64(p),
                          (struct bytes){p + 8, (int32_t)size});
    if (rc < 0)
        return rc;
    d->acl.entries = 0;
    d->acl.bytes = 0;
    if (--d->left == 0)
        d->part = SNAP_NODES;
    return size + 8;
}

/*
 * ZK: a node's ACL may have been added after the map was written; the replay
 * of the node's creation restores it (ZOOKEEPER-4846).  Until then the node is
 * closed to all, not open.
 */
static struct bytes
resolve_acl(struct snap_decode *d, int64_t id)
{
    struct bytes list;

    if (id == -1)
        return acl_open_to_all;
    list = snap_acl_map_get(&d->acls, id);
    if (list.size >= 0)
        return list;
    d->unknown_acls++;
    return acl_nobody;
}

static int
take_path(struct snap_decode *d, const uint8_t *p, size_t left, size_t *at,
          struct bytes *path)
{
    static const char what[] = "a path has an impossible length";
    int rc = take_buffer(d, p, left, at, path, what);

    if (rc != 1)
        return rc;
    if (path->size < 0)
        return bad(d, what);
    if (!has(d, left, *at))
        return 0;
    if (path->size > 0 && *path->data != '/')
        return bad(d, "a path does not begin with a slash");
    if (path->size > 1 && path->data[path->size - 1] == '/')
        return bad(d, "a path ends with a slash");
    return 1;
}

/* A node whole but for its ACL and Stat, which are at `fixed`. */
static int
give_node(struct snap_decode *d, struct bytes path, struct bytes data,
          const uint8_t *fixed)
{
    struct jute_in in = jute_in_of(fixed + 8, ZK_STAT_PERSISTED_BYTES);
    struct znode_stat stat = {0};
    int rc;

    znode_stat_get_persisted(&in, &stat);
    stat.data_size = bytes_size(data);
    rc = d->visitor->node(d->visitor->arg, path.size ? path : bytes_of("/"),
                          data, resolve_acl(d, (int64_t)load_be64(fixed)),
                          &stat);
    d->nodes += rc >= 0;
    return rc;
}

static int64_t
on_node(struct snap_decode *d, const uint8_t *p, size_t left)
{
    struct bytes path, data;
    size_t at = 0;
    int rc = take_path(d, p, left, &at, &path);

    if (rc == 1 && path.size == 1) { /* "/" is no node's name here: the end */
        d->part = d->is_payload ? SNAP_SIGNATURE : SNAP_SEAL;
        return (int64_t)at;
    }
    if (rc == 1)
        rc = take_buffer(d, p, left, &at, &data,
                         "data has an impossible length");
    if (rc != 1)
        return rc;
    if (!has(d, left, at + FIXED_NODE_BYTES))
        return 0;
    rc = give_node(d, path, data, p + at);
    return rc < 0 ? rc : (int64_t)(at + FIXED_NODE_BYTES);
}

/* Whether a seal over bytes with checksum `adler` begins at `p`. */
static bool
is_seal(const uint8_t *p, uint32_t adler)
{
    static const uint8_t slash[] = {0, 0, 0, 1, '/'};

    return load_be64(p) == adler && memcmp(p + 8, slash, sizeof slash) == 0;
}

static int64_t
on_seal(struct snap_decode *d, const uint8_t *p, size_t left)
{
    if (!has(d, left, SNAP_SEAL_BYTES))
        return 0;
    if (!is_seal(p, d->adler))
        return bad(d, "the checksum does not match");
    d->part = SNAP_TRAILER;
    return SNAP_SEAL_BYTES;
}

/* A sealed part of `size` bytes at p; *adler runs on over part and seal. */
static bool
sealed(const uint8_t *p, size_t size, uint32_t *adler)
{
    uint32_t part = libdeflate_adler32(*adler, p, size);

    if (!is_seal(p + size, part))
        return false;
    *adler = libdeflate_adler32(part, p + size, SNAP_SEAL_BYTES);
    return true;
}

/*
 * The bytes of the digest part, which in older versions was text; 0 if they
 * are not all there.
 */
static size_t
digest_part_size(const uint8_t *p, size_t left)
{
    if (left < SNAP_DIGEST_BYTES)
        return 0;
    if ((int32_t)load_be32(p + 8) >= ZK_DIGEST_VERSION)
        return SNAP_DIGEST_BYTES;
    return left < 16 || load_be32(p + 12) > left ? 0 : 16 + load_be32(p + 12);
}

/*
 * Digest and zxid are both optional, and nothing but their length tells which
 * is there.  What a later version appends behind them is no damage.
 */
static int64_t
on_trailer(struct snap_decode *d, const uint8_t *p, size_t left, bool is_last)
{
    const size_t zxid_part = 8 + SNAP_SEAL_BYTES;
    uint32_t adler = d->adler;
    size_t size;

    d->need = left + 1;
    if (!is_last && left < TRAILER_MAX)
        return 0;
    d->part = SNAP_DONE;
    if (left == 0)
        return 0;
    if (left == zxid_part)
        return sealed(p, 8, &adler)
                   ? (int64_t)left
                   : bad(d, "the checksum of the last part does not match");
    size = digest_part_size(p, left);
    if (size == 0 || left < size + SNAP_SEAL_BYTES || !sealed(p, size, &adler))
        return bad(d, "the checksum of the digest does not match");
    if (size == SNAP_DIGEST_BYTES && load_be32(p + 8) == ZK_DIGEST_VERSION) {
        d->has_digest = true;
        d->digest_zxid = (zxid_t)load_be64(p);
        d->digest = load_be64(p + 12);
    }
    p += size + SNAP_SEAL_BYTES;
    if (left - size - SNAP_SEAL_BYTES == zxid_part && !sealed(p, 8, &adler))
        return bad(d, "the checksum of the last part does not match");
    return (int64_t)left;
}

static int64_t
on_signature(struct snap_decode *d, const uint8_t *p, size_t left)
{
    static const uint8_t signature[] = "\0\0\0\012BenWasHere";
    const size_t size = sizeof signature - 1;

    if (!has(d, left, size))
        return 0;
    if (memcmp(p, signature, size) != 0)
        return bad(d, "the signature behind the nodes is missing");
    d->part = SNAP_DONE;
    return (int64_t)size;
}

int
snap_decode_feed(struct snap_decode *d, const uint8_t *data, size_t size,
                 bool is_last, size_t *used)
{
    static part_fn *const parts[] = {
        [SNAP_HEADER] = on_header,    [SNAP_SESSION_COUNT] = on_session_count,
        [SNAP_SESSIONS] = on_session, [SNAP_ACL_COUNT] = on_acl_count,
        [SNAP_ACLS] = on_acl,         [SNAP_NODES] = on_node,
        [SNAP_SEAL] = on_seal,        [SNAP_SIGNATURE] = on_signature,
    };
    size_t at = 0;
    int64_t n = 1;

    while (n > 0 && d->part != SNAP_DONE) {
        enum snap_part part = d->part;

        n = part == SNAP_TRAILER ? on_trailer(d, data + at, size - at, is_last)
                                 : parts[part](d, data + at, size - at);
        if (n <= 0)
            break;
        d->adler = libdeflate_adler32(d->adler, data + at, (size_t)n);
        d->offset += (uint64_t)n;
        at += (size_t)n;
    }
    *used = at;
    if (n < 0)
        return (int)n;
    if (is_last && d->part != SNAP_DONE)
        return bad(d, "it ends too early");
    return 0;
}
