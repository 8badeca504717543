/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_txn.c - transactions, as a log or a leader may send them. */
#include "tests/fuzz/fuzz.h"

#include "storage/tree/txn.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct change change;
    struct txn txn, known;
    uint32_t count = 0;

    if (txn_open(&txn, fuzz_bytes(data, size)) < 0)
        return 0;
    check(txn_open_known(&known, fuzz_bytes(data, size)) == 0);
    check(known.body.size == txn.body.size && known.digest == txn.digest);
    check(known.is_failed == txn.is_failed);
    while (txn_next(&txn, &change)) {
        check(change.path.size <= (int32_t)size);
        check(change.data.size <= (int32_t)size);
        count++;
    }
    check(count == txn_count(&txn));
    txn_rewind(&txn);
    while (txn_next(&txn, &change))
        count--;
    check(count == 0);
    return 0;
}
