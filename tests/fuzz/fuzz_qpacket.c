/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_qpacket.c - what comes to the quorum port and the infos inside it.
 *
 * A packet that is read lies within what came, asks for more only when that
 * helps, and is the same when it is written again.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "net/wire/qpacket.h"

enum { DATA_MAX = 4096 };

static void
read_infos(struct bytes data)
{
    struct learner_info learner;
    struct leader_info leader;

    check(learner_info_get(data, &learner) == (data.size < 8 ? -EBADMSG : 0));
    check(leader_info_get(data, &leader) == (data.size < 4 ? -EBADMSG : 0));
    check(learner.is_zabd || learner.flags == 0);
    check(leader.is_zabd || leader.flags == 0);
    check((learner.flags & LEARNER_IDENTITY) || learner.identity.id == 0);
    check((leader.flags & LEARNER_IDENTITY) || leader.identity.id == 0);
}

static void
read_signature(struct bytes data)
{
    uint8_t buffer[SIGNATURE_BYTES_MAX];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);
    struct signature s;

    if (!signature_get(data, &s))
        return;
    check(s.identity.epoch >= 0);
    check(s.identity.id != 0 || !s.identity.is_confirmed);
    signature_put(&out, &s);
    check(!out.bad && memcmp(buffer, data.data, SIGNATURE_BYTES - 1) == 0);
}

static void
write_again(struct bytes was, const struct qpacket *p)
{
    static uint8_t buffer[1 << 16];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);

    qpacket_put(&out, p);
    check(!out.bad);
    check(
        bytes_equal((struct bytes){buffer, (int32_t)jute_out_size(&out)}, was));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    while (size > 0) {
        struct qpacket p;
        int64_t n = qpacket_get(fuzz_bytes(data, size), DATA_MAX, &p);

        if (n <= 0)
            break;
        check((size_t)n <= size && n >= QPACKET_BYTES_MIN);
        check(p.data.size <= DATA_MAX);
        read_infos(p.data);
        read_signature(p.data);
        write_again(fuzz_bytes(data, (size_t)n), &p);
        data += n;
        size -= (size_t)n;
    }
    return 0;
}
