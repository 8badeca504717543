/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.h - hashes of bytes that a client chose.
 *
 * Multiplicative as wyhash's: products of words, each word blinded by a seed.
 * A client that does not know the seed cannot make keys collide, nor a chain
 * as long as it likes.  A seed is random and lasts for one run: no hash of
 * these goes to disk or wire.  Pure; any process.
 */
#ifndef DAEMON_HASH_H
#define DAEMON_HASH_H

#include "daemon/types.h"

/* 2^64 by the golden ratio: numbers in a row are far apart when multiplied. */
#define HASH_ODD UINT64_C(0x9e3779b97f4a7c15)

/*
 * A seed for what lies in shared memory: where the system put that, which is
 * neither random nor known to anybody else.
 */
static inline uint64_t
hash_seed_at(const void *memory)
{
    uint64_t x = (uint64_t)(uintptr_t)memory * UINT64_C(0xd6e8feb86659fd93);

    return (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93) | 1;
}

static inline uint64_t
hash_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A word of `size` bytes, at most eight; no others are read. */
static inline uint64_t
hash_load(const uint8_t *p, size_t size)
{
    uint64_t v = 0;
    uint32_t w;

    if (size >= 8) {
        memcpy(&v, p, 8);
        return v;
    }
    if (size >= 4) { /* two loads that overlap */
        memcpy(&w, p + size - 4, 4);
        v = (uint64_t)w << 32;
        memcpy(&w, p, 4);
        return v | w;
    }
    if (size > 0)
        v = (uint64_t)p[0] << 16 | (uint64_t)p[size / 2] << 8 | p[size - 1];
    return v;
}

/* Of `b`, and of a number that belongs to the key. */
static inline uint32_t
hash_bytes(uint64_t seed, uint32_t with, struct bytes b)
{
    const uint8_t *p = b.data;
    size_t left = (size_t)bytes_size(b);
    uint64_t h = seed ^ ((uint64_t)with << 32 | (uint32_t)left) * HASH_ODD;

    for (; left > 16; p += 16, left -= 16)
        h = hash_mix(hash_load(p, 8) ^ seed, hash_load(p + 8, 8) ^ h);
    if (left > 8)
        h = hash_mix(hash_load(p, 8) ^ seed, hash_load(p + left - 8, 8) ^ h);
    else
        h = hash_mix(hash_load(p, left) ^ seed, h);
    h = hash_mix(h ^ HASH_ODD, seed);
    return (uint32_t)(h ^ h >> 32);
}

#endif
