/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_note.c - what comes in on the election port. */
#include "tests/fuzz/fuzz.h"

#include "election/poll.h"
#include "election/vote.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct poll_answer answer;
    struct bytes config;
    struct vote vote;

    if (note_get(fuzz_bytes(data, size), &vote, &config) == 0)
        check(config.size <= (int32_t)size && vote.state <= PEER_OBSERVING);
    (void)!poll_get_answer(fuzz_bytes(data, size), &answer);
    return 0;
}
