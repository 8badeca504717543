/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_snapshot.c - a snapshot stream, fed in pieces; file or SNAP payload. */
#include "tests/fuzz/fuzz.h"

#include "storage/snap/snapfile_decode.h"

static int
see_session(void *arg, session_id_t id, int32_t timeout_ms)
{
    (void)arg, (void)id, (void)timeout_ms;
    return 0;
}

/* Every byte that is handed out can be read. */
static int
see_node(void *arg, struct bytes path, struct bytes data, struct bytes acl,
         const struct znode_stat *stat)
{
    uint32_t *sum = arg;

    for (int32_t i = 0; i < path.size; i++)
        *sum += path.data[i];
    for (int32_t i = 0; i < data.size; i++)
        *sum += data.data[i];
    for (int32_t i = 0; i < acl.size; i++)
        *sum += acl.data[i];
    *sum += (uint32_t)stat->version;
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t sum = 0;
    struct snap_visitor visitor = {see_session, see_node, &sum};
    struct snap_decode decode;
    size_t fed = 0, piece;

    if (size < 1)
        return 0;
    piece = 1 + data[0] / 2u;
    snap_decode_init(&decode, &visitor, data[0] & 1);
    data++, size--;
    while (decode.part != SNAP_DONE) {
        bool is_last = size - fed <= piece;
        size_t n = is_last ? size - fed : piece, used = 0;
        int rc = snap_decode_feed(&decode, data + fed, n, is_last, &used);

        check(used <= n);
        if (rc < 0 || is_last)
            break;
        fed += used;
        if (piece < decode.need)
            piece = decode.need;
    }
    snap_decode_deinit(&decode);
    return 0;
}
