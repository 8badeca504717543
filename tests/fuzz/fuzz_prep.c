/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_prep.c - request records into preparation, what comes out into the
 * tree: a sequence of them, two bytes of length before each.
 *
 * Whatever was asked, the transaction is one that the log can keep and the
 * tree can apply, and its digest is the tree's after it.
 */
#include "tests/fuzz/fuzz.h"

#include "tests/unit/prep_given.h"

enum { REQUESTS_MAX = 64 };

/* Bytes of one request: xid, op, record; all transactions are applied. */
static void
ask(struct kit *k, struct bytes request)
{
    struct jute_in in = jute_in_of(request.data, (size_t)request.size);
    int32_t op;
    struct tree_totals totals;

    (void)jute_get_i32(&in);
    op = jute_get_i32(&in);
    if (in.bad || op == ZK_OP_CREATE_SESSION)
        return;
    kit_step(k, op, KIT_SESSION,
             (struct bytes){in.at, (int32_t)jute_in_left(&in)}, 0);
    if (k->verdict != PREP_TXN)
        return;
    kit_apply_all(k);
    tree_totals(k->tree, &totals);
    check(totals.zxid == k->zxid);
    check(totals.digest == k->prep.digest);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct kit *k;
    static int runs;
    size_t at = 0;

    if (runs++ % 64 == 0) { /* a fresh tree now and then */
        if (k)
            kit_close(k);
        k = kit_open();
    }
    for (int i = 0; i < REQUESTS_MAX && size - at > 2; i++) {
        size_t n = (size_t)(data[at] << 8 | data[at + 1]);

        at += 2;
        n = n < size - at ? n : size - at;
        ask(k, fuzz_bytes(data + at, n));
        at += n;
    }
    return 0;
}
