/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_acl.c - an ACL and identities, torn or invented; the first two bytes
 * say where one ends.
 */
#include "tests/fuzz/fuzz.h"

#include "net/access/acl.h"
#include "net/access/auth.h"
#include "net/access/path.h"
#include "storage/tree/znode.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t fixed[1 << 16];
    struct jute_out out = jute_out_of(fixed, sizeof fixed);
    struct bytes acl, ids;
    size_t cut;

    if (size < 2)
        return 0;
    cut = (size_t)(data[0] << 8 | data[1]) % (size - 1);
    acl = fuzz_bytes(data + 2, cut > size - 2 ? size - 2 : cut);
    ids = fuzz_bytes(data + 2 + acl.size, size - 2 - (size_t)acl.size);
    (void)acl_allows(acl, ZK_PERM_READ, ids, 0);
    (void)acl_is_super(ids);
    (void)path_valid(ids);
    if (acl_fixup(acl, ids, 0, &out) == ZK_OK && !out.bad) {
        struct jute_in in = jute_in_of(fixed, jute_out_size(&out));
        struct bytes stored = acl_take(&in);

        check(!in.bad && jute_in_left(&in) == 0 && stored.size > 4);
    }
    out = jute_out_of(fixed, sizeof fixed);
    acl_put(acl, data[0] & 1, &out);
    out = jute_out_of(fixed, sizeof fixed);
    auth_put_clients(ids, &out);
    return 0;
}
