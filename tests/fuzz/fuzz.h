/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what a fuzz target is: one function over bytes that may be
 * anything.  It must return 0, without a crash, an endless loop or a read
 * past the end; what it accepted must obey what its header promises.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "daemon/check.h"
#include "daemon/jute.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes as the decoders take them. */
static inline struct bytes
fuzz_bytes(const uint8_t *data, size_t size)
{
    return (struct bytes){data, (int32_t)size};
}

/* What happens next: a byte, or 0 when they are used up; in->bad tells then. */
static inline uint8_t
fuzz_byte(struct jute_in *in)
{
    const uint8_t *p = jute_take(in, 1);

    return p ? *p : 0;
}

/* A byte says how many follow, fewer than `end` and no more than there are. */
static inline struct bytes
fuzz_some(struct jute_in *in, size_t end)
{
    size_t size = fuzz_byte(in) % end;
    const uint8_t *at = in->at;

    if (size > jute_in_left(in))
        size = jute_in_left(in);
    jute_take(in, size);
    return fuzz_bytes(at, size);
}

#endif
