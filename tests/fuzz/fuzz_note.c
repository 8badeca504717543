/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_note.c - what comes in on the ports for peers. */
#include "tests/fuzz/fuzz.h"

#include "election/poll.h"
#include "election/vote.h"
#include "net/qpacket.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct poll_answer answer;
    struct bytes config;
    struct learner_info info;
    struct qpacket packet;
    struct vote vote;
    uint64_t need;
    int64_t got;

    if (note_get(fuzz_bytes(data, size), &vote, &config) == 0)
        check(config.size <= (int32_t)size && vote.state <= PEER_OBSERVING);
    (void)!poll_get_answer(fuzz_bytes(data, size), &answer);
    got = qpacket_get(fuzz_bytes(data, size), 4096, &packet, &need);
    check(got <= (int64_t)size && (got != 0 || need > size));
    if (got > 0)
        (void)!learner_info_get(packet.data, &info);
    return 0;
}
