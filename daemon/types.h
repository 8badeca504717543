/* SPDX-License-Identifier: Apache-2.0 */
/*
 * types.h - the numbers and small values that every folder speaks of.
 *
 * Nothing here allocates, fails or depends on a process.
 */
#ifndef DAEMON_TYPES_H
#define DAEMON_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(sizeof(void *) == 8,
               "zabd needs a 64-bit machine: its tree has 64 GiB of addresses");

typedef int64_t zxid_t;       /* epoch in the high, counter in the low 32 */
typedef int64_t sid_t;        /* server id, the number in `myid` */
typedef int64_t session_id_t; /* 0 is nobody */
typedef int64_t mono_ms_t;    /* CLOCK_MONOTONIC, milliseconds */
typedef int64_t wall_ms_t;    /* milliseconds since 1970, may jump */
typedef uint64_t ring_pos_t;  /* bytes ever put in a ring: only grows */

/* Later than any moment. */
#define MONO_MS_MAX ((mono_ms_t)INT64_MAX)

/* No server; their numbers begin at 0. */
#define SID_NONE ((sid_t)-1)

#define ZXID(epoch, counter) ((zxid_t)(epoch) << 32 | (zxid_t)(counter))

static inline int64_t
zxid_epoch(zxid_t zxid)
{
    return zxid >> 32;
}

static inline uint32_t
zxid_counter(zxid_t zxid)
{
    return (uint32_t)zxid;
}

/*
 * There are 2^31 epochs, and none is used twice: a broken file or a stranger
 * must not use them up with one message.  Nobody misses EPOCH_LEAP_MAX
 * elections: one every second for half a year.
 */
enum {
    EPOCH_MAX = INT32_MAX - 1, /* a file with more is refused: epoch.c */
    EPOCH_LEAP_MAX = 1 << 24,
};

/*
 * Whether a transaction `next` may come right after `last`: the next number,
 * or the first one of a later epoch.
 */
static inline bool
zxid_follows(zxid_t last, zxid_t next)
{
    return next == last + 1 ||
           (zxid_epoch(next) > zxid_epoch(last) && zxid_counter(next) == 1);
}

/* Borrowed bytes; size -1 is jute's null, which is not the empty buffer. */
struct bytes {
    const uint8_t *data;
    int32_t size;
};

#define BYTES_NULL ((struct bytes){.data = NULL, .size = -1})

/* How many there are: null has none. */
static inline int32_t
bytes_size(struct bytes b)
{
    return b.size > 0 ? b.size : 0;
}

/* Borrowed bytes of a C string literal or of a terminated string. */
static inline struct bytes
bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, (int32_t)strlen(text)};
}

static inline bool
bytes_are(struct bytes b, const char *text)
{
    return b.size >= 0 && strlen(text) == (size_t)b.size &&
           memcmp(b.data, text, (size_t)b.size) == 0;
}

static inline bool
bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size &&
           (a.size <= 0 || memcmp(a.data, b.data, (size_t)a.size) == 0);
}

/* Where `byte` is for the first time, or NULL. */
static inline const uint8_t *
bytes_find(struct bytes b, uint8_t byte)
{
    return b.size > 0 ? memchr(b.data, byte, (size_t)b.size) : NULL;
}

/* Which comes first, byte by byte; null before empty. */
static inline int
bytes_order(struct bytes a, struct bytes b)
{
    int32_t least = a.size < b.size ? a.size : b.size;
    int order = least > 0 ? memcmp(a.data, b.data, (size_t)least) : 0;

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* The least power of two that is not below `n`, which is 2^63 at most. */
static inline uint64_t
power_of_two_from(uint64_t n)
{
    uint64_t power = 1;

    while (power < n)
        power *= 2;
    return power;
}

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(n, to) (((n) + (to)-1) / (to) * (to))

#endif
