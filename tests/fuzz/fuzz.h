/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what a fuzz target is: one function over bytes that may be
 * anything.  It must return 0, without a crash, an endless loop or a read
 * past the end; what it accepted must obey what its header promises.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "daemon/check.h"
#include "daemon/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes as the decoders take them. */
static inline struct bytes
fuzz_bytes(const uint8_t *data, size_t size)
{
    return (struct bytes){data, (int32_t)size};
}

#endif
