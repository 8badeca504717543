/* SPDX-License-Identifier: Apache-2.0 */
/* auth.c - see auth.h.  Facts: spec/client-protocol.md 6.4 and 6.6. */
#include "net/access/auth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "net/access/acl_vector.h"
#include "net/wire/java_text.h"

enum {
    HASH_MAX = 64,                           /* SHA-512 */
    BASE64_MAX = (HASH_MAX + 2) / 3 * 4 + 1, /* and EVP's final zero */
    ID_OVERHEAD = 4 + 4 + 8,                 /* lengths, the scheme's name */
    PIECE = 4096,                            /* of a text that is read */
};

uint32_t
auth_growth(struct bytes auth)
{
    const uint8_t *colon = bytes_find(auth, ':');
    uint32_t user = (uint32_t)(colon ? colon - auth.data : bytes_size(auth));

    /* the count, a digest id as java_text writes it, and super */
    return 4 + ID_OVERHEAD + 3 * user + 1 + BASE64_MAX + ID_OVERHEAD;
}

static bool
has_id(const struct auth_ids *ids, struct bytes scheme, struct bytes id)
{
    struct jute_in in;
    struct acl_id i;

    for (int32_t n = acl_vector(auth_bytes(ids), &in);
         n > 0 && acl_next_id(&in, &i); n--)
        if (bytes_equal(i.scheme, scheme) && bytes_equal(i.id, id))
            return true;
    return false;
}

/* Append one identity, unless it is there; false when the room is gone. */
static bool
put_id(struct auth_ids *ids, struct bytes scheme, struct bytes id)
{
    struct jute_out out = jute_out_of(ids->data, ids->room);
    uint32_t count = ids->size > 0 ? load_be32(ids->data) : 0;

    if (has_id(ids, scheme, id))
        return true;
    if (!jute_room(&out, ids->size > 0 ? ids->size : 4))
        return false;
    jute_put_bytes(&out, scheme);
    jute_put_bytes(&out, id);
    if (out.bad)
        return false;
    store_be32(ids->data, count + 1);
    ids->size = (uint16_t)jute_out_size(&out);
    return true;
}

struct bytes
auth_bytes_then(const struct auth_ids *ids, uint32_t size,
                uint8_t memory[AUTH_IDS_MAX])
{
    struct jute_in in = jute_in_of(ids->data, size);
    struct acl_id id;
    uint32_t count = 0;

    if (size == ids->size)
        return auth_bytes(ids);
    for (jute_get_i32(&in); jute_in_left(&in) > 0 && !in.bad; count++)
        acl_next_id(&in, &id);
    memcpy(memory, ids->data, size);
    store_be32(memory, count);
    return (struct bytes){memory, (int32_t)size};
}

static const EVP_MD *
hash_of(int alg)
{
    switch ((enum conf_digest_alg)alg) {
    case CONF_DIGEST_SHA256:
        return EVP_sha256();
    case CONF_DIGEST_SHA512:
        return EVP_sha512();
    case CONF_DIGEST_SHA3_256:
        return EVP_sha3_256();
    case CONF_DIGEST_SHA1:
        break;
    }
    return EVP_sha1();
}

/* So many bytes at once, and no character cut in two: it has four at most. */
static size_t
piece_of(const uint8_t *p, size_t left)
{
    if (left <= PIECE)
        return left;
    for (size_t n = PIECE; n > PIECE - 4; n--)
        if ((p[n] & 0xc0) != 0x80)
            return n;
    return PIECE; /* within what is no character */
}

/*
 * Hash a text as Java reads it, and keep of that what is before the first
 * colon.  It may be as long as a request.
 */
static bool
read_digest(EVP_MD_CTX *hash, struct bytes from, struct jute_out *user)
{
    uint8_t text[3 * PIECE];
    size_t left = (size_t)bytes_size(from), n;
    const uint8_t *colon = NULL;

    for (const uint8_t *p = from.data; left > 0; p += n, left -= n) {
        size_t size;

        n = piece_of(p, left);
        size = java_text((struct bytes){p, (int32_t)n}, text);
        if (EVP_DigestUpdate(hash, text, size) != 1)
            return false;
        if (colon)
            continue;
        colon = memchr(text, ':', size);
        jute_put_raw(user, text, colon ? (size_t)(colon - text) : size);
    }
    return true;
}

/* The same to its end: the hash as text. */
static int
digest_base64(struct bytes from, int alg, struct jute_out *user,
              uint8_t base64[BASE64_MAX])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    uint8_t bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    bool is_done = hash && EVP_DigestInit_ex(hash, hash_of(alg), NULL) == 1 &&
                   read_digest(hash, from, user) &&
                   EVP_DigestFinal_ex(hash, bytes, &size) == 1;

    EVP_MD_CTX_free(hash);
    return is_done ? EVP_EncodeBlock(base64, bytes, (int)size) : -EIO;
}

int
auth_digest_id(struct bytes user_password, int alg, char *text, size_t size)
{
    struct jute_out out = jute_out_of(text, size);
    uint8_t base64[BASE64_MAX];
    int n = digest_base64(user_password, alg, &out, base64);

    if (n < 0)
        return n;
    jute_put_raw(&out, ":", 1);
    jute_put_raw(&out, base64, (size_t)n);
    return out.bad ? -ENOSPC : (int)jute_out_size(&out);
}

/*
 * Any text is a user and a password.  The operator's super user is known by the
 * id that its password makes.
 * ZK: DigestAuthenticationProvider.handleAuthentication
 */
static enum zk_code
add_digest(const struct conf *conf, struct bytes auth, struct auth_ids *ids)
{
    char text[AUTH_IDS_MAX];
    struct bytes id = {(const uint8_t *)text, 0};

    if (auth.size < 0 || !conf->digest_auth_enabled)
        return ZK_AUTH_FAILED;
    id.size = auth_digest_id(auth, conf->digest_alg, text, sizeof text);
    if (id.size < 0)
        return ZK_AUTH_FAILED;
    if (conf->super_digest[0] != 0 && bytes_are(id, conf->super_digest) &&
        !put_id(ids, bytes_of("super"), bytes_of("")))
        return ZK_AUTH_FAILED;
    return put_id(ids, bytes_of("digest"), id) ? ZK_OK : ZK_AUTH_FAILED;
}

enum zk_code
auth_add(const struct conf *conf, struct bytes scheme, struct bytes auth,
         struct auth_ids *ids)
{
    if (bytes_are(scheme, "digest"))
        return add_digest(conf, auth, ids);
    if (bytes_are(scheme, "ip"))
        return ZK_OK; /* there from the start */
    return ZK_AUTH_FAILED;
}

void
auth_address(const struct sockaddr *peer, char text[AUTH_ADDRESS_MAX])
{
    const struct sockaddr_in6 *in6 = (const void *)peer;
    const struct sockaddr_in *in4 = (const void *)peer;
    const uint8_t *b = in6->sin6_addr.s6_addr;

    text[0] = 0;
    if (peer->sa_family == AF_INET)
        inet_ntop(AF_INET, &in4->sin_addr, text, AUTH_ADDRESS_MAX);
    else if (peer->sa_family != AF_INET6)
        return;
    else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        inet_ntop(AF_INET, b + 12, text, AUTH_ADDRESS_MAX);
    else
        snprintf(text, AUTH_ADDRESS_MAX, "%x:%x:%x:%x:%x:%x:%x:%x",
                 b[0] << 8 | b[1], b[2] << 8 | b[3], b[4] << 8 | b[5],
                 b[6] << 8 | b[7], b[8] << 8 | b[9], b[10] << 8 | b[11],
                 b[12] << 8 | b[13], b[14] << 8 | b[15]);
}

enum zk_code
auth_add_ip(const struct sockaddr *peer, struct auth_ids *ids)
{
    char text[AUTH_ADDRESS_MAX];

    auth_address(peer, text);
    return put_id(ids, bytes_of("ip"), bytes_of(text)) ? ZK_OK : ZK_AUTH_FAILED;
}

bool
auth_holds(struct bytes ids, uint32_t schemes)
{
    struct jute_in in;
    struct acl_id id;

    for (int32_t n = acl_vector(ids, &in); n > 0 && acl_next_id(&in, &id); n--)
        if ((bytes_are(id.scheme, "digest") &&
             (schemes & CONF_SCHEME_DIGEST)) ||
            (bytes_are(id.scheme, "ip") && (schemes & CONF_SCHEME_IP)))
            return true;
    return false;
}

void
auth_put_clients(struct bytes ids, struct jute_out *out)
{
    struct jute_in in;
    struct acl_id id;
    int32_t count = acl_vector(ids, &in);

    jute_put_i32(out, count);
    for (; count > 0 && acl_next_id(&in, &id); count--) {
        struct bytes user = id.id;
        const uint8_t *colon = bytes_find(user, ':');

        if (colon && bytes_are(id.scheme, "digest"))
            user.size = (int32_t)(colon - user.data);
        jute_put_bytes(out, id.scheme);
        jute_put_bytes(out, user);
    }
}
