/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_note.c - what comes in on the ports for peers. */
#include "tests/fuzz/fuzz.h"

#include "election/hello.h"
#include "election/poll.h"
#include "election/quorum_conf.h"
#include "election/vote.h"
#include "net/wire/qpacket.h"

/* A hello is read piece by piece, as the mesh does. */
static void
say_hello(const uint8_t *data, size_t size)
{
    struct hello hello;
    char host[64] = "";
    int32_t port = 1;
    size_t have = 0, need = HELLO_FIRST_BYTES;
    int rc = 0;

    while (rc == 0 && need <= size) {
        check(need > have && need <= HELLO_BYTES_MAX);
        have = need;
        rc = hello_get(fuzz_bytes(data, have), &hello, &need);
    }
    if (rc != 1)
        return;
    check(hello.sid >= 0 && hello.address.size <= HELLO_ADDRESS_MAX);
    if (hello_address(hello.address, host, sizeof host, &port))
        check(*host && port > 0 && port <= 65535);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes ours = bytes_of("a=b\nc=d\nversion=0");
    struct poll_answer answer;
    struct bytes config, line;
    struct learner_info info;
    struct qpacket packet;
    struct vote vote;
    int64_t got;

    say_hello(data, size);
    if (note_get(fuzz_bytes(data, size), &vote, &config) == 0) {
        check(config.size <= (int32_t)size && vote.state <= SERVER_OBSERVING);
        check(vote.ensemble == 0 || vote.version == 2);
        check(config_is_same(config, ours, &line) ==
              config_is_same(ours, config, &line));
    }
    (void)!poll_get_answer(fuzz_bytes(data, size), &answer);
    got = qpacket_get(fuzz_bytes(data, size), 4096, &packet);
    check(got <= (int64_t)size);
    if (got > 0)
        (void)!learner_info_get(packet.data, &info);
    return 0;
}
